/* Counting outcomes in the ledger, and their words. */
#include <inttypes.h>
#include <stdio.h>
#include "base/mem.h"
#include "cli/session.h"

const char *ob_outcome_word(enum ob_person_state state)
{
    switch (state) {
    case OB_P_SUCCEEDED:
        return "succeeded";
    case OB_P_FAILED:
        return "failed";
    case OB_P_SKIPPED:
        return "skipped";
    case OB_P_PENDING:
    case OB_P_READY:
        return "pending";
    default:
        return "unknown"; /* a call named this person, and nobody has read back since */
    }
}

struct counting {
    struct ob_ledger *l;
    int64_t run;
    struct ob_outcomes *out;
    enum ob_status st;
    struct ob_err *err;
};

static bool count_person(void *ctx, const struct ob_person_row *p)
{
    struct ob_outcomes *o = ctx;
    switch (ob_outcome_word(p->state)[0]) {
    case 's':
        if (p->state == OB_P_SUCCEEDED)
            o->succeeded++;
        else
            o->skipped++;
        break;
    case 'f':
        o->failed++;
        break;
    case 'u':
        o->unknown++;
        break;
    default:
        o->pending++;
    }
    return true;
}

static bool count_step(void *ctx, const struct ob_step_row *s)
{
    struct counting *c = ctx;
    c->st = ob_ledger_person_each(c->l, c->run, s->path, count_person, c->out, c->err);
    return c->st == OB_OK;
}

enum ob_status ob_tally(struct ob_ledger *l, int64_t run, const char *path, struct ob_outcomes *out,
                        struct ob_err *err)
{
    struct counting c = {l, run, out, OB_OK, err};
    *out = (struct ob_outcomes){0};
    if (path)
        return ob_ledger_person_each(l, run, path, count_person, out, err);
    enum ob_status st = ob_ledger_step_each(l, run, count_step, &c, err);
    return st == OB_OK ? c.st : st;
}

void ob_outcomes_text(const struct ob_outcomes *o, char *out, size_t size)
{
    int n = snprintf(out, size,
                     "%" PRId64 " succeeded, %" PRId64 " failed, %" PRId64 " unknown, %" PRId64
                     " skipped",
                     o->succeeded, o->failed, o->unknown, o->skipped);
    if (o->pending && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, ", %" PRId64 " pending", o->pending);
}

void ob_outcomes_brief(const struct ob_outcomes *o, char *out, size_t size)
{
    const struct {
        int64_t count;
        const char *word;
    } parts[] = {{o->succeeded, "succeeded"},
                 {o->failed, "failed"},
                 {o->unknown, "unknown"},
                 {o->skipped, "skipped"},
                 {o->pending, "pending"}};
    size_t n = 0;
    snprintf(out, size, "nobody");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%" PRId64 " %s", n ? ", " : "",
                                  parts[i].count, parts[i].word);
}

void ob_outcomes_value(const struct ob_outcomes *o, struct ob_value *v)
{
    ob_value_set_map(v);
    ob_map_put_int(v, "succeeded", o->succeeded);
    ob_map_put_int(v, "failed", o->failed);
    ob_map_put_int(v, "unknown", o->unknown);
    ob_map_put_int(v, "skipped", o->skipped);
    if (o->pending)
        ob_map_put_int(v, "pending", o->pending);
}
