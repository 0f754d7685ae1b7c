/* Ed25519 keys and signatures over OpenSSL: PEM files that `openssl pkey` reads and writes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/digest.h"
#include "base/status.h"

#define OB_SIGNATURE_LEN 64

struct ob_key; /* a pair, or only its public half */

/* Ends the process when the system has no randomness. */
struct ob_key *ob_key_new(void);
void ob_key_free(struct ob_key *k);

/* A file that is there is never overwritten: OB_ERR_USAGE. The private one is 0600 (PKCS #8). */
OB_MUST_CHECK enum ob_status ob_key_write_private(const struct ob_key *k, const char *path,
                                                  struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_key_write_public(const struct ob_key *k, const char *path,
                                                 struct ob_err *err);
/* Missing, unreadable, another kind of key: OB_ERR_USAGE that names the file and what is wrong.
 * A private key that group or others may read is refused. */
OB_MUST_CHECK enum ob_status ob_key_read_private(struct ob_key **out, const char *path,
                                                 struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_key_read_public(struct ob_key **out, const char *path,
                                                struct ob_err *err);

/* Only with a pair. */
OB_MUST_CHECK enum ob_status ob_key_sign(const struct ob_key *k, const void *p, size_t len,
                                         unsigned char signature[OB_SIGNATURE_LEN],
                                         struct ob_err *err);
bool ob_key_verify(const struct ob_key *k, const void *p, size_t len,
                   const unsigned char *signature, size_t signature_len);
/* SHA-256 of the public half (its DER SubjectPublicKeyInfo), hex: the name of a key. */
char *ob_key_print(const struct ob_key *k, char out[OB_SHA256_HEX]);
/* Its public half as PEM text, appended. */
void ob_key_public_pem(const struct ob_key *k, struct ob_buf *out);
