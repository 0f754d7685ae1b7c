/* `approvals` of targets.lua, of all targets and of one: who has to sign a plan before it runs. The
 * keys are read with the file, so that a missing one is found before anything is planned. */
#include "script/config_parts.h"
#include "base/file.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place { /* of one rule, for messages */
    struct ob_loader *l;
    const char *action; /* or NULL */
    int line;
};

static enum ob_status wrong(const struct place *p, struct ob_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum ob_status wrong(const struct place *p, struct ob_err *err, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return ob_fail(err, OB_ERR_USAGE, "%s:%d: approvals%s%s: %s", p->l->chunk, p->line,
                   p->action ? "." : "", p->action ? p->action : "", text);
}

/* ---- of = { "alice.pub", "bob.pub" } ---- */

/* "alice" of "keys/alice.pub" */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return ob_xmemdup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

static enum ob_status add_approver(const struct place *p, struct ob_approval_rule *r,
                                   const char *file, struct ob_err *err)
{
    struct ob_key *key;
    struct ob_err why;
    char *path = ob_path_beside(p->l->config->path, file);
    enum ob_status st = ob_key_read_public(&key, path, &why);
    free(path);
    if (st != OB_OK)
        return wrong(p, err, "of: %s", why.message);
    r->of = ob_xrealloc(r->of, r->of_count + 1, sizeof *r->of);
    struct ob_approver *a = &r->of[r->of_count++];
    *a = (struct ob_approver){.name = name_of(file), .key = key};
    ob_key_print(key, a->print);
    for (size_t i = 0; i + 1 < r->of_count; i++)
        if (strcmp(r->of[i].print, a->print) == 0)
            return wrong(p, err, "of: %s and %s are the same key, and one key is one voice",
                         r->of[i].name, a->name);
    return OB_OK;
}

static enum ob_status take_of(const struct place *p, struct ob_approval_rule *r,
                              const struct ob_value *v, struct ob_err *err)
{
    if (v->type != OB_LIST || !v->list.count)
        return wrong(p, err,
                     "of must be a list of public keys like { \"alice.pub\", \"bob.pub\" }");
    for (size_t i = 0; i < v->list.count; i++) {
        const char *file = ob_value_str(ob_list_at(v, i));
        if (!file || !*file)
            return wrong(p, err, "of: every key is the path of a file, in quotes");
        enum ob_status st = add_approver(p, r, file, err);
        if (st != OB_OK)
            return st;
    }
    return OB_OK;
}

/* ---- one rule ---- */

static enum ob_status take_rule(struct ob_loader *l, struct ob_approval_rules *rules,
                                const char *action, int line, bool of_target,
                                const struct ob_value *v, struct ob_err *err)
{
    struct place p = {l, action, line};
    if (v->type != OB_MAP)
        return wrong(&p, err, "must be a table like { need = 2, of = { \"alice.pub\" } }");
    size_t at = rules->count;
    (void)ob_approval_rule_add(rules, action, line);
    for (size_t i = 0; i < v->map.count; i++) {
        const char *field = v->map.pairs[i].key.p;
        const struct ob_value *value = &v->map.pairs[i].value;
        struct ob_approval_rule *r = &rules->list[at]; /* the list may have moved */
        enum ob_status st = OB_OK;
        if (strcmp(field, "need") == 0 && (value->type != OB_INT || value->i < 0))
            st = wrong(&p, err, "need must be a whole number, and 0 is nobody");
        else if (strcmp(field, "need") == 0)
            r->need = value->i;
        else if (strcmp(field, "planner") == 0 && value->type != OB_BOOL)
            st = wrong(&p, err, "planner must be true or false");
        else if (strcmp(field, "planner") == 0)
            r->planner = value->b;
        else if (strcmp(field, "of") == 0)
            st = take_of(&p, r, value, err);
        else if (of_target && !action && value->type == OB_MAP)
            st = take_rule(l, rules, field, line, true, value, err);
        else
            st = wrong(&p, err, "unknown field %s; there are need, of and planner%s", field,
                       of_target && !action ? ", and tables for actions" : "");
        if (st != OB_OK)
            return st;
    }
    return OB_OK;
}

enum ob_status ob_config_approvals(struct ob_loader *l, int line, bool of_target,
                                   const struct ob_value *v, struct ob_approval_rules **out,
                                   struct ob_err *err)
{
    *out = ob_xcalloc(1, sizeof **out);
    return take_rule(l, *out, NULL, line, of_target, v, err);
}

/* ---- all of them together ---- */

static enum ob_status check_rule(struct ob_loader *l, const struct ob_approval_rules *target,
                                 const struct ob_approval_rule *r, struct ob_err *err)
{
    struct place p = {l, r->action, r->line};
    struct ob_approval_need n;
    ob_approval_resolve(&n, l->config->approvals, target, r->action, NULL);
    if (n.need < 0)
        return wrong(&p, err, "say how many have to approve: need = 1");
    if (n.need > 0 && !n.of_count)
        return wrong(&p, err, "say who may approve: of = { \"alice.pub\" }");
    if (n.need > (int64_t)n.of_count)
        return wrong(&p, err, "need = %lld is more than the %zu key%s of `of`", (long long)n.need,
                     n.of_count, n.of_count == 1 ? "" : "s");
    return OB_OK;
}

static enum ob_status check_rules(struct ob_loader *l, const struct ob_approval_rules *target,
                                  const struct ob_approval_rules *rules, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; rules && st == OB_OK && i < rules->count; i++)
        st = check_rule(l, target, &rules->list[i], err);
    return st;
}

enum ob_status ob_config_approvals_check(struct ob_loader *l, struct ob_err *err)
{
    enum ob_status st = check_rules(l, NULL, l->config->approvals, err);
    for (size_t i = 0; st == OB_OK && i < l->config->count; i++) {
        const struct ob_approval_rules *mine = l->config->targets[i].approvals;
        st = check_rules(l, mine, mine, err);
    }
    return st;
}

void ob_config_approval_need(const struct ob_config *c, const char *target, const char *action,
                             const char *kind, struct ob_approval_need *out)
{
    const struct ob_target_config *t = ob_config_target(c, target);
    ob_approval_resolve(out, c->approvals, t ? t->approvals : NULL, action, kind);
    out->target = target;
    out->action = action;
}

static bool is_collected(const struct ob_approval_need *needs, size_t count, const char *target,
                         const char *action)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(needs[i].target, target) == 0 && strcmp(needs[i].action, action) == 0)
            return true;
    return false;
}

/* A wait has no target, and an undo takes back what was approved. */
struct ob_approval_need *ob_config_approval_needs(const struct ob_config *c,
                                                  const struct ob_value *plan, size_t *count)
{
    const struct ob_value *steps = ob_map_get(plan, "steps");
    struct ob_approval_need *needs = NULL;
    *count = 0;
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *step = ob_list_at(steps, i);
        const char *target = ob_map_str(step, "target"), *action = ob_map_str(step, "action");
        bool idle = !ob_map_str(step, "request") && !ob_list_count(ob_map_get(step, "people"));
        if (!target || !*target || !action || idle || is_collected(needs, *count, target, action))
            continue;
        needs = ob_xrealloc(needs, *count + 1, sizeof *needs);
        ob_config_approval_need(c, target, action, ob_map_str(step, "kind"), &needs[(*count)++]);
    }
    return needs;
}
