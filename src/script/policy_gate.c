/* See policy_gate.h. */
#include "script/policy_gate.h"
#include <stdio.h>
#include <string.h>

void ob_gate_take(lua_State *L, int at)
{
    if (!lua_istable(L, at)) {
        lua_pushnil(L);
        return;
    }
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, at)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, -4);
    }
    lua_getfield(L, -1, "on_failure");
    if (!lua_isnil(L, -1) && !lua_isfunction(L, -1))
        luaL_error(L, "option on_failure is a function: function(tally) ... end");
    if (lua_isfunction(L, -1)) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -3, "on_failure");
    }
    lua_insert(L, -2);
    lua_replace(L, at);
}

/* ---- the tally ---- */

struct tally {
    int64_t succeeded, failed, unknown, skipped, pending, total;
};

static struct tally count(const struct ob_op *op)
{
    struct tally t = {.total = (int64_t)op->count};
    for (size_t i = 0; i < op->count; i++)
        switch (op->people[i].state) {
        case OB_P_SUCCEEDED:
            t.succeeded++;
            break;
        case OB_P_FAILED:
            t.failed++;
            break;
        case OB_P_UNKNOWN:
            t.unknown++;
            break;
        case OB_P_SKIPPED:
            t.skipped++;
            break;
        default:
            t.pending++;
        }
    return t;
}

static int64_t acted(const struct tally *t)
{
    return t->succeeded + t->failed + t->unknown;
}

static double failed_share(const struct tally *t)
{
    return acted(t) ? (double)(t->failed + t->unknown) / (double)acted(t) : 0;
}

/* [-0, +1, e] */
static void push_tally(lua_State *L, const struct tally *t)
{
    const struct {
        const char *name;
        int64_t n;
    } fields[] = {{"succeeded", t->succeeded}, {"failed", t->failed},   {"unknown", t->unknown},
                  {"skipped", t->skipped},     {"pending", t->pending}, {"total", t->total},
                  {"acted", acted(t)}};
    lua_createtable(L, 0, 8);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lua_pushinteger(L, (lua_Integer)fields[i].n);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushnumber(L, failed_share(t));
    lua_setfield(L, -2, "failed_share");
}

/* ---- limits ---- */

static double limit_number(lua_State *L, const char *option, const struct ob_value *v,
                           const char *name)
{
    const struct ob_value *n = ob_map_get(v, name);
    if (!n || n->type == OB_NULL)
        return -1;
    double value = n->type == OB_INT ? (double)n->i : n->type == OB_NUM ? n->n : -1;
    if (!(value >= 0))
        luaL_error(L, "option %s: %s must be a number of 0 or more", option, name);
    return value;
}

static void check_limit(lua_State *L, const char *option, const struct ob_value *v)
{
    static const char *const names[] = {"failed", "unknown", "failed_share", "after", NULL};
    if (v->type != OB_MAP || !v->map.count)
        luaL_error(L, "option %s is a table such as { failed = 3 }", option);
    for (size_t i = 0; i < v->map.count; i++) {
        const char *const *n = names;
        while (*n && strcmp(*n, v->map.pairs[i].key.p) != 0)
            n++;
        if (!*n)
            luaL_error(L,
                       "option %s: unknown limit \"%s\"; it takes failed, unknown, failed_share, "
                       "after",
                       option, v->map.pairs[i].key.p);
    }
    if (limit_number(L, option, v, "failed_share") > 1)
        luaL_error(L, "option %s: failed_share is a part of 1: 0.1 is one in ten", option);
    if (limit_number(L, option, v, "after") >= 0 && v->map.count == 1)
        luaL_error(L, "option %s: after what? say also failed or failed_share", option);
}

/* Is it reached? Then `why` says by what. `failed = 3` is: when three have failed. */
static bool reached(lua_State *L, const char *option, const struct ob_value *v,
                    const struct tally *t, char *why, size_t size)
{
    if (!v)
        return false;
    double failed = limit_number(L, option, v, "failed");
    double unknown = limit_number(L, option, v, "unknown");
    double share = limit_number(L, option, v, "failed_share");
    double after = limit_number(L, option, v, "after");
    if ((double)acted(t) < after)
        return false;
    bool by_failed = failed >= 0 && (double)t->failed >= failed && t->failed;
    bool by_unknown = unknown >= 0 && (double)t->unknown >= unknown && t->unknown;
    bool by_share = share >= 0 && failed_share(t) > share;
    snprintf(why, size, "%s: %lld failed, %lld unknown of %lld", option, (long long)t->failed,
             (long long)t->unknown, (long long)acted(t));
    return by_failed || by_unknown || by_share;
}

bool ob_gate_is_on(lua_State *L, int gate, const struct ob_value *options)
{
    const struct ob_value *stop = ob_map_get(options, "stop_when");
    const struct ob_value *undo = ob_map_get(options, "undo_when");
    if (stop)
        check_limit(L, "stop_when", stop);
    if (undo)
        check_limit(L, "undo_when", undo);
    return stop || undo || lua_isfunction(L, gate);
}

/* ---- answering ---- */

/* [-0, +0, e] What the policy's function says: nothing is "continue". Whatever goes wrong here ends
 * the policy past every pcall: caught, it would leave a step that nobody answers. */
static enum ob_go ask(lua_State *L, int gate, const struct tally *t)
{
    static const char *const words[] = {"continue", "stop", "undo", NULL};
    static const enum ob_go goes[] = {OB_GO_ON, OB_GO_STOP, OB_GO_UNDO};
    int top = lua_gettop(L), found = 0;
    struct ob_err err;
    lua_pushcfunction(L, ob_lua_pcall);
    lua_pushvalue(L, gate);
    push_tally(L, t);
    lua_callk(L, 2, 2, 0, NULL); /* it decides, and does not wait */
    if (!lua_toboolean(L, top + 1)) {
        ob_fail(&err, OB_ERR_POLICY, "%s", ob_tostring(L, top + 2, NULL));
        ob_raise_host(L, &err);
    }
    if (!lua_isnil(L, -1)) {
        const char *word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        while (words[found] && strcmp(words[found], word) != 0)
            found++;
    }
    if (!words[found])
        ob_policy_raise(L, OB_ERR_POLICY,
                        "on_failure must answer \"continue\", \"stop\" or \"undo\"");
    lua_settop(L, top);
    return goes[found];
}

void ob_gate_answer(lua_State *L, int gate, const struct ob_value *options, struct ob_op *op)
{
    char why[200] = "on_failure said so";
    struct tally t = count(op);
    enum ob_go go = OB_GO_ON;
    if (lua_isfunction(L, gate))
        go = ask(L, gate, &t);
    if (go == OB_GO_ON &&
        reached(L, "undo_when", ob_map_get(options, "undo_when"), &t, why, sizeof why))
        go = OB_GO_UNDO;
    if (go == OB_GO_ON &&
        reached(L, "stop_when", ob_map_get(options, "stop_when"), &t, why, sizeof why))
        go = OB_GO_STOP;
    ob_engine_go(ob_policy_of(L)->engine, op, go, why);
}
