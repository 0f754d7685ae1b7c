/* See sizes.h. */
#include "engine/sizes.h"
#include <math.h>
#include <stdlib.h>
#include "base/mem.h"

/* Larger sets than this are halved: their groups are whole chunks anyway. */
#define TABLE 512
/* What is taken for known of a cloud that nobody knows. So little that the first culprits
 * outweigh it, and such that groups are as large as may be until there is one. */
#define FIRST_CULPRITS 0.2
#define FIRST_PEOPLE   100.0
/* Of earlier runs no more than this counts: a run that is otherwise shows it soon. */
#define LEARNED_CULPRITS 2.0
#define LEARNED_PEOPLE   500.0
/* So many culprits back the counts have faded to a third. */
#define MEMORY 16.0
/* People without a culprit, in multiples of the distance that was expected, until the calm is
 * believed and not the count: of three distances one in twenty is as long by chance. */
#define CALM 3.0
/* And three culprits in so small a part of one distance are believed: by chance, one in a hundred
 * is as small. */
#define STORM 0.4
/* Sizes are computed anew when the share moved by this. */
#define CLOSE 1.03

void ob_sizes_init(struct ob_sizes *z, size_t cap, double culprits, double people)
{
    double scale = 1, first = 2 * FIRST_CULPRITS * (double)cap / M_LN2;
    double guess = 1 / (1 + culprits); /* how much of it is left beside what is known */
    if (culprits > LEARNED_CULPRITS)
        scale = LEARNED_CULPRITS / culprits;
    if (people * scale > LEARNED_PEOPLE)
        scale = LEARNED_PEOPLE / people;
    *z = (struct ob_sizes){.cap = cap};
    z->culprits = FIRST_CULPRITS * guess + culprits * scale;
    z->people = (first > FIRST_PEOPLE ? first : FIRST_PEOPLE) * guess + people * scale;
    z->gap[0] = z->gap[1] = z->gap[2] = INFINITY;
    z->front = ob_xcalloc(TABLE + 1, sizeof *z->front);
}

void ob_sizes_fini(struct ob_sizes *z)
{
    free(z->front);
}

void ob_sizes_accepted(struct ob_sizes *z, size_t people)
{
    z->people += (double)people;
    z->own_people += (double)people;
    z->calm += (double)people;
}

void ob_sizes_culprit(struct ob_sizes *z, size_t people)
{
    double fade = 1 - 1 / MEMORY;
    z->culprits = z->culprits * fade + 1;
    z->people = z->people * fade + (double)people;
    z->own_culprits += 1;
    z->own_people += (double)people;
    z->gap[2] = z->gap[1];
    z->gap[1] = z->gap[0];
    z->gap[0] = z->calm + 1;
    z->calm = 0;
}

double ob_sizes_share(const struct ob_sizes *z, size_t open, size_t people)
{
    double p = (z->culprits + (double)open) / (z->people + (double)people);
    double storm = z->gap[0] + z->gap[1] + z->gap[2];
    if (p * storm < STORM)
        p = STORM / storm;
    if (p * z->calm > CALM)
        p = CALM / z->calm;
    return p < 0.99 ? p : 0.99;
}

/* ---- the sizes for one share ---- */

/* Nowhere less than a quarter: a share that was guessed wrong costs a few calls then, and never a
 * search from one to the next. */
static size_t least_front(size_t m)
{
    return (m + 3) / 4;
}

/* Fills in front[2..], and the calls of the best trees in t[]. Nobody has a better front than a
 * half: the first ones are the likelier to be the first culprit. */
static void grow_trees(struct ob_sizes *z, double p, double *t, size_t most)
{
    double power[TABLE + 1]; /* of q */
    for (size_t k = 0; k <= most; k++)
        power[k] = exp((double)k * log1p(-p));
    t[1] = p;
    for (size_t m = 2; m <= most; m++) {
        double best = INFINITY;
        for (size_t k = least_front(m); k <= (m + 1) / 2; k++) {
            double cost = (k > 1 ? t[k] : 0) + power[k] * t[m - k];
            if (cost < best)
                best = cost, z->front[m] = k;
        }
        t[m] = 1 - power[m] + best;
    }
}

static size_t best_group(const struct ob_sizes *z, double p, const double *t, size_t most)
{
    double log_q = log1p(-p), best = INFINITY;
    size_t group = 1;
    for (size_t g = 1; g <= most; g++) {
        double refused = -expm1((double)g * log_q);
        double calls = z->together ? 1 + refused * (double)(g > 1 ? g : 0) : 1 + (g > 1 ? t[g] : 0);
        double settled = z->together ? (double)g : refused / p;
        if (calls / settled <= best)
            best = calls / settled, group = g;
    }
    return group;
}

static void compute(struct ob_sizes *z, double p)
{
    double t[TABLE + 1];
    if (z->at > 0 && p < z->at * CLOSE && p > z->at / CLOSE)
        return;
    size_t most = z->cap < TABLE ? z->cap : TABLE;
    grow_trees(z, p, t, most);
    z->group = best_group(z, p, t, most);
    if (z->group == TABLE) {
        double far = M_LN2 / p; /* where a group is refused every second time */
        z->group = far < (double)z->cap ? (size_t)far : z->cap;
    }
    z->at = p;
}

size_t ob_sizes_group(struct ob_sizes *z, double share)
{
    compute(z, share);
    return z->group;
}

size_t ob_sizes_front(struct ob_sizes *z, double share, size_t m)
{
    compute(z, share);
    return m <= TABLE && m <= z->cap ? z->front[m] : m / 2;
}
