/* Percent-encoding and endpoints. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/message.h"

static void test_decode(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},       {"a%20b", "a b"}, {"%41%62", "Ab"}, {"%e4%B8%80", "\xe4\xb8\x80"},
        {"a+b", "a+b"}, {"%", "%"},       {"%4", "%4"},     {"%4g", "%4g"},
        {"%%41", "%A"}, {"100%", "100%"}, {"%2541", "%41"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_percent_decode(&b, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(ob_buf_str(&b), cases[i][1]);
        ob_buf_fini(&b);
    }
}

/* Every byte there and back. */
static void test_all_bytes(void **state)
{
    char all[256];
    struct ob_buf enc, dec;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    ob_buf_init(&enc, OB_BUF_SMALL);
    ob_buf_init(&dec, OB_BUF_SMALL);
    ob_percent_encode(&enc, all, sizeof all);
    assert_int_equal(enc.len, 66 + 190 * 3);
    ob_percent_decode(&dec, enc.p, enc.len);
    assert_int_equal(dec.len, 256);
    assert_memory_equal(dec.p, all, 256);
    ob_buf_fini(&enc);
    ob_buf_fini(&dec);
}

static void test_path_clean(void **state)
{
    static const char *const cases[][2] = {
        {"", "/"},
        {"/", "/"},
        {"v1/x", "/v1/x"},
        {"/v1/x", "/v1/x"},
        {"/a b", "/a%20b"},
        {"/a%20b", "/a%20b"},
        {"/a%zzb", "/a%25zzb"},
        {"/100%", "/100%25"},
        {"/a?b#c", "/a%3Fb%23c"},
        {"/u@corp.com:x;y=1,(z)'!*&$+~", "/u@corp.com:x;y=1,(z)'!*&$+~"},
        {"/\xe4\xb8\x80", "/%E4%B8%80"},
        {"/a\r\nb", "/a%0D%0Ab"},
        {"/[x]", "/%5Bx%5D"},
        {"/a//b/", "/a//b/"},
        {"/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_buf b;
        struct ob_request r;
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_path_clean(&b, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(ob_buf_str(&b), cases[i][1]);
        ob_request_init(&r, "GET", ob_buf_str(&b));
        assert_int_equal(ob_request_check(&r, NULL), OB_OK);
        ob_request_fini(&r);
        ob_buf_fini(&b);
    }
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_path_clean(&b, "/a\0b", 4);
    assert_string_equal(ob_buf_str(&b), "/a%00b");
    ob_buf_fini(&b);
}

struct endpoint_case {
    const char *url;
    bool https;
    const char *host;
    int port;
    const char *authority, *base;
};

static void test_endpoint(void **state)
{
    static const struct endpoint_case cases[] = {
        {"https://a.example.com", true, "a.example.com", 443, "a.example.com", ""},
        {"HTTPS://A.Example.COM/", true, "a.example.com", 443, "a.example.com", ""},
        {"https://a.example:443/x/", true, "a.example", 443, "a.example", "/x"},
        {"https://a.example:8443/x/y", true, "a.example", 8443, "a.example:8443", "/x/y"},
        {"https://a.example:80", true, "a.example", 80, "a.example:80", ""},
        {"https://a_b-c.example.", true, "a_b-c.example.", 443, "a_b-c.example.", ""},
        {"https://a//", true, "a", 443, "a", ""},
        {"https://a/%41b~", true, "a", 443, "a", "/%41b~"},
        {"https://[::1]:9/x", true, "::1", 9, "[::1]:9", "/x"},
        {"https://[2001:DB8::1]", true, "2001:db8::1", 443, "[2001:db8::1]", ""},
        {"http://127.0.0.1:8080", false, "127.0.0.1", 8080, "127.0.0.1:8080", ""},
        {"http://127.9.8.7", false, "127.9.8.7", 80, "127.9.8.7", ""},
        {"http://[::1]:80/", false, "::1", 80, "[::1]", ""},
        {"Http://LocalHost:65535", false, "localhost", 65535, "localhost:65535", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct endpoint_case *c = &cases[i];
        struct ob_endpoint e;
        struct ob_err err = {0};
        if (ob_endpoint_parse(&e, c->url, &err) != OB_OK)
            fail_msg("%s: %s", c->url, err.message);
        assert_int_equal(e.https, c->https);
        assert_string_equal(e.host, c->host);
        assert_int_equal(e.port, c->port);
        assert_string_equal(e.authority, c->authority);
        assert_string_equal(e.base, c->base);
        ob_endpoint_fini(&e);
        ob_endpoint_fini(&e);
    }
}

static void test_endpoint_refused(void **state)
{
    static const char *const cases[][2] = {
        {"", "https://"},
        {"a.example.com", "https://"},
        {"ftp://a", "https://"},
        {"https:/a", "https://"},
        {"https://", "host"},
        {"https:///x", "host"},
        {"https://:443", "host"},
        {"https://a..b", "host"},
        {"https://.a", "host"},
        {"https://-a", "host"},
        {"https://a%41", "host"},
        {"https://a~b", "host"},
        {"https://a\\b", "host"},
        {"https://\xc3\xa9.example", "host"},
        {"https://::1", "host"},
        {"https://[::1", "host"},
        {"https://[::g]", "host"},
        {"https://[127.0.0.1]", "host"},
        {"https://[]", "host"},
        {"https://[::1]x", "illegal"},
        {"https://[fe80::1%25eth0]", "host"},
        {"https://a:", "port"},
        {"https://a:0", "port"},
        {"https://a:65536", "port"},
        {"https://a:99999999999", "port"},
        {"https://a:12x", "illegal"},
        {"https://a:-1", "port"},
        {"https://a:+1", "port"},
        {"https://a:080", "port"},
        {"https://a:1:2", "illegal"},
        {"https://user:hunter2@a", "user part"},
        {"https://a/x@y", "user part"},
        {"https://a?x", "'?'"},
        {"https://a/#x", "'#'"},
        {"https://a b", "space"},
        {"https://a\n", "space"},
        {"https://a/\x7f", "space"},
        {"https://a/%zz", "illegal"},
        {"https://a/\xc3\xa9", "illegal"},
        {"https://a/<", "illegal"},
        {"http://a.example", "plain http is only for the loopback address; use https"},
        {"http://128.0.0.1", "plain http"},
        {"http://127.1", "plain http"},
        {"http://127.0.0.1.evil.example", "plain http"},
        {"http://localhost.evil.example", "plain http"},
        {"http://[::2]", "plain http"},
        {"http://[::ffff:127.0.0.1]", "plain http"},
        {"http://0.0.0.0", "plain http"},
        {"http://2130706433", "plain http"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_endpoint e;
        struct ob_err err = {0};
        if (ob_endpoint_parse(&e, cases[i][0], &err) != OB_ERR)
            fail_msg("'%s' is taken", cases[i][0]);
        if (!strstr(err.message, cases[i][1]))
            fail_msg("'%s': '%s'", cases[i][0], err.message);
        assert_null(strstr(err.message, "hunter2"));
        assert_null(e.host);
        ob_endpoint_fini(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode), cmocka_unit_test(test_all_bytes),
        cmocka_unit_test(test_path_clean), cmocka_unit_test(test_endpoint),
        cmocka_unit_test(test_endpoint_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
