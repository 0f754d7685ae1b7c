/* Who is where: the plan's people, what the ledger says became of them, what the clouds really did
 * to them and how they stand. Rules and reports read only this. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "script/rehearsal_parts.h"

/* ---- words ---- */

int ob_effect_kind(const char *op)
{
    static const struct {
        const char *op;
        enum ob_kind kind;
    } kinds[] = {{"disable", OB_KIND_DISABLE}, {"lock", OB_KIND_DISABLE},
                 {"enable", OB_KIND_ENABLE},   {"unlock", OB_KIND_ENABLE},
                 {"delete", OB_KIND_DELETE},   {"remove", OB_KIND_DELETE},
                 {"add", OB_KIND_ADD},         {"create", OB_KIND_ADD}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].op, op) == 0)
            return (int)kinds[i].kind;
    return -1;
}

/* One of four constants, so that states compare by pointer no less than by text. */
static const char *state_word(const char *word)
{
    static const char *const words[] = {"active", "disabled", "absent"};
    for (size_t i = 0; word && i < 3; i++)
        if (strcmp(words[i], word) == 0)
            return words[i];
    return "other";
}

/* ---- subjects ---- */

static size_t subject(struct ob_books *b, int target, const char *id, const char *key)
{
    char *mark = ob_xasprintf("%d\n%s", target, id);
    size_t at = ob_idmap_add(&b->map, mark, b->count);
    if (at != OB_IDMAP_NONE) {
        free(mark);
        if (key && !b->subjects[at].key)
            b->subjects[at].key = ob_xstrdup(key);
        return at;
    }
    if ((b->count & (b->count + 1)) == 0)
        b->subjects = ob_xrealloc(b->subjects, 2 * (b->count + 1), sizeof *b->subjects);
    b->subjects[b->count] = (struct ob_subject){.target = target,
                                                .id = ob_xstrdup(id),
                                                .key = key ? ob_xstrdup(key) : NULL,
                                                .mark = mark,
                                                .before = "other",
                                                .after = "other"};
    return b->count++;
}

/* Fills before or after of all subjects, a target at a time. */
static enum ob_status stand(struct ob_rehearsal *r, bool after, struct ob_err *err)
{
    struct ob_books *b = &r->books;
    enum ob_status st = OB_OK;
    for (size_t t = 0; t < r->config->count && st == OB_OK; t++) {
        struct ob_value ids = {0}, words = {0};
        ob_value_set_list(&ids);
        for (size_t i = 0; i < b->count; i++)
            if (b->subjects[i].target == (int)t)
                ob_list_push_str(&ids, b->subjects[i].id);
        if (ob_list_count(&ids))
            st = ob_clouds_standing(r, (int)t, &ids, &words, err);
        for (size_t i = 0, n = 0; i < b->count && st == OB_OK; i++)
            if (b->subjects[i].target == (int)t) {
                const char *word = state_word(ob_value_str(ob_list_at(&words, n++)));
                *(after ? &b->subjects[i].after : &b->subjects[i].before) = word;
            }
        ob_value_fini(&ids);
        ob_value_fini(&words);
    }
    return st;
}

enum ob_status ob_books_begin(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_books *b = &r->books;
    const struct ob_value *steps = ob_map_get(&r->plan, "steps");
    ob_idmap_init(&b->map);
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *step = ob_list_at(steps, i), *people = ob_map_get(step, "people");
        int target = ob_rehearsal_number(r, ob_map_str(step, "target"));
        for (size_t k = 0; target >= 0 && k < ob_list_count(people); k++) {
            const struct ob_value *one = ob_list_at(people, k);
            size_t at = subject(b, target, ob_value_str(ob_list_at(one, 1)),
                                ob_value_str(ob_list_at(one, 0)));
            b->subjects[at].planned = true;
        }
    }
    return stand(r, false, err);
}

/* ---- the ledger ---- */

static void forget_deeds(struct ob_books *b)
{
    for (size_t i = 0; i < b->deed_count; i++)
        free(b->deeds[i].detail);
    for (size_t i = 0; i < b->step_count; i++) {
        free(b->steps[i].path);
        free(b->steps[i].target);
        free(b->steps[i].action);
    }
    free(b->deeds);
    free(b->steps);
    b->deeds = NULL;
    b->steps = NULL;
    b->deed_count = b->step_count = 0;
}

void ob_books_fini(struct ob_books *b)
{
    forget_deeds(b);
    for (size_t i = 0; i < b->count; i++) {
        free(b->subjects[i].id);
        free(b->subjects[i].key);
        free(b->subjects[i].mark);
    }
    free(b->subjects);
    ob_idmap_fini(&b->map);
    *b = (struct ob_books){0};
}

struct reading {
    struct ob_rehearsal *r;
    enum ob_status st;
    struct ob_err *err;
};

static bool take_person(void *ctx, const struct ob_person_row *p)
{
    struct ob_rehearsal *r = ctx;
    struct ob_books *b = &r->books;
    const struct ob_deed_step *s = &b->steps[b->step_count - 1];
    if (s->at < 0)
        return true;
    if ((b->deed_count & (b->deed_count + 1)) == 0)
        b->deeds = ob_xrealloc(b->deeds, 2 * (b->deed_count + 1), sizeof *b->deeds);
    b->deeds[b->deed_count++] =
        (struct ob_deed){.subject = (int64_t)subject(b, s->at, p->id, p->person),
                         .step = b->step_count - 1,
                         .state = p->state,
                         .detail = ob_xstrdup(p->detail ? p->detail : "")};
    return true;
}

static int64_t due_of(const struct ob_step_row *s)
{
    struct ob_buf due;
    int64_t ms = 0;
    ob_buf_init(&due, OB_BUF_SMALL);
    if (strcmp(s->action, "wait") == 0 &&
        ob_json_pick(ob_buf_str(&s->options), s->options.len, "due_ms", &due))
        ms = strtoll(ob_buf_str(&due), NULL, 10);
    ob_buf_fini(&due);
    return ms;
}

static bool is_straight(const struct ob_step_row *s)
{
    struct ob_buf word;
    ob_buf_init(&word, OB_BUF_SMALL);
    bool yes = ob_json_pick(ob_buf_str(&s->options), s->options.len, "straight", &word) &&
               strcmp(ob_buf_str(&word), "true") == 0;
    ob_buf_fini(&word);
    return yes;
}

static bool take_step(void *ctx, const struct ob_step_row *s)
{
    struct reading *g = ctx;
    struct ob_rehearsal *r = g->r;
    struct ob_books *b = &r->books;
    int at = ob_rehearsal_number(r, s->target);
    const struct ob_action *a =
        at >= 0 ? ob_provider_action(r->opened[at]->provider.info, s->action) : NULL;
    b->steps = ob_xrealloc(b->steps, b->step_count + 1, sizeof *b->steps);
    b->steps[b->step_count++] = (struct ob_deed_step){.path = ob_xstrdup(s->path),
                                                      .target = ob_xstrdup(s->target),
                                                      .action = ob_xstrdup(s->action),
                                                      .at = at,
                                                      .kind = a ? a->kind : OB_KIND_DELETE,
                                                      .raw = strcmp(s->action, "request") == 0,
                                                      .straight = is_straight(s),
                                                      .due_ms = due_of(s)};
    g->st = ob_ledger_person_each(r->ledger, r->run, s->path, take_person, r, g->err);
    return g->st == OB_OK;
}

enum ob_status ob_books_read(struct ob_rehearsal *r, struct ob_err *err)
{
    struct reading g = {r, OB_OK, err};
    forget_deeds(&r->books);
    enum ob_status st = ob_ledger_step_each(r->ledger, r->run, take_step, &g, err);
    return st == OB_OK ? g.st : st;
}

/* ---- the clouds ---- */

enum ob_status ob_books_end(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_books *b = &r->books;
    enum ob_status st = ob_books_read(r, err);
    for (size_t i = 0; i < r->effect_count && st == OB_OK; i++)
        if (r->effects[i].target >= 0)
            b->subjects[subject(b, r->effects[i].target, r->effects[i].id, NULL)].effects++;
    return st == OB_OK ? stand(r, true, err) : st;
}

/* ---- the world, for expect() and reports ---- */

static struct ob_value *person_entry(struct ob_value *people, struct ob_idmap *at, const char *key)
{
    size_t i = ob_idmap_add(at, key, ob_list_count(people));
    if (i != OB_IDMAP_NONE)
        return &people->list.items[i];
    struct ob_value *p = ob_list_push(people);
    ob_value_set_map(p);
    ob_map_put_str(p, "name", key);
    return p;
}

static void put_effect(const struct ob_rehearsal *r, struct ob_value *entry,
                       const struct ob_effect *e)
{
    static const char *const names[] = {"disabled_at", "enabled_at", "deleted_at", "added_at"};
    int kind = ob_effect_kind(e->op);
    if (kind >= 0)
        ob_value_set_num(ob_map_put(entry, names[kind]),
                         (double)(r->setup.start_ms + e->at_ms) / 1000);
}

static void put_deed(const struct ob_rehearsal *r, struct ob_value *people, struct ob_idmap *at,
                     const struct ob_deed *d)
{
    const struct ob_subject *s = &r->books.subjects[d->subject];
    struct ob_value *person = person_entry(people, at, s->key);
    struct ob_value *entry = ob_map_put(person, ob_rehearsal_target(r, s->target));
    const char *word = ob_person_state_final(d->state) ? ob_person_state_word(d->state) : "pending";
    if (entry->type != OB_MAP) {
        ob_value_set_map(entry);
        ob_map_put_str(entry, "id", s->id);
        ob_map_put_str(entry, "state", s->after);
        ob_value_set_map(ob_map_put(entry, "actions"));
    }
    ob_map_put_str(entry, "outcome", word);
    ob_map_put_str(ob_map_put(entry, "actions"), r->books.steps[d->step].action, word);
}

static void put_times(const struct ob_rehearsal *r, struct ob_value *people, struct ob_idmap *at)
{
    for (size_t i = 0; i < r->effect_count; i++) {
        const struct ob_effect *e = &r->effects[i];
        char *mark = ob_xasprintf("%d\n%s", e->target, e->id);
        size_t s = ob_idmap_get(&r->books.map, mark);
        free(mark);
        const char *key = s == OB_IDMAP_NONE ? NULL : r->books.subjects[s].key;
        if (!key)
            continue;
        struct ob_value *entry =
            ob_map_put(person_entry(people, at, key), ob_rehearsal_target(r, e->target));
        if (entry->type == OB_MAP)
            put_effect(r, entry, e);
    }
}

const struct ob_value *ob_rehearsal_world(struct ob_rehearsal *r)
{
    struct ob_idmap at;
    if (r->world.type == OB_MAP)
        return &r->world;
    ob_value_set_map(&r->world);
    ob_value_set_num(ob_map_put(&r->world, "started"), (double)r->setup.start_ms / 1000);
    ob_value_set_num(ob_map_put(&r->world, "now"), (double)ob_wall_ms(&r->clock) / 1000);
    struct ob_value *people = ob_map_put(&r->world, "people");
    ob_value_set_list(people);
    ob_idmap_init(&at);
    for (size_t i = 0; i < r->books.deed_count; i++)
        if (r->books.subjects[r->books.deeds[i].subject].key)
            put_deed(r, people, &at, &r->books.deeds[i]);
    put_times(r, people, &at);
    ob_idmap_fini(&at);
    return &r->world;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines in order, so that two runs that end alike are equal byte by byte. */
void ob_rehearsal_ends(struct ob_rehearsal *r, struct ob_buf *out)
{
    const struct ob_books *b = &r->books;
    size_t n = b->count + b->deed_count;
    char **lines = ob_xcalloc(n + 1, sizeof *lines);
    for (size_t i = 0; i < b->count; i++)
        lines[i] = ob_xasprintf("%s %s is %s after %zu changes\n",
                                ob_rehearsal_target(r, b->subjects[i].target), b->subjects[i].id,
                                b->subjects[i].after, b->subjects[i].effects);
    for (size_t i = 0; i < b->deed_count; i++) {
        const struct ob_deed_step *s = &b->steps[b->deeds[i].step];
        lines[b->count + i] = ob_xasprintf("step %s %s %s: %s\n", s->path, s->action,
                                           b->subjects[b->deeds[i].subject].id,
                                           ob_person_state_word(b->deeds[i].state));
    }
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++) {
        ob_buf_adds(out, lines[i]);
        free(lines[i]);
    }
    free(lines);
}
