/* Two sources that must not be mixed up: the kernel's, for nonces and ids, and xoshiro256**
 * seeded by splitmix64 (Blackman and Vigna), for what must repeat. The second is no secret. */
#include "base/random.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void ob_random_seed(struct ob_random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t ob_random_next(struct ob_random *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t ob_random_below(struct ob_random *r, uint64_t n)
{
    if (n < 2)
        return 0;
    uint64_t floor = (0 - n) % n; /* 2^64 mod n: what is below would be counted once too often */
    uint64_t x;
    do {
        x = ob_random_next(r);
    } while (x < floor);
    return x % n;
}

void ob_random_bytes(void *out, size_t len)
{
    unsigned char *p = out;
    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fputs("offboard: the system has no randomness (getrandom)\n", stderr);
            _Exit(1);
        }
        p += n;
        len -= (size_t)n;
    }
}

char *ob_uuid4(char out[OB_UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char b[16];
    ob_random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[b[i] >> 4];
        *p++ = hex[b[i] & 15];
    }
    *p = '\0';
    return out;
}
