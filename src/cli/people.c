/* See people.h. */
#include "cli/people.h"

struct walk {
    struct ob_ledger *l;
    int64_t run;
    const struct ob_each_person *to;
    const struct ob_step_row *step;
    enum ob_status st;
    struct ob_err *err;
};

static bool one_person(void *ctx, const struct ob_person_row *p)
{
    struct walk *w = ctx;
    w->to->each(w->to->ctx, w->step, p);
    return true;
}

static bool one_step(void *ctx, const struct ob_step_row *s)
{
    struct walk *w = ctx;
    w->step = s;
    w->st = ob_ledger_person_each(w->l, w->run, s->path, one_person, w, w->err);
    return w->st == OB_OK;
}

enum ob_status ob_people_each(struct ob_ledger *l, int64_t run, const struct ob_each_person *to,
                              struct ob_err *err)
{
    struct walk w = {.l = l, .run = run, .to = to, .err = err};
    enum ob_status st = ob_ledger_step_each(l, run, one_step, &w, err);
    return st == OB_OK ? w.st : st;
}
