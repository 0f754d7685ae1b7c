/* What is asked of a plan before a run of it begins, and not again when the run goes on: is it
 * still what was looked at, and is it still time? OB_ERR_STALE says what has changed. */
#pragma once
#include "base/status.h"
#include "base/value.h"

/* Until when it may be begun (wall clock, milliseconds). */
int64_t ob_plan_expires(const struct ob_value *doc);
OB_MUST_CHECK enum ob_status ob_plan_fresh(const char *id, const struct ob_value *doc,
                                           int64_t now_ms, struct ob_err *err);
/* Who plans: { user, host, key? }; key is the print of the operator's own key, where there is one.
 */
void ob_plan_by(struct ob_value *by);
