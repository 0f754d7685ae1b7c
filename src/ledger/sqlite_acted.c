/* Whom something was taken from, and from whom it will be: what limits over time count. */
#include <stdlib.h>
#include "ledger/sqlite.h"

static enum ob_status each_row(struct ob_query *q, bool (*each)(void *, const struct ob_acted *),
                               void *ctx, struct ob_err *err)
{
    bool row, more = true;
    enum ob_status st = OB_OK;
    while (more && (st = ob_query_next(q, &row, err)) == OB_OK && row) {
        char *id = ob_query_get_text(q, 0);
        struct ob_acted a = {.id = id,
                             .kind = ob_query_lend_text(q, 1),
                             .run = ob_query_get_int(q, 2),
                             .acted_ms = ob_query_get_int(q, 3)};
        more = each(ctx, &a);
        free(id);
    }
    ob_query_close(q);
    return st;
}

enum ob_status ob_ledger_acted_each(struct ob_ledger *l, const char *target, int64_t since_ms,
                                    bool (*each)(void *, const struct ob_acted *), void *ctx,
                                    struct ob_err *err)
{
    struct ob_query q;
    ob_query_open(&q, l, OB_SQL_ACTED_EACH);
    ob_query_int(&q, since_ms);
    ob_query_text(&q, target);
    return each_row(&q, each, ctx, err);
}

enum ob_status ob_ledger_due_each(struct ob_ledger *l, const char *target, int64_t except_run,
                                  bool (*each)(void *, const struct ob_acted *), void *ctx,
                                  struct ob_err *err)
{
    struct ob_query q;
    ob_query_open(&q, l, OB_SQL_DUE_EACH);
    ob_query_int(&q, except_run);
    ob_query_text(&q, target);
    return each_row(&q, each, ctx, err);
}

enum ob_status ob_ledger_version(struct ob_ledger *l, int64_t *version, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    *version = 0;
    ob_query_open(&q, l, OB_SQL_DATA_VERSION);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        *version = ob_query_get_int(&q, 0);
    ob_query_close(&q);
    return st;
}
