/* The chain: what the files audit*.c share. Each commit appends events that name the rows that it
 * changed and what they are now; the end of the chain is the head, signed by the installation's
 * key. A ledger in memory has no chain.
 *
 * An event's body is canonical JSON on one line:
 *   {"at_ms":T,"rows":[["person",12,"<hash>"],["call",3,null]],"seq":N}
 * null is a row that was deleted. The first event has "schema", the digest of the tables'
 * definitions, and when the rows are older than the chain, "adopted", the schema they had. A row's
 * hash is the SHA-256 of its text (audit_row.c); an event's hash is the SHA-256 of three digests in
 * hex, one behind the other: the event before it, the event whose number is this one's without its
 * lowest 1 bit (OB_AUDIT_ZERO when there is none), and its body. That second link makes the way
 * from any event to the head short, so that a receipt is. */
#pragma once
#include "base/signature.h"
#include "ledger/sqlite.h"

#define OB_AUDIT_ROWS   64 /* in one event, so that an event can be quoted */
#define OB_AUDIT_SCHEMA 3  /* the first schema that has the tables of a chain */
#define OB_AUDIT_ZERO   "0000000000000000000000000000000000000000000000000000000000000000"

/* ---- tables (audit_row.c) ---- */

struct ob_audit_table {
    char *name;
    char **keys; /* `"column":` in the order of their names, which is that of `rows` */
    bool *large; /* about many people: only its digest is part of the row's text */
    int columns;
    int alias;          /* the column that is the row id by another name; -1: there is none */
    sqlite3_stmt *rows; /* rowid and the columns, of the rows between two ids */
};

struct ob_audit_tables {
    struct ob_audit_table *at;
    size_t count;
};

/* All tables but the chain's own, in the order of their names. */
OB_MUST_CHECK enum ob_status ob_audit_tables_read(struct ob_audit_tables *t, struct ob_ledger *l,
                                                  struct ob_err *err);
void ob_audit_tables_free(struct ob_audit_tables *t);
/* -1: there is none. */
int ob_audit_table_find(const struct ob_audit_tables *t, const char *name, size_t len);
/* The text of the row that t->rows stands on, as if its id were `rowid`. */
void ob_audit_row_text(const struct ob_audit_table *t, int64_t rowid, struct ob_buf *out);
void ob_audit_int(struct ob_buf *out, int64_t i);
/* SHA-256 of all definitions and the schema's version. */
OB_MUST_CHECK enum ob_status ob_audit_schema(struct ob_ledger *l, char digest[OB_SHA256_HEX],
                                             struct ob_err *err);

/* ---- the chain's arithmetic (audit_head.c) ---- */

static inline int64_t ob_audit_back(int64_t seq)
{
    return seq & (seq - 1);
}
void ob_audit_hash(const char *prev, const char *back, const char *body, size_t len,
                   char out[OB_SHA256_HEX]);
/* What is signed: "offboard-head SEQ HASH AT_MS". */
void ob_head_text(const struct ob_head *h, char out[160]);
OB_MUST_CHECK enum ob_status ob_head_read(struct ob_ledger *l, struct ob_head *h,
                                          struct ob_err *err);

/* ---- appending (audit.c, audit_key.c) ---- */

struct ob_audit_change {
    int table;
    int64_t rowid;
};

struct ob_audit {
    struct ob_audit_tables tables;
    struct ob_audit_change *changes; /* of this turn, in any order, some twice */
    size_t count, cap;
    bool begin;             /* this turn takes all rows in, with the schema */
    int64_t adopted;        /* the schema they had before; 0: none */
    const char *stranger;   /* a row was changed in a table that nobody knows */
    struct ob_head last;    /* as this process saw it; seq 0: not yet */
    struct ob_head pending; /* of this turn */
    struct ob_key *key;     /* once it was needed */
    char *key_path, *pub_path, *head_path;
    struct ob_buf row, body;
};

struct ob_audit *ob_audit_new(const char *real);
void ob_audit_free(struct ob_audit *a);
/* Inside the turn that makes or migrates the tables, and where a ledger has no chain yet: all rows
 * become part of it at the commit. `version` is the schema they had, 0: there were none. */
OB_MUST_CHECK enum ob_status ob_audit_begin(struct ob_ledger *l, int64_t version,
                                            struct ob_err *err);
/* Once the tables are there: from here on changes are heard of. */
OB_MUST_CHECK enum ob_status ob_audit_attach(struct ob_ledger *l, struct ob_err *err);
/* Before the commit, and after it. */
OB_MUST_CHECK enum ob_status ob_audit_append(struct ob_ledger *l, struct ob_err *err);
void ob_audit_committed(struct ob_ledger *l);
void ob_audit_forget(struct ob_ledger *l); /* rolled back */

/* OB_ERR_AUDIT with "ledger PATH: " before it; dooms the turn. */
enum ob_status ob_audit_refuse(struct ob_ledger *l, struct ob_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads the key, or makes it when no chain needs another one. */
OB_MUST_CHECK enum ob_status ob_audit_key_need(struct ob_ledger *l, bool chained,
                                               struct ob_err *err);
bool ob_audit_key_there(const struct ob_audit *a);
bool ob_head_signed_by(const struct ob_head *h, const struct ob_key *key);

/* The file beside the ledger that knows its latest head. *there false: no such file. */
OB_MUST_CHECK enum ob_status ob_head_file_read(const char *path, struct ob_head *h, bool *there,
                                               struct ob_err *err);
void ob_head_file_write(const char *path, const struct ob_head *h, const struct ob_key *key);
