/* Methods that call a function of the policy for each person: where and map. They go through
 * lua_callk with a continuation, so that the function may do what any other code of a policy
 * may, also propose something and wait for the answer. All state is on the Lua stack:
 * 1 the roster, 2 the function, 3 the result so far. */
#include "script/roster_parts.h"
#include "script/internal.h"

/* [-0, +1, e] Takes the answer for person i - 1, asks for person i; ends when all were asked. */
static int where_step(lua_State *L, int status, lua_KContext ctx)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    struct ob_picks *picks = lua_touserdata(L, 3);
    for (size_t i = (size_t)ctx;; i++) {
        if (i > 0) {
            if (lua_toboolean(L, -1))
                picks->at[picks->n++] = (uint32_t)i - 1;
            lua_pop(L, 1);
        }
        if (i == r->count)
            break;
        lua_pushvalue(L, 2);
        ob_push_person(L, 1, i);
        lua_callk(L, 1, 1, (lua_KContext)i + 1, where_step);
    }
    ob_push_picked(L, 1, picks->at, picks->n);
    return 1;
}

/* [-0, +1, e] r:where(function | { column = value | list of values }) */
static int l_where(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    lua_settop(L, 2);
    if (lua_istable(L, 2))
        return ob_roster_where(L);
    if (!lua_isfunction(L, 2))
        return luaL_typeerror(L, 2, "function, or table of columns");
    ob_charge(L, r->count * 4);
    ob_push_picks(L, r->count);
    return where_step(L, LUA_OK, 0);
}

/* [-0, +1, e] As where_step; a nil is left out of the list. */
static int map_step(lua_State *L, int status, lua_KContext ctx)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    for (size_t i = (size_t)ctx;; i++) {
        if (i > 0 && !lua_isnil(L, -1))
            lua_rawseti(L, 3, (lua_Integer)lua_rawlen(L, 3) + 1);
        else if (i > 0)
            lua_pop(L, 1);
        if (i == r->count)
            break;
        lua_pushvalue(L, 2);
        ob_push_person(L, 1, i);
        lua_callk(L, 1, 1, (lua_KContext)i + 1, map_step);
    }
    lua_settop(L, 3);
    return 1;
}

/* [-0, +1, e] r:map(function): a plain list of what it returned. */
static int l_map(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    ob_charge(L, r->count * 4);
    lua_createtable(L, (int)r->count, 0);
    return map_step(L, LUA_OK, 0);
}

const luaL_Reg ob_roster_calls[] = {{"where", l_where}, {"map", l_map}, {NULL, NULL}};
