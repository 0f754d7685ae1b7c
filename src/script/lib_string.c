/* The string and utf8 libraries of the sandbox. What searches runs on our own matcher
 * (lib_search.c); what builds text is bounded before it builds; the rest is Lua's own, where the
 * allocator charges results and the wrappers here charge what is only read. */
#include "script/lib_search.h"
#include <lualib.h>
#include <string.h>

/* A limit is stated in steps of 8 bytes. */
static uint64_t units(size_t bytes)
{
    return 1 + bytes / 8;
}

/* [-0, +1, e] Lua's own spins when nothing is repeated very often, and builds text twice over
 * before it finds that there is no room. */
static int l_rep(lua_State *L)
{
    size_t len, sep_len = 0;
    luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &sep_len);
    if (n <= 0 || len + sep_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    size_t limit = ob_script_of(L)->box.limits.memory;
    if ((uint64_t)n > limit / (len + sep_len)) {
        ob_spend(&ob_script_of(L)->box, L, OB_SPENT_MEMORY);
        return ob_raise_spent(L);
    }
    ob_charge(L, units((size_t)n * (len + sep_len)));
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* [-0, +n, e] Charged by what it returned. */
static int l_by_results(lua_State *L)
{
    int n = lua_tocfunction(L, lua_upvalueindex(1))(L);
    ob_charge(L, (uint64_t)n);
    return n;
}

/* ---- format ---- */

/* The conversion letter of the specification after a '%', or 0. */
static char conversion(const char **at)
{
    const char *p = *at + strspn(*at, "-+ #0123456789.");
    *at = *p ? p + 1 : p;
    return *p;
}

/* [-0, +1, e] Lua's own, after everything that would print an address was made text. */
static int l_format(lua_State *L)
{
    size_t len;
    const char *p = luaL_checklstring(L, 1, &len);
    const char *end = p + len;
    int arg = 1;
    ob_charge(L, units(len));
    while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) {
        p++;
        char c = conversion(&p);
        if (c == '%' || !c)
            continue;
        arg++;
        if (c == 'p')
            return luaL_argerror(L, 1, "'%p' would show an address");
        if (c == 's' && arg <= lua_gettop(L) && lua_type(L, arg) != LUA_TSTRING) {
            ob_tostring(L, arg, NULL);
            lua_replace(L, arg);
        }
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* ---- utf8 ---- */

/* A position as the library reads it: from the end when negative. */
static lua_Integer position(lua_State *L, int arg, lua_Integer dflt, size_t len)
{
    lua_Integer i = luaL_optinteger(L, arg, dflt);
    if (i >= 0)
        return i <= (lua_Integer)len ? i : (lua_Integer)len;
    return i < -(lua_Integer)len ? 0 : (lua_Integer)len + i + 1;
}

/* [-0, +1|2, e] (s, i, j) */
static int l_utf8_len(lua_State *L)
{
    size_t len;
    luaL_checklstring(L, 1, &len);
    lua_Integer i = position(L, 2, 1, len), j = position(L, 3, -1, len);
    ob_charge(L, j > i ? (uint64_t)(j - i) : 1);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* [-0, +1, e] (s, n, i): goes from i to the answer, or to an end */
static int l_utf8_offset(lua_State *L)
{
    size_t len;
    luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    lua_Integer i = position(L, 3, n > 0 ? 1 : (lua_Integer)len + 1, len + 1);
    int count = lua_tocfunction(L, lua_upvalueindex(1))(L);
    lua_Integer at = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : (n > 0 ? (lua_Integer)len : 0);
    ob_charge(L, (uint64_t)(at > i ? at - i : i - at) + 1);
    return count;
}

/* ---- opening ---- */

/* Fills the new table on top from the library under it: those of `names` as they are, those of
 * `wrapped` with the original as their upvalue. */
static void fill(lua_State *L, const char *const *names, const luaL_Reg *wrapped)
{
    for (; *names; names++) {
        lua_getfield(L, -2, *names);
        lua_setfield(L, -2, *names);
    }
    for (; wrapped->name; wrapped++) {
        lua_getfield(L, -2, wrapped->name);
        lua_pushcclosure(L, wrapped->func, 1);
        lua_setfield(L, -2, wrapped->name);
    }
}

/* Methods of strings come from the restricted table too; arithmetic on texts stays. */
static void set_string_methods(lua_State *L)
{
    lua_pushliteral(L, "");
    if (!lua_getmetatable(L, -1))
        lua_newtable(L);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void ob_open_string(lua_State *L, int env)
{
    static const char *const names[] = {"char", "len", "lower", "reverse", "sub", "upper", NULL};
    static const luaL_Reg wrapped[] = {
        {"byte", l_by_results}, {"format", l_format}, {"rep", l_rep}, {NULL, NULL}};
    ob_push_library(L, LUA_STRLIBNAME, luaopen_string);
    lua_newtable(L);
    fill(L, names, wrapped);
    luaL_setfuncs(L, ob_search_functions, 0);
    set_string_methods(L);
    ob_seal(L);
    lua_setfield(L, env, LUA_STRLIBNAME);
    lua_pop(L, 1);
}

void ob_open_utf8(lua_State *L, int env)
{
    static const char *const names[] = {"char", "charpattern", "codes", NULL};
    static const luaL_Reg wrapped[] = {
        {"codepoint", l_by_results}, {"len", l_utf8_len}, {"offset", l_utf8_offset}, {NULL, NULL}};
    ob_push_library(L, LUA_UTF8LIBNAME, luaopen_utf8);
    lua_newtable(L);
    fill(L, names, wrapped);
    ob_seal(L);
    lua_setfield(L, env, LUA_UTF8LIBNAME);
    lua_pop(L, 1);
}
