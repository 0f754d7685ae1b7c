/* Targets of ours against the simulated clouds without a socket or an engine: a provider's
 * request, signed as it is sent, served in process, and its answer read. */
#pragma once
#include "sim_fixture.h"
#include "base/random.h"
#include "script/target.h"
#include "sign/sign.h"

struct world {
    struct sim_fixture sim;
    struct ob_config config;
    struct ob_target *target;
    struct ob_token token;
};

struct field {
    const char *name, *text;
};

static inline void put_fields(struct world *w, struct ob_value *out, const struct field *fields)
{
    ob_value_init(out);
    ob_value_set_map(out);
    ob_map_put_str(out, "endpoint", "http://127.0.0.1:8080");
    for (; fields->name; fields++)
        if (*fields->text == '@')
            ob_value_set_secret(
                ob_map_put(out, fields->name),
                ob_secret_literal(w->config.vault, fields->text + 1, strlen(fields->text + 1)));
        else
            ob_map_put_str(out, fields->name, fields->text);
}

static inline void world_open(struct world *w, const char *provider, const struct field *fields)
{
    struct ob_target_config t = {.name = (char *)"t", .provider = (char *)provider};
    struct ob_err err = {.message = ""};
    *w = (struct world){.config = {.path = (char *)"targets.lua"}};
    sim_open(&w->sim, 60, "", "all-or-nothing");
    w->config.vault = ob_vault_new();
    put_fields(w, &t.fields, fields);
    ob_value_init(&t.protect);
    ob_value_set_list(&t.protect);
    if (ob_target_open(&w->target, &w->config, &t, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_value_fini(&t.fields);
    ob_value_fini(&t.protect);
}

static inline void world_close(struct world *w)
{
    ob_token_fini(&w->token);
    ob_target_close(w->target);
    ob_vault_free(w->config.vault);
    sim_close(&w->sim);
}

/* ---- one exchange ---- */

static inline struct ob_reply serve(struct world *w, const struct ob_request *r)
{
    struct ob_buf target;
    struct ob_fields headers = {0};
    ob_buf_init(&target, OB_BUF_LARGE);
    ob_request_target(r, "", &target);
    for (size_t i = 0; i < r->headers.count; i++)
        ob_fields_add(&headers, r->headers.v[i].name, r->headers.v[i].value);
    ob_fields_set(&headers, "Host", w->target->route.endpoint.authority);
    struct ob_reply reply =
        sim_send(&w->sim, r->method, ob_buf_str(&target), &headers, ob_buf_str(&r->body));
    ob_buf_fini(&target);
    return reply;
}

static inline struct ob_sign_at sign_at(struct world *w, char nonce[OB_UUID_TEXT])
{
    return (struct ob_sign_at){
        .now_ms = w->sim.now, .nonce = ob_uuid4(nonce), .at = &w->target->route.endpoint};
}

static inline void log_in(struct world *w)
{
    const struct ob_signer *s = w->target->signer;
    char nonce[OB_UUID_TEXT];
    struct ob_sign_at at = sign_at(w, nonce);
    struct ob_request r;
    struct ob_err err = {.message = ""};
    if (!s->login || w->token.bytes)
        return;
    assert_int_equal(s->login(w->target->credential, &at, &r, &err), OB_OK);
    struct ob_reply reply = serve(w, &r);
    assert_int_equal(s->grant(w->target->credential, &reply.response, &at, &w->token, &err), OB_OK);
    ob_request_fini(&r);
    sim_reply_fini(&reply);
}

/* Signs and sends what a provider (or a test) made. */
static inline struct ob_reply exchange(struct world *w, struct ob_request *r)
{
    char nonce[OB_UUID_TEXT];
    struct ob_err err = {.message = ""};
    log_in(w);
    struct ob_sign_at at = sign_at(w, nonce);
    const struct ob_target *t = w->target;
    if (t->signer->sign(t->credential, &w->token, &at, r, &err) != OB_OK)
        fail_msg("%s", err.message);
    return serve(w, r);
}

static inline void fail_call(const char *op, const struct ob_err *err)
{
    fail_msg("%s: %s", op, err->message);
}

/* An operation of the provider; its answer must be understood as done. */
static inline void ask_cloud(struct world *w, const char *op, const struct ob_value *args,
                             struct ob_answer *out)
{
    struct ob_provider *p = &w->target->provider;
    struct ob_request r;
    struct ob_err err = {.message = ""};
    if (p->request(p->self, op, args, &r, &err) != OB_OK)
        fail_call(op, &err);
    struct ob_reply reply = exchange(w, &r);
    if (p->answer(p->self, op, args, &reply.response, out, &err) != OB_OK)
        fail_call(op, &err);
    if (out->meaning != OB_SAYS_DONE || (out->rest_in_doubt && !ob_list_count(&out->people)))
        fail_msg("%s: %s %s", op, out->code, out->message);
    ob_request_fini(&r);
    sim_reply_fini(&reply);
}

/* ---- people ---- */

static inline const struct ob_value *find_person(const struct ob_value *list, const char *id)
{
    for (size_t i = 0; i < ob_list_count(list); i++)
        if (strcmp(ob_map_str(ob_list_at(list, i), "id"), id) == 0)
            return ob_list_at(list, i);
    return NULL;
}

static inline void one_id(struct ob_value *args, const char *id)
{
    ob_value_init(args);
    ob_value_set_map(args);
    ob_value_set_list(ob_map_put(args, "ids"));
    ob_list_push_str((struct ob_value *)ob_map_get(args, "ids"), id);
}

/* { id, state, fields } of one person as `op` tells; by the list where there is no such reading. */
static inline void read_person(struct world *w, const char *op, const char *id,
                               struct ob_value *out)
{
    const struct ob_provider_info *info = w->target->provider.info;
    struct ob_value args;
    struct ob_answer a;
    one_id(&args, id);
    if (!info->lookup_max) {
        ob_value_fini(&args);
        ob_value_init(&args);
        ob_value_set_map(&args);
        ob_map_put(&args, "cursor"); /* null */
        op = "list";
    }
    ask_cloud(w, op, &args, &a);
    const struct ob_value *found = find_person(&a.people, id);
    ob_value_init(out);
    ob_value_set_map(out);
    ob_map_put_str(out, "id", id);
    ob_map_put_str(out, "state", found ? ob_map_str(found, "state") : "absent");
    if (found && ob_map_get(found, "fields"))
        ob_value_copy(ob_map_put(out, "fields"), ob_map_get(found, "fields"));
    ob_answer_fini(&a);
    ob_value_fini(&args);
}
