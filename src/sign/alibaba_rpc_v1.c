/* Alibaba Cloud's RPC signature V1 (HMAC-SHA1 over all parameters, SignatureVersion 1.0), as the
 * Darabonba SDKs send it: what the signature needs goes into the query, the provider's form stays
 * the body, and both are signed together as decoded pairs. */
#include "sign/internal.h"
#include "base/clock.h"
#include <string.h>
#include <strings.h>

void ob_rpc_v1_signature(struct ob_signature *out, const char *method,
                         const struct ob_fields *params, const char *secret)
{
    unsigned char mac[20];
    struct ob_fields sorted;
    struct ob_buf key;
    ob_fields_copy(&sorted, params);
    ob_fields_sort(&sorted);
    ob_form_encode(&sorted, &out->canonical);
    ob_buf_addf(&out->to_sign, "%s&%%2F&", method);
    ob_percent_encode(&out->to_sign, ob_buf_str(&out->canonical), out->canonical.len);
    ob_buf_init(&key, OB_BUF_SMALL);
    ob_buf_adds(&key, secret);
    ob_buf_addc(&key, '&');
    ob_hmac_sha1(ob_buf_str(&key), key.len, ob_buf_str(&out->to_sign), out->to_sign.len, mac);
    ob_base64(&out->authorization, mac, sizeof mac);
    ob_buf_wipe(&key);
    ob_fields_fini(&sorted);
}

/* One half of a form pair: '+' is a space there. A NUL cannot be carried in a parameter. */
static bool decode(struct ob_buf *out, const char *s, size_t len)
{
    ob_buf_clear(out);
    while (len) {
        const char *plus = memchr(s, '+', len);
        size_t n = plus ? (size_t)(plus - s) : len;
        ob_percent_decode(out, s, n);
        if (plus)
            ob_buf_addc(out, ' ');
        s += n + (plus != NULL);
        len -= n + (plus != NULL);
    }
    return strlen(ob_buf_str(out)) == out->len;
}

static enum ob_status add_form(struct ob_fields *params, const struct ob_buf *body,
                               struct ob_err *err)
{
    struct ob_buf name, value;
    const char *p = ob_buf_str(body), *end = p + body->len;
    bool ok = true;
    ob_buf_init(&name, OB_BUF_LARGE);
    ob_buf_init(&value, OB_BUF_LARGE);
    while (ok && p < end) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        const char *half = eq ? eq : stop;
        ok = decode(&name, p, (size_t)(half - p)) &&
             decode(&value, eq ? eq + 1 : stop, (size_t)(stop - (eq ? eq + 1 : stop)));
        if (ok && stop > p)
            ob_fields_add(params, ob_buf_str(&name), ob_buf_str(&value));
        p = amp ? amp + 1 : end;
    }
    ob_buf_wipe(&name);
    ob_buf_wipe(&value);
    return ok ? OB_OK
              : ob_fail(err, OB_ERR, "request: the form has a NUL byte, which cannot be signed");
}

static bool is_form(const struct ob_request *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = ob_fields_get(&r->headers, "content-type");
    return r->body.len && type && strncasecmp(type, form, sizeof form - 1) == 0;
}

/* Parameter names have case, so ob_fields_set would be wrong here. */
static bool has_param(const struct ob_fields *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->v[i].name, name) == 0)
            return true;
    return false;
}

static enum ob_status add_own(struct ob_request *r, const struct ob_sign_at *at, const char *id,
                              const char *session, struct ob_err *err)
{
    char date[OB_TIME_TEXT];
    const struct {
        const char *name, *value;
    } own[] = {
        {"Action", r->rpc_action},
        {"Version", r->rpc_version},
        {"Format", "JSON"},
        {"AccessKeyId", id},
        {"SignatureMethod", "HMAC-SHA1"},
        {"SignatureVersion", "1.0"},
        {"SignatureNonce", at->nonce},
        {"Timestamp", ob_time_iso(at->now_ms, false, date)},
        {"SecurityToken", session},
        {"Signature", NULL}, /* comes last; here only so that nobody else gives it */
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (has_param(&r->query, own[i].name))
            return ob_fail(err, OB_ERR, "request: parameter %s is the signer's own", own[i].name);
        if (own[i].value)
            ob_fields_add(&r->query, own[i].name, own[i].value);
    }
    return OB_OK;
}

static enum ob_status sign_query(struct ob_request *r, const char *secret, struct ob_err *err)
{
    struct ob_fields params;
    ob_fields_copy(&params, &r->query);
    enum ob_status status = is_form(r) ? add_form(&params, &r->body, err) : OB_OK;
    if (status == OB_OK) {
        struct ob_signature s;
        ob_signature_init(&s);
        ob_rpc_v1_signature(&s, r->method, &params, secret);
        ob_fields_add(&r->query, "Signature", ob_buf_str(&s.authorization));
        ob_signature_fini(&s);
    }
    ob_fields_fini(&params);
    return status;
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
    if (status == OB_OK)
        status = add_own(r, at, id, session, err);
    if (status != OB_OK)
        return status;
    ob_fields_set(&r->headers, "host", at->at->authority);
    return sign_query(r, secret, err);
}

const struct ob_signer ob_signer_alibaba_rpc_v1 = {.name = "alibaba_rpc_v1", .sign = sign};
