/* targets.lua, read in the smallest environment: target, env, secret, aliyun_profile,
 * huaweicloud_profile. Secrets become handles of the vault; nothing is read from them yet. */
#pragma once
#include "base/secret.h"
#include "base/status.h"
#include "base/value.h"
#include "engine/approval.h"
#include "engine/limit.h"
#include "sign/sign.h"

struct ob_target_config {
    char *name;
    char *provider;
    int line;                /* of targets.lua, for messages */
    struct ob_value fields;  /* all that was written, minus the common fields below: plain values
                                and OB_SECRET handles, checked against the provider's own schema
                                by script/target.c */
    char *ca_file;           /* absolute or NULL */
    char *proxy;             /* or NULL */
    int parallel;            /* calls in flight; default 4, 1..64 */
    int rate_calls;          /* `rate`, the operator's cap: calls ... */
    int64_t rate_ms;         /* ... in so many milliseconds; rate_calls 0: none */
    int64_t timeout_ms;      /* `timeout` is in seconds in the file; default 30 s */
    struct ob_value protect; /* list of glob patterns of ids, or { column = pattern or list } */
    struct ob_value self;    /* list of ids: whose the credential is */
    struct ob_limit limit;   /* as written */
    int64_t people;          /* a whole directory has so many at least; 0: half of what it had */
    struct ob_approval_rules *approvals; /* or NULL; the actions' rules are in it */
};

/* Where heads of the ledger go, `anchor = ...`: where whoever can change the ledger cannot. */
struct ob_anchor {
    bool syslog;
    char **command; /* NULL-terminated; NULL: none */
};

struct ob_config {
    char *path; /* of the file, for messages */
    struct ob_anchor anchor;
    struct ob_vault *vault;
    struct ob_target_config *targets;
    size_t count;
    struct ob_approval_rules *approvals; /* of all targets; or NULL */
};

/* `path` NULL: OFFBOARD_CONFIG, then the XDG folder's targets.lua. Absent file: OB_ERR_USAGE with
 * the way out (offboard sim / offboard new). Errors name file:line and field. */
OB_MUST_CHECK enum ob_status ob_config_load(struct ob_config **out, const char *path,
                                            struct ob_err *err);
/* A configuration without targets when nobody named a file and there is none: a policy that needs
 * no cloud runs all the same. NULL when there is a file to load. */
struct ob_config *ob_config_none(void);
void ob_config_free(struct ob_config *c);
const struct ob_target_config *ob_config_target(const struct ob_config *c, const char *name);
/* One for each action of each target that a plan has; the caller frees the array. */
struct ob_approval_need *ob_config_approval_needs(const struct ob_config *c,
                                                  const struct ob_value *plan, size_t *count);
/* Who has to approve this action of this target. */
void ob_config_approval_need(const struct ob_config *c, const char *target, const char *action,
                             const char *kind, struct ob_approval_need *out);
