/* What cmd_explain.c (rows and proposals) and explain_runs.c (what was done) share. */
#pragma once
#include "cli/approvals.h"
#include "cli/plan_rows.h"
#include "report/text.h"

struct ob_explain {
    struct ob_session s;
    const char *person;    /* as asked for: a name or an id */
    struct ob_value names; /* whom the plan means by that id */
    char plan[OB_PLAN_ID];
    struct ob_approvals approvals;
    bool found;
};

bool ob_explain_is(const struct ob_explain *x, const char *key, const char *id);
/* Frees the grid. */
void ob_explain_print(const struct ob_explain *x, struct ob_grid *g);
/* What the runs did with them: all runs, those of one plan, or one. */
OB_MUST_CHECK enum ob_status ob_explain_runs(struct ob_explain *x, const char *plan, int64_t run,
                                             struct ob_err *err);
