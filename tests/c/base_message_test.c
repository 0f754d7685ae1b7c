/* Requests, their fields and targets, and what must never get into one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/message.h"

static void test_fields(void **state)
{
    struct ob_fields f = {0}, copy;
    assert_null(ob_fields_get(&f, "a"));
    ob_fields_add(&f, "B", "2");
    ob_fields_add(&f, "a", "1");
    ob_fields_add(&f, "b", "3");
    assert_string_equal(ob_fields_get(&f, "b"), "2"); /* the first, without case */
    ob_fields_set(&f, "b", "new");
    assert_string_equal(f.v[0].value, "new");
    assert_string_equal(f.v[0].name, "B");
    assert_string_equal(f.v[2].value, "3");
    ob_fields_set(&f, "b", f.v[0].value + 1); /* its own bytes */
    assert_string_equal(f.v[0].value, "ew");
    ob_fields_set(&f, "c", "4");
    assert_int_equal(f.count, 4);
    ob_fields_copy(&copy, &f);
    ob_fields_sort(&copy);
    assert_string_equal(copy.v[0].name, "B");
    assert_string_equal(copy.v[1].name, "a");
    assert_string_equal(f.v[1].name, "a"); /* a copy of its own */
    ob_fields_fini(&f);
    ob_fields_fini(&f);
    ob_fields_fini(&copy);
}

static void test_sort(void **state)
{
    static const char *const in[][2] = {{"Users.2", "x"}, {"Users.10", "x"}, {"Users.1", "x"},
                                        {"_c", "x"},      {"a", "9"},        {"a", "10"},
                                        {"a", "2"},       {"Z", "x"},        {"\xc3\xa9", "x"}};
    static const char *const want[] = {"Users.1x", "Users.10x", "Users.2x", "Zx",       "_cx",
                                       "a10",      "a2",        "a9",       "\xc3\xa9x"};
    struct ob_fields f = {0};
    for (size_t i = 0; i < 9; i++)
        ob_fields_add(&f, in[i][0], in[i][1]);
    ob_fields_sort(&f);
    for (size_t i = 0; i < 9; i++) {
        char *both = ob_xasprintf("%s%s", f.v[i].name, f.v[i].value);
        assert_string_equal(both, want[i]);
        free(both);
    }
    ob_fields_fini(&f);
}

static void test_request(void **state)
{
    struct ob_request r, copy;
    struct ob_buf target;
    ob_request_init(&r, "POST", "/v1/a%20b");
    ob_buf_init(&target, OB_BUF_SMALL);
    ob_request_target(&r, "", &target);
    assert_string_equal(ob_buf_str(&target), "/v1/a%20b");
    ob_fields_add(&r.query, "z", "a b&c");
    ob_fields_add(&r.query, "a", "");
    ob_fields_add(&r.headers, "H", "v");
    ob_buf_add(&r.body, "x\0y", 3);
    r.rpc_action = ob_xstrdup("Action");
    ob_request_copy(&copy, &r);
    ob_request_fini(&r);
    ob_request_fini(&r);
    ob_buf_clear(&target);
    ob_request_target(&copy, "/base", &target);
    assert_string_equal(ob_buf_str(&target), "/base/v1/a%20b?z=a%20b%26c&a=");
    assert_string_equal(copy.method, "POST");
    assert_string_equal(ob_fields_get(&copy.headers, "h"), "v");
    assert_int_equal(copy.body.len, 3);
    assert_memory_equal(copy.body.p, "x\0y", 3);
    assert_string_equal(copy.rpc_action, "Action");
    assert_null(copy.rpc_version);
    ob_request_fini(&copy);
    ob_buf_fini(&target);
}

struct check_case {
    const char *method, *path, *name, *value, *says; /* says NULL: fine */
};

static void test_check(void **state)
{
    static const struct check_case cases[] = {
        {"GET", "/", "X-A", "plain text", NULL},
        {"GET", "/", "X-A", "tab\tand \xc3\xa9", NULL},
        {"GET", "/", "X-A", "", NULL},
        {"get", "/", "X-A", "v", "unknown method"},
        {"", "/", "X-A", "v", "unknown method"},
        {"CONNECT", "/", "X-A", "v", "unknown method"},
        {"GET", "", "X-A", "v", "path"},
        {"GET", "v1", "X-A", "v", "path"},
        {"GET", "/a b", "X-A", "v", "path"},
        {"GET", "/a?b", "X-A", "v", "path"},
        {"GET", "/a#b", "X-A", "v", "path"},
        {"GET", "/a\r\nb", "X-A", "v", "path"},
        {"GET", "/\xc3\xa9", "X-A", "v", "path"},
        {"GET", "/", "", "v", "illegal name"},
        {"GET", "/", "X A", "v", "illegal name"},
        {"GET", "/", "X:A", "v", "illegal name"},
        {"GET", "/", "X\r\nA", "v", "illegal name"},
        {"GET", "/", "X-A", "secret\r\nEvil: 1", "X-A"},
        {"GET", "/", "X-A", "secret\n", "X-A"},
        {"GET", "/", "X-A", "secret\x7f", "X-A"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_request r;
        struct ob_err err = {0};
        ob_request_init(&r, cases[i].method, cases[i].path);
        ob_fields_add(&r.headers, "Fine", "value");
        ob_fields_add(&r.headers, cases[i].name, cases[i].value);
        enum ob_status status = ob_request_check(&r, &err);
        assert_int_equal(status, cases[i].says ? OB_ERR : OB_OK);
        if (cases[i].says && !strstr(err.message, cases[i].says))
            fail_msg("case %zu: '%s'", i, err.message);
        assert_null(strstr(err.message, "secret"));
        ob_request_fini(&r);
    }
    struct ob_request r;
    ob_request_init(&r, "TOOLONGMETHOD", "/");
    assert_int_equal(ob_request_check(&r, NULL), OB_ERR);
    ob_request_fini(&r);
}

static void test_response(void **state)
{
    struct ob_response r = {.status = 200};
    ob_buf_init(&r.body, OB_BUF_LARGE);
    ob_buf_adds(&r.body, "token");
    ob_fields_add(&r.headers, "X", "y");
    ob_response_fini(&r);
    ob_response_fini(&r);
    assert_int_equal(r.status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields), cmocka_unit_test(test_sort),
                                       cmocka_unit_test(test_request), cmocka_unit_test(test_check),
                                       cmocka_unit_test(test_response)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
