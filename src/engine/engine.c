/* The turn: the one place where the ledger commits, calls leave and time passes. Everything else
 * in this folder only queues work for it. */
#include "engine/engine.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/mem.h"
#include "engine/internal.h"

/* Results of readings may wait this long for the next commit; mutations never do. */
#define LAZY_COMMIT_MS 250
#define COMPLETIONS    64

struct ob_engine *ob_engine_new(const struct ob_engine_options *opt)
{
    struct ob_engine *e = ob_xcalloc(1, sizeof *e);
    uint64_t seed = opt->seed;
    if (!seed)
        ob_random_bytes(&seed, sizeof seed);
    e->opt = *opt;
    ob_random_seed(&e->random, seed);
    return e;
}

static void drop_jobs(struct ob_engine *e, struct ob_job *job)
{
    while (job) {
        struct ob_job *next = job->next;
        ob_job_finish(e, job, OB_JOB_DROPPED, NULL, NULL, NULL);
        job = next;
    }
}

void ob_engine_free(struct ob_engine *e)
{
    if (!e)
        return;
    drop_jobs(e, e->flying);
    while (e->targets) {
        struct ob_tstate *ts = e->targets;
        e->targets = ts->next;
        drop_jobs(e, ts->head);
        ob_token_fini(&ts->token);
        ob_value_fini(&ts->own);
        ob_value_fini(&ts->taken);
        free(ts);
    }
    if (e->in_txn)
        ob_ledger_rollback(e->opt.ledger);
    free(e->outbox);
    free(e);
}

int64_t ob_engine_now(const struct ob_engine *e)
{
    return ob_mono_ms(e->opt.clock);
}

/* What earlier runs learned of a target; "" when nothing. */
static void learned(struct ob_engine *e, const char *target, const char *what, struct ob_buf *out)
{
    if (e->opt.ledger && ob_ledger_learned_get(e->opt.ledger, target, what, out, NULL) != OB_OK)
        ob_buf_clear(out);
}

static void recall(struct ob_engine *e, struct ob_tstate *ts)
{
    struct ob_buf text;
    ob_buf_init(&text, 64);
    learned(e, ts->t->name, "population", &text);
    ts->population = text.len ? strtoll(ob_buf_str(&text), NULL, 10) : -1;
    ob_buf_clear(&text);
    learned(e, ts->t->name, "rate", &text);
    ob_pace_recall(&ts->pace, ob_buf_str(&text), ob_wall_ms(e->opt.clock));
    ob_buf_fini(&text);
}

struct ob_tstate *ob_engine_target(struct ob_engine *e, struct ob_target *t)
{
    struct ob_tstate *ts = e->targets;
    while (ts && ts->t != t)
        ts = ts->next;
    if (ts)
        return ts;
    ts = ob_xcalloc(1, sizeof *ts);
    ts->t = t;
    ts->tail = &ts->head;
    ts->parallel = e->opt.parallel > 0 ? e->opt.parallel : t->parallel;
    if (ts->parallel < 1)
        ts->parallel = 1;
    ob_pace_init(&ts->pace, ts->parallel, t->rate_calls, t->rate_ms);
    ob_value_set_list(&ts->own);
    ob_value_set_list(&ts->taken);
    recall(e, ts);
    ts->next = e->targets;
    e->targets = ts;
    return ts;
}

void ob_engine_notice(struct ob_engine *e, const struct ob_notice *n)
{
    if (e->opt.notify)
        e->opt.notify(e->opt.notify_ctx, n);
}

bool ob_engine_broken(struct ob_engine *e, const struct ob_err *err)
{
    if (e->broken.status == OB_OK)
        e->broken = *err;
    return false;
}

bool ob_engine_txn(struct ob_engine *e, bool must)
{
    struct ob_err err;
    if (!e->opt.ledger || e->broken.status != OB_OK)
        return false;
    if (!e->in_txn) {
        if (ob_ledger_begin(e->opt.ledger, &err) != OB_OK)
            return ob_engine_broken(e, &err);
        e->in_txn = true;
        e->txn_since = ob_engine_now(e);
    }
    e->must_commit = e->must_commit || must;
    return true;
}

static void commit(struct ob_engine *e)
{
    struct ob_err err;
    if (!e->in_txn)
        return;
    e->in_txn = e->must_commit = false;
    if (e->broken.status != OB_OK)
        ob_ledger_rollback(e->opt.ledger);
    else if (ob_ledger_commit(e->opt.ledger, &err) != OB_OK)
        ob_engine_broken(e, &err);
}

/* Only what is durable leaves; after a failed commit nothing does. */
static void send_outbox(struct ob_engine *e)
{
    for (size_t i = 0; i < e->out_count; i++) {
        struct ob_outgoing *o = &e->outbox[i];
        if (e->broken.status == OB_OK)
            e->opt.transport.send(e->opt.transport.self, o->job->wire_id, o->route, &o->request);
        ob_request_fini(&o->request);
    }
    e->out_count = 0;
}

/* Steps that ended since the last look leave the list; true when there was one, or one that asks
 * whether it may go on. */
static bool advance_steps(struct ob_engine *e)
{
    bool ended = false;
    struct ob_step *next;
    for (struct ob_step *s = e->steps; s; s = next) {
        next = ob_step_after(s);
        bool asked = ob_step_asks(s);
        ob_step_advance(e, s);
        ended = ended || ob_step_over(s) || (ob_step_asks(s) && !asked);
    }
    return ended;
}

static int64_t wait_for(struct ob_engine *e, int64_t wait_ms)
{
    int64_t at = ob_jobs_next(e);
    for (const struct ob_step *s = e->steps; s; s = ob_step_after(s))
        if (ob_step_next(s) < at)
            at = ob_step_next(s);
    if (e->in_txn && e->txn_since + LAZY_COMMIT_MS < at)
        at = e->txn_since + LAZY_COMMIT_MS;
    int64_t now = ob_engine_now(e);
    if (at <= now)
        return 0;
    return at - now < wait_ms ? at - now : wait_ms;
}

static void receive(struct ob_engine *e, int64_t wait_ms)
{
    struct ob_completion got[COMPLETIONS];
    size_t n = e->opt.transport.poll(e->opt.transport.self, wait_ms, got, COMPLETIONS);
    for (size_t i = 0; i < n; i++) {
        ob_job_completion(e, &got[i]);
        ob_completion_fini(&got[i]);
    }
}

enum ob_status ob_engine_turn(struct ob_engine *e, int64_t wait_ms, struct ob_err *err)
{
    if (e->stop)
        ob_jobs_stop(e);
    bool ended = advance_steps(e);
    e->job_ended = false;
    ob_jobs_dispatch(e);
    ended = ended || e->op_ended;
    e->op_ended = false;
    if (e->must_commit || ended || (e->in_txn && ob_engine_now(e) - e->txn_since >= LAZY_COMMIT_MS))
        commit(e);
    send_outbox(e);
    if (e->broken.status == OB_OK)
        receive(e, ended || e->job_ended ? 0 : wait_for(e, wait_ms));
    /* The host goes on now, for as long as a policy likes to think: not with the ledger locked. */
    if (advance_steps(e) || e->op_ended)
        commit(e);
    if (e->broken.status == OB_OK)
        return OB_OK;
    if (err)
        *err = e->broken;
    return e->broken.status;
}

enum ob_status ob_engine_flush(struct ob_engine *e, struct ob_err *err)
{
    commit(e);
    if (err)
        *err = e->broken;
    return e->broken.status;
}

void ob_engine_stop(struct ob_engine *e, enum ob_status status)
{
    e->stop = status;
}

bool ob_engine_stopping(const struct ob_engine *e)
{
    return e->stop != 0;
}

enum ob_status ob_engine_stop_status(const struct ob_engine *e)
{
    return (enum ob_status)e->stop;
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

enum ob_status ob_engine_half_read(const struct ob_engine *e)
{
    return e->opt.ledger ? OB_ERR : OB_ERR_INPUT;
}

const char *ob_engine_clean(struct ob_engine *e, const char *text)
{
    static _Thread_local char line[1024];
    const char *safe = e->opt.vault ? ob_redact(e->opt.vault, text) : text;
    size_t n = strnlen(safe, sizeof line - 1);
    while (n > 0 && n == sizeof line - 1 && ((unsigned char)safe[n] & 0xc0) == 0x80)
        n--; /* never cut inside a UTF-8 character */
    memcpy(line, safe, n);
    line[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (is_control((unsigned char)line[i]))
            line[i] = ' ';
    return line;
}
