/* What a step knows from before: how many culprits earlier runs met, which says how large the
 * first calls should be, and whom an earlier process of this run had refused already. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/step.h"

/* With each run what was met before counts a quarter: one bad run is soon forgotten. */
#define FADE 0.25

static char *what_of(const struct ob_step *s)
{
    return ob_xasprintf("culprits.%s", s->action->name);
}

/* "3 420": so many culprits among so many people. Anything else is nothing. */
static void read_met(const char *text, double *culprits, double *people)
{
    char *end;
    *culprits = strtod(text, &end);
    *people = strtod(end, NULL);
    if (!isfinite(*people) || !(*culprits >= 0) || !(*people >= *culprits))
        *culprits = *people = 0;
}

enum ob_status ob_step_recall(struct ob_engine *e, struct ob_step *s, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    if (e->opt.ledger) {
        struct ob_buf text;
        char *what = what_of(s);
        ob_buf_init(&text, OB_BUF_SMALL);
        st = ob_ledger_learned_get(e->opt.ledger, s->ts->t->name, what, &text, err);
        read_met(ob_buf_str(&text), &s->met_culprits, &s->met_people);
        ob_buf_fini(&text);
        free(what);
    }
    s->met_culprits *= FADE;
    s->met_people *= FADE;
    s->splitter =
        ob_splitter_new(s->op.count, (size_t)s->chunk, s->group, s->met_culprits, s->met_people);
    s->splitter->sizes.together = s->action->contract == OB_ONE_VERDICT;
    return st;
}

void ob_step_learn(struct ob_engine *e, struct ob_step *s)
{
    const struct ob_sizes *z = &s->splitter->sizes;
    struct ob_err err;
    char text[80];
    if (z->own_people <= s->kept_people || !e->opt.ledger || !ob_engine_txn(e, false))
        return;
    char *what = what_of(s);
    snprintf(text, sizeof text, "%.2f %.0f", s->met_culprits + z->own_culprits,
             s->met_people + z->own_people);
    if (ob_ledger_learned_put(e->opt.ledger, s->ts->t->name, what, text, &err) != OB_OK)
        ob_engine_broken(e, &err);
    s->kept_people = z->own_people;
    free(what);
}

/* ---- after a crash ---- */

struct last_calls {
    bool *refused_alone; /* by index of the ledger */
    int64_t most;
};

static bool note_call(void *ctx, const struct ob_call_row *row)
{
    struct last_calls *l = ctx;
    bool refused = row->people_count == 1 && row->result && strcmp(row->result, "refused") == 0;
    for (size_t i = 0; i < row->people_count && row->kind == OB_CALL_ACT; i++)
        if (row->people[i] >= 0 && row->people[i] <= l->most)
            l->refused_alone[row->people[i]] = refused;
    return true;
}

static bool any_refused_perhaps(const struct ob_step *s)
{
    for (size_t i = 0; i < s->op.count; i++)
        if (s->op.people[i].state == OB_P_DOUBT && s->op.people[i].calls > 0)
            return true;
    return false;
}

enum ob_status ob_step_recall_refused(struct ob_engine *e, struct ob_step *s, struct ob_err *err)
{
    struct last_calls l = {NULL, 0};
    if (!e->opt.ledger || !any_refused_perhaps(s))
        return OB_OK;
    for (size_t i = 0; i < s->op.count; i++)
        l.most = s->index[i] > l.most ? s->index[i] : l.most;
    l.refused_alone = ob_xcalloc((size_t)l.most + 1, sizeof *l.refused_alone);
    enum ob_status st = ob_ledger_call_each(e->opt.ledger, e->opt.run, s->path, note_call, &l, err);
    for (size_t i = 0; i < s->op.count && st == OB_OK; i++)
        s->progress[i].refused =
            s->op.people[i].state == OB_P_DOUBT && l.refused_alone[s->index[i]];
    free(l.refused_alone);
    return st;
}
