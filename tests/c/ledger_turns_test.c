/* Calls and their people, what a turn that fails leaves behind, and words that were changed by
 * hand. */
#include "ledger_fixture.h"
#include <sqlite3.h>

/* ---- calls ---- */

static bool check_call(void *ctx, const struct ob_call_row *c)
{
    const struct ob_call_row *want = ctx;
    if (c->id != want->id)
        return true;
    assert_string_equal(c->step, want->step);
    assert_string_equal(c->target, want->target);
    assert_string_equal(c->action, want->action);
    assert_int_equal(c->kind, want->kind);
    assert_int_equal(c->attempt, want->attempt);
    assert_string_equal(c->request_id, want->request_id);
    assert_string_equal(c->body_digest, want->body_digest);
    assert_int_equal(c->people_count, want->people_count);
    assert_memory_equal(c->people, want->people, want->people_count * sizeof *c->people);
    assert_int_equal(c->sent_ms, want->sent_ms);
    assert_int_equal(c->done_ms, want->done_ms);
    assert_int_equal(c->http_status, want->http_status);
    assert_string_equal(c->result, want->result);
    assert_string_equal(c->detail, want->detail);
    return true;
}

static void calls(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    int64_t run = put_run(l), chunk[] = {1, 2, 3, 9, 0};
    put_step(l, run, "1", 10);
    struct ob_call_row c = {.run = run,
                            .step = "1",
                            .target = "meeting",
                            .action = "delete",
                            .kind = OB_CALL_ACT,
                            .attempt = 2,
                            .request_id = "req",
                            .body_digest = "dig",
                            .people = chunk,
                            .people_count = 5,
                            .sent_ms = 11,
                            .result = "",
                            .detail = ""};
    OK(ob_ledger_intent(l, &c, &err));
    assert_true(c.id > 0);
    OK(ob_ledger_call_each(l, run, NULL, check_call, &c, &err));
    struct tally t = people_of(l, run);
    assert_int_equal(t.sent, 5);
    assert_int_equal(t.calls, 5);
    c.done_ms = 22;
    c.http_status = 200;
    c.result = "mixed";
    c.detail = "USG.201040004: no such user";
    OK(ob_ledger_result(l, &c, &err));
    OK(ob_ledger_call_each(l, run, "1", check_call, &c, &err));
    c.id = 99;
    FAILS(ob_ledger_result(l, &c, &err), OB_ERR, "run 1: no call 99");
    ob_ledger_close(l);
}

/* Only an act touches people; and login has no step. */
static void call_kinds(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    int64_t run = put_run(l), chunk[] = {0, 1};
    put_step(l, run, "1", 2);
    for (int k = OB_CALL_LOOKUP; k <= OB_CALL_RAW; k++) {
        bool global = k == OB_CALL_LOGIN || k == OB_CALL_LIST;
        struct ob_call_row c = {.run = run,
                                .step = global ? "" : "1",
                                .target = "meeting",
                                .action = "x",
                                .kind = (enum ob_call_kind)k,
                                .people = chunk,
                                .people_count = global ? 0 : 2};
        OK(ob_ledger_intent(l, &c, &err));
    }
    struct tally t = people_of(l, run), login = {0}, step = {0};
    assert_int_equal(t.sent + t.calls, 0);
    OK(ob_ledger_call_each(l, run, "", tally_call, &login, &err));
    OK(ob_ledger_call_each(l, run, "1", tally_call, &step, &err));
    assert_int_equal(login.rows, 2);
    assert_int_equal(step.rows, 3);
    ob_ledger_close(l);
}

/* An intent for somebody who is not in the step leaves no trace, in a turn and outside. */
static void intent_for_strangers(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    int64_t run = put_run(l), negative[] = {-1};
    put_step(l, run, "1", 10);
    FAILS(act(l, run, 5, 6, NULL), OB_ERR, "not in its step");
    assert_int_equal(calls_of(l, run).rows, 0);
    assert_int_equal(people_of(l, run).sent, 0);
    struct ob_call_row c = {.run = run, .step = "1", .people = negative, .people_count = 1};
    FAILS(ob_ledger_intent(l, &c, &err), OB_ERR, "negative");
    c = (struct ob_call_row){.run = run, .step = "4", .people = negative, .people_count = 1};
    negative[0] = 0;
    FAILS(ob_ledger_intent(l, &c, &err), OB_ERR, "no step 4");
    OK(ob_ledger_begin(l, &err));
    OK(act(l, run, 0, 5, NULL));
    FAILS(act(l, run, 5, 6, NULL), OB_ERR, "not in its step");
    FAILS(ob_ledger_person_set(l, run, "1", 0, OB_P_FAILED, "", 1, &err), OB_ERR,
          "not in its step"); /* nothing more goes into this turn */
    FAILS(ob_ledger_commit(l, &err), OB_ERR, "not in its step");
    assert_int_equal(calls_of(l, run).rows, 0);
    OK(act(l, run, 0, 10, NULL));
    assert_int_equal(people_of(l, run).sent, 10);
    ob_ledger_close(l);
}

/* ---- turns ---- */

static void turns(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    struct ob_step_row s;
    int64_t run = put_run(l);
    FAILS(ob_ledger_commit(l, &err), OB_ERR, "commit without begin");
    ob_ledger_rollback(l);
    OK(ob_ledger_begin(l, &err));
    put_step(l, run, "1", 3);
    OK(act(l, run, 0, 3, NULL));
    ob_ledger_rollback(l);
    OK(ob_ledger_step_get(l, run, "1", &s, &err));
    assert_null(s.path);
    /* The row id that was rolled back goes to another step: the cache must have forgotten. */
    put_step(l, run, "2", 3);
    FAILS(ob_ledger_person_set(l, run, "1", 0, OB_P_READY, "", 0, &err), OB_ERR, "no step 1");
    OK(ob_ledger_begin(l, &err));
    FAILS(ob_ledger_begin(l, &err), OB_ERR, "begin inside begin");
    ob_ledger_rollback(l);
    ob_ledger_close(l);
}

static void many_steps(void **state)
{
    struct ob_ledger *l = open_at(":memory:");
    char path[16];
    int64_t run = put_run(l);
    for (int i = 0; i < 50; i++) { /* more than the cache of paths holds */
        snprintf(path, sizeof path, "%d", i);
        put_step(l, run, path, 1);
    }
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "%d", i * 7 % 50);
        OK(ob_ledger_person_set(l, run, path, 0, OB_P_READY, path, i, &err));
    }
    ob_ledger_close(l);
}

/* ---- what an administrator changed by hand ---- */

static void by_hand(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void words_by_hand(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    struct tally t = {0};
    struct ob_run_row r;
    struct ob_buf b;
    char digest[OB_SHA256_HEX];
    int64_t run = put_run(l);
    put_step(l, run, "1", 3);
    OK(act(l, run, 0, 2, NULL));
    OK(ob_ledger_blob_put(l, "return", 6, digest, &err));
    by_hand(p->path, "UPDATE person SET state = 'gone' WHERE position = 1;"
                     "UPDATE run SET exit = 'well'; UPDATE call SET people = '0';"
                     "UPDATE blob SET body = x'00'");
    FAILS(ob_ledger_person_each(l, run, "1", tally_person, &t, &err), OB_ERR, "damaged");
    FAILS(ob_ledger_call_each(l, run, NULL, tally_call, &t, &err), OB_ERR, "damaged");
    FAILS(ob_ledger_run_get(l, run, &r, &err), OB_ERR, "damaged");
    ob_buf_init(&b, OB_BUF_SMALL);
    FAILS(ob_ledger_blob_get(l, digest, &b, &err), OB_ERR, "damaged");
    ob_buf_fini(&b);
    by_hand(p->path, "UPDATE call SET kind = 'dance', people = '0-1'");
    FAILS(ob_ledger_call_each(l, run, NULL, tally_call, &t, &err), OB_ERR, "damaged");
    ob_ledger_close(l);
}

static void kept(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_step(l, run, "1", 10);
    OK(act(l, run, 2, 3, NULL));
    ob_ledger_close(l);
    l = open_at(p->path);
    assert_int_equal(people_of(l, run).sent, 3);
    assert_int_equal(calls_of(l, run).rows, 1);
    ob_ledger_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls),
        cmocka_unit_test(call_kinds),
        cmocka_unit_test(intent_for_strangers),
        cmocka_unit_test(turns),
        cmocka_unit_test(many_steps),
        IN_PLACE(words_by_hand),
        IN_PLACE(kept),
    };
    return cmocka_run_group_tests_name("ledger turns", tests, NULL, NULL);
}
