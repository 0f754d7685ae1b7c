/* Builds a target: the provider in its state, the credential as handles, the endpoints as data.
 * Nothing is read from a vault and nothing is sent; a target that nobody uses costs nobody a
 * question for a password. */
#include "script/target.h"
#include "base/mem.h"
#include "script/provider.h"
#include <stdlib.h>
#include <string.h>

/* The target with what it lends out; the target is first, so that its address is ours. */
struct opened {
    struct ob_target target;
    struct ob_credential credential;
};

/* What targets.lua is called in messages: its name without the folders. */
static const char *file_of(const struct ob_config *c)
{
    const char *slash = c->path ? strrchr(c->path, '/') : NULL;
    return slash ? slash + 1 : c->path ? c->path : "targets.lua";
}

static enum ob_status say_where(const struct ob_config *c, const struct ob_target_config *t,
                                struct ob_err *err)
{
    return ob_err_prefix(err, "%s:%d: target \"%s\"", file_of(c), t->line, t->name);
}

/* ---- the provider and its settings ---- */

/* Lua learns which secrets there are, not which handles. */
static void split(const struct ob_value *fields, struct ob_value *plain, struct ob_value *secrets)
{
    ob_value_init(plain);
    ob_value_init(secrets);
    ob_value_set_map(plain);
    ob_value_set_map(secrets);
    for (size_t i = 0; fields->type == OB_MAP && i < fields->map.count; i++) {
        const struct ob_pair *pair = &fields->map.pairs[i];
        if (pair->value.type == OB_SECRET)
            ob_map_put_bool(secrets, pair->key.p, true);
        else
            ob_value_copy(ob_map_put(plain, pair->key.p), &pair->value);
    }
}

static enum ob_status configure(struct ob_target *t, const struct ob_value *fields,
                                struct ob_value *resolved, struct ob_err *err)
{
    struct ob_value plain, secrets;
    split(fields, &plain, &secrets);
    enum ob_status status = ob_provider_configure(&t->provider, &plain, &secrets, resolved, err);
    ob_value_fini(&plain);
    ob_value_fini(&secrets);
    return status;
}

/* ---- credential ---- */

static void take_credential(struct opened *o, const struct ob_value *fields,
                            const struct ob_value *names)
{
    for (size_t i = 0; i < ob_list_count(names); i++) {
        const char *name = ob_value_str(ob_list_at(names, i));
        const struct ob_value *v = name ? ob_map_get(fields, name) : NULL;
        if (v && v->type == OB_SECRET)
            ob_credential_add(&o->credential, name, NULL, v->secret);
        else if (v && v->type == OB_STR)
            ob_credential_add(&o->credential, name, v->s.p, -1);
    }
}

/* ---- routes ---- */

static char *copy_or_null(const char *s)
{
    return s ? ob_xstrdup(s) : NULL;
}

static enum ob_status fill_route(struct ob_route *r, const struct ob_target_config *t,
                                 const char *url, struct ob_err *err)
{
    *r = (struct ob_route){.ca_file = copy_or_null(t->ca_file),
                           .proxy = copy_or_null(t->proxy),
                           .timeout_ms = t->timeout_ms};
    enum ob_status status = ob_endpoint_parse(&r->endpoint, url, err);
    return status == OB_OK ? OB_OK : ob_fail(err, OB_ERR_USAGE, "%s", err->message);
}

static void route_fini(struct ob_route *r)
{
    ob_endpoint_fini(&r->endpoint);
    free(r->ca_file);
    free(r->proxy);
}

/* A login goes where all else goes, unless the provider says where. */
static enum ob_status fill_routes(struct ob_target *t, const struct ob_target_config *c,
                                  const struct ob_value *resolved, struct ob_err *err)
{
    const char *url = ob_map_str(resolved, "endpoint"), *login = ob_map_str(resolved, "login");
    enum ob_status status = fill_route(&t->route, c, url ? url : "", err);
    if (status != OB_OK)
        return status;
    return fill_route(&t->login_route, c, login ? login : url, err);
}

/* ---- opening ---- */

static void keep(struct ob_value *to, const struct ob_value *resolved, const char *name)
{
    const struct ob_value *said = ob_map_get(resolved, name);
    if (said)
        ob_value_copy(to, said);
}

static bool knows_action(const struct ob_provider_info *info, const char *name)
{
    for (size_t i = 0; i < info->action_count; i++)
        if (strcmp(info->actions[i].name, name) == 0 ||
            strcmp(ob_kind_word(info->actions[i].kind), name) == 0)
            return true;
    return strcmp(name, "request") == 0;
}

/* A rule for an action that is misspelt would hold for nothing. */
static enum ob_status check_approvals(const struct ob_provider_info *info,
                                      const struct ob_approval_rules *r, struct ob_err *err)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (r->list[i].action && !knows_action(info, r->list[i].action))
            return ob_fail(err, OB_ERR_USAGE,
                           "approvals: %s has no action %s; name an action, or what it does: "
                           "disable, enable, delete, add",
                           info->name, r->list[i].action);
    return OB_OK;
}

static enum ob_status fill(struct opened *o, const struct ob_config *config,
                           const struct ob_target_config *c, struct ob_err *err)
{
    struct ob_target *t = &o->target;
    struct ob_value resolved;
    if (!c->provider)
        return ob_fail(err, OB_ERR_USAGE, "provider: is missing; give the name of one");
    enum ob_status status = ob_provider_open(&t->provider, c->provider, err);
    if (status != OB_OK)
        return status;
    ob_provider_use_vault(&t->provider, config->vault);
    status = configure(t, &c->fields, &resolved, err);
    if (status == OB_OK)
        status = fill_routes(t, c, &resolved, err);
    if (status == OB_OK) {
        take_credential(o, &c->fields, ob_map_get(&resolved, "credential"));
        t->signer = ob_signer_find(t->provider.info->signer);
        keep(&t->own, &resolved, "own");
        keep(&t->id_shape, &resolved, "id_shape");
    }
    ob_value_fini(&resolved);
    return status == OB_OK ? check_approvals(t->provider.info, c->approvals, err) : status;
}

enum ob_status ob_target_open(struct ob_target **out, const struct ob_config *config,
                              const struct ob_target_config *t, struct ob_err *err)
{
    struct opened *o = ob_xcalloc(1, sizeof *o);
    o->credential.vault = config->vault;
    o->target = (struct ob_target){.name = ob_xstrdup(t->name),
                                   .credential = &o->credential,
                                   .parallel = t->parallel,
                                   .rate_calls = t->rate_calls,
                                   .rate_ms = t->rate_ms};
    ob_value_copy(&o->target.protect, &t->protect);
    ob_value_copy(&o->target.self, &t->self);
    enum ob_status status = fill(o, config, t, err);
    *out = &o->target;
    if (status == OB_OK)
        return OB_OK;
    ob_target_close(&o->target);
    *out = NULL;
    return status == OB_ERR_USAGE ? say_where(config, t, err) : status;
}

void ob_target_close(struct ob_target *t)
{
    struct opened *o = (struct opened *)t;
    if (!t)
        return;
    ob_provider_close(&t->provider);
    ob_credential_fini(&o->credential);
    route_fini(&t->route);
    route_fini(&t->login_route);
    ob_value_fini(&t->protect);
    ob_value_fini(&t->self);
    ob_value_fini(&t->own);
    ob_value_fini(&t->id_shape);
    free(t->name);
    free(o);
}
