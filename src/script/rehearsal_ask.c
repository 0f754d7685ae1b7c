/* What a rehearsal answers to those who report on it, and its counts. */
#include <string.h>
#include "script/rehearsal_parts.h"

void ob_rehearsal_faults(struct ob_rehearsal *r, const char *faults)
{
    r->setup.faults = faults;
}

const struct ob_value *ob_rehearsal_plan(const struct ob_rehearsal *r)
{
    return &r->plan;
}

int64_t ob_rehearsal_people(const struct ob_rehearsal *r)
{
    return r->people;
}

int64_t ob_rehearsal_planned(const struct ob_rehearsal *r)
{
    return (int64_t)ob_list_count(&r->planned);
}

int64_t ob_rehearsal_place(const struct ob_rehearsal *r, const char *name)
{
    size_t at = ob_idmap_get(&r->planned_at, name);
    return at == OB_IDMAP_NONE ? 0 : (int64_t)at + 1;
}

int ob_rehearsal_number(const struct ob_rehearsal *r, const char *name)
{
    for (size_t i = 0; name && i < r->config->count; i++)
        if (strcmp(r->config->targets[i].name, name) == 0)
            return (int)i;
    return -1;
}

int64_t ob_rehearsal_invented(const struct ob_rehearsal *r)
{
    return r->invented;
}

const struct ob_call_tally *ob_rehearsal_calls(const struct ob_rehearsal *r, size_t *count)
{
    *count = r->call_count;
    return r->calls;
}

const char *ob_rehearsal_target(const struct ob_rehearsal *r, int target)
{
    return target >= 0 && (size_t)target < r->config->count ? r->config->targets[target].name
                                                            : "login";
}

/* ---- counts ---- */

struct tally {
    struct ob_rehearsal *r;
    struct ob_counts *counts;
    enum ob_status st;
    struct ob_err *err;
};

void ob_counts_add(struct ob_counts *c, enum ob_person_state state)
{
    switch (state) {
    case OB_P_SUCCEEDED:
        c->succeeded++;
        break;
    case OB_P_FAILED:
        c->failed++;
        break;
    case OB_P_SKIPPED:
        c->skipped++;
        break;
    case OB_P_PENDING:
    case OB_P_READY:
        c->pending++;
        break;
    default:
        c->unknown++;
    }
}

static bool count_person(void *ctx, const struct ob_person_row *p)
{
    ob_counts_add(ctx, p->state);
    return true;
}

static bool count_step(void *ctx, const struct ob_step_row *s)
{
    struct tally *t = ctx;
    t->st =
        ob_ledger_person_each(t->r->ledger, t->r->run, s->path, count_person, t->counts, t->err);
    return t->st == OB_OK;
}

enum ob_status ob_counts_read(struct ob_rehearsal *r, struct ob_err *err)
{
    struct tally t = {r, &r->out->counts, OB_OK, err};
    r->out->counts = (struct ob_counts){0};
    enum ob_status st = ob_ledger_step_each(r->ledger, r->run, count_step, &t, err);
    return st == OB_OK ? t.st : st;
}
