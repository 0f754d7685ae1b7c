/* Lists of positions as short text: "0-99,105". The order of the list is kept. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

#define OB_RANGES_MAX                                                                              \
    ((size_t)16 * 1024 * 1024) /* a damaged "0-9999999999999" must not fill memory */

/* How many from v[0] on follow each other by one; 0 only when n is 0. */
size_t ob_ranges_run(const int64_t *v, size_t n);
/* False when a position is negative or the text does not fit. */
bool ob_ranges_write(struct ob_buf *out, const int64_t *v, size_t n);
/* False when the text is none of ours; *v is the caller's to free otherwise, NULL when empty. */
bool ob_ranges_read(const char *text, int64_t **v, size_t *n);
