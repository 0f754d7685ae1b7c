/* json.decode, json.encode, json.null and json.list for scripts, and reading for C: lua-cjson does
 * the work, the guard (json_read.c, json_encode.c) makes it exact and bounded. lua-cjson keeps
 * buffers outside of Lua and loses them when an allocation of Lua's raises inside it, so what it
 * needs is counted before, and the memory limit is off while it runs. */
#include "script/json_guard.h"
#include <lua-cjson.h>

static const char cjson_key = 0;

/* [-1, +1, e] Calls lua-cjson with the value on top. */
static bool call_cjson(lua_State *L, const char *function)
{
    struct ob_meter *m = &ob_script_of(L)->box.meter;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cjson_key);
    lua_getfield(L, -1, function);
    lua_replace(L, -2);
    lua_insert(L, -2);
    m->lifted = true;
    bool good = ob_try(L, 1, 1);
    m->lifted = false;
    return good;
}

/* ---- decode ---- */

/* Ends the script when `need` more bytes do not fit. */
static void reserve(lua_State *L, size_t need)
{
    struct ob_box *box = &ob_script_of(L)->box;
    if (box->used + need <= box->limits.memory)
        return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (box->used + need <= box->limits.memory)
        return;
    ob_spend(box, L, OB_SPENT_MEMORY);
    ob_raise_spent(L);
}

/* A table is 56 bytes, a list item 16 and a pair 24 to 40, both up to twice while they grow. */
static size_t weight(const struct ob_json_counts *n, size_t tagged)
{
    return 1024 + 3 * tagged + 56 * n->tables + 80 * n->values + 80 * n->keys + n->bytes;
}

/* [-0, +1, e] The value, or the message in err and false with nothing pushed. */
static bool decode(lua_State *L, const char *text, size_t len, size_t max, struct ob_err *err)
{
    struct ob_json_counts counts;
    size_t keys = 0;
    int top = lua_gettop(L);
    if (len > max) {
        ob_fail(err, OB_ERR, "json: larger than %zu MiB", max / (1024 * 1024));
        return false;
    }
    ob_charge(L, 1 + len);
    struct ob_buf *tagged = ob_push_buf(L);
    ob_buf_init(tagged, 4 * len + 16);
    if (!ob_json_tag(text, len, tagged, &counts, err)) {
        ob_buf_fini(tagged);
        lua_settop(L, top);
        return false;
    }
    ob_charge(L, tagged->len);
    reserve(L, weight(&counts, tagged->len));
    lua_pushlstring(L, ob_buf_str(tagged), tagged->len);
    ob_buf_fini(tagged);
    lua_replace(L, top + 1);
    bool good = call_cjson(L, "decode");
    if (good) {
        ob_json_untag_value(L, &keys);
        good = keys == counts.keys;
        if (!good)
            ob_json_find_twice(text, len, err);
    } else {
        ob_fail(err, OB_ERR, "json: %s",
                lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "cannot be read");
    }
    if (!good)
        lua_settop(L, top);
    return good;
}

bool ob_json_decode(lua_State *L, const char *text, size_t len)
{
    struct ob_err err;
    return decode(L, text, len, OB_JSON_TEXT_MAX, &err);
}

/* [-0, +1|2, e] json.decode(text) -> value | nil, message */
static int l_decode(lua_State *L)
{
    size_t len;
    struct ob_err err;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tolstring(L, 1, &len);
    if (decode(L, text, len, OB_JSON_TEXT_MAX, &err))
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, err.message);
    return 2;
}

/* ---- encode ---- */

void ob_json_encode(lua_State *L, int index)
{
    size_t len;
    struct ob_err err;
    int top = lua_gettop(L);
    reserve(L, 1024 + ob_json_push_tagged(L, lua_absindex(L, index)));
    if (!call_cjson(L, "encode"))
        lua_error(L);
    const char *text = lua_tolstring(L, -1, &len);
    struct ob_buf *out = ob_push_buf(L);
    ob_buf_init(out, len + 1);
    if (!ob_json_clean(text, len, out, &err))
        luaL_error(L, "%s", err.message);
    lua_pushlstring(L, ob_buf_str(out), out->len);
    ob_buf_fini(out);
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
}

/* [-0, +1, e] json.encode(value) -> text */
static int l_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    ob_json_encode(L, 1);
    return 1;
}

/* [-0, +1, e] json.list(t): t, which is then a list also when it is empty */
static int l_list(lua_State *L)
{
    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, !luaL_getmetafield(L, 1, "__sealed"), 1, "this table is built in");
    ob_mark_list(L);
    return 1;
}

/* ---- opening ---- */

static void push_cjson(lua_State *L)
{
    lua_pushcfunction(L, luaopen_cjson);
    lua_callk(L, 0, 1, 0, NULL);
    lua_getfield(L, -1, "encode_keep_buffer");
    lua_pushboolean(L, 0);
    lua_callk(L, 1, 0, 0, NULL);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &cjson_key);
}

void ob_open_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"decode", l_decode}, {"encode", l_encode}, {"list", l_list}, {NULL, NULL}};
    push_cjson(L);
    lua_pop(L, 1);
    ob_push_env(L);
    luaL_newlib(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    ob_seal(L);
    lua_setfield(L, -2, "json");
    lua_pop(L, 1);
}

/* ---- for C ---- */

#define C_MEMORY   ((size_t)768 * 1024 * 1024)
#define C_TEXT_MAX ((size_t)256 * 1024 * 1024)
#define C_CPU_MS   120000

struct reading {
    const char *text;
    size_t len;
    struct ob_value *out;
    struct ob_err err;
    bool good;
};

static int l_setup_reader(lua_State *L)
{
    ob_open_convert(L);
    push_cjson(L);
    return 0;
}

static int l_read(lua_State *L)
{
    struct reading *r = lua_touserdata(L, 1);
    r->good =
        decode(L, r->text, r->len, C_TEXT_MAX, &r->err) && ob_to_value(L, -1, r->out, &r->err);
    return 0;
}

enum ob_status ob_script_json(const char *text, size_t len, struct ob_value *out,
                              struct ob_err *err)
{
    struct ob_limits limits = {C_MEMORY, C_CPU_MS};
    struct reading r = {.text = text, .len = len, .out = out};
    struct ob_script *s;
    ob_value_init(out);
    enum ob_status st =
        ob_script_make(&s, OB_PROFILE_PROVIDER, "json", limits, l_setup_reader, err);
    if (st)
        return st;
    enum ob_exec e = ob_protect(s, l_read, &r, err);
    ob_script_free(s);
    if (e != OB_EXEC_DONE)
        return OB_ERR;
    if (!r.good)
        return ob_fail(err, OB_ERR, "%s", r.err.message);
    return OB_OK;
}
