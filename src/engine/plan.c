/* See plan.h. */
#include "engine/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/idmap.h"

/* ---- the seal ---- */

/* What says when and by whom, and not what: the same proposal made again has the same id. What
 * was read is in the proposal that came of it, and what the policy says besides proposes nothing.
 */
static bool is_of_the_moment(const struct ob_value *doc, const char *key)
{
    static const char *const names[] = {"created_ms", "by", "readings", "notes", NULL};
    if (strcmp(key, "now_ms") == 0)
        return !ob_map_bool(doc, "asked_now", false);
    for (const char *const *n = names; *n; n++)
        if (strcmp(key, *n) == 0)
            return true;
    return false;
}

/* A wait is the same whenever it is planned, although it ends at another time. */
static void without_due(const struct ob_value *step, struct ob_value *out)
{
    ob_value_copy(out, step);
    ob_map_put_int(out, "due_ms", 0);
}

static void add_json(struct ob_sha256 *d, const struct ob_value *v, struct ob_buf *json)
{
    ob_buf_clear(json);
    ob_json_write(json, v);
    ob_sha256_add(d, ob_buf_str(json), json->len);
}

static void add_steps(struct ob_sha256 *d, const struct ob_value *steps, struct ob_buf *json)
{
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *step = ob_list_at(steps, i);
        struct ob_value wait;
        if (!ob_map_get(step, "due_ms")) {
            add_json(d, step, json);
            continue;
        }
        ob_value_init(&wait);
        without_due(step, &wait);
        add_json(d, &wait, json);
        ob_value_fini(&wait);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* SHA-256 over all that the plan proposes, field by field in the order of their names. */
static void core_digest(const struct ob_value *doc, char digest[OB_SHA256_HEX])
{
    struct ob_sha256 *d = ob_sha256_new();
    size_t n = doc->type == OB_MAP ? doc->map.count : 0;
    const char **names = ob_xcalloc(n + 1, sizeof *names);
    struct ob_buf json;
    for (size_t i = 0; i < n; i++)
        names[i] = doc->map.pairs[i].key.p;
    qsort(names, n, sizeof *names, by_name);
    ob_buf_init(&json, OB_BUF_LARGE);
    for (size_t i = 0; i < n; i++) {
        if (is_of_the_moment(doc, names[i]))
            continue;
        ob_sha256_add(d, names[i], strlen(names[i]) + 1);
        if (strcmp(names[i], "steps") == 0)
            add_steps(d, ob_map_get(doc, names[i]), &json);
        else
            add_json(d, ob_map_get(doc, names[i]), &json);
    }
    ob_buf_fini(&json);
    free(names);
    ob_sha256_end(d, digest);
}

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
    core_digest(doc, digest);
    snprintf(out->id, sizeof out->id, "%.16s", digest);
    out->created_ms = ob_map_int(doc, "created_ms", 0);
    const char *name = ob_map_str(ob_map_get(doc, "policy"), "name");
    out->policy_name = ob_xstrdup(name ? name : "");
    return OB_OK;
}

/* Also the id: a document that was put in another one's place has a right digest of its own. */
static bool is_whole(const struct ob_value *doc, const struct ob_plan_row *row)
{
    char digest[OB_SHA256_HEX];
    ob_sha256_hex(ob_buf_str(&row->document), row->document.len, digest);
    if (strcmp(digest, row->digest) != 0)
        return false;
    if (ob_map_int(doc, "version", 0) != 1) /* then the id was the beginning of that digest */
        core_digest(doc, digest);
    return strncmp(digest, row->id, OB_PLAN_ID - 1) == 0;
}

enum ob_status ob_plan_check(const struct ob_value *doc, const struct ob_plan_row *row,
                             struct ob_err *err)
{
    int64_t version = ob_map_int(doc, "version", 0);
    if (version < 1 || version > OB_PLAN_VERSION)
        return ob_fail(err, OB_ERR_STALE,
                       "plan %s: made by another version of offboard; plan again", row->id);
    if (!row->erased && !is_whole(doc, row)) /* what was erased from cannot be compared any more */
        return ob_fail(err, OB_ERR_STALE, "plan %s: its document was changed after it was made",
                       row->id);
    return OB_OK;
}

/* ---- the ceiling ---- */

struct ob_ceiling {
    struct ob_idmap at;
    char **names;
    unsigned *left;
    struct ob_was *was;
    const char **waits; /* before it; NULL: none */
    size_t count, cap;
};

static bool says_nothing(const struct ob_value *v)
{
    return !v || v->type == OB_NULL || (v->type == OB_BOOL && !v->b) ||
           (v->type == OB_LIST && !v->list.count) || (v->type == OB_MAP && !v->map.count);
}

char *ob_plan_terms(const char *action, const struct ob_value *options)
{
    static const char *const names[] = {"admins", "on_change", "require", "straight", NULL};
    struct ob_value terms;
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    ob_buf_adds(&out, action);
    ob_value_init(&terms);
    ob_value_set_map(&terms);
    for (const char *const *n = names; *n; n++)
        if (!says_nothing(ob_map_get(options, *n)))
            ob_value_copy(ob_map_put(&terms, *n), ob_map_get(options, *n));
    if (terms.map.count)
        ob_json_write(&out, &terms);
    ob_value_fini(&terms);
    return ob_buf_take(&out);
}

/* Name and id together: a plan that has both people does not permit to act upon one as the other.
 */
static char *permission(const char *target, const char *action, const char *key, const char *id)
{
    bool raw = strcmp(action, "request") == 0;
    return ob_xasprintf("%s\n%s\n%s\n%s", target, action, raw ? "" : key, id);
}

static void permit(struct ob_ceiling *c, char *name, struct ob_was was, const char *waits)
{
    size_t i = ob_idmap_add(&c->at, name, c->count);
    if (i != OB_IDMAP_NONE) {
        c->left[i]++;
        if (!waits || !ob_waits_hold(c->waits[i], waits)) /* what both have to wait for */
            c->waits[i] = ob_waits_hold(waits, c->waits[i]) ? waits : NULL;
        c->was[i].state = ""; /* it is not known which of the two comes first */
        free(name);
        return;
    }
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->names = ob_xrealloc(c->names, c->cap, sizeof *c->names);
        c->left = ob_xrealloc(c->left, c->cap, sizeof *c->left);
        c->was = ob_xrealloc(c->was, c->cap, sizeof *c->was);
        c->waits = ob_xrealloc(c->waits, c->cap, sizeof *c->waits);
    }
    c->names[c->count] = name;
    c->was[c->count] = was;
    c->waits[c->count] = waits;
    c->left[c->count++] = 1;
}

static void permit_person(struct ob_ceiling *c, const char *target, const char *action,
                          const struct ob_value *one, const char *waits)
{
    const char *key = ob_value_str(ob_list_at(one, 0)), *id = ob_value_str(ob_list_at(one, 1));
    struct ob_was was = {0};
    if (ob_list_count(one) > 3) {
        was.state = ob_value_str(ob_list_at(one, 2));
        was.print = ob_value_str(ob_list_at(one, 3));
    }
    if (key && id)
        permit(c, permission(target, action, key, id), was, waits);
}

static void permit_step(struct ob_ceiling *c, const struct ob_value *step)
{
    const char *target = ob_map_str(step, "target"), *action = ob_map_str(step, "action");
    const struct ob_value *people = ob_map_get(step, "people");
    const char *digest = ob_map_str(step, "digest"), *waits = ob_map_str(step, "waits");
    if (!target || !action)
        return;
    if (digest)
        permit(c, permission(target, action, "", digest), (struct ob_was){0}, waits);
    char *terms = ob_plan_terms(action, ob_map_get(step, "options"));
    for (size_t i = 0; i < ob_list_count(people); i++)
        permit_person(c, target, terms, ob_list_at(people, i), waits);
    free(terms);
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
    free(c->was);
    free(c->waits);
    ob_idmap_fini(&c->at);
    free(c);
}

static size_t place_of(const struct ob_ceiling *c, const char *target, const char *action,
                       const char *key, const char *id)
{
    char *name = permission(target, action, key, id);
    size_t at = ob_idmap_get(&c->at, name);
    free(name);
    return at;
}

enum ob_status ob_ceiling_take(struct ob_ceiling *c, const char *target, const char *action,
                               const char *const *keys, const char *const *ids, size_t count,
                               const char *waits, struct ob_err *err)
{
    size_t plain = strcspn(action, "{");
    for (size_t i = 0; i < count; i++) {
        size_t at = place_of(c, target, action, keys[i], ids[i]);
        if (at == OB_IDMAP_NONE || !c->left[at])
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%.*s for %s is not in the plan%s; an approved plan is a ceiling: "
                           "plan again",
                           target, (int)plain, action, keys[i],
                           action[plain] ? " with these options" : "");
        if (!ob_waits_hold(c->waits[at], waits))
            return ob_fail(err, OB_ERR_GUARD,
                           "%s:%.*s for %s comes after a wait in the plan, and not in this run; an "
                           "approved plan is a ceiling: plan again",
                           target, (int)plain, action, keys[i]);
        c->left[at]--;
    }
    return OB_OK;
}

struct ob_was ob_ceiling_was(const struct ob_ceiling *c, const char *target, const char *action,
                             const char *key, const char *id)
{
    size_t at = place_of(c, target, action, key, id);
    return at == OB_IDMAP_NONE ? (struct ob_was){0} : c->was[at];
}

/* ---- the rest ---- */

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
