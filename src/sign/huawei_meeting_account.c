/* Huawei Cloud Meeting's login with an administrator's account and password. The answer and the
 * session are those of the App ID login. */
#include "sign/internal.h"
#include <string.h>

#define CLIENT_API 72

static void add_basic(struct ob_request *out, const char *account, const char *password)
{
    struct ob_buf pair, value;
    ob_buf_init(&pair, OB_BUF_SMALL);
    ob_buf_init(&value, OB_BUF_LARGE);
    ob_buf_adds(&pair, account);
    ob_buf_addc(&pair, ':');
    ob_buf_adds(&pair, password);
    ob_buf_adds(&value, "Basic ");
    ob_base64(&value, ob_buf_str(&pair), pair.len);
    ob_fields_add(&out->headers, "Authorization", ob_buf_str(&value));
    ob_buf_wipe(&pair);
    ob_buf_wipe(&value);
}

static enum ob_status login(const struct ob_credential *c, const struct ob_sign_at *at,
                            struct ob_request *out, struct ob_err *err)
{
    const char *account, *password;
    *out = (struct ob_request){0};
    enum ob_status status = ob_credential_need(c, "account", &account, err);
    if (status == OB_OK)
        status = ob_credential_need(c, "password", &password, err);
    if (status != OB_OK)
        return status;
    if (strchr(account, ':'))
        return ob_fail(
            err, OB_ERR_CREDENTIAL,
            "credential field account has a ':', which Basic authentication cannot carry");
    struct ob_value body;
    ob_value_init(&body);
    ob_map_put_str(&body, "account", account);
    ob_map_put_int(&body, "clientType", CLIENT_API);
    ob_login_begin(out, at, "/v1/usg/acs/auth/account", "application/json; charset=UTF-8");
    add_basic(out, account, password);
    ob_login_body(out, &body);
    return OB_OK;
}

const struct ob_signer ob_signer_huawei_meeting_account = {.name = "huawei_meeting_account",
                                                           .login = login,
                                                           .grant = ob_meeting_grant,
                                                           .sign = ob_meeting_sign};
