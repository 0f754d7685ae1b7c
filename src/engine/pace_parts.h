/* Inside the pace: what pace.c (calls leave, are accepted), pace_storm.c (are refused) and
 * pace_lot.c (are refused for no reason of ours) need of each other. */
#pragma once
#include "engine/pace.h"

#define SECOND        1000
#define NEVER         (INT64_MIN / 2)
#define OB_PACE_TIGHT 1.06 /* between what passes and what is refused: near enough */
#define OB_PACE_LOOKS 3    /* doublings of the pause between two looks above */

static inline double ob_pace_every(const struct ob_pace *p) /* milliseconds between two calls */
{
    return p->rate > 0 ? SECOND / p->rate : 0;
}

static inline int64_t ob_pace_held(const struct ob_pace *p) /* back until then */
{
    return p->hold_until > p->said_until ? p->hold_until : p->said_until;
}

/* ---- pace.c ---- */
void ob_pace_set_rate(struct ob_pace *p, double rate, int64_t now);
void ob_pace_hold(struct ob_pace *p, double rate, int64_t now);
/* Where the limit is nobody knows any more: up from `lo`; `hi` 0: as far as it goes. */
void ob_pace_search(struct ob_pace *p, double lo, double hi, int64_t now);
/* What is held may be far too little: look soon, and further up. */
void ob_pace_doubt(struct ob_pace *p);
/* The climb is over: hold what passed. */
void ob_pace_settle(struct ob_pace *p, int64_t now);

/* ---- pace_storm.c ---- */
/* The scout, which left at `left`, was accepted. */
void ob_pace_storm_over(struct ob_pace *p, int64_t left, int64_t now);
/* Another one was that had left before the storm was known. */
void ob_pace_accident(struct ob_pace *p, const struct ob_pace_call *call);

/* ---- pace_lot.c ---- */
void ob_pace_tally(struct ob_pace *p, bool refused);
/* True when this refusal is to change no rate. */
bool ob_pace_by_lot(struct ob_pace *p, int64_t now);
void ob_pace_end_series(struct ob_pace *p);
