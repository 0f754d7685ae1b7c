/* Options, printing and asking, as cli.h says. */
#include "cli/cli.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/events.h"
#include "report/text.h"
#include <stdlib.h>
#include <string.h>

bool ob_cli_flag(const struct ob_cli *cli, const char *key)
{
    return ob_map_bool(cli->args, key, false);
}

const char *ob_cli_text(const struct ob_cli *cli, const char *key)
{
    return ob_map_str(cli->args, key);
}

int64_t ob_cli_int(const struct ob_cli *cli, const char *key, int64_t dflt)
{
    return ob_map_int(cli->args, key, dflt);
}

char *ob_cli_ledger_path(const struct ob_cli *cli)
{
    const char *path = ob_cli_text(cli, "ledger");
    const char *env = getenv("OFFBOARD_LEDGER");
    if (!path && env && *env)
        path = env;
    return path ? ob_path_expand(path) : ob_xdg_state("ledger.db");
}

/* Text often holds what a cloud or a file said: cleaned where a terminal would obey it. */
static void put_line(FILE *out, bool terminal, const char *before, const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        return;
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_buf_adds(&line, before);
    for (char *at = text; at && terminal;) {
        char *nl = strchr(at, '\n');
        if (nl)
            *nl = '\0';
        ob_text_clean(&line, at);
        if (nl)
            ob_buf_addc(&line, '\n');
        at = nl ? nl + 1 : NULL;
    }
    if (!terminal)
        ob_buf_adds(&line, text);
    ob_buf_addc(&line, '\n');
    fwrite(ob_buf_str(&line), 1, line.len, out);
    ob_buf_fini(&line);
    free(text);
}

void ob_cli_print(const struct ob_cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_line(stdout, cli->tty_out, "", fmt, args);
    va_end(args);
}

void ob_cli_say(const struct ob_cli *cli, const char *fmt, ...)
{
    if (ob_cli_flag(cli, "quiet"))
        return;
    va_list args;
    va_start(args, fmt);
    put_line(stderr, cli->tty_err, "", fmt, args);
    va_end(args);
}

void ob_cli_say_always(const struct ob_cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_line(stderr, cli->tty_err, "", fmt, args);
    va_end(args);
}

void ob_cli_warn(const struct ob_cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_line(stderr, cli->tty_err, "offboard: warning: ", fmt, args);
    va_end(args);
}

static void put_error(const struct ob_cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_line(stderr, cli->tty_err, "offboard: ", fmt, args);
    va_end(args);
}

void ob_cli_error(const struct ob_cli *cli, enum ob_status status, const char *message)
{
    put_error(cli, "%s", message);
    if (cli->json)
        ob_event_error(stdout, status, message);
}

enum ob_status ob_cli_confirm(const struct ob_cli *cli, const char *question, struct ob_err *err)
{
    char answer[16];
    if (ob_cli_flag(cli, "yes"))
        return OB_OK;
    if (!cli->tty_in || !cli->tty_err)
        return ob_fail(err, OB_ERR_APPROVAL,
                       "nobody can be asked here, since this is no terminal; give --yes to go on");
    fflush(stdout);
    fprintf(stderr, "%s Type yes to go on: ", question);
    fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin) || strcmp(answer, "yes\n") != 0)
        return ob_fail(err, OB_ERR_APPROVAL, "not confirmed, nothing was changed");
    return OB_OK;
}
