/* target:request{ method=, path=, query=, headers=, json= | form= | body= }: one signed call of a
 * policy's own, for prototypes. A reading is sent also while planning; anything else is a
 * proposal like an action: the plan lists it, and only what the plan lists is sent. */
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "engine/plan.h"
#include "script/policy_parts.h"

/* An ob_request that Lua owns. */
static int l_request_gc(lua_State *L)
{
    ob_request_fini(lua_touserdata(L, 1));
    return 0;
}

/* [-0, +1, e] */
static struct ob_request *push_request(lua_State *L, const char *method, const char *path)
{
    struct ob_request *r = lua_newuserdatauv(L, sizeof *r, 0);
    ob_request_init(r, method, path);
    if (luaL_newmetatable(L, "ob.request")) {
        lua_pushcfunction(L, l_request_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return r;
}

static const char *text_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, 2);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "request: %s must be a text", name);
    return lua_tostring(L, -1); /* stays on the stack */
}

static void scalar_text(lua_State *L, const char *what, const struct ob_value *v,
                        struct ob_buf *out)
{
    if (v->type == OB_STR)
        ob_buf_add(out, v->s.p, v->s.len);
    else if (v->type == OB_INT || v->type == OB_NUM || v->type == OB_BOOL)
        ob_json_write(out, v);
    else
        luaL_error(L, "request: %s must hold texts, numbers and booleans", what);
}

/* { name = value | list of values } in order of name, so that the bytes are the same each time. */
static void add_fields(lua_State *L, const char *what, struct ob_fields *to)
{
    struct ob_value v;
    struct ob_buf text;
    lua_pushstring(L, what);
    lua_rawget(L, 2);
    if (lua_isnil(L, -1))
        return;
    luaL_checktype(L, -1, LUA_TTABLE);
    ob_check_value(L, -1, &v);
    bool good = v.type == OB_MAP;
    ob_buf_init(&text, OB_BUF_SMALL);
    for (size_t i = 0; good && i < v.map.count; i++) {
        const struct ob_value *one = &v.map.pairs[i].value;
        size_t n = one->type == OB_LIST ? one->list.count : 1;
        for (size_t k = 0; good && k < n; k++) {
            const struct ob_value *s = one->type == OB_LIST ? &one->list.items[k] : one;
            good = s->type != OB_MAP && s->type != OB_LIST && s->type != OB_NULL;
            ob_buf_clear(&text);
            if (good) {
                scalar_text(L, what, s, &text);
                ob_fields_add(to, v.map.pairs[i].key.p, ob_buf_str(&text));
            }
        }
    }
    ob_buf_fini(&text);
    ob_value_fini(&v);
    if (!good)
        luaL_error(L, "request: %s must be names with texts, numbers or lists of them", what);
    ob_fields_sort(to);
}

static void add_json(lua_State *L, struct ob_request *r)
{
    lua_pushstring(L, "json");
    lua_rawget(L, 2);
    if (lua_isnil(L, -1))
        return;
    size_t len;
    ob_json_encode(L, -1);
    const char *text = lua_tolstring(L, -1, &len);
    ob_buf_add(&r->body, text, len);
    if (!ob_fields_get(&r->headers, "Content-Type"))
        ob_fields_set(&r->headers, "Content-Type", "application/json");
}

static void add_form(lua_State *L, struct ob_request *r)
{
    struct ob_fields form = {0};
    add_fields(L, "form", &form);
    if (form.count) {
        ob_form_encode(&form, &r->body);
        ob_fields_set(&r->headers, "Content-Type", "application/x-www-form-urlencoded");
    }
    ob_fields_fini(&form);
}

/* What the host sets may not be set by a policy: the signature must cover what is sent. */
static void check_headers(lua_State *L, const struct ob_request *r)
{
    static const char *const own[] = {"Host", "Authorization", "Content-Length",
                                      "Transfer-Encoding", "X-Access-Token", "X-Auth-Token",
                                      "X-Security-Token", "X-Request-Id", NULL};
    for (const char *const *name = own; *name; name++)
        if (ob_fields_get(&r->headers, *name))
            luaL_error(L, "request: header %s is set by the host", *name);
}

static void check_names(lua_State *L)
{
    static const char *const names[] = {"method", "path", "query", "headers", "json", "form",
                                        "body",   "action", "version", NULL};
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        const char *const *n = names;
        while (*n && strcmp(*n, name) != 0)
            n++;
        if (!*n)
            luaL_error(L, "request: unknown field \"%s\"", name);
        lua_pop(L, 1);
    }
}

/* [-0, +k, e] The request of the table at 2; on the stack, with what it needed. */
static struct ob_request *read_request(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    check_names(L);
    const char *method = text_field(L, "method"), *path = text_field(L, "path");
    struct ob_err err;
    struct ob_buf clean;
    char up[8];
    size_t n = 0;
    for (const char *c = method ? method : "GET"; *c && n < sizeof up - 1; c++)
        up[n++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    up[n] = '\0';
    ob_buf_init(&clean, OB_BUF_SMALL);
    ob_path_clean(&clean, path ? path : "/", strlen(path ? path : "/"));
    struct ob_request *r = push_request(L, up, ob_buf_str(&clean));
    ob_buf_fini(&clean);
    add_fields(L, "query", &r->query);
    add_fields(L, "headers", &r->headers);
    check_headers(L, r);
    const char *body = text_field(L, "body");
    if (body)
        ob_buf_add(&r->body, body, lua_rawlen(L, -1));
    add_json(L, r);
    add_form(L, r);
    const char *action = text_field(L, "action"), *version = text_field(L, "version");
    r->rpc_action = action ? ob_xstrdup(action) : NULL;
    r->rpc_version = version ? ob_xstrdup(version) : NULL;
    if (ob_request_check(r, &err) != OB_OK)
        luaL_error(L, "request: %s", err.message);
    return r;
}

/* ---- answers ---- */

/* [-0, +1|3, e] { status, headers, body, json } or nil, message, code */
static int push_answer(lua_State *L, const struct ob_value *v)
{
    const char *code = ob_map_str(v, "code");
    if (code) {
        lua_pushnil(L);
        lua_pushstring(L, ob_map_str(v, "message"));
        lua_pushstring(L, code);
        return 3;
    }
    ob_push_value(L, v);
    const struct ob_value *body = ob_map_get(v, "body");
    if (body && body->type == OB_STR && body->s.len &&
        ob_json_decode(L, body->s.p, body->s.len)) /* no JSON is no error here */
        lua_setfield(L, -2, "json");
    return 1;
}

/* A settled request of an earlier process comes as the text that the ledger kept. */
static int push_settled(lua_State *L, const struct ob_value *v)
{
    struct ob_value kept;
    struct ob_err err;
    if (v->type != OB_STR)
        return push_answer(L, v);
    if (ob_script_json(v->s.p, v->s.len, &kept, &err) != OB_OK)
        return ob_raise_host(L, &err);
    int n = push_answer(L, &kept);
    ob_value_fini(&kept);
    return n;
}

/* Stack: target, table, ..., and at `ctx` the path of a reading (0: none). */
static int request_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_policy_target *pt = *(struct ob_policy_target **)lua_touserdata(L, 1);
    struct ob_op *op = p->current->op;
    struct ob_err err;
    (void)status;
    if (ctx && ob_record_reading(p, lua_tostring(L, (int)ctx), pt->t, "request", &op->value,
                                 &err) != OB_OK)
        return ob_raise_host(L, &err);
    int n = push_settled(L, &op->value);
    ob_op_free(p->current->op);
    p->current->op = NULL;
    return n;
}

static int not_while_planning(lua_State *L, struct ob_policy *p, const char *path,
                              const struct ob_target *t, const struct ob_request *r)
{
    ob_record_raw(p, path, t, r);
    lua_pushnil(L);
    lua_pushliteral(L, "not sent while planning");
    lua_pushliteral(L, "planned");
    return 3;
}

static int send_it(lua_State *L, struct ob_policy *p, const char *path, struct ob_target *t,
                   const struct ob_request *r, int reading_path)
{
    struct ob_err err;
    struct ob_op *op;
    char digest[65];
    const char *one = digest;
    enum ob_status st = OB_OK;
    ob_raw_digest(t, r, digest);
    if (!reading_path)
        st = ob_ceiling_take(p->ceiling, t->name, "request", &one, &one, 1, &err);
    if (st == OB_OK)
        st = ob_engine_raw(p->engine, t, path, r, &op, &err);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    p->current->op = op;
    return lua_yieldk(L, 0, reading_path, request_k);
}

int ob_policy_request(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_policy_target *pt = *(struct ob_policy_target **)luaL_checkudata(L, 1, "ob.target");
    lua_settop(L, 2);
    struct ob_request *r = read_request(L);
    char *made = ob_task_path(p);
    lua_pushstring(L, made);
    free(made);
    const char *path = lua_tostring(L, -1);
    int at = lua_gettop(L);
    if (!pt->t->provider.is_read(pt->t->provider.self, r)) {
        if (p->opt.mode == OB_MODE_PLAN)
            return not_while_planning(L, p, path, pt->t, r);
        return send_it(L, p, path, pt->t, r, 0);
    }
    struct ob_value before;
    struct ob_err err;
    bool found = false;
    ob_value_init(&before);
    if (ob_replay_reading(p, path, pt->t, "request", &found, &before, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (!found)
        return send_it(L, p, path, pt->t, r, at);
    int n = push_answer(L, &before);
    ob_value_fini(&before);
    return n;
}
