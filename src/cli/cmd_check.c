/* offboard check POLICY: reads a policy without running it (script/check.h) and prints what is
 * wrong, one finding a line, as compilers do. Opens no ledger, binds no input, reads no secret. */
#include "cli/cli.h"
#include "base/file.h"
#include "report/events.h"
#include "script/check.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLICY_MAX ((size_t)1024 * 1024)

/* What messages call the policy, as `plan` does. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Nobody asked for a configuration by its name, and there is none where one would be looked for. */
static bool without_config(const struct ob_cli *cli)
{
    const char *env = getenv("OFFBOARD_CONFIG");
    if (ob_cli_text(cli, "config"))
        return false;
    char *path = env && *env ? ob_path_expand(env) : ob_xdg_config("targets.lua");
    bool absent = access(path, F_OK) != 0;
    free(path);
    return absent;
}

static void print_finding(const struct ob_cli *cli, const char *name, const struct ob_finding *f)
{
    if (cli->json) {
        struct ob_event e;
        ob_event_init(&e, "finding");
        ob_map_put_int(&e.fields, "line", f->line);
        ob_map_put_str(&e.fields, "message", f->message);
        ob_event_emit(&e, stdout);
    } else if (f->line > 0) {
        ob_cli_print(cli, "%s:%d: %s", name, f->line, f->message);
    } else {
        ob_cli_print(cli, "%s: %s", name, f->message);
    }
}

static void tell(const struct ob_cli *cli, const char *name, const struct ob_check *c, bool alone)
{
    for (size_t i = 0; i < c->count; i++)
        print_finding(cli, name, &c->findings[i]);
    fflush(stdout); /* before the summary, where both go to one terminal */
    if (c->names_unread)
        ob_cli_warn(cli, "%s: only the syntax was checked: this build's Lua is not 5.4", name);
    else if (alone)
        ob_cli_say(cli,
                   "%s: no configuration (--config FILE): targets and their actions were not "
                   "checked against one",
                   name);
    if (c->count)
        ob_cli_say(cli, "%s: %zu finding%s", name, c->count, c->count == 1 ? "" : "s");
    else
        ob_cli_say(cli, "%s: no findings", name);
}

/* A configuration that is there and cannot be read is an error, but first the policy is checked
 * as far as that goes. */
static enum ob_status check(const struct ob_cli *cli, const char *name, const struct ob_buf *text,
                            struct ob_err *err)
{
    struct ob_config *config = NULL;
    struct ob_check found = {0};
    struct ob_err why = {0};
    bool alone = without_config(cli);
    enum ob_status loaded = OB_OK;
    if (!alone)
        loaded = ob_config_load(&config, ob_cli_text(cli, "config"), &why);
    enum ob_status st = ob_check_policy(&found, name, ob_buf_str(text), text->len, config, err);
    if (st == OB_OK) {
        tell(cli, name, &found, alone);
        if (loaded != OB_OK)
            st = ob_fail(err, loaded, "%s", why.message);
        else if (found.count)
            st = ob_fail(err, OB_ERR_POLICY, "%s", ""); /* all is said */
    }
    ob_check_fini(&found);
    ob_config_free(config);
    return st;
}

enum ob_status ob_cmd_check(struct ob_cli *cli, struct ob_err *err)
{
    const char *path = ob_cli_text(cli, "policy");
    struct ob_buf text;
    ob_buf_init(&text, POLICY_MAX);
    enum ob_status st = ob_file_read(path, POLICY_MAX, &text, OB_ERR_USAGE, err);
    if (st == OB_OK)
        st = check(cli, base_name(path), &text, err);
    ob_buf_fini(&text);
    return st;
}
