/* See policy_rank.h. All of it is asked again of each person right before the call (admit.c): a
 * plan tells beforehand what a run would do. */
#include "script/policy_rank.h"
#include <string.h>
#include "engine/admit.h"
#include "script/policy_directory.h"
#include "script/policy_survey.h"

/* Below this many people nothing is concluded from who is not there. */
#define FEW 3

struct asked {
    const struct ob_policy *p;
    const struct ob_step_spec *spec;
    const struct ob_roster *roster;
};

static bool takes_away(const struct ob_action *a)
{
    return a->kind == OB_KIND_DISABLE || a->kind == OB_KIND_DELETE;
}

/* ---- protections ---- */

static const char *cell(void *ctx, size_t person, const char *column)
{
    const struct asked *q = ctx;
    struct ob_member m = ob_roster_at(q->roster, person);
    return ob_member_cell(&m, column);
}

static const struct ob_value *row_of(const struct asked *q, size_t person)
{
    return ob_survey_row(q->p, q->spec->target, q->spec->ids[person]);
}

static const struct ob_value *row(void *ctx, size_t person)
{
    return row_of(ctx, person);
}

static enum ob_status ask_guard(const struct asked *q, bool surveyed, struct ob_err *err)
{
    struct ob_guard_who who = {.keys = q->spec->keys,
                               .ids = q->spec->ids,
                               .count = q->spec->count,
                               .cell = cell,
                               .row = surveyed ? row : NULL,
                               .ctx = (void *)(uintptr_t)q,
                               .replay = !surveyed};
    return ob_guard_step(q->p->guard, q->spec->target, q->spec->action, &who, err);
}

/* ---- our own account ---- */

static enum ob_status check_own(const struct asked *q, struct ob_err *err)
{
    const struct ob_step_spec *s = q->spec;
    for (size_t i = 0; takes_away(s->action) && i < s->count; i++)
        if (ob_engine_is_own(q->p->engine, s->target, s->ids[i], row_of(q, i)))
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%s names %s (%s), the account that the credential of %s belongs to; "
                           "nothing was changed: leave this person out of the policy",
                           s->target->name, s->action->name, s->keys[i], s->ids[i],
                           s->target->name);
    return OB_OK;
}

enum ob_status ob_rank_early(struct ob_policy *p, const struct ob_step_spec *spec,
                             const struct ob_roster *roster, struct ob_err *err)
{
    struct asked q = {p, spec, roster};
    enum ob_status st = ask_guard(&q, false, err);
    return st == OB_OK ? check_own(&q, err) : st;
}

/* ---- administrators ---- */

static bool holds(const struct ob_value *list, const char *id)
{
    for (size_t i = 0; i < ob_list_count(list); i++)
        if (strcmp(ob_value_str(ob_list_at(list, i)), id) == 0)
            return true;
    return false;
}

static void leave(struct ob_value *left, const char *key, const char *why)
{
    struct ob_value *one = ob_list_push(left);
    ob_value_set_list(one);
    ob_list_push_str(one, key);
    ob_list_push_str(one, why);
}

static struct ob_policy_target *holder(struct ob_policy *p, const struct ob_target *t)
{
    struct ob_policy_target *pt = p->targets;
    while (pt->t != t)
        pt++;
    return pt;
}

/* All administrators of this target whom the plan takes away, this proposal's with them. The last
 * one that was added; NULL: nobody came. */
static const char *add_going(struct ob_value *going, const struct asked *q, struct ob_value *left)
{
    const struct ob_step_spec *s = q->spec;
    const char *last = NULL;
    for (size_t i = 0; takes_away(s->action) && i < s->count; i++) {
        char why[OB_WHY_MAX];
        if (!ob_map_bool(row_of(q, i), "admin", false) ||
            !ob_survey_needs(q->p, s->target, s->action, s->ids[i]))
            continue;
        if (!holds(s->admins, s->ids[i])) {
            snprintf(why, sizeof why, OB_WHY_ADMIN, s->ids[i]);
            leave(left, s->keys[i], why);
        } else if (!holds(going, s->ids[i])) {
            ob_list_push_str(going, s->ids[i]);
            last = s->keys[i];
        }
    }
    return last;
}

static enum ob_status check_admins(struct ob_policy *p, const struct asked *q,
                                   struct ob_value *left, struct ob_err *err)
{
    const struct ob_step_spec *s = q->spec;
    const struct ob_directory *d = NULL;
    struct ob_value *going = &holder(p, s->target)->going;
    if (going->type != OB_LIST)
        ob_value_set_list(going);
    const char *last = add_going(going, q, left);
    enum ob_status st = last ? ob_directory_get(p, s->target, &d, err) : OB_OK;
    if (!last || st != OB_OK)
        return st;
    for (size_t i = 0; d && i < ob_directory_count(d); i++) {
        const struct ob_value *one = ob_directory_at(d, i);
        if (ob_rank_stays(one) && !holds(going, ob_map_str(one, "id")))
            return OB_OK;
    }
    return ob_fail(err, OB_ERR_GUARD,
                   "%s:%s names %s, and then no administrator of %s would be left; nothing was "
                   "changed: leave out one who stays",
                   s->target->name, s->action->name, last, s->target->name);
}

/* ---- the right column ---- */

/* Is this row of the cloud about this very person? Then something of it, beside the id, stands in
 * the person's own row as well. A column of managers names people who are there, too. */
static bool is_about(const struct ob_value *row, const struct ob_member *m)
{
    const struct ob_value *fields = ob_map_get(row, "fields");
    const char *id = ob_map_str(row, "id");
    for (size_t i = 0; fields && fields->type == OB_MAP && i < fields->map.count; i++) {
        const char *text = ob_value_str(&fields->map.pairs[i].value);
        if (!text || strlen(text) < 3 || strcmp(text, id) == 0)
            continue;
        for (size_t c = 0; c < m->table->column_count; c++)
            if (strcmp(ob_table_cell(m->table, m->row, c, NULL), text) == 0)
                return true;
    }
    return false;
}

static size_t found_by(const struct asked *q, const struct ob_directory *d, const char *column)
{
    size_t n = 0;
    for (size_t i = 0; i < q->spec->count; i++) {
        struct ob_member m = ob_roster_at(q->roster, i);
        const char *id = ob_member_cell(&m, column);
        const struct ob_value *one = id ? ob_directory_row(d, id) : NULL;
        n += one && is_about(one, &m);
    }
    return n;
}

/* Most are not there. That is so when most have gone already; but when another column's ids are
 * there, and are these very people's, it is the wrong column. */
static enum ob_status check_column(const struct asked *q, const struct ob_directory *d,
                                   size_t absent, struct ob_err *err)
{
    const struct ob_step_spec *s = q->spec;
    const char *used = ob_map_str(s->options, "id");
    struct ob_member first = ob_roster_at(q->roster, 0);
    size_t here = s->count - absent;
    for (size_t c = 0; c < first.table->column_count; c++) {
        const char *column = first.table->columns[c];
        if (used ? strcmp(used, column) == 0 : c == first.table->key)
            continue;
        size_t there = found_by(q, d, column);
        if (there >= FEW && there > 2 * here)
            return ob_fail(
                err, OB_ERR_INPUT,
                "%s: of column \"%s\", %zu of %zu are in %s; of column \"%s\", %zu are, and "
                "they are these people: say id = \"%s\"",
                first.table->source, used ? used : first.table->columns[first.table->key], here,
                s->count, s->target->name, column, there, column);
    }
    return OB_OK;
}

static void tell_alike(const struct asked *q, const struct ob_directory *d, size_t i,
                       struct ob_value *left)
{
    char why[OB_WHY_MAX];
    const char *how, *other = ob_directory_like(d, q->spec->ids[i], &how);
    if (!other)
        return;
    snprintf(why, sizeof why, "absent; there is \"%.200s\", %s", other, how);
    leave(left, q->spec->keys[i], why);
}

static bool is_absent(const struct asked *q, size_t i)
{
    const char *state = ob_map_str(row_of(q, i), "state");
    return state && strcmp(state, "absent") == 0;
}

static enum ob_status check_absent(struct ob_policy *p, const struct asked *q,
                                   struct ob_value *left, struct ob_err *err)
{
    const struct ob_directory *d;
    size_t absent = 0;
    for (size_t i = 0; i < q->spec->count; i++)
        absent += is_absent(q, i);
    if (absent * 2 <= q->spec->count)
        return OB_OK;
    enum ob_status st = ob_directory_get(p, q->spec->target, &d, err);
    if (st != OB_OK || !d)
        return st;
    if (absent >= FEW)
        st = check_column(q, d, absent, err);
    for (size_t i = 0; st == OB_OK && i < q->spec->count; i++)
        if (is_absent(q, i))
            tell_alike(q, d, i, left);
    return st;
}

enum ob_status ob_rank_late(struct ob_policy *p, const struct ob_step_spec *spec,
                            const struct ob_roster *roster, struct ob_value *left,
                            struct ob_err *err)
{
    struct asked q = {p, spec, roster};
    ob_value_set_list(left);
    enum ob_status st = ask_guard(&q, true, err);
    if (st == OB_OK)
        st = check_own(&q, err);
    if (st == OB_OK)
        st = check_absent(p, &q, left, err);
    return st == OB_OK ? check_admins(p, &q, left, err) : st;
}

void ob_rank_record(struct ob_policy *p, struct ob_value *left)
{
    struct ob_value *steps = ob_map_put(&p->doc, "steps");
    if (ob_list_count(left))
        ob_value_move(ob_map_put(&steps->list.items[steps->list.count - 1], "left"), left);
}
