/* bench_split [SEEDS]: how many calls the splitter (src/engine/isolate.h) needs until every culprit
 * among 10,000 was refused alone, in a cloud that refuses a call as a whole when one of it is a
 * culprit.
 *
 *   calls    the mean over SEEDS (50) placements, one call at a time, with the least and the most
 *   to know  without those calls that only prove by itself who was known by exclusion
 *   by four  the mean with four calls side by side
 *   log2     log2 C(10000, bad): what the answers have to tell
 *   bound    that, or the chunks there are, whichever is more
 *   sharp    the same taken together: see sharp()
 *   ratio    calls / bound
 *   halving  the mean when each chunk that is refused is sent as two halves, and so on */
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

/* Everybody who is no culprit is in an accepted call, and no call holds more than `cap`: so many
 * calls there are at least. Sequences of t answers with so many accepted ones must tell apart all
 * that may be, so some of it takes no less than the t that is answered. */
static double sharp(size_t cap, size_t culprits)
{
    double all = log2_choose(PEOPLE, (double)culprits);
    double accepted = ceil((double)(PEOPLE - culprits) / (double)cap);
    for (double t = accepted;; t++) {
        double ways = 0;
        for (double r = 0; r <= t - accepted; r++)
            ways += exp2(log2_choose(t, r) - all);
        if (ways >= 1)
            return t;
    }
}

struct figures {
    double mean, known, plain;
    size_t least, most;
};

static struct figures measure(size_t cap, size_t culprits, size_t parallel, size_t seeds)
{
    struct trial t = {.cap = cap, .parallel = parallel};
    struct figures f = {.least = SIZE_MAX};
    struct ob_random rnd;
    ob_random_seed(&rnd, culprits * 1000003 + 1);
    for (size_t i = 0; i < seeds; i++) {
        choose(&t, culprits, &rnd);
        size_t calls = ours(&t);
        f.mean += (double)calls / (double)seeds;
        f.known += (double)(calls - t.proofs) / (double)seeds;
        f.plain += (double)halved(&t) / (double)seeds;
        f.least = calls < f.least ? calls : f.least;
        f.most = calls > f.most ? calls : f.most;
    }
    return f;
}

static void row(size_t cap, size_t culprits, size_t seeds)
{
    struct figures f = measure(cap, culprits, 1, seeds);
    struct figures four = measure(cap, culprits, 4, seeds);
    double bits = ceil(log2_choose(PEOPLE, (double)culprits)), chunks = ceil(PEOPLE / (double)cap);
    double bound = bits > chunks ? bits : chunks;
    printf("%5zu %5zu %8.1f %6zu %6zu %8.1f %8.1f %6.0f %6.0f %6.0f %6.2f %8.1f\n", cap, culprits,
           f.mean, f.least, f.most, f.known, four.mean, bits, bound, sharp(cap, culprits),
           f.mean / bound, f.plain);
}

int main(int argc, char **argv)
{
    static const size_t caps[] = {100, 500, 20}, culprits[] = {0, 1, 10, 20, 100, 1000};
    size_t seeds = argc > 1 ? strtoul(argv[1], NULL, 10) : 50;
    printf("%5s %5s %8s %6s %6s %8s %8s %6s %6s %6s %6s %8s\n", "chunk", "bad", "calls", "least",
           "most", "to know", "by four", "log2", "bound", "sharp", "ratio", "halving");
    for (size_t c = 0; c < 3; c++)
        for (size_t k = 0; k < 6; k++)
            row(caps[c], culprits[k], seeds);
    return 0;
}
