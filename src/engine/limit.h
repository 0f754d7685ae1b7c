/* How many people may lose something: the arithmetic of `limit`, pure. A limit is about one
 * target and counts distinct people by cloud id, of one kind of action (disable or delete) or of
 * both together; enabling, adding back and undoing are never limited. What is in force for a
 * target is a list of rules, and every one of them has to hold (limiter.h). */
#pragma once
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/status.h"
#include "base/value.h"

enum ob_limit_of { OB_OF_BOTH, OB_OF_DISABLE, OB_OF_DELETE, OB_OFS };
enum ob_limit_what {
    OB_LIMIT_USERS, /* in one plan */
    OB_LIMIT_SHARE, /* of the population, in one plan */
    OB_LIMIT_DAY,   /* within 24 hours, over all runs */
    OB_LIMIT_WEEK,  /* within 7 days */
    OB_LIMITS
};

#define OB_LIMIT_ABSENT    (-1.0)
#define OB_LIMIT_UNLIMITED ((double)INFINITY)
#define OB_CEILING_NONE    ((int64_t)-1)

struct ob_limit { /* as somebody wrote it: a number, unlimited, or absent */
    double at[OB_OFS][OB_LIMITS];
};
void ob_limit_init(struct ob_limit *l); /* everything absent */
void ob_limit_lift(struct ob_limit *l); /* everything unlimited */
/* From { users, share, day, week, disable = {...}, delete = {...} }. A policy may not say
 * "unlimited". False: `why` says what is wrong ("share must be ..."). */
bool ob_limit_read(struct ob_limit *l, const struct ob_value *v, bool policy, char why[240]);

const char *ob_limit_word(enum ob_limit_what what); /* users, share, day, week */
const char *ob_limit_of_word(enum ob_limit_of of);  /* both, disable, delete */
/* OB_OFS for anything that takes nothing away. */
enum ob_limit_of ob_limit_of_kind(const char *kind);

/* Of 0..1; it slides with the population. */
double ob_limit_default_share(int64_t population);
/* How many people that is: at least one, unless the limit is 0. INT64_MAX: no limit, also a share
 * of a population (-1) that nobody knows. */
int64_t ob_limit_people(enum ob_limit_what what, double value, int64_t population);

struct ob_rule {
    enum ob_limit_of of;
    enum ob_limit_what what;
    double value;   /* as written; of a share, 0..1 */
    int64_t people; /* so many may be; INT64_MAX: any number */
    const char *by; /* "targets.lua", "policy.lua:12", "the default", "--ceiling", "--max-delete" */
};
#define OB_RULES_MAX ((size_t)(OB_OFS * OB_LIMITS) + 2)

struct ob_limit_terms { /* what the operator's rules for one target follow from */
    struct ob_limit written;
    bool defaults;      /* what is absent has its default */
    int64_t ceiling;    /* OB_CEILING_NONE: none */
    int64_t population; /* -1: unknown */
};
/* At most OB_RULES_MAX; unlimited ones are left out. */
size_t ob_limit_rules(const struct ob_limit_terms *t, struct ob_rule *out);
/* Those of a limit that only tightens (a policy's, --max-delete); no defaults. */
size_t ob_limit_rules_of(const struct ob_limit *l, const char *by, int64_t population,
                         struct ob_rule *out);

/* ---- the population: the largest that was seen in the last 30 days (population.c) ---- */

/* Kept as text, "day people" a line, days since 1970. Adds what was counted today. */
void ob_populations_add(const char *text, int64_t now_ms, int64_t people, struct ob_buf *out);
/* -1: none was seen. A day that is yet to come (the clock was set back) counts as seen. */
int64_t ob_populations_largest(const char *text, int64_t now_ms);
