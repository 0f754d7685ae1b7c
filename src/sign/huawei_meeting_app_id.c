/* Huawei Cloud Meeting's App ID login. It logs in as the enterprise's default administrator and
 * never names a user: a login with a userId that is unknown creates that user, so that naming a
 * leaver would bring them back (DESIGN section 8.7). */
#include "sign/internal.h"
#include <inttypes.h>
#include <string.h>

#define CLIENT_API 72
#define VALID_S    600 /* how long the login's signature is good: what the SDKs use */

void ob_meeting_signature(struct ob_signature *out, const struct ob_meeting_login *login)
{
    char mac[OB_SHA256_HEX];
    ob_buf_addf(&out->to_sign, "%s:", login->app_id);
    if (login->corp_id)
        ob_buf_addf(&out->to_sign, "%s:", login->corp_id);
    ob_buf_addf(&out->to_sign, "%s:%" PRId64 ":%s", login->user_id, login->expire_s, login->nonce);
    ob_canon_hmac(login->app_key, &out->to_sign, mac);
    ob_buf_addf(&out->authorization, "HMAC-SHA256 signature=%s,access=", mac);
    ob_base64(&out->authorization, login->app_id, strlen(login->app_id));
}

static void fill_body(struct ob_value *body, const struct ob_meeting_login *login)
{
    ob_value_init(body);
    ob_map_put_str(body, "appId", login->app_id);
    ob_map_put_int(body, "clientType", CLIENT_API);
    ob_map_put_int(body, "expireTime", login->expire_s);
    ob_map_put_str(body, "nonce", login->nonce);
    if (login->corp_id)
        ob_map_put_str(body, "corpId", login->corp_id);
}

static enum ob_status login(const struct ob_credential *c, const struct ob_sign_at *at,
                            struct ob_request *out, struct ob_err *err)
{
    struct ob_meeting_login l = {
        .user_id = "", .nonce = at->nonce, .expire_s = at->now_ms / 1000 + VALID_S};
    *out = (struct ob_request){0};
    enum ob_status status = ob_credential_need(c, "app_id", &l.app_id, err);
    if (status == OB_OK)
        status = ob_credential_need(c, "app_key", &l.app_key, err);
    if (status == OB_OK)
        status = ob_credential_get(c, "corp_id", &l.corp_id, err);
    if (status != OB_OK)
        return status;
    struct ob_signature s;
    struct ob_value body;
    ob_signature_init(&s);
    ob_meeting_signature(&s, &l);
    ob_login_begin(out, at, "/v2/usg/acs/auth/appauth", "application/json; charset=UTF-8");
    ob_fields_add(&out->headers, "Authorization", ob_buf_str(&s.authorization));
    ob_fields_add(&out->headers, "X-Token-Type", "LongTicket");
    ob_signature_fini(&s);
    fill_body(&body, &l);
    ob_login_body(out, &body);
    return OB_OK;
}

const struct ob_signer ob_signer_huawei_meeting_app_id = {.name = "huawei_meeting_app_id",
                                                          .login = login,
                                                          .grant = ob_meeting_grant,
                                                          .sign = ob_meeting_sign};
