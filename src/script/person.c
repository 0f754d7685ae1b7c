/* One person of a roster in Lua: columns by name, read-only. It is a member and, as its user
 * value, the roster that keeps its table alive; so it needs no finaliser and is cheap to make. */
#include "script/roster_parts.h"
#include "script/internal.h"
#include <string.h>

int ob_no_column(lua_State *L, const struct ob_table *t, const char *column)
{
    char name[OB_SHOW], names[OB_NAMES];
    return luaL_error(L, "%s has no column \"%s\"; it has: %s", t->source, ob_show(column, name),
                      ob_table_names(t, names));
}

struct ob_member *ob_test_person(lua_State *L, int index)
{
    return luaL_testudata(L, index, OB_PERSON);
}

struct ob_member *ob_self_person(lua_State *L, int arg)
{
    struct ob_member *m = ob_test_person(L, arg);
    if (!m)
        luaL_typeerror(L, arg, "person");
    return m;
}

void ob_push_person(lua_State *L, int arg, size_t i)
{
    arg = lua_absindex(L, arg);
    struct ob_roster *r = ob_self_roster(L, arg);
    struct ob_member *m = lua_newuserdatauv(L, sizeof *m, 1);
    *m = ob_roster_at(r, i);
    lua_pushvalue(L, arg);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, OB_PERSON);
}

static void push_cell(lua_State *L, const struct ob_member *m, size_t column)
{
    size_t len;
    const char *text = ob_table_cell(m->table, m->row, column, &len);
    if (len >= 64) /* a charge costs more than a short text */
        ob_charge(L, len / 8);
    lua_pushlstring(L, text, len);
}

/* [-0, +1, e] p:row(): a plain table of all columns. */
static int l_row(lua_State *L)
{
    const struct ob_member *m = ob_self_person(L, 1);
    ob_charge(L, m->table->column_count * 4);
    lua_createtable(L, 0, (int)m->table->column_count);
    for (size_t i = 0; i < m->table->column_count; i++) {
        push_cell(L, m, i);
        lua_setfield(L, -2, m->table->columns[i]);
    }
    return 1;
}

/* [-0, +1, e] A column goes before `line` and `row`, which any file may have as columns. */
static int l_index(lua_State *L)
{
    const struct ob_member *m = ob_self_person(L, 1);
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    if (!name)
        return luaL_error(L, "a person has columns by name, not by %s", luaL_typename(L, 2));
    int column = ob_table_column(m->table, name);
    if (column >= 0) {
        push_cell(L, m, (size_t)column);
    } else if (strcmp(name, "line") == 0) {
        lua_pushinteger(L, (lua_Integer)ob_table_line(m->table, m->row));
    } else {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
            return ob_no_column(L, m->table, name);
    }
    return 1;
}

/* [-0, +0, e] */
static int l_newindex(lua_State *L)
{
    return luaL_error(L, "a person cannot be changed; p:row() is a copy that can");
}

/* [-0, +1, e] The person's name. */
static int l_tostring(lua_State *L)
{
    const struct ob_member *m = ob_self_person(L, 1);
    push_cell(L, m, m->table->key);
    return 1;
}

/* [-0, +1, -] The same row of the same table, through whichever roster. */
static int l_eq(lua_State *L)
{
    const struct ob_member *a = ob_test_person(L, 1), *b = ob_test_person(L, 2);
    lua_pushboolean(L, a && b && a->table == b->table && a->row == b->row);
    return 1;
}

static const luaL_Reg person_meta[] = {
    {"__newindex", l_newindex}, {"__tostring", l_tostring}, {"__eq", l_eq}, {NULL, NULL}};
static const luaL_Reg person_methods[] = {{"row", l_row}, {NULL, NULL}};

void ob_open_person(lua_State *L)
{
    ob_index_class(L, OB_PERSON, person_meta, person_methods, l_index);
    lua_pop(L, 1);
}
