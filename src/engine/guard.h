/* Protection: what stops a plan or a proposal before anything is sent, whatever the policy says.
 * Pure. A trip is OB_ERR_GUARD (exit 10), names the person or the number, and the way out. */
#pragma once
#include "base/status.h"
#include "base/value.h"
#include "engine/target.h"

struct ob_guard;
struct ob_guard *ob_guard_new(void);
void ob_guard_free(struct ob_guard *g);

/* `patterns`: a glob or a list of globs, in which "*" is any run of characters and "?" any one;
 * A-Z and a-z are the same. `column` NULL or "account" means the id that is sent, and the column
 * "account" where there is one; for any other column, a person without it trips the guard.
 * `where` says who asks for it. */
OB_MUST_CHECK enum ob_status ob_guard_protect(struct ob_guard *g, const char *column,
                                              const struct ob_value *patterns, const char *where,
                                              struct ob_err *err);
/* How a guard asks for other columns of a person; NULL when there is no such column. */
typedef const char *ob_guard_cell(void *ctx, size_t person, const char *column);

/* One proposal: nobody in it may be protected. */
OB_MUST_CHECK enum ob_status ob_guard_step(struct ob_guard *g, const struct ob_target *t,
                                           const struct ob_action *a, const char *const *keys,
                                           const char *const *ids, size_t count,
                                           ob_guard_cell *cell, void *ctx, struct ob_err *err);
bool ob_glob(const char *pattern, const char *text);
