/* Huawei's SDK-HMAC-SHA256 against the vectors: every text of the core, and the signer as it is
 * called, wherever it would sign the very headers of the vector. */
#include "../vectors/vectors.h"
#include "base/clock.h"
#include "sign/internal.h"
#include <strings.h>

static size_t through_signer, derived_seen;

static void fill(struct ob_request *r, struct ob_fields *headers, const struct vec *v)
{
    const char *body = vec_get(v, "body");
    ob_request_init(r, vec_need(v, "method"), vec_need(v, "path"));
    if (body)
        ob_buf_adds(&r->body, body);
    for (size_t i = 0; i < v->count; i++) {
        const struct ob_buf *c = v->v[i].col;
        if (vec_is(&v->v[i], "query"))
            ob_fields_add(&r->query, ob_buf_str(&c[1]), ob_buf_str(&c[2]));
        if (vec_is(&v->v[i], "header"))
            ob_fields_add(headers, ob_buf_str(&c[1]), ob_buf_str(&c[2]));
    }
}

/* The date of a vector as the wall clock that the signer is given. */
static int64_t when(const char *basic)
{
    char iso[OB_TIME_TEXT];
    int64_t ms;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", basic, basic + 4, basic + 6,
             basic + 9, basic + 11, basic + 13);
    assert_true(ob_time_parse(iso, &ms));
    return ms;
}

/* True when the signer itself would sign just these headers. */
static bool signer_would(const struct ob_fields *headers)
{
    if (!ob_fields_get(headers, "host"))
        return false;
    for (size_t i = 0; i < headers->count; i++)
        if (strchr(headers->v[i].name, '_'))
            return false;
    return true;
}

static void add_own(struct ob_credential *c, const char *name, const char *value)
{
    if (value)
        ob_credential_add(c, name, value, -1);
}

static void check_signer(const struct vec *v, const struct ob_request *unsigned_request,
                         const struct ob_fields *headers)
{
    static const char *const own[] = {"host", "X-Sdk-Date", "X-Project-Id", "X-Security-Token"};
    struct ob_request r;
    struct ob_credential c = {0};
    char *url = ob_xasprintf("https://%s", ob_fields_get(headers, "host"));
    struct ob_endpoint at;
    assert_int_equal(ob_endpoint_parse(&at, url, NULL), OB_OK);
    ob_request_copy(&r, unsigned_request);
    for (size_t i = 0; i < headers->count; i++) {
        bool mine = false;
        for (size_t k = 0; k < 4; k++)
            mine = mine || strcasecmp(headers->v[i].name, own[k]) == 0;
        if (!mine)
            ob_fields_add(&r.headers, headers->v[i].name, headers->v[i].value);
    }
    ob_fields_add(&r.headers, "User-Agent", "never signed");
    add_own(&c, "access_key", vec_need(v, "ak"));
    add_own(&c, "secret_key", vec_need(v, "sk"));
    add_own(&c, "project_id", ob_fields_get(headers, "X-Project-Id"));
    add_own(&c, "security_token", ob_fields_get(headers, "X-Security-Token"));
    struct ob_sign_at now = {when(ob_fields_get(headers, "X-Sdk-Date")), "nonce", &at};
    assert_int_equal(ob_signer_huawei_sdk_hmac.sign(&c, NULL, &now, &r, NULL), OB_OK);
    vec_same(v, "signer", ob_fields_get(&r.headers, "Authorization"), vec_need(v, "authorization"));
    ob_request_fini(&r);
    ob_credential_fini(&c);
    ob_endpoint_fini(&at);
    free(url);
    through_signer++;
}

/* V11: the program does not speak it; made here so that these records check the canonical request
 * down to a signature that somebody published. */
static void check_derived(const struct vec *v, const struct vec_line *l, const char *canonical,
                          const char *date, const char *names)
{
    unsigned char prk[32], okm[32];
    char hash[OB_SHA256_HEX];
    struct ob_buf key, text;
    char *info = ob_xasprintf("%.8s/%s/%s", date, ob_buf_str(&l->col[1]), ob_buf_str(&l->col[2]));
    char *expand = ob_xasprintf("%s\x01", info);
    ob_buf_init(&key, OB_BUF_SMALL);
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_sha256_hex(canonical, strlen(canonical), hash);
    ob_buf_addf(&text, "V11-HMAC-SHA256\n%s\n%s\n%s", date, info, hash);
    vec_same(v, "string to sign", ob_buf_str(&text), vec_need(v, "to_sign"));
    ob_hmac_sha256(vec_need(v, "ak"), strlen(vec_need(v, "ak")), vec_need(v, "sk"),
                   strlen(vec_need(v, "sk")), prk);
    ob_hmac_sha256(prk, sizeof prk, expand, strlen(expand), okm);
    ob_hex(&key, okm, sizeof okm);
    ob_canon_hmac(ob_buf_str(&key), &text, hash);
    char *whole = ob_xasprintf("V11-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                               vec_need(v, "ak"), info, names, hash);
    vec_same(v, "authorization", whole, vec_need(v, "authorization"));
    free(whole);
    free(info);
    free(expand);
    ob_buf_fini(&key);
    ob_buf_fini(&text);
    derived_seen++;
}

static void each(const struct vec *v)
{
    struct ob_request r;
    struct ob_fields headers = {0};
    struct ob_signature s;
    const struct vec_line *derived = NULL;
    for (size_t i = 0; i < v->count; i++)
        if (vec_is(&v->v[i], "derived"))
            derived = &v->v[i];
    fill(&r, &headers, v);
    ob_signature_init(&s);
    ob_huawei_sdk_signature(&s, &r, "", &headers, vec_need(v, "ak"), vec_need(v, "sk"));
    vec_same(v, "canonical request", ob_buf_str(&s.canonical), vec_need(v, "canonical"));
    if (derived) {
        const char *from = strstr(ob_buf_str(&s.authorization), "SignedHeaders=") + 14;
        char *names = ob_xmemdup(from, strcspn(from, ","));
        check_derived(v, derived, ob_buf_str(&s.canonical), ob_fields_get(&headers, "X-Sdk-Date"),
                      names);
        free(names);
    } else {
        vec_same(v, "string to sign", ob_buf_str(&s.to_sign), vec_need(v, "to_sign"));
        vec_same(v, "authorization", ob_buf_str(&s.authorization), vec_need(v, "authorization"));
        if (signer_would(&headers))
            check_signer(v, &r, &headers);
    }
    ob_signature_fini(&s);
    ob_fields_fini(&headers);
    ob_request_fini(&r);
}

static void test_vectors(void **state)
{
    vec_run("huawei_sdk_hmac.txt", 45, each);
    print_message("  of these %zu through the signer, %zu of the derived form\n", through_signer,
                  derived_seen);
    assert_int_equal(derived_seen, 10);
    assert_true(through_signer >= 31);
}

struct path_case {
    const char *base, *path, *uri;
};

static void test_paths(void **state)
{
    static const struct path_case cases[] = {
        {"", "", "/"},
        {"", "/", "/"},
        {"/api", "/v1/x", "/api/v1/x"},
        {"/api", "", "/api"},
        {"/a%20b", "/c%2Fd/%e4%b8%80", "/a%20b/c%2Fd/%E4%B8%80"},
        {"", "/a//b/", "/a//b/"},
        {"", "/a@b:c,d;e=f", "/a%40b%3Ac%2Cd%3Be%3Df"},
        {"", "/100%", "/100%25"},
        {"", "/./../x", "/./../x"},
        {"", "/%00", "/%00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_canon_path(&b, cases[i].base, cases[i].path);
        assert_string_equal(ob_buf_str(&b), cases[i].uri);
        ob_buf_fini(&b);
    }
}

/* The endpoint's base path is part of what is signed, as it is of what is sent. */
static void test_base_path(void **state)
{
    struct ob_request direct, based;
    struct ob_fields headers = {0};
    struct ob_signature a, b;
    ob_fields_add(&headers, "X-Sdk-Date", "20240229T235959Z");
    ob_request_init(&direct, "GET", "/dayu/v1/x");
    ob_request_init(&based, "GET", "/v1/x");
    ob_signature_init(&a);
    ob_signature_init(&b);
    ob_huawei_sdk_signature(&a, &direct, "", &headers, "ak", "sk");
    ob_huawei_sdk_signature(&b, &based, "/dayu", &headers, "ak", "sk");
    assert_string_equal(ob_buf_str(&a.authorization), ob_buf_str(&b.authorization));
    ob_signature_fini(&a);
    ob_signature_fini(&b);
    ob_request_fini(&direct);
    ob_request_fini(&based);
    ob_fields_fini(&headers);
}

static void test_repeated_query(void **state)
{
    struct ob_request r;
    struct ob_fields headers = {0};
    struct ob_signature s;
    ob_request_init(&r, "GET", "/");
    ob_fields_add(&r.query, "k", "9");
    ob_fields_add(&r.query, "a", "");
    ob_fields_add(&r.query, "k", "2");
    ob_fields_add(&r.query, "k", "10");
    ob_signature_init(&s);
    ob_huawei_sdk_signature(&s, &r, "", &headers, "ak", "sk");
    assert_non_null(strstr(ob_buf_str(&s.canonical), "\na=&k=10&k=2&k=9\n"));
    assert_string_equal(r.query.v[0].value, "9"); /* the request itself keeps its order */
    ob_signature_fini(&s);
    ob_request_fini(&r);
}

static void test_refusals(void **state)
{
    struct ob_endpoint at;
    struct ob_err err;
    struct ob_request r;
    struct ob_credential c = {0};
    assert_int_equal(ob_endpoint_parse(&at, "https://h.example", NULL), OB_OK);
    struct ob_sign_at now = {0, "n", &at};
    ob_request_init(&r, "GET", "/");
    assert_int_equal(ob_signer_huawei_sdk_hmac.sign(&c, NULL, &now, &r, &err), OB_ERR_CREDENTIAL);
    assert_non_null(strstr(err.message, "access_key"));
    assert_int_equal(r.headers.count, 0);
    ob_credential_add(&c, "access_key", "ak", -1);
    ob_credential_add(&c, "secret_key", "sk", -1);
    ob_fields_add(&r.headers, "X-Twice", "1");
    ob_fields_add(&r.headers, "x-twice", "2");
    assert_int_equal(ob_signer_huawei_sdk_hmac.sign(&c, NULL, &now, &r, &err), OB_ERR);
    assert_non_null(strstr(err.message, "x-twice"));
    assert_null(ob_fields_get(&r.headers, "Authorization"));
    ob_request_fini(&r);
    ob_credential_fini(&c);
    ob_endpoint_fini(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),   cmocka_unit_test(test_paths),
        cmocka_unit_test(test_base_path), cmocka_unit_test(test_repeated_query),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
