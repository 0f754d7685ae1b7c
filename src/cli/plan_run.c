/* Making a plan and carrying one out: the policy runs in script/, this file gives it what it
 * needs, listens to signals, and writes down how it ended. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "cli/session.h"
#include "engine/plan.h"
#include "report/events.h"

/* ---- signals: once stops after what is in flight, twice stops at once ---- */

static struct ob_policy *volatile running;
static struct ob_transport running_transport;
static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
    enum ob_status status = number == SIGINT ? OB_ERR_SIGINT : OB_ERR_SIGTERM;
    int saved = errno;
    if (signals_seen++)
        _exit(128 + number);
    if (running) {
        ob_policy_stop(running, status);
        running_transport.wake(running_transport.self);
    }
    errno = saved;
}

static void listen_to_signals(struct ob_policy *p, struct ob_transport t)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigemptyset(&sa.sa_mask);
    running_transport = t;
    running = p;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

static void ignore_signals_again(void)
{
    running = NULL;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

/* ---- what the engine tells ---- */

static void emit_person(const struct ob_notice *n)
{
    struct ob_event ev;
    ob_event_init(&ev, "person");
    ob_map_put_str(&ev.fields, "person", n->person);
    ob_map_put_str(&ev.fields, "target", n->target);
    ob_map_put_str(&ev.fields, "action", n->action);
    ob_map_put_str(&ev.fields, "outcome", n->what);
    ob_map_put_str(&ev.fields, "detail", n->detail ? n->detail : "");
    ob_event_emit(&ev, stdout);
}

static void emit_call(const struct ob_notice *n)
{
    struct ob_event ev;
    ob_event_init(&ev, "call");
    ob_map_put_str(&ev.fields, "target", n->target);
    ob_map_put_str(&ev.fields, "action", n->action);
    ob_map_put_str(&ev.fields, "kind", ob_call_kind_word(n->call_kind));
    ob_map_put_str(&ev.fields, "result", n->what);
    ob_map_put_str(&ev.fields, "detail", n->detail ? n->detail : "");
    ob_map_put_int(&ev.fields, "people", n->count);
    ob_event_emit(&ev, stdout);
}

static void begin_phase(struct ob_session *s, const struct ob_notice *n)
{
    snprintf(s->at_what, sizeof s->at_what, "%s %s", n->target, n->action);
    s->at.what = s->at_what;
    if (strcmp(n->what, "check") == 0) {
        s->at.done = s->at.failed = s->at.unknown = 0;
        s->at.total = n->total;
    }
    snprintf(s->at_note, sizeof s->at_note, "%s",
             strcmp(n->what, "check") == 0    ? "looking them up"
             : strcmp(n->what, "verify") == 0 ? "reading back"
                                              : "");
}

static void count_person(struct ob_session *s, const struct ob_notice *n)
{
    s->at.done++;
    if (strcmp(n->what, "failed") == 0)
        s->at.failed++;
    else if (strcmp(n->what, "unknown") == 0)
        s->at.unknown++;
}

/* What the policy notes while it is carried out: with the real outcomes, not the plan's. */
static void tell_note(struct ob_session *s, const struct ob_notice *n)
{
    struct ob_event ev;
    ob_progress_clear(&s->progress);
    ob_cli_say(s->cli, "note: %s", n->detail);
    if (!s->cli->json)
        return;
    ob_event_init(&ev, "note");
    ob_map_put_str(&ev.fields, "note", n->detail);
    ob_event_emit(&ev, stdout);
}

static void notified(void *ctx, const struct ob_notice *n)
{
    struct ob_session *s = ctx;
    switch (n->kind) {
    case OB_NOTICE_PHASE:
        begin_phase(s, n);
        break;
    case OB_NOTICE_PERSON:
        count_person(s, n);
        if (s->cli->json)
            emit_person(n);
        break;
    case OB_NOTICE_CALL:
        if (s->cli->json)
            emit_call(n);
        break;
    case OB_NOTICE_HOLD:
        snprintf(s->at_note, sizeof s->at_note, "%s throttles: next call in %.1f s", n->target,
                 (double)n->count / 1000);
        break;
    case OB_NOTICE_NOTE:
        tell_note(s, n);
        break;
    }
    s->at.note = s->at_note[0] ? s->at_note : NULL;
    if (s->at.what)
        ob_progress_show(&s->progress, ob_mono_ms(ob_clock_real()), &s->at);
}

/* ---- plan ---- */

static void common_options(struct ob_session *s, struct ob_policy_options *o)
{
    o->config = s->config;
    o->clock = ob_clock_real();
    o->transport = ob_http_transport(s->http);
    o->ledger = s->ledger;
    o->parallel = (int)ob_cli_int(s->cli, "parallel", 0);
    o->notify = notified;
    o->notify_ctx = s;
}

static enum ob_status run_policy(struct ob_session *s, const struct ob_policy_options *o,
                                 struct ob_value *doc, struct ob_err *err)
{
    struct ob_policy *p;
    enum ob_status st = ob_policy_new(&p, o, err);
    if (st != OB_OK)
        return st;
    listen_to_signals(p, o->transport);
    st = ob_policy_run(p, err);
    ignore_signals_again();
    ob_progress_clear(&s->progress);
    if (st == OB_OK && doc)
        ob_value_copy(doc, ob_policy_document(p));
    ob_policy_free(p);
    return st;
}

static enum ob_status store_plan(struct ob_session *s, const struct ob_bound *b,
                                 const struct ob_value *doc, char id[OB_PLAN_ID],
                                 struct ob_err *err)
{
    struct ob_plan_row row;
    char digest[65];
    enum ob_status st =
        ob_ledger_blob_put(s->ledger, ob_buf_str(&b->text), b->text.len, digest, err);
    if (st != OB_OK)
        return st;
    st = ob_plan_seal(doc, &row, err);
    if (st == OB_OK)
        st = ob_ledger_plan_put(s->ledger, &row, err);
    memcpy(id, row.id, OB_PLAN_ID);
    ob_plan_row_fini(&row);
    return st;
}

enum ob_status ob_session_plan(struct ob_session *s, const struct ob_bound *b, char id[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *err)
{
    struct ob_policy_options o = {
        .mode = OB_MODE_PLAN,
        .name = b->name,
        .text = ob_buf_str(&b->text),
        .len = b->text.len,
        .inputs = b->inputs,
        .input_count = b->input_count,
        .vars = &b->vars,
        .allow_empty = ob_cli_flag(s->cli, "allow_empty"),
        .max_delete = ob_cli_text(s->cli, "max_delete"),
        .limits = {(size_t)ob_cli_int(s->cli, "policy_memory", OB_LIMIT_MEMORY >> 20) << 20,
                   ob_cli_int(s->cli, "policy_cpu", OB_LIMIT_CPU_MS / 1000) * 1000},
    };
    common_options(s, &o);
    o.now_ms = ob_wall_ms(o.clock);
    ob_value_init(doc);
    enum ob_status st = run_policy(s, &o, doc, err);
    return st == OB_OK ? store_plan(s, b, doc, id, err) : st;
}

enum ob_status ob_session_load(struct ob_session *s, const char *id, char full[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *err)
{
    struct ob_plan_row row;
    ob_value_init(doc);
    enum ob_status st = ob_ledger_plan_get(s->ledger, id, &row, err);
    if (st != OB_OK)
        return st;
    memcpy(full, row.id, OB_PLAN_ID);
    st = ob_script_json(ob_buf_str(&row.document), row.document.len, doc, err);
    if (st == OB_OK)
        st = ob_plan_check(doc, &row, err);
    ob_plan_row_fini(&row);
    return st;
}

/* ---- run ---- */

static enum ob_status load_inputs(struct ob_session *s, const struct ob_value *doc,
                                  struct ob_bound *b, struct ob_err *err)
{
    const struct ob_value *inputs = ob_map_get(doc, "inputs");
    const char *policy = ob_map_str(ob_map_get(doc, "policy"), "digest");
    b->name = ob_xstrdup(ob_map_str(ob_map_get(doc, "policy"), "name"));
    ob_buf_init(&b->text, OB_BUF_LARGE);
    enum ob_status st = ob_ledger_blob_get(s->ledger, policy ? policy : "", &b->text, err);
    b->inputs = ob_xcalloc(ob_list_count(inputs) + 1, sizeof *b->inputs);
    for (size_t i = 0; st == OB_OK && i < ob_list_count(inputs); i++) {
        const struct ob_value *v = ob_list_at(inputs, i);
        struct ob_bound_input *in = &b->inputs[b->input_count++];
        in->name = ob_xstrdup(ob_map_str(v, "name"));
        in->source = ob_xstrdup(ob_map_str(v, "source"));
        ob_buf_init(&in->bytes, OB_BUF_LARGE);
        st = ob_ledger_blob_get(s->ledger, ob_map_str(v, "digest"), &in->bytes, err);
    }
    return st;
}

static enum ob_status carry_out(struct ob_session *s, const struct ob_value *doc, int64_t run,
                                struct ob_err *err)
{
    struct ob_bound b = {0};
    enum ob_status st = load_inputs(s, doc, &b, err);
    struct ob_policy_options o = {
        .mode = OB_MODE_APPLY,
        .name = b.name,
        .text = ob_buf_str(&b.text),
        .len = b.text.len,
        .inputs = b.inputs,
        .input_count = b.input_count,
        .vars = ob_map_get(doc, "vars"),
        .allow_empty = ob_map_bool(doc, "allow_empty", false),
        .max_delete = ob_map_str(doc, "max_delete"),
        .limits = {(size_t)ob_map_int(doc, "memory", OB_LIMIT_MEMORY),
                   ob_map_int(doc, "cpu_ms", OB_LIMIT_CPU_MS)},
        .now_ms = ob_map_int(doc, "now_ms", 0),
        .today = ob_map_str(doc, "today"),
        .plan = doc,
        .run = run,
    };
    common_options(s, &o);
    if (st == OB_OK)
        st = run_policy(s, &o, NULL, err);
    ob_bound_fini(&b);
    return st;
}

/* Only a run whose policy came to its end and left nothing unknown is done; all others can go on.
 */
static enum ob_status conclude(struct ob_session *s, int64_t run, enum ob_status st,
                               struct ob_outcomes *o, struct ob_err *err)
{
    struct ob_err mine;
    enum ob_status counted = ob_tally(s->ledger, run, NULL, o, &mine);
    bool finished = st == OB_OK && counted == OB_OK && !o->unknown;
    enum ob_status exit = counted == OB_OK ? st : ob_status_worst(st, counted);
    char text[160];
    /* Partial and in doubt are verdicts on what came to its end; a signal stops it half-way. */
    bool stopped = st == OB_ERR_SIGINT || st == OB_ERR_SIGTERM;
    if (o->failed && !stopped)
        exit = ob_status_worst(exit, OB_ERR_PARTIAL);
    if (o->unknown && !stopped)
        exit = ob_status_worst(exit, OB_ERR_DOUBT);
    ob_outcomes_text(o, text, sizeof text);
    if (st == OB_OK && counted != OB_OK)
        *err = mine;
    else if (st == OB_OK)
        ob_fail(err, exit, "%s", text);
    enum ob_status ended = ob_ledger_run_end(s->ledger, run, ob_wall_ms(ob_clock_real()),
                                             finished ? OB_RUN_DONE : OB_RUN_OPEN, exit,
                                             st == OB_OK ? "" : err->message, &mine);
    if (ended != OB_OK && st == OB_OK)
        *err = mine;
    return ended == OB_OK ? exit : ob_status_worst(exit, ended);
}

static void report(struct ob_session *s, int64_t run, enum ob_status exit,
                   const struct ob_outcomes *o, const struct ob_err *err)
{
    char text[160];
    ob_outcomes_text(o, text, sizeof text);
    if (err->message[0] && strcmp(err->message, text) != 0)
        ob_cli_say_always(s->cli, "offboard: %s", err->message);
    if (exit != OB_OK) /* a result that asks for somebody's eye is no progress */
        ob_cli_say_always(s->cli, "run %" PRId64 ": %s", run, text);
    else
        ob_cli_say(s->cli, "run %" PRId64 ": %s", run, text);
    if (o->failed || o->unknown || o->skipped)
        ob_cli_say(s->cli, "who and why: offboard show %" PRId64, run);
    if (o->skipped && !o->succeeded && !o->failed && !o->unknown && !o->pending)
        ob_cli_say(s->cli, "nobody had to be touched; no surprise? else look at the `id` column");
    if (o->unknown || o->pending)
        ob_cli_say(s->cli, "go on with: offboard resume %" PRId64, run);
    if (!s->cli->json)
        return;
    struct ob_event ev;
    ob_event_init(&ev, "run");
    ob_map_put_int(&ev.fields, "run", run);
    ob_map_put_str(&ev.fields, "exit", ob_status_word(exit));
    ob_map_put_int(&ev.fields, "code", ob_status_exit(exit));
    ob_outcomes_value(o, ob_map_put(&ev.fields, "outcomes"));
    if (exit != OB_OK)
        ob_map_put_str(&ev.fields, "message", err->message);
    ob_event_emit(&ev, stdout);
}

struct earlier { /* runs of a plan */
    const char *plan;
    int64_t run;
    enum ob_run_state state;
};

static bool same_plan(void *ctx, const struct ob_run_row *r)
{
    struct earlier *e = ctx;
    if (strcmp(r->plan, e->plan) != 0)
        return true;
    e->run = r->id;
    e->state = r->state;
    return false;
}

/* A plan runs once. Who finds it at work in another process is told so (exit 31). */
static enum ob_status refuse_again(struct ob_session *s, const struct earlier *e,
                                   struct ob_err *err)
{
    if (e->state == OB_RUN_DONE)
        return ob_fail(err, OB_ERR_STALE,
                       "plan %s was carried out already as run %" PRId64
                       "; to do it again make a new plan",
                       e->plan, e->run);
    enum ob_status st = ob_ledger_run_lock(s->ledger, e->run, err);
    if (st != OB_OK)
        return st;
    ob_ledger_run_unlock(s->ledger, e->run);
    return ob_fail(err, OB_ERR_STALE,
                   "plan %s was begun as run %" PRId64 "; go on with: offboard resume %" PRId64,
                   e->plan, e->run, e->run);
}

enum ob_status ob_session_unused(struct ob_session *s, const char *plan, struct ob_err *err)
{
    struct earlier e = {.plan = plan};
    enum ob_status st = ob_ledger_run_each(s->ledger, same_plan, &e, err);
    return st == OB_OK && e.run ? refuse_again(s, &e, err) : st;
}

/* Looking and beginning are one transaction, so that of two processes one is second. */
static enum ob_status new_run(struct ob_session *s, const char *plan, int64_t *run,
                              struct ob_err *err)
{
    struct earlier e = {.plan = plan};
    enum ob_status st = ob_ledger_begin(s->ledger, err);
    if (st != OB_OK)
        return st;
    st = ob_ledger_run_each(s->ledger, same_plan, &e, err);
    if (st == OB_OK && !e.run)
        st = ob_ledger_run_new(s->ledger, plan, ob_wall_ms(ob_clock_real()), run, err);
    if (st != OB_OK || e.run) {
        ob_ledger_rollback(s->ledger);
        return st == OB_OK ? refuse_again(s, &e, err) : st;
    }
    st = ob_ledger_run_lock(s->ledger, *run, err); /* before anybody else can see it */
    if (st == OB_OK)
        st = ob_ledger_commit(s->ledger, err);
    return st;
}

enum ob_status ob_session_run(struct ob_session *s, const char *plan, const struct ob_value *doc,
                              int64_t *run, struct ob_err *err)
{
    struct ob_outcomes o = {0};
    err->message[0] = '\0';
    enum ob_status st =
        *run ? ob_ledger_run_lock(s->ledger, *run, err) : new_run(s, plan, run, err);
    if (st != OB_OK)
        return st;
    ob_cli_say(s->cli, "run %" PRId64 " of plan %s", *run, plan);
    st = carry_out(s, doc, *run, err);
    st = conclude(s, *run, st, &o, err);
    ob_ledger_run_unlock(s->ledger, *run);
    report(s, *run, st, &o, err);
    err->message[0] = '\0'; /* it was said */
    return st;
}
