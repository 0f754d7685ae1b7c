/* Status codes, their order, and error texts that keep both ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/status.h"
#include "base/utf8.h"

static void test_codes(void **state)
{
    static const struct {
        enum ob_status status;
        int code;
        const char *word;
    } cases[] = {
        {OB_OK, 0, "done"},
        {OB_ERR, 1, "error"},
        {OB_ERR_USAGE, 64, "usage"},
        {OB_ERR_GUARD, 10, "guard"},
        {OB_ERR_DOUBT, 21, "in_doubt"},
        {OB_ERR_CREDENTIAL, 30, "credential"},
        {OB_ERR_SIGTERM, 143, "terminated"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ob_status_exit(cases[i].status), cases[i].code);
        assert_string_equal(ob_status_word(cases[i].status), cases[i].word);
    }
    for (int i = 0; i < OB_STATUS_COUNT; i++)
        assert_non_null(ob_status_word((enum ob_status)i));
    assert_int_equal(ob_status_exit((enum ob_status)9999), 1);
}

static void test_worst(void **state)
{
    /* from the worst down; each beats all after it, in both orders */
    static const enum ob_status order[] = {
        OB_ERR_AUDIT,     OB_ERR_DOUBT,      OB_ERR_GUARD,    OB_ERR_PARTIAL, OB_ERR,
        OB_ERR_CHANGES,   OB_ERR_USAGE,      OB_ERR_APPROVAL, OB_ERR_STALE,   OB_ERR_WAITING,
        OB_ERR_THROTTLED, OB_ERR_CREDENTIAL, OB_ERR_SIGTERM,  OB_OK};
    size_t n = sizeof order / sizeof *order;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k < n; k++) {
            assert_int_equal(ob_status_worst(order[i], order[k]), order[i]);
            assert_int_equal(ob_status_worst(order[k], order[i]), order[i]);
        }
}

static void test_fail(void **state)
{
    struct ob_err err;
    assert_int_equal(ob_fail(&err, OB_ERR_INPUT, "file %d", 7), OB_ERR_INPUT);
    assert_string_equal(err.message, "file 7");
    assert_int_equal(err.status, OB_ERR_INPUT);
    assert_int_equal(ob_fail(&err, OB_ERR, "again: %s", err.message), OB_ERR);
    assert_string_equal(err.message, "again: file 7");
    assert_int_equal(ob_fail(NULL, OB_ERR_STALE, "%s", "nobody listens"), OB_ERR_STALE);
    assert_int_equal(ob_err_prefix(&err, "plan %d", 3), OB_ERR);
    assert_string_equal(err.message, "plan 3: again: file 7");
}

static void assert_utf8(const char *s)
{
    size_t len = strlen(s);
    while (len) {
        size_t n = ob_utf8_seq(s, len);
        assert_true(n > 0);
        s += n;
        len -= n;
    }
}

/* Long texts lose their middle, at whole characters. */
static void test_long(void **state)
{
    struct ob_err err;
    static const char tail[] = "run: chmod!";
    char text[20000];
    for (size_t shift = 0; shift < 3; shift++) {
        size_t at = shift;
        memset(text, 'x', sizeof text);
        for (; at + 3 + sizeof tail < sizeof text; at += 3)
            memcpy(text + at, "\xE4\xB8\x80", 3);
        memcpy(text + at, tail, sizeof tail);
        ob_fail(&err, OB_ERR, "%s", text);
        assert_utf8(err.message);
        assert_true(strlen(err.message) > 2000);
        for (int i = 0; i < 30; i++) {
            ob_err_prefix(&err, "prefix %d \xE4\xB8\x80", i);
            assert_utf8(err.message);
            assert_non_null(strstr(err.message, "run: chmod!"));
        }
        assert_true(strncmp(err.message, "prefix 29", 9) == 0);
        ob_err_prefix(&err, "%s", text);
        assert_utf8(err.message);
        assert_non_null(strstr(err.message, "run: chmod!"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes), cmocka_unit_test(test_worst),
                                       cmocka_unit_test(test_fail), cmocka_unit_test(test_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
