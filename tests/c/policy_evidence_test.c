/* Before somebody is deleted: they were disabled first, and what the policy requires is proven for
 * each person from the ledger, the cloud and an input that is read anew. */
#include "engine/evidence.h"
#include <ctype.h>
#include "policy_help.h"

#define DAY  ((int64_t)86400000)
#define HOUR ((int64_t)3600000)
#define START                                                                                      \
    "local people = input.csv 'leavers'\n"                                                         \
    "local meeting, desktops, studio = target 'meeting', target 'desktops', target 'studio'\n"
#define LOCK   START "desktops:lock(people, { id = 'desktop_user' })\n"
#define UNLOCK START "desktops:unlock(people:first(2), { id = 'desktop_user' })\n"
#define REMOVE(require)                                                                            \
    START "local o = desktops:remove(people, { id = 'desktop_user'" require " })\n" TOLD
#define TOLD "note(tostring(o))\nfor p in o.skipped:each() do note(o:reason(p)) end\n"

/* Stored as the command line does it: everybody in it was seen. */
static void store(struct bench *b)
{
    struct ob_sight s = {
        .plan = "0123456789abcdef", .doc = &b->plan, .at_ms = ob_wall_ms(&b->clock)};
    if (ob_evidence_sight(b->ledger, &s, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
}

static void done(struct bench *b, const char *text)
{
    good(b, bench_plan(b, text));
    store(b);
    good(b, bench_apply(b, text));
}

/* What the plan's last step says of its first person. */
static const char *told(const struct bench *b)
{
    const struct ob_value *steps = ob_map_get(&b->plan, "steps");
    const struct ob_value *step = ob_list_at(steps, ob_list_count(steps) - 1);
    const struct ob_value *all = ob_map_get(step, "evidence");
    const char *id = ob_value_str(ob_list_at(ob_list_at(ob_map_get(step, "people"), 0), 1));
    const char *text = all ? ob_map_str(all, id) : NULL;
    return text ? text : "";
}

static void says(const struct bench *b, const char *part)
{
    if (!strstr(bench_notes(b), part))
        fail_msg("\"%s\" is not said in: %s", part, bench_notes(b));
}

static void plan_says(const struct bench *b, const char *part)
{
    if (!strstr(told(b), part))
        fail_msg("\"%s\" is not what the plan says: %s", part, told(b));
}

/* ---- straight ---- */

static void nobody_is_deleted_straight(void **state)
{
    static const char reason[] = "not disabled first; the policy may say straight = true";
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    done(&b, REMOVE(""));
    says(&b, "0 succeeded, 0 failed, 0 unknown, 3 skipped");
    says(&b, reason);
    plan_says(&b, "skipped: not disabled first");
    assert_int_equal(bench_state(&b, "clouds.desktops.calls.RemoveUsers"), -1);
    done(&b, REMOVE(", straight = false"));
    says(&b, reason);
    done(&b, START "local o = meeting:delete(people, { id = 'meeting_account' })\n" TOLD);
    says(&b, reason);
    /* whoever disabled them: the cloud shows that they are */
    bench_aside(&b, START "desktops:lock(people:first(1), { id = 'desktop_user' })\n");
    done(&b, REMOVE(""));
    says(&b, "1 succeeded, 0 failed, 0 unknown, 2 skipped");
    assert_string_equal(told(&b), "");
    done(&b, REMOVE(", straight = true"));
    says(&b, "2 succeeded, 0 failed, 0 unknown, 1 skipped\nalready absent");
    /* a workspace has no such state */
    done(&b, START "note(tostring(studio:remove(people, { id = 'iam_user_id' })))\n");
    says(&b, "3 succeeded");
    bench_fini(&b);
}

/* An earlier step of the same plan is assumed to do it; a run looks. */
static void the_good_order(void **state)
{
    static const char text[] =
        LOCK "local o = desktops:remove(people, { id = 'desktop_user' })\n" TOLD;
    static const char on[] =
        LOCK "desktops:unlock(people, { id = 'desktop_user' })\n"
             "local o = desktops:remove(people, { id = 'desktop_user' })\n" TOLD;
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, on));
    plan_says(&b, "skipped: not disabled first");
    good(&b, bench_plan(&b, text));
    assert_string_equal(told(&b), "");
    good(&b, bench_apply(&b, text));
    says(&b, "3 succeeded");
    bench_fini(&b);
}

/* ---- disabled_for ---- */

#define THIRTY ", require = { disabled_for = days(30) }"

static void disabled_by_an_earlier_run(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    done(&b, LOCK);
    b.now += 29 * DAY;
    done(&b, REMOVE(THIRTY));
    says(&b, "0 succeeded, 0 failed, 0 unknown, 3 skipped");
    says(&b, "disabled since 2026-11-22 (run 1), and 30 days are required");
    plan_says(&b, "skipped: disabled since 2026-11-22 (run 1), and 30 days are required");
    b.now += DAY + HOUR;
    done(&b, REMOVE(THIRTY));
    says(&b, "3 succeeded");
    plan_says(&b, "disabled since 2026-11-22 (run 1)");
    assert_null(strstr(told(&b), "skipped"));
    bench_fini(&b);
}

/* Since when nobody can say: the cloud does not tell. */
static void disabled_by_nobody_knows_whom(void **state)
{
    struct bench b;
    struct ob_ledger *other, *ours;
    (void)state;
    bench_init(&b, 40, 3, "");
    if (ob_ledger_open(&other, ":memory:", &b.err) != OB_OK)
        fail_msg("%s", b.err.message);
    ours = b.ledger;
    b.ledger = other;
    done(&b, LOCK);
    b.ledger = ours;
    b.now += 90 * DAY;
    done(&b, REMOVE(THIRTY));
    says(&b, "0 succeeded, 0 failed, 0 unknown, 3 skipped");
    says(&b, "no run here disabled them, so nobody knows since when they are");
    ob_ledger_close(other);
    bench_fini(&b);
}

static void switched_on_in_between(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    done(&b, LOCK);
    b.now += 20 * DAY;
    done(&b, UNLOCK); /* two of three */
    b.now += 20 * DAY;
    done(&b, REMOVE(THIRTY));
    says(&b, "1 succeeded, 0 failed, 0 unknown, 2 skipped");
    says(&b, "not disabled first");               /* the general rule comes first */
    done(&b, REMOVE(THIRTY ", straight = true")); /* which this one does without */
    says(&b, "active, and disabled for 30 days is required");
    done(&b, LOCK); /* again: and the month begins anew */
    b.now += 20 * DAY;
    done(&b, REMOVE(THIRTY));
    says(&b, "0 succeeded, 0 failed, 0 unknown, 3 skipped");
    says(&b, "disabled since 2027-01-01 (run 5), and 30 days are required");
    b.now += 11 * DAY;
    done(&b, REMOVE(THIRTY));
    says(&b, "2 succeeded");
    bench_fini(&b);
}

/* We enabled them, and somebody else disabled them: since when is not in the ledger. */
static void switched_off_by_another_hand(void **state)
{
    struct bench b;
    struct ob_ledger *other, *ours;
    (void)state;
    bench_init(&b, 40, 3, "");
    if (ob_ledger_open(&other, ":memory:", &b.err) != OB_OK)
        fail_msg("%s", b.err.message);
    done(&b, LOCK);
    b.now += DAY;
    done(&b, UNLOCK);
    ours = b.ledger;
    b.ledger = other;
    done(&b, LOCK);
    b.ledger = ours;
    b.now += 90 * DAY;
    done(&b, REMOVE(THIRTY));
    says(&b, "1 succeeded, 0 failed, 0 unknown, 2 skipped");
    says(&b, "run 2 changed them since run 1 disabled them");
    ob_ledger_close(other);
    bench_fini(&b);
}

/* Within one run, and by each process that takes it up: the step before the wait proves it. */
static void disabled_by_this_very_run(void **state)
{
    static const char text[] = LOCK "wait { days = 30 }\n"
                                    "local o = desktops:remove(people, { id = 'desktop_user',\n"
                                    "  require = { disabled_for = days(30) } })\n" TOLD;
    static const char soon[] = LOCK "wait { days = 10 }\n"
                                    "local o = desktops:remove(people, { id = 'desktop_user',\n"
                                    "  require = { disabled_for = days(30) } })\n" TOLD;
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, text));
    assert_string_equal(told(&b), "disabled by step 1");
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits");
    b.now += 31 * DAY;
    b.stop_at = b.sent + 1;
    bench_resume(&b, text);
    b.stop_at = 0;
    good(&b, bench_resume(&b, text));
    says(&b, "3 succeeded");
    bench_fini(&b);
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, soon));
    ends(&b, bench_apply(&b, soon), OB_ERR_WAITING, "waits");
    b.now += 11 * DAY;
    good(&b, bench_resume(&b, soon));
    says(&b, "0 succeeded, 0 failed, 0 unknown, 3 skipped");
    bench_fini(&b);
}

/* ---- seen ---- */

static void seen_by_several_plans(void **state)
{
    static const char twice[] = REMOVE(", straight = true, require = { seen = 2 }");
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    done(&b, twice);
    says(&b, "0 succeeded, 0 failed, 0 unknown, 3 skipped");
    says(&b, "seen 1 time by plans 12 hours apart, and 2 are required");
    plan_says(&b, "skipped: seen 1 time");
    done(&b, twice); /* at once again: that is one look */
    done(&b, twice);
    says(&b, "seen 1 time");
    b.now += 11 * HOUR;
    done(&b, twice);
    says(&b, "seen 1 time");
    b.now += 2 * HOUR;
    good(&b, bench_plan(&b, twice)); /* the plan that is being made counts */
    assert_string_equal(told(&b), "seen 2 times");
    done(&b, twice);
    says(&b, "3 succeeded");
    bench_fini(&b);
}

/* A step that disables counts, another target does not, and neither does somebody else. */
static void seen_where_and_who(void **state)
{
    static const char twice[] = REMOVE(", straight = true, require = { seen = 2 }");
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    good(&b, bench_plan(&b, START "desktops:lock(people:first(1), { id = 'desktop_user' })\n"
                                  "meeting:disable(people, { id = 'meeting_account' })\n"
                                  "desktops:unlock(people, { id = 'desktop_user' })\n"));
    store(&b);
    b.now += DAY;
    done(&b, twice);
    says(&b, "1 succeeded, 0 failed, 0 unknown, 2 skipped");
    bench_fini(&b);
}

/* An input that is read again after a wait is a second look at whoever is still on it. */
static void seen_again_after_a_wait(void **state)
{
    static const char text[] = LOCK
        "wait { days = 30, recheck = 'leavers' }\n"
        "local o = desktops:remove(people, { id = 'desktop_user', require = { seen = 2 } })\n" TOLD;
    static const char blind[] = LOCK
        "wait { days = 30 }\n"
        "local o = desktops:remove(people, { id = 'desktop_user', require = { seen = 2 } })\n" TOLD;
    const char *const texts[] = {text, blind};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, 40, 3, "");
        char *fresh = bench_without(&b, 99);
        b.fresh = fresh;
        good(&b, bench_plan(&b, texts[i]));
        store(&b);
        ends(&b, bench_apply(&b, texts[i]), OB_ERR_WAITING, "waits");
        b.now += 31 * DAY;
        good(&b, bench_resume(&b, texts[i]));
        says(&b, i ? "0 succeeded, 0 failed, 0 unknown, 3 skipped" : "3 succeeded");
        bench_fini(&b);
        free(fresh);
    }
}

/* ---- absent_from ---- */

#define ABSENT                                                                                     \
    "local roster = input.csv 'roster'\n" REMOVE(                                                  \
        ", straight = true, require = { absent_from = 'roster' }")

/* A roster with the first leaver (or a stranger) and nobody else of interest. */
static char *roster_with(const struct bench *b, const char *column, bool first)
{
    const char *text = ob_buf_str(&b->inputs[0].bytes), *line = strchr(text, '\n') + 1;
    bool by_id = strcmp(column, "desktop_user") == 0;
    int skip = by_id ? 4 : 0;
    for (; skip; skip--)
        line = strchr(line, ',') + 1;
    return ob_xasprintf("staff,%s\n1,%.*s\n2,someone\n", column,
                        first ? (int)strcspn(line, ",") : 6, first ? line : "nobody");
}

static void absent_from_a_roster(void **state)
{
    static const char *const columns[] = {"employee", "desktop_user"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, 40, 3, "");
        char *with = roster_with(&b, columns[i], true);
        bench_roster(&b, with);
        done(&b, ABSENT);
        says(&b, "2 succeeded, 0 failed, 0 unknown, 1 skipped");
        says(&b, "still on \"roster\" (r.csv:2)");
        plan_says(&b, "skipped: still on \"roster\" (r.csv:2)");
        bench_fini(&b);
        free(with);
    }
    struct bench b;
    bench_init(&b, 40, 3, "");
    char *with = roster_with(&b, "employee", true), *without = roster_with(&b, "employee", false);
    bench_roster(&b, without);
    good(&b, bench_plan(&b, ABSENT));
    assert_string_equal(told(&b), "absent from roster (2 rows)");
    b.fresh_roster = with; /* and on it when it counts */
    good(&b, bench_apply(&b, ABSENT));
    says(&b, "2 succeeded, 0 failed, 0 unknown, 1 skipped");
    bench_fini(&b);
    free(with);
    free(without);
}

/* A column of another name, and none that could be compared: absence must not come of that. */
static void a_roster_of_other_columns(void **state)
{
    static const char named[] = "local roster = input.csv 'roster'\n" REMOVE(
        ", straight = true, require = "
        "{ absent_from = { input = 'roster', column = 'login' } }");
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    char *with = roster_with(&b, "desktop_user", true);
    char *other = ob_xasprintf("staff,login%s", strchr(with, '\n'));
    bench_roster(&b, other);
    ends(&b, bench_plan(&b, ABSENT), OB_ERR_POLICY,
         "no column of it can be compared with these people, or it is empty; it has: staff, login");
    done(&b, named);
    says(&b, "2 succeeded, 0 failed, 0 unknown, 1 skipped");
    bench_fini(&b);
    free(with);
    free(other);
}

/* Who is there in other letters is there; a column in which nothing stands proves nothing. */
static void a_roster_in_other_letters(void **state)
{
    static const char named[] = "local roster = input.csv 'roster'\n" REMOVE(
        ", straight = true, require = "
        "{ absent_from = { input = 'roster', column = 'login' } }");
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    char *with = roster_with(&b, "desktop_user", true);
    for (char *c = strchr(with, '\n'); *c; c++)
        *c = (char)toupper((unsigned char)*c);
    bench_roster(&b, with);
    done(&b, ABSENT);
    says(&b, "2 succeeded, 0 failed, 0 unknown, 1 skipped");
    says(&b, "still on \"roster\" (r.csv:2)");
    bench_roster(&b, "staff,desktop_user\n1,\n2,\n");
    ends(&b, bench_plan(&b, ABSENT), OB_ERR_POLICY, "no column of it can be compared");
    bench_roster(&b, "staff,login,employee\n1,,x\n2,,y\n");
    ends(&b, bench_plan(&b, named), OB_ERR_POLICY,
         "column \"login\" of r.csv is empty in every row");
    bench_fini(&b);
    free(with);
}

/* The roster is read by every process that takes the step up; one that is not whole stops it. */
static void an_unhealthy_roster(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    char *without = roster_with(&b, "employee", false);
    bench_roster(&b, without);
    good(&b, bench_plan(&b, ABSENT));
    if (ob_ledger_run_new(b.ledger, "", 1, &b.run, &b.err) != OB_OK)
        fail_msg("%s", b.err.message);
    struct {
        const char *text, *error;
    } cases[] = {{NULL, "cannot open"},
                 {"staff,employee\n", "no rows"},
                 {"staff,employee\n1,nobody\n2", "it may be cut off"},
                 {"staff\n1\n2\n", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b.fresh_roster = cases[i].text;
        ends(&b, bench_resume(&b, ABSENT), i == 3 ? OB_ERR_POLICY : OB_ERR_INPUT, cases[i].error);
        assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
    }
    b.fresh_roster = without;
    good(&b, bench_resume(&b, ABSENT));
    says(&b, "3 succeeded");
    b.fresh_roster = NULL; /* what is settled is not asked about again */
    good(&b, bench_resume(&b, ABSENT));
    says(&b, "3 succeeded");
    bench_fini(&b);
    free(without);
}

/* Half of the roster is gone without anybody having said what to expect: it proves absence. */
static void a_shrunken_roster(void **state)
{
    static const char four[] = "employee\nA\nB\nC\nD\n", one[] = "employee\nA\n";
    struct bench b;
    (void)state;
    bench_init(&b, 40, 3, "");
    bench_roster(&b, four);
    good(&b, bench_plan(&b, ABSENT));
    b.fresh_roster = one;
    ends(&b, bench_apply(&b, ABSENT), OB_ERR_INPUT, "75 % are gone, and at most 50 % may be");
    bench_roster(&b, one);
    ends(&b, bench_plan(&b, ABSENT), OB_ERR_INPUT, "75 % are gone, and at most 50 % may be");
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 40);
    bench_fini(&b);
}

/* ---- what is no requirement ---- */

static void what_cannot_be_required(void **state)
{
    static const char *const cases[][2] = {
        {"desktops:lock(people, { id = 'desktop_user', straight = true })",
         "option straight is for actions that delete, and lock does not"},
        {"desktops:lock(people, { id = 'desktop_user', require = { seen = 2 } })",
         "option require is for actions that delete"},
        {"desktops:remove(people, { id = 'desktop_user', straight = 1 })", "straight is true or"},
        {"desktops:remove(people, { id = 'desktop_user', require = { sen = 2 } })",
         "require knows disabled_for, seen and absent_from, not \"sen\""},
        {"desktops:remove(people, { id = 'desktop_user', require = 'disabled_for' })",
         "option require has names"},
        {"desktops:remove(people, { id = 'desktop_user', require = false })",
         "option require has names"},
        {"desktops:remove(people, { id = 'desktop_user', require = { seen = 0 } })",
         "seen is a whole number of 1 or more"},
        {"desktops:remove(people, { id = 'desktop_user', require = { disabled_for = 'x' } })",
         "disabled_for is a time such as days(30)"},
        {"desktops:remove(people, { id = 'desktop_user', require = { absent_from = 'staff' } })",
         "this policy has read no input of that name"},
        {"studio:remove(people, { id = 'iam_user_id', require = { disabled_for = days(1) } })",
         "studio (huawei-dataarts) disables nobody"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        char *text = ob_xasprintf(START "%s", cases[i][0]);
        bench_init(&b, 40, 3, "");
        ends(&b, bench_plan(&b, text), OB_ERR_POLICY, cases[i][1]);
        bench_fini(&b);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_deleted_straight),
        cmocka_unit_test(the_good_order),
        cmocka_unit_test(disabled_by_an_earlier_run),
        cmocka_unit_test(disabled_by_nobody_knows_whom),
        cmocka_unit_test(switched_on_in_between),
        cmocka_unit_test(switched_off_by_another_hand),
        cmocka_unit_test(disabled_by_this_very_run),
        cmocka_unit_test(seen_by_several_plans),
        cmocka_unit_test(seen_where_and_who),
        cmocka_unit_test(seen_again_after_a_wait),
        cmocka_unit_test(absent_from_a_roster),
        cmocka_unit_test(a_roster_in_other_letters),
        cmocka_unit_test(a_roster_of_other_columns),
        cmocka_unit_test(an_unhealthy_roster),
        cmocka_unit_test(a_shrunken_roster),
        cmocka_unit_test(what_cannot_be_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
