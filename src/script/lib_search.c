/* string.find, match, gmatch and gsub as Lua 5.4 has them, over the matcher that charges its
 * steps. Nothing here is held in C while something may raise. */
#include "script/lib_search.h"
#include "script/pattern.h"
#include <string.h>

/* Where a search begins, counted from 0; may lie behind the end. */
static size_t start_at(lua_State *L, int arg, size_t len)
{
    lua_Integer i = luaL_optinteger(L, arg, 1);
    if (i > 0)
        return (size_t)i - 1;
    if (i == 0 || i < -(lua_Integer)len)
        return 0;
    return len - (size_t)-i;
}

static bool plain(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] && strchr("^$*+?.([%-", p[i]))
            return false;
    return true;
}

static int find_plain(lua_State *L, const char *s, size_t len, size_t init, const char *p,
                      size_t plen)
{
    const char *at = memmem(s + init, len - init, p, plen);
    ob_charge(L, 1 + (at ? (size_t)(at - s) - init : len - init) / 8);
    if (!at) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, at - s + 1);
    lua_pushinteger(L, at - s + (lua_Integer)plen);
    return 2;
}

static int find_pattern(lua_State *L, const char *s, size_t len, size_t init, bool find)
{
    size_t plen;
    const char *p = lua_tolstring(L, 2, &plen), *at = s + init;
    bool anchor = *p == '^';
    struct ob_match m;
    ob_match_init(&m, L, s, len, p, plen);
    do {
        const char *e = ob_match_at(&m, at, p + anchor);
        if (!e)
            continue;
        if (!find)
            return ob_match_push_all(&m, at, e);
        lua_pushinteger(L, at - s + 1);
        lua_pushinteger(L, e - s);
        return ob_match_push_all(&m, NULL, NULL) + 2;
    } while (at++ < m.src_end && !anchor);
    lua_pushnil(L);
    return 1;
}

static int search(lua_State *L, bool find)
{
    size_t len, plen;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *p = luaL_checklstring(L, 2, &plen);
    size_t init = start_at(L, 3, len);
    ob_charge(L, 1 + plen / 8);
    if (init > len) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || plain(p, plen)))
        return find_plain(L, s, len, init, p, plen);
    return find_pattern(L, s, len, init, find);
}

/* [-0, +n, e] (s, pattern, init, plain) */
static int l_find(lua_State *L)
{
    return search(L, true);
}

/* [-0, +n, e] (s, pattern, init) */
static int l_match(lua_State *L)
{
    return search(L, false);
}

/* ---- gmatch ---- */

struct walk {
    struct ob_match m;
    const char *at, *pattern, *last; /* last: end of the match before */
};

/* [-0, +n, e] upvalues: text, pattern (so that they live), struct walk */
static int l_gmatch_next(lua_State *L)
{
    struct walk *w = lua_touserdata(L, lua_upvalueindex(3));
    w->m.L = L;
    ob_charge(L, 1);
    for (; w->at <= w->m.src_end; w->at++) {
        const char *from = w->at, *e = ob_match_at(&w->m, from, w->pattern);
        if (e && e != w->last) {
            w->at = w->last = e;
            return ob_match_push_all(&w->m, from, e);
        }
    }
    return 0;
}

/* [-0, +1, e] (s, pattern, init) */
static int l_gmatch(lua_State *L)
{
    size_t len, plen;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *p = luaL_checklstring(L, 2, &plen);
    size_t init = start_at(L, 3, len);
    lua_settop(L, 2);
    struct walk *w = lua_newuserdatauv(L, sizeof *w, 0);
    ob_match_init(&w->m, L, s, len, p, plen);
    w->at = s + (init > len ? len + 1 : init);
    w->pattern = p;
    w->last = NULL;
    lua_pushcclosure(L, l_gmatch_next, 3);
    return 1;
}

/* ---- gsub ---- */

/* The replacement text with its %0 to %9. */
static void add_text(struct ob_match *m, luaL_Buffer *b, const char *s, const char *e)
{
    lua_State *L = m->L;
    size_t len;
    const char *p = lua_tolstring(L, 3, &len), *end = p + len, *esc;
    while ((esc = memchr(p, '%', (size_t)(end - p))) != NULL) {
        luaL_addlstring(b, p, (size_t)(esc - p));
        char c = esc + 1 < end ? esc[1] : '\0';
        p = esc + 2;
        if (c == '%') {
            luaL_addchar(b, '%');
        } else if (c == '0') {
            luaL_addlstring(b, s, (size_t)(e - s));
        } else if (c >= '1' && c <= '9') {
            ob_match_push(m, c - '1', s, e);
            luaL_addvalue(b);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
    }
    luaL_addlstring(b, p, (size_t)(end - p));
}

/* Appends what replaces s..e; false when it stays as it is. */
static bool add_value(struct ob_match *m, luaL_Buffer *b, const char *s, const char *e)
{
    lua_State *L = m->L;
    int type = lua_type(L, 3);
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_callk(L, ob_match_push_all(m, s, e), 1, 0, NULL);
    } else if (type == LUA_TTABLE) {
        ob_match_push(m, 0, s, e);
        lua_gettable(L, 3);
    } else {
        add_text(m, b, s, e);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, s, (size_t)(e - s));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(b);
    return true;
}

static lua_Integer substitute(struct ob_match *m, luaL_Buffer *b, const char *s, const char *p,
                              bool *changed)
{
    bool anchor = *p == '^';
    size_t most = (size_t)(m->src_end - s);
    lua_Integer n = 0, max = luaL_optinteger(m->L, 4, (lua_Integer)most + 1);
    const char *last = NULL;
    while (n < max) {
        const char *e = ob_match_at(m, s, p + anchor);
        if (e && e != last) {
            n++;
            *changed |= add_value(m, b, s, e);
            s = last = e;
        } else if (s < m->src_end) {
            luaL_addchar(b, *s++);
        } else {
            break;
        }
        if (anchor)
            break;
    }
    luaL_addlstring(b, s, (size_t)(m->src_end - s));
    return n;
}

/* [-0, +2, e] (s, pattern, replacement, max) */
static int l_gsub(lua_State *L)
{
    size_t len, plen;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *p = luaL_checklstring(L, 2, &plen);
    int type = lua_type(L, 3);
    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
    lua_settop(L, 4);
    struct ob_match m;
    luaL_Buffer b;
    bool changed = false;
    ob_match_init(&m, L, s, len, p, plen);
    luaL_buffinit(L, &b);
    lua_Integer n = substitute(&m, &b, s, p, &changed);
    luaL_pushresult(&b);
    if (!changed) {
        lua_pop(L, 1);
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, n);
    return 2;
}

const luaL_Reg ob_search_functions[] = {
    {"find", l_find}, {"match", l_match}, {"gmatch", l_gmatch}, {"gsub", l_gsub}, {NULL, NULL}};
