/* Approvals: what an approver signs, which rule of targets.lua holds for a proposal, and what each
 * approval is worth. Pure. The signed document is one canonical map:
 *
 *   { what = "offboard approval", plan = digest, strikes = [name or id, sorted], ceiling = N |
 * null, at_ms, expires_ms, by = user of the system, key = print of the key }
 *
 * An approval can only make less: it may strike people and lower the ceiling. */
#pragma once
#include <stdbool.h>
#include "base/signature.h"
#include "base/value.h"
#include "ledger/ledger.h"

/* ---- who has to approve ---- */

struct ob_approver {
    char *name; /* of the key's file: "alice" */
    struct ob_key *key;
    char print[OB_SHA256_HEX];
};

/* What one place of targets.lua says; what it leaves open, a wider one says. */
struct ob_approval_rule {
    char *action; /* its name or kind; NULL: all of them */
    int line;
    int64_t need; /* -1: not said */
    int planner;  /* 1 or 0: does the one who planned count? -1: not said */
    struct ob_approver *of;
    size_t of_count; /* 0: not said */
};

struct ob_approval_rules { /* of a target, or of all */
    struct ob_approval_rule *list;
    size_t count;
};
void ob_approval_rules_free(struct ob_approval_rules *r); /* NULL is nothing */
/* A rule that says nothing yet, at the end. */
struct ob_approval_rule *ob_approval_rule_add(struct ob_approval_rules *r, const char *action,
                                              int line);

/* What holds for one action of one target. */
struct ob_approval_need {
    const char *target, *action; /* lent */
    int64_t need;                /* 0: nobody has to approve; -1: no rule says */
    bool planner;
    const struct ob_approver *of; /* lent */
    size_t of_count;
};
/* The action's rule, else the target's, else the one for all; each may be NULL. */
void ob_approval_resolve(struct ob_approval_need *out, const struct ob_approval_rules *all,
                         const struct ob_approval_rules *target, const char *action,
                         const char *kind);

/* Puts what is needed into a plan's document, as "approvals"; nothing where nobody is. */
void ob_approval_seal(struct ob_value *doc, const struct ob_approval_need *needs, size_t count);
/* The { target, action, ... } of a rule that was sealed into the plan and is looser now; or NULL.
 */
const struct ob_value *ob_approval_loosened(const struct ob_value *doc,
                                            const struct ob_approval_need *needs, size_t count);

/* ---- the document ---- */

#define OB_APPROVAL_WHAT "offboard approval"

struct ob_approval_terms {
    const char *plan;               /* digest of its document */
    const char *id;                 /* of the plan, where the approval is kept */
    const struct ob_value *strikes; /* list of texts; NULL: none */
    int64_t ceiling;                /* -1: as planned */
    int64_t at_ms, expires_ms;
    const char *by;
};
/* Writes the document and signs it; `row` is to be freed by the caller in any case. */
OB_MUST_CHECK enum ob_status ob_approval_sign(const struct ob_approval_terms *t,
                                              const struct ob_key *key, struct ob_approval_row *row,
                                              struct ob_err *err);
/* NULL when `doc`, which was read from `text`, has every field, no other, and was written
 * canonically; or what is wrong with it. */
const char *ob_approval_wrong(const struct ob_value *doc, const struct ob_buf *text);

/* ---- what it is worth ---- */

struct ob_approval {
    struct ob_approval_row row;
    struct ob_value doc;
    int64_t at_ms;                /* when its run began: it must not have expired then */
    const struct ob_approver *by; /* NULL: a stranger */
    bool planner;                 /* by the one who planned */
    bool counts;                  /* for one action at least */
    bool genuine;                 /* an approver signed it for this plan; it may have expired */
    bool went_by;                 /* its run began by it */
    char fault[160];              /* why it does not count; "" when it does */
};
void ob_approval_fini(struct ob_approval *a);

struct ob_approval_plan { /* what approvals are held against; all lent */
    const char *digest;
    const struct ob_value *by; /* who planned: { user, key } */
    const struct ob_approval_need *needs;
    size_t need_count;
};
/* Fills by, planner, counts, genuine and fault; row, doc and at_ms are there. */
void ob_approval_judge(struct ob_approval *a, const struct ob_approval_plan *p);
/* Does this one count for this action? */
bool ob_approval_is_for(const struct ob_approval *a, const struct ob_approval_need *n);
/* How many keys have approved this action. */
int64_t ob_approval_count(const struct ob_approval *all, size_t count,
                          const struct ob_approval_need *n);

/* ---- who is struck ---- */

struct ob_struck;
struct ob_struck *ob_struck_new(void);
void ob_struck_free(struct ob_struck *s);
/* By name or id; the first reason stays. */
void ob_struck_add(struct ob_struck *s, const char *person, const char *why);
/* Whoever is struck by one of their names and ids is struck in all of the plan, by whatever name a
 * step has them. */
void ob_struck_spread(struct ob_struck *s, const struct ob_value *plan);
/* Why, or NULL. `s` may be NULL. */
const char *ob_struck_why(const struct ob_struck *s, const char *key, const char *id);
size_t ob_struck_count(const struct ob_struck *s);
