/* What the files of `offboard rehearse` share: cmd_rehearse.c (options, seeds, stories),
 * rehearse_report.c (who would be where, calls, time) and rehearse_faults.c (one in ten, and which
 * lines of the policy each fault reaches). */
#pragma once
#include "cli/session.h"
#include "script/rehearsal.h"

struct ob_rehearse {
    struct ob_cli *cli;
    struct ob_bound bound;
    struct ob_config *config; /* or NULL: demo targets */
    struct ob_value exports;
    struct ob_rehearsal_setup setup;
    struct ob_rehearsal *rehearsal;
    unsigned char *lines; /* of the policy: marked when they were run */
    size_t line_count;
    char today[OB_TIME_TEXT];
    struct ob_rehearsed calm; /* the run in which nothing went wrong */
};

/* The unbroken run, for people or as events. */
OB_MUST_CHECK enum ob_status ob_rehearse_report(struct ob_rehearse *h, struct ob_err *err);
/* What goes wrong, kind by kind; *broken is the first schedule that broke a rule (or empty). */
OB_MUST_CHECK enum ob_status ob_rehearse_faults(struct ob_rehearse *h, struct ob_schedule *broken,
                                                struct ob_rehearsed *out, struct ob_err *err);
/* "day 30 00:00:01" */
const char *ob_rehearse_time(int64_t ms, char *out, size_t size);
/* "3 s", "4 min", "30 days" */
const char *ob_rehearse_span(int64_t ms, char *out, size_t size);
