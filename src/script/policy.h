/* A policy at work: the administrator's script in its sandbox, its proposals handed to the
 * engine, its readings and inputs recorded. The same file runs in two ways (DESIGN section 2):
 *   PLAN   proposals are recorded and assumed to succeed; only readings reach the cloud;
 *   APPLY  (also resume) proposals are carried out under the plan's ceiling; readings and inputs
 *          are answered from the plan, so that a replay decides as the plan did. */
#pragma once
#include "base/clock.h"
#include "engine/engine.h"
#include "engine/guard.h"
#include "engine/limiter.h"
#include "script/config.h"
#include "script/script.h"

enum ob_mode { OB_MODE_PLAN, OB_MODE_APPLY };

struct ob_bound_input { /* what the operator bound to a name */
    char *name;
    char *source; /* file name for messages */
    char *path;   /* where it is read again; NULL: it came from standard input */
    struct ob_buf bytes;
    int64_t mtime_ms; /* when the file was last changed; 0: nobody knows */
    bool invented;    /* by a rehearsal: nothing can be expected of it */
};

struct ob_policy_options {
    enum ob_mode mode;
    const char *name; /* of the policy's file */
    const char *path; /* PLAN: where it is, absolute; NULL: in no file */
    const char *text;
    size_t len;
    const struct ob_bound_input *inputs;
    size_t input_count;
    const struct ob_value *vars; /* map of texts */
    bool allow_empty;
    const char *max_delete; /* or NULL */
    int64_t ceiling; /* PLAN: --ceiling, people of each target and kind in place of the operator's
                        limits; APPLY: what approvers left of it. -1: none, and the plan's own */
    const struct ob_struck *struck; /* APPLY: whom approvers have struck; NULL: nobody */
    int64_t valid_ms;          /* PLAN: how long it may wait to be begun; 0: OB_PLAN_VALID_MS */
    int64_t again;             /* PLAN: so many plans like this one were carried out before */
    const struct ob_value *by; /* PLAN: who plans: { user, host, key? }; NULL: nobody is told */
    struct ob_limits limits;
    int64_t now_ms;    /* the policy's now and today, all the time it lives */
    const char *today; /* of the plan; NULL: from now_ms and the time zone */
    const struct ob_config *config;
    const struct ob_clock *clock;
    struct ob_transport transport;
    struct ob_ledger *ledger;         /* readings are kept in it, in both modes */
    const struct ob_value *plan;      /* APPLY: the plan's document */
    int64_t run;                      /* APPLY */
    const struct ob_value *undo_plan; /* PLAN of an undo: the document of the plan that is undone */
    int64_t undo_of; /* the run that undo_run() undoes; 0: there is no undo_run() */
    int parallel;
    void (*notify)(void *ctx, const struct ob_notice *n);
    void *notify_ctx;
    int64_t deadline_ms; /* on the monotonic clock it stops as after SIGTERM; 0: never */
    /* APPLY: reads an input again after a wait; NULL: the file at its path. */
    enum ob_status (*reread)(void *ctx, const struct ob_bound_input *in, struct ob_buf *out,
                             int64_t *mtime_ms, struct ob_err *err);
    void *reread_ctx;
    const struct ob_rehearsing *rehearsing; /* NULL: this is no rehearsal */
};

/* What a rehearsal gives besides. */
struct ob_rehearsing {
    uint64_t seed;                   /* of the engine's jitter */
    struct ob_target *const *opened; /* one for each target of the configuration, lent */
    /* An input that nobody bound is read; the policy ends, and may be planned again with one. */
    void (*missing)(void *ctx, const char *name, int format);
    void *ctx;
    unsigned char *lines; /* a mark for each line of the policy that was run; or NULL */
    size_t line_count;
};

struct ob_policy;
OB_MUST_CHECK enum ob_status ob_policy_new(struct ob_policy **out,
                                           const struct ob_policy_options *opt, struct ob_err *err);
void ob_policy_free(struct ob_policy *p);
/* Runs it to its end. In APPLY the outcomes are in the ledger; a policy that waits for a time to
 * come ends with OB_ERR_WAITING, and a later run of it goes on. */
OB_MUST_CHECK enum ob_status ob_policy_run(struct ob_policy *p, struct ob_err *err);
/* After OB_ERR_WAITING: when it is to go on (wall clock, milliseconds). */
int64_t ob_policy_due(const struct ob_policy *p);
bool ob_policy_is_late(const struct ob_policy *p); /* it was stopped by its deadline */
/* PLAN: the document (plan.h), borrowed. Complete after a run that was OB_OK. */
struct ob_value *ob_policy_document(struct ob_policy *p);
/* Rehearsals: holds all that the policy expects of `world` now? OB_ERR_POLICY with the name of the
 * rule and why when one is broken. policy_expect.c says what `world` is. */
OB_MUST_CHECK enum ob_status ob_policy_expects(struct ob_policy *p, const struct ob_value *world,
                                               struct ob_err *err);
/* After OB_ERR_GUARD: the limits that are exceeded, all of them (limiter.h); an empty list when it
 * was another guard. */
const struct ob_value *ob_policy_trips(const struct ob_policy *p);
size_t ob_policy_expect_count(const struct ob_policy *p);
/* For signal handlers, together with the transport's wake. */
void ob_policy_stop(struct ob_policy *p, enum ob_status status);
