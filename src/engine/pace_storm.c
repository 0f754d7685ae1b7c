/* Storms: from a refusal to the next call that is accepted.
 *
 * A refusal holds everything back for a moment; then one call, the scout, looks whether it was an
 * accident (it passes: a little slower) or a limit (it is refused too, and so were all that left
 * with the first). At a limit the calls that passed in the last second are the estimate: exact for
 * windows of a second, a start for all others. Where that says nothing the rate is halved; the
 * first second after a whole quiet one is counted again; and each further refused scout doubles
 * the wait. n calls passed between two single refusals mean that we are about one in n too quick.
 *
 * A cloud that says how long to stay away is obeyed, and its delay changes no estimate. */
#include "engine/pace_parts.h"
#include "base/random.h"
#include "engine/retry.h"

#define GUARD     0.965 /* of what was counted */
#define EASE      0.99  /* of what a refusal in the long run says */
#define MARGIN    50    /* the network's, where a whole window has to pass */
#define RETRY_MS  100   /* until the first scout: one call's time, within these */
#define RETRY_MAX 250
#define BLIND_MAX 20000
#define RUN_MS    3000 /* a short run, */
#define RUN_LEAST 50   /* and the calls in it that are enough to judge by */
#define FEW       10   /* calls until the first limit: hardly an estimate */
#define QUICK     5    /* calls a second: one refused scout says enough */
#define SINGLE    2    /* calls a second: single refusals alone do not push below */
#define LONG_RUN  20   /* calls between two refusals: no reason to search anew */
#define FLOOR     0.6  /* of a good rate: further down than that only with a search */

/* ---- what was counted ---- */

/* Calls that passed in the second before `at`. */
static double last_second(const struct ob_pace *p, int64_t at)
{
    size_t kept = p->seen_count < OB_PACE_SEEN ? p->seen_count : OB_PACE_SEEN;
    int64_t first = at;
    double n = 0;
    for (size_t i = 0; i < kept; i++)
        if (p->seen[i] > at - SECOND) {
            n++;
            first = p->seen[i] < first ? p->seen[i] : first;
        }
    if (kept == OB_PACE_SEEN && n == (double)kept && first < at)
        n = n * SECOND / (double)(at - first);
    return n > 1 ? n : 1;
}

/* When calls may go on evenly so that no second holds more of them than the last one did. */
static int64_t room_at(const struct ob_pace *p, int64_t at, double gap)
{
    size_t i = p->seen_count > OB_PACE_SEEN ? p->seen_count - OB_PACE_SEEN : 0;
    double when = 0, before = 0;
    for (; i < p->seen_count; i++) {
        int64_t left = p->seen[i % OB_PACE_SEEN];
        if (left <= at - SECOND)
            continue;
        double due = (double)(left + SECOND + MARGIN) - before++ * gap;
        when = due > when ? due : when;
    }
    return (int64_t)when;
}

/* The first second after a quiet one was counted: `n` calls, and then a refusal. */
static void counted(struct ob_pace *p, double n, int64_t now)
{
    ob_pace_hold(p, n * GUARD, now);
    p->sure = p->recent = true;
    p->recount = n;
    if (p->before <= 0 && n < FEW) /* others may have used up what there was */
        ob_pace_doubt(p);
    p->hold_until = room_at(p, p->storm_at, ob_pace_every(p));
}

/* Answers that came after the refusal count as well. */
static void recount(struct ob_pace *p, int64_t now)
{
    double n = last_second(p, p->storm_at);
    if (n > p->recount && p->depth == 1)
        ob_pace_hold(p, n * GUARD, now);
    p->recount = 0;
}

static bool short_run(const struct ob_pace *p)
{
    return p->before > 0 && p->run_passed >= RUN_LEAST && p->storm_at - p->run_at < RUN_MS;
}

/* A short run and the block after it together show what the cloud allows, and so does a block
 * that was longer than the run: then it was the cloud's whole period, however long. */
static void count_period(struct ob_pace *p, int64_t left)
{
    int64_t run = p->storm_at - p->run_at, all = left - p->run_at;
    bool whole = p->depth > 1 && all >= 2 * run;
    if (!whole && (p->depth < 1 || p->sure || !short_run(p)))
        return;
    double rate = (double)p->run_passed * SECOND / (double)all * GUARD;
    if (rate > p->rate && whole)
        ob_pace_hold(p, rate, left);
    else if (rate > p->rate)
        ob_pace_search(p, rate, p->before, left);
}

/* ---- its end ---- */

void ob_pace_storm_over(struct ob_pace *p, int64_t left, int64_t now)
{
    p->scouting = false;
    p->quiet_ms = left - p->storm_at;
    p->fresh_at = left - p->last_ok >= SECOND ? left : NEVER;
    if (p->recount > 0)
        recount(p, left);
    count_period(p, left);
    p->run_at = left;
    p->run_passed = 0;
    p->busy_ms = 0;
    if (p->spared)
        return;
    p->since = now;
    p->calls = 0;
}

/* Refused were some of those that left together, and no limit is known: by lot, then. */
void ob_pace_accident(struct ob_pace *p, const struct ob_pace_call *call)
{
    if (p->before > 0 || !p->lucky || p->scout_out || p->depth > 1 || call->at <= p->storm_at)
        return;
    p->aim = OB_PACE_OPEN;
    p->rate = 0;
    p->next_at = (double)NEVER;
    p->depth = 0;
    p->scouting = false;
    p->hold_until = call->at;
}

/* ---- its beginning ---- */

static int64_t pause_of(const struct ob_pace *p)
{
    int64_t gap = (int64_t)ob_pace_every(p);
    return gap < RETRY_MS ? RETRY_MS : gap < RETRY_MAX ? gap : RETRY_MAX;
}

/* Above what was tried before: back to what passed, and when that is refused too, to the start. */
static void fall_back(struct ob_pace *p, int64_t now)
{
    double failed = p->rate;
    p->sure = true;
    p->hi = failed;
    if (p->lo >= failed)
        p->lo = failed / 2 > p->base ? failed / 2 : p->base;
    if ((p->lo > p->base || !p->look) && p->hi > p->lo * OB_PACE_TIGHT)
        ob_pace_set_rate(p, p->lo, now);
    else
        ob_pace_settle(p, now);
}

/* n calls passed: we are one in n too quick. A bucket may have been filled by the quiet before a
 * run, and then what passed in both together is the better measure. */
static void slow_down(struct ob_pace *p, int64_t now)
{
    double n = p->passed > 0 ? (double)p->passed : 1, old = p->rate, good = p->good;
    double ms = p->busy_ms + (p->recent ? (double)p->quiet_ms : 0);
    double rate = old * n / (n + 1), is = ms > 0 ? n * SECOND / ms : rate;
    rate = (is < rate ? is : rate) * EASE;
    if (rate < SINGLE && old >= SINGLE)
        rate = SINGLE;
    if (n < LONG_RUN || (p->recent && n < 50)) {
        ob_pace_search(p, rate, old, now);
        return;
    }
    if (p->recent && n < 100)
        good = 0;
    else if (p->failures < OB_PACE_LOOKS)
        p->failures++;
    ob_pace_hold(p, rate > FLOOR * good ? rate : FLOOR * good, now);
    p->good = good;
}

static void storm_begins(struct ob_pace *p, const struct ob_pace_call *call, int64_t now)
{
    double n = last_second(p, call->at), ms = (double)(call->at - p->storm_at);
    bool soon = p->storm > 1 && ms < SECOND;
    p->lucky = !soon;
    p->depth = 0;
    p->blind_ms = 0;
    p->sure = p->spared = false;
    p->recount = 0;
    p->before = p->rate;
    p->storm_at = call->at;
    p->hold_until = now + pause_of(p);
    if (p->rate <= 0 && soon) {
        double is = p->passed >= 5 ? (double)p->passed * SECOND / ms : 0;
        counted(p, is > n ? is : n, now);
    } else if (p->rate <= 0) {
        p->window = p->window > 1 ? p->window / 2 : 1;
        p->grown = 0;
    } else if ((p->spared = ob_pace_by_lot(p, now))) {
        p->hold_until = now + RETRY_MS;
    } else if (call->at - p->fresh_at <= SECOND) {
        counted(p, n, now);
    } else if (p->aim == OB_PACE_CLIMB && p->rate > p->base) {
        fall_back(p, now);
    } else {
        slow_down(p, now);
        p->recent = false;
    }
}

/* ---- and on ---- */

/* Not even a whole quiet second was enough: the cloud counts in longer periods. */
static void wait_longer(struct ob_pace *p, int64_t now)
{
    int64_t least = pause_of(p) > SECOND ? pause_of(p) : SECOND;
    p->blind_ms = p->blind_ms ? p->blind_ms * 2 : least;
    if (p->blind_ms > BLIND_MAX)
        p->blind_ms = BLIND_MAX;
    p->hold_until = now + p->blind_ms;
    double rate = (double)SECOND / (double)p->blind_ms;
    if (rate < p->rate)
        ob_pace_search(p, rate, p->before, now);
}

/* A scout was refused, or several calls in a row: this is no accident. */
static void storm_deepens(struct ob_pace *p, int64_t now)
{
    int64_t quiet = p->last_ok + SECOND + MARGIN;
    if (p->spared && p->depth < 3) {
        p->depth++;
        p->hold_until = now + (RETRY_MS << p->depth);
        return;
    }
    if (p->spared)
        ob_pace_end_series(p);
    p->spared = false;
    double n = last_second(p, p->storm_at);
    if (++p->depth == 1 && p->rate <= 0) {
        counted(p, n, now);
        quiet = p->hold_until;
    } else if (!p->sure && p->depth == (p->before < QUICK ? 2 : 1)) {
        ob_pace_search(p, p->before / 2, p->before, now);
    }
    if (p->depth > 1 && now >= quiet) {
        wait_longer(p, now);
        return;
    }
    int64_t soon = now + (pause_of(p) << (p->depth < 4 ? p->depth - 1 : 3));
    if (!p->sure && short_run(p))
        quiet = soon;
    p->hold_until = quiet > soon ? quiet : soon;
}

/* It had left before the storm was known. */
static void late_refusal(struct ob_pace *p, const struct ob_pace_call *call, int64_t now)
{
    if (p->scouting && !p->scout_out && !p->sure && p->depth == 0 && call->at >= p->storm_at)
        storm_deepens(p, now);
}

/* What the cloud says is for everybody, and instead of what we would have waited. */
static void obey(struct ob_pace *p, int64_t now, int64_t said_ms, struct ob_random *rnd)
{
    int64_t until = now + ob_backoff_ms(rnd, 1, said_ms);
    if (until > p->said_until)
        p->said_until = until;
    p->hold_until = now;
}

int64_t ob_pace_refused(struct ob_pace *p, const struct ob_pace_call *call, int64_t now,
                        int64_t said_ms, struct ob_random *rnd)
{
    p->in_row++;
    if (call->storm != p->storm) {
        late_refusal(p, call, now);
    } else {
        bool again = p->scouting;
        ob_pace_tally(p, true);
        p->storm++;
        if (again)
            storm_deepens(p, now);
        else
            storm_begins(p, call, now);
        if (!again && said_ms >= SECOND)
            storm_deepens(p, now);
        p->scouting = true;
        p->scout_out = false;
        p->passed = 0;
    }
    if (said_ms > 0)
        obey(p, now, said_ms, rnd);
    return ob_pace_held(p) > now ? ob_pace_held(p) - now : 0;
}
