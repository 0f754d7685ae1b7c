/* Limits: how many people may be touched. Pure. A trip is OB_ERR_GUARD (exit 10). */
#pragma once
#include "base/status.h"
#include "engine/target.h"

struct ob_limits;
struct ob_limits *ob_limits_new(void);
void ob_limits_free(struct ob_limits *l);

/* Limits only tighten: the smaller one holds. Negative: none. Shares are 0..1 of the target's
 * directory. `kind_delete`: only deletions count. */
void ob_limits_set(struct ob_limits *l, int64_t users, double share, bool kind_delete,
                   const char *where);
/* "25" or "10%" of --max-delete. */
OB_MUST_CHECK enum ob_status ob_limits_max_delete(struct ob_limits *l, const char *text,
                                                  struct ob_err *err);

/* One proposal. Counts its people; people named before for the same target count once. */
OB_MUST_CHECK enum ob_status ob_limits_step(struct ob_limits *l, const struct ob_target *t,
                                            const struct ob_action *a, const char *const *ids,
                                            size_t count, struct ob_err *err);
/* True when a limit of this target is a share, so that its population has to be known. */
bool ob_limits_want_population(const struct ob_limits *l, const struct ob_target *t);
/* Checks the shares, once the population is known. */
OB_MUST_CHECK enum ob_status ob_limits_population(struct ob_limits *l, const struct ob_target *t,
                                                  int64_t population, struct ob_err *err);
