/* How the pace is found.
 *
 * OPEN. Nothing is known: one call is in flight, then up to NARROW, and from there the window grows
 * by one for every two windows of accepted calls: about the square root of what was accepted is out
 * when a limit is met, and quick clouds without one lose nothing to speak of.
 *
 * HOLD. A limit was met (pace_storm.c) and counted. Calls leave evenly, GUARD below it: evenly,
 * because then sliding windows, fixed windows and buckets all look the same; below, because the
 * network shifts arrivals by some tens of milliseconds against each other.
 *
 * CLIMB. Seldom, and ever more seldom while it fails, the budget tries more than what is held, in
 * growing steps, and bisects between what passed and what was refused. Only calls that waited for
 * the budget count there: what nobody wanted to send proves nothing.
 *
 * Whoever changes a number here runs engine_pace_test with OB_PACE_TABLE=1 before and after. */
#include "engine/pace.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/pace_parts.h"

#define NARROW   4    /* calls in flight that are no risk to speak of */
#define SLACK    10   /* so many milliseconds of our own lateness are made good */
#define STEP     1.1  /* of a large look above ... */
#define SMALL    1.03 /* ... and of a small one */
#define TRIAL_MS 1500
#define PAUSE    600    /* calls before a look: it costs far less than one in a hundred */
#define DOUBT    10     /* before one at a rate that is doubted */
#define SOON     100    /* after a small one that passed */
#define PATIENCE 120000 /* the same as PAUSE, for slow clouds, in milliseconds */
#define STEADY   100    /* calls that make a rate a good one */
#define OLD      ((int64_t)3600 * 1000)

static void wait_for(struct ob_pace *p, int64_t calls)
{
    p->pause = calls;
    p->patience = calls * PATIENCE / PAUSE;
}

void ob_pace_init(struct ob_pace *p, int parallel, int cap_calls, int64_t cap_ms)
{
    *p = (struct ob_pace){.parallel = parallel, .window = 1, .small = true};
    wait_for(p, PAUSE);
    p->hold_until = p->said_until = p->storm_at = p->last_at = p->fresh_at = p->last_ok = NEVER;
    p->next_at = p->cap_at = (double)NEVER;
    if (cap_calls > 0) /* the one more is for rounding to whole milliseconds */
        p->cap_ms = (double)(cap_ms + 1) / cap_calls;
}

/* The next calls follow the new rate from the last one that left. */
void ob_pace_set_rate(struct ob_pace *p, double rate, int64_t now)
{
    p->rate = rate;
    p->since = now;
    p->calls = 0;
    if (p->last_at != NEVER)
        p->next_at = (double)p->last_at + ob_pace_every(p);
}

void ob_pace_hold(struct ob_pace *p, double rate, int64_t now)
{
    p->aim = OB_PACE_HOLD;
    p->good = rate;
    ob_pace_set_rate(p, rate, now);
}

static void climb(struct ob_pace *p, double base, double to, double hi, int64_t now)
{
    p->aim = OB_PACE_CLIMB;
    p->base = p->lo = base;
    p->hi = hi;
    p->gain = STEP;
    ob_pace_set_rate(p, to, now);
}

/* Where the limit is nobody knows any more: up from `lo`. */
void ob_pace_search(struct ob_pace *p, double lo, double hi, int64_t now)
{
    p->small = p->look = false;
    climb(p, lo, lo, hi, now);
}

void ob_pace_doubt(struct ob_pace *p)
{
    p->doubted = true;
    wait_for(p, DOUBT);
}

/* ---- leaving ---- */

int64_t ob_pace_next(const struct ob_pace *p, int in_flight)
{
    if (p->scouting ? p->scout_out : in_flight >= (p->rate > 0 ? p->parallel : p->window))
        return INT64_MAX;
    double at = p->cap_at > p->next_at ? p->cap_at : p->next_at;
    int64_t due = (int64_t)ceil(at), held = ob_pace_held(p);
    return due > held ? due : held;
}

/* Time in which nobody wanted to call is no time in which the cloud let us through. */
static void count_time(struct ob_pace *p, int64_t now)
{
    double gap = p->last_at == NEVER ? 0 : (double)(now - p->last_at);
    double most = 2 * ob_pace_every(p) > SECOND ? 2 * ob_pace_every(p) : SECOND;
    if (ob_pace_held(p) > p->last_at)
        most += (double)(ob_pace_held(p) - p->last_at);
    p->busy_ms += gap < most ? gap : most;
}

static double after(double due, int64_t now, double gap, double slack)
{
    double from = (double)now - slack;
    return (due > from ? due : from) + gap;
}

void ob_pace_sent(struct ob_pace *p, struct ob_pace_call *call, int64_t now, int in_flight)
{
    bool full = in_flight + 1 >= p->window;
    bool due = (double)now - p->next_at <= SLACK + ob_pace_every(p) / 4;
    *call = (struct ob_pace_call){now, p->storm, p->rate > 0 ? due : full};
    count_time(p, now);
    p->next_at = after(p->next_at, now, ob_pace_every(p), SLACK);
    p->cap_at = after(p->cap_at, now, p->cap_ms, 1);
    p->last_at = now;
    if (p->since == NEVER)
        p->since = now;
    if (p->scouting)
        p->scout_out = true;
}

void ob_pace_lost(struct ob_pace *p, const struct ob_pace_call *call)
{
    if (p->scouting && call->storm == p->storm)
        p->scout_out = false;
}

/* ---- upwards ---- */

/* A large look that failed makes all others rarer; a small one that passed is followed by a large
 * one soon. */
void ob_pace_settle(struct ob_pace *p, int64_t now)
{
    bool better = p->lo > p->base;
    if (p->small)
        wait_for(p, better ? SOON : PAUSE << p->failures);
    else
        p->failures = better ? 0 : p->failures < OB_PACE_LOOKS ? p->failures + 1 : OB_PACE_LOOKS;
    if (!p->small)
        wait_for(p, PAUSE << p->failures);
    ob_pace_hold(p, p->lo, now);
}

static void step_up(struct ob_pace *p, int64_t now)
{
    p->lo = p->rate > p->lo ? p->rate : p->lo;
    if (p->small || (p->hi > 0 && p->hi <= p->lo * OB_PACE_TIGHT)) {
        ob_pace_settle(p, now);
        return;
    }
    ob_pace_set_rate(p, p->hi > 0 ? sqrt(p->lo * p->hi) : p->lo * p->gain, now);
    p->gain = p->gain < 1.5 ? 2 * p->gain - 1 : 2;
}

/* Has this rate been pressed for long enough to believe in it? */
static bool stood(struct ob_pace *p, int64_t now)
{
    double ms = (double)(now - p->since);
    double more = (p->rate - p->lo) * ms / SECOND;
    if (ms < TRIAL_MS || p->calls < 2 || (more < 1.5 && p->rate > p->lo))
        return false;
    if ((double)p->calls + 2 >= (p->immune > 0 ? 0.2 : 0.8) * p->rate * ms / SECOND)
        return true;
    p->since = now; /* something else is slower than the budget: begin again */
    p->calls = 0;
    return false;
}

static void look_above(struct ob_pace *p, int64_t now)
{
    bool doubted = p->doubted;
    p->small = !p->small && !doubted;
    climb(p, p->rate, p->rate * (doubted ? 2 : p->small ? SMALL : STEP), 0, now);
    p->look = true;
    p->doubted = false;
    if (doubted)
        p->gain = 2;
}

static void consider(struct ob_pace *p, int64_t now)
{
    if (p->aim == OB_PACE_CLIMB) {
        if (stood(p, now))
            step_up(p, now);
        return;
    }
    if (p->calls >= STEADY)
        p->good = p->rate;
    if (p->calls >= p->pause || (p->calls >= 5 && now - p->since >= p->patience))
        look_above(p, now);
}

static void widen(struct ob_pace *p)
{
    if (++p->grown < (p->window < NARROW ? 1 : 2 * p->window) || p->window >= p->parallel)
        return;
    p->window++;
    p->grown = 0;
}

static void note(struct ob_pace *p, int64_t at)
{
    p->seen[p->seen_count++ % OB_PACE_SEEN] = at;
    if (at > p->last_ok)
        p->last_ok = at;
}

void ob_pace_accepted(struct ob_pace *p, const struct ob_pace_call *call, int64_t now)
{
    bool scout = p->scouting && call->storm == p->storm;
    if (p->scouting && !scout)
        ob_pace_accident(p, call);
    if (scout)
        ob_pace_storm_over(p, call->at, now);
    note(p, call->at);
    p->in_row = 0;
    if (call->storm != p->storm)
        return;
    if (!p->run_passed++)
        p->run_at = call->at;
    p->passed++;
    ob_pace_tally(p, false);
    if (!call->pressed)
        return;
    if (p->rate > 0 && call->at >= p->since && !scout) {
        p->calls++;
        consider(p, now);
    } else if (p->rate <= 0) {
        widen(p);
    }
}

/* ---- from run to run ---- */

bool ob_pace_learned(struct ob_pace *p, int64_t wall_ms, char out[OB_PACE_TEXT])
{
    if (p->rate <= 0 || p->scouting)
        return false;
    double known = p->aim == OB_PACE_HOLD ? p->rate : p->lo;
    double news = p->aim == OB_PACE_HOLD ? 0.05 : 0.5;
    if (fabs(known - p->saved) <= news * p->saved)
        return false;
    p->saved = known;
    snprintf(out, OB_PACE_TEXT, "%.4g/s %" PRId64, known, wall_ms);
    return true;
}

void ob_pace_recall(struct ob_pace *p, const char *text, int64_t wall_ms)
{
    char *end;
    double rate = strtod(text, &end);
    if (strncmp(end, "/s ", 3) != 0 || !(rate > 0.001 && rate < 1e6))
        return;
    int64_t age = wall_ms - strtoll(end + 3, NULL, 10);
    p->saved = rate;
    ob_pace_hold(p, rate, NEVER);
    if (age > OLD || age < 0)
        ob_pace_doubt(p);
}
