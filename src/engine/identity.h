/* Is this still the person who was planned? A print of those fields of the cloud's row that a
 * provider calls identity: one short digest a field, so that a plan tells no more of anybody than
 * it has to, and can yet say which field is another one now. Pure. */
#pragma once
#include "engine/provider.h"

/* "5f1c02d9aa.-.77ab09c1e3": a field's digest, "-" for one that is missing or empty. "" where the
 * provider names no fields or the row has none at all. */
void ob_identity_print(const struct ob_provider_info *info, const struct ob_value *row,
                       struct ob_buf *out);
/* The name of the first field that both prints have and that differs; NULL: none does. A list may
 * leave out what a lookup tells, so a field that is missing in one of them proves nothing. */
const char *ob_identity_differs(const struct ob_provider_info *info, const char *was,
                                const char *is);
