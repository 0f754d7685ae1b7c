/* A policy from its text to its end, over the simulated clouds in this very process: no socket,
 * and a clock that only moves when something is waited for. What a policy says with note{} is what
 * tests look at. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/approval.h"
#include "engine/plan.h"
#include "script/policy.h"
#include "script/policy_parts.h"
#include "script/sim.h"

#define WALL_MS 1795320000000 /* 2026-11-22T04:00:00Z */

struct call_out {
    uint64_t id;
    struct ob_served in;
    char *target;
    bool cut; /* carried out, and the answer is lost */
};

struct bench {
    int64_t now;
    int64_t wall_off;  /* the wall clock was set by that much */
    const char *fresh; /* what the input "leavers" holds when it is read again; NULL: it is gone */
    int64_t fresh_ms;  /* when that file was last changed; 0: nobody knows */
    const char *fresh_roster; /* the same of the input "roster" */
    struct ob_clock clock;
    struct ob_transport transport;
    struct ob_sim *sim;
    struct ob_config config;
    struct ob_ledger *ledger;
    struct ob_bound_input inputs[2];
    struct ob_value plan, vars, notes;
    int64_t run;
    struct call_out *out;
    size_t out_count, sent;
    const char *swallow; /* calls of this Alibaba operation never arrive */
    int64_t undo_of;
    void (*on_send)(struct bench *b); /* what happens beside it; NULL: nothing */
    size_t stop_at; /* at this send the run is stopped and all answers are lost; 0: never */
    struct ob_policy *policy;
    const char *max_delete;
    int64_t ceiling; /* 0: none */
    const struct ob_struck *struck;
    struct ob_limits limits;
    bool busy; /* all that is not held is collected at once */
    struct ob_err err;
};

/* ---- transport ---- */

static inline void bench_send(void *self, uint64_t id, const struct ob_route *route,
                              const struct ob_request *r)
{
    struct bench *b = self;
    b->out = ob_xrealloc(b->out, b->out_count + 1, sizeof *b->out);
    struct call_out *c = &b->out[b->out_count++];
    struct ob_buf line;
    *c = (struct call_out){.id = id};
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_request_target(r, route->endpoint.base, &line);
    c->target = ob_buf_take(&line);
    c->in.method = r->method;
    ob_fields_copy(&c->in.headers, &r->headers);
    if (!ob_fields_get(&r->headers, "host"))
        ob_fields_add(&c->in.headers, "host", route->endpoint.authority);
    ob_buf_init(&c->in.body, OB_BUF_LARGE);
    ob_buf_add(&c->in.body, ob_buf_str(&r->body), r->body.len);
    char *query = strchr(c->target, '?');
    char *path = ob_xmemdup(c->target, query ? (size_t)(query - c->target) : strlen(c->target));
    char *method = ob_xstrdup(r->method);
    c->in.path = path;
    c->in.method = method;
    c->in.target = c->target;
    c->in.query = query ? query + 1 : "";
    b->sent++;
    if (b->on_send)
        b->on_send(b);
    if (b->stop_at && b->sent >= b->stop_at) {
        c->cut = true;
        ob_policy_stop(b->policy, OB_ERR_SIGTERM);
    }
}

static inline void call_fini(struct call_out *c)
{
    free(c->target);
    free((char *)(uintptr_t)c->in.path);
    free((char *)(uintptr_t)c->in.method);
    ob_fields_fini(&c->in.headers);
    ob_buf_fini(&c->in.body);
}

static inline void bench_answer(struct bench *b, struct call_out *c, struct ob_completion *out)
{
    struct ob_reply reply = {0};
    const char *action = ob_fields_get(&c->in.headers, "x-acs-action");
    bool swallowed = b->swallow && action && strcmp(action, b->swallow) == 0;
    *out = (struct ob_completion){.id = c->id, .sent = true};
    ob_buf_init(&reply.response.body, OB_BUF_LARGE);
    if (!swallowed)
        ob_sim_handle(b->sim, &c->in, &reply);
    if (swallowed || c->cut || reply.fault != OB_FAULT_NONE) {
        out->error = OB_NET_BROKEN;
        snprintf(out->message, sizeof out->message, "connection lost");
        ob_response_fini(&reply.response);
    } else {
        out->response = reply.response;
    }
    call_fini(c);
}

static inline size_t bench_poll(void *self, int64_t wait_ms, struct ob_completion *out, size_t max)
{
    struct bench *b = self;
    if (!b->out_count) {
        b->now += wait_ms;
        return 0;
    }
    b->now += 1;
    bench_answer(b, &b->out[0], out);
    memmove(b->out, b->out + 1, --b->out_count * sizeof *b->out);
    return 1;
}

static inline size_t bench_in_flight(void *self)
{
    return ((struct bench *)self)->out_count;
}

static inline void bench_wake(void *self) {}

static inline int64_t bench_mono(void *self)
{
    return ((struct bench *)self)->now;
}

static inline int64_t bench_wall(void *self)
{
    return ((struct bench *)self)->now + ((struct bench *)self)->wall_off + WALL_MS;
}

static inline enum ob_status bench_reread(void *self, const struct ob_bound_input *in,
                                          struct ob_buf *out, int64_t *mtime_ms, struct ob_err *err)
{
    struct bench *b = self;
    *mtime_ms = b->fresh_ms;
    const char *fresh = in == &b->inputs[1] ? b->fresh_roster : b->fresh;
    if (!fresh)
        return ob_fail(err, OB_ERR_INPUT, "%s: cannot open", in->source);
    ob_buf_adds(out, fresh);
    return OB_OK;
}

/* ---- configuration ---- */

static inline void config_add(struct bench *b, const char *name, const char *provider,
                              const char *const *fields, const char *secret)
{
    struct ob_config *c = &b->config;
    c->targets = ob_xrealloc(c->targets, c->count + 1, sizeof *c->targets);
    struct ob_target_config *t = &c->targets[c->count++];
    *t = (struct ob_target_config){.name = (char *)(uintptr_t)name,
                                   .provider = (char *)(uintptr_t)provider,
                                   .parallel = 2,
                                   .timeout_ms = 1000};
    ob_limit_lift(&t->limit); /* whoever tests limits writes their own */
    ob_value_set_list(&t->protect);
    ob_value_set_map(&t->fields);
    ob_map_put_str(&t->fields, "endpoint", "http://127.0.0.1:1");
    for (; fields[0]; fields += 2)
        ob_map_put_str(&t->fields, fields[0], fields[1]);
    ob_value_set_secret(ob_map_put(&t->fields, secret), 0);
}

static inline void config_secret(struct bench *b, const char *field, const char *bytes)
{
    struct ob_target_config *t = &b->config.targets[b->config.count - 1];
    ob_value_set_secret(ob_map_put(&t->fields, field),
                        ob_secret_literal(b->config.vault, bytes, strlen(bytes)));
}

static inline void bench_config(struct bench *b)
{
    static const char *const meeting[] = {"app_id", "demoappid00000000000000000000001", NULL};
    static const char *const desktops[] = {"access_key_id", "LTAIdemo0000000000000001", NULL};
    static const char *const studio[] = {"project_id",
                                         "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
                                         "workspace_id",
                                         "2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c",
                                         "access_key",
                                         "DEMOHUAWEIAK00000001",
                                         NULL};
    b->config.path = (char *)"targets.lua";
    b->config.vault = ob_vault_new();
    config_add(b, "meeting", "huawei-meeting", meeting, "app_key");
    config_secret(b, "app_key", "demo-app-key-of-the-simulated-meeting");
    config_add(b, "desktops", "alibaba-eds", desktops, "access_key_secret");
    config_secret(b, "access_key_secret", "demoAliyunSecret00000000000001");
    config_add(b, "studio", "huawei-dataarts", studio, "secret_key");
    config_secret(b, "secret_key", "demoHuaweiSecretKey00000000000000000000001");
}

/* `people` in the clouds and `leavers` of them in the input "leavers"; faults as offboard sim's. */
static inline void bench_init(struct bench *b, int people, int leavers, const char *faults)
{
    struct ob_value options = {0};
    memset(b, 0, sizeof *b);
    b->clock = (struct ob_clock){b, bench_wall, bench_mono};
    b->transport = (struct ob_transport){b, bench_send, bench_poll, bench_in_flight, bench_wake};
    b->limits = (struct ob_limits){OB_LIMIT_MEMORY, OB_LIMIT_CPU_MS};
    ob_value_set_map(&options);
    ob_map_put_int(&options, "people", people);
    ob_map_put_str(&options, "faults", faults);
    if (ob_sim_new(&b->sim, &options, &b->clock, &b->err) != OB_OK ||
        ob_ledger_open(&b->ledger, ":memory:", &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    b->inputs[0] = (struct ob_bound_input){.name = (char *)"leavers", .source = (char *)"l.csv"};
    ob_buf_init(&b->inputs[0].bytes, OB_BUF_LARGE);
    if (ob_sim_leavers(b->sim, leavers, &b->inputs[0].bytes, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    ob_value_set_map(&b->vars);
    bench_config(b);
    ob_value_fini(&options);
}

static inline void bench_fini(struct bench *b)
{
    while (b->out_count)
        call_fini(&b->out[--b->out_count]);
    free(b->out);
    ob_sim_free(b->sim);
    ob_ledger_close(b->ledger);
    ob_buf_fini(&b->inputs[0].bytes);
    ob_buf_fini(&b->inputs[1].bytes);
    ob_value_fini(&b->plan);
    ob_value_fini(&b->vars);
    ob_value_fini(&b->notes);
    for (size_t i = 0; i < b->config.count; i++) {
        ob_value_fini(&b->config.targets[i].fields);
        ob_value_fini(&b->config.targets[i].protect);
    }
    free(b->config.targets);
    ob_vault_free(b->config.vault);
}

/* A second input, "roster": these bytes, now and when it is read again. */
static inline void bench_roster(struct bench *b, const char *text)
{
    ob_buf_fini(&b->inputs[1].bytes);
    b->inputs[1] = (struct ob_bound_input){.name = (char *)"roster", .source = (char *)"r.csv"};
    ob_buf_init(&b->inputs[1].bytes, OB_BUF_LARGE);
    ob_buf_adds(&b->inputs[1].bytes, text);
    b->fresh_roster = text;
}

/* The input "leavers" becomes another file. */
static inline void bench_leavers(struct bench *b, const char *text)
{
    ob_buf_clear(&b->inputs[0].bytes);
    ob_buf_adds(&b->inputs[0].bytes, text);
}

/* ---- running ---- */

static inline enum ob_status bench_policy(struct bench *b, enum ob_mode mode, const char *text)
{
    struct ob_policy_options o = {
        .mode = mode,
        .name = "p.lua",
        .text = text,
        .len = strlen(text),
        .inputs = b->inputs,
        .input_count = b->inputs[1].name ? 2 : 1,
        .vars = &b->vars,
        .max_delete = b->max_delete,
        .ceiling = b->ceiling ? b->ceiling : OB_CEILING_NONE,
        .struck = b->struck,
        .limits = b->limits,
        .now_ms = WALL_MS,
        .today = "2026-11-22",
        .config = &b->config,
        .clock = &b->clock,
        .transport = b->transport,
        .ledger = b->ledger,
        .plan = mode == OB_MODE_APPLY ? &b->plan : NULL,
        .run = b->run,
        .undo_of = b->undo_of,
        .reread = bench_reread,
        .reread_ctx = b,
    };
    memset(&b->err, 0, sizeof b->err);
    enum ob_status st = ob_policy_new(&b->policy, &o, &b->err);
    if (st != OB_OK)
        return st;
    if (b->busy)
        lua_gc(b->policy->script->L, LUA_GCINC, 1, 1000, 30);
    st = ob_policy_run(b->policy, &b->err);
    struct ob_value *doc = ob_policy_document(b->policy);
    ob_value_fini(&b->notes);
    ob_value_copy(&b->notes, ob_map_get(doc, "notes"));
    if (mode == OB_MODE_PLAN) {
        ob_value_fini(&b->plan);
        ob_value_copy(&b->plan, doc);
    }
    ob_policy_free(b->policy);
    b->policy = NULL;
    while (b->out_count) { /* what was on its way arrives, and nobody hears the answer */
        struct ob_completion c;
        bench_answer(b, &b->out[--b->out_count], &c);
        ob_completion_fini(&c);
    }
    return st;
}

static inline enum ob_status bench_plan(struct bench *b, const char *text)
{
    return bench_policy(b, OB_MODE_PLAN, text);
}

static inline enum ob_status bench_resume(struct bench *b, const char *text)
{
    return bench_policy(b, OB_MODE_APPLY, text);
}

static inline enum ob_status bench_apply(struct bench *b, const char *text)
{
    if (ob_ledger_run_new(b->ledger, "", 1, &b->run, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    return bench_resume(b, text);
}

/* How a policy ended: with this status, and these words in its message; or well. */
static inline void ends(struct bench *b, enum ob_status st, enum ob_status want, const char *part)
{
    if (st != want || !strstr(b->err.message, part))
        fail_msg("%s: \"%s\" instead of %s: \"%s\"", ob_status_word(st), b->err.message,
                 ob_status_word(want), part);
}

static inline void good(struct bench *b, enum ob_status st)
{
    if (st != OB_OK)
        fail_msg("%s: %s", ob_status_word(st), b->err.message);
}

/* Notes as lines; good until the next call. */
static inline const char *bench_notes(const struct bench *b)
{
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < ob_list_count(&b->notes); i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "\n" : "",
                              ob_value_str(ob_list_at(&b->notes, i)));
    return text;
}

static inline size_t bench_steps(const struct bench *b)
{
    return ob_list_count(ob_map_get(&b->plan, "steps"));
}

/* Somebody else's run, in between. */
static inline void bench_aside(struct bench *b, const char *text)
{
    struct ob_value plan = b->plan;
    int64_t run = b->run, undo_of = b->undo_of;
    ob_value_init(&b->plan);
    b->undo_of = 0;
    good(b, bench_plan(b, text));
    good(b, bench_apply(b, text));
    ob_value_fini(&b->plan);
    b->plan = plan;
    b->run = run;
    b->undo_of = undo_of;
}

/* The input without its line `gone` (1 is the head); the caller's. */
static inline char *bench_without(const struct bench *b, int gone)
{
    const char *at = ob_buf_str(&b->inputs[0].bytes);
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    for (int line = 1; *at; line++) {
        size_t n = strcspn(at, "\n") + 1;
        if (line != gone)
            ob_buf_add(&out, at, n);
        at += n;
    }
    return ob_buf_take(&out);
}

struct bench_counting {
    enum ob_person_state state;
    int64_t n;
};

static inline bool bench_count_one(void *ctx, const struct ob_person_row *row)
{
    struct bench_counting *c = ctx;
    c->n += row->state == c->state;
    return true;
}

static inline bool bench_has_step(struct bench *b, const char *path)
{
    struct ob_step_row row;
    if (ob_ledger_step_get(b->ledger, b->run, path, &row, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    bool there = row.path != NULL;
    ob_step_row_fini(&row);
    return there;
}

/* People of a step in this state, as the ledger has them. */
static inline int64_t bench_count(struct bench *b, const char *path, enum ob_person_state state)
{
    struct bench_counting c = {state, 0};
    if (ob_ledger_person_each(b->ledger, b->run, path, bench_count_one, &c, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    return c.n;
}

/* A number of the simulator's own books, by a dotted path. */
static inline int64_t bench_state(struct bench *b, const char *path)
{
    struct ob_buf json;
    struct ob_value v;
    char name[100];
    ob_buf_init(&json, OB_BUF_LARGE);
    if (ob_sim_state(b->sim, false, &json, &b->err) != OB_OK ||
        ob_script_json(ob_buf_str(&json), json.len, &v, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    const struct ob_value *at = &v;
    for (const char *dot; (dot = strchr(path, '.')); path = dot + 1) {
        snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
        at = ob_map_get(at, name);
    }
    const struct ob_value *last = ob_map_get(at, path);
    int64_t n =
        last && last->type == OB_LIST ? (int64_t)last->list.count : ob_map_int(at, path, -1);
    ob_value_fini(&v);
    ob_buf_fini(&json);
    return n;
}
