/* A policy's time. It stands still while the policy runs, and moves when a wait is over: then it
 * is the moment at which the run went on, which the ledger keeps, so that a replay sees the same.
 * Branches of together() have a time each; afterwards the latest one counts. */
#include <math.h>
#include <stdio.h>
#include "script/policy_parts.h"

int64_t ob_policy_now(const struct ob_policy *p)
{
    return p->current && p->current->woke_ms ? p->current->woke_ms : p->opt.now_ms;
}

void ob_policy_today(const struct ob_policy *p, char out[OB_TIME_TEXT])
{
    if (p->current && p->current->woke_ms)
        snprintf(out, OB_TIME_TEXT, "%s", p->current->today);
    else
        snprintf(out, OB_TIME_TEXT, "%s", p->today);
}

static int64_t offset_ms(lua_State *L)
{
    double seconds = luaL_optnumber(L, 1, 0);
    if (!(fabs(seconds) < 1e11))
        luaL_error(L, "that is too far away");
    return (int64_t)(seconds * 1000);
}

/* [-0, +1, e] today() is "2026-11-22"; today(days(-30)) is thirty days before. */
static int l_today(lua_State *L)
{
    char text[OB_TIME_TEXT], noon[OB_TIME_TEXT + 16], today[OB_TIME_TEXT];
    int64_t at;
    int64_t offset = offset_ms(L);
    /* Whole days are counted on the calendar, from noon, so that no summer time shifts them. */
    ob_policy_today(ob_policy_of(L), today);
    snprintf(noon, sizeof noon, "%sT12:00:00Z", today);
    if (offset == 0 || !ob_time_parse(noon, &at)) {
        lua_pushstring(L, today);
        return 1;
    }
    lua_pushlstring(L, ob_time_iso(at + offset, false, text), 10);
    return 1;
}

/* [-0, +1, e] now() is "2026-11-22T04:03:00Z", the moment of the plan, or of the last wait's end.
 */
static int l_now(lua_State *L)
{
    char text[OB_TIME_TEXT];
    ob_policy_of(L)->asked_now = true;
    lua_pushstring(L, ob_time_iso(ob_policy_now(ob_policy_of(L)) + offset_ms(L), false, text));
    return 1;
}

/* [-0, +1, e] A number of seconds, for today() and now(). */
static int l_days(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1) * 86400;
    if (seconds == floor(seconds) && fabs(seconds) < 1e15)
        lua_pushinteger(L, (lua_Integer)seconds);
    else
        lua_pushnumber(L, seconds);
    return 1;
}

void ob_open_policy_time(lua_State *L)
{
    static const luaL_Reg names[] = {{"today", l_today},
                                     {"now", l_now},
                                     {"days", l_days},
                                     {"wait", ob_policy_wait},
                                     {NULL, NULL}};
    ob_push_env(L);
    luaL_setfuncs(L, names, 0);
    lua_pop(L, 1);
}
