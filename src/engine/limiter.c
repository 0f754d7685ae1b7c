/* See limiter.h: what is in force. Whether it is exceeded is limiter_check.c's. */
#include "engine/limiter.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/limiter_parts.h"

struct ob_limiter *ob_limiter_new(const struct ob_limiter_options *opt)
{
    struct ob_limiter *l = ob_xcalloc(1, sizeof *l);
    l->opt = *opt;
    l->tail = &l->sides;
    return l;
}

static void side_free(struct ob_side *s)
{
    while (s->sealed) {
        struct ob_sealed_rule *one = s->sealed;
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
        struct ob_side *s = l->sides;
        l->sides = s->next;
        side_free(s);
    }
    while (l->own) {
        struct ob_own_limit *o = l->own;
        l->own = o->next;
        free(o->by);
        free(o);
    }
    free(l);
}

static struct ob_side *find_side(const struct ob_limiter *l, const char *target)
{
    struct ob_side *s = l->sides;
    while (s && strcmp(s->target, target) != 0)
        s = s->next;
    return s;
}

struct ob_side *ob_limiter_side(struct ob_limiter *l, const char *target)
{
    struct ob_side *s = find_side(l, target);
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
    ob_limiter_side(l, target)->written = *written;
}

void ob_limiter_tighten(struct ob_limiter *l, const struct ob_limit *own, const char *by)
{
    struct ob_own_limit *o = ob_xcalloc(1, sizeof *o);
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
    struct ob_side *s = ob_limiter_side(l, target);
    int64_t population = ob_map_int(v, "population", -1);
    s->population = population > s->population ? population : s->population;
    for (size_t i = 0; i < ob_list_count(rules); i++) {
        struct ob_rule rule;
        const char *by = ob_map_str(ob_list_at(rules, i), "by");
        if (!rule_of_value(ob_list_at(rules, i), &rule))
            continue;
        struct ob_sealed_rule *one = ob_xcalloc(1, sizeof *one);
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

static void take_rules(struct ob_in_force *f, const struct ob_rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ob_rule *at = &f->at[rules[i].of][rules[i].what];
        if (rules[i].people < at->people)
            *at = rules[i];
    }
}

void ob_limiter_rules(const struct ob_limiter *l, const struct ob_side *s, struct ob_in_force *f)
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
    for (const struct ob_own_limit *o = l->own; o; o = o->next)
        take_rules(f, rules, ob_limit_rules_of(&o->limit, o->by, s->population, rules));
    for (const struct ob_sealed_rule *one = s->sealed; one; one = one->next)
        take_rules(f, &one->rule, 1);
}

static void seal_rule(const struct ob_rule *r, struct ob_value *rules)
{
    struct ob_value *v = ob_list_push(rules);
    char share[40];
    snprintf(share, sizeof share, "%.10g", r->value);
    ob_value_set_map(v);
    ob_map_put_str(v, "of", ob_limit_of_word(r->of));
    ob_map_put_str(v, "what", ob_limit_word(r->what));
    ob_map_put_int(v, "people", r->people);
    ob_map_put_str(v, "by", r->by);
    if (r->what == OB_LIMIT_SHARE)
        ob_map_put_str(v, "share", share);
}

static void seal_side(const struct ob_limiter *l, const struct ob_side *s, struct ob_value *limits)
{
    struct ob_in_force f;
    struct ob_value *v = ob_list_push(limits);
    ob_value_set_map(v);
    ob_map_put_str(v, "target", s->target);
    if (s->population >= 0)
        ob_map_put_int(v, "population", s->population);
    struct ob_value *rules = ob_map_put(v, "rules");
    ob_value_set_list(rules);
    ob_limiter_rules(l, s, &f);
    for (int i = 0; i < OB_OFS * OB_LIMITS; i++)
        if (f.at[i / OB_LIMITS][i % OB_LIMITS].people != INT64_MAX)
            seal_rule(&f.at[i / OB_LIMITS][i % OB_LIMITS], rules);
}

static int by_target(const void *a, const void *b)
{
    return strcmp(ob_map_str(a, "target"), ob_map_str(b, "target"));
}

void ob_limiter_seal(const struct ob_limiter *l, struct ob_value *limits)
{
    ob_value_set_list(limits);
    for (const struct ob_side *s = l->sides; s; s = s->next)
        if (s->plan.count)
            seal_side(l, s, limits);
    if (limits->list.count)
        qsort(limits->list.items, limits->list.count, sizeof *limits->list.items, by_target);
}

/* ---- a whole plan ---- */

void ob_limiter_plan(struct ob_limiter *l, const char *target, const char *kind, const char *id)
{
    enum ob_limit_of of = ob_limit_of_kind(kind);
    if (of == OB_OFS)
        return;
    struct ob_side *s = ob_limiter_side(l, target);
    ob_headcount_add(&s->plan, id, OB_IN_PLAN, of);
}

const char *ob_limiter_next(const struct ob_limiter *l, const char *target)
{
    const struct ob_side *s = l->sides;
    if (target)
        s = find_side(l, target)->next;
    while (s && !s->plan.count)
        s = s->next;
    return s ? s->target : NULL;
}

bool ob_limiter_wants_population(const struct ob_limiter *l, const char *target)
{
    const struct ob_side *s = find_side(l, target);
    struct ob_rule rules[OB_RULES_MAX];
    bool wants = false;
    if (!s)
        return false;
    struct ob_limit_terms terms = {s->written, l->opt.defaults, l->opt.ceiling, 0};
    size_t n = ob_limit_rules(&terms, rules);
    for (size_t i = 0; i < n; i++)
        wants = wants || rules[i].what == OB_LIMIT_SHARE;
    for (const struct ob_own_limit *o = l->own; o; o = o->next)
        for (int of = 0; of < OB_OFS; of++)
            wants = wants || o->limit.at[of][OB_LIMIT_SHARE] >= 0;
    return wants;
}

void ob_limiter_population(struct ob_limiter *l, const char *target, int64_t people)
{
    struct ob_side *s = ob_limiter_side(l, target);
    s->population = people > s->population ? people : s->population;
}
