/* Limits over a ledger: whole plans and single calls, who counts, where a window ends, what was
 * sealed. */
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

static void says(const char *part)
{
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

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

/* ---- whole plans and single calls, over a ledger ---- */

struct bench {
    struct ob_ledger *ledger;
    struct ob_limiter *l;
    struct ob_clock clock;
    int64_t now;
    struct ob_value trips;
};

static int64_t wall(void *self)
{
    return ((struct bench *)self)->now;
}

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    b->now = NOW_MS;
    b->clock = (struct ob_clock){b, wall, wall};
    assert_int_equal(ob_ledger_open(&b->ledger, ":memory:", &err), OB_OK);
}

static void bench_fini(struct bench *b)
{
    ob_limiter_free(b->l);
    ob_ledger_close(b->ledger);
    ob_value_fini(&b->trips);
}

/* Begins anew with these limits of target "a". */
static void limits(struct bench *b, int64_t run, const char *written, int64_t ceiling)
{
    struct ob_limiter_options o = {&b->clock, b->ledger, run, true, ceiling};
    struct ob_limit l = read_limit(written);
    ob_limiter_free(b->l);
    b->l = ob_limiter_new(&o);
    ob_limiter_target(b->l, "a", &l);
}

static const char *id_of(int i)
{
    static char text[8][24];
    static int at;
    at = (at + 1) % 8;
    snprintf(text[at], sizeof text[at], "p%d", i);
    return text[at];
}

static enum ob_status plan(struct bench *b, const char *kind, int first, int count)
{
    for (int i = first; i < first + count; i++)
        ob_limiter_plan(b->l, "a", kind, id_of(i));
    ob_value_fini(&b->trips);
    memset(&err, 0, sizeof err);
    return ob_limiter_check_plan(b->l, &b->trips, &err);
}

static enum ob_status call(struct bench *b, const char *kind, int first, int count)
{
    const char *ids[8];
    char text[8][16];
    for (int i = 0; i < count; i++) {
        snprintf(text[i], sizeof text[i], "p%d", first + i);
        ids[i] = text[i];
    }
    memset(&err, 0, sizeof err);
    return ob_limiter_check_call(b->l, "a", kind, ids, (size_t)count, &err);
}

/* A run of another plan that had this done to people at this moment; its number. */
static int64_t done(struct bench *b, const char *kind, int first, int count, int64_t at_ms,
                    enum ob_person_state state)
{
    struct ob_person_row people[16];
    char ids[16][16];
    int64_t run;
    assert_int_equal(ob_ledger_run_new(b->ledger, "", at_ms, &run, &err), OB_OK);
    struct ob_step_row step = {.path = (char *)"1",
                               .target = (char *)"a",
                               .action = (char *)kind,
                               .kind = (char *)kind,
                               .digest = (char *)"d"};
    ob_buf_init(&step.options, 16);
    ob_buf_adds(&step.options, "{}");
    for (int i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "p%d", first + i);
        people[i] = (struct ob_person_row){
            .index = i, .person = ids[i], .id = ids[i], .detail = (char *)""};
    }
    assert_int_equal(ob_ledger_step_put(b->ledger, run, &step, people, (size_t)count, &err), OB_OK);
    ob_buf_fini(&step.options);
    for (int64_t i = 0; i < count && at_ms; i++) {
        struct ob_call_row c = {.run = run,
                                .step = (char *)"1",
                                .target = (char *)"a",
                                .action = (char *)kind,
                                .kind = OB_CALL_ACT,
                                .attempt = 1,
                                .request_id = (char *)"r",
                                .body_digest = (char *)"b",
                                .people = &i,
                                .people_count = 1,
                                .sent_ms = at_ms};
        assert_int_equal(ob_ledger_intent(b->ledger, &c, &err), OB_OK);
        assert_int_equal(ob_ledger_person_set(b->ledger, run, "1", i, state, "", 1, &err), OB_OK);
    }
    return run;
}

static void ended(struct bench *b, int64_t run)
{
    assert_int_equal(ob_ledger_run_end(b->ledger, run, b->now, OB_RUN_DONE, OB_OK, "", &err),
                     OB_OK);
}

static void exceeded_by_exactly_one(void **state)
{
    struct bench b;
    bench_init(&b);
    limits(&b, 0, "{\"users\":5,\"share\":\"unlimited\",\"day\":\"unlimited\"}", -1);
    assert_int_equal(plan(&b, "disable", 0, 5), OB_OK);
    assert_int_equal(plan(&b, "delete", 0, 5), OB_OK);   /* the same people */
    assert_int_equal(plan(&b, "enable", 10, 10), OB_OK); /* takes nothing away */
    assert_int_equal(plan(&b, "delete", 5, 1), OB_ERR_GUARD);
    says("a: 6 people would be touched where targets.lua allows 5; nothing was changed");
    says("--ceiling 6");
    limits(&b, 0, "{\"share\":\"unlimited\"}", 3);
    assert_int_equal(plan(&b, "delete", 0, 3), OB_OK);
    assert_int_equal(plan(&b, "disable", 3, 3), OB_OK); /* each kind has its own */
    assert_int_equal(plan(&b, "delete", 3, 1), OB_ERR_GUARD);
    says("a: 4 people would be deleted where --ceiling allows 3");
    bench_fini(&b);
}

static void all_trips_are_told(void **state)
{
    struct bench b;
    struct ob_limit own = read_limit("{\"delete\":{\"users\":1}}");
    bench_init(&b);
    limits(&b, 0, "{\"users\":2,\"day\":2,\"share\":\"unlimited\"}", -1);
    ob_limiter_tighten(b.l, &own, "p.lua:3");
    assert_int_equal(plan(&b, "delete", 0, 3), OB_ERR_GUARD);
    assert_int_equal(ob_list_count(&b.trips), 3);
    assert_string_equal(ob_map_str(ob_list_at(&b.trips, 2), "by"), "p.lua:3");
    bench_fini(&b);
}

static void a_policy_only_tightens(void **state)
{
    struct bench b;
    struct ob_limit own = read_limit("{\"users\":50}");
    bench_init(&b);
    limits(&b, 0, "{\"users\":5,\"share\":\"unlimited\"}", -1);
    ob_limiter_tighten(b.l, &own, "p.lua:1");
    assert_int_equal(plan(&b, "delete", 0, 6), OB_ERR_GUARD);
    says("targets.lua allows 5");
    limits(&b, 0, "{\"users\":\"unlimited\",\"share\":\"unlimited\"}", 100);
    ob_limiter_tighten(b.l, &own, "p.lua:1");
    assert_int_equal(plan(&b, "delete", 0, 51), OB_ERR_GUARD); /* no ceiling lifts it */
    says("p.lua:1 allows 50");
    bench_fini(&b);
}

static void max_delete(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int allowed; /* of 10 */
    } cases[] = {
        {"5", true, 5},     {"0", true, 0},    {"10%", true, 1},   {"100%", true, 10},
        {"101%", false, 0}, {"-1", false, 0},  {"1.5", false, 0},  {"x", false, 0},
        {"", false, 0},     {"5 %", false, 0}, {"nan", false, 0},  {"inf", false, 0},
        {"1e30", false, 0}, {"5%%", false, 0}, {"nan%", false, 0}, {"0%", true, 0},
    };
    struct bench b;
    bench_init(&b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        limits(&b, 0, "{\"users\":\"unlimited\",\"share\":\"unlimited\"}", -1);
        ob_limiter_population(b.l, "a", 10);
        if ((ob_limiter_max_delete(b.l, cases[i].text, &err) == OB_OK) != cases[i].good)
            fail_msg("--max-delete %s", cases[i].text);
        assert_int_equal(plan(&b, "disable", 0, 10), OB_OK);
        for (int n = 1; n <= 10 && cases[i].good; n++)
            if ((plan(&b, "delete", n - 1, 1) == OB_OK) != (n <= cases[i].allowed))
                fail_msg("--max-delete %s: %d", cases[i].text, n);
    }
    bench_fini(&b);
}

static void windows_have_edges(void **state)
{
    struct bench b;
    bench_init(&b);
    ended(&b, done(&b, "delete", 0, 3, NOW_MS - DAY_MS, OB_P_SUCCEEDED));
    ended(&b, done(&b, "delete", 3, 3, NOW_MS - 7 * DAY_MS, OB_P_SUCCEEDED));
    const char *day = "{\"users\":\"unlimited\",\"share\":\"unlimited\",\"day\":4,\"week\":8}";
    limits(&b, 0, day, -1);
    assert_int_equal(plan(&b, "delete", 10, 1), OB_OK);
    assert_int_equal(plan(&b, "delete", 0, 6), OB_ERR_GUARD); /* 0-5 and 10: 7 */
    says("a: 7 people would be touched within 24 hours where targets.lua allows 4: 7 now, 0 in");
    limits(&b, 0, day, -1);
    assert_int_equal(plan(&b, "delete", 10, 2), OB_ERR_GUARD);
    says("a: 5 people would be touched within 24 hours where targets.lua allows 4: 2 now, 3 in the "
         "last 24 hours by run 1");
    b.now += 1; /* a day and a millisecond ago */
    limits(&b, 0, day, -1);
    assert_int_equal(plan(&b, "delete", 10, 4), OB_OK); /* the week lost three as well */
    b.now -= 1;
    limits(&b, 0, "{\"users\":\"unlimited\",\"share\":\"unlimited\",\"day\":9,\"week\":8}", -1);
    assert_int_equal(plan(&b, "delete", 10, 3), OB_ERR_GUARD);
    says("a: 9 people would be touched within 7 days where targets.lua allows 8: 3 now, 6 in the "
         "last 7 days by run ");
    b.now -= 30 * DAY_MS; /* the clock is set back: what was done was done */
    limits(&b, 0, day, -1);
    assert_int_equal(plan(&b, "delete", 10, 3), OB_ERR_GUARD);
    bench_fini(&b);
}

/* Who failed was not touched; who is in doubt, or pending in a run that is open, was or will be. */
static void who_counts(void **state)
{
    static const struct {
        enum ob_person_state state;
        bool open, sent, counts;
    } cases[] = {
        {OB_P_SUCCEEDED, false, true, true}, {OB_P_FAILED, false, true, false},
        {OB_P_SKIPPED, false, true, false},  {OB_P_UNKNOWN, true, true, true},
        {OB_P_DOUBT, true, true, true},      {OB_P_SENT, true, true, true},
        {OB_P_ACCEPTED, true, true, true},   {OB_P_PENDING, true, false, true},
        {OB_P_PENDING, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        bench_init(&b);
        int64_t run = done(&b, "disable", 0, 2, cases[i].sent ? NOW_MS - 5 : 0, cases[i].state);
        if (!cases[i].open)
            ended(&b, run);
        limits(&b, 0, "{\"day\":2,\"share\":\"unlimited\"}", -1);
        if ((plan(&b, "disable", 5, 1) != OB_OK) != cases[i].counts)
            fail_msg("%s, %s: %s", ob_person_state_word(cases[i].state),
                     cases[i].open ? "open" : "done", err.message);
        bench_fini(&b);
    }
}

static void calls_are_counted_one_by_one(void **state)
{
    struct bench b;
    int64_t run;
    bench_init(&b);
    assert_int_equal(ob_ledger_run_new(b.ledger, "", NOW_MS, &run, &err), OB_OK);
    limits(&b, run, "{\"users\":6,\"day\":9,\"week\":9,\"share\":\"unlimited\"}", -1);
    assert_int_equal(call(&b, "disable", 0, 3), OB_OK);
    assert_int_equal(call(&b, "disable", 0, 3), OB_OK); /* again: nobody new */
    assert_int_equal(call(&b, "enable", 20, 5), OB_OK);
    ob_limiter_free(b.l);
    b.l = NULL;
    done(&b, "disable", 100, 4, NOW_MS, OB_P_ACCEPTED); /* another process, meanwhile */
    limits(&b, run, "{\"users\":6,\"day\":9,\"week\":9,\"share\":\"unlimited\"}", -1);
    assert_int_equal(call(&b, "disable", 3, 5), OB_OK);
    assert_int_equal(call(&b, "disable", 8, 1), OB_OK);
    /* six by this run, four by the other one: but only what the ledger has counts after all */
    assert_int_equal(call(&b, "disable", 9, 6), OB_ERR_GUARD);
    says("a: 10 people would be touched within 24 hours where targets.lua allows 9: 6 now, 4 in "
         "the last 24 hours by run 2; nothing more was sent: offboard resume 1 goes on");
    bench_fini(&b);
}

static void what_was_sealed_holds(void **state)
{
    struct bench b;
    struct ob_value sealed;
    bench_init(&b);
    limits(&b, 0, "{\"users\":2,\"share\":0.5,\"delete\":{\"day\":1}}", -1);
    ob_limiter_population(b.l, "a", 10);
    assert_int_equal(plan(&b, "disable", 0, 2), OB_OK);
    ob_value_init(&sealed);
    ob_limiter_seal(b.l, &sealed);
    limits(&b, 0, "{\"users\":\"unlimited\",\"share\":\"unlimited\"}", -1); /* loosened since */
    ob_limiter_unseal(b.l, &sealed);
    assert_int_equal(plan(&b, "disable", 0, 3), OB_ERR_GUARD);
    says("a: 3 people would be touched where targets.lua allows 2");
    ob_value_fini(&sealed);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exceeded_by_exactly_one),      cmocka_unit_test(all_trips_are_told),
        cmocka_unit_test(a_policy_only_tightens),       cmocka_unit_test(max_delete),
        cmocka_unit_test(windows_have_edges),           cmocka_unit_test(who_counts),
        cmocka_unit_test(calls_are_counted_one_by_one), cmocka_unit_test(what_was_sealed_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
