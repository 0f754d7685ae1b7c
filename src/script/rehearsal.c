/* One run of a rehearsal: plan, then lives of the policy until its run has come to its end. A life
 * that crashed is followed by the next on the same ledger and the same clouds; one that waits is
 * followed when it is due; one that left something in doubt is resumed a minute later. */
#include "script/rehearsal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/plan.h"
#include "script/rehearsal_parts.h"

#define PLANS_MAX  12 /* a plan that met a fault is made again */
#define LIVES_MAX  60
#define CALM_AFTER 8 /* so many lives in doubt, and whatever goes wrong ends */
#define RESUME_MS  60000

/* ---- one life ---- */

/* Nobody changes a file while the virtual month goes by, and it is delivered anew each day. */
static enum ob_status read_again(void *ctx, const struct ob_bound_input *in, struct ob_buf *out,
                                 int64_t *mtime_ms, struct ob_err *err)
{
    struct ob_rehearsal *r = ctx;
    *mtime_ms = ob_wall_ms(&r->clock);
    if (ob_buf_add(out, ob_buf_str(&in->bytes), in->bytes.len))
        return OB_OK;
    return ob_fail(err, OB_ERR_INPUT, "%s: too large", in->source);
}

static void policy_options(struct ob_rehearsal *r, struct ob_policy_options *o)
{
    const struct ob_rehearsal_setup *s = &r->setup;
    *o = (struct ob_policy_options){
        .mode = OB_MODE_PLAN,
        .name = s->name,
        .text = s->text,
        .len = s->len,
        .inputs = r->inputs,
        .input_count = r->input_count,
        .vars = s->vars ? s->vars : &r->vars,
        .allow_empty = s->allow_empty,
        .max_delete = s->max_delete,
        .ceiling = OB_CEILING_NONE,
        .limits = s->limits,
        .now_ms = ob_wall_ms(&r->clock),
        .config = r->config,
        .clock = &r->clock,
        .transport = ob_world_transport(r),
        .ledger = r->ledger,
        .notify = ob_world_note,
        .notify_ctx = r,
        .rehearsing = &r->rehearsing,
        .reread = read_again,
        .reread_ctx = r,
    };
}

static void end_policy(struct ob_rehearsal *r)
{
    ob_policy_free(r->policy);
    r->policy = NULL;
    ob_world_land(r);
}

static enum ob_status run_policy(struct ob_rehearsal *r, const struct ob_policy_options *o,
                                 struct ob_err *err)
{
    end_policy(r);
    r->dead = false;
    *err = (struct ob_err){0};
    enum ob_status st = ob_policy_new(&r->policy, o, err);
    if (st == OB_OK)
        st = ob_policy_run(r->policy, err);
    err->status = st;
    ob_rule_text(r, err->message);
    if (r->dead) { /* what was not committed never was */
        end_policy(r);
        ob_ledger_rollback(r->ledger);
    }
    return st;
}

/* ---- plan ---- */

static enum ob_status keep_plan(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_plan_row row = {0};
    char digest[65];
    enum ob_status st = ob_ledger_blob_put(r->ledger, r->setup.text, r->setup.len, digest, err);
    if (st == OB_OK)
        st = ob_plan_seal(&r->plan, &row, err);
    if (st == OB_OK)
        st = ob_ledger_plan_put(r->ledger, &row, err);
    struct ob_sight seen = {.plan = row.id, .doc = &r->plan, .at_ms = ob_wall_ms(&r->clock)};
    if (st == OB_OK)
        st = ob_evidence_sight(r->ledger, &seen, err);
    if (st == OB_OK)
        st = ob_ledger_run_new(r->ledger, row.id, ob_wall_ms(&r->clock), &r->run, err);
    ob_plan_row_fini(&row);
    return st;
}

/* What a policy says itself is said again however often it is asked. */
static bool is_final(enum ob_status st)
{
    return st == OB_ERR_POLICY || st == OB_ERR_GUARD || st == OB_ERR_INPUT || st == OB_ERR_STALE ||
           st == OB_ERR_USAGE;
}

static enum ob_status make_plan(struct ob_rehearsal *r, struct ob_err *err)
{
    enum ob_status st = OB_ERR;
    for (int i = 0; i < PLANS_MAX; i++) {
        struct ob_policy_options o;
        policy_options(r, &o);
        st = run_policy(r, &o, err);
        if (st == OB_OK && !r->dead) {
            ob_value_fini(&r->plan);
            ob_value_copy(&r->plan, ob_policy_document(r->policy));
            st = keep_plan(r, err);
        }
        if (st == OB_ERR_INPUT && ob_clouds_invented(r))
            continue;
        /* Half a directory is an input error too, and the next time it may be whole. */
        if ((st == OB_OK || (is_final(st) && st != OB_ERR_INPUT)) && !r->dead)
            break;
        r->dead = false;
        r->now_ms += RESUME_MS;
    }
    r->dead = false;
    r->out->plan_requests = r->requests;
    r->out->plan_points = r->points;
    ob_world_tell(r, false, st == OB_OK ? "the plan is made" : "there is no plan: %s",
                  err->message);
    return st;
}

/* ---- run ---- */

static enum ob_status one_life(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_policy_options o;
    policy_options(r, &o);
    o.mode = OB_MODE_APPLY;
    o.now_ms = ob_map_int(&r->plan, "now_ms", 0);
    o.today = ob_map_str(&r->plan, "today");
    o.plan = &r->plan;
    o.run = r->run;
    r->unknown_seen = false;
    r->out->lives++;
    if (r->out->lives > 1)
        ob_world_tell(r, false, "the run is resumed");
    return run_policy(r, &o, err);
}

/* May a resume change anything? In doubt, or stopped by a cloud, it may. */
static bool goes_on(const struct ob_rehearsal *r, enum ob_status st)
{
    const struct ob_counts *c = &r->out->counts;
    return c->unknown > 0 || (st != OB_OK && !is_final(st));
}

/* As the command line does it: what a later resume has to know is written down. */
static enum ob_status conclude(struct ob_rehearsal *r, enum ob_status st, const struct ob_err *last,
                               struct ob_err *err)
{
    bool done = st == OB_OK && !r->out->counts.unknown;
    int64_t due = st == OB_ERR_WAITING ? ob_policy_due(r->policy) : 0;
    enum ob_status ended = ob_ledger_run_due(r->ledger, r->run, due, err);
    if (ended == OB_OK)
        ended = ob_ledger_run_end(r->ledger, r->run, ob_wall_ms(&r->clock),
                                  done ? OB_RUN_DONE : OB_RUN_OPEN, st, last->message, err);
    return r->dead ? OB_OK : ended;
}

/* Virtual time costs nothing. */
static void wait_until_due(struct ob_rehearsal *r)
{
    int64_t due = ob_policy_due(r->policy) - r->setup.start_ms;
    if (due <= r->now_ms)
        return;
    ob_world_tell(r, false, "the run waits");
    r->waited_ms += due - r->now_ms;
    r->now_ms = due;
}

/* What comes after a life that ended by itself; *more: another one. */
static enum ob_status after_life(struct ob_rehearsal *r, enum ob_status st, int *doubts, bool *more,
                                 struct ob_err *err)
{
    *more = true;
    if (st == OB_ERR_WAITING) {
        wait_until_due(r);
        return OB_OK;
    }
    *more = goes_on(r, st) && !r->out->rule;
    if (*more && ++*doubts == CALM_AFTER)
        return ob_clouds_calm(r, err);
    r->now_ms += *more ? RESUME_MS : 0;
    return OB_OK;
}

/* Every crash and every wait is followed by a life; *last is how the last one ended. */
static enum ob_status live(struct ob_rehearsal *r, struct ob_err *last, struct ob_err *err)
{
    int doubts = 0;
    bool more = true;
    while (more && r->out->lives < LIVES_MAX && doubts <= 2 * CALM_AFTER) {
        enum ob_status st = one_life(r, last), end = OB_OK;
        if (!r->dead)
            end = ob_counts_read(r, err);
        if (!r->dead && end == OB_OK)
            end = conclude(r, st, last, err);
        ob_rules_after_life(r);
        if (r->dead) {
            r->dead = false;
            ob_ledger_rollback(r->ledger);
            r->now_ms += RESUME_MS;
            continue;
        }
        if (end == OB_OK)
            end = after_life(r, st, &doubts, &more, err);
        if (end != OB_OK)
            return end;
    }
    if (more)
        ob_rule_broken(r, "every run comes to its end", -1, "after %" PRId64 " lives: %s",
                       r->out->lives, last->message[0] ? last->message : "some are still unknown");
    return OB_OK;
}

/* A timer resumes what is open, also a run that its policy ended: it must come to the same end. */
static void resume_again(struct ob_rehearsal *r)
{
    struct ob_err last;
    size_t effects = r->effect_count;
    if (r->out->rule || !is_final(r->out->end.status))
        return;
    r->now_ms += RESUME_MS;
    enum ob_status st = one_life(r, &last);
    if (!r->dead && (st != r->out->end.status || r->effect_count != effects))
        ob_rule_broken(r, "a resume decides as the run did", -1,
                       "the policy had ended it (%s); resumed, it went on (%s)",
                       r->out->end.message, last.message);
    r->dead = false;
}

static enum ob_status carry_out(struct ob_rehearsal *r, struct ob_err *err)
{
    enum ob_status st = ob_books_begin(r, err);
    if (st == OB_OK)
        st = live(r, &r->out->end, err);
    r->counting = false;
    if (st == OB_OK)
        resume_again(r);
    if (st == OB_OK)
        st = ob_books_end(r, err);
    if (st == OB_OK)
        st = ob_rules_at_end(r, err);
    return st;
}

static enum ob_status fresh(struct ob_rehearsal *r, const struct ob_schedule *s, struct ob_err *err)
{
    end_policy(r);
    ob_ledger_close(r->ledger);
    r->ledger = NULL;
    ob_books_fini(&r->books);
    ob_value_fini(&r->world);
    r->schedule = s;
    r->culprit = -1;
    enum ob_status st = ob_ledger_open(&r->ledger, ":memory:", err);
    if (st == OB_OK)
        st = ob_clouds_again(r, err);
    if (st == OB_OK)
        ob_world_reset(r);
    for (size_t i = 0; i < r->config->count && st == OB_OK; i++)
        r->sizes[i] = ob_clouds_size(r, (int)i);
    return st;
}

enum ob_status ob_rehearsal_run(struct ob_rehearsal *r, const struct ob_schedule *s,
                                struct ob_rehearsed *out, struct ob_err *err)
{
    *out = (struct ob_rehearsed){0};
    r->out = out;
    enum ob_status st = fresh(r, s, err);
    if (st != OB_OK)
        return st;
    int64_t began = r->now_ms;
    if (make_plan(r, &out->plan) == OB_OK)
        st = carry_out(r, err);
    out->requests = r->requests;
    out->points = r->points;
    out->took_ms = r->now_ms - began;
    out->waited_ms = r->waited_ms;
    return st;
}

/* ---- life ---- */

static void remember_person(struct ob_rehearsal *r, const char *key, const char *id)
{
    size_t at = ob_idmap_get(&r->planned_at, key);
    struct ob_value *one =
        at == OB_IDMAP_NONE ? ob_list_push(&r->planned) : &r->planned.list.items[at];
    if (at == OB_IDMAP_NONE) {
        ob_value_set_list(one);
        ob_list_push_str(one, key);
        /* The text itself does not move when the list grows. */
        ob_idmap_add(&r->planned_at, ob_value_str(ob_list_at(one, 0)),
                     ob_list_count(&r->planned) - 1);
    }
    ob_list_push_str(one, id);
}

static enum ob_status calm_plan(struct ob_rehearsal *r, bool *planned, struct ob_err *err)
{
    static const struct ob_schedule none;
    const char *faults = r->setup.faults;
    struct ob_err ignored;
    r->setup.faults = "";
    enum ob_status st = fresh(r, &none, err);
    r->setup.faults = faults;
    *planned = st == OB_OK && make_plan(r, &ignored) == OB_OK;
    return st;
}

/* A plan in which nothing goes wrong: it shows which inputs have to be invented, which ids have to
 * be there, and whom a schedule can name; so none of that depends on the schedule. A policy that
 * cannot be planned says so when it is run. */
static enum ob_status look_ahead(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_rehearsed out = {0};
    bool planned, added = false;
    r->out = &out;
    enum ob_status st = calm_plan(r, &planned, err);
    if (st == OB_OK && planned)
        st = ob_people_complete(r, &added, err);
    if (st == OB_OK && added)
        st = calm_plan(r, &planned, err);
    if (st != OB_OK || !planned)
        return st;
    const struct ob_value *steps = ob_map_get(&r->plan, "steps");
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *people = ob_map_get(ob_list_at(steps, i), "people");
        for (size_t k = 0; k < ob_list_count(people); k++)
            remember_person(r, ob_value_str(ob_list_at(ob_list_at(people, k), 0)),
                            ob_value_str(ob_list_at(ob_list_at(people, k), 1)));
    }
    return OB_OK;
}

enum ob_status ob_rehearsal_new(struct ob_rehearsal **out, const struct ob_rehearsal_setup *setup,
                                struct ob_err *err)
{
    struct ob_rehearsal *r = ob_xcalloc(1, sizeof *r);
    *out = NULL;
    r->setup = *setup;
    r->culprit = -1;
    ob_value_init(&r->plan);
    ob_value_init(&r->world);
    ob_value_init(&r->vars);
    ob_value_set_map(&r->vars);
    ob_value_init(&r->rows);
    ob_value_init(&r->planned);
    ob_value_set_list(&r->planned);
    ob_idmap_init(&r->planned_at);
    ob_world_make(r);
    enum ob_status st = ob_clouds_make(r, err);
    r->sizes = ob_xcalloc(r->config->count + 1, sizeof *r->sizes);
    r->rehearsing = (struct ob_rehearsing){.seed = (uint64_t)setup->seed + 1,
                                           .opened = r->opened,
                                           .missing = ob_clouds_missing,
                                           .ctx = r,
                                           .lines = setup->lines,
                                           .line_count = setup->line_count};
    if (st == OB_OK)
        st = look_ahead(r, err);
    if (st == OB_OK)
        *out = r;
    else
        ob_rehearsal_free(r);
    return st;
}

void ob_rehearsal_free(struct ob_rehearsal *r)
{
    if (!r)
        return;
    end_policy(r);
    ob_ledger_close(r->ledger);
    r->ledger = NULL;
    ob_books_fini(&r->books);
    ob_world_reset(r);
    free(r->flights);
    free(r->sizes);
    ob_clouds_free(r);
    ob_value_fini(&r->plan);
    ob_value_fini(&r->world);
    ob_value_fini(&r->vars);
    ob_idmap_fini(&r->planned_at);
    ob_value_fini(&r->planned);
    ob_value_fini(&r->rows);
    free(r);
}
