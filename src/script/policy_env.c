/* The vocabulary of policies that is about no target: limits, variables, notes. Inputs are in
 * policy_input.c, dates and waiting in policy_time.c and policy_wait.c. */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "script/policy_parts.h"

/* Names of versions to come: said so instead of "unknown name". */
static const char *const later[] = {"rehearse", NULL};

int ob_policy_raise(lua_State *L, enum ob_status status, const char *message)
{
    struct ob_err err;
    char where[200];
    ob_fail(&err, status, "%s: %s", ob_policy_where(L, where, sizeof where), message);
    return ob_raise_host(L, &err);
}

void ob_policy_known(lua_State *L, int opts, const char *const *names)
{
    if (lua_isnoneornil(L, opts))
        return;
    luaL_checktype(L, opts, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, opts)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "(a number)";
        const char *const *k = names;
        while (*k && strcmp(*k, name) != 0)
            k++;
        if (!*k)
            luaL_error(L, "unknown option \"%s\"", name);
        lua_pop(L, 1);
    }
}

/* ---- limits ---- */

/* [-0, +0, e] Whoever was proposed before would not be covered, and nobody would notice. */
static void not_too_late(lua_State *L, const char *what)
{
    char why[200];
    snprintf(why, sizeof why, "%s comes too late: state it before the first action", what);
    if (ob_policy_of(L)->proposed)
        ob_policy_raise(L, OB_ERR_POLICY, why);
}

/* [-0, +0, e] limit { users = 200, share = 0.05, day = 300, delete = { users = 20 } } */
static int l_limit(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_limit own;
    char where[200], why[240];
    luaL_checktype(L, 1, LUA_TTABLE);
    not_too_late(L, "limit");
    struct ob_value *v = ob_policy_push_owned(L);
    ob_check_value(L, 1, v);
    if (!ob_limit_read(&own, v, true, why)) {
        char text[300];
        snprintf(text, sizeof text, "limit: %s", why);
        return ob_policy_raise(L, OB_ERR_POLICY, text);
    }
    ob_limiter_tighten(p->limiter, &own, ob_policy_where(L, where, sizeof where));
    return 0;
}

/* [-0, +0, e] protect { account = { "admin*" } } */
static int l_protect(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_value v;
    struct ob_err err;
    char where[200];
    luaL_checktype(L, 1, LUA_TTABLE);
    not_too_late(L, "protect");
    ob_policy_where(L, where, sizeof where);
    ob_check_value(L, 1, &v);
    enum ob_status st = OB_OK;
    if (v.type == OB_LIST)
        st = ob_guard_protect(p->guard, NULL, &v, where, &err);
    for (size_t i = 0; v.type == OB_MAP && i < v.map.count && st == OB_OK; i++)
        st = ob_guard_protect(p->guard, v.map.pairs[i].key.p, &v.map.pairs[i].value, where, &err);
    ob_value_fini(&v);
    return st == OB_OK ? 0 : ob_raise_host(L, &err);
}

/* ---- the rest ---- */

/* [-0, +1, e] var "name" [, default] */
static int l_var(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *text = ob_map_str(ob_policy_of(L)->opt.vars, name);
    char why[300];
    if (text) {
        lua_pushstring(L, text);
        return 1;
    }
    if (lua_gettop(L) >= 2) {
        lua_settop(L, 2);
        return 1;
    }
    snprintf(why, sizeof why, "variable \"%s\" was not given: --var %s=VALUE", name, name);
    return ob_policy_raise(L, OB_ERR_POLICY, why);
}

static int l_note(lua_State *L)
{
    size_t len;
    struct ob_err err;
    const char *text = ob_tostring(L, 1, &len);
    ob_charge(L, len / 8);
    return ob_record_note(ob_policy_of(L), text, &err) == OB_OK ? 0 : ob_raise_host(L, &err);
}

static int l_fail(lua_State *L)
{
    size_t len;
    return ob_policy_raise(L, OB_ERR_POLICY, ob_tostring(L, 1, &len));
}

static int l_later(lua_State *L)
{
    char why[200];
    snprintf(why, sizeof why, "\"%s\" is not part of this version of offboard",
             lua_tostring(L, lua_upvalueindex(1)));
    return ob_policy_raise(L, OB_ERR_POLICY, why);
}

void ob_open_policy_env(lua_State *L)
{
    static const luaL_Reg names[] = {{"limit", l_limit},
                                     {"protect", l_protect},
                                     {"var", l_var},
                                     {"note", l_note},
                                     {"fail", l_fail},
                                     {"together", ob_policy_together},
                                     {"expect", ob_policy_expect},
                                     {NULL, NULL}};
    ob_push_env(L);
    luaL_setfuncs(L, names, 0);
    for (const char *const *name = later; *name; name++) {
        lua_pushstring(L, *name);
        lua_pushcclosure(L, l_later, 1);
        lua_setfield(L, -2, *name);
    }
    lua_pop(L, 1);
}
