/* Scripts for tests: a state, a text run in it, and what its end must say. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "script/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline struct ob_script *new_script_limits(enum ob_profile profile, size_t memory,
                                                  int64_t cpu_ms)
{
    struct ob_limits limits = {memory, cpu_ms};
    struct ob_script *s;
    struct ob_err err;
    if (ob_script_new(&s, profile, "policy.lua", limits, &err) != OB_OK)
        fail_msg("%s", err.message);
    return s;
}

static inline struct ob_script *new_script(void)
{
    return new_script_limits(OB_PROFILE_POLICY, OB_LIMIT_MEMORY, 5000);
}

static inline void run_ok(struct ob_script *s, const char *text)
{
    struct ob_err err;
    if (ob_script_run(s, "policy.lua", text, strlen(text), &err) != OB_OK)
        fail_msg("%s", err.message);
}

static inline void expect_text(const char *message, const char *part)
{
    if (!strstr(message, part))
        fail_msg("\"%s\" is not in: %s", part, message);
}

static inline void run_fails(struct ob_script *s, const char *text, const char *part)
{
    struct ob_err err = {.message = ""};
    enum ob_status st = ob_script_run(s, "policy.lua", text, strlen(text), &err);
    if (st != OB_ERR_POLICY)
        fail_msg("ended with %s: %s", ob_status_word(st), text);
    expect_text(err.message, part);
}

/* In a state of its own. */
static inline void text_ok(const char *text)
{
    struct ob_script *s = new_script();
    run_ok(s, text);
    ob_script_free(s);
}

static inline void text_fails(const char *text, const char *part)
{
    struct ob_script *s = new_script();
    run_fails(s, text, part);
    ob_script_free(s);
}
