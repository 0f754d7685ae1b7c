/* The roster as Lua sees it: a list (#r, r[i], ipairs, pairs, r:each()) with methods. A name that
 * is no method is an error, because a nil that is called later says nothing of the typo. */
#include "script/roster_parts.h"
#include "script/internal.h"

/* [-0, +1, e] */
static int l_index(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    if (lua_type(L, 2) == LUA_TNUMBER) {
        int exact;
        lua_Integer i = lua_tointegerx(L, 2, &exact);
        if (exact && i >= 1 && (uint64_t)i <= r->count)
            ob_push_person(L, 1, (size_t)i - 1);
        else
            lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    char name[OB_SHOW];
    if (lua_type(L, 2) == LUA_TSTRING)
        return luaL_error(L, "a roster has no method \"%s\"", ob_show(lua_tostring(L, 2), name));
    return luaL_error(L, "a roster is read by number, not by %s", luaL_typename(L, 2));
}

/* [-0, +0, e] */
static int l_newindex(lua_State *L)
{
    return luaL_error(L, "a roster cannot be changed; its methods make new ones");
}

/* [-0, +1, e] */
static int l_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)ob_self_roster(L, 1)->count);
    return 1;
}

/* [-0, +1, e] "roster of 12 people from leavers.csv" */
static int l_tostring(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    lua_pushfstring(L, "roster of %I %s", (LUAI_UACINT)r->count,
                    r->count == 1 ? "person" : "people");
    if (r->tables->count)
        lua_pushfstring(L, "%s from %s%s", lua_tostring(L, -1), r->tables->v[0]->source,
                        r->tables->count > 1 ? " and others" : "");
    return 1;
}

/* [-0, +1|2, e] The step of pairs: r, i -> i + 1, person. */
static int l_next(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    lua_Integer i = luaL_optinteger(L, 2, 0);
    if (i < 0 || (uint64_t)i >= r->count) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, i + 1);
    ob_push_person(L, 1, (size_t)i);
    return 2;
}

/* [-0, +3, e] */
static int l_pairs(lua_State *L)
{
    ob_self_roster(L, 1);
    lua_pushcfunction(L, l_next);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* [-0, +1, e] The step of each(): upvalues are the roster and how many were given. */
static int l_each_step(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, lua_upvalueindex(1));
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    if ((uint64_t)i >= r->count)
        return 0;
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(2));
    ob_push_person(L, lua_upvalueindex(1), (size_t)i);
    return 1;
}

/* [-0, +1, e] r:each(): for p in r:each() do */
static int l_each(lua_State *L)
{
    ob_self_roster(L, 1);
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, l_each_step, 2);
    return 1;
}

static const luaL_Reg roster_meta[] = {{"__newindex", l_newindex},
                                       {"__len", l_len},
                                       {"__tostring", l_tostring},
                                       {"__pairs", l_pairs},
                                       {NULL, NULL}};
static const luaL_Reg roster_list[] = {{"each", l_each}, {NULL, NULL}};

void ob_index_class(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods,
                    lua_CFunction index)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -3, "__index");
    lua_replace(L, -2);
}

void ob_open_roster(lua_State *L)
{
    ob_open_tables(L);
    ob_index_class(L, OB_ROSTER, roster_meta, roster_list, l_index);
    luaL_setfuncs(L, ob_roster_ops, 0);
    luaL_setfuncs(L, ob_roster_sets, 0);
    luaL_setfuncs(L, ob_roster_calls, 0);
    lua_pop(L, 1);
    ob_open_person(L);
}
