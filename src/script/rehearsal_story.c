/* A rehearsal told to a person: what went wrong, when, and what came of it; a few lines, in order.
 * And the steps of a run with the time they took. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/rehearsal_parts.h"

#define DAY_MS   ((int64_t)86400000)
#define LINE_MAX 80

/* "day 30 00:00:01", from the beginning of the rehearsal. */
static void put_time(struct ob_buf *out, int64_t ms)
{
    int64_t s = ms % DAY_MS / 1000;
    ob_buf_addf(out, "day %" PRId64 " %02d:%02d:%02d", ms / DAY_MS, (int)(s / 3600),
                (int)(s / 60 % 60), (int)(s % 60));
}

/* A line ends where a terminal does; never inside of a character. */
static void put_cut(struct ob_buf *out, const char *text, size_t most)
{
    size_t n = strlen(text);
    if (n <= most) {
        ob_buf_adds(out, text);
        return;
    }
    for (n = most - 3; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--;
    ob_buf_add(out, text, n);
    ob_buf_adds(out, "...");
}

static void put_event(struct ob_buf *out, const struct ob_event *e)
{
    size_t before = out->len;
    ob_buf_adds(out, "  ");
    put_time(out, e->at_ms);
    ob_buf_adds(out, "  ");
    put_cut(out, e->text, LINE_MAX - (out->len - before));
    ob_buf_addc(out, '\n');
}

/* What came of it, on two lines at most. */
static void put_end(struct ob_buf *out, const char *text)
{
    size_t room = LINE_MAX - 5, n = strlen(text);
    ob_buf_adds(out, "  so ");
    if (n > room) {
        for (n = room; n > 0 && text[n] != ' ';)
            n--;
        ob_buf_add(out, text, n);
        ob_buf_adds(out, "\n    ");
        text += n;
    }
    put_cut(out, text, room);
    ob_buf_addc(out, '\n');
}

/* Which events are told: trouble first, then what is nearest to the end. */
static bool *choose(const struct ob_rehearsal *r, size_t room)
{
    bool *told = ob_xcalloc(r->event_count + 1, sizeof *told);
    for (size_t i = 0; i < r->event_count && room; i++)
        if (r->events[i].trouble) {
            told[i] = true;
            room--;
        }
    for (size_t i = r->event_count; i > 0 && room; i--)
        if (!told[i - 1]) {
            told[i - 1] = true;
            room--;
        }
    return told;
}

enum ob_status ob_rehearsal_story(struct ob_rehearsal *r, const struct ob_schedule *s, size_t most,
                                  struct ob_buf *out, struct ob_err *err)
{
    struct ob_rehearsed again, *before = r->out;
    r->tell = true;
    enum ob_status st = ob_rehearsal_run(r, s, &again, err);
    r->tell = false;
    r->out = before;
    if (st != OB_OK)
        return st;
    ob_buf_addf(out, "broken: %s\n", again.rule ? again.rule : "no rule");
    bool *told = choose(r, most > 3 ? most - 3 : 0);
    for (size_t i = 0; i < r->event_count; i++)
        if (told[i])
            put_event(out, &r->events[i]);
    free(told);
    if (again.rule) {
        put_end(out, again.broken);
    }
    return OB_OK;
}

/* ---- steps ---- */

struct timing {
    struct ob_rehearsal *r;
    struct ob_step_tally *all;
    size_t count;
};

static bool take_call(void *ctx, const struct ob_call_row *c)
{
    struct timing *t = ctx;
    for (size_t i = 0; i < t->count; i++) {
        struct ob_step_tally *s = &t->all[i];
        if (strcmp(s->path, c->step) != 0)
            continue;
        int64_t began = c->sent_ms - t->r->setup.start_ms;
        int64_t ended = (c->done_ms ? c->done_ms : c->sent_ms) - t->r->setup.start_ms;
        if (s->began_ms < 0 || began < s->began_ms)
            s->began_ms = began;
        if (ended > s->ended_ms)
            s->ended_ms = ended;
    }
    return true;
}

enum ob_status ob_rehearsal_steps(struct ob_rehearsal *r,
                                  void (*each)(void *ctx, const struct ob_step_tally *s), void *ctx,
                                  struct ob_err *err)
{
    struct ob_books *b = &r->books;
    struct timing t = {r, ob_xcalloc(b->step_count + 1, sizeof *t.all), b->step_count};
    for (size_t i = 0; i < b->step_count; i++)
        t.all[i] = (struct ob_step_tally){.path = b->steps[i].path,
                                          .target = b->steps[i].target,
                                          .action = b->steps[i].action,
                                          .began_ms = -1,
                                          .ended_ms = -1};
    for (size_t i = 0; i < b->deed_count; i++)
        ob_counts_add(&t.all[b->deeds[i].step].counts, b->deeds[i].state);
    enum ob_status st = ob_ledger_call_each(r->ledger, r->run, NULL, take_call, &t, err);
    for (size_t i = 0; i < b->step_count && st == OB_OK; i++) {
        if (b->steps[i].due_ms)
            t.all[i].ended_ms = b->steps[i].due_ms - r->setup.start_ms;
        each(ctx, &t.all[i]);
    }
    free(t.all);
    return st;
}
