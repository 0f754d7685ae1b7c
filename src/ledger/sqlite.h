/* What the files sqlite*.c share, and the only place that includes sqlite3.h: the open ledger,
 * one query from its opening to its end, and how SQLite's failures are told. */
#pragma once
#include <sqlite3.h>
#include "ledger/ledger.h"
#include "ledger/lock.h"

#define OB_STEP_CACHE 16 /* steps in flight at once are those of one together{} */

enum ob_sql {
#define OB_SQL(name, text) OB_SQL_##name,
#include "ledger/queries.def"
#undef OB_SQL
    OB_SQL_COUNT
};

struct ob_step_ref {
    int64_t run;
    char *path;
    int64_t id;
};

struct ob_ledger {
    sqlite3 *db;
    char *path; /* as the operator gave it, for messages */
    struct ob_lock lock;
    sqlite3_stmt *statements[OB_SQL_COUNT];
    struct ob_step_ref steps[OB_STEP_CACHE];
    size_t next_step;
    bool in_turn;      /* between begin and commit */
    bool turn_failed;  /* a write of this turn failed: its commit must fail too */
    bool turn_intends; /* this turn holds intents */
    bool sent;         /* intents of an earlier turn are durable: calls may have left */
    struct ob_err why; /* the turn's first failure */
    bool (*may)(void *ctx, bool commit); /* see ob_ledger_watch */
    void *may_ctx;
    struct ob_audit *audit; /* NULL: in memory, or only read */
    bool chained;           /* has a chain: not in memory */
};
/* Asks whoever watches; OB_ERR when it says no. */
OB_MUST_CHECK enum ob_status ob_ledger_may(struct ob_ledger *l, bool commit, struct ob_err *err);

/* ---- failures (sqlite_query.c) ---- */

/* OB_ERR with "ledger PATH: " before the text; inside a turn it also dooms the turn. */
enum ob_status ob_ledger_refuse(struct ob_ledger *l, struct ob_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a result code of SQLite. */
enum ob_status ob_ledger_fault(struct ob_ledger *l, int rc, struct ob_err *err);
enum ob_status ob_ledger_damaged(struct ob_ledger *l, struct ob_err *err, const char *what);

/* ---- one query ---- */

/* Values are bound from left to right; the first failure is kept and told by next or write.
 * Bound text must live until then. Columns count from 0. */
struct ob_query {
    struct ob_ledger *l;
    sqlite3_stmt *st;
    enum ob_sql which;
    int rc;
    int bound;
};

void ob_query_open(struct ob_query *q, struct ob_ledger *l, enum ob_sql which);
void ob_query_close(struct ob_query *q);
void ob_query_int(struct ob_query *q, int64_t i);
void ob_query_text(struct ob_query *q, const char *s);         /* NULL is "" */
void ob_query_buf(struct ob_query *q, const struct ob_buf *b); /* as text; NULL is SQL's NULL */
void ob_query_blob(struct ob_query *q, const void *p, size_t len);
/* *row is false after the last one, and on failure. */
OB_MUST_CHECK enum ob_status ob_query_next(struct ob_query *q, bool *row, struct ob_err *err);
/* Runs a statement that writes, closes the query and answers how many rows it changed. */
OB_MUST_CHECK enum ob_status ob_query_write(struct ob_query *q, int *changed, struct ob_err *err);

int64_t ob_query_get_int(struct ob_query *q, int column);
const char *ob_query_lend_text(struct ob_query *q, int column); /* until the next row */
char *ob_query_get_text(struct ob_query *q, int column);        /* owned by the caller */
/* Into a buffer that is initialised here, or appended to the caller's. */
void ob_query_get_buf(struct ob_query *q, int column, struct ob_buf *out);
OB_MUST_CHECK enum ob_status ob_query_copy(struct ob_query *q, int column, struct ob_buf *out,
                                           struct ob_err *err);

/* ---- shared by the tables ---- */

/* A write of several statements: joins the turn, or makes one of its own that `end` commits
 * when st is OB_OK and rolls back otherwise. */
OB_MUST_CHECK enum ob_status ob_ledger_group(struct ob_ledger *l, bool *own, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_group_end(struct ob_ledger *l, bool own, enum ob_status st,
                                                 struct ob_err *err);
/* The row id of a step; 0 when there is none. */
OB_MUST_CHECK enum ob_status ob_ledger_step_id(struct ob_ledger *l, int64_t run, const char *path,
                                               int64_t *id, struct ob_err *err);
/* The same where the step must be there. */
OB_MUST_CHECK enum ob_status ob_ledger_step_need(struct ob_ledger *l, int64_t run, const char *path,
                                                 int64_t *id, struct ob_err *err);
void ob_ledger_forget_steps(struct ob_ledger *l);
