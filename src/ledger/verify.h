/* Holding a ledger against its own chain: every event, every row of every table, the schema, the
 * pages and the signed head. Reads only. */
#pragma once
#include "ledger/ledger.h"

#define OB_FINDINGS_MAX 100 /* told one by one; all are counted */

struct ob_verify_options {
    const char *pub;            /* the public key's file; NULL: the one beside the ledger */
    const struct ob_head *head; /* one that was kept: the chain must still have it; NULL: none */
};

struct ob_verify_report {
    struct ob_head head; /* the end of the chain, as its events say */
    int64_t rows;        /* that are there */
    int64_t adopted;     /* the chain began with rows of this older schema; 0: it began empty */
    char key[OB_SHA256_HEX];
    int64_t count;            /* of findings */
    struct ob_value findings; /* the first of them, texts */
};
void ob_verify_report_fini(struct ob_verify_report *r);

/* OB_ERR_AUDIT when something was found (err counts it); OB_OK: all is as it was recorded. Other
 * errors: it cannot be verified at all. */
OB_MUST_CHECK enum ob_status ob_ledger_verify(const char *path, const struct ob_verify_options *o,
                                              struct ob_verify_report *r, struct ob_err *err);
