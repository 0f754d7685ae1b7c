/* What the two halves of erasing somebody share: sqlite_erase_who.c finds out who it is and who
 * needs what is known of them, sqlite_erase.c rewrites. */
#pragma once
#include "ledger/efface.h"
#include "ledger/sqlite.h"

struct ob_place { /* a row of the person's */
    int64_t run, step, position;
    char *path;
};

struct ob_needed { /* a document that an open run needs as it is */
    char digest[65];
    int64_t run;
};

struct ob_erasing {
    struct ob_ledger *l;
    const char *arg;
    bool doing;                         /* false: only looking */
    struct ob_texts names, ids, person; /* person: both */
    struct ob_texts pairs;              /* "target\nid" of theirs */
    int64_t *subjects;
    size_t subject_count;
    struct ob_place *places;
    size_t place_count;
    struct ob_texts policies;  /* digests of policy sources */
    struct ob_texts rewritten; /* digests of inputs and readings that named them */
    struct ob_needed *needed;
    size_t needed_count;
    int64_t open_run; /* that is in the way; 0: none */
    struct ob_erasure *out;
};
void ob_erasing_fini(struct ob_erasing *x);

/* Fills names, ids, subjects and places. OB_ERR_USAGE: more than one person. None found is no
 * error: they may stand in documents only, under the name given. */
OB_MUST_CHECK enum ob_status ob_erase_find(struct ob_erasing *x, struct ob_err *err);
/* Fills policies, needed, and adds what plans know the person by. */
OB_MUST_CHECK enum ob_status ob_erase_read_plans(struct ob_erasing *x, struct ob_err *err);
/* Into `out`, without the person; false when it does not name them. */
bool ob_erase_text(const struct ob_erasing *x, enum ob_efface_kind kind, const struct ob_buf *text,
                   struct ob_buf *out);
void ob_erase_blocked(struct ob_erasing *x, int64_t run); /* 0: it is not */
/* `key` is the run's number. */
OB_MUST_CHECK enum ob_status ob_erase_run(struct ob_erasing *x, const char *key,
                                          struct ob_err *err);
int64_t ob_erase_needed_by(const struct ob_erasing *x, const char *digest); /* 0: no open run */
