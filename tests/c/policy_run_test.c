/* Policies at work over the simulated clouds: what together gives, what plans allow, what a replay
 * is told, and that a policy can be stopped at every single call and resumed. */
#include "policy_help.h"

#define DESKTOPS                                                                                   \
    "local people = input.csv 'leavers'\n"                                                         \
    "local desktops = target 'desktops'\n"
#define COUNTS(o) "note(tostring(" #o "))\n"

static void planned_and_applied(struct bench *b, const char *text)
{
    good(b, bench_plan(b, text));
    good(b, bench_apply(b, text));
}

/* ---- together ---- */

static void together_gives_the_worst_and_each(void **state)
{
    static const char text[] =
        DESKTOPS "local meeting = target 'meeting'\n"
                 "local all, a, b, c = together(\n"
                 "  function() return meeting:disable(people, { id = 'meeting_account' }) end,\n"
                 "  function() return desktops:lock(people, { id = 'desktop_user' }) end,\n"
                 "  function() return 'three', 'dropped' end)\n" COUNTS(all) COUNTS(a)
                     COUNTS(b) "note(tostring(c))\n"
                               "note(#all.failed .. ' ' .. #all.succeeded .. ' ' .. all.total)\n";
    struct bench b;
    bench_init(&b, 60, 10, "desktops:poison=1,meeting:poison=1");
    planned_and_applied(&b, text);
    assert_string_equal(bench_notes(&b), "8 succeeded, 2 failed, 0 unknown, 0 skipped\n"
                                         "9 succeeded, 1 failed, 0 unknown, 0 skipped\n"
                                         "9 succeeded, 1 failed, 0 unknown, 0 skipped\n"
                                         "three\n"
                                         "2 8 10");
    bench_fini(&b);
}

static void together_inside_together(void **state)
{
    static const char text[] =
        DESKTOPS "local all, x, y = together(\n"
                 "  function()\n"
                 "    local inner, p, q = together(function() return 1 end,\n"
                 "      function() return desktops:lock(people, { id = 'desktop_user' }) end)\n"
                 "    note(tostring(p))\n"
                 "    return q\n"
                 "  end,\n"
                 "  function() end)\n" COUNTS(all) COUNTS(x) "note(tostring(y))\n";
    struct bench b;
    bench_init(&b, 60, 10, "");
    planned_and_applied(&b, text);
    assert_string_equal(bench_notes(&b), "1\n"
                                         "10 succeeded, 0 failed, 0 unknown, 0 skipped\n"
                                         "10 succeeded, 0 failed, 0 unknown, 0 skipped\n"
                                         "nil");
    bench_fini(&b);
}

/* An error in a branch ends the policy, and is not to be caught around together; what the other
 * branch had begun is brought to its end. */
static void an_error_in_a_branch(void **state)
{
    static const char text[] =
        DESKTOPS "pcall(together,\n"
                 "  function() return desktops:lock(people, { id = 'desktop_user' }) end,\n"
                 "  function() local o = desktops:lookup { 'x' }; error 'broken' end)\n"
                 "desktops:remove(people, { id = 'desktop_user' })\n";
    struct bench b;
    bench_init(&b, 60, 10, "");
    ends(&b, bench_plan(&b, text), OB_ERR_POLICY, "p.lua:5: broken");
    bench_fini(&b);
}

static void together_has_functions(void **state)
{
    struct bench b;
    bench_init(&b, 10, 2, "");
    ends(&b, bench_plan(&b, "together()"), OB_ERR_POLICY, "give it one function or more");
    ends(&b, bench_plan(&b, "together(1)"), OB_ERR_POLICY, "function expected");
    good(&b, bench_plan(&b, "local all = together(function() end) note(tostring(all))"));
    assert_string_equal(bench_notes(&b), "0 succeeded, 0 failed, 0 unknown, 0 skipped");
    bench_fini(&b);
}

/* Tasks that were done stayed in the list that every step of the scheduler walks. */
static void many_branches_one_after_the_other(void **state)
{
    struct bench b;
    bench_init(&b, 10, 2, "");
    good(&b, bench_plan(&b, "local n = 0\n"
                            "for i = 1, 20000 do together(function() n = n + 1 end) end\n"
                            "note(n)"));
    assert_string_equal(bench_notes(&b), "20000");
    bench_fini(&b);
}

/* Where Lua cannot wait, the call had already been made when the error was raised: the policy
 * caught it and went on while people were being acted upon, and the answer was given to the next
 * thing it waited for. */
static void nothing_begins_where_nobody_can_wait(void **state)
{
    static const char *const calls[] = {
        "desktops:lock(people, { id = 'desktop_user' })",
        "together(function() desktops:lock(people, { id = 'desktop_user' }) end)",
        "desktops:list()",
        "desktops:lookup { 'x' }",
        "desktops:request { action = 'DescribeUsers', version = '2021-03-08' }",
        "desktops:request { method = 'POST', action = 'LockUsers', version = '2021-03-08' }",
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char text[1000];
        struct bench b;
        bench_init(&b, 20, 5, "");
        snprintf(text, sizeof text,
                 DESKTOPS "local ok, why = pcall(table.sort, { 3, 2, 1 }, function() %s end)\n"
                          "note(tostring(ok) .. ' ' .. tostring(why))\n"
                          "local n = ('ab'):gsub('.', function() pcall(function() %s end) end)\n"
                          "note(#desktops:list() > 0 and 'goes on' or 'empty')",
                 calls[i], calls[i]);
        good(&b, bench_plan(&b, text));
        if (!strstr(bench_notes(&b), "false ") || !strstr(bench_notes(&b), "cannot be used in"))
            fail_msg("%s: %s", calls[i], bench_notes(&b));
        assert_int_equal(bench_steps(&b), 0);
        good(&b, bench_apply(&b, text));
        assert_non_null(strstr(bench_notes(&b), "goes on"));
        assert_int_equal(bench_state(&b, "effects"), 0);
        bench_fini(&b);
    }
}

/* ...but where it can, it may: the functions of where and map, pcall, and iterators. */
static void waiting_inside_of_functions(void **state)
{
    static const char text[] = DESKTOPS
        "local some = people:where(function(p)\n"
        "  local ok, seen = pcall(desktops.lookup, desktops, { p.desktop_user })\n"
        "  return ok and #seen == 1\n"
        "end)\n"
        "note(#some)\n"
        "local ok, o = pcall(desktops.lock, desktops, some, { id = 'desktop_user' })\n" COUNTS(o);
    struct bench b;
    bench_init(&b, 40, 6, "");
    planned_and_applied(&b, text);
    assert_string_equal(bench_notes(&b), "6\n6 succeeded, 0 failed, 0 unknown, 0 skipped");
    bench_fini(&b);
}

/* ---- plans are ceilings ---- */

static void less_than_planned_is_fine(void **state)
{
    static const char text[] = DESKTOPS
        "local o = desktops:lock(people, { id = 'desktop_user' })\n"
        "local d = desktops:remove(o.succeeded, { id = 'desktop_user' })\n" COUNTS(o) COUNTS(d);
    struct bench b;
    bench_init(&b, 60, 10, "desktops:poison=3");
    planned_and_applied(&b, text);
    assert_string_equal(bench_notes(&b), "7 succeeded, 3 failed, 0 unknown, 0 skipped\n"
                                         "7 succeeded, 0 failed, 0 unknown, 0 skipped");
    assert_int_equal(bench_state(&b, "clouds.desktops.deleted_twice"), 0);
    bench_fini(&b);
}

static void more_than_planned_is_refused(void **state)
{
    static const char *const texts[] = {
        /* nobody fails in a plan */
        DESKTOPS "local o = desktops:lock(people, { id = 'desktop_user' })\n"
                 "pcall(desktops.remove, desktops, o.failed, { id = 'desktop_user' })",
        /* twice where it was planned once */
        DESKTOPS "local o = desktops:lock(people, { id = 'desktop_user' })\n"
                 "if #o.failed > 0 then desktops:lock(people, { id = 'desktop_user' }) end",
        /* another action */
        DESKTOPS "local o = desktops:lock(people, { id = 'desktop_user' })\n"
                 "if #o.failed > 0 then desktops:unlock(o.succeeded, { id = 'desktop_user' }) end",
        /* another target, by the names of the first */
        DESKTOPS "local o = desktops:lock(people, { id = 'desktop_user' })\n"
                 "local m = target 'meeting'\n"
                 "if #o.failed > 0 then m:delete(o.succeeded, { id = 'desktop_user' }) end",
        /* a request */
        DESKTOPS
        "local o = desktops:lock(people, { id = 'desktop_user' })\n"
        "if #o.failed > 0 then desktops:request { method = 'POST', action = 'ModifyUser',\n"
        "  version = '2021-03-08' } end",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bench b;
        bench_init(&b, 60, 10, "desktops:poison=3");
        good(&b, bench_plan(&b, texts[i]));
        ends(&b, bench_apply(&b, texts[i]), OB_ERR_GUARD, "not in the plan");
        assert_int_equal(bench_state(&b, "effects"), 7);
        bench_fini(&b);
    }
}

/* ---- replay ---- */

/* Stopped at the n-th call with its answer lost, for every n; then resumed to the end. */
static void stopped_at_every_call(void **state)
{
    static const char text[] = DESKTOPS
        "local meeting = target 'meeting'\n"
        "local seen = desktops:list()\n"
        "local all, m, d = together(\n"
        "  function() return meeting:disable(people, { id = 'meeting_account', chunk = 3 }) end,\n"
        "  function()\n"
        "    local o = desktops:lock(people, { id = 'desktop_user', chunk = 3 })\n"
        "    local now = desktops:lookup(o.succeeded:map(function(p) return p.desktop_user end))\n"
        "    note(#now)\n"
        "    return o\n"
        "  end)\n"
        "local r = desktops:remove(all.succeeded, { id = 'desktop_user', chunk = 4 })\n" COUNTS(m)
            COUNTS(d) COUNTS(r) "note(#seen)\n";
    size_t calls = 0;
    char straight[2000] = "";
    for (size_t at = 0; at == 0 || at <= calls; at++) {
        struct bench b;
        bench_init(&b, 40, 8, "desktops:poison=1,meeting:poison=1");
        good(&b, bench_plan(&b, text));
        b.stop_at = at ? b.sent + at : 0;
        size_t before = b.sent;
        enum ob_status st = bench_apply(&b, text);
        if (!at) {
            calls = b.sent - before;
            snprintf(straight, sizeof straight, "%s", bench_notes(&b));
        } else if (st != OB_OK) {
            assert_int_equal(st, OB_ERR_SIGTERM);
        }
        b.stop_at = 0;
        if (at)
            good(&b, bench_resume(&b, text));
        if (strcmp(bench_notes(&b), straight) != 0)
            fail_msg("stopped at call %zu:\n%s\nand not:\n%s", at, bench_notes(&b), straight);
        assert_int_equal(bench_state(&b, "clouds.desktops.deleted_twice"), 0);
        assert_int_equal(bench_state(&b, "effects"), 7 + 7 + 6);
        bench_fini(&b);
    }
    assert_true(calls > 15);
}

/* What the plan read is what apply is told, although the cloud has changed since. */
static void readings_come_from_the_plan(void **state)
{
    static const char text[] =
        DESKTOPS "note(#desktops:list())\n"
                 "local r = desktops:request { action = 'DescribeUsers', version = '2021-03-08' }\n"
                 "note(r and r.status or 'none')\n"
                 "desktops:remove(people, { id = 'desktop_user' })\n";
    struct bench b;
    char planned[200];
    bench_init(&b, 40, 8, "");
    good(&b, bench_plan(&b, text));
    snprintf(planned, sizeof planned, "%s", bench_notes(&b));
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), planned);
    size_t sent = b.sent;
    good(&b, bench_resume(&b, text)); /* and once more: not a single call */
    assert_int_equal(b.sent, sent);
    bench_fini(&b);
}

/* The policy asked about others than in the plan, at the same place, and was given the plan's
 * answer about those it had not asked for. */
static void another_question_is_another_reading(void **state)
{
    static const char text[] = DESKTOPS
        "local function ids(r) return r:map(function(p) return p.desktop_user end) end\n"
        "local o = desktops:lock(people, { id = 'desktop_user' })\n"
        "local now = desktops:lookup(ids(o.succeeded))\n"
        "note(#now .. ' of ' .. #o.succeeded .. ' are ' .. #now:where { state = 'disabled' })\n"
        "local r = desktops:request { action = 'DescribeUsers', version = '2021-03-08',\n"
        "  query = { MaxResults = #o.succeeded } }\n"
        "note(r.json and r.json.Users and #r.json.Users or 'none')";
    struct bench b;
    bench_init(&b, 40, 8, "desktops:poison=3");
    good(&b, bench_plan(&b, text));
    assert_string_equal(bench_notes(&b), "8 of 8 are 0\n8");
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), "5 of 5 are 5\n5");
    size_t sent = b.sent;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "5 of 5 are 5\n5");
    assert_int_equal(b.sent, sent);
    bench_fini(&b);
}

/* ---- raw requests ---- */

static void a_post_is_planned_and_sent_once(void **state)
{
    static const char text[] = DESKTOPS
        "local r, why, code = desktops:request { method = 'POST', action = 'UnlockUsers',\n"
        "  version = '2021-03-08', form = { ['Users.1'] = 'nobody' } }\n"
        "note(r and r.status or code)\n";
    struct bench b;
    bench_init(&b, 40, 8, "");
    good(&b, bench_plan(&b, text));
    assert_string_equal(bench_notes(&b), "planned");
    assert_int_equal(b.sent, 0);
    assert_int_equal(bench_steps(&b), 1);
    const struct ob_value *step = ob_list_at(ob_map_get(&b.plan, "steps"), 0);
    assert_string_equal(ob_map_str(step, "request"), "POST UnlockUsers");
    good(&b, bench_apply(&b, text));
    assert_int_equal(b.sent, 1);
    char first[100];
    snprintf(first, sizeof first, "%s", bench_notes(&b));
    good(&b, bench_resume(&b, text));
    assert_int_equal(b.sent, 1);
    assert_string_equal(bench_notes(&b), first);
    /* in doubt: told so, and not repeated */
    b.stop_at = b.sent + 1;
    good(&b, bench_apply(&b, text));
    b.stop_at = 0;
    assert_string_equal(bench_notes(&b), "in_doubt");
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "in_doubt");
    assert_int_equal(b.sent, 2);
    bench_fini(&b);
}

/* ---- memory ---- */

/* The arguments of a reading were taken off the stack and collected while they were in use. */
static void readings_under_a_busy_collector(void **state)
{
    static const char text[] = DESKTOPS
        "note(#desktops:list() .. ' ' .. #desktops:lookup { 'a', 'b' } .. ' ' ..\n"
        "  #desktops:list(nil, nil, nil))\n"
        "local o = desktops:lock(people, { id = 'desktop_user', chunk = 2 })\n"
        "together(function() return o end, function() return desktops:list() end)\n"
        "desktops:request { action = 'DescribeUsers', version = '2021-03-08' }\n"
        "desktops:request { method = 'POST', path = '/x', form = { a = 1, b = { 2, 3 } } }\n";
    struct bench b;
    bench_init(&b, 20, 2, "");
    b.busy = true;
    planned_and_applied(&b, text);
    bench_fini(&b);
}

/* Under any memory limit there is an end, a message, and nothing left over (LeakSanitizer). */
static void any_memory_limit(void **state)
{
    static const char text[] = DESKTOPS
        "local all = together(\n"
        "  function() return desktops:lock(people, { id = 'desktop_user' }) end,\n"
        "  function() return #desktops:list() end)\n"
        "desktops:request { method = 'POST', path = '/x', form = { a = 1, b = { 2, 3 } } }\n";
    for (size_t kib = 20; kib < 400; kib += 6) {
        struct bench b;
        bench_init(&b, 50, 40, "");
        b.limits.memory = kib * 1024;
        enum ob_status st = bench_plan(&b, text);
        if (st != OB_OK)
            ends(&b, st, OB_ERR_POLICY, "memory limit");
        bench_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_gives_the_worst_and_each),
        cmocka_unit_test(together_inside_together),
        cmocka_unit_test(an_error_in_a_branch),
        cmocka_unit_test(together_has_functions),
        cmocka_unit_test(many_branches_one_after_the_other),
        cmocka_unit_test(nothing_begins_where_nobody_can_wait),
        cmocka_unit_test(waiting_inside_of_functions),
        cmocka_unit_test(less_than_planned_is_fine),
        cmocka_unit_test(more_than_planned_is_refused),
        cmocka_unit_test(stopped_at_every_call),
        cmocka_unit_test(readings_come_from_the_plan),
        cmocka_unit_test(another_question_is_another_reading),
        cmocka_unit_test(a_post_is_planned_and_sent_once),
        cmocka_unit_test(readings_under_a_busy_collector),
        cmocka_unit_test(any_memory_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
