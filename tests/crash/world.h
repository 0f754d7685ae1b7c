/* What a world looks like when all is over, as texts that two worlds can be compared by: what the
 * clouds really did to whom, and what the ledger says of whom. And whether the two agree. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct world {
    struct ob_buf clouds; /* "CLOUD ID STATE {ACTION:TIMES}", sorted */
    struct ob_buf people; /* "TARGET ACTION ID OUTCOME", sorted */
    size_t succeeded, failed, skipped, other;
    struct ob_buf faults; /* what is wrong in this world, one a line; empty: nothing */
};
/* `state` is what `offboard sim --state` prints, `rows` what `offboard export RUN --json` does. */
void world_read(struct world *w, const struct ob_buf *state, const struct ob_buf *rows);
void world_fini(struct world *w);

/* Appends the first lines in which the two texts differ. */
void world_differences(struct ob_buf *out, const char *what, const char *want, const char *got);
