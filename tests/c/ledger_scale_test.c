/* 100,000 people in one step: put, changed and sent in chunks, read. The limits are several
 * times what it takes, so that only a wrong plan of a query fails them. */
#include "ledger_fixture.h"

#define PEOPLE 100000
#define CHUNK  100

static void tell(const char *what, double from)
{
    print_message("[   TIME   ] %-40s %7.3f s\n", what, now_s() - from);
}

static void put(struct ob_ledger *l, int64_t run)
{
    double t = now_s();
    put_step(l, run, "1", PEOPLE);
    tell("put 100,000 people", t);
    assert_true(now_s() - t < 10);
}

static void send_all(struct ob_ledger *l, int64_t run)
{
    double t = now_s();
    for (int64_t i = 0; i < PEOPLE; i += CHUNK) {
        OK(ob_ledger_begin(l, &err));
        OK(act(l, run, i, CHUNK, NULL));
        OK(ob_ledger_commit(l, &err));
    }
    tell("1,000 turns: intent for 100 people", t);
}

static void settle_all(struct ob_ledger *l, int64_t run)
{
    double t = now_s();
    for (int64_t i = 0; i < PEOPLE; i += CHUNK) {
        OK(ob_ledger_begin(l, &err));
        struct ob_call_row c = {.id = i / CHUNK + 1,
                                .run = run,
                                .done_ms = 9,
                                .http_status = 200,
                                .result = "accepted"};
        OK(ob_ledger_result(l, &c, &err));
        for (int64_t k = i; k < i + CHUNK; k++)
            OK(ob_ledger_person_set(l, run, "1", k, OB_P_SUCCEEDED, "", 1, &err));
        OK(ob_ledger_commit(l, &err));
    }
    tell("1,000 turns: result, 100 person_set", t);
}

static void read_all(struct ob_ledger *l, int64_t run)
{
    double t = now_s();
    struct tally people = people_of(l, run);
    tell("read 100,000 people", t);
    assert_int_equal(people.rows, PEOPLE);
    assert_int_equal(people.calls, PEOPLE);
    assert_int_equal(people.sent, 0);
    t = now_s();
    struct tally calls = calls_of(l, run);
    tell("read 1,000 calls", t);
    assert_int_equal(calls.rows, PEOPLE / CHUNK);
    assert_int_equal(calls.calls, PEOPLE);
}

/* One call that names every second person: no ranges help. */
static void worst_call(struct ob_ledger *l, int64_t run)
{
    size_t n = PEOPLE / 2;
    int64_t *people = malloc(n * sizeof *people);
    for (size_t i = 0; i < n; i++)
        people[i] = (int64_t)i * 2;
    struct ob_call_row c = {.run = run,
                            .step = "1",
                            .target = "meeting",
                            .action = "delete",
                            .kind = OB_CALL_ACT,
                            .people = people,
                            .people_count = n};
    double t = now_s();
    OK(ob_ledger_intent(l, &c, &err));
    tell("one intent for 50,000 apart", t);
    assert_int_equal(people_of(l, run).sent, n);
    free(people);
}

static void big_step(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put(l, run);
    send_all(l, run);
    assert_int_equal(people_of(l, run).sent, PEOPLE);
    settle_all(l, run);
    read_all(l, run);
    worst_call(l, run);
    ob_ledger_close(l);
    double t = now_s();
    l = open_at(p->path);
    tell("open again", t);
    ob_ledger_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_PLACE(big_step)};
    return cmocka_run_group_tests_name("ledger scale", tests, NULL, NULL);
}
