/* Methods that compare two rosters: minus, only, union, has. By name unless a column is named.
 * An empty cell is nobody's: in `only` it matches nothing, and `minus`, where matching nothing
 * would let somebody through who should have been taken out, refuses it on either side. */
#include "script/roster_parts.h"
#include "script/internal.h"

/* [-0, +0, e] The names of the columns to compare, NULL for the keys, from argument 3. */
static void check_columns(lua_State *L, const char **mine, const char **theirs)
{
    *mine = *theirs = NULL;
    if (lua_isnoneornil(L, 3))
        return;
    if (lua_type(L, 3) == LUA_TSTRING) {
        *mine = *theirs = lua_tostring(L, 3);
        return;
    }
    if (lua_istable(L, 3)) {
        lua_pushstring(L, "mine");
        lua_rawget(L, 3);
        lua_pushstring(L, "theirs");
        lua_rawget(L, 3);
        if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING) {
            *mine = lua_tostring(L, -2); /* anchored by the table, and by the stack */
            *theirs = lua_tostring(L, -1);
            return;
        }
    }
    luaL_argerror(L, 3, "a column, or { mine = COLUMN, theirs = COLUMN } expected");
}

static void refuse_empty(lua_State *L, const struct ob_roster *r, size_t i, const char *column)
{
    char place[OB_PLACE], name[OB_SHOW];
    struct ob_member m = ob_roster_at(r, i);
    if (!column)
        column = m.table->columns[m.table->key];
    luaL_error(L, "%s: column \"%s\" is empty, so minus cannot compare this person",
               ob_table_place(m.table, m.row, place), ob_show(column, name));
}

/* [-0, +2, e] The texts of a column of the roster at `arg`, as an index. */
static const struct ob_index *push_column(lua_State *L, int arg, const char *column, bool strict)
{
    const struct ob_roster *r = ob_self_roster(L, arg);
    const struct ob_view *view = ob_push_view(L, r, column);
    struct ob_index *ix = ob_push_index(L, r->count, ob_view_at, view);
    ob_charge(L, r->count * 8);
    for (uint32_t i = 0; i < r->count; i++) {
        size_t len;
        ob_view_at(view, i, &len);
        if (!len && strict)
            refuse_empty(L, r, i, column);
        ob_index_add(ix, i);
    }
    return ix;
}

/* [-0, +1, e] Those whose text is (`wanted`) or is not among the other's. */
static int compare(lua_State *L, bool wanted)
{
    const char *mine, *theirs;
    const struct ob_roster *r = ob_self_roster(L, 1);
    ob_check_roster(L, 2);
    check_columns(L, &mine, &theirs);
    const struct ob_view *view = ob_push_view(L, r, mine);
    const struct ob_index *ix =
        theirs ? push_column(L, 2, theirs, !wanted) : ob_push_roster_keys(L, 2);
    struct ob_picks *picks = ob_push_picks(L, r->count);
    ob_charge(L, r->count * 8);
    for (uint32_t i = 0; i < r->count; i++) {
        size_t len;
        const char *text = ob_view_at(view, i, &len);
        if (!len && !wanted)
            refuse_empty(L, r, i, mine);
        if ((len && ob_index_find(ix, text, len) != OB_INDEX_NONE) == wanted)
            picks->at[picks->n++] = i;
    }
    ob_push_picked(L, 1, picks->at, picks->n);
    return 1;
}

static bool holds_table(const struct ob_roster *r, const struct ob_table *t)
{
    for (size_t i = 0; i < r->tables->count; i++)
        if (r->tables->v[i] == t)
            return true;
    return false;
}

/* Who is left is acted upon because the other's tables do not name them: these had better be
 * whole. Splitting one table in two proves nothing of the kind. */
static void tell_apart(const struct ob_roster *mine, const struct ob_roster *theirs)
{
    for (size_t i = 0; i < theirs->tables->count; i++) {
        const struct ob_table *t = theirs->tables->v[i];
        if (t->told_apart && !holds_table(mine, t))
            *t->told_apart = true;
    }
}

/* [-0, +1, e] r:minus(other [, column | { mine =, theirs = }]) */
static int l_minus(lua_State *L)
{
    compare(L, false);
    tell_apart(ob_self_roster(L, 1), ob_self_roster(L, 2));
    return 1;
}

/* [-0, +1, e] r:only(other [, column | { mine =, theirs = }]) */
static int l_only(lua_State *L)
{
    return compare(L, true);
}

/* [-0, +1, e] The tables of both, one after the other. */
static struct ob_table **push_tables(lua_State *L, const struct ob_roster *a,
                                     const struct ob_roster *b)
{
    size_t n = a->tables->count + b->tables->count;
    struct ob_table **tables = lua_newuserdatauv(L, (n + 1) * sizeof *tables, 0);
    for (size_t i = 0; i < n; i++)
        tables[i] = i < a->tables->count ? a->tables->v[i] : b->tables->v[i - a->tables->count];
    return tables;
}

static void add_all(struct ob_roster *to, const struct ob_roster *from, const struct ob_index *but)
{
    for (size_t i = 0; i < from->count; i++) {
        struct ob_member m = ob_roster_at(from, i);
        size_t len;
        const char *key = ob_table_cell(m.table, m.row, m.table->key, &len);
        if (!but || ob_index_find(but, key, len) == OB_INDEX_NONE)
            ob_roster_add(to, m.table, m.row);
    }
}

/* [-0, +1, e] r:union(other): mine, then those of the other whose name I have not. */
static int l_union(lua_State *L)
{
    const struct ob_roster *a = ob_self_roster(L, 1), *b = ob_check_roster(L, 2);
    const struct ob_index *mine = ob_push_roster_keys(L, 1);
    struct ob_table **tables = push_tables(L, a, b);
    size_t n = a->tables->count + b->tables->count;
    ob_charge(L, (a->count + b->count) * 8);
    struct ob_roster *r = ob_push_roster_for(L, a->count + b->count, tables, n);
    add_all(r, a, NULL);
    add_all(r, b, mine);
    return 1;
}

/* [-0, +1, e] r:has(name | person) */
static int l_has(lua_State *L)
{
    const struct ob_member *m = ob_test_person(L, 2);
    size_t len;
    const char *key =
        m ? ob_table_cell(m->table, m->row, m->table->key, &len) : luaL_checklstring(L, 2, &len);
    const struct ob_index *keys = ob_push_roster_keys(L, 1);
    lua_pushboolean(L, ob_index_find(keys, key, len) != OB_INDEX_NONE);
    return 1;
}

const luaL_Reg ob_roster_sets[] = {
    {"minus", l_minus}, {"only", l_only}, {"union", l_union}, {"has", l_has}, {NULL, NULL}};
