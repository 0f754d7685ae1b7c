/* See guard.h. Protection is looked at person by person; how many may be touched is limit.c's. */
#include "engine/guard.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/buf.h"

struct protection {
    struct protection *next;
    const struct ob_target *t; /* NULL: of the policy, for all targets */
    char *column;              /* NULL: the id */
    char *pattern;
    char *where;
};

/* Targets whose own protections were taken over. */
struct adopted {
    struct adopted *next;
    const struct ob_target *t;
};

struct ob_guard {
    struct protection *protections;
    struct adopted *adopted;
};

struct ob_guard *ob_guard_new(void)
{
    return ob_xcalloc(1, sizeof(struct ob_guard));
}

void ob_guard_free(struct ob_guard *g)
{
    if (!g)
        return;
    while (g->protections) {
        struct protection *p = g->protections;
        g->protections = p->next;
        free(p->column);
        free(p->pattern);
        free(p->where);
        free(p);
    }
    while (g->adopted) {
        struct adopted *a = g->adopted;
        g->adopted = a->next;
        free(a);
    }
    free(g);
}

/* Clouds do not agree whether Admin is admin; whoever protects one means both. */
static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Past one character, of however many bytes. */
static const char *past(const char *s)
{
    s++;
    while (((unsigned char)*s & 0xC0) == 0x80)
        s++;
    return s;
}

bool ob_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *mark = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            mark = text;
        } else if (*pattern == '?') {
            pattern++;
            text = past(text);
        } else if (folded(*pattern) == folded(*text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++mark;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static void add_protection(struct ob_guard *g, const struct ob_target *t, const char *column,
                           const char *pattern, const char *where)
{
    struct protection *p = ob_xcalloc(1, sizeof *p);
    p->t = t;
    p->column = column && strcmp(column, "account") != 0 ? ob_xstrdup(column) : NULL;
    p->pattern = ob_xstrdup(pattern);
    p->where = ob_xstrdup(where);
    p->next = g->protections;
    g->protections = p;
}

static enum ob_status add_patterns(struct ob_guard *g, const struct ob_target *t,
                                   const char *column, const struct ob_value *patterns,
                                   const char *where, struct ob_err *err)
{
    if (patterns->type == OB_STR && patterns->s.len) {
        add_protection(g, t, column, patterns->s.p, where);
        return OB_OK;
    }
    for (size_t i = 0; i < ob_list_count(patterns); i++) {
        const char *one = ob_value_str(ob_list_at(patterns, i));
        if (!one || !*one)
            return ob_fail(err, OB_ERR_POLICY,
                           "%s: protect: a pattern is a text such as \"admin*\"", where);
        add_protection(g, t, column, one, where);
    }
    if (patterns->type == OB_LIST || (patterns->type == OB_MAP && !patterns->map.count))
        return OB_OK;
    return ob_fail(err, OB_ERR_POLICY, "%s: protect: %s must be a list of patterns", where,
                   column ? column : "it");
}

enum ob_status ob_guard_protect(struct ob_guard *g, const char *column,
                                const struct ob_value *patterns, const char *where,
                                struct ob_err *err)
{
    return add_patterns(g, NULL, column, patterns, where, err);
}

/* The operator's, once. */
static enum ob_status adopt(struct ob_guard *g, const struct ob_target *t, struct ob_err *err)
{
    static const char where[] = "targets.lua";
    const struct ob_value *v = &t->protect;
    for (const struct adopted *a = g->adopted; a; a = a->next)
        if (a->t == t)
            return OB_OK;
    struct adopted *a = ob_xcalloc(1, sizeof *a);
    *a = (struct adopted){g->adopted, t};
    g->adopted = a;
    enum ob_status st = v->type == OB_LIST ? add_patterns(g, t, NULL, v, where, err) : OB_OK;
    for (size_t i = 0; v->type == OB_MAP && i < v->map.count && st == OB_OK; i++)
        st = add_patterns(g, t, v->map.pairs[i].key.p, &v->map.pairs[i].value, where, err);
    return st;
}

/* ---- who is protected ---- */

/* What the cloud shows under this name, as a text; NULL: nothing that can be compared. */
static const char *shown_text(const struct ob_value *row, const char *name, char *room, size_t size)
{
    const struct ob_value *v = ob_map_get(ob_map_get(row, "fields"), name);
    if (!v || v->type == OB_LIST || v->type == OB_MAP)
        return NULL;
    if (v->type == OB_STR)
        return v->s.p;
    if (v->type == OB_INT)
        snprintf(room, size, "%" PRId64, v->i);
    else
        snprintf(room, size, "%s", v->type != OB_BOOL ? "" : v->b ? "true" : "false");
    return room;
}

static const char *match(const struct protection *p, const char *text)
{
    return text && ob_glob(p->pattern, text) ? text : NULL;
}

/* The text of a row of the cloud that a protection is about, and that matches. */
static const char *row_match(const struct protection *p, const char *id, const struct ob_value *row,
                             char *room, size_t size)
{
    return p->column ? match(p, shown_text(row, p->column, room, size)) : match(p, id);
}

/* The same of the roster; one may have a column "account" beside that whose ids are sent. */
static const char *cell_match(const struct protection *p, const struct ob_guard_who *who, size_t i)
{
    const char *cell = who->cell ? who->cell(who->ctx, i, p->column ? p->column : "account") : NULL;
    const char *text = match(p, cell);
    return text || p->column ? text : match(p, who->ids[i]);
}

static const struct ob_value *row_of(const struct ob_guard_who *who, size_t i)
{
    return who->row ? who->row(who->ctx, i) : NULL;
}

/* A cloud may leave out what is empty: it shows a column when it shows it of anybody. */
static bool is_shown(const struct ob_guard_who *who, const char *column)
{
    char room[32];
    for (size_t i = 0; i < who->count; i++)
        if (shown_text(row_of(who, i), column, room, sizeof room))
            return true;
    return false;
}

static enum ob_status check_columns(const struct ob_guard *g, const struct ob_target *t,
                                    const struct ob_action *a, const struct ob_guard_who *who,
                                    struct ob_err *err)
{
    for (const struct protection *p = g->protections; p; p = p->next) {
        size_t i = 0;
        if (!p->column || (p->t && p->t != t))
            continue;
        while (i < who->count && who->cell && who->cell(who->ctx, i, p->column))
            i++;
        if (i < who->count && !is_shown(who, p->column))
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%s: %s has no column \"%s\", and %s shows none, so nobody can tell "
                           "whether \"%s\" of %s protects this person; nothing was changed: "
                           "protect { account = ... } is about ids",
                           t->name, a->name, who->keys[i], p->column, t->name, p->pattern,
                           p->where);
    }
    return OB_OK;
}

/* Of all those who are protected the first are told by name. */
#define TOLD 12

struct found {
    size_t count;
    struct ob_buf one, names; /* the first one, in a sentence; all of them */
};

static void tell(struct found *f, const char *key, const char *text, const struct protection *p)
{
    if (++f->count > TOLD)
        return;
    if (f->count == 1)
        ob_buf_addf(&f->one, "%s (%s), who is protected by \"%s\" of %s", key, text, p->pattern,
                    p->where);
    ob_buf_addf(&f->names, "%s%.60s (%.60s) by \"%.60s\" of %.60s", f->count > 1 ? "; " : "", key,
                text, p->pattern, p->where);
}

static void find_protection(const struct ob_guard *g, const struct ob_target *t,
                            const struct ob_guard_who *who, size_t i, struct found *f)
{
    char room[32];
    for (const struct protection *p = g->protections; p; p = p->next) {
        if (p->t && p->t != t)
            continue;
        const char *text = cell_match(p, who, i);
        if (!text)
            text = row_match(p, who->ids[i], row_of(who, i), room, sizeof room);
        if (text) {
            tell(f, who->keys[i], text, p);
            return;
        }
    }
}

static enum ob_status say_found(const struct found *f, const struct ob_target *t,
                                const struct ob_action *a, struct ob_err *err)
{
    char more[40] = "";
    if (f->count == 1)
        return ob_fail(err, OB_ERR_GUARD,
                       "%s:%s names %s; nothing was changed: leave this person out of the policy",
                       t->name, a->name, ob_buf_str(&f->one));
    if (f->count > TOLD)
        snprintf(more, sizeof more, "; and %zu more", f->count - TOLD);
    return ob_fail(err, OB_ERR_GUARD,
                   "%s:%s names %zu people who are protected; nothing was changed: leave them out "
                   "of the policy: %s%s",
                   t->name, a->name, f->count, ob_buf_str(&f->names), more);
}

static enum ob_status check_people(const struct ob_guard *g, const struct ob_target *t,
                                   const struct ob_action *a, const struct ob_guard_who *who,
                                   struct ob_err *err)
{
    struct found f = {0};
    ob_buf_init(&f.one, OB_BUF_LARGE);
    ob_buf_init(&f.names, OB_BUF_LARGE);
    for (size_t i = 0; g->protections && i < who->count; i++)
        find_protection(g, t, who, i, &f);
    enum ob_status st = f.count ? say_found(&f, t, a, err) : OB_OK;
    ob_buf_fini(&f.one);
    ob_buf_fini(&f.names);
    return st;
}

enum ob_status ob_guard_step(struct ob_guard *g, const struct ob_target *t,
                             const struct ob_action *a, const struct ob_guard_who *who,
                             struct ob_err *err)
{
    enum ob_status st = adopt(g, t, err);
    if (st == OB_OK)
        st = check_people(g, t, a, who, err);
    return st == OB_OK && !who->replay ? check_columns(g, t, a, who, err) : st;
}

bool ob_guard_shown(const struct ob_guard *g, const struct ob_target *t, const char *id,
                    const struct ob_value *row, char *why, size_t size)
{
    char room[32];
    for (const struct protection *p = g->protections; p; p = p->next) {
        const char *text = p->t && p->t != t ? NULL : row_match(p, id, row, room, sizeof room);
        if (!text)
            continue;
        snprintf(why, size, "protected by \"%s\" of %s: %s", p->pattern, p->where, text);
        return true;
    }
    return false;
}
