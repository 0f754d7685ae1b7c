/* Making a plan, and finding one that was made. */
#include <string.h>
#include "cli/plan_fresh.h"
#include "cli/session.h"
#include "engine/plan.h"

/* ---- where the same proposal was planned before ---- */

/* A plan of this id: is there one, was it carried out, may it still be? */
struct before {
    bool known, spent, expired;
};

static enum ob_status look_before(struct ob_session *s, const char *id, struct before *b,
                                  struct ob_err *err)
{
    struct ob_plan_row row;
    struct ob_value doc;
    int64_t runs = 0;
    *b = (struct before){0};
    enum ob_status st = ob_ledger_run_count(s->ledger, id, &runs, err);
    if (st != OB_OK || ob_ledger_plan_get(s->ledger, id, &row, NULL) != OB_OK)
        return st;
    b->known = true;
    b->spent = runs > 0;
    ob_value_init(&doc);
    b->expired = ob_script_json(ob_buf_str(&row.document), row.document.len, &doc, NULL) != OB_OK ||
                 ob_wall_ms(ob_clock_real()) >= ob_plan_expires(&doc);
    ob_value_fini(&doc);
    ob_plan_row_fini(&row);
    return OB_OK;
}

/* Seals it as a plan of its own: with the number of those that were carried out before it. */
static enum ob_status seal_anew(struct ob_session *s, struct ob_value *doc, struct ob_plan_row *row,
                                struct before *b, struct ob_err *err)
{
    enum ob_status st;
    do {
        ob_map_put_int(doc, "again", ob_map_int(doc, "again", 0) + 1);
        ob_plan_row_fini(row);
        st = ob_plan_seal(doc, row, err);
        if (st == OB_OK)
            st = look_before(s, row->id, b, err);
    } while (st == OB_OK && b->spent);
    return st;
}

/* One that waits to be carried out stays as it is, with its approvals and its end; but not an undo,
 * which has to be younger than what it undoes. */
static enum ob_status keep(struct ob_session *s, struct ob_plan_row *row, struct ob_value *doc,
                           const struct before *b, struct ob_err *err)
{
    char id[OB_PLAN_ID];
    bool waits = b->known && !b->expired && !ob_map_get(doc, "undo_of");
    if (!waits && !b->spent)
        return ob_ledger_plan_put(s->ledger, row, err);
    ob_value_fini(doc);
    return ob_session_load(s, row->id, id, doc, err);
}

static enum ob_status store_plan(struct ob_session *s, const struct ob_bound *b,
                                 struct ob_value *doc, char id[OB_PLAN_ID], struct ob_err *err)
{
    struct ob_plan_row row;
    struct before before;
    char digest[65];
    enum ob_status st =
        ob_ledger_blob_put(s->ledger, ob_buf_str(&b->text), b->text.len, digest, err);
    if (st != OB_OK)
        return st;
    st = ob_plan_seal(doc, &row, err);
    if (st == OB_OK)
        st = look_before(s, row.id, &before, err);
    if (st == OB_OK && before.spent && b->again)
        st = seal_anew(s, doc, &row, &before, err);
    if (st == OB_OK)
        st = keep(s, &row, doc, &before, err);
    struct ob_sight seen = {.plan = row.id, .doc = doc, .at_ms = ob_wall_ms(ob_clock_real())};
    if (st == OB_OK)
        st = ob_evidence_sight(s->ledger, &seen, err);
    memcpy(id, row.id, OB_PLAN_ID);
    ob_plan_row_fini(&row);
    return st;
}

static enum ob_status read_valid(const struct ob_cli *cli, int64_t *ms, struct ob_err *err)
{
    const char *text = ob_cli_text(cli, "valid_for");
    *ms = 0;
    if (text && (!ob_duration_parse(text, ms) || *ms < 1))
        return ob_fail(err, OB_ERR_USAGE, "--valid-for %s: give a time such as 30m, 8h or 3d",
                       text);
    return OB_OK;
}

enum ob_status ob_session_plan(struct ob_session *s, const struct ob_bound *b, char id[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *err)
{
    struct ob_value by;
    struct ob_policy_options o = {
        .mode = OB_MODE_PLAN,
        .name = b->name,
        .path = b->path,
        .text = ob_buf_str(&b->text),
        .len = b->text.len,
        .inputs = b->inputs,
        .input_count = b->input_count,
        .vars = &b->vars,
        .allow_empty = ob_cli_flag(s->cli, "allow_empty"),
        .max_delete = ob_cli_text(s->cli, "max_delete"),
        .ceiling = ob_cli_int(s->cli, "ceiling", OB_CEILING_NONE),
        .by = &by,
        .undo_of = b->undo_of,
        .undo_plan = b->undo_plan,
        .limits = {(size_t)ob_cli_int(s->cli, "policy_memory", OB_LIMIT_MEMORY >> 20) << 20,
                   ob_cli_int(s->cli, "policy_cpu", OB_LIMIT_CPU_MS / 1000) * 1000},
    };
    ob_session_options(s, &o);
    o.now_ms = ob_wall_ms(o.clock);
    ob_value_init(doc);
    enum ob_status st = read_valid(s->cli, &o.valid_ms, err);
    ob_plan_by(&by);
    if (st == OB_OK)
        st = ob_session_policy(s, &o, doc, NULL, err);
    ob_value_fini(&by);
    return st == OB_OK ? store_plan(s, b, doc, id, err) : st;
}

enum ob_status ob_session_read(struct ob_session *s, const char *id, char full[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *unfit, struct ob_err *err)
{
    struct ob_plan_row row;
    ob_value_init(doc);
    *unfit = (struct ob_err){.status = OB_OK};
    enum ob_status st = ob_ledger_plan_get(s->ledger, id, &row, err);
    if (st != OB_OK)
        return st;
    memcpy(full, row.id, OB_PLAN_ID);
    if (ob_script_json(ob_buf_str(&row.document), row.document.len, doc, unfit) != OB_OK)
        ob_fail(unfit, OB_ERR_STALE, "plan %s: its document was changed after it was made", row.id);
    else
        unfit->status = ob_plan_check(doc, &row, unfit);
    ob_plan_row_fini(&row);
    return OB_OK;
}

enum ob_status ob_session_load(struct ob_session *s, const char *id, char full[OB_PLAN_ID],
                               struct ob_value *doc, struct ob_err *err)
{
    struct ob_err unfit;
    enum ob_status st = ob_session_read(s, id, full, doc, &unfit, err);
    if (st == OB_OK && unfit.status != OB_OK)
        *err = unfit;
    return st == OB_OK ? unfit.status : st;
}
