/* How many people a directory had: the largest count of the last 30 days is what shares are of.
 * Today's answer alone would make a directory that lost half of itself a small one, of which a
 * larger share may go. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/internal.h"
#include "engine/limit.h"
#include "engine/limiter.h"

#define DAY_MS    ((int64_t)24 * 3600 * 1000)
#define DAYS_KEPT 30
#define WHAT      "populations"

/* One line of the text; false at its end, or where it is no such text. */
static bool next_day(const char **at, int64_t *day, int64_t *people)
{
    char *end;
    *day = strtoll(*at, &end, 10);
    if (end == *at || *end != ' ')
        return false;
    const char *number = end + 1;
    *people = strtoll(number, &end, 10);
    if (end == number || *people < 0)
        return false;
    *at = *end == '\n' ? end + 1 : end;
    return true;
}

void ob_populations_add(const char *text, int64_t now_ms, int64_t people, struct ob_buf *out)
{
    int64_t today = now_ms / DAY_MS, day, n, most = people;
    while (next_day(&text, &day, &n)) {
        if (day == today)
            most = n > most ? n : most;
        else if (day >= today - DAYS_KEPT)
            ob_buf_addf(out, "%" PRId64 " %" PRId64 "\n", day, n);
    }
    ob_buf_addf(out, "%" PRId64 " %" PRId64 "\n", today, most);
}

int64_t ob_populations_largest(const char *text, int64_t now_ms)
{
    int64_t today = now_ms / DAY_MS, day, n, most = -1;
    while (next_day(&text, &day, &n))
        if (day >= today - DAYS_KEPT && n > most)
            most = n;
    return most;
}

enum ob_status ob_population_keep(struct ob_ledger *l, const char *target, int64_t now_ms,
                                  int64_t people, struct ob_err *err)
{
    struct ob_buf was, now;
    ob_buf_init(&was, OB_BUF_SMALL);
    ob_buf_init(&now, OB_BUF_SMALL);
    enum ob_status st = ob_ledger_learned_get(l, target, WHAT, &was, err);
    if (st == OB_OK) {
        ob_populations_add(ob_buf_str(&was), now_ms, people, &now);
        if (strcmp(ob_buf_str(&was), ob_buf_str(&now)) != 0)
            st = ob_ledger_learned_put(l, target, WHAT, ob_buf_str(&now), err);
    }
    ob_buf_fini(&was);
    ob_buf_fini(&now);
    return st;
}

enum ob_status ob_population_known(struct ob_ledger *l, const char *target, int64_t now_ms,
                                   int64_t *people, struct ob_err *err)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    enum ob_status st = ob_ledger_learned_get(l, target, WHAT, &text, err);
    *people = st == OB_OK ? ob_populations_largest(ob_buf_str(&text), now_ms) : -1;
    ob_buf_fini(&text);
    return st;
}

void ob_population_seen(struct ob_engine *e, struct ob_tstate *ts, int64_t people)
{
    struct ob_err err;
    ts->population = people;
    ts->counted = true;
    if (!e->opt.counts || (e->opt.ledger && !ob_engine_txn(e, false)))
        return;
    if (ob_population_keep(e->opt.counts, ts->t->name, ob_wall_ms(e->opt.clock), people, &err) !=
        OB_OK)
        ob_engine_broken(e, &err);
}
