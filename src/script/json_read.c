/* The reading side of the guard around lua-cjson, which turns every number into a double, accepts
 * what is no JSON, and takes the last of two equal keys. The text is checked strictly and written
 * again with every integer as a tagged string; what lua-cjson made of it gets its integers back.
 * Integers that do not fit 64 bits stay the text of their digits. */
#include "script/json_guard.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- before lua-cjson ---- */

struct tagger {
    struct ob_buf *out, scratch;
    struct ob_json_counts *counts;
    struct ob_err *err;
    bool filled[OB_VALUE_DEPTH + 1]; /* by depth: something is in the container already */
    bool after_key, bad;
};

static bool reject(struct tagger *t, const char *what)
{
    ob_fail(t->err, OB_ERR, "json: %s", what);
    t->bad = true;
    return false;
}

static void separate(struct tagger *t, int depth)
{
    if (!t->after_key && t->filled[depth])
        ob_buf_addc(t->out, ',');
    t->filled[depth] = true;
    t->after_key = false;
}

/* \uXXXX is what can be wrong in a string that the scanner accepted. */
static bool good_string(struct tagger *t, const struct ob_json_event *ev)
{
    if (ev->len > OB_JSON_STRING_MAX * 6)
        return reject(t, "a string is too long");
    if (!memmem(ev->raw, ev->len, "\\u", 2))
        return true;
    ob_buf_clear(&t->scratch);
    return ob_json_unescape(&t->scratch, ev->raw, ev->len) ||
           reject(t, "a \\uD800 escape that stands alone");
}

static bool tag_string(struct tagger *t, const struct ob_json_event *ev)
{
    if (!good_string(t, ev))
        return false;
    bool tagged = ev->len >= 6 && memcmp(ev->raw, "\\u000", 5) == 0 && ev->raw[5] >= '1' &&
                  ev->raw[5] <= '0' + OB_TAG_LAST;
    ob_buf_addc(t->out, '"');
    if (tagged && ev->kind == OB_JSON_STRING)
        ob_buf_addc(t->out, OB_TAG_TEXT);
    ob_buf_add(t->out, ev->raw, ev->len);
    ob_buf_addc(t->out, '"');
    t->counts->bytes += ev->len;
    return true;
}

static bool tag_number(struct tagger *t, const struct ob_json_event *ev)
{
    if (ev->kind == OB_JSON_REAL) {
        ob_buf_add(t->out, ev->raw, ev->len);
        return isfinite(strtod(ev->raw, NULL)) || reject(t, "a number is out of range");
    }
    ob_buf_addc(t->out, '"');
    ob_buf_addc(t->out, OB_TAG_NUMBER);
    ob_buf_add(t->out, ev->raw, ev->len);
    ob_buf_addc(t->out, '"');
    t->counts->bytes += ev->len;
    return true;
}

static bool tag_key(struct tagger *t, const struct ob_json_event *ev)
{
    separate(t, ev->depth);
    t->counts->keys++;
    if (!tag_string(t, ev))
        return false;
    ob_buf_addc(t->out, ':');
    t->after_key = true;
    return true;
}

static void tag_begin(struct tagger *t, const struct ob_json_event *ev, char c)
{
    t->counts->tables++;
    t->filled[ev->depth + 1] = false;
    ob_buf_addc(t->out, c);
}

/* lua-cjson has one empty table for both kinds. */
static void tag_end_list(struct tagger *t, const struct ob_json_event *ev)
{
    if (t->filled[ev->depth + 1]) {
        ob_buf_addc(t->out, ']');
        return;
    }
    t->out->len--;
    ob_buf_addc(t->out, '"');
    ob_buf_addc(t->out, OB_TAG_EMPTY);
    ob_buf_addc(t->out, '"');
}

static bool on_event(void *ctx, const struct ob_json_event *ev)
{
    struct tagger *t = ctx;
    bool good = true;
    if (ev->kind == OB_JSON_KEY)
        return tag_key(t, ev);
    if (ev->kind == OB_JSON_END_MAP) {
        ob_buf_addc(t->out, '}');
        return true;
    }
    if (ev->kind == OB_JSON_END_LIST) {
        tag_end_list(t, ev);
        return true;
    }
    separate(t, ev->depth);
    t->counts->values++;
    if (ev->kind == OB_JSON_BEGIN_MAP)
        tag_begin(t, ev, '{');
    else if (ev->kind == OB_JSON_BEGIN_LIST)
        tag_begin(t, ev, '[');
    else if (ev->kind == OB_JSON_STRING)
        good = tag_string(t, ev);
    else if (ev->kind == OB_JSON_INT || ev->kind == OB_JSON_REAL)
        good = tag_number(t, ev);
    else
        ob_buf_add(t->out, ev->raw, ev->len);
    return good;
}

bool ob_json_tag(const char *text, size_t len, struct ob_buf *out, struct ob_json_counts *counts,
                 struct ob_err *err)
{
    struct tagger t = {.out = out, .counts = counts, .err = err};
    ob_buf_init(&t.scratch, len + 1);
    *counts = (struct ob_json_counts){0};
    enum ob_status st = ob_json_scan(text, len, on_event, &t, err);
    ob_buf_fini(&t.scratch);
    if (st || t.bad)
        return false;
    if (out->overflowed)
        ob_fail(err, OB_ERR, "json: too large");
    return !out->overflowed;
}

/* ---- keys that are there twice: looked for only when the counts say so ---- */

struct twice {
    struct ob_value seen[OB_VALUE_DEPTH + 1];
    struct ob_buf key;
    struct ob_err *err;
};

static bool on_key(void *ctx, const struct ob_json_event *ev)
{
    struct twice *t = ctx;
    if (ev->kind == OB_JSON_BEGIN_MAP)
        ob_value_set_map(&t->seen[ev->depth + 1]);
    if (ev->kind != OB_JSON_KEY)
        return true;
    struct ob_value *seen = &t->seen[ev->depth];
    ob_buf_clear(&t->key);
    ob_json_unescape(&t->key, ev->raw, ev->len);
    struct ob_value *v = ob_map_putn(seen, ob_buf_str(&t->key), t->key.len);
    if (v->type == OB_NULL) {
        ob_value_set_bool(v, true);
        return true;
    }
    ob_fail(t->err, OB_ERR, "json: the key \"%.100s\" appears twice in one object",
            ob_buf_str(&t->key));
    return false;
}

void ob_json_find_twice(const char *text, size_t len, struct ob_err *err)
{
    struct twice t = {.err = err};
    ob_buf_init(&t.key, len + 1);
    ob_fail(err, OB_ERR, "json: a key appears twice in one object");
    struct ob_err ignored;
    if (ob_json_scan(text, len, on_key, &t, &ignored))
        *err = ignored;
    for (int i = 0; i <= OB_VALUE_DEPTH; i++)
        ob_value_fini(&t.seen[i]);
    ob_buf_fini(&t.key);
}

/* ---- after lua-cjson ---- */

static void push_integer(lua_State *L, const char *digits, size_t len)
{
    errno = 0;
    long long i = strtoll(digits, NULL, 10);
    if (errno == ERANGE)
        lua_pushlstring(L, digits, len);
    else
        lua_pushinteger(L, i);
}

/* Pushes what the tagged string on top stands for; false when it stands for itself. */
static bool push_untagged(lua_State *L)
{
    size_t len;
    const char *s = lua_tolstring(L, -1, &len);
    if (len == 0 || s[0] < OB_TAG_NUMBER || s[0] > OB_TAG_EMPTY)
        return false;
    if (s[0] == OB_TAG_NUMBER) {
        push_integer(L, s + 1, len - 1);
    } else if (s[0] == OB_TAG_TEXT) {
        lua_pushlstring(L, s + 1, len - 1);
    } else {
        lua_newtable(L);
        ob_mark_list(L);
    }
    return true;
}

void ob_json_untag(lua_State *L, size_t *keys)
{
    luaL_checkstack(L, 6, "json: nested too deeply");
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, table + 1)) {
        ob_charge(L, 2);
        *keys += lua_type(L, -2) == LUA_TSTRING;
        if (lua_type(L, -1) == LUA_TTABLE) {
            ob_json_untag(L, keys);
        } else if (lua_type(L, -1) == LUA_TSTRING && push_untagged(L)) {
            lua_pushvalue(L, table + 1);
            lua_insert(L, -2);
            lua_rawset(L, table);
        }
    }
}

void ob_json_untag_value(lua_State *L, size_t *keys)
{
    if (lua_type(L, -1) == LUA_TTABLE)
        ob_json_untag(L, keys);
    else if (lua_type(L, -1) == LUA_TSTRING && push_untagged(L))
        lua_remove(L, -2);
}
