/* Erasing one person from the ledger: in one turn their keys are destroyed, every document about
 * many that names them is rewritten under a key of its own, and the old key of that is destroyed
 * too; then the file is cleaned (sqlite_clean.c). All of it are ordinary writes of single rows,
 * which the audit hears of. Called by the command line through ledger.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/mem.h"
#include "ledger/erase.h"

void ob_erasure_fini(struct ob_erasure *e)
{
    struct ob_texts names = {e->names, e->name_count}, ids = {e->ids, e->id_count};
    ob_texts_fini(&names);
    ob_texts_fini(&ids);
    *e = (struct ob_erasure){0};
}

void ob_erasing_fini(struct ob_erasing *x)
{
    for (size_t i = 0; i < x->place_count; i++)
        free(x->places[i].path);
    ob_texts_fini(&x->names);
    ob_texts_fini(&x->ids);
    ob_texts_fini(&x->person);
    ob_texts_fini(&x->pairs);
    ob_texts_fini(&x->policies);
    ob_texts_fini(&x->rewritten);
    free(x->subjects);
    free(x->places);
    free(x->needed);
}

/* ---- lists of what there is: tables are not changed while they are read ---- */

struct list {
    char **keys;
    size_t count;
};

static enum ob_status list_keys(struct ob_ledger *l, const char *sql, struct list *out,
                                struct ob_err *err)
{
    struct ob_query q;
    bool row;
    enum ob_status st;
    *out = (struct list){0};
    ob_query_prepare(&q, l, sql);
    while ((st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        out->keys = ob_xrealloc(out->keys, out->count + 1, sizeof *out->keys);
        out->keys[out->count++] = ob_query_get_text(&q, 0);
    }
    ob_query_close(&q);
    return st;
}

static void list_free(struct list *k)
{
    for (size_t i = 0; i < k->count; i++)
        free(k->keys[i]);
    free(k->keys);
}

typedef enum ob_status on_key(struct ob_erasing *x, const char *key, struct ob_err *err);

static enum ob_status each_key(struct ob_erasing *x, const char *sql, on_key *each,
                               struct ob_err *err)
{
    struct list keys;
    enum ob_status st = list_keys(x->l, sql, &keys, err);
    for (size_t i = 0; st == OB_OK && i < keys.count; i++)
        st = each(x, keys.keys[i], err);
    list_free(&keys);
    return st;
}

/* ---- documents with a key of their own ---- */

struct document {
    struct ob_buf text, left; /* before and after */
    struct ob_buf name;       /* of a plan: its policy's */
    int64_t subject;
};

static void document_init(struct document *d)
{
    *d = (struct document){0};
    ob_buf_init(&d->text, OB_BUF_LARGE);
    ob_buf_init(&d->left, OB_BUF_LARGE);
    ob_buf_init(&d->name, OB_BUF_LARGE);
}

static void document_fini(struct document *d)
{
    ob_buf_fini(&d->text);
    ob_buf_fini(&d->left);
    ob_buf_fini(&d->name);
}

/* Column 0, and 1 when `named`. The text stays empty when there is nothing to be read any more. */
static enum ob_status document_read(struct ob_erasing *x, const char *sql, const char *key,
                                    bool named, struct document *d, struct ob_err *err)
{
    struct ob_query q;
    struct ob_seal seal = {0};
    enum ob_held held = OB_HELD_WHOLE;
    bool row;
    ob_query_prepare(&q, x->l, sql);
    ob_query_text(&q, key);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (st == OB_OK && row && ob_query_seal_of(&q, 0, &seal))
        st = ob_query_opened(&q, 0, &d->text, &held, err);
    if (st == OB_OK && row && named)
        st = ob_query_opened(&q, 1, &d->name, NULL, err);
    d->subject = seal.subject;
    if (held == OB_HELD_ERASED)
        ob_buf_clear(&d->text);
    ob_query_close(&q);
    return st;
}

/* `sql` takes the new text (and the name), and the key of its row. */
static enum ob_status document_write(struct ob_erasing *x, const char *sql, const char *key,
                                     bool named, const struct document *d, struct ob_err *err)
{
    struct ob_query q;
    struct ob_subject s;
    int changed;
    enum ob_status st = ob_subject_new(x->l, &s, err);
    if (st != OB_OK)
        return st;
    ob_query_prepare(&q, x->l, sql);
    ob_query_seal_rewritten(&q, &s, ob_buf_str(&d->left), d->left.len);
    if (named)
        ob_query_seal_rewritten(&q, &s, ob_buf_str(&d->name), d->name.len);
    ob_query_text(&q, key);
    st = ob_query_write(&q, &changed, err);
    return st == OB_OK ? ob_subject_destroy(x->l, d->subject, err) : st;
}

static enum ob_status erase_blob(struct ob_erasing *x, const char *digest, struct ob_err *err)
{
    struct document d;
    bool policy = ob_texts_have(&x->policies, digest, strlen(digest));
    document_init(&d);
    enum ob_status st =
        document_read(x, "SELECT body FROM blob WHERE digest = ?", digest, false, &d, err);
    if (st == OB_OK &&
        ob_erase_text(x, policy ? OB_EFFACE_WORDS : OB_EFFACE_ROWS, &d.text, &d.left)) {
        ob_texts_add(&x->rewritten, digest, strlen(digest));
        ob_erase_blocked(x, ob_erase_needed_by(x, digest));
        x->out->inputs++;
        if (x->doing)
            st = document_write(x, "UPDATE blob SET body = ? WHERE digest = ?", digest, false, &d,
                                err);
    }
    document_fini(&d);
    return st;
}

/* Its runs: the open one, and whether there is any. */
static enum ob_status look_runs(struct ob_erasing *x, const char *plan, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_prepare(&q, x->l,
                     "SELECT count(*), min(CASE state WHEN 'open' THEN id END) FROM run"
                     " WHERE plan = ?");
    ob_query_text(&q, plan);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row) {
        x->out->spent += ob_query_get_int(&q, 0) == 0;
        ob_erase_blocked(x, ob_query_get_int(&q, 1));
    }
    ob_query_close(&q);
    return st;
}

static enum ob_status erase_plan(struct ob_erasing *x, const char *id, struct ob_err *err)
{
    struct document d;
    struct ob_buf name;
    document_init(&d);
    ob_buf_init(&name, OB_BUF_LARGE);
    enum ob_status st =
        document_read(x, "SELECT document, policy_name FROM plan WHERE id = ?", id, true, &d, err);
    bool named = st == OB_OK && d.text.len && ob_erase_text(x, OB_EFFACE_WORDS, &d.name, &name);
    bool inside = st == OB_OK && ob_erase_text(x, OB_EFFACE_PLAN, &d.text, &d.left);
    if (named) {
        ob_buf_clear(&d.name);
        ob_buf_add(&d.name, ob_buf_str(&name), name.len);
    }
    if (named && !inside) {
        ob_buf_clear(&d.left);
        ob_buf_add(&d.left, ob_buf_str(&d.text), d.text.len);
    }
    if (named || inside) {
        x->out->plans++;
        st = look_runs(x, id, err);
        if (st == OB_OK && x->doing)
            st = document_write(x, "UPDATE plan SET document = ?, policy_name = ? WHERE id = ?", id,
                                true, &d, err);
    }
    document_fini(&d);
    ob_buf_fini(&name);
    return st;
}

/* Whoever approved may be the one who is erased: an open run goes on by what they signed. */
static enum ob_status look_approved(struct ob_erasing *x, const char *approval, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    ob_query_prepare(&q, x->l,
                     "SELECT min(run.id) FROM approval JOIN run ON run.plan = approval.plan"
                     " WHERE approval.id = ? AND run.state = 'open'");
    ob_query_text(&q, approval);
    enum ob_status st = ob_query_next(&q, &row, err);
    if (row)
        ob_erase_blocked(x, ob_query_get_int(&q, 0));
    ob_query_close(&q);
    return st;
}

/* The signature goes as well: with the key it would say of any name whether it stood there. */
static enum ob_status erase_approval(struct ob_erasing *x, const char *id, struct ob_err *err)
{
    struct document d;
    document_init(&d);
    enum ob_status st =
        document_read(x, "SELECT document FROM approval WHERE id = ?", id, false, &d, err);
    if (st == OB_OK && ob_erase_text(x, OB_EFFACE_CELLS, &d.text, &d.left)) {
        x->out->other++;
        st = look_approved(x, id, err);
        if (st == OB_OK && x->doing)
            st = document_write(x, "UPDATE approval SET document = ?, signature = x'' WHERE id = ?",
                                id, false, &d, err);
    }
    document_fini(&d);
    return st;
}

/* ---- all else ---- */

static enum ob_status drop(struct ob_erasing *x, const char *sql, int64_t id, struct ob_err *err)
{
    struct ob_query q;
    int changed;
    ob_query_prepare(&q, x->l, sql);
    ob_query_int(&q, id);
    return ob_query_write(&q, &changed, err);
}

/* What was read for a policy that went another way than planned: key is "ROW DIGEST" there. What
 * is learned of targets names nobody today; should it ever, it goes. */
static enum ob_status erase_learned(struct ob_erasing *x, const char *key, struct ob_err *err)
{
    char *rest;
    struct ob_buf left;
    int64_t row = strtoll(key, &rest, 10);
    size_t len = strlen(++rest);
    ob_buf_init(&left, OB_BUF_LARGE);
    const char *value = strrchr(rest, ' ');
    bool theirs = ob_efface_words(&x->person, rest, len, &left) ||
                  (value && ob_texts_have(&x->rewritten, value + 1, strlen(value + 1)));
    ob_buf_fini(&left);
    if (!theirs)
        return OB_OK;
    x->out->other++;
    return x->doing ? drop(x, "DELETE FROM learned WHERE row = ?", row, err) : OB_OK;
}

static enum ob_status erase_subjects(struct ob_erasing *x, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; st == OB_OK && i < x->subject_count; i++) {
        st = drop(x, "DELETE FROM sighting WHERE subject = ?", x->subjects[i], err);
        if (st == OB_OK)
            st = ob_subject_destroy(x->l, x->subjects[i], err);
    }
    return st;
}

static enum ob_status erase_documents(struct ob_erasing *x, struct ob_err *err)
{
    enum ob_status st = each_key(x, "SELECT digest FROM blob", erase_blob, err);
    if (st == OB_OK)
        st = each_key(x, "SELECT id FROM plan", erase_plan, err);
    if (st == OB_OK)
        st = each_key(x, "SELECT id FROM run", ob_erase_run, err);
    if (st == OB_OK)
        st = each_key(x, "SELECT id FROM approval", erase_approval, err);
    if (st == OB_OK)
        st = each_key(x,
                      "SELECT row || ' ' || target || ' ' || what || ' ' || value FROM learned"
                      " WHERE target <> ''",
                      erase_learned, err);
    return st;
}

/* ---- the whole ---- */

static enum ob_status judge(const struct ob_erasing *x, struct ob_err *err)
{
    const struct ob_erasure *o = x->out;
    if (!x->subject_count && !(o->plans + o->inputs + o->runs + o->other))
        return ob_fail(err, OB_ERR_USAGE,
                       "%s: the ledger knows nobody of that name or id (both are compared exactly)",
                       x->arg);
    if (!x->open_run)
        return OB_OK;
    return ob_fail(err, OB_ERR_LOCKED,
                   "run %" PRId64 " is open and needs what is known of %s; finish it first"
                   " (offboard resume %" PRId64 ") or take it back (offboard undo %" PRId64 ")",
                   x->open_run, x->arg, x->open_run, x->open_run);
}

static char *mark_of(struct ob_ledger *l, const char *person)
{
    unsigned char mac[32];
    struct ob_buf hex;
    ob_hmac_sha256(l->own.key, sizeof l->own.key, person, strlen(person), mac);
    ob_buf_init(&hex, OB_BUF_SMALL);
    ob_hex(&hex, mac, sizeof mac);
    return ob_buf_take(&hex);
}

bool ob_ledger_erase_finished(struct ob_ledger *l, const char *person)
{
    char *mark = mark_of(l, person);
    bool yes = strcmp(ob_buf_str(&l->cleaned), mark) == 0;
    free(mark);
    return yes;
}

static enum ob_status erase(struct ob_erasing *x, struct ob_err *err)
{
    enum ob_status st = ob_erase_find(x, err);
    if (st == OB_OK)
        st = ob_erase_read_plans(x, err);
    if (st == OB_OK)
        st = erase_documents(x, err);
    x->out->rows = (int64_t)x->place_count;
    if (st == OB_OK)
        st = judge(x, err);
    if (st != OB_OK || !x->doing)
        return st;
    char *mark = mark_of(x->l, x->arg);
    st = erase_subjects(x, err);
    if (st == OB_OK)
        st = ob_ledger_soil(x->l, mark, err);
    free(mark);
    return st;
}

/* The names go to whoever asked. */
static void hand_out(struct ob_erasing *x)
{
    x->out->names = x->names.p;
    x->out->name_count = x->names.count;
    x->out->ids = x->ids.p;
    x->out->id_count = x->ids.count;
    x->names = x->ids = (struct ob_texts){0};
}

static enum ob_status begin(struct ob_erasing *x, struct ob_ledger *l, const char *person,
                            struct ob_erasure *out, struct ob_err *err)
{
    *out = (struct ob_erasure){0};
    *x = (struct ob_erasing){.l = l, .arg = person, .out = out};
    if (!l->sealer)
        return ob_ledger_refuse(l, err, "a ledger in memory erases nobody");
    if (strcmp(person, OB_ERASED) == 0)
        return ob_fail(err, OB_ERR_USAGE, "%s: stands for those who were erased already", person);
    return *person ? OB_OK : ob_fail(err, OB_ERR_USAGE, "say whom to erase: a name or an id");
}

enum ob_status ob_ledger_erase_look(struct ob_ledger *l, const char *person, struct ob_erasure *out,
                                    struct ob_err *err)
{
    struct ob_erasing x;
    enum ob_status st = begin(&x, l, person, out, err);
    if (st == OB_OK)
        st = erase(&x, err);
    hand_out(&x);
    ob_erasing_fini(&x);
    return st;
}

enum ob_status ob_ledger_erase(struct ob_ledger *l, const char *person, struct ob_erasure *out,
                               struct ob_err *err)
{
    struct ob_erasing x;
    struct ob_buf why;
    enum ob_status st = begin(&x, l, person, out, err);
    if (st == OB_OK)
        st = ob_ledger_begin(l, err);
    if (st == OB_OK) {
        x.doing = true;
        st = erase(&x, err);
        if (st == OB_OK)
            st = ob_ledger_commit(l, err);
        else
            ob_ledger_rollback(l);
    }
    hand_out(&x);
    ob_erasing_fini(&x);
    ob_buf_init(&why, OB_BUF_SMALL);
    if (st == OB_OK)
        st = ob_ledger_clean(l, &why, err);
    ob_buf_fini(&why);
    return st;
}
