/* offboard show: a plan with everybody in it, or a run with what became of each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/approvals.h"
#include "cli/diff.h"
#include "cli/people.h"
#include "cli/plan_fresh.h"
#include "report/events.h"
#include "report/text.h"

#define OB_CONDITION_MAX 2200

struct shown {
    const struct ob_cli *cli;
    const struct ob_value *wanted; /* --person; NULL: all */
    struct ob_grid *grid;
    size_t count;
};

static bool is_wanted(const struct ob_value *wanted, const char *key, const char *id)
{
    if (!ob_list_count(wanted))
        return true;
    for (size_t i = 0; i < ob_list_count(wanted); i++) {
        const char *w = ob_value_str(ob_list_at(wanted, i));
        if (w && ((key && strcmp(w, key) == 0) || (id && strcmp(w, id) == 0)))
            return true;
    }
    return false;
}

static void run_row(void *ctx, const struct ob_step_row *step, const struct ob_person_row *p)
{
    struct shown *s = ctx;
    if (!is_wanted(s->wanted, p->person, p->id))
        return;
    s->count++;
    if (s->cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "person");
        ob_map_put_str(&ev.fields, "person", p->person);
        ob_map_put_str(&ev.fields, "id", p->id);
        ob_map_put_str(&ev.fields, "target", step->target);
        ob_map_put_str(&ev.fields, "action", step->action);
        ob_map_put_str(&ev.fields, "outcome", ob_outcome_word(p->state));
        ob_map_put_str(&ev.fields, "detail", p->detail ? p->detail : "");
        ob_map_put_int(&ev.fields, "calls", p->calls);
        ob_event_emit(&ev, stdout);
        return;
    }
    const char *cells[] = {p->person, step->target, step->action, ob_outcome_word(p->state),
                           p->detail};
    ob_grid_row(s->grid, cells);
}

static enum ob_status show_run(struct ob_session *s, int64_t run, struct ob_err *err)
{
    static const char *const names[] = {"person", "target", "action", "outcome", "why"};
    struct shown w = {s->cli, ob_map_get(s->cli->args, "person"), ob_grid_new(names, 5), 0};
    struct ob_each_person to = {run_row, &w};
    struct ob_run_row row;
    enum ob_status st = ob_ledger_run_get(s->ledger, run, &row, err);
    if (st == OB_OK) {
        ob_run_row_fini(&row);
        st = ob_people_each(s->ledger, run, &to, err);
    }
    if (st == OB_OK && !s->cli->json && w.count)
        ob_grid_print(w.grid, stdout, s->cli->tty_out ? ob_text_columns(1) : 0,
                      s->cli->color && s->cli->tty_out);
    if (st == OB_OK && !w.count)
        ob_cli_say(s->cli, "run %" PRId64 " names nobody%s", run,
                   ob_list_count(w.wanted) ? " of that name" : "");
    ob_grid_free(w.grid);
    return st;
}

/* Leaves in every step only the people who are asked for, and only steps that name some. */
static void keep_wanted(struct ob_value *doc, const struct ob_value *wanted)
{
    struct ob_value *steps = ob_map_put(doc, "steps"), left;
    ob_value_init(&left);
    ob_value_set_list(&left);
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        struct ob_value *people = ob_map_put(&steps->list.items[i], "people"), kept;
        ob_value_init(&kept);
        ob_value_set_list(&kept);
        for (size_t k = 0; k < ob_list_count(people); k++) {
            const struct ob_value *one = ob_list_at(people, k);
            if (is_wanted(wanted, ob_value_str(ob_list_at(one, 0)),
                          ob_value_str(ob_list_at(one, 1))))
                ob_value_copy(ob_list_push(&kept), one);
        }
        ob_value_move(people, &kept);
        if (ob_list_count(people))
            ob_value_move(ob_list_push(&left), &steps->list.items[i]);
    }
    ob_value_move(steps, &left);
}

/* ---- what has become of a plan ---- */

struct spent {
    const char *plan;
    int64_t run;
    enum ob_run_state state;
};

static bool find_spent(void *ctx, const struct ob_run_row *r)
{
    struct spent *f = ctx;
    if (strcmp(r->plan, f->plan) != 0)
        return true;
    f->run = r->id;
    f->state = r->state;
    return false;
}

/* One word for programs and a sentence for people: may it still be carried out? */
struct condition {
    const char *word;
    char text[OB_CONDITION_MAX];
};

/* Without "plan ID: ", which stands above it here. */
static const char *behind_name(const struct ob_err *err)
{
    const char *colon = strchr(err->message, ':');
    return strncmp(err->message, "plan ", 5) == 0 && colon ? colon + 2 : err->message;
}

static enum ob_status find_condition(struct ob_session *s, const char *id,
                                     const struct ob_value *doc, const struct ob_err *unfit,
                                     struct condition *c, struct ob_err *err)
{
    struct ob_err late;
    int64_t now_ms = ob_wall_ms(ob_clock_real());
    struct spent f = {.plan = id};
    enum ob_status st = ob_ledger_run_each(s->ledger, find_spent, &f, err);
    *c = (struct condition){.word = "ready"};
    if (f.run && f.state == OB_RUN_DONE) {
        c->word = "spent";
        snprintf(c->text, sizeof c->text, "spent: it was carried out as run %" PRId64, f.run);
    } else if (f.run) {
        c->word = "begun";
        snprintf(c->text, sizeof c->text,
                 "begun as run %" PRId64 "; go on with: offboard resume %" PRId64, f.run, f.run);
    } else if (ob_plan_fresh(id, doc, now_ms, &late) != OB_OK) {
        c->word = now_ms >= ob_plan_expires(doc) ? "expired" : "stale";
        snprintf(c->text, sizeof c->text, "stale: %s", behind_name(&late));
    }
    if (unfit->status != OB_OK) {
        c->word = "stale";
        snprintf(c->text, sizeof c->text, "stale: %s", behind_name(unfit));
    }
    return st;
}

/* Only targets.lua says whose approval is missing; a plan is shown without one as well. */
static struct ob_config *find_config(struct ob_session *s)
{
    struct ob_config *config = NULL;
    struct ob_err err;
    const char *named = ob_cli_text(s->cli, "config");
    struct ob_config *none = named ? NULL : ob_config_none();
    if (none)
        ob_config_free(none);
    else if (ob_config_load(&config, named, &err) != OB_OK)
        ob_cli_warn(s->cli, "%s; what is missing is not known", err.message);
    return config;
}

static enum ob_status show_approvals(struct ob_session *s, const char *id,
                                     const struct ob_value *doc, struct ob_err *err)
{
    struct ob_approvals a;
    struct spent f = {.plan = id};
    struct ob_config *config = find_config(s);
    enum ob_status st = ob_ledger_run_each(s->ledger, find_spent, &f, err);
    if (st == OB_OK) {
        st = ob_approvals_read(&a, s->ledger, config, id, doc, f.run, ob_wall_ms(ob_clock_real()),
                               err);
        if (st == OB_OK && s->cli->json)
            ob_approvals_emit(&a);
        else if (st == OB_OK)
            ob_approvals_print(&a, s->cli, stdout);
        struct ob_err loose;
        if (st == OB_OK && !s->cli->json &&
            ob_approvals_demand(&a, id, doc, &loose) == OB_ERR_STALE)
            ob_cli_print(s->cli, "stale: %s", behind_name(&loose));
        ob_approvals_fini(&a);
    }
    ob_config_free(config);
    return st;
}

static void emit_plan(const char *id, const struct ob_value *doc, const struct condition *c)
{
    struct ob_event ev;
    ob_event_init(&ev, "plan");
    ob_map_put_str(&ev.fields, "plan", id);
    ob_map_put_str(&ev.fields, "state", c->word);
    if (c->text[0])
        ob_map_put_str(&ev.fields, "why", c->text);
    ob_value_copy(ob_map_put(&ev.fields, "document"), doc);
    ob_event_emit(&ev, stdout);
}

static enum ob_status show_document(struct ob_session *s, const char *id, struct ob_value *doc,
                                    const struct ob_err *unfit, struct ob_err *err)
{
    const struct ob_value *wanted = ob_map_get(s->cli->args, "person");
    struct condition c;
    enum ob_status st = find_condition(s, id, doc, unfit, &c, err);
    if (st != OB_OK)
        return st;
    if (ob_list_count(wanted)) {
        keep_wanted(doc, wanted);
        if (!ob_list_count(ob_map_get(doc, "steps")) && !s->cli->json) {
            ob_cli_say(s->cli, "plan %s names nobody of that name", id);
            return OB_OK;
        }
    }
    if (s->cli->json)
        emit_plan(id, doc, &c);
    else
        ob_show_plan(s->cli, id, doc, true, stdout);
    if (!s->cli->json && c.text[0])
        ob_cli_print(s->cli, "%s", c.text);
    return ob_list_count(wanted) ? OB_OK : show_approvals(s, id, doc, err);
}

static enum ob_status show_plan(struct ob_session *s, const char *what, struct ob_err *err)
{
    struct ob_value doc;
    struct ob_err unfit;
    char id[OB_PLAN_ID];
    const char *other = ob_cli_text(s->cli, "diff");
    enum ob_status st = ob_session_read(s, what, id, &doc, &unfit, err);
    if (st == OB_OK && doc.type != OB_MAP)
        st = ob_fail(err, unfit.status, "%s", unfit.message);
    if (st == OB_OK && other)
        st = ob_diff(s, id, &doc, other, err);
    else if (st == OB_OK)
        st = show_document(s, id, &doc, &unfit, err);
    ob_value_fini(&doc);
    return st;
}

#define PLAN_PREFIX 4

/* A number is a run when there is one, or when it is too short for the beginning of a plan's id. */
static bool find_run(struct ob_session *s, const char *what, int64_t *run)
{
    struct ob_run_row row;
    char *end;
    *run = strtoll(what, &end, 10);
    if (end == what || *end || *run < 1)
        return false;
    if (ob_ledger_run_get(s->ledger, *run, &row, NULL) != OB_OK)
        return strlen(what) < PLAN_PREFIX;
    ob_run_row_fini(&row);
    return true;
}

enum ob_status ob_cmd_show(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    const char *what = ob_cli_text(cli, "what");
    int64_t run;
    enum ob_status st = ob_session_open(&s, cli, false, err);
    if (st == OB_OK)
        st = find_run(&s, what, &run) ? show_run(&s, run, err) : show_plan(&s, what, err);
    ob_session_close(&s);
    return st;
}
