/* What an id of a target looks like, as far as the cloud's documents say: refused is only what can
 * be nobody's id there. That a shape fits proves nothing. */
#pragma once
#include <stdbool.h>
#include "base/value.h"

/* `shape` is a target's id_shape ({ what, chars, min, max }, counted in bytes of `chars`); OB_NULL
 * fits everything. */
bool ob_id_fits(const struct ob_value *shape, const char *id);
