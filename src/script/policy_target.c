/* target "name" and what can be done with it: one method for each action of its provider, list(),
 * the provider's other readings, and request{}. A proposal is checked against guards and ceiling
 * before it reaches the engine. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/chunk.h"
#include "engine/plan.h"
#include "script/policy_parts.h"
#include "script/provider.h"
#include "script/target.h"

#define TARGET "ob.target"

static struct ob_policy_target *check_target(lua_State *L, int arg)
{
    return *(struct ob_policy_target **)luaL_checkudata(L, arg, TARGET);
}

/* The rest of a C function once the task's op is done: see each *_k. */
static int wait_for(lua_State *L, struct ob_op *op, lua_KFunction k)
{
    ob_policy_of(L)->current->op = op;
    return lua_yieldk(L, 0, 0, k);
}

/* ---- the people of a proposal, as C arrays that Lua owns ---- */

struct people {
    size_t count;
    const struct ob_roster *roster;
    const char **keys, **ids; /* lent by the roster's tables */
};

static int input_error(lua_State *L, const struct ob_member *m, const char *what)
{
    struct ob_err err;
    int64_t line = ob_table_line(m->table, m->row);
    if (line > 0)
        ob_fail(&err, OB_ERR_INPUT, "%s:%lld: %s", m->table->source, (long long)line, what);
    else
        ob_fail(&err, OB_ERR_INPUT, "%s: %s", m->table->source, what);
    return ob_raise_host(L, &err);
}

static const char *person_id(lua_State *L, const struct ob_member *m, const char *column)
{
    char what[400];
    const char *id = column ? ob_member_cell(m, column) : ob_member_key(m);
    if (!id)
        luaL_error(L, "%s has no column \"%s\" for id", m->table->source, column);
    const char *wrong = ob_provider_id_wrong(id, strlen(id));
    if (!wrong)
        return id;
    snprintf(what, sizeof what, "%s%s%s %s; fill it, or leave the row out with :where",
             column ? "column \"" : "the name", column ? column : "", column ? "\"" : "", wrong);
    input_error(L, m, what);
    return NULL;
}

/* Two people with one account: whose is it? Refused, with both names. */
static void check_doubles(lua_State *L, const struct people *p, const char *column)
{
    lua_newtable(L);
    for (size_t i = 0; i < p->count; i++) {
        if (lua_getfield(L, -1, p->ids[i]) != LUA_TNIL) {
            char what[600];
            struct ob_member m = ob_roster_at(p->roster, i);
            snprintf(what, sizeof what, "%s and %s have the same %s \"%s\"", lua_tostring(L, -1),
                     p->keys[i], column ? column : "id", p->ids[i]);
            input_error(L, &m, what);
        }
        lua_pop(L, 1);
        lua_pushstring(L, p->keys[i]);
        lua_setfield(L, -2, p->ids[i]);
    }
    lua_pop(L, 1);
}

/* [-0, +1, e] */
static struct people *push_people(lua_State *L, int roster, const char *column)
{
    const struct ob_roster *r = ob_check_roster(L, roster);
    struct people *p = lua_newuserdatauv(L, sizeof *p + 2 * r->count * sizeof(char *), 0);
    p->count = r->count;
    p->roster = r;
    p->keys = (const char **)(p + 1);
    p->ids = p->keys + r->count;
    for (size_t i = 0; i < r->count; i++) {
        struct ob_member m = ob_roster_at(r, i);
        p->keys[i] = ob_member_key(&m);
        p->ids[i] = person_id(L, &m, column);
    }
    ob_charge(L, r->count);
    check_doubles(L, p, column);
    return p;
}

static const char *guard_cell(void *ctx, size_t person, const char *column)
{
    const struct people *p = ctx;
    struct ob_member m = ob_roster_at(p->roster, person);
    return ob_member_cell(&m, column);
}

/* ---- options of a proposal ---- */

static int positive(lua_State *L, const struct ob_value *options, const char *name)
{
    const struct ob_value *v = ob_map_get(options, name);
    if (!v || v->type == OB_NULL)
        return 0;
    double n = v->type == OB_INT ? (double)v->i : v->type == OB_NUM ? v->n : 0;
    if (!(n >= 1 && n <= 1000000) || n != (double)(int)n)
        luaL_error(L, "option %s must be a whole number of 1 or more", name);
    return (int)n;
}

static void check_ramp(lua_State *L, const struct ob_value *ramp)
{
    if (!ramp)
        return;
    if (ramp->type != OB_LIST || !ramp->list.count)
        luaL_error(L, "option ramp is a list such as { 1, 5, \"20%%\" }");
    for (size_t i = 0; i < ramp->list.count; i++)
        if (!ob_share_of(&ramp->list.items[i], 100))
            luaL_error(L,
                       "option ramp: entry %d is neither a number of 1 or more nor a share such "
                       "as \"20%%\"",
                       (int)i + 1);
}

static void check_names(lua_State *L, const struct ob_value *options)
{
    static const char *const names[] = {"id", "chunk", "parallel", "ramp", NULL};
    for (size_t i = 0; options->type == OB_MAP && i < options->map.count; i++) {
        const char *const *n = names;
        while (*n && strcmp(*n, options->map.pairs[i].key.p) != 0)
            n++;
        if (!*n)
            luaL_error(L, "unknown option \"%s\"; an action takes id, chunk, parallel, ramp",
                       options->map.pairs[i].key.p);
    }
}

/* ---- actions ---- */

/* [-0, +1, e] the step is over: its outcome. The roster is at index 2. */
static int action_k(lua_State *L, int status, lua_KContext ctx)
{
    const struct ob_op *op = ob_policy_of(L)->answer;
    (void)status, (void)ctx;
    ob_push_outcome(L, 2, op->people, op->count);
    return 1;
}

static void fill_spec(lua_State *L, struct ob_step_spec *spec, struct ob_policy_target *pt,
                      const struct ob_action *a, const struct ob_value *options)
{
    check_names(L, options);
    *spec = (struct ob_step_spec){.target = pt->t, .action = a, .options = options};
    spec->chunk = positive(L, options, "chunk");
    spec->parallel = positive(L, options, "parallel");
    spec->ramp = ob_map_get(options, "ramp");
    check_ramp(L, spec->ramp);
    const struct ob_value *id = ob_map_get(options, "id");
    if (id && id->type != OB_STR)
        luaL_error(L, "option id is the name of a column");
}

/* [-1, +1|yield, e] With everything checked: plan records, apply carries out. */
static int propose(lua_State *L, struct ob_step_spec *spec)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_err err;
    struct ob_op *op = NULL;
    char digest[65];
    enum ob_status st = OB_OK;
    ob_step_digest(spec->target->name, spec->action->name, spec->ids, spec->count, digest);
    spec->path = ob_policy_push_path(L);
    spec->digest = digest;
    p->proposed = true;
    if (p->opt.mode == OB_MODE_PLAN)
        st = ob_record_step(p, spec->path, spec, &err);
    else
        st = ob_ceiling_take(p->ceiling, spec->target->name, spec->action->name, spec->keys,
                             spec->ids, spec->count, &err);
    if (st == OB_OK && p->opt.mode == OB_MODE_APPLY && spec->count)
        st = ob_engine_step(p->engine, spec, &op, &err);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    if (op)
        return wait_for(L, op, action_k);
    ob_push_assumed(L, 2);
    return 1;
}

/* meeting:disable(people, { id = "meeting_account", chunk = 100 }); upvalue: the action. */
static int l_action(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_policy_target *pt = check_target(L, 1);
    const struct ob_action *a = lua_touserdata(L, lua_upvalueindex(1));
    struct ob_step_spec spec;
    struct ob_err err;
    lua_settop(L, 3);
    ob_policy_may_wait(L, a->name);
    ob_check_roster(L, 2);
    struct ob_value *options = ob_policy_push_owned(L);
    if (lua_istable(L, 3))
        ob_check_value(L, 3, options);
    else if (!lua_isnil(L, 3))
        luaL_argerror(L, 3, "options must be a table");
    if (options->type != OB_MAP && ob_list_count(options))
        luaL_argerror(L, 3, "options have names, such as { chunk = 100 }");
    if (options->type != OB_MAP)
        ob_value_set_map(options);
    fill_spec(L, &spec, pt, a, options);
    struct people *people = push_people(L, 2, ob_map_str(options, "id"));
    spec.keys = people->keys;
    spec.ids = people->ids;
    spec.count = people->count;
    if (ob_guard_step(p->guard, pt->t, a, spec.keys, spec.ids, spec.count, guard_cell, people,
                      &err) != OB_OK)
        return ob_raise_host(L, &err);
    return propose(L, &spec);
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
                               .t = check_target(L, 1)->t,
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
    struct ob_policy_target *pt = check_target(L, 1);
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
    return wait_for(L, op, reading_k);
}

/* ---- the target itself ---- */

static int no_such_action(lua_State *L, const struct ob_provider_info *info, const char *name)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < info->action_count; i++) {
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
    struct ob_policy_target *pt = check_target(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const struct ob_provider_info *info = pt->t->provider.info;
    const struct ob_action *a = ob_provider_action(info, name);
    if (a) {
        lua_pushlightuserdata(L, (void *)a);
        lua_pushcclosure(L, l_action, 1);
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
    lua_pushstring(L, check_target(L, 1)->t->name);
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
