/* What C makes for a policy and Lua has to free when something raises half-way: values and tables.
 * Called by the other files of the policy runtime. */
#include "script/policy_parts.h"
#include "script/table.h"

static int l_value_gc(lua_State *L)
{
    ob_value_fini(lua_touserdata(L, 1));
    return 0;
}

static int l_table_gc(lua_State *L)
{
    struct ob_table **t = lua_touserdata(L, 1);
    if (*t)
        ob_table_unref(*t);
    *t = NULL;
    return 0;
}

/* [-0, +0, e] The userdata on top is freed by `gc` from now on. */
static void own(lua_State *L, const char *name, lua_CFunction gc)
{
    if (luaL_newmetatable(L, name)) {
        lua_pushcfunction(L, gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

struct ob_value *ob_policy_push_owned(lua_State *L)
{
    struct ob_value *v = lua_newuserdatauv(L, sizeof *v, 0);
    ob_value_init(v);
    own(L, "ob.value", l_value_gc);
    return v;
}

/* [-0, +1, e] An empty place for a table. */
struct ob_table **ob_policy_push_slot(lua_State *L)
{
    struct ob_table **slot = lua_newuserdatauv(L, sizeof *slot, 0);
    *slot = NULL;
    own(L, "ob.table.slot", l_table_gc);
    return slot;
}

void ob_policy_push_table(lua_State *L, struct ob_table **slot)
{
    ob_push_roster_of(L, *slot); /* takes a reference of its own */
    ob_table_unref(*slot);
    *slot = NULL;
}
