/* The canonical JSON writer: order, escapes, numbers that come back as they were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/random.h"

static void same(const struct ob_value *v, const char *want)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_json_write(&b, v);
    assert_string_equal(ob_buf_str(&b), want);
    assert_int_equal(ob_json_scan(b.p, b.len, NULL, NULL, NULL), OB_OK);
    ob_buf_fini(&b);
}

static void test_write(void **state)
{
    struct ob_value v;
    ob_value_init(&v);
    same(&v, "null");
    ob_map_put_int(&v, "b", INT64_MIN);
    ob_map_put_int(&v, "B", INT64_MAX);
    ob_map_put_int(&v, "a10", 1);
    ob_map_put_int(&v, "a", 2);
    ob_map_put_bool(&v, "\xc3\xa9", true);
    ob_value_set_secret(ob_map_put(&v, "s"), 0);
    ob_value_set_list(ob_map_put(&v, "l"));
    ob_value_set_map(ob_map_put(&v, "m"));
    ob_list_push_str(ob_map_put(&v, "x"), "1");
    ob_list_push(ob_map_put(&v, "x"));
    same(&v, "{\"B\":9223372036854775807,\"a\":2,\"a10\":1,\"b\":-9223372036854775808,\"l\":[],"
             "\"m\":{},\"s\":null,\"x\":[\"1\",null],\"\xc3\xa9\":true}");
    ob_value_fini(&v);
}

static void test_write_str(void **state)
{
    static const char *const cases[][2] = {
        {"", "\"\""},
        {"a/b", "\"a/b\""},
        {"\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"\xe4\xb8\x80", "\"\xe4\xb8\x80\""},
        {"a\xff"
         "b\xc3",
         "\"a\xef\xbf\xbd"
         "b\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_value v;
        ob_value_init(&v);
        ob_value_set_str(&v, cases[i][0]);
        same(&v, cases[i][1]);
        ob_value_fini(&v);
    }
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_json_write_str(&b, "a\0b", 3);
    assert_string_equal(ob_buf_str(&b), "\"a\\u0000b\"");
    ob_buf_fini(&b);
}

static void test_write_num(void **state)
{
    static const struct {
        double n;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {0.1, "0.1"},
        {1.5, "1.5"},
        {1e100, "1e+100"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {9007199254740993.0, "9007199254740992.0"},
        {1e15, "1e+15"},
        {123456.0, "123456.0"},
        {5e-324, "4.94065645841247e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {(double)NAN, "null"},
        {(double)INFINITY, "null"},
        {-(double)INFINITY, "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_value v;
        ob_value_init(&v);
        ob_value_set_num(&v, cases[i].n);
        same(&v, cases[i].text);
    }
    struct ob_random r;
    ob_random_seed(&r, 1);
    for (int i = 0; i < 20000; i++) { /* any double comes back as it was, and as a real */
        uint64_t bits = ob_random_next(&r);
        struct ob_value v;
        struct ob_buf b;
        double n;
        memcpy(&n, &bits, sizeof n);
        if (!isfinite(n))
            continue;
        ob_value_init(&v);
        ob_value_set_num(&v, n);
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_json_write(&b, &v);
        assert_true(strtod(b.p, NULL) == n);
        assert_non_null(strpbrk(b.p, ".e"));
        ob_buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write),
                                       cmocka_unit_test(test_write_str),
                                       cmocka_unit_test(test_write_num)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
