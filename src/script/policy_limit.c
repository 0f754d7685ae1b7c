/* Limits of a policy: what is in force, a plan held against them when it is complete, and again
 * when it is carried out. What a policy catches, delays or recurses into is no matter here: this
 * runs in C, when the script is over or has not begun. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/approval.h"
#include "engine/health.h"
#include "engine/plan.h"
#include "script/policy_parts.h"

static void take_lowered(struct ob_policy *p)
{
    struct ob_limit own;
    if (p->opt.mode != OB_MODE_APPLY || p->opt.ceiling < 0)
        return;
    ob_limit_init(&own);
    own.at[OB_OF_DISABLE][OB_LIMIT_USERS] = own.at[OB_OF_DELETE][OB_LIMIT_USERS] =
        (double)p->opt.ceiling;
    ob_limiter_tighten(p->limiter, &own, "the approved ceiling");
}

enum ob_status ob_limits_make(struct ob_policy *p, struct ob_err *err)
{
    bool applies = p->opt.mode == OB_MODE_APPLY;
    struct ob_limiter_options o = {
        .clock = p->opt.clock,
        .ledger = p->opt.ledger,
        .run = applies ? p->opt.run : 0,
        .defaults = !p->opt.rehearsing,
        .ceiling = applies ? ob_map_int(p->opt.plan, "ceiling", OB_CEILING_NONE) : p->opt.ceiling,
    };
    p->limiter = ob_limiter_new(&o);
    for (size_t i = 0; i < p->opt.config->count; i++)
        ob_limiter_target(p->limiter, p->opt.config->targets[i].name,
                          &p->opt.config->targets[i].limit);
    take_lowered(p);
    if (applies)
        ob_limiter_unseal(p->limiter, ob_map_get(p->opt.plan, "limits"));
    return p->opt.max_delete ? ob_limiter_max_delete(p->limiter, p->opt.max_delete, err) : OB_OK;
}

/* ---- whom a plan names ---- */

/* Nothing is taken from who is gone, or off already: should that change, the run leaves them out,
 * because they are not any more what they were when it was planned. */
static bool loses_something(const struct ob_value *person, const char *kind)
{
    const char *was = ob_value_str(ob_list_at(person, 2));
    if (!was || !*was)
        return true;
    return strcmp(was, "absent") != 0 &&
           (strcmp(was, "disabled") != 0 || strcmp(kind, "disable") != 0);
}

static void plan_step(struct ob_policy *p, const struct ob_value *step, const struct ob_idmap *done)
{
    const char *target = ob_map_str(step, "target"), *kind = ob_map_str(step, "kind");
    const struct ob_value *people = ob_map_get(step, "people");
    if (!target || !kind)
        return;
    for (size_t i = 0; i < ob_list_count(people); i++) {
        const struct ob_value *one = ob_list_at(people, i);
        const char *id = ob_value_str(ob_list_at(one, 1));
        const char *key = ob_value_str(ob_list_at(one, 0));
        if (id && key && !ob_struck_why(p->opt.struck, key, id) && loses_something(one, kind) &&
            (!done || ob_idmap_get(done, id) == OB_IDMAP_NONE))
            ob_limiter_plan(p->limiter, target, kind, id);
    }
}

/* ---- when it is made ---- */

static enum ob_status count_directory(struct ob_policy *p, struct ob_target *t, int64_t *count,
                                      struct ob_err *err)
{
    struct ob_op *op;
    struct ob_value none;
    ob_value_init(&none);
    enum ob_status st = ob_engine_read(p->engine, t, "count", &none, &op, err);
    while (st == OB_OK && !op->done)
        st = ob_engine_turn(p->engine, 1000, err);
    if (st == OB_OK && op->err.status != OB_OK) {
        *err = op->err;
        st = ob_err_prefix(err,
                           "how many people %s has cannot be read, and a share of it is the "
                           "limit",
                           t->name);
    }
    *count = st == OB_OK ? op->value.i : -1;
    ob_op_free(op);
    return st;
}

/* Only while planning: what a run was approved for it may finish in a directory that has shrunk,
 * by that very run perhaps. */
enum ob_status ob_limits_whole(struct ob_policy *p, const char *target, int64_t count,
                               struct ob_err *err)
{
    const struct ob_target_config *c = ob_config_target(p->opt.config, target);
    int64_t largest = -1;
    if (p->opt.mode != OB_MODE_PLAN)
        return OB_OK;
    enum ob_status st =
        ob_population_known(p->opt.ledger, target, ob_wall_ms(p->opt.clock), &largest, err);
    return st == OB_OK ? ob_health_population(target, count, largest, c ? c->people : 0, err) : st;
}

/* The largest of the last 30 days, today's count among them. */
static enum ob_status know_population(struct ob_policy *p, const char *name, struct ob_err *err)
{
    struct ob_target *t;
    int64_t people = -1, count = -1;
    enum ob_status st = ob_policy_open_target(p, name, &t, err);
    if (st == OB_OK)
        st = count_directory(p, t, &count, err);
    if (st == OB_OK)
        st = ob_limits_whole(p, name, count, err);
    if (st == OB_OK)
        st = ob_population_known(p->opt.ledger, name, ob_wall_ms(p->opt.clock), &people, err);
    if (st == OB_OK)
        ob_limiter_population(p->limiter, name, people);
    return st;
}

enum ob_status ob_limits_planned(struct ob_policy *p, struct ob_err *err)
{
    const struct ob_value *steps = ob_map_get(&p->doc, "steps");
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < ob_list_count(steps) && !p->opt.undo_of; i++)
        plan_step(p, ob_list_at(steps, i), NULL);
    for (const char *t = ob_limiter_next(p->limiter, NULL); t && st == OB_OK;
         t = ob_limiter_next(p->limiter, t))
        if (ob_limiter_wants_population(p->limiter, t))
            st = know_population(p, t, err);
    if (st == OB_OK)
        st = ob_limiter_check_plan(p->limiter, &p->trips, err);
    if (st == OB_OK)
        ob_limiter_seal(p->limiter, ob_map_put(&p->doc, "limits"));
    return st;
}

/* ---- when it is carried out ---- */

struct done_ids { /* of one step of this run */
    struct ob_idmap map;
    char **owned;
    size_t count, cap;
};

static bool note_done(void *ctx, const struct ob_person_row *row)
{
    struct done_ids *d = ctx;
    if (!ob_person_state_final(row->state) || ob_idmap_get(&d->map, row->id) != OB_IDMAP_NONE)
        return true;
    if (d->count == d->cap) {
        d->cap = d->cap ? d->cap * 2 : 64;
        d->owned = ob_xrealloc(d->owned, d->cap, sizeof *d->owned);
    }
    d->owned[d->count] = ob_xstrdup(row->id);
    ob_idmap_add(&d->map, d->owned[d->count], d->count);
    d->count++;
    return true;
}

/* Whoever has an outcome will not be touched by this step any more; what was done of late is
 * counted from the ledger. */
static enum ob_status plan_rest(struct ob_policy *p, const struct ob_value *step,
                                struct ob_err *err)
{
    struct done_ids d = {0};
    const char *path = ob_map_str(step, "path");
    ob_idmap_init(&d.map);
    enum ob_status st = OB_OK;
    if (path)
        st = ob_ledger_person_each(p->opt.ledger, p->opt.run, path, note_done, &d, err);
    if (st == OB_OK)
        plan_step(p, step, &d.map);
    ob_idmap_fini(&d.map);
    for (size_t i = 0; i < d.count; i++)
        free(d.owned[i]);
    free(d.owned);
    return st;
}

enum ob_status ob_limits_begin(struct ob_policy *p, struct ob_err *err)
{
    const struct ob_value *steps = ob_map_get(p->opt.plan, "steps");
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < p->opt.config->count && st == OB_OK; i++) {
        const char *name = p->opt.config->targets[i].name;
        int64_t people;
        st = ob_population_known(p->opt.ledger, name, ob_wall_ms(p->opt.clock), &people, err);
        if (st == OB_OK)
            ob_limiter_population(p->limiter, name, people);
    }
    for (size_t i = 0; i < ob_list_count(steps) && st == OB_OK && !p->opt.undo_of; i++)
        st = plan_rest(p, ob_list_at(steps, i), err);
    /* A share that was written after the plan was made, of a directory that nobody has counted. A
     * target that is gone is for the policy to stumble over. */
    for (const char *t = ob_limiter_next(p->limiter, NULL); t && st == OB_OK;
         t = ob_limiter_next(p->limiter, t))
        if (ob_config_target(p->opt.config, t) && ob_limiter_wants_population(p->limiter, t) &&
            !ob_limiter_knows_population(p->limiter, t))
            st = know_population(p, t, err);
    return st == OB_OK ? ob_limiter_check_plan(p->limiter, &p->trips, err) : st;
}

const struct ob_value *ob_policy_trips(const struct ob_policy *p)
{
    return &p->trips;
}
