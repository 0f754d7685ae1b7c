/* Heads: how an event's hash is made, what is signed, and the texts in which a head leaves the
 * ledger: one JSON object on a line, or "head SEQ HASH". Called by the ledger's audit files and by
 * whoever shows a head. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "ledger/audit.h"

#define HEX "0123456789abcdef"

void ob_audit_hash(const char *prev, const char *back, const char *body, size_t len,
                   char out[OB_SHA256_HEX])
{
    char three[3 * (OB_SHA256_HEX - 1) + 1];
    memcpy(three, prev, 64);
    memcpy(three + 64, back, 64);
    ob_sha256_hex(body, len, three + 128);
    ob_sha256_hex(three, 192, out);
}

void ob_head_text(const struct ob_head *h, char out[160])
{
    snprintf(out, 160, "offboard-head %" PRId64 " %s %" PRId64, h->seq, h->hash, h->at_ms);
}

bool ob_head_signed_by(const struct ob_head *h, const struct ob_key *key)
{
    char text[160];
    ob_head_text(h, text);
    return ob_key_verify(key, text, strlen(text), h->signature, sizeof h->signature);
}

/* seq 0 when there is none. A signature of another length is as good as none. */
enum ob_status ob_head_read(struct ob_ledger *l, struct ob_head *h, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    memset(h, 0, sizeof *h);
    ob_query_open(&q, l, OB_SQL_HEAD_GET);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row) {
        h->seq = ob_query_get_int(&q, 0);
        snprintf(h->hash, sizeof h->hash, "%s", ob_query_lend_text(&q, 1));
        h->at_ms = ob_query_get_int(&q, 2);
        if (sqlite3_column_bytes(q.st, 3) == OB_SIGNATURE_LEN)
            memcpy(h->signature, sqlite3_column_blob(q.st, 3), OB_SIGNATURE_LEN);
    }
    ob_query_close(&q);
    return st;
}

enum ob_status ob_ledger_head(struct ob_ledger *l, struct ob_head *h, struct ob_err *err)
{
    memset(h, 0, sizeof *h);
    return l->chained ? ob_head_read(l, h, err) : OB_OK;
}

void ob_head_value(const struct ob_head *h, const char *key, struct ob_value *out)
{
    struct ob_buf signature;
    ob_buf_init(&signature, OB_BUF_SMALL);
    ob_base64(&signature, h->signature, sizeof h->signature);
    ob_value_set_map(out);
    ob_map_put_int(out, "at_ms", h->at_ms);
    ob_map_put_str(out, "hash", h->hash);
    ob_map_put_str(out, "key", key);
    ob_map_put_int(out, "seq", h->seq);
    ob_map_put_str(out, "signature", ob_buf_str(&signature));
    ob_buf_fini(&signature);
}

void ob_head_json(const struct ob_head *h, const char *key, struct ob_buf *out)
{
    struct ob_value v;
    ob_value_init(&v);
    ob_head_value(h, key, &v);
    ob_json_write(out, &v);
    ob_value_fini(&v);
}

/* ---- reading one that was kept ---- */

static bool take(struct ob_head *h, const char *seq, const char *hash)
{
    char *end;
    h->seq = strtoll(seq, &end, 10);
    if (end == seq || h->seq <= 0 || strspn(hash, HEX) < 64)
        return false;
    memcpy(h->hash, hash, 64);
    h->hash[64] = '\0';
    return !strchr(HEX, hash[64]) || !hash[64];
}

static bool from_json(struct ob_head *h, const char *text)
{
    struct ob_buf seq, hash, at;
    size_t len = strlen(text);
    ob_buf_init(&seq, OB_BUF_SMALL);
    ob_buf_init(&hash, OB_BUF_SMALL);
    ob_buf_init(&at, OB_BUF_SMALL);
    bool ok = ob_json_pick(text, len, "seq", &seq) && ob_json_pick(text, len, "hash", &hash) &&
              hash.len == 64 && take(h, ob_buf_str(&seq), ob_buf_str(&hash));
    if (ok && ob_json_pick(text, len, "at_ms", &at))
        h->at_ms = strtoll(ob_buf_str(&at), NULL, 10);
    ob_buf_fini(&seq);
    ob_buf_fini(&hash);
    ob_buf_fini(&at);
    return ok;
}

bool ob_head_parse(const char *text, struct ob_head *h)
{
    memset(h, 0, sizeof *h);
    text += strspn(text, " \t\r\n");
    if (*text == '{')
        return from_json(h, text);
    text += strcspn(text, "0123456789"); /* "head " before it, or nothing */
    size_t digits = strspn(text, "0123456789");
    const char *hash = text + digits + strspn(text + digits, " \t:");
    return hash > text + digits && take(h, text, hash);
}
