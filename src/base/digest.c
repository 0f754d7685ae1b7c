/* Digests and encodings over OpenSSL. They cannot fail for want of input; a libcrypto that
 * refuses SHA-256 leaves nothing that could be signed or sealed, so that ends the process. */
#include "base/digest.h"
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct ob_sha256 {
    EVP_MD_CTX *ctx;
};

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "offboard: libcrypto refuses %s\n", what);
    _Exit(1);
}

static void hex_text(char *out, const unsigned char *p, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

char *ob_sha256_hex(const void *p, size_t len, char out[OB_SHA256_HEX])
{
    unsigned char md[32];
    must(EVP_Digest(len ? p : "", len, md, NULL, EVP_sha256(), NULL), "SHA-256");
    hex_text(out, md, sizeof md);
    return out;
}

static void hmac(const EVP_MD *md, const void *key, size_t klen, const void *p, size_t len,
                 unsigned char *out)
{
    must(klen <= INT_MAX && HMAC(md, klen ? key : "", (int)klen, len ? p : (const void *)"", len,
                                 out, NULL) != NULL,
         "HMAC");
}

void ob_hmac_sha256(const void *key, size_t klen, const void *p, size_t len, unsigned char out[32])
{
    hmac(EVP_sha256(), key, klen, p, len, out);
}

void ob_hmac_sha1(const void *key, size_t klen, const void *p, size_t len, unsigned char out[20])
{
    hmac(EVP_sha1(), key, klen, p, len, out);
}

void ob_hex(struct ob_buf *out, const unsigned char *p, size_t len)
{
    char pair[3];
    for (size_t i = 0; i < len; i++) {
        hex_text(pair, p + i, 1);
        ob_buf_add(out, pair, 2);
    }
}

void ob_base64(struct ob_buf *out, const void *p, size_t len)
{
    const unsigned char *in = p;
    while (len) {
        unsigned char quad[5];
        int n = len < 3 ? (int)len : 3;
        EVP_EncodeBlock(quad, in, n);
        ob_buf_add(out, quad, 4);
        OPENSSL_cleanse(quad, sizeof quad);
        in += n;
        len -= (size_t)n;
    }
}

struct ob_sha256 *ob_sha256_new(void)
{
    struct ob_sha256 *d = OPENSSL_zalloc(sizeof *d);
    must(d != NULL, "memory");
    d->ctx = EVP_MD_CTX_new();
    must(d->ctx && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL), "SHA-256");
    return d;
}

void ob_sha256_add(struct ob_sha256 *d, const void *p, size_t len)
{
    if (len)
        must(EVP_DigestUpdate(d->ctx, p, len), "SHA-256");
}

char *ob_sha256_end(struct ob_sha256 *d, char out[OB_SHA256_HEX])
{
    unsigned char md[32];
    must(EVP_DigestFinal_ex(d->ctx, md, NULL), "SHA-256");
    hex_text(out, md, sizeof md);
    EVP_MD_CTX_free(d->ctx);
    OPENSSL_free(d);
    return out;
}

/* OpenSSL reads more than one spelling: what does not come out the same again is refused. */
bool ob_unbase64(struct ob_buf *out, const char *text, size_t len)
{
    if (!len || len % 4 || len > INT_MAX)
        return false;
    unsigned char *bytes = ob_xmalloc(len);
    int n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
    size_t pad = (text[len - 1] == '=') + (text[len - 2] == '=');
    struct ob_buf again;
    ob_buf_init(&again, len + 1);
    if (n >= 0)
        ob_base64(&again, bytes, (size_t)n - pad);
    bool same = n >= 0 && again.len == len && memcmp(ob_buf_str(&again), text, len) == 0;
    if (same)
        ob_buf_add(out, bytes, (size_t)n - pad);
    ob_buf_fini(&again);
    free(bytes);
    return same;
}
