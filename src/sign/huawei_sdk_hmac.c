/* Huawei Cloud's AK/SK signature, SDK-HMAC-SHA256. The canonical path ends in '/', the one on the
 * wire need not. The derived form V11-HMAC-SHA256 is for other hosts than Huawei's own and is not
 * made here. */
#include "sign/internal.h"
#include "base/clock.h"
#include <string.h>
#include <strings.h>

void ob_huawei_sdk_signature(struct ob_signature *out, const struct ob_request *r, const char *base,
                             const struct ob_fields *headers, const char *access_key,
                             const char *secret_key)
{
    char hash[OB_SHA256_HEX];
    const char *date = ob_fields_get(headers, "X-Sdk-Date");
    const char *payload = ob_fields_get(headers, "X-Sdk-Content-Sha256");
    struct ob_buf uri, names;
    ob_buf_init(&uri, OB_BUF_LARGE);
    ob_buf_init(&names, OB_BUF_LARGE);
    ob_canon_path(&uri, base, r->path);
    if (uri.p[uri.len - 1] != '/')
        ob_buf_addc(&uri, '/');
    if (!payload)
        payload = ob_sha256_hex(ob_buf_str(&r->body), r->body.len, hash);
    ob_canon_request(&out->canonical, &names, r, ob_buf_str(&uri), headers, payload);
    ob_sha256_hex(ob_buf_str(&out->canonical), out->canonical.len, hash);
    ob_buf_addf(&out->to_sign, "SDK-HMAC-SHA256\n%s\n%s", date ? date : "", hash);
    ob_buf_addf(&out->authorization, "SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s",
                access_key, ob_buf_str(&names), ob_canon_hmac(secret_key, &out->to_sign, hash));
    ob_buf_fini(&uri);
    ob_buf_fini(&names);
}

/* All but what a proxy may change on the way, and names that gateways drop. */
static bool is_signed(const char *name)
{
    static const char *const fickle[] = {"authorization",  "connection",        "content-length",
                                         "expect",         "transfer-encoding", "user-agent",
                                         "accept-encoding"};
    for (size_t i = 0; i < sizeof fickle / sizeof *fickle; i++)
        if (strcasecmp(name, fickle[i]) == 0)
            return false;
    return !strchr(name, '_');
}

/* Borrowed from the credential. */
struct fields {
    const char *access_key, *secret_key, *session, *project;
};

static enum ob_status read_fields(struct fields *f, const struct ob_credential *c,
                                  struct ob_err *err)
{
    enum ob_status status = ob_credential_need(c, "access_key", &f->access_key, err);
    if (status == OB_OK)
        status = ob_credential_need(c, "secret_key", &f->secret_key, err);
    if (status == OB_OK)
        status = ob_credential_get(c, "security_token", &f->session, err);
    if (status == OB_OK)
        status = ob_credential_get(c, "project_id", &f->project, err);
    return status;
}

static enum ob_status sign(const struct ob_credential *c, const struct ob_token *token,
                           const struct ob_sign_at *at, struct ob_request *r, struct ob_err *err)
{
    char date[OB_TIME_TEXT];
    struct fields f;
    enum ob_status status = read_fields(&f, c, err);
    if (status != OB_OK)
        return status;
    ob_fields_set(&r->headers, "host", at->at->authority);
    ob_fields_set(&r->headers, "X-Sdk-Date", ob_time_basic(at->now_ms, date));
    if (f.project)
        ob_fields_set(&r->headers, "X-Project-Id", f.project);
    if (f.session)
        ob_fields_set(&r->headers, "X-Security-Token", f.session);
    struct ob_fields headers = {0};
    status = ob_canon_pick(&headers, r, is_signed, err);
    if (status == OB_OK) {
        struct ob_signature s;
        ob_signature_init(&s);
        ob_huawei_sdk_signature(&s, r, at->at->base, &headers, f.access_key, f.secret_key);
        ob_fields_set(&r->headers, "Authorization", ob_buf_str(&s.authorization));
        ob_signature_fini(&s);
    }
    ob_fields_fini(&headers);
    return status;
}

const struct ob_signer ob_signer_huawei_sdk_hmac = {.name = "huawei_sdk_hmac", .sign = sign};
