/* UTF-8 sequences, one at a time. It knows nothing of width, case or normal forms. */
#include "base/utf8.h"
#include <stdbool.h>

static bool between(unsigned char c, unsigned lo, unsigned hi)
{
    return c >= lo && c <= hi;
}

/* The table of RFC 3629 section 4: the second byte's range depends on the first. */
static bool second_ok(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return between(second, 0xA0, 0xBF);
    case 0xED:
        return between(second, 0x80, 0x9F);
    case 0xF0:
        return between(second, 0x90, 0xBF);
    case 0xF4:
        return between(second, 0x80, 0x8F);
    default:
        return between(second, 0x80, 0xBF);
    }
}

size_t ob_utf8_seq(const char *p, size_t len)
{
    const unsigned char *s = (const unsigned char *)p;
    if (!len)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t need = between(s[0], 0xC2, 0xDF)   ? 2
                  : between(s[0], 0xE0, 0xEF) ? 3
                  : between(s[0], 0xF0, 0xF4) ? 4
                                              : 0;
    if (!need || need > len || !second_ok(s[0], s[1]))
        return 0;
    for (size_t i = 2; i < need; i++)
        if (!between(s[i], 0x80, 0xBF))
            return 0;
    return need;
}

size_t ob_utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)(lead[len] | cp);
    return len;
}
