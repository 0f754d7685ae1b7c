/* Every person of every step of a run, in order: what export and show print. */
#pragma once
#include "cli/session.h"

struct ob_each_person {
    void (*each)(void *ctx, const struct ob_step_row *step, const struct ob_person_row *person);
    void *ctx;
};
OB_MUST_CHECK enum ob_status ob_people_each(struct ob_ledger *l, int64_t run,
                                            const struct ob_each_person *to, struct ob_err *err);
