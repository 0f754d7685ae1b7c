/* EC P-256 keys, a CA that signs one server certificate, and both as PEM in memory. The CA's key
 * is forgotten as soon as it has signed: nothing else can ever be issued under that root. */
#include "net/certificate.h"
#include "base/mem.h"
#include "base/random.h"
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CA_NAME "Offboard simulated clouds CA"

struct span {
    int64_t from_s, until_s;
};

struct extension {
    int nid;
    const char *value;
};

/* For the server: who signs. For the CA, which signs itself, both are its own. */
struct issuer {
    X509 *cert;
    EVP_PKEY *key;
};

static bool set_names(X509 *cert, const char *name, const X509 *issuer)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                      -1, 0) &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer));
}

/* Fresh for each certificate, so that browsers do not take a new CA for an old one. */
static bool set_serial(X509 *cert)
{
    unsigned char bytes[16];
    ob_random_bytes(bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and of one length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

static bool set_span(X509 *cert, const struct span *span)
{
    return X509_gmtime_adj(X509_getm_notBefore(cert), (long)span->from_s) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), (long)span->until_s);
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *list, size_t count)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, list[i].nid, list[i].value);
        bool ok = e && X509_add_ext(cert, e, -1);
        X509_EXTENSION_free(e);
        if (!ok)
            return false;
    }
    return true;
}

static bool fill(X509 *cert, const char *name, EVP_PKEY *key, const struct issuer *by,
                 const struct span *span)
{
    static const struct extension ca[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
    };
    static const struct extension server[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost"},
    };
    bool is_ca = by->cert == cert;
    return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) && set_span(cert, span) &&
           set_names(cert, name, by->cert) && X509_set_pubkey(cert, key) &&
           (is_ca ? add_extensions(cert, by->cert, ca, sizeof ca / sizeof ca[0])
                  : add_extensions(cert, by->cert, server, sizeof server / sizeof server[0])) &&
           X509_sign(cert, by->key, EVP_sha256());
}

/* Signed by `by`, or by itself when that is NULL. */
static X509 *make(const char *name, EVP_PKEY *key, const struct issuer *by, const struct span *span)
{
    X509 *cert = X509_new();
    struct issuer self = {cert, key};
    if (cert && key && fill(cert, name, key, by ? by : &self, span))
        return cert;
    X509_free(cert);
    return NULL;
}

static char *take_bio(BIO *bio)
{
    char *p = NULL;
    long len = BIO_get_mem_data(bio, &p);
    return len > 0 ? ob_xmemdup(p, (size_t)len) : NULL;
}

static char *cert_text(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = bio && PEM_write_bio_X509(bio, cert) ? take_bio(bio) : NULL;
    BIO_free(bio);
    return text;
}

static char *key_text(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text =
        bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) ? take_bio(bio) : NULL;
    BIO_free(bio);
    return text;
}

enum ob_status ob_certificate_make(struct ob_certificate *out, int64_t from_s, int64_t until_s,
                                   struct ob_err *err)
{
    struct span span = {from_s, until_s};
    struct issuer ca = {.key = EVP_EC_gen("P-256")};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ca.cert = make(CA_NAME, ca.key, NULL, &span);
    X509 *server = ca.cert ? make("127.0.0.1", key, &ca, &span) : NULL;
    *out = (struct ob_certificate){0};
    if (server) {
        out->ca = cert_text(ca.cert);
        out->server = cert_text(server);
        out->key = key_text(key);
    }
    X509_free(server);
    X509_free(ca.cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca.key);
    if (out->ca && out->server && out->key)
        return OB_OK;
    ob_certificate_fini(out);
    const char *why = ERR_reason_error_string(ERR_get_error());
    return ob_fail(err, OB_ERR, "cannot make a certificate: %s", why ? why : "unknown reason");
}

void ob_certificate_fini(struct ob_certificate *c)
{
    if (c->key)
        OPENSSL_cleanse(c->key, strlen(c->key));
    free(c->ca);
    free(c->server);
    free(c->key);
    *c = (struct ob_certificate){0};
}
