/* The signers with a session: what the login sends, what its answer may be, what a request then
 * carries; and the Meeting signature against its vectors. */
#include "../vectors/vectors.h"
#include "sign/internal.h"
#include <strings.h>

static void each_meeting(const struct vec *v)
{
    struct ob_signature s;
    struct ob_meeting_login l = {.app_id = vec_need(v, "app_id"),
                                 .app_key = vec_need(v, "app_key"),
                                 .corp_id = vec_get(v, "corp_id"),
                                 .user_id = vec_need(v, "user_id"),
                                 .nonce = vec_need(v, "nonce"),
                                 .expire_s = strtoll(vec_need(v, "expire"), NULL, 10)};
    ob_signature_init(&s);
    ob_meeting_signature(&s, &l);
    vec_same(v, "string to sign", ob_buf_str(&s.to_sign), vec_need(v, "to_sign"));
    vec_same(v, "authorization", ob_buf_str(&s.authorization), vec_need(v, "authorization"));
    assert_non_null(strstr(ob_buf_str(&s.authorization), vec_need(v, "signature")));
    ob_signature_fini(&s);
}

static void test_meeting_vectors(void **state)
{
    vec_run("huawei_meeting_app_id.txt", 7, each_meeting);
}

static const struct ob_signer *signer;

static void check_login(const struct vec *v, const struct ob_request *r)
{
    struct ob_buf target;
    size_t headers = 0;
    ob_buf_init(&target, OB_BUF_SMALL);
    ob_buf_addf(&target, "%s ", r->method);
    ob_request_target(r, "", &target);
    vec_same(v, "target", ob_buf_str(&target), vec_need(v, "target"));
    vec_same(v, "body", ob_buf_str(&r->body), vec_need(v, "body"));
    for (size_t i = 0; i < v->count; i++)
        if (vec_is(&v->v[i], "header")) {
            const char *name = ob_buf_str(&v->v[i].col[1]);
            assert_non_null(ob_fields_get(&r->headers, name));
            vec_same(v, name, ob_fields_get(&r->headers, name), ob_buf_str(&v->v[i].col[2]));
            headers++;
        }
    assert_int_equal(headers, r->headers.count);
    assert_int_equal(ob_request_check(r, NULL), OB_OK);
    assert_null(strstr(ob_buf_str(&r->body), "userId")); /* it would create the user */
    ob_buf_fini(&target);
}

static void check_carried(const struct vec *v, const struct ob_request *r)
{
    size_t headers = 1; /* host */
    for (size_t i = 0; i < v->count; i++)
        if (vec_is(&v->v[i], "carries")) {
            const char *name = ob_buf_str(&v->v[i].col[1]);
            assert_non_null(ob_fields_get(&r->headers, name));
            vec_same(v, name, ob_fields_get(&r->headers, name), ob_buf_str(&v->v[i].col[2]));
            headers++;
        }
    assert_int_equal(headers, r->headers.count);
}

static void each_login(const struct vec *v)
{
    struct ob_credential c = {.vault = ob_vault_new()};
    struct ob_endpoint at;
    struct ob_request login, r;
    struct ob_response answer = {.status = 201};
    struct ob_token token = {0};
    struct ob_sign_at now = {strtoll(vec_need(v, "now"), NULL, 10), vec_need(v, "nonce"), &at};
    assert_int_equal(ob_endpoint_parse(&at, vec_need(v, "url"), NULL), OB_OK);
    ob_buf_init(&answer.body, OB_BUF_LARGE);
    ob_buf_adds(&answer.body, vec_need(v, "answer_body"));
    for (size_t i = 0; i < v->count; i++) {
        const struct ob_buf *col = v->v[i].col;
        if (vec_is(&v->v[i], "field")) /* as secrets, which is the longer way */
            ob_credential_add(&c, ob_buf_str(&col[1]), NULL,
                              ob_secret_literal(c.vault, ob_buf_str(&col[2]), col[2].len));
        if (vec_is(&v->v[i], "answer_header"))
            ob_fields_add(&answer.headers, ob_buf_str(&col[1]), ob_buf_str(&col[2]));
    }
    assert_int_equal(signer->login(&c, &now, &login, NULL), OB_OK);
    check_login(v, &login);
    assert_int_equal(signer->grant(&c, &answer, &now, &token, NULL), OB_OK);
    vec_same(v, "token", token.bytes, vec_need(v, "token"));
    assert_int_equal(token.expires_ms, strtoll(vec_need(v, "expires"), NULL, 10));
    assert_string_equal(ob_redact(c.vault, token.bytes), "***");
    ob_request_init(&r, "GET", "/");
    assert_int_equal(signer->sign(&c, &token, &now, &r, NULL), OB_OK);
    check_carried(v, &r);
    ob_request_fini(&login);
    ob_request_fini(&r);
    ob_response_fini(&answer);
    ob_token_fini(&token);
    ob_credential_fini(&c);
    ob_vault_free(c.vault);
    ob_endpoint_fini(&at);
}

static void test_logins(void **state)
{
    signer = ob_signer_find("huawei_iam_token");
    vec_run("huawei_iam_token.txt", 3, each_login);
    signer = ob_signer_find("huawei_meeting_account");
    vec_run("huawei_meeting_account.txt", 2, each_login);
    signer = ob_signer_find("huawei_meeting_app_id");
    vec_run("huawei_meeting_app_id_login.txt", 2, each_login);
}

struct answer_case {
    const char *signer, *header, *body, *says; /* says NULL: granted */
};

static void test_answers(void **state)
{
    static const struct answer_case cases[] = {
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\",\"expireTime\":1709307525}", NULL},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\",\"expireTime\":\"1709307525\"}",
         NULL},
        {"huawei_meeting_app_id", NULL, "", "accessToken"},
        {"huawei_meeting_app_id", NULL, "{\"expireTime\":1709307525}", "accessToken"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":null,\"expireTime\":1709307525}",
         "accessToken"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"\",\"expireTime\":1709307525}",
         "empty"},
        {"huawei_meeting_app_id", NULL,
         "{\"accessToken\":\"a\\r\\nX: y\",\"expireTime\":1709307525}", "malformed"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\"}", "expireTime"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\",\"expireTime\":1.7e9}",
         "expireTime"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\",\"expireTime\":-5}", "expireTime"},
        {"huawei_meeting_app_id", NULL,
         "{\"accessToken\":\"t\",\"expireTime\":99999999999999999999}", "expireTime"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\",\"expireTime\":1}", "clock"},
        {"huawei_meeting_app_id", NULL, "{\"accessToken\":\"t\",\"expireTime\":1709307525",
         "accessToken"},
        {"huawei_meeting_account", NULL, "[]", "accessToken"},
        {"huawei_iam_token", "tok", "{\"token\":{\"expires_at\":\"2024-03-01T20:05:22.701000Z\"}}",
         NULL},
        {"huawei_iam_token", NULL, "{\"token\":{\"expires_at\":\"2024-03-01T20:05:22Z\"}}",
         "X-Subject-Token"},
        {"huawei_iam_token", "tok", "{\"token\":{}}", "expires_at"},
        {"huawei_iam_token", "tok", "{\"token\":{\"expires_at\":\"soon\"}}", "expires_at"},
        {"huawei_iam_token", "a b", "{\"token\":{\"expires_at\":\"2024-03-01T20:05:22Z\"}}",
         "malformed"},
    };
    struct ob_endpoint at;
    assert_int_equal(ob_endpoint_parse(&at, "https://h.example", NULL), OB_OK);
    struct ob_sign_at now = {1709251199000, "n", &at};
    struct ob_credential c = {.vault = ob_vault_new()};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct answer_case *k = &cases[i];
        struct ob_response answer = {.status = 200};
        struct ob_token token = {0};
        struct ob_err err = {0};
        ob_buf_init(&answer.body, OB_BUF_LARGE);
        ob_buf_adds(&answer.body, k->body);
        if (k->header)
            ob_fields_add(&answer.headers, "X-Subject-Token", k->header);
        enum ob_status got = ob_signer_find(k->signer)->grant(&c, &answer, &now, &token, &err);
        if (!k->says) {
            assert_int_equal(got, OB_OK);
        } else {
            assert_int_equal(got, OB_ERR_CREDENTIAL);
            if (!strstr(err.message, k->says))
                fail_msg("case %zu: '%s' does not say '%s'", i, err.message, k->says);
            assert_null(token.bytes);
        }
        ob_token_fini(&token);
        ob_response_fini(&answer);
    }
    ob_vault_free(c.vault);
    ob_endpoint_fini(&at);
}

struct missing_case {
    const char *signer, *fields[4], *says;
};

static void test_missing_fields(void **state)
{
    static const struct missing_case cases[] = {
        {"huawei_iam_token", {"user", "password", "project"}, "domain"},
        {"huawei_iam_token", {"domain", "password", "project"}, "user"},
        {"huawei_iam_token", {"domain", "user", "project"}, "password"},
        {"huawei_iam_token", {"domain", "user", "password"}, "project"},
        {"huawei_meeting_app_id", {"app_key"}, "app_id"},
        {"huawei_meeting_app_id", {"app_id"}, "app_key"},
        {"huawei_meeting_account", {"password"}, "account"},
        {"huawei_meeting_account", {"account"}, "password"},
    };
    struct ob_endpoint at;
    assert_int_equal(ob_endpoint_parse(&at, "https://h.example", NULL), OB_OK);
    struct ob_sign_at now = {1709251199000, "n", &at};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_credential c = {0};
        struct ob_request r;
        struct ob_err err;
        for (int k = 0; k < 4 && cases[i].fields[k]; k++)
            ob_credential_add(&c, cases[i].fields[k], "x", -1);
        assert_int_equal(ob_signer_find(cases[i].signer)->login(&c, &now, &r, &err),
                         OB_ERR_CREDENTIAL);
        assert_non_null(strstr(err.message, cases[i].says));
        ob_request_fini(&r); /* safe after a failure as well */
        ob_credential_fini(&c);
    }
    ob_endpoint_fini(&at);
}

static void test_no_session(void **state)
{
    static const char *const names[] = {"huawei_iam_token", "huawei_meeting_app_id",
                                        "huawei_meeting_account"};
    struct ob_endpoint at;
    assert_int_equal(ob_endpoint_parse(&at, "https://h.example", NULL), OB_OK);
    struct ob_sign_at now = {0, "n", &at};
    for (size_t i = 0; i < 3; i++) {
        struct ob_credential c = {0};
        struct ob_token none = {0};
        struct ob_request r;
        ob_request_init(&r, "GET", "/");
        assert_int_equal(ob_signer_find(names[i])->sign(&c, NULL, &now, &r, NULL),
                         OB_ERR_CREDENTIAL);
        assert_int_equal(ob_signer_find(names[i])->sign(&c, &none, &now, &r, NULL),
                         OB_ERR_CREDENTIAL);
        assert_int_equal(r.headers.count, 0);
        ob_request_fini(&r);
    }
    ob_endpoint_fini(&at);
}

static void test_colon_in_account(void **state)
{
    struct ob_credential c = {0};
    struct ob_request r;
    struct ob_sign_at now = {0};
    ob_credential_add(&c, "account", "a:b", -1);
    ob_credential_add(&c, "password", "secret", -1);
    assert_int_equal(ob_signer_huawei_meeting_account.login(&c, &now, &r, NULL), OB_ERR_CREDENTIAL);
    ob_credential_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meeting_vectors), cmocka_unit_test(test_logins),
        cmocka_unit_test(test_answers),         cmocka_unit_test(test_missing_fields),
        cmocka_unit_test(test_no_session),      cmocka_unit_test(test_colon_in_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
