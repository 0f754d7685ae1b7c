/* --json: one event a line on standard output, for programs. The line begins with the event's
 * name; its other fields follow in the order of their names, so that equal events are equal
 * lines. Values never hold a secret: callers redact texts that came from outside. */
#pragma once
#include <stdio.h>
#include "base/status.h"
#include "base/value.h"

struct ob_event {
    const char *name;       /* borrowed */
    struct ob_value fields; /* a map: fill it with ob_map_put_*() */
};

void ob_event_init(struct ob_event *e, const char *name);
/* Writes the line at once (a reader in a pipe waits for it) and frees the fields. */
void ob_event_emit(struct ob_event *e, FILE *out);
/* {"event":"error","code":N,"exit":WORD,"message":...} */
void ob_event_error(FILE *out, enum ob_status status, const char *message);
