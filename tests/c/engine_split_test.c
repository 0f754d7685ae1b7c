/* The splitter by itself (src/engine/isolate.h), against clouds that keep to their contract and
 * clouds that do not: everybody leaves it exactly once, nobody who was accepted is sent again, a
 * culprit stands alone, and what it costs stays below what its head promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/random.h"
#include "engine/isolate.h"

#define MOST 10000

enum end { OPEN, ACCEPTED, CULPRIT, DOUBT, DRAINED };
enum hints { NO_NAMES, ALL_CULPRITS, INNOCENT, ONE_CULPRIT, EVERYBODY, HINTS };

struct cloud {
    size_t n, cap, side; /* side by side */
    bool bad[MOST], alone[MOST], listed[MOST];
    enum end end[MOST];
    size_t *group;
    enum hints hints;
    size_t silent_after;                 /* calls; 0: never */
    size_t doubt, drain, whim, together; /* one in so many answers; 0: never */
    struct ob_random *rnd;
    struct ob_splitter *s;
    struct ob_family *out[16];
    size_t outs;
    /* counted */
    size_t calls, accepted_whole, culprits, largest;
};

static bool one_in(struct cloud *c, size_t n)
{
    return n && ob_random_below(c->rnd, n) == 0;
}

static void leave(struct cloud *c, const size_t *people, size_t n, enum end end)
{
    for (size_t i = 0; i < n; i++) {
        if (c->end[people[i]] != OPEN)
            fail_msg("%zu ended as %d and is sent again", people[i], c->end[people[i]]);
        c->end[people[i]] = end;
    }
}

static void check_call(struct cloud *c, const struct ob_family *f)
{
    assert_in_range(f->sent, 1, c->cap);
    for (size_t i = 0; i < f->sent; i++) {
        assert_int_equal(c->end[f->bad[i]], OPEN);
        assert_true(f->sent == 1 || !c->alone[f->bad[i]]);
        assert_true(!c->group || c->group[f->bad[i]] == c->group[f->bad[0]]);
        assert_false(c->listed[f->bad[i]]); /* in two calls at once */
        c->listed[f->bad[i]] = true;
    }
    c->largest = f->sent > c->largest ? f->sent : c->largest;
    c->calls++;
}

static bool holds_culprit(const struct cloud *c, const struct ob_family *f)
{
    for (size_t i = 0; i < f->sent; i++)
        if (c->bad[f->bad[i]])
            return true;
    return false;
}

static void name_some(struct cloud *c, const struct ob_family *f)
{
    for (size_t i = 0; i < f->sent; i++) {
        bool bad = c->bad[f->bad[i]];
        bool named = c->hints == EVERYBODY || (c->hints == INNOCENT ? !bad && one_in(c, 3) : bad);
        if (c->hints == NO_NAMES || !named || (c->silent_after && c->calls > c->silent_after))
            continue;
        ob_splitter_name(c->s, f->bad[i]);
        if (c->hints == ONE_CULPRIT)
            return;
    }
}

static void answer(struct cloud *c, struct ob_family *f)
{
    size_t n = f->sent;
    size_t *people = ob_xcalloc(n, sizeof *people);
    bool refused = holds_culprit(c, f), whim = one_in(c, c->whim), known = f->known;
    memcpy(people, f->bad, n * sizeof *people);
    for (size_t i = 0; i < n; i++)
        c->listed[people[i]] = false;
    if (whim)
        refused = !refused;
    if (one_in(c, c->doubt)) {
        leave(c, people, n, DOUBT);
        ob_splitter_feed(c->s, f, OB_VERDICT_OTHER);
    } else if (refused && n > 1 && one_in(c, c->together)) {
        leave(c, people, n, DOUBT);
        ob_splitter_feed(c->s, f, OB_VERDICT_TOGETHER);
    } else if (refused) {
        name_some(c, f);
        bool culprit = ob_splitter_feed(c->s, f, OB_VERDICT_REFUSED);
        assert_int_equal(culprit, n == 1);
        c->culprits += culprit;
        if (culprit)
            leave(c, people, n, CULPRIT);
    } else {
        assert_false(ob_splitter_feed(c->s, f, OB_VERDICT_ACCEPTED));
        leave(c, people, n, ACCEPTED);
        c->accepted_whole += !known;
    }
    if (one_in(c, c->drain))
        ob_splitter_clear(c->s);
    free(people);
}

/* Answers come in any order. */
static void work_off(struct cloud *c)
{
    while (true) {
        struct ob_family *f;
        while (c->outs < c->side && (f = ob_splitter_next(c->s))) {
            check_call(c, f);
            c->out[c->outs++] = f;
        }
        if (!c->outs)
            return;
        assert_true(c->calls < 100000);
        size_t k = (size_t)ob_random_below(c->rnd, c->outs);
        f = c->out[k];
        c->out[k] = c->out[--c->outs];
        answer(c, f);
    }
}

static void check_ends(const struct cloud *c)
{
    for (size_t i = 0; i < c->n; i++) {
        bool honest = !c->whim;
        if ((c->end[i] == OPEN && !c->drain) || (honest && c->end[i] == ACCEPTED && c->bad[i]) ||
            (honest && c->end[i] == CULPRIT && !c->bad[i]))
            fail_msg("%zu of %zu: bad %d, ended as %d", i, c->n, c->bad[i], c->end[i]);
    }
    assert_int_equal(c->s->count, 0);
    assert_int_equal(c->s->family_count, 0);
}

static void isolate(struct cloud *c)
{
    c->s = ob_splitter_new(c->n, c->cap, c->group, 0, 0);
    for (size_t i = 0; i < c->n; i++)
        ob_splitter_add(c->s, i, c->alone[i]);
    work_off(c);
    check_ends(c);
    ob_splitter_free(c->s);
}

/* From the head of isolate.h: the calls of one culprit. */
static size_t for_one(size_t cap)
{
    return 3 + (size_t)(log((double)cap) / log(4.0 / 3));
}

static struct cloud *cloud_new(size_t n, size_t cap, struct ob_random *rnd)
{
    struct cloud *c = ob_xcalloc(1, sizeof *c);
    c->n = n;
    c->cap = cap;
    c->side = 1 + (size_t)ob_random_below(rnd, 6);
    c->rnd = rnd;
    return c;
}

static void poison(struct cloud *c, size_t share)
{
    for (size_t i = 0; i < c->n; i++)
        c->bad[i] = ob_random_below(c->rnd, share) == 0;
}

static void exactly_the_culprits_are_found(void **state)
{
    struct ob_random rnd;
    ob_random_seed(&rnd, 11);
    for (size_t n = 1; n <= 64; n++)
        for (int round = 0; round < 100; round++) {
            struct cloud *c = cloud_new(n, 1 + (size_t)ob_random_below(&rnd, 64), &rnd);
            c->hints = (enum hints)(round % HINTS);
            poison(c, 1 + (size_t)ob_random_below(&rnd, n));
            isolate(c);
            size_t more = c->calls - c->accepted_whole;
            if (c->hints == NO_NAMES && more > c->culprits * for_one(c->cap))
                fail_msg("%zu calls for %zu of %zu", more, c->culprits, n);
            assert_true(c->calls <= 2 * n + c->culprits * for_one(c->cap));
            free(c);
        }
}

/* Doubt, calls that change hands, whims of a cloud that keeps to nothing, people who go alone,
 * groups, and a splitter that is emptied half-way. */
static void nobody_is_lost_and_nobody_sent_twice(void **state)
{
    struct ob_random rnd;
    ob_random_seed(&rnd, 12);
    for (int round = 0; round < 6000; round++) {
        size_t n = 1 + (size_t)ob_random_below(&rnd, 120), group[120];
        struct cloud *c = cloud_new(n, 1 + (size_t)ob_random_below(&rnd, 40), &rnd);
        c->hints = (enum hints)ob_random_below(&rnd, HINTS);
        c->doubt = round % 2 ? 0 : 2 + (size_t)ob_random_below(&rnd, 6);
        c->drain = round % 3 ? 0 : 9;
        c->whim = round % 4 ? 0 : 2 + (size_t)ob_random_below(&rnd, 5);
        c->together = round % 5 ? 0 : 2;
        poison(c, 2 + (size_t)ob_random_below(&rnd, 8));
        for (size_t i = 0; i < n; i++) {
            c->alone[i] = round % 7 == 0 && one_in(c, 6);
            group[i] = i / 13;
        }
        c->group = round % 6 ? NULL : group;
        isolate(c);
        free(c);
    }
}

/* ---- what it costs ---- */

struct cost {
    size_t cap, culprits;
    double most; /* calls on average */
};

static void place(struct cloud *c, size_t culprits)
{
    while (culprits) {
        bool *b = &c->bad[ob_random_below(c->rnd, c->n)];
        culprits -= !*b;
        *b = true;
    }
}

/* Beside log2 C(10000, k) = 0, 14, 112, 205, 804, 4684, and the calls that 10,000 people need. */
static void the_calls_for_ten_thousand(void **state)
{
    static const struct cost costs[] = {
        {100, 0, 100},   {100, 1, 110},     {100, 10, 184},  {100, 20, 264},
        {100, 100, 880}, {100, 1000, 5150}, {500, 0, 20},    {500, 1, 35},
        {500, 10, 132},  {500, 20, 232},    {500, 100, 890}, {500, 1000, 5160},
    };
    struct ob_random rnd;
    ob_random_seed(&rnd, 13);
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        double sum = 0;
        for (int seed = 0; seed < 6; seed++) {
            struct cloud *c = cloud_new(MOST, costs[i].cap, &rnd);
            c->side = 1 + (size_t)seed % 4;
            place(c, costs[i].culprits);
            isolate(c);
            sum += (double)c->calls;
            free(c);
        }
        if (sum / 6 > costs[i].most)
            fail_msg("chunks of %zu, %zu culprits: %.1f calls", costs[i].cap, costs[i].culprits,
                     sum / 6);
    }
}

/* Names that are right make a culprit cost two calls; names that are wrong cost next to nothing. */
static void what_names_are_worth(void **state)
{
    static const struct {
        enum hints hints;
        double most;
    } cases[] = {{NO_NAMES, 880},
                 {ALL_CULPRITS, 320},
                 {ONE_CULPRIT, 320},
                 {INNOCENT, 890},
                 {EVERYBODY, 880}};
    for (size_t i = 0; i < 5; i++) {
        struct ob_random rnd;
        ob_random_seed(&rnd, 14);
        struct cloud *c = cloud_new(MOST, 100, &rnd);
        c->hints = cases[i].hints;
        place(c, 100);
        isolate(c);
        if ((double)c->calls > cases[i].most)
            fail_msg("names %d: %zu calls", (int)cases[i].hints, c->calls);
        free(c);
    }
}

/* A cloud that names culprits right for a while, and then nobody. */
static void names_that_cease(void **state)
{
    struct ob_random rnd;
    ob_random_seed(&rnd, 17);
    struct cloud *c = cloud_new(MOST, 100, &rnd);
    c->hints = ALL_CULPRITS;
    c->silent_after = 200;
    place(c, 1000);
    isolate(c);
    assert_true(c->calls < 5250);
    free(c);
}

/* A hundred culprits in a row, and nobody else: calls become small for them, and large again. */
static void sizes_follow_the_people(void **state)
{
    struct ob_random rnd;
    ob_random_seed(&rnd, 15);
    for (size_t at = 0; at < MOST; at += 3300) {
        struct cloud *c = cloud_new(MOST, 100, &rnd);
        memset(c->bad + at, 1, 100);
        isolate(c);
        if (c->calls > 500)
            fail_msg("a block of culprits at %zu: %zu calls", at, c->calls);
        free(c);
    }
}

static size_t learned_run(double culprits, double among, size_t bad)
{
    struct ob_random rnd;
    ob_random_seed(&rnd, 16);
    struct cloud *c = cloud_new(MOST, 100, &rnd);
    c->side = 1;
    c->s = ob_splitter_new(MOST, 100, NULL, culprits, among);
    for (size_t i = 0; i < MOST; i++)
        ob_splitter_add(c->s, i, false);
    place(c, bad);
    work_off(c);
    check_ends(c);
    size_t calls = c->calls;
    ob_splitter_free(c->s);
    free(c);
    return calls;
}

/* What was learned helps where all is as it was, and does little harm where it is not. */
static void what_was_learned(void **state)
{
    assert_true(learned_run(1000, 10000, 1000) <= learned_run(0, 0, 1000));
    assert_true(learned_run(0, 10000, 0) == 100);
    assert_true(learned_run(1000, 10000, 0) <= 112);
    assert_true(learned_run(10000, 10000, 0) <= 130);
    assert_true(learned_run(0, 1e9, 1000) <= learned_run(0, 0, 1000) + 60);
}

/* ---- sizes ---- */

static double chance_of(double p, size_t n)
{
    return 1 - pow(1 - p, (double)n);
}

/* Where the cap does not bind, a group is refused about every second time. */
static void groups_are_refused_every_second_time(void **state)
{
    for (double p = 0.002; p < 0.2; p *= 1.3) {
        struct ob_sizes z;
        ob_sizes_init(&z, 500, 0, 0);
        double chance = chance_of(p, ob_sizes_group(&z, p));
        if (chance < 0.34 || chance > 0.62)
            fail_msg("share %g: groups of %zu, refused with %.2f", p, ob_sizes_group(&z, p),
                     chance);
        for (size_t m = 2; m <= 500; m++) {
            assert_in_range(ob_sizes_front(&z, p, m), (m + 3) / 4, (m + 1) / 2);
            assert_true(ob_sizes_front(&z, p, m) < m);
        }
        ob_sizes_fini(&z);
    }
}

/* Where a refused group is not split, Dorfman's size: about 1 / sqrt(p). */
static void groups_that_are_not_split_are_smaller(void **state)
{
    static const double shares[] = {0.0005, 0.001, 0.01, 0.05};
    for (size_t i = 0; i < 4; i++) {
        struct ob_sizes z;
        ob_sizes_init(&z, 500, 0, 0);
        z.together = true;
        double root = 1 / sqrt(shares[i]), g = (double)ob_sizes_group(&z, shares[i]);
        assert_true(g > root * 0.8 && g < root * 1.4);
        ob_sizes_fini(&z);
    }
}

static void the_first_calls_are_full(void **state)
{
    static const size_t caps[] = {1, 2, 20, 100, 500, 513, 5000, 100000};
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        struct ob_sizes z;
        ob_sizes_init(&z, caps[i], 0, 0);
        assert_int_equal(ob_sizes_group(&z, ob_sizes_share(&z, 0, 0)), caps[i]);
        ob_sizes_accepted(&z, 1000000);
        assert_int_equal(ob_sizes_group(&z, ob_sizes_share(&z, 0, 0)), caps[i]);
        for (int k = 0; k < 10000; k++)
            ob_sizes_culprit(&z, 1);
        assert_int_equal(ob_sizes_group(&z, ob_sizes_share(&z, 0, 0)), 1);
        ob_sizes_fini(&z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_culprits_are_found),
        cmocka_unit_test(nobody_is_lost_and_nobody_sent_twice),
        cmocka_unit_test(the_calls_for_ten_thousand),
        cmocka_unit_test(what_names_are_worth),
        cmocka_unit_test(names_that_cease),
        cmocka_unit_test(sizes_follow_the_people),
        cmocka_unit_test(what_was_learned),
        cmocka_unit_test(groups_are_refused_every_second_time),
        cmocka_unit_test(groups_that_are_not_split_are_smaller),
        cmocka_unit_test(the_first_calls_are_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
