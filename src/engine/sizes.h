/* What share of the people are culprits, and which group sizes need the fewest calls then. Pure.
 *
 * A group of g is sent whole. When it is refused, its first culprit is looked for by sending the
 * front of the part that is known to hold one, again and again. With p the share of culprits and
 * q = 1 - p that place is distributed as p q^i, cut off at g, and the calls are the depth of its
 * leaf in an ordered binary tree. Everybody up to the first culprit is settled then and nothing is
 * known of the others, who are as good as new. So the size to take is the g with the fewest calls
 * for each person settled:
 *
 *     (1 + T(g)) / ((1 - q^g) / p)
 *     T(m) = 1 - q^m + min over k of [k > 1] T(k) + q^k T(m - k),   T(1) = p
 *
 * T is the best tree times the chance that it is needed. The last one left is a culprit by
 * exclusion and sent alone nevertheless: nobody fails without having been refused alone.
 *
 * Where a refused group is not split (one verdict for all) the calls are 1 + g (1 - q^g), after
 * Dorfman ("The detection of defective members of large populations", Annals of Mathematical
 * Statistics 14, 1943).
 *
 * This is the nested procedure of Sobel and Groll ("Group testing to eliminate efficiently all
 * defectives in a binomial sample", Bell System Technical Journal 38, 1959) for people without end;
 * its trees are those of Golomb's run-length codes (1966; the best ones by Gallager and Van
 * Voorhis, 1975). Hwang's generalised binary splitting (JASA 67, 1972) is its case of halves. The
 * share is not known, but counted while the calls are made. Calls for 10,000 people in chunks of
 * 100, by tests/bench/split.c, on average:
 *
 *     culprits               0     1    10    20   100   1000
 *     calls                100   108   177   253   856   5096
 *     log2 C(10000, k)       0    14   112   205   804   4684
 *     plain halving        100   113   233   362  1288   7311
 *
 * Where culprits are few the chunk's size is what binds, not the information: with chunks of 500
 * it is 120 for 10 and 219 for 20. Where they are many, each costs a quarter of a call for being
 * refused alone after it is known, and the rest is for not knowing the share. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct ob_sizes {
    size_t cap;    /* nobody sends more at once */
    bool together; /* a refused group is not split: each of it goes alone */
    /* Counted, older ones fading; and the same for the next run, which fades by itself. */
    double culprits, people, own_culprits, own_people;
    double calm;   /* people accepted since the last culprit */
    double gap[3]; /* the same before it, and before the ones before it; the oldest last */
    /* Computed for the share `at`: */
    double at;
    size_t group;
    size_t *front; /* of so many that hold a culprit, how many to try */
};

/* `culprits` among `people` is what earlier runs met; 0 and 0: nothing is known. */
void ob_sizes_init(struct ob_sizes *z, size_t cap, double culprits, double people);
void ob_sizes_fini(struct ob_sizes *z);
void ob_sizes_accepted(struct ob_sizes *z, size_t people);
/* One culprit among so many who are settled with it: 1, or a whole group that is not split. */
void ob_sizes_culprit(struct ob_sizes *z, size_t people);
/* What is to be expected now; `open` groups of together `people` are known to hold a culprit. */
double ob_sizes_share(const struct ob_sizes *z, size_t open, size_t people);
size_t ob_sizes_group(struct ob_sizes *z, double share);
/* 1 .. m - 1; m is 2 or more. */
size_t ob_sizes_front(struct ob_sizes *z, double share, size_t m);
