/* A growing byte buffer with a maximum from birth. An append that would pass the maximum
 * fails, leaves the buffer as it was and marks it, so that a chain of appends needs one check. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct ob_buf {
    char *p; /* NUL-terminated, or NULL while empty: read it with ob_buf_str() */
    size_t len;
    size_t cap;
    size_t max;
    bool overflowed;
};

#define OB_BUF_SMALL ((size_t)64 * 1024)
#define OB_BUF_LARGE ((size_t)1024 * 1024 * 1024)

void ob_buf_init(struct ob_buf *b, size_t max);
void ob_buf_fini(struct ob_buf *b);
/* As fini, after overwriting the bytes: for what holds secrets. */
void ob_buf_wipe(struct ob_buf *b);
void ob_buf_clear(struct ob_buf *b);
bool ob_buf_add(struct ob_buf *b, const void *p, size_t len);
bool ob_buf_adds(struct ob_buf *b, const char *s);
bool ob_buf_addc(struct ob_buf *b, char c);
bool ob_buf_addf(struct ob_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *ob_buf_str(const struct ob_buf *b); /* never NULL */
/* Moves the bytes out; the caller frees. The buffer is empty afterwards. */
char *ob_buf_take(struct ob_buf *b);
