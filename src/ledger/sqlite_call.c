/* Calls: the intent before the first byte, the result after the answer. Called by the engine
 * through ledger.h. */
#include "ledger/sqlite.h"
#include "ledger/ranges.h"
#include "ledger/rows.h"
#include <inttypes.h>
#include <string.h>

static enum ob_status put_call(struct ob_ledger *l, struct ob_call_row *c,
                               const struct ob_buf *people, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject s;
    char digest[OB_SHA256_HEX];
    enum ob_status st = ob_subject_of_run(l, c->run, &s, err);
    if (st != OB_OK)
        return st;
    ob_subject_digest(l, &s, c->body_digest, digest);
    ob_query_open(&q, l, OB_SQL_CALL_PUT);
    ob_query_int(&q, c->run);
    ob_query_text(&q, c->step);
    ob_query_text(&q, c->target);
    ob_query_text(&q, c->action);
    ob_query_text(&q, ob_call_kind_word(c->kind));
    ob_query_int(&q, c->attempt);
    ob_query_text(&q, c->request_id);
    ob_query_text(&q, digest);
    ob_query_buf(&q, people);
    ob_query_int(&q, (int64_t)c->people_count);
    ob_query_int(&q, c->sent_ms);
    ob_query_int(&q, c->done_ms);
    ob_query_int(&q, c->http_status);
    ob_query_text(&q, c->result);
    ob_query_seal(&q, &s, c->detail);
    st = ob_query_write(&q, &changed, err);
    c->id = st == OB_OK ? sqlite3_last_insert_rowid(l->db) : 0;
    return st;
}

static enum ob_status mark_range(struct ob_ledger *l, int64_t step, int64_t at_ms, int64_t first,
                                 size_t len, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    ob_query_open(&q, l, OB_SQL_PERSON_SENT);
    ob_query_text(&q, ob_person_state_word(OB_P_SENT));
    ob_query_int(&q, at_ms);
    ob_query_int(&q, step);
    ob_query_int(&q, first);
    ob_query_int(&q, first + (int64_t)(len - 1));
    enum ob_status st = ob_query_write(&q, &changed, err);
    if (st == OB_OK && (size_t)changed != len)
        return ob_ledger_refuse(
            l, err, "a call names people who are not in its step (from %" PRId64 " on)", first);
    return st;
}

static enum ob_status mark_people(struct ob_ledger *l, const struct ob_call_row *c,
                                  struct ob_err *err)
{
    int64_t step;
    enum ob_status st = ob_ledger_step_need(l, c->run, c->step, &step, err);
    for (size_t i = 0, len; st == OB_OK && i < c->people_count; i += len) {
        len = ob_ranges_run(c->people + i, c->people_count - i);
        st = mark_range(l, step, c->sent_ms, c->people[i], len, err);
    }
    return st;
}

/* Only an act can change a person: a lookup must not bring somebody who was accepted back to
 * sent. */
static enum ob_status intend(struct ob_ledger *l, struct ob_call_row *c, struct ob_err *err)
{
    struct ob_buf people;
    enum ob_status st;
    ob_buf_init(&people, OB_BUF_LARGE);
    if (ob_ranges_write(&people, c->people, c->people_count))
        st = put_call(l, c, &people, err);
    else
        st = ob_ledger_refuse(l, err, "a call names people by negative positions");
    ob_buf_fini(&people);
    if (st == OB_OK && c->kind == OB_CALL_ACT && c->people_count)
        st = mark_people(l, c, err);
    l->turn_intends = true;
    return st;
}

enum ob_status ob_ledger_intent(struct ob_ledger *l, struct ob_call_row *c, struct ob_err *err)
{
    bool own;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    return ob_ledger_group_end(l, own, intend(l, c, err), err);
}

enum ob_status ob_ledger_result(struct ob_ledger *l, const struct ob_call_row *c,
                                struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject s;
    enum ob_status st = ob_subject_of_run(l, c->run, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_CALL_DONE);
    ob_query_int(&q, c->done_ms);
    ob_query_int(&q, c->http_status);
    ob_query_text(&q, c->result);
    ob_query_seal(&q, &s, c->detail);
    ob_query_int(&q, c->id);
    ob_query_int(&q, c->run);
    st = ob_query_write(&q, &changed, err);
    if (st == OB_OK && changed != 1)
        return ob_ledger_refuse(l, err, "run %" PRId64 ": no call %" PRId64, c->run, c->id);
    return st;
}

static void read_texts(struct ob_query *q, struct ob_call_row *c)
{
    c->step = ob_query_get_text(q, 2);
    c->target = ob_query_get_text(q, 3);
    c->action = ob_query_get_text(q, 4);
    c->request_id = ob_query_get_text(q, 7);
    c->body_digest = ob_query_get_text(q, 8);
    c->result = ob_query_get_text(q, 14);
}

static enum ob_status read_call(struct ob_query *q, struct ob_call_row *c, struct ob_err *err)
{
    memset(c, 0, sizeof *c);
    read_texts(q, c);
    c->id = ob_query_get_int(q, 0);
    c->run = ob_query_get_int(q, 1);
    c->attempt = (int)ob_query_get_int(q, 6);
    c->sent_ms = ob_query_get_int(q, 11);
    c->done_ms = ob_query_get_int(q, 12);
    c->http_status = (int)ob_query_get_int(q, 13);
    enum ob_status st = ob_query_opened_text(q, 15, &c->detail, NULL, err);
    if (st != OB_OK)
        return st;
    if (!ob_call_kind_parse(ob_query_lend_text(q, 5), &c->kind))
        return ob_ledger_damaged(q->l, err, "a call has an unknown kind");
    if (!ob_ranges_read(ob_query_lend_text(q, 9), &c->people, &c->people_count) ||
        (int64_t)c->people_count != ob_query_get_int(q, 10))
        return ob_ledger_damaged(q->l, err, "the people of a call are unreadable");
    return OB_OK;
}

enum ob_status ob_ledger_call_each(struct ob_ledger *l, int64_t run, const char *step,
                                   bool (*each)(void *, const struct ob_call_row *), void *ctx,
                                   struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st;
    ob_query_open(&q, l, step ? OB_SQL_CALL_OF_STEP : OB_SQL_CALL_EACH);
    ob_query_int(&q, run);
    if (step)
        ob_query_text(&q, step);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_call_row c;
        st = read_call(&q, &c, err);
        more = st == OB_OK && each(ctx, &c);
        ob_call_row_fini(&c);
    }
    ob_query_close(&q);
    return st;
}
