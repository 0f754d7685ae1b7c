/* What goes wrong, kind by kind: each fault at many places of the run, people whom the clouds
 * refuse, a process that ends. Which lines of the policy are reached then that are not reached
 * otherwise, and what one in ten would do. */
#include "cli/rehearse.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "report/events.h"
#include "report/text.h"

#define LINES_SHOWN 12
#define REFUSED_MAX 1000 /* of a large plan not everybody */

struct kind {
    const char *name;
    unsigned char *lines;
};

struct faults {
    struct ob_rehearse *h;
    struct kind *kinds;
    size_t count;
    unsigned char *calm; /* lines of the unbroken run */
    struct ob_schedule *broken;
    struct ob_rehearsed *out;
};

/* ---- one kind ---- */

static enum ob_status one_run(struct faults *f, struct kind *k, const struct ob_schedule *s,
                              struct ob_err *err)
{
    struct ob_rehearsed out;
    memset(f->h->lines, 0, f->h->line_count);
    enum ob_status st = ob_rehearsal_run(f->h->rehearsal, s, &out, err);
    for (size_t i = 0; i < f->h->line_count; i++)
        k->lines[i] |= f->h->lines[i];
    if (st == OB_OK && out.rule && !f->out->rule) {
        *f->out = out;
        ob_schedule_copy(f->broken, s);
    }
    return st;
}

/* The fault at every `step`-th place. */
static enum ob_status spread(struct faults *f, struct kind *k, enum ob_trouble_kind how,
                             int64_t most, int64_t step, struct ob_err *err)
{
    struct ob_schedule s = {0};
    struct ob_trouble t = {.kind = how};
    snprintf(t.what, sizeof t.what, "%s", k->name);
    for (int64_t at = step; at <= most; at += step) {
        t.at = at;
        ob_schedule_add(&s, &t);
    }
    enum ob_status st = one_run(f, k, &s, err);
    ob_schedule_fini(&s);
    return st;
}

/* Every so manieth person of the plan is refused by all clouds. */
static enum ob_status refusals(struct faults *f, struct kind *k, struct ob_err *err)
{
    int64_t people = ob_rehearsal_planned(f->h->rehearsal);
    enum ob_status st = OB_OK;
    for (int64_t step = 9; step >= 1 && st == OB_OK; step /= 3) {
        struct ob_schedule s = {0};
        struct ob_trouble t = {.kind = OB_TROUBLE_WORLD};
        for (int64_t n = 1; n <= people && n <= REFUSED_MAX * step; n += step) {
            snprintf(t.what, sizeof t.what, "refuse=%" PRId64, n);
            ob_schedule_add(&s, &t);
        }
        st = one_run(f, k, &s, err);
        ob_schedule_fini(&s);
    }
    return st;
}

static enum ob_status one_kind(struct faults *f, struct kind *k, struct ob_err *err)
{
    static const int64_t steps[] = {1, 2, 5};
    enum ob_status st = OB_OK;
    int64_t requests = f->h->calm.requests, points = f->h->calm.points;
    if (strcmp(k->name, "refused") == 0)
        return refusals(f, k, err);
    for (size_t i = 0; i < 3 && st == OB_OK; i++) {
        if (strcmp(k->name, "crash") == 0)
            st = spread(f, k, OB_TROUBLE_CRASH, points, points / (7 * steps[i]) + 1, err);
        else
            st = spread(f, k, OB_TROUBLE_STRIKE, requests, steps[i], err);
    }
    return st;
}

/* ---- one in ten ---- */

static void say_tenth(struct ob_rehearse *h, const char *what, const struct ob_rehearsed *o)
{
    struct ob_outcomes c = {o->counts.succeeded, o->counts.failed, o->counts.unknown,
                            o->counts.skipped, o->counts.pending};
    char people[120];
    ob_outcomes_brief(&c, people, sizeof people);
    if (!h->cli->json) {
        ob_cli_print(h->cli, "%s: %s", what, o->plan.status == OB_OK ? people : o->plan.message);
        if (o->end.status != OB_OK)
            ob_cli_print(h->cli, "  and the policy ends it: %s", o->end.message);
        return;
    }
    struct ob_event ev;
    ob_event_init(&ev, "one_in_ten");
    ob_map_put_str(&ev.fields, "what", what);
    ob_outcomes_value(&c, ob_map_put(&ev.fields, "outcomes"));
    ob_map_put_str(&ev.fields, "message", o->end.message);
    ob_event_emit(&ev, stdout);
}

static bool needs_something(const struct ob_value *person)
{
    for (size_t i = 0; i < person->map.count; i++) {
        const char *outcome = ob_map_str(&person->map.pairs[i].value, "outcome");
        if (outcome && strcmp(outcome, "skipped") != 0)
            return true;
    }
    return false;
}

/* One in ten of those for whom there is something to do, the first among them. */
static void refuse_tenth(struct ob_rehearse *h, struct ob_schedule *s)
{
    const struct ob_value *people = ob_map_get(ob_rehearsal_world(h->rehearsal), "people");
    struct ob_trouble t = {.kind = OB_TROUBLE_WORLD};
    size_t acted = 0;
    for (size_t i = 0; i < ob_list_count(people); i++) {
        const struct ob_value *p = ob_list_at(people, i);
        int64_t n = ob_rehearsal_place(h->rehearsal, ob_map_str(p, "name"));
        if (!n || !needs_something(p) || acted++ % 10 != 0)
            continue;
        snprintf(t.what, sizeof t.what, "refuse=%" PRId64, n);
        ob_schedule_add(s, &t);
    }
}

static enum ob_status one_in_ten(struct ob_rehearse *h, struct ob_err *err)
{
    struct ob_schedule tenth = {0}, none = {0};
    struct ob_rehearsed out;
    refuse_tenth(h, &tenth);
    if (!h->cli->json)
        puts("");
    enum ob_status st = ob_rehearsal_run(h->rehearsal, &tenth, &out, err);
    if (st == OB_OK)
        say_tenth(h, "one person in ten refused", &out);
    ob_rehearsal_faults(h->rehearsal, "drop-after=0.1");
    if (st == OB_OK)
        st = ob_rehearsal_run(h->rehearsal, &none, &out, err);
    if (st == OB_OK)
        say_tenth(h, "one call in ten without an answer", &out);
    ob_rehearsal_faults(h->rehearsal, h->setup.faults);
    ob_schedule_fini(&tenth);
    return st;
}

/* ---- lines ---- */

/* The policy's line without its indentation. */
static void line_text(const struct ob_rehearse *h, size_t line, char *out, size_t size)
{
    const char *p = h->setup.text;
    for (size_t i = 1; i < line && p; i++) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    p = p ? p + strspn(p, " \t") : "";
    snprintf(out, size, "%.*s", (int)strcspn(p, "\r\n"), p);
}

static void reached_by(const struct faults *f, size_t line, struct ob_buf *out)
{
    for (size_t k = 0; k < f->count; k++)
        if (f->kinds[k].lines[line])
            ob_buf_addf(out, "%s%s", out->len ? ", " : "", f->kinds[k].name);
}

static void say_line(struct faults *f, struct ob_grid *g, size_t line)
{
    struct ob_buf by;
    char number[24], text[200];
    ob_buf_init(&by, OB_BUF_SMALL);
    reached_by(f, line, &by);
    line_text(f->h, line, text, sizeof text);
    snprintf(number, sizeof number, "%zu", line);
    const char *cells[] = {number, text, ob_buf_str(&by)};
    ob_grid_row(g, cells);
    if (f->h->cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "branch");
        ob_map_put_int(&ev.fields, "line", (int64_t)line);
        ob_map_put_str(&ev.fields, "text", text);
        ob_map_put_str(&ev.fields, "reached_by", ob_buf_str(&by));
        ob_event_emit(&ev, stdout);
    }
    ob_buf_fini(&by);
}

static void say_lines(struct faults *f)
{
    static const char *const names[] = {"line", "only when something goes wrong", "reached by"};
    struct ob_grid *g = ob_grid_new(names, 3);
    size_t found = 0, before = 0;
    for (size_t i = 1; i < f->h->line_count; i++) {
        bool any = false;
        for (size_t k = 0; k < f->count; k++)
            any = any || f->kinds[k].lines[i];
        if (!any || f->calm[i])
            continue;
        found += before + 1 != i; /* of lines in a row the first says where it goes */
        if ((before + 1 != i && found <= LINES_SHOWN) || f->h->cli->json)
            say_line(f, g, i);
        before = i;
    }
    if (!f->h->cli->json) {
        puts("");
        if (found)
            ob_grid_print(g, stdout, f->h->cli->tty_out ? ob_text_columns(1) : OB_TEXT_COLUMNS,
                          false);
        else
            ob_cli_print(f->h->cli, "no fault reaches a line that is not run anyway");
    }
    ob_grid_free(g);
}

/* ---- all ---- */

static void add_kind(struct faults *f, const char *name)
{
    f->kinds = ob_xrealloc(f->kinds, f->count + 1, sizeof *f->kinds);
    f->kinds[f->count++] = (struct kind){name, ob_xcalloc(f->h->line_count, 1)};
}

enum ob_status ob_rehearse_faults(struct ob_rehearse *h, struct ob_schedule *broken,
                                  struct ob_rehearsed *out, struct ob_err *err)
{
    struct faults f = {.h = h, .broken = broken, .out = out};
    f.calm = (unsigned char *)ob_xmemdup(h->lines, h->line_count);
    add_kind(&f, "refused");
    for (const char *const *name = ob_strikes; *name; name++)
        add_kind(&f, *name);
    add_kind(&f, "crash");
    enum ob_status st = one_in_ten(h, err);
    for (size_t i = 0; i < f.count && st == OB_OK; i++)
        st = one_kind(&f, &f.kinds[i], err);
    if (st == OB_OK)
        say_lines(&f);
    for (size_t i = 0; i < f.count; i++)
        free(f.kinds[i].lines);
    free(f.kinds);
    free(f.calm);
    return st;
}
