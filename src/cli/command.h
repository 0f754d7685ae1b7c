/* One command is one file cmd_NAME.c and one line in commands.def. The command line has been
 * read by then (lua/offboard/cli.lua over argparse): `args` is its map of options. */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include "base/status.h"
#include "base/value.h"

struct ob_cli {
    const struct ob_value *args; /* "command", and by option name: "policy", "input", "json", ... */
    bool json;                   /* --json: events on stdout, one a line */
    bool tty_in, tty_out, tty_err;
    bool color;          /* of stderr: a terminal, and no NO_COLOR */
    const char *program; /* argv[0] */
};

struct ob_command {
    const char *name;
    enum ob_status (*run)(struct ob_cli *cli, struct ob_err *err);
};

#define OB_COMMAND(name) enum ob_status ob_cmd_##name(struct ob_cli *cli, struct ob_err *err);
#include "cli/commands.def"
#undef OB_COMMAND
