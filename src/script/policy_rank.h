/* Who is never touched, asked of a proposal: protections of policy and operator, the credential's
 * own account, administrators, the last of them; and whether its ids are those of this target at
 * all. Inside src/script only. */
#pragma once
#include "script/policy_parts.h"

/* Before anybody is looked up, by the roster alone. */
OB_MUST_CHECK enum ob_status ob_rank_early(struct ob_policy *p, const struct ob_step_spec *spec,
                                           const struct ob_roster *roster, struct ob_err *err);
/* PLAN, after the survey. `left` gets a list of [person, why] of those whom a run would leave
 * out. OB_ERR_GUARD, or OB_ERR_INPUT: the ids are of another column. */
OB_MUST_CHECK enum ob_status ob_rank_late(struct ob_policy *p, const struct ob_step_spec *spec,
                                          const struct ob_roster *roster, struct ob_value *left,
                                          struct ob_err *err);
/* PLAN: puts them into the step that was recorded last. */
void ob_rank_record(struct ob_policy *p, struct ob_value *left);
