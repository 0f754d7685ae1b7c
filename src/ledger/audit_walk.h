/* Walking a chain: events are read one by one, held against each other, and handed on. Shared by
 * verify.c and receipt.c. */
#pragma once
#include "ledger/audit.h"

struct ob_audit_event {
    int64_t seq;
    const char *prev, *back; /* hashes; NULL: an event is missing there */
    const char *body;
    size_t len;
    const char *hash;   /* as stored */
    bool fits;          /* the hash is the one that prev, back and body give, as far as known */
    const char *unfit;  /* why the body cannot be read; NULL: it can */
    int64_t at_ms;      /* as the body says */
    int64_t adopted;    /* 0: it does not say */
    const char *schema; /* 64 digits; NULL: it does not say */
    const char *rows;   /* what ob_audit_event_row reads */
};

/* `each` answers false to stop. */
OB_MUST_CHECK enum ob_status ob_audit_walk(struct ob_ledger *l,
                                           bool (*each)(void *, const struct ob_audit_event *),
                                           void *ctx, struct ob_err *err);

struct ob_audit_row {
    const char *table;
    size_t table_len;
    int64_t rowid;
    const char *hash; /* 64 digits; NULL: the row was deleted */
};
/* The next row of an event whose `unfit` is NULL; *at begins as event->rows. */
bool ob_audit_event_row(const char **at, struct ob_audit_row *row);
