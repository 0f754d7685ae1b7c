/* Alibaba's two signatures against the vectors: every text of the cores, and the signers as they
 * are called, wherever they would sign the very parameters or headers of the vector. */
#include "../vectors/vectors.h"
#include "base/clock.h"
#include "sign/internal.h"
#include <strings.h>

static size_t through_signer;

static struct ob_endpoint endpoint(const char *authority)
{
    struct ob_endpoint at;
    char *url = ob_xasprintf("https://%s", authority);
    assert_int_equal(ob_endpoint_parse(&at, url, NULL), OB_OK);
    free(url);
    return at;
}

static void add_lines(struct ob_fields *f, const struct vec *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (vec_is(&v->v[i], name))
            ob_fields_add(f, ob_buf_str(&v->v[i].col[1]), ob_buf_str(&v->v[i].col[2]));
}

static struct ob_credential credential(const struct vec *v, const char *session)
{
    struct ob_credential c = {0};
    ob_credential_add(&c, "access_key_id", vec_need(v, "id_key"), -1);
    ob_credential_add(&c, "access_key_secret", vec_need(v, "secret"), -1);
    if (session)
        ob_credential_add(&c, "security_token", session, -1);
    return c;
}

/* Through sign(): only what a provider would have put into the request goes in. */
static void acs3_signer(const struct vec *v, const struct ob_request *unsigned_request,
                        const struct ob_fields *headers)
{
    static const char *const given[] = {"content-type", "x-acs-credentials-provider",
                                        "x-acs-custom"};
    const char *session = ob_fields_get(headers, "x-acs-security-token");
    struct ob_credential c = credential(v, session);
    struct ob_request r;
    struct ob_endpoint at = endpoint(vec_need(v, "host"));
    struct ob_sign_at now = {.nonce = vec_need(v, "nonce"), .at = &at};
    assert_true(ob_time_parse(vec_need(v, "date"), &now.now_ms));
    ob_request_copy(&r, unsigned_request);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (ob_fields_get(headers, given[i]))
            ob_fields_add(&r.headers, given[i], ob_fields_get(headers, given[i]));
    r.rpc_action = ob_xstrdup(ob_fields_get(headers, "x-acs-action"));
    r.rpc_version = ob_xstrdup(ob_fields_get(headers, "x-acs-version"));
    assert_int_equal(ob_signer_acs3_hmac_sha256.sign(&c, NULL, &now, &r, NULL), OB_OK);
    vec_same(v, "signer", ob_fields_get(&r.headers, "Authorization"), vec_need(v, "authorization"));
    vec_same(v, "host", ob_fields_get(&r.headers, "Host"), vec_need(v, "host"));
    vec_same(v, "accept", ob_fields_get(&r.headers, "Accept"), "application/json");
    ob_request_fini(&r);
    ob_credential_fini(&c);
    ob_endpoint_fini(&at);
    through_signer++;
}

static void each_acs3(const struct vec *v)
{
    struct ob_request r;
    struct ob_fields headers = {0};
    struct ob_signature s;
    char hash[OB_SHA256_HEX];
    ob_request_init(&r, vec_need(v, "method"), vec_need(v, "path"));
    ob_buf_adds(&r.body, vec_need(v, "body"));
    add_lines(&r.query, v, "query");
    add_lines(&headers, v, "header");
    ob_signature_init(&s);
    ob_acs3_signature(&s, &r, "", &headers, vec_need(v, "id_key"), vec_need(v, "secret"));
    vec_same(v, "body hash", ob_sha256_hex(ob_buf_str(&r.body), r.body.len, hash),
             vec_need(v, "body_sha256"));
    vec_same(v, "canonical request", ob_buf_str(&s.canonical), vec_need(v, "canonical"));
    vec_same(v, "string to sign", ob_buf_str(&s.to_sign), vec_need(v, "to_sign"));
    vec_same(v, "authorization", ob_buf_str(&s.authorization), vec_need(v, "authorization"));
    assert_non_null(strstr(ob_buf_str(&s.authorization), vec_need(v, "signature")));
    /* The SDK names the key beside the session token, and so do we; hand-made records do not. */
    if (!ob_fields_get(&headers, "x-acs-security-token") ||
        ob_fields_get(&headers, "x-acs-accesskey-id"))
        acs3_signer(v, &r, &headers);
    ob_signature_fini(&s);
    ob_fields_fini(&headers);
    ob_request_fini(&r);
}

static void test_acs3(void **state)
{
    through_signer = 0;
    vec_run("acs3_hmac_sha256.txt", 20, each_acs3);
    print_message("  of these %zu through the signer\n", through_signer);
    assert_int_equal(through_signer, 19);
}

static bool is_common(const char *name)
{
    static const char *const common[] = {"Action",         "Version",         "Format",
                                         "AccessKeyId",    "SignatureMethod", "SignatureVersion",
                                         "SignatureNonce", "Timestamp",       "SecurityToken"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp(name, common[i]) == 0)
            return true;
    return false;
}

/* Of a POST the API's own parameters go into the form, of a GET into the query. */
static void rpc_signer(const struct vec *v, const struct ob_fields *params)
{
    struct ob_request r;
    struct ob_fields form = {0};
    struct ob_endpoint at = endpoint("eds-user.cn-shanghai.aliyuncs.com");
    struct ob_credential c = credential(v, ob_fields_get(params, "SecurityToken"));
    struct ob_sign_at now = {.nonce = ob_fields_get(params, "SignatureNonce"), .at = &at};
    assert_true(ob_time_parse(ob_fields_get(params, "Timestamp"), &now.now_ms));
    ob_request_init(&r, vec_need(v, "method"), "/");
    bool post = strcmp(r.method, "POST") == 0;
    for (size_t i = 0; i < params->count; i++)
        if (!is_common(params->v[i].name))
            ob_fields_add(post ? &form : &r.query, params->v[i].name, params->v[i].value);
    if (form.count) {
        ob_form_encode(&form, &r.body);
        ob_fields_add(&r.headers, "Content-Type", "application/x-www-form-urlencoded");
    }
    r.rpc_action = ob_xstrdup(ob_fields_get(params, "Action"));
    r.rpc_version = ob_xstrdup(ob_fields_get(params, "Version"));
    assert_int_equal(ob_signer_alibaba_rpc_v1.sign(&c, NULL, &now, &r, NULL), OB_OK);
    vec_same(v, "signer", ob_fields_get(&r.query, "Signature"), vec_need(v, "signature"));
    vec_same(v, "host", ob_fields_get(&r.headers, "host"), at.authority);
    ob_request_fini(&r);
    ob_fields_fini(&form);
    ob_credential_fini(&c);
    ob_endpoint_fini(&at);
    through_signer++;
}

static void each_rpc(const struct vec *v)
{
    struct ob_fields params = {0};
    struct ob_signature s;
    add_lines(&params, v, "param");
    ob_signature_init(&s);
    ob_rpc_v1_signature(&s, vec_need(v, "method"), &params, vec_need(v, "secret"));
    vec_same(v, "canonical query", ob_buf_str(&s.canonical), vec_need(v, "canonical"));
    vec_same(v, "string to sign", ob_buf_str(&s.to_sign), vec_need(v, "to_sign"));
    vec_same(v, "signature", ob_buf_str(&s.authorization), vec_need(v, "signature"));
    /* ob_fields_get is without case, hence the look for the old spelling TimeStamp first */
    if (!strstr(ob_buf_str(&s.canonical), "TimeStamp=") &&
        strcmp(ob_fields_get(&params, "Format"), "JSON") == 0)
        rpc_signer(v, &params);
    ob_signature_fini(&s);
    ob_fields_fini(&params);
}

static void test_rpc(void **state)
{
    through_signer = 0;
    vec_run("alibaba_rpc_v1.txt", 16, each_rpc);
    print_message("  of these %zu through the signer\n", through_signer);
    assert_true(through_signer >= 8);
}

struct form_case {
    const char *type, *body, *want; /* canonical parameters that must be in the signed text */
};

/* What the form means is signed, however it was written. */
static void test_rpc_form(void **state)
{
    static const struct form_case cases[] = {
        {"application/x-www-form-urlencoded", "Users.1=a+b", "Users.1=a%20b"},
        {"application/x-www-form-urlencoded; charset=utf-8", "Users.1=a%2bb", "Users.1=a%2Bb"},
        {"APPLICATION/X-WWW-FORM-URLENCODED", "x=&y&&z=1=2", "x=&y=&z=1%3D2"},
        {"application/x-www-form-urlencoded", "x=*~!'()", "x=%2A~%21%27%28%29"},
        {"application/json", "x=1", NULL},
    };
    struct ob_endpoint at = endpoint("h.example");
    struct ob_sign_at now = {1709251199000, "n", &at};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct form_case *k = &cases[i];
        struct ob_credential c = {0};
        struct ob_request r;
        struct ob_fields all;
        ob_credential_add(&c, "access_key_id", "id", -1);
        ob_credential_add(&c, "access_key_secret", "secret", -1);
        ob_request_init(&r, "POST", "/");
        ob_fields_add(&r.headers, "Content-Type", k->type);
        ob_buf_adds(&r.body, k->body);
        assert_int_equal(ob_signer_alibaba_rpc_v1.sign(&c, NULL, &now, &r, NULL), OB_OK);
        assert_string_equal(ob_buf_str(&r.body), k->body);
        /* Rebuild the signature from the wanted text: the parameters sort after the common ones. */
        ob_fields_copy(&all, &r.query);
        all.count--; /* Signature, the last */
        free(all.v[all.count].name);
        free(all.v[all.count].value);
        ob_fields_sort(&all);
        struct ob_buf text, mac;
        ob_buf_init(&text, OB_BUF_SMALL);
        ob_buf_init(&mac, OB_BUF_SMALL);
        ob_form_encode(&all, &text);
        if (k->want)
            ob_buf_addf(&text, "&%s", k->want);
        struct ob_buf to_sign;
        unsigned char md[20];
        ob_buf_init(&to_sign, OB_BUF_SMALL);
        ob_buf_adds(&to_sign, "POST&%2F&");
        ob_percent_encode(&to_sign, ob_buf_str(&text), text.len);
        ob_hmac_sha1("secret&", 7, ob_buf_str(&to_sign), to_sign.len, md);
        ob_base64(&mac, md, sizeof md);
        assert_string_equal(ob_fields_get(&r.query, "Signature"), ob_buf_str(&mac));
        ob_buf_fini(&text);
        ob_buf_fini(&mac);
        ob_buf_fini(&to_sign);
        ob_fields_fini(&all);
        ob_request_fini(&r);
        ob_credential_fini(&c);
    }
    ob_endpoint_fini(&at);
}

static enum ob_status rpc_once(struct ob_request *r, struct ob_err *err)
{
    struct ob_endpoint at = endpoint("h.example");
    struct ob_sign_at now = {1709251199000, "n", &at};
    struct ob_credential c = {0};
    ob_credential_add(&c, "access_key_id", "id", -1);
    ob_credential_add(&c, "access_key_secret", "secret", -1);
    enum ob_status status = ob_signer_alibaba_rpc_v1.sign(&c, NULL, &now, r, err);
    ob_credential_fini(&c);
    ob_endpoint_fini(&at);
    return status;
}

static void test_rpc_refusals(void **state)
{
    struct ob_request r;
    struct ob_err err;
    ob_request_init(&r, "POST", "/");
    ob_fields_add(&r.headers, "Content-Type", "application/x-www-form-urlencoded");
    ob_buf_adds(&r.body, "Users.1=a%00b");
    assert_int_equal(rpc_once(&r, &err), OB_ERR);
    assert_non_null(strstr(err.message, "NUL"));
    ob_request_fini(&r);

    ob_request_init(&r, "GET", "/");
    ob_fields_add(&r.query, "timestamp", "the API's own: names have case");
    assert_int_equal(rpc_once(&r, &err), OB_OK);
    assert_int_equal(rpc_once(&r, &err), OB_ERR); /* signed already */
    assert_non_null(strstr(err.message, "signer's own"));
    ob_request_fini(&r);
}

static void check_own_encoding(const struct vec *v)
{
    struct ob_buf out, back;
    const struct ob_buf *in = vec_buf(v, "input");
    ob_buf_init(&out, OB_BUF_SMALL);
    ob_buf_init(&back, OB_BUF_SMALL);
    ob_percent_encode(&out, ob_buf_str(in), in->len);
    vec_same(v, "percent-encoding", ob_buf_str(&out), vec_need(v, "output"));
    ob_percent_decode(&back, ob_buf_str(&out), out.len);
    assert_int_equal(back.len, in->len);
    assert_memory_equal(ob_buf_str(&back), ob_buf_str(in), in->len);
    ob_buf_fini(&out);
    ob_buf_fini(&back);
}

static void test_percent_encode(void **state)
{
    vec_run("percent_encode.txt", 137, check_own_encoding);
}

/* Decodes a form and puts it back with our encoder. */
static void recode(const char *form, struct ob_buf *out)
{
    struct ob_fields f = {0};
    struct ob_buf name, value;
    ob_buf_init(&name, OB_BUF_SMALL);
    ob_buf_init(&value, OB_BUF_SMALL);
    while (*form) {
        size_t n = strcspn(form, "&"), eq = strcspn(form, "=");
        ob_buf_clear(&name);
        ob_buf_clear(&value);
        ob_percent_decode(&name, form, eq);
        ob_percent_decode(&value, form + eq + 1, n - eq - 1);
        ob_fields_add(&f, ob_buf_str(&name), ob_buf_str(&value));
        form += n + (form[n] == '&');
    }
    ob_form_encode(&f, out);
    ob_fields_fini(&f);
    ob_buf_fini(&name);
    ob_buf_fini(&value);
}

/* The vendor's bytes and ours must mean the same pairs. */
static void each_form(const struct vec *v)
{
    struct ob_fields f = {0};
    struct ob_buf ours, theirs;
    ob_buf_init(&ours, OB_BUF_SMALL);
    ob_buf_init(&theirs, OB_BUF_SMALL);
    add_lines(&f, v, "pair");
    ob_form_encode(&f, &ours);
    recode(vec_need(v, "output"), &theirs);
    vec_same(v, "form", ob_buf_str(&ours), ob_buf_str(&theirs));
    ob_buf_fini(&ours);
    ob_buf_fini(&theirs);
    ob_fields_fini(&f);
}

static void test_form_encode(void **state)
{
    vec_run("form_encode.txt", 3, each_form);
}

/* Flattening is the provider's, in Lua. Here: what it gives survives the way to the wire. */
static void each_flat(const struct vec *v)
{
    struct ob_fields f = {0};
    struct ob_buf once, twice;
    ob_buf_init(&once, OB_BUF_SMALL);
    ob_buf_init(&twice, OB_BUF_SMALL);
    add_lines(&f, v, "pair");
    ob_form_encode(&f, &once);
    recode(ob_buf_str(&once), &twice);
    vec_same(v, "form", ob_buf_str(&twice), ob_buf_str(&once));
    ob_buf_fini(&once);
    ob_buf_fini(&twice);
    ob_fields_fini(&f);
}

static void test_flatten(void **state)
{
    vec_run("flatten.txt", 7, each_flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acs3),           cmocka_unit_test(test_rpc),
        cmocka_unit_test(test_rpc_form),       cmocka_unit_test(test_rpc_refusals),
        cmocka_unit_test(test_percent_encode), cmocka_unit_test(test_form_encode),
        cmocka_unit_test(test_flatten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
