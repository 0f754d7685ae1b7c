/* The engine and its ledger on a real file: no call leaves before its intent is there for another
 * process to see, nothing leaves once a write has failed, and nobody else is locked out for long.
 * Below SQLite lies a thin VFS that fails where it is told to. */
#include "engine_help.h"
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the layer that fails ---- */

static struct methods { /* of each kind of file; all of them write and sync the same way */
    const sqlite3_io_methods *under;
    sqlite3_io_methods failing;
} methods[4];
static sqlite3_vfs layer, *below;
static long writes, fail_at; /* fail_at 0: never; else that one and all after it */

static bool strike(void)
{
    writes++;
    return fail_at && writes >= fail_at;
}

static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return strike() ? SQLITE_FULL : methods[0].under->xWrite(f, p, n, at);
}

static int x_sync(sqlite3_file *f, int flags)
{
    return strike() ? SQLITE_IOERR_FSYNC : methods[0].under->xSync(f, flags);
}

static int x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc = below->xOpen(below, name, f, flags, out);
    if (rc != SQLITE_OK || !f->pMethods)
        return rc;
    struct methods *m = methods;
    while (m->under && m->under != f->pMethods)
        m++;
    if (!m->under) {
        m->under = f->pMethods;
        m->failing = *f->pMethods;
        m->failing.xWrite = x_write;
        m->failing.xSync = x_sync;
    }
    f->pMethods = &m->failing;
    return rc;
}

static int set_up(void **state)
{
    below = sqlite3_vfs_find(NULL);
    layer = *below;
    layer.zName = "failing";
    layer.xOpen = x_open;
    return sqlite3_vfs_register(&layer, 1);
}

struct place {
    char root[32], path[64];
};

static void place_make(struct place *p)
{
    strcpy(p->root, "/tmp/ob-engine-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    snprintf(p->path, sizeof p->path, "%s/ledger.db", p->root);
    fail_at = writes = 0;
}

static void place_remove(struct place *p)
{
    char command[100];
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(command, sizeof command, "%s%s", p->path, ends[i]);
        unlink(command);
    }
    rmdir(p->root);
}

static void rig_at(struct rig *g, const struct place *p, size_t people, uint64_t seed)
{
    rig_init(g, people + 10, 0, people, seed);
    ob_ledger_close(g->ledger);
    rig_ledger(g, p->path);
}

/* ---- an intent is there before its call ---- */

struct witness {
    sqlite3 *db; /* another process, as it were */
    sqlite3_stmt *find;
    size_t seen;
};

static void look_for_intent(struct world *w, const struct ob_request *r, const struct exchange *x)
{
    struct witness *v = w->ctx;
    size_t people = ob_list_count(ob_map_get(&x->args, "ids"));
    if (!is_act(x->op))
        return;
    sqlite3_reset(v->find);
    sqlite3_bind_text(v->find, 1, ob_fields_get(&r->headers, "X-Request-Id"), -1, SQLITE_TRANSIENT);
    if (sqlite3_step(v->find) != SQLITE_ROW)
        fail_msg("%s left without an intent", x->op);
    assert_int_equal(sqlite3_column_int(v->find, 0), people);
    assert_int_equal(sqlite3_column_int(v->find, 1), 0);
    sqlite3_reset(v->find);
    v->seen++;
}

static void an_intent_is_durable_before_its_call(void **state)
{
    struct place p;
    struct rig g;
    struct witness v = {0};
    place_make(&p);
    rig_at(&g, &p, 60, 1);
    assert_int_equal(sqlite3_open(p.path, &v.db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(v.db,
                                        "SELECT people_count, done_ms FROM call"
                                        " WHERE request_id = ?",
                                        -1, &v.find, NULL),
                     SQLITE_OK);
    g.chunk = 5;
    g.w.on_send = look_for_intent;
    g.w.ctx = &v;
    for (size_t i = 3; i < 60; i += 17)
        g.w.beings[i].poison = true;
    rig_run(&g);
    assert_int_equal(how_many(g.op, OB_P_SUCCEEDED), 56);
    assert_int_equal(v.seen, g.w.acts);
    sqlite3_finalize(v.find);
    sqlite3_close(v.db);
    rig_judge_ledger(&g);
    rig_fini(&g);
    place_remove(&p);
}

/* ---- the n-th write fails ---- */

static size_t sent_when_broken;

/* True when the run came to its end although the disk is full from write `at` on. */
static bool run_with_full_disk(struct rig *g, long at)
{
    struct ob_err err;
    writes = 0;
    fail_at = at;
    rig_engine(g);
    enum ob_status st = rig_propose(g, &err);
    while (st == OB_OK && !g->op->done) {
        sent_when_broken = g->w.sends;
        st = ob_engine_turn(g->e, 1000, &err);
        if (st != OB_OK && g->w.sends > sent_when_broken) /* readings of this very turn */
            sent_when_broken = g->w.sends;
    }
    if (st == OB_OK)
        st = ob_engine_flush(g->e, &err);
    for (int i = 0; i < 3 && st != OB_OK && g->op; i++) {
        assert_int_not_equal(ob_engine_turn(g->e, 1000, &err), OB_OK);
        assert_int_equal(g->w.sends, sent_when_broken);
    }
    fail_at = 0;
    return st == OB_OK;
}

/* At a send there is no broken ledger, and each act that left is in it. */
static void nothing_leaves_after_a_write_failed(void **state)
{
    long at = 1, last = 0;
    for (bool done = false; !done; at += at < 60 ? 1 : 7) {
        struct place p;
        struct rig g;
        place_make(&p);
        rig_at(&g, &p, 30, (uint64_t)at);
        g.chunk = 4;
        g.w.beings[9].poison = true;
        done = run_with_full_disk(&g, at);
        last = at;
        if (g.op)
            rig_judge(&g);
        if (!done) { /* there is room again: the run goes on */
            rig_drop(&g);
            rig_run(&g);
        }
        assert_int_equal(how_many(g.op, OB_P_SUCCEEDED), 29);
        assert_int_equal(how_many(g.op, OB_P_FAILED), 1);
        rig_judge(&g);
        rig_judge_ledger(&g);
        rig_fini(&g);
        place_remove(&p);
        assert_true(at < 2000);
    }
    assert_true(last > 60);
}

/* ---- others want the ledger too ---- */

static bool is_locked(const char *path)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    return rc == SQLITE_BUSY;
}

/* After ob_engine_step() and after the turn in which something ended the policy thinks, perhaps
 * for long; the ledger was locked all that time. */
static void the_ledger_is_free_while_a_policy_thinks(void **state)
{
    struct place p;
    struct rig g;
    struct ob_err err;
    struct ob_op *read;
    struct ob_value none = {0};
    place_make(&p);
    rig_at(&g, &p, 30, 1);
    rig_begin(&g);
    assert_false(is_locked(p.path));
    assert_int_equal(rig_finish(&g, g.op, &err), OB_OK);
    assert_false(is_locked(p.path));
    assert_int_equal(ob_engine_read(g.e, &g.w.target, "list", &none, &read, &err), OB_OK);
    while (!read->done)
        assert_int_equal(ob_engine_turn(g.e, 1000, &err), OB_OK);
    assert_false(is_locked(p.path));
    assert_int_equal(ob_list_count(&read->value), 10);
    ob_op_free(read);
    rig_fini(&g);
    place_remove(&p);
}

/* ---- raw requests ---- */

static struct ob_op *raw(struct rig *g, const char *method, const char *path, const char *action)
{
    struct ob_request r;
    struct ob_op *op;
    struct ob_err err;
    ob_request_init(&r, method, "/raw");
    r.rpc_action = action ? ob_xstrdup(action) : NULL;
    if (ob_engine_raw(g->e, &g->w.target, path, &r, &op, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_request_fini(&r);
    return op;
}

static const char *raw_code(struct rig *g, struct ob_op *op)
{
    static char code[40];
    struct ob_err err;
    struct ob_value v;
    const struct ob_value *at = &op->value;
    ob_value_init(&v);
    if (rig_finish(g, op, &err) != OB_OK)
        fail_msg("%s", err.message);
    if (op->err.status != OB_OK) {
        snprintf(code, sizeof code, "stopped");
    } else {
        if (at->type == OB_STR && ob_script_json(at->s.p, at->s.len, &v, &err) == OB_OK)
            at = &v;
        const char *c = ob_map_str(at, "code");
        snprintf(code, sizeof code, "%s", c ? c : "answered");
    }
    ob_value_fini(&v);
    ob_op_free(op);
    return code;
}

static void raw_rig(struct rig *g, const struct plan_entry *plan)
{
    rig_init(g, 10, 0, 0, 1);
    g->w.fault = by_plan;
    g->w.ctx = (void *)plan;
    rig_engine(g);
}

static void a_raw_request_is_sent_once(void **state)
{
    static const struct plan_entry plan[] = {{0}};
    struct rig g;
    raw_rig(&g, plan);
    assert_string_equal(raw_code(&g, raw(&g, "POST", "1", NULL)), "answered");
    assert_string_equal(raw_code(&g, raw(&g, "POST", "1", NULL)), "answered");
    assert_int_equal(g.w.sends, 1);
    rig_drop(&g);
    rig_engine(&g);
    assert_string_equal(raw_code(&g, raw(&g, "POST", "1", NULL)), "answered");
    assert_int_equal(g.w.sends, 1);
    rig_fini(&g);
}

static void a_raw_request_in_doubt_is_not_repeated(void **state)
{
    static const struct plan_entry plan[] = {{NULL, 1, 1, F_LOST_AFTER}, {0}};
    struct rig g;
    struct ob_err err;
    raw_rig(&g, plan);
    assert_string_equal(raw_code(&g, raw(&g, "POST", "1", NULL)), "in_doubt");
    rig_drop(&g);
    rig_engine(&g);
    assert_string_equal(raw_code(&g, raw(&g, "POST", "1", NULL)), "in_doubt");
    struct ob_op *op = raw(&g, "POST", "2", NULL); /* and one that a crash cut off */
    while (g.w.sends < 2)
        assert_int_equal(ob_engine_turn(g.e, 0, &err), OB_OK);
    ob_op_free(op);
    rig_drop(&g);
    rig_engine(&g);
    assert_string_equal(raw_code(&g, raw(&g, "POST", "2", NULL)), "in_doubt");
    assert_int_equal(g.w.sends, 2);
    rig_fini(&g);
}

/* One that never left because the run was stopped before was called in doubt ever after, and was
 * lost. */
static void a_raw_request_that_never_left_is_sent_by_resume(void **state)
{
    static const enum fault faults[] = {F_NONE, F_CREDENTIAL};
    for (size_t i = 0; i < 2; i++) {
        struct plan_entry plan[] = {{NULL, 1, 1, faults[i]}, {0}};
        struct rig g;
        raw_rig(&g, plan);
        struct ob_op *op = raw(&g, "POST", "1", NULL);
        if (!i)
            ob_engine_stop(g.e, OB_ERR_SIGINT);
        assert_string_equal(raw_code(&g, op), "stopped");
        assert_int_equal(g.w.sends, i); /* the second one was refused for its key */
        rig_drop(&g);
        rig_engine(&g);
        assert_string_equal(raw_code(&g, raw(&g, "POST", "1", NULL)), "answered");
        assert_int_equal(g.w.sends, i + 1);
        rig_fini(&g);
    }
}

/* A raw request that got no answer stopped its target and ended the policy, instead of answering
 * nil, message, code. */
static void a_raw_request_without_an_answer_is_the_policys_matter(void **state)
{
    static const struct {
        enum fault fault;
        const char *method, *code;
        size_t sends;
    } cases[] = {
        {F_CONNECT, "POST", "connect", 5},
        {F_CONNECT, "GET", "connect", 5},
        {F_LOST_AFTER, "GET", "timeout", 5},
        {F_LARGE_AFTER, "GET", "too_large", 1},
        {F_TLS, "GET", "tls", 1},
        {F_REDIRECT, "GET", "redirect", 1},
        {F_REDIRECT, "POST", "in_doubt", 1},
        {F_LARGE_AFTER, "POST", "in_doubt", 1},
        {F_CUT_AFTER, "GET", "cut", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plan_entry plan[] = {{NULL, 1, SIZE_MAX, cases[i].fault}, {0}};
        struct rig g;
        raw_rig(&g, plan);
        assert_string_equal(raw_code(&g, raw(&g, cases[i].method, "1", NULL)), cases[i].code);
        assert_int_equal(g.w.sends, cases[i].sends);
        g.w.fault = NULL;
        assert_string_equal(raw_code(&g, raw(&g, "GET", "2", NULL)), "answered");
        rig_fini(&g);
    }
}

/* All requests of an RPC gateway go to "/": their digest did not hold the action, so that a plan
 * with a harmless one allowed any other. */
static void the_digest_of_a_raw_request_holds_all_of_it(void **state)
{
    char all[6][65];
    struct ob_target t = {.name = (char *)"t"};
    for (int i = 0; i < 6; i++) {
        struct ob_request r;
        ob_request_init(&r, "POST", "/");
        if (i == 1 || i == 2)
            r.rpc_action = ob_xstrdup(i == 1 ? "DescribeUsers" : "RemoveUsers");
        if (i == 3)
            r.rpc_version = ob_xstrdup("2020");
        if (i == 4)
            ob_fields_set(&r.headers, "X-HTTP-Method-Override", "DELETE");
        if (i == 5)
            ob_buf_adds(&r.body, "x");
        ob_raw_digest(&t, &r, all[i]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(all[i], all[k]);
        ob_request_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intent_is_durable_before_its_call),
        cmocka_unit_test(nothing_leaves_after_a_write_failed),
        cmocka_unit_test(the_ledger_is_free_while_a_policy_thinks),
        cmocka_unit_test(a_raw_request_is_sent_once),
        cmocka_unit_test(a_raw_request_in_doubt_is_not_repeated),
        cmocka_unit_test(a_raw_request_that_never_left_is_sent_by_resume),
        cmocka_unit_test(a_raw_request_without_an_answer_is_the_policys_matter),
        cmocka_unit_test(the_digest_of_a_raw_request_holds_all_of_it),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
