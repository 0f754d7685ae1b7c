/* See admit.h. The questions are asked in this order, and the first no is told. */
#include "engine/admit.h"
#include <stdio.h>
#include <string.h>

/* What the policy requires before somebody is deleted. */
static bool is_proven(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
                      char why[OB_WHY_MAX])
{
    static const char *const words[] = {NULL, "absent", "active", "disabled", "other"};
    struct ob_evidence_now now = {.state = words[seen], .at_ms = ob_wall_ms(e->opt.clock)};
    struct ob_buf text;
    if (!s->evidence)
        return true;
    ob_buf_init(&text, OB_WHY_MAX);
    bool proven = ob_evidence_holds(s->evidence, i, &now, &text);
    snprintf(why, OB_WHY_MAX, "%s", ob_buf_str(&text));
    ob_buf_fini(&text);
    return proven;
}

bool ob_admit(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
              const struct ob_value *row, char why[OB_WHY_MAX])
{
    (void)row;
    return is_proven(e, s, i, seen, why);
}
