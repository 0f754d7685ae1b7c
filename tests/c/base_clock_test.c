/* Times and their texts; the seeded generator and ids. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/random.h"

static void test_texts(void **state)
{
    static const struct {
        int64_t ms;
        const char *iso, *fine, *basic;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "19700101T000000Z"},
        {-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z", "19691231T235959Z"},
        {1709251199007, "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.007Z", "20240229T235959Z"},
        {951782400000, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z", "20000229T000000Z"},
        {4102444800000, "2100-01-01T00:00:00Z", "2100-01-01T00:00:00.000Z", "21000101T000000Z"},
        {253402300799999, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z", "99991231T235959Z"},
    };
    char out[OB_TIME_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t back;
        assert_string_equal(ob_time_iso(cases[i].ms, false, out), cases[i].iso);
        assert_string_equal(ob_time_basic(cases[i].ms, out), cases[i].basic);
        assert_string_equal(ob_time_iso(cases[i].ms, true, out), cases[i].fine);
        assert_true(ob_time_parse(out, &back));
        assert_int_equal(back, cases[i].ms);
    }
    ob_time_iso(INT64_MAX, true, out); /* whatever it says, it ends within bounds */
    assert_true(strlen(out) < OB_TIME_TEXT);
    ob_time_basic(INT64_MIN, out);
    assert_true(strlen(out) < OB_TIME_TEXT);
    ob_date_local(INT64_MAX, out);
    assert_true(strlen(out) < OB_TIME_TEXT);
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2020-01-04T09:05:22.701000Z", 1578128722701},
        {"2020-01-04T09:05:22Z", 1578128722000},
        {"2020-01-04T09:05:22", 1578128722000},
        {"2020-01-04 09:05:22", 1578128722000},
        {"2020-01-04t09:05:22z", 1578128722000},
        {"2020-01-04T17:05:22+08:00", 1578128722000},
        {"2020-01-04T17:05:22+0800", 1578128722000},
        {"2020-01-04T17:05:22+08", 1578128722000},
        {"2020-01-04T04:35:22.5-04:30", 1578128722500},
        {"2020-01-04T09:05:22.7019999Z", 1578128722701},
        {"2020-01-04T09:05:22,7Z", 1578128722700},
        {"2020-01-04", 1578096000000},
        {"2024-02-29", 1709164800000},
        {"2000-02-29", 951782400000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"0000-03-01", -62162035200000},
        {"1969-12-31T23:59:59.250Z", -750},
    };
    static const char *const bad[] = {
        "",
        "2020",
        "2020-1-04",
        "2020-13-01",
        "2020-00-01",
        "2020-01-00",
        "2020-01-32",
        "2023-02-29",
        "1900-02-29",
        "2020-04-31",
        "2020-01-04T",
        "2020-01-04T09",
        "2020-01-04T09:05",
        "2020-01-04T24:00:00Z",
        "2020-01-04T09:60:00Z",
        "2020-01-04T09:05:61Z",
        "2020-01-04T09:05:22.Z",
        "2020-01-04T09:05:22X",
        "2020-01-04T09:05:22Z ",
        " 2020-01-04",
        "2020-01-04T09:05:22+24:00",
        "2020-01-04T09:05:22+08:60",
        "2020-01-04T09:05:22+8",
        "2020-01-04T09:05:22+08:",
        "2020-01-04T09:05:22+08:0",
        "2020-01-04T09:05:22+080",
        "-020-01-04",
        "+020-01-04",
        "20200104",
        "2020-01-04X09:05:22Z",
        "2020-01-04T-9:05:22Z",
        "2020-01-04T09:05:22ZZ",
        "soon",
    };
    int64_t ms;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!ob_time_parse(cases[i].text, &ms) || ms != cases[i].ms)
            fail_msg("%s", cases[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ob_time_parse(bad[i], &ms))
            fail_msg("'%s' is taken", bad[i]);
}

/* The calendar agrees with libc on every day of eight centuries. */
static void test_calendar(void **state)
{
    for (int64_t day = -135140; day < 157054; day++) {
        char out[OB_TIME_TEXT];
        int64_t back;
        ob_time_iso(day * 86400000, false, out);
        assert_true(ob_time_parse(out, &back));
        assert_int_equal(back, day * 86400000);
    }
}

static void test_local(void **state)
{
    char out[OB_TIME_TEXT];
    setenv("TZ", "Asia/Shanghai", 1); /* by rule as well, should there be no zone files */
    if (strcmp(ob_date_local(0, out), "1970-01-01") != 0)
        fail();
    setenv("TZ", "CST-8", 1);
    assert_string_equal(ob_date_local(1709251199000, out), "2024-03-01");
    setenv("TZ", "PST8", 1);
    assert_string_equal(ob_date_local(1709251199000, out), "2024-02-29");
    assert_string_equal(ob_time_iso(1709251199000, false, out), "2024-02-29T23:59:59Z");
    unsetenv("TZ");
}

static void test_real(void **state)
{
    const struct ob_clock *c = ob_clock_real();
    int64_t a = ob_mono_ms(c), wall = ob_wall_ms(c);
    struct timespec nap = {0, 5000000};
    nanosleep(&nap, NULL);
    assert_true(ob_mono_ms(c) >= a + 4);
    assert_true(wall / 1000 - (int64_t)time(NULL) <= 1 && (int64_t)time(NULL) - wall / 1000 <= 1);
}

static void test_seeded(void **state)
{
    struct ob_random a, b;
    size_t seen[10] = {0};
    ob_random_seed(&a, 42);
    ob_random_seed(&b, 42);
    for (int i = 0; i < 1000; i++)
        assert_true(ob_random_next(&a) == ob_random_next(&b));
    ob_random_seed(&b, 43);
    assert_true(ob_random_next(&a) != ob_random_next(&b));
    for (int i = 0; i < 100000; i++)
        seen[ob_random_below(&a, 10)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_true(ob_random_below(&a, 1) == 0);
    for (int i = 0; i < 100; i++)
        assert_true(ob_random_below(&a, UINT64_MAX) < UINT64_MAX);
    /* The first outputs are part of the contract: a rehearsal is repeated from its seed. */
    ob_random_seed(&a, 0);
    assert_true(ob_random_next(&a) == 0x99ec5f36cb75f2b4u);
    assert_true(ob_random_next(&a) == 0xbf6e1f784956452au);
}

static void test_uuid(void **state)
{
    char a[OB_UUID_TEXT], b[OB_UUID_TEXT];
    for (int i = 0; i < 100; i++) {
        ob_uuid4(a);
        ob_uuid4(b);
        assert_int_equal(strlen(a), 36);
        assert_string_not_equal(a, b);
        assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
        assert_true(a[14] == '4' && strchr("89ab", a[19]));
        assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts), cmocka_unit_test(test_parse), cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_local), cmocka_unit_test(test_real),  cmocka_unit_test(test_seeded),
        cmocka_unit_test(test_uuid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
