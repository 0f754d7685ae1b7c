/* One query from its opening to its end, over statements that are prepared once; and what
 * SQLite's failures mean to an administrator. Called by the other sqlite_*.c. */
#include "ledger/sqlite.h"
#include "base/mem.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const queries[OB_SQL_COUNT] = {
#define OB_SQL(name, text) [OB_SQL_##name] = text,
#include "ledger/queries.def"
#undef OB_SQL
};

/* ---- failures ---- */

enum ob_status ob_ledger_refuse(struct ob_ledger *l, struct ob_err *err, const char *fmt, ...)
{
    char text[1024];
    struct ob_err own;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!err)
        err = &own;
    (void)ob_fail(err, OB_ERR, "ledger %s: %s", l->path, text);
    if (l->in_turn && !l->turn_failed) {
        l->turn_failed = true;
        l->why = *err;
    }
    return OB_ERR;
}

enum ob_status ob_ledger_damaged(struct ob_ledger *l, struct ob_err *err, const char *what)
{
    return ob_ledger_refuse(l, err, "damaged: %s; restore it from a backup", what);
}

/* Never says that nothing was sent when calls of an earlier turn may have left. */
static enum ob_status full(struct ob_ledger *l, struct ob_err *err)
{
    if (l->sent)
        return ob_ledger_refuse(l, err, "disk full; nothing more was sent; make room and resume");
    return ob_ledger_refuse(l, err, "disk full; nothing was sent");
}

/* A quota and a limit on file sizes are full disks too; SQLite takes only ENOSPC for one. */
static bool no_room(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

/* SQLite forgets the system's reason when a commit fails; errno still has it then. */
static enum ob_status io_error(struct ob_ledger *l, int rc, int last_errno, struct ob_err *err)
{
    int number = sqlite3_system_errno(l->db);
    if (no_room(number) || no_room(last_errno))
        return full(l, err);
    if (rc == SQLITE_IOERR_CORRUPTFS)
        return ob_ledger_damaged(l, err, "the file system reports corruption");
    return ob_ledger_refuse(l, err, "cannot read or write: %s (SQLite %d)",
                            number ? strerror(number) : sqlite3_errmsg(l->db), rc);
}

static enum ob_status cannot_open(struct ob_ledger *l, struct ob_err *err)
{
    int number = sqlite3_system_errno(l->db);
    return ob_ledger_refuse(l, err, "cannot open it or the files beside it: %s",
                            number ? strerror(number) : sqlite3_errmsg(l->db));
}

enum ob_status ob_ledger_fault(struct ob_ledger *l, int rc, struct ob_err *err)
{
    int last_errno = errno;
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ob_ledger_damaged(l, err, sqlite3_errstr(rc & 0xff));
    case SQLITE_FULL:
        return full(l, err);
    case SQLITE_IOERR:
        return io_error(l, rc, last_errno, err);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return cannot_open(l, err);
    case SQLITE_READONLY:
        if (rc == SQLITE_READONLY_DBMOVED)
            return ob_ledger_refuse(l, err, "moved or deleted while in use");
        return ob_ledger_refuse(l, err, "read-only; it or its folder may not be written to");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ob_ledger_refuse(l, err, "busy: another process keeps writing to it; try again");
    default:
        return ob_ledger_refuse(l, err, "%s", sqlite3_errmsg(l->db));
    }
}

/* ---- one query ---- */

/* A kept statement that is in use belongs to an `each` whose callback asks the same: that inner
 * query gets a statement of its own. */
void ob_query_open(struct ob_query *q, struct ob_ledger *l, enum ob_sql which)
{
    *q = (struct ob_query){.l = l, .which = which, .rc = SQLITE_OK};
    sqlite3_stmt **kept = &l->statements[which];
    if (*kept && !sqlite3_stmt_busy(*kept)) {
        q->st = *kept;
        return;
    }
    unsigned flags = *kept ? 0 : SQLITE_PREPARE_PERSISTENT;
    q->rc = sqlite3_prepare_v3(l->db, queries[which], -1, flags, &q->st, NULL);
    if (!*kept)
        *kept = q->st;
}

void ob_query_prepare(struct ob_query *q, struct ob_ledger *l, const char *sql)
{
    *q = (struct ob_query){.l = l, .rc = SQLITE_OK};
    q->rc = sqlite3_prepare_v2(l->db, sql, -1, &q->st, NULL);
}

void ob_query_again(struct ob_query *q)
{
    sqlite3_reset(q->st);
    q->bound = 0;
}

void ob_query_close(struct ob_query *q)
{
    if (!q->st)
        return;
    if (q->st == q->l->statements[q->which]) {
        sqlite3_reset(q->st); /* repeats the failure that was told already */
        sqlite3_clear_bindings(q->st);
    } else {
        sqlite3_finalize(q->st);
    }
    q->st = NULL;
}

void ob_query_int(struct ob_query *q, int64_t i)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_int64(q->st, ++q->bound, i);
}

void ob_query_text(struct ob_query *q, const char *s)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_bind_text(q->st, ++q->bound, s ? s : "", -1, SQLITE_STATIC);
}

void ob_query_buf(struct ob_query *q, const struct ob_buf *b)
{
    if (q->rc != SQLITE_OK)
        return;
    if (b)
        q->rc = sqlite3_bind_text64(q->st, ++q->bound, ob_buf_str(b), b->len, SQLITE_STATIC,
                                    SQLITE_UTF8);
    else
        q->rc = sqlite3_bind_null(q->st, ++q->bound);
}

void ob_query_blob(struct ob_query *q, const void *p, size_t len)
{
    if (q->rc == SQLITE_OK) /* a NULL pointer would be SQL's NULL */
        q->rc = sqlite3_bind_blob64(q->st, ++q->bound, len ? p : "", len, SQLITE_STATIC);
}

enum ob_status ob_query_next(struct ob_query *q, bool *row, struct ob_err *err)
{
    *row = false;
    errno = 0;
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_step(q->st);
    if (q->rc != SQLITE_ROW && q->rc != SQLITE_DONE)
        return ob_ledger_fault(q->l, q->rc, err);
    *row = q->rc == SQLITE_ROW;
    q->rc = SQLITE_OK;
    return OB_OK;
}

/* A write after a failed one must not slip through: when SQLite rolled the turn back by itself,
 * it would become durable on its own. */
static enum ob_status may_write(struct ob_ledger *l, struct ob_err *err)
{
    if (!l->in_turn || (!l->turn_failed && !sqlite3_get_autocommit(l->db)))
        return OB_OK;
    if (!l->turn_failed)
        return ob_ledger_refuse(l, err, "the turn was rolled back");
    if (err)
        *err = l->why;
    return OB_ERR;
}

enum ob_status ob_query_write(struct ob_query *q, int *changed, struct ob_err *err)
{
    bool row;
    bool own = false;
    *changed = 0;
    enum ob_status st = may_write(q->l, err);
    if (st == OB_OK && q->l->audit) /* its event belongs into the same transaction */
        st = ob_ledger_group(q->l, &own, err);
    if (st == OB_OK)
        st = ob_ledger_may(q->l, false, err);
    if (st == OB_OK)
        st = ob_query_next(q, &row, err);
    if (st == OB_OK)
        *changed = sqlite3_changes(q->l->db);
    ob_query_close(q);
    return ob_ledger_group_end(q->l, own, st, err);
}

/* ---- columns ---- */

int64_t ob_query_get_int(struct ob_query *q, int column)
{
    return sqlite3_column_int64(q->st, column);
}

const char *ob_query_lend_text(struct ob_query *q, int column)
{
    const char *s = (const char *)sqlite3_column_text(q->st, column);
    return s ? s : "";
}

char *ob_query_get_text(struct ob_query *q, int column)
{
    return ob_xstrdup(ob_query_lend_text(q, column));
}

/* Blob first: asking for the text of a blob would convert it. */
static bool append(struct ob_query *q, int column, struct ob_buf *out)
{
    const void *p = sqlite3_column_blob(q->st, column);
    size_t len = (size_t)sqlite3_column_bytes(q->st, column);
    return len == 0 || ob_buf_add(out, p, len);
}

void ob_query_get_buf(struct ob_query *q, int column, struct ob_buf *out)
{
    ob_buf_init(out, OB_BUF_LARGE); /* SQLite's own limit is lower */
    (void)append(q, column, out);
}

enum ob_status ob_query_copy(struct ob_query *q, int column, struct ob_buf *out, struct ob_err *err)
{
    ob_buf_clear(out);
    if (append(q, column, out))
        return OB_OK;
    return ob_fail(err, OB_ERR, "ledger %s: a stored text is longer than the %zu bytes it may have",
                   q->l->path, out->max);
}
