/* The arithmetic of limits: brackets of the default share, what is written and what is absent,
 * ceilings, the largest population of 30 days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "engine/limiter.h"
#include "script/script.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define NOW_MS ((int64_t)1795320000000) /* 2026-11-22T04:00:00Z */

static struct ob_err err;

/* ---- how many people a limit is ---- */

static void shares_slide(void **state)
{
    static const struct {
        int64_t population, people;
    } cases[] = {{0, 1},    {1, 1},    {2, 1},        {3, 1},     {99, 49},
                 {100, 50}, {101, 20}, {1000, 200},   {1001, 50}, {20000, 1000},
                 {10, 5},   {21, 10},  {100000, 5000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double share = ob_limit_default_share(cases[i].population);
        int64_t n = ob_limit_people(OB_LIMIT_SHARE, share, cases[i].population);
        if (n != cases[i].people)
            fail_msg("of %ld: %ld", (long)cases[i].population, (long)n);
    }
}

static void at_least_one_unless_none(void **state)
{
    assert_int_equal(ob_limit_people(OB_LIMIT_SHARE, 0.01, 3), 1);
    assert_int_equal(ob_limit_people(OB_LIMIT_SHARE, 0.01, 0), 1);
    assert_int_equal(ob_limit_people(OB_LIMIT_SHARE, 0, 1000), 0);
    assert_int_equal(ob_limit_people(OB_LIMIT_USERS, 0, 1000), 0);
    assert_int_equal(ob_limit_people(OB_LIMIT_SHARE, 0.07, 100), 7);  /* 7.000000000000001 */
    assert_int_equal(ob_limit_people(OB_LIMIT_SHARE, 0.29, 100), 29); /* 28.999999999999996 */
    assert_true(ob_limit_people(OB_LIMIT_WEEK, OB_LIMIT_UNLIMITED, 5) == INT64_MAX);
}

/* ---- the rules for one target ---- */

static struct ob_limit read_limit(const char *json)
{
    struct ob_limit l;
    struct ob_value v;
    char why[240] = "";
    if (ob_script_json(json, strlen(json), &v, &err) != OB_OK || !ob_limit_read(&l, &v, false, why))
        fail_msg("%s: %s %s", json, why, err.message);
    ob_value_fini(&v);
    return l;
}

/* "disable users 1000, ..." for what is in force. */
static const char *rules(const char *written, int64_t population, bool defaults, int64_t ceiling)
{
    static char text[1024];
    struct ob_rule r[OB_RULES_MAX];
    struct ob_limit_terms t = {read_limit(written), defaults, ceiling, population};
    size_t n = ob_limit_rules(&t, r), len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s %ld", i ? ", " : "",
                                ob_limit_of_word(r[i].of), ob_limit_word(r[i].what),
                                (long)r[i].people);
    return text;
}

static void absent_means_the_default(void **state)
{
    assert_string_equal(rules("{}", 100, true, -1),
                        "disable users 1000, disable share 50, disable day 50, disable week 100, "
                        "delete users 1000, delete share 50, delete day 50, delete week 100");
    assert_string_equal(rules("{}", 100000, true, -1),
                        "disable users 1000, disable share 5000, disable day 1000, disable week "
                        "2000, delete users 1000, delete share 5000, delete day 1000, delete week "
                        "2000");
    assert_string_equal(rules("{}", 100, false, -1), ""); /* a rehearsal */
}

static void written_stands_for_its_default(void **state)
{
    /* for both kinds together, and then for neither alone */
    assert_string_equal(rules("{\"users\":7,\"share\":0.9}", 100, true, -1),
                        "both users 7, both share 90, disable day 7, disable week 14, delete day "
                        "7, delete week 14");
    /* for one kind; the other has its defaults */
    assert_string_equal(rules("{\"delete\":{\"users\":2,\"day\":3}}", 100, true, -1),
                        "delete users 2, delete day 3, disable users 1000, disable share 50, "
                        "disable day 50, disable week 100, delete share 50, delete week 6");
    assert_string_equal(rules("{\"users\":7,\"share\":0.9}", 100, false, -1),
                        "both users 7, both share 90");
}

static void unlimited_is_written_out(void **state)
{
    assert_string_equal(rules("{\"share\":\"unlimited\"}", 10, true, -1),
                        "disable users 1000, disable day 1000, disable week 2000, delete users "
                        "1000, delete day 1000, delete week 2000");
    assert_string_equal(rules("{\"share\":\"unlimited\",\"users\":\"unlimited\"}", 10, true, -1),
                        "");
    assert_string_equal(rules("{\"day\":\"unlimited\",\"users\":9,\"share\":1}", 10, true, -1),
                        "both users 9, both share 10"); /* and then a week has no days to count */
    assert_string_equal(
        rules("{\"day\":\"unlimited\",\"users\":9,\"share\":1,\"week\":20}", 10, true, -1),
        "both users 9, both share 10, both week 20");
}

static void none_means_none(void **state)
{
    assert_string_equal(rules("{\"delete\":{\"users\":0},\"share\":\"unlimited\"}", 10, true, -1),
                        "delete users 0, disable users 1000, disable day 1000, disable week 2000, "
                        "delete day 0, delete week 0");
    assert_string_equal(rules("{\"delete\":{\"share\":0}}", 10, true, 500),
                        "delete share 0, disable users 500, delete users 500"); /* still none */
}

static void a_ceiling_stands_for_all_others(void **state)
{
    assert_string_equal(rules("{\"users\":3,\"day\":4,\"delete\":{\"week\":5}}", 10, true, 60),
                        "disable users 60, delete users 60");
}

static void what_is_no_limit_is_refused(void **state)
{
    static const struct {
        const char *json, *why;
        bool policy;
    } cases[] = {
        {"{\"user\":3}", "unknown name \"user\"", false},
        {"{\"users\":-1}", "users must be a whole number", false},
        {"{\"users\":1.5}", "users must be a whole number", false},
        {"{\"day\":\"many\"}", "day must be a whole number of people, or \"unlimited\"", false},
        {"{\"share\":5}", "share must be a part of 1", false},
        {"{\"delete\":5}", "delete must be a table", false},
        {"{\"delete\":{\"delete\":{}}}", "unknown name \"delete\"", false},
        {"[1]", "must be a table", false},
        {"{\"week\":\"unlimited\"}", "week = \"unlimited\" is the operator's to say", true},
        {"{\"delete\":{\"users\":\"unlimited\"}}", "a policy can only tighten", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_value v;
        struct ob_limit l;
        char why[240] = "";
        assert_int_equal(ob_script_json(cases[i].json, strlen(cases[i].json), &v, &err), OB_OK);
        if (ob_limit_read(&l, &v, cases[i].policy, why) || !strstr(why, cases[i].why))
            fail_msg("%s: \"%s\"", cases[i].json, why);
        ob_value_fini(&v);
    }
}

/* ---- the population ---- */

static int64_t largest_after(const char *text, int64_t now_ms)
{
    return ob_populations_largest(text, now_ms);
}

static void the_largest_of_thirty_days(void **state)
{
    struct ob_buf one, two;
    ob_buf_init(&one, OB_BUF_SMALL);
    ob_buf_init(&two, OB_BUF_SMALL);
    assert_int_equal(largest_after("", NOW_MS), -1);
    assert_int_equal(largest_after("rubbish", NOW_MS), -1);
    ob_populations_add("", NOW_MS, 120, &one);
    assert_int_equal(largest_after(ob_buf_str(&one), NOW_MS), 120);
    ob_populations_add(ob_buf_str(&one), NOW_MS, 90, &two); /* the same day: the larger one */
    assert_int_equal(largest_after(ob_buf_str(&two), NOW_MS), 120);
    ob_buf_clear(&one);
    ob_populations_add(ob_buf_str(&two), NOW_MS + 30 * DAY_MS, 80, &one);
    assert_int_equal(largest_after(ob_buf_str(&one), NOW_MS + 30 * DAY_MS), 120);
    ob_buf_clear(&two);
    ob_populations_add(ob_buf_str(&one), NOW_MS + 31 * DAY_MS, 0, &two);
    assert_int_equal(largest_after(ob_buf_str(&two), NOW_MS + 31 * DAY_MS), 80);
    assert_null(strstr(ob_buf_str(&two), " 120")); /* and forgotten */
    /* the clock is set back: what was seen was seen */
    assert_int_equal(largest_after(ob_buf_str(&two), NOW_MS - 5 * DAY_MS), 80);
    ob_buf_fini(&one);
    ob_buf_fini(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_slide),
        cmocka_unit_test(at_least_one_unless_none),
        cmocka_unit_test(absent_means_the_default),
        cmocka_unit_test(written_stands_for_its_default),
        cmocka_unit_test(unlimited_is_written_out),
        cmocka_unit_test(none_means_none),
        cmocka_unit_test(a_ceiling_stands_for_all_others),
        cmocka_unit_test(what_is_no_limit_is_refused),
        cmocka_unit_test(the_largest_of_thirty_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
