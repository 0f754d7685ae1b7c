/* Life of a policy and the scheduler of its tasks. One thread; a task that proposes something
 * yields to here, the engine works, and the task is resumed when its op is done. Completions
 * never resume: they only mark the op, and this loop looks. */
#include "script/policy.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/plan.h"
#include "script/policy_parts.h"
#include "script/policy_directory.h"
#include "script/policy_survey.h"
#include "script/policy_undo.h"
#include "script/target.h"
#include "script/watchdog.h"

#define TURN_MS 1000

struct ob_policy *ob_policy_of(lua_State *L)
{
    return ob_script_of(L)->owner;
}

const char *ob_policy_where(lua_State *L, char *out, size_t size)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            snprintf(out, size, "%s:%d", ar.short_src, ar.currentline);
            return out;
        }
    }
    snprintf(out, size, "%s", ob_policy_of(L)->opt.name);
    return out;
}

const char *ob_policy_push_path(lua_State *L)
{
    const struct ob_task *t = ob_policy_of(L)->current;
    return lua_pushfstring(L, "%s%d", t->prefix, ++ob_policy_of(L)->current->made);
}

void ob_policy_may_wait(lua_State *L, const char *what)
{
    if (!lua_isyieldable(L))
        luaL_error(L, "%s cannot be used in a function that sort, gsub or a tostring calls", what);
}

static void task_done(struct ob_policy *p, struct ob_task *t)
{
    t->state = OB_JOB_DONE;
    if (t->parent && --t->parent->children == 0)
        ob_task_deliver(p, t->parent);
}

static void fail_policy(struct ob_policy *p, const struct ob_err *err)
{
    if (p->failed.status == OB_OK)
        p->failed = *err;
}

/* A gated step that asks is no answer yet, but its asker has to say something. */
static bool is_answered(const struct ob_task *t)
{
    return t->op && (t->op->done || t->op->asks);
}

/* An op that asks stays with its task; any other is freed when the task has been resumed. */
static void hand_over(struct ob_policy *p, struct ob_task *t)
{
    p->answer = t->op;
    if (t->op && !t->op->asks)
        t->op = NULL;
}

static void run_task(struct ob_policy *p, struct ob_task *t)
{
    struct ob_err err;
    int nresults = 0, nargs = t->args;
    t->args = 0;
    p->current = t;
    hand_over(p, t);
    bool kept = t->op != NULL;
    t->due_ms = 0;
    ob_watchdog_start(p->script->box.cpu_left_ns);
    enum ob_exec how = ob_resume(p->script, t->T, nargs, &nresults, &err);
    ob_watchdog_stop();
    p->current = NULL;
    if (!kept) /* whether it was taken or the script raised */
        ob_op_free(p->answer);
    p->answer = NULL;
    if (kept && t->op && t->op->asks && how <= OB_EXEC_WAITING) { /* it would answer for another */
        ob_fail(&err, OB_ERR_POLICY, "%s: a step was left without an answer", p->opt.name);
        how = OB_EXEC_ERROR;
    }
    switch (how) {
    case OB_EXEC_DONE:
        task_done(p, t);
        return;
    case OB_EXEC_WAITING:
        lua_pop(t->T, nresults);
        t->state = is_answered(t) ? OB_JOB_READY : OB_JOB_WAITING;
        return;
    default:
        t->state = OB_JOB_DONE;
        err.status = ob_exec_status(how, &err);
        fail_policy(p, &err);
        return;
    }
}

/* Nobody wakes when the run is being stopped. */
static bool is_due(const struct ob_policy *p, const struct ob_task *t)
{
    return t->due_ms && t->due_ms <= ob_wall_ms(p->opt.clock) && !ob_engine_stopping(p->engine);
}

static struct ob_task *next_ready(struct ob_policy *p)
{
    for (struct ob_task *t = p->tasks; t; t = t->next) {
        if (t->state == OB_JOB_WAITING && (is_answered(t) || is_due(p, t)))
            t->state = OB_JOB_READY;
        if (t->state == OB_JOB_READY)
            return t;
    }
    return NULL;
}

static bool any_waiting(const struct ob_policy *p)
{
    for (const struct ob_task *t = p->tasks; t; t = t->next)
        if (t->state == OB_JOB_WAITING && t->op)
            return true;
    return false;
}

/* An op that could not be brought to its end ends the policy: it must not decide on half. */
static bool op_failed(struct ob_policy *p, struct ob_task *t)
{
    if (!t->op || t->op->err.status == OB_OK)
        return false;
    t->state = OB_JOB_DONE;
    fail_policy(p, &t->op->err);
    return true;
}

/* How long a turn may take; past the deadline no new call leaves. */
static int64_t turn_ms(struct ob_policy *p)
{
    int64_t left = p->opt.deadline_ms - ob_mono_ms(p->opt.clock);
    if (!p->opt.deadline_ms || ob_engine_stopping(p->engine))
        return TURN_MS;
    if (left <= 0) {
        p->late = true;
        ob_engine_stop(p->engine, OB_ERR_SIGTERM);
    }
    return left <= 0 ? 0 : left < TURN_MS ? left : TURN_MS;
}

/* Nothing is left to do but to wait for a time to come. */
static enum ob_status park(struct ob_policy *p, struct ob_err *err)
{
    char text[OB_TIME_TEXT];
    for (const struct ob_task *t = p->tasks; t; t = t->next)
        if (t->due_ms && (!p->due_ms || t->due_ms < p->due_ms))
            p->due_ms = t->due_ms;
    if (!p->due_ms)
        return OB_OK;
    if (ob_engine_stopping(p->engine))
        return ob_fail(err, ob_engine_stop_status(p->engine), "stopped before all was done");
    return ob_fail(err, OB_ERR_WAITING, "waits until %s", ob_time_iso(p->due_ms, false, text));
}

/* Runs whatever is ready, then lets the engine work; until nothing is left to do. After a
 * failure no task goes on, but what the engine has begun is brought to its end. */
static enum ob_status schedule(struct ob_policy *p, struct ob_err *err)
{
    for (;;) {
        struct ob_task *t;
        while ((t = next_ready(p)) != NULL) {
            if (op_failed(p, t))
                continue;
            if (p->failed.status != OB_OK)
                t->state = OB_JOB_DONE;
            else
                run_task(p, t);
        }
        if (!any_waiting(p))
            break;
        enum ob_status st = ob_engine_turn(p->engine, turn_ms(p), err);
        if (st != OB_OK)
            return st;
    }
    if (p->failed.status == OB_OK)
        return park(p, err);
    *err = p->failed;
    return err->status;
}

/* ---- life ---- */

static int setup(lua_State *L)
{
    ob_open_roster(L);
    ob_open_outcome(L);
    ob_open_policy_undo(L);
    ob_open_policy_env(L);
    ob_open_policy_input(L);
    ob_open_policy_time(L);
    ob_open_policy_targets(L);
    return 0;
}

static enum ob_status make_guard(struct ob_policy *p, struct ob_err *err)
{
    p->guard = ob_guard_new();
    return ob_limits_make(p, err);
}

static void make_engine(struct ob_policy *p)
{
    struct ob_engine_options o = {
        .guard = p->guard,
        .clock = p->opt.clock,
        .transport = p->opt.transport,
        .ledger = p->opt.mode == OB_MODE_APPLY ? p->opt.ledger : NULL,
        .counts = p->opt.ledger,
        .limiter = p->limiter,
        .run = p->opt.run,
        .vault = p->opt.config->vault,
        .parallel = p->opt.parallel,
        .notify = p->opt.notify,
        .notify_ctx = p->opt.notify_ctx,
        .seed = p->opt.rehearsing ? p->opt.rehearsing->seed : 0,
    };
    p->engine = ob_engine_new(&o);
}

static enum ob_status make_script(struct ob_policy *p, struct ob_err *err)
{
    enum ob_status st =
        ob_script_new(&p->script, OB_PROFILE_POLICY, p->opt.name, p->opt.limits, err);
    if (st != OB_OK)
        return st;
    p->script->owner = p;
    if (p->opt.rehearsing && p->opt.rehearsing->lines) {
        p->script->lines = p->opt.rehearsing->lines;
        p->script->line_count = p->opt.rehearsing->line_count;
    }
    return ob_script_setup(p->script, setup, err);
}

enum ob_status ob_policy_new(struct ob_policy **out, const struct ob_policy_options *opt,
                             struct ob_err *err)
{
    struct ob_policy *p = ob_xcalloc(1, sizeof *p);
    *out = NULL;
    p->opt = *opt;
    ob_value_init(&p->doc);
    ob_value_init(&p->trips);
    ob_value_set_map(&p->spared);
    p->uses = ob_xcalloc(opt->input_count + 1, sizeof *p->uses);
    for (size_t i = 0; i < opt->input_count; i++)
        ob_demands_init(&p->uses[i].demands);
    p->targets = ob_xcalloc(opt->config->count ? opt->config->count : 1, sizeof *p->targets);
    for (size_t i = 0; i < opt->config->count; i++)
        p->targets[i] =
            (struct ob_policy_target){.config = &opt->config->targets[i],
                                      .t = opt->rehearsing ? opt->rehearsing->opened[i] : NULL};
    if (opt->today)
        snprintf(p->today, sizeof p->today, "%s", opt->today);
    else
        ob_date_local(opt->now_ms, p->today);
    if (opt->mode == OB_MODE_APPLY)
        p->ceiling = ob_ceiling_new(opt->plan);
    enum ob_status st = make_guard(p, err);
    make_engine(p);
    ob_record_begin(p);
    if (st == OB_OK)
        st = make_script(p, err);
    if (st == OB_OK)
        *out = p;
    else
        ob_policy_free(p);
    return st;
}

void ob_policy_free(struct ob_policy *p)
{
    if (!p)
        return;
    while (p->tasks) {
        struct ob_task *t = p->tasks;
        p->tasks = t->next;
        ob_task_free(t);
    }
    ob_script_free(p->script);
    ob_engine_free(p->engine);
    for (size_t i = 0; i < p->opt.config->count && !p->opt.rehearsing; i++)
        ob_target_close(p->targets[i].t);
    for (size_t i = 0; i < p->opt.config->count; i++) {
        ob_survey_free(p->targets[i].survey);
        ob_directory_free(p->targets[i].directory);
        ob_value_fini(&p->targets[i].going);
    }
    ob_expects_free(p->expects);
    free(p->targets);
    ob_guard_free(p->guard);
    ob_limiter_free(p->limiter);
    ob_value_fini(&p->trips);
    ob_ceiling_free(p->ceiling);
    ob_value_fini(&p->doc);
    ob_value_fini(&p->spared);
    ob_policy_inputs_free(p);
    ob_evidence_forget(p);
    free(p->key);
    free(p);
}

static int load(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    lua_State *T = ob_new_thread(L);
    ob_load(L, p->opt.name, false, p->opt.text, p->opt.len);
    lua_xmove(L, T, 1);
    ob_task_new(p, NULL, T, luaL_ref(L, LUA_REGISTRYINDEX), ob_xstrdup(""));
    return 0;
}

static bool is_whole(void *ctx, const struct ob_step_row *row)
{
    bool *whole = ctx;
    *whole = row->settled || strcmp(row->action, "undo") != 0;
    return *whole;
}

/* An undo that was begun and did not come by again: the replay took another way. */
static enum ob_status check_undos(struct ob_policy *p, struct ob_err *err)
{
    bool whole = true;
    enum ob_status st = ob_ledger_step_each(p->opt.ledger, p->opt.run, is_whole, &whole, err);
    if (st == OB_OK && !whole)
        st = ob_fail(err, OB_ERR_POLICY,
                     "%s: an undo was begun that is not reached any more: the policy does not "
                     "replay the same way",
                     p->opt.name);
    return st;
}

static enum ob_status end_plan(struct ob_policy *p, struct ob_err *err)
{
    enum ob_status st = ob_health_absence(p, err);
    if (st == OB_OK)
        st = ob_record_end(p, err);
    if (st == OB_OK)
        ob_evidence_tell(p);
    return st == OB_OK ? ob_health_keep(p, err) : st;
}

enum ob_status ob_policy_run(struct ob_policy *p, struct ob_err *err)
{
    bool plans = p->opt.mode == OB_MODE_PLAN;
    enum ob_status st = plans ? OB_OK : ob_limits_begin(p, err);
    if (st == OB_OK)
        st = ob_script_setup(p->script, load, err);
    if (st == OB_OK)
        st = schedule(p, err);
    if (st == OB_OK)
        st = plans ? end_plan(p, err) : check_undos(p, err);
    struct ob_err flush;
    if (p->opt.mode == OB_MODE_APPLY && ob_engine_flush(p->engine, &flush) != OB_OK &&
        st == OB_OK) {
        *err = flush;
        st = flush.status;
    }
    return st;
}

struct ob_value *ob_policy_document(struct ob_policy *p)
{
    return &p->doc;
}

int64_t ob_policy_due(const struct ob_policy *p)
{
    return p->due_ms;
}

bool ob_policy_is_late(const struct ob_policy *p)
{
    return p->late;
}

void ob_policy_stop(struct ob_policy *p, enum ob_status status)
{
    ob_engine_stop(p->engine, status);
}
