/* See plan.h. */
#include "engine/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/idmap.h"

enum ob_status ob_plan_seal(const struct ob_value *doc, struct ob_plan_row *out, struct ob_err *err)
{
    char digest[OB_SHA256_HEX];
    *out = (struct ob_plan_row){0};
    ob_buf_init(&out->document, OB_BUF_LARGE);
    ob_json_write(&out->document, doc);
    if (out->document.overflowed)
        return ob_fail(err, OB_ERR, "the plan is larger than 1 GiB; split the input");
    ob_sha256_hex(ob_buf_str(&out->document), out->document.len, digest);
    out->digest = ob_xstrdup(digest);
    snprintf(out->id, sizeof out->id, "%.16s", digest);
    out->created_ms = ob_map_int(doc, "created_ms", 0);
    const char *name = ob_map_str(ob_map_get(doc, "policy"), "name");
    out->policy_name = ob_xstrdup(name ? name : "");
    return OB_OK;
}

enum ob_status ob_plan_check(const struct ob_value *doc, const struct ob_plan_row *row,
                             struct ob_err *err)
{
    char digest[OB_SHA256_HEX];
    ob_sha256_hex(ob_buf_str(&row->document), row->document.len, digest);
    if (strcmp(digest, row->digest) != 0 || strncmp(digest, row->id, 16) != 0)
        return ob_fail(err, OB_ERR_STALE, "plan %s: its document was changed after it was made",
                       row->id);
    if (ob_map_int(doc, "version", 0) != OB_PLAN_VERSION)
        return ob_fail(err, OB_ERR_STALE,
                       "plan %s: made by another version of offboard; plan again", row->id);
    return OB_OK;
}

struct ob_ceiling {
    struct ob_idmap at;
    char **names;
    unsigned *left;
    size_t count, cap;
};

static char *permission(const char *target, const char *action, const char *id)
{
    return ob_xasprintf("%s\n%s\n%s", target, action, id);
}

static void permit(struct ob_ceiling *c, const char *target, const char *action, const char *id)
{
    char *name = permission(target, action, id);
    size_t i = ob_idmap_add(&c->at, name, c->count);
    if (i != OB_IDMAP_NONE) {
        c->left[i]++;
        free(name);
        return;
    }
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->names = ob_xrealloc(c->names, c->cap, sizeof *c->names);
        c->left = ob_xrealloc(c->left, c->cap, sizeof *c->left);
    }
    c->names[c->count] = name;
    c->left[c->count++] = 1;
}

static void permit_step(struct ob_ceiling *c, const struct ob_value *step)
{
    const char *target = ob_map_str(step, "target"), *action = ob_map_str(step, "action");
    const struct ob_value *people = ob_map_get(step, "people");
    const char *digest = ob_map_str(step, "digest");
    if (!target || !action)
        return;
    if (digest)
        permit(c, target, action, digest);
    for (size_t i = 0; i < ob_list_count(people); i++) {
        const char *id = ob_value_str(ob_list_at(ob_list_at(people, i), 1));
        if (id)
            permit(c, target, action, id);
    }
}

struct ob_ceiling *ob_ceiling_new(const struct ob_value *doc)
{
    struct ob_ceiling *c = ob_xcalloc(1, sizeof *c);
    const struct ob_value *steps = ob_map_get(doc, "steps");
    ob_idmap_init(&c->at);
    for (size_t i = 0; i < ob_list_count(steps); i++)
        permit_step(c, ob_list_at(steps, i));
    return c;
}

void ob_ceiling_free(struct ob_ceiling *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++)
        free(c->names[i]);
    free(c->names);
    free(c->left);
    ob_idmap_fini(&c->at);
    free(c);
}

enum ob_status ob_ceiling_take(struct ob_ceiling *c, const char *target, const char *action,
                               const char *const *keys, const char *const *ids, size_t count,
                               struct ob_err *err)
{
    for (size_t i = 0; i < count; i++) {
        char *name = permission(target, action, ids[i]);
        size_t at = ob_idmap_get(&c->at, name);
        free(name);
        if (at == OB_IDMAP_NONE || !c->left[at])
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%s for %s is not in the plan; an approved plan is a ceiling: plan "
                           "again",
                           target, action, keys[i]);
        c->left[at]--;
    }
    return OB_OK;
}

int64_t ob_plan_people(const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    int64_t n = 0;
    for (size_t i = 0; i < ob_list_count(steps); i++)
        n += (int64_t)ob_list_count(ob_map_get(ob_list_at(steps, i), "people"));
    return n;
}

enum ob_status ob_plan_target(const struct ob_value *doc, const char *name, const char *provider,
                              const char *endpoint, struct ob_err *err)
{
    const struct ob_value *targets = ob_map_get(doc, "targets");
    for (size_t i = 0; i < ob_list_count(targets); i++) {
        const struct ob_value *t = ob_list_at(targets, i);
        const char *n = ob_map_str(t, "name");
        if (!n || strcmp(n, name) != 0)
            continue;
        const char *p = ob_map_str(t, "provider"), *at = ob_map_str(t, "endpoint");
        if (p && at && strcmp(p, provider) == 0 && strcmp(at, endpoint) == 0)
            return OB_OK;
        return ob_fail(err, OB_ERR_STALE,
                       "target %s was %s at %s when this was planned and is %s at %s now; plan "
                       "again",
                       name, p ? p : "?", at ? at : "?", provider, endpoint);
    }
    return ob_fail(err, OB_ERR_GUARD, "target %s is not in the plan; plan again", name);
}
