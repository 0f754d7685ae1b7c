/* wait{}: a run parks, goes on once and not early, and spares those who came back meanwhile. */
#include "policy_help.h"

#define DAY ((int64_t)86400000)
#define CLOUDS                                                                                     \
    "local people = input.csv 'leavers'\n"                                                         \
    "local meeting, desktops, studio = target 'meeting', target 'desktops', target 'studio'\n"
#define SWITCH_OFF                                                                                 \
    "local off = together(\n"                                                                      \
    "  function() return meeting:disable(people, { id = 'meeting_account' }) end,\n"               \
    "  function() return desktops:lock(people, { id = 'desktop_user' }) end)\n"
#define DELETE_ALL                                                                                 \
    "local a = meeting:delete(people, { id = 'meeting_account' })\n"                               \
    "local b = desktops:remove(people, { id = 'desktop_user' })\n"                                 \
    "local c = studio:remove(people, { id = 'iam_user_id' })\n"                                    \
    "note(tostring(a)) note(tostring(b)) note(tostring(c))\n"

static void begin(struct bench *b, const char *text)
{
    bench_init(b, 40, 6, "");
    b->fresh = ob_buf_str(&b->inputs[0].bytes);
    good(b, bench_plan(b, text));
    ends(b, bench_apply(b, text), OB_ERR_WAITING, "waits until 2026-12-22T");
}

/* ---- time ---- */

static void parks_and_goes_on(void **state)
{
    static const char text[] = CLOUDS SWITCH_OFF "note(today())\n"
                                                 "wait { days = 30 }\n"
                                                 "note(today())\n" DELETE_ALL;
    struct bench b;
    begin(&b, text);
    size_t sent = b.sent;
    b.now += 29 * DAY;
    ends(&b, bench_resume(&b, text), OB_ERR_WAITING, "waits until 2026-12-22T");
    assert_int_equal(b.sent, sent); /* what is settled is not asked for again */
    b.now += 10 * DAY;              /* the machine slept: late, and once */
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "2026-11-22\n2026-12-31\n"
                                         "6 succeeded, 0 failed, 0 unknown, 0 skipped\n"
                                         "6 succeeded, 0 failed, 0 unknown, 0 skipped\n"
                                         "6 succeeded, 0 failed, 0 unknown, 0 skipped");
    sent = b.sent;
    b.now += 50 * DAY;
    good(&b, bench_resume(&b, text)); /* the same again, from the ledger */
    assert_int_equal(b.sent, sent);
    assert_non_null(strstr(bench_notes(&b), "2026-12-31"));
    bench_fini(&b);
}

/* Set back before the wait begins: due is counted from the latest moment that the run knows. Set
 * back during it: it fires when that clock says so, never before. */
static void a_clock_set_back(void **state)
{
    static const char text[] = CLOUDS SWITCH_OFF "wait { days = 30 }\n" DELETE_ALL;
    struct bench b;
    begin(&b, text);
    b.wall_off = -20 * DAY;
    b.now += 31 * DAY;
    ends(&b, bench_resume(&b, text), OB_ERR_WAITING, "waits until 2026-12-22T");
    b.wall_off = 0;
    good(&b, bench_resume(&b, text));
    bench_fini(&b);
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    if (ob_ledger_run_new(b.ledger, "", WALL_MS, &b.run, &b.err) != OB_OK)
        fail_msg("%s", b.err.message);
    b.wall_off = -100 * DAY;
    ends(&b, bench_resume(&b, text), OB_ERR_WAITING, "waits until 2026-12-22T");
    bench_fini(&b);
}

static void branches_wait_side_by_side(void **state)
{
    static const char text[] =
        CLOUDS "together(\n"
               "  function()\n"
               "    wait { days = 10 }\n"
               "    note('a ' .. today())\n"
               "    meeting:delete(people, { id = 'meeting_account', straight = true })\n"
               "  end,\n"
               "  function()\n"
               "    wait { days = 5 } note('b ' .. today())\n"
               "    wait { days = 10 } note('c ' .. today())\n"
               "    desktops:remove(people, { id = 'desktop_user', straight = true })\n"
               "  end)\n"
               "note('d ' .. today())\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    assert_string_equal(bench_notes(&b), "a 2026-12-02\nb 2026-11-27\nc 2026-12-07\nd 2026-12-07");
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "until 2026-11-27T");
    b.now += 6 * DAY;
    ends(&b, bench_resume(&b, text), OB_ERR_WAITING, "until 2026-12-02T");
    b.now += 5 * DAY;
    ends(&b, bench_resume(&b, text), OB_ERR_WAITING, "until 2026-12-08T");
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 35);
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
    b.now += 5 * DAY;
    good(&b, bench_resume(&b, text));
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 34);
    assert_string_equal(bench_notes(&b), "a 2026-12-03\nb 2026-11-28\nc 2026-12-08\nd 2026-12-08");
    bench_fini(&b);
}

/* ---- who came back ---- */

static void hired_again(void **state)
{
    static const char text[] = CLOUDS SWITCH_OFF
        "local still = wait { days = 30, recheck = 'leavers' }\n"
        "note(#still)\n" DELETE_ALL "for p in a.skipped:each() do note(a:reason(p)) end\n";
    struct bench b;
    begin(&b, text);
    char *fresh = bench_without(&b, 3);
    b.now += 30 * DAY;
    b.fresh = NULL; /* the file is not there: nothing happens, and nothing is lost */
    ends(&b, bench_resume(&b, text), OB_ERR_INPUT, "l.csv: cannot open");
    b.fresh = "employee,name\n";
    ends(&b, bench_resume(&b, text), OB_ERR_INPUT, "l.csv"); /* an empty one is no news either */
    b.fresh = fresh;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b),
                        "5\n5 succeeded, 0 failed, 0 unknown, 1 skipped\n"
                        "5 succeeded, 0 failed, 0 unknown, 1 skipped\n"
                        "5 succeeded, 0 failed, 0 unknown, 1 skipped\n"
                        "no longer on \"leavers\" when it was read again on 2026-12-22");
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 36); /* the administrator is one */
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 35);
    assert_int_equal(bench_state(&b, "clouds.studio.count"), 35);
    bench_fini(&b);
    free(fresh);
}

/* They are spared by whatever name a later step has of them. */
static void switched_on_and_named_otherwise(void **state)
{
    static const char text[] = CLOUDS
        "desktops:lock(people, { id = 'desktop_user' })\n"
        "wait { days = 30, recheck = 'leavers' }\n"
        "desktops:remove(input.csv('leavers', { key = 'desktop_user' }), { straight = true })\n";
    struct bench b;
    begin(&b, text);
    bench_aside(&b, CLOUDS "desktops:unlock(people:first(2), { id = 'desktop_user' })\n");
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_int_equal(bench_count(&b, "3", OB_P_SKIPPED), 2);
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 36);
    bench_fini(&b);
}

static void switched_on_by_somebody(void **state)
{
    static const char text[] = CLOUDS SWITCH_OFF
        "wait { days = 30 }\n" DELETE_ALL "for p in c.skipped:each() do note(c:reason(p)) end\n";
    static const char act[] =
        CLOUDS SWITCH_OFF "wait { days = 30, on_change = 'act' }\n"
                          "meeting:delete(people, { id = 'meeting_account', straight = true })\n";
    static const char half[] =
        CLOUDS SWITCH_OFF "wait { days = 30, on_change = 'act' }\n"
                          "local a = meeting:delete(people, { id = 'meeting_account' })\n"
                          "for p in a.skipped:each() do note(a:reason(p)) end\n";
    static const char stop[] =
        CLOUDS SWITCH_OFF "wait { days = 30, on_change = 'stop' }\n" DELETE_ALL;
    static const char on[] =
        CLOUDS "meeting:enable(people:first(2), { id = 'meeting_account' })\n"
               "desktops:unlock(people:where { employee = people[3].employee },\n"
               "  { id = 'desktop_user' })\n";
    struct bench b;
    begin(&b, text);
    bench_aside(&b, on); /* somebody switches them on */
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "3 succeeded, 0 failed, 0 unknown, 3 skipped\n"
                                         "3 succeeded, 0 failed, 0 unknown, 3 skipped\n"
                                         "3 succeeded, 0 failed, 0 unknown, 3 skipped\n"
                                         "meeting: active again since step 1.1.1 switched it off\n"
                                         "meeting: active again since step 1.1.1 switched it off\n"
                                         "desktops: active again since step 1.2.1 switched it off");
    bench_fini(&b);
    begin(&b, act);
    bench_aside(&b, on); /* somebody switches them on */
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, act));
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 35);
    bench_fini(&b);
    begin(&b, half); /* to go on with them is not yet to delete who is active */
    bench_aside(&b, on);
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, half));
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 37);
    assert_string_equal(bench_notes(&b), "not disabled first; the policy may say straight = true\n"
                                         "not disabled first; the policy may say straight = true");
    bench_fini(&b);
    begin(&b, stop);
    bench_aside(&b, on); /* somebody switches them on */
    b.now += 31 * DAY;
    ends(&b, bench_resume(&b, stop), OB_ERR_STALE, "active again since step");
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 41);
    bench_fini(&b);
}

/* Off before the run began, so that it had nothing to do, and on again since: no less a surprise.
 */
static void switched_on_who_was_off_before(void **state)
{
    static const char text[] = CLOUDS SWITCH_OFF "wait { days = 30 }\n" DELETE_ALL;
    struct bench b;
    bench_init(&b, 40, 6, "");
    bench_aside(&b, CLOUDS "meeting:disable(people:first(2), { id = 'meeting_account' })\n");
    good(&b, bench_plan(&b, text));
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits until 2026-12-22T");
    bench_aside(&b, CLOUDS "meeting:enable(people:first(1), { id = 'meeting_account' })\n");
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 36);
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 35);
    assert_int_equal(bench_state(&b, "clouds.studio.count"), 35);
    bench_fini(&b);
}

/* Whoever the run itself switched on again is no surprise. */
static void switched_on_by_the_run(void **state)
{
    static const char text[] =
        CLOUDS SWITCH_OFF "meeting:enable(people:first(2), { id = 'meeting_account' })\n"
                          "desktops:unlock(people:first(2), { id = 'desktop_user' })\n"
                          "wait { days = 30 }\n" DELETE_ALL;
    struct bench b;
    begin(&b, text);
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_int_equal(bench_state(&b, "clouds.studio.count"), 34);
    bench_fini(&b);
}

/* What was read again is kept: a resume after a crash decides by it, whatever the file says now. */
static void the_same_after_a_crash(void **state)
{
    static const char text[] =
        CLOUDS SWITCH_OFF "note(#wait { days = 30, recheck = 'leavers' })\n" DELETE_ALL;
    for (size_t at = 1; at < 16; at++) {
        struct bench b;
        begin(&b, text);
        char *fresh = bench_without(&b, 3);
        b.now += 31 * DAY;
        const char *whole = b.fresh;
        b.fresh = fresh;
        b.stop_at = b.sent + at;
        enum ob_status st = bench_resume(&b, text);
        b.stop_at = 0;
        bool deleting = bench_state(&b, "clouds.meeting.count") < 41;
        if (deleting)
            b.fresh = whole;
        good(&b, st == OB_OK ? OB_OK : bench_resume(&b, text));
        assert_int_equal(bench_state(&b, "clouds.meeting.count"), 36);
        assert_int_equal(bench_state(&b, "clouds.studio.count"), 35);
        assert_int_equal(bench_state(&b, "clouds.desktops.deleted_twice"), 0);
        bench_fini(&b);
        free(fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parks_and_goes_on),
                                       cmocka_unit_test(a_clock_set_back),
                                       cmocka_unit_test(branches_wait_side_by_side),
                                       cmocka_unit_test(hired_again),
                                       cmocka_unit_test(switched_on_by_somebody),
                                       cmocka_unit_test(switched_on_and_named_otherwise),
                                       cmocka_unit_test(switched_on_who_was_off_before),
                                       cmocka_unit_test(switched_on_by_the_run),
                                       cmocka_unit_test(the_same_after_a_crash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
