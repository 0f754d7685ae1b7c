/* How a proposal begins: its people, what the ledger knows of them from an earlier process, and
 * the phase that follows from it. How it goes on is step.c's. */
#include "engine/step.h"
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/mem.h"
#include "engine/chunk.h"
#include "engine/marks.h"

void ob_step_digest(const char *target, const char *action, const char *const *ids, size_t count,
                    char out[65])
{
    struct ob_sha256 *d = ob_sha256_new();
    ob_sha256_add(d, target, strlen(target) + 1);
    ob_sha256_add(d, action, strlen(action) + 1);
    for (size_t i = 0; i < count; i++)
        ob_sha256_add(d, ids[i], strlen(ids[i]) + 1);
    ob_sha256_end(d, out);
}

struct load {
    struct ob_step *s;
    int64_t last;
};

static bool load_person(void *ctx, const struct ob_person_row *row)
{
    struct load *l = ctx;
    if (row->index > l->last)
        l->last = row->index;
    size_t i = ob_idmap_get(&l->s->map, row->id);
    if (i == OB_IDMAP_NONE)
        return true; /* this time the policy leaves somebody out: less is fine */
    struct ob_person *p = &l->s->op.people[i];
    p->state = row->state;
    p->calls = row->calls;
    free(p->detail);
    p->detail = ob_xstrdup(row->detail ? row->detail : "");
    l->s->index[i] = row->index;
    l->s->progress[i].known = true;
    return true;
}

/* People the ledger does not have yet: all of them, the first time. */
static enum ob_status store_new(struct ob_engine *e, struct ob_step *s,
                                const struct ob_step_spec *spec, bool begun, int64_t last,
                                struct ob_err *err)
{
    struct ob_person_row *rows = ob_xcalloc(s->op.count ? s->op.count : 1, sizeof *rows);
    struct ob_step_row step = {.path = s->path,
                               .target = s->ts->t->name,
                               .action = (char *)s->action->name,
                               .kind = (char *)ob_kind_word(s->action->kind),
                               .digest = (char *)spec->digest};
    size_t n = 0;
    for (size_t i = 0; i < s->op.count; i++) {
        if (s->progress[i].known)
            continue;
        s->index[i] = ++last;
        rows[n++] = (struct ob_person_row){.index = s->index[i],
                                           .person = s->keys[i],
                                           .id = s->ids[i],
                                           .state = OB_P_PENDING,
                                           .detail = (char *)""};
    }
    ob_buf_init(&step.options, OB_BUF_LARGE);
    ob_json_write(&step.options, spec->options);
    enum ob_status st = OB_OK;
    if (!ob_engine_txn(e, true))
        *err = e->broken, st = e->broken.status;
    else if (!begun)
        st = ob_ledger_step_put(e->opt.ledger, e->opt.run, &step, rows, n, err);
    else if (n)
        st = ob_ledger_people_add(e->opt.ledger, e->opt.run, s->path, rows, n, err);
    ob_buf_fini(&step.options);
    free(rows);
    return st;
}

static int by_position(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Positions of the ledger in rising order, "0,4,5": these were unknown when the policy went on. */
static void mark_told(struct ob_step *s, const char *text)
{
    int64_t *told = ob_xcalloc(strlen(text) / 2 + 1, sizeof *told);
    size_t n = 0;
    for (char *end; *text; text = *end ? end + 1 : end) {
        told[n] = strtoll(text, &end, 10);
        if (end == text)
            break;
        n++;
    }
    for (size_t i = 0; n && i < s->op.count; i++)
        s->op.people[i].told_unknown =
            s->progress[i].known && bsearch(&s->index[i], told, n, sizeof *told, by_position);
    free(told);
}

/* What an earlier process decided about this step. A settled one asks no more. */
static void load_marks(struct ob_step *s, const struct ob_step_row *row)
{
    struct ob_marks m;
    ob_marks_read(&m, &row->result);
    if (strcmp(ob_buf_str(&m.go), ob_go_word(OB_GO_UNDO)) == 0)
        s->op.go = OB_GO_UNDO;
    else if (strcmp(ob_buf_str(&m.go), ob_go_word(OB_GO_STOP)) == 0)
        s->op.go = OB_GO_STOP;
    s->undone = s->op.go == OB_GO_UNDO || m.undone.len;
    s->frozen = !s->undoes && (s->op.go != OB_GO_ON || m.told.len);
    s->gated = s->gated && !row->settled && !s->frozen && !s->undone;
    mark_told(s, ob_buf_str(&m.told));
    ob_marks_fini(&m);
}

static enum ob_status bind_ledger(struct ob_engine *e, struct ob_step *s,
                                  const struct ob_step_spec *spec, struct ob_err *err)
{
    struct ob_step_row row = {0};
    struct load l = {s, -1};
    enum ob_status st = ob_ledger_step_get(e->opt.ledger, e->opt.run, s->path, &row, err);
    if (st != OB_OK)
        return st;
    bool begun = row.path != NULL;
    bool same = !begun || (strcmp(row.target, s->ts->t->name) == 0 &&
                           strcmp(row.action, s->action->name) == 0);
    if (!same)
        st = ob_fail(err, OB_ERR_POLICY,
                     "step %s was %s:%s when this run began and is %s:%s now: the policy does not "
                     "replay the same way",
                     s->path, row.target, row.action, s->ts->t->name, s->action->name);
    if (st == OB_OK && begun)
        st = ob_ledger_person_each(e->opt.ledger, e->opt.run, s->path, load_person, &l, err);
    if (begun) {
        load_marks(s, &row);
        ob_step_row_fini(&row);
    }
    return st == OB_OK ? store_new(e, s, spec, begun, l.last, err) : st;
}

/* Numbers for the texts of who may share a call. */
static void number_groups(struct ob_step *s, const char *const *groups)
{
    struct ob_idmap seen;
    size_t next = 0;
    s->group = ob_xcalloc(s->op.count ? s->op.count : 1, sizeof *s->group);
    ob_idmap_init(&seen);
    for (size_t i = 0; i < s->op.count; i++) {
        size_t number = ob_idmap_add(&seen, groups[i], next);
        s->group[i] = number == OB_IDMAP_NONE ? next++ : number;
    }
    ob_idmap_fini(&seen);
}

static void copy_extras(struct ob_step *s, const struct ob_step_spec *spec)
{
    s->gated = spec->gated;
    s->undoes = spec->undoes;
    s->admin_next = OB_IDMAP_NONE;
    if (spec->admins)
        ob_value_copy(&s->admins, spec->admins);
    s->stop_on_change = spec->stop_on_change;
    if (spec->was) {
        s->was = ob_xcalloc(s->op.count ? s->op.count : 1, sizeof *s->was);
        memcpy(s->was, spec->was, s->op.count * sizeof *s->was);
    }
    if (spec->groups)
        number_groups(s, spec->groups);
    for (size_t i = 0; spec->doubtful && i < s->op.count; i++)
        s->progress[i].doubtful = spec->doubtful[i];
    if (!spec->snapshots)
        return;
    s->snapshots = ob_xcalloc(s->op.count ? s->op.count : 1, sizeof *s->snapshots);
    memcpy(s->snapshots, spec->snapshots, s->op.count * sizeof *s->snapshots);
}

/* Two people with one id would be acted upon as one and reported as two. */
static enum ob_status copy_people(struct ob_step *s, const struct ob_step_spec *spec,
                                  struct ob_err *err)
{
    enum ob_status st = OB_OK;
    size_t n = spec->count ? spec->count : 1;
    s->op.count = spec->count;
    s->op.people = ob_xcalloc(n, sizeof *s->op.people);
    s->keys = ob_xcalloc(n, sizeof *s->keys);
    s->ids = ob_xcalloc(n, sizeof *s->ids);
    s->lent_ids = ob_xcalloc(n, sizeof *s->lent_ids);
    s->index = ob_xcalloc(n, sizeof *s->index);
    s->progress = ob_xcalloc(n, sizeof *s->progress);
    ob_idmap_init(&s->map);
    for (size_t i = 0; i < spec->count; i++) {
        s->keys[i] = ob_xstrdup(spec->keys[i]);
        s->ids[i] = ob_xstrdup(spec->ids[i]);
        s->lent_ids[i] = s->ids[i];
        s->index[i] = (int64_t)i;
        s->op.people[i] =
            (struct ob_person){.key = s->keys[i], .id = s->ids[i], .detail = ob_xstrdup("")};
        size_t other = ob_idmap_add(&s->map, s->ids[i], i);
        if (other != OB_IDMAP_NONE && st == OB_OK)
            st = ob_fail(err, OB_ERR_INPUT, "step %s: %s and %s have the same id \"%s\"", s->path,
                         s->keys[other], s->keys[i], s->ids[i]);
    }
    copy_extras(s, spec);
    return st;
}

static void choose_sizes(struct ob_step *s, const struct ob_step_spec *spec)
{
    s->chunk = s->action->chunk > 0 ? s->action->chunk : s->action->max;
    if (spec->chunk > 0)
        s->chunk = spec->chunk < s->action->max ? spec->chunk : s->action->max;
    s->parallel = s->ts->parallel;
    if (spec->parallel > 0 && spec->parallel < s->parallel)
        s->parallel = spec->parallel;
    if (s->chunk < 1)
        s->chunk = 1;
    s->waves = ob_waves(spec->ramp, s->op.count, &s->wave_count);
}

/* What was in doubt is settled by the undo's own readings. To settle it here could mean to send it
 * again, to people who have been brought back. */
static void leave_undone(struct ob_engine *e, struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++) {
        enum ob_person_state st = s->op.people[i].state;
        if (st == OB_P_PENDING || st == OB_P_READY)
            ob_step_person(e, s, i, OB_P_SKIPPED, "not tried: the step was undone");
        else if (!ob_person_state_final(st))
            ob_step_person(e, s, i, OB_P_UNKNOWN, NULL);
    }
    s->phase = OB_PH_CHECK; /* with nobody to check: it is over at once */
}

static void first_phase(struct ob_engine *e, struct ob_step *s, const char *const *skips)
{
    if (s->undone) {
        leave_undone(e, s);
        return;
    }
    for (size_t i = 0; i < s->op.count; i++) {
        struct ob_person *p = &s->op.people[i];
        s->progress[i].doubted = p->calls > 0;
        s->progress[i].hands_off = s->frozen || (skips && skips[i]);
        bool untried = p->state == OB_P_PENDING || p->state == OB_P_READY;
        if (untried)
            *p->detail = '\0'; /* why an earlier process left this one does not hold any more */
        if (untried && skips && skips[i])
            ob_step_person(e, s, i, OB_P_SKIPPED, skips[i]);
        else if (untried && s->frozen)
            ob_step_person(e, s, i, OB_P_SKIPPED, "not tried: the policy has gone on");
        if (p->state == OB_P_SENT || p->state == OB_P_UNKNOWN)
            ob_step_person(e, s, i, OB_P_DOUBT, NULL);
        if (p->state == OB_P_READY)
            p->state = OB_P_PENDING; /* what was seen then may no longer be so */
    }
    s->phase = ob_step_any_in_doubt(s) ? OB_PH_RECOVER : OB_PH_CHECK;
}

/* Two of one path would act on the same rows, and on the same people. */
static enum ob_status check_path(const struct ob_engine *e, const char *path, struct ob_err *err)
{
    for (const struct ob_step *s = e->steps; s; s = s->next)
        if (strcmp(s->path, path) == 0)
            return ob_fail(err, OB_ERR_POLICY, "step %s is at work already", path);
    return OB_OK;
}

static bool any_untried(const struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++)
        if (!ob_person_state_final(s->op.people[i].state))
            return true;
    return false;
}

/* By every process that takes the step up; not for what is over already. */
static enum ob_status gather_evidence(struct ob_engine *e, struct ob_step *s,
                                      const struct ob_step_spec *spec, struct ob_err *err)
{
    struct ob_evidence_ask ask = {.ledger = e->opt.ledger,
                                  .target = s->ts->t,
                                  .require = spec->require,
                                  .keys = spec->keys,
                                  .ids = spec->ids,
                                  .count = spec->count};
    if (!spec->require || spec->undoes || !e->opt.ledger || !any_untried(s))
        return OB_OK;
    return ob_evidence_new(&s->evidence, &ask, err);
}

enum ob_status ob_engine_step(struct ob_engine *e, const struct ob_step_spec *spec,
                              struct ob_op **out, struct ob_err *err)
{
    struct ob_step *s = ob_xcalloc(1, sizeof *s);
    s->op.kind = OB_OP_STEP;
    s->ts = ob_engine_target(e, spec->target);
    s->action = spec->action;
    s->path = ob_xstrdup(spec->path);
    choose_sizes(s, spec);
    enum ob_status st = check_path(e, spec->path, err);
    enum ob_status copied = copy_people(s, spec, st == OB_OK ? err : NULL);
    if (st == OB_OK)
        st = copied;
    if (st == OB_OK && e->opt.ledger)
        st = bind_ledger(e, s, spec, err);
    if (st == OB_OK)
        st = gather_evidence(e, s, spec, err);
    if (st == OB_OK)
        st = ob_step_recall(e, s, err);
    if (st == OB_OK)
        st = ob_step_recall_refused(e, s, err); /* before all that is unknown becomes doubt */
    if (st == OB_OK) {
        first_phase(e, s, spec->skips);
        st = ob_engine_flush(e, err); /* who proposes may think for long before the next turn */
    }
    if (st != OB_OK) {
        s->op.done = true;
        ob_op_free(&s->op);
        return st;
    }
    s->next = e->steps;
    e->steps = s;
    *out = &s->op;
    return OB_OK;
}

void ob_step_free(struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++) {
        free(s->keys[i]);
        free(s->ids[i]);
        free(s->op.people[i].detail);
    }
    ob_splitter_free(s->splitter);
    ob_value_fini(&s->admins);
    ob_evidence_free(s->evidence);
    ob_idmap_fini(&s->map);
    free(s->op.people);
    free(s->keys);
    free(s->ids);
    free(s->lent_ids);
    free(s->snapshots);
    free(s->group);
    free(s->was);
    free(s->index);
    free(s->progress);
    free(s->waves);
    free(s->hopeless_words);
    free(s->path);
    free(s);
}
