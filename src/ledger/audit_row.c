/* A row as text: ["person",12,{"acted_ms":0,...}], columns in the order of their names. Every
 * stored value has one text and no two have the same: integers exact, text that is UTF-8 as a
 * string, everything else as an object that names its kind. Called by audit.c and verify.c. */
#include "ledger/audit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#define INLINE_MAX 16384 /* a longer value is told by its digest */

/* ---- values ---- */

static bool is_utf8(const char *p, size_t len)
{
    for (size_t n; len; p += n, len -= n)
        if ((n = ob_utf8_seq(p, len)) == 0)
            return false;
    return true;
}

void ob_audit_int(struct ob_buf *out, int64_t i)
{
    char text[24];
    char *at = text + sizeof text;
    uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    do
        *--at = (char)('0' + u % 10);
    while (u /= 10);
    if (i < 0)
        *--at = '-';
    ob_buf_add(out, at, (size_t)(text + sizeof text - at));
}

static void put_digest(struct ob_buf *out, const char *kind, const void *p, size_t len)
{
    char digest[OB_SHA256_HEX];
    ob_buf_addf(out, "{\"length\":%zu,\"%s_sha256\":\"%s\"}", len, kind,
                ob_sha256_hex(p, len, digest));
}

/* Text that is not UTF-8 and blobs. */
static void put_bytes(struct ob_buf *out, const char *kind, const void *p, size_t len)
{
    ob_buf_addf(out, "{\"%s\":\"", kind);
    ob_base64(out, p, len);
    ob_buf_adds(out, "\"}");
}

static void put_value(struct ob_buf *out, sqlite3_stmt *st, int column, bool large)
{
    int type = sqlite3_column_type(st, column);
    if (type == SQLITE_INTEGER) {
        ob_audit_int(out, sqlite3_column_int64(st, column));
        return;
    }
    if (type == SQLITE_NULL) {
        ob_buf_adds(out, "null");
        return;
    }
    if (type == SQLITE_FLOAT) {
        ob_buf_addf(out, "{\"real\":\"%a\"}", sqlite3_column_double(st, column));
        return;
    }
    const char *kind = type == SQLITE_TEXT ? "text" : "blob";
    const char *p = sqlite3_column_blob(st, column);
    size_t len = (size_t)sqlite3_column_bytes(st, column);
    if (large || len > INLINE_MAX)
        put_digest(out, kind, p, len);
    else if (type == SQLITE_TEXT && is_utf8(p, len))
        ob_json_write_str(out, p ? p : "", len);
    else
        put_bytes(out, kind, p, len);
}

void ob_audit_row_text(const struct ob_audit_table *t, int64_t rowid, struct ob_buf *out)
{
    ob_buf_clear(out);
    ob_buf_addc(out, '[');
    ob_json_write_str(out, t->name, strlen(t->name));
    ob_buf_addc(out, ',');
    ob_audit_int(out, rowid);
    ob_buf_adds(out, ",{");
    for (int i = 0; i < t->columns; i++) {
        ob_buf_adds(out, t->keys[i]);
        if (i == t->alias)
            ob_audit_int(out, rowid);
        else
            put_value(out, t->rows, i + 1, t->large[i]);
    }
    ob_buf_adds(out, "}]");
}

/* ---- tables ---- */

/* A plan and what it was made from are about everybody: a receipt for one person quotes the row,
 * and must not quote that. */
static bool is_large(const char *table, const char *column)
{
    return (strcmp(table, "plan") == 0 && strcmp(column, "document") == 0) ||
           (strcmp(table, "blob") == 0 && strcmp(column, "body") == 0);
}

static void add_column(struct ob_audit_table *t, const char *name)
{
    struct ob_buf key;
    size_t n = (size_t)t->columns++;
    ob_buf_init(&key, OB_BUF_SMALL);
    if (n)
        ob_buf_addc(&key, ',');
    ob_json_write_str(&key, name, strlen(name));
    ob_buf_addc(&key, ':');
    t->keys = ob_xrealloc(t->keys, n + 1, sizeof *t->keys);
    t->large = ob_xrealloc(t->large, n + 1, sizeof *t->large);
    t->keys[n] = ob_buf_take(&key);
    t->large[n] = is_large(t->name, name);
}

static void add_quoted(struct ob_buf *out, const char *name)
{
    ob_buf_addc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            ob_buf_addc(out, '"');
        ob_buf_addc(out, *name);
    }
    ob_buf_addc(out, '"');
}

static int read_columns(struct ob_ledger *l, struct ob_audit_table *t, struct ob_buf *sql)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(l->db,
                                "SELECT name, pk = 1 AND upper(type) = 'INTEGER' FROM"
                                " pragma_table_info(?) ORDER BY name",
                                -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(st, 1, t->name, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(st, 0);
        if (sqlite3_column_int(st, 1))
            t->alias = t->columns;
        add_column(t, name);
        ob_buf_addc(sql, ',');
        add_quoted(sql, name);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int prepare_table(struct ob_ledger *l, struct ob_audit_table *t)
{
    struct ob_buf sql;
    ob_buf_init(&sql, OB_BUF_SMALL);
    ob_buf_adds(&sql, "SELECT rowid");
    int rc = read_columns(l, t, &sql);
    ob_buf_adds(&sql, " FROM ");
    add_quoted(&sql, t->name);
    ob_buf_adds(&sql, " WHERE rowid BETWEEN ? AND ? ORDER BY rowid");
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v3(l->db, ob_buf_str(&sql), -1, SQLITE_PREPARE_PERSISTENT, &t->rows,
                                NULL);
    ob_buf_fini(&sql);
    return rc;
}

enum ob_status ob_audit_tables_read(struct ob_audit_tables *t, struct ob_ledger *l,
                                    struct ob_err *err)
{
    sqlite3_stmt *st = NULL;
    *t = (struct ob_audit_tables){0};
    int rc = sqlite3_prepare_v2(l->db,
                                "SELECT name FROM sqlite_schema WHERE type = 'table' AND"
                                " name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND"
                                " name NOT IN ('audit', 'head') ORDER BY name",
                                -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        t->at = ob_xrealloc(t->at, t->count + 1, sizeof *t->at);
        struct ob_audit_table *one = &t->at[t->count++];
        *one = (struct ob_audit_table){
            .alias = -1, .name = ob_xstrdup((const char *)sqlite3_column_text(st, 0))};
        rc = prepare_table(l, one);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? OB_OK : ob_ledger_fault(l, rc, err);
}

void ob_audit_tables_free(struct ob_audit_tables *t)
{
    for (size_t i = 0; i < t->count; i++) {
        for (int k = 0; k < t->at[i].columns; k++)
            free(t->at[i].keys[k]);
        free(t->at[i].keys);
        free(t->at[i].large);
        free(t->at[i].name);
        sqlite3_finalize(t->at[i].rows);
    }
    free(t->at);
    *t = (struct ob_audit_tables){0};
}

int ob_audit_table_find(const struct ob_audit_tables *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->count; i++)
        if (strncmp(t->at[i].name, name, len) == 0 && !t->at[i].name[len])
            return (int)i;
    return -1;
}

/* ---- the schema ---- */

static void add_text(struct ob_sha256 *d, sqlite3_stmt *st, int column)
{
    const void *p = sqlite3_column_text(st, column);
    size_t len = (size_t)sqlite3_column_bytes(st, column);
    ob_sha256_add(d, p, len);
    ob_sha256_add(d, "", 1); /* the NUL ends it */
}

enum ob_status ob_audit_schema(struct ob_ledger *l, char digest[OB_SHA256_HEX], struct ob_err *err)
{
    sqlite3_stmt *st = NULL;
    struct ob_sha256 *d = ob_sha256_new();
    int rc = sqlite3_prepare_v2(l->db,
                                "SELECT user_version, '', '', '' FROM pragma_user_version"
                                " UNION ALL SELECT * FROM (SELECT type, name, tbl_name, sql FROM"
                                " sqlite_schema WHERE tbl_name NOT LIKE 'sqlite\\_stat%' ESCAPE"
                                " '\\' ORDER BY type, name)",
                                -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        for (int i = 0; i < 4; i++)
            add_text(d, st, i);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    ob_sha256_end(d, digest);
    return rc == SQLITE_DONE ? OB_OK : ob_ledger_fault(l, rc, err);
}
