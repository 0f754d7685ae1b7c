/* A sandbox with rosters in it, for the tests: `leavers` and `keep` come from CSV, `meeting` from
 * a directory's values, `nobody` is empty, `roster(x)` is ob_check_roster, `propose(x)` yields. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "script/internal.h"
#include "script/roster.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVERS                                                                                    \
    "account,name,mail,department,last_day\n"                                                      \
    "bob,Bob,bob@x.org,Sales,2026-11-01\n"                                                         \
    "eve,Eve,eve@x.org,IT,2026-12-01\n"                                                            \
    "uma,Uma,,Sales,2026-10-15\n"                                                                  \
    "zoe,Zoe,zoe@x.org,IT,2026-11-20\n"
#define KEEP "id,mail\nbob,b@x.org\nx9,zoe@x.org\n"

static inline struct ob_table *parse_csv(const char *source, const char *text, size_t len)
{
    struct ob_input_options opt = {.format = OB_FORMAT_CSV, .allow_empty = true};
    struct ob_table *t;
    struct ob_err err;
    if (ob_table_parse(&t, source, text, len, &opt, &err) != OB_OK)
        fail_msg("%s", err.message);
    return t;
}

/* Sets the table as a roster in the environment on top, and lets go of it. */
static inline void set_table(lua_State *L, const char *name, struct ob_table *t)
{
    ob_push_roster_of(L, t);
    ob_table_unref(t);
    lua_setfield(L, -2, name);
}

static inline struct ob_table *directory(void)
{
    struct ob_value rows = {0};
    struct ob_table *t;
    struct ob_err err;
    ob_value_set_list(&rows);
    for (int i = 0; i < 3; i++) {
        struct ob_value *p = ob_list_push(&rows);
        ob_value_set_map(p);
        ob_map_put_str(p, "id", i == 0 ? "bob" : i == 1 ? "kim" : "lee");
        ob_map_put_str(p, "mail", i == 2 ? "" : "m@x.org");
        ob_map_put_int(p, "level", i);
    }
    assert_int_equal(ob_table_from_value(&t, "meeting", &rows, "id", &err), OB_OK);
    ob_value_fini(&rows);
    return t;
}

static int l_roster(lua_State *L)
{
    ob_check_roster(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int propose_done(lua_State *L, int status, lua_KContext ctx)
{
    return lua_gettop(L);
}

static int l_propose(lua_State *L)
{
    return lua_yieldk(L, lua_gettop(L), 0, propose_done);
}

static inline int setup_rosters(lua_State *L)
{
    ob_open_roster(L);
    ob_push_env(L);
    set_table(L, "leavers", parse_csv("leavers.csv", LEAVERS, strlen(LEAVERS)));
    set_table(L, "keep", parse_csv("keep.csv", KEEP, strlen(KEEP)));
    set_table(L, "nobody", parse_csv("empty.csv", "", 0));
    set_table(L, "meeting", directory());
    lua_pushcfunction(L, l_roster);
    lua_setfield(L, -2, "roster");
    lua_pushcfunction(L, l_propose);
    lua_setfield(L, -2, "propose");
    lua_pop(L, 1);
    return 0;
}

static inline struct ob_script *new_script(size_t memory)
{
    struct ob_limits limits = {memory, OB_LIMIT_CPU_MS};
    struct ob_script *s;
    struct ob_err err;
    if (ob_script_new(&s, OB_PROFILE_PROVIDER, "test", limits, &err) != OB_OK ||
        ob_script_setup(s, setup_rosters, &err) != OB_OK)
        fail_msg("%s", err.message);
    return s;
}

/* names(r) is "bob eve uma zoe". */
#define PRELUDE                                                                                    \
    "local function names(r) return table.concat(r:map(tostring), ' ') end\n"                      \
    "local function is(a, b) if a ~= b then error('got ' .. tostring(a) .. ', expected ' "         \
    ".. tostring(b), 2) end end\n"
