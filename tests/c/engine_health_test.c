/* What is whole and what is not: sources against what is expected of them, directories against the
 * cloud's own count and against what they were, lookups against whom they were asked about. */
#include "engine/health.h"
#include "engine_help.h"

#define NOW 1795320000000 /* 2026-11-22T04:00:00Z */
#define DAY ((int64_t)86400000)

/* ---- sources ---- */

static const struct ob_source five = {.policy = "p.lua",
                                      .input = "leavers",
                                      .file = "l.csv",
                                      .rows = 5,
                                      .bytes = 50,
                                      .mtime_ms = NOW - DAY,
                                      .digest = "00ff"};

static void checked(struct ob_demands d, int64_t last_rows, const char *error)
{
    struct ob_good_read last = {.rows = last_rows, .at_ms = last_rows < 0 ? 0 : NOW - DAY};
    struct ob_err err = {0};
    enum ob_status st = ob_health_check(&five, &d, &last, NOW, &err);
    assert_int_equal(st, error ? OB_ERR_INPUT : OB_OK);
    if (error && !strstr(err.message, error))
        fail_msg("%s", err.message);
}

static void sources(void **state)
{
    struct ob_demands any;
    (void)state;
    ob_demands_init(&any);
    checked(any, 1000, NULL);
    checked((struct ob_demands){5, 5, DAY, 0}, 5, NULL);
    checked((struct ob_demands){6, -1, -1, -1}, -1, "at least 6");
    checked((struct ob_demands){0, 4, -1, -1}, -1, "at most 4");
    checked((struct ob_demands){-1, -1, DAY - 1, -1}, -1, "1.0 days ago");
    checked((struct ob_demands){-1, -1, 0, -1}, -1, "must not be older than 0 days");
    checked((struct ob_demands){-1, -1, -1, 0}, -1, NULL);
    checked((struct ob_demands){-1, -1, -1, 0}, 6, "l.csv: 5 rows where \"leavers\" had 6");
    checked((struct ob_demands){-1, -1, -1, 0.5}, 10, NULL); /* half is not more than half */
    checked((struct ob_demands){-1, -1, -1, 0.5}, 11, "55 % are gone, and at most 50 %");
    checked((struct ob_demands){-1, -1, -1, 0.1}, 5, NULL);
    checked((struct ob_demands){-1, -1, -1, 0.1}, 0, NULL); /* from nothing it can only grow */
}

/* 0.1 and 0.3 are not what they look like; one in ten is one in ten. */
static void shares_are_decimal(void **state)
{
    struct ob_err err;
    (void)state;
    for (int64_t tens = 1; tens <= 9; tens++) {
        struct ob_source s = five;
        struct ob_demands d = {-1, -1, -1, (double)tens / 10};
        struct ob_good_read last = {.rows = 1000, .at_ms = 1};
        s.rows = 1000 - tens * 100;
        assert_int_equal(ob_health_check(&s, &d, &last, NOW, &err), OB_OK);
        s.rows--;
        assert_int_equal(ob_health_check(&s, &d, &last, NOW, &err), OB_ERR_INPUT);
    }
}

static void what_is_remembered(void **state)
{
    struct ob_ledger *l;
    struct ob_good_read last;
    struct ob_err err;
    struct ob_source other = five, roster = five;
    (void)state;
    other.policy = "q.lua";
    roster.input = "roster";
    assert_int_equal(ob_ledger_open(&l, ":memory:", &err), OB_OK);
    assert_int_equal(ob_health_recall(l, &five, &last, &err), OB_OK);
    assert_int_equal(last.at_ms, 0);
    assert_int_equal(ob_health_remember(l, &five, NOW, &err), OB_OK);
    assert_int_equal(ob_health_recall(l, &five, &last, &err), OB_OK);
    assert_int_equal(last.rows, 5);
    assert_int_equal(last.bytes, 50);
    assert_int_equal(last.mtime_ms, NOW - DAY);
    assert_int_equal(last.at_ms, NOW);
    assert_string_equal(last.digest, "00ff");
    assert_int_equal(ob_health_recall(l, &other, &last, &err), OB_OK);
    assert_int_equal(last.at_ms, 0);
    assert_int_equal(ob_health_recall(l, &roster, &last, &err), OB_OK);
    assert_int_equal(last.at_ms, 0);
    ob_ledger_close(l);
}

/* ---- directories ---- */

static void populations(void **state)
{
    static const struct {
        int64_t count, largest, least;
        bool whole;
    } cases[] = {{100, -1, 0, true},   {0, 0, 0, true},     {100, 100, 0, true},
                 {50, 100, 0, true},   {49, 100, 0, false}, {0, 19, 0, true},
                 {9, 20, 0, false},    {10, 20, 0, true},   {200, 100, 0, true},
                 {49, 100, 49, true},  {1, 100, 1, true},   {48, 100, 49, false},
                 {90, 100, 91, false}, {5, -1, 6, false}};
    struct ob_err err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            ob_health_population("m", cases[i].count, cases[i].largest, cases[i].least, &err),
            cases[i].whole ? OB_OK : OB_ERR_INPUT);
    assert_int_equal(ob_health_population("meeting", 49, 100, 0, &err), OB_ERR_INPUT);
    assert_non_null(strstr(err.message, "49 people, and there were 100 within the last 30 days"));
    assert_non_null(strstr(err.message, "write people = 49 into its target of targets.lua"));
}

/* One reading while planning: without a ledger. */
static struct ob_op *read_it(struct world *w, const char *op, const struct ob_value *args,
                             struct ob_engine **e)
{
    struct ob_engine_options o = {.clock = &w->clock, .transport = w->transport, .seed = 7};
    struct ob_op *asked = NULL;
    struct ob_err err;
    *e = ob_engine_new(&o);
    assert_int_equal(ob_engine_read(*e, &w->target, op, args, &asked, &err), OB_OK);
    while (!asked->done)
        assert_int_equal(ob_engine_turn(*e, 1000, &err), OB_OK);
    return asked;
}

static void half_a_directory(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) {
        struct world w;
        struct ob_engine *e;
        struct ob_value none = {0};
        world_init(&w, 300, 1);
        w.list_odd = how == 1 ? 300 : how == 2 ? -1 : 0;
        w.list_loop = how == 3 ? 1 : 0;
        w.list_grows = how == 4;
        w.info.list_total = true;
        struct ob_op *op = read_it(&w, "list", &none, &e);
        assert_int_equal(op->err.status, how ? OB_ERR_INPUT : OB_OK);
        if (how)
            assert_non_null(strstr(op->err.message, "the directory could not be read completely"));
        else
            assert_int_equal(ob_list_count(&op->value), 300);
        ob_op_free(op);
        ob_engine_free(e);
        world_fini(&w);
    }
}

/* An answer that leaves people out says nothing of them: they are not absent. */
static void half_a_lookup(void **state)
{
    (void)state;
    for (int forgetful = 0; forgetful < 2; forgetful++) {
        struct world w;
        struct ob_engine *e;
        struct ob_value args = {0};
        world_init(&w, 20, 1);
        w.forgetful = forgetful;
        w.info.lookup_max = 10;
        w.info.list_page = 0;
        ob_value_set_map(&args);
        struct ob_value *ids = ob_map_put(&args, "ids");
        ob_value_set_list(ids);
        for (int i = 0; i < 40; i++) /* each twice: that is one question */
            ob_list_push_str(ids, w.beings[i % 20].id);
        struct ob_op *op = read_it(&w, "lookup", &args, &e);
        if (forgetful) {
            assert_int_equal(op->err.status, OB_ERR_INPUT);
            assert_non_null(strstr(op->err.message, "of 20 people that were asked about"));
        } else {
            assert_int_equal(op->err.status, OB_OK);
            assert_int_equal(ob_list_count(&op->value), 20);
        }
        ob_op_free(op);
        ob_engine_free(e);
        ob_value_fini(&args);
        world_fini(&w);
    }
}

/* A list that does not say who is an administrator: who does is asked. */
static void a_list_without_ranks(void **state)
{
    (void)state;
    for (int ranks = 0; ranks < 2; ranks++) {
        struct world w;
        struct ob_engine *e;
        struct ob_value args = {0};
        world_init(&w, 20, 1);
        w.info.lookup_max = 1;
        w.info.lookup_ranks = ranks;
        ob_value_set_map(&args);
        struct ob_value *ids = ob_map_put(&args, "ids");
        ob_value_set_list(ids);
        for (int i = 0; i < 20; i++)
            ob_list_push_str(ids, w.beings[i].id);
        struct ob_op *op = read_it(&w, "lookup", &args, &e);
        assert_int_equal(op->err.status, OB_OK);
        assert_int_equal(ob_list_count(&op->value), 20);
        assert_true(w.lists > 0);
        assert_int_equal(w.lookups, ranks ? 20 : 0);
        ob_op_free(op);
        ob_engine_free(e);
        ob_value_fini(&args);
        world_fini(&w);
    }
}

/* ---- what the ledger testifies ---- */

struct sights {
    int64_t at[8];
    size_t n;
};

static bool take_sight(void *ctx, int64_t at_ms)
{
    struct sights *s = ctx;
    s->at[s->n++] = at_ms;
    return true;
}

static void sightings(void **state)
{
    static const struct ob_sighting_row rows[] = {{"E1", "m", "delete", "p1", 3},
                                                  {"E1", "m", "disable", "p2", 1},
                                                  {"E1", "d", "lock", "p2", 2},
                                                  {"E2", "m", "delete", "p2", 4}};
    struct ob_ledger *l;
    struct ob_err err;
    struct sights s = {0};
    (void)state;
    assert_int_equal(ob_ledger_open(&l, ":memory:", &err), OB_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(ob_ledger_sighting_put(l, &rows[i], &err), OB_OK);
    assert_int_equal(ob_ledger_sighting_each(l, "E1", "m", take_sight, &s, &err), OB_OK);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.at[0], 1);
    assert_int_equal(s.at[1], 3);
    assert_int_equal(ob_ledger_sighting_each(l, "E3", "m", take_sight, &s, &err), OB_OK);
    assert_int_equal(s.n, 2);
    ob_ledger_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources),
        cmocka_unit_test(shares_are_decimal),
        cmocka_unit_test(what_is_remembered),
        cmocka_unit_test(populations),
        cmocka_unit_test(half_a_directory),
        cmocka_unit_test(half_a_lookup),
        cmocka_unit_test(a_list_without_ranks),
        cmocka_unit_test(sightings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
