/* Making a plan, and finding one that was made. */
#include <string.h>
#include "cli/session.h"
#include "engine/plan.h"

static enum ob_status store_plan(struct ob_session *s, const struct ob_bound *b,
                                 const struct ob_value *doc, char id[OB_PLAN_ID],
                                 struct ob_err *err)
{
    struct ob_plan_row row;
    char digest[65];
    enum ob_status st =
        ob_ledger_blob_put(s->ledger, ob_buf_str(&b->text), b->text.len, digest, err);
    if (st != OB_OK)
        return st;
    st = ob_plan_seal(doc, &row, err);
    if (st == OB_OK)
        st = ob_ledger_plan_put(s->ledger, &row, err);
    struct ob_sight seen = {.plan = row.id, .doc = doc, .at_ms = ob_wall_ms(ob_clock_real())};
    if (st == OB_OK)
        st = ob_evidence_sight(s->ledger, &seen, err);
    memcpy(id, row.id, OB_PLAN_ID);
    ob_plan_row_fini(&row);
    return st;
}

enum ob_status ob_session_plan(struct ob_session *s, const struct ob_bound *b, char id[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *err)
{
    struct ob_policy_options o = {
        .mode = OB_MODE_PLAN,
        .name = b->name,
        .text = ob_buf_str(&b->text),
        .len = b->text.len,
        .inputs = b->inputs,
        .input_count = b->input_count,
        .vars = &b->vars,
        .allow_empty = ob_cli_flag(s->cli, "allow_empty"),
        .max_delete = ob_cli_text(s->cli, "max_delete"),
        .undo_of = b->undo_of,
        .undo_plan = b->undo_plan,
        .limits = {(size_t)ob_cli_int(s->cli, "policy_memory", OB_LIMIT_MEMORY >> 20) << 20,
                   ob_cli_int(s->cli, "policy_cpu", OB_LIMIT_CPU_MS / 1000) * 1000},
    };
    ob_session_options(s, &o);
    o.now_ms = ob_wall_ms(o.clock);
    ob_value_init(doc);
    enum ob_status st = ob_session_policy(s, &o, doc, NULL, err);
    return st == OB_OK ? store_plan(s, b, doc, id, err) : st;
}

enum ob_status ob_session_load(struct ob_session *s, const char *id, char full[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *err)
{
    struct ob_plan_row row;
    ob_value_init(doc);
    enum ob_status st = ob_ledger_plan_get(s->ledger, id, &row, err);
    if (st != OB_OK)
        return st;
    memcpy(full, row.id, OB_PLAN_ID);
    st = ob_script_json(ob_buf_str(&row.document), row.document.len, doc, err);
    if (st == OB_OK)
        st = ob_plan_check(doc, &row, err);
    ob_plan_row_fini(&row);
    return st;
}
