/* Every entry into Lua: one resume, one protected call, and one place where the way it ended
 * becomes a cause and a message. The text of an error is taken raw; nothing of a script runs to
 * make it. */
#include "script/sandbox.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is said ---- */

static void say_budget(const struct ob_script *s, char *out, size_t size)
{
    const struct ob_box *box = &s->box;
    long long ms = (long long)box->limits.cpu_ms;
    if (box->meter.why)
        snprintf(out, size, "%s", box->meter.why);
    else if (box->spent == OB_SPENT_FUEL)
        snprintf(out, size, "budget of %lld million steps spent",
                 (long long)(ob_fuel_limit(s) / 1000000));
    else if (ms % 1000 == 0)
        snprintf(out, size, "CPU budget of %lld s spent", ms / 1000);
    else
        snprintf(out, size, "CPU budget of %lld ms spent", ms);
}

static void say_memory(const struct ob_box *box, char *out, size_t size)
{
    size_t limit = box->limits.memory;
    if (limit % (1024 * 1024) == 0)
        snprintf(out, size, "memory limit of %zu MiB reached", limit / (1024 * 1024));
    else
        snprintf(out, size, "memory limit of %zu KiB reached", limit / 1024);
}

static enum ob_exec fail_spent(const struct ob_script *s, struct ob_err *err)
{
    const struct ob_box *box = &s->box;
    char text[160];
    if (box->spent == OB_SPENT_HOST) {
        if (err)
            *err = box->host_err;
        return OB_EXEC_HOST;
    }
    bool memory = box->spent == OB_SPENT_MEMORY;
    if (memory)
        say_memory(box, text, sizeof text);
    else
        say_budget(s, text, sizeof text);
    const char *where = box->meter.where;
    if (where[0])
        ob_fail(err, OB_ERR_POLICY, "%s%s", where, text);
    else
        ob_fail(err, OB_ERR_POLICY, "%s: %s", s->name, text);
    return memory ? OB_EXEC_MEMORY : OB_EXEC_BUDGET;
}

/* Under a protected call: the raw field "message" of an error that is a table. */
static int l_message(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    return 1;
}

static bool fail_table(lua_State *L, const char *where, struct ob_err *err)
{
    lua_pushcfunction(L, l_message);
    lua_pushvalue(L, -2);
    bool known = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING;
    if (known)
        ob_fail(err, OB_ERR_POLICY, "%s%s", where, lua_tostring(L, -1));
    lua_pop(L, 1);
    return known;
}

/* What Lua says without a line when it happens in a C function. */
static bool placeless(const char *text)
{
    return strcmp(text, "C stack overflow") == 0 || strcmp(text, "error in error handling") == 0;
}

/* The error value is on top of L; T is where it was raised, its stack still as it was. */
static enum ob_exec fail_value(lua_State *L, const char *where, struct ob_err *err)
{
    int type = lua_type(L, -1);
    if (type == LUA_TSTRING)
        ob_fail(err, OB_ERR_POLICY, "%s%s", placeless(lua_tostring(L, -1)) ? where : "",
                lua_tostring(L, -1));
    else if (type == LUA_TNUMBER)
        ob_fail(err, OB_ERR_POLICY, "%serror %.14g", where, (double)lua_tonumber(L, -1));
    else if (type == LUA_TNIL)
        ob_fail(err, OB_ERR_POLICY, "%serror without a message", where);
    else if (type != LUA_TTABLE || !fail_table(L, where, err))
        ob_fail(err, OB_ERR_POLICY, "%san error that is a %s, not a text", where,
                lua_typename(L, type));
    return OB_EXEC_ERROR;
}

/* ---- pcall depth of threads that wait ---- */

struct ob_parked {
    const lua_State *thread;
    int depth;
};

static void park(struct ob_meter *m, const lua_State *T, int depth)
{
    if (depth == 0)
        return;
    m->parked = ob_xrealloc(m->parked, m->parked_count + 1, sizeof *m->parked);
    m->parked[m->parked_count++] = (struct ob_parked){T, depth};
}

static int unpark(struct ob_meter *m, const lua_State *T)
{
    for (size_t i = 0; i < m->parked_count; i++) {
        if (m->parked[i].thread != T)
            continue;
        int depth = m->parked[i].depth;
        m->parked[i] = m->parked[--m->parked_count];
        return depth;
    }
    return 0;
}

/* ---- entries ---- */

bool ob_try(lua_State *L, int nargs, int nresults)
{
    return lua_pcall(L, nargs, nresults, 0) == LUA_OK;
}

lua_State *ob_new_thread(lua_State *L)
{
    ob_charge(L, OB_HOOK_PERIOD);
    lua_State *T = lua_newthread(L);
    ob_arm(T, ob_period(&ob_script_of(L)->box));
    return T;
}

static enum ob_exec ended(struct ob_script *s, lua_State *L, int status, struct ob_err *err)
{
    if (status == LUA_ERRMEM && !s->box.spent)
        s->box.spent = OB_SPENT_MEMORY;
    if (s->box.spent)
        return fail_spent(s, err);
    if (status == LUA_OK)
        return OB_EXEC_DONE;
    if (status == LUA_YIELD)
        return OB_EXEC_WAITING;
    return fail_value(L, s->box.meter.where, err);
}

enum ob_exec ob_resume(struct ob_script *s, lua_State *T, int nargs, int *nresults,
                       struct ob_err *err)
{
    struct ob_box *box = &s->box;
    struct ob_meter *m = &box->meter;
    *nresults = 0;
    if (box->spent)
        return fail_spent(s, err);
    lua_State *outer = m->running;
    int depth = box->pcall_depth, parked = unpark(m, T);
    box->pcall_depth = lua_status(T) == LUA_YIELD ? parked : 0;
    m->running = T;
    ob_arm(T, ob_period(box));
    ob_budget_enter(box);
    int status = lua_resume(T, outer ? outer : s->L, nargs, nresults);
    ob_budget_leave(box);
    m->running = outer;
    if (status == LUA_YIELD)
        park(m, T, box->pcall_depth);
    else if (status != LUA_OK && status != LUA_ERRMEM && !box->spent)
        ob_where(T, m->where, sizeof m->where);
    box->pcall_depth = depth;
    return ended(s, T, status, err);
}

/* A message handler that only takes down the line. It runs inside the hook when that raises, so
 * it must be short and must not call Lua. */
static int l_note_where(lua_State *L)
{
    struct ob_box *box = &ob_script_of(L)->box;
    if (!box->spent)
        ob_where(L, box->meter.where, sizeof box->meter.where);
    return 1;
}

enum ob_exec ob_pcall(struct ob_script *s, int nargs, int nresults, struct ob_err *err)
{
    struct ob_box *box = &s->box;
    struct ob_meter *m = &box->meter;
    lua_State *L = s->L, *outer = m->running;
    int base = lua_gettop(L) - nargs, depth = box->pcall_depth;
    if (box->spent) {
        lua_settop(L, base - 1);
        return fail_spent(s, err);
    }
    lua_pushcfunction(L, l_note_where);
    lua_insert(L, base);
    m->running = L;
    ob_arm(L, ob_period(box));
    ob_budget_enter(box);
    int status = lua_pcall(L, nargs, nresults, base);
    ob_budget_leave(box);
    m->running = outer;
    box->pcall_depth = depth;
    lua_remove(L, base);
    enum ob_exec e = ended(s, L, status, err);
    if (e != OB_EXEC_DONE)
        lua_settop(L, base - 1);
    return e;
}

enum ob_exec ob_protect(struct ob_script *s, lua_CFunction f, void *arg, struct ob_err *err)
{
    lua_pushcfunction(s->L, f);
    lua_pushlightuserdata(s->L, arg);
    return ob_pcall(s, 1, 0, err);
}

enum ob_status ob_exec_status(enum ob_exec e, const struct ob_err *err)
{
    if (e == OB_EXEC_DONE || e == OB_EXEC_WAITING)
        return OB_OK;
    return e == OB_EXEC_HOST && err ? err->status : OB_ERR_POLICY;
}
