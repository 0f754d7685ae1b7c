/* Two plans side by side: who came, who went, what changed, and why. */
#pragma once
#include "cli/session.h"

/* Prints what is different in `doc` (plan `id`) from the stored plan `other`. */
OB_MUST_CHECK enum ob_status ob_diff(struct ob_session *s, const char *id,
                                     const struct ob_value *doc, const char *other,
                                     struct ob_err *err);
