/* The growing buffer. Once an append failed all later ones fail too, so that a text with a hole
 * in it cannot come about; ob_buf_clear makes it usable again. Old copies of small buffers are
 * overwritten when they move, because any of them may hold a secret; large ones are answers,
 * where the extra pass would cost more than it protects. */
#include "base/buf.h"
#include "base/mem.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ob_buf_init(struct ob_buf *b, size_t max)
{
    *b = (struct ob_buf){.max = max};
}

void ob_buf_fini(struct ob_buf *b)
{
    free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
    b->overflowed = false;
}

void ob_buf_wipe(struct ob_buf *b)
{
    if (b->p)
        OPENSSL_cleanse(b->p, b->cap);
    ob_buf_fini(b);
}

void ob_buf_clear(struct ob_buf *b)
{
    b->len = 0;
    b->overflowed = false;
    if (b->p)
        b->p[0] = '\0';
}

static void grow(struct ob_buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap = cap > OB_BUF_LARGE ? need : cap * 2;
    if (b->cap > OB_BUF_SMALL) {
        b->p = ob_xrealloc(b->p, cap, 1);
    } else {
        char *p = ob_xmalloc(cap);
        if (b->p) {
            memcpy(p, b->p, b->len + 1);
            OPENSSL_cleanse(b->p, b->cap);
            free(b->p);
        }
        b->p = p;
    }
    b->cap = cap;
}

/* Room for `len` more bytes and the NUL, or the mark. */
static bool reserve(struct ob_buf *b, size_t len)
{
    if (b->overflowed || len > b->max || b->len > b->max - len) {
        b->overflowed = true;
        return false;
    }
    if (b->len + len + 1 > b->cap)
        grow(b, b->len + len + 1);
    return true;
}

bool ob_buf_add(struct ob_buf *b, const void *p, size_t len)
{
    if (!reserve(b, len))
        return false;
    if (len)
        memcpy(b->p + b->len, p, len);
    b->len += len;
    b->p[b->len] = '\0';
    return true;
}

bool ob_buf_adds(struct ob_buf *b, const char *s)
{
    return ob_buf_add(b, s, strlen(s));
}

bool ob_buf_addc(struct ob_buf *b, char c)
{
    return ob_buf_add(b, &c, 1);
}

bool ob_buf_addf(struct ob_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !reserve(b, (size_t)n)) {
        b->overflowed = true;
        return false;
    }
    va_start(ap, fmt);
    vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return true;
}

const char *ob_buf_str(const struct ob_buf *b)
{
    return b->p ? b->p : "";
}

char *ob_buf_take(struct ob_buf *b)
{
    char *p = b->p ? b->p : ob_xstrdup("");
    b->p = NULL;
    ob_buf_fini(b);
    return p;
}
