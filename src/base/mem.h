/* Allocation that never returns NULL. A process that is out of memory ends with a plain
 * message: every effect is journalled before and after, so ending is always safe. */
#pragma once
#include <stddef.h>

void *ob_xmalloc(size_t size);
void *ob_xcalloc(size_t count, size_t size);
/* Grows to `count` items of `size` bytes; the product is checked for overflow. */
void *ob_xrealloc(void *ptr, size_t count, size_t size);
char *ob_xstrdup(const char *s);
/* A NUL-terminated copy of `len` bytes. */
char *ob_xmemdup(const void *p, size_t len);
/* A printf into fresh memory, owned by the caller. */
char *ob_xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
