/* The durable store: plans, runs, steps (proposals of a run), people, calls, snapshots, readings.
 * An interface with one file behind it for each database (sqlite.c). All writes between begin
 * and commit become durable together; commit returns only when they are on stable storage.
 * Structs that are handed out are filled with owned copies: *_fini() frees them.
 * Any failure (full disk, damaged file, busy) is an error with OB_ERR and nothing half written. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/digest.h"
#include "base/signature.h"
#include "base/status.h"
#include "base/value.h"

#define OB_PLAN_ID 17 /* 16 hex digits of the plan's digest, and NUL */

struct ob_ledger;

/* ---- plans ---- */

/* A plan is one canonical document (engine/plan.h writes and reads it) plus the large parts
 * that it names by digest: policy source and inputs. */
struct ob_plan_row {
    char id[OB_PLAN_ID];
    char *digest; /* SHA-256 of `document`, hex */
    int64_t created_ms;
    char *policy_name;      /* file name as the operator gave it */
    struct ob_buf document; /* canonical JSON */
    bool erased; /* somebody was erased from it: `digest` is of what it was, nobody may apply it */
};
void ob_plan_row_fini(struct ob_plan_row *p);

/* ---- runs ---- */

enum ob_run_state { OB_RUN_OPEN, OB_RUN_DONE }; /* DONE: has an exit; OPEN: may be resumed */

struct ob_run_row {
    int64_t id;
    char plan[OB_PLAN_ID];
    enum ob_run_state state;
    int64_t started_ms, ended_ms; /* ended 0 while open */
    enum ob_status exit;
    char *detail;   /* why it ended or stopped, for people; "" when done */
    int64_t due_ms; /* it waits until then; 0: it may go on now */
};
void ob_run_row_fini(struct ob_run_row *r);

/* ---- steps: one proposal of one run ---- */

struct ob_step_row {
    char *path; /* place in the policy's replay: "1", "2", "3.1.1" (inside together) */
    char *target;
    char *action;
    char *kind;   /* what the action does (disable, enable, delete, add); "" for anything else */
    char *digest; /* of target, action, ids in order and options: replay must bring the same */
    struct ob_buf options; /* canonical JSON of what the policy gave */
    bool settled;          /* all its people have an outcome */
    struct ob_buf result;  /* raw requests only: their recorded answer, canonical JSON */
};
void ob_step_row_fini(struct ob_step_row *s);

/* ---- people of a step ---- */

enum ob_person_state {                /* only forward; kept as text in the database */
                       OB_P_PENDING,  /* nothing known yet */
                       OB_P_READY,    /* checked, and snapshot taken when needed */
                       OB_P_SENT,     /* an intent names this person and no result does yet */
                       OB_P_ACCEPTED, /* the cloud said yes; to be read back */
                       OB_P_DOUBT,    /* effect unknown; to be settled by lookup */
                       OB_P_SUCCEEDED,
                       OB_P_FAILED,
                       OB_P_UNKNOWN, /* stays in doubt after patience: resume asks again */
                       OB_P_SKIPPED,
};

struct ob_person_row {
    int64_t index; /* position in the step's roster */
    char *person;  /* the key column */
    char *id;      /* what the cloud knows them by */
    enum ob_person_state state;
    char *detail;     /* reason for people: error code and message, or why skipped */
    int64_t calls;    /* mutating calls that named this person */
    int64_t acted_ms; /* when the last of them was sent (wall clock); 0: none was */
    bool erased;      /* person, id and detail are "(erased)" */
};
void ob_person_row_fini(struct ob_person_row *p);

/* ---- calls ---- */

enum ob_call_kind {
    OB_CALL_ACT,
    OB_CALL_LOOKUP,
    OB_CALL_LIST,
    OB_CALL_SNAPSHOT,
    OB_CALL_LOGIN,
    OB_CALL_RAW
};

struct ob_call_row {
    int64_t id; /* given by ob_ledger_intent() */
    int64_t run;
    char *step; /* path; "" for login and list */
    char *target;
    char *action;
    enum ob_call_kind kind;
    int attempt;       /* 1 is the first */
    char *request_id;  /* the X-Request-Id of this attempt */
    char *body_digest; /* SHA-256 of the bytes sent, hex; read: HMAC of it, under the run's key */
    int64_t *people;   /* indexes into the step's roster */
    size_t people_count;
    int64_t sent_ms;
    int64_t done_ms; /* 0: in doubt */
    int http_status; /* 0: none */
    char *result;    /* one word: accepted, refused, mixed, throttled, doubt, error, unsent */
    char *detail;    /* code and message, redacted */
};
void ob_call_row_fini(struct ob_call_row *c);

/* ---- approvals ---- */

struct ob_approval_row {
    int64_t id; /* given by the ledger */
    char plan[OB_PLAN_ID];
    struct ob_buf document;  /* the bytes that were signed: canonical JSON (engine/approval.h) */
    struct ob_buf signature; /* Ed25519 */
    char *key;               /* print of the key (base/signature.h) */
    bool erased;             /* somebody was erased from it, and its signature with them */
};
void ob_approval_row_fini(struct ob_approval_row *a);

/* ---- the interface ---- */

/* A write that fails between begin and commit dooms its turn: later writes and the commit answer
 * with the same error, and the commit rolls everything back. `each` may read anything; it should
 * write only inside a turn. */

/* Opens or makes the file (mode 0600, its folder 0700). A newer schema, a damaged file and a
 * full disk are errors that say so. */
OB_MUST_CHECK enum ob_status ob_ledger_open(struct ob_ledger **out, const char *path,
                                            struct ob_err *err);
/* To look at it only: nothing is made, changed or migrated, also where nothing may be written.
 * OB_ERR_USAGE: there is none; a ledger of before the chain is an error too. */
OB_MUST_CHECK enum ob_status ob_ledger_open_read(struct ob_ledger **out, const char *path,
                                                 struct ob_err *err);
void ob_ledger_close(struct ob_ledger *l);

OB_MUST_CHECK enum ob_status ob_ledger_begin(struct ob_ledger *l, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_commit(struct ob_ledger *l, struct ob_err *err);
void ob_ledger_rollback(struct ob_ledger *l);

/* `may` is asked before every write and every commit; when it answers false, that and all that
 * follows in the turn fails, as after a crash. For rehearsals; NULL: nobody is asked. */
void ob_ledger_watch(struct ob_ledger *l, bool (*may)(void *ctx, bool commit), void *ctx);
/* Does this text stand anywhere in the store? (a secret must not) */
OB_MUST_CHECK enum ob_status ob_ledger_holds(struct ob_ledger *l, const void *text, size_t len,
                                             bool *holds, struct ob_err *err);

/* Blobs by SHA-256 (policy sources, inputs). Putting the same twice is nothing. One that somebody
 * was erased from cannot be used any more: getting it is OB_ERR_STALE, putting it makes it whole.
 */
OB_MUST_CHECK enum ob_status ob_ledger_blob_put(struct ob_ledger *l, const void *p, size_t len,
                                                char digest[65], struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_blob_get(struct ob_ledger *l, const char *digest,
                                                struct ob_buf *out, struct ob_err *err);

/* The same plan again is no second one, but becomes the latest. */
OB_MUST_CHECK enum ob_status ob_ledger_plan_put(struct ob_ledger *l, const struct ob_plan_row *p,
                                                struct ob_err *err);
/* `id` may be any unique prefix of 4 digits or more, or "latest". OB_ERR_USAGE: no such plan. */
OB_MUST_CHECK enum ob_status ob_ledger_plan_get(struct ob_ledger *l, const char *id,
                                                struct ob_plan_row *out, struct ob_err *err);
/* OB_ERR_STALE when somebody was erased from it: no run of it can be made. */
OB_MUST_CHECK enum ob_status ob_ledger_plan_usable(struct ob_ledger *l, const char *id,
                                                   struct ob_err *err);
/* Newest first; calls `each` until it answers false. The document is left empty. */
OB_MUST_CHECK enum ob_status ob_ledger_plan_each(struct ob_ledger *l,
                                                 bool (*each)(void *, const struct ob_plan_row *),
                                                 void *ctx, struct ob_err *err);

/* The same signature again is nothing. */
OB_MUST_CHECK enum ob_status
ob_ledger_approval_put(struct ob_ledger *l, const struct ob_approval_row *a, struct ob_err *err);
/* Of this plan (its whole id), oldest first. */
OB_MUST_CHECK enum ob_status ob_ledger_approval_each(struct ob_ledger *l, const char *plan,
                                                     bool (*each)(void *,
                                                                  const struct ob_approval_row *),
                                                     void *ctx, struct ob_err *err);

OB_MUST_CHECK enum ob_status ob_ledger_run_new(struct ob_ledger *l, const char *plan,
                                               int64_t now_ms, int64_t *run, struct ob_err *err);
/* Only one process may hold a run: OB_ERR_LOCKED (exit 31) otherwise. Ends with the process. */
OB_MUST_CHECK enum ob_status ob_ledger_run_lock(struct ob_ledger *l, int64_t run,
                                                struct ob_err *err);
void ob_ledger_run_unlock(struct ob_ledger *l, int64_t run);
/* How many runs this plan has had (a plan runs once). */
OB_MUST_CHECK enum ob_status ob_ledger_run_count(struct ob_ledger *l, const char *plan,
                                                 int64_t *count, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_run_end(struct ob_ledger *l, int64_t run, int64_t now_ms,
                                               enum ob_run_state state, enum ob_status exit,
                                               const char *detail, struct ob_err *err);
/* Until when an open run waits (wall clock, milliseconds); 0: it does not. */
OB_MUST_CHECK enum ob_status ob_ledger_run_due(struct ob_ledger *l, int64_t run, int64_t due_ms,
                                               struct ob_err *err);
/* The latest moment that this run's rows know of: a clock that was set back is behind it. */
OB_MUST_CHECK enum ob_status ob_ledger_run_latest(struct ob_ledger *l, int64_t run, int64_t *ms,
                                                  struct ob_err *err);
/* OB_ERR_USAGE: no such run. */
OB_MUST_CHECK enum ob_status ob_ledger_run_get(struct ob_ledger *l, int64_t run,
                                               struct ob_run_row *out, struct ob_err *err);
/* Newest first. */
OB_MUST_CHECK enum ob_status ob_ledger_run_each(struct ob_ledger *l,
                                                bool (*each)(void *, const struct ob_run_row *),
                                                void *ctx, struct ob_err *err);

/* A step is put once with all its people, in one go. */
OB_MUST_CHECK enum ob_status ob_ledger_step_put(struct ob_ledger *l, int64_t run,
                                                const struct ob_step_row *s,
                                                const struct ob_person_row *people, size_t count,
                                                struct ob_err *err);
/* More people for a step that is there (a replay that knows more names more people). */
OB_MUST_CHECK enum ob_status ob_ledger_people_add(struct ob_ledger *l, int64_t run,
                                                  const char *path,
                                                  const struct ob_person_row *people, size_t count,
                                                  struct ob_err *err);
/* OB_OK with out->path NULL when there is no such step. */
OB_MUST_CHECK enum ob_status ob_ledger_step_get(struct ob_ledger *l, int64_t run, const char *path,
                                                struct ob_step_row *out, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_step_settle(struct ob_ledger *l, int64_t run,
                                                   const char *path, const struct ob_buf *result,
                                                   struct ob_err *err);
/* Keeps a step's result while it is not settled yet. */
OB_MUST_CHECK enum ob_status ob_ledger_step_result(struct ob_ledger *l, int64_t run,
                                                   const char *path, const struct ob_buf *result,
                                                   struct ob_err *err);
/* In order of first appearance. */
OB_MUST_CHECK enum ob_status ob_ledger_step_each(struct ob_ledger *l, int64_t run,
                                                 bool (*each)(void *, const struct ob_step_row *),
                                                 void *ctx, struct ob_err *err);

OB_MUST_CHECK enum ob_status ob_ledger_person_set(struct ob_ledger *l, int64_t run,
                                                  const char *path, int64_t index,
                                                  enum ob_person_state state, const char *detail,
                                                  int64_t calls, struct ob_err *err);
OB_MUST_CHECK enum ob_status
ob_ledger_person_each(struct ob_ledger *l, int64_t run, const char *path,
                      bool (*each)(void *, const struct ob_person_row *), void *ctx,
                      struct ob_err *err);

/* ---- who was acted upon, over all runs (limits over time) ---- */

struct ob_acted {     /* texts are lent until `each` returns */
    const char *id;   /* of somebody who was erased: a text that is nobody else's */
    const char *kind; /* of the action: disable or delete */
    int64_t run;
    int64_t acted_ms;
};
/* Everybody of a target whom a call that takes something away was sent for since then: also who
 * is in doubt, and who was brought back; not who was found untouched (failed, skipped). */
OB_MUST_CHECK enum ob_status ob_ledger_acted_each(struct ob_ledger *l, const char *target,
                                                  int64_t since_ms,
                                                  bool (*each)(void *, const struct ob_acted *),
                                                  void *ctx, struct ob_err *err);
/* Everybody whom open runs, except this one, still have to act upon in a step that was begun. */
OB_MUST_CHECK enum ob_status ob_ledger_due_each(struct ob_ledger *l, const char *target,
                                                int64_t except_run,
                                                bool (*each)(void *, const struct ob_acted *),
                                                void *ctx, struct ob_err *err);
/* A number that changes when another process has written. */
OB_MUST_CHECK enum ob_status ob_ledger_version(struct ob_ledger *l, int64_t *version,
                                               struct ob_err *err);

/* Before the first byte leaves: inserts the call (id is filled in), marks its people SENT and
 * counts the call for each of them when the kind is ACT. Durable at the next commit. */
OB_MUST_CHECK enum ob_status ob_ledger_intent(struct ob_ledger *l, struct ob_call_row *c,
                                              struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_result(struct ob_ledger *l, const struct ob_call_row *c,
                                              struct ob_err *err);
/* Calls of a run (step NULL: all), oldest first. */
OB_MUST_CHECK enum ob_status ob_ledger_call_each(struct ob_ledger *l, int64_t run, const char *step,
                                                 bool (*each)(void *, const struct ob_call_row *),
                                                 void *ctx, struct ob_err *err);

/* What the cloud said of a person before we changed them; the first one stays. */
OB_MUST_CHECK enum ob_status ob_ledger_snapshot_put(struct ob_ledger *l, int64_t run,
                                                    const char *path, int64_t index,
                                                    const struct ob_value *snapshot,
                                                    struct ob_err *err);
/* Canonical JSON; empty when there is none. */
OB_MUST_CHECK enum ob_status ob_ledger_snapshot_get(struct ob_ledger *l, int64_t run,
                                                    const char *path, int64_t index,
                                                    struct ob_buf *json, struct ob_err *err);

/* What was learned of a target ("population", "culprits.delete", "rate"), kept from
 * run to run. Empty when unknown. */
OB_MUST_CHECK enum ob_status ob_ledger_learned_put(struct ob_ledger *l, const char *target,
                                                   const char *what, const char *value,
                                                   struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_ledger_learned_get(struct ob_ledger *l, const char *target,
                                                   const char *what, struct ob_buf *value,
                                                   struct ob_err *err);

/* ---- the chain (README, "Proving it") ---- */

struct ob_head {
    int64_t seq;              /* its last event; 0: there is no chain (a ledger in memory) */
    char hash[OB_SHA256_HEX]; /* of that event */
    int64_t at_ms;
    unsigned char signature[OB_SIGNATURE_LEN]; /* by the installation's key */
};
OB_MUST_CHECK enum ob_status ob_ledger_head(struct ob_ledger *l, struct ob_head *h,
                                            struct ob_err *err);
/* The name of the key that signs it: ob_key_print(). */
OB_MUST_CHECK enum ob_status ob_ledger_key_print(struct ob_ledger *l, char out[OB_SHA256_HEX],
                                                 struct ob_err *err);
void ob_head_value(const struct ob_head *h, const char *key, struct ob_value *out);
/* One JSON object; `key` is the print of the key (ob_key_print). */
void ob_head_json(const struct ob_head *h, const char *key, struct ob_buf *out);
/* Such an object, or "head SEQ HASH" as runs print it. */
bool ob_head_parse(const char *text, struct ob_head *h);
/* Beside the ledger at `path`: the public half of its key. Caller frees. */
char *ob_ledger_pub_path(const char *path);
/* ---- what the ledger can testify ---- */

struct ob_sighting_row { /* a plan named this person for an action; texts are lent */
    const char *person;  /* the key column */
    const char *target, *action, *plan;
    int64_t at_ms;
};
OB_MUST_CHECK enum ob_status
ob_ledger_sighting_put(struct ob_ledger *l, const struct ob_sighting_row *s, struct ob_err *err);
/* When plans named this person at this target, oldest first. */
OB_MUST_CHECK enum ob_status ob_ledger_sighting_each(struct ob_ledger *l, const char *person,
                                                     const char *target,
                                                     bool (*each)(void *, int64_t at_ms), void *ctx,
                                                     struct ob_err *err);

struct ob_past_row { /* somebody was named in a mutating call; lent to `each` */
    int64_t run;
    const char *path, *kind, *id;
    enum ob_person_state state;
    int64_t acted_ms;
};
/* All of a target, in the order in which they were acted upon; without who was erased. */
OB_MUST_CHECK enum ob_status ob_ledger_past_each(struct ob_ledger *l, const char *target,
                                                 bool (*each)(void *, const struct ob_past_row *),
                                                 void *ctx, struct ob_err *err);

/* ---- erasing somebody ---- */

/* Whom and what an erasure concerns. */
struct ob_erasure {
    char **names; /* the person's, and those that are one of their ids */
    size_t name_count;
    char **ids; /* what clouds know them by */
    size_t id_count;
    int64_t rows;                       /* of runs */
    int64_t plans, inputs, runs, other; /* documents about many that are rewritten */
    int64_t spent;                      /* of these plans: not carried out yet, and cannot be now */
};
void ob_erasure_fini(struct ob_erasure *e);

/* What erasing this person (a name, or a cloud's id) would do. OB_ERR_USAGE: nothing is known of
 * them, or the id is of several people; OB_ERR_LOCKED: an open run needs what is known of them. */
OB_MUST_CHECK enum ob_status ob_ledger_erase_look(struct ob_ledger *l, const char *person,
                                                  struct ob_erasure *out, struct ob_err *err);
/* Does it: their key is destroyed, documents about many are rewritten without them, and neither
 * the file nor its log nor freed pages hold anything of them when it answers OB_OK. What was
 * committed and not cleaned yet (killed; OB_ERR_LOCKED: somebody reads the file) the next opening
 * finishes. `out` as above. */
OB_MUST_CHECK enum ob_status ob_ledger_erase(struct ob_ledger *l, const char *person,
                                             struct ob_erasure *out, struct ob_err *err);
/* An erasure of this person that was interrupted was finished by this opening. */
bool ob_ledger_erase_finished(struct ob_ledger *l, const char *person);

const char *ob_person_state_word(enum ob_person_state s); /* pending, ..., succeeded, failed */
bool ob_person_state_final(enum ob_person_state s);       /* succeeded, failed, unknown, skipped */
const char *ob_call_kind_word(enum ob_call_kind k);
