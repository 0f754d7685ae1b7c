/* Entry: makes the process safe for secrets, reads the command line, runs one command of
 * commands.def and turns its status into an exit code. Everything else is elsewhere. */
#include "cli/cli.h"
#include "script/args.h"
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct ob_command commands[] = {
#define OB_COMMAND(name) {#name, ob_cmd_##name},
#include "cli/commands.def"
#undef OB_COMMAND
};

/* No core file and no debugger of the same user sees our memory: secrets are in it. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk: an error, not the end */
    /* A fixed locale, for wcwidth only: a user's own would change what Lua's patterns match. */
    setlocale(LC_CTYPE, "C.UTF-8");
}

static enum ob_status run_command(struct ob_cli *cli, struct ob_err *err)
{
    const char *name = ob_cli_text(cli, "command");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (name && strcmp(commands[i].name, name) == 0)
            return commands[i].run(cli, err);
    return ob_fail(err, OB_ERR_USAGE, "there is no command %s", name ? name : "");
}

static enum ob_status run(struct ob_cli *cli, const struct ob_args *args, struct ob_err *err)
{
    if (args->text)
        puts(args->text);
    else if (args->version)
        puts("offboard " OB_VERSION);
    else
        return run_command(cli, err);
    return OB_OK;
}

/* A pipe whose reader left early (head) had what it wanted. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* A result that did not reach its file is no result. */
static enum ob_status flush_output(enum ob_status status, struct ob_err *err)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (!lost || status != OB_OK || reader_left())
        return status;
    return ob_fail(err, OB_ERR, "standard output cannot be written: the result is not whole");
}

/* An error in the command line is told as the command line asked, as far as it can be read. */
static bool wants_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static bool wants_color(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0;
}

int main(int argc, char **argv)
{
    harden();
    struct ob_args args;
    struct ob_err err = {0};
    struct ob_cli cli = {
        .json = wants_json(argc, argv),
        .tty_in = isatty(STDIN_FILENO),
        .tty_out = isatty(STDOUT_FILENO),
        .tty_err = isatty(STDERR_FILENO),
        .program = argc > 0 ? argv[0] : "offboard",
    };
    cli.color = cli.tty_err && wants_color();
    enum ob_status status = ob_args_parse(&args, argc, argv, &err);
    cli.args = &args.map;
    if (status == OB_OK)
        status = run(&cli, &args, &err);
    status = flush_output(status, &err);
    if (status != OB_OK && err.message[0])
        ob_cli_error(&cli, status, err.message);
    ob_args_fini(&args);
    return ob_status_exit(status);
}
