/* The rehearsal against itself: a crash at each single point of a run that uses every action ends
 * as the unbroken run does; planted bugs are caught and told in a few lines; the same seed does the
 * same to the byte; a month for ten thousand people takes seconds.
 * Under sanitizers fewer points are tried: every OB_STRIDE-th. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/file.h"
#include "base/mem.h"
#include "script/rehearsal.h"

#ifndef OB_STRIDE
#define OB_STRIDE 1
#endif
#define START_MS 1795334400000 /* 2026-11-22T08:00:00Z */

struct stage {
    struct ob_buf text;
    struct ob_rehearsal *r;
    struct ob_err err;
};

static void stage_open(struct stage *s, const char *name, int64_t leavers, const char *faults)
{
    char *path = ob_xasprintf("%s/%s", OB_TEST_DIR, name);
    ob_buf_init(&s->text, OB_BUF_LARGE);
    if (ob_file_read(path, OB_BUF_SMALL, &s->text, OB_ERR, &s->err) != OB_OK)
        fail_msg("%s", s->err.message);
    struct ob_rehearsal_setup setup = {.name = name,
                                       .text = ob_buf_str(&s->text),
                                       .len = s->text.len,
                                       .limits = {OB_LIMIT_MEMORY, OB_LIMIT_CPU_MS * 10},
                                       .faults = faults,
                                       .leavers = leavers,
                                       .people = leavers > 100 ? leavers : 0,
                                       .seed = 1,
                                       .start_ms = START_MS};
    if (ob_rehearsal_new(&s->r, &setup, &s->err) != OB_OK)
        fail_msg("%s: %s", name, s->err.message);
    free(path);
}

static void stage_close(struct stage *s)
{
    ob_rehearsal_free(s->r);
    ob_buf_fini(&s->text);
}

static void run(struct stage *s, const struct ob_schedule *schedule, struct ob_rehearsed *out)
{
    if (ob_rehearsal_run(s->r, schedule, out, &s->err) != OB_OK)
        fail_msg("%s", s->err.message);
    if (out->plan.status != OB_OK)
        fail_msg("no plan: %s", out->plan.message);
}

/* How it ends, as text. */
static char *end_of(struct stage *s)
{
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    ob_rehearsal_ends(s->r, &out);
    return ob_buf_take(&out);
}

/* ---- a crash at each point ---- */

static void crash_at(struct stage *s, int64_t point, const char *unbroken)
{
    struct ob_trouble t = {.kind = OB_TROUBLE_CRASH, .at = point, .what = "crash"};
    struct ob_schedule schedule = {&t, 1};
    struct ob_rehearsed out;
    run(s, &schedule, &out);
    char *end = end_of(s);
    if (out.rule)
        fail_msg("crash at point %" PRId64 ": %s: %s", point, out.rule, out.broken);
    if (strcmp(end, unbroken) != 0)
        fail_msg("crash at point %" PRId64 " ends otherwise:\n%s\ninstead of\n%s", point, end,
                 unbroken);
    free(end);
}

static void test_crash_matrix(void **state)
{
    struct stage s;
    struct ob_schedule none = {0};
    struct ob_rehearsed whole;
    int64_t tried = 0;
    (void)state;
    stage_open(&s, "every_action.lua", 0, "");
    run(&s, &none, &whole);
    assert_null(whole.rule);
    assert_true(whole.waited_ms > (int64_t)29 * 86400000);
    char *unbroken = end_of(&s);
    for (int64_t at = 1; at <= whole.points; at += OB_STRIDE, tried++)
        crash_at(&s, at, unbroken);
    print_message("crashed at %" PRId64 " of %" PRId64 " points: writes, commits, sends, answers, "
                  "pauses; each run ended as the unbroken one\n",
                  tried, whole.points);
    free(unbroken);
    stage_close(&s);
}

/* ---- planted bugs ---- */

static size_t lines_in(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* The first seed that breaks a rule, shrunk and told. */
static void catch (const char *policy, const char *faults, const char *rule, size_t most,
                   const char *says)
{
    struct stage s;
    struct ob_schedule plan = {0};
    struct ob_rehearsed out;
    struct ob_buf text, story;
    int64_t seed = 0;
    int tries = 0;
    stage_open(&s, policy, 0, faults);
    run(&s, &plan, &out);
    int64_t requests = out.requests, points = out.points;
    while (!out.rule && ++seed <= 1000) {
        ob_schedule_fini(&plan);
        ob_schedule_draw(&plan, (uint64_t)seed, requests, points);
        run(&s, &plan, &out);
    }
    if (!out.rule)
        fail_msg("%s: nothing was found", policy);
    assert_string_equal(out.rule, rule);
    assert_int_equal(ob_rehearsal_shrink(s.r, &plan, &out, &tries, &s.err), OB_OK);
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_buf_init(&story, OB_BUF_LARGE);
    ob_schedule_text(&plan, &text);
    assert_in_range(plan.count, 0, most);
    assert_int_equal(ob_rehearsal_story(s.r, &plan, 9, &story, &s.err), OB_OK);
    print_message("%s: seed %" PRId64 ", %d tries, %s\n%s", policy, seed, tries, ob_buf_str(&text),
                  ob_buf_str(&story));
    /* The command that repeats it is one line more. */
    assert_in_range(lines_in(ob_buf_str(&story)), 3, 9);
    if (!strstr(ob_buf_str(&story), says))
        fail_msg("the story does not say: %s", says);
    ob_buf_fini(&text);
    ob_buf_fini(&story);
    ob_schedule_fini(&plan);
    stage_close(&s);
}

static void test_deletes_too_early(void **state)
{
    (void)state;
    catch ("too_early.lua", "", "what the policy expects", 1,
           "so nobody is deleted within thirty days: E");
}

/* Readings that lag for longer than the engine is patient leave people unknown. */
static void test_undoes_unknown(void **state)
{
    (void)state;
    catch ("undoes_unknown.lua", "lag=9s", "nobody unknown is undone blindly", 1,
           " was unknown when the policy proposed enable\n");
}

static void test_tells_secret(void **state)
{
    (void)state;
    catch ("tells_secret.lua", "", "no secret is written down", 0, " holds a credential\n");
}

/* What the policy does is wrong, and nothing comes of it, whatever else goes wrong. */
static void test_deletes_straight(void **state)
{
    struct stage s;
    struct ob_schedule plan = {0};
    struct ob_rehearsed out;
    (void)state;
    stage_open(&s, "straight.lua", 0, "");
    run(&s, &plan, &out);
    assert_null(out.rule);
    /* one locked, it and another one removed, and one deleted who was off before */
    assert_int_equal(out.counts.succeeded, 4);
    assert_int_equal(out.counts.skipped, 10);
    int64_t requests = out.requests, points = out.points;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        ob_schedule_draw(&plan, seed, requests, points);
        run(&s, &plan, &out);
        if (out.rule)
            fail_msg("seed %d: %s: %s", (int)seed, out.rule, out.broken);
        ob_schedule_fini(&plan);
    }
    stage_close(&s);
}

/* ---- the same again ---- */

static char *told(const char *schedule)
{
    struct stage s;
    struct ob_schedule plan;
    struct ob_buf story;
    stage_open(&s, "every_action.lua", 0, "");
    ob_buf_init(&story, OB_BUF_LARGE);
    assert_int_equal(ob_schedule_parse(&plan, schedule, &s.err), OB_OK);
    assert_int_equal(ob_rehearsal_story(s.r, &plan, 1000, &story, &s.err), OB_OK);
    ob_rehearsal_ends(s.r, &story);
    ob_schedule_fini(&plan);
    stage_close(&s);
    return ob_buf_take(&story);
}

static void test_repeats(void **state)
{
    static const char schedule[] = "5:drop-after,9:html,14:partial,c100:crash,c230:crash,refuse=2,"
                                   "contract=changing,20:token-gone,31:nonce-used,lag=2s";
    char *a = told(schedule), *b = told(schedule), *c = told("4:cut");
    (void)state;
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    free(a);
    free(b);
    free(c);
}

/* A run on a stage that was used before is the run on a fresh one. */
static void test_stage_is_clean(void **state)
{
    struct stage s;
    struct ob_schedule plan, other;
    struct ob_rehearsed out;
    (void)state;
    stage_open(&s, "every_action.lua", 0, "");
    assert_int_equal(ob_schedule_parse(&plan, "7:lost,c50:crash", &s.err), OB_OK);
    assert_int_equal(ob_schedule_parse(&other, "3:lag,refuse=4,c20:crash", &s.err), OB_OK);
    run(&s, &plan, &out);
    int64_t took = out.took_ms, requests = out.requests;
    char *first = end_of(&s);
    run(&s, &other, &out);
    run(&s, &plan, &out);
    char *again = end_of(&s);
    assert_string_equal(first, again);
    assert_int_equal(out.took_ms, took);
    assert_int_equal(out.requests, requests);
    free(first);
    free(again);
    ob_schedule_fini(&plan);
    ob_schedule_fini(&other);
    stage_close(&s);
}

/* ---- schedules as text ---- */

static void test_schedule_text(void **state)
{
    struct ob_schedule s;
    struct ob_buf out;
    struct ob_err err;
    static const char text[] = "4:drop-after,c12:crash,refuse=2,contract=changing";
    (void)state;
    ob_buf_init(&out, OB_BUF_SMALL);
    assert_int_equal(ob_schedule_parse(&s, text, &err), OB_OK);
    ob_schedule_text(&s, &out);
    assert_string_equal(ob_buf_str(&out), text);
    ob_schedule_fini(&s);
    ob_buf_fini(&out);
    static const char *const wrong[] = {"4", "x:drop", "4:nothing", "c:crash", "0:cut", "c0:crash"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ob_schedule_parse(&s, wrong[i], &err), OB_ERR_USAGE);
        assert_non_null(strstr(err.message, wrong[i]));
    }
}

/* ---- ten thousand people, thirty days ---- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_ten_thousand(void **state)
{
    struct stage s;
    struct ob_schedule none = {0};
    struct ob_rehearsed out;
    const int64_t people = OB_STRIDE > 1 ? 1000 : 10000;
    double began = seconds();
    (void)state;
    stage_open(&s, "month.lua", people, "");
    run(&s, &none, &out);
    if (out.rule)
        fail_msg("%s: %s", out.rule, out.broken);
    assert_int_equal(out.end.status, OB_OK);
    assert_int_equal(out.counts.failed + out.counts.unknown + out.counts.pending, 0);
    print_message("30 days for %" PRId64 " people: %" PRId64 " calls, %" PRId64
                  " outcomes, rehearsed in %.1f s\n",
                  people, out.requests, out.counts.succeeded + out.counts.skipped,
                  seconds() - began);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule_text),    cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_stage_is_clean),   cmocka_unit_test(test_deletes_too_early),
        cmocka_unit_test(test_undoes_unknown),   cmocka_unit_test(test_tells_secret),
        cmocka_unit_test(test_deletes_straight), cmocka_unit_test(test_crash_matrix),
        cmocka_unit_test(test_ten_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
