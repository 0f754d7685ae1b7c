/* The survey: while planning, the host looks up everybody whom a proposal names, once for each
 * target. The plan keeps what each was, so that a run leaves out who has changed since. Inside
 * src/script only. */
#pragma once
#include "script/policy_parts.h"

/* The row { id, state, fields } that the cloud showed of this id; NULL: not asked. */
const struct ob_value *ob_survey_row(const struct ob_policy *p, const struct ob_target *t,
                                     const char *id);
/* What a plan says of this one: "" once a step of this plan is assumed to have changed them. */
const char *ob_survey_state(const struct ob_policy *p, const struct ob_target *t, const char *id);
void ob_survey_changed(struct ob_policy *p, const struct ob_target *t, const char *id);
/* Would the action do anything to this one? Not to who is absent, or as wanted already. */
bool ob_survey_needs(const struct ob_policy *p, const struct ob_target *t,
                     const struct ob_action *a, const char *id);
/* Starts the reading of those who were not asked for yet; *op NULL: there is nobody. */
OB_MUST_CHECK enum ob_status ob_survey_start(struct ob_policy *p, struct ob_target *t,
                                             const char *const *ids, size_t count,
                                             struct ob_op **op, struct ob_err *err);
/* Takes its answer out of `rows`. OB_ERR_INPUT: the cloud did not say what somebody is. */
OB_MUST_CHECK enum ob_status ob_survey_take(struct ob_policy *p, struct ob_target *t,
                                            const char *const *ids, size_t count,
                                            struct ob_value *rows, struct ob_err *err);
void ob_survey_free(struct ob_survey *s);
