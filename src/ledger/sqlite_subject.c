/* Under which key a text is held: the rows of `subject`, and how a query binds and reads what is
 * sealed (seal.h). Called by the other sqlite_*.c. */
#include "ledger/sqlite.h"
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/mem.h"
#include "base/random.h"

#define TAG       32
#define OWN       1 /* the first row: made with the tables */
#define CACHE     1024
#define KEYS_SIZE (CACHE * sizeof(struct ob_subject))

void ob_subjects_init(struct ob_ledger *l, bool sealing)
{
    l->subjects = ob_xcalloc(CACHE, sizeof *l->subjects);
    l->sealer = sealing ? ob_sealer_new() : NULL;
}

enum ob_status ob_subjects_make(struct ob_ledger *l, struct ob_err *err)
{
    enum ob_status st = ob_subject_new(l, &l->own, err);
    if (st == OB_OK && l->own.id != OWN)
        return ob_ledger_damaged(l, err, "its own key is not the first");
    return st;
}

enum ob_status ob_subjects_read(struct ob_ledger *l, struct ob_err *err)
{
    enum ob_status st = ob_subject_get(l, OWN, &l->own, err);
    if (st == OB_OK && !l->own.alive)
        return ob_ledger_damaged(l, err, "its own key is missing");
    return st;
}

/* What a turn made that was rolled back may be made again, with other keys. */
void ob_subjects_forget(struct ob_ledger *l)
{
    if (l->subjects)
        OPENSSL_cleanse(l->subjects, KEYS_SIZE);
}

void ob_subjects_fini(struct ob_ledger *l)
{
    ob_subjects_forget(l);
    OPENSSL_cleanse(&l->own, sizeof l->own);
    ob_sealer_free(l->sealer);
    free(l->subjects);
}

/* ---- rows ---- */

static struct ob_subject *slot_of(struct ob_ledger *l, int64_t id)
{
    return &l->subjects[(uint64_t)id % CACHE];
}

static enum ob_status read_subject(struct ob_query *q, struct ob_subject *out, struct ob_err *err)
{
    int len = sqlite3_column_bytes(q->st, 1);
    *out = (struct ob_subject){.id = ob_query_get_int(q, 0), .alive = len == OB_SEAL_KEY};
    if (len && !out->alive)
        return ob_ledger_damaged(q->l, err, "a key has the wrong length");
    if (out->alive)
        memcpy(out->key, sqlite3_column_blob(q->st, 1), OB_SEAL_KEY);
    *slot_of(q->l, out->id) = *out;
    return OB_OK;
}

/* One row or none; closes the query. */
static enum ob_status find(struct ob_query *q, struct ob_subject *out, struct ob_err *err)
{
    bool row;
    *out = (struct ob_subject){0};
    enum ob_status st = ob_query_next(q, &row, err);
    if (st == OB_OK && row)
        st = read_subject(q, out, err);
    ob_query_close(q);
    return st;
}

enum ob_status ob_subject_get(struct ob_ledger *l, int64_t id, struct ob_subject *out,
                              struct ob_err *err)
{
    struct ob_query q;
    if (slot_of(l, id)->id == id && id) {
        *out = *slot_of(l, id);
        return OB_OK;
    }
    ob_query_open(&q, l, OB_SQL_SUBJECT_GET);
    ob_query_int(&q, id);
    enum ob_status st = find(&q, out, err);
    if (st == OB_OK && !out->id)
        return ob_ledger_damaged(l, err, "a key that something is sealed with has no row");
    return st;
}

static enum ob_status make(struct ob_ledger *l, const unsigned char *tag, struct ob_subject *out,
                           struct ob_err *err)
{
    struct ob_query q;
    int changed;
    char proof[OB_SHA256_HEX];
    *out = (struct ob_subject){.alive = true};
    ob_random_bytes(out->key, sizeof out->key);
    ob_query_open(&q, l, OB_SQL_SUBJECT_PUT);
    if (tag)
        ob_query_blob(&q, tag, TAG);
    else
        ob_query_buf(&q, NULL);
    ob_query_blob(&q, out->key, sizeof out->key);
    ob_query_text(&q, ob_sha256_hex(out->key, sizeof out->key, proof));
    enum ob_status st = ob_query_write(&q, &changed, err);
    if (st != OB_OK)
        return st;
    out->id = sqlite3_last_insert_rowid(l->db);
    *slot_of(l, out->id) = *out;
    return OB_OK;
}

enum ob_status ob_subject_new(struct ob_ledger *l, struct ob_subject *out, struct ob_err *err)
{
    return make(l, NULL, out, err);
}

enum ob_status ob_subject_of(struct ob_ledger *l, const char *name, bool may_make,
                             struct ob_subject *out, struct ob_err *err)
{
    struct ob_query q;
    unsigned char tag[TAG];
    ob_hmac_sha256(l->own.key, sizeof l->own.key, name, strlen(name), tag);
    ob_query_open(&q, l, OB_SQL_SUBJECT_OF);
    ob_query_blob(&q, tag, sizeof tag);
    enum ob_status st = find(&q, out, err);
    return st == OB_OK && !out->id && may_make ? make(l, tag, out, err) : st;
}

enum ob_status ob_subject_of_run(struct ob_ledger *l, int64_t run, struct ob_subject *out,
                                 struct ob_err *err)
{
    struct ob_query q;
    *out = (struct ob_subject){0};
    if (!l->sealer)
        return OB_OK;
    ob_query_open(&q, l, OB_SQL_SUBJECT_OF_RUN);
    ob_query_int(&q, run);
    return find(&q, out, err);
}

enum ob_status ob_subject_of_position(struct ob_ledger *l, int64_t step, int64_t position,
                                      struct ob_subject *out, struct ob_err *err)
{
    struct ob_query q;
    *out = (struct ob_subject){0};
    if (!l->sealer)
        return OB_OK;
    ob_query_open(&q, l, OB_SQL_SUBJECT_OF_POSITION);
    ob_query_int(&q, step);
    ob_query_int(&q, position);
    return find(&q, out, err);
}

enum ob_status ob_subject_destroy(struct ob_ledger *l, int64_t id, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    OPENSSL_cleanse(slot_of(l, id), sizeof *l->subjects);
    ob_query_open(&q, l, OB_SQL_SUBJECT_DESTROY);
    ob_query_int(&q, id);
    return ob_query_write(&q, &changed, err);
}

void ob_subject_digest(struct ob_ledger *l, const struct ob_subject *s, const char *digest,
                       char out[OB_SHA256_HEX])
{
    unsigned char mac[32];
    struct ob_buf hex;
    ob_buf_init(&hex, OB_BUF_SMALL);
    if (l->sealer && s->alive && digest && *digest) {
        ob_hmac_sha256(s->key, sizeof s->key, digest, strlen(digest), mac);
        ob_hex(&hex, mac, sizeof mac);
    } else if (!l->sealer && digest) {
        ob_buf_adds(&hex, digest);
    }
    snprintf(out, OB_SHA256_HEX, "%s", ob_buf_str(&hex));
    ob_buf_fini(&hex);
}

/* ---- binding ---- */

static void bind_sealed(struct ob_query *q, const struct ob_subject *s, bool rewritten,
                        const void *p, size_t len)
{
    unsigned char *out = ob_xmalloc(OB_SEAL_HEAD + len);
    struct ob_seal seal = {s->id, rewritten};
    ob_seal_write(q->l->sealer, &seal, s->key, p, len, out);
    q->rc = sqlite3_bind_blob64(q->st, ++q->bound, out, OB_SEAL_HEAD + len, free);
}

void ob_query_seal(struct ob_query *q, const struct ob_subject *s, const char *text)
{
    if (q->l->sealer && s->alive && text && *text && q->rc == SQLITE_OK)
        bind_sealed(q, s, false, text, strlen(text));
    else if (q->l->sealer) /* nothing is kept of who was erased */
        ob_query_text(q, "");
    else
        ob_query_text(q, text);
}

void ob_query_seal_buf(struct ob_query *q, const struct ob_subject *s, const struct ob_buf *b)
{
    if (q->l->sealer && b && b->len && q->rc == SQLITE_OK)
        bind_sealed(q, s, false, b->p, b->len);
    else
        ob_query_buf(q, b);
}

void ob_query_seal_bytes(struct ob_query *q, const struct ob_subject *s, const void *p, size_t len)
{
    if (q->l->sealer && len && q->rc == SQLITE_OK)
        bind_sealed(q, s, false, p, len);
    else
        ob_query_blob(q, p, len);
}

void ob_query_seal_rewritten(struct ob_query *q, const struct ob_subject *s, const void *p,
                             size_t len)
{
    if (q->rc == SQLITE_OK)
        bind_sealed(q, s, true, p, len);
}

/* ---- reading ---- */

bool ob_query_seal_of(struct ob_query *q, int column, struct ob_seal *seal)
{
    const void *p = sqlite3_column_blob(q->st, column);
    size_t len = (size_t)sqlite3_column_bytes(q->st, column);
    return q->l->sealer && sqlite3_column_type(q->st, column) == SQLITE_BLOB &&
           ob_seal_read(seal, p, len);
}

enum ob_status ob_query_opened(struct ob_query *q, int column, struct ob_buf *out,
                               enum ob_held *held, struct ob_err *err)
{
    struct ob_seal seal;
    struct ob_subject s;
    const void *p = sqlite3_column_blob(q->st, column);
    size_t len = (size_t)sqlite3_column_bytes(q->st, column);
    if (held)
        *held = OB_HELD_WHOLE;
    if (!q->l->sealer || !len || sqlite3_column_type(q->st, column) != SQLITE_BLOB)
        return ob_query_copy(q, column, out, err);
    if (!ob_seal_read(&seal, p, len))
        return ob_ledger_damaged(q->l, err, "something is not sealed that should be");
    enum ob_status st = ob_subject_get(q->l, seal.subject, &s, err);
    if (st != OB_OK)
        return st;
    if (held && (seal.rewritten || !s.alive))
        *held = s.alive ? OB_HELD_REWRITTEN : OB_HELD_ERASED;
    ob_buf_clear(out);
    bool fits =
        s.alive ? ob_seal_open(q->l->sealer, s.key, p, len, out) : ob_buf_adds(out, OB_ERASED);
    return fits ? OB_OK : ob_ledger_refuse(q->l, err, "a stored text is longer than it may be");
}

enum ob_status ob_query_opened_text(struct ob_query *q, int column, char **out, enum ob_held *held,
                                    struct ob_err *err)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    enum ob_status st = ob_query_opened(q, column, &text, held, err);
    *out = st == OB_OK && text.len ? ob_buf_take(&text) : ob_xstrdup("");
    ob_buf_fini(&text);
    return st;
}

enum ob_status ob_query_opened_id(struct ob_query *q, int column, char **out, struct ob_err *err)
{
    struct ob_seal seal = {0};
    enum ob_held held = OB_HELD_WHOLE;
    enum ob_status st = ob_query_opened_text(q, column, out, &held, err);
    if (st != OB_OK || held != OB_HELD_ERASED || !ob_query_seal_of(q, column, &seal))
        return st;
    free(*out);
    *out = ob_xasprintf("(erased %" PRId64 ")", seal.subject);
    return OB_OK;
}
