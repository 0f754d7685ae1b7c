/* What the files sqlite*.c share, and the only place that includes sqlite3.h: the open ledger,
 * one query from its opening to its end, and how SQLite's failures are told. */
#pragma once
#include <sqlite3.h>
#include "base/digest.h"
#include "ledger/ledger.h"
#include "ledger/lock.h"
#include "ledger/seal.h"

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

/* A row of `subject`: a person, a document about many, a run. id 0: there is none. */
struct ob_subject {
    int64_t id;
    bool alive; /* the key is there; false: erased */
    unsigned char key[OB_SEAL_KEY];
};

struct ob_ledger {
    sqlite3 *db;
    char *path; /* as the operator gave it, for messages */
    struct ob_lock lock;
    struct ob_buf cleaned; /* the mark of an erasure that this opening finished; "": none */
    sqlite3_stmt *statements[OB_SQL_COUNT];
    struct ob_step_ref steps[OB_STEP_CACHE];
    size_t next_step;
    struct ob_sealer *sealer;    /* NULL: in memory, where nothing is sealed */
    struct ob_subject own;       /* the ledger's own */
    struct ob_subject *subjects; /* those used last, by id */
    bool in_turn;                /* between begin and commit */
    bool turn_failed;            /* a write of this turn failed: its commit must fail too */
    bool turn_intends;           /* this turn holds intents */
    bool sent;                   /* intents of an earlier turn are durable: calls may have left */
    struct ob_err why;           /* the turn's first failure */
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
/* A statement that is none of queries.def: used once, or in a loop with ob_query_again(). */
void ob_query_prepare(struct ob_query *q, struct ob_ledger *l, const char *sql);
void ob_query_again(struct ob_query *q);
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

/* ---- what is held sealed (sqlite_subject.c) ---- */

/* `sealing` is false for a ledger in memory. */
void ob_subjects_init(struct ob_ledger *l, bool sealing);
void ob_subjects_fini(struct ob_ledger *l);
/* Makes the ledger's own row in tables that are new; reads it. */
OB_MUST_CHECK enum ob_status ob_subjects_make(struct ob_ledger *l, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_subjects_read(struct ob_ledger *l, struct ob_err *err);
void ob_subjects_forget(struct ob_ledger *l);

/* The row of a person by name; made when it is not there and `may_make`, else out->id is 0. */
OB_MUST_CHECK enum ob_status ob_subject_of(struct ob_ledger *l, const char *name, bool may_make,
                                           struct ob_subject *out, struct ob_err *err);
/* A new one, for a document about many. */
OB_MUST_CHECK enum ob_status ob_subject_new(struct ob_ledger *l, struct ob_subject *out,
                                            struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_subject_get(struct ob_ledger *l, int64_t id, struct ob_subject *out,
                                            struct ob_err *err);
/* Under whose key the texts of a run, or of somebody in a step, are held; id 0: nobody's. */
OB_MUST_CHECK enum ob_status ob_subject_of_run(struct ob_ledger *l, int64_t run,
                                               struct ob_subject *out, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_subject_of_position(struct ob_ledger *l, int64_t step,
                                                    int64_t position, struct ob_subject *out,
                                                    struct ob_err *err);
/* Its key and its tag are gone with the commit; the row and its proof stay. */
OB_MUST_CHECK enum ob_status ob_subject_destroy(struct ob_ledger *l, int64_t id,
                                                struct ob_err *err);

/* A digest as it is held: made anew with this key, so that who was erased cannot be found by trying
 * names. As it is in a ledger in memory. */
void ob_subject_digest(struct ob_ledger *l, const struct ob_subject *s, const char *digest,
                       char out[OB_SHA256_HEX]);

/* Bind a value sealed under this key; as it is in a ledger in memory, and when it is empty.
 * NULL text is "", a NULL buffer is SQL's NULL; bytes are a blob in memory too. */
void ob_query_seal(struct ob_query *q, const struct ob_subject *s, const char *text);
void ob_query_seal_buf(struct ob_query *q, const struct ob_subject *s, const struct ob_buf *b);
void ob_query_seal_bytes(struct ob_query *q, const struct ob_subject *s, const void *p, size_t len);
/* The same, with the mark that somebody was erased from it. */
void ob_query_seal_rewritten(struct ob_query *q, const struct ob_subject *s, const void *p,
                             size_t len);

/* The seal of a column; false when it has none. */
bool ob_query_seal_of(struct ob_query *q, int column, struct ob_seal *seal);

enum ob_held {
    OB_HELD_WHOLE,
    OB_HELD_REWRITTEN, /* somebody was erased from it: its digest is of what it was */
    OB_HELD_ERASED,    /* its key is destroyed: the text is OB_ERASED */
};
/* Opens a column that may be sealed, into a buffer of the caller's; held may be NULL. */
OB_MUST_CHECK enum ob_status ob_query_opened(struct ob_query *q, int column, struct ob_buf *out,
                                             enum ob_held *held, struct ob_err *err);
/* The same as a text that the caller owns: never NULL, also on failure. */
OB_MUST_CHECK enum ob_status ob_query_opened_text(struct ob_query *q, int column, char **out,
                                                  enum ob_held *held, struct ob_err *err);

/* The same for an id by which people are counted: who was erased counts as before, each for one,
 * under a text that is nobody else's. To forget people must not make room for more. */
OB_MUST_CHECK enum ob_status ob_query_opened_id(struct ob_query *q, int column, char **out,
                                                struct ob_err *err);

/* ---- the file as a whole ---- */

/* Brings the tables of an older program to this schema, inside a turn (sqlite_migrate.c). */
OB_MUST_CHECK enum ob_status ob_ledger_migrate(struct ob_ledger *l, int64_t version,
                                               struct ob_err *err);
/* Marks, inside a turn, that freed pages and the log may hold what must not be kept, and why. */
OB_MUST_CHECK enum ob_status ob_ledger_soil(struct ob_ledger *l, const char *why,
                                            struct ob_err *err);
/* Cleans the file when it is so marked, and takes the mark away (sqlite_clean.c). `why` is set to
 * what the mark said, "" when there was none. OB_ERR_LOCKED: another process reads it. */
OB_MUST_CHECK enum ob_status ob_ledger_clean(struct ob_ledger *l, struct ob_buf *why,
                                             struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_exec(struct ob_ledger *l, const char *sql,
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
