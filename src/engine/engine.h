/* The engine: takes steps (proposals) through check, snapshot, chunk, intent, send, read,
 * isolate, verify and result (DESIGN section 4). It knows no Lua, curl or SQL: clock, transport
 * and ledger are given. One thread; ob_engine_turn() is the only place where time passes.
 *
 *   host ── ob_engine_step/read/raw ──► op        op->done ──► host takes the result
 *   turn: completions in ─► jobs and steps advance ─► ledger commit ─► sends out
 *
 * Nothing leaves before the commit that holds its intent. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/secret.h"
#include "engine/evidence.h"
#include "engine/target.h"
#include "ledger/ledger.h"

struct ob_engine;
struct ob_guard;

/* What the engine tells while it works (progress, --json events). Texts are lent and redacted. */
enum ob_notice_kind {
    OB_NOTICE_CALL,
    OB_NOTICE_PERSON,
    OB_NOTICE_HOLD,
    OB_NOTICE_PHASE,
    OB_NOTICE_NOTE
};
struct ob_notice {
    enum ob_notice_kind kind;
    const char *step, *target, *action;
    const char *what;   /* CALL: result word; PERSON: outcome word; PHASE: check, act, verify */
    const char *person; /* PERSON */
    const char *detail; /* NOTE: the policy's text */
    int64_t count;      /* CALL: people in it; HOLD: milliseconds */
    int64_t total;      /* PHASE: people of the step */
    enum ob_call_kind call_kind;
};

struct ob_limiter;
struct ob_engine_options {
    const struct ob_clock *clock;
    struct ob_transport transport;
    struct ob_ledger *ledger; /* NULL while planning: reads only, nothing is written */
    struct ob_ledger *counts; /* where the sizes of directories are kept, also while planning; NULL:
                                 nowhere */
    struct ob_limiter *limiter; /* asked before every call that takes something away; or NULL */
    int64_t run;
    struct ob_vault *vault;
    uint64_t seed;                /* jitter; 0: from the system */
    int parallel;                 /* 0: each target's own */
    const struct ob_guard *guard; /* whom nothing may touch; NULL: nobody said */
    void (*notify)(void *ctx, const struct ob_notice *n);
    void *notify_ctx;
};

struct ob_engine *ob_engine_new(const struct ob_engine_options *opt);
/* Calls in flight are abandoned: their intents stay in the ledger, in doubt. */
void ob_engine_free(struct ob_engine *e);

/* ---- what may be asked ---- */

struct ob_person { /* of a step, in roster order; lent until the op is freed */
    const char *key;
    const char *id;
    enum ob_person_state state;
    char *detail; /* "" or why */
    int64_t calls;
    bool
        told_unknown; /* unknown when the policy went on by it (marks.h), whatever `state` is now */
};

/* Asked before every wave of a step that is gated, once something is known of the one before. */
enum ob_go {
    OB_GO_ON,
    OB_GO_STOP, /* who was not acted upon is skipped */
    OB_GO_UNDO, /* the same, and whoever proposed it undoes the rest */
};

struct ob_was {        /* lent until the op is freed; both NULL where nothing is known */
    const char *state; /* "active", ...; "" when an earlier step of the plan has changed it */
    const char *print; /* identity.h */
};

struct ob_step_spec {
    struct ob_target *target;
    const struct ob_action *action;
    const char *path;
    const char *digest;             /* ob_step_digest() */
    const struct ob_value *options; /* as the policy gave them, for the ledger */
    const char *const *keys;        /* names of people and their ids, `count` each */
    const char *const *ids;
    size_t count;
    int chunk;                     /* 0: the provider's maximum */
    int parallel;                  /* 0: the target's */
    const struct ob_value *ramp;   /* list of counts (int) and shares ("20%"); NULL: none */
    const struct ob_value *admins; /* list: ids of administrators who may be acted upon; NULL */
    bool gated;                    /* one chunk a wave, and the op asks before the next */
    bool undoes; /* takes something back: goes on with those in doubt also when the policy has */
    /* By person, each or all NULL; lent until ob_engine_step() returns: */
    const char *const *skips;                /* why this one is not to be touched after all */
    const char *const *groups;               /* only equal texts share a call */
    const struct ob_value *const *snapshots; /* for an action that is from_snapshot; lent until
                                                the op is freed */
    /* What must be proven of each person before they are acted upon; NULL: nothing. Lent until
     * ob_engine_step() returns. An undo is always allowed. */
    const struct ob_require *require;
    /* What each was when planned, and what to do about one who is not so any more. */
    const struct ob_was *was;
    bool stop_on_change;
    /* What is undone is itself in doubt: a reading that shows nothing to undo is believed only
     * with patience. */
    const bool *doubtful;
};

enum ob_op_kind { OB_OP_STEP, OB_OP_READ, OB_OP_RAW };

/* One thing asked of the engine; owned by the asker. One that is not done may be freed only when
 * the engine takes no more turns. */
struct ob_op {
    enum ob_op_kind kind;
    bool done;
    /* OB_OK, or why the whole thing could not be brought to its end (credential, throttled out,
     * unreachable, stopped): a step then still has people without an outcome. */
    struct ob_err err;
    /* STEP */
    struct ob_person *people;
    size_t count;
    bool asks;     /* gated: waits for ob_engine_go() */
    enum ob_go go; /* what it was answered, also by an earlier process */
    /* READ: the rows of list or lookup ({ id, state, fields, admin?, group? }), or what another
     * reading answers.
     * RAW: { status, headers, body } or { message, code }; code: "in_doubt" or what the network
     * said ("timeout"), when the cloud did nothing */
    struct ob_value value;
    void *internal;
};

/* A settled step of the ledger is done at once; one that was begun goes on where it was, with
 * those of its people who are named again, and with new ones. A path that is at work already, or
 * that the ledger knows for another target or action, is OB_ERR_POLICY; two people with one id
 * are OB_ERR_INPUT. What it writes is durable when it returns. */
OB_MUST_CHECK enum ob_status ob_engine_step(struct ob_engine *e, const struct ob_step_spec *spec,
                                            struct ob_op **out, struct ob_err *err);
/* "list" reads the whole directory, all pages, and fails when it is not complete; "count" says how
 * many it has (an integer), from the first page where that tells, else as "list" does. */
OB_MUST_CHECK enum ob_status ob_engine_read(struct ob_engine *e, struct ob_target *t,
                                            const char *op, const struct ob_value *args,
                                            struct ob_op **out, struct ob_err *err);
/* A raw request of a policy. One that is no reading is journalled under `path`: settled ones
 * are answered from the ledger, one in doubt is answered as such and never repeated. */
OB_MUST_CHECK enum ob_status ob_engine_raw(struct ob_engine *e, struct ob_target *t,
                                           const char *path, const struct ob_request *r,
                                           struct ob_op **out, struct ob_err *err);
/* SHA-256 over target and request: what a plan lists of it and a replay must bring again. */
void ob_raw_digest(const struct ob_target *t, const struct ob_request *r, char out[65]);
/* The answer to an op that asks; `why` goes to those who are skipped because of it. */
void ob_engine_go(struct ob_engine *e, struct ob_op *op, enum ob_go go, const char *why);
void ob_op_free(struct ob_op *op);

/* One turn; waits up to `wait_ms` when there is nothing to do now. An error is the ledger's:
 * nothing was sent after it, and nothing may be. */
OB_MUST_CHECK enum ob_status ob_engine_turn(struct ob_engine *e, int64_t wait_ms,
                                            struct ob_err *err);
/* Commits what is written but not yet durable. Call it before the run's end is recorded. */
OB_MUST_CHECK enum ob_status ob_engine_flush(struct ob_engine *e, struct ob_err *err);
/* No new calls from now on; ops end with `status` once what is in flight came back. Only sets a
 * flag: safe in a signal handler together with the transport's wake. */
void ob_engine_stop(struct ob_engine *e, enum ob_status status);
bool ob_engine_stopping(const struct ob_engine *e);
enum ob_status ob_engine_stop_status(const struct ob_engine *e);

/* Is this the account that the target's credential belongs to? By what the operator and the last
 * login said; `row` ({ id, state, fields }) may be NULL, and then only the id is looked at. */
bool ob_engine_is_own(struct ob_engine *e, struct ob_target *t, const char *id,
                      const struct ob_value *row);

/* Is this row an administrator who is there when others go? A group may be empty. */
bool ob_rank_stays(const struct ob_value *row);

/* SHA-256 over target, action and ids in order: what a replay must bring again. */
void ob_step_digest(const char *target, const char *action, const char *const *ids, size_t count,
                    char out[65]);
