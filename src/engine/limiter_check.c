/* Is anything exceeded? By a whole plan, or by the people of one call. See limiter.h. */
#include <string.h>
#include "engine/limiter_parts.h"

#define DAY_MS  ((int64_t)24 * 3600 * 1000)
#define WEEK_MS (7 * DAY_MS)

struct load {
    struct ob_headcount *to;
    int64_t day_ms, week_ms; /* from when on */
    int64_t run;             /* whose people are of the plan as well; 0: nobody's */
};

static bool load_acted(void *ctx, const struct ob_acted *a)
{
    struct load *w = ctx;
    enum ob_limit_of of = ob_limit_of_kind(a->kind);
    if (of == OB_OFS)
        return true;
    if (w->run && a->run == w->run)
        ob_headcount_add(w->to, a->id, OB_IN_PLAN, of);
    if (a->acted_ms >= w->week_ms) {
        ob_headcount_add(w->to, a->id, OB_IN_WEEK, of);
        ob_headcount_run(w->to, OB_IN_WEEK, a->run);
    }
    if (a->acted_ms >= w->day_ms) {
        ob_headcount_add(w->to, a->id, OB_IN_DAY, of);
        ob_headcount_run(w->to, OB_IN_DAY, a->run);
    }
    return true;
}

/* Who is waited for will be acted upon today, if the run goes on today. */
static bool load_due(void *ctx, const struct ob_acted *a)
{
    struct ob_acted now = *a;
    struct load *w = ctx;
    now.acted_ms = INT64_MAX;
    w->to->due = true;
    return load_acted(ctx, &now);
}

enum ob_group ob_limit_group(enum ob_limit_what what)
{
    return what == OB_LIMIT_DAY ? OB_IN_DAY : what == OB_LIMIT_WEEK ? OB_IN_WEEK : OB_IN_PLAN;
}

static struct ob_trip make_trip(const struct ob_limiter *l, const struct ob_side *s,
                                const struct ob_headcount *h, const struct ob_rule *r)
{
    enum ob_group g = ob_limit_group(r->what);
    return (struct ob_trip){.target = s->target,
                            .population = s->population,
                            .rule = *r,
                            .counted = h->people[g][r->of],
                            .planned = s->plan.people[OB_IN_PLAN][r->of],
                            .runs = h->runs[g],
                            .run_count = h->run_count[g],
                            .due = h->due,
                            .run = l->opt.run};
}

/* The next rule that is exceeded, from place *i on; NULL: none is. */
static const struct ob_rule *exceeded(const struct ob_in_force *f, const struct ob_headcount *h,
                                      int *i)
{
    while (*i < OB_OFS * OB_LIMITS) {
        const struct ob_rule *r = &f->at[*i / OB_LIMITS][*i % OB_LIMITS];
        ++*i;
        if (r->people != INT64_MAX && h->people[ob_limit_group(r->what)][r->of] > r->people)
            return r;
    }
    return NULL;
}

/* The plan's people count in all windows: they are touched from now on. */
static void count_windows(struct ob_headcount *h)
{
    size_t n = h->count;
    for (size_t i = 0; i < n; i++)
        for (unsigned kind = 0; kind < 2; kind++) {
            if (!(h->bits[i] & (1u << kind)))
                continue;
            enum ob_limit_of of = kind ? OB_OF_DELETE : OB_OF_DISABLE;
            ob_headcount_add(h, h->ids[i], OB_IN_DAY, of);
            ob_headcount_add(h, h->ids[i], OB_IN_WEEK, of);
        }
}

static enum ob_status load_recent(struct ob_limiter *l, struct ob_side *s, struct ob_err *err)
{
    int64_t now = ob_wall_ms(l->opt.clock);
    struct load w = {&s->plan, now - DAY_MS, now - WEEK_MS, 0};
    count_windows(&s->plan);
    if (!l->opt.ledger)
        return OB_OK;
    enum ob_status st =
        ob_ledger_acted_each(l->opt.ledger, s->target, w.week_ms, load_acted, &w, err);
    if (st == OB_OK)
        st = ob_ledger_due_each(l->opt.ledger, s->target, l->opt.run, load_due, &w, err);
    return st;
}

static void tell(const struct ob_trip *t, struct ob_value *trips, struct ob_buf *message)
{
    if (!ob_list_count(trips)) {
        ob_trip_text(t, message);
        ob_buf_adds(message, t->run ? "; nothing more was sent: " : "; nothing was changed: ");
        ob_trip_way_out(t, message);
    }
    ob_trip_value(t, ob_list_push(trips));
}

/* A window that has its default and to which only this plan adds: it is what one plan may, so what
 * one plan may is exceeded, and that is told. */
static bool is_echo(const struct ob_trip *t)
{
    return t->rule.what >= OB_LIMIT_DAY && t->counted == t->planned &&
           strcmp(t->rule.by, "the default") == 0;
}

enum ob_status ob_limiter_check_plan(struct ob_limiter *l, struct ob_value *trips,
                                     struct ob_err *err)
{
    struct ob_buf message;
    enum ob_status st = OB_OK;
    ob_buf_init(&message, OB_BUF_SMALL);
    ob_value_set_list(trips);
    for (struct ob_side *s = l->sides; s && st == OB_OK; s = s->next) {
        struct ob_in_force f;
        const struct ob_rule *r;
        int i = 0;
        if (!s->plan.count)
            continue;
        st = load_recent(l, s, err);
        ob_limiter_rules(l, s, &f);
        while (st == OB_OK && (r = exceeded(&f, &s->plan, &i)) != NULL) {
            struct ob_trip t = make_trip(l, s, &s->plan, r);
            if (!is_echo(&t))
                tell(&t, trips, &message);
        }
    }
    if (st == OB_OK && ob_list_count(trips))
        st = ob_fail(err, OB_ERR_GUARD, "%s", ob_buf_str(&message));
    ob_buf_fini(&message);
    return st;
}

/* ---- a request of a policy's own ---- */

enum ob_status ob_limiter_check_raw(struct ob_limiter *l, const char *target, struct ob_err *err)
{
    static const char *const verbs[] = {"touched", "disabled", "deleted"};
    struct ob_in_force f;
    ob_limiter_rules(l, ob_limiter_side(l, target), &f);
    for (int i = 0; i < OB_OFS * OB_LIMITS; i++) {
        const struct ob_rule *r = &f.at[i / OB_LIMITS][i % OB_LIMITS];
        if (r->people == 0)
            return ob_fail(err, OB_ERR_GUARD,
                           "%s: a request of the policy's own may touch anybody, and %s allows "
                           "nobody to be %s; nothing more was sent: leave it out",
                           target, r->by, verbs[r->of]);
    }
    return OB_OK;
}

/* ---- one call ---- */

static enum ob_status began(struct ob_limiter *l, struct ob_err *err)
{
    struct ob_run_row row;
    if (l->run_began_ms)
        return OB_OK;
    enum ob_status st = ob_ledger_run_get(l->opt.ledger, l->opt.run, &row, err);
    if (st != OB_OK)
        return st;
    l->run_began_ms = row.started_ms;
    ob_run_row_fini(&row);
    return OB_OK;
}

/* Afresh from the ledger: what is old is out of the windows, and who failed is not counted. */
static enum ob_status reload(struct ob_limiter *l, struct ob_side *s, struct ob_err *err)
{
    int64_t now = ob_wall_ms(l->opt.clock);
    struct load w = {&s->at_work, now - DAY_MS, now - WEEK_MS, l->opt.run};
    enum ob_status st = began(l, err);
    int64_t since = l->run_began_ms < w.week_ms ? l->run_began_ms : w.week_ms;
    ob_headcount_fini(&s->at_work);
    ob_headcount_init(&s->at_work);
    s->loaded = true;
    if (st == OB_OK)
        st = ob_ledger_version(l->opt.ledger, &s->version, err);
    return st == OB_OK ? ob_ledger_acted_each(l->opt.ledger, s->target, since, load_acted, &w, err)
                       : st;
}

static void add_call(struct ob_side *s, enum ob_limit_of of, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int g = 0; g < OB_GROUPS; g++)
            ob_headcount_add(&s->at_work, ids[i], (enum ob_group)g, of);
}

static bool fits(const struct ob_limiter *l, const struct ob_side *s, struct ob_trip *trip)
{
    struct ob_in_force f;
    int i = 0;
    ob_limiter_rules(l, s, &f);
    const struct ob_rule *r = exceeded(&f, &s->at_work, &i);
    if (r)
        *trip = make_trip(l, s, &s->at_work, r);
    return !r;
}

static enum ob_status refuse_call(struct ob_trip *trip, size_t count, struct ob_err *err)
{
    struct ob_buf message;
    ob_buf_init(&message, OB_BUF_SMALL);
    trip->planned = (int64_t)count;
    ob_trip_text(trip, &message);
    ob_buf_adds(&message, "; nothing more was sent: ");
    ob_trip_way_out(trip, &message);
    ob_fail(err, OB_ERR_GUARD, "%s", ob_buf_str(&message));
    ob_buf_fini(&message);
    return OB_ERR_GUARD;
}

enum ob_status ob_limiter_check_call(struct ob_limiter *l, const char *target, const char *kind,
                                     const char *const *ids, size_t count, struct ob_err *err)
{
    enum ob_limit_of of = ob_limit_of_kind(kind);
    struct ob_trip trip;
    int64_t version;
    if (of == OB_OFS || !l->opt.ledger)
        return OB_OK;
    struct ob_side *s = ob_limiter_side(l, target);
    enum ob_status st = ob_ledger_version(l->opt.ledger, &version, err);
    if (st == OB_OK && (!s->loaded || version != s->version))
        st = reload(l, s, err);
    if (st != OB_OK)
        return st;
    add_call(s, of, ids, count);
    if (fits(l, s, &trip))
        return OB_OK;
    st = reload(l, s, err); /* what was kept in memory may count who is out of the window */
    if (st != OB_OK)
        return st;
    add_call(s, of, ids, count);
    return fits(l, s, &trip) ? OB_OK : refuse_call(&trip, count, err);
}
