/* What the files of the policy runtime share: policy.c (life and scheduler), policy_task.c
 * (together), policy_env.c (limits, notes), policy_input.c and policy_health.c (what is expected
 * of them), policy_time.c, policy_wait.c and policy_recheck.c (waiting), policy_target.c and
 * policy_action.c (targets and what is done on them), policy_evidence.c, policy_gate.c,
 * policy_undo.c, undo_find.c, policy_record.c (the plan's document), policy_readings.c, outcome.c.
 * Inside src/script only. */
#pragma once
#include "engine/health.h"
#include "engine/idmap.h"
#include "script/internal.h"
#include "script/policy.h"
#include "script/roster.h"

enum ob_job_state { OB_JOB_READY, OB_JOB_WAITING, OB_JOB_DONE };

struct ob_input_use { /* how an input was read, for reading it again */
    bool used;
    enum ob_format format;
    char *encoding, *separator, *key;
    struct ob_table *table; /* as it was read last */
    struct ob_demands demands;
    struct ob_value columns; /* that are expected: a list, or OB_NULL */
    bool expects;
    bool told_apart; /* people are acted upon because they are not in it */
};

/* One coroutine: the policy itself, or a function given to together{}. It is resumed by the
 * scheduler only, and waits for exactly one thing: an op, or its children. */
struct ob_task {
    struct ob_task *next;
    struct ob_task *parent;
    lua_State *T;
    int ref; /* anchors T */
    enum ob_job_state state;
    struct ob_op *op;         /* what it waits for */
    size_t children;          /* not done yet */
    int args;                 /* values on T for the next resume */
    char *prefix;             /* "" or "3.1.": paths of its proposals */
    int made;                 /* proposals so far */
    int64_t due_ms;           /* parked in wait{} until then (wall clock); 0: it is not */
    int64_t woke_ms;          /* the policy's time since its last wait; 0: that of the plan */
    char today[OB_TIME_TEXT]; /* the day of woke_ms, where the run went on */
    char *waits;              /* what was waited for so far (ob_waits_add); NULL: nothing */
};

struct ob_survey;
struct ob_directory;
/* What one target is to a policy. */
struct ob_policy_target {
    const struct ob_target_config *config;
    struct ob_target *t;
    bool recorded;                  /* in the plan's document */
    struct ob_survey *survey;       /* PLAN: what the cloud said of those who were named; or NULL */
    struct ob_directory *directory; /* PLAN: policy_directory.h; NULL: it was not read */
    struct ob_value going;          /* PLAN: ids of administrators whom it takes away */
};

struct ob_policy {
    struct ob_policy_options opt;
    struct ob_script *script;
    struct ob_engine *engine;
    struct ob_guard *guard;
    struct ob_limiter *limiter;
    struct ob_value trips; /* limits that are exceeded; policy_limit.c */
    struct ob_ceiling *ceiling;
    struct ob_task *tasks, *current;
    struct ob_op *answer; /* what `current` waited for; freed when it has been resumed with it */
    struct ob_policy_target *targets; /* one for each of the configuration, opened when named */
    struct ob_value doc;
    char today[OB_TIME_TEXT];
    char *key;                        /* key "column" */
    size_t note_bytes, step_people;   /* recorded so far: they are not Lua's memory */
    bool asked_now;                   /* the policy knows the time, not only the day */
    bool proposed;                    /* from now on it is too late to protect anybody */
    struct ob_told_later *told_later; /* policy_evidence.c */
    struct ob_input_use *uses;        /* one for each bound input */
    struct ob_value spared;           /* key -> why this one is not to be touched after all */
    bool late;                        /* its deadline has stopped it */
    int64_t due_ms;                   /* the run is parked until then; 0: it is not */
    struct ob_err failed;
    struct ob_expect *expects; /* rehearsals only; policy_expect.c */
};

struct ob_policy *ob_policy_of(lua_State *L);
/* [-0, +1, e] The path of the next proposal of the task that runs now; a string of Lua. */
const char *ob_policy_push_path(lua_State *L);
/* "policy.lua:12", where the script is now. */
const char *ob_policy_where(lua_State *L, char *out, size_t size);
/* [-0, +0, e] Raises with the script's place before the message; no pcall catches it. */
int ob_policy_raise(lua_State *L, enum ob_status status, const char *message);
/* [-0, +0, e] Every option is one that is known: a typo must not be silence. */
void ob_policy_known(lua_State *L, int options, const char *const *names);
/* [-0, +0, e] For whatever waits: raises before anything is done where no waiting is possible. */
void ob_policy_may_wait(lua_State *L, const char *what);
/* [-0, +1, e] A value that Lua owns, so that a raise leaks nothing. */
struct ob_value *ob_policy_push_owned(lua_State *L);
/* [-0, +1, e] An empty place for a table, which Lua unrefs. */
struct ob_table **ob_policy_push_slot(lua_State *L);
/* [-0, +1, e] The roster of the table in the slot, which is empty then. */
void ob_policy_push_table(lua_State *L, struct ob_table **slot);

/* [-0, +0, e] */
void ob_open_policy_env(lua_State *L);
void ob_open_policy_input(lua_State *L);
void ob_open_policy_time(lua_State *L);
void ob_open_policy_targets(lua_State *L);
void ob_open_outcome(lua_State *L);
int ob_policy_expect(lua_State *L); /* [-n, +0, e] policy_expect.c */
void ob_expects_free(struct ob_expect *x);
int ob_policy_together(lua_State *L); /* [-n, +n+1, e] yields */

/* [-n, +1|3, e] target:request{}; policy_request.c */
int ob_policy_request(lua_State *L);

/* ---- policy_task.c ---- */
/* At the end of the list: tasks start in the order of their functions. Takes `prefix`. */
struct ob_task *ob_task_new(struct ob_policy *p, struct ob_task *parent, lua_State *T, int ref,
                            char *prefix);
void ob_task_free(struct ob_task *t);
/* The last child of `parent` is done: results go to it, and it may go on. */
void ob_task_deliver(struct ob_policy *p, struct ob_task *parent);

/* ---- policy_input.c ---- */
const struct ob_bound_input *ob_policy_input(const struct ob_policy *p, const char *name);
struct ob_input_options ob_policy_input_options(const struct ob_policy *p,
                                                const struct ob_bound_input *in);
void ob_policy_inputs_free(struct ob_policy *p);

/* ---- policy_health.c ---- */
/* [-0, +0, e] What the table at `index` expects of an input is noted; NIL expects nothing. */
void ob_health_expect(lua_State *L, int index, struct ob_input_use *use);
/* Holds what was read against it; `what` is what the policy is held against, lent. */
OB_MUST_CHECK enum ob_status ob_health_input(struct ob_policy *p, const struct ob_bound_input *in,
                                             const struct ob_buf *bytes, const struct ob_table *t,
                                             int64_t mtime_ms, struct ob_err *err);
/* Reads an input again, as it is now, and holds it against the same; `key`: the column that names
 * people, or NULL. Both are the caller's after OB_OK only. */
OB_MUST_CHECK enum ob_status ob_health_again(struct ob_policy *p, const struct ob_bound_input *in,
                                             const char *key, struct ob_buf *bytes,
                                             struct ob_table **out, struct ob_err *err);
/* The end of a plan: inputs that prove absence, and then all are remembered as good reads. */
OB_MUST_CHECK enum ob_status ob_health_absence(struct ob_policy *p, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_health_keep(struct ob_policy *p, struct ob_err *err);
int ob_health_method(lua_State *L); /* [-n, +1, e] roster:expect{} */

/* ---- policy_evidence.c ---- */
/* [-0, +n, e] spec->require, from the options of a deleting action; the stack keeps it. */
void ob_require_push(lua_State *L, struct ob_step_spec *spec, const struct ob_roster *roster);
/* What is known by now of each person's evidence, for the plan; told when it is complete. */
OB_MUST_CHECK enum ob_status
ob_record_evidence(struct ob_policy *p, const struct ob_step_spec *spec, struct ob_err *err);

void ob_evidence_tell(struct ob_policy *p);
void ob_evidence_forget(struct ob_policy *p);

/* ---- policy_time.c, policy_wait.c ---- */
/* Of the task that runs now. */
int64_t ob_policy_now(const struct ob_policy *p);
void ob_policy_today(const struct ob_policy *p, char out[OB_TIME_TEXT]);
int ob_policy_wait(lua_State *L); /* [-0, +0|1, e] yields */

/* ---- outcome.c ---- */
/* [-0, +1, e] The outcome of a step over `roster` (at index `at`): one state and detail a member.
 */
void ob_push_outcome(lua_State *L, int at, const struct ob_person *people, size_t count);
/* [-0, +1, e] All members of the roster, assumed to have succeeded. */
void ob_push_assumed(lua_State *L, int at);
/* [-0, +1, e] The outcomes at first..last (others and nil are left out) as one. */
void ob_push_combined(lua_State *L, int first, int last);

/* ---- policy_target.c ---- */
/* The target of this name, opened if need be; OB_ERR_USAGE where the configuration has none. */
OB_MUST_CHECK enum ob_status ob_policy_open_target(struct ob_policy *p, const char *name,
                                                   struct ob_target **out, struct ob_err *err);
struct ob_policy_target *ob_policy_check_target(lua_State *L, int arg); /* [-0, +0, e] */
/* [-0, +0, e] What the task that runs now is about to wait for. */
void ob_policy_set_op(lua_State *L, struct ob_op *op);
/* [-0, +0, yield] The rest of a C function once the task's op is done: see each *_k. */
int ob_policy_wait_for(lua_State *L, struct ob_op *op, lua_KFunction k);
int ob_policy_action(lua_State *L); /* [-n, +1|yield, e] upvalue: the action */

/* [-0, +0, e] The outcome at `at` came (also) from the step at this path. */
void ob_outcome_from(lua_State *L, int at, const char *path);
/* [-0, +0, e] All of them, as a list (initialised here). */
void ob_outcome_paths(lua_State *L, int at, struct ob_value *out);
void ob_outcome_check(lua_State *L, int at);       /* [-0, +0, e] argument error */
void ob_outcome_push_roster(lua_State *L, int at); /* [-0, +1, -] */
/* [-0, +0, e] Undone: those who were brought back by { key = { state } } (NULL: all) were skipped.
 */
void ob_outcome_undo(lua_State *L, int at, const struct ob_value *verdicts);

/* ---- policy_limit.c ---- */
OB_MUST_CHECK enum ob_status ob_limits_make(struct ob_policy *p, struct ob_err *err);
/* PLAN, when the policy has come to its end: is anything exceeded? Seals what is in force. */
OB_MUST_CHECK enum ob_status ob_limits_planned(struct ob_policy *p, struct ob_err *err);
/* So many people a whole reading of a directory showed: is it whole? Asked after the reading. */
OB_MUST_CHECK enum ob_status ob_limits_whole(struct ob_policy *p, const char *target, int64_t count,
                                             struct ob_err *err);
/* APPLY, before the policy begins: the same of what is left of the plan, by what holds now. */
OB_MUST_CHECK enum ob_status ob_limits_begin(struct ob_policy *p, struct ob_err *err);

/* ---- policy_record.c ---- */
/* "https://host:port/base", owned by the caller. */
char *ob_endpoint_text(const struct ob_endpoint *e);
void ob_record_begin(struct ob_policy *p);
OB_MUST_CHECK enum ob_status ob_record_end(struct ob_policy *p, struct ob_err *err);
void ob_record_target(struct ob_policy *p, struct ob_policy_target *t);
/* OB_ERR_POLICY when notes or proposals grow beyond all bounds: they are outside of the memory
 * limit of the script. */
OB_MUST_CHECK enum ob_status ob_record_note(struct ob_policy *p, const char *text,
                                            struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_record_input(struct ob_policy *p, const struct ob_bound_input *in,
                                             struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_record_step(struct ob_policy *p, const char *path,
                                            const struct ob_step_spec *spec, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_record_wait(struct ob_policy *p, const char *path,
                                            const struct ob_value *options, int64_t due_ms,
                                            struct ob_err *err);
/* A step of an undo: the plan tells of what it undoes, not of how that could be undone again. */
OB_MUST_CHECK enum ob_status ob_record_undoing(struct ob_policy *p, const char *path,
                                               const struct ob_step_spec *spec,
                                               const struct ob_action *undoes, struct ob_err *err);
/* Undo of the steps `paths`, proposed by the policy itself. */
OB_MUST_CHECK enum ob_status ob_record_undo(struct ob_policy *p, const char *path,
                                            const struct ob_value *paths, const char *reason,
                                            struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_record_raw(struct ob_policy *p, const char *path,
                                           const struct ob_target *t, const struct ob_request *r,
                                           struct ob_err *err);
/* One reading: an answer belongs to its question only, not to another that a replay asks at the
 * same place. Texts are lent. */
struct ob_reading {
    const char *path;
    const struct ob_target *t;
    const char *op;
    const char *asked; /* digest of the arguments or of the request */
};
/* SHA-256 of what is asked for. */
void ob_reading_digest(const struct ob_value *args, char out[65]);
/* Keeps what a reading answered; in APPLY, under the run, so that its resume reads the same. */
OB_MUST_CHECK enum ob_status ob_record_reading(struct ob_policy *p, const struct ob_reading *r,
                                               const struct ob_value *answer, struct ob_err *err);
/* What was recorded for it; *found says whether there is something. */
OB_MUST_CHECK enum ob_status ob_replay_reading(struct ob_policy *p, const struct ob_reading *r,
                                               bool *found, struct ob_value *answer,
                                               struct ob_err *err);
