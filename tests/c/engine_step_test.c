/* Proposals through the whole engine against a cloud in memory: contracts, poison, every way a
 * call can go wrong, tokens, throttling, readings, ramps and stops. */
#include "engine_help.h"

static void expect(struct rig *g, size_t succeeded, size_t failed, size_t unknown, size_t skipped)
{
    size_t s = how_many(g->op, OB_P_SUCCEEDED), f = how_many(g->op, OB_P_FAILED);
    size_t u = how_many(g->op, OB_P_UNKNOWN), k = how_many(g->op, OB_P_SKIPPED);
    if (s != succeeded || f != failed || u != unknown || k != skipped)
        fail_msg("%zu succeeded, %zu failed, %zu unknown, %zu skipped; the op: %s", s, f, u, k,
                 g->op->err.status == OB_OK ? "" : g->op->err.message);
    rig_judge(g);
    if (g->ledger)
        rig_judge_ledger(g);
}

static const struct ob_person *person(const struct rig *g, size_t i)
{
    return &g->op->people[i];
}

static void says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

/* ---- contracts and culprits ---- */

static void every_contract(void **state)
{
    static const enum ob_contract contracts[] = {OB_ALL_OR_NOTHING, OB_PER_PERSON};
    for (int i = 0; i < 2 * 2 * 4 * 2; i++) {
        struct rig g;
        rig_init(&g, 130, 10, 100, (uint64_t)i);
        g.w.contract = contracts[i & 1];
        g.action = i >> 1 & 1;
        g.w.hints = i >> 2 & 3;
        g.w.suspect = i >> 4 & 1;
        g.chunk = 20;
        for (size_t k = 15; k < 110; k += 23)
            g.w.beings[k].poison = true;
        g.w.beings[40].state = GONE;
        rig_run(&g);
        assert_int_equal(g.op->err.status, OB_OK);
        expect(&g, 94, 5, 0, 1);
        says(person(&g, 5)->detail, "POISON");
        rig_fini(&g);
    }
}

static void the_contract_changes_half_way(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct rig g;
        rig_init(&g, 200, 0, 200, (uint64_t)i);
        g.chunk = 25;
        g.w.contract = i % 2 ? OB_ALL_OR_NOTHING : OB_PER_PERSON;
        g.w.later = i % 2 ? OB_PER_PERSON : OB_ALL_OR_NOTHING;
        g.w.change_after = (size_t)i % 7 + 1;
        for (size_t k = 3; k < 200; k += 19)
            g.w.beings[k].poison = true;
        rig_run(&g);
        expect(&g, 189, 11, 0, 0);
        rig_fini(&g);
    }
}

static void everybody_is_poison(void **state)
{
    struct rig g;
    rig_init(&g, 40, 0, 40, 1);
    g.chunk = 10;
    for (size_t k = 0; k < 40; k++)
        g.w.beings[k].poison = true;
    rig_run(&g);
    expect(&g, 0, 40, 0, 0);
    rig_fini(&g);
}

/* A code that nobody knows, for everybody: after eight people alone the rest is spared. */
static void hopeless(void **state)
{
    struct rig g;
    rig_init(&g, 400, 0, 400, 1);
    g.chunk = 10;
    g.w.suspect = true;
    for (size_t k = 0; k < 400; k++)
        g.w.beings[k].poison = true;
    rig_run(&g);
    expect(&g, 0, 400, 0, 0);
    says(person(&g, 399)->detail, "not tried: 8 people were refused one by one with POISON");
    assert_true(g.w.acts < 60);
    rig_fini(&g);
}

static void a_refusal_about_no_person_is_never_split(void **state)
{
    static const struct plan_entry plan[] = {{"delete", 1, 1, F_REQUEST}, {0}};
    struct rig g;
    rig_init(&g, 30, 0, 30, 1);
    g.chunk = 10;
    g.w.fault = by_plan;
    g.w.ctx = (void *)plan;
    rig_run(&g);
    expect(&g, 20, 10, 0, 0);
    assert_int_equal(g.w.acts, 3);
    says(person(&g, 0)->detail, "PARAMETER: said the cloud");
    rig_fini(&g);
}

/* The answer to one call named people of another one that was still on its way, and their fate
 * was taken from it. */
static void an_answer_speaks_only_for_its_own_call(void **state)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct rig g;
        rig_init(&g, 40, 0, 40, seed);
        g.chunk = 5;
        g.w.contract = OB_PER_PERSON;
        g.w.lies = true;
        g.w.beings[7].poison = true;
        rig_run(&g);
        expect(&g, 39, 1, 0, 0);
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(g.w.beings[i].named, 1);
        rig_fini(&g);
    }
}

/* ---- one fault at one call, of every kind, at every place ---- */

struct tried {
    enum fault fault;
    bool stops; /* the target, when it happens to a mutation */
};

static void any_fault_at_any_call(void **state)
{
    for (int fault = F_CONNECT; fault < F_COUNT; fault++)
        for (size_t at = 1; at <= 14; at++)
            for (int action = 0; action < 2; action++) {
                struct plan_entry plan[] = {{NULL, at, at, (enum fault)fault}, {0}};
                struct rig g;
                rig_init(&g, 30, 3, 20, at);
                g.chunk = 5;
                g.action = action;
                g.w.retry_ms = 3000;
                g.w.fault = by_plan;
                g.w.ctx = plan;
                g.w.beings[9].poison = true;
                rig_run(&g);
                if (g.op->err.status != OB_OK || how_many(g.op, OB_P_UNKNOWN)) {
                    rig_judge(&g);
                    g.w.fault = NULL;
                    rig_drop(&g);
                    rig_run(&g);
                }
                assert_int_equal(g.op->err.status, OB_OK);
                assert_int_equal(how_many(g.op, OB_P_UNKNOWN), 0);
                if (fault != F_REQUEST && fault != F_SUSPECT)
                    expect(&g, 19, 1, 0, 0);
                rig_judge(&g);
                rig_judge_ledger(&g);
                rig_fini(&g);
            }
}

/* From some call on it is always the same trouble: the engine gives up, says so, and nobody is
 * told anything that is not true. */
static void any_fault_for_ever(void **state)
{
    for (int fault = F_CONNECT; fault < F_COUNT; fault++)
        for (size_t at = 1; at <= 9; at++) {
            struct plan_entry plan[] = {{NULL, at, SIZE_MAX, (enum fault)fault}, {0}};
            struct rig g;
            rig_init(&g, 30, 3, 20, at);
            g.chunk = 5;
            g.w.retry_ms = 3000;
            g.w.fault = by_plan;
            g.w.ctx = plan;
            rig_run(&g);
            rig_judge(&g);
            rig_judge_ledger(&g);
            assert_true(g.w.sends < 120);
            g.w.fault = NULL;
            rig_drop(&g);
            rig_run(&g);
            assert_int_equal(g.op->err.status, OB_OK);
            assert_int_equal(how_many(g.op, OB_P_UNKNOWN), 0);
            rig_judge(&g);
            rig_judge_ledger(&g);
            rig_fini(&g);
        }
}

/* One verdict for all, which was no, and some were gone nevertheless: nobody who is done is sent
 * again, and nobody who is done has failed. */
static void one_verdict_for_all(void **state)
{
    for (int i = 0; i < 40; i++) {
        struct rig g;
        rig_init(&g, 60, 0, 60, (uint64_t)i);
        g.action = i & 1;
        g.w.actions[g.action].contract = OB_ONE_VERDICT;
        g.w.suspect = i & 2;
        g.w.half = i & 4;
        g.w.absent_bad = i & 8;
        g.chunk = 1 + i;
        for (size_t k = 2; k < 60; k += 13)
            g.w.beings[k].poison = true;
        rig_run(&g);
        expect(&g, 55, 5, 0, 0);
        rig_fini(&g);
    }
}

/* Only mutations are in trouble, and always: three calls, then it is said that nobody knows. */
static void doubt_for_ever(void **state)
{
    static const struct plan_entry plan[] = {{"delete", 1, SIZE_MAX, F_LOST_BEFORE}, {0}};
    struct rig g;
    rig_init(&g, 10, 0, 10, 1);
    g.w.fault = by_plan;
    g.w.ctx = (void *)plan;
    rig_run(&g);
    expect(&g, 0, 0, 10, 0);
    assert_int_equal(g.w.acts, 5);
    says(person(&g, 0)->detail,
         "sent 5 times, and the account is still active; last: network: timeout");
    g.w.fault = NULL;
    rig_drop(&g);
    rig_run(&g);
    expect(&g, 10, 0, 0, 0);
    rig_fini(&g);
}

/* ---- tokens ---- */

static void a_token_that_expires_is_renewed_once(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rig g;
        rig_init(&g, 60, 0, 60, seed);
        world_sessions(&g.w, 3600000);
        g.chunk = 5;
        g.w.bad_until = 1; /* the first one is refused wherever it is shown */
        rig_run(&g);
        expect(&g, 60, 0, 0, 0);
        assert_int_equal(g.w.logins, 2);
        rig_fini(&g);
    }
}

static void tokens_that_are_never_good(void **state)
{
    struct rig g;
    rig_init(&g, 60, 0, 60, 1);
    world_sessions(&g.w, 3600000);
    g.w.bad_until = 1000;
    rig_run(&g);
    assert_int_equal(g.op->err.status, OB_ERR_CREDENTIAL);
    expect(&g, 0, 0, 0, 0);
    assert_int_equal(g.w.logins, 2);
    assert_int_equal(g.w.acts, 0);
    rig_fini(&g);
}

static enum fault not_for_u0005(struct world *w, const char *op, size_t nth)
{
    const struct ob_value *ids = ob_map_get(&w->last_args, "ids");
    return in_list(ids, "u0005") ? F_TOKEN : F_NONE;
}

/* One call is told that its token is no good, whatever the token, while all others are served: the
 * engine logged in for it again and again, as often as others succeeded. */
static void a_call_that_no_token_is_good_for(void **state)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct rig g;
        rig_init(&g, 400, 0, 400, seed);
        world_sessions(&g.w, 3600000);
        g.w.target.parallel = 8;
        g.w.info.list_page = 0;
        g.w.info.lookup_max = 1;
        g.w.fault = not_for_u0005;
        rig_run(&g);
        assert_int_equal(g.op->err.status, OB_ERR_CREDENTIAL);
        assert_in_range(g.w.logins, 2, 6);
        expect(&g, 0, 0, 0, 0);
        rig_fini(&g);
    }
}

/* A token that our clock holds for expired when it comes was thrown away unused, and the next
 * login began at once: logins without end. */
static void a_token_is_tried_before_it_is_thrown_away(void **state)
{
    static const int64_t lives[] = {0, -60000, 1, 30};
    for (size_t i = 0; i < 4; i++) {
        struct rig g;
        rig_init(&g, 20, 0, 20, i);
        world_sessions(&g.w, lives[i]);
        g.chunk = 5;
        rig_run(&g);
        expect(&g, 20, 0, 0, 0);
        assert_true(g.w.logins <= g.w.sends / 2 + 1);
        rig_fini(&g);
    }
}

/* Everything waits for one login; while it was out the engine did not sleep but turned round and
 * round, because the jobs behind it were "due". */
static void the_engine_sleeps_while_a_login_is_out(void **state)
{
    struct rig g;
    struct ob_err err;
    size_t turns = 0;
    rig_init(&g, 200, 0, 200, 1);
    world_sessions(&g.w, 3600000);
    g.w.latency = 5000;
    g.w.info.list_page = 0;
    g.w.info.lookup_max = 1;
    rig_begin(&g);
    while (!g.w.tokens && turns < 100000) {
        assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
        turns++;
    }
    assert_true(turns < 20);
    assert_int_equal(g.w.logins, 1);
    rig_fini(&g);
}

/* One login, whoever else is waiting, also when it has to be tried again. */
static void logins_in_trouble(void **state)
{
    static const enum fault faults[] = {F_CONNECT, F_LOST_AFTER, F_500_BEFORE, F_THROTTLE,
                                        F_CREDENTIAL};
    for (size_t i = 0; i < 5; i++) {
        struct plan_entry plan[] = {{"login", 1, 3, faults[i]}, {0}};
        struct rig g;
        rig_init(&g, 60, 0, 60, i);
        world_sessions(&g.w, 3600000);
        g.w.fault = by_plan;
        g.w.ctx = plan;
        rig_run(&g);
        if (faults[i] == F_CREDENTIAL) {
            assert_int_equal(g.op->err.status, OB_ERR_CREDENTIAL);
            assert_int_equal(g.w.sends, 1);
        } else {
            expect(&g, 60, 0, 0, 0);
            assert_int_equal(g.w.logins, 4);
        }
        rig_fini(&g);
    }
}

/* ---- credentials ---- */

/* With many calls at once a cloud that locks a key after five bad signatures got them all before
 * the first answer came. The first call of a target goes alone. */
static void a_wrong_key_is_shown_once(void **state)
{
    static const struct plan_entry plan[] = {{NULL, 1, SIZE_MAX, F_CREDENTIAL}, {0}};
    struct rig g;
    rig_init(&g, 400, 0, 400, 1);
    g.w.target.parallel = 16;
    g.w.info.list_page = 0;
    g.w.fault = by_plan;
    g.w.ctx = (void *)plan;
    rig_run(&g);
    assert_int_equal(g.op->err.status, OB_ERR_CREDENTIAL);
    says(g.op->err.message, "fake: SIGNATURE: said the cloud");
    assert_int_equal(g.w.sends, 1);
    expect(&g, 0, 0, 0, 0);
    rig_fini(&g);
}

static void a_right_is_taken_away_half_way(void **state)
{
    for (size_t at = 2; at < 30; at++) {
        struct plan_entry plan[] = {{NULL, at, at, at % 2 ? F_PERMISSION : F_CREDENTIAL}, {0}};
        struct rig g;
        rig_init(&g, 200, 0, 200, at);
        g.chunk = 10;
        g.w.info.list_page = 0;
        g.w.fault = by_plan;
        g.w.ctx = plan;
        rig_run(&g);
        assert_int_equal(g.op->err.status, OB_ERR_CREDENTIAL);
        assert_int_equal(g.w.after_refusal, 0);
        rig_judge(&g);
        rig_fini(&g);
    }
}

/* Putting a role back may be for others to do: that must not stop whoever made the account again.
 */
static void a_right_that_an_extra_lacks(void **state)
{
    struct plan_entry plan[] = {{"delete", 2, 2, F_PERMISSION}, {0}};
    struct rig g;
    rig_init(&g, 50, 0, 50, 3);
    g.chunk = 10;
    g.parallel = 1;
    g.w.actions[0].extra = true;
    g.w.fault = by_plan;
    g.w.ctx = plan;
    rig_run(&g);
    assert_int_equal(g.op->err.status, OB_OK);
    assert_int_equal(how_many(g.op, OB_P_FAILED), 10);
    assert_int_equal(how_many(g.op, OB_P_SUCCEEDED), 40);
    rig_fini(&g);
}

/* ---- throttling ---- */

static void throttling_holds_back_the_target(void **state)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct plan_entry plan[] = {{NULL, 3, 3, F_THROTTLE_SAID},
                                    {"delete", 2, 4, F_THROTTLE_SAID},
                                    {"delete", 6, 6, F_THROTTLE},
                                    {0}};
        struct rig g;
        rig_init(&g, 100, 0, 100, seed);
        g.chunk = 10;
        g.w.retry_ms = 7000; /* a call before that is noted as wrong */
        g.w.fault = by_plan;
        g.w.ctx = plan;
        rig_run(&g);
        expect(&g, 100, 0, 0, 0);
        rig_fini(&g);
    }
}

static void throttled_out(void **state)
{
    static const struct plan_entry plan[] = {{"delete", 1, SIZE_MAX, F_THROTTLE}, {0}};
    struct rig g;
    rig_init(&g, 10, 0, 10, 1);
    g.w.fault = by_plan;
    g.w.ctx = (void *)plan;
    rig_run(&g);
    assert_int_equal(g.op->err.status, OB_ERR_THROTTLED);
    assert_int_equal(g.w.acts, 11);
    expect(&g, 0, 0, 0, 0);
    rig_fini(&g);
}

/* ---- readings ---- */

static void old_states_are_shown_for_a_while(void **state)
{
    for (int lag = 1; lag <= 4; lag++)
        for (int i = 0; i < 4; i++) {
            struct rig g;
            rig_init(&g, 60, 0, 40, (uint64_t)i);
            g.w.lag = lag;
            g.chunk = 10;
            g.action = i % 2;
            g.w.contract = i / 2 ? OB_PER_PERSON : OB_ALL_OR_NOTHING;
            g.w.beings[5].poison = true;
            rig_run(&g);
            expect(&g, 39, 1, 0, 0);
            rig_fini(&g);
        }
}

/* Accepted, and still there after all patience: nobody knows. Resume asks again. */
static void accepted_but_still_there(void **state)
{
    struct rig g;
    rig_init(&g, 10, 0, 10, 1);
    g.w.lag = 6;
    rig_run(&g);
    expect(&g, 0, 0, 10, 0);
    says(person(&g, 3)->detail, "the cloud accepted it, but the account is still active");
    rig_drop(&g);
    rig_run(&g);
    expect(&g, 10, 0, 0, 0);
    assert_int_equal(g.w.acts, 1);
    rig_fini(&g);
}

/* A lookup that passes over somebody, when reading back: it was asked again at once, for ever. */
static void somebody_is_never_named_by_lookups(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct rig g;
        struct ob_err err;
        rig_init(&g, 20, 0, 20, 1);
        g.w.info.list_page = 0;
        rig_begin(&g);
        while (!g.w.acts)
            assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
        g.w.forgetful = true; /* from now on, of u0003, u0010 and u0017 */
        assert_int_equal(rig_finish(&g, g.op, &err), OB_OK);
        expect(&g, 17, 0, 3, 0);
        says(person(&g, 3)->detail, "the cloud does not say what this person is now");
        assert_int_equal(g.w.acts, 1);
        rig_fini(&g);
    }
}

static void somebody_is_never_named_at_all(void **state)
{
    struct rig g;
    rig_init(&g, 20, 0, 20, 1);
    g.w.info.list_page = 0;
    g.w.forgetful = true;
    rig_run(&g);
    expect(&g, 17, 3, 0, 0);
    assert_int_equal(g.w.beings[3].named, 0);
    rig_fini(&g);
}

static void lookups_that_fail_stop_everything(void **state)
{
    static const struct plan_entry plan[] = {{"lookup", 2, SIZE_MAX, F_500_BEFORE}, {0}};
    struct rig g;
    rig_init(&g, 100, 0, 100, 1);
    g.w.info.list_page = 0;
    g.w.fault = by_plan;
    g.w.ctx = (void *)plan;
    rig_run(&g);
    assert_int_equal(g.op->err.status, OB_ERR);
    assert_int_equal(g.w.acts, 0);
    expect(&g, 0, 0, 0, 0);
    g.w.fault = NULL;
    rig_drop(&g);
    rig_run(&g);
    expect(&g, 100, 0, 0, 0);
    rig_fini(&g);
}

/* Lists that do not add up, whose cursor repeats, goes in circles or never ends, whose count moves:
 * with a lookup there is the long way, without one it is an error; never is anybody absent. */
static void lists_that_are_not_complete(void **state)
{
    for (int how = 0; how < 6; how++)
        for (int lookup = 0; lookup < 2; lookup++) {
            struct rig g;
            rig_init(&g, 300, 0, 200, (uint64_t)how);
            g.w.info.lookup_max = lookup ? 3 : 0;
            g.w.list_odd = how == 0 ? 1 : how == 1 ? -1 : 0;
            g.w.list_loop = how >= 2 && how <= 4 ? how - 1 : 0;
            g.w.info.list_total = how != 4;
            g.w.list_grows = how == 5;
            if (!g.w.info.list_total && lookup)
                g.w.info.list_total = true;
            rig_run(&g);
            if (lookup) {
                expect(&g, 200, 0, 0, 0);
            } else {
                assert_int_equal(g.op->err.status, OB_ERR);
                says(g.op->err.message, "the directory could not be read completely");
                assert_int_equal(g.w.acts, 0);
                expect(&g, 0, 0, 0, 0);
            }
            rig_fini(&g);
        }
}

/* A provider that can neither list nor look up made the reader write before its array. */
static void a_cloud_that_cannot_be_read(void **state)
{
    struct rig g;
    rig_init(&g, 10, 0, 10, 1);
    g.w.info.lookup_max = g.w.info.list_page = 0;
    rig_run(&g);
    assert_int_equal(g.op->err.status, OB_ERR_POLICY);
    assert_int_equal(g.w.sends, 0);
    rig_fini(&g);
}

static enum fault vanish(struct world *w, const char *op, size_t nth)
{
    for (size_t i = 3; i < 8 && is_act(op); i++)
        w->beings[i].state = w->beings[i].before = GONE; /* by somebody else's hand */
    return F_NONE;
}

static void somebody_disappears_between_check_and_act(void **state)
{
    for (int i = 0; i < 8; i++) {
        struct rig g;
        rig_init(&g, 40, 0, 40, (uint64_t)i);
        g.chunk = 10;
        g.action = i & 1;
        g.w.contract = i & 2 ? OB_PER_PERSON : OB_ALL_OR_NOTHING;
        g.w.absent_bad = i & 4;
        g.w.fault = vanish;
        rig_run(&g);
        expect(&g, g.action ? 35 : 40, 0, 0, g.action ? 5 : 0);
        rig_fini(&g);
    }
}

static void those_who_need_nothing_are_not_named(void **state)
{
    struct rig g;
    rig_init(&g, 20, 0, 20, 1);
    g.action = 1;
    for (size_t i = 0; i < 10; i++)
        g.w.beings[i].state = g.w.beings[i].before = i % 2 ? DISABLED : GONE;
    rig_run(&g);
    expect(&g, 10, 0, 0, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(g.w.beings[i].named, 0);
    says(person(&g, 0)->detail, "absent");
    says(person(&g, 1)->detail, "already disabled");
    rig_fini(&g);
}

/* "No such user" of somebody whom our own first call deleted, while readings still show the old
 * state: that was called a failure. */
static void refused_because_it_was_done(void **state)
{
    for (int lag = 3; lag <= 5; lag++) {
        static const struct plan_entry plan[] = {{"delete", 1, 1, F_LOST_AFTER}, {0}};
        struct rig g;
        rig_init(&g, 5, 0, 5, 1);
        g.w.lag = lag;
        g.w.absent_bad = true;
        g.w.fault = by_plan;
        g.w.ctx = (void *)plan;
        rig_run(&g);
        expect(&g, 5, 0, 0, 0);
        rig_fini(&g);
    }
}

/* ---- sizes ---- */

static void nobody(void **state)
{
    struct rig g;
    rig_init(&g, 10, 0, 0, 1);
    rig_run(&g);
    expect(&g, 0, 0, 0, 0);
    assert_int_equal(g.w.sends, 0);
    rig_fini(&g);
}

static void two_people_with_one_id(void **state)
{
    struct rig g;
    struct ob_err err;
    rig_init(&g, 10, 0, 10, 1);
    g.ids[7] = g.ids[2];
    rig_engine(&g);
    assert_int_equal(rig_propose(&g, &err), OB_ERR_INPUT);
    says(err.message, "u0002 and u0002 have the same id \"u0002\"");
    rig_fini(&g);
}

/* Two steps of one path shared the rows of the ledger, and both acted on the same people. */
static void a_path_is_at_work_once(void **state)
{
    struct rig g;
    struct ob_err err;
    rig_init(&g, 10, 0, 10, 1);
    rig_begin(&g);
    struct ob_op *first = g.op;
    assert_int_equal(rig_propose(&g, &err), OB_ERR_POLICY);
    says(err.message, "step 1 is at work already");
    g.op = first;
    assert_int_equal(rig_finish(&g, g.op, &err), OB_OK);
    expect(&g, 10, 0, 0, 0);
    ob_op_free(g.op);
    assert_int_equal(rig_propose(&g, &err), OB_OK); /* afterwards it is a replay */
    assert_int_equal(rig_finish(&g, g.op, &err), OB_OK);
    expect(&g, 10, 0, 0, 0);
    assert_int_equal(g.w.acts, 1);
    rig_fini(&g);
}

static void another_action_under_the_same_path(void **state)
{
    struct rig g;
    struct ob_err err;
    rig_init(&g, 10, 0, 10, 1);
    rig_run(&g);
    rig_drop(&g);
    rig_engine(&g);
    g.action = 1;
    assert_int_equal(rig_propose(&g, &err), OB_ERR_POLICY);
    says(err.message, "step 1 was fake:delete when this run began and is fake:disable now");
    g.action = 0;
    rig_fini(&g);
}

static size_t largest_act(const struct world *w)
{
    size_t most = 0;
    for (size_t i = 0; i < w->sends; i++) {
        size_t n = ob_list_count(ob_map_get(&w->log[i]->args, "ids"));
        if (is_act(w->log[i]->op) && n > most)
            most = n;
    }
    return most;
}

static void chunks_are_no_larger_than_allowed(void **state)
{
    static const int asked[] = {0, 1, 7, 100, 5000}, most[] = {100, 1, 7, 100, 100};
    for (size_t i = 0; i < 5; i++) {
        struct rig g;
        rig_init(&g, 250, 0, 250, i);
        g.chunk = asked[i];
        rig_run(&g);
        expect(&g, 250, 0, 0, 0);
        assert_int_equal(largest_act(&g.w), most[i]);
        rig_fini(&g);
    }
}

static void no_more_than_so_many_at_once(void **state)
{
    for (int parallel = 1; parallel <= 8; parallel++) {
        struct rig g;
        rig_init(&g, 200, 0, 200, (uint64_t)parallel);
        g.w.target.parallel = parallel; /* more of them are noted as wrong */
        g.chunk = 3;
        g.w.info.list_page = 0;
        rig_run(&g);
        expect(&g, 200, 0, 0, 0);
        assert_int_equal(g.w.most, parallel);
        rig_fini(&g);
    }
}

/* ---- ramps ---- */

static void ramp_of(struct rig *g, int first, int second)
{
    ob_value_set_list(&g->ramp);
    ob_value_set_int(ob_list_push(&g->ramp), first);
    ob_value_set_int(ob_list_push(&g->ramp), second);
}

/* How many people acts named before the k-th reading that came after an act. */
static size_t named_until_reading(const struct world *w, size_t k)
{
    size_t named = 0;
    bool acted = false;
    for (size_t i = 0; i < w->sends; i++) {
        if (is_act(w->log[i]->op)) {
            named += ob_list_count(ob_map_get(&w->log[i]->args, "ids"));
            acted = true;
        } else if (acted && --k == 0) {
            return named;
        } else {
            acted = false;
        }
    }
    return named;
}

static void a_ramp_goes_in_waves(void **state)
{
    struct rig g;
    rig_init(&g, 60, 0, 60, 1);
    ramp_of(&g, 1, 5);
    g.w.info.lookup_max = 100;
    rig_run(&g);
    expect(&g, 60, 0, 0, 0);
    assert_int_equal(named_until_reading(&g.w, 1), 1);
    assert_int_equal(named_until_reading(&g.w, 2), 6);
    assert_int_equal(named_until_reading(&g.w, 3), 60);
    rig_fini(&g);
}

/* A wave whose every call was refused for a reason that is about no person did not count as a bad
 * one, and the ramp went on to everybody. */
static void a_bad_wave_is_the_last(void **state)
{
    for (int how = 0; how < 2; how++) {
        struct plan_entry plan[] = {{"delete", 1, SIZE_MAX, F_REQUEST}, {0}};
        struct rig g;
        rig_init(&g, 60, 0, 60, 1);
        ramp_of(&g, 2, 5);
        g.w.fault = how ? by_plan : NULL;
        g.w.ctx = plan;
        g.w.beings[0].poison = g.w.beings[1].poison = true;
        rig_run(&g);
        expect(&g, 0, 2, 0, 58);
        says(person(&g, 59)->detail, "ramp stopped");
        for (size_t i = 2; i < 60; i++)
            assert_int_equal(g.w.beings[i].named, 0);
        rig_fini(&g);
    }
}

/* The calls of the first wave never arrived: the second one, larger, went out although nothing
 * had been learned. */
static void a_wave_that_never_arrived_is_repeated(void **state)
{
    static const struct plan_entry plan[] = {{"delete", 1, 2, F_LOST_BEFORE}, {0}};
    struct rig g;
    rig_init(&g, 60, 0, 60, 1);
    ramp_of(&g, 1, 5);
    g.w.fault = by_plan;
    g.w.ctx = (void *)plan;
    rig_run(&g);
    expect(&g, 60, 0, 0, 0);
    size_t acts = 0;
    for (size_t i = 0; i < g.w.sends && acts < 3; i++)
        if (is_act(g.w.log[i]->op)) {
            assert_int_equal(ob_list_count(ob_map_get(&g.w.log[i]->args, "ids")), 1);
            acts++;
        }
    rig_fini(&g);
}

/* ---- stops ---- */

static void stopped_at_any_moment(void **state)
{
    for (size_t at = 0; at < 60; at++) {
        struct rig g;
        struct ob_err err;
        rig_init(&g, 60, 0, 60, at);
        g.chunk = 5;
        g.w.info.list_page = at % 2 ? 50 : 0;
        g.w.beings[9].poison = true;
        rig_begin(&g);
        for (size_t i = 0; i < at && !g.op->done; i++)
            assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
        size_t sent = g.w.sends;
        ob_engine_stop(g.e, OB_ERR_SIGTERM);
        assert_int_equal(rig_finish(&g, g.op, &err), OB_OK);
        assert_int_equal(g.w.sends, sent); /* nothing leaves after it */
        if (g.op->err.status != OB_OK)
            assert_int_equal(g.op->err.status, OB_ERR_SIGTERM);
        rig_judge(&g);
        rig_drop(&g);
        rig_run(&g);
        expect(&g, 59, 1, 0, 0);
        rig_fini(&g);
    }
}

/* The engine was dropped while lists, lookups and chunks were out: what they had gathered leaked.
 * (LeakSanitizer is the judge.) */
static void dropped_at_any_moment(void **state)
{
    for (size_t at = 0; at < 60; at++) {
        struct rig g;
        struct ob_err err;
        rig_init(&g, 60, 0, 60, at);
        world_sessions(&g.w, at % 3 ? 3600000 : 100);
        g.chunk = 5;
        g.w.info.lookup_max = at % 2 ? 10 : 0;
        g.w.info.list_page = at % 3 ? 20 : 50;
        g.w.beings[9].poison = true;
        rig_begin(&g);
        for (size_t i = 0; i < at && !g.op->done; i++)
            assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
        if (at % 2) { /* in either order */
            ob_engine_free(g.e);
            g.e = NULL;
        }
        rig_fini(&g);
    }
}

/* A hundred thousand people, one a call, were quadratic in the list of chunks that wait. */
static void many_people_one_at_a_time(void **state)
{
    struct rig g;
    size_t n = 30000;
    rig_init(&g, 0, 0, 0, 1);
    rig_fini(&g);
    rig_init(&g, n, 0, n < 10000 ? n : 9999, 1);
    g.chunk = 1;
    g.w.latency = 0;
    g.w.info.list_page = 500;
    clock_t begin = clock();
    rig_run(&g);
    expect(&g, 9999, 0, 0, 0);
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 20);
    rig_fini(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_contract),
        cmocka_unit_test(the_contract_changes_half_way),
        cmocka_unit_test(everybody_is_poison),
        cmocka_unit_test(hopeless),
        cmocka_unit_test(a_refusal_about_no_person_is_never_split),
        cmocka_unit_test(an_answer_speaks_only_for_its_own_call),
        cmocka_unit_test(any_fault_at_any_call),
        cmocka_unit_test(any_fault_for_ever),
        cmocka_unit_test(one_verdict_for_all),
        cmocka_unit_test(doubt_for_ever),
        cmocka_unit_test(a_token_that_expires_is_renewed_once),
        cmocka_unit_test(tokens_that_are_never_good),
        cmocka_unit_test(a_call_that_no_token_is_good_for),
        cmocka_unit_test(a_token_is_tried_before_it_is_thrown_away),
        cmocka_unit_test(the_engine_sleeps_while_a_login_is_out),
        cmocka_unit_test(logins_in_trouble),
        cmocka_unit_test(a_wrong_key_is_shown_once),
        cmocka_unit_test(a_right_is_taken_away_half_way),
        cmocka_unit_test(a_right_that_an_extra_lacks),
        cmocka_unit_test(throttling_holds_back_the_target),
        cmocka_unit_test(throttled_out),
        cmocka_unit_test(old_states_are_shown_for_a_while),
        cmocka_unit_test(accepted_but_still_there),
        cmocka_unit_test(somebody_is_never_named_by_lookups),
        cmocka_unit_test(somebody_is_never_named_at_all),
        cmocka_unit_test(lookups_that_fail_stop_everything),
        cmocka_unit_test(lists_that_are_not_complete),
        cmocka_unit_test(a_cloud_that_cannot_be_read),
        cmocka_unit_test(somebody_disappears_between_check_and_act),
        cmocka_unit_test(those_who_need_nothing_are_not_named),
        cmocka_unit_test(refused_because_it_was_done),
        cmocka_unit_test(nobody),
        cmocka_unit_test(two_people_with_one_id),
        cmocka_unit_test(a_path_is_at_work_once),
        cmocka_unit_test(another_action_under_the_same_path),
        cmocka_unit_test(chunks_are_no_larger_than_allowed),
        cmocka_unit_test(no_more_than_so_many_at_once),
        cmocka_unit_test(a_ramp_goes_in_waves),
        cmocka_unit_test(a_bad_wave_is_the_last),
        cmocka_unit_test(a_wave_that_never_arrived_is_repeated),
        cmocka_unit_test(stopped_at_any_moment),
        cmocka_unit_test(dropped_at_any_moment),
        cmocka_unit_test(many_people_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
