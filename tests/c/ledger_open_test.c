/* What is refused at the door, with which words, and who may read what is let in. */
#include "ledger_fixture.h"
#include <sqlite3.h>

static void spoil(const char *path, long at, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
    close(fd);
}

static mode_t mode_of(const char *path, const char *suffix)
{
    struct stat st;
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", path, suffix);
    if (stat(whole, &st) != 0)
        fail_msg("no %s", whole);
    return st.st_mode & 0777;
}

static void refused(const char *path, const char *text)
{
    struct ob_ledger *l = (void *)1;
    FAILS(ob_ledger_open(&l, path, &err), OB_ERR, text);
    assert_null(l);
    if (!strstr(err.message, path))
        fail_msg("\"%s\" does not name %s", err.message, path);
}

static void make_full(const char *path, size_t people)
{
    struct ob_ledger *l = open_at(path);
    put_step(l, put_run(l), "1", people);
    ob_ledger_close(l);
}

static void by_hand(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* ---- rights ---- */

static void private_files(void **state)
{
    struct place *p = *state;
    char folder[80];
    mode_t masks[] = {0, 077, 0277};
    snprintf(folder, sizeof folder, "%s/state", p->root);
    for (size_t i = 0; i < 3; i++) {
        mode_t old = umask(masks[i] & 0177);
        struct ob_ledger *l = open_at(p->path);
        int64_t run;
        OK(ob_ledger_run_new(l, "", 1000, &run, &err)); /* writes, so that all files are there */
        OK(ob_ledger_run_lock(l, 1, &err));
        umask(old);
        assert_int_equal(mode_of(folder, ""), 0700);
        assert_int_equal(mode_of(p->path, ""), 0600);
        assert_int_equal(mode_of(p->path, "-wal"), 0600);
        assert_int_equal(mode_of(p->path, "-shm"), 0600);
        assert_int_equal(mode_of(p->path, "-lock"), 0600);
        ob_ledger_close(l);
        assert_int_equal(chmod(p->path, 0664), 0); /* the next opening takes it back */
    }
}

static void settings(void **state)
{
    struct place *p = *state;
    make_full(p->path, 5000);
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT journal_mode, application_id, user_version FROM "
                                        "pragma_journal_mode, pragma_application_id, "
                                        "pragma_user_version",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(st, 0), "wal");
    assert_int_equal(sqlite3_column_int(st, 1), 0x6f66626f);
    assert_int_equal(sqlite3_column_int(st, 2), 3);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* ---- what is no ledger ---- */

static void other_things(void **state)
{
    struct place *p = *state;
    char file[100], folder[100];
    snprintf(file, sizeof file, "%s/text", p->root);
    spoil(file, 0, "person,account\nann,a1\n", 22);
    refused(file, "damaged: file is not a database; restore it from a backup");
    refused("/dev/null", "not a regular file");
    refused("/dev/full", "not a regular file");
    refused(p->root, "not a regular file");
    refused("", "cannot make the file");
    snprintf(folder, sizeof folder, "%s/text/ledger.db", p->root);
    refused(folder, "cannot make the folder");
    assert_int_equal(
        symlink("/nonexistent/x", (snprintf(file, sizeof file, "%s/l", p->root), file)), 0);
    refused(file, "cannot open");
}

static void other_database(void **state)
{
    struct place *p = *state;
    char file[100];
    struct stat before, after;
    snprintf(file, sizeof file, "%s/other.db", p->root);
    by_hand(file, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    assert_int_equal(stat(file, &before), 0);
    refused(file, "not a ledger but another program's database");
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec); /* left alone */
    by_hand(file, "PRAGMA user_version = 1");
    refused(file, "not a ledger");
    by_hand(file, "DROP TABLE t; PRAGMA user_version = 0; VACUUM"); /* empty is as good as new */
    ob_ledger_close(open_at(file));
}

static void newer_schema(void **state)
{
    struct place *p = *state;
    make_full(p->path, 5000);
    by_hand(p->path, "PRAGMA user_version = 7");
    refused(p->path, "made by a newer offboard (schema 7, this one knows up to 3)");
    by_hand(p->path, "PRAGMA user_version = 0");
    refused(p->path, "damaged: it has no schema version");
    by_hand(p->path, "PRAGMA user_version = 3");
    ob_ledger_close(open_at(p->path));
}

/* ---- damage ---- */

static void truncated(void **state)
{
    struct place *p = *state;
    static const long sizes[] = {100, 4095, 4096, 8192, 40960};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char head[160]; /* it would say that a ledger was here */
        snprintf(head, sizeof head, "%s.head", p->path);
        unlink(head);
        unlink(p->path);
        make_full(p->path, 5000);
        assert_int_equal(truncate(p->path, sizes[i]), 0);
        refused(p->path, "damaged");
        assert_non_null(strstr(err.message, "; restore it from a backup"));
    }
}

static void spoilt_head(void **state)
{
    struct place *p = *state;
    make_full(p->path, 5000);
    spoil(p->path, 0, "SQLite formax 3", 15);
    refused(p->path, "damaged: file is not a database; restore it from a backup");
}

/* What a damaged page must not lead to: another answer, or another word than damage. */
static bool met(const char *path, size_t people)
{
    struct ob_ledger *l = NULL;
    struct tally t = {0};
    memset(&err, 0, sizeof err);
    enum ob_status s = ob_ledger_open(&l, path, &err);
    if (s == OB_OK)
        s = ob_ledger_person_each(l, 1, "1", tally_person, &t, &err);
    if (s != OB_OK && !strstr(err.message, "damaged: "))
        fail_msg("%s", err.message);
    if (s == OB_OK && t.rows != people)
        fail_msg("%zu people without a word", t.rows);
    ob_ledger_close(l);
    return s != OB_OK;
}

/* Each of the pages is overwritten in turn; *seen counts those that were met. */
static size_t spoil_pages(struct place *p, size_t people, long step, size_t *seen)
{
    char noise[4096], old[4096];
    struct stat st;
    unsigned seed = 3;
    size_t tried = 0;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)rand_r(&seed);
    assert_int_equal(stat(p->path, &st), 0);
    for (long at = 4096; at < st.st_size; at += step * 4096, tried++) {
        int fd = open(p->path, O_RDONLY);
        assert_int_equal(pread(fd, old, sizeof old, at), 4096);
        close(fd);
        spoil(p->path, at, noise, sizeof noise);
        *seen += met(p->path, people);
        spoil(p->path, at, old, sizeof old);
    }
    assert_false(met(p->path, people));
    return tried;
}

static void spoilt_middle(void **state)
{
    struct place *p = *state;
    size_t seen = 0;
    make_full(p->path, 5000);
    size_t tried = spoil_pages(p, 5000, 1, &seen);
    assert_int_equal(seen, tried); /* a small file is checked whole, before anything is sent */
}

/* Too large for that: damage is met when the page is read. */
static void spoilt_large(void **state)
{
    struct place *p = *state;
    struct stat st;
    size_t seen = 0;
    make_full(p->path, 100000);
    assert_int_equal(stat(p->path, &st), 0);
    assert_true(st.st_size > 16 * 1024 * 1024);
    size_t tried = spoil_pages(p, 100000, 160, &seen);
    assert_true(tried > 5 && seen >= tried / 4); /* no list of people reads the chain's pages */
}

/* ---- rights that we do not have ---- */

static void as_nobody(void (*what)(struct place *), struct place *p)
{
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(9);
        what(p);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("child: status %x", status);
}

static void expect(struct place *p, const char *text)
{
    struct ob_ledger *l;
    if (ob_ledger_open(&l, p->path, &err) == OB_OK || !strstr(err.message, text)) {
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", err.message, text);
        _exit(1);
    }
}

static void expect_read_only(struct place *p)
{
    expect(p, "read-only");
}

static void expect_denied(struct place *p)
{
    expect(p, "Permission denied");
}

static void give_to_nobody(struct place *p, mode_t file, mode_t folder)
{
    char state[80];
    snprintf(state, sizeof state, "%s/state", p->root);
    assert_int_equal(chmod(p->root, 0755), 0);
    if (getuid() == 0) {
        assert_int_equal(chown(p->path, 65534, 65534), 0);
        assert_int_equal(chown(state, 65534, 65534), 0);
    }
    assert_int_equal(chmod(p->path, file), 0);
    assert_int_equal(chmod(state, folder), 0);
}

static void without_rights(void **state)
{
    struct place *p = *state;
    make_full(p->path, 5000);
    give_to_nobody(p, 0400, 0700);
    as_nobody(expect_read_only, p);
    give_to_nobody(p, 0000, 0700);
    as_nobody(expect_denied, p);
    give_to_nobody(p, 0600, 0500); /* no room for the log beside it */
    as_nobody(expect_read_only, p);
    assert_int_equal(unlink(p->path), 0);
    as_nobody(expect_denied, p);
    give_to_nobody((snprintf(p->path, sizeof p->path, "%s/state", p->root), p), 0700, 0700);
}

/* ---- many at once ---- */

static void open_and_write(const char *path, int round)
{
    struct ob_ledger *l;
    int64_t run;
    if (ob_ledger_open(&l, path, &err) != OB_OK ||
        ob_ledger_run_new(l, "", round, &run, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        _exit(1);
    }
    ob_ledger_close(l);
    _exit(0);
}

static bool count_run(void *ctx, const struct ob_run_row *r)
{
    return ++*(int *)ctx > 0;
}

static void all_make_it(void **state)
{
    struct place *p = *state;
    enum { CHILDREN = 12 };
    for (int i = 0; i < CHILDREN; i++)
        if (fork() == 0)
            open_and_write(p->path, i);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        wait(&status);
        assert_int_equal(status, 0);
    }
    int runs = 0;
    struct ob_ledger *l = open_at(p->path);
    OK(ob_ledger_run_each(l, count_run, &runs, &err));
    assert_int_equal(runs, CHILDREN);
    ob_ledger_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(private_files),  IN_PLACE(settings),      IN_PLACE(other_things),
        IN_PLACE(other_database), IN_PLACE(newer_schema),  IN_PLACE(truncated),
        IN_PLACE(spoilt_head),    IN_PLACE(spoilt_middle), IN_PLACE(spoilt_large),
        IN_PLACE(without_rights), IN_PLACE(all_make_it),
    };
    return cmocka_run_group_tests_name("ledger opening", tests, NULL, NULL);
}
