/* Rosters in Lua: a set of rows of one or more tables, as a userdata that behaves like a list.
 * Immutable for policies. Inside src/script only. */
#pragma once
#include <lua.h>
#include "script/table.h"

struct ob_member {
    struct ob_table *table; /* borrowed from the roster, which holds a reference */
    uint32_t row;
};

/* The tables that the members of a roster come from; shared by all rosters cut from it. */
struct ob_tables {
    struct ob_table **v; /* a reference to each; also those that lend no member */
    size_t count;
    uint32_t *rows, *which; /* of a roster that outgrew its userdata */
};

/* Members are 4 bytes each (8 in a roster of several tables), inside the userdata, so that the
 * memory limit of the script counts them. Read them with ob_roster_at. */
struct ob_roster {
    struct ob_tables *tables;
    uint32_t *rows;
    uint32_t *which; /* each member's table; NULL while there is one table */
    size_t count, cap;
};

void ob_open_roster(lua_State *L); /* [-0, +0, e] makes the classes "ob.roster" and "ob.person" */
/* [-0, +1, e] Pushes an empty roster; fill it with ob_roster_add (takes table references). */
struct ob_roster *ob_push_roster(lua_State *L, size_t expected);
/* [-0, +1, e] All rows of a table. */
void ob_push_roster_of(lua_State *L, struct ob_table *t);
void ob_roster_add(struct ob_roster *r, struct ob_table *t, uint32_t row);
/* i < r->count. */
struct ob_member ob_roster_at(const struct ob_roster *r, size_t i);
/* [-0, +0, e] The roster at `arg`; also accepts a person, or a sequence of persons (made into a
 * fresh roster that replaces it on the stack). Argument error otherwise. */
struct ob_roster *ob_check_roster(lua_State *L, int arg);
/* The person's name: the key column of its table. */
const char *ob_member_key(const struct ob_member *m);
/* Lends the cell of `column`, NULL when its table has no such column. */
const char *ob_member_cell(const struct ob_member *m, const char *column);
