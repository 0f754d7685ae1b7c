/* What there is for a policy, asked from the things themselves: the environment it gets, a roster
 * without people, an outcome without people, the targets of the configuration. So the check knows
 * no list of names that could grow old, and says what the sandbox would say. */
#include "script/check_parts.h"
#include "base/mem.h"
#include "script/embed.h"
#include "script/provider.h"
#include "script/target.h"
#include <stdlib.h>
#include <string.h>

#define PROVIDERS "lua/provider/"

/* ---- names of versions to come ---- */

/* policy_env.c puts a function there that holds its own name, to say so when it is called. */
static bool is_later(lua_State *L, const char *name)
{
    if (!lua_iscfunction(L, -1) || !lua_getupvalue(L, -1, 1))
        return false;
    bool later = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), name) == 0;
    lua_pop(L, 1);
    return later;
}

/* ---- one question ---- */

/* [-0, +1, e] What the chunk has as its _ENV. */
static void push_scope(lua_State *L, const struct ob_checker *c)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->chunk_ref);
    lua_getupvalue(L, -1, 1);
    lua_remove(L, -2);
}

/* [-0, +1, e] */
static void push_target(lua_State *L, const char *name)
{
    ob_push_env(L);
    lua_getfield(L, -1, "target");
    lua_remove(L, -2);
    lua_pushstring(L, name);
    lua_callk(L, 1, 1, 0, NULL);
}

/* [-0, +1, e] The thing that is asked for a name. */
static void push_asked(lua_State *L, const struct ob_checker *c, const struct ob_question *q)
{
    switch (q->about) {
    case OB_ABOUT_GLOBAL:
    case OB_ABOUT_ASSIGNED:
        push_scope(L, c);
        break;
    case OB_ABOUT_FIELD:
        push_scope(L, c);
        lua_getfield(L, -1, q->owner);
        break;
    case OB_ABOUT_TEXT:
        lua_pushliteral(L, "");
        break;
    case OB_ABOUT_ROSTER:
        ob_push_roster(L, 0);
        break;
    case OB_ABOUT_OUTCOME:
        ob_push_roster(L, 0);
        ob_push_assumed(L, -1);
        break;
    case OB_ABOUT_TARGET:
        push_target(L, q->owner);
        break;
    }
}

static enum ob_is kind_of(lua_State *L)
{
    switch (lua_type(L, -1)) {
    case LUA_TTABLE:
        return OB_IS_TABLE;
    case LUA_TFUNCTION:
        return OB_IS_FUNCTION;
    case LUA_TSTRING:
        return OB_IS_TEXT;
    default:
        return luaL_testudata(L, -1, "ob.roster") ? OB_IS_ROSTER : OB_IS_OTHER;
    }
}

struct asked {
    const struct ob_checker *c;
    struct ob_question *q;
};

/* [-1, +0, e] Raises when there is no such thing. */
static int l_ask(lua_State *L)
{
    const struct asked *a = lua_touserdata(L, 1);
    struct ob_question *q = a->q;
    push_asked(L, a->c, q);
    if (q->about == OB_ABOUT_ASSIGNED) {
        lua_pushnil(L);
        lua_setfield(L, -2, q->name);
        return 0;
    }
    lua_getfield(L, -1, q->name);
    if (q->about == OB_ABOUT_GLOBAL && is_later(L, q->name))
        return luaL_error(L, "\"%s\" is not part of this version of offboard", q->name);
    if (q->about == OB_ABOUT_FIELD && lua_isnil(L, -1))
        return luaL_error(L, "unknown name \"%s.%s\"", q->owner, q->name);
    if (q->about == OB_ABOUT_TEXT && lua_isnil(L, -1))
        return luaL_error(L, "a text has no method \"%s\"", q->name);
    q->is = kind_of(L);
    return 0;
}

/* Runs f(arg) under the policy's own limits. */
static enum ob_exec protect(struct ob_checker *c, lua_CFunction f, void *arg, struct ob_err *err)
{
    struct ob_script *s = c->policy->script;
    lua_pushcfunction(s->L, f);
    lua_pushlightuserdata(s->L, arg);
    return ob_pcall(s, 1, 0, err);
}

bool ob_check_ask(struct ob_checker *c, struct ob_question *q, struct ob_err *err)
{
    struct asked a = {c, q};
    enum ob_exec how = protect(c, l_ask, &a, err);
    q->is = how == OB_EXEC_DONE ? q->is : OB_IS_OTHER;
    if (how != OB_EXEC_DONE && how != OB_EXEC_ERROR && c->status == OB_OK) {
        c->err = *err; /* not an answer: the check itself came to an end */
        c->status = ob_exec_status(how, err);
    }
    return how != OB_EXEC_ERROR;
}

/* ---- all names ---- */

/* [-0, +0, e] The text keys of the table on top. */
static void add_keys(lua_State *L, struct ob_names *into, const char *owner)
{
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            continue;
        if (owner)
            ob_names_addf(into, owner, lua_tostring(L, -1));
        else
            ob_names_add(into, lua_tostring(L, -1));
    }
}

/* [-0, +1, e] The table behind a sealed one, or the table itself. */
static void push_open(lua_State *L)
{
    int type = luaL_getmetafield(L, -1, "__index");
    if (type == LUA_TTABLE)
        return;
    lua_pop(L, type == LUA_TNIL ? 0 : 1); /* nothing is pushed when there is none */
    lua_pushvalue(L, -1);
}

/* [-0, +0, e] Globals, and what is in those that are tables. */
static void collect_globals(lua_State *L, struct ob_checker *c)
{
    ob_push_env(L);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        if (name && !is_later(L, name))
            ob_names_add(&c->globals, name);
        if (name && lua_istable(L, -1)) {
            push_open(L);
            add_keys(L, &c->fields, name);
            add_keys(L, &c->defined, NULL); /* math:type() is odd, not wrong */
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* [-0, +1|0, e] The table of methods of the class on top: its __index, or that function's first
 * upvalue (ob_index_class). */
static bool push_methods(lua_State *L)
{
    lua_pushliteral(L, "__index");
    int type = lua_rawget(L, -2);
    if (type == LUA_TFUNCTION && lua_getupvalue(L, -1, 1))
        lua_remove(L, -2);
    if (lua_istable(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

/* Classes that are asked by what they hold; any other one that keeps its methods to itself makes
 * methods of unknown things unknowable. */
static bool asked_directly(const char *class)
{
    return strcmp(class, "ob.outcome") == 0 || strcmp(class, "ob.target") == 0;
}

/* [-0, +0, e] The class on top. */
static void collect_class(lua_State *L, struct ob_checker *c, const char *class)
{
    if (push_methods(L)) {
        add_keys(L, &c->methods, NULL);
        if (strcmp(class, "ob.roster") == 0)
            add_keys(L, &c->roster, NULL);
        lua_pop(L, 1);
        return;
    }
    lua_pushliteral(L, "__index");
    if (lua_rawget(L, -2) != LUA_TNIL && !asked_directly(class))
        c->computed = true;
    lua_pop(L, 1);
}

/* [-1, +0, e] */
static int l_collect(lua_State *L)
{
    struct ob_checker *c = lua_touserdata(L, 1);
    collect_globals(L, c);
    lua_pushnil(L);
    while (lua_next(L, LUA_REGISTRYINDEX)) {
        const char *class = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strncmp(class, "ob.", 3) == 0 && lua_istable(L, -1))
            collect_class(L, c, class);
        lua_pop(L, 1);
    }
    lua_pushliteral(L, "");
    if (lua_getmetatable(L, -1))
        collect_class(L, c, "text");
    return 0;
}

enum ob_status ob_check_collect(struct ob_checker *c, struct ob_err *err)
{
    enum ob_status st = ob_exec_status(protect(c, l_collect, c, err), err);
    ob_names_sort(&c->globals);
    ob_names_sort(&c->fields);
    ob_names_sort(&c->roster);
    return st;
}

/* ---- targets and their providers ---- */

const struct ob_provider_info *ob_check_target(struct ob_checker *c, const char *name,
                                               struct ob_err *err)
{
    for (size_t i = 0; i < c->policy->opt.config->count; i++) {
        struct ob_policy_target *pt = &c->policy->targets[i];
        if (strcmp(pt->config->name, name) != 0)
            continue;
        if (!pt->t && ob_target_open(&pt->t, c->policy->opt.config, pt->config, err) != OB_OK)
            return NULL;
        return pt->t->provider.info;
    }
    return NULL;
}

static void add_actions(struct ob_checker *c, const char *provider)
{
    static const char *const always[] = {"list", "lookup", "request", "name"};
    struct ob_provider p;
    struct ob_err ignored;
    if (ob_provider_open(&p, provider, &ignored) != OB_OK)
        return; /* then no target of it can be opened either, and nothing be done on one */
    for (size_t i = 0; i < p.info->action_count; i++)
        if (!p.info->actions[i].from_snapshot)
            ob_names_add(&c->actions, p.info->actions[i].name);
    for (size_t i = 0; i < p.info->read_count; i++)
        ob_names_add(&c->actions, p.info->reads[i]);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        ob_names_add(&c->actions, always[i]);
    ob_provider_close(&p);
}

/* The provider of each target, or, without a configuration, each that is in this program. */
static void list_providers(const struct ob_checker *c, struct ob_names *out)
{
    for (size_t i = 0; c->config && i < c->config->count; i++)
        ob_names_add(out, c->config->targets[i].provider ? c->config->targets[i].provider : "");
    for (const struct ob_embedded *f = ob_embedded; !c->config && f->name; f++) {
        size_t len = strlen(f->name), head = sizeof PROVIDERS - 1;
        if (strncmp(f->name, PROVIDERS, head) != 0 || len < head + 4)
            continue;
        char *name = ob_xmemdup(f->name + head, len - head - 4);
        ob_names_add(out, name);
        free(name);
    }
    ob_names_sort(out);
}

const struct ob_names *ob_check_actions(struct ob_checker *c)
{
    struct ob_names providers = {0};
    if (c->has_actions)
        return &c->actions;
    c->has_actions = true;
    list_providers(c, &providers);
    for (size_t i = 0; i < providers.count; i++)
        add_actions(c, providers.v[i]);
    ob_names_fini(&providers);
    ob_names_sort(&c->actions);
    return &c->actions;
}
