/* What a script sees: an environment built by allow-list out of fresh tables, read-only, in which
 * a name that was left out answers with its own name and any other unknown name is an error. The
 * libraries it is built from are taken out of reach afterwards. Bindings of a profile are added
 * by their owners. */
#include "script/sandbox.h"
#include <lualib.h>
#include <string.h>

static const char scope_key = 0;

static const char *const left_out[] = {"setmetatable",
                                       "getmetatable",
                                       "rawset",
                                       "rawget",
                                       "collectgarbage",
                                       "xpcall",
                                       "load",
                                       "loadstring",
                                       "loadfile",
                                       "dofile",
                                       "require",
                                       "print",
                                       "warn",
                                       "coroutine",
                                       "debug",
                                       "io",
                                       "os",
                                       "package",
                                       "_G",
                                       "_VERSION",
                                       NULL};

/* Additions for argparse, which is trusted text. */
static const char *const tool_names[] = {"setmetatable", "getmetatable", "rawset", "rawget", NULL};

static bool listed(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

static const char *noun(enum ob_profile profile)
{
    static const char *const nouns[] = {"a policy", "a provider", "a simulated cloud",
                                        "a configuration", "the command line"};
    return nouns[profile];
}

/* ---- unknown names ---- */

/* [-0, +0, e] __index of the environment */
static int l_unknown(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    if (listed(left_out, name))
        return luaL_error(L,
                          "\"%s\" is not available in %s: it sees no files, clock or network, "
                          "and no metatables",
                          name, noun(ob_script_of(L)->profile));
    return luaL_error(L, "unknown name \"%s\"", name);
}

/* [-0, +0, e] __newindex of the scope */
static int l_assign(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    const struct ob_script *s = ob_script_of(L);
    if (s->assign && s->assign(L))
        return 0;
    ob_push_env(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return luaL_error(L, "\"%s\" is built in and cannot be replaced", name);
    return luaL_error(L, "global \"%s\" assigned: write \"local %s\"", name, name);
}

/* ---- sealed tables ---- */

/* [-0, +0, e] */
static int l_sealed(lua_State *L)
{
    return luaL_error(L, "this table is built in and cannot be changed");
}

/* [-0, +1, -] */
static int l_sealed_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

void ob_seal(lua_State *L)
{
    lua_newtable(L);          /* table shell */
    lua_createtable(L, 0, 5); /* table shell meta */
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__sealed");
    lua_pushcfunction(L, l_sealed);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, l_sealed_len, 1);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

void ob_push_unsealed(lua_State *L, int index)
{
    if (luaL_getmetafield(L, index, "__sealed") == LUA_TNIL)
        lua_pushvalue(L, index);
}

/* ---- building ---- */

void ob_push_library(lua_State *L, const char *name, lua_CFunction open)
{
    luaL_requiref(L, name, open, 0);
}

void ob_push_env(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ob_script_of(L)->env_ref);
}

void ob_push_scope(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &scope_key);
}

static void make_env(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, l_unknown);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    ob_script_of(L)->env_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_assign);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &scope_key);
}

/* Without random and randomseed, and without what Debian keeps of older versions. */
static void open_math(lua_State *L, int env)
{
    static const char *const names[] = {
        "abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
        "fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
        "rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult",        NULL};
    ob_push_library(L, LUA_MATHLIBNAME, luaopen_math);
    lua_newtable(L);
    for (const char *const *name = names; *name; name++) {
        lua_getfield(L, -2, *name);
        lua_setfield(L, -2, *name);
    }
    ob_seal(L);
    lua_setfield(L, env, LUA_MATHLIBNAME);
    lua_pop(L, 1);
}

static void open_tool(lua_State *L, int env)
{
    lua_pushglobaltable(L);
    for (const char *const *name = tool_names; *name; name++) {
        lua_getfield(L, -1, *name);
        lua_setfield(L, env, *name);
    }
    lua_pop(L, 1);
    lua_newtable(L); /* argparse looks for "arg" in _G */
    lua_setfield(L, env, "_G");
}

/* The full libraries stay behind only where no script reaches. */
static void drop_originals(lua_State *L)
{
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}

void ob_open_sandbox(lua_State *L)
{
    enum ob_profile profile = ob_script_of(L)->profile;
    make_env(L);
    int env = lua_gettop(L);
    ob_open_base(L, env);
    ob_open_string(L, env);
    ob_open_table(L, env);
    ob_open_utf8(L, env);
    open_math(L, env);
    ob_open_convert(L);
    if (profile == OB_PROFILE_TOOL)
        open_tool(L, env);
    if (profile != OB_PROFILE_CONFIG)
        ob_open_json(L);
    lua_pushcfunction(L, ob_use);
    lua_setfield(L, env, "use");
    drop_originals(L);
    lua_settop(L, env - 1);
}
