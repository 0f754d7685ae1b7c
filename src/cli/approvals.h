/* The approvals of a plan: read from the ledger, judged by targets.lua, demanded before a run, and
 * told to people. */
#pragma once
#include "cli/session.h"
#include "engine/approval.h"

struct ob_approvals {
    const struct ob_config *config; /* NULL: nobody can say what is missing */
    char digest[OB_SHA256_HEX];
    int64_t run;                    /* that goes on; 0: it is about to begin */
    struct ob_approval_need *needs; /* one for each action of each target in the plan */
    size_t need_count;
    struct ob_approval *all;
    size_t count;
    struct ob_struck *struck; /* by those that count, or did, or would but for their age */
    int64_t ceiling;          /* the plan's, lowered by those that count; -1: none */
    int64_t lowered;          /* by those that count; -1: by none */
};

/* Those of the plan `id`, judged as of `now_ms`; for a run that has begun (`run` not 0) those that
 * it went by are judged as of when it took them. Damaged rows are kept with their fault. */
OB_MUST_CHECK enum ob_status ob_approvals_read(struct ob_approvals *a, struct ob_ledger *l,
                                               const struct ob_config *config, const char *id,
                                               const struct ob_value *doc, int64_t run,
                                               int64_t now_ms, struct ob_err *err);
void ob_approvals_fini(struct ob_approvals *a);
/* OB_ERR_APPROVAL names every target:action that is not approved, and whose voice is missing.
 * OB_ERR_GUARD when more people are left than the lowest ceiling allows. */
OB_MUST_CHECK enum ob_status ob_approvals_demand(const struct ob_approvals *a, const char *id,
                                                 const struct ob_value *doc, struct ob_err *err);
/* Remembers by which of them the run goes. */
OB_MUST_CHECK enum ob_status ob_approvals_keep(const struct ob_approvals *a, struct ob_ledger *l,
                                               int64_t run, struct ob_err *err);
/* Reads and demands: what stands before every run. */
OB_MUST_CHECK enum ob_status ob_approvals_pass(struct ob_approvals *a, struct ob_session *s,
                                               const char *id, const struct ob_value *doc,
                                               int64_t run, struct ob_err *err);

/* One that is not in the ledger yet, as of now: all[0]. */
OB_MUST_CHECK enum ob_status ob_approvals_judge_one(struct ob_approvals *a,
                                                    const struct ob_config *config,
                                                    const struct ob_approval_row *row,
                                                    const struct ob_value *doc, struct ob_err *err);

/* The names of those who could still approve an action. */
void ob_approvals_open(const struct ob_approvals *a, const struct ob_approval_need *n,
                       struct ob_buf *out);
/* Who has approved, who was struck, what does not count and why, what is missing. */
void ob_approvals_print(const struct ob_approvals *a, const struct ob_cli *cli, FILE *out);
/* As events "approval" and "approvals_missing". */
void ob_approvals_emit(const struct ob_approvals *a);

/* ---- approval_file.c ---- */
/* Two lines: the signed document, and its signature in base64. */
OB_MUST_CHECK enum ob_status ob_approval_write(const struct ob_approval_row *row, const char *path,
                                               struct ob_err *err);
/* Fills the row; what it is worth is not looked at, but its shape is. OB_ERR_APPROVAL. */
OB_MUST_CHECK enum ob_status ob_approval_load(struct ob_approval_row *row, const char *path,
                                              struct ob_err *err);
/* The files of --approval go to the ledger. OB_ERR_APPROVAL for one that does not count. */
OB_MUST_CHECK enum ob_status ob_approvals_bring(struct ob_session *s, const char *id,
                                                const struct ob_value *doc, struct ob_err *err);
/* How many different people whom nobody has struck the plan names. */
int64_t ob_approvals_heads(const struct ob_approvals *a, const struct ob_value *doc);
/* --key, or key.pem in the folder of the configuration. Caller frees. */
char *ob_key_path(const struct ob_cli *cli);
