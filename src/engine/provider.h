/* What the engine knows of a cloud: data about its actions, and two pure functions. The one
 * implementation is script/provider.c over lua/provider/NAME.lua; tests have others.
 * Operations ("op") are the names of actions, and "lookup", "snapshot", "list" and the
 * provider's other reads. Arguments and results are values; nothing here does I/O. */
#pragma once
#include "base/buf.h"
#include "base/message.h"
#include "base/status.h"
#include "base/value.h"

enum ob_kind { OB_KIND_DISABLE, OB_KIND_ENABLE, OB_KIND_DELETE, OB_KIND_ADD };

/* How a cloud answers for a chunk. Detect: the documents disagree; each answer is taken for
 * what it shows, and read back (DESIGN 4.6). */
enum ob_contract { OB_ALL_OR_NOTHING, OB_PER_PERSON, OB_ONE_VERDICT, OB_DETECT };

struct ob_action {
    char *name;
    enum ob_kind kind;
    enum ob_contract contract;
    int max;         /* most people in one call, by the cloud's document */
    bool repeatable; /* sets a state: sending it again does no harm */
    bool destroys;   /* snapshot first, read back before "succeeded" */
    char *wants;     /* the state that needs no action: "absent", "disabled", "active" */
    int chunk;       /* people in one call unless the policy says; 0: max */
    /* The actions that take it back, in this order; none: it is final. */
    char **undo;
    size_t undo_count;
    /* Puts back what a snapshot shows, so only an undo can use it: each person comes with the
     * snapshot, and holds() says whether there is anything (left) to do. `wants` is not used. */
    bool from_snapshot;
    bool extra; /* of such: what the account can do without; lacking the right to it stops nobody */
    /* What an undo brings back and what it cannot, for the plan:
     * { keeps = [field], loses = [{ field, why }] }. OB_NULL where nothing is lost. */
    struct ob_value undo_says;
};

struct ob_provider_info {
    char *name;
    const char *signer; /* chosen by the credential fields the target has */
    struct ob_action *actions;
    size_t action_count;
    int lookup_max;    /* ids in one lookup call; 0: no lookup, only list */
    bool lookup_ranks; /* a lookup says of everybody whether they are an administrator */
    int snapshot_max;  /* ids in one snapshot call; 0: a lookup's fields are the snapshot */
    int list_page;     /* rows in one list call; 0: no list */
    bool list_total;   /* its first page says how many there are */
    char **reads;      /* names of the other readings ("roles") */
    size_t read_count;
    char **identity; /* fields of a row that tell whether it is still the same person */
    size_t identity_count;
};

/* What an answer means as a whole. */
enum ob_meaning {
    OB_SAYS_DONE,       /* understood; `people` has those it speaks of, all others were accepted */
    OB_SAYS_PERSON,     /* refused because of a person in it; the cloud did nothing for the chunk */
    OB_SAYS_SUSPECT,    /* refused with a code nobody knows: perhaps because of a person */
    OB_SAYS_REQUEST,    /* refused for a reason that is about no person; never split */
    OB_SAYS_THROTTLED,  /* refused for now; obey retry_after_ms */
    OB_SAYS_TOKEN,      /* log in again, once */
    OB_SAYS_CREDENTIAL, /* wrong key, signature, clock: stop the target at once */
    OB_SAYS_PERMISSION, /* the same, for lack of rights */
    OB_SAYS_TRANSIENT,  /* trouble over there; a mutation is in doubt */
    OB_SAYS_NONSENSE,   /* no JSON, cut, wrong shape; a mutation is in doubt */
};

struct ob_answer {
    enum ob_meaning meaning;
    char *code;             /* of the cloud, or "" */
    char *message;          /* for people, unredacted: the engine redacts before it is kept */
    int64_t retry_after_ms; /* 0: not said */
    /* DONE of an action: list of { id, outcome = "accepted"|"refused"|"absent"|"doubt", code,
     *   message }. Ids it does not name were accepted when `rest` is "accepted" (the default),
     *   and are in doubt when it is "doubt".
     * PERSON: may name culprits as { id, outcome = "refused", code, message }; a hint only.
     * DONE of lookup, snapshot and list: list of { id, state = "active"|"disabled"|"absent"|
     *   "other", fields = { ... }, listed = false for one whom a list does not show,
     *   admin = true|false where the cloud says it, group = true for one who is several }; a lookup
     *   names each id asked for (missing ones: absent). */
    struct ob_value people;
    bool rest_in_doubt;
    struct ob_value next; /* list: cursor of the next page, OB_NULL at the end */
    int64_t total;        /* list: rows there are, -1 unknown */
    struct ob_value data; /* other reads: what they answer */
};
void ob_answer_init(struct ob_answer *a);
void ob_answer_fini(struct ob_answer *a);

struct ob_provider {
    void *self;
    const struct ob_provider_info *info;
    /* args: { ids = [...] } for actions, lookup and snapshot, and for an action that is
     * from_snapshot also { people = [{ id, state, fields }] }, the snapshots in the same order;
     * { cursor = value or null } for list; the caller's own map for other reads. Everything but
     * what the signer adds. */
    enum ob_status (*request)(void *self, const char *op, const struct ob_value *args,
                              struct ob_request *out, struct ob_err *err);
    /* Never fails on what a cloud sends: strange answers are NONSENSE. An error is a fault of
     * the provider file (or its limits): OB_ERR_POLICY. */
    enum ob_status (*answer)(void *self, const char *op, const struct ob_value *args,
                             const struct ob_response *r, struct ob_answer *out,
                             struct ob_err *err);
    /* Is this raw request only a reading? (plan may send it) */
    bool (*is_read)(void *self, const struct ob_request *r);
    /* The two of actions that are from_snapshot; NULL where there are none. `snapshot` and `row`
     * are { id, state, fields }; row is what a lookup (or a list) says now.
     * holds: is this person as the action would make them? An error is a fault of the file. */
    enum ob_status (*holds)(void *self, const char *op, const struct ob_value *snapshot,
                            const struct ob_value *row, bool *holds, struct ob_err *err);
    /* Who may share a call: people whose texts are equal ("" for all, where it does not matter). */
    enum ob_status (*group)(void *self, const char *op, const struct ob_value *snapshot,
                            struct ob_buf *text, struct ob_err *err);
};
/* What a plan prints of an action: reversible (a state is set back), restorable (an account is
 * made again from its snapshot, with losses), final. */
const char *ob_undo_class(const struct ob_provider_info *info, const struct ob_action *a);
const struct ob_action *ob_provider_action(const struct ob_provider_info *info, const char *name);
/* list, lookup or one of `reads`. */
bool ob_provider_reads(const struct ob_provider_info *info, const char *name);
const char *ob_kind_word(enum ob_kind k); /* disable, enable, delete, add */
