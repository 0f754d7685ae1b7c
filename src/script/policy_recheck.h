/* What is looked at again when a wait is over: the input it names, and the people whom this run
 * has switched off. Whoever is no longer on the input, or was switched on by somebody, is spared:
 * later proposals skip them with that reason. Inside src/script only. */
#pragma once
#include "script/policy_parts.h"

struct ob_recheck;

/* [-0, +1, e] For a wait with these options (copied). */
struct ob_recheck *ob_recheck_push(lua_State *L, struct ob_policy *p,
                                   const struct ob_value *options);
struct ob_recheck *ob_recheck_at(lua_State *L, int index);
const struct ob_value *ob_recheck_options(const struct ob_recheck *r);
/* The next reading that is needed; *op stays NULL after the last one. */
OB_MUST_CHECK enum ob_status ob_recheck_next(struct ob_policy *p, struct ob_recheck *r,
                                             struct ob_op **op, struct ob_err *err);
/* What that reading answered: a list of { id, state }. */
void ob_recheck_take(struct ob_recheck *r, const struct ob_value *rows);
/* { spared = { key = why }, input = digest }. Reads the input. OB_ERR_STALE when somebody was
 * changed and on_change is "stop". */
OB_MUST_CHECK enum ob_status ob_recheck_result(struct ob_policy *p, struct ob_recheck *r,
                                               struct ob_value *result, struct ob_err *err);

/* From now on these are skipped: a map of key to reason. */
void ob_recheck_spare(struct ob_policy *p, const struct ob_value *spared);
/* Why this person is spared, by name or by what a cloud knows them by; or NULL. */
const char *ob_recheck_spared(const struct ob_policy *p, const char *key, const char *id);
/* [-0, +0|1, e] The input as a roster: as it was planned (digest NULL), or as it was read when the
 * wait was over. Nothing for no name. */
int ob_recheck_push_input(lua_State *L, struct ob_policy *p, const char *name, const char *digest);
