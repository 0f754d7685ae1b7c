/* Ledgers that older programs wrote (tests/data/ledger/vN.sql: dumps of real ones, made by
 * `apply` against the simulated clouds) are opened with all they hold, which is sealed then. */
#include "ledger_fixture.h"
#include <sqlite3.h>
#include "ledger/rows.h"

static sqlite3 *open_db(const char *path)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void make_old(const char *path, const char *name)
{
    char file[256], folder[128];
    struct stat st;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    mkdir(folder, 0700);
    unlink_ledger(path);
    snprintf(file, sizeof file, "%s/data/ledger/%s", OB_TEST_DIR, name);
    int fd = open(file, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    char *sql = calloc(1, (size_t)st.st_size + 1);
    assert_int_equal(read(fd, sql, (size_t)st.st_size), st.st_size);
    close(fd);
    sqlite3 *db = open_db(path);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(sql);
}

/* Rows of the old file as text, fields and rows apart by bytes that no text has. */
static void old_rows(const char *path, const char *sql, struct ob_buf *out)
{
    sqlite3 *db = open_db(path);
    sqlite3_stmt *st;
    ob_buf_init(out, OB_BUF_LARGE);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(st) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(st); i++)
            ob_buf_addf(out, "%s\x1f", sqlite3_column_text(st, i));
        ob_buf_adds(out, "\n");
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* ---- the same through the new program ---- */

struct reading {
    struct ob_ledger *l;
    struct ob_buf people, steps, calls, runs, snapshots, plans;
    int64_t run;
    const char *path;
};

static bool each_person(void *ctx, const struct ob_person_row *p)
{
    struct reading *r = ctx;
    struct ob_buf json;
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_buf_addf(&r->people, "%lld\x1f%s\x1f%lld\x1f%s\x1f%s\x1f%s\x1f%s\x1f%lld\x1f\n",
                (long long)r->run, r->path, (long long)p->index, p->person, p->id,
                ob_person_state_word(p->state), p->detail, (long long)p->calls);
    assert_int_equal(p->acted_ms > 0, p->calls > 0);
    OK(ob_ledger_snapshot_get(r->l, r->run, r->path, p->index, &json, &err));
    if (json.len)
        ob_buf_addf(&r->snapshots, "%s\x1f\n", ob_buf_str(&json));
    ob_buf_fini(&json);
    return true;
}

static bool each_step(void *ctx, const struct ob_step_row *s)
{
    struct reading *r = ctx;
    r->path = s->path;
    ob_buf_addf(&r->steps, "%lld\x1f%s\x1f%s\x1f%s\x1f%s\x1f%d\x1f%s\x1f%s\x1f\n",
                (long long)r->run, s->path, s->target, s->action, s->digest, s->settled,
                ob_buf_str(&s->options), ob_buf_str(&s->result));
    if (strcmp(s->action, "remove") == 0 || strcmp(s->action, "delete") == 0)
        assert_string_equal(s->kind, "delete");
    OK(ob_ledger_person_each(r->l, r->run, s->path, each_person, r, &err));
    return true;
}

static bool each_call(void *ctx, const struct ob_call_row *c)
{
    struct reading *r = ctx;
    ob_buf_addf(&r->calls, "%lld\x1f%s\x1f%s\x1f%s\x1f%zu\x1f%lld\x1f%s\x1f%s\x1f\n",
                (long long)c->id, c->step, c->action, ob_call_kind_word(c->kind), c->people_count,
                (long long)c->sent_ms, c->result, c->detail);
    return true;
}

static bool each_run(void *ctx, const struct ob_run_row *row)
{
    struct reading *r = ctx;
    struct ob_plan_row p;
    r->run = row->id;
    ob_buf_addf(&r->runs, "%lld\x1f%s\x1f%s\x1f%lld\x1f%s\x1f%s\x1f\n", (long long)row->id,
                row->plan, ob_run_state_word(row->state), (long long)row->started_ms,
                ob_status_word(row->exit), row->detail);
    OK(ob_ledger_step_each(r->l, row->id, each_step, r, &err));
    OK(ob_ledger_call_each(r->l, row->id, NULL, each_call, r, &err));
    OK(ob_ledger_plan_get(r->l, row->plan, &p, &err));
    ob_buf_addf(&r->plans, "%s\x1f%s\x1f%s\x1f%s\x1f\n", p.id, p.digest, p.policy_name,
                ob_buf_str(&p.document));
    assert_false(p.erased);
    ob_plan_row_fini(&p);
    return true;
}

static void read_new(struct ob_ledger *l, struct reading *r)
{
    struct ob_buf *bufs[] = {&r->people, &r->steps, &r->calls, &r->runs, &r->snapshots, &r->plans};
    *r = (struct reading){.l = l};
    for (size_t i = 0; i < 6; i++)
        ob_buf_init(bufs[i], OB_BUF_LARGE);
    OK(ob_ledger_run_each(l, each_run, r, &err));
}

static void same(const struct ob_buf *old, struct ob_buf *new, bool may_be_empty)
{
    assert_string_equal(ob_buf_str(old), ob_buf_str(new));
    assert_true(may_be_empty || old->len > 0);
}

static const char *const old_sql[] = {
    "SELECT step.run, step.path, position, person, person.id, state, detail, calls FROM person"
    " JOIN step ON step.id = step ORDER BY step.run DESC, step.id, position",
    "SELECT run, path, target, action, digest, settled, options, result FROM step"
    " ORDER BY run DESC, id",
    "SELECT id, step, action, kind, people_count, sent_ms, result, detail FROM call"
    " ORDER BY run DESC, id",
    "SELECT id, plan, state, started_ms, exit, detail FROM run ORDER BY id DESC",
    "SELECT document FROM snapshot JOIN step ON step.id = step ORDER BY step.run DESC, step,"
    " position",
    "SELECT plan.id, digest, policy_name, document FROM run JOIN plan ON plan.id = run.plan"
    " ORDER BY run.id DESC",
};

/* ---- the tests ---- */

static bool stands(const char *path, const char *text, size_t len)
{
    static const char *const suffixes[] = {"", "-wal"};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        char name[256];
        struct stat st;
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        int fd = open(name, O_RDONLY);
        if (fd < 0 || fstat(fd, &st) != 0)
            continue;
        char *bytes = malloc((size_t)st.st_size + 1);
        assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
        found = found || memmem(bytes, (size_t)st.st_size, text, len);
        free(bytes);
        close(fd);
    }
    return found;
}

/* No name, id or cell of an input is left in plain; `is`: they are. */
static void in_plain(const char *path, const struct ob_buf *names, bool is)
{
    const char *p = ob_buf_str(names);
    size_t n = 0;
    while (*p) {
        size_t len = strcspn(p, "\x1f\n,");
        if (len > 4 && strncmp(p, "2026-", 5) != 0) {
            if (stands(path, p, len) != is)
                fail_msg("%.*s", (int)len, p);
            n++;
        }
        p += len + (p[len] != 0);
    }
    assert_true(n > 10);
}

static const char names_sql[] =
    "SELECT person, id FROM person UNION SELECT CAST(body AS TEXT), '' FROM blob WHERE body LIKE"
    " 'employee%'";

static void check_new(struct ob_ledger *l, const struct ob_buf *old, const struct ob_buf *names)
{
    struct reading r;
    struct ob_buf *new[] = {&r.people, &r.steps, &r.calls, &r.runs, &r.snapshots, &r.plans};
    bool holds;
    read_new(l, &r);
    for (size_t i = 0; i < 6; i++) {
        same(&old[i], new[i], false);
        ob_buf_fini(new[i]);
    }
    OK(ob_ledger_holds(l, names->p, 6, &holds, &err));
    assert_true(holds);
}

static void check_learned(struct ob_ledger *l, const char *what, const char *want)
{
    struct ob_buf value;
    ob_buf_init(&value, OB_BUF_SMALL);
    OK(ob_ledger_learned_get(l, "meeting", what, &value, &err));
    assert_string_equal(ob_buf_str(&value), want);
    ob_buf_fini(&value);
}

static void older(const char *path, const char *name)
{
    struct ob_buf old[6], names, learned;
    make_old(path, name);
    old_rows(path, names_sql, &names);
    old_rows(path,
             "SELECT value FROM learned WHERE target = 'meeting' AND what ="
             " 'culprits.delete'",
             &learned);
    assert_true(learned.len > 2);
    learned.p[learned.len - 2] = '\0';
    for (size_t i = 0; i < 6; i++)
        old_rows(path, old_sql[i], &old[i]);
    in_plain(path, &names, true);
    for (int again = 0; again < 2; again++) { /* the second time there is nothing to be done */
        struct ob_ledger *l = open_at(path);
        in_plain(path, &names, false);
        check_new(l, old, &names);
        check_learned(l, "culprits.delete", learned.p);
        check_learned(l, "unclean", "");
        ob_ledger_close(l);
        in_plain(path, &names, false);
    }
    for (size_t i = 0; i < 6; i++)
        ob_buf_fini(&old[i]);
    ob_buf_fini(&names);
    ob_buf_fini(&learned);
}

static void version_1(void **state)
{
    struct place *p = *state;
    older(p->path, "v1.sql");
}

/* Of `{"UserNames":["..."]}` and the like: whoever tries names must not find one. */
#define OF_A_BODY "243cd35aef5fde2fe0f49847138d75e46ca69afef7298118bfb71b16543915dc"

static void version_2(void **state)
{
    struct place *p = *state;
    older(p->path, "v2.sql");
    assert_false(stands(p->path, OF_A_BODY, strlen(OF_A_BODY)));
    struct ob_ledger *l = open_at(p->path);
    struct ob_run_row r;
    struct ob_erasure e;
    OK(ob_ledger_run_get(l, 2, &r, &err));
    assert_true(r.state == OB_RUN_OPEN && r.due_ms > 0); /* cases/older.case goes on with it */
    ob_run_row_fini(&r);
    OK(ob_ledger_run_end(l, 2, 1, OB_RUN_DONE, OB_OK, "", &err));
    OK(ob_ledger_erase(l, "E00007", &e, &err));
    assert_int_equal(e.rows, 2);
    ob_erasure_fini(&e);
    ob_ledger_close(l);
}

/* The same tables as a new ledger has, but for the order in which they were made. */
static void same_schema(void **state)
{
    struct place *p = *state;
    struct ob_buf fresh, migrated;
    static const char sql[] = "SELECT sql FROM sqlite_schema ORDER BY name";
    ob_ledger_close(open_at(p->path));
    old_rows(p->path, sql, &fresh);
    make_old(p->path, "v2.sql");
    ob_ledger_close(open_at(p->path));
    old_rows(p->path, sql, &migrated);
    assert_string_equal(ob_buf_str(&fresh), ob_buf_str(&migrated));
    ob_buf_fini(&fresh);
    ob_buf_fini(&migrated);
}

/* Killed on the way: as it was, or as it should be; and the next opening ends with nothing in
 * plain. */
static void killed(void **state)
{
    struct place *p = *state;
    struct ob_buf old[6], names;
    unsigned seed = 4;
    make_old(p->path, "v2.sql");
    old_rows(p->path, names_sql, &names);
    for (size_t i = 0; i < 6; i++)
        old_rows(p->path, old_sql[i], &old[i]);
    for (int i = 0; i < 40; i++) {
        make_old(p->path, "v2.sql");
        pid_t child = fork();
        if (child == 0) {
            struct ob_ledger *l;
            _exit(ob_ledger_open(&l, p->path, &err) != OB_OK);
        }
        usleep((unsigned)rand_r(&seed) % 30000);
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        struct ob_ledger *l = open_at(p->path);
        check_new(l, old, &names);
        in_plain(p->path, &names, false);
        ob_ledger_close(l);
    }
    for (size_t i = 0; i < 6; i++)
        ob_buf_fini(&old[i]);
    ob_buf_fini(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(version_1),
        IN_PLACE(version_2),
        IN_PLACE(same_schema),
        IN_PLACE(killed),
    };
    return cmocka_run_group_tests_name("older ledgers", tests, NULL, NULL);
}
