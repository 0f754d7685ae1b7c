/* How many at a time. Pure. */
#pragma once
#include <stddef.h>
#include "base/value.h"

/* Sizes of the waves of a ramp such as { 1, 5, "20%" } over `total` people: counts, and shares
 * rounded up, of all of them. What is left after the last is one more wave. NULL and 0 without a
 * ramp. Caller frees. */
size_t *ob_waves(const struct ob_value *ramp, size_t total, size_t *count);
/* One entry of a ramp or a sample: a count above 0, or "N%" with 0 < N <= 100. 0: it is neither. */
size_t ob_share_of(const struct ob_value *v, size_t total);
