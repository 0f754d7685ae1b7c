/* Plans, the blobs they are made from, and what was learned of targets. Called by the engine and
 * the command line through ledger.h. */
#include "ledger/sqlite.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

#define PLAN_PREFIX_MIN 4
#define HEX             "0123456789abcdefABCDEF"

/* ---- blobs ---- */

/* Is it there, and whole? */
static enum ob_status look_blob(struct ob_ledger *l, const char *digest, bool *there, bool *whole,
                                struct ob_err *err)
{
    struct ob_query q;
    struct ob_seal seal;
    ob_query_open(&q, l, OB_SQL_BLOB_GET);
    ob_query_text(&q, digest);
    enum ob_status st = ob_query_next(&q, there, err);
    *whole = *there;
    if (*there && l->sealer && ob_query_seal_of(&q, 0, &seal))
        *whole = !seal.rewritten;
    ob_query_close(&q);
    return st;
}

static enum ob_status put_blob(struct ob_ledger *l, const void *p, size_t len, const char *digest,
                               struct ob_err *err)
{
    struct ob_query q;
    struct ob_subject s = {0};
    bool there, whole;
    int changed;
    enum ob_status st = look_blob(l, digest, &there, &whole, err);
    if (st != OB_OK || whole)
        return st;
    if (l->sealer)
        st = ob_subject_new(l, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, there ? OB_SQL_BLOB_SET : OB_SQL_BLOB_PUT);
    ob_query_seal_bytes(&q, &s, p, len);
    ob_query_text(&q, digest);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_blob_put(struct ob_ledger *l, const void *p, size_t len, char digest[65],
                                  struct ob_err *err)
{
    bool own;
    ob_sha256_hex(p, len, digest);
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    return ob_ledger_group_end(l, own, put_blob(l, p, len, digest, err), err);
}

/* A policy that was changed in the file must not be taken for the one that was reviewed. */
static enum ob_status check_blob(struct ob_ledger *l, const char *digest, const struct ob_buf *b,
                                 struct ob_err *err)
{
    char found[OB_SHA256_HEX];
    ob_sha256_hex(ob_buf_str(b), b->len, found);
    if (strcmp(found, digest) == 0)
        return OB_OK;
    return ob_ledger_damaged(l, err, "a stored policy or input is not what its digest says");
}

enum ob_status ob_ledger_blob_get(struct ob_ledger *l, const char *digest, struct ob_buf *out,
                                  struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, OB_SQL_BLOB_GET);
    ob_query_text(&q, digest);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (st == OB_OK && !row)
        st = ob_fail(err, OB_ERR, "ledger %s: no policy or input with the digest %s", l->path,
                     digest);
    enum ob_held held = OB_HELD_WHOLE;
    if (st == OB_OK)
        st = ob_query_opened(&q, 0, out, &held, err);
    if (st == OB_OK && held != OB_HELD_WHOLE)
        st = ob_fail(err, OB_ERR_STALE,
                     "somebody was erased from the policy or an input of this plan; plan again");
    ob_query_close(&q);
    return st == OB_OK ? check_blob(l, digest, out, err) : st;
}

/* ---- plans ---- */

static enum ob_status read_plan(struct ob_query *q, struct ob_plan_row *p, struct ob_err *err)
{
    enum ob_held held = OB_HELD_WHOLE;
    memset(p, 0, sizeof *p);
    strncpy(p->id, ob_query_lend_text(q, 0), sizeof p->id - 1);
    p->digest = ob_query_get_text(q, 1);
    p->created_ms = ob_query_get_int(q, 2);
    ob_buf_init(&p->document, OB_BUF_LARGE);
    enum ob_status st = ob_query_opened_text(q, 3, &p->policy_name, &held, err);
    p->erased = held != OB_HELD_WHOLE;
    if (st == OB_OK && ob_query_opened(q, 4, &p->document, &held, NULL) != OB_OK)
        st = ob_fail(err, OB_ERR_STALE, "plan %s: its document was changed after it was made",
                     p->id);
    p->erased = p->erased || held != OB_HELD_WHOLE;
    return st;
}

/* With this very id. out->digest is NULL when there is none. */
static enum ob_status find_whole(struct ob_ledger *l, const char *id, struct ob_plan_row *out,
                                 struct ob_err *err)
{
    struct ob_query q;
    bool row;
    memset(out, 0, sizeof *out);
    ob_query_open(&q, l, OB_SQL_PLAN_GET);
    ob_query_text(&q, id);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        st = read_plan(&q, out, err);
    ob_query_close(&q);
    if (st != OB_OK)
        ob_plan_row_fini(out);
    return st;
}

/* A new row, or another document in the old one; `old` is whose key that had. */
static enum ob_status write_plan(struct ob_ledger *l, const struct ob_plan_row *p, bool again,
                                 int64_t old, struct ob_err *err)
{
    struct ob_query q;
    struct ob_subject s = {0};
    int changed;
    enum ob_status st = l->sealer ? ob_subject_new(l, &s, err) : OB_OK;
    if (st != OB_OK)
        return st;
    ob_query_open(&q, l, again ? OB_SQL_PLAN_SET : OB_SQL_PLAN_PUT);
    ob_query_seal(&q, &s, p->policy_name);
    ob_query_seal_buf(&q, &s, &p->document);
    ob_query_text(&q, p->digest);
    ob_query_int(&q, p->created_ms);
    ob_query_text(&q, p->id);
    st = ob_query_write(&q, &changed, err);
    return st == OB_OK && old ? ob_subject_destroy(l, old, err) : st;
}

/* Is there one of this id, is it this very document, and under whose key is it held? */
static enum ob_status look_plan(struct ob_ledger *l, const struct ob_plan_row *p, bool *there,
                                bool *same, int64_t *subject, struct ob_err *err)
{
    struct ob_query q;
    struct ob_seal seal = {0};
    ob_query_open(&q, l, OB_SQL_PLAN_GET);
    ob_query_text(&q, p->id);
    enum ob_status st = ob_query_next(&q, there, err);
    *same = *there && strcmp(ob_query_lend_text(&q, 1), p->digest) == 0;
    if (*there && ob_query_seal_of(&q, 4, &seal))
        *subject = seal.subject;
    ob_query_close(&q);
    return st;
}

/* The same plan made again is the same row, and the latest one; once it runs it is what it was. */
static enum ob_status put_plan(struct ob_ledger *l, const struct ob_plan_row *p, struct ob_err *err)
{
    bool there, same;
    int64_t runs = 0, old = 0;
    enum ob_status st = look_plan(l, p, &there, &same, &old, err);
    if (st == OB_OK && there)
        st = ob_ledger_run_count(l, p->id, &runs, err);
    if (st == OB_OK && runs && same)
        return OB_OK;
    if (st == OB_OK && runs)
        return ob_ledger_refuse(l, err, "plan %s: was carried out already, and stays as it is",
                                p->id);
    return st == OB_OK ? write_plan(l, p, there, old, err) : st;
}

enum ob_status ob_ledger_plan_put(struct ob_ledger *l, const struct ob_plan_row *p,
                                  struct ob_err *err)
{
    bool own;
    enum ob_status st = ob_ledger_group(l, &own, err);
    if (st != OB_OK)
        return st;
    return ob_ledger_group_end(l, own, put_plan(l, p, err), err);
}

/* Only its seal is looked at: the document may be large. */
enum ob_status ob_ledger_plan_usable(struct ob_ledger *l, const char *id, struct ob_err *err)
{
    struct ob_query q;
    struct ob_seal seal;
    bool row;
    if (!l->sealer || !id || !*id)
        return OB_OK;
    ob_query_open(&q, l, OB_SQL_PLAN_GET);
    ob_query_text(&q, id);
    enum ob_status st = ob_query_next(&q, &row, err);
    bool erased = row && ob_query_seal_of(&q, 4, &seal) && seal.rewritten;
    ob_query_close(&q);
    if (!erased)
        return st;
    return ob_fail(err, OB_ERR_STALE,
                   "plan %s: somebody was erased from it; it can be shown and not be carried out:"
                   " plan again",
                   id);
}

/* The ids that begin so: the first of them, and all of them as text for the message. */
static enum ob_status candidates(struct ob_ledger *l, const char *prefix, char id[OB_PLAN_ID],
                                 int *count, struct ob_buf *list, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, OB_SQL_PLAN_LIKE);
    ob_query_text(&q, prefix);
    enum ob_status st;
    for (*count = 0; (st = ob_query_next(&q, &row, err)) == OB_OK && row; ++*count) {
        const char *found = ob_query_lend_text(&q, 0);
        if (*count == 0)
            strncpy(id, found, OB_PLAN_ID - 1);
        ob_buf_addf(list, "%s%s", *count ? ", " : "", found);
    }
    ob_query_close(&q);
    return st;
}

static enum ob_status find_prefix(struct ob_ledger *l, const char *given, char id[OB_PLAN_ID],
                                  struct ob_err *err)
{
    struct ob_buf list;
    char prefix[OB_PLAN_ID] = "";
    int count;
    for (size_t i = 0; given[i]; i++)
        prefix[i] = given[i] >= 'A' && given[i] <= 'F' ? (char)(given[i] + 32) : given[i];
    ob_buf_init(&list, OB_BUF_SMALL);
    enum ob_status st = candidates(l, prefix, id, &count, &list, err);
    if (st == OB_OK && count == 0)
        st = ob_fail(err, OB_ERR_USAGE, "plan %s: no such plan", given);
    else if (st == OB_OK && count > 1)
        st = ob_fail(err, OB_ERR_USAGE, "plan %s: more than one begins so: %s", given,
                     ob_buf_str(&list));
    ob_buf_fini(&list);
    return st;
}

static enum ob_status find_latest(struct ob_ledger *l, char id[OB_PLAN_ID], struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_open(&q, l, OB_SQL_PLAN_LATEST);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        strncpy(id, ob_query_lend_text(&q, 0), OB_PLAN_ID - 1);
    else if (st == OB_OK)
        st = ob_fail(err, OB_ERR_USAGE, "plan latest: there is no plan yet");
    ob_query_close(&q);
    return st;
}

static enum ob_status find_plan(struct ob_ledger *l, const char *given, char id[OB_PLAN_ID],
                                struct ob_err *err)
{
    size_t len = strlen(given);
    if (strcmp(given, "latest") == 0)
        return find_latest(l, id, err);
    if (len < PLAN_PREFIX_MIN || len >= OB_PLAN_ID || strspn(given, HEX) != len)
        return ob_fail(err, OB_ERR_USAGE,
                       "plan %s: a plan is named by 4 to 16 hex digits of its id, or latest",
                       given);
    return find_prefix(l, given, id, err);
}

enum ob_status ob_ledger_plan_get(struct ob_ledger *l, const char *id, struct ob_plan_row *out,
                                  struct ob_err *err)
{
    char whole[OB_PLAN_ID] = "";
    memset(out, 0, sizeof *out);
    enum ob_status st = find_plan(l, id, whole, err);
    return st == OB_OK ? find_whole(l, whole, out, err) : st;
}

enum ob_status ob_ledger_plan_each(struct ob_ledger *l,
                                   bool (*each)(void *, const struct ob_plan_row *), void *ctx,
                                   struct ob_err *err)
{
    struct ob_query q;
    bool row, more = true;
    enum ob_status st;
    ob_query_open(&q, l, OB_SQL_PLAN_EACH);
    while (more && (st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        struct ob_plan_row p;
        st = read_plan(&q, &p, err);
        more = st == OB_OK && each(ctx, &p);
        ob_plan_row_fini(&p);
    }
    ob_query_close(&q);
    return st;
}

/* ---- learned ---- */

enum ob_status ob_ledger_learned_put(struct ob_ledger *l, const char *target, const char *what,
                                     const char *value, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    ob_query_open(&q, l, OB_SQL_LEARNED_PUT);
    ob_query_text(&q, target);
    ob_query_text(&q, what);
    ob_query_text(&q, value);
    return ob_query_write(&q, &changed, err);
}

enum ob_status ob_ledger_learned_get(struct ob_ledger *l, const char *target, const char *what,
                                     struct ob_buf *value, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_buf_clear(value);
    ob_query_open(&q, l, OB_SQL_LEARNED_GET);
    ob_query_text(&q, target);
    ob_query_text(&q, what);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        st = ob_query_copy(&q, 0, value, err);
    ob_query_close(&q);
    return st;
}
