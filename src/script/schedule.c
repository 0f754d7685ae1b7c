/* See schedule.h. */
#include "script/schedule.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/random.h"

const char *const ob_strikes[] = {"drop-before", "drop-after", "5xx",  "5xx-after", "throttle",
                                  "partial",     "cut",        "html", "lost",      "nonce-used",
                                  "lag",         "token-gone", NULL};

static const char *const worlds[] = {
    "contract=per-person", "contract=changing", "lag=2s", "lag=6s", "lag=9s",
    "token-dies=3",        "rate=20/s"};

#define COUNT(a) (sizeof(a) / sizeof *(a))

void ob_schedule_fini(struct ob_schedule *s)
{
    free(s->v);
    *s = (struct ob_schedule){0};
}

void ob_schedule_add(struct ob_schedule *s, const struct ob_trouble *t)
{
    s->v = ob_xrealloc(s->v, s->count + 1, sizeof *s->v);
    s->v[s->count++] = *t;
}

void ob_schedule_copy(struct ob_schedule *to, const struct ob_schedule *from)
{
    *to = (struct ob_schedule){0};
    for (size_t i = 0; i < from->count; i++)
        ob_schedule_add(to, &from->v[i]);
}

/* ---- as text ---- */

static bool is_strike(const char *name)
{
    for (const char *const *k = ob_strikes; *k; k++)
        if (strcmp(*k, name) == 0)
            return true;
    return false;
}

static enum ob_status refuse(struct ob_err *err, const char *entry)
{
    struct ob_buf names;
    ob_buf_init(&names, OB_BUF_SMALL);
    for (const char *const *k = ob_strikes; *k; k++)
        ob_buf_addf(&names, "%s%s", names.len ? ", " : "", *k);
    ob_fail(err, OB_ERR_USAGE,
            "--schedule: '%s' is not understood; say 4:drop-after for a request, c12:crash for a "
            "point, refuse=2 for somebody whom the clouds refuse; faults of a request are %s",
            entry, ob_buf_str(&names));
    ob_buf_fini(&names);
    return OB_ERR_USAGE;
}

static bool parse_one(const char *entry, struct ob_trouble *t)
{
    const char *colon = strchr(entry, ':');
    bool crash = entry[0] == 'c' && colon && strcmp(colon, ":crash") == 0;
    char *end;
    *t = (struct ob_trouble){.kind = OB_TROUBLE_WORLD};
    if (strchr(entry, '=') && strlen(entry) < sizeof t->what) {
        snprintf(t->what, sizeof t->what, "%s", entry);
        return true;
    }
    t->at = strtoll(crash ? entry + 1 : entry, &end, 10);
    if (!colon || end != colon || t->at < 1)
        return false;
    t->kind = crash ? OB_TROUBLE_CRASH : OB_TROUBLE_STRIKE;
    snprintf(t->what, sizeof t->what, "%s", colon + 1);
    return crash || is_strike(t->what);
}

enum ob_status ob_schedule_parse(struct ob_schedule *out, const char *text, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    *out = (struct ob_schedule){0};
    while (*text && st == OB_OK) {
        struct ob_trouble t;
        size_t n = strcspn(text, ",");
        char *entry = ob_xmemdup(text, n);
        if (n && parse_one(entry, &t))
            ob_schedule_add(out, &t);
        else if (n)
            st = refuse(err, entry);
        free(entry);
        text += n + (text[n] == ',');
    }
    if (st != OB_OK)
        ob_schedule_fini(out);
    return st;
}

void ob_schedule_text(const struct ob_schedule *s, struct ob_buf *out)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct ob_trouble *t = &s->v[i];
        const char *comma = i ? "," : "";
        if (t->kind == OB_TROUBLE_WORLD)
            ob_buf_addf(out, "%s%s", comma, t->what);
        else
            ob_buf_addf(out, "%s%s%" PRId64 ":%s", comma, t->kind == OB_TROUBLE_CRASH ? "c" : "",
                        t->at, t->what);
    }
}

/* ---- drawing ---- */

static size_t pick(struct ob_random *r, size_t n)
{
    return (size_t)ob_random_below(r, n);
}

/* Two in three inside of what an unbroken run takes; the rest behind it, where repairs are. */
static int64_t place(struct ob_random *r, int64_t most)
{
    int64_t wide = pick(r, 3) ? most : most + most / 2;
    return 1 + (int64_t)ob_random_below(r, (uint64_t)(wide > 1 ? wide : 1));
}

static void draw_one(struct ob_random *r, struct ob_trouble *t, int64_t requests, int64_t points)
{
    size_t kind = pick(r, 10);
    *t = (struct ob_trouble){.kind = OB_TROUBLE_STRIKE};
    if (kind < 3) {
        t->kind = OB_TROUBLE_CRASH;
        t->at = place(r, points);
        snprintf(t->what, sizeof t->what, "crash");
    } else if (kind < 4) {
        t->kind = OB_TROUBLE_WORLD;
        snprintf(t->what, sizeof t->what, "refuse=%zu", 1 + pick(r, 12));
    } else if (kind < 5 && pick(r, 2)) {
        t->kind = OB_TROUBLE_WORLD;
        snprintf(t->what, sizeof t->what, "%s", worlds[pick(r, COUNT(worlds))]);
    } else {
        t->at = place(r, requests);
        snprintf(t->what, sizeof t->what, "%s", ob_strikes[pick(r, COUNT(ob_strikes) - 1)]);
    }
}

/* The first of two that would be the same place or the same option stays. */
static bool is_there(const struct ob_schedule *s, const struct ob_trouble *t)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct ob_trouble *o = &s->v[i];
        bool refusal = strncmp(o->what, "refuse=", 7) == 0; /* there may be several of them */
        size_t n = refusal ? strlen(o->what) : strcspn(o->what, "=");
        if (o->kind == t->kind && o->at == t->at &&
            (t->kind != OB_TROUBLE_WORLD || strncmp(o->what, t->what, n + 1) == 0))
            return true;
    }
    return false;
}

void ob_schedule_draw(struct ob_schedule *out, uint64_t seed, int64_t requests, int64_t points)
{
    struct ob_random r;
    *out = (struct ob_schedule){0};
    ob_random_seed(&r, seed);
    for (size_t n = 1 + pick(&r, 5); n > 0; n--) {
        struct ob_trouble t;
        draw_one(&r, &t, requests, points);
        if (!is_there(out, &t))
            ob_schedule_add(out, &t);
    }
}

/* ---- asking ---- */

const char *ob_schedule_strike(const struct ob_schedule *s, int64_t request)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->v[i].kind == OB_TROUBLE_STRIKE && s->v[i].at == request)
            return s->v[i].what;
    return NULL;
}

bool ob_schedule_crashes(const struct ob_schedule *s, int64_t point)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->v[i].kind == OB_TROUBLE_CRASH && s->v[i].at == point)
            return true;
    return false;
}
