/* Reads a policy without running it: syntax, names, targets and actions. Nothing is sent, no
 * secret is read, no input is needed. What is known comes from the very environment and classes
 * that a policy gets (check_ask.c), what is used from the compiled script (check_code.c,
 * check_flow.c). It finds only what would be an error whenever that line runs; what is computed
 * at run time is left to `plan`. */
#pragma once
#include <stdbool.h>
#include "script/config.h"

struct ob_finding {
    int line;      /* 0: of the whole file */
    char *message; /* without file and line */
};

struct ob_check {
    struct ob_finding *findings; /* in the order of their lines */
    size_t count;
    bool names_unread; /* this Lua compiles to a format that is not known: syntax only */
};

/* `config` NULL: whether targets exist is not asked, and an action may be any provider's. OB_OK
 * also with findings; *out is the caller's to free, also after an error. */
OB_MUST_CHECK enum ob_status ob_check_policy(struct ob_check *out, const char *name,
                                             const char *text, size_t len,
                                             const struct ob_config *config, struct ob_err *err);
void ob_check_fini(struct ob_check *c);
