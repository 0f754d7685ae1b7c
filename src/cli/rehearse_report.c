/* The report of an unbroken rehearsal: the steps, who would be where and when, the calls, the time
 * they take. 80 columns for people; with --json the same as events. */
#include "cli/rehearse.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "report/events.h"
#include "report/text.h"

#define PEOPLE_SHOWN 12
#define DAY_MS       ((int64_t)86400000)

const char *ob_rehearse_time(int64_t ms, char *out, size_t size)
{
    int64_t s = ms % DAY_MS / 1000;
    snprintf(out, size, "day %" PRId64 " %02d:%02d:%02d", ms / DAY_MS, (int)(s / 3600),
             (int)(s / 60 % 60), (int)(s % 60));
    return out;
}

const char *ob_rehearse_span(int64_t ms, char *out, size_t size)
{
    if (ms < 1000)
        snprintf(out, size, "%" PRId64 " ms", ms);
    else if (ms < 10000)
        snprintf(out, size, "%.1f s", (double)ms / 1000);
    else if (ms < 120000)
        snprintf(out, size, "%" PRId64 " s", ms / 1000);
    else if (ms < 7200000)
        snprintf(out, size, "%" PRId64 " min", ms / 60000);
    else if (ms < 2 * DAY_MS)
        snprintf(out, size, "%.1f hours", (double)ms / 3600000);
    else
        snprintf(out, size, "%" PRId64 " days", ms / DAY_MS);
    return out;
}

static void print_grid(struct ob_rehearse *h, struct ob_grid *g)
{
    ob_grid_print(g, stdout, h->cli->tty_out ? ob_text_columns(1) : OB_TEXT_COLUMNS,
                  h->cli->color && h->cli->tty_out);
    ob_grid_free(g);
}

/* ---- steps ---- */

static void counts_text(const struct ob_counts *c, char *out, size_t size)
{
    struct ob_outcomes o = {c->succeeded, c->failed, c->unknown, c->skipped, c->pending};
    ob_outcomes_brief(&o, out, size);
}

static void counts_value(const struct ob_counts *c, struct ob_value *v)
{
    struct ob_outcomes o = {c->succeeded, c->failed, c->unknown, c->skipped, c->pending};
    ob_outcomes_value(&o, v);
}

static void step_row(void *ctx, const struct ob_step_tally *s)
{
    char when[40] = "", took[40] = "", people[160], due[40];
    counts_text(&s->counts, people, sizeof people);
    if (s->began_ms >= 0) {
        ob_rehearse_time(s->began_ms, when, sizeof when);
        ob_rehearse_span(s->ended_ms - s->began_ms, took, sizeof took);
    } else if (strcmp(s->action, "wait") == 0) {
        snprintf(people, sizeof people, "until %s", ob_rehearse_time(s->ended_ms, due, sizeof due));
    }
    const char *cells[] = {s->path, s->target, s->action, when, took, people};
    ob_grid_row(ctx, cells);
}

static void step_event(void *ctx, const struct ob_step_tally *s)
{
    struct ob_event ev;
    (void)ctx;
    ob_event_init(&ev, "step");
    ob_map_put_str(&ev.fields, "path", s->path);
    ob_map_put_str(&ev.fields, "target", s->target);
    ob_map_put_str(&ev.fields, "action", s->action);
    if (s->began_ms >= 0)
        ob_map_put_int(&ev.fields, "began_ms", s->began_ms);
    if (s->ended_ms >= 0)
        ob_map_put_int(&ev.fields, "ended_ms", s->ended_ms);
    counts_value(&s->counts, ob_map_put(&ev.fields, "outcomes"));
    ob_event_emit(&ev, stdout);
}

static enum ob_status steps(struct ob_rehearse *h, struct ob_err *err)
{
    static const char *const names[] = {"step", "target", "action", "when", "takes", "people"};
    if (h->cli->json)
        return ob_rehearsal_steps(h->rehearsal, step_event, NULL, err);
    struct ob_grid *g = ob_grid_new(names, 6);
    enum ob_status st = ob_rehearsal_steps(h->rehearsal, step_row, g, err);
    puts("");
    print_grid(h, g);
    return st;
}

/* ---- people ---- */

static double last_change(const struct ob_value *entry)
{
    static const char *const names[] = {"disabled_at", "enabled_at", "deleted_at", "added_at"};
    double last = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct ob_value *v = ob_map_get(entry, names[i]);
        if (v && v->type == OB_NUM && v->n > last)
            last = v->n;
    }
    return last;
}

/* "absent, day 30", or only the state when nobody changed it. */
static void where_text(const struct ob_rehearse *h, const struct ob_value *entry, char *out,
                       size_t size)
{
    const char *state = ob_map_str(entry, "state");
    double at = last_change(entry);
    if (!state)
        snprintf(out, size, "-");
    else if (at > 0)
        snprintf(out, size, "%s, day %" PRId64, state,
                 ((int64_t)(at * 1000) - h->setup.start_ms) / DAY_MS);
    else
        snprintf(out, size, "%s", state);
}

#define TARGETS_MAX 6

static size_t target_names(const struct ob_rehearse *h, const char *names[TARGETS_MAX])
{
    const struct ob_value *all = ob_map_get(ob_rehearsal_plan(h->rehearsal), "targets");
    size_t n = 0;
    for (size_t i = 0; i < ob_list_count(all) && n < TARGETS_MAX; i++)
        names[n++] = ob_map_str(ob_list_at(all, i), "name");
    return n;
}

static void people_grid(struct ob_rehearse *h, const struct ob_value *people)
{
    const char *names[TARGETS_MAX + 1] = {"person"};
    size_t targets = target_names(h, names + 1), n = ob_list_count(people);
    size_t shown = n > PEOPLE_SHOWN ? PEOPLE_SHOWN - 2 : n;
    struct ob_grid *g = ob_grid_new(names, targets + 1);
    for (size_t i = 0; i < shown; i++) {
        const struct ob_value *p = ob_list_at(people, i);
        char texts[TARGETS_MAX][60];
        const char *cells[TARGETS_MAX + 1] = {ob_map_str(p, "name")};
        for (size_t t = 0; t < targets; t++) {
            where_text(h, ob_map_get(p, names[t + 1]), texts[t], sizeof texts[t]);
            cells[t + 1] = texts[t];
        }
        ob_grid_row(g, cells);
    }
    puts("");
    print_grid(h, g);
    if (shown < n)
        ob_cli_print(h->cli, "... and %zu more; everybody by name: --json", n - shown);
}

static void people_events(const struct ob_value *people)
{
    for (size_t i = 0; i < ob_list_count(people); i++) {
        struct ob_event ev;
        ob_event_init(&ev, "person");
        ob_value_fini(&ev.fields);
        ob_value_copy(&ev.fields, ob_list_at(people, i));
        ob_event_emit(&ev, stdout);
    }
}

/* ---- calls and time ---- */

static int by_target(const void *a, const void *b)
{
    const struct ob_call_tally *x = a, *y = b;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return strcmp(x->op, y->op);
}

static void call_event(const char *target, const struct ob_call_tally *c)
{
    struct ob_event ev;
    ob_event_init(&ev, "calls");
    ob_map_put_str(&ev.fields, "target", target);
    ob_map_put_str(&ev.fields, "operation", c->op);
    ob_map_put_int(&ev.fields, "calls", c->calls);
    ob_event_emit(&ev, stdout);
}

static void calls(struct ob_rehearse *h)
{
    size_t n;
    const struct ob_call_tally *all = ob_rehearsal_calls(h->rehearsal, &n);
    struct ob_call_tally *sorted = ob_xcalloc(n + 1, sizeof *sorted);
    static const char *const names[] = {"target", "operation", "calls"};
    struct ob_grid *g = ob_grid_new(names, 3);
    memcpy(sorted, all ? all : sorted, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_target);
    ob_grid_right(g, 2);
    for (size_t i = 0; i < n; i++) {
        char count[24];
        const char *target = ob_rehearsal_target(h->rehearsal, sorted[i].target);
        snprintf(count, sizeof count, "%" PRId64, sorted[i].calls);
        const char *cells[] = {target, sorted[i].op, count};
        ob_grid_row(g, cells);
        if (h->cli->json)
            call_event(target, &sorted[i]);
    }
    free(sorted);
    if (h->cli->json) {
        ob_grid_free(g);
        return;
    }
    puts("");
    print_grid(h, g);
}

static void times(struct ob_rehearse *h)
{
    const struct ob_rehearsed *o = &h->calm;
    char work[40], waited[40];
    ob_rehearse_span(o->took_ms - o->waited_ms, work, sizeof work);
    ob_rehearse_span(o->waited_ms, waited, sizeof waited);
    puts("");
    if (o->waited_ms)
        ob_cli_print(h->cli, "%" PRId64 " calls take %s at the clouds' pace, besides %s of waiting",
                     o->requests, work, waited);
    else
        ob_cli_print(h->cli, "%" PRId64 " calls take %s at the clouds' pace", o->requests, work);
}

static void summary_event(const struct ob_rehearse *h)
{
    const struct ob_rehearsed *o = &h->calm;
    struct ob_event ev;
    ob_event_init(&ev, "rehearsal");
    ob_map_put_int(&ev.fields, "seed", h->setup.seed);
    ob_map_put_int(&ev.fields, "people", ob_rehearsal_people(h->rehearsal));
    ob_map_put_int(&ev.fields, "calls", o->requests);
    ob_map_put_int(&ev.fields, "points", o->points);
    ob_map_put_int(&ev.fields, "took_ms", o->took_ms);
    ob_map_put_int(&ev.fields, "waited_ms", o->waited_ms);
    counts_value(&o->counts, ob_map_put(&ev.fields, "outcomes"));
    if (o->end.status != OB_OK)
        ob_map_put_str(&ev.fields, "message", o->end.message);
    ob_event_emit(&ev, stdout);
}

static void head(const struct ob_rehearse *h)
{
    char leavers[60] = "";
    int64_t invented = ob_rehearsal_invented(h->rehearsal);
    if (invented)
        snprintf(leavers, sizeof leavers, ", %" PRId64 " invented leavers", invented);
    ob_cli_print(h->cli, "%s on simulated clouds: %" PRId64 " people%s, seed %" PRId64,
                 h->setup.name, ob_rehearsal_people(h->rehearsal), leavers, h->setup.seed);
}

enum ob_status ob_rehearse_report(struct ob_rehearse *h, struct ob_err *err)
{
    const struct ob_value *people = ob_map_get(ob_rehearsal_world(h->rehearsal), "people");
    if (h->cli->json)
        summary_event(h);
    else
        head(h);
    enum ob_status st = steps(h, err);
    if (h->cli->json)
        people_events(people);
    else if (ob_list_count(people))
        people_grid(h, people);
    calls(h);
    if (!h->cli->json)
        times(h);
    if (!h->cli->json && h->calm.end.status != OB_OK)
        ob_cli_print(h->cli, "the policy ends it: %s", h->calm.end.message);
    return st;
}
