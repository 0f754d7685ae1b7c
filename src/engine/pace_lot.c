/* Refusals that have nothing to do with the pace: some clouds refuse a share of all calls, however
 * slow we are. That is so when refusals go on as before at half the rate. */
#include "engine/pace_parts.h"

#define CALM       100 /* calls in a row end a series of refusals */
#define BEFORE_MAX 50  /* calls before its first refusal that count */
#define ENOUGH     12  /* calls, and refusals among them, to tell by */
#define REFUSED    4
#define SHARE_MAX  0.35
#define MEMORY     64 /* calls; then the older half counts half */

static double share_of(const struct ob_pace_pool *pool)
{
    return pool->calls > 0 ? pool->refused / pool->calls : 0;
}

void ob_pace_end_series(struct ob_pace *p)
{
    p->top = p->immune = 0;
    p->above = p->below = (struct ob_pace_pool){0};
}

/* A series begins with a refusal and ends when all has passed for a while. */
void ob_pace_tally(struct ob_pace *p, bool refused)
{
    if (p->rate <= 0 || (p->top <= 0 && !refused))
        return;
    if (p->top <= 0) {
        p->top = p->rate;
        p->above.calls = p->passed < BEFORE_MAX ? (double)p->passed : BEFORE_MAX;
    }
    struct ob_pace_pool *pool = p->immune > 0 || p->rate <= p->top / 2 ? &p->below : &p->above;
    if (p->immune > 0 && pool->calls > MEMORY)
        *pool = (struct ob_pace_pool){pool->calls / 2, pool->refused / 2};
    pool->calls++;
    pool->refused += refused;
    if (p->passed >= CALM && (double)p->passed * p->immune >= (p->immune > 0 ? 8 : 0))
        ob_pace_end_series(p);
}

/* Some clouds refuse a share of all calls, however slow. That is so when refusals go on as before
 * at half the rate: then it is given back, and while the share stays it changes nothing. */
bool ob_pace_by_lot(struct ob_pace *p, int64_t now)
{
    double share = share_of(&p->below);
    if (p->immune > 0) {
        if (p->below.calls < 20 || share < 2 * p->immune + 0.1)
            return true;
        ob_pace_end_series(p);
        return false;
    }
    if (p->below.refused < REFUSED || p->below.calls < ENOUGH || share > SHARE_MAX ||
        2 * share < (p->above.refused - 1) / p->above.calls)
        return false;
    p->immune = share;
    p->below = (struct ob_pace_pool){0};
    ob_pace_search(p, p->top, 0, now);
    return true;
}
