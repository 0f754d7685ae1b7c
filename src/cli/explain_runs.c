/* What runs did with one person: outcomes, calls, what was kept of them. See explain.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/explain.h"
#include "report/events.h"

struct told { /* of one run */
    struct ob_explain *x;
    const struct ob_run_row *run;
    struct ob_grid *outcomes, *calls;
    const struct ob_step_row *step;
    int64_t index;    /* of the person in that step */
    int64_t acted_ms; /* when a call of that step acted upon them; 0: none did */
    struct seen {     /* the last list of everybody that was read after that */
        bool any;
        char sent[OB_TIME_TEXT], http[16], *request, *result;
    } seen;
    size_t count, call_count;
    enum ob_status st;
    struct ob_err *err;
};

/* ---- calls ---- */

static bool names_index(const struct ob_call_row *c, int64_t index)
{
    for (size_t i = 0; i < c->people_count; i++)
        if (c->people[i] == index)
            return true;
    return false;
}

static void emit_call(const struct told *t, const struct ob_call_row *c, const char *at)
{
    struct ob_event ev;
    ob_event_init(&ev, "call");
    ob_map_put_int(&ev.fields, "run", t->run->id);
    ob_map_put_str(&ev.fields, "step", c->step);
    ob_map_put_str(&ev.fields, "target", c->target);
    ob_map_put_str(&ev.fields, "action", c->action);
    ob_map_put_str(&ev.fields, "kind", ob_call_kind_word(c->kind));
    ob_map_put_str(&ev.fields, "sent", at);
    ob_map_put_int(&ev.fields, "http_status", c->http_status);
    ob_map_put_str(&ev.fields, "result", c->result);
    ob_map_put_str(&ev.fields, "detail", c->detail);
    ob_map_put_str(&ev.fields, "request_id", c->request_id);
    ob_map_put_int(&ev.fields, "people", (int64_t)c->people_count);
    ob_event_emit(&ev, stdout);
}

static bool one_call(void *ctx, const struct ob_call_row *c)
{
    struct told *t = ctx;
    char at[OB_TIME_TEXT], http[16];
    if (!names_index(c, t->index))
        return true;
    t->call_count++;
    if (c->kind == OB_CALL_ACT)
        t->acted_ms = c->sent_ms;
    ob_time_iso(c->sent_ms, false, at);
    if (t->x->s.cli->json) {
        emit_call(t, c, at);
        return true;
    }
    struct ob_buf rest;
    ob_buf_init(&rest, OB_BUF_SMALL);
    ob_buf_addf(&rest, "%s%s%s %s", c->detail, *c->detail ? "; " : "", c->request_id,
                c->people_count == 1 ? "alone" : "");
    if (c->people_count != 1)
        ob_buf_addf(&rest, "with %zu others", c->people_count - 1);
    snprintf(http, sizeof http, "%d", c->http_status);
    const char *cells[] = {c->step,
                           at,
                           c->action,
                           c->http_status ? http : "-",
                           c->done_ms ? c->result : "in doubt",
                           ob_buf_str(&rest)};
    ob_grid_row(t->calls, cells);
    ob_buf_fini(&rest);
    return true;
}

/* Where a cloud is read back by its list, no call names the person: the last one is told. */
static bool one_list(void *ctx, const struct ob_call_row *c)
{
    struct told *t = ctx;
    struct seen *s = &t->seen;
    if (c->kind != OB_CALL_LIST || strcmp(c->target, t->step->target) != 0 ||
        c->sent_ms < t->acted_ms)
        return true;
    free(s->request);
    free(s->result);
    *s = (struct seen){
        .any = true, .request = ob_xstrdup(c->request_id), .result = ob_xstrdup(c->result)};
    ob_time_iso(c->sent_ms, false, s->sent);
    snprintf(s->http, sizeof s->http, "%d", c->http_status);
    return true;
}

static enum ob_status tell_list(struct told *t)
{
    struct seen *s = &t->seen;
    enum ob_status st = OB_OK;
    if (t->acted_ms)
        st = ob_ledger_call_each(t->x->s.ledger, t->run->id, "", one_list, t, t->err);
    if (st == OB_OK && s->any && t->x->s.cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "read_back");
        ob_map_put_int(&ev.fields, "run", t->run->id);
        ob_map_put_str(&ev.fields, "step", t->step->path);
        ob_map_put_str(&ev.fields, "target", t->step->target);
        ob_map_put_str(&ev.fields, "sent", s->sent);
        ob_map_put_str(&ev.fields, "result", s->result);
        ob_map_put_str(&ev.fields, "request_id", s->request);
        ob_event_emit(&ev, stdout);
    } else if (st == OB_OK && s->any) {
        char *rest = ob_xasprintf("%s everybody", s->request);
        const char *cells[] = {t->step->path, s->sent, "list", s->http, s->result, rest};
        ob_grid_row(t->calls, cells);
        free(rest);
    }
    free(s->request);
    free(s->result);
    *s = (struct seen){0};
    t->acted_ms = 0;
    return st;
}

/* ---- outcomes ---- */

static enum ob_status emit_outcome(const struct told *t, const struct ob_person_row *p)
{
    struct ob_event ev;
    struct ob_buf snapshot;
    const struct ob_step_row *s = t->step;
    ob_event_init(&ev, "outcome");
    ob_buf_init(&snapshot, OB_BUF_LARGE);
    ob_map_put_int(&ev.fields, "run", t->run->id);
    ob_map_put_str(&ev.fields, "plan", t->run->plan);
    ob_map_put_str(&ev.fields, "step", s->path);
    ob_map_put_str(&ev.fields, "target", s->target);
    ob_map_put_str(&ev.fields, "action", s->action);
    ob_map_put_str(&ev.fields, "person", p->person);
    ob_map_put_str(&ev.fields, "id", p->id);
    ob_map_put_str(&ev.fields, "outcome", ob_outcome_word(p->state));
    ob_map_put_str(&ev.fields, "detail", p->detail ? p->detail : "");
    ob_map_put_int(&ev.fields, "calls", p->calls);
    enum ob_status st =
        ob_ledger_snapshot_get(t->x->s.ledger, t->run->id, s->path, p->index, &snapshot, t->err);
    if (st == OB_OK && snapshot.len)
        st = ob_script_json(ob_buf_str(&snapshot), snapshot.len, ob_map_put(&ev.fields, "before"),
                            t->err);
    ob_event_emit(&ev, stdout);
    ob_buf_fini(&snapshot);
    return st;
}

static bool one_person(void *ctx, const struct ob_person_row *p)
{
    struct told *t = ctx;
    const struct ob_step_row *s = t->step;
    if (!ob_explain_is(t->x, p->person, p->id))
        return true;
    t->count++;
    t->index = p->index;
    t->x->found = true;
    if (t->x->s.cli->json) {
        t->st = emit_outcome(t, p);
    } else {
        char *what = ob_xasprintf("%s:%s", s->target, s->action);
        const char *cells[] = {s->path, what, p->id, ob_outcome_word(p->state), p->detail};
        ob_grid_row(t->outcomes, cells);
        free(what);
    }
    if (t->st == OB_OK)
        t->st = ob_ledger_call_each(t->x->s.ledger, t->run->id, s->path, one_call, t, t->err);
    if (t->st == OB_OK)
        t->st = tell_list(t);
    return t->st == OB_OK;
}

static bool one_step(void *ctx, const struct ob_step_row *s)
{
    struct told *t = ctx;
    t->step = s;
    enum ob_status st =
        ob_ledger_person_each(t->x->s.ledger, t->run->id, s->path, one_person, t, t->err);
    if (t->st == OB_OK)
        t->st = st;
    return t->st == OB_OK;
}

static void print_run(struct told *t)
{
    const struct ob_cli *cli = t->x->s.cli;
    const struct ob_run_row *r = t->run;
    char started[OB_TIME_TEXT], due[OB_TIME_TEXT];
    ob_time_iso(r->started_ms, false, started);
    ob_cli_print(cli, "\nrun %" PRId64 " of plan %s, started %s", r->id, r->plan, started);
    ob_explain_print(t->x, t->outcomes);
    if (t->call_count) {
        ob_cli_print(cli, "%s", "");
        ob_explain_print(t->x, t->calls);
    } else {
        ob_grid_free(t->calls);
    }
    if (r->state == OB_RUN_OPEN && r->due_ms)
        ob_cli_print(cli, "the run waits until %s", ob_time_iso(r->due_ms, false, due));
    else if (r->detail && *r->detail)
        ob_cli_print(cli, "the run: %s", r->detail);
}

struct runs {
    struct ob_explain *x;
    const char *plan;
    int64_t run;
    enum ob_status st;
    struct ob_err *err;
};

static bool one_run(void *ctx, const struct ob_run_row *r)
{
    static const char *const outcomes[] = {"step", "what", "account", "outcome", "why"};
    static const char *const calls[] = {"step", "sent", "call", "http", "answer", "request"};
    struct runs *all = ctx;
    if ((all->run && r->id != all->run) || (all->plan && strcmp(r->plan, all->plan) != 0))
        return true;
    struct told t = {.x = all->x, .run = r, .err = all->err};
    t.outcomes = ob_grid_new(outcomes, 5);
    t.calls = ob_grid_new(calls, 6);
    all->st = ob_ledger_step_each(all->x->s.ledger, r->id, one_step, &t, all->err);
    if (all->st == OB_OK)
        all->st = t.st;
    if (all->st == OB_OK && t.count && !all->x->s.cli->json) {
        print_run(&t);
    } else {
        ob_grid_free(t.outcomes);
        ob_grid_free(t.calls);
    }
    return all->st == OB_OK;
}

enum ob_status ob_explain_runs(struct ob_explain *x, const char *plan, int64_t run,
                               struct ob_err *err)
{
    struct runs all = {.x = x, .plan = run ? NULL : plan, .run = run, .err = err};
    enum ob_status st = ob_ledger_run_each(x->s.ledger, one_run, &all, err);
    return st == OB_OK ? all.st : st;
}
