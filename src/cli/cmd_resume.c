/* offboard resume: goes on with one run, or with every run that is due; and says what will be. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/session.h"
#include "report/events.h"
#include "report/text.h"

struct open_runs {
    int64_t *ids;
    size_t count;
    size_t waiting; /* not due yet */
    int64_t now_ms, next_ms;
};

static bool collect(void *ctx, const struct ob_run_row *r)
{
    struct open_runs *o = ctx;
    if (r->state != OB_RUN_OPEN)
        return true;
    if (r->due_ms > o->now_ms) {
        o->next_ms = !o->waiting++ || r->due_ms < o->next_ms ? r->due_ms : o->next_ms;
        return true;
    }
    o->ids = ob_xrealloc(o->ids, o->count + 1, sizeof *o->ids);
    o->ids[o->count++] = r->id;
    return true;
}

static enum ob_status resume_one(struct ob_session *s, int64_t run, struct ob_err *err)
{
    struct ob_run_row row;
    struct ob_value doc;
    char plan[OB_PLAN_ID];
    enum ob_status st = ob_ledger_run_get(s->ledger, run, &row, err);
    if (st != OB_OK)
        return st;
    if (row.state == OB_RUN_DONE) {
        st = row.exit;
        if (st == OB_OK)
            ob_cli_say(s->cli, "run %" PRId64 " is done; nothing to go on with", run);
        else
            ob_fail(err, st,
                    "run %" PRId64 " is done (%s); nothing to go on with; who and why: "
                    "offboard show %" PRId64,
                    run, ob_status_word(st), run);
        ob_run_row_fini(&row);
        return st;
    }
    st = ob_session_load(s, row.plan, plan, &doc, err);
    if (st == OB_OK)
        st = ob_session_run(s, plan, &doc, &run, err);
    ob_value_fini(&doc);
    ob_run_row_fini(&row);
    return st;
}

/* What kept one of several runs from going on; a message that names its run says it once. */
static void warn(const struct ob_cli *cli, int64_t run, const char *message)
{
    char name[48];
    snprintf(name, sizeof name, "run %" PRId64, run);
    if (strncmp(message, name, strlen(name)) == 0)
        ob_cli_warn(cli, "%s", message);
    else
        ob_cli_warn(cli, "%s: %s", name, message);
}

/* Some are not due yet: that is said, and is the exit code where nothing worse is. */
static enum ob_status say_waiting(struct ob_session *s, const struct open_runs *open,
                                  enum ob_status worst, struct ob_err *err)
{
    char at[OB_TIME_TEXT];
    if (!open->waiting)
        return worst;
    ob_cli_say(s->cli, "%zu run%s not due yet; the next one is on %s", open->waiting,
               open->waiting == 1 ? " is" : "s are", ob_time_iso(open->next_ms, false, at));
    if (worst == OB_OK)
        ob_fail(err, OB_ERR_WAITING, "%s", "");
    return ob_status_worst(worst, OB_ERR_WAITING);
}

/* Oldest first. One that is in use or cannot go on does not keep the others from it. */
static enum ob_status resume_all(struct ob_session *s, struct ob_err *err)
{
    struct open_runs open = {.now_ms = ob_wall_ms(ob_clock_real())};
    enum ob_status worst = ob_ledger_run_each(s->ledger, collect, &open, err);
    bool several = worst == OB_OK && open.count > 1;
    if (worst == OB_OK && !open.count && !open.waiting)
        ob_cli_say(s->cli, "no run is open");
    for (size_t i = open.count; i-- > 0;) {
        struct ob_err one;
        enum ob_status st = resume_one(s, open.ids[i], &one);
        if (st != OB_OK && one.message[0] && several)
            warn(s->cli, open.ids[i], one.message);
        if (st != OB_OK && ob_status_worst(worst, st) == st)
            *err = one;
        worst = ob_status_worst(worst, st);
        if (st == OB_ERR_SIGINT || st == OB_ERR_SIGTERM)
            break;
    }
    if (several && !s->cli->json)
        err->message[0] = '\0'; /* it was said */
    free(open.ids);
    return say_waiting(s, &open, worst, err);
}

/* ---- what will be due ---- */

struct coming {
    struct ob_session *s;
    int64_t until_ms;
    struct ob_grid *grid;
    size_t count;
};

static bool list_coming(void *ctx, const struct ob_run_row *r)
{
    struct coming *c = ctx;
    char id[24], due[OB_TIME_TEXT];
    if (r->state != OB_RUN_OPEN || r->due_ms > c->until_ms)
        return true;
    c->count++;
    snprintf(id, sizeof id, "%" PRId64, r->id);
    ob_time_iso(r->due_ms, false, due);
    if (c->s->cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "due");
        ob_map_put_int(&ev.fields, "run", r->id);
        ob_map_put_str(&ev.fields, "plan", r->plan);
        ob_map_put_str(&ev.fields, "due", r->due_ms ? due : "now");
        ob_event_emit(&ev, stdout);
        return true;
    }
    const char *cells[] = {id, r->plan, r->due_ms ? due : "now",
                           r->detail && *r->detail ? r->detail : "open"};
    ob_grid_row(c->grid, cells);
    return true;
}

/* Changes nothing and asks nobody. */
static enum ob_status show_coming(struct ob_session *s, const char *within, struct ob_err *err)
{
    static const char *const names[] = {"run", "plan", "due", "state"};
    struct coming c = {.s = s};
    int64_t ms;
    if (!ob_duration_parse(within, &ms))
        return ob_fail(err, OB_ERR_USAGE, "--due-in %s: give a time such as 12h or 7d", within);
    c.until_ms = ob_wall_ms(ob_clock_real()) + ms;
    c.grid = ob_grid_new(names, 4);
    enum ob_status st = ob_ledger_run_each(s->ledger, list_coming, &c, err);
    if (st == OB_OK && !s->cli->json && c.count)
        ob_grid_print(c.grid, stdout, s->cli->tty_out ? ob_text_columns(1) : 0,
                      s->cli->color && s->cli->tty_out);
    if (st == OB_OK && !c.count)
        ob_cli_say(s->cli, "no run is due within %s", within);
    ob_grid_free(c.grid);
    return st;
}

enum ob_status ob_cmd_resume(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    int64_t run = ob_cli_int(cli, "run", 0);
    const char *within = ob_cli_text(cli, "due_in");
    enum ob_status st = ob_session_open(&s, cli, !within, err);
    if (st == OB_OK && within)
        st = show_coming(&s, within, err);
    else if (st == OB_OK)
        st = run ? resume_one(&s, run, err) : resume_all(&s, err);
    ob_session_close(&s);
    return st;
}
