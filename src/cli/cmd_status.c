/* offboard status: all runs, or how one of them stands. Asks no cloud. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/session.h"
#include "report/events.h"
#include "report/text.h"

struct listing {
    struct ob_session *s;
    struct ob_grid *grid;
    int64_t run; /* of steps */
    size_t count;
    enum ob_status st;
    struct ob_err *err;
};

static const char *state_word(const struct ob_run_row *r)
{
    if (r->state != OB_RUN_OPEN)
        return ob_status_word(r->exit);
    return r->due_ms ? "waiting" : "open";
}

static void emit_run(const struct ob_run_row *r, const struct ob_outcomes *o)
{
    struct ob_event ev;
    char at[OB_TIME_TEXT];
    ob_event_init(&ev, "run");
    ob_map_put_int(&ev.fields, "run", r->id);
    ob_map_put_str(&ev.fields, "plan", r->plan);
    ob_map_put_str(&ev.fields, "state", r->state == OB_RUN_OPEN ? "open" : "done");
    ob_map_put_str(&ev.fields, "exit", ob_status_word(r->exit));
    ob_map_put_int(&ev.fields, "code", ob_status_exit(r->exit));
    ob_map_put_str(&ev.fields, "started", ob_time_iso(r->started_ms, false, at));
    if (r->due_ms)
        ob_map_put_str(&ev.fields, "due", ob_time_iso(r->due_ms, false, at));
    ob_map_put_str(&ev.fields, "detail", r->detail ? r->detail : "");
    ob_outcomes_value(o, ob_map_put(&ev.fields, "outcomes"));
    ob_event_emit(&ev, stdout);
}

static bool list_run(void *ctx, const struct ob_run_row *r)
{
    struct listing *l = ctx;
    struct ob_outcomes o;
    char id[24], at[OB_TIME_TEXT], text[160];
    l->st = ob_tally(l->s->ledger, r->id, NULL, &o, l->err);
    if (l->st != OB_OK)
        return false;
    l->count++;
    if (l->s->cli->json) {
        emit_run(r, &o);
        return true;
    }
    snprintf(id, sizeof id, "%" PRId64, r->id);
    ob_outcomes_brief(&o, text, sizeof text);
    const char *cells[] = {id, r->plan, ob_time_iso(r->started_ms, false, at), state_word(r), text};
    ob_grid_row(l->grid, cells);
    return true;
}

static int width_of(const struct ob_cli *cli)
{
    return cli->tty_out ? ob_text_columns(1) : 0;
}

static enum ob_status all_runs(struct ob_session *s, struct ob_err *err)
{
    static const char *const names[] = {"run", "plan", "started", "state", "outcomes"};
    struct listing l = {.s = s, .grid = ob_grid_new(names, 5), .err = err};
    enum ob_status st = ob_ledger_run_each(s->ledger, list_run, &l, err);
    if (st == OB_OK)
        st = l.st;
    if (st == OB_OK && !s->cli->json && l.count)
        ob_grid_print(l.grid, stdout, width_of(s->cli), s->cli->color && s->cli->tty_out);
    if (st == OB_OK && !l.count)
        ob_cli_say(s->cli, "no runs yet");
    ob_grid_free(l.grid);
    return st;
}

static void tell_wait(const struct ob_step_row *step, char *text, size_t size)
{
    struct ob_buf due;
    ob_buf_init(&due, OB_BUF_SMALL);
    if (!ob_json_pick(ob_buf_str(&step->options), step->options.len, "due", &due))
        ob_buf_adds(&due, "?");
    snprintf(text, size, "%s %s", step->settled ? "over; was due" : "until", ob_buf_str(&due));
    ob_buf_fini(&due);
}

static bool list_step(void *ctx, const struct ob_step_row *step)
{
    struct listing *l = ctx;
    struct ob_outcomes o;
    char text[160];
    l->st = ob_tally(l->s->ledger, l->run, step->path, &o, l->err);
    if (l->st != OB_OK)
        return false;
    ob_outcomes_brief(&o, text, sizeof text);
    if (strcmp(step->action, "wait") == 0)
        tell_wait(step, text, sizeof text);
    const char *cells[] = {step->path, step->target, step->action, text};
    ob_grid_row(l->grid, cells);
    return true;
}

static enum ob_status one_run(struct ob_session *s, int64_t run, struct ob_err *err)
{
    static const char *const names[] = {"step", "target", "action", "outcomes"};
    struct ob_run_row row;
    struct ob_outcomes o;
    char at[OB_TIME_TEXT];
    enum ob_status st = ob_ledger_run_get(s->ledger, run, &row, err);
    if (st == OB_OK)
        st = ob_tally(s->ledger, run, NULL, &o, err);
    if (st != OB_OK)
        return st;
    struct listing l = {.s = s, .grid = ob_grid_new(names, 4), .run = run, .err = err};
    if (s->cli->json) {
        emit_run(&row, &o);
    } else {
        st = ob_ledger_step_each(s->ledger, run, list_step, &l, err);
        ob_cli_print(s->cli, "run %" PRId64 " of plan %s, started %s: %s%s%s", run, row.plan,
                     ob_time_iso(row.started_ms, false, at), state_word(&row),
                     row.detail && *row.detail ? ": " : "", row.detail ? row.detail : "");
        ob_grid_print(l.grid, stdout, width_of(s->cli), s->cli->color && s->cli->tty_out);
    }
    ob_grid_free(l.grid);
    ob_run_row_fini(&row);
    return st == OB_OK ? l.st : st;
}

enum ob_status ob_cmd_status(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    int64_t run = ob_cli_int(cli, "run", 0);
    enum ob_status st = ob_session_open(&s, cli, false, err);
    if (st == OB_OK)
        st = run ? one_run(&s, run, err) : all_runs(&s, err);
    ob_session_close(&s);
    return st;
}
