/* The writing side of the guard around lua-cjson, which writes numbers with 14 digits, objects in
 * the order of a seeded hash and "/" as "\/". It is given a copy in which numbers are tagged
 * texts and objects are tagged lists of keys and values in order, so that all it does is write
 * texts and lists; the tags are then taken out of what it wrote. The result is canonical: the
 * same value gives the same bytes in every process, as base/json_write.c has it. */
#include "base/utf8.h"
#include "script/json_guard.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- before lua-cjson ---- */

struct copier {
    size_t bytes;
    int depth;
    const void *tables[OB_VALUE_DEPTH];
    const char *keys[OB_VALUE_DEPTH]; /* NULL: the index */
    lua_Integer indices[OB_VALUE_DEPTH];
};

static void copy_value(lua_State *L, struct copier *c, int index);

static int refuse(lua_State *L, const struct copier *c, const char *what)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "json: the value");
    for (int i = 0; i < c->depth; i++) {
        char key[64];
        if (c->keys[i])
            snprintf(key, sizeof key, ".%.40s", c->keys[i]);
        else
            snprintf(key, sizeof key, "[%lld]", (long long)c->indices[i]);
        luaL_addstring(&b, key);
    }
    luaL_addstring(&b, ": ");
    luaL_addstring(&b, what);
    luaL_pushresult(&b);
    return luaL_error(L, "%s", lua_tostring(L, -1));
}

static void count(lua_State *L, struct copier *c, size_t bytes)
{
    c->bytes += bytes;
    ob_charge(L, 2 + bytes / 2);
    if (c->bytes > OB_JSON_TEXT_MAX)
        refuse(L, c, "the text would be larger than 16 MiB");
}

/* As lua-cjson will write it. */
static size_t written(lua_State *L, const struct copier *c, const char *s, size_t len)
{
    size_t size = 3;
    for (size_t i = 0; i < len;) {
        size_t seq = ob_utf8_seq(s + i, len - i);
        unsigned char ch = (unsigned char)s[i];
        if (!seq)
            refuse(L, c, "a text that is not UTF-8");
        size += ch < 0x20 || ch == 0x7f ? 6 : ch == '"' || ch == '\\' || ch == '/' ? 2 : seq;
        i += seq;
    }
    return size;
}

static void copy_string(lua_State *L, struct copier *c, int index)
{
    size_t len;
    const char *s = lua_tolstring(L, index, &len);
    if (len > OB_JSON_STRING_MAX)
        refuse(L, c, "a text of more than 8 MiB");
    count(L, c, written(L, c, s, len));
    if (len && s[0] >= OB_TAG_NUMBER && s[0] <= OB_TAG_LAST) {
        lua_pushfstring(L, "%c", OB_TAG_TEXT);
        lua_pushvalue(L, index);
        lua_concat(L, 2);
    } else {
        lua_pushvalue(L, index);
    }
}

static void copy_number(lua_State *L, struct copier *c, int index)
{
    char text[48];
    double n = lua_tonumber(L, index);
    if (lua_isinteger(L, index)) {
        lua_pushfstring(L, "%c%I", OB_TAG_NUMBER, lua_tointeger(L, index));
    } else {
        if (!isfinite(n))
            refuse(L, c, "a number that is infinite or none");
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, n);
            if (strtod(text, NULL) == n)
                break;
        }
        lua_pushfstring(L, "%c%s%s", OB_TAG_NUMBER, text, strpbrk(text, ".e") ? "" : ".0");
    }
    count(L, c, lua_rawlen(L, -1) + 8);
}

static void copy_list(lua_State *L, struct copier *c, int index, size_t n)
{
    lua_createtable(L, n < 1000000 ? (int)n : 0, 0);
    if (n == 0) {
        lua_pushfstring(L, "%c", OB_TAG_EMPTY);
        lua_rawseti(L, -2, 1);
    }
    c->keys[c->depth - 1] = NULL;
    for (size_t i = 1; i <= n; i++) {
        c->indices[c->depth - 1] = (lua_Integer)i;
        lua_rawgeti(L, index, (lua_Integer)i);
        copy_value(L, c, lua_gettop(L));
        lua_rawseti(L, -3, (lua_Integer)i);
        lua_pop(L, 1);
    }
}

static void copy_map(lua_State *L, struct copier *c, int index)
{
    size_t n;
    ob_push_keys(L, index, &n);
    int keys = lua_gettop(L), copy = keys + 1;
    lua_newtable(L);
    lua_pushfstring(L, "%c", OB_TAG_MAP);
    lua_rawseti(L, copy, 1);
    for (lua_Integer i = 1; i <= (lua_Integer)n; i++) {
        lua_rawgeti(L, keys, i);
        c->keys[c->depth - 1] = lua_tostring(L, -1);
        copy_string(L, c, copy + 1);
        lua_rawseti(L, copy, 2 * i);
        lua_pushvalue(L, copy + 1);
        lua_rawget(L, index);
        copy_value(L, c, copy + 2);
        lua_rawseti(L, copy, 2 * i + 1);
        lua_settop(L, copy);
    }
    lua_remove(L, keys);
}

static void copy_table(lua_State *L, struct copier *c, int index)
{
    size_t n;
    const void *table = lua_topointer(L, index);
    if (c->depth == OB_VALUE_DEPTH)
        refuse(L, c, "nested too deeply");
    for (int i = 0; i < c->depth; i++)
        if (c->tables[i] == table)
            refuse(L, c, "a table that contains itself");
    ob_push_unsealed(L, index);
    index = lua_gettop(L);
    enum ob_shape shape = ob_table_shape(L, index, &n);
    if (shape == OB_SHAPE_MIXED) {
        ob_charge(L, 1);
        refuse(L, c, "neither a list nor a table with text keys only");
    }
    count(L, c, 12);
    c->tables[c->depth++] = table;
    if (shape == OB_SHAPE_LIST)
        copy_list(L, c, index, n);
    else
        copy_map(L, c, index);
    c->depth--;
    lua_remove(L, index);
}

static void copy_value(lua_State *L, struct copier *c, int index)
{
    char what[64];
    int type = lua_type(L, index);
    luaL_checkstack(L, 10, "json: nested too deeply");
    if (type == LUA_TSTRING) {
        copy_string(L, c, index);
    } else if (type == LUA_TNUMBER) {
        copy_number(L, c, index);
    } else if (type == LUA_TTABLE) {
        copy_table(L, c, index);
    } else if (type == LUA_TNIL || type == LUA_TBOOLEAN ||
               (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index))) {
        count(L, c, 6);
        lua_pushvalue(L, index);
    } else {
        snprintf(what, sizeof what, "a %s cannot be written", lua_typename(L, type));
        refuse(L, c, what);
    }
}

size_t ob_json_push_tagged(lua_State *L, int index)
{
    struct copier c = {0};
    copy_value(L, &c, lua_absindex(L, index));
    return c.bytes;
}

/* ---- after lua-cjson ---- */

struct cleaner {
    struct ob_buf *out;
    struct {
        bool map, begun;
        size_t items; /* keys and values of a map count each */
    } at[OB_VALUE_DEPTH + 1];
};

/* The tag of a string as lua-cjson wrote it, or 0. */
static char tag_of(const struct ob_json_event *ev)
{
    bool tagged = ev->kind == OB_JSON_STRING && ev->len >= 6 && memcmp(ev->raw, "\\u000", 5) == 0;
    return tagged ? (char)(ev->raw[5] - '0') : 0;
}

static void clean_text(struct ob_buf *out, const char *p, size_t len)
{
    ob_buf_addc(out, '"');
    for (const char *end = p + len; p < end;) {
        if (*p != '\\') {
            const char *esc = memchr(p, '\\', (size_t)(end - p));
            size_t n = (size_t)((esc ? esc : end) - p);
            ob_buf_add(out, p, n);
            p += n;
        } else if (p[1] == '/') {
            ob_buf_addc(out, '/');
            p += 2;
        } else if (p[1] == 'u' && memcmp(p + 2, "007f", 4) == 0) {
            ob_buf_addc(out, 0x7f);
            p += 6;
        } else {
            ob_buf_add(out, p, 2);
            p += 2;
        }
    }
    ob_buf_addc(out, '"');
}

static void clean_scalar(struct cleaner *c, const struct ob_json_event *ev)
{
    char tag = tag_of(ev);
    if (tag == OB_TAG_NUMBER)
        ob_buf_add(c->out, ev->raw + 6, ev->len - 6);
    else if (tag == OB_TAG_TEXT)
        clean_text(c->out, ev->raw + 6, ev->len - 6);
    else if (ev->kind == OB_JSON_STRING)
        clean_text(c->out, ev->raw, ev->len);
    else
        ob_buf_add(c->out, ev->raw, ev->len);
}

/* The first item of a list says what it is; true when it was only that. */
static bool clean_first(struct cleaner *c, const struct ob_json_event *ev)
{
    char tag = tag_of(ev);
    bool map = tag == OB_TAG_MAP;
    c->at[ev->depth].begun = true;
    c->at[ev->depth].map = map;
    ob_buf_addc(c->out, map ? '{' : '[');
    return map || tag == OB_TAG_EMPTY;
}

static bool on_written(void *ctx, const struct ob_json_event *ev)
{
    struct cleaner *c = ctx;
    int depth = ev->depth;
    if (ev->kind == OB_JSON_END_LIST) {
        ob_buf_addc(c->out, c->at[depth + 1].map ? '}' : ']');
        return true;
    }
    if (depth > 0) {
        if (!c->at[depth].begun && clean_first(c, ev))
            return true;
        size_t n = c->at[depth].items++;
        if (n)
            ob_buf_addc(c->out, c->at[depth].map && n % 2 ? ':' : ',');
    }
    if (ev->kind == OB_JSON_BEGIN_LIST) {
        c->at[depth + 1].begun = false;
        c->at[depth + 1].items = 0;
    } else {
        clean_scalar(c, ev);
    }
    return true;
}

bool ob_json_clean(const char *text, size_t len, struct ob_buf *out, struct ob_err *err)
{
    struct cleaner c = {.out = out};
    if (ob_json_scan(text, len, on_written, &c, err))
        return false;
    if (out->overflowed)
        ob_fail(err, OB_ERR, "json: too large");
    return !out->overflowed;
}
