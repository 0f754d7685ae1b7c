/* The people of a step and their snapshots. Called by the engine through ledger.h. */
#include "ledger/sqlite.h"
#include "ledger/rows.h"
#include "base/json.h"
#include <inttypes.h>
#include <string.h>

enum ob_status ob_ledger_person_set(struct ob_ledger *l, int64_t run, const char *path,
                                    int64_t index, enum ob_person_state state, const char *detail,
                                    int64_t calls, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    int64_t step;
    struct ob_subject s = {0};
    enum ob_status st = ob_ledger_step_need(l, run, path, &step, err);
    if (st == OB_OK && detail && *detail)
        st = ob_subject_of_position(l, step, index, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_PERSON_SET);
    ob_query_text(&q, ob_person_state_word(state));
    ob_query_seal(&q, &s, detail);
    ob_query_int(&q, calls);
    ob_query_int(&q, step);
    ob_query_int(&q, index);
    st = ob_query_write(&q, &changed, err);
    if (st == OB_OK && changed != 1)
        return ob_ledger_refuse(l, err, "run %" PRId64 ": step %s: no person %" PRId64, run, path,
                                index);
    return st;
}

static enum ob_status read_person(struct ob_query *q, struct ob_person_row *p, struct ob_err *err)
{
    enum ob_held held;
    memset(p, 0, sizeof *p);
    p->index = ob_query_get_int(q, 0);
    enum ob_status st = ob_query_opened_text(q, 1, &p->person, &held, err);
    if (st == OB_OK)
        st = ob_query_opened_text(q, 2, &p->id, NULL, err);
    if (st == OB_OK)
        st = ob_query_opened_text(q, 4, &p->detail, NULL, err);
    if (st != OB_OK)
        return st;
    p->erased = held == OB_HELD_ERASED;
    p->calls = ob_query_get_int(q, 5);
    p->acted_ms = ob_query_get_int(q, 6);
    if (!ob_person_state_parse(ob_query_lend_text(q, 3), &p->state))
        return ob_ledger_damaged(q->l, err, "a person has an unknown state");
    return OB_OK;
}

enum ob_status ob_ledger_person_each(struct ob_ledger *l, int64_t run, const char *path,
                                     bool (*each)(void *, const struct ob_person_row *), void *ctx,
                                     struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    int64_t step;
    enum ob_status st = ob_ledger_step_id(l, run, path, &step, err);
    if (st != OB_OK || step == 0)
        return st;
    ob_query_open(&q, l, OB_SQL_PERSON_EACH);
    ob_query_int(&q, step);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_person_row p;
        st = read_person(&q, &p, err);
        more = st == OB_OK && each(ctx, &p);
        ob_person_row_fini(&p);
    }
    ob_query_close(&q);
    return st;
}

/* ---- snapshots ---- */

static enum ob_status put_snapshot(struct ob_ledger *l, int64_t step, int64_t index,
                                   const struct ob_buf *json, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject s;
    enum ob_status st = ob_subject_of_position(l, step, index, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_SNAPSHOT_PUT);
    ob_query_int(&q, step);
    ob_query_int(&q, index);
    ob_query_seal_buf(&q, &s, json);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_snapshot_put(struct ob_ledger *l, int64_t run, const char *path,
                                      int64_t index, const struct ob_value *snapshot,
                                      struct ob_err *err)
{
    int64_t step;
    struct ob_buf json;
    enum ob_status st = ob_ledger_step_need(l, run, path, &step, err);
    if (st != OB_OK)
        return st;
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, snapshot);
    if (json.overflowed)
        st = ob_ledger_refuse(
            l, err, "run %" PRId64 ": step %s: person %" PRId64 ": the snapshot is too large", run,
            path, index);
    else
        st = put_snapshot(l, step, index, &json, err);
    ob_buf_fini(&json);
    return st;
}

enum ob_status ob_ledger_snapshot_get(struct ob_ledger *l, int64_t run, const char *path,
                                      int64_t index, struct ob_buf *json, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    int64_t step;
    ob_buf_clear(json);
    enum ob_status st = ob_ledger_step_id(l, run, path, &step, err);
    if (st != OB_OK || step == 0)
        return st;
    ob_query_open(&q, l, OB_SQL_SNAPSHOT_GET);
    ob_query_int(&q, step);
    ob_query_int(&q, index);
    st = ob_query_next(&q, &row, err);
    enum ob_held held = OB_HELD_WHOLE;
    if (row)
        st = ob_query_opened(&q, 0, json, &held, err);
    if (held == OB_HELD_ERASED)
        ob_buf_clear(json);
    ob_query_close(&q);
    return st;
}
