/* What is put comes back: plans, blobs, runs, steps, people, snapshots, what was learned. */
#include "ledger_fixture.h"
#include "ledger/rows.h"

/* ---- plans and blobs ---- */

static void blobs(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_buf b;
    char digest[OB_SHA256_HEX], again[OB_SHA256_HEX], empty[OB_SHA256_HEX];
    ob_buf_init(&b, OB_BUF_SMALL);
    OK(ob_ledger_blob_put(l, "a\0b", 3, digest, &err));
    OK(ob_ledger_blob_put(l, "a\0b", 3, again, &err));
    OK(ob_ledger_blob_put(l, NULL, 0, empty, &err));
    assert_string_equal(digest, again);
    OK(ob_ledger_blob_get(l, digest, &b, &err));
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.p, "a\0b", 3);
    OK(ob_ledger_blob_get(l, empty, &b, &err));
    assert_int_equal(b.len, 0);
    digest[0] ^= 1;
    FAILS(ob_ledger_blob_get(l, digest, &b, &err), OB_ERR, "no policy or input");
    ob_buf_fini(&b);
    ob_buf_init(&b, 2);
    FAILS(ob_ledger_blob_get(l, again, &b, &err), OB_ERR, "longer than the 2 bytes");
    ob_buf_fini(&b);
    ob_ledger_close(l);
}

static void plans(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_plan_row p;
    FAILS(ob_ledger_plan_get(l, "latest", &p, &err), OB_ERR_USAGE, "no plan");
    put_plan(l, "abcd000000000001", 10);
    put_plan(l, "abcd000000000002", 30);
    put_plan(l, "ffff000000000003", 20);
    OK(ob_ledger_plan_get(l, "FFFF", &p, &err));
    assert_string_equal(p.id, "ffff000000000003");
    assert_string_equal(p.policy_name, "leavers.lua");
    assert_string_equal(p.digest, "d");
    assert_int_equal(p.created_ms, 20);
    assert_string_equal(ob_buf_str(&p.document), "{\"id\":\"ffff000000000003\"}");
    ob_plan_row_fini(&p);
    OK(ob_ledger_plan_get(l, "latest", &p, &err));
    assert_string_equal(p.id, "abcd000000000002");
    ob_plan_row_fini(&p);
    OK(ob_ledger_plan_get(l, "abcd000000000001", &p, &err));
    assert_int_equal(p.created_ms, 10);
    ob_plan_row_fini(&p);
    ob_ledger_close(l);
}

static void plan_names(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_plan_row p;
    static const char *const odd[] = {
        "", "abc", "abcg", "ab%d", "abcd 1", "Latest", "../x", "abcd0000000000011", "abcd' OR 1=1"};
    put_plan(l, "abcd000000000001", 10);
    put_plan(l, "abcd000000000002", 30);
    FAILS(ob_ledger_plan_get(l, "abcd", &p, &err), OB_ERR_USAGE,
          "abcd000000000001, abcd000000000002");
    FAILS(ob_ledger_plan_get(l, "abce", &p, &err), OB_ERR_USAGE, "no such plan");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        FAILS(ob_ledger_plan_get(l, odd[i], &p, &err), OB_ERR_USAGE, "4 to 16 hex digits");
    ob_ledger_close(l);
}

/* The same plan made again is not a second one, but becomes the latest. Until it was begun it may
 * be another document (made later, by somebody else); then it stays what it was. */
static void plan_again(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_plan_row p, other = {.id = "abcd000000000001", .digest = "e", .policy_name = "x"};
    int64_t run;
    put_plan(l, "abcd000000000001", 10);
    put_plan(l, "abcd000000000002", 20);
    put_plan(l, "abcd000000000001", 30);
    OK(ob_ledger_plan_get(l, "latest", &p, &err));
    assert_string_equal(p.id, "abcd000000000001");
    ob_plan_row_fini(&p);
    OK(ob_ledger_plan_put(l, &other, &err));
    OK(ob_ledger_plan_get(l, "abcd000000000001", &p, &err));
    assert_string_equal(p.digest, "e");
    ob_plan_row_fini(&p);
    OK(ob_ledger_run_new(l, "abcd000000000001", 1, &run, &err));
    FAILS(ob_ledger_plan_put(l, &other, &err), OB_ERR, "was carried out already");
    ob_ledger_close(l);
}

struct ids {
    char text[128];
    int stop_after;
};

static bool add_plan(void *ctx, const struct ob_plan_row *p)
{
    struct ids *ids = ctx;
    assert_int_equal(p->document.len, 0);
    strncat(ids->text, p->id + 15, 2);
    return --ids->stop_after != 0;
}

static void plan_lists(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ids all = {"", 0}, two = {"", 2};
    put_plan(l, "abcd000000000001", 10);
    put_plan(l, "abcd000000000002", 30);
    put_plan(l, "abcd000000000003", 20);
    OK(ob_ledger_plan_each(l, add_plan, &all, &err));
    assert_string_equal(all.text, "231");
    OK(ob_ledger_plan_each(l, add_plan, &two, &err));
    assert_string_equal(two.text, "23");
    ob_ledger_close(l);
}

/* ---- runs ---- */

static bool add_run(void *ctx, const struct ob_run_row *r)
{
    struct ids *ids = ctx;
    char digit[2] = {(char)('0' + r->id), '\0'};
    strcat(ids->text, digit);
    return true;
}

static void runs(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_run_row r;
    int64_t run = put_run(l), second, count;
    OK(ob_ledger_run_get(l, run, &r, &err));
    assert_int_equal(r.id, run);
    assert_string_equal(r.plan, "00112233445566aa");
    assert_int_equal(r.state, OB_RUN_OPEN);
    assert_int_equal(r.started_ms, 1000);
    assert_int_equal(r.ended_ms, 0);
    assert_string_equal(r.detail, "");
    ob_run_row_fini(&r);
    OK(ob_ledger_run_new(l, "00112233445566aa", 2000, &second, &err));
    OK(ob_ledger_run_count(l, "00112233445566aa", &count, &err));
    assert_int_equal(count, 2);
    OK(ob_ledger_run_count(l, "none", &count, &err));
    assert_int_equal(count, 0);
    struct ids ids = {"", 0};
    OK(ob_ledger_run_each(l, add_run, &ids, &err));
    assert_string_equal(ids.text, "21");
    ob_ledger_close(l);
}

static void run_ends(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_run_row r;
    int64_t run = put_run(l);
    for (int exit = 0; exit < OB_STATUS_COUNT; exit++) { /* every way to end is kept */
        enum ob_run_state s = exit % 2 ? OB_RUN_OPEN : OB_RUN_DONE;
        OK(ob_ledger_run_end(l, run, 77, s, (enum ob_status)exit, "why", &err));
        OK(ob_ledger_run_get(l, run, &r, &err));
        assert_int_equal(r.exit, exit);
        assert_int_equal(r.state, s);
        assert_int_equal(r.ended_ms, s == OB_RUN_DONE ? 77 : 0);
        assert_string_equal(r.detail, "why");
        ob_run_row_fini(&r);
    }
    FAILS(ob_ledger_run_end(l, 99, 77, OB_RUN_DONE, OB_OK, "", &err), OB_ERR, "no run 99");
    FAILS(ob_ledger_run_get(l, 99, &r, &err), OB_ERR_USAGE, "run 99: no such run");
    FAILS(ob_ledger_run_new(l, "ffff", 1, &run, &err), OB_ERR, "FOREIGN KEY");
    ob_ledger_close(l);
}

/* ---- steps and people ---- */

static void steps(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_step_row s;
    struct ob_buf result;
    int64_t run = put_run(l);
    put_step(l, run, "3.1.1", 2);
    OK(ob_ledger_step_get(l, run, "1", &s, &err));
    assert_null(s.path);
    OK(ob_ledger_step_get(l, run, "3.1.1", &s, &err));
    assert_string_equal(s.path, "3.1.1");
    assert_string_equal(s.target, "meeting");
    assert_string_equal(s.action, "disable");
    assert_string_equal(s.digest, "abc");
    assert_string_equal(ob_buf_str(&s.options), "{\"chunk\":100}");
    assert_int_equal(s.result.len, 0);
    assert_false(s.settled);
    ob_step_row_fini(&s);
    ob_buf_init(&result, OB_BUF_SMALL);
    ob_buf_adds(&result, "[1]");
    OK(ob_ledger_step_settle(l, run, "3.1.1", &result, &err));
    OK(ob_ledger_step_settle(l, run, "3.1.1", NULL, &err)); /* keeps the result */
    OK(ob_ledger_step_get(l, run, "3.1.1", &s, &err));
    assert_true(s.settled);
    assert_string_equal(ob_buf_str(&s.result), "[1]");
    ob_step_row_fini(&s);
    ob_buf_fini(&result);
    FAILS(ob_ledger_step_settle(l, run, "9", NULL, &err), OB_ERR, "no step 9");
    ob_ledger_close(l);
}

static bool add_path(void *ctx, const struct ob_step_row *s)
{
    strcat(strcat(ctx, s->path), " ");
    return true;
}

static void step_order(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    char paths[64] = "";
    int64_t run = put_run(l), other;
    put_step(l, run, "10", 0);
    put_step(l, run, "2.1.1", 0);
    OK(ob_ledger_run_new(l, "", 1, &other, &err));
    put_step(l, other, "10", 0); /* paths belong to their run */
    put_step(l, run, "1", 0);
    OK(ob_ledger_step_each(l, run, add_path, paths, &err));
    assert_string_equal(paths, "10 2.1.1 1 ");
    struct ob_step_row twice = {.path = "1"};
    FAILS(ob_ledger_step_put(l, run, &twice, NULL, 0, &err), OB_ERR, "UNIQUE");
    FAILS(ob_ledger_step_put(l, 99, &twice, NULL, 0, &err), OB_ERR, "FOREIGN KEY");
    ob_ledger_close(l);
}

static bool one_person(void *ctx, const struct ob_person_row *p)
{
    struct ob_person_row *want = ctx;
    if (p->index != want->index)
        return true;
    assert_string_equal(p->person, want->person);
    assert_string_equal(p->id, want->id);
    assert_string_equal(p->detail, want->detail);
    assert_int_equal(p->state, want->state);
    assert_int_equal(p->calls, want->calls);
    want->index = -1; /* seen */
    return false;
}

static void people(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    int64_t run = put_run(l);
    put_step(l, run, "1", 20);
    for (int s = OB_P_PENDING; s <= OB_P_SKIPPED; s++) {
        struct ob_person_row want = {7,     "p7", "c7", (enum ob_person_state)s, "no \xc3\xa9",
                                     5 + s, 0};
        OK(ob_ledger_person_set(l, run, "1", 7, want.state, want.detail, want.calls, &err));
        OK(ob_ledger_person_each(l, run, "1", one_person, &want, &err));
        assert_int_equal(want.index, -1);
        assert_int_equal(ob_person_state_final(want.state),
                         s >= OB_P_SUCCEEDED); /* the enum's order says so */
    }
    FAILS(ob_ledger_person_set(l, run, "1", 20, OB_P_READY, "", 0, &err), OB_ERR,
          "step 1: no person 20");
    FAILS(ob_ledger_person_set(l, run, "2", 0, OB_P_READY, "", 0, &err), OB_ERR, "no step 2");
    struct tally none = {0};
    OK(ob_ledger_person_each(l, run, "2", tally_person, &none, &err));
    assert_int_equal(none.rows, 0);
    ob_ledger_close(l);
}

/* A list that is read while another of the same kind is: each gets its own statement. */
static bool nested(void *ctx, const struct ob_person_row *p)
{
    struct ob_ledger *l = ctx;
    struct tally t = people_of(l, 1);
    assert_int_equal(t.rows, 4);
    OK(ob_ledger_person_set(l, 1, "1", p->index, OB_P_READY, "", 0, &err));
    return true;
}

static void nested_lists(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    put_step(l, put_run(l), "1", 4);
    OK(ob_ledger_person_each(l, 1, "1", nested, l, &err));
    ob_ledger_close(l);
}

static void snapshots(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_value v;
    struct ob_buf b;
    int64_t run = put_run(l);
    put_step(l, run, "1", 3);
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_value_init(&v);
    ob_value_set_map(&v);
    ob_map_put_int(&v, "n", INT64_C(9007199254740993));
    ob_map_put_str(&v, "a", "x");
    OK(ob_ledger_snapshot_get(l, run, "1", 2, &b, &err));
    assert_int_equal(b.len, 0);
    OK(ob_ledger_snapshot_put(l, run, "1", 2, &v, &err));
    ob_map_put_int(&v, "n", 2);
    OK(ob_ledger_snapshot_put(l, run, "1", 2, &v, &err)); /* the first stays */
    OK(ob_ledger_snapshot_get(l, run, "1", 2, &b, &err));
    assert_string_equal(ob_buf_str(&b), "{\"a\":\"x\",\"n\":9007199254740993}");
    OK(ob_ledger_snapshot_get(l, run, "8", 2, &b, &err));
    assert_int_equal(b.len, 0);
    FAILS(ob_ledger_snapshot_put(l, run, "1", 3, &v, &err), OB_ERR, "FOREIGN KEY");
    ob_value_fini(&v);
    ob_buf_fini(&b);
    ob_ledger_close(l);
}

static void learned(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    OK(ob_ledger_learned_get(l, "meeting", "chunk.delete", &b, &err));
    assert_int_equal(b.len, 0);
    OK(ob_ledger_learned_put(l, "meeting", "chunk.delete", "100", &err));
    OK(ob_ledger_learned_put(l, "desktops", "chunk.delete", "7", &err));
    OK(ob_ledger_learned_put(l, "meeting", "chunk.delete", "50", &err));
    OK(ob_ledger_learned_get(l, "meeting", "chunk.delete", &b, &err));
    assert_string_equal(ob_buf_str(&b), "50");
    ob_buf_fini(&b);
    ob_ledger_close(l);
}

static void words(void **state)
{
    assert_string_equal(ob_person_state_word(OB_P_DOUBT), "doubt");
    assert_string_equal(ob_person_state_word((enum ob_person_state)99), "?");
    assert_string_equal(ob_call_kind_word(OB_CALL_ACT), "act");
    assert_string_equal(ob_run_state_word(OB_RUN_DONE), "done");
    ob_ledger_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs),      cmocka_unit_test(plans),        cmocka_unit_test(plan_names),
        cmocka_unit_test(plan_again), cmocka_unit_test(plan_lists),   cmocka_unit_test(runs),
        cmocka_unit_test(run_ends),   cmocka_unit_test(steps),        cmocka_unit_test(step_order),
        cmocka_unit_test(people),     cmocka_unit_test(nested_lists), cmocka_unit_test(snapshots),
        cmocka_unit_test(learned),    cmocka_unit_test(words),
    };
    return cmocka_run_group_tests_name("ledger rows", tests, NULL, NULL);
}
