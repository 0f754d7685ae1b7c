/* What diff.c (people) and diff_why.c (settings and reasons) share. */
#pragma once
#include "cli/plan_rows.h"

struct ob_diff_side {
    const struct ob_value *doc;
    struct ob_plan_rows rows;
};

struct ob_diff {
    struct ob_session *s;
    struct ob_diff_side was, is;
    struct ob_buf general; /* what else is different, as a reason of its own */
    size_t settings;       /* that were told */
};

/* Tells policy, inputs, variables, targets, limits and the day, and fills `general`. */
void ob_diff_settings(struct ob_diff *d);
/* Why this person is proposed now, or not any more. */
void ob_diff_why(const struct ob_diff *d, const char *key, struct ob_buf *out);
