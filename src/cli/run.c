/* Carrying a plan out as a run, from its beginning or from where it was, and how it ends. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/approvals.h"
#include "cli/plan_fresh.h"
#include "cli/session.h"
#include "engine/plan.h"
#include "report/events.h"

/* Where a wait reads this input again: --input of now, or the file of then. */
static char *input_path(const struct ob_cli *cli, const char *name, const char *planned)
{
    const struct ob_value *pairs = ob_map_get(cli->args, "input");
    size_t len = strlen(name);
    for (size_t i = 0; i < ob_list_count(pairs); i++) {
        const char *pair = ob_value_str(ob_list_at(pairs, i));
        if (pair && strncmp(pair, name, len) == 0 && pair[len] == '=')
            return ob_xstrdup(pair + len + 1);
    }
    return planned ? ob_xstrdup(planned) : NULL;
}

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
        in->path = input_path(s->cli, in->name, ob_map_str(v, "path"));
        ob_buf_init(&in->bytes, OB_BUF_LARGE);
        st = ob_ledger_blob_get(s->ledger, ob_map_str(v, "digest"), &in->bytes, err);
    }
    return st;
}

static enum ob_status carry_out(struct ob_session *s, const struct ob_value *doc,
                                const struct ob_approvals *a, int64_t run, int64_t *due_ms,
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
        .ceiling = a->ceiling,
        .struck = a->struck,
        .limits = {(size_t)ob_map_int(doc, "memory", OB_LIMIT_MEMORY),
                   ob_map_int(doc, "cpu_ms", OB_LIMIT_CPU_MS)},
        .now_ms = ob_map_int(doc, "now_ms", 0),
        .today = ob_map_str(doc, "today"),
        .plan = doc,
        .run = run,
        .undo_of = ob_map_int(doc, "undo_of", 0),
    };
    ob_session_options(s, &o);
    if (st == OB_OK)
        st = ob_session_policy(s, &o, NULL, due_ms, err);
    ob_bound_fini(&b);
    return st;
}

/* Only a run whose policy came to its end and left nothing unknown is done; all others can go on.
 */
static enum ob_status conclude(struct ob_session *s, int64_t run, enum ob_status st, int64_t due_ms,
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
    enum ob_status ended = ob_ledger_run_due(s->ledger, run, due_ms, &mine);
    if (ended == OB_OK)
        ended = ob_ledger_run_end(s->ledger, run, ob_wall_ms(ob_clock_real()),
                                  finished ? OB_RUN_DONE : OB_RUN_OPEN, exit,
                                  st == OB_OK ? "" : err->message, &mine);
    if (ended != OB_OK && st == OB_OK)
        *err = mine;
    return ended == OB_OK ? exit : ob_status_worst(exit, ended);
}

static void report(struct ob_session *s, int64_t run, enum ob_status exit, int64_t due_ms,
                   const struct ob_outcomes *o, const struct ob_err *err)
{
    char text[160], due[OB_TIME_TEXT];
    struct ob_event ev;
    ob_event_init(&ev, "run");
    ob_outcomes_text(o, text, sizeof text);
    if (err->message[0] && strcmp(err->message, text) != 0)
        ob_cli_say_always(s->cli, "offboard: %s", err->message);
    if (exit != OB_OK) /* a result that asks for somebody's eye is no progress */
        ob_cli_say_always(s->cli, "run %" PRId64 ": %s", run, text);
    else
        ob_cli_say(s->cli, "run %" PRId64 ": %s", run, text);
    ob_session_head(s, &ev.fields);
    if (o->failed || o->unknown || o->skipped)
        ob_cli_say(s->cli, "who and why: offboard show %" PRId64, run);
    if (o->skipped && !o->succeeded && !o->failed && !o->unknown && !o->pending)
        ob_cli_say(s->cli, "nobody had to be touched; no surprise? else look at the `id` column");
    if (due_ms)
        ob_cli_say(s->cli, "then: offboard resume");
    else if (o->unknown || o->pending)
        ob_cli_say(s->cli, "go on with: offboard resume %" PRId64, run);
    if (!s->cli->json) {
        ob_value_fini(&ev.fields);
        return;
    }
    ob_map_put_int(&ev.fields, "run", run);
    ob_map_put_str(&ev.fields, "exit", ob_status_word(exit));
    ob_map_put_int(&ev.fields, "code", ob_status_exit(exit));
    ob_outcomes_value(o, ob_map_put(&ev.fields, "outcomes"));
    if (due_ms)
        ob_map_put_str(&ev.fields, "due", ob_time_iso(due_ms, false, due));
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

/* A run that is undone by hand has no future: what it still waits for must not happen. */
enum ob_status ob_session_end_undone(struct ob_session *s, int64_t of, int64_t by,
                                     struct ob_err *err)
{
    struct ob_run_row row;
    char detail[64] = "ended by an undo";
    enum ob_status st = ob_ledger_run_get(s->ledger, of, &row, err);
    if (st != OB_OK)
        return st;
    if (by)
        snprintf(detail, sizeof detail, "undone by run %" PRId64, by);
    if (row.state == OB_RUN_OPEN)
        st = ob_ledger_run_due(s->ledger, of, 0, err);
    if (st == OB_OK && row.state == OB_RUN_OPEN)
        st = ob_ledger_run_end(s->ledger, of, ob_wall_ms(ob_clock_real()), OB_RUN_DONE, OB_OK,
                               detail, err);
    ob_run_row_fini(&row);
    return st;
}

/* Nobody may be at work on what is undone, and nothing may have happened to it since the plan. */
static enum ob_status check_undone(struct ob_session *s, const struct ob_value *doc, bool begun,
                                   struct ob_err *err)
{
    int64_t latest, of = ob_map_int(doc, "undo_of", 0);
    if (!of)
        return OB_OK;
    enum ob_status st = ob_ledger_run_lock(s->ledger, of, err);
    if (st == OB_OK && !begun)
        st = ob_ledger_run_latest(s->ledger, of, &latest, err);
    if (st == OB_OK && !begun && latest > ob_map_int(doc, "created_ms", 0))
        st = ob_fail(err, OB_ERR_STALE,
                     "run %" PRId64 " has gone on since its undo was planned; plan it again: "
                     "offboard undo %" PRId64,
                     of, of);
    return st;
}

/* Somebody may have ended it while we came here. */
static enum ob_status lock_run(struct ob_session *s, int64_t run, struct ob_err *err)
{
    struct ob_run_row row;
    enum ob_status st = ob_ledger_run_lock(s->ledger, run, err);
    if (st == OB_OK)
        st = ob_ledger_run_get(s->ledger, run, &row, err);
    if (st != OB_OK)
        return st;
    if (row.state == OB_RUN_DONE)
        st = ob_fail(err, OB_ERR_STALE, "run %" PRId64 " has ended meanwhile: %s", run,
                     row.detail ? row.detail : "");
    ob_run_row_fini(&row);
    return st;
}

/* Looking and beginning are one transaction, so that of two processes one is second. */
static enum ob_status new_run(struct ob_session *s, const char *plan, int64_t undo_of,
                              const struct ob_approvals *a, int64_t *run, struct ob_err *err)
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
    if (st == OB_OK && undo_of)
        st = ob_session_end_undone(s, undo_of, *run, err);
    if (st == OB_OK)
        st = ob_approvals_keep(a, s->ledger, *run, err);
    if (st == OB_OK)
        st = ob_ledger_commit(s->ledger, err);
    return st;
}

static bool any_step(void *ctx, const struct ob_step_row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return false;
}

/* A run that was stopped before its first step, by a limit, has begun nothing: its plan is no
 * fresher for it, and must not be carried out weeks later because the limit is another one then. */
static enum ob_status check_begun(struct ob_session *s, int64_t run, const struct ob_value *doc,
                                  struct ob_err *err)
{
    char until[OB_TIME_TEXT];
    bool any = false;
    enum ob_status st = ob_ledger_step_each(s->ledger, run, any_step, &any, err);
    if (st != OB_OK || any || ob_wall_ms(ob_clock_real()) < ob_plan_expires(doc))
        return st;
    return ob_fail(err, OB_ERR_STALE,
                   "run %" PRId64 " has begun nothing, and its plan expired on %s; plan again, and "
                   "end it: offboard undo %" PRId64,
                   run, ob_time_iso(ob_plan_expires(doc), false, until), run);
}

/* A run goes by the approvals as they were when it began, and by what was struck since. */
static enum ob_status begin(struct ob_session *s, const char *plan, const struct ob_value *doc,
                            struct ob_approvals *a, int64_t *run, struct ob_err *err)
{
    bool begun = *run != 0;
    enum ob_status st = begun ? check_begun(s, *run, doc, err)
                              : ob_plan_fresh(plan, doc, ob_wall_ms(ob_clock_real()), err);
    if (st == OB_OK)
        st = check_undone(s, doc, begun, err);
    if (st == OB_OK && begun)
        st = lock_run(s, *run, err);
    if (st != OB_OK)
        return st;
    st = ob_approvals_pass(a, s, plan, doc, *run, err);
    if (st == OB_OK)
        st = begun ? ob_approvals_keep(a, s->ledger, *run, err)
                   : new_run(s, plan, ob_map_int(doc, "undo_of", 0), a, run, err);
    if (st != OB_OK && begun)
        ob_ledger_run_unlock(s->ledger, *run);
    return st;
}

enum ob_status ob_session_run(struct ob_session *s, const char *plan, const struct ob_value *doc,
                              int64_t *run, struct ob_err *err)
{
    struct ob_outcomes o = {0};
    struct ob_approvals a = {0};
    int64_t due_ms = 0, of = ob_map_int(doc, "undo_of", 0);
    err->message[0] = '\0';
    enum ob_status st = begin(s, plan, doc, &a, run, err);
    if (st != OB_OK) {
        ob_approvals_fini(&a);
        return st;
    }
    ob_cli_say(s->cli, "run %" PRId64 " of plan %s", *run, plan);
    st = carry_out(s, doc, &a, *run, &due_ms, err);
    st = conclude(s, *run, st, due_ms, &o, err);
    ob_ledger_run_unlock(s->ledger, *run);
    if (of)
        ob_ledger_run_unlock(s->ledger, of);
    ob_approvals_fini(&a);
    report(s, *run, st, due_ms, &o, err);
    err->message[0] = '\0'; /* it was said */
    return st;
}
