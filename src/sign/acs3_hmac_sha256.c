/* Alibaba Cloud's ACS3-HMAC-SHA256 ("V3"): signs host, content-type and all x-acs-* headers, with
 * the plain secret. Operation and version travel in headers, so the query stays the provider's.
 * It does not send x-acs-credentials-provider, which is the SDKs' telemetry. */
#include "sign/internal.h"
#include "base/clock.h"
#include <strings.h>

void ob_acs3_signature(struct ob_signature *out, const struct ob_request *r, const char *base,
                       const struct ob_fields *headers, const char *id, const char *secret)
{
    char hash[OB_SHA256_HEX];
    struct ob_buf uri, names;
    ob_buf_init(&uri, OB_BUF_LARGE);
    ob_buf_init(&names, OB_BUF_LARGE);
    ob_canon_path(&uri, base, r->path);
    ob_canon_request(&out->canonical, &names, r, ob_buf_str(&uri), headers,
                     ob_sha256_hex(ob_buf_str(&r->body), r->body.len, hash));
    ob_sha256_hex(ob_buf_str(&out->canonical), out->canonical.len, hash);
    ob_buf_addf(&out->to_sign, "ACS3-HMAC-SHA256\n%s", hash);
    ob_buf_addf(&out->authorization, "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s",
                id, ob_buf_str(&names), ob_canon_hmac(secret, &out->to_sign, hash));
    ob_buf_fini(&uri);
    ob_buf_fini(&names);
}

static bool is_signed(const char *name)
{
    return strncasecmp(name, "x-acs-", 6) == 0 || strcasecmp(name, "host") == 0 ||
           strcasecmp(name, "content-type") == 0;
}

static void add_headers(struct ob_request *r, const struct ob_sign_at *at, const char *id,
                        const char *session)
{
    char date[OB_TIME_TEXT], hash[OB_SHA256_HEX];
    struct ob_fields *h = &r->headers;
    ob_fields_set(h, "host", at->at->authority);
    ob_fields_set(h, "accept", "application/json");
    if (r->rpc_action)
        ob_fields_set(h, "x-acs-action", r->rpc_action);
    if (r->rpc_version)
        ob_fields_set(h, "x-acs-version", r->rpc_version);
    ob_fields_set(h, "x-acs-date", ob_time_iso(at->now_ms, false, date));
    ob_fields_set(h, "x-acs-signature-nonce", at->nonce);
    ob_fields_set(h, "x-acs-content-sha256",
                  ob_sha256_hex(ob_buf_str(&r->body), r->body.len, hash));
    if (session) {
        ob_fields_set(h, "x-acs-accesskey-id", id);
        ob_fields_set(h, "x-acs-security-token", session);
    }
}

static enum ob_status sign(const struct ob_credential *c, const struct ob_token *token,
                           const struct ob_sign_at *at, struct ob_request *r, struct ob_err *err)
{
    const char *id, *secret, *session;
    enum ob_status status = ob_credential_need(c, "access_key_id", &id, err);
    if (status == OB_OK)
        status = ob_credential_need(c, "access_key_secret", &secret, err);
    if (status == OB_OK)
        status = ob_credential_get(c, "security_token", &session, err);
    if (status != OB_OK)
        return status;
    add_headers(r, at, id, session);
    struct ob_fields headers = {0};
    status = ob_canon_pick(&headers, r, is_signed, err);
    if (status == OB_OK) {
        struct ob_signature s;
        ob_signature_init(&s);
        ob_acs3_signature(&s, r, at->at->base, &headers, id, secret);
        ob_fields_set(&r->headers, "Authorization", ob_buf_str(&s.authorization));
        ob_signature_fini(&s);
    }
    ob_fields_fini(&headers);
    return status;
}

const struct ob_signer ob_signer_acs3_hmac_sha256 = {.name = "acs3_hmac_sha256", .sign = sign};
