/* See admit.h. The questions are asked in this order, and the first no is told. */
#include "engine/admit.h"
#include <stdio.h>
#include <string.h>
#include "engine/identity.h"

static const char *word_of(enum ob_seen seen)
{
    static const char *const words[] = {"", "absent", "active", "disabled", "other"};
    return words[seen];
}

/* Is this still who was planned, in the state that was planned? Where an earlier step of the plan
 * has changed the state, only who it is counts. */
static bool unchanged(const struct ob_step *s, size_t i, enum ob_seen seen,
                      const struct ob_value *row, char why[OB_WHY_MAX])
{
    const struct ob_was *was = &s->was[i];
    const struct ob_provider_info *info = s->ts->t->provider.info;
    struct ob_buf print;
    if (was->state && *was->state && strcmp(was->state, word_of(seen)) != 0) {
        snprintf(why, OB_WHY_MAX, "changed since it was planned: was %s, is %s", was->state,
                 word_of(seen));
        return false;
    }
    ob_buf_init(&print, OB_BUF_SMALL);
    ob_identity_print(info, row, &print);
    const char *field = ob_identity_differs(info, was->print ? was->print : "", ob_buf_str(&print));
    ob_buf_fini(&print);
    if (field)
        snprintf(why, OB_WHY_MAX, "changed since it was planned: another %s", field);
    return !field;
}

/* What the policy requires before somebody is deleted. */
static bool is_proven(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
                      char why[OB_WHY_MAX])
{
    struct ob_evidence_now now = {.state = seen == OB_SEEN_NOT ? NULL : word_of(seen),
                                  .at_ms = ob_wall_ms(e->opt.clock)};
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
    if (s->was && !unchanged(s, i, seen, row, why)) {
        if (s->stop_on_change && s->op.err.status == OB_OK)
            ob_fail(&s->op.err, OB_ERR_STALE, "%s:%s: %s %s; plan again", s->ts->t->name,
                    s->action->name, s->keys[i], why);
        return false;
    }
    return is_proven(e, s, i, seen, why) && ob_rank_admit(e, s, i, row, why, OB_WHY_MAX);
}
