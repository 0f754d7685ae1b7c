/* target:request{ method=, path=, query=, headers=, json= | form= | body= }: one signed call of a
 * policy's own, for prototypes. A reading is sent also while planning; anything else is a
 * proposal like an action: the plan lists it, and only what the plan lists is sent. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
    struct ob_request *form = push_request(L, "GET", "/"); /* Lua owns the fields while they grow */
    add_fields(L, "form", &form->query);
    if (!form->query.count)
        return;
    ob_form_encode(&form->query, &r->body);
    ob_fields_set(&r->headers, "Content-Type", "application/x-www-form-urlencoded");
}

/* What the host sets may not be set by a policy: the signature must cover what is sent. */
static void check_headers(lua_State *L, const struct ob_request *r)
{
    static const char *const own[] = {"Host",
                                      "Authorization",
                                      "Content-Length",
                                      "Transfer-Encoding",
                                      "X-Access-Token",
                                      "X-Auth-Token",
                                      "X-Security-Token",
                                      "X-Request-Id",
                                      NULL};
    for (const char *const *name = own; *name; name++)
        if (ob_fields_get(&r->headers, *name))
            luaL_error(L, "request: header %s is set by the host", *name);
}

static void check_names(lua_State *L)
{
    static const char *const names[] = {"method", "path", "query",  "headers", "json",
                                        "form",   "body", "action", "version", NULL};
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

static void set_path(struct ob_request *r, const char *path)
{
    struct ob_buf clean;
    ob_buf_init(&clean, OB_BUF_SMALL);
    ob_path_clean(&clean, path, strlen(path));
    free(r->path);
    r->path = ob_buf_take(&clean);
}

/* [-0, +k, e] The request of the table at 2; on the stack, with what it needed. */
static struct ob_request *read_request(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    check_names(L);
    const char *method = text_field(L, "method"), *path = text_field(L, "path");
    struct ob_err err;
    char up[8];
    size_t n = 0;
    for (const char *c = method ? method : "GET"; *c && n < sizeof up - 1; c++)
        up[n++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    up[n] = '\0';
    struct ob_request *r = push_request(L, up, "/");
    if (path)
        set_path(r, path);
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
    struct ob_err err;
    if (v->type != OB_STR)
        return push_answer(L, v);
    struct ob_value *kept = ob_policy_push_owned(L);
    if (ob_script_json(v->s.p, v->s.len, kept, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return push_answer(L, kept);
}

/* The reading whose words are on the stack from `at` on: path, digest of the request. */
static struct ob_reading reading_at(lua_State *L, int at)
{
    struct ob_policy_target *pt = *(struct ob_policy_target **)lua_touserdata(L, 1);
    return (struct ob_reading){
        .path = lua_tostring(L, at), .t = pt->t, .op = "request", .asked = lua_tostring(L, at + 1)};
}

/* Stack: target, table, ..., and at `ctx` the words of a reading (0: it is none). */
static int request_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_err err;
    (void)status;
    if (ctx) {
        struct ob_reading r = reading_at(L, (int)ctx);
        if (ob_record_reading(p, &r, &p->answer->value, &err) != OB_OK)
            return ob_raise_host(L, &err);
    }
    return push_settled(L, &p->answer->value);
}

static int not_while_planning(lua_State *L, struct ob_policy *p, const char *path,
                              const struct ob_target *t, const struct ob_request *r)
{
    struct ob_err err;
    if (ob_record_raw(p, path, t, r, &err) != OB_OK)
        return ob_raise_host(L, &err);
    lua_pushnil(L);
    lua_pushliteral(L, "not sent while planning");
    lua_pushliteral(L, "planned");
    return 3;
}

/* `words`: where those of a reading are on the stack, 0 for anything else. */
static int send_it(lua_State *L, struct ob_policy *p, const char *path, struct ob_target *t,
                   const struct ob_request *r, int words)
{
    struct ob_err err;
    struct ob_op *op;
    char digest[65];
    const char *one = digest, *name = r->rpc_action ? r->rpc_action : r->path;
    enum ob_status st = OB_OK;
    ob_raw_digest(t, r, digest);
    if (!words)
        st = ob_ceiling_take(p->ceiling, t->name, "request", &name, &one, 1, p->current->waits,
                             &err);
    if (st == OB_OK)
        st = ob_engine_raw(p->engine, t, path, r, &op, &err);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    ob_policy_set_op(L, op);
    return lua_yieldk(L, 0, words, request_k);
}

/* [-0, +k, e] A reading of the policy's own: from the plan, or from the cloud. */
static int read_it(lua_State *L, struct ob_policy *p, struct ob_target *t,
                   const struct ob_request *r, int words)
{
    struct ob_value *before = ob_policy_push_owned(L);
    struct ob_reading reading = reading_at(L, words);
    struct ob_err err;
    bool found = false;
    if (ob_replay_reading(p, &reading, &found, before, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return found ? push_answer(L, before) : send_it(L, p, reading.path, t, r, words);
}

/* ---- what an action is there for ---- */

static bool same_path(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    while (n && a[n - 1] == '/')
        n--;
    while (m && b[m - 1] == '/')
        m--;
    return n == m && strncasecmp(a, b, n) == 0;
}

static bool same_call(const struct ob_request *a, const struct ob_request *b)
{
    if (a->rpc_action || b->rpc_action)
        return a->rpc_action && b->rpc_action && strcasecmp(a->rpc_action, b->rpc_action) == 0;
    return strcasecmp(a->method, b->method) == 0 && same_path(a->path, b->path);
}

/* Is this what the action sends? Whom it names does not matter. */
static bool is_call_of(struct ob_provider *provider, const struct ob_action *a,
                       const struct ob_request *r)
{
    struct ob_value args;
    struct ob_request sent;
    struct ob_err err;
    ob_value_init(&args);
    ob_value_set_map(&args);
    struct ob_value *ids = ob_map_put(&args, "ids");
    ob_value_set_list(ids);
    ob_list_push_str(ids, "00000000000000000000000000000000");
    bool same = provider->request(provider->self, a->name, &args, &sent, &err) == OB_OK;
    if (same) {
        same = same_call(&sent, r);
        ob_request_fini(&sent);
    }
    ob_value_fini(&args);
    return same;
}

/* [-0, +0, e] Limits, protection, approvals and evidence are about people, whom a request of the
 * policy's own hides in its body: what an action takes away, only the action may take. */
static void refuse_guarded(lua_State *L, struct ob_target *t, const struct ob_request *r)
{
    const struct ob_provider_info *info = t->provider.info;
    struct ob_err err;
    for (size_t i = 0; i < info->action_count; i++) {
        const struct ob_action *a = &info->actions[i];
        if (a->from_snapshot || (a->kind != OB_KIND_DISABLE && a->kind != OB_KIND_DELETE) ||
            !is_call_of(&t->provider, a, r))
            continue;
        ob_fail(&err, OB_ERR_GUARD,
                "request: this is what %s:%s does, and no guard can see whom it names; use %s:%s",
                t->name, a->name, t->name, a->name);
        ob_raise_host(L, &err);
    }
}

int ob_policy_request(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_policy_target *pt = *(struct ob_policy_target **)luaL_checkudata(L, 1, "ob.target");
    struct ob_err err;
    char digest[65];
    lua_settop(L, 2);
    ob_policy_may_wait(L, "request");
    struct ob_request *r = read_request(L);
    const char *path = ob_policy_push_path(L);
    int words = lua_gettop(L);
    ob_raw_digest(pt->t, r, digest);
    lua_pushstring(L, digest);
    if (pt->t->provider.is_read(pt->t->provider.self, r))
        return read_it(L, p, pt->t, r, words);
    refuse_guarded(L, pt->t, r);
    p->proposed = true;
    if (ob_limiter_check_raw(p->limiter, pt->t->name, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (p->opt.mode == OB_MODE_PLAN)
        return not_while_planning(L, p, path, pt->t, r);
    return send_it(L, p, path, pt->t, r, 0);
}
