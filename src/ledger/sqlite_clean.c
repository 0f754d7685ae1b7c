/* After something was erased, or sealed that was not: the pages and the log in which it stood are
 * made new. A mark in the ledger says that this is to be done, from the commit that makes it
 * necessary until it is done; so it is done however often the program is killed. */
#include <string.h>
#include "ledger/sqlite.h"

#define MARK "unclean"

enum ob_status ob_ledger_soil(struct ob_ledger *l, const char *why, struct ob_err *err)
{
    return ob_ledger_learned_put(l, "", MARK, why, err);
}

static enum ob_status unmark(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    bool own;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_LEARNED_DROP);
    ob_query_text(&q, "");
    ob_query_text(&q, MARK);
    st = ob_query_write(&q, &changed, err);
    return ob_ledger_group_end(l, own, st, err);
}

static enum ob_status in_use(struct ob_ledger *l, struct ob_err *err)
{
    return ob_fail(err, OB_ERR_LOCKED,
                   "ledger %s: another process is reading it, and what was erased may still stand"
                   " in freed pages or the log beside it; do this again when it has ended",
                   l->path);
}

static bool is_busy(int rc)
{
    return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

/* All of the log goes into the file, and the log is cut to nothing. */
static enum ob_status empty_log(struct ob_ledger *l, struct ob_err *err)
{
    int rc = sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (is_busy(rc))
        return in_use(l, err);
    return rc == SQLITE_OK ? OB_OK : ob_ledger_fault(l, rc, err);
}

static enum ob_status rebuild(struct ob_ledger *l, struct ob_err *err)
{
    int rc = sqlite3_exec(l->db, "VACUUM", NULL, NULL, NULL);
    if (is_busy(rc))
        return in_use(l, err);
    return rc == SQLITE_OK ? OB_OK : ob_ledger_fault(l, rc, err);
}

enum ob_status ob_ledger_clean(struct ob_ledger *l, struct ob_buf *why, struct ob_err *err)
{
    enum ob_status st = ob_ledger_learned_get(l, "", MARK, why, err);
    if (st != OB_OK || !why->len)
        return st;
    st = empty_log(l, err);
    if (st == OB_OK)
        st = rebuild(l, err);
    if (st == OB_OK)
        st = unmark(l, err);
    return st == OB_OK ? empty_log(l, err) : st;
}
