/* Appending to the chain: SQLite tells of each row that a turn changes; the commit appends the
 * events that say what these rows are now, in the same transaction, and signs the new end. Two
 * processes cannot append at once: a turn begins with the write lock. Called by sqlite.c. */
#include "ledger/audit.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"

enum ob_status ob_audit_refuse(struct ob_ledger *l, struct ob_err *err, const char *fmt, ...)
{
    char text[1024];
    struct ob_err own;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!err)
        err = &own;
    (void)ob_ledger_refuse(l, err, "%s", text);
    err->status = OB_ERR_AUDIT;
    if (l->in_turn)
        l->why.status = OB_ERR_AUDIT;
    return OB_ERR_AUDIT;
}

/* ---- what changed ---- */

static void note(struct ob_audit *a, int table, int64_t rowid)
{
    /* many statements change one row again and again */
    if (a->count && a->changes[a->count - 1].rowid == rowid &&
        a->changes[a->count - 1].table == table)
        return;
    if (a->count == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 256;
        a->changes = ob_xrealloc(a->changes, a->cap, sizeof *a->changes);
    }
    a->changes[a->count++] = (struct ob_audit_change){table, rowid};
}

static void on_change(void *ctx, int op, const char *db, const char *table, sqlite3_int64 rowid)
{
    struct ob_audit *a = ctx;
    (void)op;
    if (strcmp(db, "main") != 0)
        return;
    int i = ob_audit_table_find(&a->tables, table, strlen(table));
    if (i >= 0)
        note(a, i, rowid);
    else if (strcmp(table, "audit") != 0 && strcmp(table, "head") != 0)
        a->stranger = "a table that was made behind the ledger's back";
}

/* A DELETE of all rows would throw the pages away and tell nobody; this makes it go row by row. */
static int on_prepare(void *ctx, int action, const char *table, const char *b, const char *db,
                      const char *trigger)
{
    (void)ctx, (void)b, (void)db, (void)trigger;
    return action == SQLITE_DELETE && strncmp(table, "sqlite_", 7) != 0 ? SQLITE_IGNORE : SQLITE_OK;
}

static int by_table_and_row(const void *x, const void *y)
{
    const struct ob_audit_change *a = x, *b = y;
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return (a->rowid > b->rowid) - (a->rowid < b->rowid);
}

static void sort_changes(struct ob_audit *a)
{
    size_t kept = 0;
    if (a->count)
        qsort(a->changes, a->count, sizeof *a->changes, by_table_and_row);
    for (size_t i = 0; i < a->count; i++)
        if (!kept || by_table_and_row(&a->changes[kept - 1], &a->changes[i]) != 0)
            a->changes[kept++] = a->changes[i];
    a->count = kept;
}

static enum ob_status note_table(struct ob_ledger *l, int table, struct ob_err *err)
{
    sqlite3_stmt *st = l->audit->tables.at[table].rows;
    int rc = sqlite3_bind_int64(st, 1, INT64_MIN);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(st, 2, INT64_MAX);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        note(l->audit, table, sqlite3_column_int64(st, 0));
        rc = SQLITE_OK;
    }
    sqlite3_reset(st);
    return rc == SQLITE_DONE ? OB_OK : ob_ledger_fault(l, rc, err);
}

/* ---- events ---- */

static void put_change(struct ob_audit *a, const struct ob_audit_table *t, int64_t rowid,
                       bool first, bool there)
{
    char hash[OB_SHA256_HEX];
    ob_buf_adds(&a->body, first ? "[\"" : ",[\"");
    ob_buf_adds(&a->body, t->name);
    ob_buf_adds(&a->body, "\",");
    ob_audit_int(&a->body, rowid);
    ob_buf_addc(&a->body, ',');
    if (there) {
        ob_audit_row_text(t, rowid, &a->row);
        ob_buf_addc(&a->body, '"');
        ob_buf_adds(&a->body, ob_sha256_hex(ob_buf_str(&a->row), a->row.len, hash));
        ob_buf_adds(&a->body, "\"]");
    } else {
        ob_buf_adds(&a->body, "null]");
    }
}

/* Rows c[0..n) of one table, ids one behind the other: one query for all of them. */
static enum ob_status put_range(struct ob_ledger *l, const struct ob_audit_change *c, size_t n,
                                bool first, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    const struct ob_audit_table *t = &a->tables.at[c->table];
    int rc = sqlite3_bind_int64(t->rows, 1, c[0].rowid);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(t->rows, 2, c[n - 1].rowid);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(t->rows);
    for (size_t i = 0; i < n && (rc == SQLITE_ROW || rc == SQLITE_DONE); i++) {
        bool there = rc == SQLITE_ROW && sqlite3_column_int64(t->rows, 0) == c[i].rowid;
        put_change(a, t, c[i].rowid, first && i == 0, there);
        if (there)
            rc = sqlite3_step(t->rows);
    }
    sqlite3_reset(t->rows);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? OB_OK : ob_ledger_fault(l, rc, err);
}

static size_t range_len(const struct ob_audit_change *c, size_t n)
{
    size_t len = 1;
    while (len < n && c[len].table == c->table && c[len].rowid == c[len - 1].rowid + 1)
        len++;
    return len;
}

static enum ob_status write_body(struct ob_ledger *l, const struct ob_audit_change *c, size_t n,
                                 struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    char schema[OB_SHA256_HEX];
    enum ob_status st = OB_OK;
    ob_buf_clear(&a->body);
    ob_buf_addc(&a->body, '{');
    if (a->adopted)
        ob_buf_addf(&a->body, "\"adopted\":%" PRId64 ",", a->adopted);
    ob_buf_addf(&a->body, "\"at_ms\":%" PRId64 ",\"rows\":[", a->pending.at_ms);
    for (size_t i = 0, len; st == OB_OK && i < n; i += len) {
        len = range_len(c + i, n - i);
        st = put_range(l, c + i, len, i == 0, err);
    }
    ob_buf_addc(&a->body, ']');
    if (st == OB_OK && a->begin && (st = ob_audit_schema(l, schema, err)) == OB_OK)
        ob_buf_addf(&a->body, ",\"schema\":\"%s\"", schema);
    ob_buf_addf(&a->body, ",\"seq\":%" PRId64 "}", a->pending.seq);
    a->adopted = 0;
    a->begin = false;
    return st;
}

static enum ob_status hash_of(struct ob_ledger *l, int64_t seq, char hash[OB_SHA256_HEX],
                              struct ob_err *err)
{
    struct ob_query q;
    bool row;
    memcpy(hash, OB_AUDIT_ZERO, OB_SHA256_HEX);
    if (!seq)
        return OB_OK;
    ob_query_open(&q, l, OB_SQL_AUDIT_HASH);
    ob_query_int(&q, seq);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        snprintf(hash, OB_SHA256_HEX, "%s", ob_query_lend_text(&q, 0));
    ob_query_close(&q);
    if (st == OB_OK && !row)
        st = ob_audit_refuse(l, err, "event %" PRId64 " of its chain is gone; see offboard verify",
                             seq);
    return st;
}

static enum ob_status append_one(struct ob_ledger *l, const struct ob_audit_change *c, size_t n,
                                 struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    char prev[OB_SHA256_HEX], back[OB_SHA256_HEX];
    struct ob_query q;
    bool row;
    memcpy(prev, a->pending.seq ? a->pending.hash : OB_AUDIT_ZERO, sizeof prev);
    a->pending.seq++;
    enum ob_status st = write_body(l, c, n, err);
    if (st == OB_OK)
        st = hash_of(l, ob_audit_back(a->pending.seq), back, err);
    if (st != OB_OK)
        return st;
    ob_audit_hash(prev, back, ob_buf_str(&a->body), a->body.len, a->pending.hash);
    ob_query_open(&q, l, OB_SQL_AUDIT_PUT);
    ob_query_int(&q, a->pending.seq);
    ob_query_int(&q, a->pending.at_ms);
    ob_query_buf(&q, &a->body);
    ob_query_text(&q, a->pending.hash);
    st = ob_query_next(&q, &row, err);
    ob_query_close(&q);
    return st;
}

/* ---- the head ---- */

static enum ob_status write_head(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_head *h = &l->audit->pending;
    char text[160];
    struct ob_query q;
    bool row;
    ob_head_text(h, text);
    if (ob_key_sign(l->audit->key, text, strlen(text), h->signature, err) != OB_OK)
        return ob_ledger_refuse(l, err, "cannot sign the head of its chain");
    ob_query_open(&q, l, OB_SQL_HEAD_PUT);
    ob_query_int(&q, h->seq);
    ob_query_text(&q, h->hash);
    ob_query_int(&q, h->at_ms);
    ob_query_blob(&q, h->signature, sizeof h->signature);
    enum ob_status st = ob_query_next(&q, &row, err);
    ob_query_close(&q);
    return st;
}

static enum ob_status read_end(struct ob_ledger *l, struct ob_head *end, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    *end = (struct ob_head){0};
    ob_query_open(&q, l, OB_SQL_AUDIT_END);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row) {
        end->seq = ob_query_get_int(&q, 0);
        snprintf(end->hash, sizeof end->hash, "%s", ob_query_lend_text(&q, 1));
    }
    ob_query_close(&q);
    return st;
}

/* Nothing is signed on top of a chain that does not end as its signed head says: that would make
 * good what somebody cut off. */
static enum ob_status find_end(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    struct ob_head end;
    enum ob_status st = read_end(l, &end, err);
    if (st == OB_OK)
        st = ob_head_read(l, &a->pending, err);
    if (st == OB_OK)
        st = ob_audit_key_need(l, a->pending.seq || end.seq, err);
    if (st != OB_OK)
        return st;
    if (end.seq != a->pending.seq || strcmp(end.hash, a->pending.hash) != 0)
        return ob_audit_refuse(l, err,
                               "its chain of events does not end as its head says, so somebody"
                               " changed it; see offboard verify, and restore it from a backup");
    bool known = !end.seq || memcmp(&a->last, &a->pending, sizeof a->last) == 0;
    if (!known && !ob_head_signed_by(&a->pending, a->key))
        return ob_audit_refuse(l, err,
                               "the head of its chain is not signed by the key %s; put the key"
                               " back that belongs to it, or restore the ledger from a backup",
                               a->key_path);
    return OB_OK;
}

static enum ob_status append_all(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    size_t at = 0;
    enum ob_status st;
    a->pending.at_ms = ob_wall_ms(ob_clock_real());
    sort_changes(a);
    do {
        size_t n = a->count - at < OB_AUDIT_ROWS ? a->count - at : OB_AUDIT_ROWS;
        st = append_one(l, a->changes + at, n, err);
        at += n;
    } while (st == OB_OK && at < a->count);
    return st == OB_OK ? write_head(l, err) : st;
}

enum ob_status ob_audit_append(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    if (!a || (!a->count && !a->begin && !a->stranger))
        return OB_OK;
    if (a->stranger)
        return ob_audit_refuse(l, err, "changed %s; see offboard verify", a->stranger);
    /* our own events must not be what the caller's insert is known by */
    sqlite3_int64 inserted = sqlite3_last_insert_rowid(l->db);
    enum ob_status st = find_end(l, err);
    if (st == OB_OK)
        st = append_all(l, err);
    sqlite3_set_last_insert_rowid(l->db, inserted);
    return st;
}

void ob_audit_committed(struct ob_ledger *l)
{
    struct ob_audit *a = l->audit;
    if (!a)
        return;
    if (a->pending.seq > a->last.seq) {
        a->last = a->pending;
        ob_head_file_write(a->head_path, &a->last, a->key);
    }
    ob_audit_forget(l);
}

void ob_audit_forget(struct ob_ledger *l)
{
    struct ob_audit *a = l->audit;
    if (!a)
        return;
    a->count = 0;
    a->begin = false;
    a->adopted = 0;
    a->stranger = NULL;
    a->pending = (struct ob_head){0};
}

/* ---- beginning ---- */

struct ob_audit *ob_audit_new(const char *real)
{
    struct ob_audit *a = ob_xcalloc(1, sizeof *a);
    a->key_path = ob_xasprintf("%s.key", real);
    a->pub_path = ob_xasprintf("%s.pub", real);
    a->head_path = ob_xasprintf("%s.head", real);
    ob_buf_init(&a->row, OB_BUF_LARGE);
    ob_buf_init(&a->body, OB_BUF_LARGE);
    return a;
}

void ob_audit_free(struct ob_audit *a)
{
    if (!a)
        return;
    ob_audit_tables_free(&a->tables);
    ob_key_free(a->key);
    free(a->changes);
    free(a->key_path);
    free(a->pub_path);
    free(a->head_path);
    ob_buf_fini(&a->row);
    ob_buf_fini(&a->body);
    free(a);
}

/* The file beside the ledger remembers a head that this ledger does not have. */
static enum ob_status refuse_older(struct ob_ledger *l, const struct ob_head *known, bool chained,
                                   struct ob_err *err)
{
    return ob_audit_refuse(l, err,
                           "%s, but %s knows its event %" PRId64 ", so it is an older copy, or"
                           " was changed; restore the newest one, or move that file away to go on"
                           " from this one",
                           chained ? "it has another chain of events" : "it has no chain of events",
                           l->audit->head_path, known->seq);
}

enum ob_status ob_audit_begin(struct ob_ledger *l, int64_t version, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    struct ob_head known;
    bool there;
    if (!a)
        return OB_OK;
    enum ob_status st = ob_head_file_read(a->head_path, &known, &there, err);
    if (st == OB_OK && there)
        return refuse_older(l, &known, false, err);
    if (st == OB_OK)
        st = ob_audit_tables_read(&a->tables, l, err);
    for (int i = 0; st == OB_OK && i < (int)a->tables.count; i++)
        st = note_table(l, i, err);
    a->begin = true;
    a->adopted = version;
    return st;
}

static enum ob_status check_known(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_head known;
    char hash[OB_SHA256_HEX];
    bool there, row;
    enum ob_status st = ob_head_file_read(l->audit->head_path, &known, &there, err);
    if (st != OB_OK || !there)
        return st;
    struct ob_query q;
    ob_query_open(&q, l, OB_SQL_AUDIT_HASH);
    ob_query_int(&q, known.seq);
    st = ob_query_next(&q, &row, err);
    snprintf(hash, sizeof hash, "%s", row ? ob_query_lend_text(&q, 0) : "");
    ob_query_close(&q);
    return st == OB_OK && strcmp(hash, known.hash) != 0 ? refuse_older(l, &known, true, err) : st;
}

/* A ledger whose tables are there and which has no chain: of before there were chains. The key is
 * made with the chain, so where it lies there was one, and to begin another would make good what
 * somebody removed. */
static enum ob_status begin_late(struct ob_ledger *l, struct ob_err *err)
{
    bool own;
    struct ob_head h;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    st = ob_head_read(l, &h, err); /* another process may have been faster */
    if (st == OB_OK && !h.seq && ob_audit_key_there(l->audit))
        st = ob_audit_refuse(l, err,
                             "it has no chain of events, but its key %s is there, so somebody"
                             " removed the chain; restore the ledger from a backup",
                             l->audit->key_path);
    else if (st == OB_OK && !h.seq)
        st = ob_audit_begin(l, OB_AUDIT_SCHEMA, err);
    return ob_ledger_group_end(l, own, st, err);
}

enum ob_status ob_audit_attach(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    struct ob_head h, end;
    if (!a)
        return OB_OK;
    l->chained = true;
    enum ob_status st = ob_head_read(l, &h, err);
    if (st == OB_OK)
        st = read_end(l, &end, err);
    if (st == OB_OK && !h.seq && !end.seq)
        st = begin_late(l, err);
    else if (st == OB_OK)
        st = check_known(l, err);
    ob_audit_tables_free(&a->tables); /* as they were before a migration */
    if (st == OB_OK)
        st = ob_audit_tables_read(&a->tables, l, err);
    sqlite3_update_hook(l->db, on_change, a);
    sqlite3_set_authorizer(l->db, on_prepare, NULL);
    return st;
}
