/* offboard apply: carries out a plan, or plans a policy, shows it, asks, and carries it out. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "cli/approvals.h"
#include "cli/plan_fresh.h"
#include "engine/plan.h"
#include "report/events.h"

/* A file is a policy; so is what is called like one, so that a missing file is said to be that. */
static bool is_policy(const char *what)
{
    size_t n = strlen(what);
    return (n > 4 && strcmp(what + n - 4, ".lua") == 0) || strchr(what, '/') ||
           access(what, F_OK) == 0;
}

static enum ob_status ask(struct ob_session *s, const char *id, const struct ob_value *doc,
                          struct ob_err *err)
{
    char question[160];
    size_t heads = ob_plan_heads(doc), steps = ob_list_count(ob_map_get(doc, "steps"));
    bool silent = ob_cli_flag(s->cli, "quiet") && ob_cli_flag(s->cli, "yes");
    if (!s->cli->json && !silent)
        ob_show_plan(s->cli, id, doc, false, stderr);
    snprintf(question, sizeof question, "Carry out plan %.8s: %zu %s in %zu step%s?", id, heads,
             heads == 1 ? "person" : "people", steps, steps == 1 ? "" : "s");
    return ob_cli_confirm(s->cli, question, err);
}

static enum ob_status make_plan(struct ob_session *s, const char *path, char id[OB_PLAN_ID],
                                struct ob_value *doc, struct ob_err *err)
{
    struct ob_bound b;
    enum ob_status st = ob_bound_read(&b, s->cli, path, err);
    b.again = true; /* whoever applies a policy means today, whatever was done before */
    if (st == OB_OK)
        st = ob_session_plan(s, &b, id, doc, err);
    ob_bound_fini(&b);
    return st;
}

/* What the operator says with a plan was sealed with it: other limits need another plan. */
static enum ob_status refuse_late_options(const struct ob_cli *cli, struct ob_err *err)
{
    static const char *const keys[] = {"input", "var", "max_delete", "ceiling", NULL};
    for (const char *const *k = keys; *k; k++) {
        const struct ob_value *v = ob_map_get(cli->args, *k);
        if (v && v->type != OB_NULL && !(v->type == OB_LIST && !v->list.count))
            return ob_fail(err, OB_ERR_USAGE, "--%s belongs to a policy; the plan has its own",
                           strcmp(*k, "max_delete") == 0 ? "max-delete" : *k);
    }
    return OB_OK;
}

/* What approvers on other machines signed comes with the plan. Nobody is asked in vain. */
static enum ob_status check_approved(struct ob_session *s, const char *id,
                                     const struct ob_value *doc, struct ob_err *err)
{
    struct ob_approvals a = {0};
    enum ob_status st = ob_approvals_bring(s, id, doc, err);
    if (st == OB_OK)
        st = ob_approvals_pass(&a, s, id, doc, 0, err);
    ob_approvals_fini(&a);
    return st;
}

static enum ob_status apply(struct ob_session *s, const char *what, struct ob_err *err)
{
    struct ob_value doc;
    char id[OB_PLAN_ID];
    int64_t run = 0;
    bool policy = is_policy(what);
    enum ob_status st;
    ob_value_init(&doc);
    if (policy) {
        st = make_plan(s, what, id, &doc, err);
    } else {
        st = refuse_late_options(s->cli, err);
        if (st == OB_OK)
            st = ob_session_load(s, what, id, &doc, err);
        if (st == OB_OK)
            st = ob_session_unused(s, id, err); /* before anybody is asked */
        if (st == OB_OK)
            st = ob_plan_fresh(id, &doc, ob_wall_ms(ob_clock_real()), err);
    }
    if (st == OB_OK)
        st = check_approved(s, id, &doc, err);
    if (st == OB_OK && (policy || s->cli->tty_in))
        st = ask(s, id, &doc, err);
    else if (st == OB_OK)
        st = ob_cli_confirm(s->cli, "Carry it out?", err);
    if (st == OB_OK)
        st = ob_session_run(s, id, &doc, &run, err);
    ob_value_fini(&doc);
    return st;
}

enum ob_status ob_cmd_apply(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    enum ob_status st = ob_session_open(&s, cli, true, err);
    if (st == OB_OK)
        st = apply(&s, ob_cli_text(cli, "what"), err);
    ob_session_close(&s);
    return st;
}
