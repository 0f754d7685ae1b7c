/* The phases of a proposal. It begins in step_begin.c and its work happens in act.c and verify.c;
 * this file decides what comes next, and when it is over. */
#include "engine/step.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/marks.h"

void ob_step_person(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_person_state state,
                    const char *detail)
{
    struct ob_person *p = &s->op.people[i];
    struct ob_err err;
    p->state = state;
    if (detail) {
        char *copy = ob_xstrdup(ob_engine_clean(e, detail));
        free(p->detail);
        p->detail = copy;
    }
    if (ob_person_state_final(state)) {
        struct ob_notice n = {.kind = OB_NOTICE_PERSON,
                              .step = s->path,
                              .target = s->ts->t->name,
                              .action = s->action->name,
                              .what = ob_person_state_word(state),
                              .person = p->key,
                              .detail = p->detail};
        ob_engine_notice(e, &n);
    }
    if (!e->opt.ledger || !ob_engine_txn(e, false))
        return;
    if (ob_ledger_person_set(e->opt.ledger, e->opt.run, s->path, s->index[i], state, p->detail,
                             p->calls, &err) != OB_OK)
        ob_engine_broken(e, &err);
}

/* ---- going on ---- */

bool ob_step_any_in_doubt(const struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++)
        switch (s->op.people[i].state) {
        case OB_P_SENT:
        case OB_P_ACCEPTED:
        case OB_P_DOUBT:
        case OB_P_UNKNOWN:
            return true;
        default:
            break;
        }
    return false;
}

struct ob_step *ob_step_after(const struct ob_step *s)
{
    return s->next;
}

bool ob_step_over(const struct ob_step *s)
{
    return s->op.done;
}

bool ob_step_asks(const struct ob_step *s)
{
    return s->op.asks;
}

int64_t ob_step_next(const struct ob_step *s)
{
    return !s->reading && !s->calls_out && s->not_before ? s->not_before : INT64_MAX;
}

static void unlink_step(struct ob_engine *e, struct ob_step *s)
{
    struct ob_step **at = &e->steps;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

static bool all_final(const struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++)
        if (!ob_person_state_final(s->op.people[i].state))
            return false;
    return true;
}

static void over(struct ob_engine *e, struct ob_step *s)
{
    struct ob_err err;
    if (all_final(s) && e->broken.status == OB_OK)
        s->op.err.status = OB_OK; /* what stopped the target came too late to matter here */
    ob_rank_release(e, s);
    s->phase = OB_PH_OVER;
    s->op.asks = false;
    s->op.done = true;
    unlink_step(e, s);
    if (s->op.err.status != OB_OK || !e->opt.ledger || ob_step_any_in_doubt(s) ||
        !ob_engine_txn(e, true))
        return;
    if (ob_ledger_step_settle(e->opt.ledger, e->opt.run, s->path, NULL, &err) != OB_OK)
        ob_engine_broken(e, &err);
}

static bool halted(struct ob_engine *e, struct ob_step *s)
{
    if (s->op.err.status != OB_OK)
        return true;
    if (e->broken.status != OB_OK)
        s->op.err = e->broken;
    else if (s->ts->stopped.status != OB_OK)
        s->op.err = s->ts->stopped;
    else if (e->stop)
        ob_fail(&s->op.err, (enum ob_status)e->stop, "stopped before all was done");
    return s->op.err.status != OB_OK;
}

static void tell_phase(struct ob_engine *e, struct ob_step *s, const char *what)
{
    struct ob_notice n = {.kind = OB_NOTICE_PHASE,
                          .step = s->path,
                          .target = s->ts->t->name,
                          .action = s->action->name,
                          .what = what,
                          .total = (int64_t)s->op.count};
    ob_engine_notice(e, &n);
}

/* A ramp is there to find out early: when a wave went badly for all, the rest is left alone. */
static bool ramp_failed(const struct ob_step *s)
{
    return s->wave_count && s->wave_at < s->wave_count && s->wave_bad && !s->wave_ok;
}

static void leave_the_rest(struct ob_engine *e, struct ob_step *s, const char *why)
{
    for (size_t i = 0; i < s->op.count; i++)
        if (s->op.people[i].state == OB_P_READY)
            ob_step_person(e, s, i, OB_P_SKIPPED, why);
}

static void next_wave(struct ob_engine *e, struct ob_step *s)
{
    if (ramp_failed(s))
        leave_the_rest(e, s, "ramp stopped: nobody in the wave before succeeded");
    else if (s->wave_at && s->wave_at <= s->wave_count && !s->wave_ok && !s->wave_bad)
        s->wave_at--; /* nothing was learned: no call of the wave arrived */
    s->wave_ok = s->wave_bad = 0;
    ob_rank_release(e, s);
    if (ob_step_halt(e, s)) {
        over(e, s);
    } else if (ob_act_plan_wave(s)) {
        tell_phase(e, s, "act");
        s->phase = s->admin_next == OB_IDMAP_NONE ? OB_PH_ACT : OB_PH_COUNT;
    } else {
        over(e, s);
    }
}

/* ---- the gate ---- */

static bool any_outcome(const struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++)
        switch (s->op.people[i].state) {
        case OB_P_SUCCEEDED:
        case OB_P_FAILED:
        case OB_P_UNKNOWN:
            return true;
        default:
            break;
        }
    return false;
}

/* Also after the last wave, and after a crash between a wave and its answer. */
static void ask_or_go_on(struct ob_engine *e, struct ob_step *s)
{
    s->op.asks = s->gated && any_outcome(s) && !ob_step_tripped(e, s);
    if (s->op.asks)
        s->phase = OB_PH_ASK;
    else
        next_wave(e, s);
}

/* Kept before it takes effect: a resumed run must not ask again what was decided. */
static void keep_go(struct ob_engine *e, struct ob_step *s)
{
    static const struct ob_buf none;
    struct ob_marks m;
    struct ob_err err;
    if (!e->opt.ledger || !ob_engine_txn(e, true))
        return;
    ob_marks_read(&m, &none);
    ob_buf_adds(&m.go, ob_go_word(s->op.go));
    if (ob_marks_write(&m, e->opt.ledger, e->opt.run, s->path, &err) != OB_OK)
        ob_engine_broken(e, &err);
    ob_marks_fini(&m);
}

void ob_engine_go(struct ob_engine *e, struct ob_op *op, enum ob_go go, const char *why)
{
    struct ob_step *s = (struct ob_step *)op;
    if (!op->asks)
        return;
    op->asks = false;
    op->go = go;
    if (go == OB_GO_ON) {
        next_wave(e, s);
        return;
    }
    keep_go(e, s);
    leave_the_rest(e, s, why);
    over(e, s);
}

/* One move; true when the next one can be made at once. */
static bool move(struct ob_engine *e, struct ob_step *s)
{
    switch (s->phase) {
    case OB_PH_RECOVER:
        if (ob_verify_start(e, s))
            return true;
        s->phase = OB_PH_CHECK;
        return true;
    case OB_PH_CHECK:
        if (ob_check_start(e, s)) {
            tell_phase(e, s, "check");
            return true;
        }
        ask_or_go_on(e, s);
        return true;
    case OB_PH_COUNT:
        return ob_rank_count(e, s);
    case OB_PH_ACT:
        ob_act_issue(e, s);
        if (s->calls_out)
            return false;
        tell_phase(e, s, "verify");
        s->phase = OB_PH_VERIFY;
        return true;
    case OB_PH_VERIFY:
        if (!ob_verify_start(e, s))
            ask_or_go_on(e, s);
        return true;
    case OB_PH_ASK:
    case OB_PH_OVER:
        break;
    }
    return false;
}

void ob_step_advance(struct ob_engine *e, struct ob_step *s)
{
    bool more = true;
    while (more && !s->op.done) {
        if (s->reading)
            return;
        if (s->calls_out) {
            if (s->phase == OB_PH_ACT && !e->stop && s->ts->stopped.status == OB_OK)
                ob_act_issue(e, s);
            return;
        }
        if (halted(e, s)) {
            over(e, s);
            return;
        }
        if (s->not_before > ob_engine_now(e))
            return;
        s->not_before = 0;
        more = move(e, s);
    }
}
