/* Who it is that is to be erased: all names and ids that are one person, and no others. See
 * erase.h. */
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "ledger/erase.h"

#define DIGEST 64

/* ---- everybody in every run ---- */

struct row {
    int64_t subject, run, step, position;
    bool open;
    const char *path, *target;
    char *name, *id;
};

typedef void on_row(struct ob_erasing *x, const struct row *r);

static enum ob_status read_row(struct ob_query *q, struct ob_erasing *x, on_row *each,
                               struct ob_err *err)
{
    enum ob_held held = OB_HELD_WHOLE;
    struct row r = {.subject = ob_query_get_int(q, 0),
                    .run = ob_query_get_int(q, 1),
                    .step = ob_query_get_int(q, 2),
                    .position = ob_query_get_int(q, 3),
                    .open = ob_query_get_int(q, 4) != 0,
                    .path = ob_query_lend_text(q, 5),
                    .target = ob_query_lend_text(q, 6)};
    enum ob_status st = ob_query_opened_text(q, 7, &r.name, &held, err);
    if (st == OB_OK && held != OB_HELD_ERASED) {
        st = ob_query_opened_text(q, 8, &r.id, NULL, err);
        if (st == OB_OK)
            each(x, &r);
    }
    free(r.name);
    free(r.id);
    return st;
}

static enum ob_status each_row(struct ob_erasing *x, on_row *each, struct ob_err *err)
{
    struct ob_query q;
    bool row;
    enum ob_status st;
    ob_query_prepare(&q, x->l,
                     "SELECT person.subject, run.id, step.id, position, run.state = 'open',"
                     " step.path, step.target, person.person, person.id FROM person"
                     " JOIN step ON step.id = person.step JOIN run ON run.id = step.run"
                     " ORDER BY person.row");
    while ((st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        st = read_row(&q, x, each, err);
        if (st != OB_OK)
            break;
    }
    ob_query_close(&q);
    return st;
}

/* ---- which of them ---- */

static bool has_subject(const struct ob_erasing *x, int64_t id)
{
    for (size_t i = 0; i < x->subject_count; i++)
        if (x->subjects[i] == id)
            return true;
    return false;
}

static void add_subject(struct ob_erasing *x, int64_t id)
{
    if (!id || has_subject(x, id))
        return;
    x->subjects = ob_xrealloc(x->subjects, x->subject_count + 1, sizeof *x->subjects);
    x->subjects[x->subject_count++] = id;
}

static char *pair_of(const struct row *r)
{
    return ob_xasprintf("%s\n%s", r->target, r->id);
}

static bool is_paired(const struct ob_erasing *x, const struct row *r)
{
    char *pair = pair_of(r);
    bool yes = ob_texts_have(&x->pairs, pair, strlen(pair));
    free(pair);
    return yes;
}

/* `offboard call` knows people by their ids only. */
static bool by_hand(const struct row *r)
{
    return strcmp(r->name, r->id) == 0;
}

/* All accounts of those who are found so far. */
static void take_accounts(struct ob_erasing *x, const struct row *r)
{
    if (!has_subject(x, r->subject))
        return;
    char *pair = pair_of(r);
    ob_texts_add(&x->names, r->name, strlen(r->name));
    ob_texts_add(&x->ids, r->id, strlen(r->id));
    ob_texts_add(&x->pairs, pair, strlen(pair));
    free(pair);
}

static void take_by_id(struct ob_erasing *x, const struct row *r)
{
    if (strcmp(r->id, x->arg) != 0 || by_hand(r))
        return;
    add_subject(x, r->subject);
    ob_texts_add(&x->names, r->name, strlen(r->name));
}

/* The same accounts under a name of their own. */
static void take_named(struct ob_erasing *x, const struct row *r)
{
    if (!by_hand(r) && is_paired(x, r)) {
        add_subject(x, r->subject);
        ob_texts_add(&x->names, r->name, strlen(r->name));
    }
}

static void take_by_hand(struct ob_erasing *x, const struct row *r)
{
    if (by_hand(r) && is_paired(x, r)) {
        add_subject(x, r->subject);
        ob_texts_add(&x->names, r->name, strlen(r->name));
    }
}

static void take_places(struct ob_erasing *x, const struct row *r)
{
    if (!has_subject(x, r->subject))
        return;
    x->places = ob_xrealloc(x->places, x->place_count + 1, sizeof *x->places);
    x->places[x->place_count++] = (struct ob_place){
        .run = r->run, .step = r->step, .position = r->position, .path = ob_xstrdup(r->path)};
    if (r->open && !x->open_run)
        x->open_run = r->run;
}

static enum ob_status several(const struct ob_erasing *x, size_t from, struct ob_err *err)
{
    struct ob_buf list;
    ob_buf_init(&list, OB_BUF_SMALL);
    for (size_t i = from; i < x->names.count; i++)
        ob_buf_addf(&list, "%s%s", i > from ? ", " : "", x->names.p[i]);
    enum ob_status st = ob_fail(err, OB_ERR_USAGE,
                                "%s is an id of more than one person (%s); name the one to erase",
                                x->arg, ob_buf_str(&list));
    ob_buf_fini(&list);
    return st;
}

static enum ob_status find_by_name(struct ob_erasing *x, int64_t subject, struct ob_err *err)
{
    add_subject(x, subject);
    ob_texts_add(&x->names, x->arg, strlen(x->arg));
    enum ob_status st = each_row(x, take_accounts, err);
    bool only_by_hand = x->ids.count == 1 && strcmp(x->ids.p[0], x->arg) == 0;
    if (st != OB_OK || !only_by_hand)
        return st;
    st = each_row(x, take_named, err);
    if (st == OB_OK && x->names.count > 2)
        return several(x, 1, err);
    return st == OB_OK && x->names.count == 2 ? each_row(x, take_accounts, err) : st;
}

static enum ob_status find_by_id(struct ob_erasing *x, struct ob_err *err)
{
    enum ob_status st = each_row(x, take_by_id, err);
    if (st == OB_OK && x->names.count > 1)
        return several(x, 0, err);
    return st == OB_OK && x->subject_count ? each_row(x, take_accounts, err) : st;
}

enum ob_status ob_erase_find(struct ob_erasing *x, struct ob_err *err)
{
    struct ob_subject s;
    enum ob_status st = ob_subject_of(x->l, x->arg, false, &s, err);
    if (st == OB_OK)
        st = s.id ? find_by_name(x, s.id, err) : find_by_id(x, err);
    if (st == OB_OK && x->pairs.count)
        st = each_row(x, take_by_hand, err);
    if (st == OB_OK && x->subject_count)
        st = each_row(x, take_places, err);
    return st;
}

/* ---- what plans know ---- */

struct naming {
    struct ob_erasing *x;
    bool known; /* from runs: the id given is not looked up any more */
};

static void take_planned(void *ctx, const char *name, const char *id)
{
    struct naming *n = ctx;
    if (!name)
        return;
    if (!n->known && id && strcmp(id, n->x->arg) == 0)
        ob_texts_add(&n->x->names, name, strlen(name));
    if (id && ob_texts_have(&n->x->names, name, strlen(name)))
        ob_texts_add(&n->x->ids, id, strlen(id));
}

/* Everything in a text that looks like a digest. */
static void need_all(struct ob_erasing *x, const struct ob_buf *text, int64_t run)
{
    static const char hex[] = "0123456789abcdef";
    const char *p = ob_buf_str(text);
    for (size_t at = 0; at < text->len;) {
        size_t n = strspn(p + at, hex);
        if (n == DIGEST) {
            x->needed = ob_xrealloc(x->needed, x->needed_count + 1, sizeof *x->needed);
            struct ob_needed *one = &x->needed[x->needed_count++];
            memcpy(one->digest, p + at, DIGEST);
            one->digest[DIGEST] = '\0';
            one->run = run;
        }
        at += n + 1;
    }
}

int64_t ob_erase_needed_by(const struct ob_erasing *x, const char *digest)
{
    for (size_t i = 0; i < x->needed_count; i++)
        if (strcmp(x->needed[i].digest, digest) == 0)
            return x->needed[i].run;
    return 0;
}

static enum ob_status read_plan(struct ob_query *q, struct naming *n, struct ob_buf *doc,
                                struct ob_err *err)
{
    struct ob_buf digest;
    enum ob_status st = ob_query_opened(q, 0, doc, NULL, err);
    if (st != OB_OK)
        return st;
    ob_plan_names(ob_buf_str(doc), doc->len, take_planned, n);
    ob_buf_init(&digest, OB_BUF_SMALL);
    if (ob_json_pick(ob_buf_str(doc), doc->len, "policy.digest", &digest))
        ob_texts_add(&n->x->policies, ob_buf_str(&digest), digest.len);
    ob_buf_fini(&digest);
    if (ob_query_get_int(q, 1))
        need_all(n->x, doc, ob_query_get_int(q, 1));
    return OB_OK;
}

/* Rows of one text and the open run that it belongs to. */
static enum ob_status each_needed(struct ob_erasing *x, const char *sql, struct ob_err *err)
{
    struct ob_query q;
    struct ob_buf text;
    bool row;
    enum ob_status st;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_query_prepare(&q, x->l, sql);
    while ((st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        st = ob_query_opened(&q, 0, &text, NULL, err);
        if (st != OB_OK)
            break;
        need_all(x, &text, ob_query_get_int(&q, 1));
    }
    ob_query_close(&q);
    ob_buf_fini(&text);
    return st;
}

static enum ob_status each_plan(struct ob_erasing *x, struct ob_err *err)
{
    struct naming n = {x, x->names.count > 0};
    struct ob_query q;
    struct ob_buf doc;
    bool row;
    enum ob_status st;
    ob_buf_init(&doc, OB_BUF_LARGE);
    ob_query_prepare(&q, x->l,
                     "SELECT document, (SELECT min(id) FROM run WHERE run.plan = plan.id"
                     " AND state = 'open') FROM plan");
    while ((st = ob_query_next(&q, &row, err)) == OB_OK && row) {
        st = read_plan(&q, &n, &doc, err);
        if (st != OB_OK)
            break;
    }
    ob_query_close(&q);
    ob_buf_fini(&doc);
    return st;
}

enum ob_status ob_erase_read_plans(struct ob_erasing *x, struct ob_err *err)
{
    bool known = x->names.count > 0;
    enum ob_status st = each_plan(x, err);
    if (st == OB_OK && !known && x->names.count > 1)
        return several(x, 0, err);
    if (st == OB_OK && !known && !x->names.count)
        ob_texts_add(&x->names, x->arg, strlen(x->arg));
    if (st == OB_OK && !known)
        st = each_plan(x, err); /* with the ids of the name that is known now */
    /* An input that was read again while it waited, and readings that the plan does not have. */
    if (st == OB_OK)
        st = each_needed(x,
                         "SELECT result, run.id FROM step JOIN run ON run.id = step.run"
                         " WHERE run.state = 'open'",
                         err);
    if (st == OB_OK)
        st = each_needed(x,
                         "SELECT value, run.id FROM learned JOIN run"
                         " ON what LIKE 'reading.' || run.id || '.%'"
                         " WHERE run.state = 'open'",
                         err);
    for (size_t i = 0; i < x->names.count; i++)
        ob_texts_add(&x->person, x->names.p[i], strlen(x->names.p[i]));
    for (size_t i = 0; i < x->ids.count; i++)
        ob_texts_add(&x->person, x->ids.p[i], strlen(x->ids.p[i]));
    return st;
}
