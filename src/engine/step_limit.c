/* Limits at work: each call that takes something away is asked for before its intent. Once one is
 * refused, nothing is taken away by this run any more; what was sent is still read back, what is
 * taken back is taken back, and who is left stays pending, with the reason. */
#include <stdlib.h>
#include "base/mem.h"
#include "engine/limiter.h"
#include "engine/step.h"

bool ob_step_is_limited(const struct ob_engine *e, const struct ob_step *s)
{
    enum ob_kind kind = s->action->kind;
    return e->opt.limiter && !s->undoes && (kind == OB_KIND_DISABLE || kind == OB_KIND_DELETE);
}

bool ob_step_tripped(const struct ob_engine *e, const struct ob_step *s)
{
    return e->tripped.status != OB_OK && ob_step_is_limited(e, s);
}

bool ob_step_may_send(struct ob_engine *e, const struct ob_job *job)
{
    const struct ob_step *s = job->owner;
    struct ob_err err;
    if (job->kind != OB_CALL_ACT || !ob_step_is_limited(e, s))
        return true;
    if (e->tripped.status != OB_OK)
        return false;
    if (e->opt.ledger && !ob_engine_txn(e, true))
        return false;
    const char **ids = ob_xcalloc(job->count ? job->count : 1, sizeof *ids);
    for (size_t i = 0; i < job->count; i++)
        ids[i] = s->ids[job->members[i]];
    enum ob_status st = ob_limiter_check_call(e->opt.limiter, s->ts->t->name,
                                              ob_kind_word(s->action->kind), ids, job->count, &err);
    free(ids);
    if (st == OB_ERR_GUARD)
        e->tripped = err;
    else if (st != OB_OK)
        ob_engine_broken(e, &err);
    return st == OB_OK;
}

bool ob_step_halt(struct ob_engine *e, struct ob_step *s)
{
    bool any = false;
    if (!ob_step_tripped(e, s))
        return false;
    for (size_t i = 0; i < s->op.count; i++)
        if (s->op.people[i].state == OB_P_READY) {
            ob_step_person(e, s, i, OB_P_PENDING, e->tripped.message);
            any = true;
        }
    if (any)
        s->op.err = e->tripped;
    return any;
}
