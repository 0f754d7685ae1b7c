/* See policy_directory.h. */
#include "script/policy_directory.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "engine/idmap.h"

struct ob_directory {
    struct ob_value rows;
    struct ob_idmap ids, folded; /* -> place in rows */
    char **keys;                 /* of `folded` */
};

void ob_directory_free(struct ob_directory *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < ob_list_count(&d->rows); i++)
        free(d->keys[i]);
    free(d->keys);
    ob_idmap_fini(&d->ids);
    ob_idmap_fini(&d->folded);
    ob_value_fini(&d->rows);
    free(d);
}

/* What is left of an id when neither case nor all from its @ on counts. */
static char *fold(const char *id)
{
    char *key = ob_xstrdup(id), *at = strchr(key, '@');
    if (at && at != key)
        *at = '\0';
    for (char *c = key; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    return key;
}

static struct ob_directory *make(struct ob_value *rows)
{
    struct ob_directory *d = ob_xcalloc(1, sizeof *d);
    ob_value_move(&d->rows, rows);
    ob_idmap_init(&d->ids);
    ob_idmap_init(&d->folded);
    size_t n = ob_list_count(&d->rows);
    d->keys = ob_xcalloc(n ? n : 1, sizeof *d->keys);
    for (size_t i = 0; i < n; i++) {
        const char *id = ob_map_str(ob_list_at(&d->rows, i), "id");
        d->keys[i] = fold(id ? id : "");
        if (id)
            ob_idmap_add(&d->ids, id, i);
        ob_idmap_add(&d->folded, d->keys[i], i);
    }
    return d;
}

static enum ob_status read_all(struct ob_policy *p, struct ob_target *t, struct ob_directory **out,
                               struct ob_err *err)
{
    struct ob_op *op = NULL;
    struct ob_value none;
    ob_value_init(&none);
    enum ob_status st = ob_engine_read(p->engine, t, "list", &none, &op, err);
    while (st == OB_OK && !op->done)
        st = ob_engine_turn(p->engine, 1000, err);
    if (st == OB_OK && op->err.status != OB_OK) {
        *err = op->err;
        st = err->status;
    }
    if (st == OB_OK)
        st = ob_limits_whole(p, t->name, (int64_t)ob_list_count(&op->value), err);
    if (st == OB_OK)
        *out = make(&op->value);
    if (op && op->done)
        ob_op_free(op);
    return st;
}

enum ob_status ob_directory_get(struct ob_policy *p, struct ob_target *t,
                                const struct ob_directory **out, struct ob_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < p->opt.config->count; i++) {
        struct ob_policy_target *pt = &p->targets[i];
        if (pt->t != t || !t->provider.info->list_page)
            continue;
        enum ob_status st = pt->directory ? OB_OK : read_all(p, t, &pt->directory, err);
        *out = pt->directory;
        return st;
    }
    return OB_OK;
}

size_t ob_directory_count(const struct ob_directory *d)
{
    return ob_list_count(&d->rows);
}

const struct ob_value *ob_directory_at(const struct ob_directory *d, size_t i)
{
    return ob_list_at(&d->rows, i);
}

const struct ob_value *ob_directory_row(const struct ob_directory *d, const char *id)
{
    size_t i = ob_idmap_get(&d->ids, id);
    return i == OB_IDMAP_NONE ? NULL : ob_list_at(&d->rows, i);
}

const char *ob_directory_like(const struct ob_directory *d, const char *id, const char **how)
{
    char *key = fold(id);
    size_t i = ob_idmap_get(&d->folded, key);
    free(key);
    const char *other = i == OB_IDMAP_NONE ? NULL : ob_map_str(ob_list_at(&d->rows, i), "id");
    if (!other || strcmp(other, id) == 0)
        return NULL;
    *how = strcasecmp(id, other) == 0 ? "which differs in case" : "which only begins like it";
    return other;
}
