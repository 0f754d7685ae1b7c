/* The whole directory of a target while planning, read at most once, and only when something makes
 * it worth the calls. Inside src/script only. */
#pragma once
#include "script/policy_parts.h"

struct ob_directory;
/* Reads it, in as many turns as it takes. *out NULL: this cloud has no list. */
OB_MUST_CHECK enum ob_status ob_directory_get(struct ob_policy *p, struct ob_target *t,
                                              const struct ob_directory **out, struct ob_err *err);
void ob_directory_free(struct ob_directory *d);

size_t ob_directory_count(const struct ob_directory *d);
const struct ob_value *ob_directory_at(const struct ob_directory *d, size_t i);
/* The row of exactly this id, or NULL. */
const struct ob_value *ob_directory_row(const struct ob_directory *d, const char *id);
/* An id that is not this one, and that somebody may have taken for it: case, or what
 * follows an @, sets them apart. NULL: there is none. For words only, never to act by. */
const char *ob_directory_like(const struct ob_directory *d, const char *id, const char **how);
