/* wait{ days = 30, recheck = "leavers" }: the run parks in the ledger, and a later process goes on.
 * A wait is a row like a proposal: begun and due when it is first met, settled once with the moment
 * at which the run went on and with who is spared from then on. So it fires once, late rather than
 * early, and every replay sees the same. What is looked at again is policy_recheck.c's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/marks.h"
#include "engine/plan.h"
#include "script/policy_parts.h"
#include "script/policy_recheck.h"

#define SECOND_MS ((int64_t)1000)
#define DAYS_MAX  36600

/* The stack of a wait: its table, and then */
enum { AT_OPTIONS = 1, AT_PATH, AT_RECHECK };

/* ---- what is asked for ---- */

static double number_option(lua_State *L, const char *name)
{
    lua_getfield(L, AT_OPTIONS, name);
    double n = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    if (!(n >= 0))
        luaL_error(L, "wait: %s must be 0 or more", name);
    return n;
}

static int64_t duration(lua_State *L)
{
    double seconds = number_option(L, "days") * 86400 + number_option(L, "hours") * 3600 +
                     number_option(L, "minutes") * 60;
    if (seconds > (double)DAYS_MAX * 86400)
        luaL_error(L, "wait: that is more than a hundred years");
    return (int64_t)(seconds * (double)SECOND_MS);
}

/* "2026-12-31" is the beginning of that day here; with a time it is that moment. */
static int64_t moment(lua_State *L)
{
    int64_t ms = 0;
    lua_getfield(L, AT_OPTIONS, "until_");
    const char *text = lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
    if (text && !ob_date_begin(text, &ms) && !ob_time_parse(text, &ms))
        luaL_error(L,
                   "wait: until_ = \"%s\" is no date such as \"2026-12-31\" and no time such as "
                   "\"2026-12-31T18:00:00Z\"",
                   text);
    lua_pop(L, 1);
    return ms;
}

/* Due at `from` + duration, or at a moment. */
static int64_t due_from(lua_State *L, int64_t from)
{
    int64_t ms = duration(L), until = moment(L);
    if (!ms == !until)
        luaL_error(L, "wait: say either days (hours, minutes) or until_");
    return ms ? from + ms : until;
}

/* Who is no longer on an input that cannot be read again would never be noticed. */
static void check_recheck(lua_State *L, struct ob_policy *p)
{
    char why[400];
    lua_getfield(L, AT_OPTIONS, "recheck");
    const char *name = lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
    lua_pop(L, 1);
    const struct ob_bound_input *in = name ? ob_policy_input(p, name) : NULL;
    if (!name)
        return;
    if (!in || !p->uses[in - p->opt.inputs].used)
        luaL_error(L, "wait: recheck = \"%s\": this policy has read no input of that name", name);
    if (in->path || p->opt.reread)
        return;
    snprintf(why, sizeof why,
             "wait: input \"%s\" came from standard input and cannot be read again: give a file, "
             "--input %s=FILE",
             name, name);
    ob_policy_raise(L, OB_ERR_INPUT, why);
}

static void check_options(lua_State *L, struct ob_policy *p)
{
    static const char *const names[] = {"days",    "hours",     "minutes", "until_",
                                        "recheck", "on_change", NULL};
    static const char *const changes[] = {"skip", "act", "stop", NULL};
    luaL_checktype(L, AT_OPTIONS, LUA_TTABLE);
    ob_policy_known(L, AT_OPTIONS, names);
    lua_getfield(L, AT_OPTIONS, "on_change");
    luaL_checkoption(L, -1, "skip", changes);
    lua_pop(L, 1);
    check_recheck(L, p);
    due_from(L, 0);
}

static const char *text_option(const struct ob_value *options, const char *name)
{
    return ob_map_str(options, name);
}

/* Whatever comes after it in the plan comes after it in the run. */
static void count_wait(struct ob_policy *p, const struct ob_value *options)
{
    char *more = ob_waits_add(p->current->waits, options);
    free(p->current->waits);
    p->current->waits = more;
}

/* ---- while planning: time passes at once ---- */

/* [-0, +0|1, e] */
static int planned(lua_State *L, struct ob_policy *p, const char *path,
                   const struct ob_value *options)
{
    int64_t now = ob_policy_now(p), due = due_from(L, now);
    struct ob_err err;
    if (ob_record_wait(p, path, options, due, &err) != OB_OK)
        return ob_raise_host(L, &err);
    p->current->woke_ms = due > now ? due : now;
    ob_date_local(p->current->woke_ms, p->current->today);
    count_wait(p, options);
    return ob_recheck_push_input(L, p, text_option(options, "recheck"), NULL);
}

/* ---- in the ledger ---- */

/* With it, in one commit: what the policy was told so far stays so. */
static enum ob_status put_wait(struct ob_policy *p, const struct ob_step_row *row,
                               struct ob_err *err)
{
    enum ob_status st = ob_ledger_begin(p->opt.ledger, err);
    if (st != OB_OK)
        return st;
    st = ob_marks_freeze(p->opt.ledger, p->opt.run, err);
    if (st == OB_OK)
        st = ob_ledger_step_put(p->opt.ledger, p->opt.run, row, NULL, 0, err);
    if (st == OB_OK)
        return ob_ledger_commit(p->opt.ledger, err);
    ob_ledger_rollback(p->opt.ledger);
    return st;
}

static enum ob_status begin(struct ob_policy *p, const char *path, const struct ob_value *options,
                            int64_t due_in, int64_t until, int64_t *due, struct ob_err *err)
{
    struct ob_step_row row = {.path = (char *)path, .target = (char *)"", .action = (char *)"wait"};
    struct ob_value kept;
    char digest[OB_SHA256_HEX], text[OB_TIME_TEXT];
    int64_t latest = 0, now = ob_wall_ms(p->opt.clock);
    enum ob_status st = ob_ledger_run_latest(p->opt.ledger, p->opt.run, &latest, err);
    if (now < latest)
        now = latest; /* a clock that was set back must not let it fire early */
    if (now < p->current->woke_ms)
        now = p->current->woke_ms;
    *due = until ? until : now + due_in;
    ob_reading_digest(options, digest);
    ob_value_copy(&kept, options);
    ob_map_put_int(&kept, "begun_ms", now);
    ob_map_put_int(&kept, "due_ms", *due);
    ob_map_put_str(&kept, "due", ob_time_iso(*due, false, text));
    row.digest = digest;
    ob_buf_init(&row.options, OB_BUF_LARGE);
    ob_json_write(&row.options, &kept);
    if (st == OB_OK)
        st = ob_engine_flush(p->engine, err);
    if (st == OB_OK)
        st = put_wait(p, &row, err);
    ob_buf_fini(&row.options);
    ob_value_fini(&kept);
    return st;
}

static enum ob_status check_row(const struct ob_step_row *row, const struct ob_value *options,
                                struct ob_err *err)
{
    char digest[OB_SHA256_HEX];
    ob_reading_digest(options, digest);
    if (strcmp(row->action, "wait") == 0 && strcmp(row->digest, digest) == 0)
        return OB_OK;
    return ob_fail(
        err, OB_ERR_POLICY,
        "step %s was %s%s%s when this run began and is another wait now: the policy does "
        "not replay the same way",
        row->path, row->target, *row->target ? ":" : "", row->action);
}

static enum ob_status read_due(const struct ob_step_row *row, int64_t *due, struct ob_err *err)
{
    struct ob_value kept;
    enum ob_status st = ob_script_json(ob_buf_str(&row->options), row->options.len, &kept, err);
    if (st != OB_OK)
        return st;
    *due = ob_map_int(&kept, "due_ms", INT64_MAX);
    ob_value_fini(&kept);
    return OB_OK;
}

/* [-0, +0|1, e] It was over before: the same again. */
static int again(lua_State *L, struct ob_policy *p, const struct ob_value *options,
                 const struct ob_value *result)
{
    ob_recheck_spare(p, ob_map_get(result, "spared"));
    const char *day = ob_map_str(result, "today");
    count_wait(p, options);
    p->current->woke_ms = ob_map_int(result, "woke_ms", 0);
    snprintf(p->current->today, sizeof p->current->today, "%s", day ? day : "");
    return ob_recheck_push_input(L, p, text_option(options, "recheck"),
                                 ob_map_str(result, "input"));
}

/* ---- going on ---- */

/* [-0, +0|1, e] All has been looked at: what was found becomes the wait's result. */
static int settle(lua_State *L, struct ob_policy *p, struct ob_recheck *r,
                  const struct ob_value *options)
{
    struct ob_value *result = ob_policy_push_owned(L);
    struct ob_buf json;
    struct ob_err err;
    char day[OB_TIME_TEXT];
    enum ob_status st = ob_recheck_result(p, r, result, &err);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    ob_map_put_int(result, "woke_ms", ob_wall_ms(p->opt.clock));
    ob_map_put_str(result, "today", ob_date_local(ob_wall_ms(p->opt.clock), day));
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, result);
    st = ob_ledger_step_settle(p->opt.ledger, p->opt.run, lua_tostring(L, AT_PATH), &json, &err);
    if (st == OB_OK)
        st = ob_engine_flush(p->engine, &err);
    ob_buf_fini(&json);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    return again(L, p, options, result);
}

/* Comes back after the time, and then after each reading. Stack: options, path, recheck. */
static int wait_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_recheck *r = ob_recheck_at(L, AT_RECHECK);
    struct ob_op *op = NULL;
    struct ob_err err;
    (void)status, (void)ctx;
    if (p->answer)
        ob_recheck_take(r, &p->answer->value);
    if (ob_recheck_next(p, r, &op, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (!op)
        return settle(L, p, r, ob_recheck_options(r));
    ob_policy_set_op(L, op);
    return lua_yieldk(L, 0, 0, wait_k);
}

/* [-0, +0|1|yield, e] */
static int parked(lua_State *L, struct ob_policy *p, const char *path,
                  const struct ob_value *options)
{
    struct ob_step_row row;
    struct ob_err err;
    int64_t due = 0, in = duration(L), until = moment(L);
    enum ob_status st = ob_ledger_step_get(p->opt.ledger, p->opt.run, path, &row, &err);
    bool begun = st == OB_OK && row.path, settled = begun && row.settled;
    struct ob_value *result = ob_policy_push_owned(L);
    if (begun)
        st = check_row(&row, options, &err);
    if (st == OB_OK && settled)
        st = ob_script_json(ob_buf_str(&row.result), row.result.len, result, &err);
    else if (st == OB_OK && begun)
        st = read_due(&row, &due, &err);
    else if (st == OB_OK)
        st = begin(p, path, options, in, until, &due, &err);
    if (begun)
        ob_step_row_fini(&row);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    if (settled)
        return again(L, p, options, result);
    ob_recheck_push(L, p, options);
    lua_replace(L, AT_RECHECK);
    p->current->due_ms = due;
    return lua_yieldk(L, 0, 0, wait_k);
}

int ob_policy_wait(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    lua_settop(L, 1);
    ob_policy_may_wait(L, "wait");
    check_options(L, p);
    const char *path = ob_policy_push_path(L);
    struct ob_value *options = ob_policy_push_owned(L); /* AT_RECHECK, until there is one */
    ob_check_value(L, AT_OPTIONS, options);
    return p->opt.mode == OB_MODE_PLAN ? planned(L, p, path, options) : parked(L, p, path, options);
}
