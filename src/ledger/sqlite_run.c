/* Runs and their steps. Called by the engine through ledger.h. */
#include "ledger/sqlite.h"
#include "ledger/rows.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- runs ---- */

static enum ob_status put_run(struct ob_ledger *l, const char *plan, int64_t now_ms, int64_t *run,
                              struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject s = {0};
    enum ob_status st = ob_ledger_plan_usable(l, plan, err);
    if (st == OB_OK && l->sealer)
        st = ob_subject_new(l, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_RUN_NEW);
    ob_query_text(&q, plan);
    ob_query_int(&q, now_ms);
    ob_query_int(&q, s.id);
    st = ob_query_write(&q, &changed, err);
    *run = st == OB_OK ? sqlite3_last_insert_rowid(l->db) : 0;
    return st;
}

enum ob_status ob_ledger_run_new(struct ob_ledger *l, const char *plan, int64_t now_ms,
                                 int64_t *run, struct ob_err *err)
{
    bool own;
    *run = 0;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    return ob_ledger_group_end(l, own, put_run(l, plan, now_ms, run, err), err);
}

enum ob_status ob_ledger_run_count(struct ob_ledger *l, const char *plan, int64_t *count,
                                   struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, OB_SQL_RUN_COUNT);
    ob_query_text(&q, plan);
    enum ob_status st = ob_query_next(&q, &row, err);
    *count = row ? ob_query_get_int(&q, 0) : 0;
    ob_query_close(&q);
    return st;
}

static enum ob_status no_run(struct ob_ledger *l, int64_t run, struct ob_err *err)
{
    return ob_ledger_refuse(l, err, "no run %" PRId64, run);
}

enum ob_status ob_ledger_run_end(struct ob_ledger *l, int64_t run, int64_t now_ms,
                                 enum ob_run_state state, enum ob_status exit, const char *detail,
                                 struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject s;
    enum ob_status st = ob_subject_of_run(l, run, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_RUN_END);
    ob_query_text(&q, ob_run_state_word(state));
    ob_query_text(&q, ob_status_word(exit));
    ob_query_seal(&q, &s, detail);
    ob_query_int(&q, state == OB_RUN_DONE ? now_ms : 0);
    ob_query_int(&q, run);
    st = ob_query_write(&q, &changed, err);
    return st == OB_OK && changed != 1 ? no_run(l, run, err) : st;
}

enum ob_status ob_ledger_run_due(struct ob_ledger *l, int64_t run, int64_t due_ms,
                                 struct ob_err *err)
{
    struct ob_query q;
    int changed;
    ob_query_open(&q, l, OB_SQL_RUN_DUE);
    ob_query_int(&q, due_ms);
    ob_query_int(&q, run);
    enum ob_status st = ob_query_write(&q, &changed, err);
    return st == OB_OK && changed != 1 ? no_run(l, run, err) : st;
}

enum ob_status ob_ledger_run_latest(struct ob_ledger *l, int64_t run, int64_t *ms,
                                    struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, OB_SQL_RUN_LATEST);
    ob_query_int(&q, run);
    enum ob_status st = ob_query_next(&q, &row, err);
    *ms = row ? ob_query_get_int(&q, 0) : 0;
    ob_query_close(&q);
    return st;
}

static enum ob_status read_run(struct ob_query *q, struct ob_run_row *r, struct ob_err *err)
{
    memset(r, 0, sizeof *r);
    r->id = ob_query_get_int(q, 0);
    strncpy(r->plan, ob_query_lend_text(q, 1), sizeof r->plan - 1);
    r->started_ms = ob_query_get_int(q, 3);
    r->ended_ms = ob_query_get_int(q, 4);
    r->due_ms = ob_query_get_int(q, 7);
    enum ob_status st = ob_query_opened_text(q, 6, &r->detail, NULL, err);
    if (st != OB_OK)
        return st;
    if (!ob_run_state_parse(ob_query_lend_text(q, 2), &r->state) ||
        !ob_status_parse(ob_query_lend_text(q, 5), &r->exit))
        return ob_ledger_damaged(q->l, err, "a run has an unknown state or exit");
    return OB_OK;
}

enum ob_status ob_ledger_run_get(struct ob_ledger *l, int64_t run, struct ob_run_row *out,
                                 struct ob_err *err)
{
    struct ob_query q;
    bool row;
    memset(out, 0, sizeof *out);
    ob_query_open(&q, l, OB_SQL_RUN_GET);
    ob_query_int(&q, run);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        st = read_run(&q, out, err);
    else if (st == OB_OK)
        st = ob_fail(err, OB_ERR_USAGE, "run %" PRId64 ": no such run", run);
    ob_query_close(&q);
    if (st != OB_OK)
        ob_run_row_fini(out);
    return st;
}

enum ob_status ob_ledger_run_each(struct ob_ledger *l,
                                  bool (*each)(void *, const struct ob_run_row *), void *ctx,
                                  struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st;
    ob_query_open(&q, l, OB_SQL_RUN_EACH);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_run_row r;
        st = read_run(&q, &r, err);
        more = st == OB_OK && each(ctx, &r);
        ob_run_row_fini(&r);
    }
    ob_query_close(&q);
    return st;
}

/* ---- which step a path is ---- */

void ob_ledger_forget_steps(struct ob_ledger *l)
{
    for (size_t i = 0; i < OB_STEP_CACHE; i++) {
        free(l->steps[i].path);
        l->steps[i] = (struct ob_step_ref){0};
    }
}

static void remember_step(struct ob_ledger *l, int64_t run, const char *path, int64_t id)
{
    struct ob_step_ref *slot = &l->steps[l->next_step++ % OB_STEP_CACHE];
    free(slot->path);
    *slot = (struct ob_step_ref){.run = run, .path = ob_xstrdup(path), .id = id};
}

enum ob_status ob_ledger_step_id(struct ob_ledger *l, int64_t run, const char *path, int64_t *id,
                                 struct ob_err *err)
{
    for (size_t i = 0; i < OB_STEP_CACHE; i++)
        if (l->steps[i].run == run && l->steps[i].path && strcmp(l->steps[i].path, path) == 0) {
            *id = l->steps[i].id;
            return OB_OK;
        }
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, OB_SQL_STEP_ID);
    ob_query_int(&q, run);
    ob_query_text(&q, path);
    enum ob_status st = ob_query_next(&q, &row, err);
    *id = row ? ob_query_get_int(&q, 0) : 0;
    ob_query_close(&q);
    if (*id)
        remember_step(l, run, path, *id);
    return st;
}

enum ob_status ob_ledger_step_need(struct ob_ledger *l, int64_t run, const char *path, int64_t *id,
                                   struct ob_err *err)
{
    enum ob_status st = ob_ledger_step_id(l, run, path, id, err);
    if (st == OB_OK && *id == 0)
        return ob_ledger_refuse(l, err, "run %" PRId64 ": no step %s", run, path);
    return st;
}

/* ---- steps ---- */

static enum ob_status put_step(struct ob_ledger *l, int64_t run, const struct ob_step_row *s,
                               int64_t *id, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject key;
    enum ob_status st = ob_subject_of_run(l, run, &key, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_STEP_PUT);
    ob_query_int(&q, run);
    ob_query_text(&q, s->path);
    ob_query_text(&q, s->target);
    ob_query_text(&q, s->action);
    ob_query_seal(&q, &key, s->digest);
    ob_query_int(&q, s->settled);
    ob_query_seal_buf(&q, &key, &s->options);
    ob_query_seal_buf(&q, &key, &s->result);
    ob_query_text(&q, s->kind);
    st = ob_query_write(&q, &changed, err);
    *id = st == OB_OK ? sqlite3_last_insert_rowid(l->db) : 0;
    return st;
}

static enum ob_status put_person(struct ob_ledger *l, int64_t step, const struct ob_person_row *p,
                                 struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject s = {0};
    enum ob_status st = OB_OK;
    if (l->sealer)
        st = ob_subject_of(l, p->person ? p->person : "", true, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_PERSON_PUT);
    ob_query_int(&q, step);
    ob_query_int(&q, p->index);
    ob_query_seal(&q, &s, p->person);
    ob_query_seal(&q, &s, p->id);
    ob_query_text(&q, ob_person_state_word(p->state));
    ob_query_seal(&q, &s, p->detail);
    ob_query_int(&q, p->calls);
    ob_query_int(&q, s.id);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_step_put(struct ob_ledger *l, int64_t run, const struct ob_step_row *s,
                                  const struct ob_person_row *people, size_t count,
                                  struct ob_err *err)
{
    bool own;
    int64_t id = 0;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    st = put_step(l, run, s, &id, err);
    for (size_t i = 0; st == OB_OK && i < count; i++)
        st = put_person(l, id, &people[i], err);
    return ob_ledger_group_end(l, own, st, err);
}

enum ob_status ob_ledger_people_add(struct ob_ledger *l, int64_t run, const char *path,
                                    const struct ob_person_row *people, size_t count,
                                    struct ob_err *err)
{
    bool own;
    int64_t id = 0;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    st = ob_ledger_step_id(l, run, path, &id, err);
    if (st == OB_OK && !id)
        st = ob_fail(err, OB_ERR, "ledger: run %lld has no step %s", (long long)run, path);
    for (size_t i = 0; st == OB_OK && i < count; i++)
        st = put_person(l, id, &people[i], err);
    return ob_ledger_group_end(l, own, st, err);
}

static enum ob_status read_step(struct ob_query *q, struct ob_step_row *s, struct ob_err *err)
{
    s->path = ob_query_get_text(q, 0);
    s->target = ob_query_get_text(q, 1);
    s->action = ob_query_get_text(q, 2);
    s->settled = ob_query_get_int(q, 4) != 0;
    s->kind = ob_query_get_text(q, 7);
    ob_buf_init(&s->options, OB_BUF_LARGE);
    ob_buf_init(&s->result, OB_BUF_LARGE);
    enum ob_status st = ob_query_opened_text(q, 3, &s->digest, NULL, err);
    if (st == OB_OK)
        st = ob_query_opened(q, 5, &s->options, NULL, err);
    if (st == OB_OK)
        st = ob_query_opened(q, 6, &s->result, NULL, err);
    return st;
}

enum ob_status ob_ledger_step_get(struct ob_ledger *l, int64_t run, const char *path,
                                  struct ob_step_row *out, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    memset(out, 0, sizeof *out);
    ob_query_open(&q, l, OB_SQL_STEP_GET);
    ob_query_int(&q, run);
    ob_query_text(&q, path);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        st = read_step(&q, out, err);
    ob_query_close(&q);
    if (st != OB_OK)
        ob_step_row_fini(out);
    return st;
}

static enum ob_status write_result(struct ob_ledger *l, enum ob_sql which, int64_t run,
                                   const char *path, const struct ob_buf *result,
                                   struct ob_err *err)
{
    struct ob_query q;
    int changed;
    int64_t id;
    struct ob_subject s;
    enum ob_status st = ob_ledger_step_need(l, run, path, &id, err);
    if (st == OB_OK)
        st = ob_subject_of_run(l, run, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, which);
    ob_query_seal_buf(&q, &s, result);
    ob_query_int(&q, id);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_step_settle(struct ob_ledger *l, int64_t run, const char *path,
                                     const struct ob_buf *result, struct ob_err *err)
{
    return write_result(l, OB_SQL_STEP_SETTLE, run, path, result, err);
}

enum ob_status ob_ledger_step_result(struct ob_ledger *l, int64_t run, const char *path,
                                     const struct ob_buf *result, struct ob_err *err)
{
    return write_result(l, OB_SQL_STEP_RESULT, run, path, result, err);
}

enum ob_status ob_ledger_step_each(struct ob_ledger *l, int64_t run,
                                   bool (*each)(void *, const struct ob_step_row *), void *ctx,
                                   struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st;
    ob_query_open(&q, l, OB_SQL_STEP_EACH);
    ob_query_int(&q, run);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_step_row s;
        st = read_step(&q, &s, err);
        more = st == OB_OK && each(ctx, &s);
        ob_step_row_fini(&s);
    }
    ob_query_close(&q);
    return st;
}
