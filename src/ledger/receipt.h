/* A receipt: what the ledger knows of one person, each row as it is stored, with the events that
 * recorded it and the way from these to the signed head. One thing a line, made to be verified by
 * scripts/verify-receipt.sh without this program:
 *
 *   offboard-receipt 1
 *   event PREV BACK BODY     an event that recorded a row, with the hashes it follows
 *   link PREV BACK DIGEST    one on the way, of which only the digest of its body is told
 *   head SEQ HASH AT_MS SIGNATURE
 *   row ROW                  [table, rowid, columns]
 *   end
 *
 * Events and links are in the order of the chain; each one's hash is the PREV or the BACK of the
 * next, and the last one's is the head's. */
#pragma once
#include "ledger/ledger.h"

/* `run` 0: of all runs. OB_ERR_USAGE: nobody of this name or id is known; OB_ERR_AUDIT: a row is
 * not what was recorded of it. */
OB_MUST_CHECK enum ob_status ob_ledger_receipt(struct ob_ledger *l, const char *person, int64_t run,
                                               struct ob_buf *out, struct ob_err *err);
