/* See guard.h. Protection is looked at person by person; how many may be touched is limit.c's. */
#include "engine/guard.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct protection {
    struct protection *next;
    char *column; /* NULL: the id */
    char *pattern;
    char *where;
};

struct ob_guard {
    struct protection *protections;
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

static void add_protection(struct ob_guard *g, const char *column, const char *pattern,
                           const char *where)
{
    struct protection *p = ob_xcalloc(1, sizeof *p);
    p->column = column && strcmp(column, "account") != 0 ? ob_xstrdup(column) : NULL;
    p->pattern = ob_xstrdup(pattern);
    p->where = ob_xstrdup(where);
    p->next = g->protections;
    g->protections = p;
}

enum ob_status ob_guard_protect(struct ob_guard *g, const char *column,
                                const struct ob_value *patterns, const char *where,
                                struct ob_err *err)
{
    if (patterns->type == OB_STR && patterns->s.len) {
        add_protection(g, column, patterns->s.p, where);
        return OB_OK;
    }
    for (size_t i = 0; i < ob_list_count(patterns); i++) {
        const char *one = ob_value_str(ob_list_at(patterns, i));
        if (!one || !*one)
            return ob_fail(err, OB_ERR_POLICY,
                           "%s: protect: a pattern is a text such as \"admin*\"", where);
        add_protection(g, column, one, where);
    }
    if (patterns->type == OB_LIST || (patterns->type == OB_MAP && !patterns->map.count))
        return OB_OK;
    return ob_fail(err, OB_ERR_POLICY, "%s: protect: %s must be a list of patterns", where,
                   column ? column : "it");
}

/* The text of a person that a protection is about; NULL when there is none. */
static const char *protected_text(const struct protection *p, const char *id, ob_guard_cell *cell,
                                  void *ctx, size_t i)
{
    const char *account = cell ? cell(ctx, i, p->column ? p->column : "account") : NULL;
    if (p->column)
        return account;
    /* A roster may have a column of that very name beside the one whose ids are sent. */
    return account && ob_glob(p->pattern, account) ? account : id;
}

static enum ob_status check_protected(const struct ob_guard *g, const struct ob_target *t,
                                      const struct ob_action *a, const char *key, const char *id,
                                      ob_guard_cell *cell, void *ctx, size_t i, struct ob_err *err)
{
    for (const struct protection *p = g->protections; p; p = p->next) {
        const char *text = protected_text(p, id, cell, ctx, i);
        if (!text)
            return ob_fail(
                err, OB_ERR_GUARD,
                "%s:%s: %s has no column \"%s\", so nobody can tell whether \"%s\" of "
                "%s protects this person; nothing was changed: protect { account = ... } "
                "is about ids",
                t->name, a->name, key, p->column, p->pattern, p->where);
        if (ob_glob(p->pattern, text))
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%s names %s (%s), who is protected by \"%s\" of %s; nothing was "
                           "changed: leave this person out of the policy",
                           t->name, a->name, key, text, p->pattern, p->where);
    }
    for (size_t k = 0; k < ob_list_count(&t->protect); k++) {
        const char *pattern = ob_value_str(ob_list_at(&t->protect, k));
        if (pattern && ob_glob(pattern, id))
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%s names %s (%s), who is protected by \"%s\" of targets.lua; "
                           "nothing was changed: leave this person out of the policy",
                           t->name, a->name, key, id, pattern);
    }
    return OB_OK;
}

enum ob_status ob_guard_step(struct ob_guard *g, const struct ob_target *t,
                             const struct ob_action *a, const char *const *keys,
                             const char *const *ids, size_t count, ob_guard_cell *cell, void *ctx,
                             struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < count && st == OB_OK; i++)
        st = check_protected(g, t, a, keys[i], ids[i], cell, ctx, i, err);
    return st;
}
