/* The life of one call: built once, signed and journalled afresh for each attempt, sent, read,
 * and repeated only as retry.c allows. Whoever asked for it gets exactly one `done`. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/mem.h"
#include "engine/internal.h"

struct ob_job *ob_job_new(struct ob_tstate *ts, enum ob_call_kind kind, const char *op,
                          ob_job_done *done, void *owner)
{
    struct ob_job *job = ob_xcalloc(1, sizeof *job);
    job->ts = ts;
    job->kind = kind;
    job->op = ob_xstrdup(op);
    job->done = done;
    job->owner = owner;
    job->step = "";
    ob_value_set_map(&job->args);
    return job;
}

void ob_job_free(struct ob_job *job)
{
    ob_value_fini(&job->args);
    if (job->request.path)
        ob_request_fini(&job->request);
    job->row.step = NULL; /* step, target, action and people are lent to the row by the job */
    free(job->row.request_id);
    free(job->row.body_digest);
    free(job->op);
    free(job->people);
    free(job->members);
    free(job);
}

void ob_job_ids(struct ob_job *job, const char *const *ids, size_t count)
{
    struct ob_value *list = ob_map_put(&job->args, "ids");
    ob_value_set_list(list);
    for (size_t i = 0; i < count; i++)
        ob_list_push_str(list, ids[i]);
}

static bool mutates(const struct ob_job *job)
{
    return job->kind == OB_CALL_ACT || job->kind == OB_CALL_RAW;
}

static void finish(struct ob_engine *e, struct ob_job *job, enum ob_job_end end,
                   const struct ob_answer *answer, const struct ob_response *response,
                   const struct ob_err *err)
{
    job->done(e, job, end, answer, response, err);
    ob_job_free(job);
}

static void stopped_err(struct ob_engine *e, const struct ob_tstate *ts, struct ob_err *err)
{
    if (ts->stopped.status != OB_OK)
        *err = ts->stopped;
    else
        ob_fail(err, (enum ob_status)e->stop, "stopped before all was done");
}

static bool may_start(const struct ob_engine *e, const struct ob_tstate *ts)
{
    return !e->stop && ts->stopped.status == OB_OK;
}

void ob_job_queue(struct ob_engine *e, struct ob_job *job)
{
    struct ob_tstate *ts = job->ts;
    job->next = NULL;
    *ts->tail = job;
    ts->tail = &job->next;
}

/* A login goes before everything that waits for it. */
static void queue_first(struct ob_job *job)
{
    struct ob_tstate *ts = job->ts;
    job->next = ts->head;
    ts->head = job;
    if (!job->next)
        ts->tail = &job->next;
}

static void end_waiting(struct ob_engine *e, struct ob_tstate *ts)
{
    struct ob_job *job = ts->head;
    ts->head = NULL;
    ts->tail = &ts->head;
    while (job) {
        struct ob_job *next = job->next;
        struct ob_err err;
        stopped_err(e, ts, &err);
        finish(e, job, OB_JOB_STOPPED, NULL, NULL, &err);
        job = next;
    }
}

/* Ending a job may queue others (which then end as well), so until nothing waits. */
void ob_jobs_stop(struct ob_engine *e)
{
    for (struct ob_tstate *ts = e->targets; ts; ts = ts->next)
        while (ts->head && !may_start(e, ts))
            end_waiting(e, ts);
}

void ob_target_stop(struct ob_engine *e, struct ob_tstate *ts, enum ob_status status,
                    const char *fmt, ...)
{
    if (ts->stopped.status != OB_OK)
        return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ob_fail(&ts->stopped, status, "%s: %s", ts->t->name, ob_engine_clean(e, text));
}

/* ---- sending ---- */

static enum ob_status build(struct ob_job *job, struct ob_err *err)
{
    if (job->request.path)
        return OB_OK;
    struct ob_provider *p = &job->ts->t->provider;
    enum ob_status st = p->request(p->self, job->op, &job->args, &job->request, err);
    return st == OB_OK ? ob_request_check(&job->request, err) : st;
}

static const struct ob_route *route_of(const struct ob_job *job)
{
    const struct ob_target *t = job->ts->t;
    return job->kind == OB_CALL_LOGIN ? &t->login_route : &t->route;
}

/* A login's request is made by the signer itself, all others are signed by it. */
static enum ob_status sign(struct ob_engine *e, struct ob_job *job, struct ob_request *out,
                           const char *uuid, struct ob_err *err)
{
    const struct ob_target *t = job->ts->t;
    char nonce[OB_UUID_TEXT];
    struct ob_sign_at at = {.now_ms = ob_wall_ms(e->opt.clock),
                            .nonce = ob_uuid4(nonce),
                            .at = &route_of(job)->endpoint};
    enum ob_status st;
    if (job->kind == OB_CALL_LOGIN) {
        st = t->signer->login(t->credential, &at, out, err);
        if (st == OB_OK)
            ob_fields_set(&out->headers, "X-Request-Id", uuid);
        return st;
    }
    ob_request_copy(out, &job->request);
    ob_fields_set(&out->headers, "X-Request-Id", uuid);
    st = t->signer->sign(t->credential, &job->ts->token, &at, out, err);
    if (st != OB_OK)
        ob_request_fini(out);
    return st;
}

static void fill_row(struct ob_engine *e, struct ob_job *job, const struct ob_request *signed_one,
                     const char *uuid)
{
    struct ob_call_row *row = &job->row;
    char digest[OB_SHA256_HEX];
    free(row->request_id);
    free(row->body_digest);
    *row = (struct ob_call_row){
        .run = e->opt.run,
        .step = (char *)job->step,
        .target = job->ts->t->name,
        .action = job->op,
        .kind = job->kind,
        .attempt = job->attempt,
        .people = job->people,
        .people_count = job->people ? job->count : 0,
        .sent_ms = ob_wall_ms(e->opt.clock),
        .request_id = ob_xstrdup(uuid),
        .body_digest = ob_xstrdup(
            ob_sha256_hex(ob_buf_str(&signed_one->body), signed_one->body.len, digest)),
    };
}

/* The intent: what must be durable before the first byte leaves. */
static bool journal(struct ob_engine *e, struct ob_job *job)
{
    struct ob_err err;
    if (!e->opt.ledger)
        return true;
    if (!ob_engine_txn(e, mutates(job)))
        return false;
    if (ob_ledger_intent(e->opt.ledger, &job->row, &err) != OB_OK)
        return ob_engine_broken(e, &err);
    return true;
}

static struct ob_outgoing *outbox_slot(struct ob_engine *e)
{
    if (e->out_count == e->out_cap) {
        e->out_cap = e->out_cap ? e->out_cap * 2 : 16;
        e->outbox = ob_xrealloc(e->outbox, e->out_cap, sizeof *e->outbox);
    }
    return &e->outbox[e->out_count++];
}

static void launch(struct ob_engine *e, struct ob_job *job)
{
    struct ob_request out;
    struct ob_err err;
    char uuid[OB_UUID_TEXT];
    job->attempt++;
    ob_uuid4(uuid);
    enum ob_status st = job->kind == OB_CALL_LOGIN ? OB_OK : build(job, &err);
    if (st == OB_OK)
        st = sign(e, job, &out, uuid, &err);
    if (st != OB_OK) {
        ob_target_stop(e, job->ts, st, "%s", err.message);
        finish(e, job, OB_JOB_STOPPED, NULL, NULL, &job->ts->stopped);
        return;
    }
    fill_row(e, job, &out, uuid);
    if (!journal(e, job)) {
        ob_request_fini(&out);
        finish(e, job, OB_JOB_STOPPED, NULL, NULL, &e->broken);
        return;
    }
    if (job->launched)
        job->launched(job);
    job->token_number = job->ts->token_number;
    job->wire_id = ++e->next_wire_id;
    *outbox_slot(e) = (struct ob_outgoing){job, out, route_of(job)};
    job->next = e->flying;
    e->flying = job;
    job->ts->in_flight++;
}

/* Takes the first job that may leave now out of the queue; NULL when none may. */
static struct ob_job *take_ready(struct ob_engine *e, struct ob_tstate *ts, int64_t now)
{
    for (struct ob_job **at = &ts->head; *at; at = &(*at)->next) {
        struct ob_job *job = *at;
        if (job->not_before > now && job->kind == OB_CALL_LOGIN)
            return NULL; /* all others wait for it */
        if (job->not_before > now)
            continue;
        *at = job->next;
        if (!*at)
            ts->tail = at;
        return job;
    }
    return NULL;
}

static void dispatch_target(struct ob_engine *e, struct ob_tstate *ts)
{
    int64_t now = ob_engine_now(e);
    while (may_start(e, ts) && e->broken.status == OB_OK && ts->head &&
           ts->in_flight < ts->parallel && now >= ts->hold_until) {
        if (!ts->logging_in && !ob_login_ready(e, ts))
            continue;
        if (ts->logging_in && ts->head->kind != OB_CALL_LOGIN)
            return;
        struct ob_job *job = take_ready(e, ts, now);
        if (!job)
            return;
        launch(e, job);
    }
}

void ob_jobs_dispatch(struct ob_engine *e)
{
    ob_jobs_stop(e);
    for (struct ob_tstate *ts = e->targets; ts; ts = ts->next)
        dispatch_target(e, ts);
    ob_jobs_stop(e);
}

int64_t ob_jobs_next(const struct ob_engine *e)
{
    int64_t at = INT64_MAX;
    for (const struct ob_tstate *ts = e->targets; ts; ts = ts->next) {
        if (ts->in_flight >= ts->parallel)
            continue;
        for (const struct ob_job *job = ts->head; job; job = job->next) {
            int64_t due = job->not_before > ts->hold_until ? job->not_before : ts->hold_until;
            if (due < at)
                at = due;
            if (ts->logging_in)
                break; /* only the login at the head may leave */
        }
    }
    return at;
}

/* ---- receiving ---- */

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
    if (!e->opt.ledger || !ob_engine_txn(e, mutates(job)))
        return;
    job->row.done_ms = ob_wall_ms(e->opt.clock);
    job->row.http_status = c->error == OB_NET_OK ? c->response.status : 0;
    job->row.result = (char *)word;
    job->row.detail = (char *)detail;
    if (ob_ledger_result(e->opt.ledger, &job->row, &err) != OB_OK)
        ob_engine_broken(e, &err);
    job->row.result = job->row.detail = NULL;
}

static const char *result_word(const struct ob_job *job, const struct ob_completion *c, const struct ob_answer *a,
                               enum ob_next next)
{
    if (c->error != OB_NET_OK)
        return c->sent ? (next == OB_NEXT_DOUBT ? "doubt" : "error") : "unsent";
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
        return next == OB_NEXT_DOUBT ? "doubt" : "error";
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

static void hold_back(struct ob_engine *e, struct ob_job *job, int64_t delay)
{
    struct ob_tstate *ts = job->ts;
    int64_t until = ob_engine_now(e) + delay;
    if (until > ts->hold_until)
        ts->hold_until = until;
    struct ob_notice n = {.kind = OB_NOTICE_HOLD, .target = ts->t->name, .count = delay};
    ob_engine_notice(e, &n);
}

static void try_again(struct ob_engine *e, struct ob_job *job, bool throttled, int64_t after_ms)
{
    struct ob_tstate *ts = job->ts;
    int64_t delay =
        ob_backoff_ms(&e->random, throttled ? ++ts->throttles : job->attempt, throttled, after_ms);
    if (throttled) {
        job->throttled++;
        hold_back(e, job, delay);
    }
    job->not_before = ob_engine_now(e) + delay;
    if (job->kind == OB_CALL_LOGIN)
        queue_first(job);
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

static void settle(struct ob_engine *e, struct ob_job *job, const struct ob_completion *c,
                   const struct ob_answer *a, struct ob_retry_out what, struct ob_err *why)
{
    switch (what.next) {
    case OB_NEXT_TAKE:
        job->ts->throttles = 0;
        finish(e, job, OB_JOB_ANSWERED, a, &c->response, why);
        return;
    case OB_NEXT_AGAIN:
        try_again(e, job, what.throttle, a->retry_after_ms);
        return;
    case OB_NEXT_LOGIN:
        job->logged_in_again = true;
        if (job->token_number == job->ts->token_number)
            ob_login_forget(job->ts); /* else somebody has already got a new one */
        ob_job_queue(e, job);
        return;
    case OB_NEXT_DOUBT:
        finish(e, job, OB_JOB_DOUBT, NULL, NULL, why);
        return;
    case OB_NEXT_STOP:
        ob_target_stop(e, job->ts, what.status, "%s", why->message);
        finish(e, job, OB_JOB_STOPPED, NULL, NULL, &job->ts->stopped);
        return;
    }
}

void ob_job_completion(struct ob_engine *e, struct ob_completion *c)
{
    struct ob_job *job = land(e, c->id);
    if (!job)
        return; /* late: its job was given up */
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
    /* A refusal for now is no failed attempt. */
    struct ob_retry_in in = {job->kind, job->attempt - job->throttled, job->throttled, job->logged_in_again,
                             c->error,  c->sent,      a.meaning};
    struct ob_retry_out what = ob_retry_decide(&in);
    describe(e, c, &a, &why);
    record(e, job, c, result_word(job, c, &a, what.next), a.meaning == OB_SAYS_DONE ? "" : why.message);
    settle(e, job, c, &a, what, &why);
    ob_answer_fini(&a);
}
