/* Values across the border between Lua and C, both ways: 64-bit integers kept, depth and size
 * bounded, nothing lost silently. Reading a table uses only calls that cannot raise, so that
 * what was built so far is freed here and never leaks. Secrets cross as handles. */
#include "script/sandbox.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_CLASS   "ob.list"
#define SECRET_CLASS "ob.secret"
#define BUF_CLASS    "ob.buf"

/* Registry keys of the two metatables that are recognised: to look them up by address takes no
 * memory, which luaL_testudata may. */
static const char list_key, secret_key;

static bool has_class(lua_State *L, int index, const void *key)
{
    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* ---- C to Lua ---- */

static void push_list(lua_State *L, const struct ob_value *v, int depth);
static void push_map(lua_State *L, const struct ob_value *v, int depth);

static void push(lua_State *L, const struct ob_value *v, int depth)
{
    luaL_checkstack(L, 4, "value too deep");
    ob_charge(L, 4);
    switch (v->type) {
    case OB_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    case OB_BOOL:
        lua_pushboolean(L, v->b);
        break;
    case OB_INT:
        lua_pushinteger(L, v->i);
        break;
    case OB_NUM:
        lua_pushnumber(L, v->n);
        break;
    case OB_STR:
        lua_pushlstring(L, v->s.p, v->s.len);
        break;
    case OB_LIST:
        push_list(L, v, depth + 1);
        break;
    case OB_MAP:
        push_map(L, v, depth + 1);
        break;
    case OB_SECRET:
        *(int *)lua_newuserdatauv(L, sizeof(int), 0) = v->secret;
        luaL_setmetatable(L, SECRET_CLASS);
        break;
    }
}

static void push_list(lua_State *L, const struct ob_value *v, int depth)
{
    if (depth > OB_VALUE_DEPTH)
        luaL_error(L, "a value nested more than %d deep", OB_VALUE_DEPTH);
    lua_createtable(L, (int)v->list.count, 0);
    if (v->list.count == 0)
        ob_mark_list(L);
    for (size_t i = 0; i < v->list.count; i++) {
        push(L, &v->list.items[i], depth);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_map(lua_State *L, const struct ob_value *v, int depth)
{
    if (depth > OB_VALUE_DEPTH)
        luaL_error(L, "a value nested more than %d deep", OB_VALUE_DEPTH);
    lua_createtable(L, 0, (int)v->map.count);
    for (size_t i = 0; i < v->map.count; i++) {
        const struct ob_pair *p = &v->map.pairs[i];
        lua_pushlstring(L, p->key.p, p->key.len);
        push(L, &p->value, depth);
        lua_rawset(L, -3);
    }
}

void ob_push_value(lua_State *L, const struct ob_value *v)
{
    if (v->type == OB_NULL)
        lua_pushnil(L);
    else
        push(L, v, 0);
}

/* ---- shape of a table ---- */

enum ob_shape ob_table_shape(lua_State *L, int index, size_t *count)
{
    size_t n = 0, texts = 0;
    lua_Integer greatest = 0;
    bool mixed = false;
    *count = 0;
    if (!lua_checkstack(L, 4))
        return OB_SHAPE_MIXED;
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index); n++) {
        lua_pop(L, 1);
        lua_Integer i = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        texts += lua_type(L, -1) == LUA_TSTRING;
        mixed |= i <= 0 && lua_type(L, -1) != LUA_TSTRING;
        greatest = i > greatest ? i : greatest;
        if (n % 64 == 63 && !ob_charge_quiet(L, 64)) {
            lua_pop(L, 1);
            return OB_SHAPE_MIXED;
        }
    }
    *count = n;
    if (n == 0)
        return has_class(L, index, &list_key) ? OB_SHAPE_LIST : OB_SHAPE_MAP;
    if (!mixed && texts == n)
        return OB_SHAPE_MAP;
    return !mixed && texts == 0 && (size_t)greatest == n ? OB_SHAPE_LIST : OB_SHAPE_MIXED;
}

/* ---- Lua to C ---- */

/* The way down to the value that is read, for messages and against circles. */
struct path {
    const struct path *up;
    const void *table;
    const char *key; /* NULL: the index */
    lua_Integer index;
};

struct reader {
    lua_State *L;
    struct ob_err *err;
    size_t nodes, bytes, max_bytes;
};

static bool read_value(struct reader *r, int index, struct ob_value *out, const struct path *up,
                       int depth);

static void say_path(const struct path *p, char *out, size_t size)
{
    if (!p) {
        snprintf(out, size, "the value");
        return;
    }
    say_path(p->up, out, size);
    size_t len = strlen(out);
    if (p->key)
        snprintf(out + len, size - len, ".%.40s", p->key);
    else
        snprintf(out + len, size - len, "[%lld]", (long long)p->index);
}

static bool refuse(struct reader *r, const struct path *at, const char *what)
{
    char path[400];
    say_path(at, path, sizeof path);
    ob_fail(r->err, OB_ERR_POLICY, "%s: %s", path, what);
    return false;
}

/* Counts what is built in C; a script may not have more of it than of memory of its own. */
static bool count(struct reader *r, const struct path *at, size_t bytes)
{
    r->nodes++;
    r->bytes += bytes;
    if (r->nodes > r->max_bytes / 64)
        return refuse(r, at, "too many values");
    if (r->bytes > r->max_bytes)
        return refuse(r, at, "too large");
    if (r->nodes % 64 == 0 && !ob_charge_quiet(r->L, 64 * 8))
        return refuse(r, at, "the budget is spent");
    return true;
}

static bool read_list(struct reader *r, int index, size_t n, struct ob_value *out, struct path *at,
                      int depth)
{
    ob_value_set_list(out);
    at->key = NULL;
    for (at->index = 1; at->index <= (lua_Integer)n; at->index++) {
        lua_rawgeti(r->L, index, at->index);
        bool good = read_value(r, lua_gettop(r->L), ob_list_push(out), at, depth);
        lua_pop(r->L, 1);
        if (!good)
            return false;
    }
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct ob_str *x = &((const struct ob_pair *)a)->key;
    const struct ob_str *y = &((const struct ob_pair *)b)->key;
    int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Into `pairs`, in Lua's order, which differs from run to run. The keys' bytes stay Lua's. */
static bool read_pairs(struct reader *r, int index, struct ob_pair *pairs, size_t *n,
                       struct path *at, int depth)
{
    lua_State *L = r->L;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        struct ob_pair *p = &pairs[*n];
        p->key.p = (char *)(uintptr_t)lua_tolstring(L, -2, &p->key.len);
        at->key = p->key.p;
        ob_value_init(&p->value);
        ++*n;
        if (!count(r, at, p->key.len) || !read_value(r, lua_gettop(L), &p->value, at, depth)) {
            lua_pop(L, 2);
            return false;
        }
    }
    return true;
}

/* Maps keep the order in which they were filled: filled in the order of their keys, they are the
 * same in every process. */
static bool read_map(struct reader *r, int index, size_t most, struct ob_value *out,
                     struct path *at, int depth)
{
    size_t n = 0;
    struct ob_pair *pairs = ob_xcalloc(most, sizeof *pairs);
    bool good = read_pairs(r, index, pairs, &n, at, depth);
    qsort(pairs, n, sizeof *pairs, by_key);
    ob_value_set_map(out);
    for (size_t i = 0; i < n; i++) {
        if (good)
            ob_value_move(ob_map_putn(out, pairs[i].key.p, pairs[i].key.len), &pairs[i].value);
        ob_value_fini(&pairs[i].value);
    }
    free(pairs);
    return good;
}

static bool read_table(struct reader *r, int index, struct ob_value *out, const struct path *up,
                       int depth)
{
    struct path at = {up, lua_topointer(r->L, index), NULL, 0};
    if (depth >= OB_VALUE_DEPTH)
        return refuse(r, up, "nested too deeply");
    for (const struct path *p = up; p; p = p->up)
        if (p->table == at.table)
            return refuse(r, up, "a table that contains itself");
    size_t n;
    switch (ob_table_shape(r->L, index, &n)) {
    case OB_SHAPE_LIST:
        return read_list(r, index, n, out, &at, depth + 1);
    case OB_SHAPE_MAP:
        return read_map(r, index, n, out, &at, depth + 1);
    default:
        return refuse(r, up, "neither a list nor a table with text keys only");
    }
}

static bool read_userdata(struct reader *r, int index, struct ob_value *out, const struct path *up)
{
    if (!has_class(r->L, index, &secret_key))
        return refuse(r, up, "a userdata, not plain data");
    ob_value_set_secret(out, *(const int *)lua_touserdata(r->L, index));
    return true;
}

static bool read_value(struct reader *r, int index, struct ob_value *out, const struct path *up,
                       int depth)
{
    lua_State *L = r->L;
    char what[64];
    ob_value_init(out);
    if (!count(r, up, 2 * sizeof *out) || !lua_checkstack(L, 6))
        return r->err->message[0] ? false : refuse(r, up, "too deep");
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return true;
    case LUA_TBOOLEAN:
        ob_value_set_bool(out, lua_toboolean(L, index));
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            ob_value_set_int(out, lua_tointeger(L, index));
        else
            ob_value_set_num(out, lua_tonumber(L, index));
        return true;
    case LUA_TSTRING: {
        size_t len = lua_rawlen(L, index);
        if (!count(r, up, len))
            return false;
        ob_value_set_strn(out, lua_tostring(L, index), len);
        return true;
    }
    case LUA_TTABLE:
        return read_table(r, index, out, up, depth);
    case LUA_TUSERDATA:
        return read_userdata(r, index, out, up);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, index))
            return true;
        break;
    default:
        break;
    }
    snprintf(what, sizeof what, "a %s, not plain data", lua_typename(L, lua_type(L, index)));
    return refuse(r, up, what);
}

bool ob_to_value(lua_State *L, int index, struct ob_value *out, struct ob_err *err)
{
    struct ob_err local;
    struct reader r = {L, err ? err : &local, 0, 0, ob_script_of(L)->box.limits.memory};
    r.err->message[0] = '\0';
    ob_value_init(out);
    if (read_value(&r, lua_absindex(L, index), out, NULL, 0))
        return true;
    ob_value_fini(out);
    return false;
}

void ob_check_value(lua_State *L, int index, struct ob_value *out)
{
    struct ob_err err;
    if (ob_to_value(L, index, out, &err))
        return;
    if (ob_script_of(L)->box.spent)
        ob_raise_spent(L);
    luaL_error(L, "%s", err.message);
}

/* ---- classes ---- */

void ob_mark_list(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key);
    lua_setmetatable(L, -2);
}

struct ob_buf *ob_push_buf(lua_State *L)
{
    struct ob_buf *b = lua_newuserdatauv(L, sizeof *b, 0);
    ob_buf_init(b, 0);
    luaL_setmetatable(L, BUF_CLASS);
    return b;
}

static int l_buf_gc(lua_State *L)
{
    ob_buf_fini(lua_touserdata(L, 1));
    return 0;
}

static int l_secret_tostring(lua_State *L)
{
    lua_pushliteral(L, "secret");
    return 1;
}

void ob_open_convert(lua_State *L)
{
    static const luaL_Reg buf[] = {{"__gc", l_buf_gc}, {NULL, NULL}};
    static const luaL_Reg secret[] = {{"__tostring", l_secret_tostring}, {NULL, NULL}};
    ob_class(L, LIST_CLASS, NULL, NULL);
    luaL_getmetatable(L, LIST_CLASS);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &list_key);
    ob_class(L, SECRET_CLASS, secret, NULL);
    luaL_getmetatable(L, SECRET_CLASS);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &secret_key);
    ob_class(L, BUF_CLASS, buf, NULL);
}
