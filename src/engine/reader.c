/* What are these people now? Asks person by person, or by listing the whole directory when that
 * takes fewer calls. Absence that was only seen in a list is looked up where the asker wants it
 * confirmed and the cloud has a lookup: a page that moved must not make anybody disappear. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/internal.h"

/* Below this many lookups a listing is not worth thinking about. */
#define FEW_LOOKUPS 4

struct reader {
    struct ob_tstate *ts;
    struct ob_reader_ask ask;
    size_t *set;
    bool *confirm;
    bool *seen;            /* by position in set */
    struct ob_idmap where; /* id -> position in set */
    struct ob_reader_ops ops;
    void *ctx;
    size_t jobs;
    struct ob_err failed; /* the first failure; what is out is waited for */
    bool looking;         /* lookups are made while others are out: 100,000 are not made at once */
    bool only_confirm;
    size_t at; /* the position in set to look up next */
};

enum ob_seen ob_seen_read(const char *state)
{
    if (!state)
        return OB_SEEN_NOT;
    if (strcmp(state, "absent") == 0)
        return OB_SEEN_ABSENT;
    if (strcmp(state, "active") == 0)
        return OB_SEEN_ACTIVE;
    if (strcmp(state, "disabled") == 0)
        return OB_SEEN_DISABLED;
    return OB_SEEN_OTHER;
}

static size_t calls_for(size_t count, int per_call)
{
    return (count + (size_t)per_call - 1) / (size_t)per_call;
}

int ob_reader_prefers_list(const struct ob_provider_info *info, size_t count, int64_t population)
{
    if (!info->list_page)
        return 0;
    if (!info->lookup_max)
        return 1;
    size_t lookups = calls_for(count, info->lookup_max);
    if (lookups <= FEW_LOOKUPS)
        return 0;
    if (population < 0)
        return info->list_total ? -1 : 0;
    return calls_for((size_t)population, info->list_page) + 1 < lookups;
}

static void reader_free(struct reader *r)
{
    ob_idmap_fini(&r->where);
    free(r->set);
    free(r->confirm);
    free(r->seen);
    free(r);
}

static void reader_end(struct ob_engine *e, struct reader *r)
{
    if (r->jobs)
        return;
    r->ops.end(e, r->ctx, r->failed.status == OB_OK ? NULL : &r->failed);
    reader_free(r);
}

/* The asker may be gone already. */
static void reader_drop(void *ctx)
{
    struct reader *r = ctx;
    if (--r->jobs == 0)
        reader_free(r);
}

static void give(struct ob_engine *e, struct reader *r, size_t at, enum ob_seen seen,
                 const struct ob_value *row)
{
    if (r->seen[at])
        return;
    r->seen[at] = true;
    r->ops.seen(e, r->ctx, r->set[at], seen, row);
}

static void give_person(struct ob_engine *e, struct reader *r, const struct ob_value *person)
{
    const char *id = ob_map_str(person, "id");
    size_t at = id ? ob_idmap_get(&r->where, id) : OB_IDMAP_NONE;
    enum ob_seen seen = ob_seen_read(ob_map_str(person, "state"));
    if (at != OB_IDMAP_NONE && seen != OB_SEEN_NOT)
        give(e, r, at, seen, person);
}

/* ---- person by person ---- */

static void issue(struct ob_engine *e, struct reader *r);

static void lookup_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                        const struct ob_answer *a, const struct ob_response *response,
                        const struct ob_err *err)
{
    struct reader *r = job->owner;
    if (how == OB_JOB_DROPPED) {
        reader_drop(r);
        return;
    }
    r->jobs--;
    if (how == OB_JOB_ANSWERED && a->meaning == OB_SAYS_DONE) {
        for (size_t i = 0; i < ob_list_count(&a->people); i++)
            give_person(e, r, ob_list_at(&a->people, i));
    } else if (r->failed.status == OB_OK) {
        r->failed = *err;
    }
    issue(e, r);
    reader_end(e, r);
}

static void lookup_job(struct ob_engine *e, struct reader *r, const size_t *at, size_t count)
{
    bool snap = r->ask.snapshot && r->ts->t->provider.info->snapshot_max > 0;
    struct ob_job *job = ob_job_new(r->ts, snap ? OB_CALL_SNAPSHOT : OB_CALL_LOOKUP,
                                    snap ? "snapshot" : "lookup", lookup_done, r);
    const char **ids = ob_xcalloc(count, sizeof *ids);
    job->people = ob_xcalloc(count, sizeof *job->people);
    job->count = count;
    job->step = r->ask.step;
    for (size_t i = 0; i < count; i++) {
        size_t person = r->set[at[i]];
        ids[i] = r->ask.ids[person];
        job->people[i] = r->ask.ledger_index ? r->ask.ledger_index[person] : (int64_t)person;
    }
    ob_job_ids(job, ids, count);
    free(ids);
    r->jobs++;
    ob_job_queue(e, job);
}

/* As many calls of the provider's size as may be out at once. */
static void issue(struct ob_engine *e, struct reader *r)
{
    const struct ob_provider_info *info = r->ts->t->provider.info;
    bool snap = r->ask.snapshot && info->snapshot_max > 0;
    size_t max = (size_t)(snap ? info->snapshot_max : info->lookup_max), n = 0;
    if (!r->looking || r->failed.status != OB_OK)
        return;
    size_t *at = ob_xcalloc(max, sizeof *at);
    while (r->at < r->ask.count && r->jobs < (size_t)r->ts->parallel) {
        size_t i = r->at++;
        if (!r->seen[i] && (!r->only_confirm || r->confirm[i]))
            at[n++] = i;
        if (n == max || (n && r->at == r->ask.count)) {
            lookup_job(e, r, at, n);
            n = 0;
        }
    }
    free(at);
}

static void look_up(struct ob_engine *e, struct reader *r, bool only_confirm)
{
    const struct ob_provider_info *info = r->ts->t->provider.info;
    if (!info->lookup_max && !(r->ask.snapshot && info->snapshot_max)) {
        ob_fail(&r->failed, OB_ERR_POLICY, "%s: %s can neither look people up nor list them",
                r->ts->t->name, info->name);
        return;
    }
    r->looking = true;
    r->only_confirm = only_confirm;
    r->at = 0;
    issue(e, r);
}

/* ---- by listing ---- */

/* Where a row does not say whether this is an administrator and a lookup would, it is asked. */
static bool says_too_little(const struct reader *r, const struct ob_value *person)
{
    const struct ob_value *admin = ob_map_get(person, "admin");
    return r->ts->t->provider.info->lookup_ranks && !(admin && admin->type == OB_BOOL);
}

static void listed_row(struct ob_engine *e, void *ctx, const struct ob_value *person)
{
    struct reader *r = ctx;
    const char *id = ob_map_str(person, "id");
    size_t at = id ? ob_idmap_get(&r->where, id) : OB_IDMAP_NONE;
    if (at == OB_IDMAP_NONE)
        return;
    if (says_too_little(r, person))
        r->confirm[at] = true;
    else
        give_person(e, r, person);
}

/* What was seen stays seen: a row that a listing showed was there, whatever moved around it. */
static void listed_restart(void *ctx)
{
    (void)ctx;
}

static void listed_end(struct ob_engine *e, void *ctx, const struct ob_err *err)
{
    struct reader *r = ctx;
    const struct ob_provider_info *info = r->ts->t->provider.info;
    r->jobs--;
    if (err) {
        if (info->lookup_max && r->ts->stopped.status == OB_OK && !e->stop)
            look_up(e, r, false); /* the long way still works */
        else
            r->failed = *err;
        reader_end(e, r);
        return;
    }
    if (info->lookup_max)
        look_up(e, r, true);
    for (size_t i = 0; i < r->ask.count; i++)
        if (!r->seen[i] && !(info->lookup_max && r->confirm[i]))
            give(e, r, i, OB_SEEN_ABSENT, NULL);
    reader_end(e, r);
}

static void list(struct ob_engine *e, struct reader *r)
{
    static const struct ob_listing_ops ops = {listed_row, listed_restart, listed_end, reader_drop};
    r->jobs++;
    ob_listing_start(e, r->ts, &ops, r);
}

static void choose(struct ob_engine *e, struct reader *r);

/* The first page says how many there are: then the choice can be made. */
static void probed(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                   const struct ob_answer *a, const struct ob_response *response,
                   const struct ob_err *err)
{
    struct reader *r = job->owner;
    if (how == OB_JOB_DROPPED) {
        reader_drop(r);
        return;
    }
    r->jobs--;
    if (how == OB_JOB_ANSWERED && a->meaning == OB_SAYS_DONE && a->total >= 0)
        r->ts->population = a->total;
    else
        r->ts->population = INT64_MAX / 2; /* unknown after all: look up */
    choose(e, r);
    reader_end(e, r);
}

static void choose(struct ob_engine *e, struct reader *r)
{
    const struct ob_provider_info *info = r->ts->t->provider.info;
    int by_list = r->ask.snapshot && info->snapshot_max > 0
                      ? 0
                      : ob_reader_prefers_list(info, r->ask.count, r->ts->population);
    if (by_list < 0) {
        struct ob_job *job = ob_job_new(r->ts, OB_CALL_LIST, "list", probed, r);
        ob_map_put(&job->args, "cursor");
        r->jobs++;
        ob_job_queue(e, job);
    } else if (by_list) {
        list(e, r);
    } else {
        look_up(e, r, false);
    }
}

void ob_reader_start(struct ob_engine *e, struct ob_tstate *ts, const struct ob_reader_ask *ask,
                     const struct ob_reader_ops *ops, void *ctx)
{
    struct reader *r = ob_xcalloc(1, sizeof *r);
    r->ts = ts;
    r->ask = *ask;
    r->ops = *ops;
    r->ctx = ctx;
    r->set = ob_xcalloc(ask->count ? ask->count : 1, sizeof *r->set);
    r->seen = ob_xcalloc(ask->count ? ask->count : 1, sizeof *r->seen);
    memcpy(r->set, ask->set, ask->count * sizeof *r->set);
    r->confirm = ob_xcalloc(ask->count ? ask->count : 1, sizeof *r->confirm);
    if (ask->confirm)
        memcpy(r->confirm, ask->confirm, ask->count * sizeof *r->confirm);
    ob_idmap_init(&r->where);
    for (size_t i = 0; i < ask->count; i++)
        ob_idmap_add(&r->where, ask->ids[r->set[i]], i);
    choose(e, r);
    reader_end(e, r);
}
