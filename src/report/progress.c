/* The progress line: `meeting disable  [####....] 1200/3000  40 %  3 failed  12/s  2 min left`.
 * It draws over itself; whoever prints something else clears it first. */
#include "report/progress.h"
#include "report/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REDRAW_MS 100
#define BAR       16

void ob_progress_init(struct ob_progress *p, FILE *out, bool on, bool color)
{
    const char *term = getenv("TERM");
    *p = (struct ob_progress){.out = out, .color = color};
    p->on = on && term && *term && strcmp(term, "dumb") != 0;
}

static void put_bar(struct ob_buf *line, int64_t done, int64_t total)
{
    double share = (double)done / (double)total;
    int full = share >= 1 ? BAR : (int)(share * BAR);
    ob_buf_adds(line, "  [");
    for (int i = 0; i < BAR; i++)
        ob_buf_addc(line, i < full ? '#' : '.');
    ob_buf_addf(line, "] %" PRId64 "/%" PRId64 "  %d %%", done, total, (int)(share * 100));
}

static void put_left(struct ob_buf *line, double seconds)
{
    if (seconds < 90)
        ob_buf_addf(line, "  %.0f s left", seconds);
    else if (seconds < 5400)
        ob_buf_addf(line, "  %.0f min left", seconds / 60);
    else
        ob_buf_addf(line, "  %.0f h left", seconds / 3600);
}

/* Speed is shown once there is something to measure it by. */
static void put_speed(struct ob_buf *line, const struct ob_progress_at *at, int64_t elapsed_ms,
                      int64_t fresh)
{
    if (elapsed_ms < 1000 || fresh <= 0)
        return;
    double rate = (double)fresh * 1000 / (double)elapsed_ms;
    ob_buf_addf(line, rate < 10 ? "  %.1f/s" : "  %.0f/s", rate);
    if (at->total > at->done)
        put_left(line, (double)(at->total - at->done) / rate);
}

void ob_progress_line(struct ob_buf *out, const struct ob_progress_at *at, int64_t elapsed_ms,
                      int64_t fresh, int columns)
{
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_SMALL);
    ob_text_clean(&line, at->what);
    if (at->total > 0)
        put_bar(&line, at->done, at->total);
    else if (at->done > 0)
        ob_buf_addf(&line, "  %" PRId64, at->done);
    if (at->failed > 0)
        ob_buf_addf(&line, "  %" PRId64 " failed", at->failed);
    if (at->unknown > 0)
        ob_buf_addf(&line, "  %" PRId64 " unknown", at->unknown);
    put_speed(&line, at, elapsed_ms, fresh);
    if (at->note) {
        ob_buf_adds(&line, "  ");
        ob_text_clean(&line, at->note);
    }
    ob_text_fit(out, ob_buf_str(&line), columns);
    ob_buf_fini(&line);
}

/* A new `what` starts the measuring anew. */
static void begin(struct ob_progress *p, int64_t now_ms, const struct ob_progress_at *at)
{
    snprintf(p->what, sizeof p->what, "%s", at->what);
    p->begun_ms = now_ms;
    p->begun_done = at->done;
}

void ob_progress_show(struct ob_progress *p, int64_t now_ms, const struct ob_progress_at *at)
{
    bool fresh = strncmp(p->what, at->what, sizeof p->what - 1) != 0;
    if (!p->on || (!fresh && p->shown && now_ms - p->last_ms < REDRAW_MS))
        return;
    if (fresh)
        begin(p, now_ms, at);
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_SMALL);
    /* one column is left free: a full line would wrap on some terminals */
    ob_progress_line(&line, at, now_ms - p->begun_ms, at->done - p->begun_done,
                     ob_text_columns(fileno(p->out)) - 1);
    bool warn = p->color && (at->failed > 0 || at->unknown > 0);
    fprintf(p->out, "\r%s%s%s\033[K", warn ? "\033[33m" : "", ob_buf_str(&line),
            warn ? "\033[0m" : "");
    fflush(p->out);
    ob_buf_fini(&line);
    p->shown = true;
    p->last_ms = now_ms;
}

void ob_progress_clear(struct ob_progress *p)
{
    if (!p->shown)
        return;
    fputs("\r\033[K", p->out);
    fflush(p->out);
    p->shown = false;
}
