/* Configuration + provider file -> target. Loads lua/provider/NAME.lua in a state of its own,
 * checks its shape and the target's fields against its schema. Reads no secret, sends nothing. */
#pragma once
#include "engine/target.h"
#include "script/config.h"

/* Errors: OB_ERR_USAGE with targets.lua:LINE and the field (unknown provider, unknown field,
 * missing field, wrong type), OB_ERR_POLICY for a provider file that is out of shape. */
OB_MUST_CHECK enum ob_status ob_target_open(struct ob_target **out, const struct ob_config *config,
                                            const struct ob_target_config *t, struct ob_err *err);
void ob_target_close(struct ob_target *t);
