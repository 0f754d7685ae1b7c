/* See limit.h. */
#include "engine/limit.h"
#include <stdio.h>
#include <string.h>
#include "base/mem.h"

/* What holds where nobody wrote anything. A small directory may lose half of itself in one plan
 * (a team of eight that moves on), a large one never does in good order: five in a hundred is a
 * bad month of a big company. A thousand is more than anybody reads, so it takes a word of its
 * own. A day is what one plan may, so that two plans are not a way around; a week is two days:
 * a drip of full days is stopped by the third. */
static const struct {
    int64_t up_to; /* people */
    double share;
} brackets[] = {{100, 0.50}, {1000, 0.20}, {INT64_MAX, 0.05}};
#define USERS_DEFAULT 1000
#define WEEK_DAYS     2 /* the week, in days' worth */

void ob_limit_init(struct ob_limit *l)
{
    for (int of = 0; of < OB_OFS; of++)
        for (int what = 0; what < OB_LIMITS; what++)
            l->at[of][what] = OB_LIMIT_ABSENT;
}

void ob_limit_lift(struct ob_limit *l)
{
    ob_limit_init(l);
    for (int what = 0; what < OB_LIMITS; what++)
        l->at[OB_OF_BOTH][what] = OB_LIMIT_UNLIMITED;
}

const char *ob_limit_word(enum ob_limit_what what)
{
    static const char *const words[] = {"users", "share", "day", "week"};
    return words[what];
}

const char *ob_limit_of_word(enum ob_limit_of of)
{
    static const char *const words[] = {"both", "disable", "delete"};
    return words[of];
}

enum ob_limit_of ob_limit_of_kind(const char *kind)
{
    for (int of = OB_OF_DISABLE; kind && of < OB_OFS; of++)
        if (strcmp(kind, ob_limit_of_word((enum ob_limit_of)of)) == 0)
            return (enum ob_limit_of)of;
    return OB_OFS;
}

/* ---- reading ---- */

static bool read_number(double *out, const char *name, const struct ob_value *v, bool policy,
                        char why[240])
{
    bool share = strcmp(name, "share") == 0;
    const char *text = ob_value_str(v);
    if (text && strcmp(text, "unlimited") == 0) {
        if (policy)
            snprintf(why, 240,
                     "a policy can only tighten: %s = \"unlimited\" is the operator's to say, in "
                     "targets.lua",
                     name);
        *out = OB_LIMIT_UNLIMITED;
        return !policy;
    }
    double n = v->type == OB_INT ? (double)v->i : v->type == OB_NUM ? v->n : -1;
    *out = n;
    if (isfinite(n) && n >= 0 && (share ? n <= 1 : n == floor(n) && n <= 1e15))
        return true;
    const char * or = policy ? "" : ", or \"unlimited\"";
    if (share)
        snprintf(why, 240, "share must be a part of 1 (0.05 is five in a hundred)%s", or);
    else
        snprintf(why, 240, "%s must be a whole number of people%s", name, or);
    return false;
}

static bool read_part(struct ob_limit *l, enum ob_limit_of of, const struct ob_value *v,
                      bool policy, char why[240]);

static bool read_pair(struct ob_limit *l, enum ob_limit_of of, const struct ob_pair *pair,
                      bool policy, char why[240])
{
    const char *name = pair->key.p;
    for (int what = 0; what < OB_LIMITS; what++)
        if (strcmp(name, ob_limit_word((enum ob_limit_what)what)) == 0)
            return read_number(&l->at[of][what], name, &pair->value, policy, why);
    enum ob_limit_of inner = ob_limit_of_kind(name);
    if (of == OB_OF_BOTH && inner != OB_OFS)
        return read_part(l, inner, &pair->value, policy, why);
    snprintf(why, 240, "unknown name \"%.60s\": it has users, share, day, week%s", name,
             of == OB_OF_BOTH ? ", disable and delete" : "");
    return false;
}

static bool read_part(struct ob_limit *l, enum ob_limit_of of, const struct ob_value *v,
                      bool policy, char why[240])
{
    bool empty = v->type == OB_LIST && !ob_list_count(v);
    if (v->type != OB_MAP && !empty) {
        snprintf(why, 240, "%s%sa table like { users = 200, share = 0.05 }",
                 of == OB_OF_BOTH ? "" : ob_limit_of_word(of),
                 of == OB_OF_BOTH ? "it must be " : " must be ");
        return false;
    }
    for (size_t i = 0; !empty && i < v->map.count; i++)
        if (!read_pair(l, of, &v->map.pairs[i], policy, why))
            return false;
    return true;
}

bool ob_limit_read(struct ob_limit *l, const struct ob_value *v, bool policy, char why[240])
{
    ob_limit_init(l);
    return read_part(l, OB_OF_BOTH, v, policy, why);
}

/* ---- arithmetic ---- */

double ob_limit_default_share(int64_t population)
{
    size_t i = 0;
    while (population > brackets[i].up_to)
        i++;
    return brackets[i].share;
}

int64_t ob_limit_people(enum ob_limit_what what, double value, int64_t population)
{
    if (!isfinite(value) || value < 0)
        return INT64_MAX;
    if (what != OB_LIMIT_SHARE)
        return (int64_t)value;
    if (value == 0)
        return 0;
    if (population < 0)
        return INT64_MAX;
    int64_t n = (int64_t)floor(value * (double)population + 1e-9);
    return n > 0 ? n : 1;
}

static size_t put(struct ob_rule *out, size_t n, enum ob_limit_of of, enum ob_limit_what what,
                  double value, int64_t population, const char *by)
{
    if (value < 0 || isinf(value))
        return n;
    out[n] = (struct ob_rule){of, what, value, ob_limit_people(what, value, population), by};
    return n + 1;
}

size_t ob_limit_rules_of(const struct ob_limit *l, const char *by, int64_t population,
                         struct ob_rule *out)
{
    size_t n = 0;
    for (int of = 0; of < OB_OFS; of++)
        for (int what = 0; what < OB_LIMITS; what++)
            n = put(out, n, (enum ob_limit_of)of, (enum ob_limit_what)what, l->at[of][what],
                    population, by);
    return n;
}

/* Was anything said of it, for this kind or for both together? */
static bool is_written(const struct ob_limit *l, enum ob_limit_of of, enum ob_limit_what what)
{
    return l->at[of][what] != OB_LIMIT_ABSENT || l->at[OB_OF_BOTH][what] != OB_LIMIT_ABSENT;
}

/* The least that the rules so far leave of one kind. */
static int64_t least(const struct ob_rule *rules, size_t n, enum ob_limit_of of, bool one_plan)
{
    int64_t people = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        bool in_plan = rules[i].what == OB_LIMIT_USERS || rules[i].what == OB_LIMIT_SHARE;
        bool wanted = one_plan ? in_plan : rules[i].what == OB_LIMIT_DAY;
        if (wanted && (rules[i].of == of || rules[i].of == OB_OF_BOTH) && rules[i].people < people)
            people = rules[i].people;
    }
    return people;
}

static double as_value(int64_t people, int64_t times)
{
    return people == INT64_MAX ? OB_LIMIT_UNLIMITED : (double)people * (double)times;
}

static size_t put_defaults(const struct ob_limit_terms *t, enum ob_limit_of of, struct ob_rule *out,
                           size_t n)
{
    static const char by[] = "the default";
    if (!is_written(&t->written, of, OB_LIMIT_USERS))
        n = put(out, n, of, OB_LIMIT_USERS, USERS_DEFAULT, t->population, by);
    if (!is_written(&t->written, of, OB_LIMIT_SHARE))
        n = put(out, n, of, OB_LIMIT_SHARE, ob_limit_default_share(t->population), t->population,
                by);
    if (!is_written(&t->written, of, OB_LIMIT_DAY))
        n = put(out, n, of, OB_LIMIT_DAY, as_value(least(out, n, of, true), 1), -1, by);
    if (!is_written(&t->written, of, OB_LIMIT_WEEK))
        n = put(out, n, of, OB_LIMIT_WEEK, as_value(least(out, n, of, false), WEEK_DAYS), -1, by);
    return n;
}

/* In place of all that the operator allows, but what is written as 0: who says "none" means it,
 * and takes it back where it is written. */
static size_t put_ceiling(const struct ob_limit_terms *t, struct ob_rule *rules, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (rules[i].people == 0)
            rules[kept++] = rules[i];
    for (int of = OB_OF_DISABLE; of < OB_OFS; of++)
        kept = put(rules, kept, (enum ob_limit_of)of, OB_LIMIT_USERS, (double)t->ceiling, -1,
                   "--ceiling");
    return kept;
}

size_t ob_limit_rules(const struct ob_limit_terms *t, struct ob_rule *out)
{
    size_t n = ob_limit_rules_of(&t->written, "targets.lua", t->population, out);
    if (t->ceiling != OB_CEILING_NONE)
        return put_ceiling(t, out, n);
    for (int of = OB_OF_DISABLE; t->defaults && of < OB_OFS; of++)
        n = put_defaults(t, (enum ob_limit_of)of, out, n);
    return n;
}
