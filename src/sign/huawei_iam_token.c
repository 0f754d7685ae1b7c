/* Huawei Cloud's IAM token, scoped to a project: a password buys a token for a day, which comes in
 * a header of the answer and goes into one of each request. An IAM user is meant; a HUAWEI ID
 * cannot log in this way. */
#include "sign/internal.h"
#include "base/clock.h"
#include "base/json.h"

/* Borrowed from the credential. */
struct fields {
    const char *domain, *user, *password, *project, *project_id;
};

static enum ob_status read_fields(struct fields *f, const struct ob_credential *c,
                                  struct ob_err *err)
{
    enum ob_status status = ob_credential_need(c, "domain", &f->domain, err);
    if (status == OB_OK)
        status = ob_credential_need(c, "user", &f->user, err);
    if (status == OB_OK)
        status = ob_credential_need(c, "password", &f->password, err);
    if (status == OB_OK)
        status = ob_credential_get(c, "project_id", &f->project_id, err);
    if (status == OB_OK && f->project_id)
        return OB_OK;
    return status == OB_OK ? ob_credential_need(c, "project", &f->project, err) : status;
}

static void fill_body(struct ob_value *body, const struct fields *f)
{
    ob_value_init(body);
    struct ob_value *auth = ob_map_put(body, "auth");
    struct ob_value *identity = ob_map_put(auth, "identity");
    ob_list_push_str(ob_map_put(identity, "methods"), "password");
    struct ob_value *user = ob_map_put(ob_map_put(identity, "password"), "user");
    ob_map_put_str(ob_map_put(user, "domain"), "name", f->domain);
    ob_map_put_str(user, "name", f->user);
    ob_map_put_str(user, "password", f->password);
    struct ob_value *project = ob_map_put(ob_map_put(auth, "scope"), "project");
    if (f->project_id)
        ob_map_put_str(project, "id", f->project_id);
    else
        ob_map_put_str(project, "name", f->project);
}

static enum ob_status login(const struct ob_credential *c, const struct ob_sign_at *at,
                            struct ob_request *out, struct ob_err *err)
{
    struct fields f = {0};
    *out = (struct ob_request){0};
    enum ob_status status = read_fields(&f, c, err);
    if (status != OB_OK)
        return status;
    struct ob_value body;
    fill_body(&body, &f);
    ob_login_begin(out, at, "/v3/auth/tokens", "application/json;charset=utf8");
    ob_fields_add(&out->query, "nocatalog", "true"); /* the catalogue is large and not looked at */
    ob_login_body(out, &body);
    return OB_OK;
}

static enum ob_status grant(const struct ob_credential *c, const struct ob_response *answer,
                            const struct ob_sign_at *at, struct ob_token *out, struct ob_err *err)
{
    const char *token = ob_fields_get(&answer->headers, "X-Subject-Token");
    int64_t expires_ms;
    struct ob_buf text;
    if (!token)
        return ob_fail(err, OB_ERR_CREDENTIAL, "login: the answer has no X-Subject-Token header");
    ob_buf_init(&text, OB_BUF_SMALL);
    bool ok =
        ob_json_pick(ob_buf_str(&answer->body), answer->body.len, "token.expires_at", &text) &&
        ob_time_parse(ob_buf_str(&text), &expires_ms);
    ob_buf_fini(&text);
    if (!ok)
        return ob_fail(err, OB_ERR_CREDENTIAL, "login: the answer has no time in token.expires_at");
    return ob_login_token(c, at, token, expires_ms, out, err);
}

static enum ob_status sign(const struct ob_credential *c, const struct ob_token *token,
                           const struct ob_sign_at *at, struct ob_request *r, struct ob_err *err)
{
    const char *project;
    enum ob_status status = ob_credential_get(c, "project_id", &project, err);
    if (status == OB_OK)
        status = ob_login_header(token, "X-Auth-Token", at, r, err);
    if (status == OB_OK && project)
        ob_fields_set(&r->headers, "X-Project-Id", project);
    return status;
}

const struct ob_signer ob_signer_huawei_iam_token = {
    .name = "huawei_iam_token", .login = login, .grant = grant, .sign = sign};
