/* See audit_walk.h. A body is only taken as audit.c writes it, to the byte: what is anything else
 * was not written by us. */
#include "ledger/audit_walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX "0123456789abcdef"

/* ---- bodies ---- */

static bool word(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

/* As it is written by us: no sign but a minus, no zero in front. */
static bool number(const char **at, int64_t *out)
{
    const char *digits = *at + (**at == '-');
    char *end;
    if (*digits < '0' || *digits > '9' || (*digits == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return false;
    *out = strtoll(*at, &end, 10);
    *at = end;
    return true;
}

static bool digest(const char **at, const char **out)
{
    *out = *at;
    if (strspn(*at, HEX) < 64)
        return false;
    *at += 64;
    return word(at, "\"");
}

bool ob_audit_event_row(const char **at, struct ob_audit_row *row)
{
    (void)word(at, ",");
    if (!word(at, "[\""))
        return false;
    row->table = *at;
    row->table_len = strcspn(*at, "\"\\");
    *at += row->table_len;
    row->hash = NULL;
    if (!word(at, "\",") || !number(at, &row->rowid) || !word(at, ","))
        return false;
    if (!word(at, "null") && !(word(at, "\"") && digest(at, &row->hash)))
        return false;
    return word(at, "]");
}

static bool read_body(struct ob_audit_event *e)
{
    const char *at = e->body;
    struct ob_audit_row row;
    int64_t seq;
    if (strlen(at) != e->len || !word(&at, "{"))
        return false;
    if (word(&at, "\"adopted\":") && !(number(&at, &e->adopted) && word(&at, ",")))
        return false;
    if (!word(&at, "\"at_ms\":") || !number(&at, &e->at_ms) || !word(&at, ",\"rows\":["))
        return false;
    e->rows = at;
    while (*at != ']')
        if (!ob_audit_event_row(&at, &row))
            return false;
    at++;
    if (word(&at, ",\"schema\":\"") && !digest(&at, &e->schema))
        return false;
    return word(&at, ",\"seq\":") && number(&at, &seq) && seq == e->seq && word(&at, "}") && !*at;
}

/* ---- the chain ---- */

/* Of each power of two, the last event whose number has it as its lowest 1 bit: one of them is
 * what the next event links back to. */
struct trail {
    struct {
        int64_t seq;
        char hash[OB_SHA256_HEX];
    } at[64];
    int64_t last;
    char hash[OB_SHA256_HEX];
};

static const char *back_of(const struct trail *t, int64_t seq)
{
    int64_t back = ob_audit_back(seq);
    if (!back)
        return OB_AUDIT_ZERO;
    int bit = __builtin_ctzll((unsigned long long)back);
    return t->at[bit].seq == back ? t->at[bit].hash : NULL;
}

static void leave(struct trail *t, int64_t seq, const char *hash)
{
    int bit = seq > 0 ? __builtin_ctzll((unsigned long long)seq) : 63;
    t->last = seq;
    snprintf(t->hash, sizeof t->hash, "%s", hash);
    t->at[bit].seq = seq;
    memcpy(t->at[bit].hash, t->hash, sizeof t->hash);
}

static void read_event(struct ob_query *q, const struct trail *t, struct ob_audit_event *e)
{
    char found[OB_SHA256_HEX];
    *e = (struct ob_audit_event){.seq = ob_query_get_int(q, 0), .body = ob_query_lend_text(q, 2)};
    e->len = (size_t)sqlite3_column_bytes(q->st, 2);
    e->hash = ob_query_lend_text(q, 3);
    e->prev = e->seq == 1 ? OB_AUDIT_ZERO : e->seq == t->last + 1 ? t->hash : NULL;
    e->back = e->seq > 0 ? back_of(t, e->seq) : NULL;
    e->fits = true;
    if (e->prev && e->back) {
        ob_audit_hash(e->prev, e->back, e->body, e->len, found);
        e->fits = strcmp(found, e->hash) == 0;
    }
    if (strlen(e->hash) != 64 || (size_t)sqlite3_column_bytes(q->st, 3) != 64)
        e->fits = false;
    if (!read_body(e))
        e->unfit = "is not as it was written";
    else if (e->at_ms != ob_query_get_int(q, 1))
        e->unfit = "has another time than it was written with";
}

enum ob_status ob_audit_walk(struct ob_ledger *l,
                             bool (*each)(void *, const struct ob_audit_event *), void *ctx,
                             struct ob_err *err)
{
    struct ob_query q;
    struct trail t = {0};
    bool row, more = true;
    enum ob_status st;
    ob_query_open(&q, l, OB_SQL_AUDIT_EACH);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_audit_event e;
        read_event(&q, &t, &e);
        more = each(ctx, &e);
        leave(&t, e.seq, e.hash);
    }
    ob_query_close(&q);
    return st;
}
