/* The chain and everything that writes at once, dies, is full, or is too clever: after it the
 * ledger is what its chain says. */
#include "ledger_fixture.h"
#include "ledger/sqlite.h"
#include "ledger/verify.h"

static int64_t clean(const char *path)
{
    struct ob_verify_options o = {0};
    struct ob_verify_report r;
    memset(&err, 0, sizeof err);
    if (ob_ledger_verify(path, &o, &r, &err) != OB_OK)
        fail_msg("%s: %s", err.message,
                 ob_list_count(&r.findings) ? ob_value_str(ob_list_at(&r.findings, 0)) : "");
    int64_t events = r.head.seq;
    ob_verify_report_fini(&r);
    return events;
}

static void by_sql(struct ob_ledger *l, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(l->db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

static int64_t count(struct ob_ledger *l, const char *sql)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(l->db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* ---- statements ---- */

/* A row that REPLACE pushes out of the way is told to nobody. */
static void no_statement_replaces(void **state)
{
    static const char *const all[] = {
#define OB_SQL(name, text) text,
#include "ledger/queries.def"
#undef OB_SQL
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcasestr(all[i], "replace"))
            fail_msg("%s", all[i]);
}

static void delete_all_rows(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    put_step(l, put_run(l), "1", 300);
    OK(ob_ledger_begin(l, &err));
    by_sql(l, "DELETE FROM person");
    OK(ob_ledger_commit(l, &err));
    assert_int_equal(count(l, "SELECT count(*) FROM person"), 0);
    ob_ledger_close(l);
    clean(p->path);
}

/* No row may get another id by it, or the chain would not know it any more. */
static void vacuumed(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    put_step(l, put_run(l), "1", 300);
    OK(ob_ledger_begin(l, &err));
    by_sql(l, "DELETE FROM person WHERE position % 3 = 0");
    OK(ob_ledger_commit(l, &err));
    by_sql(l, "VACUUM");
    ob_ledger_close(l);
    clean(p->path);
}

static void rolled_back(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_step(l, run, "1", 30);
    int64_t events = clean(p->path);
    OK(ob_ledger_begin(l, &err));
    OK(act(l, run, 0, 10, NULL));
    ob_ledger_rollback(l);
    assert_int_equal(clean(p->path), events);
    OK(act(l, run, 0, 10, NULL));
    ob_ledger_close(l);
    assert_int_equal(clean(p->path), events + 1);
}

static void many_rows(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l), before = clean(p->path);
    put_step(l, run, "1", 1000); /* and the step */
    int64_t events = clean(p->path) - before;
    assert_true(events >= (1001 + 63) / 64 && events <= (2003 + 63) / 64); /* keys are rows too */
    assert_true(count(l, "SELECT max(length(body)) FROM audit") < 64 * 100 + 200);
    OK(ob_ledger_begin(l, &err)); /* each row once, however often it was changed */
    for (int i = 0; i < 50; i++)
        for (int64_t k = 0; k < 10; k++)
            OK(ob_ledger_person_set(l, run, "1", k, OB_P_SENT, "", i, &err));
    OK(ob_ledger_commit(l, &err));
    assert_int_equal(clean(p->path) - before, events + 1);
    ob_ledger_close(l);
}

static void in_memory(void **state)
{
    (void)state;
    struct ob_head h;
    struct ob_ledger *l = open_at(":memory:");
    put_run(l);
    OK(ob_ledger_head(l, &h, &err));
    assert_int_equal(h.seq, 0);
    assert_int_equal(count(l, "SELECT count(*) FROM audit"), 0);
    ob_ledger_close(l);
    assert_int_equal(access(":memory:.key", F_OK), -1);
}

/* ---- two processes ---- */

#define TURNS 150

static void write_turns(const char *path, int64_t run, int64_t from)
{
    struct ob_ledger *l;
    if (ob_ledger_open(&l, path, &err) != OB_OK)
        _exit(1);
    for (int64_t i = 0; i < TURNS; i++)
        if (ob_ledger_begin(l, &err) != OB_OK || act(l, run, from + i, 1, NULL) != OB_OK ||
            ob_ledger_commit(l, &err) != OB_OK)
            _exit(2);
    ob_ledger_close(l);
    _exit(0);
}

static void two_processes(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_step(l, run, "1", 2 * TURNS);
    ob_ledger_close(l);
    int64_t before = clean(p->path);
    pid_t children[2];
    for (int64_t i = 0; i < 2; i++)
        if ((children[i] = fork()) == 0)
            write_turns(p->path, run, i * TURNS);
    while (waitpid(children[0], NULL, WNOHANG) == 0)
        (void)clean(p->path); /* also while they write */
    int status;
    waitpid(children[1], &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(clean(p->path), before + 2 * TURNS);
}

static void first_together(void **state)
{
    struct place *p = *state;
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        if ((children[i] = fork()) == 0) {
            struct ob_ledger *l;
            if (ob_ledger_open(&l, p->path, &err) != OB_OK)
                _exit(1);
            char what[16];
            snprintf(what, sizeof what, "w%d", i);
            _exit(ob_ledger_learned_put(l, "t", what, "1", &err) == OB_OK ? 0 : 2);
        }
    for (int i = 0; i < 4; i++) {
        int status;
        waitpid(children[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(clean(p->path), 5);
}

/* ---- ends ---- */

static int points_left;

static bool may(void *ctx, bool commit)
{
    (void)ctx, (void)commit;
    return points_left-- > 0;
}

static bool life(struct ob_ledger *l, const char *plan)
{
    int64_t run, id;
    if (ob_ledger_run_new(l, plan, 5, &run, &err) != OB_OK)
        return false;
    struct ob_person_row people[3] = {{.index = 0, .person = "a", .id = "x"},
                                      {.index = 1, .person = "b", .id = "y"},
                                      {.index = 2, .person = "c", .id = "z"}};
    struct ob_step_row s = {
        .path = "1", .target = "meeting", .action = "disable", .kind = "disable", .digest = "d"};
    return ob_ledger_step_put(l, run, &s, people, 3, &err) == OB_OK &&
           ob_ledger_begin(l, &err) == OB_OK && act(l, run, 0, 3, &id) == OB_OK &&
           ob_ledger_commit(l, &err) == OB_OK &&
           ob_ledger_run_end(l, run, 9, OB_RUN_DONE, OB_OK, "", &err) == OB_OK;
}

static void every_point(void **state)
{
    struct place *p = *state;
    bool whole = false;
    for (int n = 0; !whole; n++) {
        char plan[OB_PLAN_ID];
        struct ob_ledger *l = open_at(p->path);
        snprintf(plan, sizeof plan, "%016x", (unsigned)n);
        put_plan(l, plan, 1);
        points_left = n;
        ob_ledger_watch(l, may, NULL);
        whole = life(l, plan);
        ob_ledger_close(l);
        clean(p->path);
        assert_true(n < 60);
    }
}

/* ---- a copy that may not be written to ---- */

static void look_as_nobody(const char *path)
{
    struct ob_verify_options o = {0};
    struct ob_verify_report r;
    if (getuid() == 0 && (setgid(65534) || setuid(65534)))
        _exit(9);
    enum ob_status st = ob_ledger_verify(path, &o, &r, &err);
    if (st != OB_OK)
        fprintf(stderr, "%s\n", err.message);
    _exit(st == OB_OK ? 0 : 1);
}

static void read_only_copy(void **state)
{
    struct place *p = *state;
    char folder[100], path[160];
    struct ob_ledger *l = open_at(p->path);
    put_step(l, put_run(l), "1", 100);
    ob_ledger_close(l);
    snprintf(folder, sizeof folder, "%s/state", p->root);
    snprintf(path, sizeof path, "%s.head", p->path);
    assert_int_equal(chmod(p->root, 0755) | chmod(p->path, 0444) | chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    pid_t child = fork();
    if (child == 0)
        look_as_nobody(p->path);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_replaces),
        IN_PLACE(delete_all_rows),
        IN_PLACE(vacuumed),
        IN_PLACE(rolled_back),
        IN_PLACE(many_rows),
        cmocka_unit_test(in_memory),
        IN_PLACE(two_processes),
        IN_PLACE(first_together),
        IN_PLACE(every_point),
        IN_PLACE(read_only_copy),
    };
    return cmocka_run_group_tests_name("audit turns", tests, NULL, NULL);
}
