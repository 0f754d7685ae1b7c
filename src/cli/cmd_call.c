/* offboard call: one action for people named by hand, planned, guarded and journalled like any
 * policy's (it is one, of a few lines); or one reading of a target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/session.h"
#include "engine/plan.h"
#include "report/text.h"
#include "script/target.h"

#define IDS_MAX ((size_t)64 * 1024 * 1024)

static const char policy_text[] =
    "local people = input.lines \"people\"\n"
    "local t = target(var \"target\")\n"
    "local admins, straight = {}, nil\n"
    "for id in var(\"admins\", \"\"):gmatch \"[^\\n]+\" do\n"
    "  admins[#admins + 1] = id\n"
    "end\n"
    "if var(\"straight\", \"no\") == \"yes\" then straight = true end\n"
    "return t[var \"action\"](t, people,\n"
    "  { admins = admins, straight = straight })\n";

/* To name somebody on the command line is not to say that this is an administrator: people are
 * pasted there, and come out of other programs. So --admin says it again. */
static void put_admins(const struct ob_cli *cli, struct ob_value *vars)
{
    const struct ob_value *admins = ob_map_get(cli->args, "admin");
    struct ob_buf text;
    ob_buf_init(&text, IDS_MAX);
    for (size_t i = 0; i < ob_list_count(admins); i++)
        ob_buf_addf(&text, "%s\n", ob_value_str(ob_list_at(admins, i)));
    if (text.len)
        ob_map_put_str(vars, "admins", ob_buf_str(&text));
    ob_buf_fini(&text);
}

/* The ids of the command line, one a line; "-" stands for those of standard input. */
static enum ob_status collect_ids(const struct ob_cli *cli, struct ob_buf *out, struct ob_err *err)
{
    const struct ob_value *people = ob_map_get(cli->args, "person");
    for (size_t i = 0; i < ob_list_count(people); i++) {
        const char *id = ob_value_str(ob_list_at(people, i));
        if (!id || strcmp(id, "-") != 0) {
            ob_buf_adds(out, id ? id : "");
            ob_buf_addc(out, '\n');
            continue;
        }
        enum ob_status st = ob_file_read("-", IDS_MAX, out, OB_ERR_INPUT, err);
        if (st != OB_OK)
            return st;
        if (out->len && ob_buf_str(out)[out->len - 1] != '\n')
            ob_buf_addc(out, '\n'); /* or the next id would become part of this one */
    }
    return OB_OK;
}

/* ---- readings ---- */

static void split_ids(const struct ob_buf *text, struct ob_value *ids)
{
    const char *p = ob_buf_str(text);
    ob_value_set_list(ids);
    while (*p) {
        size_t n = strcspn(p, "\r\n");
        if (n)
            ob_value_set_strn(ob_list_push(ids), p, n);
        p += n;
        p += strspn(p, "\r\n");
    }
}

static void print_value(const struct ob_value *v)
{
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_json_write(&line, v);
    puts(ob_buf_str(&line));
    ob_buf_fini(&line);
}

static const char *name_of(const struct ob_value *fields)
{
    static const char *const keys[] = {"name",      "RealNickName",      "NickName",
                                       "user_name", "display_user_name", NULL};
    for (const char *const *k = keys; *k; k++) {
        const char *text = ob_map_str(fields, *k);
        if (text && *text)
            return text;
    }
    return "";
}

static void print_people(const struct ob_cli *cli, const struct ob_value *rows)
{
    static const char *const names[] = {"id", "state", "name"};
    struct ob_grid *g = ob_grid_new(names, 3);
    for (size_t i = 0; i < ob_list_count(rows); i++) {
        const struct ob_value *r = ob_list_at(rows, i);
        const char *cells[] = {ob_map_str(r, "id"), ob_map_str(r, "state"),
                               name_of(ob_map_get(r, "fields"))};
        ob_grid_row(g, cells);
    }
    ob_grid_print(g, stdout, cli->tty_out ? ob_text_columns(1) : 0, cli->color && cli->tty_out);
    ob_grid_free(g);
}

static void print_reading(const struct ob_cli *cli, const char *op, const struct ob_value *v)
{
    bool people = strcmp(op, "list") == 0 || strcmp(op, "lookup") == 0;
    if (people && !cli->json) {
        print_people(cli, v);
        return;
    }
    if (v->type != OB_LIST) {
        print_value(v);
        return;
    }
    for (size_t i = 0; i < ob_list_count(v); i++)
        print_value(ob_list_at(v, i));
}

static enum ob_status read_it(struct ob_session *s, struct ob_target *t, const char *op,
                              const struct ob_buf *ids, struct ob_err *err)
{
    struct ob_engine_options o = {.clock = ob_clock_real(),
                                  .transport = ob_http_transport(s->http),
                                  .vault = s->config->vault,
                                  .parallel = (int)ob_cli_int(s->cli, "parallel", 0)};
    struct ob_engine *e = ob_engine_new(&o);
    struct ob_op *asked = NULL;
    struct ob_value args;
    ob_value_init(&args);
    ob_value_set_map(&args);
    split_ids(ids, ob_map_put(&args, "ids"));
    enum ob_status st = ob_engine_read(e, t, op, &args, &asked, err);
    while (st == OB_OK && !asked->done)
        st = ob_engine_turn(e, 1000, err);
    if (st == OB_OK && asked->err.status != OB_OK) {
        *err = asked->err;
        st = err->status;
    }
    if (st == OB_OK)
        print_reading(s->cli, op, &asked->value);
    ob_op_free(asked);
    ob_value_fini(&args);
    ob_engine_free(e);
    return st;
}

/* ---- actions ---- */

static enum ob_status act(struct ob_session *s, const char *target, const char *action,
                          struct ob_buf *ids, struct ob_err *err)
{
    struct ob_bound_input in = {
        .name = (char *)"people", .source = (char *)"the command line", .bytes = *ids};
    struct ob_bound b = {.name = (char *)"call", .again = true, .inputs = &in, .input_count = 1};
    struct ob_value doc;
    char id[OB_PLAN_ID];
    int64_t run = 0;
    ob_value_init(&b.vars);
    ob_value_set_map(&b.vars);
    ob_map_put_str(&b.vars, "target", target);
    ob_map_put_str(&b.vars, "action", action);
    put_admins(s->cli, &b.vars);
    if (ob_cli_flag(s->cli, "straight"))
        ob_map_put_str(&b.vars, "straight", "yes");
    ob_buf_init(&b.text, sizeof policy_text);
    ob_buf_adds(&b.text, policy_text);
    enum ob_status st = ob_session_plan(s, &b, id, &doc, err);
    if (st == OB_OK && !s->cli->json &&
        !(ob_cli_flag(s->cli, "quiet") && ob_cli_flag(s->cli, "yes")))
        ob_show_plan(s->cli, id, &doc, false, stderr);
    if (st == OB_OK)
        st = ob_cli_confirm(s->cli, "Carry it out?", err);
    if (st == OB_OK)
        st = ob_session_run(s, id, &doc, &run, err);
    ob_value_fini(&doc);
    ob_value_fini(&b.vars);
    ob_buf_fini(&b.text);
    return st;
}

static void add_name(struct ob_buf *out, const char *name)
{
    ob_buf_addf(out, "%s%s", out->len ? ", " : "", name);
}

static enum ob_status no_target(const struct ob_session *s, const char *name, struct ob_err *err)
{
    struct ob_buf names;
    ob_buf_init(&names, OB_BUF_SMALL);
    for (size_t i = 0; i < s->config->count; i++)
        add_name(&names, s->config->targets[i].name);
    enum ob_status st = ob_fail(err, OB_ERR_USAGE, "no target \"%s\" in %s; it has: %s", name,
                                s->config->path, names.len ? ob_buf_str(&names) : "none");
    ob_buf_fini(&names);
    return st;
}

static enum ob_status no_action(const struct ob_target *t, const char *action, struct ob_err *err)
{
    static const char *const readings[] = {"list", "lookup"};
    const struct ob_provider_info *info = t->provider.info;
    struct ob_buf names;
    ob_buf_init(&names, OB_BUF_SMALL);
    for (size_t i = 0; i < info->action_count; i++)
        if (!info->actions[i].from_snapshot)
            add_name(&names, info->actions[i].name);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
        if (ob_provider_reads(info, readings[i]))
            add_name(&names, readings[i]);
    for (size_t i = 0; i < info->read_count; i++)
        add_name(&names, info->reads[i]);
    enum ob_status st = ob_fail(err, OB_ERR_USAGE, "%s (%s) has no action \"%s\"; it has: %s",
                                t->name, info->name, action, ob_buf_str(&names));
    ob_buf_fini(&names);
    return st;
}

static enum ob_status call(struct ob_session *s, struct ob_buf *ids, struct ob_err *err)
{
    const char *name = ob_cli_text(s->cli, "target"), *action = ob_cli_text(s->cli, "action");
    const struct ob_target_config *config = ob_config_target(s->config, name);
    struct ob_target *t;
    if (!config)
        return no_target(s, name, err);
    enum ob_status st = ob_target_open(&t, s->config, config, err);
    if (st != OB_OK)
        return st;
    const struct ob_action *a = ob_provider_action(t->provider.info, action);
    bool acts = a && !a->from_snapshot, lists = strcmp(action, "list") == 0;
    if ((acts || strcmp(action, "lookup") == 0) && !ids->len)
        st = ob_fail(err, OB_ERR_USAGE, "%s %s: for whom? name people, or - for standard input",
                     name, action);
    else if (lists && ids->len)
        st = ob_fail(err, OB_ERR_USAGE, "%s list shows everybody; for some there is lookup", name);
    else if (acts)
        st = act(s, name, action, ids, err);
    else if (ob_provider_reads(t->provider.info, action))
        st = read_it(s, t, action, ids, err);
    else
        st = no_action(t, action, err);
    ob_target_close(t);
    return st;
}

enum ob_status ob_cmd_call(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    struct ob_buf ids;
    ob_buf_init(&ids, IDS_MAX);
    enum ob_status st = collect_ids(cli, &ids, err);
    if (st == OB_OK) {
        st = ob_session_open(&s, cli, true, err);
        if (st == OB_OK)
            st = call(&s, &ids, err);
        ob_session_close(&s);
    }
    ob_buf_fini(&ids);
    return st;
}
