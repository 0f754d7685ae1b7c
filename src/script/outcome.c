/* The class "ob.outcome": what became of each person of a proposal, as four rosters and a share.
 * A person's outcome in several branches of together() is the worst of them. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/policy_parts.h"
#include "script/policy_undo.h"

#define OUTCOME "ob.outcome"

/* Ascending: worse. Undone is shown as skipped, and is more than that where branches come together:
 * whoever was brought back in one of them has not succeeded. */
enum verdict { V_SKIPPED, V_SUCCEEDED, V_UNDONE, V_UNKNOWN, V_FAILED, V_COUNT };
static const char *const verdict_names[] = {"skipped", "succeeded", "skipped", "unknown", "failed"};

/* The user values of the userdata: its roster, the details (a table by key), and the paths of the
 * steps it came from (a list). */
enum { ROSTER = 1, DETAILS, PATHS };

struct outcome {
    size_t count;
    bool undone;
    size_t tally[V_COUNT];
    unsigned char verdict[];
};

/* [-0, +1, e] over the roster at `at`; verdicts are all skipped until set. */
static struct outcome *push_empty(lua_State *L, int at)
{
    at = lua_absindex(L, at);
    const struct ob_roster *r = ob_check_roster(L, at);
    struct outcome *o = lua_newuserdatauv(L, sizeof *o + r->count, PATHS);
    memset(o, 0, sizeof *o + r->count);
    o->count = r->count;
    lua_pushvalue(L, at);
    lua_setiuservalue(L, -2, ROSTER);
    lua_newtable(L);
    lua_setiuservalue(L, -2, DETAILS);
    lua_newtable(L);
    lua_setiuservalue(L, -2, PATHS);
    luaL_setmetatable(L, OUTCOME);
    return o;
}

static void set_verdict(struct outcome *o, size_t i, enum verdict v)
{
    o->verdict[i] = (unsigned char)v;
    o->tally[v]++;
}

static enum verdict verdict_of(enum ob_person_state state)
{
    switch (state) {
    case OB_P_SUCCEEDED:
        return V_SUCCEEDED;
    case OB_P_FAILED:
        return V_FAILED;
    case OB_P_SKIPPED:
        return V_SKIPPED;
    default:
        return V_UNKNOWN;
    }
}

void ob_push_outcome(lua_State *L, int at, const struct ob_person *people, size_t count)
{
    struct outcome *o = push_empty(L, at);
    lua_getiuservalue(L, -1, 2);
    for (size_t i = 0; i < count && i < o->count; i++) {
        set_verdict(o, i, people[i].told_unknown ? V_UNKNOWN : verdict_of(people[i].state));
        if (!people[i].detail || !*people[i].detail)
            continue;
        lua_pushstring(L, people[i].detail);
        lua_setfield(L, -2, people[i].key);
    }
    lua_pop(L, 1);
}

void ob_push_assumed(lua_State *L, int at)
{
    struct outcome *o = push_empty(L, at);
    for (size_t i = 0; i < o->count; i++)
        set_verdict(o, i, V_SUCCEEDED);
}

/* ---- where it came from ---- */

void ob_outcome_from(lua_State *L, int at, const char *path)
{
    at = lua_absindex(L, at);
    lua_getiuservalue(L, at, PATHS);
    lua_pushstring(L, path);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

void ob_outcome_paths(lua_State *L, int at, struct ob_value *out)
{
    lua_getiuservalue(L, at, PATHS);
    ob_check_value(L, -1, out);
    if (out->type != OB_LIST)
        ob_value_set_list(out);
    lua_pop(L, 1);
}

static void add_paths(lua_State *L, int from, int into)
{
    lua_getiuservalue(L, from, PATHS);
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        ob_outcome_from(L, into, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void ob_outcome_check(lua_State *L, int at)
{
    luaL_checkudata(L, at, OUTCOME);
}

void ob_outcome_push_roster(lua_State *L, int at)
{
    lua_getiuservalue(L, at, ROSTER);
}

/* Whoever was brought back is as before: nothing that follows may take them for done. */
static void take_back(lua_State *L, struct outcome *o, size_t i, const char *key)
{
    o->tally[o->verdict[i]]--;
    set_verdict(o, i, V_UNDONE);
    lua_pushliteral(L, "undone");
    lua_setfield(L, -2, key);
}

void ob_outcome_undo(lua_State *L, int at, const struct ob_value *verdicts)
{
    struct outcome *o = lua_touserdata(L, at);
    o->undone = true;
    lua_getiuservalue(L, at, ROSTER);
    lua_getiuservalue(L, at, DETAILS);
    const struct ob_roster *r = ob_check_roster(L, -2);
    for (size_t i = 0; i < o->count; i++) {
        struct ob_member m = ob_roster_at(r, i);
        const char *key = ob_member_key(&m);
        int64_t state = ob_map_int(ob_map_get(verdicts, key), "state",
                                   verdicts ? OB_P_UNKNOWN : OB_P_SUCCEEDED);
        bool back = state == OB_P_SUCCEEDED || state == OB_P_SKIPPED;
        if (back && o->verdict[i] == V_SUCCEEDED)
            take_back(L, o, i, key);
    }
    lua_pop(L, 2);
}

/* ---- several as one ---- */

/* [-0, +1, e] A table key -> position of the member in the union roster, which is at `union_at`. */
static void push_union(lua_State *L, int first, int last, int union_at)
{
    struct ob_roster *all = lua_touserdata(L, union_at);
    lua_newtable(L);
    for (int i = first; i <= last; i++) {
        if (!luaL_testudata(L, i, OUTCOME))
            continue;
        lua_getiuservalue(L, i, 1);
        const struct ob_roster *r = ob_check_roster(L, -1);
        for (size_t k = 0; k < r->count; k++) {
            struct ob_member m = ob_roster_at(r, k);
            if (lua_getfield(L, -2, ob_member_key(&m)) == LUA_TNIL) {
                lua_pushinteger(L, (lua_Integer)all->count);
                lua_setfield(L, -4, ob_member_key(&m));
                ob_roster_add(all, m.table, m.row);
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
}

static size_t members_of(lua_State *L, int first, int last)
{
    size_t n = 0;
    for (int i = first; i <= last; i++) {
        const struct outcome *o = luaL_testudata(L, i, OUTCOME);
        n += o ? o->count : 0;
    }
    return n;
}

/* The outcome at `at` into the combined one at `into`; `keys` is the table of push_union. */
static void merge(lua_State *L, int at, int into, int keys)
{
    const struct outcome *from = lua_touserdata(L, at);
    struct outcome *o = lua_touserdata(L, into);
    o->undone = o->undone || from->undone;
    lua_getiuservalue(L, at, 1);
    lua_getiuservalue(L, at, 2);
    lua_getiuservalue(L, into, 2);
    const struct ob_roster *r = ob_check_roster(L, -3);
    for (size_t k = 0; k < r->count; k++) {
        struct ob_member m = ob_roster_at(r, k);
        lua_getfield(L, keys, ob_member_key(&m));
        size_t i = (size_t)lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (from->verdict[k] < o->verdict[i])
            continue;
        o->verdict[i] = from->verdict[k];
        lua_getfield(L, -2, ob_member_key(&m));
        lua_setfield(L, -2, ob_member_key(&m));
    }
    lua_pop(L, 3);
}

void ob_push_combined(lua_State *L, int first, int last)
{
    int base = lua_gettop(L);
    size_t n = members_of(L, first, last);
    luaL_checkstack(L, 12, "together");
    ob_charge(L, n);
    ob_push_roster(L, n);
    push_union(L, first, last, base + 1);
    struct outcome *o = push_empty(L, base + 1);
    for (int i = first; i <= last; i++)
        if (luaL_testudata(L, i, OUTCOME)) {
            merge(L, i, base + 3, base + 2);
            add_paths(L, i, base + 3);
        }
    for (size_t i = 0; i < o->count; i++)
        o->tally[o->verdict[i]]++;
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
}

/* ---- the class ---- */

/* [-0, +1, e] The roster of those with a verdict of this name. */
static int push_members(lua_State *L, const struct outcome *o, const char *name)
{
    size_t n = 0;
    for (int v = 0; v < V_COUNT; v++)
        n += strcmp(verdict_names[v], name) == 0 ? o->tally[v] : 0;
    lua_getiuservalue(L, 1, 1);
    const struct ob_roster *r = ob_check_roster(L, -1);
    struct ob_roster *out = ob_push_roster(L, n);
    ob_charge(L, o->count / 8 + 1);
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(verdict_names[o->verdict[i]], name) == 0) {
            struct ob_member m = ob_roster_at(r, i);
            ob_roster_add(out, m.table, m.row);
        }
    return 1;
}

static size_t skipped(const struct outcome *o)
{
    return o->tally[V_SKIPPED] + o->tally[V_UNDONE];
}

static double failed_share(const struct outcome *o)
{
    size_t acted = o->count - skipped(o);
    return acted ? (double)(o->tally[V_FAILED] + o->tally[V_UNKNOWN]) / (double)acted : 0;
}

/* [-0, +1, e] o:reason(person) is the cloud's word on one, or nil. */
static int l_reason(lua_State *L)
{
    luaL_checkudata(L, 1, OUTCOME);
    const struct ob_roster *one = ob_check_roster(L, 2);
    lua_getiuservalue(L, 1, 2);
    if (one->count != 1)
        return luaL_error(L, "reason: ask for one person");
    struct ob_member m = ob_roster_at(one, 0);
    lua_getfield(L, -1, ob_member_key(&m));
    return 1;
}

static int l_index(lua_State *L)
{
    const struct outcome *o = luaL_checkudata(L, 1, OUTCOME);
    const char *name = luaL_checkstring(L, 2);
    for (int v = 0; v < V_COUNT; v++)
        if (strcmp(name, verdict_names[v]) == 0)
            return push_members(L, o, name);
    if (strcmp(name, "failed_share") == 0)
        lua_pushnumber(L, failed_share(o));
    else if (strcmp(name, "total") == 0)
        lua_pushinteger(L, (lua_Integer)o->count);
    else if (strcmp(name, "reason") == 0)
        lua_pushcfunction(L, l_reason);
    else if (strcmp(name, "undo") == 0)
        lua_pushcfunction(L, ob_policy_undo);
    else if (strcmp(name, "undone") == 0)
        lua_pushboolean(L, o->undone);
    else
        return luaL_error(L,
                          "an outcome has no \"%s\"; it has: succeeded, failed, unknown, skipped, "
                          "failed_share, total, undone, reason, undo",
                          name);
    return 1;
}

static int l_tostring(lua_State *L)
{
    const struct outcome *o = luaL_checkudata(L, 1, OUTCOME);
    char text[200];
    snprintf(text, sizeof text, "%zu succeeded, %zu failed, %zu unknown, %zu skipped",
             o->tally[V_SUCCEEDED], o->tally[V_FAILED], o->tally[V_UNKNOWN], skipped(o));
    lua_pushstring(L, text);
    return 1;
}

void ob_open_outcome(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__index", l_index}, {"__tostring", l_tostring}, {NULL, NULL}};
    luaL_newmetatable(L, OUTCOME);
    luaL_setfuncs(L, meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
