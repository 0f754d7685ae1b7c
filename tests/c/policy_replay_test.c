/* A resume decides as the run did. What is found out later of those who were unknown is kept, and
 * changes nothing that the policy has decided; what is undone stays undone. Each of these has
 * deleted or touched somebody once. */
#include "policy_help.h"

#define DAY ((int64_t)86400000)
#define CLOUDS                                                                                     \
    "local people = input.csv 'leavers'\n"                                                         \
    "local meeting, desktops, studio = target 'meeting', target 'desktops', target 'studio'\n"

/* Two steps, the first unknown; the process dies while the undo is at work on the second. The
 * resume sent the first one again, and then waited in order to delete. */
static void an_undo_closes_all_its_steps(void **state)
{
    static const char text[] =
        CLOUDS "local off = together(\n"
               "  function() return desktops:lock(people, { id = 'desktop_user' }) end,\n"
               "  function() return meeting:disable(people, { id = 'meeting_account' }) end)\n"
               "if off.failed_share > 0.1 then note(tostring(off:undo())) return end\n"
               "wait { days = 30 }\n"
               "meeting:delete(people, { id = 'meeting_account' })\n";
    size_t resumed = 0;
    bool over = false;
    for (size_t at = 1; !over; at++) {
        struct bench b;
        bench_init(&b, 40, 3, "");
        good(&b, bench_plan(&b, text));
        b.swallow = "LockUsers";
        b.stop_at = at;
        enum ob_status st = bench_apply(&b, text);
        over = b.sent < at;
        b.stop_at = 0;
        b.swallow = NULL;
        /* the row of the undo is there: it was begun before the process died */
        if (st != OB_OK && bench_has_step(&b, "2")) {
            good(&b, bench_resume(&b, text));
            assert_int_equal(bench_state(&b, "clouds.meeting.disabled"), 0);
            assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 0);
            assert_int_equal(bench_state(&b, "clouds.desktops.calls.LockUsers"), -1); /* none */
            resumed++;
        }
        bench_fini(&b);
    }
    assert_true(resumed > 5);
}

/* The shape of scripts/grace-period.lua. The lock takes effect late; the resume undoes everything
 * and fails. The next resume found nobody failed, waited, and deleted whom it had brought back. */
static void a_doubt_that_is_settled(void **state)
{
    static const char text[] =
        CLOUDS "local off = together(\n"
               "  function() return meeting:disable(people, { id = 'meeting_account' }) end,\n"
               "  function() return desktops:lock(people, { id = 'desktop_user' }) end)\n"
               "if off.failed_share > 0.1 then off:undo() fail 'all of it is undone' end\n"
               "wait { days = 30 }\n"
               "desktops:remove(off.succeeded, { id = 'desktop_user' })\n"
               "meeting:delete(off.succeeded, { id = 'meeting_account' })\n";
    static const char late[] = CLOUDS "desktops:lock(people, { id = 'desktop_user' })\n";
    struct bench b;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, text));
    b.swallow = "LockUsers";
    ends(&b, bench_apply(&b, text), OB_ERR_POLICY, "all of it is undone");
    b.swallow = NULL;
    bench_aside(&b, late);
    for (int i = 0; i < 3; i++) {
        ends(&b, bench_resume(&b, text), OB_ERR_POLICY, "all of it is undone");
        b.now += 40 * DAY;
    }
    assert_int_equal(bench_state(&b, "clouds.meeting.count"), 41);
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
    assert_int_equal(bench_state(&b, "clouds.meeting.disabled"), 0);
    bench_fini(&b);
}

/* A removal that is unknown was sent again thirty days later, to somebody who was off the list. */
static void an_unknown_of_before_a_wait(void **state)
{
    static const char text[] = CLOUDS
        "desktops:remove(people, { id = 'desktop_user', straight = true })\n"
        "wait { days = 30, recheck = 'leavers' }\n"
        "note(tostring(meeting:delete(people, { id = 'meeting_account', straight = true })))\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    b.swallow = "RemoveUsers";
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits");
    b.swallow = NULL;
    char *fresh = bench_without(&b, 3);
    b.fresh = fresh;
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "5 succeeded, 0 failed, 0 unknown, 1 skipped");
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
    bench_fini(&b);
    free(fresh);
}

/* Off the list by one column, proposed by another, or by the ids of the cloud's own directory. */
static void off_the_list_by_any_name(void **state)
{
    static const char *const texts[] = {
        "local who = input.csv('leavers', { key = 'employee' })\n"
        "local people = input.csv('leavers', { key = 'desktop_user' })\n"
        "local desktops = target 'desktops'\n"
        "desktops:lock(people)\n"
        "wait { days = 30, recheck = 'leavers' }\n"
        "note(tostring(desktops:remove(people)))\n",
        "local people, there = input.csv 'leavers', {}\n"
        "for p in people:each() do there[p.meeting_account] = true end\n"
        "local meeting = target 'meeting'\n"
        "local accounts = meeting:list():where(function(a) return there[a.id] end)\n"
        "meeting:disable(accounts)\n"
        "wait { days = 30, recheck = 'leavers' }\n"
        "note(tostring(meeting:delete(accounts)))\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bench b;
        bench_init(&b, 40, 6, "");
        good(&b, bench_plan(&b, texts[i]));
        ends(&b, bench_apply(&b, texts[i]), OB_ERR_WAITING, "waits");
        char *fresh = bench_without(&b, 3);
        b.fresh = fresh;
        b.now += 31 * DAY;
        good(&b, bench_resume(&b, texts[i]));
        assert_string_equal(bench_notes(&b), "5 succeeded, 0 failed, 0 unknown, 1 skipped");
        bench_fini(&b);
        free(fresh);
    }
}

/* The cloud in which somebody was switched on again is known to another branch only. */
static void switched_on_in_another_branch(void **state)
{
    static const char text[] =
        "local people = input.csv 'leavers'\n"
        "together(function()\n"
        "  wait { days = 30 }\n"
        "  note(tostring(target('meeting'):delete(people, { id = 'meeting_account', straight = "
        "true })))\n"
        "end, function() target('desktops'):lock(people, { id = 'desktop_user' }) end)\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits");
    bench_aside(&b, CLOUDS "desktops:unlock(people:first(2), { id = 'desktop_user' })\n");
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "4 succeeded, 0 failed, 0 unknown, 2 skipped");
    bench_fini(&b);
}

/* Undone by hand, done again by others, undone once more: that is not ours any more. */
static void undone_twice(void **state)
{
    static const char text[] = CLOUDS "meeting:disable(people, { id = 'meeting_account' })\n";
    struct bench b;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, text));
    good(&b, bench_apply(&b, text));
    b.undo_of = b.run;
    for (int i = 0; i < 2; i++) {
        good(&b, bench_plan(&b, "undo_run()"));
        good(&b, bench_apply(&b, "undo_run()"));
        assert_int_equal(bench_state(&b, "clouds.meeting.disabled"), i ? 3 : 0);
        bench_aside(&b, text);
    }
    bench_fini(&b);
}

/* "stop" became "undo" in the ledger, and each resume undid again under another path. */
static void stopped_and_then_undone(void **state)
{
    static const char text[] =
        CLOUDS "local o = desktops:lock(people, { id = 'desktop_user', chunk = 2,\n"
               "  on_failure = function() return 'stop' end })\n"
               "note(o.undone) o:undo()\n"
               "wait { days = 30 }\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits");
    bench_aside(&b, CLOUDS "desktops:lock(people, { id = 'desktop_user' })\n");
    b.now += 31 * DAY;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "false");
    assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 6);
    bench_fini(&b);
}

/* What a gate raises was caught, its step left without an answer, and the wait behind it over at
 * once: everybody was removed on the same day. */
static void a_gate_that_raises(void **state)
{
    static const char *const gates[] = {"error 'oops'", "return 5", "return {}", "error {}",
                                        "local function f() f() end f()"};
    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++) {
        struct bench b;
        char *text = ob_xasprintf(
            CLOUDS "pcall(function() desktops:lock(people, { id = 'desktop_user', chunk = 2,\n"
                   "  on_failure = function() %s end }) end)\n"
                   "wait { days = 30 }\n"
                   "desktops:remove(people, { id = 'desktop_user' })\n",
            gates[i]);
        bench_init(&b, 40, 6, "");
        good(&b, bench_plan(&b, text));
        ends(&b, bench_apply(&b, text), OB_ERR_POLICY, "");
        ends(&b, bench_resume(&b, text), OB_ERR_POLICY, "");
        assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
        bench_fini(&b);
        free(text);
    }
}

/* Undone by its gate in one branch, and deleted later because of the other one. */
static void a_gate_undoes_in_a_branch(void **state)
{
    static const char text[] = CLOUDS
        "local off = together(\n"
        "  function() return desktops:lock(people, { id = 'desktop_user', chunk = 2,\n"
        "    on_failure = function(t) return t.succeeded >= 4 and 'undo' or nil end }) end,\n"
        "  function() return meeting:disable(people, { id = 'meeting_account' }) end)\n"
        "note(off.undone) note(tostring(off))\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), "true\n2 succeeded, 0 failed, 0 unknown, 4 skipped");
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "true\n2 succeeded, 0 failed, 0 unknown, 4 skipped");
    bench_fini(&b);
}

/* A deletion in doubt that never happened, and the account was changed meanwhile: nothing is made
 * over it, and nothing is said of it that no reading shows. */
static void an_account_that_is_there(void **state)
{
    static const char text[] =
        CLOUDS "local gone = desktops:remove(people, { id = 'desktop_user', straight = true })\n"
               "if #gone.unknown > 0 then wait { minutes = 1 } note(tostring(gone:undo())) end\n";
    static const char change[] =
        CLOUDS "for p in people:each() do\n"
               "  desktops:request { action = 'ModifyUser', version = '2021-03-08',\n"
               "    method = 'POST', path = '/', form = { EndUserId = p.desktop_user,\n"
               "      Phone = '13900000000', Email = 'x@example.com' } }\n"
               "end\n";
    struct bench b;
    bench_init(&b, 40, 2, "");
    good(&b, bench_plan(&b, text));
    b.swallow = "RemoveUsers";
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits");
    b.swallow = NULL;
    bench_aside(&b, change);
    b.now += DAY;
    size_t adds = (size_t)bench_state(&b, "clouds.desktops.calls.CreateUsers");
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "0 succeeded, 2 failed, 0 unknown, 0 skipped");
    assert_int_equal(bench_count(&b, "1", OB_P_UNKNOWN), 2);
    assert_int_equal(bench_state(&b, "clouds.desktops.calls.CreateUsers"), adds);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_undo_closes_all_its_steps),
                                       cmocka_unit_test(a_doubt_that_is_settled),
                                       cmocka_unit_test(an_unknown_of_before_a_wait),
                                       cmocka_unit_test(off_the_list_by_any_name),
                                       cmocka_unit_test(switched_on_in_another_branch),
                                       cmocka_unit_test(undone_twice),
                                       cmocka_unit_test(stopped_and_then_undone),
                                       cmocka_unit_test(a_gate_that_raises),
                                       cmocka_unit_test(a_gate_undoes_in_a_branch),
                                       cmocka_unit_test(an_account_that_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
