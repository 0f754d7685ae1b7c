/* bench_split [SEEDS]: how many calls the splitter (src/engine/isolate.h) needs to prove every
 * culprit among 10,000 alone, in a cloud that refuses a call as a whole when one of it is a
 * culprit; beside what no method can go below and what plain halving takes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/random.h"
#include "engine/isolate.h"

#define PEOPLE 10000

struct trial {
    bool bad[PEOPLE];
    size_t cap, parallel, proofs; /* calls that only proved what was known by exclusion */
    struct ob_family *out[64];
    size_t outs;
};

static void choose(struct trial *t, size_t culprits, struct ob_random *rnd)
{
    memset(t->bad, 0, sizeof t->bad);
    while (culprits) {
        bool *b = &t->bad[ob_random_below(rnd, PEOPLE)];
        culprits -= !*b;
        *b = true;
    }
}

static bool holds(const struct trial *t, const size_t *people, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (t->bad[people[i]])
            return true;
    return false;
}

static size_t ours(struct trial *t)
{
    struct ob_splitter *s = ob_splitter_new(PEOPLE, t->cap, NULL, 0, 0);
    size_t calls = 0;
    for (size_t i = 0; i < PEOPLE; i++)
        ob_splitter_add(s, i, false);
    t->outs = t->proofs = 0;
    for (;;) {
        struct ob_family *f = NULL;
        while (t->outs < t->parallel && (f = ob_splitter_next(s))) {
            t->out[t->outs++] = f;
            calls++;
        }
        if (!t->outs)
            break;
        f = t->out[0];
        memmove(t->out, t->out + 1, --t->outs * sizeof f);
        t->proofs += f->known && f->count == 1;
        ob_splitter_feed(s, f,
                         holds(t, f->bad, f->sent) ? OB_VERDICT_REFUSED : OB_VERDICT_ACCEPTED);
    }
    ob_splitter_free(s);
    return calls;
}

/* Sends the whole; when it is refused, sends each half. */
static size_t halving(const bool *bad, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || bad[i];
    if (count <= 1 || !any)
        return 1;
    return 1 + halving(bad, count / 2) + halving(bad + count / 2, count - count / 2);
}

static size_t halved(const struct trial *t)
{
    size_t calls = 0;
    for (size_t i = 0; i < PEOPLE; i += t->cap)
        calls += halving(t->bad + i, i + t->cap < PEOPLE ? t->cap : PEOPLE - i);
    return calls;
}

static double log2_choose(double n, double k)
{
    return (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / log(2);
}

static void row(size_t cap, size_t culprits, size_t parallel, size_t seeds)
{
    struct trial t = {.cap = cap, .parallel = parallel};
    double sum = 0, plain = 0, proofs = 0, bound = ceil(log2_choose(PEOPLE, (double)culprits));
    size_t least = SIZE_MAX, most = 0;
    struct ob_random rnd;
    ob_random_seed(&rnd, culprits * 1000003 + 1);
    for (size_t i = 0; i < seeds; i++) {
        choose(&t, culprits, &rnd);
        size_t calls = ours(&t);
        sum += (double)calls;
        proofs += (double)t.proofs;
        plain += (double)halved(&t);
        least = calls < least ? calls : least;
        most = calls > most ? calls : most;
    }
    double chunks = ceil((double)PEOPLE / (double)cap), floor = bound > chunks ? bound : chunks;
    double n = (double)seeds;
    printf("%5zu %4zu %4zu %8.1f %6zu %6zu %8.1f %7.0f %7.0f %8.3f %9.1f\n", cap, parallel,
           culprits, sum / n, least, most, (sum - proofs) / n, bound, floor, sum / n / floor,
           plain / n);
}

int main(int argc, char **argv)
{
    static const size_t caps[] = {20, 100, 500}, culprits[] = {0, 1, 10, 20, 100, 1000};
    size_t seeds = argc > 1 ? strtoul(argv[1], NULL, 10) : 50;
    printf("%5s %4s %4s %8s %6s %6s %8s %7s %7s %8s %9s\n", "chunk", "side", "bad", "calls",
           "least", "most", "to know", "log2", "bound", "ratio", "halving");
    for (size_t c = 0; c < 3; c++)
        for (size_t parallel = 1; parallel <= 4; parallel += 3)
            for (size_t k = 0; k < 6; k++)
                row(caps[c], culprits[k], parallel, seeds);
    return 0;
}
