/* The one order in which the keys of a table are walked: positive integers first, so that a list
 * comes as a list, then the other integers, floats, strings by their bytes, booleans. Keys of
 * other types have no order that is the same in every process, and are an error. */
#include "script/sandbox.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct key {
    int rank;
    size_t len;
    union {
        lua_Integer integer;
        lua_Number number;
        const char *text; /* lent by the Lua string */
    };
    lua_Integer at; /* where it stands in the unsorted list */
};

static struct key read_key(lua_State *L, int index)
{
    struct key k = {.rank = 5};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            k.integer = lua_tointeger(L, index);
            k.rank = k.integer > 0 ? 0 : 1;
        } else {
            k.number = lua_tonumber(L, index);
            k.rank = 2;
        }
        break;
    case LUA_TSTRING:
        k.text = lua_tolstring(L, index, &k.len);
        k.rank = 3;
        break;
    case LUA_TBOOLEAN:
        k.integer = lua_toboolean(L, index);
        k.rank = 4;
        break;
    default:
        luaL_error(L,
                   "a table with keys of type %s has no order to walk it in: use text or "
                   "numbers as keys",
                   luaL_typename(L, index));
    }
    return k;
}

static int compare(const void *pa, const void *pb)
{
    const struct key *a = pa, *b = pb;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->rank == 2)
        return (a->number > b->number) - (a->number < b->number);
    if (a->rank != 3)
        return (a->integer > b->integer) - (a->integer < b->integer);
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* Sorting compares each key some log2(n) times, texts byte by byte. */
static void charge_sort(lua_State *L, size_t count, size_t bytes)
{
    uint64_t rounds = 1;
    while (count >> rounds)
        rounds++;
    ob_charge(L, rounds * (count + bytes / 8));
}

void ob_push_keys(lua_State *L, int index, size_t *count)
{
    size_t n = 0, bytes = 0;
    index = lua_absindex(L, index);
    ob_table_shape(L, index, &n);
    ob_charge(L, 2 * n);
    luaL_argcheck(L, n < INT32_MAX, index, "too many keys");
    lua_createtable(L, (int)n, 0);
    struct key *keys = lua_newuserdatauv(L, n * sizeof *keys + 1, 0);
    lua_createtable(L, (int)n, 0); /* found keys sorted */
    int found = lua_gettop(L) - 2;
    size_t i = 0;
    for (lua_pushnil(L); lua_next(L, index) && i < n; i++) {
        lua_pop(L, 1);
        keys[i] = read_key(L, -1);
        keys[i].at = (lua_Integer)i + 1;
        bytes += keys[i].len;
        lua_pushvalue(L, -1);
        lua_rawseti(L, found, (lua_Integer)i + 1);
    }
    charge_sort(L, n, bytes);
    qsort(keys, n, sizeof *keys, compare);
    for (i = 0; i < n; i++) {
        lua_rawgeti(L, found, keys[i].at);
        lua_rawseti(L, found + 2, (lua_Integer)i + 1);
    }
    lua_replace(L, found);
    lua_settop(L, found);
    *count = n;
}

bool ob_next_key(lua_State *L, int index, int key)
{
    struct key best = {0}, from = {0};
    bool any = false;
    index = lua_absindex(L, index);
    if (key)
        from = read_key(L, key);
    lua_pushnil(L); /* the best key, then the one looked at */
    int at = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index);) {
        lua_pop(L, 1);
        ob_charge(L, 2);
        struct key k = read_key(L, -1);
        if ((key && compare(&k, &from) <= 0) || (any && compare(&k, &best) >= 0))
            continue;
        best = k;
        any = true;
        lua_pushvalue(L, -1);
        lua_replace(L, at);
    }
    lua_settop(L, any ? at : at - 1);
    if (any) {
        lua_pushvalue(L, at);
        lua_rawget(L, index);
    }
    return any;
}
