/* What survives kill -9 and a full disk, and who holds a run meanwhile. */
#include "ledger_fixture.h"
#include <errno.h>
#include <sys/resource.h>

#define CHUNK  10
#define PEOPLE 20000

/* ---- kill -9 ---- */

/* Says each intent over the pipe once its commit returned; never ends by itself. */
static void intend_for_ever(const char *path, int64_t run, int64_t from, int fd)
{
    struct ob_ledger *l;
    if (ob_ledger_open(&l, path, &err) != OB_OK)
        _exit(1);
    for (int64_t i = from;; i++) {
        int64_t id = 0;
        if (ob_ledger_begin(l, &err) != OB_OK ||
            act(l, run, i * CHUNK % PEOPLE, CHUNK, &id) != OB_OK ||
            ob_ledger_commit(l, &err) != OB_OK || write(fd, &id, sizeof id) != sizeof id)
            _exit(1);
    }
}

static size_t announced(int fd, int64_t *last)
{
    size_t n = 0;
    while (read(fd, last, sizeof *last) == (ssize_t)sizeof *last)
        n++;
    return n;
}

/* Every second life is taken while it opens the ledger, or soon after; the others are given
 * time to say something first. */
static size_t kill_one(const char *path, int64_t run, int64_t from, unsigned us)
{
    int fds[2];
    int64_t last = 0;
    size_t first = 0;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0)
        intend_for_ever(path, run, from, fds[1]);
    close(fds[1]);
    if (us % 2)
        first = read(fds[0], &last, sizeof last) == (ssize_t)sizeof last;
    usleep(us);
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    size_t n = first + announced(fds[0], &last);
    close(fds[0]);
    return n;
}

static void killed(void **state)
{
    struct place *p = *state;
    unsigned seed = (unsigned)time(NULL);
    size_t before = 0, said = 0;
    print_message("[   SEED   ] %u\n", seed);
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_step(l, run, "1", PEOPLE);
    ob_ledger_close(l);
    for (int round = 0; round < 40; round++) {
        size_t n = kill_one(p->path, run, (int64_t)before, (unsigned)rand_r(&seed) % 15000);
        l = open_at(p->path);
        struct tally calls = calls_of(l, run), people = people_of(l, run);
        /* At most the one that was on its way is there without having been announced. */
        assert_true(calls.rows >= before + n && calls.rows <= before + n + 1);
        assert_int_equal(people.calls, calls.rows * CHUNK); /* never half an intent */
        ob_ledger_close(l);
        before = calls.rows;
        said += n;
    }
    print_message("[   SAID   ] %zu intents in 40 lives\n", said);
    assert_true(said > 0);
}

/* ---- one process per run ---- */

/* A child that locks runs 7 and 8 and then waits to be killed. */
static pid_t holder(const char *path)
{
    int fds[2];
    char c;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        struct ob_ledger *l;
        bool ok = ob_ledger_open(&l, path, &err) == OB_OK &&
                  ob_ledger_run_lock(l, 7, &err) == OB_OK &&
                  ob_ledger_run_lock(l, 8, &err) == OB_OK;
        if (write(fds[1], ok ? "y" : "n", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(fds[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    close(fds[0]);
    close(fds[1]);
    return child;
}

static void other_process(void **state)
{
    struct place *p = *state;
    char text[80];
    struct ob_ledger *l = open_at(p->path);
    pid_t child = holder(p->path);
    snprintf(text, sizeof text, "run 7 is in use by another process (pid %d)", (int)child);
    FAILS(ob_ledger_run_lock(l, 7, &err), OB_ERR_LOCKED, text);
    FAILS(ob_ledger_run_lock(l, 8, &err), OB_ERR_LOCKED, "run 8 is in use");
    OK(ob_ledger_run_lock(l, 6, &err));
    OK(ob_ledger_run_lock(l, 9, &err));
    put_run(l); /* a held run keeps nobody from writing */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    OK(ob_ledger_run_lock(l, 7, &err));
    OK(ob_ledger_run_lock(l, 7, &err)); /* again is nothing */
    ob_ledger_close(l);
}

static void same_process(void **state)
{
    struct place *p = *state;
    char name[100];
    snprintf(name, sizeof name, "%s/link.db", p->root);
    struct ob_ledger *a = open_at(p->path);
    assert_int_equal(symlink(p->path, name), 0);
    struct ob_ledger *b = open_at(name); /* another name of the same ledger */
    OK(ob_ledger_run_lock(a, 1, &err));
    FAILS(ob_ledger_run_lock(b, 1, &err), OB_ERR_LOCKED, "run 1 is in use by this process");
    OK(ob_ledger_run_lock(b, 2, &err));
    ob_ledger_run_unlock(a, 1);
    OK(ob_ledger_run_lock(b, 1, &err));
    FAILS(ob_ledger_run_lock(a, 1, &err), OB_ERR_LOCKED, "in use");
    ob_ledger_close(b);
    OK(ob_ledger_run_lock(a, 1, &err));
    OK(ob_ledger_run_lock(a, INT64_C(1) << 40, &err));
    ob_ledger_close(a);
}

/* Closing one of two ledgers must not drop the database's own locks of the other. */
static void second_opening(void **state)
{
    struct place *p = *state;
    struct ob_ledger *a = open_at(p->path);
    put_run(a);
    ob_ledger_close(open_at(p->path));
    pid_t child = fork();
    if (child == 0) { /* would take the log away from `a` if nobody seemed to use it */
        struct ob_ledger *b;
        _exit(ob_ledger_open(&b, p->path, &err) == OB_OK ? (ob_ledger_close(b), 0) : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    put_step(a, 1, "1", 10);
    ob_ledger_close(a);
    a = open_at(p->path);
    assert_int_equal(people_of(a, 1).rows, 10);
    ob_ledger_close(a);
}

static void no_locks_in_memory(void **state)
{
    struct ob_ledger *a = open_at(":memory:"), *b = open_at(":memory:");
    OK(ob_ledger_run_lock(a, 1, &err));
    OK(ob_ledger_run_lock(b, 1, &err));
    ob_ledger_run_unlock(a, 1);
    ob_ledger_close(a);
    ob_ledger_close(b);
}

static void lock_file_in_the_way(void **state)
{
    struct place *p = *state;
    char name[160];
    struct ob_ledger *l = open_at(p->path);
    snprintf(name, sizeof name, "%s-lock", p->path);
    assert_int_equal(symlink("/etc/passwd", name), 0);
    FAILS(ob_ledger_run_lock(l, 1, &err), OB_ERR, "-lock");
    assert_int_equal(unlink(name), 0);
    FAILS(ob_ledger_run_lock(l, -1, &err), OB_ERR, "run -1");
    ob_ledger_close(l);
}

/* ---- full disk ---- */

/* No file may grow over `bytes`; what SQLite then meets is EFBIG in place of ENOSPC. */
static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* Of the ledger or its log, whichever is larger. */
static rlim_t size_now(const char *path)
{
    struct stat db, log = {0};
    char name[160];
    snprintf(name, sizeof name, "%s-wal", path);
    assert_int_equal(stat(path, &db), 0);
    stat(name, &log);
    return (rlim_t)(db.st_size > log.st_size ? db.st_size : log.st_size);
}

static void fill_up(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l), i = 0, first_failure;
    put_step(l, run, "1", PEOPLE);
    limit_files(size_now(p->path) + 800 * 1024);
    while (act(l, run, i * CHUNK, CHUNK, NULL) == OB_OK && i < 1900)
        i++;
    first_failure = i;
    print_message("[   FULL   ] after %d\n", (int)i);
    assert_true(i > 0 && i < 1900);
    assert_non_null(strstr(err.message, "disk full; nothing more was sent"));
    FAILS(act(l, run, 0, CHUNK, NULL), OB_ERR, "disk full");
    assert_int_equal(calls_of(l, run).rows, first_failure); /* reading goes on */
    limit_files(RLIM_INFINITY);
    OK(act(l, run, i * CHUNK, CHUNK, NULL)); /* and writing, once there is room */
    ob_ledger_close(l);
    l = open_at(p->path);
    assert_int_equal(calls_of(l, run).rows, first_failure + 1);
    assert_int_equal(people_of(l, run).sent, (first_failure + 1) * CHUNK);
    ob_ledger_close(l);
}

static void full_in_a_turn(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_step(l, run, "1", 1000);
    limit_files(300 * 1024);
    OK(ob_ledger_begin(l, &err));
    struct ob_step_row s = {.path = "2"};
    enum ob_status st = OB_OK;
    for (int64_t i = 0; st == OB_OK && i < 100000; i++) {
        struct ob_person_row people = {.person = "somebody", .id = "x"};
        char path[16];
        snprintf(path, sizeof path, "2.%d", (int)i);
        s.path = path;
        st = ob_ledger_step_put(l, run, &s, &people, 1, &err);
    }
    FAILS(ob_ledger_commit(l, &err), OB_ERR, "disk full; nothing was sent");
    limit_files(RLIM_INFINITY);
    OK(ob_ledger_step_get(l, run, "2.0", &s, &err));
    assert_null(s.path);
    OK(act(l, run, 0, CHUNK, NULL));
    ob_ledger_close(l);
}

static void full_at_the_door(void **state)
{
    struct place *p = *state;
    static const rlim_t sizes[] = {0, 1000, 8192, 40000, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ob_ledger *l;
        limit_files(sizes[i]);
        FAILS(ob_ledger_open(&l, p->path, &err), OB_ERR, "disk full; nothing was sent");
        limit_files(RLIM_INFINITY);
    }
    ob_ledger_close(open_at(p->path)); /* what was left behind is as good as new */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(killed),
        IN_PLACE(other_process),
        IN_PLACE(same_process),
        IN_PLACE(second_opening),
        IN_PLACE(fill_up),
        IN_PLACE(full_in_a_turn),
        IN_PLACE(full_at_the_door),
        IN_PLACE(lock_file_in_the_way),
        cmocka_unit_test(no_locks_in_memory),
    };
    return cmocka_run_group_tests_name("ledger crashes", tests, NULL, NULL);
}
