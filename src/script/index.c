/* The hash set behind keys, groups and comparisons of rosters. It never grows: every user knows
 * how many ids there can be. The seed is drawn per set, so that no input can be made to be slow;
 * nothing that people see depends on the order of slots. */
#include "script/index.h"
#include "base/random.h"
#include <string.h>

uint64_t ob_index_hash(uint64_t seed, const char *text, size_t len)
{
    uint64_t h = seed ^ 0xCBF29CE484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;
    h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
    h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
    return h ^ (h >> 32);
}

size_t ob_index_slots(size_t count)
{
    size_t slots = 8;
    while (slots * 2 < count * 3)
        slots *= 2;
    return slots;
}

void ob_index_init(struct ob_index *ix, uint32_t *slots, size_t count, ob_index_at *at,
                   const void *ctx)
{
    size_t n = ob_index_slots(count);
    memset(slots, 0, n * sizeof *slots);
    *ix = (struct ob_index){.at = at, .ctx = ctx, .slots = slots, .mask = n - 1};
    ob_random_bytes(&ix->seed, sizeof ix->seed);
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t probe(const struct ob_index *ix, const char *text, size_t len)
{
    size_t i = (size_t)ob_index_hash(ix->seed, text, len) & ix->mask;
    while (ix->slots[i]) {
        size_t n;
        const char *there = ix->at(ix->ctx, ix->slots[i] - 1, &n);
        if (n == len && memcmp(there, text, len) == 0)
            break;
        i = (i + 1) & ix->mask;
    }
    return i;
}

uint32_t ob_index_add(struct ob_index *ix, uint32_t id)
{
    size_t len;
    const char *text = ix->at(ix->ctx, id, &len);
    size_t i = probe(ix, text, len);
    if (!ix->slots[i])
        ix->slots[i] = id + 1;
    return ix->slots[i] - 1;
}

uint32_t ob_index_find(const struct ob_index *ix, const char *text, size_t len)
{
    uint32_t slot = ix->slots[probe(ix, text, len)];
    return slot ? slot - 1 : OB_INDEX_NONE;
}
