/* The second half of a call's life: the answer is read by the provider, written down, and taken,
 * repeated or doubted as retry.c decides. */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "engine/internal.h"

static struct ob_job *land(struct ob_engine *e, uint64_t wire_id)
{
    for (struct ob_job **at = &e->flying; *at; at = &(*at)->next) {
        struct ob_job *job = *at;
        if (job->wire_id != wire_id)
            continue;
        *at = job->next;
        job->ts->in_flight--;
        return job;
    }
    return NULL;
}

static void record(struct ob_engine *e, struct ob_job *job, const struct ob_completion *c,
                   const char *word, const char *detail)
{
    struct ob_err err;
    struct ob_notice n = {.kind = OB_NOTICE_CALL,
                          .step = job->step,
                          .target = job->ts->t->name,
                          .action = job->op,
                          .what = word,
                          .detail = detail,
                          .count = (int64_t)job->count,
                          .call_kind = job->kind};
    ob_engine_notice(e, &n);
    if (!e->opt.ledger || !ob_engine_txn(e, ob_job_mutates(job)))
        return;
    job->row.done_ms = ob_wall_ms(e->opt.clock);
    job->row.http_status = c->error == OB_NET_OK ? c->response.status : 0;
    job->row.result = (char *)word;
    job->row.detail = (char *)detail;
    if (ob_ledger_result(e->opt.ledger, &job->row, &err) != OB_OK)
        ob_engine_broken(e, &err);
    job->row.result = job->row.detail = NULL;
}

static const char *result_word(const struct ob_job *job, const struct ob_completion *c,
                               const struct ob_answer *a, enum ob_next next)
{
    if (next == OB_NEXT_DOUBT)
        return "doubt";
    if (c->error != OB_NET_OK)
        return c->sent ? "error" : "unsent";
    switch (a->meaning) {
    case OB_SAYS_DONE:
        return job->kind == OB_CALL_ACT && ob_list_count(&a->people) ? "mixed" : "accepted";
    case OB_SAYS_PERSON:
    case OB_SAYS_SUSPECT:
    case OB_SAYS_REQUEST:
        return "refused";
    case OB_SAYS_THROTTLED:
        return "throttled";
    default:
        return "error";
    }
}

/* "CODE: message", "HTTP 502", or what the network said. */
static void describe(struct ob_engine *e, const struct ob_completion *c, const struct ob_answer *a,
                     struct ob_err *err)
{
    if (c->error != OB_NET_OK)
        ob_fail(err, OB_ERR, "%s", ob_engine_clean(e, c->message));
    else if (a->code && *a->code)
        ob_fail(err, OB_ERR, "%s", ob_engine_clean(e, a->code));
    else
        ob_fail(err, OB_ERR, "HTTP %d", c->response.status);
    if (c->error != OB_NET_OK || !a->message || !*a->message)
        return;
    size_t n = strlen(err->message);
    snprintf(err->message + n, sizeof err->message - n, ": %s", ob_engine_clean(e, a->message));
}

/* ---- the pace ---- */

static void hold_back(struct ob_engine *e, const struct ob_job *job, int64_t delay)
{
    struct ob_notice n = {.kind = OB_NOTICE_HOLD, .target = job->ts->t->name, .count = delay};
    if (delay > 0)
        ob_engine_notice(e, &n);
}

/* Only what a limiter let pass or refused is news; a broken answer may be either. */
static void tell_pace(struct ob_engine *e, struct ob_job *job, const struct ob_completion *c,
                      const struct ob_answer *a)
{
    struct ob_pace *pace = &job->ts->pace;
    int64_t now = ob_engine_now(e);
    if (c->error != OB_NET_OK || a->meaning == OB_SAYS_TRANSIENT || a->meaning == OB_SAYS_NONSENSE)
        ob_pace_lost(pace, &job->left);
    else if (a->meaning != OB_SAYS_THROTTLED)
        ob_pace_accepted(pace, &job->left, now);
    else
        hold_back(e, job, ob_pace_refused(pace, &job->left, now, a->retry_after_ms, &e->random));
}

static void learn_rate(struct ob_engine *e, struct ob_tstate *ts)
{
    char text[OB_PACE_TEXT];
    struct ob_err err;
    if (!e->opt.ledger || !ob_pace_learned(&ts->pace, ob_wall_ms(e->opt.clock), text) ||
        !ob_engine_txn(e, false))
        return;
    if (ob_ledger_learned_put(e->opt.ledger, ts->t->name, "rate", text, &err) != OB_OK)
        ob_engine_broken(e, &err);
}

/* How often in a row: while others get through it is only slow, up to a point. */
static int refusals(const struct ob_job *job)
{
    int row = job->ts->pace.in_row - 1;
    return job->throttled < row || job->throttled >= OB_RETRY_STARVED ? job->throttled : row;
}

static void try_again(struct ob_engine *e, struct ob_job *job, bool throttled, int64_t after_ms)
{
    job->throttled += throttled;
    job->not_before = ob_engine_now(e);
    if (!throttled)
        job->not_before += ob_backoff_ms(&e->random, job->attempt, after_ms);
    if (job->kind == OB_CALL_LOGIN)
        ob_job_queue_first(job);
    else if (throttled)
        ob_job_queue_again(job);
    else
        ob_job_queue(e, job);
}

/* Raw answers go to the policy as they are, except what concerns the whole target. */
static void read_raw(const struct ob_job *job, const struct ob_response *r, struct ob_answer *a)
{
    a->meaning = OB_SAYS_DONE;
    if (r->status == 429)
        a->meaning = OB_SAYS_THROTTLED;
    else if (r->status == 401)
        a->meaning = job->ts->t->signer->login ? OB_SAYS_TOKEN : OB_SAYS_CREDENTIAL;
}

static enum ob_status read_answer(struct ob_job *job, const struct ob_response *r,
                                  struct ob_answer *a, struct ob_err *err)
{
    struct ob_provider *p = &job->ts->t->provider;
    if (!job->raw)
        return p->answer(p->self, job->op, &job->args, r, a, err);
    read_raw(job, r, a);
    return OB_OK;
}

/* Clouds say "expired" or "signature" when it is the clock that is wrong: the way out names it. */
static void stop_target(struct ob_engine *e, struct ob_job *job, const struct ob_answer *a,
                        enum ob_status status, const struct ob_err *why)
{
    char now[OB_TIME_TEXT];
    if (a->meaning == OB_SAYS_CREDENTIAL)
        ob_target_stop(e, job->ts, status,
                       "%s; look at its credential in targets.lua, and at this machine's clock: "
                       "it says %s",
                       why->message, ob_time_iso(ob_wall_ms(e->opt.clock), false, now));
    else
        ob_target_stop(e, job->ts, status, "%s", why->message);
}

static void settle(struct ob_engine *e, struct ob_job *job, const struct ob_completion *c,
                   const struct ob_answer *a, struct ob_retry_out what, struct ob_err *why)
{
    switch (what.next) {
    case OB_NEXT_TAKE:
        job->ts->proven = true;
        job->ts->good_token = job->token_number;
        ob_job_finish(e, job, OB_JOB_ANSWERED, a, &c->response, why);
        return;
    case OB_NEXT_AGAIN:
        try_again(e, job, what.throttle, a->retry_after_ms);
        return;
    case OB_NEXT_LOGIN:
        job->logins++;
        if (job->token_number == job->ts->token_number)
            ob_login_forget(job->ts); /* else somebody has already got a new one */
        ob_job_queue_again(job);
        return;
    case OB_NEXT_DOUBT:
        ob_job_finish(e, job, OB_JOB_DOUBT, NULL, NULL, why);
        return;
    case OB_NEXT_STOP:
        if (job->raw && what.status == OB_ERR) { /* about this request, which is the policy's own */
            ob_job_finish(e, job, OB_JOB_FAILED, NULL, NULL, why);
            return;
        }
        stop_target(e, job, a, what.status, why);
        ob_job_finish(e, job, OB_JOB_STOPPED, NULL, NULL, &job->ts->stopped);
        return;
    }
}

/* So often a call may meet a token that dies; a cloud that says so of this call alone, whatever
 * the token, would have us log in as often as all others succeed. */
#define LOGINS_MAX 5

/* A token that was good for other calls has come to its end: that is no wrong credential. */
static bool died_in_use(const struct ob_job *job)
{
    return job->token_number && job->ts->good_token == job->token_number &&
           job->logins < LOGINS_MAX;
}

/* Putting a role back may be for others to do. That is about this call: whoever made the accounts
 * again may go on. */
static bool lacks_one_right(const struct ob_job *job, const struct ob_answer *a)
{
    const struct ob_provider_info *info = job->ts->t->provider.info;
    const struct ob_action *act =
        job->kind == OB_CALL_ACT ? ob_provider_action(info, job->op) : NULL;
    return a->meaning == OB_SAYS_PERMISSION && act && act->extra;
}

void ob_job_completion(struct ob_engine *e, struct ob_completion *c)
{
    struct ob_job *job = land(e, c->id);
    if (!job)
        return; /* late: its job was given up */
    job->net = c->error;
    struct ob_answer a;
    struct ob_err why;
    ob_answer_init(&a);
    if (c->error == OB_NET_OK && job->kind != OB_CALL_LOGIN &&
        read_answer(job, &c->response, &a, &why) != OB_OK) {
        /* The provider's file is at fault: what was sent was sent. */
        ob_answer_fini(&a);
        ob_answer_init(&a);
        a.meaning = OB_SAYS_NONSENSE;
        a.message = ob_xstrdup(why.message);
    }
    if (job->kind == OB_CALL_LOGIN)
        ob_login_read(e, job->ts, c, &a);
    tell_pace(e, job, c, &a);
    if (lacks_one_right(job, &a))
        a.meaning = OB_SAYS_REQUEST;
    /* A refusal for now is no failed attempt. */
    struct ob_retry_in in = {.kind = job->kind,
                             .attempt = job->attempt - job->throttled,
                             .throttled = a.meaning == OB_SAYS_THROTTLED ? refusals(job) : 0,
                             .logged_in_again = job->logins && !died_in_use(job),
                             .net = c->error,
                             .sent = c->sent,
                             .meaning = a.meaning};
    struct ob_retry_out what = ob_retry_decide(&in);
    describe(e, c, &a, &why);
    record(e, job, c, result_word(job, c, &a, what.next),
           a.meaning == OB_SAYS_DONE ? "" : why.message);
    learn_rate(e, job->ts);
    settle(e, job, c, &a, what, &why);
    ob_answer_fini(&a);
}
