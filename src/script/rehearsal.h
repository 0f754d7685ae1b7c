/* A rehearsal: a policy with all that is bound to it, carried out by the very engine, ledger and
 * policy runtime that `apply` uses, on simulated clouds in this process. Time is virtual, nothing
 * leaves, and the same setup and schedule do the same to the byte. After each run the rules of
 * DESIGN section 8 and the policy's own are checked. Used by `offboard rehearse` and by the
 * project's own tests.
 *
 * Each target of the configuration is simulated by its provider's cloud; of two targets with one
 * provider each has a cloud of its own, with the same people. */
#pragma once
#include "script/policy.h"
#include "script/schedule.h"

struct ob_rehearsal_setup { /* all lent for as long as the rehearsal lives */
    const char *name, *text;
    size_t len;
    const struct ob_bound_input *inputs;
    size_t input_count;
    const struct ob_value *vars;
    bool allow_empty;
    const char *max_delete;
    struct ob_limits limits;
    const struct ob_config *config; /* names, limits and protection; NULL: demo targets */
    const struct ob_value *exports; /* { TARGET = [{ id, state, fields }] }, or NULL */
    const char *faults;             /* as those of `offboard sim`, all the time; or "" */
    int64_t people;                 /* in the clouds; 0: chosen */
    int64_t leavers;                /* to be invented where no input is bound; 0: chosen */
    int64_t seed;
    int64_t start_ms;     /* wall clock */
    unsigned char *lines; /* as ob_rehearsing's */
    size_t line_count;
};

struct ob_counts { /* of people and proposals */
    int64_t succeeded, failed, unknown, skipped, pending;
};

struct ob_rehearsed {   /* one run from plan to end */
    struct ob_err plan; /* status OB_OK: there was a plan */
    struct ob_err end;  /* how the policy's last life ended */
    const char *rule;   /* the rule that was broken, or NULL */
    char broken[900];   /* and how */
    int64_t requests, points, lives, plan_requests, plan_points;
    int64_t took_ms;   /* virtual, from the plan to the end */
    int64_t waited_ms; /* of these in waits */
    struct ob_counts counts;
};

struct ob_rehearsal;
OB_MUST_CHECK enum ob_status ob_rehearsal_new(struct ob_rehearsal **out,
                                              const struct ob_rehearsal_setup *setup,
                                              struct ob_err *err);
void ob_rehearsal_free(struct ob_rehearsal *r);
/* From the next run on these faults hold all the time; lent. */
void ob_rehearsal_faults(struct ob_rehearsal *r, const char *faults);
/* Plans and carries out, with everything that the schedule names. An error is a mistake of whoever
 * asks (an unknown fault) or of ours; what becomes of the run stands in *out. */
OB_MUST_CHECK enum ob_status ob_rehearsal_run(struct ob_rehearsal *r, const struct ob_schedule *s,
                                              struct ob_rehearsed *out, struct ob_err *err);
/* The shortest schedule that still breaks the rule that `s` breaks; *tries counts the runs. */
OB_MUST_CHECK enum ob_status ob_rehearsal_shrink(struct ob_rehearsal *r, struct ob_schedule *s,
                                                 struct ob_rehearsed *out, int *tries,
                                                 struct ob_err *err);
/* Runs it once more and tells what happened, at most `most` lines. */
OB_MUST_CHECK enum ob_status ob_rehearsal_story(struct ob_rehearsal *r, const struct ob_schedule *s,
                                                size_t most, struct ob_buf *out,
                                                struct ob_err *err);

/* ---- what the last run left; lent ---- */

struct ob_call_tally {
    int target; /* of the configuration; -1: a login elsewhere */
    char op[32];
    int64_t calls, people;
};
const struct ob_call_tally *ob_rehearsal_calls(const struct ob_rehearsal *r, size_t *count);
/* The number of a target, -1 for none, and its name. */
int ob_rehearsal_number(const struct ob_rehearsal *r, const char *name);
const char *ob_rehearsal_target(const struct ob_rehearsal *r, int target);

struct ob_step_tally { /* a step in the order of the ledger, with the time it took */
    char *path, *target, *action;
    struct ob_counts counts;
    int64_t began_ms, ended_ms; /* since the start; -1: no call was made */
};
OB_MUST_CHECK enum ob_status
ob_rehearsal_steps(struct ob_rehearsal *r, void (*each)(void *ctx, const struct ob_step_tally *s),
                   void *ctx, struct ob_err *err);
/* { started, now, people = [...] }, as policy_expect.c describes it. */
const struct ob_value *ob_rehearsal_world(struct ob_rehearsal *r);
/* The plan's document. */
const struct ob_value *ob_rehearsal_plan(const struct ob_rehearsal *r);
/* Where everything stands at the end, as canonical text: to compare two runs. */
void ob_rehearsal_ends(struct ob_rehearsal *r, struct ob_buf *out);
/* Facts about the clouds, for whoever reads the report. */
int64_t ob_rehearsal_people(const struct ob_rehearsal *r);
int64_t ob_rehearsal_planned(const struct ob_rehearsal *r); /* people whom the plan names */
/* A person's number for refuse=N; 0: the plan does not name them. */
int64_t ob_rehearsal_place(const struct ob_rehearsal *r, const char *name);
int64_t ob_rehearsal_invented(const struct ob_rehearsal *r); /* leavers; 0: none */
