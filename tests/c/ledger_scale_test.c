/* 100,000 people in one step: put, changed and sent in chunks, read. The limits are several
 * times what it takes, so that only a wrong plan of a query fails them. */
#include "ledger_fixture.h"
#include <sys/resource.h>
#include "ledger/receipt.h"
#include "ledger/verify.h"

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

/* Memory is what all of this test had at most, so some of it is not verify's. */
static void prove(const char *path)
{
    struct ob_verify_options o = {0};
    struct ob_verify_report r;
    struct rusage use;
    struct stat st;
    double t = now_s();
    OK(ob_ledger_verify(path, &o, &r, &err));
    getrusage(RUSAGE_SELF, &use);
    tell("verify", t);
    assert_true(now_s() - t < 60);
    assert_int_equal(stat(path, &st), 0);
    print_message("[   SIZE   ] %lld events, %lld rows, %lld KiB, %ld KiB of memory at most\n",
                  (long long)r.head.seq, (long long)r.rows, (long long)st.st_size / 1024,
                  use.ru_maxrss);
    ob_verify_report_fini(&r);
}

static void receipt(struct ob_ledger *l)
{
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    double t = now_s();
    OK(ob_ledger_receipt(l, "p4711", 0, &out, &err));
    tell("receipt for one of them", t);
    size_t lines = 0;
    for (size_t i = 0; i < out.len; i++)
        lines += out.p[i] == '\n';
    print_message("[   SIZE   ] %zu lines, %zu KiB\n", lines, out.len / 1024);
    assert_true(lines < 400); /* however long the chain is */
    ob_buf_fini(&out);
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
    prove(p->path);
    receipt(l);
    ob_ledger_close(l);
}

/* ---- one of 100,000 is erased ---- */

static void put_documents(struct ob_ledger *l, size_t people)
{
    struct ob_plan_row p = {.created_ms = 1, .digest = "d", .policy_name = "leavers.lua"};
    struct ob_buf csv;
    char digest[OB_SHA256_HEX];
    strcpy(p.id, "aaaaaaaaaaaaaaaa");
    ob_buf_init(&csv, OB_BUF_LARGE);
    ob_buf_init(&p.document, OB_BUF_LARGE);
    ob_buf_adds(&csv, "person,account,mail,phone,last_day\n");
    ob_buf_adds(&p.document, "{\"steps\":[{\"path\":\"1\",\"people\":[");
    for (size_t i = 0; i < people; i++) {
        ob_buf_addf(&csv, "p%zu,c%zu,p%zu@corp.example,+86139%zu,2026-01-01\n", i, i, i, i);
        ob_buf_addf(&p.document, "%s[\"p%zu\",\"c%zu\",\"on\",\"0123456789abcdef\"]", i ? "," : "",
                    i, i);
    }
    ob_buf_adds(&p.document, "]}]}");
    OK(ob_ledger_blob_put(l, csv.p, csv.len, digest, &err));
    OK(ob_ledger_plan_put(l, &p, &err));
    ob_buf_fini(&csv);
    ob_buf_fini(&p.document);
}

static void put_snapshots(struct ob_ledger *l, int64_t run, size_t people)
{
    struct ob_value v = {0};
    ob_value_set_map(&v);
    ob_map_put_str(&v, "phone", "+86-10-12345678");
    OK(ob_ledger_begin(l, &err));
    for (size_t i = 0; i < people; i++)
        OK(ob_ledger_snapshot_put(l, run, "1", (int64_t)i, &v, &err));
    OK(ob_ledger_commit(l, &err));
    ob_value_fini(&v);
}

/* In a process of its own, whose peak of memory is its own too: seconds and KiB. */
static void erase_in_child(const char *path, double *seconds, long *kib)
{
    struct rusage use;
    int status;
    double t = now_s();
    pid_t child = fork();
    if (child == 0) {
        struct ob_ledger *l;
        struct ob_erasure e;
        if (ob_ledger_open(&l, path, &err) != OB_OK ||
            ob_ledger_erase(l, "p777", &e, &err) != OB_OK || e.rows != 1 || e.inputs != 1 ||
            e.plans != 1)
            _exit(1);
        ob_erasure_fini(&e);
        ob_ledger_close(l);
        _exit(0);
    }
    assert_int_equal(wait4(child, &status, 0, &use), child);
    assert_int_equal(status, 0);
    *seconds = now_s() - t;
    *kib = use.ru_maxrss;
}

static void erase_of(struct place *p, size_t people, double *seconds, long *kib)
{
    unlink_ledger(p->path);
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_documents(l, people);
    put_step(l, run, "1", people);
    put_snapshots(l, run, people);
    OK(ob_ledger_run_end(l, run, 9, OB_RUN_DONE, OB_OK, "", &err));
    ob_ledger_close(l);
    erase_in_child(p->path, seconds, kib);
    print_message("[   TIME   ] erase one of %-6zu people %16.3f s %9ld KiB\n", people, *seconds,
                  *kib);
    l = open_at(p->path);
    assert_int_equal(people_of(l, run).rows, people);
    ob_ledger_close(l);
}

static void erase_one(void **state)
{
    struct place *p = *state;
    double small_s, large_s;
    long small_kib, large_kib;
    erase_of(p, PEOPLE / 10, &small_s, &small_kib);
    erase_of(p, PEOPLE, &large_s, &large_kib);
    assert_true(large_s < 60);
    assert_true(large_kib < small_kib * 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_PLACE(big_step), IN_PLACE(erase_one)};
    return cmocka_run_group_tests_name("ledger scale", tests, NULL, NULL);
}
