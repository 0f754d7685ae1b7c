/* Who looks at the ledger from outside while it works: rehearsals, which crash at each write and
 * search it for secrets afterwards. */
#include <string.h>
#include "ledger/sqlite.h"

void ob_ledger_watch(struct ob_ledger *l, bool (*may)(void *ctx, bool commit), void *ctx)
{
    l->may = may;
    l->may_ctx = ctx;
}

enum ob_status ob_ledger_may(struct ob_ledger *l, bool commit, struct ob_err *err)
{
    if (!l->may || l->may(l->may_ctx, commit))
        return OB_OK;
    return ob_ledger_refuse(l, err, "the process ended here");
}

/* The same, in what is sealed. */
static enum ob_status opened_holds(struct ob_ledger *l, const void *text, size_t len, bool *holds,
                                   struct ob_err *err)
{
    struct ob_query q;
    struct ob_buf value;
    bool row = true;
    enum ob_status st = OB_OK;
    if (!l->sealer)
        return OB_OK;
    ob_buf_init(&value, OB_BUF_LARGE);
    ob_query_open(&q, l, OB_SQL_SEALED);
    while (!*holds && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        st = ob_query_opened(&q, 0, &value, NULL, err);
        if (st != OB_OK)
            break;
        *holds = memmem(ob_buf_str(&value), value.len, text, len) != NULL;
    }
    ob_query_close(&q);
    ob_buf_fini(&value);
    return st;
}

enum ob_status ob_ledger_holds(struct ob_ledger *l, const void *text, size_t len, bool *holds,
                               struct ob_err *err)
{
    sqlite3_int64 size = 0;
    unsigned char *bytes = sqlite3_serialize(l->db, "main", &size, 0);
    if (!bytes)
        return ob_ledger_refuse(l, err, "cannot be read as a whole");
    *holds = memmem(bytes, (size_t)size, text, len) != NULL;
    sqlite3_free(bytes);
    return *holds ? OB_OK : opened_holds(l, text, len, holds, err);
}
