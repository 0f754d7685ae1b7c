/* The budgets of a script: VM instructions through a count hook, work done in C through
 * ob_charge, and CPU time of this thread through both. A spent budget ends the script for good:
 * what is raised then is caught by no pcall of ours, and the hook fires at each instruction until
 * nothing of the script runs. It does not bound what one call of a C library does; the callers
 * charge before, by size. */
#include "script/sandbox.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CHURN_BYTES_PER_UNIT 8
#define SLOW_STEP_NS         40
#define PLAIN_STEP_NS        20
#define LOOK_NS              1000000 /* the CPU clock is a system call: look once a millisecond */

static int64_t now_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct ob_script *ob_script_of(lua_State *L)
{
    return *(struct ob_script **)lua_getextraspace(L);
}

/* ---- where ---- */

/* Our own files are loaded with '=' before their name, a user's with '@': a limit is met where
 * the user's line is, if there is one. */
void ob_where(lua_State *L, char *out, size_t size)
{
    lua_Debug ar;
    out[0] = '\0';
    for (int level = 0; level < 250 && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0)
            continue;
        if (!out[0] || ar.source[0] == '@')
            snprintf(out, size, "%s:%d: ", ar.short_src, ar.currentline);
        if (ar.source[0] == '@')
            return;
    }
}

/* ---- time ---- */

void ob_budget_enter(struct ob_box *box)
{
    if (box->meter.entries++)
        return;
    box->meter.where[0] = '\0';
    box->meter.seen_ns = now_ns(CLOCK_MONOTONIC);
    if (box->cpu_left_ns < LOOK_NS)
        box->meter.seen_ns -= LOOK_NS; /* or one who comes often for a short time is never seen */
    box->meter.seen_cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    box->meter.steps = 0;
    box->cpu_end_ns = box->meter.seen_cpu_ns + box->cpu_left_ns;
}

void ob_budget_leave(struct ob_box *box)
{
    if (--box->meter.entries)
        return;
    int64_t left = box->cpu_end_ns - now_ns(CLOCK_THREAD_CPUTIME_ID);
    box->cpu_left_ns = left > 0 ? left : 0;
}

/* A policy that only spins ends by its steps, within a second or two; an operator who gives it
 * more time than the default gives it more steps. All else is ours, and the clock comes first. */
int64_t ob_fuel_limit(const struct ob_script *s)
{
    int64_t ms = s->box.limits.cpu_ms;
    if (s->profile != OB_PROFILE_POLICY)
        return ms * OB_FUEL_PER_MS;
    return ms > OB_LIMIT_CPU_MS ? OB_FUEL_POLICY / OB_LIMIT_CPU_MS * ms : OB_FUEL_POLICY;
}

void ob_budget_reset(struct ob_script *s)
{
    struct ob_box *box = &s->box;
    int64_t ms = box->limits.cpu_ms;
    box->cpu_left_ns = ms * 1000000;
    if (box->meter.entries)
        box->cpu_end_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) + box->cpu_left_ns;
    box->fuel = ob_fuel_limit(s);
    box->spent = OB_SPENT_NO;
    box->pcall_depth = 0;
    box->meter.churn = 0;
    box->meter.why = NULL;
    if (s->L)
        ob_arm(s->L, OB_HOOK_PERIOD);
}

/* Some instructions work in C for long (comparing, converting, unwinding). Where a step took more
 * than SLOW_STEP_NS on the average, time is what is charged, at what a plain step takes. */
static uint64_t slow_steps(struct ob_meter *m, int64_t cpu)
{
    int64_t took = cpu - m->seen_cpu_ns;
    uint64_t steps = m->steps;
    m->seen_cpu_ns = cpu;
    m->steps = 0;
    if (took <= 0 || (uint64_t)took / SLOW_STEP_NS <= steps)
        return 0;
    return (uint64_t)took / PLAIN_STEP_NS - steps;
}

/* What the clocks add to `units`. CPU time passes no faster than time itself, so a millisecond of
 * it needs a look only once. */
static uint64_t look_at_clocks(struct ob_box *box, lua_State *L, uint64_t units)
{
    struct ob_meter *m = &box->meter;
    int64_t now = now_ns(CLOCK_MONOTONIC);
    m->steps += units;
    if (now - m->seen_ns < LOOK_NS)
        return 0;
    m->seen_ns = now;
    int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    if (cpu >= box->cpu_end_ns)
        ob_spend(box, L, OB_SPENT_CPU);
    return slow_steps(m, cpu);
}

/* ---- spending ---- */

void ob_spend(struct ob_box *box, lua_State *L, enum ob_spent why)
{
    if (box->spent)
        return;
    box->spent = why;
    ob_where(L, box->meter.where, sizeof box->meter.where);
    ob_arm(L, 1);
}

static bool take(lua_State *L, uint64_t units)
{
    struct ob_box *box = &ob_script_of(L)->box;
    units += box->meter.churn / CHURN_BYTES_PER_UNIT;
    box->meter.churn = 0;
    if (box->meter.entries)
        units += look_at_clocks(box, L, units);
    box->fuel = units > (uint64_t)box->fuel ? -1 : box->fuel - (int64_t)units;
    if (box->fuel < 0) {
        box->fuel = 0;
        ob_spend(box, L, OB_SPENT_FUEL);
    }
    return !box->spent;
}

bool ob_charge_quiet(lua_State *L, uint64_t units)
{
    return take(L, units);
}

void ob_charge(lua_State *L, uint64_t units)
{
    if (!take(L, units))
        ob_raise_spent(L);
}

/* A light userdata needs no memory, and a script cannot tell it from another. */
int ob_raise_spent(lua_State *L)
{
    lua_pushlightuserdata(L, ob_script_of(L));
    return lua_error(L);
}

int ob_raise_host(lua_State *L, const struct ob_err *err)
{
    struct ob_box *box = &ob_script_of(L)->box;
    if (!box->spent)
        box->host_err = *err;
    ob_spend(box, L, OB_SPENT_HOST);
    return ob_raise_spent(L);
}

/* ---- the hook ---- */

/* Comparing, hashing and converting a string takes time by its length within one instruction, so
 * while long strings live the clock is looked at more often. */
int ob_period(const struct ob_box *box)
{
    size_t longest = box->meter.big_string;
    size_t period = longest < OB_BIG_FROM ? OB_HOOK_PERIOD : OB_HOOK_PERIOD * OB_BIG_FROM / longest;
    return period ? (int)period : 1;
}

/* Rehearsals ask which lines of a policy are reached. */
static void mark_line(lua_State *L, lua_Debug *ar)
{
    struct ob_script *s = ob_script_of(L);
    lua_getinfo(L, "S", ar);
    if (ar->currentline > 0 && (size_t)ar->currentline < s->line_count &&
        strcmp(ar->short_src, s->name) == 0)
        s->lines[ar->currentline] = 1;
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    if (ar->event == LUA_HOOKLINE) {
        mark_line(L, ar);
        return;
    }
    struct ob_box *box = &ob_script_of(L)->box;
    int period = ob_period(box), was = lua_gethookcount(L);
    if (!take(L, (uint64_t)was)) {
        ob_arm(L, 1);
        if (lua_isyieldable(L))
            lua_yield(L, 0);
        else
            ob_raise_spent(L);
    } else if (was != period) {
        ob_arm(L, period);
    }
}

void ob_arm(lua_State *L, int period)
{
    int lines = ob_script_of(L)->lines ? LUA_MASKLINE : 0;
    lua_sethook(L, on_count, LUA_MASKCOUNT | lines, period);
}
