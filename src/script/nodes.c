/* One hole of Lua that no hook reaches: a table that grows puts all its keys into a new hash part
 * within one instruction, and each one walks past those that hash alike. Strings hash with a
 * secret seed, but number keys hash by their value modulo the size, so a script can choose half a
 * million that all collide, and that instruction takes minutes. The new hash part is allocated
 * before it is filled, so the allocator can look at the live ones and refuse. This reads the
 * hash nodes of Lua 5.4 as they lie in memory; the layout is the same in all of 5.4. */
#include "script/sandbox.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if LUA_VERSION_NUM != 504
#error "struct node is that of Lua 5.4"
#endif

#define KEY_INTEGER 3  /* LUA_VNUMINT */
#define KEY_FLOAT   19 /* LUA_VNUMFLT */

struct node {
    uint64_t value;
    unsigned char value_type, key_type;
    int next;
    union {
        uint64_t integer;
        double number;
    } key;
};
_Static_assert(sizeof(struct node) == OB_NODE_SIZE, "hash node of Lua 5.4");

/* Steps through chains that are taken for free: some tenths of a second. */
#define STEPS_MAX ((uint64_t)30 * 1000 * 1000)

/* Lua's own hash of a float key. */
static uint64_t hash_float(double n)
{
    int exponent;
    n = frexp(n, &exponent) * -(double)INT_MIN;
    if (!(n >= -0x1p63 && n < 0x1p63))
        return 0;
    unsigned u = (unsigned)exponent + (unsigned)(uint64_t)(int64_t)n;
    return u <= (unsigned)INT_MAX ? u : ~u;
}

static uint64_t steps_into(const struct ob_big *b, uint32_t *slots, size_t nodes)
{
    const struct node *n = b->p;
    uint64_t steps = 0, modulus = (uint64_t)((nodes - 1) | 1);
    memset(slots, 0, nodes * sizeof *slots);
    for (size_t i = 0; i < b->size / OB_NODE_SIZE; i++) {
        if (n[i].key_type == KEY_INTEGER)
            steps += slots[n[i].key.integer % modulus]++;
        else if (n[i].key_type == KEY_FLOAT)
            steps += slots[hash_float(n[i].key.number) % modulus]++;
    }
    return steps;
}

bool ob_nodes_collide(const struct ob_meter *m, size_t nodes)
{
    uint32_t *slots = NULL;
    bool collide = false;
    for (size_t i = 0; i < m->big_count && !collide; i++) {
        if (m->big[i].string)
            continue;
        if (!slots)
            slots = malloc(nodes * sizeof *slots);
        collide = !slots || steps_into(&m->big[i], slots, nodes) > STEPS_MAX;
    }
    free(slots);
    return collide;
}
