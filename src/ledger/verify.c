/* offboard verify: see verify.h. Three passes: the pages (SQLite's own check), the events, which
 * leave the last word of each row, and the rows, held against it. Called by the command line. */
#include "ledger/verify.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "ledger/audit_walk.h"
#include "ledger/verify_rows.h"

struct kept { /* a head that the chain must have */
    const char *where;
    struct ob_head head;
    bool wanted, met;
};

struct changed { /* rows that are not as recorded, to be told when all of them are known */
    int32_t table;
    int64_t rowid;
};

struct verify {
    struct ob_ledger *l;
    struct ob_verify_report *r;
    struct ob_audit_tables tables;
    struct ob_recorded_rows recorded;
    char **gone; /* tables that events name and that are not there; from tables.count on */
    int32_t gone_count;
    struct kept beside, given;
    char schema[OB_SHA256_HEX]; /* as recorded last */
    int64_t schema_seq;
    struct changed changed[OB_FINDINGS_MAX];
    size_t changed_count;
    struct ob_buf text;
};

__attribute__((format(printf, 2, 3))) static void find(struct verify *v, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    v->r->count++;
    if (ob_list_count(&v->r->findings) >= OB_FINDINGS_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ob_value_set_str(ob_list_push(&v->r->findings), text);
}

/* ---- events ---- */

static int32_t table_number(struct verify *v, const struct ob_audit_row *row)
{
    int known = ob_audit_table_find(&v->tables, row->table, row->table_len);
    if (known >= 0)
        return known;
    for (int32_t i = 0; i < v->gone_count; i++)
        if (strlen(v->gone[i]) == row->table_len &&
            memcmp(v->gone[i], row->table, row->table_len) == 0)
            return (int32_t)v->tables.count + i;
    v->gone = ob_xrealloc(v->gone, (size_t)v->gone_count + 1, sizeof *v->gone);
    v->gone[v->gone_count] = ob_xmemdup(row->table, row->table_len);
    return (int32_t)v->tables.count + v->gone_count++;
}

static const char *table_name(const struct verify *v, int32_t table)
{
    int32_t known = (int32_t)v->tables.count;
    return table < known ? v->tables.at[table].name : v->gone[table - known];
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void from_hex(const char *hex, unsigned char out[32])
{
    for (int i = 0; i < 32; i++)
        out[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

static void take_rows(struct verify *v, const struct ob_audit_event *e)
{
    struct ob_audit_row row;
    const char *at = e->rows;
    while (ob_audit_event_row(&at, &row)) {
        struct ob_recorded *one = ob_recorded_put(&v->recorded, table_number(v, &row), row.rowid);
        one->seq = e->seq;
        one->deleted = !row.hash;
        if (row.hash)
            from_hex(row.hash, one->hash);
    }
}

static void find_gap(struct verify *v, int64_t first, int64_t next)
{
    if (next == first + 1)
        find(v, "event %" PRId64 ": missing", first);
    else
        find(v, "events %" PRId64 " to %" PRId64 ": missing", first, next - 1);
}

static void look_for(struct kept *k, const struct ob_audit_event *e)
{
    if (k->wanted && k->head.seq == e->seq)
        k->met = strcmp(k->head.hash, e->hash) == 0;
}

static bool check_event(void *ctx, const struct ob_audit_event *e)
{
    struct verify *v = ctx;
    struct ob_head *end = &v->r->head;
    if (e->seq != end->seq + 1)
        find_gap(v, end->seq + 1, e->seq);
    if (e->unfit)
        find(v, "event %" PRId64 ": %s", e->seq, e->unfit);
    else
        take_rows(v, e);
    if (!e->fits && !e->unfit)
        find(v, "event %" PRId64 ": does not follow from the one before it", e->seq);
    if (!e->unfit && e->schema) {
        snprintf(v->schema, sizeof v->schema, "%.64s", e->schema);
        v->schema_seq = e->seq;
    }
    if (e->adopted)
        v->r->adopted = e->adopted;
    look_for(&v->beside, e);
    look_for(&v->given, e);
    end->seq = e->seq;
    end->at_ms = e->at_ms;
    snprintf(end->hash, sizeof end->hash, "%.64s", e->hash);
    return true;
}

/* ---- rows ---- */

static void row_hash(struct verify *v, const struct ob_audit_table *t, int64_t as,
                     unsigned char out[32])
{
    char hex[OB_SHA256_HEX];
    ob_audit_row_text(t, as, &v->text);
    from_hex(ob_sha256_hex(ob_buf_str(&v->text), v->text.len, hex), out);
}

static void check_row(struct verify *v, int32_t table)
{
    const struct ob_audit_table *t = &v->tables.at[table];
    int64_t rowid = sqlite3_column_int64(t->rows, 0);
    unsigned char hash[32];
    struct ob_recorded *said = ob_recorded_get(&v->recorded, table, rowid);
    v->r->rows++;
    if (!said) {
        find(v, "%s row %" PRId64 ": no event recorded it", t->name, rowid);
        return;
    }
    said->met = true;
    row_hash(v, t, rowid, hash);
    if (said->deleted)
        find(v, "%s row %" PRId64 ": event %" PRId64 " recorded that it was deleted", t->name,
             rowid, said->seq);
    else if (memcmp(hash, said->hash, sizeof hash) == 0)
        return;
    else if (v->changed_count < OB_FINDINGS_MAX)
        v->changed[v->changed_count++] = (struct changed){table, rowid};
    else
        v->r->count++;
}

static enum ob_status read_rows(struct verify *v, int32_t table, int64_t first, int64_t last,
                                void (*each)(struct verify *, int32_t), struct ob_err *err)
{
    sqlite3_stmt *st = v->tables.at[table].rows;
    int rc = sqlite3_bind_int64(st, 1, first);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(st, 2, last);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        each(v, table);
        rc = SQLITE_OK;
    }
    sqlite3_reset(st);
    return rc == SQLITE_DONE ? OB_OK : ob_ledger_fault(v->l, rc, err);
}

/* Does a changed row hold what was recorded of another one? Then they were swapped, or one was
 * copied over the other. */
static void tell_changed(struct verify *v, int32_t table)
{
    const struct ob_audit_table *t = &v->tables.at[table];
    int64_t rowid = sqlite3_column_int64(t->rows, 0);
    const struct ob_recorded *said = ob_recorded_get(&v->recorded, table, rowid);
    unsigned char hash[32];
    for (size_t i = 0; i < v->changed_count; i++) {
        const struct changed *c = &v->changed[i];
        if (c->table != table || c->rowid == rowid)
            continue;
        const struct ob_recorded *other = ob_recorded_get(&v->recorded, table, c->rowid);
        row_hash(v, t, c->rowid, hash);
        if (memcmp(hash, other->hash, sizeof hash) == 0) {
            find(v,
                 "%s row %" PRId64 ": holds what event %" PRId64 " recorded of row %" PRId64
                 " (swapped)",
                 t->name, rowid, other->seq, c->rowid);
            return;
        }
    }
    find(v, "%s row %" PRId64 ": is not what event %" PRId64 " recorded", t->name, rowid,
         said->seq);
}

static enum ob_status check_rows(struct verify *v, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (int32_t i = 0; st == OB_OK && i < (int32_t)v->tables.count; i++)
        st = read_rows(v, i, INT64_MIN, INT64_MAX, check_row, err);
    for (size_t i = 0; st == OB_OK && i < v->changed_count; i++)
        st = read_rows(v, v->changed[i].table, v->changed[i].rowid, v->changed[i].rowid,
                       tell_changed, err);
    for (size_t i = 0; st == OB_OK && i < v->recorded.cap; i++) {
        const struct ob_recorded *one = &v->recorded.at[i];
        if (one->seq && !one->met && !one->deleted)
            find(v, "%s row %" PRId64 ": missing; event %" PRId64 " recorded it",
                 table_name(v, one->table), one->rowid, one->seq);
    }
    return st;
}

/* ---- the rest ---- */

static enum ob_status check_pages(struct verify *v, struct ob_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(v->l->db, "PRAGMA integrity_check(20)", -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(st, 0);
        if (strcmp(said, "ok") != 0)
            find(v, "pages: %s", said);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? OB_OK : ob_ledger_fault(v->l, rc, err);
}

static enum ob_status check_schema(struct verify *v, struct ob_err *err)
{
    char now[OB_SHA256_HEX];
    enum ob_status st = ob_audit_schema(v->l, now, err);
    if (st == OB_OK && strcmp(now, v->schema) != 0)
        find(v, "schema: is not what event %" PRId64 " recorded", v->schema_seq);
    return st;
}

static enum ob_status check_head(struct verify *v, const struct ob_key *key, struct ob_err *err)
{
    struct ob_head head, *end = &v->r->head;
    enum ob_status st = ob_head_read(v->l, &head, err);
    if (st != OB_OK)
        return st;
    if (!head.seq)
        find(v, "head: missing");
    else if (head.seq != end->seq)
        find(v,
             "head: says that the chain ends with event %" PRId64
             ", and it ends with event %" PRId64 "%s",
             head.seq, end->seq, head.seq > end->seq ? ": events were cut off" : "");
    else if (strcmp(head.hash, end->hash) != 0)
        find(v, "head: its hash is not that of event %" PRId64, end->seq);
    if (head.seq && !ob_head_signed_by(&head, key))
        find(v, "head: is not signed by the key %.16s", v->r->key);
    *end = head.seq == end->seq ? head : *end;
    return OB_OK;
}

static void check_kept(struct verify *v, const struct kept *k)
{
    if (!k->wanted || k->met)
        return;
    if (k->head.seq > v->r->head.seq)
        find(v,
             "%s: knows event %" PRId64 ", and the chain ends with event %" PRId64
             ": an older copy was put back, or events were cut off",
             k->where, k->head.seq, v->r->head.seq);
    else
        find(v, "%s: knows another event %" PRId64 ": this is not the same chain", k->where,
             k->head.seq);
}

static enum ob_status check_all(struct verify *v, const struct ob_key *key, struct ob_err *err)
{
    enum ob_status st = check_pages(v, err);
    if (st == OB_OK)
        st = ob_audit_tables_read(&v->tables, v->l, err);
    if (st == OB_OK)
        st = ob_audit_walk(v->l, check_event, v, err);
    if (st == OB_OK)
        st = check_head(v, key, err);
    if (st == OB_OK)
        st = check_schema(v, err);
    if (st != OB_OK)
        return st;
    check_kept(v, &v->beside);
    check_kept(v, &v->given);
    return check_rows(v, err); /* last: there may be many */
}

/* In one transaction, so that what another process adds meanwhile is not seen in half; damage that
 * ends the reading is a finding too. */
static enum ob_status check_snapshot(struct verify *v, const struct ob_key *key, struct ob_err *err)
{
    int rc = sqlite3_exec(v->l->db, "BEGIN", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return ob_ledger_fault(v->l, rc, err);
    enum ob_status st = check_all(v, key, err);
    int code = sqlite3_errcode(v->l->db) & 0xff;
    if (st != OB_OK && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)) {
        find(v, "pages: cannot be read on: %s", sqlite3_errmsg(v->l->db));
        st = OB_OK;
    }
    return st;
}

static enum ob_status read_key(const char *path, const struct ob_verify_options *o,
                               struct ob_key **key, struct ob_err *err)
{
    char *beside = o->pub ? NULL : ob_ledger_pub_path(path);
    enum ob_status st = ob_key_read_public(key, o->pub ? o->pub : beside, err);
    if (st != OB_OK && !o->pub)
        ob_err_prefix(err, "ledger %s: its public key is needed, --key names it elsewhere", path);
    free(beside);
    return st;
}

/* Before the ledger is read: it is written after a commit, so the ledger knows what it knows. */
static enum ob_status read_kept(struct verify *v, const char *path,
                                const struct ob_verify_options *o, struct ob_err *err)
{
    char *real = realpath(path, NULL);
    char *beside = ob_xasprintf("%s.head", real ? real : path);
    struct ob_err why = {0};
    v->beside.where = "the head file beside it";
    v->given.where = "--head";
    v->given.wanted = o->head != NULL;
    if (o->head)
        v->given.head = *o->head;
    enum ob_status st = ob_head_file_read(beside, &v->beside.head, &v->beside.wanted, &why);
    if (st == OB_ERR_AUDIT) {
        find(v, "%s: is unreadable", v->beside.where);
        v->beside.wanted = false;
        st = OB_OK;
    } else if (st != OB_OK && err) {
        *err = why;
    }
    free(beside);
    free(real);
    return st;
}

static void verify_fini(struct verify *v)
{
    for (int32_t i = 0; i < v->gone_count; i++)
        free(v->gone[i]);
    free(v->gone);
    ob_recorded_free(&v->recorded);
    ob_audit_tables_free(&v->tables);
    ob_buf_fini(&v->text);
    ob_ledger_close(v->l);
}

void ob_verify_report_fini(struct ob_verify_report *r)
{
    ob_value_fini(&r->findings);
}

enum ob_status ob_ledger_verify(const char *path, const struct ob_verify_options *o,
                                struct ob_verify_report *r, struct ob_err *err)
{
    struct verify *v = ob_xcalloc(1, sizeof *v);
    struct ob_key *key = NULL;
    *r = (struct ob_verify_report){0};
    ob_value_init(&r->findings);
    ob_value_set_list(&r->findings);
    v->r = r;
    ob_buf_init(&v->text, OB_BUF_LARGE);
    enum ob_status st = read_kept(v, path, o, err);
    if (st == OB_OK)
        st = ob_ledger_open_read(&v->l, path, err);
    if (st == OB_OK)
        st = read_key(path, o, &key, err);
    if (st == OB_OK) {
        ob_key_print(key, r->key);
        st = check_snapshot(v, key, err);
    }
    if (st == OB_OK && r->count)
        st = ob_fail(err, OB_ERR_AUDIT, "ledger %s: %" PRId64 " finding%s", path, r->count,
                     r->count == 1 ? "" : "s");
    ob_key_free(key);
    verify_fini(v);
    free(v);
    return st;
}
