/* See limit.h. Limits count distinct people of a target, of all actions that take something away
 * (disable, delete), and of deletions alone. */
#include "engine/limit.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/idmap.h"

struct tally { /* of one target */
    struct tally *next;
    const struct ob_target *t;
    struct ob_idmap touched, deleted;
    char **owned;
    size_t count, cap;
};

struct bound {
    int64_t users; /* -1: none */
    double share;  /* -1: none */
    char *users_where, *share_where;
};

struct ob_limits {
    struct tally *tallies;
    struct bound any, deletes;
};

static void bound_init(struct bound *b)
{
    *b = (struct bound){.users = -1, .share = -1};
}

struct ob_limits *ob_limits_new(void)
{
    struct ob_limits *g = ob_xcalloc(1, sizeof *g);
    bound_init(&g->any);
    bound_init(&g->deletes);
    return g;
}

static void free_tally(struct tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->owned[i]);
    free(t->owned);
    ob_idmap_fini(&t->touched);
    ob_idmap_fini(&t->deleted);
    free(t);
}

void ob_limits_free(struct ob_limits *g)
{
    if (!g)
        return;
    while (g->tallies) {
        struct tally *t = g->tallies;
        g->tallies = t->next;
        free_tally(t);
    }
    free(g->any.users_where);
    free(g->any.share_where);
    free(g->deletes.users_where);
    free(g->deletes.share_where);
    free(g);
}

static void set_where(char **at, const char *where)
{
    free(*at);
    *at = ob_xstrdup(where);
}

void ob_limits_set(struct ob_limits *g, int64_t users, double share, bool kind_delete,
                   const char *where)
{
    struct bound *b = kind_delete ? &g->deletes : &g->any;
    if (users >= 0 && (b->users < 0 || users < b->users)) {
        b->users = users;
        set_where(&b->users_where, where);
    }
    if (share >= 0 && (b->share < 0 || share < b->share)) {
        b->share = share;
        set_where(&b->share_where, where);
    }
}

enum ob_status ob_limits_max_delete(struct ob_limits *g, const char *text, struct ob_err *err)
{
    char *end;
    double n = strtod(text, &end);
    if (end != text && n >= 0 && strcmp(end, "%") == 0 && n <= 100)
        ob_limits_set(g, -1, n / 100, true, "--max-delete");
    else if (end != text && n >= 0 && *end == '\0' && n == floor(n) && n < 1e15)
        ob_limits_set(g, (int64_t)n, -1, true, "--max-delete");
    else
        return ob_fail(err, OB_ERR_USAGE, "--max-delete %s: say a number or a share such as 5%%",
                       text);
    return OB_OK;
}

static struct tally *tally_of(struct ob_limits *g, const struct ob_target *t)
{
    struct tally *y = g->tallies;
    while (y && y->t != t)
        y = y->next;
    if (y)
        return y;
    y = ob_xcalloc(1, sizeof *y);
    y->t = t;
    ob_idmap_init(&y->touched);
    ob_idmap_init(&y->deleted);
    y->next = g->tallies;
    g->tallies = y;
    return y;
}

static void count_person(struct tally *y, const char *id, bool deletes)
{
    if (ob_idmap_get(&y->touched, id) == OB_IDMAP_NONE ||
        (deletes && ob_idmap_get(&y->deleted, id) == OB_IDMAP_NONE)) {
        if (y->count == y->cap) {
            y->cap = y->cap ? y->cap * 2 : 64;
            y->owned = ob_xrealloc(y->owned, y->cap, sizeof *y->owned);
        }
        y->owned[y->count] = ob_xstrdup(id);
        ob_idmap_add(&y->touched, y->owned[y->count], 1);
        if (deletes)
            ob_idmap_add(&y->deleted, y->owned[y->count], 1);
        y->count++;
    }
}

static enum ob_status over_users(const struct ob_target *t, const char *what, size_t n,
                                 int64_t limit, const char *where, struct ob_err *err)
{
    if (limit < 0 || n <= (uint64_t)limit)
        return OB_OK;
    return ob_fail(err, OB_ERR_GUARD,
                   "%s: %zu people %s where %s allows %" PRId64 "; nothing was changed", t->name, n,
                   what, where, limit);
}

enum ob_status ob_limits_step(struct ob_limits *g, const struct ob_target *t,
                              const struct ob_action *a, const char *const *ids, size_t count,
                              struct ob_err *err)
{
    struct tally *y = tally_of(g, t);
    bool takes = a->kind == OB_KIND_DISABLE || a->kind == OB_KIND_DELETE;
    for (size_t i = 0; i < count && takes; i++)
        count_person(y, ids[i], a->kind == OB_KIND_DELETE);
    if (over_users(t, "would be touched", y->touched.count, t->limit_users, "targets.lua", err) ||
        over_users(t, "would be touched", y->touched.count, g->any.users, g->any.users_where,
                   err) ||
        over_users(t, "would be deleted", y->deleted.count, g->deletes.users,
                   g->deletes.users_where, err))
        return OB_ERR_GUARD;
    return OB_OK;
}

bool ob_limits_want_population(const struct ob_limits *g, const struct ob_target *t)
{
    const struct tally *y = g->tallies;
    while (y && y->t != t)
        y = y->next;
    if (!y || !y->touched.count)
        return false;
    return t->limit_share >= 0 || g->any.share >= 0 || (g->deletes.share >= 0 && y->deleted.count);
}

static enum ob_status over_share(const struct ob_target *t, const char *what, size_t n,
                                 int64_t population, double limit, const char *where,
                                 struct ob_err *err)
{
    if (limit < 0 || !n || (double)n <= limit * (double)population + 1e-9)
        return OB_OK;
    return ob_fail(
        err, OB_ERR_GUARD,
        "%s: %zu of %" PRId64 " people (%.1f %%) %s where %s allows %.4g %%; nothing was "
        "changed",
        t->name, n, population, 100.0 * (double)n / (double)(population ? population : 1), what,
        where, limit * 100);
}

enum ob_status ob_limits_population(struct ob_limits *g, const struct ob_target *t,
                                    int64_t population, struct ob_err *err)
{
    const struct tally *y = tally_of(g, t);
    if (over_share(t, "would be touched", y->touched.count, population, t->limit_share,
                   "targets.lua", err) ||
        over_share(t, "would be touched", y->touched.count, population, g->any.share,
                   g->any.share_where, err) ||
        over_share(t, "would be deleted", y->deleted.count, population, g->deletes.share,
                   g->deletes.share_where, err))
        return OB_ERR_GUARD;
    return OB_OK;
}
