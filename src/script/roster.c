/* The roster as a piece of memory: how it is made, filled, read and freed, and the scratch
 * things that its methods work with. It knows nothing of the methods themselves. A roster holds
 * references to its tables; persons hold their roster. */
#include "script/roster_parts.h"
#include "script/internal.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

/* ---- the tables behind ---- */

/* [-0, +0, -] __gc */
static int l_tables_gc(lua_State *L)
{
    struct ob_tables *held = luaL_testudata(L, 1, OB_TABLES);
    for (size_t i = 0; held && i < held->count; i++)
        ob_table_unref(held->v[i]);
    if (held) {
        free(held->v);
        free(held->rows);
        free(held->which);
        *held = (struct ob_tables){0};
    }
    return 0;
}

void ob_open_tables(lua_State *L)
{
    luaL_newmetatable(L, OB_TABLES);
    lua_pushcfunction(L, l_tables_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

/* Of all parts of a roster only this small one has a finaliser: what has one survives the
 * collection that finds it dead, and large rosters would pile up to the memory limit. */
static struct ob_tables *push_tables_of(lua_State *L)
{
    struct ob_tables *held = lua_newuserdatauv(L, sizeof *held, 0);
    *held = (struct ob_tables){0};
    luaL_setmetatable(L, OB_TABLES);
    return held;
}

/* ---- making and filling ---- */

/* [-1, +1, e] Takes the tables on top, which then belong to the roster. */
static struct ob_roster *push_sized(lua_State *L, size_t cap, bool mixed)
{
    if (cap > INT32_MAX)
        luaL_error(L, "a roster of %f people is too large", (lua_Number)cap);
    size_t arrays = (mixed ? 2 : 1) * cap * sizeof(uint32_t);
    struct ob_roster *r = lua_newuserdatauv(L, sizeof *r + arrays, 2);
    *r = (struct ob_roster){.tables = lua_touserdata(L, -2), .cap = cap};
    r->rows = (uint32_t *)(r + 1);
    r->which = mixed ? r->rows + cap : NULL;
    luaL_setmetatable(L, OB_ROSTER);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, OB_ROSTER_TABLES);
    return r;
}

static uint32_t *copy_of(const uint32_t *from, size_t count, size_t cap)
{
    uint32_t *to = ob_xcalloc(cap, sizeof *to);
    if (from)
        memcpy(to, from, count * sizeof *to);
    return to;
}

/* To C's heap: only where a caller of ob_push_roster did not know what would come. */
static void outgrow(struct ob_roster *r, size_t cap, bool mixed)
{
    uint32_t *rows = copy_of(r->rows, r->count, cap);
    uint32_t *which = mixed ? copy_of(r->which, r->count, cap) : NULL;
    free(r->tables->rows);
    free(r->tables->which);
    r->rows = r->tables->rows = rows;
    r->which = r->tables->which = which;
    r->cap = cap;
}

static uint32_t hold(struct ob_roster *r, struct ob_table *t)
{
    struct ob_tables *held = r->tables;
    for (size_t i = held->count; i-- > 0;) {
        if (held->v[i] == t)
            return (uint32_t)i;
    }
    if (held->count && !r->which)
        outgrow(r, r->cap ? r->cap : 1, true);
    held->v = ob_xrealloc(held->v, held->count + 1, sizeof(struct ob_table *));
    held->v[held->count] = ob_table_ref(t);
    return (uint32_t)held->count++;
}

struct ob_roster *ob_push_roster(lua_State *L, size_t expected)
{
    push_tables_of(L);
    return push_sized(L, expected, false);
}

struct ob_roster *ob_push_roster_for(lua_State *L, size_t cap, struct ob_table *const *tables,
                                     size_t table_count)
{
    bool mixed = false;
    for (size_t i = 1; i < table_count; i++)
        mixed = mixed || tables[i] != tables[0];
    push_tables_of(L);
    struct ob_roster *r = push_sized(L, cap, mixed);
    for (size_t i = 0; i < table_count; i++)
        hold(r, tables[i]);
    return r;
}

void ob_roster_add(struct ob_roster *r, struct ob_table *t, uint32_t row)
{
    uint32_t which = hold(r, t);
    if (r->count == r->cap)
        outgrow(r, r->cap < 8 ? 16 : r->cap * 2, r->which != NULL);
    if (r->which)
        r->which[r->count] = which;
    r->rows[r->count++] = row;
}

void ob_push_roster_of(lua_State *L, struct ob_table *t)
{
    /* A table without columns has no rows either, and would make every column unknown. */
    struct ob_roster *r = ob_push_roster_for(L, t->row_count, &t, t->column_count ? 1 : 0);
    ob_charge(L, t->row_count / 2);
    for (size_t i = 0; i < t->row_count; i++)
        r->rows[i] = (uint32_t)i;
    r->count = t->row_count;
}

/* ---- reading ---- */

struct ob_member ob_roster_at(const struct ob_roster *r, size_t i)
{
    return (struct ob_member){r->tables->v[r->which ? r->which[i] : 0], r->rows[i]};
}

const char *ob_member_key(const struct ob_member *m)
{
    return ob_table_cell(m->table, m->row, m->table->key, NULL);
}

const char *ob_member_cell(const struct ob_member *m, const char *column)
{
    int at = ob_table_column(m->table, column);
    return at < 0 ? NULL : ob_table_cell(m->table, m->row, (size_t)at, NULL);
}

static const char *key_at(const void *roster, uint32_t i, size_t *len)
{
    struct ob_member m = ob_roster_at(roster, i);
    return ob_table_cell(m.table, m.row, m.table->key, len);
}

/* ---- parts of a roster ---- */

/* [-0, +1, e] Room for n members, of the same tables. */
static struct ob_roster *push_part(lua_State *L, int arg, size_t n)
{
    const struct ob_roster *from = ob_self_roster(L, arg);
    ob_charge(L, n);
    lua_getiuservalue(L, arg, OB_ROSTER_TABLES);
    struct ob_roster *r = push_sized(L, n, from->which != NULL);
    r->count = n;
    return r;
}

void ob_push_picked(lua_State *L, int arg, const uint32_t *at, size_t n)
{
    const struct ob_roster *from = ob_self_roster(L, arg);
    struct ob_roster *r = push_part(L, arg, n);
    for (size_t i = 0; i < n; i++) {
        r->rows[i] = from->rows[at[i]];
        if (r->which)
            r->which[i] = from->which[at[i]];
    }
}

void ob_push_slice(lua_State *L, int arg, size_t first, size_t n)
{
    const struct ob_roster *from = ob_self_roster(L, arg);
    struct ob_roster *r = push_part(L, arg, n);
    memcpy(r->rows, from->rows + first, n * sizeof *r->rows);
    if (r->which)
        memcpy(r->which, from->which + first, n * sizeof *r->which);
}

struct ob_picks *ob_push_picks(lua_State *L, size_t n)
{
    struct ob_picks *p = lua_newuserdatauv(L, sizeof *p + n * sizeof p->at[0], 0);
    p->n = 0;
    return p;
}

const struct ob_view *ob_push_view(lua_State *L, const struct ob_roster *r, const char *column)
{
    size_t size = sizeof(struct ob_view) + r->tables->count * sizeof(size_t);
    struct ob_view *v = lua_newuserdatauv(L, size, 0);
    v->r = r;
    for (size_t i = 0; i < r->tables->count; i++) {
        const struct ob_table *t = r->tables->v[i];
        int at = column ? ob_table_column(t, column) : (int)t->key;
        if (at < 0)
            ob_no_column(L, t, column);
        v->columns[i] = (size_t)at;
    }
    return v;
}

const char *ob_view_at(const void *view, uint32_t i, size_t *len)
{
    const struct ob_view *v = view;
    uint32_t which = v->r->which ? v->r->which[i] : 0;
    return ob_table_cell(v->r->tables->v[which], v->r->rows[i], v->columns[which], len);
}

struct ob_index *ob_push_index(lua_State *L, size_t n, ob_index_at *at, const void *ctx)
{
    size_t slots = ob_index_slots(n);
    struct ob_index *ix = lua_newuserdatauv(L, sizeof *ix + slots * sizeof(uint32_t), 0);
    ob_charge(L, slots / 2);
    ob_index_init(ix, (uint32_t *)(ix + 1), n, at, ctx);
    return ix;
}

const struct ob_index *ob_push_roster_keys(lua_State *L, int arg)
{
    struct ob_roster *r = ob_self_roster(L, arg);
    arg = lua_absindex(L, arg);
    if (lua_getiuservalue(L, arg, OB_ROSTER_KEYS) == LUA_TUSERDATA)
        return lua_touserdata(L, -1);
    lua_pop(L, 1);
    struct ob_index *ix = ob_push_index(L, r->count, key_at, r);
    ob_charge(L, r->count * 8);
    for (size_t i = 0; i < r->count; i++)
        ob_index_add(ix, (uint32_t)i);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, arg, OB_ROSTER_KEYS);
    return ix;
}

/* ---- arguments ---- */

struct ob_roster *ob_self_roster(lua_State *L, int arg)
{
    struct ob_roster *r = luaL_testudata(L, arg, OB_ROSTER);
    if (!r)
        luaL_typeerror(L, arg, "roster");
    return r;
}

/* [-0, +0, e] How many persons the table at `arg` lists; anything else in it is an error. */
static size_t check_persons(lua_State *L, int arg)
{
    size_t n = lua_rawlen(L, arg), seen = 0;
    ob_charge(L, n * 4);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        if (key < 1 || (size_t)key > n || !ob_test_person(L, -1))
            luaL_argerror(L, arg, "a roster, a person or a list of persons expected");
        seen++;
    }
    luaL_argcheck(L, seen == n, arg, "the list of persons has holes");
    return n;
}

/* [-0, +1, e] The table of each person, for ob_push_roster_for. */
static struct ob_table **push_tables(lua_State *L, int arg, size_t n)
{
    struct ob_table **tables = lua_newuserdatauv(L, (n + 1) * sizeof *tables, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        tables[i] = ob_test_person(L, -1)->table;
        lua_pop(L, 1);
    }
    return tables;
}

/* A person twice is once: a roster is a set. */
static struct ob_roster *roster_of_list(lua_State *L, int arg)
{
    size_t n = check_persons(L, arg);
    struct ob_table **tables = push_tables(L, arg, n);
    struct ob_roster *r = ob_push_roster_for(L, n, tables, n);
    struct ob_index *seen = ob_push_index(L, n, key_at, r);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        struct ob_member *m = ob_test_person(L, -1);
        ob_roster_add(r, m->table, m->row);
        if (ob_index_add(seen, (uint32_t)r->count - 1) != r->count - 1)
            r->count--;
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -2);
    lua_replace(L, arg);
    lua_pop(L, 3);
    return r;
}

struct ob_roster *ob_check_roster(lua_State *L, int arg)
{
    arg = lua_absindex(L, arg);
    struct ob_roster *r = luaL_testudata(L, arg, OB_ROSTER);
    struct ob_member *m = ob_test_person(L, arg);
    if (r)
        return r;
    if (m) {
        r = ob_push_roster_for(L, 1, &m->table, 1);
        ob_roster_add(r, m->table, m->row);
        lua_replace(L, arg);
        return r;
    }
    if (!lua_istable(L, arg))
        luaL_typeerror(L, arg, "roster");
    luaL_checkstack(L, 8, NULL);
    return roster_of_list(L, arg);
}
