/* What the commands share: options, printing and asking. Results go to standard output; all that
 * is said to people about the work goes to standard error, so that output can be piped. */
#pragma once
#include <stdarg.h>
#include "cli/command.h"

/* Options by the keys of lua/offboard/commands.lua. */
bool ob_cli_flag(const struct ob_cli *cli, const char *key);
const char *ob_cli_text(const struct ob_cli *cli, const char *key); /* or NULL */
int64_t ob_cli_int(const struct ob_cli *cli, const char *key, int64_t dflt);
/* --ledger, OFFBOARD_LEDGER, then the XDG state folder's `ledger.db`. Caller frees. */
char *ob_cli_ledger_path(const struct ob_cli *cli);

/* A line of result on standard output; cleaned for the terminal when it is one. */
void ob_cli_print(const struct ob_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A line to people on standard error; nothing under --quiet. */
void ob_cli_say(const struct ob_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, also under --quiet. */
void ob_cli_say_always(const struct ob_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same behind "offboard: warning: ". */
void ob_cli_warn(const struct ob_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "offboard: MESSAGE" on standard error, and with --json the error event on standard output. */
void ob_cli_error(const struct ob_cli *cli, enum ob_status status, const char *message);

/* OB_OK when --yes is given, or a person at a terminal types yes. OB_ERR_APPROVAL otherwise; it
 * never asks, and never waits, where standard input is no terminal. */
OB_MUST_CHECK enum ob_status ob_cli_confirm(const struct ob_cli *cli, const char *question,
                                            struct ob_err *err);
