/* Positions as text and back, and texts that are none of ours. */
#include "ledger_fixture.h"
#include "ledger/ranges.h"

#define MAX INT64_MAX

struct pair {
    const char *text;
    size_t n;
    int64_t v[8];
};

static const struct pair pairs[] = {
    {"", 0, {0}},
    {"0", 1, {0}},
    {"0-1", 2, {0, 1}},
    {"0-3,7", 5, {0, 1, 2, 3, 7}},
    {"5,3-4", 3, {5, 3, 4}}, /* order is kept */
    {"3,2,1", 3, {3, 2, 1}},
    {"4,4", 2, {4, 4}},
    {"1,3,5-6,9", 5, {1, 3, 5, 6, 9}},
    {"9223372036854775806-9223372036854775807,0", 3, {MAX - 1, MAX, 0}},
};

static void both_ways(void **state)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct ob_buf b;
        int64_t *v;
        size_t n;
        ob_buf_init(&b, OB_BUF_SMALL);
        assert_true(ob_ranges_write(&b, pairs[i].v, pairs[i].n));
        assert_string_equal(ob_buf_str(&b), pairs[i].text);
        assert_true(ob_ranges_read(pairs[i].text, &v, &n));
        assert_int_equal(n, pairs[i].n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(v[k], pairs[i].v[k]);
        free(v);
        ob_buf_fini(&b);
    }
}

static void refused(void **state)
{
    static const char *const bad[] = {
        ",",
        "1,",
        ",1",
        "1,,2",
        "-1",
        "1-",
        "1-1",
        "2-1",
        "1-2-3",
        " 1",
        "1 ",
        "+1",
        "a",
        "1-b",
        "1;2",
        "0x10",
        "1,-2",
        "--",
        "0-9999999999999",
        "9223372036854775808",
        "0-9223372036854775807",
        "0-16777215,20000000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t *v;
        size_t n;
        if (ob_ranges_read(bad[i], &v, &n))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_null(v);
        assert_int_equal(n, 0);
    }
}

static void negative(void **state)
{
    struct ob_buf b;
    const int64_t v[] = {3, -1};
    ob_buf_init(&b, OB_BUF_SMALL);
    assert_false(ob_ranges_write(&b, v, 2));
    ob_buf_fini(&b);
    ob_buf_init(&b, 3);
    const int64_t wide[] = {1000};
    assert_false(ob_ranges_write(&b, wide, 1));
    ob_buf_fini(&b);
}

/* A seeded walk over many shapes: read(write(v)) is v. */
static void any(void **state)
{
    unsigned seed = 7;
    for (int round = 0; round < 2000; round++) {
        int64_t v[200], *back, at = 0;
        size_t n = (size_t)(rand_r(&seed) % 200), m;
        for (size_t i = 0; i < n; i++)
            v[i] = at = rand_r(&seed) % 4 ? at + 1 : rand_r(&seed) % 100000;
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        assert_true(ob_ranges_write(&b, v, n));
        assert_true(ob_ranges_read(ob_buf_str(&b), &back, &m));
        assert_int_equal(n, m);
        if (n)
            assert_memory_equal(v, back, n * sizeof *v);
        free(back);
        ob_buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(refused),
        cmocka_unit_test(negative),
        cmocka_unit_test(any),
    };
    return cmocka_run_group_tests_name("ledger ranges", tests, NULL, NULL);
}
