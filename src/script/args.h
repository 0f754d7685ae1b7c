/* The command line: lua/offboard/cli.lua over argparse, in a state of its own. Nothing is printed
 * and nothing ends here. */
#pragma once
#include "base/buf.h"
#include "base/status.h"
#include "base/value.h"

/* What a command line asks for: one of the three. */
struct ob_args {
    struct ob_value map; /* a command: "command" and its options; else OB_NULL */
    char *text;          /* to print: help; else NULL */
    bool version;        /* --version */
};
void ob_args_fini(struct ob_args *a);

/* argv[0] is left out. OB_ERR_USAGE: `unknown option '--x'; see offboard plan --help`. */
OB_MUST_CHECK enum ob_status ob_args_parse(struct ob_args *out, int argc, char *const *argv,
                                           struct ob_err *err);
/* The completion script of bash, zsh or fish. */
OB_MUST_CHECK enum ob_status ob_args_completion(struct ob_buf *out, const char *shell,
                                                struct ob_err *err);
/* The manual as roff, or the page of one command. `topic` may be NULL. */
OB_MUST_CHECK enum ob_status ob_args_man(struct ob_buf *out, const char *topic, struct ob_err *err);
