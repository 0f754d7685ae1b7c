/* What approvers signed, as they signed it; and by which of it a run went. Called by the command
 * line through ledger.h. */
#include "ledger/sqlite.h"
#include <stdlib.h>
#include <string.h>

void ob_approval_row_fini(struct ob_approval_row *a)
{
    ob_buf_fini(&a->document);
    ob_buf_fini(&a->signature);
    free(a->key);
    *a = (struct ob_approval_row){0};
}

static enum ob_status has_approval(struct ob_ledger *l, const struct ob_approval_row *a, bool *has,
                                   struct ob_err *err)
{
    struct ob_query q;
    ob_query_open(&q, l, OB_SQL_APPROVAL_HAS);
    ob_query_text(&q, a->plan);
    ob_query_blob(&q, ob_buf_str(&a->signature), a->signature.len);
    enum ob_status st = ob_query_next(&q, has, err);
    ob_query_close(&q);
    return st;
}

/* Whom an approver struck stands in it: so it is sealed. */
static enum ob_status put_approval(struct ob_ledger *l, const struct ob_approval_row *a,
                                   struct ob_err *err)
{
    struct ob_query q;
    struct ob_subject s = {0};
    bool has;
    int changed;
    enum ob_status st = has_approval(l, a, &has, err);
    if (st != OB_OK || has)
        return st;
    if (l->sealer)
        st = ob_subject_new(l, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_APPROVAL_PUT);
    ob_query_text(&q, a->plan);
    ob_query_seal_buf(&q, &s, &a->document);
    ob_query_blob(&q, ob_buf_str(&a->signature), a->signature.len);
    ob_query_text(&q, a->key);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_approval_put(struct ob_ledger *l, const struct ob_approval_row *a,
                                      struct ob_err *err)
{
    bool own;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    return ob_ledger_group_end(l, own, put_approval(l, a, err), err);
}

static enum ob_status read_approval(struct ob_query *q, struct ob_approval_row *a,
                                    struct ob_err *err)
{
    memset(a, 0, sizeof *a);
    a->id = ob_query_get_int(q, 0);
    strncpy(a->plan, ob_query_lend_text(q, 1), sizeof a->plan - 1);
    ob_buf_init(&a->document, OB_BUF_LARGE);
    ob_query_get_buf(q, 3, &a->signature);
    a->key = ob_query_get_text(q, 4);
    enum ob_held held = OB_HELD_WHOLE;
    enum ob_status st = ob_query_opened(q, 2, &a->document, &held, err);
    a->erased = held != OB_HELD_WHOLE;
    return st;
}

enum ob_status ob_ledger_approval_each(struct ob_ledger *l, const char *plan,
                                       bool (*each)(void *, const struct ob_approval_row *),
                                       void *ctx, struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st = OB_OK;
    ob_query_open(&q, l, OB_SQL_APPROVAL_EACH);
    ob_query_text(&q, plan);
    while (st == OB_OK && more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_approval_row a;
        st = read_approval(&q, &a, err);
        more = st == OB_OK && each(ctx, &a);
        ob_approval_row_fini(&a);
    }
    ob_query_close(&q);
    return st;
}
