/* See session.h: opening and closing, and what the operator binds to a policy. */
#include "cli/session.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"

#define POLICY_MAX ((size_t)1024 * 1024)
#define INPUT_MAX  ((size_t)256 * 1024 * 1024)

static enum ob_status read_deadline(struct ob_session *s, struct ob_err *err)
{
    const char *text = ob_cli_text(s->cli, "deadline");
    int64_t ms;
    if (!text)
        return OB_OK;
    if (!ob_duration_parse(text, &ms))
        return ob_fail(err, OB_ERR_USAGE, "--deadline %s: give a time such as 90s, 30m or 2h",
                       text);
    s->deadline_ms = ob_mono_ms(ob_clock_real()) + ms;
    return OB_OK;
}

enum ob_status ob_session_open(struct ob_session *s, struct ob_cli *cli, bool cloud,
                               struct ob_err *err)
{
    *s = (struct ob_session){.cli = cli};
    ob_progress_init(&s->progress, stderr, cli->tty_err && !ob_cli_flag(cli, "quiet"), cli->color);
    char *path = ob_cli_ledger_path(cli);
    enum ob_status st = read_deadline(s, err);
    if (st == OB_OK && cloud) {
        const char *named = ob_cli_text(cli, "config");
        s->config = named ? NULL : ob_config_none();
        st = s->config ? OB_OK : ob_config_load(&s->config, named, err);
        s->http = st == OB_OK ? ob_http_new() : NULL;
    }
    if (st == OB_OK)
        st = ob_ledger_open(&s->ledger, path, err);
    free(path);
    return st;
}

void ob_session_close(struct ob_session *s)
{
    ob_progress_clear(&s->progress);
    if (s->http)
        ob_http_free(s->http);
    if (s->ledger)
        ob_ledger_close(s->ledger);
    if (s->config)
        ob_config_free(s->config);
}

/* ---- what is bound to a policy ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool bound_already(const struct ob_bound *b, const char *name)
{
    for (size_t i = 0; i < b->input_count; i++)
        if (strcmp(b->inputs[i].name, name) == 0)
            return true;
    return false;
}

/* Links are followed when it is read again, not now: they may be what changes. */
static char *absolute(const char *path)
{
    char *here = *path == '/' ? NULL : getcwd(NULL, 0);
    char *out = here ? ob_xasprintf("%s/%s", here, path) : ob_xstrdup(path);
    free(here);
    return out;
}

/* "leavers=FILE" */
static enum ob_status bind_input(struct ob_bound *b, const char *pair, struct ob_err *err)
{
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair || !equals[1])
        return ob_fail(err, OB_ERR_USAGE, "--input %s: say NAME=FILE", pair);
    char *name = ob_xmemdup(pair, (size_t)(equals - pair));
    if (bound_already(b, name)) {
        ob_fail(err, OB_ERR_USAGE, "--input %s is given twice", name);
        free(name);
        return OB_ERR_USAGE;
    }
    b->inputs = ob_xrealloc(b->inputs, b->input_count + 1, sizeof *b->inputs);
    struct ob_bound_input *in = &b->inputs[b->input_count++];
    *in = (struct ob_bound_input){.name = name};
    bool piped = strcmp(equals + 1, "-") == 0;
    in->source = ob_xstrdup(piped ? name : base_name(equals + 1));
    in->path = piped ? NULL : absolute(equals + 1); /* for a wait that reads it again */
    ob_buf_init(&in->bytes, INPUT_MAX);
    return ob_file_read_whole(equals + 1, INPUT_MAX, &in->bytes, &in->mtime_ms, OB_ERR_INPUT, err);
}

static enum ob_status bind_vars(struct ob_bound *b, const struct ob_value *pairs,
                                struct ob_err *err)
{
    for (size_t i = 0; i < ob_list_count(pairs); i++) {
        const char *pair = ob_value_str(ob_list_at(pairs, i));
        const char *equals = pair ? strchr(pair, '=') : NULL;
        if (!equals || equals == pair)
            return ob_fail(err, OB_ERR_USAGE, "--var %s: say NAME=VALUE", pair ? pair : "");
        ob_value_set_str(ob_map_putn(&b->vars, pair, (size_t)(equals - pair)), equals + 1);
    }
    return OB_OK;
}

enum ob_status ob_bound_read(struct ob_bound *b, const struct ob_cli *cli, const char *path,
                             struct ob_err *err)
{
    const struct ob_value *inputs = ob_map_get(cli->args, "input");
    *b = (struct ob_bound){.name = ob_xstrdup(base_name(path))};
    b->path = strcmp(path, "-") == 0 ? NULL : absolute(path);
    ob_value_init(&b->vars);
    ob_value_set_map(&b->vars);
    ob_buf_init(&b->text, POLICY_MAX);
    enum ob_status st = ob_file_read(path, POLICY_MAX, &b->text, OB_ERR_USAGE, err);
    for (size_t i = 0; st == OB_OK && i < ob_list_count(inputs); i++)
        st = bind_input(b, ob_value_str(ob_list_at(inputs, i)), err);
    return st == OB_OK ? bind_vars(b, ob_map_get(cli->args, "var"), err) : st;
}

void ob_bound_fini(struct ob_bound *b)
{
    for (size_t i = 0; i < b->input_count; i++) {
        free(b->inputs[i].name);
        free(b->inputs[i].source);
        free(b->inputs[i].path);
        ob_buf_fini(&b->inputs[i].bytes);
    }
    free(b->inputs);
    free(b->name);
    free(b->path);
    ob_buf_fini(&b->text);
    ob_value_fini(&b->vars);
}
