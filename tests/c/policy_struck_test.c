/* Whom an approver has struck is left out of everything a run does, with the approver's name, and
 * stays so when the run is stopped and goes on; everybody else is carried out as planned. */
#include "policy_help.h"

static const char policy[] = "local people = input.csv 'leavers'\n"
                             "local off = target 'meeting':disable(people, {\n"
                             "  id = 'meeting_account', chunk = 1 })\n"
                             "target 'desktops':lock(people, { id = 'desktop_user' })\n"
                             "note(#off.succeeded .. ' ' .. #off.skipped)\n"
                             "for _, p in ipairs(off.skipped) do note(off:reason(p)) end\n";

struct seen {
    const char *key; /* of the one who is struck */
    size_t skipped, touched, others;
};

static bool one(void *ctx, const struct ob_person_row *p)
{
    struct seen *s = ctx;
    if (strcmp(p->person, s->key) != 0) {
        s->others += p->state == OB_P_SUCCEEDED;
        return true;
    }
    s->skipped += p->state == OB_P_SKIPPED && strcmp(p->detail, "struck by alice (x)") == 0;
    s->touched += p->calls > 0;
    return true;
}

/* In both steps: one is skipped and was never named in a call, four have succeeded. */
static void check_run(struct bench *b, const char *key)
{
    static const char *const paths[] = {"1", "2"};
    for (size_t i = 0; i < 2; i++) {
        struct seen s = {.key = key};
        good(b, ob_ledger_person_each(b->ledger, b->run, paths[i], one, &s, &b->err));
        assert_int_equal(s.skipped, 1);
        assert_int_equal(s.touched, 0);
        assert_int_equal(s.others, 4);
    }
}

/* The second leaver, by their id in Meeting: struck on the desktops as well. */
static struct ob_struck *strike_one(struct bench *b, char key[64])
{
    const struct ob_value *steps = ob_map_get(&b->plan, "steps");
    const struct ob_value *who = ob_list_at(ob_map_get(ob_list_at(steps, 0), "people"), 1);
    struct ob_struck *s = ob_struck_new();
    snprintf(key, 64, "%s", ob_value_str(ob_list_at(who, 0)));
    ob_struck_add(s, ob_value_str(ob_list_at(who, 1)), "struck by alice (x)");
    ob_struck_spread(s, &b->plan);
    return s;
}

static void nobody_touches_whom_an_approver_struck(void **state)
{
    struct bench b;
    char key[64];
    bench_init(&b, 40, 5, "");
    good(&b, bench_plan(&b, policy));
    struct ob_struck *s = strike_one(&b, key);
    b.struck = s;
    good(&b, bench_apply(&b, policy));
    check_run(&b, key);
    assert_string_equal(bench_notes(&b), "4 1\nstruck by alice (x)");
    bench_fini(&b);
    ob_struck_free(s);
}

static void also_when_the_run_was_stopped(void **state)
{
    for (size_t at = 2; at < 12; at += 3) {
        struct bench b;
        char key[64];
        bench_init(&b, 40, 5, "");
        good(&b, bench_plan(&b, policy));
        struct ob_struck *s = strike_one(&b, key);
        b.struck = s;
        b.stop_at = b.sent + at;
        ends(&b, bench_apply(&b, policy), OB_ERR_SIGTERM, "");
        b.stop_at = 0;
        b.now += 3600 * 1000;
        good(&b, bench_resume(&b, policy));
        check_run(&b, key);
        bench_fini(&b);
        ob_struck_free(s);
    }
}

/* While it is stopped, an approver may strike somebody who was not acted upon yet. */
static void struck_while_it_waits(void **state)
{
    static const char waits[] = "local people = input.csv 'leavers'\n"
                                "target 'meeting':disable(people, { id = 'meeting_account' })\n"
                                "wait { days = 3 }\n"
                                "target 'desktops':lock(people, { id = 'desktop_user' })\n";
    struct bench b;
    struct seen first = {0}, second = {0};
    char key[64];
    bench_init(&b, 40, 5, "");
    good(&b, bench_plan(&b, waits));
    ends(&b, bench_apply(&b, waits), OB_ERR_WAITING, "waits until");
    struct ob_struck *s = strike_one(&b, key);
    b.struck = s;
    b.now += (int64_t)4 * 24 * 3600 * 1000;
    good(&b, bench_resume(&b, waits));
    first.key = second.key = key;
    good(&b, ob_ledger_person_each(b.ledger, b.run, "1", one, &first, &b.err));
    good(&b, ob_ledger_person_each(b.ledger, b.run, "3", one, &second, &b.err));
    assert_int_equal(first.touched, 1);
    assert_int_equal(first.skipped, 0);
    assert_int_equal(second.touched, 0);
    assert_int_equal(second.skipped, 1);
    assert_int_equal(second.others, 4);
    bench_fini(&b);
    ob_struck_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_touches_whom_an_approver_struck),
        cmocka_unit_test(also_when_the_run_was_stopped),
        cmocka_unit_test(struck_while_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
