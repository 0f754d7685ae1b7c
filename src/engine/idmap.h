/* From a person's id to a number, exact bytes. Keys are borrowed. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ob_idmap {
    struct ob_idmap_slot {
        const char *id;
        size_t value;
    } * slots;
    size_t cap, count; /* cap: a power of two, or 0 */
    uint64_t seed;     /* so that nobody can choose ids that collide */
};
#define OB_IDMAP_NONE ((size_t)-1)

void ob_idmap_init(struct ob_idmap *m);
void ob_idmap_fini(struct ob_idmap *m);
/* The value that was there before, or OB_IDMAP_NONE; the first one stays. */
size_t ob_idmap_add(struct ob_idmap *m, const char *id, size_t value);
size_t ob_idmap_get(const struct ob_idmap *m, const char *id);
