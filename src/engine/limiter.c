/* See limiter.h. */
#include "engine/limiter.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/limiter_parts.h"

#define DAY_MS  ((int64_t)24 * 3600 * 1000)
#define WEEK_MS (7 * DAY_MS)

struct own { /* tightens every target */
    struct own *next;
    struct ob_limit limit;
    char *by;
};

struct sealed { /* by the plan */
    struct sealed *next;
    struct ob_rule rule;
    char *by;
};

struct side { /* of one target */
    struct side *next;
    char *target;
    struct ob_limit written;
    int64_t population; /* -1: unknown */
    struct sealed *sealed;
    struct ob_headcount plan;    /* the whole plan */
    struct ob_headcount at_work; /* who was acted upon, for the calls of a run */
    bool loaded;
    int64_t version; /* of the ledger, when it was loaded */
};

struct ob_limiter {
    struct ob_limiter_options opt;
    struct side *sides, **tail;
    struct own *own;
    int64_t run_began_ms;
};

struct ob_limiter *ob_limiter_new(const struct ob_limiter_options *opt)
{
    struct ob_limiter *l = ob_xcalloc(1, sizeof *l);
    l->opt = *opt;
    l->tail = &l->sides;
    return l;
}

static void side_free(struct side *s)
{
    while (s->sealed) {
        struct sealed *one = s->sealed;
        s->sealed = one->next;
        free(one->by);
        free(one);
    }
    ob_headcount_fini(&s->plan);
    ob_headcount_fini(&s->at_work);
    free(s->target);
    free(s);
}

void ob_limiter_free(struct ob_limiter *l)
{
    if (!l)
        return;
    while (l->sides) {
        struct side *s = l->sides;
        l->sides = s->next;
        side_free(s);
    }
    while (l->own) {
        struct own *o = l->own;
        l->own = o->next;
        free(o->by);
        free(o);
    }
    free(l);
}

static struct side *find_side(const struct ob_limiter *l, const char *target)
{
    struct side *s = l->sides;
    while (s && strcmp(s->target, target) != 0)
        s = s->next;
    return s;
}

static struct side *side_of(struct ob_limiter *l, const char *target)
{
    struct side *s = find_side(l, target);
    if (s)
        return s;
    s = ob_xcalloc(1, sizeof *s);
    s->target = ob_xstrdup(target);
    s->population = -1;
    ob_limit_init(&s->written);
    ob_headcount_init(&s->plan);
    ob_headcount_init(&s->at_work);
    *l->tail = s;
    l->tail = &s->next;
    return s;
}

/* ---- what is in force ---- */

void ob_limiter_target(struct ob_limiter *l, const char *target, const struct ob_limit *written)
{
    side_of(l, target)->written = *written;
}

void ob_limiter_tighten(struct ob_limiter *l, const struct ob_limit *own, const char *by)
{
    struct own *o = ob_xcalloc(1, sizeof *o);
    o->limit = *own;
    o->by = ob_xstrdup(by);
    o->next = l->own;
    l->own = o;
}

enum ob_status ob_limiter_max_delete(struct ob_limiter *l, const char *text, struct ob_err *err)
{
    struct ob_limit own;
    char *end;
    double n = strtod(text, &end);
    ob_limit_init(&own);
    if (end != text && n >= 0 && strcmp(end, "%") == 0 && n <= 100)
        own.at[OB_OF_DELETE][OB_LIMIT_SHARE] = n / 100;
    else if (end != text && n >= 0 && *end == '\0' && n == floor(n) && n < 1e15)
        own.at[OB_OF_DELETE][OB_LIMIT_USERS] = n;
    else
        return ob_fail(err, OB_ERR_USAGE, "--max-delete %s: say a number or a share such as 5%%",
                       text);
    ob_limiter_tighten(l, &own, "--max-delete");
    return OB_OK;
}

static bool rule_of_value(const struct ob_value *v, struct ob_rule *out)
{
    const char *of = ob_map_str(v, "of"), *what = ob_map_str(v, "what");
    int64_t people = ob_map_int(v, "people", -1);
    *out = (struct ob_rule){.of = OB_OFS, .what = OB_LIMITS, .people = people};
    for (int i = 0; of && i < OB_OFS; i++)
        if (strcmp(of, ob_limit_of_word((enum ob_limit_of)i)) == 0)
            out->of = (enum ob_limit_of)i;
    for (int i = 0; what && i < OB_LIMITS; i++)
        if (strcmp(what, ob_limit_word((enum ob_limit_what)i)) == 0)
            out->what = (enum ob_limit_what)i;
    const char *share = ob_map_str(v, "share");
    out->value = share ? strtod(share, NULL) : (double)people;
    return out->of != OB_OFS && out->what != OB_LIMITS && people >= 0;
}

static void unseal_target(struct ob_limiter *l, const struct ob_value *v)
{
    const char *target = ob_map_str(v, "target");
    const struct ob_value *rules = ob_map_get(v, "rules");
    if (!target)
        return;
    struct side *s = side_of(l, target);
    int64_t population = ob_map_int(v, "population", -1);
    s->population = population > s->population ? population : s->population;
    for (size_t i = 0; i < ob_list_count(rules); i++) {
        struct ob_rule rule;
        const char *by = ob_map_str(ob_list_at(rules, i), "by");
        if (!rule_of_value(ob_list_at(rules, i), &rule))
            continue;
        struct sealed *one = ob_xcalloc(1, sizeof *one);
        one->rule = rule;
        one->rule.by = one->by = ob_xstrdup(by ? by : "the plan");
        one->next = s->sealed;
        s->sealed = one;
    }
}

void ob_limiter_unseal(struct ob_limiter *l, const struct ob_value *limits)
{
    for (size_t i = 0; i < ob_list_count(limits); i++)
        unseal_target(l, ob_list_at(limits, i));
}

/* All rules for one target, of each place and kind the tightest: a table by of and what, in which
 * `people` INT64_MAX is no rule. */
struct in_force {
    struct ob_rule at[OB_OFS][OB_LIMITS];
};

static void take_rules(struct in_force *f, const struct ob_rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ob_rule *at = &f->at[rules[i].of][rules[i].what];
        if (rules[i].people < at->people)
            *at = rules[i];
    }
}

static void collect_rules(const struct ob_limiter *l, const struct side *s, struct in_force *f)
{
    struct ob_rule rules[OB_RULES_MAX];
    struct ob_limit_terms terms = {.written = s->written,
                                   .defaults = l->opt.defaults,
                                   .ceiling = l->opt.ceiling,
                                   .population = s->population};
    for (int of = 0; of < OB_OFS; of++)
        for (int what = 0; what < OB_LIMITS; what++)
            f->at[of][what].people = INT64_MAX;
    take_rules(f, rules, ob_limit_rules(&terms, rules));
    for (const struct own *o = l->own; o; o = o->next)
        take_rules(f, rules, ob_limit_rules_of(&o->limit, o->by, s->population, rules));
    for (const struct sealed *one = s->sealed; one; one = one->next)
        take_rules(f, &one->rule, 1);
}

void ob_limiter_seal(const struct ob_limiter *l, struct ob_value *limits)
{
    ob_value_set_list(limits);
    for (const struct side *s = l->sides; s; s = s->next) {
        struct in_force f;
        if (!s->plan.count)
            continue;
        struct ob_value *v = ob_list_push(limits);
        ob_value_set_map(v);
        ob_map_put_str(v, "target", s->target);
        if (s->population >= 0)
            ob_map_put_int(v, "population", s->population);
        struct ob_value *rules = ob_map_put(v, "rules");
        ob_value_set_list(rules);
        collect_rules(l, s, &f);
        for (int i = 0; i < OB_OFS * OB_LIMITS; i++) {
            const struct ob_rule *r = &f.at[i / OB_LIMITS][i % OB_LIMITS];
            if (r->people == INT64_MAX)
                continue;
            struct ob_value *one = ob_list_push(rules);
            ob_value_set_map(one);
            ob_map_put_str(one, "of", ob_limit_of_word(r->of));
            ob_map_put_str(one, "what", ob_limit_word(r->what));
            ob_map_put_int(one, "people", r->people);
            ob_map_put_str(one, "by", r->by);
            char share[40];
            snprintf(share, sizeof share, "%.10g", r->value);
            if (r->what == OB_LIMIT_SHARE)
                ob_map_put_str(one, "share", share);
        }
    }
}

/* ---- a whole plan ---- */

void ob_limiter_plan(struct ob_limiter *l, const char *target, const char *kind, const char *id)
{
    enum ob_limit_of of = ob_limit_of_kind(kind);
    if (of == OB_OFS)
        return;
    struct side *s = side_of(l, target);
    ob_headcount_add(&s->plan, id, OB_IN_PLAN, of);
}

const char *ob_limiter_next(const struct ob_limiter *l, const char *target)
{
    const struct side *s = l->sides;
    if (target)
        s = find_side(l, target)->next;
    while (s && !s->plan.count)
        s = s->next;
    return s ? s->target : NULL;
}

bool ob_limiter_wants_population(const struct ob_limiter *l, const char *target)
{
    const struct side *s = find_side(l, target);
    struct ob_rule rules[OB_RULES_MAX];
    bool wants = false;
    if (!s)
        return false;
    struct ob_limit_terms terms = {s->written, l->opt.defaults, l->opt.ceiling, 0};
    size_t n = ob_limit_rules(&terms, rules);
    for (size_t i = 0; i < n; i++)
        wants = wants || rules[i].what == OB_LIMIT_SHARE;
    for (const struct own *o = l->own; o; o = o->next)
        for (int of = 0; of < OB_OFS; of++)
            wants = wants || o->limit.at[of][OB_LIMIT_SHARE] >= 0;
    return wants;
}

void ob_limiter_population(struct ob_limiter *l, const char *target, int64_t people)
{
    struct side *s = side_of(l, target);
    s->population = people > s->population ? people : s->population;
}

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
    now.acted_ms = INT64_MAX;
    return load_acted(ctx, &now);
}

enum ob_group ob_limit_group(enum ob_limit_what what)
{
    return what == OB_LIMIT_DAY ? OB_IN_DAY : what == OB_LIMIT_WEEK ? OB_IN_WEEK : OB_IN_PLAN;
}

static struct ob_trip make_trip(const struct ob_limiter *l, const struct side *s,
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
                            .run = l->opt.run};
}

/* The next rule that is exceeded, from place *i on; NULL: none is. */
static const struct ob_rule *exceeded(const struct in_force *f, const struct ob_headcount *h,
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

static enum ob_status load_recent(struct ob_limiter *l, struct side *s, struct ob_err *err)
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
        ob_buf_adds(message, "; nothing was changed: ");
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
    for (struct side *s = l->sides; s && st == OB_OK; s = s->next) {
        struct in_force f;
        const struct ob_rule *r;
        int i = 0;
        if (!s->plan.count)
            continue;
        st = load_recent(l, s, err);
        collect_rules(l, s, &f);
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
static enum ob_status reload(struct ob_limiter *l, struct side *s, struct ob_err *err)
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

static void add_call(struct side *s, enum ob_limit_of of, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int g = 0; g < OB_GROUPS; g++)
            ob_headcount_add(&s->at_work, ids[i], (enum ob_group)g, of);
}

static bool fits(const struct ob_limiter *l, const struct side *s, struct ob_trip *trip)
{
    struct in_force f;
    int i = 0;
    collect_rules(l, s, &f);
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
    struct side *s = side_of(l, target);
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
