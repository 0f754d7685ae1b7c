/* Random runs: people, sizes, contracts, faults, old states, stops and crashes from one seed; each
 * goes on with the same proposal until it is done, and then everything has to be true. For ten
 * seconds, or for OB_SEEDS seeds; OB_SEED=N runs that one alone. */
#include "engine_help.h"

struct trial {
    struct rig g;
    uint64_t seed;
    struct ob_random rnd;
    size_t trouble;     /* one call in so many goes wrong; 0: none */
    size_t quiet_after; /* calls */
    enum fault kinds[F_COUNT];
    size_t kind_count;
    int crashes;
};

static size_t pick(struct trial *t, size_t n)
{
    return (size_t)ob_random_below(&t->rnd, n);
}

static bool coin(struct trial *t, size_t one_in)
{
    return pick(t, one_in) == 0;
}

static enum fault trouble(struct world *w, const char *op, size_t nth)
{
    struct trial *t = w->ctx;
    if (!t->trouble || nth > t->quiet_after || !coin(t, t->trouble))
        return F_NONE;
    return t->kinds[pick(t, t->kind_count)];
}

static void choose_faults(struct trial *t)
{
    static const enum fault all[] = {
        F_CONNECT,        F_LOST_BEFORE, F_LOST_AFTER,    F_BROKEN_AFTER,
        F_CUT_AFTER,      F_LARGE_AFTER, F_500_AFTER,     F_500_BEFORE,
        F_NONSENSE_AFTER, F_THROTTLE,    F_THROTTLE_SAID, F_SAID_ONLY,
        F_REDIRECT,       F_TLS,         F_TOKEN,         F_CREDENTIAL,
        F_PERMISSION,
    };
    size_t mild = coin(t, 3) ? 17 : 13;
    t->kind_count = 1 + pick(t, 5);
    for (size_t i = 0; i < t->kind_count; i++)
        t->kinds[i] = all[pick(t, mild)];
    t->trouble = coin(t, 4) ? 0 : 2 + pick(t, 20);
    t->quiet_after = pick(t, 200);
}

static void choose_people(struct trial *t)
{
    struct world *w = &t->g.w;
    size_t poison = coin(t, 3) ? 0 : 2 + pick(t, 20), gone = coin(t, 2) ? 0 : 3 + pick(t, 9);
    size_t hidden = w->info.lookup_max && coin(t, 3) ? 2 + pick(t, 9) : 0;
    for (size_t i = 0; i < w->count; i++) {
        struct being *b = &w->beings[i];
        b->poison = poison && coin(t, poison);
        b->hidden = hidden && coin(t, hidden);
        if (gone && coin(t, gone))
            b->state = b->before = coin(t, 2) ? GONE : DISABLED;
    }
}

static void choose_cloud(struct trial *t)
{
    struct world *w = &t->g.w;
    w->contract = coin(t, 2) ? OB_PER_PERSON : OB_ALL_OR_NOTHING;
    w->later = w->contract == OB_PER_PERSON ? OB_ALL_OR_NOTHING : OB_PER_PERSON;
    w->change_after = coin(t, 3) ? 1 + pick(t, 10) : 0;
    w->hints = (int)pick(t, 4);
    w->suspect = coin(t, 4);
    if (coin(t, 4)) {
        w->actions[0].contract = w->actions[1].contract = OB_ONE_VERDICT;
        w->contract = w->later = OB_ALL_OR_NOTHING;
        w->half = coin(t, 2);
    }
    w->absent_bad = coin(t, 2);
    w->lies = coin(t, 5);
    w->lag = coin(t, 2) ? (int)pick(t, 2) : 0;
    w->latency = (int)pick(t, 200);
    w->retry_ms = 1 + (int64_t)pick(t, 5000);
    w->info.lookup_max = coin(t, 5) ? 0 : 1 + (int)pick(t, 20);
    w->info.list_page = w->info.lookup_max && coin(t, 3) ? 0 : 5 + (int)pick(t, 30);
    w->info.snapshot_max = w->info.lookup_max && coin(t, 3) ? 1 + (int)pick(t, 5) : 0;
    w->info.list_total = !coin(t, 4);
    w->target.parallel = 1 + (int)pick(t, 6);
    if (coin(t, 2))
        world_sessions(w, coin(t, 3) ? 300 : 3600000);
}

static void trial_init(struct trial *t, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    t->seed = seed;
    ob_random_seed(&t->rnd, seed * 2654435761u + 1);
    size_t n = 1 + pick(t, 60);
    rig_init(&t->g, n + pick(t, 30), 0, n, seed);
    if (t->g.w.count > n && coin(t, 2)) { /* some of those before are not in it either */
        for (size_t i = 0; i < n; i++)
            t->g.w.beings[i].planned = false;
        t->g.first = t->g.w.count - n;
        for (size_t i = 0; i < n; i++) {
            t->g.ids[i] = t->g.w.beings[t->g.first + i].id;
            t->g.w.beings[t->g.first + i].planned = true;
        }
    }
    choose_cloud(t);
    choose_people(t);
    choose_faults(t);
    t->g.w.fault = trouble;
    t->g.w.ctx = t;
    t->g.action = (int)pick(t, 2);
    t->g.chunk = (int)pick(t, 25);
    t->g.parallel = (int)pick(t, 4);
    if (coin(t, 4)) {
        ob_value_set_list(&t->g.ramp);
        ob_value_set_int(ob_list_push(&t->g.ramp), 1 + (int64_t)pick(t, 3));
        ob_list_push_str(&t->g.ramp, "20%");
    }
    t->crashes = (int)pick(t, 5);
}

/* One process: until the end, a crash or a stop. */
static void one_process(struct trial *t)
{
    struct rig *g = &t->g;
    struct ob_err err;
    bool dies = t->crashes-- > 0, stops = dies && coin(t, 3);
    size_t end = dies ? pick(t, 80) : SIZE_MAX;
    rig_begin(g);
    for (size_t turn = 0; !g->op->done; turn++) {
        if (turn > 200000)
            fail_msg("no end");
        if (turn == end && !stops)
            return;
        if (turn == end)
            ob_engine_stop(g->e, OB_ERR_SIGINT);
        if (ob_engine_turn(g->e, 1000, &err) != OB_OK)
            fail_msg("%s", err.message);
    }
    if (!dies || coin(t, 2)) {
        if (ob_engine_flush(g->e, &err) != OB_OK)
            fail_msg("%s", err.message);
    }
}

static bool settled(const struct trial *t)
{
    return t->g.op->done && t->g.op->err.status == OB_OK && how_many(t->g.op, OB_P_UNKNOWN) == 0 &&
           t->crashes < 0;
}

static size_t in_the_end(const struct trial *t)
{
    size_t n = 0;
    static const enum ob_person_state ends[] = {OB_P_SUCCEEDED, OB_P_FAILED, OB_P_SKIPPED};
    for (size_t i = 0; i < 3; i++)
        n += how_many(t->g.op, ends[i]);
    return n;
}

static void run(uint64_t seed)
{
    struct trial t;
    trial_init(&t, seed);
    int processes = 0;
    for (;;) {
        one_process(&t);
        rig_judge(&t.g);
        if (t.g.w.wrong[0] || settled(&t))
            break;
        if (++processes > 12)
            t.trouble = 0, t.g.w.lag = 0;
        if (processes > 20) {
            wrong(&t.g.w, "no end after %d processes: %zu unknown, %s", processes,
                  how_many(t.g.op, OB_P_UNKNOWN), t.g.op->err.message);
            break;
        }
        rig_drop(&t.g);
    }
    if (!t.g.w.wrong[0])
        rig_judge_ledger(&t.g);
    if (!t.g.w.wrong[0] && in_the_end(&t) != t.g.count)
        wrong(&t.g.w, "%zu of %zu have an outcome", in_the_end(&t), t.g.count);
    if (t.g.w.after_refusal)
        wrong(&t.g.w, "%zu calls after a refused credential", t.g.w.after_refusal);
    if (t.g.w.wrong[0])
        fail_msg("OB_SEED=%llu: %s", (unsigned long long)seed, t.g.w.wrong);
    rig_fini(&t.g);
}

static uint64_t number(const char *name, uint64_t dflt)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : dflt;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void random_runs(void **state)
{
    uint64_t one = number("OB_SEED", 0), seeds = number("OB_SEEDS", 0), from = 1;
    double begin = seconds();
    if (one)
        from = one, seeds = one;
    uint64_t seed = from;
    while (seeds ? seed <= seeds : seconds() - begin < 10)
        run(seed++);
    print_message("%llu random runs\n", (unsigned long long)(seed - from));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
