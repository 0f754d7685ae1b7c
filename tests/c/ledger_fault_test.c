/* The n-th write, sync or truncation of a whole run fails, for every n: once or from then on,
 * with the process going on or dying on the spot. Whatever was said to be durable is there
 * afterwards, nothing is half there, and the ledger opens. Below the ledger lies the system's
 * own VFS behind a thin layer that counts. */
#include "ledger_fixture.h"
#include <sqlite3.h>
#include <sys/mman.h>

/* ---- the layer that fails ---- */

struct faults {
    long at; /* which operation fails; 0: none */
    long seen;
    int rc;
    bool lasting;
    bool deadly; /* the process ends there */
};

static struct faults faults;

static bool strike(void)
{
    faults.seen++;
    bool now =
        faults.at && (faults.seen == faults.at || (faults.lasting && faults.seen > faults.at));
    if (now && faults.deadly)
        kill(getpid(), SIGKILL);
    return now;
}

struct layer {
    sqlite3_file base;
    sqlite3_file *under;
};

#define UNDER(f) (((struct layer *)(f))->under)

static int x_close(sqlite3_file *f)
{
    return UNDER(f)->pMethods ? UNDER(f)->pMethods->xClose(UNDER(f)) : SQLITE_OK;
}

static int x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return UNDER(f)->pMethods->xRead(UNDER(f), p, n, at);
}

/* Half of it is written: a torn write, not a missing one. */
static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (!strike())
        return UNDER(f)->pMethods->xWrite(UNDER(f), p, n, at);
    (void)UNDER(f)->pMethods->xWrite(UNDER(f), p, n / 2, at);
    return faults.rc == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return strike() ? SQLITE_IOERR_TRUNCATE : UNDER(f)->pMethods->xTruncate(UNDER(f), size);
}

/* Not really: who dies here is a process and not the machine, and the disk would be most of the
 * time. */
static int x_sync(sqlite3_file *f, int flags)
{
    return strike() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return UNDER(f)->pMethods->xFileSize(UNDER(f), size);
}

static int x_lock(sqlite3_file *f, int kind)
{
    return UNDER(f)->pMethods->xLock(UNDER(f), kind);
}

static int x_unlock(sqlite3_file *f, int kind)
{
    return UNDER(f)->pMethods->xUnlock(UNDER(f), kind);
}

static int x_reserved(sqlite3_file *f, int *out)
{
    return UNDER(f)->pMethods->xCheckReservedLock(UNDER(f), out);
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
    return UNDER(f)->pMethods->xFileControl(UNDER(f), op, arg);
}

static int x_sector(sqlite3_file *f)
{
    return UNDER(f)->pMethods->xSectorSize(UNDER(f));
}

static int x_device(sqlite3_file *f)
{
    return UNDER(f)->pMethods->xDeviceCharacteristics(UNDER(f));
}

static int x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
    return UNDER(f)->pMethods->xShmMap(UNDER(f), page, size, extend, p);
}

static int x_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return UNDER(f)->pMethods->xShmLock(UNDER(f), at, n, flags);
}

static void x_shm_barrier(sqlite3_file *f)
{
    UNDER(f)->pMethods->xShmBarrier(UNDER(f));
}

static int x_shm_unmap(sqlite3_file *f, int remove_it)
{
    return UNDER(f)->pMethods->xShmUnmap(UNDER(f), remove_it);
}

static const sqlite3_io_methods methods = {
    2,          x_close,       x_read,      x_write,   x_truncate, x_sync,   x_size,
    x_lock,     x_unlock,      x_reserved,  x_control, x_sector,   x_device, x_shm_map,
    x_shm_lock, x_shm_barrier, x_shm_unmap, NULL,      NULL};

static sqlite3_vfs *real_vfs, vfs;

static int x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    UNDER(f) = (sqlite3_file *)((struct layer *)f + 1);
    f->pMethods = NULL;
    int rc = real_vfs->xOpen(real_vfs, name, UNDER(f), flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &methods;
    return rc;
}

static void layer_on(void)
{
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "faults";
    vfs.szOsFile = real_vfs->szOsFile + (int)sizeof(struct layer);
    vfs.xOpen = x_open;
    sqlite3_vfs_register(&vfs, 1);
}

/* ---- a run of many turns ---- */

#define TURNS  12
#define PEOPLE 40

/* Shared with the child that dies: what was said to be durable. */
struct said {
    bool step, intent[TURNS], result[TURNS];
    int64_t id[TURNS];
};

static struct said *said;

static bool prepare(struct ob_ledger *l, int64_t *run)
{
    struct ob_step_row s = {.path = "1", .target = "meeting", .action = "disable"};
    struct ob_person_row people[PEOPLE] = {0};
    for (int i = 0; i < PEOPLE; i++)
        people[i].index = i;
    if (ob_ledger_begin(l, &err) != OB_OK)
        return false;
    if (ob_ledger_run_new(l, "", 1, run, &err) != OB_OK ||
        ob_ledger_step_put(l, *run, &s, people, PEOPLE, &err) != OB_OK) {
        ob_ledger_rollback(l);
        return false;
    }
    return said->step = ob_ledger_commit(l, &err) == OB_OK;
}

static enum ob_status settle(struct ob_ledger *l, int64_t run, int i)
{
    struct ob_call_row c = {
        .id = said->id[i], .run = run, .done_ms = 9, .http_status = 200, .result = "accepted"};
    enum ob_status st = ob_ledger_result(l, &c, &err);
    for (int64_t k = 0; st == OB_OK && k < 3; k++)
        st = ob_ledger_person_set(l, run, "1", i * 3 + k, OB_P_SUCCEEDED, "", 1, &err);
    return st;
}

/* The result of the turn before goes with the intent of this one, as the engine does it. */
static void turn(struct ob_ledger *l, int64_t run, int i)
{
    int64_t id = 0;
    bool settles = i > 0 && said->intent[i - 1];
    if (ob_ledger_begin(l, &err) != OB_OK)
        return;
    enum ob_status st = settles ? settle(l, run, i - 1) : OB_OK;
    if (st == OB_OK)
        st = act(l, run, i * 3, 3, &id);
    if (st == OB_OK)
        st = ob_ledger_commit(l, &err);
    else
        ob_ledger_rollback(l);
    if (st != OB_OK)
        return;
    said->intent[i] = true;
    said->id[i] = id;
    if (i > 0)
        said->result[i - 1] = settles;
}

static void whole_run(const char *path)
{
    struct ob_ledger *l;
    int64_t run;
    if (ob_ledger_open(&l, path, &err) != OB_OK)
        return;
    if (prepare(l, &run))
        for (int i = 0; i < TURNS; i++)
            turn(l, run, i);
    ob_ledger_close(l);
}

/* ---- what is there afterwards ---- */

struct found {
    bool intent[TURNS], result[TURNS];
    size_t calls;
};

static bool find_call(void *ctx, const struct ob_call_row *c)
{
    struct found *f = ctx;
    int64_t turn_of = c->people[0] / 3;
    assert_int_equal(c->people_count, 3);
    assert_true(turn_of < TURNS);
    assert_false(f->intent[turn_of]); /* no call is there twice */
    f->intent[turn_of] = true;
    f->result[turn_of] = c->done_ms != 0;
    f->calls++;
    return true;
}

static bool check_person(void *ctx, const struct ob_person_row *p)
{
    struct found *f = ctx;
    int64_t i = p->index / 3;
    enum ob_person_state want = OB_P_PENDING;
    if (i < TURNS && f->intent[i])
        want = f->result[i] ? OB_P_SUCCEEDED : OB_P_SENT;
    assert_int_equal(p->state, want); /* people and calls of a turn come together */
    return true;
}

static void check(const char *path)
{
    struct found f = {0};
    struct ob_ledger *l = open_at(path);
    OK(ob_ledger_call_each(l, 1, NULL, find_call, &f, &err));
    OK(ob_ledger_person_each(l, 1, "1", check_person, &f, &err));
    for (int i = 0; i < TURNS; i++) {
        assert_true(f.intent[i] || !said->intent[i]);
        assert_true(f.result[i] || !said->result[i]);
    }
    if (said->step)
        assert_int_equal(people_of(l, 1).rows, PEOPLE);
    OK(ob_ledger_learned_put(l, "t", "w", "v", &err));
    ob_ledger_close(l);
}

/* The key stays: to make and sync one for each point would be most of the time. */
static void remove_ledger(const char *path)
{
    static const char *const files[] = {"", "-wal", "-shm", "-lock", ".head"};
    char name[160];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s%s", path, files[i]);
        unlink(name);
    }
}

static void one_fault(struct place *p)
{
    memset(said, 0, sizeof *said);
    err.message[0] = '\0';
    pid_t child = 0;
    if (faults.deadly && (child = fork()) > 0)
        waitpid(child, NULL, 0);
    if (child == 0) {
        whole_run(p->path);
        if (faults.deadly)
            _exit(0);
    }
    struct faults then = faults;
    faults = (struct faults){0};
    check(p->path);
    faults = then;
    remove_ledger(p->path);
}

static long sweep(struct place *p, int rc, bool lasting, bool deadly)
{
    long n = 0, operations;
    layer_on();
    faults = (struct faults){0};
    one_fault(p);
    operations = faults.seen;
    for (int i = 0; i < TURNS; i++)
        assert_true(said->intent[i]);
    for (n = 1; n <= operations; n++) {
        faults = (struct faults){.at = n, .rc = rc, .lasting = lasting, .deadly = deadly};
        one_fault(p);
        if (!deadly && err.message[0] && !strstr(err.message, "disk full") &&
            !strstr(err.message, "cannot read or write"))
            fail_msg("fault %ld: %s", n, err.message);
    }
    return operations;
}

static void every_write(void **state)
{
    long n = sweep(*state, SQLITE_IOERR, false, false);
    print_message("[  POINTS  ] %ld\n", n);
    assert_true(n > 50);
}

static void every_write_lasting(void **state)
{
    sweep(*state, SQLITE_IOERR, true, false);
}

static void disk_full(void **state)
{
    sweep(*state, SQLITE_FULL, false, false);
    sweep(*state, SQLITE_FULL, true, false);
}

static void death(void **state)
{
    sweep(*state, SQLITE_IOERR, false, true);
}

static int share(void **state)
{
    FILE *f = tmpfile();
    if (!f || ftruncate(fileno(f), sizeof *said) != 0)
        return -1;
    said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
    fclose(f);
    return said == MAP_FAILED ? -1 : 0;
}

static int share_end(void **state)
{
    return munmap(said, sizeof *said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(every_write),
        IN_PLACE(every_write_lasting),
        IN_PLACE(disk_full),
        IN_PLACE(death),
    };
    return cmocka_run_group_tests_name("ledger faults", tests, share, share_end);
}
