/* One line at the foot of a terminal that says how far a run is. In a pipe, under --quiet or with
 * TERM=dumb it prints nothing at all; NO_COLOR keeps it plain. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/buf.h"

/* How far it is. */
struct ob_progress_at {
    const char *what;    /* "meeting disable" */
    int64_t done, total; /* people; total 0: not known yet */
    int64_t failed, unknown;
    const char *note; /* "throttled, next call in 3 s", or NULL */
};

struct ob_progress {
    FILE *out;
    bool on, color;
    bool shown;         /* a line stands on the terminal now */
    int64_t begun_ms;   /* when `what` was first seen */
    int64_t begun_done; /* and how far it was then: what a resume found done is no speed */
    int64_t last_ms;    /* of the last drawing */
    char what[64];
};

void ob_progress_init(struct ob_progress *p, FILE *out, bool on, bool color);
/* Draws at most ten times a second; `now_ms` is of a clock that never goes back. */
void ob_progress_show(struct ob_progress *p, int64_t now_ms, const struct ob_progress_at *at);
/* Takes the line away: before anything else is printed, and at the end. */
void ob_progress_clear(struct ob_progress *p);

/* The line itself: `elapsed_ms` in which `fresh` people were done; fits `columns`. */
void ob_progress_line(struct ob_buf *out, const struct ob_progress_at *at, int64_t elapsed_ms,
                      int64_t fresh, int columns);
