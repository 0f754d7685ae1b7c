/* Inside src/engine only: how jobs, targets, readings and steps hang together.
 *
 *   step ──makes──► job (one call, with its retries) ──► queue of its target ──► transport
 *                     └── done(job, end, answer) ◄────── completion ◄───────────────┘
 *
 * A job is owned by the queue or the in-flight table until its `done` ran; then it is freed. */
#pragma once
#include "base/json.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/idmap.h"
#include "engine/isolate.h"
#include "engine/pace.h"
#include "engine/retry.h"

enum ob_job_end {
    OB_JOB_ANSWERED, /* `answer` is understood (DONE, PERSON, SUSPECT, REQUEST) */
    OB_JOB_DOUBT,    /* a mutation whose effect is unknown; err says why */
    OB_JOB_STOPPED,  /* the target or the engine stopped; the cloud did nothing; err says why */
    OB_JOB_FAILED,   /* raw only: no answer came, and the cloud did nothing; err says why */
    OB_JOB_DROPPED,  /* the engine goes away: free what is yours, touch nothing of the asker's */
};

struct ob_tstate;
struct ob_job;
typedef void ob_job_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end end,
                         const struct ob_answer *answer, const struct ob_response *response,
                         const struct ob_err *err);

struct ob_job {
    struct ob_job *next;
    struct ob_tstate *ts;
    enum ob_call_kind kind;
    char *op;                  /* provider's operation, or "request" when raw */
    struct ob_value args;      /* for the provider */
    struct ob_request request; /* unsigned; a copy is signed for each attempt */
    bool raw;
    const char *step; /* path for the ledger, "" for none; lent by the owner */
    int64_t *people;  /* ledger indexes, for the intent */
    size_t *members;  /* indexes into the owner's people */
    size_t count;
    int attempt;
    int throttled; /* so many of them were refused for now; `done` may look */
    struct ob_pace_call left;
    int logins;         /* made because this very call was told to */
    int64_t not_before; /* monotonic */
    uint64_t wire_id;
    enum ob_net_error net;  /* of the last attempt */
    unsigned token_number;  /* which of the target's tokens signed it */
    struct ob_call_row row; /* of the attempt in flight */
    void *owner;
    void *tag;                            /* the owner's, e.g. the family of an isolation */
    void (*launched)(struct ob_job *job); /* after each intent; may be NULL */
    ob_job_done *done;
};

struct ob_tstate { /* the engine's side of a target */
    struct ob_tstate *next;
    struct ob_target *t;
    struct ob_job *head, **tail; /* waiting */
    unsigned good_token;         /* the last one that a call was accepted with */
    int in_flight, parallel;
    struct ob_pace pace; /* when the next call may leave, whatever it is for */
    struct ob_token token;
    int64_t token_from_ms;
    unsigned token_number;
    bool token_used; /* by some request: one that is fresh is tried whatever our clock says */
    bool logging_in;
    bool proven;              /* an answer was understood: credential and signature are good */
    struct ob_err stopped;    /* status OB_OK: running */
    int64_t population;       /* rows of the directory, -1 unknown */
    bool counted;             /* by this very engine */
    struct ob_value own;      /* { field, is_id, value }: whose credential it is; rank.c */
    struct ob_value taken;    /* ids of administrators that this process has acted upon */
    struct ob_step *counting; /* the one step that may act upon an administrator now */
};

struct ob_outgoing {
    struct ob_job *job;
    struct ob_request request; /* signed */
    const struct ob_route *route;
};

struct ob_step;
struct ob_engine {
    struct ob_engine_options opt;
    struct ob_random random;
    struct ob_tstate *targets;
    struct ob_job *flying; /* in flight, by wire_id */
    uint64_t next_wire_id;
    struct ob_outgoing *outbox;
    size_t out_count, out_cap;
    struct ob_step *steps; /* not done yet */
    bool op_ended;         /* a reading or raw request is done: do not wait */
    bool job_ended;        /* a job is done: its owner may have more to do at once */
    bool in_txn, must_commit;
    int64_t txn_since;
    struct ob_err broken;  /* the ledger failed: nothing leaves any more */
    struct ob_err tripped; /* a limit: nothing is taken away any more, all else goes on */
    volatile int stop;     /* enum ob_status, set by ob_engine_stop */
};

/* ---- engine.c ---- */
int64_t ob_engine_now(const struct ob_engine *e); /* monotonic */
struct ob_tstate *ob_engine_target(struct ob_engine *e, struct ob_target *t);
void ob_engine_notice(struct ob_engine *e, const struct ob_notice *n);
/* Opens the turn's transaction. `must`: it has to be durable before the next send. */
bool ob_engine_txn(struct ob_engine *e, bool must);
/* Remembers the first failure of the ledger; always false, for `return`. */
bool ob_engine_broken(struct ob_engine *e, const struct ob_err *err);
/* What a reading that is not whole ends with: while planning it is a bad input, later it may be
 * tried again. */
enum ob_status ob_engine_half_read(const struct ob_engine *e);
const char *ob_engine_clean(struct ob_engine *e, const char *text); /* redacted, one line */

/* ---- job.c: from the queue to the wire ---- */
struct ob_job *ob_job_new(struct ob_tstate *ts, enum ob_call_kind kind, const char *op,
                          ob_job_done *done, void *owner);
void ob_job_free(struct ob_job *job);
void ob_job_ids(struct ob_job *job, const char *const *ids, size_t count); /* args = {ids=} */
bool ob_job_mutates(const struct ob_job *job);
void ob_job_queue(struct ob_engine *e, struct ob_job *job);
void ob_job_queue_first(struct ob_job *job); /* a login goes before all that waits for it */
/* Who was throttled goes before all who were not, or would starve among them; and who was told to
 * log in, because it can tell whether the new token is good. */
void ob_job_queue_again(struct ob_job *job);
/* Calls `done` and frees the job, which is in no list any more. */
void ob_job_finish(struct ob_engine *e, struct ob_job *job, enum ob_job_end end,
                   const struct ob_answer *answer, const struct ob_response *response,
                   const struct ob_err *err);
void ob_jobs_dispatch(struct ob_engine *e);
/* Ends every waiting job of a stopped target or engine. */
void ob_jobs_stop(struct ob_engine *e);
void ob_target_stop(struct ob_engine *e, struct ob_tstate *ts, enum ob_status status,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Monotonic time of the next thing to do without a completion; INT64_MAX: none. */
int64_t ob_jobs_next(const struct ob_engine *e);

/* ---- receive.c: from the wire to `done`, or back into the queue ---- */
void ob_job_completion(struct ob_engine *e, struct ob_completion *c);

/* ---- login.c ---- */
/* True when requests may be signed now; otherwise a login is under way, or the target stopped. */
bool ob_login_ready(struct ob_engine *e, struct ob_tstate *ts);
void ob_login_forget(struct ob_tstate *ts);
/* Reads a login's completion: takes the token, or says in `a` what the refusal means. */
void ob_login_read(struct ob_engine *e, struct ob_tstate *ts, const struct ob_completion *c,
                   struct ob_answer *a);

/* ---- directory.c: all pages of a list, and only when they are complete ---- */
struct ob_listing;
struct ob_listing_ops {
    void (*row)(struct ob_engine *e, void *ctx, const struct ob_value *person);
    void (*restart)(void *ctx); /* the directory changed under us: forget what was given */
    void (*end)(struct ob_engine *e, void *ctx, const struct ob_err *err); /* NULL: complete */
    void (*drop)(void *ctx); /* instead of end: as OB_JOB_DROPPED; may be NULL */
};
void ob_listing_start(struct ob_engine *e, struct ob_tstate *ts, const struct ob_listing_ops *ops,
                      void *ctx);

/* ---- population.c ---- */
/* A directory was read or counted completely. */
void ob_population_seen(struct ob_engine *e, struct ob_tstate *ts, int64_t people);

/* ---- reader.c: what are these people now? person by person or by listing ---- */
enum ob_seen { OB_SEEN_NOT, OB_SEEN_ABSENT, OB_SEEN_ACTIVE, OB_SEEN_DISABLED, OB_SEEN_OTHER };
enum ob_seen ob_seen_read(const char *state);

struct ob_reader_ask {
    const char *const *ids; /* of everybody; lent until end() */
    const size_t *set;      /* who is asked for; copied */
    size_t count;
    const struct ob_idmap *map;
    bool snapshot;       /* fields are wanted: use the snapshot call when there is one */
    const bool *confirm; /* by position in `set`: absence seen in a list is looked up; copied */
    const char *step;    /* for the ledger */
    const int64_t *ledger_index;
};
struct ob_reader_ops {
    /* `row` is what the provider read, with `fields`; NULL when a list shows that there is none. */
    void (*seen)(struct ob_engine *e, void *ctx, size_t person, enum ob_seen seen,
                 const struct ob_value *row);
    void (*end)(struct ob_engine *e, void *ctx, const struct ob_err *err); /* NULL: all seen */
};
void ob_reader_start(struct ob_engine *e, struct ob_tstate *ts, const struct ob_reader_ask *ask,
                     const struct ob_reader_ops *ops, void *ctx);
/* Pure: is listing the directory cheaper than looking `count` people up? -1: cannot tell before
 * the population is known. */
int ob_reader_prefers_list(const struct ob_provider_info *info, size_t count, int64_t population);

/* ---- step.c, act.c, verify.c ---- */
void ob_step_advance(struct ob_engine *e, struct ob_step *s);
int64_t ob_step_next(const struct ob_step *s); /* its own timer, INT64_MAX: none */
bool ob_step_over(const struct ob_step *s);
bool ob_step_asks(const struct ob_step *s);
struct ob_step *ob_step_after(const struct ob_step *s);
/* Asked right before the intent: would this call exceed a limit? Then e->tripped says which. */
bool ob_step_may_send(struct ob_engine *e, const struct ob_job *job);
void ob_step_free(struct ob_step *s);

/* ---- rank.c: who is who to this credential ---- */
/* From the answer of a login that was granted. */
void ob_own_learn(struct ob_tstate *ts, const struct ob_response *r);
bool ob_own_is(const struct ob_tstate *ts, const char *id, const struct ob_value *row);

/* ---- raw.c ---- */
void ob_raw_free(struct ob_op *op);
