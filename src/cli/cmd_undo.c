/* offboard undo: plans taking a run back, shows it, asks, and carries the plan out as a run of its
 * own. The policy of such a plan is one line; what it does is script/policy_undo.c. */
#include <inttypes.h>
#include <stdio.h>
#include "base/mem.h"
#include "cli/session.h"
#include "report/events.h"

static const char policy_text[] = OB_UNDO_POLICY;

/* Nobody may be at work on the run while its undo is planned; the lock ends with this process. */
static enum ob_status make_plan(struct ob_session *s, const struct ob_run_row *of,
                                char id[OB_PLAN_ID], struct ob_value *doc, struct ob_err *err)
{
    struct ob_bound b = {.again = true, .undo_of = of->id};
    struct ob_value original;
    char unused[OB_PLAN_ID];
    ob_value_init(doc);
    enum ob_status st = ob_ledger_run_lock(s->ledger, of->id, err);
    if (st == OB_OK)
        st = ob_session_load(s, of->plan, unused, &original, err);
    if (st != OB_OK)
        return st;
    ob_value_init(&b.vars);
    ob_value_set_map(&b.vars);
    b.name = ob_xasprintf("undo of run %" PRId64, of->id);
    b.undo_plan = &original;
    ob_buf_init(&b.text, sizeof policy_text);
    ob_buf_adds(&b.text, policy_text);
    st = ob_session_plan(s, &b, id, doc, err);
    ob_bound_fini(&b);
    ob_value_fini(&original);
    return st;
}

static void tell_plan(struct ob_session *s, const char *id, const struct ob_value *doc)
{
    struct ob_event ev;
    if (!s->cli->json) {
        ob_show_plan(s->cli, id, doc, false, stderr);
        return;
    }
    ob_event_init(&ev, "plan");
    ob_map_put_str(&ev.fields, "plan", id);
    ob_value_copy(ob_map_put(&ev.fields, "document"), doc);
    ob_event_emit(&ev, stdout);
}

static enum ob_status ask(struct ob_session *s, const struct ob_run_row *of,
                          const struct ob_value *doc, struct ob_err *err)
{
    char question[160];
    size_t heads = ob_plan_heads(doc);
    if (heads)
        snprintf(question, sizeof question, "Undo run %" PRId64 ": %zu %s?", of->id, heads,
                 heads == 1 ? "person" : "people");
    else
        snprintf(question, sizeof question, "End run %" PRId64 ", which has done nothing yet?",
                 of->id);
    return ob_cli_confirm(s->cli, question, err);
}

/* Nothing is to be taken back: what there is to undo is what the run still waits for. */
static enum ob_status end_only(struct ob_session *s, const struct ob_run_row *of,
                               const struct ob_value *doc, struct ob_err *err)
{
    if (of->state == OB_RUN_DONE)
        return OB_OK;
    enum ob_status st = ask(s, of, doc, err);
    if (st == OB_OK)
        st = ob_session_end_undone(s, of->id, 0, err);
    if (st == OB_OK)
        ob_cli_say(s->cli, "run %" PRId64 " is ended", of->id);
    return st;
}

static enum ob_status undo(struct ob_session *s, const struct ob_run_row *of, struct ob_err *err)
{
    struct ob_value doc;
    char id[OB_PLAN_ID];
    int64_t run = 0;
    enum ob_status st = make_plan(s, of, id, &doc, err);
    if (st == OB_OK)
        tell_plan(s, id, &doc);
    if (st == OB_OK && ob_cli_flag(s->cli, "plan")) {
        ob_cli_say(s->cli, "carry it out: offboard apply %.8s", id);
    } else if (st == OB_OK && ob_plan_is_idle(&doc)) {
        st = end_only(s, of, &doc, err);
    } else if (st == OB_OK) {
        st = ask(s, of, &doc, err);
        if (st == OB_OK)
            st = ob_session_run(s, id, &doc, &run, err);
    }
    ob_value_fini(&doc);
    return st;
}

enum ob_status ob_cmd_undo(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    struct ob_run_row of;
    enum ob_status st = ob_session_open(&s, cli, true, err);
    if (st == OB_OK)
        st = ob_ledger_run_get(s.ledger, ob_cli_int(cli, "run", 0), &of, err);
    if (st == OB_OK) {
        st = undo(&s, &of, err);
        ob_run_row_fini(&of);
    }
    ob_session_close(&s);
    return st;
}
