/* offboard explain: everything that is known of one person. Their rows, what was proposed and by
 * which line of the policy, who approved, the calls, and what the clouds said. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/explain.h"
#include "report/events.h"
#include "report/text.h"

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* A person has one name and several ids: whoever is asked for by one of them is meant by all. */
static void add_name(struct ob_explain *x, const char *key)
{
    for (size_t i = 0; i < ob_list_count(&x->names); i++)
        if (is_same(ob_value_str(ob_list_at(&x->names, i)), key))
            return;
    ob_list_push_str(&x->names, key);
}

bool ob_explain_is(const struct ob_explain *x, const char *key, const char *id)
{
    if (is_same(key, x->person) || is_same(id, x->person))
        return true;
    for (size_t i = 0; i < ob_list_count(&x->names); i++)
        if (is_same(ob_value_str(ob_list_at(&x->names, i)), key))
            return true;
    return false;
}

void ob_explain_print(const struct ob_explain *x, struct ob_grid *g)
{
    const struct ob_cli *cli = x->s.cli;
    fflush(stdout);
    ob_grid_print(g, stdout, cli->tty_out ? ob_text_columns(1) : OB_TEXT_COLUMNS,
                  cli->color && cli->tty_out);
    ob_grid_free(g);
}

/* ---- the row ---- */

static void tell_row(struct ob_explain *x, const struct ob_plan_input *in, size_t row)
{
    static const char *const names[] = {"column", "value"};
    const struct ob_table *t = in->table;
    struct ob_buf place;
    struct ob_event ev;
    struct ob_grid *g = ob_grid_new(names, 2);
    struct ob_value *columns;
    ob_buf_init(&place, OB_BUF_SMALL);
    ob_plan_rows_place(in, row, &place);
    ob_event_init(&ev, "row");
    ob_map_put_str(&ev.fields, "input", in->name);
    ob_map_put_str(&ev.fields, "place", ob_buf_str(&place));
    columns = ob_map_put(&ev.fields, "columns");
    ob_value_set_map(columns);
    for (size_t c = 0; c < t->column_count; c++) {
        const char *cells[] = {t->columns[c], ob_table_cell(t, row, c, NULL)};
        ob_map_put_str(columns, cells[0], cells[1]);
        ob_grid_row(g, cells);
    }
    x->found = true;
    if (x->s.cli->json) {
        ob_event_emit(&ev, stdout);
        ob_grid_free(g);
    } else {
        ob_value_fini(&ev.fields);
        ob_cli_print(x->s.cli, "\ninput %s, %s", in->name, ob_buf_str(&place));
        ob_explain_print(x, g);
    }
    ob_buf_fini(&place);
}

/* The columns in which the policy's proposals look for an id. */
static bool is_id_column(const struct ob_value *doc, const char *column)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    for (size_t i = 0; i < ob_list_count(steps); i++)
        if (is_same(ob_map_str(ob_map_get(ob_list_at(steps, i), "options"), "id"), column))
            return true;
    return false;
}

static bool row_is(const struct ob_explain *x, const struct ob_value *doc, const struct ob_table *t,
                   size_t row)
{
    if (ob_explain_is(x, ob_table_cell(t, row, t->key, NULL), NULL))
        return true;
    for (size_t c = 0; c < t->column_count; c++)
        if (is_same(ob_table_cell(t, row, c, NULL), x->person) && is_id_column(doc, t->columns[c]))
            return true;
    return false;
}

static void explain_rows(struct ob_explain *x, const struct ob_value *doc)
{
    struct ob_plan_rows rows;
    ob_plan_rows_read(&rows, x->s.ledger, doc);
    for (size_t i = 0; i < rows.count; i++) {
        const struct ob_table *t = rows.inputs[i].table;
        for (size_t row = 0; t && row < t->row_count; row++)
            if (row_is(x, doc, t, row))
                tell_row(x, &rows.inputs[i], row);
    }
    ob_plan_rows_fini(&rows);
}

/* ---- what was proposed ---- */

/* Why a run would leave this one out, as far as the plan knows. */
static const char *left_out(const struct ob_value *step, const char *key)
{
    const struct ob_value *left = ob_map_get(step, "left");
    for (size_t i = 0; key && i < ob_list_count(left); i++) {
        const struct ob_value *one = ob_list_at(left, i);
        const char *who = ob_value_str(ob_list_at(one, 0));
        if (who && strcmp(who, key) == 0)
            return ob_value_str(ob_list_at(one, 1));
    }
    return NULL;
}

static void tell_proposal(struct ob_explain *x, struct ob_grid *g, const struct ob_value *step,
                          const struct ob_value *one)
{
    static const char *const fields[] = {"path", "target", "action", "where"};
    const char *key = ob_value_str(ob_list_at(one, 0)), *id = ob_value_str(ob_list_at(one, 1));
    const char *was = ob_value_str(ob_list_at(one, 2));
    const char *struck = ob_struck_why(x->approvals.struck, key, id);
    const char *proof = id ? ob_map_str(ob_map_get(step, "evidence"), id) : NULL;
    const char *left = left_out(step, key);
    x->found = true;
    if (x->s.cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "proposal");
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (ob_map_str(step, fields[i]))
                ob_map_put_str(&ev.fields, fields[i], ob_map_str(step, fields[i]));
        ob_map_put_str(&ev.fields, "plan", x->plan);
        ob_map_put_str(&ev.fields, "person", key);
        ob_map_put_str(&ev.fields, "id", id ? id : "");
        if (was)
            ob_map_put_str(&ev.fields, "was", was);
        if (proof)
            ob_map_put_str(&ev.fields, "evidence", proof);
        if (left)
            ob_map_put_str(&ev.fields, "left_out", left);
        if (struck)
            ob_map_put_str(&ev.fields, "struck", struck);
        ob_event_emit(&ev, stdout);
        return;
    }
    char *what = ob_xasprintf("%s:%s", ob_map_str(step, "target"), ob_map_str(step, "action"));
    const char *cells[] = {ob_map_str(step, "path"),
                           what,
                           id,
                           was && *was ? was : "-",
                           ob_map_str(step, "where"),
                           struck  ? struck
                           : left  ? left
                           : proof ? proof
                                   : ""};
    ob_grid_row(g, cells);
    free(what);
}

static void explain_steps(struct ob_explain *x, const struct ob_value *doc)
{
    static const char *const names[] = {"step", "what", "account", "was", "rule", "besides"};
    const struct ob_value *steps = ob_map_get(doc, "steps");
    struct ob_grid *g = ob_grid_new(names, 6);
    size_t count = 0;
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *step = ob_list_at(steps, i), *people = ob_map_get(step, "people");
        for (size_t k = 0; k < ob_list_count(people); k++) {
            const struct ob_value *one = ob_list_at(people, k);
            if (!ob_explain_is(x, ob_value_str(ob_list_at(one, 0)),
                               ob_value_str(ob_list_at(one, 1))))
                continue;
            count++;
            tell_proposal(x, g, step, one);
        }
    }
    if (x->s.cli->json) {
        ob_grid_free(g);
        return;
    }
    if (count) {
        ob_cli_print(x->s.cli, "\nplan %s of %s proposes", x->plan,
                     ob_map_str(ob_map_get(doc, "policy"), "name"));
        ob_explain_print(x, g);
    } else {
        ob_grid_free(g);
        if (x->found)
            ob_cli_print(x->s.cli, "\nplan %s of %s proposes nothing for them", x->plan,
                         ob_map_str(ob_map_get(doc, "policy"), "name"));
    }
}

static void find_names(struct ob_explain *x, const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *people = ob_map_get(ob_list_at(steps, i), "people");
        for (size_t k = 0; k < ob_list_count(people); k++) {
            const char *key = ob_value_str(ob_list_at(ob_list_at(people, k), 0));
            if (key && is_same(ob_value_str(ob_list_at(ob_list_at(people, k), 1)), x->person))
                add_name(x, key);
        }
    }
}

static struct ob_config *config_or_none(struct ob_explain *x)
{
    struct ob_config *config = NULL;
    struct ob_err unused;
    return ob_config_load(&config, ob_cli_text(x->s.cli, "config"), &unused) == OB_OK ? config
                                                                                      : NULL;
}

/* A plan that is stale or damaged is still what was proposed. */
static enum ob_status explain_plan(struct ob_explain *x, const char *which, struct ob_err *err)
{
    struct ob_value doc;
    struct ob_err unfit;
    int64_t run = ob_cli_int(x->s.cli, "run", 0);
    enum ob_status st = ob_session_read(&x->s, which, x->plan, &doc, &unfit, err);
    if (st == OB_OK && doc.type != OB_MAP)
        st = ob_fail(err, unfit.status, "%s", unfit.message);
    if (st == OB_OK) {
        struct ob_config *config = config_or_none(x);
        find_names(x, &doc);
        st = ob_approvals_read(&x->approvals, x->s.ledger, config, x->plan, &doc, run,
                               ob_wall_ms(ob_clock_real()), err);
        if (st == OB_OK) {
            explain_rows(x, &doc);
            explain_steps(x, &doc);
            if (x->approvals.count && !x->s.cli->json)
                ob_approvals_print(&x->approvals, x->s.cli, stdout);
            else if (x->s.cli->json)
                ob_approvals_emit(&x->approvals);
        }
        ob_approvals_fini(&x->approvals);
        ob_config_free(config);
    }
    ob_value_fini(&doc);
    return st;
}

/* ---- the command ---- */

static enum ob_status find_plan(struct ob_explain *x, char id[OB_PLAN_ID], struct ob_err *err)
{
    struct ob_run_row row;
    int64_t run = ob_cli_int(x->s.cli, "run", 0);
    const char *plan = ob_cli_text(x->s.cli, "plan");
    struct ob_plan_row found;
    enum ob_status st;
    if (run) {
        st = ob_ledger_run_get(x->s.ledger, run, &row, err);
        if (st == OB_OK)
            memcpy(id, row.plan, OB_PLAN_ID);
        if (st == OB_OK)
            ob_run_row_fini(&row);
        return st;
    }
    st = ob_ledger_plan_get(x->s.ledger, plan ? plan : "latest", &found, err);
    if (st == OB_OK)
        memcpy(id, found.id, OB_PLAN_ID);
    if (st == OB_OK)
        ob_plan_row_fini(&found);
    return st;
}

static enum ob_status explain(struct ob_explain *x, struct ob_err *err)
{
    char id[OB_PLAN_ID];
    enum ob_status st = find_plan(x, id, err);
    if (st == OB_OK && *id)
        st = explain_plan(x, id, err);
    if (st == OB_OK)
        st = ob_explain_runs(x, ob_cli_text(x->s.cli, "plan") ? id : NULL,
                             ob_cli_int(x->s.cli, "run", 0), err);
    if (st == OB_OK && !x->found)
        st = ob_fail(err, OB_ERR_USAGE,
                     "%s: %s knows nobody of that name or id; names are exact, as in "
                     "`offboard show %.8s`",
                     x->person, *id ? "the plan" : "the ledger", id);
    return st;
}

enum ob_status ob_cmd_explain(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_explain x = {.person = ob_cli_text(cli, "person")};
    ob_value_init(&x.names);
    ob_value_set_list(&x.names);
    enum ob_status st = ob_session_open(&x.s, cli, false, err);
    if (st == OB_OK)
        st = explain(&x, err);
    ob_session_close(&x.s);
    ob_value_fini(&x.names);
    return st;
}
