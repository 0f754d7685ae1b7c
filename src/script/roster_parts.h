/* What the files of the roster share: roster.c (the userdata), roster_class.c (its class),
 * roster_ops.c (one roster in, one out), roster_sets.c (two in), roster_calls.c (those that call
 * Lua), person.c. Functions that push raise errors of Lua; scratch memory is userdata, so that
 * nothing leaks when they do and the memory limit counts it. */
#pragma once
#include <lauxlib.h>
#include "script/index.h"
#include "script/roster.h"
#include "script/table_parts.h"

#define OB_ROSTER "ob.roster"
#define OB_PERSON "ob.person"
#define OB_TABLES "ob.tables"

/* The user values of a roster. */
enum { OB_ROSTER_TABLES = 1, OB_ROSTER_KEYS };

/* One column of a roster, or its key, whichever tables its members come from. */
struct ob_view {
    const struct ob_roster *r;
    size_t columns[]; /* one a table */
};

struct ob_picks {
    size_t n;
    uint32_t at[]; /* indices of members */
};

/* [-0, +0, e] An argument that must be a roster (no sequence), and one that must be a person. */
struct ob_roster *ob_self_roster(lua_State *L, int arg);
struct ob_member *ob_self_person(lua_State *L, int arg);
/* NULL when it is none. */
struct ob_member *ob_test_person(lua_State *L, int index);

/* [-0, +1, e] Room for `cap` members of one or several tables, which it holds already. */
struct ob_roster *ob_push_roster_for(lua_State *L, size_t cap, struct ob_table *const *tables,
                                     size_t table_count);
/* [-0, +1, e] Members of the roster at `arg`, in the order of the picks. */
void ob_push_picked(lua_State *L, int arg, const uint32_t *at, size_t n);
/* [-0, +1, e] */
void ob_push_slice(lua_State *L, int arg, size_t first, size_t n);
struct ob_picks *ob_push_picks(lua_State *L, size_t n); /* [-0, +1, e] n is 0, room for n */

/* [-0, +1, e] A view of a column (NULL: the key). A name that a table lacks is an error that
 * lists those it has: a typo must never come out as "nobody". */
const struct ob_view *ob_push_view(lua_State *L, const struct ob_roster *r, const char *column);
const char *ob_view_at(const void *view, uint32_t i, size_t *len); /* an ob_index_at */
/* [-0, +1, e] An empty index for up to n ids; all members of a view, first come first. */
struct ob_index *ob_push_index(lua_State *L, size_t n, ob_index_at *at, const void *ctx);
/* [-0, +1, e] The names of the roster at `arg`; made once and kept with it. */
const struct ob_index *ob_push_roster_keys(lua_State *L, int arg);

/* [-0, +1, e] Person i of the roster at `arg`. */
void ob_push_person(lua_State *L, int arg, size_t i);
void ob_open_person(lua_State *L); /* [-0, +0, e] */
/* [-0, +0, e] Raises: no such column. */
int ob_no_column(lua_State *L, const struct ob_table *t, const char *column);
/* [-0, +1, e] A class as ob_class makes it, but with an __index of its own, which has the table
 * of methods as its upvalue; that table is pushed. */
void ob_index_class(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods,
                    lua_CFunction index);

int ob_roster_where(lua_State *L); /* [-0, +1, e] */
void ob_open_tables(lua_State *L); /* [-0, +0, e] */

extern const luaL_Reg ob_roster_ops[], ob_roster_sets[], ob_roster_calls[];
