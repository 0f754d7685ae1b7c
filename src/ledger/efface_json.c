/* A JSON document without one person. It is read into a flat list of its values, some of which are
 * then written anew; all else is copied as it stands, so that numbers and order stay. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "ledger/efface_tree.h"
#include "ledger/seal.h"

#define LISTS 1000 /* that matches are in: only a text that says nothing is in more */

static void clear_below(struct ob_tree *t, uint32_t top)
{
    for (uint32_t i = top; i < t->v[top].end; i++)
        if (ob_node_is_text(&t->v[i]))
            t->v[i].mark = OB_GONE;
}

static bool has_person(struct ob_tree *t, const struct ob_node *n)
{
    struct ob_cell text = ob_tree_plain(t, n->raw, n->len);
    return ob_texts_have(t->e->person, text.p, text.len);
}

static bool has_name(struct ob_tree *t, const struct ob_node *n)
{
    struct ob_cell text = ob_tree_plain(t, n->raw, n->len);
    return ob_texts_have(t->e->names, text.p, text.len);
}

static bool has_telling(struct ob_tree *t, const struct ob_node *n)
{
    struct ob_cell text = ob_tree_plain(t, n->raw, n->len);
    return ob_text_telling(text.p, text.len) && ob_texts_have(t->e->person, text.p, text.len);
}

/* ---- the frame of a plan ---- */

static void fix_members(struct ob_tree *t, uint32_t map, const char *const *keys)
{
    t->v[map].fixed = true;
    for (const char *const *k = keys; *k; k++) {
        uint32_t i = ob_tree_child(t, map, *k);
        if (i != OB_NO_NODE)
            t->v[i].fixed = true;
    }
}

/* [[name, id, ...], ...] */
static void clear_people(struct ob_tree *t, uint32_t people)
{
    if (!ob_tree_is_list(t, people))
        return;
    for (uint32_t one = people + 1; one < t->v[people].end; one = t->v[one].end) {
        if (!ob_tree_is_list(t, one))
            continue;
        uint32_t name = one + 1, id = one + 2;
        bool theirs = name < t->v[one].end && has_name(t, &t->v[name]);
        theirs = theirs || (id < t->v[one].end && has_telling(t, &t->v[id]));
        for (uint32_t i = one; i < t->v[one].end; i++) {
            t->v[i].fixed = true;
            if (theirs && ob_node_is_text(&t->v[i]))
                t->v[i].mark = OB_GONE;
        }
    }
}

/* What was asked of a cloud about the person could be guessed from its digest. */
static void clear_asked(struct ob_tree *t, uint32_t reading)
{
    uint32_t digest = ob_tree_child(t, reading, "digest"),
             asked = ob_tree_child(t, reading, "asked");
    if (digest != OB_NO_NODE && asked != OB_NO_NODE && t->e->digests &&
        ob_texts_have(t->e->digests, t->v[digest].raw, t->v[digest].len))
        t->v[asked].mark = OB_GONE;
}

static void frame_list(struct ob_tree *t, uint32_t list)
{
    static const char *const members[] = {"path",     "target", "action", "kind",
                                          "digest",   "op",     "asked",  "provider",
                                          "endpoint", "due_ms", "people", NULL};
    static const char *const of_input[] = {"name", "digest", NULL};
    for (uint32_t i = list + 1; i < t->v[list].end; i = t->v[i].end) {
        if (!ob_tree_is_map(t, i))
            continue;
        fix_members(t, i, ob_node_key_is(&t->v[list], "inputs") ? of_input : members);
        uint32_t people = ob_tree_child(t, i, "people");
        if (people != OB_NO_NODE)
            clear_people(t, people);
        clear_asked(t, i);
    }
}

static void frame_plan(struct ob_tree *t)
{
    static const char *const lists[] = {"steps", "targets", "actions", "inputs", "readings"};
    for (uint32_t i = 1; i < t->v[0].end; i = t->v[i].end)
        t->v[i].fixed = ob_node_is_text(&t->v[i]);
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        uint32_t list = ob_tree_child(t, 0, lists[k]);
        if (ob_tree_is_list(t, list))
            frame_list(t, list);
    }
}

/* ---- rows ---- */

/* The object of a list that a value belongs to, through objects only; OB_NO_NODE when there is
 * none. */
static uint32_t row_of(const struct ob_tree *t, uint32_t i)
{
    uint32_t up = t->v[i].parent;
    while (ob_tree_is_map(t, up) && !ob_tree_is_list(t, t->v[up].parent)) {
        if (t->v[up].parent == OB_NO_NODE)
            return t->e->kind == OB_EFFACE_ROWS ? up : OB_NO_NODE;
        up = t->v[up].parent;
    }
    return ob_tree_is_map(t, up) && !t->v[up].fixed ? up : OB_NO_NODE;
}

/* The value at the same place in another row; OB_NO_NODE: it has none. */
static uint32_t same_place(const struct ob_tree *t, uint32_t i, uint32_t row, uint32_t other)
{
    if (i == row)
        return other;
    uint32_t up = same_place(t, t->v[i].parent, row, other);
    if (!ob_tree_is_map(t, up))
        return OB_NO_NODE;
    for (uint32_t c = up + 1; c < t->v[up].end; c = t->v[c].end)
        if (t->v[c].key_len == t->v[i].key_len &&
            memcmp(t->v[c].key, t->v[i].key, t->v[i].key_len) == 0)
            return c;
    return OB_NO_NODE;
}

/* How well the values at this place tell the rows apart; 0: they do not. */
static size_t variety_at(const struct ob_tree *t, uint32_t i, uint32_t row, bool telling)
{
    uint32_t list = t->v[row].parent;
    size_t n = 0, all, variety;
    if (list == OB_NO_NODE)
        return ob_column_names_rows(t->v[i].key, t->v[i].key_len, 1, 1, telling);
    struct ob_cell *cells = ob_xcalloc(t->v[list].end - list, sizeof *cells);
    for (uint32_t r = list + 1; r < t->v[list].end; r = t->v[r].end) {
        uint32_t c = same_place(t, i, row, r);
        if (c != OB_NO_NODE && ob_node_is_text(&t->v[c]))
            cells[n++] = (struct ob_cell){t->v[c].raw, t->v[c].len};
    }
    variety = ob_column_variety(cells, n, &all);
    free(cells);
    return ob_column_names_rows(t->v[i].key, t->v[i].key_len, variety, all, telling) ? variety : 0;
}

static bool same_column(const struct ob_tree *t, uint32_t i, uint32_t row, uint32_t k,
                        uint32_t other)
{
    return t->v[row].parent == t->v[other].parent && same_place(t, i, row, other) == k;
}

struct hits { /* values that match, each with the row it is in; OB_NO_NODE: in no row */
    uint32_t *at, *row;
    size_t count;
};

#define COLUMNS 64 /* different ones that match: more are not looked at */

/* The match at the place that tells the rows of this list apart best; OB_NO_NODE: none does. */
static size_t best_hit(const struct ob_tree *t, const struct hits *h, size_t first, bool telling)
{
    size_t tried[COLUMNS], n = 0, most = 0, best = SIZE_MAX;
    for (size_t k = first; k < h->count && n < COLUMNS; k++) {
        size_t c = 0;
        if (h->row[k] == OB_NO_NODE || t->v[h->row[k]].parent != t->v[h->row[first]].parent)
            continue;
        while (c < n && !same_column(t, h->at[tried[c]], h->row[tried[c]], h->at[k], h->row[k]))
            c++;
        if (c < n)
            continue;
        tried[n++] = k;
        size_t variety = variety_at(t, h->at[k], h->row[k], telling);
        if (variety > most) {
            most = variety;
            best = k;
        }
    }
    return best;
}

/* All rows of one list that are theirs. */
static void clear_rows_of(struct ob_tree *t, const struct hits *h, size_t first)
{
    uint32_t list = t->v[h->row[first]].parent;
    bool telling = false;
    for (size_t k = first; k < h->count; k++)
        if (h->row[k] != OB_NO_NODE && t->v[h->row[k]].parent == list)
            telling = telling || has_telling(t, &t->v[h->at[k]]);
    size_t best = best_hit(t, h, first, telling);
    for (size_t k = first; best != SIZE_MAX && k < h->count; k++)
        if (h->row[k] != OB_NO_NODE &&
            same_column(t, h->at[best], h->row[best], h->at[k], h->row[k]))
            clear_below(t, h->row[k]);
}

static void clear_rows(struct ob_tree *t)
{
    struct hits h = {ob_xcalloc(t->count, sizeof *h.at), ob_xcalloc(t->count, sizeof *h.row), 0};
    size_t lists = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        if (!t->v[i].key || t->v[i].fixed || !ob_node_is_text(&t->v[i]) || !has_person(t, &t->v[i]))
            continue;
        h.at[h.count] = i;
        h.row[h.count++] = t->e->kind == OB_EFFACE_CELLS ? OB_NO_NODE : row_of(t, i);
    }
    for (size_t k = 0; k < h.count; k++) {
        if (h.row[k] == OB_NO_NODE || lists == LISTS)
            continue;
        uint32_t list = t->v[h.row[k]].parent == OB_NO_NODE ? 0 : t->v[h.row[k]].parent;
        if (t->v[list].mark == OB_SEEN)
            continue;
        t->v[list].mark = OB_SEEN;
        lists++;
        clear_rows_of(t, &h, k);
    }
    free(h.at);
    free(h.row);
}

/* ---- single values ---- */

static void mark_value(struct ob_tree *t, struct ob_node *n)
{
    struct ob_buf left;
    if (n->fixed || n->mark == OB_GONE || !ob_node_is_text(n))
        return;
    struct ob_cell text = ob_tree_plain(t, n->raw, n->len);
    if (ob_texts_have(t->e->person, text.p, text.len)) {
        if (ob_text_telling(text.p, text.len))
            n->mark = OB_GONE;
        return;
    }
    if (n->kind != OB_JSON_STRING)
        return;
    ob_buf_init(&left, OB_BUF_LARGE);
    if (ob_efface_words(t->e->person, text.p, text.len, &left))
        n->mark = OB_WORDS;
    ob_buf_fini(&left);
}

/* An object may be keyed by people: what is under the key is theirs. */
static void mark_key(struct ob_tree *t, uint32_t i)
{
    struct ob_node *n = &t->v[i];
    if (!n->key || n->fixed)
        return;
    struct ob_cell text = ob_tree_plain(t, n->key, n->key_len);
    if (!ob_texts_have(t->e->person, text.p, text.len) || !ob_text_telling(text.p, text.len))
        return;
    n->key_gone = true;
    clear_below(t, i);
}

static void mark_all(struct ob_tree *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        mark_value(t, &t->v[i]);
        mark_key(t, i);
    }
}

/* ---- writing ---- */

static bool key_stands(const struct ob_tree *t, uint32_t map, const char *key)
{
    return ob_tree_child(t, map, key) != OB_NO_NODE;
}

/* No key may be there twice, and somebody may have been erased from here before. */
static void write_key(const struct ob_tree *t, uint32_t i, unsigned *given, struct ob_buf *out)
{
    char key[40] = OB_ERASED;
    if (++*given > 1)
        snprintf(key, sizeof key, "(erased %u)", *given);
    while (key_stands(t, t->v[i].parent, key))
        snprintf(key, sizeof key, "(erased %u)", ++*given);
    ob_buf_adds(out, key);
}

static void write_value(struct ob_tree *t, const struct ob_node *n, struct ob_buf *out)
{
    struct ob_buf left;
    if (n->mark == OB_GONE) {
        ob_buf_addf(out, "\"%s\"", OB_ERASED);
        return;
    }
    struct ob_cell text = ob_tree_plain(t, n->raw, n->len);
    ob_buf_init(&left, OB_BUF_LARGE);
    (void)ob_efface_words(t->e->person, text.p, text.len, &left);
    ob_json_write_str(out, ob_buf_str(&left), left.len);
    ob_buf_fini(&left);
}

static bool write_all(struct ob_tree *t, size_t len, struct ob_buf *out)
{
    const char *at = t->p;
    unsigned given = 0;
    bool changed = false;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct ob_node *n = &t->v[i];
        if (n->key_gone) {
            ob_buf_add(out, at, (size_t)(n->key - at));
            write_key(t, i, &given, out);
            at = n->key + n->key_len;
            changed = true;
        }
        if (n->mark != OB_GONE && n->mark != OB_WORDS)
            continue;
        size_t quote = n->kind == OB_JSON_STRING;
        ob_buf_add(out, at, (size_t)(n->raw - quote - at));
        write_value(t, n, out);
        at = n->raw + n->len + quote;
        changed = true;
    }
    ob_buf_add(out, at, len - (size_t)(at - t->p));
    return changed;
}

bool ob_efface_json(const struct ob_efface *e, const char *p, size_t len, struct ob_buf *out,
                    bool *is_json)
{
    struct ob_tree t;
    bool changed = false;
    *is_json = ob_tree_read(&t, e, p, len);
    if (*is_json) {
        if (e->kind == OB_EFFACE_PLAN)
            frame_plan(&t);
        mark_all(&t);
        clear_rows(&t);
        changed = write_all(&t, len, out);
    }
    ob_tree_free(&t);
    return changed;
}

/* ---- whom a plan names ---- */

static char *text_of(struct ob_tree *t, uint32_t i, uint32_t end)
{
    if (i >= end || t->v[i].kind != OB_JSON_STRING)
        return NULL;
    struct ob_cell text = ob_tree_plain(t, t->v[i].raw, t->v[i].len);
    return ob_xmemdup(text.p, text.len);
}

static void name_people(struct ob_tree *t, uint32_t people, ob_plan_name *each, void *ctx)
{
    for (uint32_t one = people + 1; one < t->v[people].end; one = t->v[one].end) {
        if (!ob_tree_is_list(t, one))
            continue;
        char *name = text_of(t, one + 1, t->v[one].end), *id = text_of(t, one + 2, t->v[one].end);
        each(ctx, name, id);
        free(name);
        free(id);
    }
}

void ob_plan_names(const char *p, size_t len, ob_plan_name *each, void *ctx)
{
    struct ob_tree t;
    bool read = ob_tree_read(&t, NULL, p, len);
    uint32_t steps = read ? ob_tree_child(&t, 0, "steps") : OB_NO_NODE;
    for (uint32_t i = steps + 1; ob_tree_is_list(&t, steps) && i < t.v[steps].end; i = t.v[i].end) {
        uint32_t people = ob_tree_child(&t, i, "people");
        if (ob_tree_is_list(&t, people))
            name_people(&t, people, each, ctx);
    }
    ob_tree_free(&t);
}
