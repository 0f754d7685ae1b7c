/* See signature.h. */
#include "base/signature.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"

struct ob_key {
    EVP_PKEY *pkey;
};

static struct ob_key *own(EVP_PKEY *pkey)
{
    struct ob_key *k = ob_xcalloc(1, sizeof *k);
    k->pkey = pkey;
    return k;
}

struct ob_key *ob_key_new(void)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!pkey)
        abort(); /* there is no randomness, or no OpenSSL worth the name */
    return own(pkey);
}

void ob_key_free(struct ob_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

/* ---- files ---- */

static enum ob_status cannot(const char *what, const char *path, struct ob_err *err)
{
    return ob_fail(err, OB_ERR_USAGE, "%s %s: %s", what, path, strerror(errno));
}

static enum ob_status there_already(const char *path, struct ob_err *err)
{
    return ob_fail(err, OB_ERR_USAGE, "key %s: is there already; nothing was written", path);
}

/* Over nothing that is there; where a file system knows no links, what was looked for a moment
 * ago has to do. */
static int put_in_place(const char *fresh, const char *path)
{
    if (link(fresh, path) == 0)
        return unlink(fresh);
    return errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS ? rename(fresh, path) : -1;
}

static enum ob_status write_fresh(const char *fresh, const char *path, mode_t mode, BIO *pem,
                                  struct ob_err *err)
{
    char *p;
    long len = BIO_get_mem_data(pem, &p);
    (void)unlink(fresh); /* of a process that was killed */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return cannot("key", path, err);
    bool written = write(fd, p, (size_t)len) == len && fsync(fd) == 0;
    enum ob_status st = written ? OB_OK : cannot("key", path, err);
    close(fd);
    if (written && put_in_place(fresh, path) != 0)
        st = errno == EEXIST ? there_already(path, err) : cannot("key", path, err);
    if (st != OB_OK)
        unlink(fresh);
    return st;
}

/* A new file, on stable storage or not there at all, also when the process is killed here: a key
 * that is empty would keep a ledger from ever being opened. */
static enum ob_status write_new(const char *path, mode_t mode, BIO *pem, struct ob_err *err)
{
    if (access(path, F_OK) == 0)
        return there_already(path, err);
    char *fresh = ob_xasprintf("%s.new", path);
    enum ob_status st = write_fresh(fresh, path, mode, pem, err);
    free(fresh);
    return st;
}

enum ob_status ob_key_write_private(const struct ob_key *k, const char *path, struct ob_err *err)
{
    BIO *pem = BIO_new(BIO_s_secmem());
    PEM_write_bio_PKCS8PrivateKey(pem, k->pkey, NULL, NULL, 0, NULL, NULL);
    enum ob_status st = write_new(path, 0600, pem, err);
    BIO_free(pem);
    return st;
}

enum ob_status ob_key_write_public(const struct ob_key *k, const char *path, struct ob_err *err)
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(pem, k->pkey);
    enum ob_status st = write_new(path, 0644, pem, err);
    BIO_free(pem);
    return st;
}

void ob_key_public_pem(const struct ob_key *k, struct ob_buf *out)
{
    BIO *pem = BIO_new(BIO_s_mem());
    char *p;
    PEM_write_bio_PUBKEY(pem, k->pkey);
    long len = BIO_get_mem_data(pem, &p);
    ob_buf_add(out, p, (size_t)len);
    BIO_free(pem);
}

/* A key with a passphrase is not asked for it: nobody may be there. */
static int no_passphrase(char *buf, int size, int rw, void *ctx)
{
    (void)buf, (void)size, (void)rw, (void)ctx;
    return -1;
}

static enum ob_status read_key(struct ob_key **out, const char *path, bool private,
                               struct ob_err *err)
{
    EVP_PKEY *pkey = NULL;
    *out = NULL;
    FILE *f = fopen(path, "re");
    if (!f)
        return cannot("key", path, err);
    struct stat st;
    if (private && fstat(fileno(f), &st) == 0 && (st.st_mode & 077)) {
        fclose(f);
        return ob_fail(err, OB_ERR_USAGE,
                       "key %s: others may read it; chmod 600 it, and make a new one if they did",
                       path);
    }
    pkey = private ? PEM_read_PrivateKey(f, NULL, no_passphrase, NULL)
                   : PEM_read_PUBKEY(f, NULL, no_passphrase, NULL);
    fclose(f);
    ERR_clear_error();
    if (!pkey || !EVP_PKEY_is_a(pkey, "ED25519")) {
        EVP_PKEY_free(pkey);
        return ob_fail(err, OB_ERR_USAGE, "key %s: not a%s Ed25519 key in PEM without passphrase",
                       path, private ? " private" : " public");
    }
    *out = own(pkey);
    return OB_OK;
}

enum ob_status ob_key_read_private(struct ob_key **out, const char *path, struct ob_err *err)
{
    return read_key(out, path, true, err);
}

enum ob_status ob_key_read_public(struct ob_key **out, const char *path, struct ob_err *err)
{
    return read_key(out, path, false, err);
}

/* ---- signatures ---- */

enum ob_status ob_key_sign(const struct ob_key *k, const void *p, size_t len,
                           unsigned char signature[OB_SIGNATURE_LEN], struct ob_err *err)
{
    size_t n = OB_SIGNATURE_LEN;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
              EVP_DigestSign(ctx, signature, &n, p, len) == 1 && n == OB_SIGNATURE_LEN;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok ? OB_OK : ob_fail(err, OB_ERR, "signing failed: is it a private key?");
}

bool ob_key_verify(const struct ob_key *k, const void *p, size_t len,
                   const unsigned char *signature, size_t signature_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && signature_len == OB_SIGNATURE_LEN &&
              EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
              EVP_DigestVerify(ctx, signature, signature_len, p, len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

char *ob_key_print(const struct ob_key *k, char out[OB_SHA256_HEX])
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(k->pkey, &der);
    ob_sha256_hex(der, len > 0 ? (size_t)len : 0, out);
    OPENSSL_free(der);
    return out;
}
