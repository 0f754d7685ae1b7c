/* See undo_find.h. */
#include "script/undo_find.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/plan.h"

/* ---- which steps ---- */

void ob_undo_work_fini(struct ob_undo_work *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->steps[i].path);
    free(w->steps);
    *w = (struct ob_undo_work){0};
}

struct finding {
    struct ob_undo_work *w;
    struct ob_policy *p;
    const struct ob_value *paths;
    enum ob_status st;
    struct ob_err *err;
};

static bool is_asked_for(const struct ob_value *paths, const char *path)
{
    for (size_t i = 0; i < ob_list_count(paths); i++)
        if (strcmp(ob_value_str(ob_list_at(paths, i)), path) == 0)
            return true;
    return !paths;
}

/* "4.u2" undoes step 2, and is not undone itself. */
static bool is_undo(const char *path)
{
    return strstr(path, ".u") != NULL;
}

static bool count_changed(void *ctx, const struct ob_person_row *row)
{
    *(size_t *)ctx += row->state == OB_P_SUCCEEDED;
    return true;
}

static enum ob_status tell(struct finding *f, const struct ob_step_row *row, const char *what)
{
    char *text = ob_xasprintf("step %s, %s %s, %s", row->path, row->target, row->action, what);
    enum ob_status st = ob_record_note(f->p, text, f->err);
    free(text);
    return st;
}

/* The name of a target may mean another tenant by now. */
static enum ob_status same_cloud(const struct ob_policy *p, const struct ob_target *t,
                                 struct ob_err *err)
{
    char *endpoint = ob_endpoint_text(&t->route.endpoint);
    enum ob_status st =
        ob_plan_target(p->opt.undo_plan, t->name, t->provider.info->name, endpoint, err);
    free(endpoint);
    return st;
}

/* What nothing takes back is said, not passed over. */
static enum ob_status tell_final(struct finding *f, const struct ob_step_row *row)
{
    size_t n = 0;
    enum ob_status st =
        ob_ledger_person_each(f->p->opt.ledger, f->w->run, row->path, count_changed, &n, f->err);
    if (st != OB_OK || !n)
        return st;
    char *text = ob_xasprintf("step %s, %s %s, is final: %zu %s as it left them", row->path,
                              row->target, row->action, n, n == 1 ? "person stays" : "people stay");
    st = ob_record_note(f->p, text, f->err);
    free(text);
    return st;
}

static bool find_step(void *ctx, const struct ob_step_row *row)
{
    struct finding *f = ctx;
    struct ob_target *t = NULL;
    if (is_undo(row->path) || !*row->target || !is_asked_for(f->paths, row->path))
        return true;
    f->st = ob_policy_open_target(f->p, row->target, &t, f->err);
    if (f->st == OB_OK && f->p->opt.undo_plan)
        f->st = same_cloud(f->p, t, f->err);
    if (f->st != OB_OK)
        return false;
    const struct ob_action *a = ob_provider_action(t->provider.info, row->action);
    if (!a) {
        f->st = tell(f, row, "was a request of the policy's own: nobody knows what it did");
        return f->st == OB_OK;
    }
    if (!a->undo_count) {
        f->st = tell_final(f, row);
        return f->st == OB_OK;
    }
    struct ob_undo_work *w = f->w;
    w->steps = ob_xrealloc(w->steps, w->count + 1, sizeof *w->steps);
    memmove(w->steps + 1, w->steps, w->count * sizeof *w->steps);
    w->steps[0] = (struct ob_undo_step){ob_xstrdup(row->path), t, a};
    w->count++;
    return true;
}

enum ob_status ob_undo_find(struct ob_undo_work *w, struct ob_policy *p, int64_t run,
                            const char *prefix, const struct ob_value *paths, struct ob_err *err)
{
    struct finding f = {.w = w, .p = p, .paths = paths, .err = err};
    *w = (struct ob_undo_work){.run = run, .by = p->opt.run, .prefix = prefix};
    if (!p->opt.ledger)
        return OB_OK;
    enum ob_status st = ob_ledger_step_each(p->opt.ledger, run, find_step, &f, err);
    return st == OB_OK ? f.st : st;
}

/* ---- the people of one part ---- */

void ob_undo_part_fini(struct ob_undo_part *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->keys[i]);
        free(p->ids[i]);
        if (p->groups)
            free(p->groups[i]);
    }
    for (size_t i = 0; i < p->lost_count; i++)
        free(p->lost[i]);
    ob_value_fini(&p->document);
    free(p->keys);
    free(p->ids);
    free(p->index);
    free(p->calls);
    free(p->doubtful);
    free(p->snapshots);
    free(p->groups);
    free(p->lost);
    free(p->of);
    *p = (struct ob_undo_part){0};
}

struct gathering {
    const struct ob_value *back; /* ids of those whom an earlier undo has brought back */
    struct ob_undo_part *part;
    bool (*may)(void *ctx, const char *key);
    void *ctx;
};

static void grow(struct ob_undo_part *p)
{
    if (p->count < p->cap)
        return;
    p->cap = p->cap ? p->cap * 2 : 64;
    p->keys = ob_xrealloc(p->keys, p->cap, sizeof *p->keys);
    p->ids = ob_xrealloc(p->ids, p->cap, sizeof *p->ids);
    p->index = ob_xrealloc(p->index, p->cap, sizeof *p->index);
    p->calls = ob_xrealloc(p->calls, p->cap, sizeof *p->calls);
    p->doubtful = ob_xrealloc(p->doubtful, p->cap, sizeof *p->doubtful);
}

/* Whom the step changed, and whom it may have changed. Who was erased stays as they are: nobody
 * knows any more who that was. */
static bool gather(void *ctx, const struct ob_person_row *row)
{
    struct gathering *g = ctx;
    struct ob_undo_part *p = g->part;
    bool doubtful = row->state == OB_P_UNKNOWN || row->state == OB_P_SENT ||
                    row->state == OB_P_ACCEPTED || row->state == OB_P_DOUBT;
    if ((row->state != OB_P_SUCCEEDED && !doubtful) || row->erased ||
        !g->may(g->ctx, row->person) || ob_map_get(g->back, row->id))
        return true;
    grow(p);
    p->keys[p->count] = ob_xstrdup(row->person);
    p->ids[p->count] = ob_xstrdup(row->id);
    p->index[p->count] = row->index;
    p->calls[p->count] = row->calls;
    p->doubtful[p->count] = doubtful;
    p->count++;
    return true;
}

/* All snapshots as one document: "[{...},null,...]". */
static enum ob_status read_snapshots(struct ob_ledger *l, int64_t run, struct ob_undo_part *p,
                                     struct ob_err *err)
{
    struct ob_buf all, one;
    enum ob_status st = OB_OK;
    ob_buf_init(&all, OB_BUF_LARGE);
    ob_buf_init(&one, OB_BUF_LARGE);
    ob_buf_adds(&all, "[");
    for (size_t i = 0; i < p->count && st == OB_OK; i++) {
        ob_buf_clear(&one);
        st = ob_ledger_snapshot_get(l, run, p->of, p->index[i], &one, err);
        ob_buf_adds(&all, i ? "," : "");
        ob_buf_adds(&all, one.len ? ob_buf_str(&one) : "null");
    }
    ob_buf_adds(&all, "]");
    if (st == OB_OK)
        st = ob_script_json(ob_buf_str(&all), all.len, &p->document, err);
    p->snapshots = ob_xcalloc(p->count ? p->count : 1, sizeof *p->snapshots);
    for (size_t i = 0; i < p->count && st == OB_OK; i++)
        p->snapshots[i] = ob_list_at(&p->document, i);
    ob_buf_fini(&all);
    ob_buf_fini(&one);
    return st;
}

static void keep(struct ob_undo_part *p, size_t to, size_t from)
{
    p->keys[to] = p->keys[from];
    p->ids[to] = p->ids[from];
    p->index[to] = p->index[from];
    p->calls[to] = p->calls[from];
    p->doubtful[to] = p->doubtful[from];
    p->snapshots[to] = p->snapshots[from];
}

static void lose(struct ob_undo_part *p, size_t i)
{
    p->lost = ob_xrealloc(p->lost, p->lost_count + 1, sizeof *p->lost);
    p->lost[p->lost_count++] = p->keys[i];
    free(p->ids[i]);
}

/* What is brought back needs a snapshot of somebody who was there. A plain action in the chain of a
 * restoration (EDS: lock) is for those who were in that state. */
static void choose(struct ob_undo_part *p, bool restores)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        const char *state = ob_map_str(p->snapshots[i], "state");
        bool plain = !p->action->from_snapshot;
        if (!plain && (!state || strcmp(state, "absent") == 0)) {
            lose(p, i);
        } else if (plain && restores && (!state || strcmp(state, p->action->wants) != 0)) {
            free(p->keys[i]);
            free(p->ids[i]);
        } else {
            keep(p, n++, i);
        }
    }
    p->count = n;
}

static enum ob_status group(struct ob_undo_part *p, struct ob_err *err)
{
    struct ob_provider *v = &p->target->provider;
    enum ob_status st = OB_OK;
    struct ob_buf text;
    p->groups = ob_xcalloc(p->count ? p->count : 1, sizeof *p->groups);
    for (size_t i = 0; i < p->count && st == OB_OK; i++) {
        ob_buf_init(&text, OB_BUF_SMALL);
        if (v->group)
            st = v->group(v->self, p->action->name, p->snapshots[i], &text, err);
        p->groups[i] = ob_buf_take(&text);
    }
    return st;
}

static enum ob_status fill(struct ob_undo_work *w, struct ob_ledger *l, struct gathering *g,
                           struct ob_err *err)
{
    const struct ob_undo_step *s = &w->steps[w->at];
    struct ob_undo_part *p = g->part;
    p->target = s->target;
    p->action = ob_provider_action(s->target->provider.info, s->action->undo[w->link]);
    p->undoes = s->action;
    p->of = ob_xstrdup(s->path);
    p->link = w->link;
    struct ob_value back = {0};
    enum ob_status st = ob_undo_earlier(w, l, &back, err);
    g->back = &back;
    if (st == OB_OK)
        st = ob_ledger_person_each(l, w->run, s->path, gather, g, err);
    ob_value_fini(&back);
    if (st == OB_OK)
        st = read_snapshots(l, w->run, p, err);
    if (st == OB_OK)
        choose(p, s->action->destroys);
    return st == OB_OK && p->action->from_snapshot ? group(p, err) : st;
}

enum ob_status ob_undo_next(struct ob_undo_work *w, struct ob_ledger *l,
                            bool (*may)(void *ctx, const char *key), void *ctx,
                            struct ob_undo_part *part, bool *more, struct ob_err *err)
{
    struct gathering g = {.part = part, .may = may, .ctx = ctx};
    ob_undo_part_fini(part);
    while (w->at < w->count && w->link >= w->steps[w->at].action->undo_count) {
        w->at++;
        w->link = 0;
    }
    *more = w->at < w->count;
    if (!*more)
        return OB_OK;
    enum ob_status st = fill(w, l, &g, err);
    w->link++;
    return st;
}

/* ---- everybody of a run ---- */

struct naming {
    struct ob_policy *p;
    int64_t run;
    struct ob_value seen;
    struct ob_table *table;
    enum ob_status st;
    struct ob_err *err;
};

static bool name_person(void *ctx, const struct ob_person_row *row)
{
    struct naming *n = ctx;
    const char *cells[] = {row->person};
    size_t lens[] = {strlen(row->person)};
    if (ob_map_get(&n->seen, row->person))
        return true;
    ob_map_put_bool(&n->seen, row->person, true);
    ob_table_add(n->table, cells, lens, 0);
    return true;
}

static bool name_step(void *ctx, const struct ob_step_row *row)
{
    struct naming *n = ctx;
    n->st = ob_ledger_person_each(n->p->opt.ledger, n->run, row->path, name_person, n, n->err);
    return n->st == OB_OK;
}

enum ob_status ob_undo_people(struct ob_policy *p, int64_t run, struct ob_table **out,
                              struct ob_err *err)
{
    char *columns[] = {(char *)"person"};
    char source[40];
    snprintf(source, sizeof source, "run %lld", (long long)run);
    struct naming n = {.p = p, .run = run, .err = err};
    n.table = *out = ob_table_new(source, columns, 1);
    ob_value_set_map(&n.seen);
    enum ob_status st = ob_ledger_step_each(p->opt.ledger, run, name_step, &n, err);
    ob_value_fini(&n.seen);
    if (st == OB_OK)
        st = n.st;
    return st == OB_OK ? ob_table_set_key(n.table, "person", err) : st;
}
