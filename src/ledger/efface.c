/* See efface.h: words, and what all kinds of documents share. */
#include "ledger/efface.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "ledger/seal.h"

#define WORD_MIN   3
#define NUMBER_MIN 5

void ob_texts_add(struct ob_texts *t, const char *text, size_t len)
{
    if (!len || ob_texts_have(t, text, len))
        return;
    t->p = ob_xrealloc(t->p, t->count + 1, sizeof *t->p);
    t->p[t->count++] = ob_xmemdup(text, len);
}

bool ob_texts_have(const struct ob_texts *t, const char *text, size_t len)
{
    for (size_t i = 0; t && i < t->count; i++)
        if (strlen(t->p[i]) == len && memcmp(t->p[i], text, len) == 0)
            return true;
    return false;
}

void ob_texts_fini(struct ob_texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->p[i]);
    free(t->p);
    *t = (struct ob_texts){0};
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

bool ob_text_telling(const char *text, size_t len)
{
    bool letters = false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return true; /* two characters are a whole name in Chinese */
        letters = letters || is_letter((unsigned char)text[i]);
    }
    return len >= (letters ? WORD_MIN : NUMBER_MIN);
}

/* ---- words ---- */

/* The code point at p, or U+FFFD where there is no valid one (which then parts words). */
static uint32_t point_at(const unsigned char *p, size_t len)
{
    if (p[0] < 0x80)
        return p[0];
    if (p[0] >= 0xC2 && p[0] < 0xE0 && len > 1)
        return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    return 0xFFFD; /* three bytes and more: from U+0800 on; see below */
}

/* Scripts that put no space between words begin at U+0E00, all of them three bytes long: there a
 * neighbour parts nothing. What is left of three bytes is rare in names. */
static bool joins(uint32_t c)
{
    return is_digit((unsigned char)(c < 0x80 ? c : 0)) ||
           is_letter((unsigned char)(c < 0x80 ? c : 0)) || c == '_' || (c >= 0xC0 && c < 0x800);
}

static bool links(uint32_t c) /* inside a word, but not at its end: m.chen, m.chen@example.com */
{
    return c == '.' || c == '-' || c == '@' || c == '+' || c == '\'';
}

static bool joined_after(const unsigned char *p, size_t len)
{
    if (!len)
        return false;
    uint32_t c = point_at(p, len);
    if (links(c) && len > 1)
        c = point_at(p + 1, len - 1);
    return joins(c);
}

/* The code point that ends before `p`, of at most `len` bytes. */
static uint32_t point_before(const unsigned char *p, size_t len)
{
    size_t n = 1;
    while (n < len && n < 4 && (p[-(ptrdiff_t)n] & 0xC0) == 0x80)
        n++;
    return n > 1 && p[-(ptrdiff_t)n] < 0xC0 ? 0xFFFD : point_at(p - n, n);
}

static bool joined_before(const unsigned char *p, size_t len)
{
    if (!len)
        return false;
    uint32_t c = point_before(p, len);
    if (links(c) && len > 1)
        c = point_before(p - 1, len - 1);
    return joins(c);
}

/* The first of the person's texts that stands alone from `at` on; *n is its length. */
static size_t find_word(const struct ob_texts *person, const char *p, size_t len, size_t at,
                        size_t *n)
{
    size_t best = len;
    for (size_t i = 0; i < person->count; i++) {
        size_t size = strlen(person->p[i]);
        const char *hit = p + at;
        if (!ob_text_telling(person->p[i], size))
            continue;
        while ((hit = memmem(hit, len - (size_t)(hit - p), person->p[i], size)) != NULL) {
            size_t from = (size_t)(hit - p);
            const unsigned char *h = (const unsigned char *)hit;
            if (from >= best && !(from == best && size > *n))
                break;
            if (!joined_before(h, from) && !joined_after(h + size, len - from - size)) {
                best = from;
                *n = size;
                break;
            }
            hit++;
        }
    }
    return best;
}

bool ob_efface_words(const struct ob_texts *person, const char *p, size_t len, struct ob_buf *out)
{
    size_t at = 0, n = 0, from;
    bool found = false;
    while (at < len && (from = find_word(person, p, len, at, &n)) < len) {
        ob_buf_add(out, p + at, from - at);
        ob_buf_adds(out, OB_ERASED);
        at = from + n;
        n = 0;
        found = true;
    }
    if (found && at < len)
        ob_buf_add(out, p + at, len - at);
    return found;
}

/* ---- columns ---- */

static int by_text(const void *a, const void *b)
{
    const struct ob_cell *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->p, y->p, x->len);
}

/* Who was erased before says nothing either. */
static bool says_something(const struct ob_cell *c)
{
    return c->len && !(c->len == strlen(OB_ERASED) && memcmp(c->p, OB_ERASED, c->len) == 0);
}

size_t ob_column_variety(struct ob_cell *cells, size_t count, size_t *all)
{
    size_t different = 0;
    *all = 0;
    qsort(cells, count, sizeof *cells, by_text);
    for (size_t i = 0; i < count; i++) {
        *all += says_something(&cells[i]);
        different += says_something(&cells[i]) && (!i || by_text(&cells[i - 1], &cells[i]) != 0);
    }
    return different;
}

bool ob_column_names_rows(const char *name, size_t len, size_t variety, size_t all, bool telling)
{
    static const char *const of_others[] = {"manager", "boss",     "supervisor", "lead", "deputy",
                                            "owner",   "approver", "reports",    "by"};
    for (size_t i = 0; i < sizeof of_others / sizeof *of_others; i++) {
        size_t n = strlen(of_others[i]);
        bool short_one = n < WORD_MIN;
        if (short_one ? len > n && strncasecmp(name + len - n - 1, "_by", 3) == 0
                      : len >= n && strncasecmp(name, of_others[i], n) == 0)
            return false;
    }
    return telling ? variety * 10 >= all * 9 : variety == all;
}

/* ---- any document ---- */

static bool stands_somewhere(const struct ob_texts *person, const char *p, size_t len)
{
    for (size_t i = 0; i < person->count; i++)
        if (memmem(p, len, person->p[i], strlen(person->p[i])))
            return true;
    return false;
}

bool ob_efface(const struct ob_efface *e, const char *p, size_t len, struct ob_buf *out)
{
    bool is_json = false;
    if (e->kind == OB_EFFACE_WORDS)
        return ob_efface_words(e->person, p, len, out);
    /* Escapes and doubled quotes may hide a text from this quick look. */
    bool stands =
        stands_somewhere(e->person, p, len) || (e->digests && stands_somewhere(e->digests, p, len));
    if (!stands && !memchr(p, '\\', len) && !memmem(p, len, "\"\"", 2))
        return false;
    bool changed = ob_efface_json(e, p, len, out, &is_json);
    if (is_json)
        return changed;
    return e->kind == OB_EFFACE_ROWS ? ob_efface_table(e, p, len, out)
                                     : ob_efface_words(e->person, p, len, out);
}
