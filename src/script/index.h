/* A set of texts that live elsewhere: slots of 4 bytes that hold ids, open addressing. The owner
 * says how an id becomes its text, and gives the memory for the slots (a C block, or a userdata
 * so that the limit of a script counts it). Inside src/script only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define OB_INDEX_NONE UINT32_MAX

/* Lends the text of `id`. */
typedef const char *ob_index_at(const void *ctx, uint32_t id, size_t *len);

struct ob_index {
    ob_index_at *at;
    const void *ctx;
    uint32_t *slots; /* id + 1; 0 is free */
    size_t mask;
    uint64_t seed;
};

/* Slots for up to `count` ids, which stay at most two thirds full. */
size_t ob_index_slots(size_t count);
/* Takes the memory of ob_index_slots(count) slots, which it clears. */
void ob_index_init(struct ob_index *ix, uint32_t *slots, size_t count, ob_index_at *at,
                   const void *ctx);
/* Adds `id` unless its text is there: answers the id that holds the text now. */
uint32_t ob_index_add(struct ob_index *ix, uint32_t id);
uint32_t ob_index_find(const struct ob_index *ix, const char *text, size_t len);
/* FNV-1a with a finaliser: the same for the same seed on every machine, for ever. */
uint64_t ob_index_hash(uint64_t seed, const char *text, size_t len);
