/* See admit.h. The questions are asked in this order, and the first no is told. */
#include "engine/admit.h"

bool ob_admit(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
              const struct ob_value *row, char why[OB_WHY_MAX])
{
    (void)seen;
    return ob_rank_admit(e, s, i, row, why, OB_WHY_MAX);
}
