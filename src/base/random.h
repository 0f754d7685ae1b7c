/* Randomness: from the system for nonces and ids, from a seed for what must repeat. */
#pragma once
#include <stdint.h>
#include <stddef.h>

#define OB_UUID_TEXT 37

struct ob_random { /* splitmix64/xoshiro state; seeded, repeats exactly */
    uint64_t s[4];
};
void ob_random_seed(struct ob_random *r, uint64_t seed);
uint64_t ob_random_next(struct ob_random *r);
uint64_t ob_random_below(struct ob_random *r, uint64_t n); /* 0 <= x < n, unbiased; n > 0 */

/* Both end the process when the system has no randomness. */
void ob_random_bytes(void *out, size_t len);
char *ob_uuid4(char out[OB_UUID_TEXT]);
