/* What the ledger can testify about a person: which plans named them, and what was done to whom at
 * a target before. Called by engine/evidence.c through ledger.h. */
#include "ledger/sqlite.h"
#include "base/digest.h"
#include "ledger/rows.h"
#include <stdlib.h>
#include <string.h>

enum ob_status ob_ledger_subject(struct ob_ledger *l, const char *name, bool make, int64_t *id,
                                 struct ob_err *err)
{
    struct ob_query q;
    bool row;
    int changed;
    char tag[OB_SHA256_HEX];
    ob_sha256_hex(name, strlen(name), tag);
    *id = 0;
    ob_query_open(&q, l, OB_SQL_SUBJECT_GET);
    ob_query_blob(&q, tag, strlen(tag));
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        *id = ob_query_get_int(&q, 0);
    ob_query_close(&q);
    if (st != OB_OK || *id || !make)
        return st;
    ob_query_open(&q, l, OB_SQL_SUBJECT_PUT);
    ob_query_blob(&q, tag, strlen(tag));
    st = ob_query_write(&q, &changed, err);
    *id = st == OB_OK ? sqlite3_last_insert_rowid(l->db) : 0;
    return st;
}

enum ob_status ob_ledger_sighting_put(struct ob_ledger *l, const struct ob_sighting_row *s,
                                      struct ob_err *err)
{
    struct ob_query q;
    int changed;
    int64_t subject;
    enum ob_status st = ob_ledger_subject(l, s->person, true, &subject, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, OB_SQL_SIGHTING_PUT);
    ob_query_int(&q, subject);
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
    int64_t subject;
    enum ob_status st = ob_ledger_subject(l, person, false, &subject, err);
    if (st != OB_OK || !subject)
        return st;
    ob_query_open(&q, l, OB_SQL_SIGHTING_EACH);
    ob_query_int(&q, subject);
    ob_query_text(&q, target);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row)
        more = each(ctx, ob_query_get_int(&q, 0));
    ob_query_close(&q);
    return st;
}

enum ob_status ob_ledger_past_each(struct ob_ledger *l, const char *target,
                                   bool (*each)(void *, const struct ob_past_row *), void *ctx,
                                   struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st;
    ob_query_open(&q, l, OB_SQL_PAST_EACH);
    ob_query_text(&q, target);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_past_row p = {.run = ob_query_get_int(&q, 0),
                                .acted_ms = ob_query_get_int(&q, 5)};
        char *path = ob_query_get_text(&q, 1), *kind = ob_query_get_text(&q, 2);
        char *id = ob_query_get_text(&q, 3);
        p.path = path;
        p.kind = kind;
        p.id = id;
        if (!ob_person_state_parse(ob_query_lend_text(&q, 4), &p.state))
            st = ob_ledger_damaged(l, err, "a person has an unknown state");
        more = st == OB_OK && each(ctx, &p);
        free(path);
        free(kind);
        free(id);
    }
    ob_query_close(&q);
    return st;
}
