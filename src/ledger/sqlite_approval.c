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

enum ob_status ob_ledger_approval_put(struct ob_ledger *l, const struct ob_approval_row *a,
                                      struct ob_err *err)
{
    struct ob_query q;
    int changed;
    ob_query_open(&q, l, OB_SQL_APPROVAL_PUT);
    ob_query_text(&q, a->plan);
    ob_query_buf(&q, &a->document);
    ob_query_blob(&q, ob_buf_str(&a->signature), a->signature.len);
    ob_query_text(&q, a->key);
    return ob_query_write(&q, &changed, err);
}

static void read_approval(struct ob_query *q, struct ob_approval_row *a)
{
    memset(a, 0, sizeof *a);
    a->id = ob_query_get_int(q, 0);
    strncpy(a->plan, ob_query_lend_text(q, 1), sizeof a->plan - 1);
    ob_query_get_buf(q, 2, &a->document);
    ob_query_get_buf(q, 3, &a->signature);
    a->key = ob_query_get_text(q, 4);
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
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_approval_row a;
        read_approval(&q, &a);
        more = each(ctx, &a);
        ob_approval_row_fini(&a);
    }
    ob_query_close(&q);
    return st;
}
