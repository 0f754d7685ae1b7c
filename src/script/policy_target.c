/* target "name" and what can be done with it: one method for each action of its provider
 * (policy_action.c), list(), the provider's other readings, and request{} (policy_request.c). */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/plan.h"
#include "script/policy_parts.h"
#include "script/provider.h"
#include "script/target.h"

#define TARGET "ob.target"

struct ob_policy_target *ob_policy_check_target(lua_State *L, int arg)
{
    return *(struct ob_policy_target **)luaL_checkudata(L, arg, TARGET);
}

/* A task waits for one thing at a time; another one would answer in its place. */
void ob_policy_set_op(lua_State *L, struct ob_op *op)
{
    struct ob_task *t = ob_policy_of(L)->current;
    if (t->op)
        ob_policy_raise(L, OB_ERR_POLICY, "a step of this policy was left without an answer");
    t->op = op;
}

int ob_policy_wait_for(lua_State *L, struct ob_op *op, lua_KFunction k)
{
    ob_policy_set_op(L, op);
    return lua_yieldk(L, 0, 0, k);
}

/* ---- readings ---- */

/* [-0, +1, e] The rows of a directory as a roster: column "id" first, then "state" and the
 * cloud's own fields; a field of its own called id or state becomes cloud_id, cloud_state. */
static void push_directory(lua_State *L, const char *target, const struct ob_value *rows)
{
    struct ob_value *flat = ob_policy_push_owned(L);
    struct ob_table **slot = ob_policy_push_slot(L);
    struct ob_err err;
    char source[200];
    ob_value_set_list(flat);
    for (size_t i = 0; i < ob_list_count(rows); i++) {
        const struct ob_value *row = ob_list_at(rows, i), *fields = ob_map_get(row, "fields");
        struct ob_value *out = ob_list_push(flat);
        ob_value_set_map(out);
        ob_map_put_str(out, "id", ob_map_str(row, "id"));
        ob_map_put_str(out, "state", ob_map_str(row, "state"));
        for (size_t k = 0; fields && fields->type == OB_MAP && k < fields->map.count; k++) {
            const struct ob_pair *f = &fields->map.pairs[k];
            bool ours = strcmp(f->key.p, "id") == 0 || strcmp(f->key.p, "state") == 0;
            char name[32];
            snprintf(name, sizeof name, "cloud_%.20s", f->key.p);
            ob_value_copy(ob_map_put(out, ours ? name : f->key.p), &f->value);
        }
    }
    snprintf(source, sizeof source, "%s directory", target);
    if (ob_table_from_value(slot, source, flat, "id", &err) != OB_OK)
        ob_raise_host(L, &err);
    ob_policy_push_table(L, slot);
}

/* [-0, +1, e] */
static int push_reading(lua_State *L, const char *target, const char *op,
                        const struct ob_value *answer)
{
    if (strcmp(op, "list") == 0 || strcmp(op, "lookup") == 0)
        push_directory(L, target, answer);
    else
        ob_push_value(L, answer);
    return 1;
}

/* The reading whose words are on the stack: target, arguments, path, op, digest. */
static struct ob_reading reading_at(lua_State *L)
{
    return (struct ob_reading){.path = lua_tostring(L, 3),
                               .t = ob_policy_check_target(L, 1)->t,
                               .op = lua_tostring(L, 4),
                               .asked = lua_tostring(L, 5)};
}

/* [-0, +1, e] */
static int reading_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_reading r = reading_at(L);
    struct ob_err err;
    (void)status, (void)ctx;
    if (strcmp(r.op, "list") == 0 &&
        ob_limits_whole(p, r.t->name, (int64_t)ob_list_count(&p->answer->value), &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (ob_record_reading(p, &r, &p->answer->value, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return push_reading(L, r.t->name, r.op, &p->answer->value);
}

/* Whoever asks for nobody in particular must not get nobody for an answer. */
static void read_ids(lua_State *L, struct ob_value *ids)
{
    luaL_argexpected(L, lua_istable(L, 2), 2, "list of ids");
    ob_check_value(L, 2, ids);
    for (size_t i = 0; i < ob_list_count(ids); i++)
        if (!ob_value_str(ob_list_at(ids, i)) || !*ob_value_str(ob_list_at(ids, i)))
            luaL_argerror(L, 2, "ids are texts");
    if (ids->type != OB_LIST && !(ids->type == OB_MAP && !ids->map.count))
        luaL_argerror(L, 2, "must be a list of ids");
    if (ids->type != OB_LIST)
        ob_value_set_list(ids);
}

static void read_args(lua_State *L, const char *op, struct ob_value *args)
{
    ob_value_set_map(args);
    if (strcmp(op, "lookup") == 0) {
        read_ids(L, ob_map_put(args, "ids"));
    } else if (!lua_isnil(L, 2)) {
        luaL_argexpected(L, lua_istable(L, 2), 2, "table");
        ob_check_value(L, 2, args);
    }
}

/* meeting:list(), studio:roles(), meeting:lookup{ "a", "b" }; upvalue: the operation. */
static int l_reading(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_policy_target *pt = ob_policy_check_target(L, 1);
    char digest[65];
    struct ob_err err;
    struct ob_op *op;
    bool found = false;
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    ob_policy_may_wait(L, lua_tostring(L, 4));
    lua_pushnil(L);
    struct ob_value *args = ob_policy_push_owned(L), *before = ob_policy_push_owned(L);
    read_args(L, lua_tostring(L, 4), args);
    ob_reading_digest(args, digest);
    lua_pushstring(L, digest);
    lua_replace(L, 5);
    ob_policy_push_path(L);
    lua_replace(L, 3);
    struct ob_reading r = reading_at(L);
    if (ob_replay_reading(p, &r, &found, before, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (found)
        return push_reading(L, r.t->name, r.op, before);
    if (ob_engine_read(p->engine, pt->t, r.op, args, &op, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return ob_policy_wait_for(L, op, reading_k);
}

/* ---- the target itself ---- */

static int no_such_action(lua_State *L, const struct ob_provider_info *info, const char *name)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < info->action_count; i++) {
        if (info->actions[i].from_snapshot)
            continue; /* only an undo can use it */
        luaL_addstring(&b, info->actions[i].name);
        luaL_addstring(&b, ", ");
    }
    luaL_addstring(&b, "list, lookup, request");
    luaL_pushresult(&b);
    return luaL_error(L, "%s has no action \"%s\"; it has: %s", info->name, name,
                      lua_tostring(L, -1));
}

static int l_index(lua_State *L)
{
    struct ob_policy_target *pt = ob_policy_check_target(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const struct ob_provider_info *info = pt->t->provider.info;
    const struct ob_action *a = ob_provider_action(info, name);
    if (a && !a->from_snapshot) {
        lua_pushlightuserdata(L, (void *)a);
        lua_pushcclosure(L, ob_policy_action, 1);
    } else if (ob_provider_reads(info, name)) {
        lua_pushvalue(L, 2);
        lua_pushcclosure(L, l_reading, 1);
    } else if (strcmp(name, "request") == 0) {
        lua_pushcfunction(L, ob_policy_request);
    } else if (strcmp(name, "name") == 0) {
        lua_pushstring(L, pt->t->name);
    } else {
        return no_such_action(L, info, name);
    }
    return 1;
}

static int l_tostring(lua_State *L)
{
    lua_pushstring(L, ob_policy_check_target(L, 1)->t->name);
    return 1;
}

static enum ob_status open_target(struct ob_policy *p, struct ob_policy_target *pt,
                                  struct ob_err *err)
{
    if (!pt->t) {
        enum ob_status st = ob_target_open(&pt->t, p->opt.config, pt->config, err);
        if (st != OB_OK)
            return st;
    }
    if (p->opt.mode == OB_MODE_PLAN) {
        ob_record_target(p, pt);
        return OB_OK;
    }
    char *endpoint = ob_endpoint_text(&pt->t->route.endpoint);
    enum ob_status st =
        ob_plan_target(p->opt.plan, pt->t->name, pt->t->provider.info->name, endpoint, err);
    free(endpoint);
    return st;
}

enum ob_status ob_policy_open_target(struct ob_policy *p, const char *name, struct ob_target **out,
                                     struct ob_err *err)
{
    for (size_t i = 0; i < p->opt.config->count; i++) {
        struct ob_policy_target *pt = &p->targets[i];
        if (strcmp(pt->config->name, name) != 0)
            continue;
        enum ob_status st = open_target(p, pt, err);
        *out = pt->t;
        return st;
    }
    return ob_fail(err, OB_ERR_USAGE, "%s has no target \"%s\"; the run to be undone used it",
                   p->opt.config->path, name);
}

static int unknown_target(lua_State *L, const struct ob_policy *p, const char *name)
{
    struct ob_err err;
    char names[600] = "", where[200];
    for (size_t i = 0; i < p->opt.config->count; i++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "",
                 p->opt.config->targets[i].name);
    }
    ob_policy_where(L, where, sizeof where);
    if (p->opt.config->count)
        ob_fail(&err, OB_ERR_POLICY, "%s: no target \"%s\" in %s; it has: %s", where, name,
                p->opt.config->path, names);
    else
        ob_fail(&err, OB_ERR_USAGE,
                "%s: there is no target \"%s\": %s does not exist; offboard new NAME writes one to "
                "fill in, and offboard sim has clouds to try it on",
                where, name, p->opt.config->path);
    return ob_raise_host(L, &err);
}

/* [-0, +1, e] target "meeting" */
static int l_target(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    const char *name = luaL_checkstring(L, 1);
    struct ob_err err;
    for (size_t i = 0; i < p->opt.config->count; i++) {
        struct ob_policy_target *pt = &p->targets[i];
        if (strcmp(pt->config->name, name) != 0)
            continue;
        if (open_target(p, pt, &err) != OB_OK)
            return ob_raise_host(L, &err);
        *(struct ob_policy_target **)lua_newuserdatauv(L, sizeof pt, 0) = pt;
        luaL_setmetatable(L, TARGET);
        return 1;
    }
    return unknown_target(L, p, name);
}

void ob_open_policy_targets(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__index", l_index}, {"__tostring", l_tostring}, {NULL, NULL}};
    luaL_newmetatable(L, TARGET);
    luaL_setfuncs(L, meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    ob_push_env(L);
    lua_pushcfunction(L, l_target);
    lua_setfield(L, -2, "target");
    lua_pop(L, 1);
}
