/* What the ledger can testify about a person: which plans named them, and what was done to whom at
 * a target before. Called by engine/evidence.c through ledger.h. */
#include "ledger/sqlite.h"
#include "ledger/rows.h"
#include <stdlib.h>
#include <string.h>

enum ob_status ob_ledger_sighting_put(struct ob_ledger *l, const struct ob_sighting_row *s,
                                      struct ob_err *err)
{
    struct ob_query q;
    int changed;
    struct ob_subject subject;
    enum ob_status st = ob_subject_of(l, s->person, true, &subject, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_SIGHTING_PUT);
    ob_query_int(&q, subject.id);
    ob_query_text(&q, s->target);
    ob_query_text(&q, s->action);
    ob_query_text(&q, s->plan);
    ob_query_int(&q, s->at_ms);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_sighting_each(struct ob_ledger *l, const char *person, const char *target,
                                       bool (*each)(void *, int64_t at_ms), void *ctx,
                                       struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    struct ob_subject subject;
    enum ob_status st = ob_subject_of(l, person, false, &subject, err);
    if (st != OB_OK || !subject.id)
        return st;
    ob_query_open(&q, l, OB_SQL_SIGHTING_EACH);
    ob_query_int(&q, subject.id);
    ob_query_text(&q, target);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row)
        more = each(ctx, ob_query_get_int(&q, 0));
    ob_query_close(&q);
    return st;
}

static enum ob_status each_past(struct ob_query *q, bool *more,
                                bool (*each)(void *, const struct ob_past_row *), void *ctx,
                                struct ob_err *err)
{
    enum ob_held held = OB_HELD_WHOLE;
    struct ob_past_row p = {.run = ob_query_get_int(q, 0), .acted_ms = ob_query_get_int(q, 5)};
    char *id, *path = ob_query_get_text(q, 1), *kind = ob_query_get_text(q, 2);
    enum ob_status st = ob_query_opened_text(q, 3, &id, &held, err);
    p.path = path;
    p.kind = kind;
    p.id = id;
    if (st == OB_OK && !ob_person_state_parse(ob_query_lend_text(q, 4), &p.state))
        st = ob_ledger_damaged(q->l, err, "a person has an unknown state");
    if (st == OB_OK && held != OB_HELD_ERASED)
        *more = each(ctx, &p);
    free(path);
    free(kind);
    free(id);
    return st;
}

enum ob_status ob_ledger_past_each(struct ob_ledger *l, const char *target,
                                   bool (*each)(void *, const struct ob_past_row *), void *ctx,
                                   struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st = OB_OK;
    ob_query_open(&q, l, OB_SQL_PAST_EACH);
    ob_query_text(&q, target);
    while (st == OB_OK && more && (st = ob_query_next(&q, &row, err)) == OB_OK && row)
        st = each_past(&q, &more, each, ctx, err);
    ob_query_close(&q);
    return st;
}
