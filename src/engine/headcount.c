/* Distinct people of a target, by cloud id: of a plan, of a day, of a week. */
#include <stdlib.h>
#include "base/mem.h"
#include "engine/limiter_parts.h"

void ob_headcount_init(struct ob_headcount *h)
{
    *h = (struct ob_headcount){0};
    ob_idmap_init(&h->at);
}

void ob_headcount_fini(struct ob_headcount *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->ids[i]);
    free(h->ids);
    free(h->bits);
    ob_idmap_fini(&h->at);
}

static size_t place_of(struct ob_headcount *h, const char *id)
{
    size_t i = ob_idmap_get(&h->at, id);
    if (i != OB_IDMAP_NONE)
        return i;
    if (h->count == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 64;
        h->ids = ob_xrealloc(h->ids, h->cap, sizeof *h->ids);
        h->bits = ob_xrealloc(h->bits, h->cap, sizeof *h->bits);
    }
    i = h->count++;
    h->ids[i] = ob_xstrdup(id);
    h->bits[i] = 0;
    ob_idmap_add(&h->at, h->ids[i], i);
    return i;
}

void ob_headcount_add(struct ob_headcount *h, const char *id, enum ob_group g, enum ob_limit_of of)
{
    size_t i = place_of(h, id);
    unsigned bit = 1u << (2 * (unsigned)g + (of == OB_OF_DELETE)), both = 3u << (2 * (unsigned)g);
    if (h->bits[i] & bit)
        return;
    h->people[g][OB_OF_BOTH] += !(h->bits[i] & both);
    h->people[g][of]++;
    h->bits[i] |= (unsigned char)bit;
}

void ob_headcount_run(struct ob_headcount *h, enum ob_group g, int64_t run)
{
    for (size_t i = 0; i < h->run_count[g] && i < OB_RUNS_TOLD; i++)
        if (h->runs[g][i] == run)
            return;
    if (h->run_count[g] < OB_RUNS_TOLD)
        h->runs[g][h->run_count[g]] = run;
    h->run_count[g]++;
}
