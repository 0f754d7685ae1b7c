/* The ledger on SQLite: opening, the schema, and the turn (begin, commit, rollback). Write-ahead
 * logging with synchronous=FULL, so that a commit that returned is on stable storage. Tables are
 * in schema.h, statements in queries.def, rows in the other sqlite_*.c. Called by the engine. */
#include "ledger/sqlite.h"
#include "ledger/audit.h"
#include "ledger/file.h"
#include "ledger/rows.h"
#include "ledger/schema.h"
#include "base/mem.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_MS      10000
#define CHECK_BYTES  ((int64_t)16 * 1024 * 1024) /* some 50 ms */
#define WAL_RETRY_MS 20

static bool in_memory(const char *path)
{
    return strcmp(path, ":memory:") == 0;
}

enum ob_status ob_ledger_exec(struct ob_ledger *l, const char *sql, struct ob_err *err)
{
    errno = 0;
    int rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OB_OK : ob_ledger_fault(l, rc, err);
}

/* ---- opening ---- */

static enum ob_status connect(struct ob_ledger *l, const char *real, int flags, struct ob_err *err)
{
    if (in_memory(real))
        flags |= SQLITE_OPEN_MEMORY;
    int rc =
        sqlite3_open_v2(real, &l->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK)
        return ob_ledger_fault(l, rc, err);
    sqlite3_busy_timeout(l->db, BUSY_MS);
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    bool readonly =
        sqlite3_db_readonly(l->db, "main") == 1; /* SQLite falls back to that silently */
    if (readonly && !(flags & SQLITE_OPEN_READONLY))
        return ob_ledger_fault(l, SQLITE_READONLY, err);
    /* cell_size_check and trusted_schema: the file may be damaged or made to harm. temp_store:
     * no names of people in /tmp. secure_delete: what was erased is overwritten. */
    return ob_ledger_exec(
        l,
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
        "PRAGMA cache_size = -16384; PRAGMA secure_delete = ON",
        err);
}

struct ob_identity {
    int64_t application, version, tables;
};

/* In one statement: another process may be making the schema right now. */
static enum ob_status identify(struct ob_ledger *l, struct ob_identity *id, struct ob_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(l->db,
                                "SELECT application_id, user_version, (SELECT count(*) FROM"
                                " sqlite_schema) FROM pragma_application_id, pragma_user_version",
                                -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        id->application = sqlite3_column_int64(st, 0);
        id->version = sqlite3_column_int64(st, 1);
        id->tables = sqlite3_column_int64(st, 2);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? OB_OK : ob_ledger_fault(l, rc, err);
}

static bool is_fresh(const struct ob_identity *id)
{
    return id->application == 0 && id->version == 0 && id->tables == 0;
}

static enum ob_status check_identity(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_identity id = {0};
    enum ob_status st = identify(l, &id, err);
    if (st != OB_OK || is_fresh(&id))
        return st;
    if (id.application != OB_SCHEMA_APPLICATION)
        return ob_ledger_refuse(l, err, "not a ledger but another program's database");
    if (id.version > OB_SCHEMA_VERSION)
        return ob_ledger_refuse(l, err,
                                "made by a newer offboard (schema %lld, this one knows up to %d);"
                                " use that version",
                                (long long)id.version, OB_SCHEMA_VERSION);
    if (id.version < 1)
        return ob_ledger_damaged(l, err, "it has no schema version");
    return OB_OK;
}

/* A damaged page is better met before anything is sent. Larger files would make every command
 * wait; theirs is met when the page is read. */
static enum ob_status check_pages(struct ob_ledger *l, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    sqlite3_stmt *check = NULL;
    int rc = sqlite3_prepare_v2(l->db,
                                "SELECT quick_check FROM pragma_page_count, pragma_page_size,"
                                " pragma_quick_check(1) WHERE page_count * page_size <= ?",
                                -1, &check, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(check, 1, CHECK_BYTES);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(check);
    if (rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0)
        st = ob_ledger_damaged(l, err, "its pages do not fit together");
    else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = ob_ledger_fault(l, rc, err);
    sqlite3_finalize(check);
    return st;
}

static int ask_for_wal(struct ob_ledger *l, bool *ok)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(l->db, "PRAGMA journal_mode = WAL", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ok = strcmp((const char *)sqlite3_column_text(st, 0), "delete") != 0;
    sqlite3_finalize(st);
    return rc;
}

/* The change of mode does not wait for other processes by itself. */
static enum ob_status use_wal(struct ob_ledger *l, struct ob_err *err)
{
    bool ok = false;
    int rc = ask_for_wal(l, &ok);
    for (int ms = 0; (rc & 0xff) == SQLITE_BUSY && ms < BUSY_MS; ms += WAL_RETRY_MS) {
        sqlite3_sleep(WAL_RETRY_MS);
        rc = ask_for_wal(l, &ok);
    }
    if (rc != SQLITE_ROW)
        return ob_ledger_fault(l, rc, err);
    if (!ok)
        return ob_ledger_refuse(l, err,
                                "no write-ahead log is possible on this file system;"
                                " put the ledger on a local disk");
    return OB_OK;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

static enum ob_status make_tables(struct ob_ledger *l, struct ob_err *err)
{
    enum ob_status st = ob_ledger_exec(l, ob_schema, err);
    if (st == OB_OK)
        st = ob_subjects_make(l, err);
    if (st == OB_OK)
        st = ob_ledger_exec(
            l,
            "PRAGMA application_id = " TEXT(OB_SCHEMA_APPLICATION) ";"
                                                                   "PRAGMA user_version = " TEXT(
                                                                       OB_SCHEMA_VERSION),
            err);
    return st;
}

/* Another process may have made or migrated the tables, and begun the chain with them. */
static enum ob_status begin_chain(struct ob_ledger *l, int64_t version, struct ob_err *err)
{
    struct ob_head head;
    enum ob_status st = ob_head_read(l, &head, err);
    return st == OB_OK && !head.seq ? ob_audit_begin(l, version, err) : st;
}

static enum ob_status make_schema(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_identity id = {0};
    enum ob_status st = identify(l, &id, err);
    if (st != OB_OK || id.version == OB_SCHEMA_VERSION)
        return st;
    bool own;
    st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    st = identify(l, &id, err); /* another process may have been faster */
    if (st == OB_OK && is_fresh(&id))
        st = make_tables(l, err);
    else if (st == OB_OK && id.version < OB_SCHEMA_VERSION)
        st = ob_ledger_migrate(l, id.version, err);
    if (st == OB_OK)
        st = begin_chain(l, id.version, err);
    return ob_ledger_group_end(l, own, st, err);
}

static enum ob_status open_file(struct ob_ledger *l, char **real, struct ob_err *err)
{
    if (in_memory(l->path)) {
        *real = ob_xstrdup(l->path);
        return OB_OK;
    }
    enum ob_status st = ob_ledger_file_make(l->path, real, err);
    if (st == OB_OK) {
        ob_lock_init(&l->lock, *real);
        l->audit = ob_audit_new(*real);
    }
    return st;
}

/* An erasure or a migration that was interrupted. When somebody else reads the file it stays
 * marked, for whoever comes next. */
static enum ob_status finish_cleaning(struct ob_ledger *l, struct ob_err *err)
{
    enum ob_status st = l->sealer ? ob_ledger_clean(l, &l->cleaned, err) : OB_OK;
    return st == OB_ERR_LOCKED ? OB_OK : st;
}

enum ob_status ob_ledger_open(struct ob_ledger **out, const char *path, struct ob_err *err)
{
    *out = NULL;
    char *real = NULL;
    struct ob_ledger *l = ob_xcalloc(1, sizeof *l);
    l->path = ob_xstrdup(path);
    ob_lock_init(&l->lock, NULL);
    ob_buf_init(&l->cleaned, OB_BUF_SMALL);
    ob_subjects_init(l, !in_memory(path));
    enum ob_status st = open_file(l, &real, err);
    if (st == OB_OK)
        st = connect(l, real, SQLITE_OPEN_READWRITE, err);
    if (st == OB_OK)
        st = check_identity(l, err); /* before anything is written to what may not be ours */
    if (st == OB_OK)
        st = check_pages(l, err);
    if (st == OB_OK)
        st = use_wal(l, err);
    if (st == OB_OK)
        st = make_schema(l, err);
    if (st == OB_OK)
        st = ob_audit_attach(l, err);
    if (st == OB_OK)
        st = ob_subjects_read(l, err);
    if (st == OB_OK)
        st = finish_cleaning(l, err);
    free(real);
    if (st == OB_OK)
        *out = l;
    else
        ob_ledger_close(l);
    return st;
}

/* ---- opening to look at it ---- */

/* A folder that may not be written to has no place for the write-ahead log's index; without a log
 * there is nothing to index, and nobody can be writing. */
static char *immutable_name(const char *real)
{
    struct stat st;
    struct ob_buf uri;
    char *wal = ob_xasprintf("%s-wal", real);
    bool log = stat(wal, &st) == 0 && st.st_size > 0;
    free(wal);
    if (log)
        return NULL;
    ob_buf_init(&uri, OB_BUF_SMALL);
    ob_buf_adds(&uri, "file:");
    for (; *real; real++)
        if (strchr("%?#", *real))
            ob_buf_addf(&uri, "%%%02x", (unsigned)*real);
        else
            ob_buf_addc(&uri, *real);
    ob_buf_adds(&uri, "?immutable=1");
    return ob_buf_take(&uri);
}

static enum ob_status connect_read(struct ob_ledger *l, const char *real, struct ob_identity *id,
                                   struct ob_err *err)
{
    enum ob_status st = connect(l, real, SQLITE_OPEN_READONLY, err);
    if (st == OB_OK)
        st = identify(l, id, err);
    char *uri = st == OB_OK ? NULL : immutable_name(real);
    int code = sqlite3_errcode(l->db) & 0xff;
    if (uri && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY)) {
        sqlite3_close(l->db);
        l->db = NULL;
        st = connect(l, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
        if (st == OB_OK)
            st = identify(l, id, err);
    }
    free(uri);
    return st;
}

static enum ob_status open_read(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_identity id = {0};
    char *real = realpath(l->path, NULL);
    if (!real)
        return ob_fail(err, OB_ERR_USAGE, "ledger %s: %s", l->path, strerror(errno));
    enum ob_status st = connect_read(l, real, &id, err);
    free(real);
    if (st == OB_OK)
        st = check_identity(l, err);
    if (st == OB_OK && id.version < OB_AUDIT_SCHEMA)
        st = ob_ledger_refuse(l, err,
                              "made by an older offboard, which kept no chain of events; the next"
                              " command that opens it begins one, for example offboard status");
    return st == OB_OK ? ob_subjects_read(l, err) : st;
}

enum ob_status ob_ledger_open_read(struct ob_ledger **out, const char *path, struct ob_err *err)
{
    struct ob_ledger *l = ob_xcalloc(1, sizeof *l);
    l->path = ob_xstrdup(path);
    l->chained = true;
    ob_lock_init(&l->lock, NULL);
    ob_buf_init(&l->cleaned, OB_BUF_SMALL);
    ob_subjects_init(l, true);
    enum ob_status st = open_read(l, err);
    *out = st == OB_OK ? l : NULL;
    if (st != OB_OK)
        ob_ledger_close(l);
    return st;
}

void ob_ledger_close(struct ob_ledger *l)
{
    if (!l)
        return;
    ob_ledger_rollback(l);
    ob_ledger_forget_steps(l);
    for (size_t i = 0; i < OB_SQL_COUNT; i++)
        sqlite3_finalize(l->statements[i]);
    ob_audit_free(l->audit);
    sqlite3_close(l->db);
    ob_lock_fini(&l->lock);
    ob_subjects_fini(l);
    ob_buf_fini(&l->cleaned);
    free(l->path);
    free(l);
}

/* ---- the turn ---- */

static enum ob_status turn_step(struct ob_ledger *l, enum ob_sql which, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, which);
    enum ob_status st = ob_query_next(&q, &row, err);
    ob_query_close(&q);
    return st;
}

enum ob_status ob_ledger_begin(struct ob_ledger *l, struct ob_err *err)
{
    if (l->in_turn)
        return ob_ledger_refuse(l, err, "begin inside begin");
    enum ob_status st = turn_step(l, OB_SQL_BEGIN, err);
    l->in_turn = st == OB_OK;
    return st;
}

static void end_turn(struct ob_ledger *l)
{
    l->in_turn = l->turn_failed = l->turn_intends = false;
}

enum ob_status ob_ledger_commit(struct ob_ledger *l, struct ob_err *err)
{
    if (!l->in_turn)
        return ob_ledger_refuse(l, err, "commit without begin");
    if (!l->turn_failed && ob_audit_append(l, NULL) == OB_OK &&
        ob_ledger_may(l, true, NULL) == OB_OK && turn_step(l, OB_SQL_COMMIT, NULL) == OB_OK) {
        l->sent = l->sent || l->turn_intends;
        ob_audit_committed(l);
        end_turn(l);
        return OB_OK;
    }
    enum ob_status st = l->why.status;
    if (err)
        *err = l->why;
    ob_ledger_rollback(l);
    return st;
}

/* After some failures SQLite has rolled back by itself. */
void ob_ledger_rollback(struct ob_ledger *l)
{
    if (l->in_turn && !sqlite3_get_autocommit(l->db))
        (void)!turn_step(l, OB_SQL_ROLLBACK, NULL);
    if (l->in_turn) {
        ob_ledger_forget_steps(l);
        ob_subjects_forget(l);
    }
    ob_audit_forget(l);
    end_turn(l);
}

enum ob_status ob_ledger_group(struct ob_ledger *l, bool *own, struct ob_err *err)
{
    *own = !l->in_turn;
    return *own ? ob_ledger_begin(l, err) : OB_OK;
}

enum ob_status ob_ledger_group_end(struct ob_ledger *l, bool own, enum ob_status st,
                                   struct ob_err *err)
{
    if (own && st == OB_OK)
        return ob_ledger_commit(l, err);
    if (own)
        ob_ledger_rollback(l);
    return st;
}

/* ---- locks ---- */

enum ob_status ob_ledger_run_lock(struct ob_ledger *l, int64_t run, struct ob_err *err)
{
    return ob_lock_take(&l->lock, run, err);
}

void ob_ledger_run_unlock(struct ob_ledger *l, int64_t run)
{
    ob_lock_drop(&l->lock, run);
}
