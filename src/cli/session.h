/* What plan, apply, resume and call share: configuration, ledger, transport, the policy's inputs,
 * and one way each to make a plan and to carry one out. */
#pragma once
#include "cli/cli.h"
#include "ledger/ledger.h"
#include "net/transport.h"
#include "report/progress.h"
#include "script/config.h"
#include "script/policy.h"

struct ob_outcomes {
    int64_t succeeded, failed, unknown, skipped, pending;
};

struct ob_session {
    struct ob_cli *cli;
    struct ob_config *config;
    struct ob_ledger *ledger;
    struct ob_http *http;
    struct ob_progress progress;
    struct ob_progress_at at; /* what the progress line shows */
    char at_what[96];
    char at_note[96];
    int64_t deadline_ms; /* --deadline: monotonic; 0: none */
};

/* `cloud`: configuration and transport are needed as well as the ledger. */
OB_MUST_CHECK enum ob_status ob_session_open(struct ob_session *s, struct ob_cli *cli, bool cloud,
                                             struct ob_err *err);
void ob_session_close(struct ob_session *s);

#define OB_UNDO_POLICY "undo_run()\n" /* of `offboard undo` */

/* A policy with all that the operator bound to it. */
struct ob_bound {
    char *name;
    char *path; /* of the policy's file, absolute; NULL: it has none */
    bool again; /* a plan like one that was carried out is a new one */
    struct ob_buf text;
    struct ob_bound_input *inputs;
    size_t input_count;
    struct ob_value vars;
    int64_t undo_of;                  /* the run that the policy undoes; 0: none */
    const struct ob_value *undo_plan; /* the document of that run's plan */
};
/* The file at `path` with --input and --var. Unreadable inputs are OB_ERR_INPUT. */
OB_MUST_CHECK enum ob_status ob_bound_read(struct ob_bound *b, const struct ob_cli *cli,
                                           const char *path, struct ob_err *err);
void ob_bound_fini(struct ob_bound *b);

/* Limits that a plan exceeds: all of them, and everybody who would be touched, by name. */
void ob_show_trips(const struct ob_cli *cli, const struct ob_value *trips,
                   const struct ob_value *doc);

/* Runs the policy with readings only, seals and stores the plan. *doc is the caller's. Where the
 * same was planned before, and can still be carried out or was, that plan is the answer. */
OB_MUST_CHECK enum ob_status ob_session_plan(struct ob_session *s, const struct ob_bound *b,
                                             char id[OB_PLAN_ID], struct ob_value *doc,
                                             struct ob_err *err);
/* Reads a stored plan, whatever has become of it: `unfit` says why it must not be carried out
 * (OB_OK: nothing is wrong with it). The document of a damaged one may be OB_NULL. */
OB_MUST_CHECK enum ob_status ob_session_read(struct ob_session *s, const char *id,
                                             char full[OB_PLAN_ID], struct ob_value *doc,
                                             struct ob_err *unfit, struct ob_err *err);
/* The same, checked. */
OB_MUST_CHECK enum ob_status ob_session_load(struct ob_session *s, const char *id,
                                             char full[OB_PLAN_ID], struct ob_value *doc,
                                             struct ob_err *err);
/* A plan runs once: OB_ERR_STALE, or OB_ERR_LOCKED while another process carries it out. */
OB_MUST_CHECK enum ob_status ob_session_unused(struct ob_session *s, const char *plan,
                                               struct ob_err *err);
/* Carries a plan out as a new run (*run 0 before) or goes on with one. Reports, and answers what
 * the run ended with; err has the first reason. */
OB_MUST_CHECK enum ob_status ob_session_run(struct ob_session *s, const char *plan,
                                            const struct ob_value *doc, int64_t *run,
                                            struct ob_err *err);

/* Ends a run that an undo leaves nothing to do for; `by` is the run of the undo, 0: there is none.
 */
OB_MUST_CHECK enum ob_status ob_session_end_undone(struct ob_session *s, int64_t of, int64_t by,
                                                   struct ob_err *err);

/* ---- anchor.c ---- */
/* Shows the head of the ledger's chain, anchors it, and puts it into an event's fields. */
void ob_session_head(struct ob_session *s, struct ob_value *fields);

/* ---- policy_run.c, notices.c: one policy in this process ---- */
void ob_session_options(struct ob_session *s, struct ob_policy_options *o);
/* Fills *doc after a plan, and *due_ms after OB_ERR_WAITING; both may be NULL. */
OB_MUST_CHECK enum ob_status ob_session_policy(struct ob_session *s,
                                               const struct ob_policy_options *o,
                                               struct ob_value *doc, int64_t *due_ms,
                                               struct ob_err *err);
void ob_session_notified(void *ctx, const struct ob_notice *n);

/* ---- tally.c ---- */
/* Outcomes of one step (path) or of the whole run (NULL). */
OB_MUST_CHECK enum ob_status ob_tally(struct ob_ledger *l, int64_t run, const char *path,
                                      struct ob_outcomes *out, struct ob_err *err);
/* "succeeded", "failed", "unknown", "skipped" or "pending": what people are told. */
const char *ob_outcome_word(enum ob_person_state state);
void ob_outcomes_text(const struct ob_outcomes *o, char *out, size_t size);
/* Without those that nobody had: for tables. */
void ob_outcomes_brief(const struct ob_outcomes *o, char *out, size_t size);
void ob_outcomes_value(const struct ob_outcomes *o, struct ob_value *v);

/* ---- shown.c ---- */
/* The plan for people: steps, people, notes. `all`: every name, else the first ones. */
void ob_show_plan(const struct ob_cli *cli, const char *id, const struct ob_value *doc, bool all,
                  FILE *out);
/* shown_left.c: whom a run would leave out, and why; nothing when there is nobody. */
void ob_show_left(const struct ob_cli *cli, const struct ob_value *doc, bool all, int width,
                  FILE *out);
/* How many different people its steps name. */
size_t ob_plan_heads(const struct ob_value *doc);
/* No step names anybody: there is nothing to do. */
bool ob_plan_is_idle(const struct ob_value *doc);
