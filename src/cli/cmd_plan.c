/* offboard plan: who, what, where; nothing is changed. */
#include <inttypes.h>
#include "cli/diff.h"
#include "engine/plan.h"
#include "report/events.h"

static void emit_plan(const char *id, const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    struct ob_event ev;
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        ob_event_init(&ev, "step");
        ob_value_fini(&ev.fields);
        ob_value_copy(&ev.fields, ob_list_at(steps, i));
        ob_event_emit(&ev, stdout);
    }
    ob_event_init(&ev, "plan");
    ob_map_put_str(&ev.fields, "plan", id);
    ob_map_put_int(&ev.fields, "people", (int64_t)ob_plan_heads(doc));
    ob_map_put_int(&ev.fields, "steps", (int64_t)ob_list_count(steps));
    ob_event_emit(&ev, stdout);
}

/* What to do with it now; a plan that was carried out stays what it was. */
static enum ob_status say_next(struct ob_session *s, const char *id, struct ob_err *err)
{
    int64_t runs;
    enum ob_status st = ob_ledger_run_count(s->ledger, id, &runs, err);
    if (st == OB_OK && runs)
        ob_cli_say(
            s->cli,
            "nothing has changed since this very plan was carried out; for a new one: --again");
    else if (st == OB_OK)
        ob_cli_say(s->cli,
                   "everybody by name: offboard show %.8s; carry it out: offboard apply %.8s", id,
                   id);
    return st;
}

/* `other` is the plan to compare with; NULL: none. */
static enum ob_status make_plan(struct ob_session *s, struct ob_bound *b, const char *other,
                                struct ob_value *doc, struct ob_err *err)
{
    char id[OB_PLAN_ID];
    enum ob_status st = ob_session_plan(s, b, id, doc, err);
    if (st == OB_OK && other)
        st = ob_diff(s, id, doc, other, err);
    if (st != OB_OK)
        return st;
    if (s->cli->json)
        emit_plan(id, doc);
    else if (!other)
        ob_show_plan(s->cli, id, doc, false, stdout);
    if (ob_plan_is_idle(doc))
        return OB_OK;
    st = say_next(s, id, err);
    return st == OB_OK && ob_cli_flag(s->cli, "detailed_exitcode") ? OB_ERR_CHANGES : st;
}

enum ob_status ob_cmd_plan(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    struct ob_bound b = {0};
    struct ob_value doc;
    struct ob_plan_row other = {0}; /* found before a new plan is the latest one */
    const char *diff = ob_cli_text(cli, "diff");
    ob_value_init(&doc);
    enum ob_status st = ob_bound_read(&b, cli, ob_cli_text(cli, "policy"), err);
    b.again = ob_cli_flag(cli, "again");
    if (st == OB_OK) {
        st = ob_session_open(&s, cli, true, err);
        if (st == OB_OK && diff)
            st = ob_ledger_plan_get(s.ledger, diff, &other, err);
        if (st == OB_OK)
            st = make_plan(&s, &b, diff ? other.id : NULL, &doc, err);
        ob_session_close(&s);
    }
    ob_value_fini(&doc);
    ob_plan_row_fini(&other);
    ob_bound_fini(&b);
    return st;
}
