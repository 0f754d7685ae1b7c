/* Evidence before the point of no return: what a policy requires before somebody is deleted, proven
 * for each person from the ledger and the cloud, or the person is left alone and told why. Asked
 * while planning as far as it is known then, and by every process of a run right before it acts
 * (admit.h).
 *
 *   disabled_for  this ledger has an action that disabled them, so long ago at least; nothing was
 *                 done to them here since; and the cloud shows them as disabled now. Clouds do not
 *                 tell since when somebody is disabled: what was not done from here proves nothing.
 *   seen          so many plans named them for this target, each OB_SEEN_APART_MS after the one
 *                 that was counted before: planning twice in a row looks at one truth twice.
 *   absent_from   an input that was read whole, and now, does not have them.
 *   not straight  they are disabled now, where the cloud has such a state. */
#pragma once
#include "base/buf.h"
#include "engine/target.h"
#include "ledger/ledger.h"

#define OB_SEEN_APART_MS ((int64_t)12 * 3600 * 1000)

struct ob_require {
    bool straight;           /* who is active may be deleted */
    int64_t disabled_for_ms; /* 0: not asked for */
    int64_t seen;            /* 0: not asked for */
    const char *absent_from; /* name of an input; NULL: not asked for */
    int64_t absent_rows;     /* it has so many rows */
    /* By person: where that input has them; NULL: it has not. */
    const char *const *present;
};

struct ob_evidence_ask { /* all lent for the call */
    struct ob_ledger *ledger;
    const struct ob_target *target;
    const struct ob_require *require;
    const char *const *keys, *const *ids;
    size_t count;
    int64_t planning_ms; /* the plan that is made now names them as well; 0: it is stored */
};

struct ob_evidence;
OB_MUST_CHECK enum ob_status ob_evidence_new(struct ob_evidence **out,
                                             const struct ob_evidence_ask *ask, struct ob_err *err);
void ob_evidence_free(struct ob_evidence *v);

struct ob_evidence_now {
    const char *state; /* as the cloud has them: active, disabled, absent, other; NULL: not known */
    const char *off_by; /* while planning: the step that is going to disable them; NULL: none is */
    int64_t at_ms;
};
/* Proven? `text` becomes what proves it, or what is missing. */
bool ob_evidence_holds(const struct ob_evidence *v, size_t person,
                       const struct ob_evidence_now *now, struct ob_buf *text);

/* A target that has a state in which nobody can work and nothing is lost yet. */
bool ob_evidence_can_disable(const struct ob_target *t);

struct ob_idmap;
struct ob_sight {
    const char *plan;            /* its id */
    const struct ob_value *doc;  /* its document */
    const struct ob_idmap *only; /* names; NULL: everybody whom the plan names */
    int64_t at_ms;
};
/* A plan was stored, or an input of it read again: everybody whom it names for disabling or
 * deleting was seen. */
OB_MUST_CHECK enum ob_status ob_evidence_sight(struct ob_ledger *l, const struct ob_sight *s,
                                               struct ob_err *err);
