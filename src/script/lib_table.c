/* The table library of the sandbox: Lua's own functions behind a charge for what they move, and a
 * sort of our own. Lua's sort compares long texts for as long as it likes, gives equal elements an
 * order that depends on the clock, and cannot be stopped; this one is stable and charged. */
#include "script/sandbox.h"
#include <lualib.h>
#include <string.h>

#define MOVE_MAX 10000000

static int original(lua_State *L)
{
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* [-0, +0, e] Charges a pass over first..last. */
static void charge_range(lua_State *L, lua_Integer first, lua_Integer last, const char *what)
{
    if (last < first)
        return;
    uint64_t n = (uint64_t)last - (uint64_t)first;
    if (n >= MOVE_MAX)
        luaL_error(L, "table.%s: more than %d elements", what, MOVE_MAX);
    ob_charge(L, 4 * (n + 1));
}

/* [-0, +0, e] What stands behind position 2; a position that is none is Lua's to refuse. */
static void charge_shift(lua_State *L)
{
    lua_Integer at = luaL_checkinteger(L, 2), n = (lua_Integer)lua_rawlen(L, 1);
    ob_charge(L, at > 0 && at < n ? 4 * (uint64_t)(n - at) : 1);
}

/* [-0, +1, e] (t, sep, i, j): stops at the first nil, so never passes the length by much */
static int l_concat(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    ob_charge(L, 1 + 4 * (uint64_t)lua_rawlen(L, 1));
    return original(L);
}

/* [-0, +0, e] (t, [pos,] value) */
static int l_insert(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_gettop(L) == 3)
        charge_shift(L);
    return original(L);
}

/* [-0, +1, e] (t, pos) */
static int l_remove(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_gettop(L) > 1)
        charge_shift(L);
    return original(L);
}

/* [-0, +1, e] (a1, first, last, to, a2) */
static int l_move(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    charge_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), "move");
    return original(L);
}

/* [-0, +n, e] (t, i, j) */
static int l_unpack(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    charge_range(L, luaL_optinteger(L, 2, 1), last, "unpack");
    return original(L);
}

/* ---- sort ---- */

/* Stack of the sort: the table, the comparator, and two work tables. */
enum { TABLE = 1, COMPARE, FROM, TO };

static void charge_compare(lua_State *L)
{
    size_t a = lua_type(L, -1) == LUA_TSTRING ? lua_rawlen(L, -1) : 0;
    size_t b = lua_type(L, -2) == LUA_TSTRING ? lua_rawlen(L, -2) : 0;
    ob_charge(L, 8 + (a < b ? a : b) / 2);
}

/* [-0, +0, e] Is the value on top less than the one under it? */
static bool less(lua_State *L)
{
    charge_compare(L);
    if (lua_isnil(L, COMPARE))
        return lua_compare(L, -1, -2, LUA_OPLT);
    lua_pushvalue(L, COMPARE);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_callk(L, 2, 1, 0, NULL);
    bool answer = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return answer;
}

/* Merges [i, middle) and [middle, end) of `from` into `to`; the left one wins a draw. */
static void merge(lua_State *L, int from, int to, lua_Integer i, lua_Integer middle,
                  lua_Integer end)
{
    lua_Integer j = middle, k = i;
    for (; i < middle && j < end; k++) {
        lua_rawgeti(L, from, i);
        lua_rawgeti(L, from, j);
        if (less(L)) {
            lua_rawseti(L, to, k);
            lua_pop(L, 1);
            j++;
        } else {
            lua_pop(L, 1);
            lua_rawseti(L, to, k);
            i++;
        }
    }
    ob_charge(L, (uint64_t)(middle - i + end - j));
    for (; i < middle; i++, k++) {
        lua_rawgeti(L, from, i);
        lua_rawseti(L, to, k);
    }
    for (; j < end; j++, k++) {
        lua_rawgeti(L, from, j);
        lua_rawseti(L, to, k);
    }
}

static lua_Integer least(lua_Integer a, lua_Integer b)
{
    return a < b ? a : b;
}

/* Returns the index of the work table that is sorted. */
static int sort_passes(lua_State *L, lua_Integer n)
{
    int from = FROM, to = TO;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer i = 1; i <= n; i += 2 * width)
            merge(L, from, to, i, least(i + width, n + 1), least(i + 2 * width, n + 1));
        int sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* [-0, +0, e] (t, comparator): the table is written only when all is sorted */
static int l_sort(lua_State *L)
{
    luaL_checktype(L, TABLE, LUA_TTABLE);
    if (!lua_isnoneornil(L, COMPARE))
        luaL_checktype(L, COMPARE, LUA_TFUNCTION);
    lua_settop(L, COMPARE);
    lua_Integer n = luaL_len(L, TABLE);
    charge_range(L, 1, n, "sort");
    lua_createtable(L, (int)n, 0);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, TABLE, i);
        lua_rawseti(L, FROM, i);
    }
    int sorted = sort_passes(L, n);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, sorted, i);
        lua_seti(L, TABLE, i);
    }
    return 0;
}

/* ---- opening ---- */

void ob_open_table(lua_State *L, int env)
{
    static const luaL_Reg wrapped[] = {{"concat", l_concat}, {"insert", l_insert}, {"move", l_move},
                                       {"remove", l_remove}, {"unpack", l_unpack}, {NULL, NULL}};
    ob_push_library(L, LUA_TABLIBNAME, luaopen_table);
    lua_newtable(L);
    for (const luaL_Reg *r = wrapped; r->name; r++) {
        lua_getfield(L, -2, r->name);
        lua_pushcclosure(L, r->func, 1);
        lua_setfield(L, -2, r->name);
    }
    lua_getfield(L, -2, "pack");
    lua_setfield(L, -2, "pack");
    lua_pushcfunction(L, l_sort);
    lua_setfield(L, -2, "sort");
    ob_seal(L);
    lua_setfield(L, env, LUA_TABLIBNAME);
    lua_pop(L, 1);
}
