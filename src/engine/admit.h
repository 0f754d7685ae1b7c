/* May this person be acted upon, as the cloud shows them now? Asked for each person of a step
 * between the reading and the first call, and again by every process that takes the step up. */
#pragma once
#include "engine/step.h"

#define OB_WHY_MAX 400
/* Why an administrator is left out; of their id. */
#define OB_WHY_ADMIN "an administrator: name them in admins = { \"%s\" } if they are to go"

/* False: the person is skipped, and `why` says why. An answer that must stop the whole step is
 * left in s->op.err as well. `row` is what the provider read ({ id, state, fields }). */
bool ob_admit(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
              const struct ob_value *row, char why[OB_WHY_MAX]);
