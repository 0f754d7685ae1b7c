/* The first half of a call's life: built once, then signed and journalled afresh for each attempt
 * and put where the turn sends it from. What comes back is receive.c's. Whoever asked for a call
 * gets exactly one `done`. */
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

bool ob_job_mutates(const struct ob_job *job)
{
    return job->kind == OB_CALL_ACT || job->kind == OB_CALL_RAW;
}

void ob_job_finish(struct ob_engine *e, struct ob_job *job, enum ob_job_end end,
                   const struct ob_answer *answer, const struct ob_response *response,
                   const struct ob_err *err)
{
    e->job_ended = true;
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

void ob_job_queue_first(struct ob_job *job)
{
    struct ob_tstate *ts = job->ts;
    job->next = ts->head;
    ts->head = job;
    if (!job->next)
        ts->tail = &job->next;
}

void ob_job_queue_again(struct ob_job *job)
{
    struct ob_tstate *ts = job->ts;
    struct ob_job **at = &ts->head;
    while (*at && ((*at)->kind == OB_CALL_LOGIN || (*at)->throttled || (*at)->logins))
        at = &(*at)->next;
    job->next = *at;
    *at = job;
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
        ob_job_finish(e, job, OB_JOB_STOPPED, NULL, NULL, &err);
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
        .body_digest =
            ob_xstrdup(ob_sha256_hex(ob_buf_str(&signed_one->body), signed_one->body.len, digest)),
    };
}

/* The intent: what must be durable before the first byte leaves. */
static bool journal(struct ob_engine *e, struct ob_job *job)
{
    struct ob_err err;
    if (!e->opt.ledger)
        return true;
    if (!ob_engine_txn(e, ob_job_mutates(job)))
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
    if (!ob_step_may_send(e, job)) {
        ob_job_finish(e, job, OB_JOB_STOPPED, NULL, NULL,
                      e->broken.status != OB_OK ? &e->broken : &e->tripped);
        return;
    }
    job->attempt++;
    ob_uuid4(uuid);
    enum ob_status st = job->kind == OB_CALL_LOGIN ? OB_OK : build(job, &err);
    if (st == OB_OK)
        st = sign(e, job, &out, uuid, &err);
    if (st != OB_OK) {
        ob_target_stop(e, job->ts, st, "%s", err.message);
        ob_job_finish(e, job, OB_JOB_STOPPED, NULL, NULL, &job->ts->stopped);
        return;
    }
    fill_row(e, job, &out, uuid);
    if (!journal(e, job)) {
        ob_request_fini(&out);
        ob_job_finish(e, job, OB_JOB_STOPPED, NULL, NULL, &e->broken);
        return;
    }
    if (job->launched)
        job->launched(job);
    job->token_number = job->ts->token_number;
    if (job->kind != OB_CALL_LOGIN)
        job->ts->token_used = true;
    job->wire_id = ++e->next_wire_id;
    *outbox_slot(e) = (struct ob_outgoing){job, out, route_of(job)};
    job->next = e->flying;
    e->flying = job;
    ob_pace_sent(&job->ts->pace, &job->left, ob_engine_now(e), job->ts->in_flight++);
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

/* When the target's next call may leave; INT64_MAX: not before an answer came. Until one shows that
 * key and signature are good, one call at a time: a cloud that locks a key after five bad
 * signatures must not get them all at once. */
static int64_t may_leave(const struct ob_tstate *ts)
{
    if (!ts->proven && ts->in_flight > 0)
        return INT64_MAX;
    return ob_pace_next(&ts->pace, ts->in_flight);
}

static void dispatch_target(struct ob_engine *e, struct ob_tstate *ts)
{
    int64_t now = ob_engine_now(e);
    while (may_start(e, ts) && e->broken.status == OB_OK && ts->head && now >= may_leave(ts)) {
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
        if (ts->logging_in && (!ts->head || ts->head->kind != OB_CALL_LOGIN))
            continue; /* the login is out, and its answer wakes us */
        int64_t leave = may_leave(ts);
        for (const struct ob_job *job = ts->head; job && leave < INT64_MAX; job = job->next) {
            int64_t due = job->not_before > leave ? job->not_before : leave;
            if (due < at)
                at = due;
            if (ts->logging_in)
                break; /* only the login at the head may leave */
        }
    }
    return at;
}
