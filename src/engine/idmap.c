/* Open addressing with linear probing over a seeded FNV-1a; never shrinks, never deletes. */
#include "engine/idmap.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/random.h"

void ob_idmap_init(struct ob_idmap *m)
{
    *m = (struct ob_idmap){0};
    ob_random_bytes(&m->seed, sizeof m->seed);
}

void ob_idmap_fini(struct ob_idmap *m)
{
    free(m->slots);
    *m = (struct ob_idmap){0};
}

static uint64_t hash(uint64_t seed, const char *s)
{
    uint64_t h = 14695981039346656037u ^ seed;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h ^ (h >> 32);
}

static struct ob_idmap_slot *find(const struct ob_idmap *m, const char *id)
{
    size_t i = hash(m->seed, id) & (m->cap - 1);
    while (m->slots[i].id && strcmp(m->slots[i].id, id) != 0)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static void grow(struct ob_idmap *m)
{
    struct ob_idmap old = *m;
    m->cap = old.cap ? old.cap * 2 : 64;
    m->slots = ob_xcalloc(m->cap, sizeof *m->slots);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].id)
            *find(m, old.slots[i].id) = old.slots[i];
    free(old.slots);
}

size_t ob_idmap_add(struct ob_idmap *m, const char *id, size_t value)
{
    if (m->count * 2 >= m->cap)
        grow(m);
    struct ob_idmap_slot *slot = find(m, id);
    if (slot->id)
        return slot->value;
    *slot = (struct ob_idmap_slot){id, value};
    m->count++;
    return OB_IDMAP_NONE;
}

size_t ob_idmap_get(const struct ob_idmap *m, const char *id)
{
    if (!m->cap)
        return OB_IDMAP_NONE;
    const struct ob_idmap_slot *slot = find(m, id);
    return slot->id ? slot->value : OB_IDMAP_NONE;
}
