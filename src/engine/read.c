/* Readings that a policy or an operator asks for: the whole directory, people by id, or whatever
 * else a provider reads. They change nothing and leave nothing but their calls in the ledger. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/internal.h"

struct read_op {
    struct ob_op op; /* first */
    char **ids;      /* of a lookup; each once */
    const char **lent;
    bool *said; /* the answer tells of this one */
    size_t count;
    const char *target;
};

static void read_over(struct ob_engine *e, struct read_op *r, const struct ob_err *err)
{
    if (err)
        r->op.err = *err;
    r->op.done = true;
    e->op_ended = true;
}

/* ---- the whole directory ---- */

static void row(struct ob_engine *e, void *ctx, const struct ob_value *person)
{
    struct read_op *r = ctx;
    ob_value_copy(ob_list_push(&r->op.value), person);
}

static void restart(void *ctx)
{
    struct read_op *r = ctx;
    ob_value_set_list(&r->op.value);
}

static void list_end(struct ob_engine *e, void *ctx, const struct ob_err *err)
{
    read_over(e, ctx, err);
}

/* ---- how many there are ---- */

static void count_row(struct ob_engine *e, void *ctx, const struct ob_value *person)
{
    struct read_op *r = ctx;
    ob_value_set_int(&r->op.value, r->op.value.i + 1);
}

static void count_restart(void *ctx)
{
    struct read_op *r = ctx;
    ob_value_set_int(&r->op.value, 0);
}

static void count_all(struct ob_engine *e, struct ob_tstate *ts, struct read_op *r)
{
    static const struct ob_listing_ops ops = {count_row, count_restart, list_end, NULL};
    ob_value_set_int(&r->op.value, 0);
    ob_listing_start(e, ts, &ops, r);
}

/* A first page that is all there is has to agree with the cloud's own count; if not, the whole is
 * read, which says so. */
static bool tells_count(const struct ob_answer *a)
{
    int64_t rows = (int64_t)ob_list_count(&a->people);
    return a->next.type == OB_NULL ? a->total == rows : a->total >= rows;
}

static void count_page(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                       const struct ob_answer *a, const struct ob_response *response,
                       const struct ob_err *err)
{
    struct read_op *r = job->owner;
    if (how == OB_JOB_DROPPED)
        return;
    if (how != OB_JOB_ANSWERED || a->meaning != OB_SAYS_DONE) {
        read_over(e, r, err);
    } else if (tells_count(a)) {
        ob_population_seen(e, job->ts, a->total);
        ob_value_set_int(&r->op.value, a->total);
        read_over(e, r, NULL);
    } else {
        count_all(e, job->ts, r);
    }
}

static void start_count(struct ob_engine *e, struct ob_tstate *ts, struct read_op *r)
{
    if (ts->counted) { /* it was listed a moment ago */
        ob_value_set_int(&r->op.value, ts->population);
        read_over(e, r, NULL);
        return;
    }
    if (!ts->t->provider.info->list_total) {
        count_all(e, ts, r);
        return;
    }
    struct ob_job *job = ob_job_new(ts, OB_CALL_LIST, "list", count_page, r);
    ob_map_put(&job->args, "cursor");
    ob_job_queue(e, job);
}

/* ---- people by id ---- */

/* Absent stays absent: the cloud did not say. */
static void copy_flag(struct ob_value *to, const struct ob_value *row, const char *name)
{
    const struct ob_value *flag = ob_map_get(row, name);
    if (flag && flag->type == OB_BOOL)
        ob_map_put_bool(to, name, flag->b);
}

static void seen(struct ob_engine *e, void *ctx, size_t person, enum ob_seen what,
                 const struct ob_value *row)
{
    static const char *const words[] = {"", "absent", "active", "disabled", "other"};
    struct read_op *r = ctx;
    struct ob_value *v = ob_list_push(&r->op.value);
    r->said[person] = true;
    ob_value_set_map(v);
    ob_map_put_str(v, "id", r->ids[person]);
    ob_map_put_str(v, "state", words[what]);
    const struct ob_value *fields = ob_map_get(row, "fields");
    copy_flag(v, row, "admin");
    copy_flag(v, row, "group");
    struct ob_value *f = ob_map_put(v, "fields");
    if (fields)
        ob_value_copy(f, fields);
    else
        ob_value_set_map(f);
}

/* Whom an answer leaves out is not absent: nobody knows what they are. */
static void lookup_end(struct ob_engine *e, void *ctx, const struct ob_err *err)
{
    struct read_op *r = ctx;
    struct ob_err half;
    size_t seen = ob_list_count(&r->op.value), i = 0;
    if (!err && seen < r->count) {
        while (r->said[i])
            i++;
        err = &half;
        ob_fail(&half, ob_engine_half_read(e),
                "%s: of %zu people that were asked about the answer leaves out %zu (%s is one): a "
                "failed reading is not taken for an empty one; try again later",
                r->target, r->count, r->count - seen, r->ids[i]);
    }
    read_over(e, r, err);
}

/* Each once: the answer has one row for each. */
static size_t take_ids(struct read_op *r, const struct ob_value *ids)
{
    struct ob_idmap known;
    size_t n = ob_list_count(ids), room = n ? n : 1;
    r->ids = ob_xcalloc(room, sizeof *r->ids);
    r->lent = ob_xcalloc(room, sizeof *r->lent);
    r->said = ob_xcalloc(room, sizeof *r->said);
    ob_idmap_init(&known);
    for (size_t i = 0; i < n; i++) {
        const char *id = ob_value_str(ob_list_at(ids, i));
        char *copy = ob_xstrdup(id ? id : "");
        if (ob_idmap_add(&known, copy, r->count) != OB_IDMAP_NONE) {
            free(copy);
            continue;
        }
        r->ids[r->count] = copy;
        r->lent[r->count++] = copy;
    }
    ob_idmap_fini(&known);
    return r->count;
}

static void start_lookup(struct ob_engine *e, struct ob_tstate *ts, struct read_op *r,
                         const struct ob_value *ids)
{
    static const struct ob_reader_ops ops = {seen, lookup_end};
    size_t n = take_ids(r, ids);
    size_t *set = ob_xcalloc(n ? n : 1, sizeof *set);
    for (size_t i = 0; i < n; i++)
        set[i] = i;
    r->target = ts->t->name;
    bool *confirm = ob_xcalloc(n ? n : 1, sizeof *confirm);
    memset(confirm, 1, n);
    struct ob_reader_ask ask = {
        .ids = r->lent, .set = set, .count = n, .confirm = confirm, .step = ""};
    ob_reader_start(e, ts, &ask, &ops, r);
    free(confirm);
    free(set);
}

/* ---- anything else ---- */

static void other_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                       const struct ob_answer *a, const struct ob_response *response,
                       const struct ob_err *err)
{
    struct read_op *r = job->owner;
    if (how == OB_JOB_DROPPED)
        return;
    bool good = how == OB_JOB_ANSWERED && a->meaning == OB_SAYS_DONE;
    if (good)
        ob_value_copy(&r->op.value, &a->data);
    read_over(e, r, good ? NULL : err);
}

enum ob_status ob_engine_read(struct ob_engine *e, struct ob_target *t, const char *op,
                              const struct ob_value *args, struct ob_op **out, struct ob_err *err)
{
    static const struct ob_listing_ops ops = {row, restart, list_end, NULL};
    struct ob_tstate *ts = ob_engine_target(e, t);
    struct read_op *r = ob_xcalloc(1, sizeof *r);
    r->op.kind = OB_OP_READ;
    ob_value_init(&r->op.value);
    *out = &r->op;
    if (strcmp(op, "list") == 0) {
        ob_value_set_list(&r->op.value);
        ob_listing_start(e, ts, &ops, r);
    } else if (strcmp(op, "count") == 0) {
        start_count(e, ts, r);
    } else if (strcmp(op, "lookup") == 0) {
        ob_value_set_list(&r->op.value);
        start_lookup(e, ts, r, ob_map_get(args, "ids"));
    } else {
        struct ob_job *job = ob_job_new(ts, OB_CALL_LOOKUP, op, other_done, r);
        ob_value_fini(&job->args);
        ob_value_copy(&job->args, args);
        ob_job_queue(e, job);
    }
    return OB_OK;
}

static void read_free(struct read_op *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->ids[i]);
    free(r->ids);
    free(r->lent);
    free(r->said);
    ob_value_fini(&r->op.value);
    free(r);
}

void ob_op_free(struct ob_op *op)
{
    if (!op)
        return;
    switch (op->kind) {
    case OB_OP_STEP:
        ob_step_free((struct ob_step *)op);
        break;
    case OB_OP_READ:
        read_free((struct read_op *)op);
        break;
    case OB_OP_RAW:
        ob_raw_free(op);
        break;
    }
}
