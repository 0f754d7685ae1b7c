/* See verify_rows.h: open addressing, 56 bytes a row and at most three quarters full, so that
 * memory grows with the rows and nothing else. */
#include "ledger/verify_rows.h"
#include <stdlib.h>
#include "base/mem.h"

static size_t place(const struct ob_recorded_rows *r, int32_t table, int64_t rowid)
{
    uint64_t h = ((uint64_t)rowid ^ ((uint64_t)(uint32_t)table << 56)) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(h ^ (h >> 32)) & (r->cap - 1);
    while (r->at[i].seq && (r->at[i].rowid != rowid || r->at[i].table != table))
        i = (i + 1) & (r->cap - 1);
    return i;
}

static void grow(struct ob_recorded_rows *r)
{
    struct ob_recorded_rows old = *r;
    r->cap = old.cap ? old.cap * 2 : 1024;
    r->at = ob_xcalloc(r->cap, sizeof *r->at);
    for (size_t i = 0; i < old.cap; i++)
        if (old.at[i].seq)
            r->at[place(r, old.at[i].table, old.at[i].rowid)] = old.at[i];
    free(old.at);
}

struct ob_recorded *ob_recorded_put(struct ob_recorded_rows *r, int32_t table, int64_t rowid)
{
    if (4 * r->count >= 3 * r->cap)
        grow(r);
    struct ob_recorded *one = &r->at[place(r, table, rowid)];
    if (!one->seq) {
        r->count++;
        one->table = table;
        one->rowid = rowid;
    }
    return one;
}

struct ob_recorded *ob_recorded_get(struct ob_recorded_rows *r, int32_t table, int64_t rowid)
{
    if (!r->cap)
        return NULL;
    struct ob_recorded *one = &r->at[place(r, table, rowid)];
    return one->seq ? one : NULL;
}

void ob_recorded_free(struct ob_recorded_rows *r)
{
    free(r->at);
    *r = (struct ob_recorded_rows){0};
}
