/* The vocabulary of policies that is about no target: inputs, limits, dates, variables. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/policy_parts.h"

/* Names of versions to come: said so instead of "unknown name". */
static const char *const later[] = {"wait", "rehearse", NULL};

static int raise(lua_State *L, enum ob_status status, const char *message)
{
    struct ob_err err;
    char where[200];
    ob_fail(&err, status, "%s: %s", ob_policy_where(L, where, sizeof where), message);
    return ob_raise_host(L, &err);
}

/* ---- input ---- */

static const struct ob_bound_input *find_input(const struct ob_policy *p, const char *name, int format)
{
    for (size_t i = 0; i < p->opt.input_count; i++)
        if (strcmp(p->opt.inputs[i].name, name) == 0)
            return &p->opt.inputs[i];
    const struct ob_rehearsing *r = p->opt.rehearsing;
    return r && r->invent ? r->invent(r->ctx, name, format) : NULL;
}

static const char *text_option(lua_State *L, int opts, const char *name)
{
    if (!lua_istable(L, opts))
        return NULL;
    lua_pushstring(L, name);
    lua_rawget(L, opts);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "option %s must be a text", name);
    return lua_tostring(L, -1); /* stays on the stack, so that it lives */
}

/* Every option is one that is known: a typo must not be silence. */
static void known_options(lua_State *L, int opts, const char *const *names)
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

/* [-0, +1, e] input.csv "leavers" */
static int read_input(lua_State *L, enum ob_format format)
{
    static const char *const names[] = {"key", "encoding", "separator", NULL};
    struct ob_policy *p = ob_policy_of(L);
    const char *name = luaL_checkstring(L, 1);
    struct ob_err err;
    known_options(L, 2, names);
    lua_settop(L, 2);
    const struct ob_bound_input *in = find_input(p, name, format);
    if (!in) {
        char why[300];
        snprintf(why, sizeof why, "input \"%s\" is not bound to a file: --input %s=FILE", name,
                 name);
        return raise(L, OB_ERR_INPUT, why);
    }
    struct ob_input_options o = {.format = format, .allow_empty = p->opt.allow_empty};
    o.encoding = text_option(L, 2, "encoding");
    o.separator = text_option(L, 2, "separator");
    o.key = text_option(L, 2, "key");
    if (!o.key)
        o.key = p->key;
    ob_charge(L, in->bytes.len / 8);
    struct ob_table **slot = ob_policy_push_slot(L);
    if (ob_record_input(p, in, &err) != OB_OK ||
        ob_table_parse(slot, in->source, ob_buf_str(&in->bytes), in->bytes.len, &o, &err) != OB_OK)
        return ob_raise_host(L, &err);
    ob_policy_push_table(L, slot);
    return 1;
}

static int l_csv(lua_State *L)
{
    return read_input(L, OB_FORMAT_CSV);
}

static int l_json(lua_State *L)
{
    return read_input(L, OB_FORMAT_JSON);
}

static int l_lines(lua_State *L)
{
    return read_input(L, OB_FORMAT_LINES);
}

static int l_key(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    const char *column = luaL_checkstring(L, 1);
    free(p->key);
    p->key = ob_xstrdup(column);
    return 0;
}

/* ---- limits ---- */

static double number_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    if (lua_isnil(L, -1))
        return -1;
    double n = luaL_checknumber(L, -1);
    if (!(n >= 0))
        luaL_error(L, "limit: %s must be 0 or more", name);
    return n;
}

/* [-0, +0, e] Whoever was proposed before would not be covered, and nobody would notice. */
static void not_too_late(lua_State *L, const char *what)
{
    char why[200];
    snprintf(why, sizeof why, "%s comes too late: state it before the first action", what);
    if (ob_policy_of(L)->proposed)
        raise(L, OB_ERR_POLICY, why);
}

/* [-0, +0, e] limit { users = 200, share = 0.05 } */
static int l_limit(lua_State *L)
{
    static const char *const names[] = {"users", "share", NULL};
    struct ob_policy *p = ob_policy_of(L);
    char where[200];
    luaL_checktype(L, 1, LUA_TTABLE);
    not_too_late(L, "limit");
    known_options(L, 1, names);
    double users = number_field(L, "users"), share = number_field(L, "share");
    if (users != floor(users) || users > 1e15)
        return luaL_error(L, "limit: users must be a whole number");
    if (share > 1)
        return luaL_error(L, "limit: share is a part of 1: 0.05 is five in a hundred");
    ob_guard_limit(p->guard, (int64_t)users, share, false, ob_policy_where(L, where, sizeof where));
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

/* ---- time ---- */

static int64_t offset_ms(lua_State *L)
{
    double seconds = luaL_optnumber(L, 1, 0);
    if (!(fabs(seconds) < 1e11))
        luaL_error(L, "that is too far away");
    return (int64_t)(seconds * 1000);
}

/* [-0, +1, e] today() is "2026-11-22"; today(days(-30)) is thirty days before. */
static int l_today(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    char text[OB_TIME_TEXT], noon[OB_TIME_TEXT + 16];
    int64_t at;
    int64_t offset = offset_ms(L);
    /* Whole days are counted on the calendar, from noon, so that no summer time shifts them. */
    snprintf(noon, sizeof noon, "%sT12:00:00Z", p->today);
    if (offset == 0 || !ob_time_parse(noon, &at)) {
        lua_pushstring(L, p->today);
        return 1;
    }
    lua_pushlstring(L, ob_time_iso(at + offset, false, text), 10);
    return 1;
}

/* [-0, +1, e] now() is "2026-11-22T04:03:00Z", the moment of the plan. */
static int l_now(lua_State *L)
{
    char text[OB_TIME_TEXT];
    lua_pushstring(L, ob_time_iso(ob_policy_of(L)->opt.now_ms + offset_ms(L), false, text));
    return 1;
}

/* [-0, +1, e] A number of seconds, for today() and now(). */
static int l_days(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1) * 86400;
    if (seconds == floor(seconds) && fabs(seconds) < 1e15)
        lua_pushinteger(L, (lua_Integer)seconds);
    else
        lua_pushnumber(L, seconds);
    return 1;
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
    return raise(L, OB_ERR_POLICY, why);
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
    return raise(L, OB_ERR_POLICY, ob_tostring(L, 1, &len));
}

static int l_later(lua_State *L)
{
    char why[200];
    snprintf(why, sizeof why, "\"%s\" is not part of this version of offboard",
             lua_tostring(L, lua_upvalueindex(1)));
    return raise(L, OB_ERR_POLICY, why);
}

void ob_open_policy_env(lua_State *L)
{
    static const luaL_Reg input[] = {
        {"csv", l_csv}, {"json", l_json}, {"lines", l_lines}, {NULL, NULL}};
    static const luaL_Reg names[] = {{"key", l_key},
                                     {"limit", l_limit},
                                     {"protect", l_protect},
                                     {"today", l_today},
                                     {"now", l_now},
                                     {"days", l_days},
                                     {"var", l_var},
                                     {"note", l_note},
                                     {"fail", l_fail},
                                     {"together", ob_policy_together},
                                     {"expect", ob_policy_expect},
                                     {NULL, NULL}};
    ob_push_env(L);
    luaL_setfuncs(L, names, 0);
    luaL_newlib(L, input);
    ob_seal(L);
    lua_setfield(L, -2, "input");
    for (const char *const *name = later; *name; name++) {
        lua_pushstring(L, *name);
        lua_pushcclosure(L, l_later, 1);
        lua_setfield(L, -2, *name);
    }
    lua_pop(L, 1);
}
