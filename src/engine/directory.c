/* Reads a whole directory, page after page, and gives it to its asker only as complete: a
 * listing whose rows do not add up to the cloud's own count, whose cursor repeats or whose count
 * changes while we read is begun anew, and after three times it is an error. A failed read is
 * never taken for an empty one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

#define LISTING_TRIES    3
#define LISTING_PAUSE_MS 500
#define DRY_PAGES        10 /* pages in a row that bring nobody new, and the cursor goes in circles */

struct ob_listing {
    struct ob_tstate *ts;
    struct ob_listing_ops ops;
    void *ctx;
    struct ob_idmap ids;
    char **owned; /* the ids, kept alive for the map */
    size_t count, cap;
    int64_t total;           /* of the first page; -1: not said */
    struct ob_idmap cursors; /* canonical JSON of all of them, to see one that repeats */
    char **cursor;           /* the same, kept alive for the map */
    size_t cursor_count, cursor_cap;
    int dry, tries;
    bool unnamed; /* a row had no id */
};

static void listing_page(struct ob_engine *e, struct ob_listing *l, const struct ob_value *cursor,
                         int64_t not_before);

static void forget(struct ob_listing *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->owned[i]);
    l->count = 0;
    l->total = -1;
    for (size_t i = 0; i < l->cursor_count; i++)
        free(l->cursor[i]);
    l->cursor_count = 0;
    l->dry = 0;
    l->unnamed = false;
    ob_idmap_fini(&l->ids);
    ob_idmap_init(&l->ids);
    ob_idmap_fini(&l->cursors);
    ob_idmap_init(&l->cursors);
}

static void listing_free(struct ob_listing *l)
{
    forget(l);
    ob_idmap_fini(&l->ids);
    ob_idmap_fini(&l->cursors);
    free(l->owned);
    free(l->cursor);
    free(l);
}

static void end(struct ob_engine *e, struct ob_listing *l, const struct ob_err *err)
{
    forget(l); /* the asker may need the memory */
    l->ops.end(e, l->ctx, err);
    listing_free(l);
}

static void drop(struct ob_listing *l)
{
    if (l->ops.drop)
        l->ops.drop(l->ctx);
    listing_free(l);
}

static void begin_anew(struct ob_engine *e, struct ob_listing *l, const char *why)
{
    if (++l->tries >= LISTING_TRIES) {
        struct ob_err err;
        ob_fail(&err, ob_engine_half_read(e),
                "%s: the directory could not be read completely: %s; try again later",
                l->ts->t->name, why);
        end(e, l, &err);
        return;
    }
    forget(l);
    l->ops.restart(l->ctx);
    struct ob_value none;
    ob_value_init(&none);
    listing_page(e, l, &none, ob_engine_now(e) + LISTING_PAUSE_MS);
}

static void take_row(struct ob_engine *e, struct ob_listing *l, const struct ob_value *person)
{
    const char *id = ob_map_str(person, "id");
    if (!id) {
        l->unnamed = true; /* somebody is there, and nobody would know who */
        return;
    }
    if (ob_idmap_get(&l->ids, id) != OB_IDMAP_NONE)
        return; /* pages overlap when rows move; the first one counts */
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->owned = ob_xrealloc(l->owned, l->cap, sizeof *l->owned);
    }
    l->owned[l->count] = ob_xstrdup(id);
    ob_idmap_add(&l->ids, l->owned[l->count], l->count);
    l->count++;
    l->ops.row(e, l->ctx, person);
}

static void learn_population(struct ob_engine *e, struct ob_listing *l)
{
    struct ob_err err;
    char text[32];
    ob_population_seen(e, l->ts, (int64_t)l->count);
    if (!e->opt.ledger || !ob_engine_txn(e, false))
        return;
    snprintf(text, sizeof text, "%" PRId64, l->ts->population);
    if (ob_ledger_learned_put(e->opt.ledger, l->ts->t->name, "population", text, &err) != OB_OK)
        ob_engine_broken(e, &err);
}

static void complete(struct ob_engine *e, struct ob_listing *l)
{
    if (l->total >= 0 && (int64_t)l->count != l->total) {
        char why[128];
        snprintf(why, sizeof why, "%zu rows where the cloud counts %" PRId64, l->count, l->total);
        begin_anew(e, l, why);
        return;
    }
    if (l->unnamed) {
        begin_anew(e, l, "it has rows without an id");
        return;
    }
    learn_population(e, l);
    end(e, l, NULL);
}

static bool cursor_repeats(struct ob_listing *l, const struct ob_value *next)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_json_write(&text, next);
    if (l->cursor_count == l->cursor_cap) {
        l->cursor_cap = l->cursor_cap ? l->cursor_cap * 2 : 16;
        l->cursor = ob_xrealloc(l->cursor, l->cursor_cap, sizeof *l->cursor);
    }
    char *one = l->cursor[l->cursor_count++] = ob_buf_take(&text);
    return ob_idmap_add(&l->cursors, one, 1) != OB_IDMAP_NONE;
}

/* What was read so far is half of a directory, not a small one. */
static void end_early(struct ob_engine *e, struct ob_listing *l, const struct ob_err *err)
{
    struct ob_err half = *err;
    if (half.status == OB_ERR && l->count)
        half.status = ob_engine_half_read(e);
    end(e, l, &half);
}

static void page_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                      const struct ob_answer *a, const struct ob_response *response,
                      const struct ob_err *err)
{
    struct ob_listing *l = job->owner;
    if (how == OB_JOB_DROPPED) {
        drop(l);
        return;
    }
    if (how != OB_JOB_ANSWERED || a->meaning != OB_SAYS_DONE) {
        end_early(e, l, err);
        return;
    }
    if (l->total < 0)
        l->total = a->total;
    else if (a->total >= 0 && a->total != l->total) {
        begin_anew(e, l, "its count changes while it is read");
        return;
    }
    size_t before = l->count;
    for (size_t i = 0; i < ob_list_count(&a->people); i++)
        take_row(e, l, ob_list_at(&a->people, i));
    l->dry = l->count > before ? 0 : l->dry + 1;
    if (a->next.type == OB_NULL)
        complete(e, l);
    else if (l->dry >= DRY_PAGES)
        begin_anew(e, l, "page after page brings nobody new");
    else if (cursor_repeats(l, &a->next))
        begin_anew(e, l, "the same page came twice");
    else
        listing_page(e, l, &a->next, 0);
}

static void listing_page(struct ob_engine *e, struct ob_listing *l, const struct ob_value *cursor,
                         int64_t not_before)
{
    struct ob_job *job = ob_job_new(l->ts, OB_CALL_LIST, "list", page_done, l);
    struct ob_value *at = ob_map_put(&job->args, "cursor");
    ob_value_copy(at, cursor);
    job->not_before = not_before;
    ob_job_queue(e, job);
}

void ob_listing_start(struct ob_engine *e, struct ob_tstate *ts, const struct ob_listing_ops *ops,
                      void *ctx)
{
    struct ob_listing *l = ob_xcalloc(1, sizeof *l);
    struct ob_value none;
    ob_value_init(&none);
    l->ts = ts;
    l->ops = *ops;
    l->ctx = ctx;
    l->total = -1;
    ob_idmap_init(&l->ids);
    ob_idmap_init(&l->cursors);
    listing_page(e, l, &none, 0);
}
