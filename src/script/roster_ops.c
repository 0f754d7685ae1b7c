/* Methods that make a roster, or lists, out of one roster, without calling Lua: where with a
 * table, group, sample, sort, first, rest, column, columns, empty. All keep the order of the
 * roster unless order is what they are for. */
#include "script/roster_parts.h"
#include "script/internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- where { column = value } ---- */

/* The wanted values of one column. Their texts are anchored in a table of Lua. */
struct values {
    size_t n;
    struct {
        const char *p;
        size_t len;
    } v[];
};

static const char *value_at(const void *ctx, uint32_t i, size_t *len)
{
    const struct values *set = ctx;
    *len = set->v[i].len;
    return set->v[i].p;
}

/* [-1, +0, e] Takes the scalar on top as text. Cells are text, so 7 means "7"; what a fraction
 * would be as text nobody can say. */
static void add_value(lua_State *L, struct values *set, int anchor, const char *column)
{
    char name[OB_SHOW];
    int type = lua_type(L, -1);
    if (type == LUA_TBOOLEAN) {
        lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
        lua_replace(L, -2);
    } else if (type != LUA_TSTRING && !lua_isinteger(L, -1)) {
        luaL_error(L, "where: \"%s\" must be a text, a whole number or a list of them, not %s",
                   ob_show(column, name),
                   type == LUA_TNUMBER ? "a fraction" : luaL_typename(L, -1));
    }
    set->v[set->n].p = lua_tolstring(L, -1, &set->v[set->n].len);
    lua_rawseti(L, anchor, (lua_Integer)++set->n);
}

/* [-0, +0, e] How many values there are at `index`: one, or those of a list. */
static size_t count_values(lua_State *L, int index, const char *column)
{
    char name[OB_SHOW];
    if (!lua_istable(L, index))
        return 1;
    size_t n = lua_rawlen(L, index), seen = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        seen++;
    ob_charge(L, seen * 8);
    if (seen != n)
        luaL_error(L, "where: the values of \"%s\" must be a list", ob_show(column, name));
    return n;
}

/* [-0, +3, e] The value at `index`, or each of the list there, as an index. */
static struct ob_index *push_values(lua_State *L, int index, const char *column)
{
    bool list = lua_istable(L, index);
    size_t n = count_values(L, index, column);
    lua_createtable(L, (int)n, 0);
    int anchor = lua_gettop(L);
    struct values *set = lua_newuserdatauv(L, sizeof *set + n * sizeof set->v[0], 0);
    set->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (list)
            lua_rawgeti(L, index, (lua_Integer)i + 1);
        else
            lua_pushvalue(L, index);
        add_value(L, set, anchor, column);
    }
    struct ob_index *ix = ob_push_index(L, n, value_at, set);
    for (size_t i = 0; i < n; i++)
        ob_index_add(ix, (uint32_t)i);
    return ix;
}

/* [-0, +0, e] Keeps the picks whose column is one of the values at `index`. */
static void keep_where(lua_State *L, const struct ob_roster *r, struct ob_picks *picks,
                       const char *column, int index)
{
    const struct ob_view *view = ob_push_view(L, r, column);
    const struct ob_index *wanted = push_values(L, index, column);
    size_t kept = 0;
    ob_charge(L, picks->n * 4);
    for (size_t i = 0; i < picks->n; i++) {
        size_t len;
        const char *text = ob_view_at(view, picks->at[i], &len);
        if (ob_index_find(wanted, text, len) != OB_INDEX_NONE)
            picks->at[kept++] = picks->at[i];
    }
    picks->n = kept;
}

/* [-0, +0|1, e] Pushes the least name in the table at 2 that is greater than `last` (NULL: than
 * none), so that errors come in the same order in every process; NULL when there is no more. */
static const char *push_next_name(lua_State *L, const char *last)
{
    const char *next = NULL;
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_argerror(L, 2, "columns by name expected: { department = \"Sales\" }");
        const char *name = lua_tostring(L, -2);
        ob_charge(L, 4);
        if ((!last || strcmp(name, last) > 0) && (!next || strcmp(name, next) < 0))
            next = name; /* anchored by the table */
    }
    if (next)
        lua_pushstring(L, next);
    return next;
}

/* [-0, +1, e] The second half of r:where(...), for a table at 2. */
int ob_roster_where(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    struct ob_picks *picks = ob_push_picks(L, r->count);
    const char *name = NULL;
    bool any = false;
    ob_charge(L, r->count / 2);
    for (picks->n = 0; picks->n < r->count; picks->n++)
        picks->at[picks->n] = (uint32_t)picks->n;
    while ((name = push_next_name(L, name))) {
        any = true;
        int at = lua_gettop(L);
        lua_pushvalue(L, at);
        lua_rawget(L, 2);
        keep_where(L, r, picks, name, at + 1);
        lua_settop(L, at - 1);
    }
    if (!any)
        return luaL_argerror(L, 2, "an empty table would mean everybody: name a column");
    ob_push_picked(L, 1, picks->at, picks->n);
    return 1;
}

/* ---- group, sort ---- */

static int by_text(const void *a, const void *b, void *view)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int order = strcmp(ob_view_at(view, i, NULL), ob_view_at(view, j, NULL));
    return order ? order : (i > j) - (i < j);
}

/* [-0, +1, e] All members in the order of the column's text; equal ones as they stand. */
static struct ob_picks *push_sorted(lua_State *L, const struct ob_view *view)
{
    size_t n = view->r->count;
    struct ob_picks *picks = ob_push_picks(L, n);
    ob_charge(L, n * 32);
    for (picks->n = 0; picks->n < n; picks->n++)
        picks->at[picks->n] = (uint32_t)picks->n;
    qsort_r(picks->at, n, sizeof picks->at[0], by_text, (void *)view);
    return picks;
}

/* [-0, +1, e] r:sort(column) */
static int l_sort(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    const struct ob_view *view = ob_push_view(L, r, luaL_checkstring(L, 2));
    struct ob_picks *picks = push_sorted(L, view);
    ob_push_picked(L, 1, picks->at, picks->n);
    return 1;
}

static size_t run_length(const struct ob_view *view, const struct ob_picks *picks, size_t from)
{
    const char *first = ob_view_at(view, picks->at[from], NULL);
    size_t n = 1;
    while (from + n < picks->n && !strcmp(first, ob_view_at(view, picks->at[from + n], NULL)))
        n++;
    return n;
}

/* [-0, +1, e] r:group(column): { { value = "Sales", people = roster }, ... } in order of value. */
static int l_group(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    const struct ob_view *view = ob_push_view(L, r, luaL_checkstring(L, 2));
    struct ob_picks *picks = push_sorted(L, view);
    lua_newtable(L);
    lua_Integer count = 0;
    for (size_t i = 0, n; i < picks->n; i += n) {
        n = run_length(view, picks, i);
        lua_createtable(L, 0, 2);
        lua_pushstring(L, ob_view_at(view, picks->at[i], NULL));
        lua_setfield(L, -2, "value");
        ob_push_picked(L, 1, picks->at + i, n);
        lua_setfield(L, -2, "people");
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* ---- how many: sample, first, rest ---- */

static size_t share_of(size_t n, double share)
{
    /* Rounded up; what is a hair above a whole number only because of its binary form is not. */
    double many = ceil((double)n * share - 1e-9);
    return many < (double)n ? (size_t)many : n;
}

/* [-0, +0, e] How many of n the argument says: 20, 0.2 or "20%". */
static size_t check_many(lua_State *L, int arg, size_t n)
{
    int whole = 0;
    if (lua_type(L, arg) == LUA_TNUMBER) {
        lua_Integer i = lua_tointegerx(L, arg, &whole);
        lua_Number share = lua_tonumber(L, arg);
        if (whole && i >= 0)
            return (uint64_t)i < n ? (size_t)i : n;
        if (!whole && share > 0 && share < 1)
            return share_of(n, share);
    } else if (lua_type(L, arg) == LUA_TSTRING) {
        const char *text = lua_tostring(L, arg);
        char *end;
        double percent = strtod(text, &end);
        if (end > text && strcmp(end, "%") == 0 && percent >= 0 && percent <= 100)
            return share_of(n, percent / 100);
    }
    luaL_argerror(L, arg, "a number of people, a share such as 0.2, or \"20%\" expected");
    return 0;
}

/* [-0, +1, e] r:first(n) */
static int l_first(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    ob_push_slice(L, 1, 0, check_many(L, 2, r->count));
    return 1;
}

/* [-0, +1, e] r:rest(n): all but first(n) */
static int l_rest(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    size_t n = check_many(L, 2, r->count);
    ob_push_slice(L, 1, n, r->count - n);
    return 1;
}

struct lot {
    uint64_t hash;
    uint32_t i;
};

static int by_hash(const void *a, const void *b)
{
    const struct lot *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

static int by_number(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    return (i > j) - (i < j);
}

/* [-0, +1, e] r:sample(n): drawn by a fixed hash of the name, so that the same people come each
 * time, a larger sample holds the smaller one, and nobody joins because another one left. */
static int l_sample(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    size_t n = check_many(L, 2, r->count);
    const struct ob_view *keys = ob_push_view(L, r, NULL);
    struct lot *lots = lua_newuserdatauv(L, (r->count + 1) * sizeof *lots, 0);
    ob_charge(L, r->count * 32);
    for (uint32_t i = 0; i < r->count; i++) {
        size_t len;
        const char *key = ob_view_at(keys, i, &len);
        lots[i] = (struct lot){ob_index_hash(0, key, len), i};
    }
    qsort(lots, r->count, sizeof *lots, by_hash);
    struct ob_picks *picks = ob_push_picks(L, n);
    for (picks->n = 0; picks->n < n; picks->n++)
        picks->at[picks->n] = lots[picks->n].i;
    qsort(picks->at, n, sizeof picks->at[0], by_number);
    ob_push_picked(L, 1, picks->at, n);
    return 1;
}

/* ---- columns ---- */

/* [-0, +1, e] r:column(name): a plain list of its texts. */
static int l_column(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    const struct ob_view *view = ob_push_view(L, r, luaL_checkstring(L, 2));
    ob_charge(L, r->count * 4);
    lua_createtable(L, (int)r->count, 0);
    for (uint32_t i = 0; i < r->count; i++) {
        size_t len;
        const char *text = ob_view_at(view, i, &len);
        if (len >= 64)
            ob_charge(L, len / 8);
        lua_pushlstring(L, text, len);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static bool in_all(const struct ob_roster *r, const char *column)
{
    for (size_t i = 1; i < r->tables->count; i++) {
        if (ob_table_column(r->tables->v[i], column) < 0)
            return false;
    }
    return true;
}

/* [-0, +1, e] r:columns(): the names that can be used, those of all its sources. */
static int l_columns(lua_State *L)
{
    const struct ob_roster *r = ob_self_roster(L, 1);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; r->tables->count && i < r->tables->v[0]->column_count; i++) {
        ob_charge(L, 8 * r->tables->count);
        if (!in_all(r, r->tables->v[0]->columns[i]))
            continue;
        lua_pushstring(L, r->tables->v[0]->columns[i]);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* [-0, +1, e] r:empty() */
static int l_empty(lua_State *L)
{
    lua_pushboolean(L, ob_self_roster(L, 1)->count == 0);
    return 1;
}

const luaL_Reg ob_roster_ops[] = {
    {"group", l_group},     {"sort", l_sort},     {"first", l_first},
    {"rest", l_rest},       {"sample", l_sample}, {"column", l_column},
    {"columns", l_columns}, {"empty", l_empty},   {NULL, NULL}};
