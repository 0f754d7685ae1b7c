/* How personal data is held: each text is sealed under a key of the table `subject`, and is gone
 * when that key is. A person has a key, and so have each document about many people (a plan, an
 * input, a reading, an approval) and each run. A sealed value is a BLOB:
 *
 *   offset  length
 *        0       3  "obs"
 *        3       1  '1': as it was put; '2': rewritten since, without somebody who was erased
 *        4       8  subject.id, big-endian
 *       12      16  IV: the first counter block, random
 *       28       n  the text's n bytes, AES-256-CTR under subject.key
 *
 * so that an auditor needs sqlite3 and openssl only (offsets of SQL count from 1):
 *
 *   openssl enc -d -aes-256-ctr -K $(hex of subject.key) -iv $(hex of bytes 12 to 27)
 *
 * The cipher does not protect against change: the audit chain does, which has the SHA-256 of the
 * bytes as they are stored. An empty text is stored as an empty text. subject.key is empty once
 * erased; subject.proof, SHA-256(key), stays and says that a key shown later was the one.
 * Subject 1 is the ledger's own, nobody's: subject.tag is HMAC-SHA256 under its key of the
 * person's name (NULL for documents and once erased), so that a tag says nothing by itself.
 * A ledger in memory (rehearsals) seals nothing. Knows no SQL. Called by sqlite_subject.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

#define OB_SEAL_HEAD 28
#define OB_SEAL_KEY  32
#define OB_ERASED    "(erased)" /* what everybody reads where somebody was erased */

/* The cipher's state and a store of random IVs: one for each ledger. */
struct ob_sealer;
struct ob_sealer *ob_sealer_new(void);
void ob_sealer_free(struct ob_sealer *s);

struct ob_seal {
    int64_t subject;
    bool rewritten;
};
/* False: these bytes are no sealed value. */
bool ob_seal_read(struct ob_seal *seal, const void *p, size_t len);
/* Fills OB_SEAL_HEAD + len bytes. */
void ob_seal_write(struct ob_sealer *s, const struct ob_seal *seal,
                   const unsigned char key[OB_SEAL_KEY], const void *p, size_t len,
                   unsigned char *out);
/* Appends the text; false when it is longer than the buffer may be. */
bool ob_seal_open(struct ob_sealer *s, const unsigned char key[OB_SEAL_KEY], const void *p,
                  size_t len, struct ob_buf *out);
