/* See seal.h. A libcrypto that refuses AES leaves nothing that could be held, so that ends the
 * process, as in base/digest.c. */
#include "ledger/seal.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/random.h"

#define MAGIC   "obs"
#define AT_KIND 3
#define AT_ID   4
#define AT_IV   12
#define IV      16
#define POOL    256 /* IVs drawn at once: a system call for each would cost more than the cipher */

struct ob_sealer {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx;
    size_t left; /* of the pool */
    unsigned char pool[POOL][IV];
};

static void must(int ok)
{
    if (ok)
        return;
    fputs("offboard: libcrypto refuses AES-256-CTR\n", stderr);
    _Exit(1);
}

struct ob_sealer *ob_sealer_new(void)
{
    struct ob_sealer *s = ob_xcalloc(1, sizeof *s);
    s->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    s->ctx = EVP_CIPHER_CTX_new();
    must(s->cipher && s->ctx);
    must(EVP_CipherInit_ex2(s->ctx, s->cipher, NULL, NULL, 1, NULL));
    return s;
}

void ob_sealer_free(struct ob_sealer *s)
{
    if (!s)
        return;
    EVP_CIPHER_CTX_free(s->ctx);
    EVP_CIPHER_free(s->cipher);
    free(s);
}

/* Encryption and decryption are the same in this mode. */
static void run(struct ob_sealer *s, const unsigned char *key, const unsigned char *iv,
                const unsigned char *in, size_t len, unsigned char *out)
{
    int n;
    must(EVP_CipherInit_ex2(s->ctx, NULL, key, iv, 1, NULL));
    for (size_t at = 0; at < len; at += (size_t)n) {
        size_t part = len - at < (1 << 30) ? len - at : 1 << 30;
        must(EVP_CipherUpdate(s->ctx, out + at, &n, in + at, (int)part) && n > 0);
    }
}

bool ob_seal_read(struct ob_seal *seal, const void *p, size_t len)
{
    const unsigned char *b = p;
    if (len < OB_SEAL_HEAD || memcmp(b, MAGIC, AT_KIND) != 0 ||
        (b[AT_KIND] != '1' && b[AT_KIND] != '2'))
        return false;
    uint64_t id = 0;
    for (int i = 0; i < 8; i++)
        id = id << 8 | b[AT_ID + i];
    *seal = (struct ob_seal){.subject = (int64_t)id, .rewritten = b[AT_KIND] == '2'};
    return true;
}

static const unsigned char *next_iv(struct ob_sealer *s)
{
    if (!s->left) {
        ob_random_bytes(s->pool, sizeof s->pool);
        s->left = POOL;
    }
    return s->pool[--s->left];
}

void ob_seal_write(struct ob_sealer *s, const struct ob_seal *seal,
                   const unsigned char key[OB_SEAL_KEY], const void *p, size_t len,
                   unsigned char *out)
{
    memcpy(out, MAGIC, AT_KIND);
    out[AT_KIND] = seal->rewritten ? '2' : '1';
    for (int i = 0; i < 8; i++)
        out[AT_ID + i] = (unsigned char)((uint64_t)seal->subject >> (56 - 8 * i));
    memcpy(out + AT_IV, next_iv(s), IV);
    run(s, key, out + AT_IV, p, len, out + OB_SEAL_HEAD);
}

bool ob_seal_open(struct ob_sealer *s, const unsigned char key[OB_SEAL_KEY], const void *p,
                  size_t len, struct ob_buf *out)
{
    const unsigned char *b = p;
    size_t from = out->len;
    if (len < OB_SEAL_HEAD)
        return false;
    if (len == OB_SEAL_HEAD)
        return true;
    if (!ob_buf_add(out, b + OB_SEAL_HEAD, len - OB_SEAL_HEAD))
        return false;
    run(s, key, b + AT_IV, b + OB_SEAL_HEAD, len - OB_SEAL_HEAD, (unsigned char *)out->p + from);
    return true;
}
