/* Inputs that are held against what is expected of them, against their last good read, and, where
 * people are told apart by them, against half of it; again when they are read again. */
#include "policy_help.h"

#define DAY ((int64_t)86400000)
#define FIVE                                                                                       \
    "employee,meeting_account\n"                                                                   \
    "E1,a\nE2,b\nE3,c\nE4,d\nE5,e\n"
#define TWO "employee,meeting_account\nE1,a\nE2,b\n"

/* `how` as an option and as a method: both say the same. */
static void expects(const char *how, const char *csv, int64_t mtime_ms, const char *error)
{
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        char text[300];
        if (i)
            snprintf(text, sizeof text, "note(#input.csv 'leavers':expect { %s })", how);
        else
            snprintf(text, sizeof text, "note(#input.csv('leavers', { expect = { %s } }))", how);
        bench_init(&b, 10, 1, "");
        bench_leavers(&b, csv);
        b.inputs[0].mtime_ms = mtime_ms;
        enum ob_status st = bench_plan(&b, text);
        if (error)
            ends(&b, st, OB_ERR_INPUT, error);
        else
            good(&b, st);
        bench_fini(&b);
    }
}

static void what_is_expected(void **state)
{
    (void)state;
    expects("rows = 5", FIVE, 0, NULL);
    expects("rows = { 1, 5 }", FIVE, 0, NULL);
    expects("rows = 6", FIVE, 0, "l.csv: 5 rows, and of \"leavers\" at least 6 are expected");
    expects("rows = { 1, 4 }", FIVE, 0, "l.csv: 5 rows, and of \"leavers\" at most 4 are expected");
    expects("columns = { 'employee' }", FIVE, 0, NULL);
    expects("columns = { 'employee', 'account' }", FIVE, 0,
            "l.csv: no column \"account\", which expect { columns } wants; it has: employee, "
            "meeting_account");
    expects("newer_than = days(2)", FIVE, WALL_MS - 2 * DAY + 60000, NULL);
    expects("newer_than = days(2)", FIVE, WALL_MS - 3 * DAY,
            "l.csv: last changed 2026-11-19T04:00:00Z, 3.0 days ago, and \"leavers\" must not be "
            "older than 2 days");
    expects("newer_than = days(2)", FIVE, 0, "nobody knows how old it is");
    expects("newer_than = days(2)", FIVE, WALL_MS + DAY, NULL);
    expects("newer_than = days(2)", FIVE, WALL_MS + DAY + 1, "which has not come yet");
    expects("shrink = 0", FIVE, 0, NULL); /* the first time there is nothing to compare with */
    expects("rows = 2", "employee,meeting_account\nE1,a\nE2,b", 0,
            "l.csv: its last line has no end, so it may be cut off");
}

static void what_is_no_expectation(void **state)
{
    static const char *const cases[][2] = {
        {"{ row = 5 }", "unknown option \"row\""},
        {"{ rows = 'five' }", "rows is a number of rows"},
        {"{ rows = { 5, 1 } }", "the most is less than the least"},
        {"{ rows = { 1, 5, 9 } }", "rows is a number of rows, or { least, most }"},
        {"{ rows = { 1, most = 5 } }", "rows is a number of rows, or { least, most }"},
        {"{ columns = { 'employee', too = 'name' } }", "columns is a list of names"},
        {"{ shrink = 10 }", "shrink is a part of 1"},
        {"{ newer_than = 'today' }", "newer_than is a time"},
        {"{ columns = {} }", "columns is a list of names"},
        {"5", "table expected"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        char text[200];
        bench_init(&b, 10, 1, "");
        snprintf(text, sizeof text, "input.csv 'leavers':expect(%s)", cases[i][0]);
        ends(&b, bench_plan(&b, text), OB_ERR_POLICY, cases[i][1]);
        bench_fini(&b);
    }
    struct bench b;
    bench_init(&b, 10, 3, "");
    ends(&b, bench_plan(&b, "input.csv 'leavers':first(1):expect { rows = 1 }"), OB_ERR_POLICY,
         "expect is said of an input as it was read");
    bench_fini(&b);
}

/* One character of the last line is no end of it, in whatever encoding. */
static void a_line_that_is_cut_off(void **state)
{
    static const struct {
        const char *how, *bytes;
        size_t len;
        const char *error;
    } cases[] = {
        {"", "ann\nbob\n", 8, NULL},
        {"", "ann\nbob\r", 8, NULL},
        {"", "ann\nb", 5, "its last line has no end"},
        {"", "ann", 3, "its last line has no end"},
        {", encoding = 'utf-16le'", "a\0\n\0", 4, NULL},
        {", encoding = 'utf-16be'", "\0a\0\n", 4, NULL},
        {", encoding = 'utf-16le'", "a\0\n\0b\0", 6, "its last line has no end"},
        {", encoding = 'utf-16le'", "a\0\x0A\x4E", 4, "its last line has no end"},
        {", encoding = 'utf-16be'", "\0a\x4E\x0A", 4, "its last line has no end"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        char text[200];
        bench_init(&b, 10, 1, "");
        ob_buf_clear(&b.inputs[0].bytes);
        ob_buf_add(&b.inputs[0].bytes, cases[i].bytes, cases[i].len);
        snprintf(text, sizeof text, "note(#input.lines('leavers', { expect = { rows = 1 } %s }))",
                 cases[i].how);
        if (cases[i].error)
            ends(&b, bench_plan(&b, text), OB_ERR_INPUT, cases[i].error);
        else
            good(&b, bench_plan(&b, text));
        bench_fini(&b);
    }
}

/* It is compared with the last plan that was made, not with one that was refused. */
static void a_file_that_shrinks(void **state)
{
    static const char text[] = "input.csv 'leavers':expect { shrink = 0.2 }";
    struct bench b;
    (void)state;
    bench_init(&b, 10, 1, "");
    bench_leavers(&b, FIVE);
    good(&b, bench_plan(&b, text));
    bench_leavers(&b, TWO);
    ends(&b, bench_plan(&b, text), OB_ERR_INPUT,
         "l.csv: 2 rows where \"leavers\" had 5 when it was last read, 2026-11-22T");
    assert_non_null(strstr(b.err.message, "60 % are gone, and at most 20 % may be"));
    assert_non_null(strstr(b.err.message, "say expect { shrink = 0.60 }"));
    ends(&b, bench_plan(&b, text), OB_ERR_INPUT, "had 5");
    ends(&b, bench_plan(&b, "input.csv 'leavers':expect { shrink = 0.6 } fail 'no plan'"),
         OB_ERR_POLICY, "no plan");
    ends(&b, bench_plan(&b, text), OB_ERR_INPUT, "had 5");
    good(&b, bench_plan(&b, "input.csv 'leavers':expect { shrink = 0.6 }"));
    good(&b, bench_plan(&b, text)); /* that was a good read: now there are two */
    bench_leavers(&b, FIVE);
    good(&b, bench_plan(&b, text));
    bench_fini(&b);
}

/* Who is left when a file is taken away is acted upon because the file does not name them. */
static void a_file_that_tells_apart(void **state)
{
    static const char text[] =
        "local staff = input.csv 'leavers'\n"
        "note(#target 'meeting':list():minus(staff, { mine = 'id', theirs = 'meeting_account' }))";
    struct bench b;
    (void)state;
    bench_init(&b, 10, 1, "");
    bench_leavers(&b, FIVE);
    good(&b, bench_plan(&b, text));
    bench_leavers(&b, TWO);
    ends(&b, bench_plan(&b, text), OB_ERR_INPUT, "60 % are gone, and at most 50 % may be");
    /* to split a list of leavers in two is no such thing, and a list of leavers may be short */
    good(&b, bench_plan(&b, "local l = input.csv 'leavers' note(#l:minus(l:first(1)))"));
    bench_leavers(&b, FIVE);
    good(&b, bench_plan(&b, text));
    bench_leavers(&b, TWO);
    good(&b, bench_plan(&b, "local staff = input.csv 'leavers':expect { shrink = 1 }\n"
                            "note(#target 'meeting':list():minus(staff,\n"
                            "  { mine = 'id', theirs = 'meeting_account' }))"));
    bench_fini(&b);
}

/* ---- after a wait ---- */

#define WAITS                                                                                      \
    "local people = input.csv 'leavers':expect { rows = { 3, 9 }, newer_than = days(2),\n"         \
    "  shrink = 0.5, columns = { 'desktop_user' } }\n"                                             \
    "local desktops = target 'desktops'\n"                                                         \
    "desktops:lock(people, { id = 'desktop_user' })\n"                                             \
    "wait { days = 30, recheck = 'leavers' }\n"                                                    \
    "note(tostring(desktops:remove(people, { id = 'desktop_user' })))\n"

static void at_the_wait(struct bench *b)
{
    bench_init(b, 40, 6, "");
    b->inputs[0].mtime_ms = WALL_MS;
    good(b, bench_plan(b, WAITS));
    ends(b, bench_apply(b, WAITS), OB_ERR_WAITING, "waits until");
    b->now += 31 * DAY;
    b->fresh_ms = WALL_MS + b->now;
}

/* A file that is not whole neither spares anybody nor lets anybody be deleted, however often it is
 * tried; with a whole one the run goes on. */
static void an_unhealthy_file_after_a_wait(void **state)
{
    struct bench b;
    (void)state;
    at_the_wait(&b);
    char *fresh = bench_without(&b, 3), *half = ob_xmemdup(fresh, strlen(fresh) / 2);
    char *head = ob_xmemdup(fresh, strcspn(fresh, "\n") + 1);
    struct {
        const char *text;
        int64_t age_ms;
        const char *error;
    } cases[] = {{NULL, 0, "cannot open"},
                 {"", 0, "no rows"},
                 {head, 0, "no rows"},
                 {half, 0, "l.csv"},
                 {"employee,desktop_user\nE1,a\nE2,b\n", 0, "at least 3 are expected"},
                 {"employee\nE1\nE2\nE3\n", 0, "no column \"desktop_user\""},
                 {fresh, 3 * DAY, "must not be older than 2 days"}};
    size_t sent = b.sent;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b.fresh = cases[i].text;
        b.fresh_ms = WALL_MS + b.now - cases[i].age_ms;
        ends(&b, bench_resume(&b, WAITS), OB_ERR_INPUT, cases[i].error);
        assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
        assert_false(bench_has_step(&b, "3"));
        b.now += DAY;
    }
    assert_true(b.sent < sent + 3 * sizeof cases / sizeof *cases);
    b.fresh = fresh;
    b.fresh_ms = WALL_MS + b.now;
    good(&b, bench_resume(&b, WAITS));
    assert_string_equal(bench_notes(&b), "5 succeeded, 0 failed, 0 unknown, 1 skipped");
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 35);
    bench_fini(&b);
    free(fresh);
    free(half);
    free(head);
}

static void a_shrunken_file_after_a_wait(void **state)
{
    struct bench b;
    (void)state;
    at_the_wait(&b);
    char *whole = bench_without(&b, 99);
    size_t n = 0;
    for (int lines = 0; lines < 3; lines++)
        n += strcspn(whole + n, "\n") + 1;
    char *two = ob_xmemdup(whole, n); /* the head and two of six: above half are gone */
    b.fresh = two;
    ends(&b, bench_resume(&b, WAITS), OB_ERR_INPUT, "2 rows");
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
    b.fresh = whole;
    good(&b, bench_resume(&b, WAITS));
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 34);
    bench_fini(&b);
    free(whole);
    free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_expected),
        cmocka_unit_test(what_is_no_expectation),
        cmocka_unit_test(a_line_that_is_cut_off),
        cmocka_unit_test(a_file_that_shrinks),
        cmocka_unit_test(a_file_that_tells_apart),
        cmocka_unit_test(an_unhealthy_file_after_a_wait),
        cmocka_unit_test(a_shrunken_file_after_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
