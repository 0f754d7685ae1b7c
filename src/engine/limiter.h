/* The limits of one policy at work: what is in force for each target, and whether a plan, or the
 * people of one call, would exceed it. Two moments: a whole plan, once it is known and again when
 * it is carried out (planned, pending and done are counted together); and each call, before its
 * intent, with what other processes did meanwhile. A trip is OB_ERR_GUARD (exit 10). */
#pragma once
#include "base/clock.h"
#include "engine/limit.h"
#include "ledger/ledger.h"

struct ob_limiter_options {
    const struct ob_clock *clock;
    struct ob_ledger *ledger; /* NULL: nothing is known of other plans */
    int64_t run;              /* 0 while planning */
    bool defaults;            /* a rehearsal has none */
    int64_t ceiling;          /* --ceiling, or what an approver left of it; OB_CEILING_NONE */
};

struct ob_limiter;
struct ob_limiter *ob_limiter_new(const struct ob_limiter_options *opt);
void ob_limiter_free(struct ob_limiter *l);

/* ---- what is in force ---- */

/* What targets.lua says of a target. */
void ob_limiter_target(struct ob_limiter *l, const char *target, const struct ob_limit *written);
/* A policy's own limit: for every target, beside all others. */
void ob_limiter_tighten(struct ob_limiter *l, const struct ob_limit *own, const char *by);
/* "25" or "10%" of --max-delete. */
OB_MUST_CHECK enum ob_status ob_limiter_max_delete(struct ob_limiter *l, const char *text,
                                                   struct ob_err *err);
/* What a plan was sealed with holds as well (its document's "limits"). */
void ob_limiter_unseal(struct ob_limiter *l, const struct ob_value *limits);

/* ---- a whole plan ---- */

/* Counts people of a plan: disable or delete; anything else is not counted. */
void ob_limiter_plan(struct ob_limiter *l, const char *target, const char *kind, const char *id);
/* The next target with people in the plan, after `target` (NULL: the first); NULL at the end. */
const char *ob_limiter_next(const struct ob_limiter *l, const char *target);
/* Does a share of this target count? Then its population has to be known. */
bool ob_limiter_wants_population(const struct ob_limiter *l, const char *target);
bool ob_limiter_knows_population(const struct ob_limiter *l, const char *target);
void ob_limiter_population(struct ob_limiter *l, const char *target, int64_t people);
/* For the plan's document: [{ target, population?, rules = [{ of, what, people, by, share? }] }],
 * of each only the tightest. */
void ob_limiter_seal(const struct ob_limiter *l, struct ob_value *limits);
/* OB_ERR_GUARD when something is exceeded; each trip goes to the list as a map { target, of, what,
 * by, allowed, counted, planned, recent, runs, message }. */
OB_MUST_CHECK enum ob_status ob_limiter_check_plan(struct ob_limiter *l, struct ob_value *trips,
                                                   struct ob_err *err);

/* ---- a request of a policy's own ---- */

/* Nobody can count whom it touches, so it is refused where something is limited to nobody. */
OB_MUST_CHECK enum ob_status ob_limiter_check_raw(struct ob_limiter *l, const char *target,
                                                  struct ob_err *err);

/* ---- one call ---- */

/* Inside the turn that will hold the intent: two processes cannot both be the last that fits. */
OB_MUST_CHECK enum ob_status ob_limiter_check_call(struct ob_limiter *l, const char *target,
                                                   const char *kind, const char *const *ids,
                                                   size_t count, struct ob_err *err);

/* ---- population.c ---- */
OB_MUST_CHECK enum ob_status ob_population_keep(struct ob_ledger *l, const char *target,
                                                int64_t now_ms, int64_t people, struct ob_err *err);
/* The largest of the last 30 days; -1: none is known. */
OB_MUST_CHECK enum ob_status ob_population_known(struct ob_ledger *l, const char *target,
                                                 int64_t now_ms, int64_t *people,
                                                 struct ob_err *err);
