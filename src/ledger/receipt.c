/* See receipt.h: who is meant, which rows are about them, which events recorded these, and which
 * events lie on the shortest way to the head. Called by the command line. */
#include "ledger/receipt.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "ledger/audit_walk.h"

#define SEALED_HEAD 28 /* ledger/seal.h */

struct quoted { /* a row */
    int table;
    int64_t rowid;
    int64_t seq; /* the event that recorded it last */
    char hash[OB_SHA256_HEX];
};

struct mention { /* a place in a step's roster */
    int64_t run, position;
    char *path;
};

struct receipt {
    struct ob_ledger *l;
    const char *person;
    int64_t run; /* being looked at */
    const char *path;
    struct mention *mentions;
    size_t mention_count;
    struct quoted *rows;
    size_t row_count;
    int64_t *events; /* quoted ones, then those on the way */
    size_t event_count;
    enum ob_status st; /* of a callback */
    struct ob_err *err;
};

/* ---- who is meant ---- */

static bool match_person(void *ctx, const struct ob_person_row *p)
{
    struct receipt *r = ctx;
    if (strcmp(p->person, r->person) != 0 && strcmp(p->id, r->person) != 0)
        return true;
    r->mentions = ob_xrealloc(r->mentions, r->mention_count + 1, sizeof *r->mentions);
    r->mentions[r->mention_count++] =
        (struct mention){.run = r->run, .position = p->index, .path = ob_xstrdup(r->path)};
    return true;
}

static bool match_step(void *ctx, const struct ob_step_row *s)
{
    struct receipt *r = ctx;
    r->path = s->path;
    r->st = ob_ledger_person_each(r->l, r->run, s->path, match_person, r, r->err);
    return r->st == OB_OK;
}

static bool match_run(void *ctx, const struct ob_run_row *run)
{
    struct receipt *r = ctx;
    r->run = run->id;
    enum ob_status st = ob_ledger_step_each(r->l, run->id, match_step, r, r->err);
    if (r->st == OB_OK)
        r->st = st;
    return r->st == OB_OK;
}

static enum ob_status find_mentions(struct receipt *r, int64_t only)
{
    struct ob_run_row row;
    enum ob_status st;
    if (only) {
        st = ob_ledger_run_get(r->l, only, &row, r->err);
        if (st != OB_OK)
            return st;
        (void)match_run(r, &row);
        ob_run_row_fini(&row);
        st = r->st;
    } else {
        st = ob_ledger_run_each(r->l, match_run, r, r->err);
        st = st == OB_OK ? r->st : st;
    }
    if (st == OB_OK && !r->mention_count)
        st = ob_fail(r->err, OB_ERR_USAGE, "receipt %s: no %s names anybody so, by key or id",
                     r->person, only ? "step of that run" : "run");
    return st;
}

/* ---- which rows ---- */

static void quote(struct receipt *r, const char *table, int64_t rowid)
{
    int i = ob_audit_table_find(&r->l->audit->tables, table, strlen(table));
    for (size_t k = 0; k < r->row_count; k++)
        if (r->rows[k].table == i && r->rows[k].rowid == rowid)
            return;
    if (i < 0 || !rowid)
        return;
    r->rows = ob_xrealloc(r->rows, r->row_count + 1, sizeof *r->rows);
    r->rows[r->row_count++] = (struct quoted){.table = i, .rowid = rowid};
}

/* All rows that the query answers; the last one's second column, 0 when there is none. */
static enum ob_status quote_all(struct receipt *r, enum ob_sql which, const char *table,
                                const char *text, int64_t a, int64_t b, int64_t *also)
{
    struct ob_query q;
    bool row;
    enum ob_status st;
    ob_query_open(&q, r->l, which);
    if (text)
        ob_query_text(&q, text);
    else
        ob_query_int(&q, a);
    if (b >= 0)
        ob_query_int(&q, b);
    while ((st = ob_query_next(&q, &row, r->err)) == OB_OK && row) {
        quote(r, table, ob_query_get_int(&q, 0));
        if (also)
            *also = ob_query_get_int(&q, 1);
    }
    ob_query_close(&q);
    return st;
}

static bool quote_call(void *ctx, const struct ob_call_row *c)
{
    struct receipt *r = ctx;
    for (size_t i = 0; i < c->people_count; i++)
        if (c->people[i] == r->mentions[r->mention_count].position) {
            quote(r, "call", c->id);
            break;
        }
    return true;
}

/* The plan's name is sealed under the plan's own key; its document, which is about others too, is
 * quoted by its digest only, so that the key opens nothing else here. */
static void quote_key_of(struct receipt *r, const unsigned char *p, int len)
{
    int64_t subject = 0;
    if (!p || len < SEALED_HEAD || memcmp(p, "obs", 3) != 0)
        return;
    for (int i = 4; i < 12; i++)
        subject = (int64_t)((uint64_t)subject << 8 | p[i]);
    quote(r, "subject", subject);
}

static enum ob_status quote_plan_row(struct receipt *r, const char *plan)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, r->l, OB_SQL_RECEIPT_PLAN);
    ob_query_text(&q, plan);
    enum ob_status st = ob_query_next(&q, &row, r->err);
    if (row) {
        quote(r, "plan", ob_query_get_int(&q, 0));
        quote_key_of(r, sqlite3_column_blob(q.st, 1), sqlite3_column_bytes(q.st, 1));
    }
    ob_query_close(&q);
    return st;
}

static enum ob_status quote_plan(struct receipt *r, int64_t run)
{
    struct ob_run_row row;
    enum ob_status st = ob_ledger_run_get(r->l, run, &row, r->err);
    if (st != OB_OK)
        return st;
    st = quote_plan_row(r, row.plan);
    if (st == OB_OK)
        st = quote_all(r, OB_SQL_RECEIPT_APPROVALS, "approval", row.plan, 0, -1, NULL);
    ob_run_row_fini(&row);
    quote(r, "run", run);
    return st;
}

static enum ob_status quote_mention(struct receipt *r, const struct mention *m)
{
    int64_t step, subject = 0;
    enum ob_status st = ob_ledger_step_need(r->l, m->run, m->path, &step, r->err);
    if (st == OB_OK)
        st = quote_plan(r, m->run);
    if (st != OB_OK)
        return st;
    quote(r, "step", step);
    st = quote_all(r, OB_SQL_RECEIPT_PERSON, "person", NULL, step, m->position, &subject);
    if (st == OB_OK && subject) {
        quote(r, "subject", subject);
        st = quote_all(r, OB_SQL_RECEIPT_SIGHTINGS, "sighting", NULL, subject, -1, NULL);
    }
    if (st == OB_OK)
        st = quote_all(r, OB_SQL_RECEIPT_SNAPSHOT, "snapshot", NULL, step, m->position, NULL);
    return st == OB_OK ? ob_ledger_call_each(r->l, m->run, m->path, quote_call, r, r->err) : st;
}

static enum ob_status quote_rows(struct receipt *r)
{
    size_t count = r->mention_count;
    enum ob_status st = OB_OK;
    for (size_t i = 0; st == OB_OK && i < count; i++) {
        r->mention_count = i; /* quote_call looks there */
        st = quote_mention(r, &r->mentions[i]);
    }
    r->mention_count = count;
    return st;
}

/* ---- which events ---- */

/* The order in which somebody reads it: keys first, for what is sealed under them, then who
 * decided, on what, and what came of it. */
static int rank(const char *table)
{
    static const char *const order[] = {"subject", "plan",     "approval", "sighting", "run",
                                        "step",    "snapshot", "call",     "person"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (strcmp(order[i], table) == 0)
            return (int)i;
    return 99;
}

static void sort_rows(struct receipt *r)
{
    const struct ob_audit_table *t = r->l->audit->tables.at;
    for (size_t i = 1; i < r->row_count; i++) { /* a few dozen */
        struct quoted row = r->rows[i];
        size_t k = i;
        for (; k && (rank(t[r->rows[k - 1].table].name) > rank(t[row.table].name) ||
                     (r->rows[k - 1].table == row.table && r->rows[k - 1].rowid > row.rowid));
             k--)
            r->rows[k] = r->rows[k - 1];
        r->rows[k] = row;
    }
}

static bool look_for_rows(void *ctx, const struct ob_audit_event *e)
{
    struct receipt *r = ctx;
    struct ob_audit_row row;
    const char *at = e->rows;
    if (e->unfit || !e->fits) {
        r->st = ob_audit_refuse(r->l, r->err,
                                "event %" PRId64 " of its chain is not as it was"
                                " written; see offboard verify",
                                e->seq);
        return false;
    }
    while (ob_audit_event_row(&at, &row))
        for (size_t i = 0; i < r->row_count; i++) {
            const char *name = r->l->audit->tables.at[r->rows[i].table].name;
            if (r->rows[i].rowid != row.rowid || strncmp(name, row.table, row.table_len) != 0 ||
                name[row.table_len])
                continue;
            r->rows[i].seq = e->seq;
            snprintf(r->rows[i].hash, OB_SHA256_HEX, "%.64s", row.hash ? row.hash : "");
        }
    return true;
}

static int by_seq(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void add_event(struct receipt *r, int64_t seq)
{
    r->events = ob_xrealloc(r->events, r->event_count + 1, sizeof *r->events);
    r->events[r->event_count++] = seq;
}

/* Downwards from `to`: the long link where it does not lead past `from`. */
static void add_way(struct receipt *r, int64_t from, int64_t to)
{
    while (to > from) {
        add_event(r, to);
        to = ob_audit_back(to) >= from ? ob_audit_back(to) : to - 1;
    }
}

static size_t sort_events(int64_t *events, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(events, count, sizeof *events, by_seq);
    for (size_t i = 0; i < count; i++)
        if (!kept || events[kept - 1] != events[i])
            events[kept++] = events[i];
    return kept;
}

static void choose_events(struct receipt *r, int64_t head)
{
    for (size_t i = 0; i < r->row_count; i++)
        add_event(r, r->rows[i].seq);
    size_t quoted = r->event_count = sort_events(r->events, r->event_count);
    for (size_t i = 0; i < quoted; i++)
        add_way(r, r->events[i], i + 1 < quoted ? r->events[i + 1] : head);
    r->event_count = sort_events(r->events, r->event_count);
}

/* ---- writing ---- */

static bool is_quoted(const struct receipt *r, int64_t seq)
{
    for (size_t i = 0; i < r->row_count; i++)
        if (r->rows[i].seq == seq)
            return true;
    return false;
}

static enum ob_status write_event(struct receipt *r, int64_t seq, struct ob_buf *out)
{
    char digest[OB_SHA256_HEX];
    struct ob_query q;
    bool row;
    ob_query_open(&q, r->l, OB_SQL_RECEIPT_EVENT);
    ob_query_int(&q, seq);
    ob_query_int(&q, ob_audit_back(seq));
    enum ob_status st = ob_query_next(&q, &row, r->err);
    if (st == OB_OK && row) {
        bool whole = is_quoted(r, seq);
        const char *body = ob_query_lend_text(&q, 2);
        ob_buf_adds(out, whole ? "event " : "link ");
        ob_buf_adds(out, seq > 1 ? ob_query_lend_text(&q, 0) : OB_AUDIT_ZERO);
        ob_buf_addc(out, ' ');
        ob_buf_adds(out, ob_audit_back(seq) ? ob_query_lend_text(&q, 1) : OB_AUDIT_ZERO);
        ob_buf_addc(out, ' ');
        ob_buf_adds(out, whole ? body : ob_sha256_hex(body, strlen(body), digest));
        ob_buf_addc(out, '\n');
    }
    ob_query_close(&q);
    return st;
}

static enum ob_status write_row(struct receipt *r, const struct quoted *row, struct ob_buf *out)
{
    const struct ob_audit_table *t = &r->l->audit->tables.at[row->table];
    struct ob_buf text;
    char hash[OB_SHA256_HEX] = "";
    ob_buf_init(&text, OB_BUF_LARGE);
    int rc = sqlite3_bind_int64(t->rows, 1, row->rowid);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(t->rows, 2, row->rowid);
    if (rc == SQLITE_OK && (rc = sqlite3_step(t->rows)) == SQLITE_ROW) {
        ob_audit_row_text(t, row->rowid, &text);
        ob_sha256_hex(ob_buf_str(&text), text.len, hash);
    }
    sqlite3_reset(t->rows);
    ob_buf_addf(out, "row %s\n", ob_buf_str(&text));
    ob_buf_fini(&text);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return ob_ledger_fault(r->l, rc, r->err);
    if (row->seq && strcmp(hash, row->hash) == 0)
        return OB_OK;
    return ob_audit_refuse(r->l, r->err,
                           "%s row %" PRId64 " is not what its chain recorded; see offboard verify",
                           t->name, row->rowid);
}

static enum ob_status write_all(struct receipt *r, const struct ob_head *h, struct ob_buf *out)
{
    enum ob_status st = OB_OK;
    ob_buf_adds(out, "offboard-receipt 1\n");
    for (size_t i = 0; st == OB_OK && i < r->event_count; i++)
        st = write_event(r, r->events[i], out);
    ob_buf_addf(out, "head %" PRId64 " %s %" PRId64 " ", h->seq, h->hash, h->at_ms);
    ob_base64(out, h->signature, sizeof h->signature);
    ob_buf_addc(out, '\n');
    for (size_t i = 0; st == OB_OK && i < r->row_count; i++)
        st = write_row(r, &r->rows[i], out);
    ob_buf_adds(out, "end\n");
    return st;
}

static enum ob_status make(struct receipt *r, int64_t run, struct ob_buf *out)
{
    struct ob_head h;
    enum ob_status st = find_mentions(r, run);
    if (st == OB_OK)
        st = quote_rows(r);
    if (st == OB_OK)
        st = ob_head_read(r->l, &h, r->err);
    if (st != OB_OK)
        return st;
    sort_rows(r);
    st = ob_audit_walk(r->l, look_for_rows, r, r->err);
    if (st == OB_OK)
        st = r->st;
    if (st != OB_OK)
        return st;
    choose_events(r, h.seq);
    return write_all(r, &h, out);
}

enum ob_status ob_ledger_receipt(struct ob_ledger *l, const char *person, int64_t run,
                                 struct ob_buf *out, struct ob_err *err)
{
    struct receipt r = {.l = l, .person = person, .err = err};
    enum ob_status st = ob_ledger_begin(l, err); /* nobody adds to the chain meanwhile */
    if (st == OB_OK)
        st = make(&r, run, out);
    ob_ledger_rollback(l);
    for (size_t i = 0; i < r.mention_count; i++)
        free(r.mentions[i].path);
    free(r.mentions);
    free(r.rows);
    free(r.events);
    return st;
}
