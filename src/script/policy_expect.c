/* expect(function(world) ... end): what an administrator demands of every end of a run, whatever
 * went wrong on the way. Only a rehearsal collects and asks; elsewhere it does nothing.
 *
 *   world = { started, now,                             seconds, as days() counts them
 *     people = { ..., [name] = { name, TARGET = {       one for each person whom a step names
 *         id, state = "active"|"disabled"|"absent",     what the cloud holds at the end
 *         outcome = "succeeded"|...,                    of the last step that names them here
 *         actions = { [action] = outcome },
 *         disabled_at, enabled_at, deleted_at, added_at } } } } }   the last time; or nil
 *
 * A rule is broken when its function answers false (a second result says why) or raises. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/policy_parts.h"

struct ob_expect {
    struct ob_expect *next;
    char *name;
    int ref;
};

void ob_expects_free(struct ob_expect *x)
{
    while (x) {
        struct ob_expect *next = x->next;
        free(x->name);
        free(x);
        x = next;
    }
}

/* [-n, +0, e] expect([name,] function) */
int ob_policy_expect(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    char where[200];
    bool named = lua_type(L, 1) == LUA_TSTRING;
    luaL_checktype(L, named ? 2 : 1, LUA_TFUNCTION);
    if (!p->opt.rehearsing)
        return 0;
    ob_policy_where(L, where, sizeof where);
    lua_settop(L, named ? 2 : 1);
    ob_charge(L, 64);
    struct ob_expect **at = &p->expects;
    while (*at)
        at = &(*at)->next;
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    *at = ob_xcalloc(1, sizeof **at);
    (*at)->ref = ref;
    (*at)->name = ob_xstrdup(named ? lua_tostring(L, 1) : where);
    return 0;
}

size_t ob_policy_expect_count(const struct ob_policy *p)
{
    size_t n = 0;
    for (const struct ob_expect *x = p->expects; x; x = x->next)
        n++;
    return n;
}

struct asking {
    const struct ob_value *world;
    const struct ob_expect *x;
    struct ob_err *err;
    bool broken;
};

/* [-0, +0, e] People stand in a list; the same under their names. */
static void name_people(lua_State *L, int world)
{
    lua_pushliteral(L, "people");
    if (lua_rawget(L, world) != LUA_TTABLE)
        return;
    for (lua_Unsigned i = 1, n = lua_rawlen(L, -1); i <= n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i);
        lua_pushliteral(L, "name");
        lua_rawget(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static int l_ask(lua_State *L)
{
    struct asking *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->x->ref);
    ob_push_value(L, a->world);
    name_people(L, lua_gettop(L));
    lua_callk(L, 1, 2, 0, NULL);
    if (lua_type(L, -2) != LUA_TBOOLEAN || lua_toboolean(L, -2))
        return 0;
    const char *why = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "it answered false";
    ob_fail(a->err, OB_ERR_POLICY, "%s: %s", a->x->name, why);
    a->broken = true;
    return 0;
}

/* Lua's own words begin with the place, which may be the name. */
static enum ob_status say(const struct ob_expect *x, enum ob_status st, struct ob_err *err)
{
    if (strncmp(err->message, x->name, strlen(x->name)) != 0)
        ob_err_prefix(err, "%s", x->name);
    return st;
}

enum ob_status ob_policy_expects(struct ob_policy *p, const struct ob_value *world,
                                 struct ob_err *err)
{
    for (const struct ob_expect *x = p->expects; x; x = x->next) {
        struct asking a = {.world = world, .x = x, .err = err};
        lua_State *L = p->script->L;
        lua_pushcfunction(L, l_ask);
        lua_pushlightuserdata(L, &a);
        enum ob_status st = ob_exec_status(ob_pcall(p->script, 1, 0, err), err);
        if (st != OB_OK)
            return say(x, st, err);
        if (a.broken)
            return OB_ERR_POLICY;
    }
    return OB_OK;
}
