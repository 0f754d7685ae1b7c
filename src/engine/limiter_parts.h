/* Inside src/engine only: what limiter.c (rules), limiter_check.c (checks), headcount.c (who is
 * counted) and limiter_trip.c (how a trip is told) share. */
#pragma once
#include "engine/idmap.h"
#include "engine/limiter.h"

enum ob_group { OB_IN_PLAN, OB_IN_DAY, OB_IN_WEEK, OB_GROUPS };

#define OB_RUNS_TOLD 8

struct ob_headcount { /* distinct people of one target */
    struct ob_idmap at;
    char **ids;
    unsigned char *bits; /* by person: two for each group */
    size_t count, cap;
    int64_t people[OB_GROUPS][OB_OFS];
    int64_t runs[OB_GROUPS][OB_RUNS_TOLD]; /* of other plans, whose people are counted */
    size_t run_count[OB_GROUPS];           /* may be more than are kept */
};
void ob_headcount_init(struct ob_headcount *h);
void ob_headcount_fini(struct ob_headcount *h);
void ob_headcount_add(struct ob_headcount *h, const char *id, enum ob_group g, enum ob_limit_of of);
void ob_headcount_run(struct ob_headcount *h, enum ob_group g, int64_t run);

enum ob_group ob_limit_group(enum ob_limit_what what);

struct ob_trip {
    const char *target;
    int64_t population;
    struct ob_rule rule;
    int64_t counted, planned; /* planned: of this plan or call */
    const int64_t *runs;
    size_t run_count;
    int64_t run; /* 0 while planning */
};
/* Without the way out. */
void ob_trip_text(const struct ob_trip *t, struct ob_buf *out);
/* What can be done about it. */
void ob_trip_way_out(const struct ob_trip *t, struct ob_buf *out);
void ob_trip_value(const struct ob_trip *t, struct ob_value *out);

struct ob_own_limit { /* tightens every target */
    struct ob_own_limit *next;
    struct ob_limit limit;
    char *by;
};

struct ob_sealed_rule { /* by the plan */
    struct ob_sealed_rule *next;
    struct ob_rule rule;
    char *by;
};

struct ob_side { /* of one target */
    struct ob_side *next;
    char *target;
    struct ob_limit written;
    int64_t population; /* -1: unknown */
    struct ob_sealed_rule *sealed;
    struct ob_headcount plan;    /* the whole plan */
    struct ob_headcount at_work; /* who was acted upon, for the calls of a run */
    bool loaded;
    int64_t version; /* of the ledger, when it was loaded */
};

struct ob_limiter {
    struct ob_limiter_options opt;
    struct ob_side *sides, **tail;
    struct ob_own_limit *own;
    int64_t run_began_ms;
};

struct ob_side *ob_limiter_side(struct ob_limiter *l, const char *target);

/* All rules for one target, of each place and kind the tightest: a table by of and what, in which
 * `people` INT64_MAX is no rule. */
struct ob_in_force {
    struct ob_rule at[OB_OFS][OB_LIMITS];
};

void ob_limiter_rules(const struct ob_limiter *l, const struct ob_side *s, struct ob_in_force *f);
