/* Digests and encodings over OpenSSL, for every folder that needs one. */
#pragma once
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

#define OB_SHA256_HEX 65
char *ob_sha256_hex(const void *p, size_t len, char out[OB_SHA256_HEX]); /* lower case */
void ob_hmac_sha256(const void *key, size_t klen, const void *p, size_t len, unsigned char out[32]);
void ob_hmac_sha1(const void *key, size_t klen, const void *p, size_t len, unsigned char out[20]);
void ob_hex(struct ob_buf *out, const unsigned char *p, size_t len); /* lower case */
void ob_base64(struct ob_buf *out, const void *p, size_t len);
/* Appends what ob_base64() made the text of; false for any other text. */
bool ob_unbase64(struct ob_buf *out, const char *text, size_t len);

/* Incremental SHA-256, for digests over things that are never one piece. */
struct ob_sha256;
struct ob_sha256 *ob_sha256_new(void);
void ob_sha256_add(struct ob_sha256 *d, const void *p, size_t len);
char *ob_sha256_end(struct ob_sha256 *d, char out[OB_SHA256_HEX]); /* frees d */
