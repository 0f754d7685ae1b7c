/* From a schedule that breaks a rule to the shortest that still breaks it: parts are left out as
 * long as the same rule breaks (ddmin), then what is left is made simpler. Every try is a whole
 * rehearsal; virtual time makes that cheap. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/rehearsal_parts.h"

#define TRIES_MAX 400

struct shrinking {
    struct ob_rehearsal *r;
    const char *rule;
    struct ob_schedule best;
    struct ob_rehearsed out; /* of the best */
    int tries;
    enum ob_status st;
    struct ob_err *err;
};

/* Does the rule still break? Then this is the best now. */
static bool breaks(struct shrinking *s, const struct ob_schedule *candidate)
{
    struct ob_rehearsed out;
    if (s->st != OB_OK || s->tries++ >= TRIES_MAX)
        return false;
    s->st = ob_rehearsal_run(s->r, candidate, &out, s->err);
    if (s->st != OB_OK || !out.rule || strcmp(out.rule, s->rule) != 0)
        return false;
    struct ob_schedule copy;
    ob_schedule_copy(&copy, candidate); /* the candidate may be made of the best */
    ob_schedule_fini(&s->best);
    s->best = copy;
    s->out = out;
    return true;
}

static bool without(struct shrinking *s, size_t from, size_t count)
{
    struct ob_schedule less = {0};
    for (size_t i = 0; i < s->best.count; i++)
        if (i < from || i >= from + count)
            ob_schedule_add(&less, &s->best.v[i]);
    bool yes = breaks(s, &less);
    ob_schedule_fini(&less);
    return yes;
}

static void leave_out(struct shrinking *s)
{
    for (size_t part = s->best.count ? s->best.count : 0; part >= 1; part /= 2)
        for (size_t from = 0; from < s->best.count;)
            if (!without(s, from, part))
                from += part;
}

static bool instead(struct shrinking *s, size_t i, const char *what)
{
    struct ob_schedule other;
    ob_schedule_copy(&other, &s->best);
    size_t n = strlen(what);
    memcpy(other.v[i].what, what, n + 1);
    bool yes = breaks(s, &other);
    ob_schedule_fini(&other);
    return yes;
}

/* The plainest faults first: a lost connection says more to a reader than a proxy's page. */
static void simplify(struct shrinking *s)
{
    static const char *const plain[] = {"drop-before", "throttle", "5xx", "drop-after", NULL};
    for (size_t i = 0; i < s->best.count; i++) {
        bool strike = s->best.v[i].kind == OB_TROUBLE_STRIKE, done = !strike;
        for (const char *const *p = plain; *p && !done; p++)
            done = strcmp(*p, s->best.v[i].what) == 0 || instead(s, i, *p);
    }
}

/* Earlier is easier to follow. */
static void bring_forward(struct shrinking *s)
{
    for (size_t i = 0; i < s->best.count; i++) {
        for (int64_t step = s->best.v[i].at / 2; step >= 1; step /= 2) {
            struct ob_schedule other;
            ob_schedule_copy(&other, &s->best);
            other.v[i].at -= other.v[i].at > step ? step : 0;
            if (other.v[i].at != s->best.v[i].at)
                (void)breaks(s, &other);
            ob_schedule_fini(&other);
        }
    }
}

enum ob_status ob_rehearsal_shrink(struct ob_rehearsal *r, struct ob_schedule *schedule,
                                   struct ob_rehearsed *out, int *tries, struct ob_err *err)
{
    struct shrinking s = {.r = r, .rule = out->rule, .out = *out, .err = err};
    ob_schedule_copy(&s.best, schedule);
    leave_out(&s);
    simplify(&s);
    bring_forward(&s);
    leave_out(&s);
    *tries = s.tries;
    ob_schedule_fini(schedule);
    *schedule = s.best;
    *out = s.out;
    r->out = out;
    return s.st;
}
