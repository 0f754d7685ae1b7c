/* What was planned is what runs: who changed since is left out, or stops the run, and a change
 * that concerns somebody else does not matter. */
#include "policy_help.h"

#define CLOUDS                                                                                     \
    "local people = input.csv 'leavers'\n"                                                         \
    "local meeting, desktops, studio = target 'meeting', target 'desktops', target 'studio'\n"

static const char off[] = CLOUDS "local o = desktops:lock(people, { id = 'desktop_user' })\n"
                                 "note(('%d %d'):format(#o.succeeded, #o.skipped))\n"
                                 "for _, p in ipairs(o.skipped) do note(o:reason(p)) end\n";

static void person_of(struct bench *b, size_t step, size_t i, size_t field, char *out, size_t size)
{
    const struct ob_value *s = ob_list_at(ob_map_get(&b->plan, "steps"), step);
    const char *text = ob_value_str(ob_list_at(ob_list_at(ob_map_get(s, "people"), i), field));
    snprintf(out, size, "%s", text ? text : "(none)");
}

/* Of two steps for one person, the second one's state is an assumption. */
static void what_each_was(void **state)
{
    struct bench b;
    char text[200];
    bench_init(&b, 40, 3, "");
    bench_aside(&b, CLOUDS "meeting:disable(people:first(1), { id = 'meeting_account' })\n");
    good(&b, bench_plan(&b, CLOUDS "meeting:disable(people, { id = 'meeting_account' })\n"
                                   "meeting:delete(people, { id = 'meeting_account' })\n"));
    person_of(&b, 0, 0, 2, text, sizeof text);
    assert_string_equal(text, "disabled");
    person_of(&b, 0, 1, 2, text, sizeof text);
    assert_string_equal(text, "active");
    person_of(&b, 1, 0, 2, text, sizeof text);
    assert_string_equal(text, "disabled"); /* the first step has nothing to do for this one */
    person_of(&b, 1, 1, 2, text, sizeof text);
    assert_string_equal(text, "");
    person_of(&b, 0, 0, 3, text, sizeof text);
    assert_true(strlen(text) > 20);
    bench_fini(&b);
}

/* Applies `text` after the first person was changed by `meanwhile`. */
static enum ob_status apply_after(struct bench *b, const char *text, const char *meanwhile)
{
    bench_init(b, 40, 3, "");
    good(b, bench_plan(b, text));
    bench_aside(b, meanwhile);
    return bench_apply(b, text);
}

#define MODIFY(fields)                                                                             \
    CLOUDS "desktops:request { method = 'POST', action = 'ModifyUser', version = '2021-03-08',\n"  \
           "  path = '/', form = { EndUserId = people[1].desktop_user, " fields " } }\n"

/* An administrator gave the account to somebody else: name and telephone are other ones. */
static void somebody_else_by_now(void **state)
{
    struct bench b;
    good(&b, apply_after(&b, off, MODIFY("Email = 'other@example.com'")));
    assert_string_equal(bench_notes(&b), "2 1\nchanged since it was planned: another Email");
    assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 2);
    bench_fini(&b);
}

static void stop_on_change(void **state)
{
    static const char stop[] =
        CLOUDS "desktops:lock(people, { id = 'desktop_user', on_change = 'stop' })\n";
    struct bench b;
    ends(&b, apply_after(&b, stop, MODIFY("Email = 'other@example.com'")), OB_ERR_STALE,
         "changed since it was planned: another Email; plan again");
    assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 0);
    /* and the process after: what stopped it is still so */
    ends(&b, bench_resume(&b, stop), OB_ERR_STALE, "another Email; plan again");
    assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 0);
    bench_fini(&b);
}

/* With nobody left in the step it is no smaller a stop. */
static void stop_on_change_of_all(void **state)
{
    static const char stop[] =
        CLOUDS "desktops:lock(people:first(1), { id = 'desktop_user', on_change = 'stop' })\n"
               "meeting:disable(people, { id = 'meeting_account' })\n";
    struct bench b;
    ends(&b, apply_after(&b, stop, MODIFY("Email = 'other@example.com'")), OB_ERR_STALE,
         "another Email; plan again");
    assert_int_equal(bench_state(&b, "clouds.meeting.disabled"), 0);
    bench_fini(&b);
}

/* Active when planned, for a deletion that was to follow a lock of somebody else's doing. */
static void another_state(void **state)
{
    static const char text[] = CLOUDS "local o = desktops:unlock(people, { id = 'desktop_user' })\n"
                                      "note(('%d %d'):format(#o.succeeded, #o.skipped))\n"
                                      "for _, p in ipairs(o.skipped) do note(o:reason(p)) end\n";
    struct bench b;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, text));
    bench_aside(&b, CLOUDS "desktops:lock(people:first(1), { id = 'desktop_user' })\n");
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), "0 3\n"
                                         "changed since it was planned: was active, is disabled\n"
                                         "already active\nalready active");
    assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 1);
    bench_fini(&b);
}

/* A policy that finds out that it is no plan any more does not do without what the plan shows. */
static void other_options_than_planned(void **state)
{
    static const char *const turns[] = {
        "straight = #o.skipped > 0",
        "require = #o.skipped == 0 and { seen = 2 } or nil, straight = true",
        "admins = #o.skipped > 0 and { people[1].desktop_user } or {}",
        "on_change = #o.skipped == 0 and 'stop' or 'skip'",
    };
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        char text[600];
        struct bench b;
        snprintf(text, sizeof text,
                 CLOUDS
                 "local o = desktops:lock(people:first(1), { id = 'desktop_user' })\n"
                 "pcall(function() desktops:remove(people, { id = 'desktop_user', %s }) end)",
                 turns[i]);
        bench_init(&b, 40, 3, "");
        good(&b, bench_plan(&b, text));
        bench_aside(&b, CLOUDS "desktops:lock(people:first(1), { id = 'desktop_user' })\n");
        ends(&b, bench_apply(&b, text), OB_ERR_GUARD, " is not in the plan with these options");
        assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
        bench_fini(&b);
    }
}

/* What happens to others is nobody's business here. */
static void a_change_elsewhere(void **state)
{
    struct bench b;
    good(&b, apply_after(&b, off,
                         "local all = target 'desktops':list()\n"
                         "target 'desktops':lock(all:where(function(p)\n"
                         "  return p.id:find '7$' end):first(2))\n"
                         "target 'meeting':disable(input.csv 'leavers',\n"
                         "  { id = 'meeting_account' })\n"));
    assert_int_equal(bench_count(&b, "1", OB_P_SUCCEEDED), 3);
    bench_fini(&b);
}

/* The first cells of two lines change places: each name has the other one's accounts. */
static void swap_names(struct ob_buf *csv, int first)
{
    char *text = ob_xstrdup(ob_buf_str(csv)), *at = text, *line[2], *cell[2];
    for (int i = 1; i < first; i++)
        at = strchr(at, '\n') + 1;
    for (int i = 0; i < 2; i++) {
        line[i] = strchr(at, ',');
        cell[i] = ob_xmemdup(at, (size_t)(line[i] - at));
        at = strchr(at, '\n') + 1;
    }
    size_t head = strcspn(text, "\n") + 1;
    ob_buf_clear(csv);
    ob_buf_add(csv, text, head);
    for (int i = 0; i < 2; i++)
        ob_buf_addf(csv, "%s%.*s", cell[1 - i], (int)strcspn(line[i], "\n") + 1, line[i]);
    ob_buf_adds(csv, at);
    free(cell[0]);
    free(cell[1]);
    free(text);
}

/* Both people and both accounts are in the plan, and the names changed places. No pcall helps. */
static void swapped_people(void **state)
{
    static const char text[] =
        CLOUDS "pcall(function() desktops:lock(people, { id = 'desktop_user' }) end)\n";
    struct bench b;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, text));
    swap_names(&b.inputs[0].bytes, 2);
    ends(&b, bench_apply(&b, text), OB_ERR_GUARD, "is not in the plan");
    assert_int_equal(bench_state(&b, "clouds.desktops.disabled"), 0);
    bench_fini(&b);
}

/* Somebody who is off already makes the run decide otherwise than the plan could know: the thirty
 * days that were approved were gone, and everybody with them. Waiting longer is no harm. */
static void a_wait_is_kept(void **state)
{
    static const char *const ways[] = {
        "if #off.skipped == 0 then wait { days = 30 } end\n",
        "wait { days = #off.skipped == 0 and 30 or 1 }\n",
        "together(function() if #off.skipped == 0 then wait { days = 30 } end end)\n",
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct bench b;
        char text[600];
        snprintf(text, sizeof text,
                 CLOUDS "local off = desktops:lock(people, { id = 'desktop_user' })\n%s"
                        "pcall(function()\n"
                        "  desktops:remove(people, { id = 'desktop_user' })\n"
                        "end)\n",
                 ways[i]);
        bench_init(&b, 40, 3, "");
        bench_aside(&b, CLOUDS "desktops:lock(people:first(1), { id = 'desktop_user' })\n");
        good(&b, bench_plan(&b, text));
        enum ob_status st = bench_apply(&b, text);
        if (st == OB_ERR_WAITING) {
            b.now += 2 * (int64_t)86400000;
            st = bench_resume(&b, text);
        }
        ends(&b, st, OB_ERR_GUARD, "comes after a wait in the plan, and not in this run");
        assert_int_equal(bench_state(&b, "clouds.desktops.calls.RemoveUsers"), -1);
        bench_fini(&b);
    }
}

static void more_waiting_is_no_harm(void **state)
{
    static const char text[] =
        CLOUDS "local off = desktops:lock(people, { id = 'desktop_user' })\n"
               "if #off.skipped > 0 then wait { days = 2 } end\n"
               "wait { days = 30 }\n"
               "note(#desktops:remove(people, { id = 'desktop_user' }).succeeded)\n";
    struct bench b;
    bench_init(&b, 40, 3, "");
    bench_aside(&b, CLOUDS "desktops:lock(people:first(1), { id = 'desktop_user' })\n");
    good(&b, bench_plan(&b, text));
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits");
    b.now += 3 * (int64_t)86400000;
    ends(&b, bench_resume(&b, text), OB_ERR_WAITING, "waits");
    b.now += 31 * (int64_t)86400000;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "3");
    bench_fini(&b);
}

static void wrong_option(void **state)
{
    struct bench b;
    bench_init(&b, 40, 3, "");
    ends(&b,
         bench_plan(&b, CLOUDS "desktops:lock(people, { id = 'desktop_user', on_change = 'go' })"),
         OB_ERR_POLICY, "on_change is \"skip\" or \"stop\"");
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_was),
        cmocka_unit_test(somebody_else_by_now),
        cmocka_unit_test(stop_on_change),
        cmocka_unit_test(stop_on_change_of_all),
        cmocka_unit_test(other_options_than_planned),
        cmocka_unit_test(another_state),
        cmocka_unit_test(a_change_elsewhere),
        cmocka_unit_test(swapped_people),
        cmocka_unit_test(wrong_option),
        cmocka_unit_test(a_wait_is_kept),
        cmocka_unit_test(more_waiting_is_no_harm),
    };
    return cmocka_run_group_tests_name("plans of policies", tests, NULL, NULL);
}
