/* Inside src/engine only: what limiter.c (rules and checks), headcount.c (who is counted) and
 * limiter_trip.c (how a trip is told) share. */
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
