/* What signers with a session share: the login request, the token's way in, and the header that
 * carries it. When to log in, and to keep one token rather than many, is the engine's. */
#include "sign/internal.h"
#include "base/json.h"
#include "base/mem.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX ((size_t)64 * 1024)

void ob_login_begin(struct ob_request *out, const struct ob_sign_at *at, const char *path,
                    const char *content_type)
{
    ob_request_init(out, "POST", path);
    ob_fields_add(&out->headers, "host", at->at->authority);
    ob_fields_add(&out->headers, "Content-Type", content_type);
}

static void wipe(struct ob_value *v)
{
    if (v->type == OB_STR && v->s.p)
        OPENSSL_cleanse(v->s.p, v->s.len);
    for (size_t i = 0; v->type == OB_LIST && i < v->list.count; i++)
        wipe(&v->list.items[i]);
    for (size_t i = 0; v->type == OB_MAP && i < v->map.count; i++)
        wipe(&v->map.pairs[i].value);
}

void ob_login_body(struct ob_request *out, struct ob_value *body)
{
    ob_json_write(&out->body, body);
    wipe(body);
    ob_value_fini(body);
}

/* Goes into a header as it is, so nothing but visible ASCII may be in it. */
static bool token_ok(const char *s)
{
    size_t len = strlen(s);
    for (const char *c = s; *c; c++)
        if (*c <= 0x20 || *c >= 0x7F)
            return false;
    return len > 0 && len <= TOKEN_MAX;
}

enum ob_status ob_login_token(const struct ob_credential *c, const struct ob_sign_at *at,
                              const char *bytes, int64_t expires_ms, struct ob_token *out,
                              struct ob_err *err)
{
    if (!token_ok(bytes))
        return ob_fail(err, OB_ERR_CREDENTIAL, "login: the answer's token is empty or malformed");
    ob_redact_also(c->vault, bytes, strlen(bytes));
    if (expires_ms <= at->now_ms)
        return ob_fail(err, OB_ERR_CREDENTIAL,
                       "login: the token had expired when it came; check this machine's clock");
    *out = (struct ob_token){ob_xstrdup(bytes), expires_ms};
    return OB_OK;
}

enum ob_status ob_login_header(const struct ob_token *token, const char *name,
                               const struct ob_sign_at *at, struct ob_request *r,
                               struct ob_err *err)
{
    if (!token || !token->bytes)
        return ob_fail(err, OB_ERR_CREDENTIAL, "no session: the login has to come first");
    ob_fields_set(&r->headers, "host", at->at->authority);
    ob_fields_set(&r->headers, name, token->bytes);
    return OB_OK;
}

/* Unix seconds, as a plain positive integer. */
static bool read_seconds(const char *text, int64_t *ms)
{
    char *end;
    errno = 0;
    long long s = strtoll(text, &end, 10);
    if (errno || end == text || *end || s <= 0 || s > INT64_MAX / 1000)
        return false;
    *ms = (int64_t)s * 1000;
    return true;
}

enum ob_status ob_meeting_grant(const struct ob_credential *c, const struct ob_response *answer,
                                const struct ob_sign_at *at, struct ob_token *out,
                                struct ob_err *err)
{
    struct ob_buf token, expires;
    const char *p = ob_buf_str(&answer->body);
    int64_t ms;
    enum ob_status status;
    ob_buf_init(&token, TOKEN_MAX);
    ob_buf_init(&expires, OB_BUF_SMALL);
    if (!ob_json_pick(p, answer->body.len, "accessToken", &token))
        status = ob_fail(err, OB_ERR_CREDENTIAL, "login: the answer has no accessToken");
    else if (!ob_json_pick(p, answer->body.len, "expireTime", &expires) ||
             !read_seconds(ob_buf_str(&expires), &ms))
        status = ob_fail(err, OB_ERR_CREDENTIAL, "login: the answer has no expireTime in seconds");
    else
        status = ob_login_token(c, at, ob_buf_str(&token), ms, out, err);
    ob_buf_wipe(&token);
    ob_buf_fini(&expires);
    return status;
}

enum ob_status ob_meeting_sign(const struct ob_credential *c, const struct ob_token *token,
                               const struct ob_sign_at *at, struct ob_request *r,
                               struct ob_err *err)
{
    return ob_login_header(token, "X-Access-Token", at, r, err);
}
