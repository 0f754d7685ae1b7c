/* What the row of a step keeps of it besides its people, in `result`, as JSON with up to three
 * texts: go      how its gate was answered: continue, stop, undo undone  the steps that take it
 * back, by run and path: "3:2.u1 7:1.u1" told    who was unknown when the policy decided by its
 * outcome and went on: positions, "0,4,5" A step that has `undone` or `told` is never acted upon
 * again; it may still be read. */
#pragma once
#include "engine/engine.h"

struct ob_marks {
    struct ob_buf go, undone, told; /* "" each: there is none */
};
void ob_marks_read(struct ob_marks *m, const struct ob_buf *result);
void ob_marks_fini(struct ob_marks *m);
OB_MUST_CHECK enum ob_status ob_marks_write(const struct ob_marks *m, struct ob_ledger *l,
                                            int64_t run, const char *path, struct ob_err *err);
const char *ob_go_word(enum ob_go go); /* continue, stop, undo */

/* The policy of this run has decided by all outcomes it was told so far, and is about to wait, or
 * to undo: replays must decide the same, whatever is found out later of those who are unknown now.
 */
OB_MUST_CHECK enum ob_status ob_marks_freeze(struct ob_ledger *l, int64_t run, struct ob_err *err);
