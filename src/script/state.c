/* A script's life: the state and its allow-listed environment are made under a protected call,
 * chunks and functions run in it under its budget, and it goes with all it owns. What it may see
 * is sandbox.c's business, how an entry ended exec.c's. */
#include "script/sandbox.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Only reached by a call of Lua outside a protected one: a defect of ours. The process may die,
 * every effect is journalled. */
static int on_panic(lua_State *L)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text";
    fprintf(stderr, "offboard: unprotected error in Lua: %s\n", text);
    fflush(stderr);
    abort();
}

/* lua_resume and lua_close make these strings outside any protection; while they exist, making
 * them again takes no memory. */
static void anchor_messages(lua_State *L)
{
    static const char *const texts[] = {"error in error handling", "C stack overflow",
                                        "cannot resume dead coroutine",
                                        "cannot resume non-suspended coroutine"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        lua_pushstring(L, texts[i]);
        luaL_ref(L, LUA_REGISTRYINDEX);
    }
}

static int l_setup_state(lua_State *L)
{
    anchor_messages(L);
    ob_open_sandbox(L);
    return 0;
}

enum ob_status ob_script_new(struct ob_script **out, enum ob_profile profile, const char *name,
                             struct ob_limits limits, struct ob_err *err)
{
    return ob_script_make(out, profile, name, limits, l_setup_state, err);
}

enum ob_status ob_script_make(struct ob_script **out, enum ob_profile profile, const char *name,
                              struct ob_limits limits, lua_CFunction setup, struct ob_err *err)
{
    struct ob_script *s = ob_xcalloc(1, sizeof *s);
    *out = NULL;
    s->profile = profile;
    s->name = ob_xstrdup(name);
    s->env_ref = s->module_ref = LUA_NOREF;
    s->box.limits = limits;
    s->L = lua_newstate(ob_alloc, s);
    if (!s->L) {
        ob_script_free(s);
        return ob_fail(err, OB_ERR_POLICY, "%s: no memory for a Lua state", name);
    }
    lua_atpanic(s->L, on_panic);
    *(struct ob_script **)lua_getextraspace(s->L) = s;
    ob_budget_reset(s);
    enum ob_status st = ob_script_setup(s, setup, err);
    if (st) {
        ob_script_free(s);
        return st;
    }
    ob_budget_reset(s);
    *out = s;
    return OB_OK;
}

void ob_script_free(struct ob_script *s)
{
    if (!s)
        return;
    if (s->L)
        lua_close(s->L);
    free(s->box.meter.big);
    free(s->box.meter.parked);
    free(s->name);
    free(s);
}

size_t ob_script_memory_peak(const struct ob_script *s)
{
    return s->box.peak;
}

enum ob_status ob_script_setup(struct ob_script *s, lua_CFunction setup, struct ob_err *err)
{
    lua_pushcfunction(s->L, setup);
    return ob_exec_status(ob_pcall(s, 0, 0, err), err);
}

/* ---- chunks ---- */

struct chunk {
    const char *name, *text;
    size_t len;
};

static int l_compile(lua_State *L)
{
    const struct chunk *c = lua_touserdata(L, 1);
    ob_load(L, c->name, false, c->text, c->len);
    return 1;
}

static int l_run(lua_State *L)
{
    struct ob_script *s = ob_script_of(L);
    l_compile(L);
    lua_callk(L, 0, 1, 0, NULL);
    luaL_unref(L, LUA_REGISTRYINDEX, s->module_ref);
    s->module_ref = LUA_NOREF;
    if (lua_istable(L, -1))
        s->module_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

enum ob_status ob_script_run(struct ob_script *s, const char *chunk_name, const char *text,
                             size_t len, struct ob_err *err)
{
    struct chunk c = {chunk_name, text, len};
    if (s->profile != OB_PROFILE_POLICY)
        ob_budget_reset(s);
    return ob_exec_status(ob_protect(s, l_run, &c, err), err);
}

enum ob_status ob_script_compile(const char *chunk_name, const char *text, size_t len,
                                 struct ob_err *err)
{
    struct ob_limits limits = {OB_LIMIT_MEMORY, OB_LIMIT_CPU_MS};
    struct chunk c = {chunk_name, text, len};
    struct ob_script *s;
    enum ob_status st = ob_script_new(&s, OB_PROFILE_POLICY, chunk_name, limits, err);
    if (st)
        return st;
    st = ob_exec_status(ob_protect(s, l_compile, &c, err), err);
    ob_script_free(s);
    return st;
}

/* ---- calls ---- */

struct call {
    const char *function;
    const struct ob_value *args;
    size_t count;
    struct ob_value *out;
};

static void push_function(lua_State *L, const char *name)
{
    struct ob_script *s = ob_script_of(L);
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, s->module_ref) != LUA_TTABLE)
        luaL_error(L, "%s: returns no table", s->name);
    lua_pushstring(L, name);
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        luaL_error(L, "%s: has no function \"%s\"", s->name, name);
    lua_remove(L, -2);
}

static int l_call(lua_State *L)
{
    const struct call *c = lua_touserdata(L, 1);
    push_function(L, c->function);
    luaL_checkstack(L, (int)c->count, "too many arguments");
    for (size_t i = 0; i < c->count; i++)
        ob_push_value(L, &c->args[i]);
    lua_callk(L, (int)c->count, LUA_MULTRET, 0, NULL);
    struct ob_err err;
    for (int i = 2; i <= lua_gettop(L); i++)
        if (!ob_to_value(L, i, ob_list_push(c->out), &err))
            return luaL_error(L, "result %d of \"%s\": %s", i - 1, c->function, err.message);
    return 0;
}

enum ob_status ob_script_call(struct ob_script *s, const char *function,
                              const struct ob_value *args, size_t count, struct ob_value *out,
                              struct ob_err *err)
{
    struct call c = {function, args, count, out};
    ob_value_init(out);
    ob_value_set_list(out);
    ob_budget_reset(s);
    enum ob_status st = ob_exec_status(ob_protect(s, l_call, &c, err), err);
    if (st)
        ob_value_fini(out);
    return st;
}

/* ---- classes ---- */

void ob_class(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    if (strncmp(name, "ob.", 3) == 0)
        lua_pushstring(L, name);
    else
        lua_pushfstring(L, "ob.%s", name);
    luaL_newmetatable(L, lua_tostring(L, -1));
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    if (methods) {
        lua_newtable(L);
        luaL_setfuncs(L, methods, 0);
        lua_setfield(L, -2, "__index");
    }
    if (meta)
        luaL_setfuncs(L, meta, 0);
    lua_pop(L, 2);
}
