/* What the files of the check share: check.c (its life and findings), check_code.c and
 * check_ops.c (the compiled script), check_flow.c, check_values.c and check_use.c (what it uses),
 * check_ask.c (what there is), check_near.c (what may have been meant). */
#pragma once
#include "script/check.h"
#include "script/check_code.h"
#include "script/policy_parts.h"

/* ---- check_near.c: names, and the nearest to one that is wrong ---- */
struct ob_names {
    char **v;
    size_t count, cap;
};
void ob_names_add(struct ob_names *n, const char *name);                     /* copied */
void ob_names_addf(struct ob_names *n, const char *owner, const char *name); /* "owner.name" */
/* The pieces of "a, b, c". */
void ob_names_split(struct ob_names *n, const char *list);
/* In order and each once; before anything is looked up. */
void ob_names_sort(struct ob_names *n);
bool ob_names_has(const struct ob_names *n, const char *name);
void ob_names_fini(struct ob_names *n);
/* The one that `name` is most likely a slip of, or NULL. `before` is compared without being
 * counted: "input." */
const char *ob_names_near(const struct ob_names *n, const char *before, const char *name);

/* ---- the check itself ---- */
struct ob_weak { /* a method on something unknown: judged when all is read */
    int line;
    const char *name;
};

struct ob_checker {
    struct ob_check *out;
    struct ob_policy *policy; /* never run: its environment is what we ask */
    struct ob_config empty;
    const struct ob_config *config; /* NULL: none */
    int chunk_ref;                  /* the compiled policy */
    struct ob_proto code;
    struct ob_names globals; /* that a policy may use */
    struct ob_names fields;  /* "input.csv", "string.rep", ... */
    struct ob_names roster;  /* methods of rosters */
    struct ob_names methods; /* of all classes */
    struct ob_names actions; /* of the providers there are */
    bool has_actions;        /* they were read */
    struct ob_names defined; /* by the script itself, and what libraries have */
    struct ob_weak *weak;
    size_t weak_count, weak_cap;
    bool computed;    /* it makes methods whose names nobody knows before it runs */
    bool env_changed; /* it assigns _ENV itself */
    enum ob_status status;
    struct ob_err err;
};

/* ---- check.c ---- */
/* A finding; `near` may be NULL. */
void ob_check_add(struct ob_checker *c, int line, const char *near, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- check_ask.c ---- */
enum ob_about {
    OB_ABOUT_GLOBAL,
    OB_ABOUT_ASSIGNED,
    OB_ABOUT_FIELD,
    OB_ABOUT_TEXT,
    OB_ABOUT_ROSTER,
    OB_ABOUT_OUTCOME,
    OB_ABOUT_TARGET
};
/* What the answer is. */
enum ob_is { OB_IS_OTHER, OB_IS_TABLE, OB_IS_FUNCTION, OB_IS_TEXT, OB_IS_ROSTER };

struct ob_question {
    enum ob_about about;
    const char *owner; /* FIELD: of which global; TARGET: its name */
    const char *name;
    enum ob_is is;
};
/* Does it exist? If not, err has the sandbox's own words. */
bool ob_check_ask(struct ob_checker *c, struct ob_question *q, struct ob_err *err);
/* Fills the lists of names. */
OB_MUST_CHECK enum ob_status ob_check_collect(struct ob_checker *c, struct ob_err *err);
/* Opens the target, so that it can be asked. NULL: it is not in the configuration (err untouched)
 * or cannot be opened (err says why). */
const struct ob_provider_info *ob_check_target(struct ob_checker *c, const char *name,
                                               struct ob_err *err);
/* Reads the names of actions, once. */
const struct ob_names *ob_check_actions(struct ob_checker *c);

/* ---- check_flow.c ---- */
void ob_check_flow(struct ob_checker *c);
