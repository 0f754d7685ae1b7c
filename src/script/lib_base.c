/* The basic functions: those of Lua that are safe as they are, and our own for those that are
 * not. pcall passes on what a spent budget raises; tostring shows no addresses; pairs and next
 * walk in an order that is the same in every process, because a policy must decide on resume as
 * it decided before. */
#include "script/sandbox.h"
#include <lualib.h>
#include <string.h>

/* ---- pcall ---- */

static int finish_pcall(lua_State *L, int status, lua_KContext depth)
{
    struct ob_box *box = &ob_script_of(L)->box;
    box->pcall_depth = (int)depth;
    if (status == LUA_ERRMEM && !box->spent)
        box->spent = OB_SPENT_MEMORY;
    if (box->spent)
        return ob_raise_spent(L);
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* [-0, +n, e] The depth is bounded because an error in a coroutine walks all calls for each
 * level. */
int ob_lua_pcall(lua_State *L)
{
    struct ob_box *box = &ob_script_of(L)->box;
    luaL_checkany(L, 1);
    int depth = box->pcall_depth;
    if (depth >= OB_PCALL_DEPTH)
        return luaL_error(L, "pcall nested more than %d deep", OB_PCALL_DEPTH);
    box->pcall_depth = depth + 1;
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, depth, finish_pcall);
    return finish_pcall(L, status, depth);
}

/* ---- tostring, tonumber, select ---- */

const char *ob_tostring(lua_State *L, int index, size_t *len)
{
    index = lua_absindex(L, index);
    int type = lua_type(L, index);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1))
            luaL_error(L, "'__tostring' must return a string");
    } else if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
        lua_pushliteral(L, "null");
    } else if (type >= LUA_TTABLE || type == LUA_TLIGHTUSERDATA) {
        int named = luaL_getmetafield(L, index, "__name");
        if (named != LUA_TSTRING)
            lua_pushstring(L, lua_typename(L, type));
    } else {
        luaL_tolstring(L, index, NULL);
    }
    return lua_tolstring(L, -1, len);
}

/* [-0, +1, e] */
static int l_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    ob_tostring(L, 1, NULL);
    return 1;
}

/* [-0, +1, e] Lua's own, charged by the length of the text. */
static int l_tonumber(lua_State *L)
{
    ob_charge(L, lua_type(L, 1) == LUA_TSTRING ? lua_rawlen(L, 1) : 1);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* [-0, +n, e] */
static int l_select(lua_State *L)
{
    int n = lua_gettop(L);
    ob_charge(L, (uint64_t)n);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* ---- pairs, next ---- */

/* [-0, +1|2, e] (_, key) over 1..upvalue 2 of upvalue 1 */
static int l_walk_list(lua_State *L)
{
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(2));
    lua_Integer i = luaL_optinteger(L, 2, 0);
    while (i >= 0 && i < last) {
        lua_pushinteger(L, ++i);
        if (lua_rawgeti(L, lua_upvalueindex(1), i) != LUA_TNIL)
            return 2;
        ob_charge(L, 1);
        lua_settop(L, 2);
    }
    return 0;
}

/* [-0, +1|2, e] upvalues: table, its keys, how many were walked */
static int l_walk_keys(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
    lua_settop(L, 0);
    while (lua_rawgeti(L, lua_upvalueindex(2), ++i) != LUA_TNIL) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
            break;
        ob_charge(L, 1);
        lua_settop(L, 0);
    }
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(3));
    return lua_gettop(L) == 2 ? 2 : 0;
}

static int pairs_done(lua_State *L, int status, lua_KContext ctx)
{
    return 3;
}

/* [-0, +3, e] */
static int l_pairs(lua_State *L)
{
    size_t count;
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, pairs_done);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    ob_push_unsealed(L, 1);
    enum ob_shape shape = ob_table_shape(L, 2, &count);
    ob_charge(L, count);
    if (shape == OB_SHAPE_LIST) {
        lua_pushinteger(L, (lua_Integer)count);
        lua_pushcclosure(L, l_walk_list, 2);
    } else {
        ob_push_keys(L, 2, &count);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, l_walk_keys, 3);
    }
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* [-0, +1|2, e] */
static int l_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    ob_push_unsealed(L, 1);
    if (ob_next_key(L, 3, lua_isnil(L, 2) ? 0 : 2))
        return 2;
    lua_pushnil(L);
    return 1;
}

/* ---- opening ---- */

void ob_open_base(lua_State *L, int env)
{
    static const char *const as_they_are[] = {"assert",   "error",  "ipairs", "type",
                                              "rawequal", "rawlen", NULL};
    static const luaL_Reg ours[] = {{"pcall", ob_lua_pcall},
                                    {"tostring", l_tostring},
                                    {"pairs", l_pairs},
                                    {"next", l_next},
                                    {NULL, NULL}};
    static const luaL_Reg charged[] = {
        {"tonumber", l_tonumber}, {"select", l_select}, {NULL, NULL}};
    ob_push_library(L, LUA_GNAME, luaopen_base);
    for (const char *const *name = as_they_are; *name; name++) {
        lua_getfield(L, -1, *name);
        lua_setfield(L, env, *name);
    }
    for (const luaL_Reg *r = charged; r->name; r++) {
        lua_getfield(L, -1, r->name);
        lua_pushcclosure(L, r->func, 1);
        lua_setfield(L, env, r->name);
    }
    lua_pop(L, 1);
    lua_pushvalue(L, env);
    luaL_setfuncs(L, ours, 0);
    lua_pop(L, 1);
}
