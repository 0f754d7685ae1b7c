/* What is known of the values in a function's registers: check_flow.c walks the instructions,
 * check_values.c says what each makes of them, check_use.c what is wrong with it. Inside check*.c
 * only. */
#pragma once
#include "script/check_parts.h"

#define OB_REGISTERS 256

enum ob_known {
    OB_V_UNKNOWN,
    OB_V_FREE,     /* not judged: from an _ENV that the script made, or said already */
    OB_V_ENV,      /* the policy's environment itself */
    OB_V_PLAIN,    /* neither text nor callable: numbers, true, nil */
    OB_V_TEXT,     /* `name` is it, or NULL */
    OB_V_TABLE,    /* made by the script */
    OB_V_FUNCTION, /* of the script */
    OB_V_LIBRARY,  /* a table of the environment: `name` */
    OB_V_BUILTIN,  /* a function of the environment: `owner` NULL or the library, `name` */
    OB_V_TARGET,   /* `name` */
    OB_V_ROSTER,
    OB_V_OUTCOME,
    OB_V_METHOD, /* `name` of an `of`, which for a target is called `owner` */
};

struct ob_known_value {
    enum ob_known kind, of;
    const char *owner, *name; /* lent by the chunk */
};

/* One function while it is walked. Its first `live` registers are locals. */
struct ob_frame {
    struct ob_checker *c;
    struct ob_proto *p;
    struct ob_frame *around; /* the function it stands in, at the CLOSURE that makes it; or NULL */
    int pc;
    int live;
    struct ob_local *local[OB_REGISTERS];
    struct ob_known_value reg[OB_REGISTERS];
};

/* ---- check_values.c ---- */
/* What the instruction at f->pc makes of the registers; findings on the way. */
void ob_known_step(struct ob_frame *f, const struct ob_ins *i);

/* ---- check_use.c ---- */
struct ob_known_value ob_known_as(enum ob_known kind, const char *name);
/* base.name, or base:name when it is to be called; name may be NULL. */
struct ob_known_value ob_use_member(struct ob_frame *f, struct ob_known_value base,
                                    const char *name, bool method);
void ob_use_assign(struct ob_frame *f, const char *global);
/* What target(name) gives; name may be NULL. */
struct ob_known_value ob_use_target(struct ob_frame *f, const char *name);
/* Judges what was put off until all was read. */
void ob_use_end(struct ob_checker *c);
