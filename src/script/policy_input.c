/* The inputs of a policy: what the operator bound to a name, as a roster. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/policy_parts.h"

const struct ob_bound_input *ob_policy_input(const struct ob_policy *p, const char *name)
{
    for (size_t i = 0; i < p->opt.input_count; i++)
        if (strcmp(p->opt.inputs[i].name, name) == 0)
            return &p->opt.inputs[i];
    return NULL;
}

static const char *text_option(lua_State *L, int opts, const char *name)
{
    if (!lua_istable(L, opts))
        return NULL;
    lua_pushstring(L, name);
    lua_rawget(L, opts);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "option %s must be a text", name);
    return lua_tostring(L, -1); /* stays on the stack, so that it lives */
}

/* How it is read, for a wait that reads it again. */
static void remember(struct ob_policy *p, const struct ob_bound_input *in,
                     const struct ob_input_options *o)
{
    struct ob_input_use *u = &p->uses[in - p->opt.inputs];
    if (u->used)
        return;
    u->used = true;
    u->format = o->format;
    u->encoding = o->encoding ? ob_xstrdup(o->encoding) : NULL;
    u->separator = o->separator ? ob_xstrdup(o->separator) : NULL;
    u->key = o->key ? ob_xstrdup(o->key) : NULL;
}

struct ob_input_options ob_policy_input_options(const struct ob_policy *p,
                                                const struct ob_bound_input *in)
{
    const struct ob_input_use *u = &p->uses[in - p->opt.inputs];
    return (struct ob_input_options){u->format, u->encoding, u->separator, u->key,
                                     p->opt.allow_empty};
}

void ob_policy_inputs_free(struct ob_policy *p)
{
    for (size_t i = 0; p->uses && i < p->opt.input_count; i++) {
        free(p->uses[i].encoding);
        free(p->uses[i].separator);
        free(p->uses[i].key);
        ob_value_fini(&p->uses[i].columns);
        if (p->uses[i].table)
            ob_table_unref(p->uses[i].table);
    }
    free(p->uses);
}

/* The rosters are told which input they are from, and tell what they were used for. */
static void link_table(struct ob_policy *p, const struct ob_bound_input *in, struct ob_table *t)
{
    struct ob_input_use *u = &p->uses[in - p->opt.inputs];
    t->input = (size_t)(in - p->opt.inputs) + 1;
    t->told_apart = &u->told_apart;
    if (u->table)
        ob_table_unref(u->table);
    u->table = ob_table_ref(t);
}

/* [-0, +0, e] What the options expect of it; argument 2. */
static void take_expect(lua_State *L, struct ob_input_use *use)
{
    if (!lua_istable(L, 2))
        return;
    lua_pushliteral(L, "expect");
    lua_rawget(L, 2);
    ob_health_expect(L, lua_gettop(L), use);
    lua_pop(L, 1);
}

/* [-0, +1, e] input.csv "leavers" */
static int read_input(lua_State *L, enum ob_format format)
{
    static const char *const names[] = {"key", "encoding", "separator", "expect", NULL};
    struct ob_policy *p = ob_policy_of(L);
    const char *name = luaL_checkstring(L, 1);
    struct ob_err err;
    ob_policy_known(L, 2, names);
    lua_settop(L, 2);
    const struct ob_bound_input *in = ob_policy_input(p, name);
    const struct ob_rehearsing *rehearsing = p->opt.rehearsing;
    if (!in && rehearsing && rehearsing->missing)
        rehearsing->missing(rehearsing->ctx, name, format);
    if (!in) {
        char why[300];
        snprintf(why, sizeof why, "input \"%s\" is not bound to a file: --input %s=FILE", name,
                 name);
        return ob_policy_raise(L, OB_ERR_INPUT, why);
    }
    struct ob_input_options o = {.format = format, .allow_empty = p->opt.allow_empty};
    o.encoding = text_option(L, 2, "encoding");
    o.separator = text_option(L, 2, "separator");
    o.key = text_option(L, 2, "key");
    if (!o.key)
        o.key = p->key;
    ob_charge(L, in->bytes.len / 8);
    struct ob_table **slot = ob_policy_push_slot(L);
    remember(p, in, &o);
    take_expect(L, &p->uses[in - p->opt.inputs]);
    if (ob_record_input(p, in, &err) != OB_OK ||
        ob_table_parse(slot, in->source, ob_buf_str(&in->bytes), in->bytes.len, &o, &err) != OB_OK)
        return ob_raise_host(L, &err);
    link_table(p, in, *slot);
    if (p->opt.mode == OB_MODE_PLAN &&
        ob_health_input(p, in, &in->bytes, *slot, in->mtime_ms, &err) != OB_OK)
        return ob_raise_host(L, &err);
    ob_policy_push_table(L, slot);
    return 1;
}

static int l_csv(lua_State *L)
{
    return read_input(L, OB_FORMAT_CSV);
}

static int l_json(lua_State *L)
{
    return read_input(L, OB_FORMAT_JSON);
}

static int l_lines(lua_State *L)
{
    return read_input(L, OB_FORMAT_LINES);
}

static int l_key(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    const char *column = luaL_checkstring(L, 1);
    free(p->key);
    p->key = ob_xstrdup(column);
    return 0;
}

/* [-0, +0, e] Only policies have inputs; other scripts have rosters as well. */
static void add_method(lua_State *L)
{
    luaL_getmetatable(L, "ob.roster");
    lua_getfield(L, -1, "__index");
    lua_getupvalue(L, -1, 1); /* the methods: ob_index_class */
    lua_pushcfunction(L, ob_health_method);
    lua_setfield(L, -2, "expect");
    lua_pop(L, 3);
}

void ob_open_policy_input(lua_State *L)
{
    static const luaL_Reg input[] = {
        {"csv", l_csv}, {"json", l_json}, {"lines", l_lines}, {NULL, NULL}};
    ob_push_env(L);
    lua_pushcfunction(L, l_key);
    lua_setfield(L, -2, "key");
    luaL_newlib(L, input);
    ob_seal(L);
    lua_setfield(L, -2, "input");
    lua_pop(L, 1);
    add_method(L);
}
