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
 * "account" where there is one. Any other column is that of the roster and the field of that name
 * which the cloud shows: a person is protected when either matches, and where there is neither,
 * nobody can tell and the guard trips. `where` says who asks for it. A target's own protections
 * (targets.lua) are of the same two shapes. */
OB_MUST_CHECK enum ob_status ob_guard_protect(struct ob_guard *g, const char *column,
                                              const struct ob_value *patterns, const char *where,
                                              struct ob_err *err);
/* How a guard asks for other columns of a person; NULL when there is no such column. */
typedef const char *ob_guard_cell(void *ctx, size_t person, const char *column);

/* The cloud's row ({ id, state, fields }) of a person; NULL where it was not asked. */
typedef const struct ob_value *ob_guard_row(void *ctx, size_t person);

struct ob_guard_who { /* the people of a proposal */
    const char *const *keys, *const *ids;
    size_t count;
    ob_guard_cell *cell; /* both may be NULL */
    ob_guard_row *row;
    void *ctx;
    bool replay; /* not while planning: columns that are nowhere have been told */
};
/* One proposal. Trips when one of them is protected; tells all who are. */
OB_MUST_CHECK enum ob_status ob_guard_step(struct ob_guard *g, const struct ob_target *t,
                                           const struct ob_action *a,
                                           const struct ob_guard_who *who, struct ob_err *err);
/* Before the call: is one protected by what the cloud shows now? Then `why` says by what. */
bool ob_guard_shown(const struct ob_guard *g, const struct ob_target *t, const char *id,
                    const struct ob_value *row, char *why, size_t size);

bool ob_glob(const char *pattern, const char *text);
