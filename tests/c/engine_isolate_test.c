/* Culprits through the whole engine: what it costs to find them, what is kept of them from step to
 * step and over a crash, and when a refusal proves nothing. */
#include "engine_help.h"

static void expect(struct rig *g, size_t succeeded, size_t failed)
{
    assert_int_equal(g->op->err.status, OB_OK);
    assert_int_equal(how_many(g->op, OB_P_SUCCEEDED), succeeded);
    assert_int_equal(how_many(g->op, OB_P_FAILED), failed);
    rig_judge(g);
    rig_judge_ledger(g);
}

static void poison(struct rig *g, size_t from, size_t every)
{
    for (size_t k = from; k < g->w.count; k += every)
        g->w.beings[k].poison = true;
}

/* ---- what it costs ---- */

static void few_among_many(void **state)
{
    static const struct {
        int hints;
        size_t most; /* acts: 20 full calls, and for each of 10 culprits so many */
    } cases[] = {{0, 20 + 90}, {1, 20 + 25}, {2, 20 + 95}, {3, 20 + 25}};
    for (size_t i = 0; i < 4; i++) {
        struct rig g;
        rig_init(&g, 2000, 0, 2000, i);
        g.w.hints = cases[i].hints;
        poison(&g, 17, 200);
        rig_run(&g);
        expect(&g, 1990, 10);
        if (g.w.acts > cases[i].most)
            fail_msg("hints %d: %zu acts", cases[i].hints, g.w.acts);
        rig_fini(&g);
    }
}

static void many_among_many(void **state)
{
    struct rig g;
    rig_init(&g, 2000, 0, 2000, 1);
    poison(&g, 3, 10);
    rig_run(&g);
    expect(&g, 1800, 200);
    assert_true(g.w.acts < 1150); /* log2 C(2000, 200) = 933 */
    rig_fini(&g);
}

/* Failures that come person by person refuse no call, and make none smaller. */
static void a_contract_per_person_costs_nothing(void **state)
{
    struct rig g;
    rig_init(&g, 1000, 0, 1000, 1);
    g.w.contract = OB_PER_PERSON;
    poison(&g, 1, 3);
    rig_run(&g);
    expect(&g, 667, 333);
    assert_int_equal(g.w.acts, 10);
    rig_fini(&g);
}

/* One verdict for all: a refused call is not split, so calls become smaller sooner. */
static void one_verdict_makes_calls_smaller(void **state)
{
    struct rig g;
    rig_init(&g, 2000, 0, 2000, 1);
    g.w.actions[0].contract = OB_ONE_VERDICT;
    g.w.target.parallel = 1;
    poison(&g, 5, 50);
    rig_run(&g);
    expect(&g, 1960, 40);
    if (g.w.acts > 900) /* calls of 100 would be 2020 */
        fail_msg("%zu acts", g.w.acts);
    rig_fini(&g);
}

/* ---- from step to step ---- */

static size_t size_of_act(const struct world *w, size_t from)
{
    for (size_t i = from; i < w->sends; i++)
        if (is_act(w->log[i]->op))
            return ob_list_count(ob_map_get(&w->log[i]->args, "ids"));
    return 0;
}

/* The next step of the same run over the next `count` people; answers how large its first act was.
 */
static size_t next_step(struct rig *g, const char *path, size_t first)
{
    size_t before = g->w.sends;
    rig_drop(g);
    g->path = path;
    g->first = first;
    for (size_t i = 0; i < g->count; i++) {
        g->ids[i] = g->w.beings[first + i].id;
        g->w.beings[first + i].planned = true;
    }
    rig_run(g);
    rig_judge(g);
    rig_judge_ledger(g);
    return size_of_act(&g->w, before);
}

static void sizes_are_learned_and_forgotten(void **state)
{
    struct rig g;
    struct ob_err err;
    struct ob_buf text;
    rig_init(&g, 2400, 0, 400, 1);
    for (size_t i = 0; i < 800; i++)
        g.w.beings[i].poison = i % 4 == 0;
    rig_run(&g);
    expect(&g, 300, 100);
    assert_int_equal(size_of_act(&g.w, 0), 100);
    ob_buf_init(&text, OB_BUF_SMALL);
    assert_int_equal(ob_ledger_learned_get(g.ledger, "fake", "culprits.delete", &text, &err), 0);
    assert_string_equal(ob_buf_str(&text), "100.00 400");
    ob_buf_fini(&text);
    assert_in_range(next_step(&g, "2", 400), 2, 20);
    for (size_t i = 0; i < 3; i++)
        next_step(&g, (const char *const[]){"3", "4", "5"}[i], 800 + 400 * i);
    assert_in_range(next_step(&g, "6", 2000), 60, 100);
    rig_fini(&g);
}

static void what_was_learned_may_be_nonsense(void **state)
{
    static const char *const texts[] = {"", "x", "-3 5", "9 2", "nan nan", "1e308 inf", "1", "0 0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct rig g;
        struct ob_err err;
        rig_init(&g, 200, 0, 200, i);
        assert_int_equal(ob_ledger_learned_put(g.ledger, "fake", "culprits.delete", texts[i], &err),
                         0);
        rig_run(&g);
        expect(&g, 200, 0);
        assert_int_equal(g.w.acts, 2);
        rig_fini(&g);
    }
}

/* ---- what a refusal proves ---- */

/* Throttled, and yet somebody is gone; the readings do not show it yet. */
static enum fault throttled_half_way(struct world *w, const char *op, size_t nth)
{
    const struct ob_value *ids = ob_map_get(&w->last_args, "ids");
    if (!is_act(op) || w->beings[3].state == GONE || !in_list(ids, "u0003"))
        return F_NONE;
    change(w, &w->beings[3], GONE);
    return F_THROTTLE;
}

/* "No such user", says the second attempt of a call whose first one was throttled and had deleted
 * the user: that was believed at the first reading, which still showed the user. */
static void refused_because_a_throttled_call_did_it(void **state)
{
    for (int lag = 2; lag <= 4; lag++) {
        struct rig g;
        rig_init(&g, 5, 0, 5, (uint64_t)lag);
        g.chunk = lag % 2 ? 5 : 1;
        g.w.target.parallel = 1;
        g.w.lag = lag;
        g.w.absent_bad = true;
        g.w.fault = throttled_half_way;
        rig_run(&g);
        expect(&g, 5, 0);
        rig_fini(&g);
    }
}

static enum fault throttled_then_wrong(struct world *w, const char *op, size_t nth)
{
    bool done = w->beings[3].state == GONE;
    enum fault f = throttled_half_way(w, op, nth);
    return is_act(op) && done ? F_REQUEST : f;
}

/* The same, and the second attempt is refused for a reason that is about nobody in it. */
static void refused_for_good_after_a_throttled_call_did_it(void **state)
{
    struct rig g;
    rig_init(&g, 5, 0, 5, 1);
    g.w.lag = 2;
    g.w.fault = throttled_then_wrong;
    rig_run(&g);
    expect(&g, 1, 4);
    rig_fini(&g);
}

static bool refused_already(const struct rig *g, size_t i)
{
    const struct ob_person *p = &g->op->people[i];
    return p->state == OB_P_DOUBT && strstr(p->detail, "POISON");
}

/* Refused alone, and before the reading that makes it a failure the process died: the next one
 * sent the same person to the same refusal again. */
static void a_refusal_outlives_a_crash(void **state)
{
    size_t met = 0;
    for (size_t at = 0; at < 70; at++) {
        struct rig g;
        struct ob_err err;
        rig_init(&g, 60, 0, 60, at);
        g.chunk = 1 + (int)(at % 3) * 9;
        g.w.beings[9].poison = true;
        rig_begin(&g);
        for (size_t i = 0; i < at && !g.op->done; i++)
            assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
        assert_int_equal(ob_engine_flush(g.e, &err), OB_OK);
        bool refused = refused_already(&g, 9);
        int named = g.w.beings[9].named;
        rig_drop(&g);
        rig_run(&g);
        expect(&g, 59, 1);
        assert_non_null(strstr(g.op->people[9].detail, "POISON"));
        if (refused)
            assert_int_equal(g.w.beings[9].named, named);
        met += refused;
        rig_fini(&g);
    }
    assert_true(met > 3);
}

/* Who was refused together with others was not refused: the next process sends them alone. */
static void a_refusal_in_company_proves_nothing_after_a_crash(void **state)
{
    for (size_t at = 0; at < 40; at++) {
        struct rig g;
        struct ob_err err;
        rig_init(&g, 20, 0, 20, at);
        g.w.actions[0].contract = OB_ONE_VERDICT;
        g.w.beings[9].poison = true;
        rig_begin(&g);
        for (size_t i = 0; i < at && !g.op->done; i++)
            assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
        rig_drop(&g);
        g.w.beings[9].poison = at % 2;
        rig_run(&g);
        assert_int_equal(how_many(g.op, OB_P_SUCCEEDED) + how_many(g.op, OB_P_FAILED), 20);
        rig_judge(&g);
        rig_fini(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_among_many),
        cmocka_unit_test(many_among_many),
        cmocka_unit_test(a_contract_per_person_costs_nothing),
        cmocka_unit_test(one_verdict_makes_calls_smaller),
        cmocka_unit_test(sizes_are_learned_and_forgotten),
        cmocka_unit_test(what_was_learned_may_be_nonsense),
        cmocka_unit_test(refused_because_a_throttled_call_did_it),
        cmocka_unit_test(refused_for_good_after_a_throttled_call_did_it),
        cmocka_unit_test(a_refusal_outlives_a_crash),
        cmocka_unit_test(a_refusal_in_company_proves_nothing_after_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
