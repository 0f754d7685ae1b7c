/* Shared between config.c, config_lua.c and config_fields.c; nobody else includes it. */
#pragma once
#include "base/buf.h"
#include "script/config.h"
#include "script/internal.h"

/* One loading of targets.lua; the script's owner while it runs. */
struct ob_loader {
    struct ob_config *config;
    const char *chunk;  /* "targets.lua" */
    struct ob_buf text; /* its source, to find the line of a field */
    char *open_name;    /* target "x" was said and its { ... } has not come yet */
    int open_line;
};

/* ---- config_lua.c ---- */
/* Adds target, env, secret, and the credential sources to the script's environment. */
OB_MUST_CHECK enum ob_status ob_config_bind(struct ob_script *s, struct ob_err *err);

/* ---- config_anchor.c: no Lua ---- */
OB_MUST_CHECK enum ob_status ob_config_anchor(struct ob_anchor *a, const struct ob_value *v,
                                              struct ob_err *err);

/* ---- config_fields.c: no Lua ---- */
/* A target with the defaults, appended to the configuration, which owns it. */
struct ob_target_config *ob_config_add(struct ob_config *c, const char *name, int line);
/* Takes one field; `value` is moved or left. Errors begin with the field's own line. */
OB_MUST_CHECK enum ob_status ob_config_field(struct ob_loader *l, struct ob_target_config *t,
                                             const char *field, struct ob_value *value,
                                             struct ob_err *err);
/* Adds the fields of a credential that were not written out. */
void ob_config_merge(struct ob_target_config *t, const struct ob_value *credential);
/* The line that gives `field` a value, the first from `from` on, or with `to` (when not 0) the last
 * up to there. */
int ob_config_line(const struct ob_loader *l, int from, int to, const char *field);

/* ---- config_approvals.c: no Lua ---- */
/* A table of approvals; what was read of it is in *out also when it fails. */
OB_MUST_CHECK enum ob_status ob_config_approvals(struct ob_loader *l, int line, bool of_target,
                                                 const struct ob_value *v,
                                                 struct ob_approval_rules **out,
                                                 struct ob_err *err);
/* When all is read: what a target leaves open has to be said for all. */
OB_MUST_CHECK enum ob_status ob_config_approvals_check(struct ob_loader *l, struct ob_err *err);
/* OB_ERR_USAGE with "targets.lua:LINE: " of `field` within the target t. */
enum ob_status ob_config_refuse(const struct ob_loader *l, const struct ob_target_config *t,
                                const char *field, struct ob_err *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
