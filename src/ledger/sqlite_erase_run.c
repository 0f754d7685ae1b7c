/* Runs without one person: one key for all their texts, so that all are sealed anew when one of
 * them names who is erased. See erase.h. */
#include <stdlib.h>
#include <string.h>
#include "ledger/erase.h"
#include "ledger/ranges.h"

bool ob_erase_text(const struct ob_erasing *x, enum ob_efface_kind kind, const struct ob_buf *text,
                   struct ob_buf *out)
{
    struct ob_efface e = {kind, &x->person, &x->names, &x->rewritten};
    ob_buf_clear(out);
    return text->len && ob_efface(&e, ob_buf_str(text), text->len, out);
}

void ob_erase_blocked(struct ob_erasing *x, int64_t run)
{
    if (run && !x->open_run)
        x->open_run = run;
}

/* One text of a run: how it is read, what stands in for it, and how it is written. */
struct text {
    const char *read;  /* row id, text, step (path or id), people, how many */
    const char *write; /* text, row id */
    enum ob_efface_kind kind;
    enum { OF_RUN, OF_STEP_DIGEST, OF_STEP, OF_CALL } of;
};

static const struct text texts[] = {
    {"SELECT id, detail FROM run WHERE id = ?", "UPDATE run SET detail = ? WHERE id = ?",
     OB_EFFACE_WORDS, OF_RUN},
    {"SELECT id, digest FROM step WHERE run = ? ORDER BY id",
     "UPDATE step SET digest = ? WHERE id = ?", OB_EFFACE_WORDS, OF_STEP_DIGEST},
    {"SELECT id, options FROM step WHERE run = ? ORDER BY id",
     "UPDATE step SET options = ? WHERE id = ?", OB_EFFACE_CELLS, OF_STEP},
    {"SELECT id, result FROM step WHERE run = ? ORDER BY id",
     "UPDATE step SET result = ? WHERE id = ?", OB_EFFACE_CELLS, OF_STEP},
    {"SELECT id, detail, step, people, people_count FROM call WHERE run = ? AND detail <> ''"
     " ORDER BY id",
     "UPDATE call SET detail = ? WHERE id = ?", OB_EFFACE_WORDS, OF_CALL},
};

/* Is this step about them; or, with a path, this call for the one at `position`? */
static bool is_theirs(const struct ob_erasing *x, int64_t run, int64_t step, const char *path,
                      int64_t position)
{
    for (size_t i = 0; i < x->place_count; i++) {
        const struct ob_place *p = &x->places[i];
        if (path ? p->run == run && p->position == position && strcmp(p->path, path) == 0
                 : p->step == step)
            return true;
    }
    return false;
}

/* A call for one person says something about that person in every word. */
static bool is_their_call(const struct ob_erasing *x, int64_t run, struct ob_query *q)
{
    int64_t *people = NULL;
    size_t count = 0;
    bool yes = ob_query_get_int(q, 4) == 1 &&
               ob_ranges_read(ob_query_lend_text(q, 3), &people, &count) && count == 1 &&
               is_theirs(x, run, 0, ob_query_lend_text(q, 2), people[0]);
    free(people);
    return yes;
}

/* *theirs: the text names them. `left` is what is to be kept in any case. */
static enum ob_status efface_text(struct ob_erasing *x, const struct text *t, int64_t run,
                                  struct ob_query *q, struct ob_buf *left, bool *theirs,
                                  struct ob_err *err)
{
    struct ob_buf whole;
    ob_buf_init(&whole, OB_BUF_LARGE);
    enum ob_status st = ob_query_opened(q, 1, &whole, NULL, err);
    bool all = t->of == OF_STEP_DIGEST && is_theirs(x, run, ob_query_get_int(q, 0), NULL, 0);
    if (st == OB_OK && t->of == OF_CALL)
        all = whole.len && is_their_call(x, run, q);
    *theirs = all || (st == OB_OK && ob_erase_text(x, t->kind, &whole, left));
    if (all || !*theirs)
        ob_buf_clear(left);
    if (all)
        ob_buf_adds(left, OB_ERASED);
    else if (!*theirs)
        ob_buf_add(left, ob_buf_str(&whole), whole.len);
    ob_buf_fini(&whole);
    return st;
}

/* `key` NULL: only looks whether any of them names the person. */
static enum ob_status each_text(struct ob_erasing *x, const struct text *t, int64_t run,
                                const struct ob_subject *key, bool *theirs, struct ob_err *err)
{
    struct ob_query from, to;
    struct ob_buf left;
    bool row, one = false;
    int changed;
    enum ob_status st;
    ob_buf_init(&left, OB_BUF_LARGE);
    ob_query_prepare(&from, x->l, t->read);
    ob_query_int(&from, run);
    while ((st = ob_query_next(&from, &row, err)) == OB_OK && row) {
        st = efface_text(x, t, run, &from, &left, &one, err);
        *theirs = *theirs || one;
        if (st == OB_OK && key) {
            ob_query_prepare(&to, x->l, t->write);
            ob_query_seal_buf(&to, key, &left);
            ob_query_int(&to, ob_query_get_int(&from, 0));
            st = ob_query_write(&to, &changed, err);
        }
        if (st != OB_OK)
            break;
    }
    ob_query_close(&from);
    ob_buf_fini(&left);
    return st;
}

static enum ob_status rekey_run(struct ob_erasing *x, int64_t run, struct ob_err *err)
{
    struct ob_subject old, fresh;
    struct ob_query q;
    bool theirs = false;
    int changed;
    enum ob_status st = ob_subject_of_run(x->l, run, &old, err);
    if (st == OB_OK)
        st = ob_subject_new(x->l, &fresh, err);
    for (size_t i = 0; st == OB_OK && i < sizeof texts / sizeof *texts; i++)
        st = each_text(x, &texts[i], run, &fresh, &theirs, err);
    if (st != OB_OK)
        return st;
    ob_query_prepare(&q, x->l, "UPDATE run SET subject = ? WHERE id = ?");
    ob_query_int(&q, fresh.id);
    ob_query_int(&q, run);
    st = ob_query_write(&q, &changed, err);
    return st == OB_OK ? ob_subject_destroy(x->l, old.id, err) : st;
}

static enum ob_status is_open(struct ob_ledger *l, int64_t run, bool *open, struct ob_err *err)
{
    struct ob_run_row r;
    enum ob_status st = ob_ledger_run_get(l, run, &r, err);
    *open = st == OB_OK && r.state == OB_RUN_OPEN;
    ob_run_row_fini(&r);
    return st;
}

enum ob_status ob_erase_run(struct ob_erasing *x, const char *key, struct ob_err *err)
{
    int64_t run = strtoll(key, NULL, 10);
    bool theirs = false, open;
    enum ob_status st = is_open(x->l, run, &open, err);
    for (size_t i = 0; st == OB_OK && i < sizeof texts / sizeof *texts; i++)
        st = each_text(x, &texts[i], run, NULL, &theirs, err);
    if (st != OB_OK || !theirs)
        return st;
    x->out->runs++;
    ob_erase_blocked(x, open ? run : 0);
    return x->doing ? rekey_run(x, run, err) : OB_OK;
}
