/* A simulator without a socket: raw requests in, replies out, in time that the test sets. Signs by
 * hand and by formula, so that neither src/sign nor lua/sim/sign.lua is its own witness. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "script/sim.h"

#define SIM_NOW    INT64_C(1795320000000) /* 2026-11-22 */
#define SIM_MINUTE INT64_C(60000)
#define SIM_STUDIO "/v2/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c"
#define SIM_MEMBER "/v1/usg/dcs/corp/member"

struct sim_fixture {
    struct ob_sim *sim;
    struct ob_clock clock;
    int64_t now;
    int nonce;
    struct ob_buf token;
    struct ob_value event; /* of the last request */
};

static inline int64_t sim_now(void *self)
{
    return ((struct sim_fixture *)self)->now;
}

static inline void sim_note(void *ctx, const struct ob_value *event)
{
    struct sim_fixture *f = ctx;
    ob_value_fini(&f->event);
    ob_value_copy(&f->event, event);
}

static inline enum ob_status sim_try_open(struct sim_fixture *f, int64_t people, const char *faults,
                                          const char *contract, int64_t seed, struct ob_err *err)
{
    struct ob_value options;
    *f = (struct sim_fixture){.now = SIM_NOW};
    f->clock = (struct ob_clock){.self = f, .wall_ms = sim_now, .mono_ms = sim_now};
    ob_buf_init(&f->token, OB_BUF_SMALL);
    ob_value_init(&options);
    ob_value_set_map(&options);
    ob_map_put_int(&options, "people", people);
    ob_map_put_int(&options, "seed", seed);
    ob_map_put_str(&options, "faults", faults);
    ob_map_put_str(&options, "contract", contract);
    enum ob_status status = ob_sim_new(&f->sim, &options, &f->clock, err);
    if (status == OB_OK)
        ob_sim_set_log(f->sim, sim_note, f);
    ob_value_fini(&options);
    return status;
}

static inline void sim_open(struct sim_fixture *f, int64_t people, const char *faults,
                            const char *contract)
{
    struct ob_err err = {0};
    if (sim_try_open(f, people, faults, contract, 1, &err) != OB_OK)
        fail_msg("%s", err.message);
}

static inline void sim_close(struct sim_fixture *f)
{
    ob_sim_free(f->sim);
    ob_buf_fini(&f->token);
    ob_value_fini(&f->event);
}

static inline void sim_reply_fini(struct ob_reply *r)
{
    ob_response_fini(&r->response);
    *r = (struct ob_reply){0};
}

/* `headers` is taken. */
static inline struct ob_reply sim_send(struct sim_fixture *f, const char *method,
                                       const char *target, struct ob_fields *headers,
                                       const char *body)
{
    char *path = ob_xstrdup(target), *query = strchr(path, '?');
    struct ob_reply reply = {0};
    if (query)
        *query++ = '\0';
    struct ob_served in = {.method = method,
                           .target = target,
                           .path = path,
                           .query = query ? query : "",
                           .headers = *headers};
    ob_buf_init(&in.body, OB_BUF_LARGE);
    ob_buf_adds(&in.body, body);
    ob_buf_init(&reply.response.body, OB_BUF_LARGE);
    ob_sim_handle(f->sim, &in, &reply);
    ob_buf_fini(&in.body);
    ob_fields_fini(headers);
    free(path);
    return reply;
}

/* The scalar at a dotted path of a JSON answer. Lent until the next call. */
static inline const char *sim_pick(const struct ob_reply *r, const char *path)
{
    static struct ob_buf text;
    ob_buf_fini(&text);
    ob_buf_init(&text, OB_BUF_LARGE);
    const struct ob_buf *body = &r->response.body;
    return ob_json_pick(ob_buf_str(body), body->len, path, &text) ? ob_buf_str(&text) : NULL;
}

static inline void sim_hmac(const char *key, const char *text, struct ob_buf *out)
{
    unsigned char mac[32];
    ob_hmac_sha256(key, strlen(key), text, strlen(text), mac);
    ob_hex(out, mac, sizeof mac);
}

/* ---- Meeting ---- */

/* An App ID login that never expires. */
static inline struct ob_reply sim_login(struct sim_fixture *f, const char *user)
{
    struct ob_fields headers = {0};
    struct ob_buf sig, text;
    char body[512];
    const char *app = "demoappid00000000000000000000001";
    const char *nonce = "0123456789abcdef0123456789abcdef";
    ob_buf_init(&sig, OB_BUF_SMALL);
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_buf_addf(&text, "%s:%s:0:%s", app, user, nonce);
    ob_buf_adds(&sig, "HMAC-SHA256 signature=");
    sim_hmac("demo-app-key-of-the-simulated-meeting", ob_buf_str(&text), &sig);
    ob_fields_add(&headers, "Authorization", ob_buf_str(&sig));
    snprintf(body, sizeof body,
             "{\"appId\":\"%s\",\"clientType\":72,\"expireTime\":0,\"nonce\":\"%s\","
             "\"userId\":\"%s\"}",
             app, nonce, user);
    ob_buf_fini(&sig);
    ob_buf_fini(&text);
    return sim_send(f, "POST", "/v2/usg/acs/auth/appauth", &headers, body);
}

/* Logs in as the administrator for the calls that follow. */
static inline void sim_enter(struct sim_fixture *f)
{
    struct ob_reply r = sim_login(f, "");
    assert_int_equal(r.response.status, 200);
    ob_buf_clear(&f->token);
    ob_buf_adds(&f->token, sim_pick(&r, "accessToken"));
    sim_reply_fini(&r);
}

static inline struct ob_reply sim_meeting(struct sim_fixture *f, const char *method,
                                          const char *target, const char *body)
{
    struct ob_fields headers = {0};
    ob_fields_add(&headers, "X-Access-Token", ob_buf_str(&f->token));
    return sim_send(f, method, target, &headers, body);
}

/* The same for who only wants the status. */
static inline int sim_meeting_status(struct sim_fixture *f, const char *method, const char *target,
                                     const char *body)
{
    struct ob_reply r = sim_meeting(f, method, target, body);
    int status = r.response.status;
    sim_reply_fini(&r);
    return status;
}

/* ---- DataArts ---- */

static inline struct ob_reply sim_studio(struct sim_fixture *f, const char *method,
                                         const char *path, const char *body, const char *secret)
{
    struct ob_fields headers = {0};
    char date[OB_TIME_TEXT], hash[OB_SHA256_HEX], outer[OB_SHA256_HEX];
    const char *project = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", *names = "x-project-id;x-sdk-date";
    struct ob_buf text, sig;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_init(&sig, OB_BUF_SMALL);
    ob_time_basic(f->now, date);
    ob_buf_addf(&text, "%s\n%s/\n\nx-project-id:%s\nx-sdk-date:%s\n\n%s\n%s", method, path, project,
                date, names, ob_sha256_hex(body, strlen(body), hash));
    ob_sha256_hex(ob_buf_str(&text), text.len, outer);
    ob_buf_clear(&text);
    ob_buf_addf(&text, "SDK-HMAC-SHA256\n%s\n%s", date, outer);
    ob_buf_addf(&sig,
                "SDK-HMAC-SHA256 Access=DEMOHUAWEIAK00000001, SignedHeaders=%s, Signature=", names);
    sim_hmac(secret ? secret : "demoHuaweiSecretKey00000000000000000000001", ob_buf_str(&text),
             &sig);
    ob_fields_add(&headers, "X-Sdk-Date", date);
    ob_fields_add(&headers, "X-Project-Id", project);
    ob_fields_add(&headers, "Authorization", ob_buf_str(&sig));
    ob_buf_fini(&text);
    ob_buf_fini(&sig);
    return sim_send(f, method, path, &headers, body);
}

/* ---- EDS ---- */

/* An ACS3 call with everything in the form; `nonce` NULL: a fresh one. */
static inline struct ob_reply sim_eds(struct sim_fixture *f, const char *action, const char *form,
                                      const char *nonce)
{
    struct ob_fields h = {0};
    char fresh[32], date[OB_TIME_TEXT], hash[OB_SHA256_HEX], outer[OB_SHA256_HEX];
    const char *names = "content-type;host;x-acs-action;x-acs-date;x-acs-signature-nonce;"
                        "x-acs-version";
    struct ob_buf text, sig;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_init(&sig, OB_BUF_SMALL);
    snprintf(fresh, sizeof fresh, "nonce-%d", ++f->nonce);
    ob_fields_add(&h, "content-type", "application/x-www-form-urlencoded");
    ob_fields_add(&h, "host", "127.0.0.1:8080");
    ob_fields_add(&h, "x-acs-action", action);
    ob_fields_add(&h, "x-acs-date", ob_time_iso(f->now, false, date));
    ob_fields_add(&h, "x-acs-signature-nonce", nonce ? nonce : fresh);
    ob_fields_add(&h, "x-acs-version", "2021-03-08");
    ob_buf_adds(&text, "POST\n/\n\n");
    for (size_t i = 0; i < h.count; i++)
        ob_buf_addf(&text, "%s:%s\n", h.v[i].name, h.v[i].value);
    ob_buf_addf(&text, "\n%s\n%s", names, ob_sha256_hex(form, strlen(form), hash));
    ob_sha256_hex(ob_buf_str(&text), text.len, outer);
    ob_buf_clear(&text);
    ob_buf_addf(&text, "ACS3-HMAC-SHA256\n%s", outer);
    ob_buf_addf(&sig,
                "ACS3-HMAC-SHA256 Credential=LTAIdemo0000000000000001,SignedHeaders=%s,"
                "Signature=",
                names);
    sim_hmac("demoAliyunSecret00000000000001", ob_buf_str(&text), &sig);
    ob_fields_add(&h, "authorization", ob_buf_str(&sig));
    ob_buf_fini(&text);
    ob_buf_fini(&sig);
    return sim_send(f, "POST", "/", &h, form);
}

/* ---- people and state ---- */

/* Column `column` (0 is the employee's number) of the n-th of `count` leavers. Caller frees. */
static inline char *sim_id(struct sim_fixture *f, int count, int n, int column)
{
    struct ob_buf csv;
    struct ob_err err;
    ob_buf_init(&csv, OB_BUF_LARGE);
    assert_int_equal(ob_sim_leavers(f->sim, count, &csv, &err), OB_OK);
    const char *at = ob_buf_str(&csv);
    for (int line = 0; line <= n; line++)
        at = strchr(at, '\n') + 1;
    for (int i = 0; i < column; i++)
        at = strchr(at, ',') + 1;
    char *id = ob_xmemdup(at, strcspn(at, ",\n"));
    ob_buf_fini(&csv);
    return id;
}

/* A number or text of the state, by the dotted path below "clouds". Caller frees. */
static inline char *sim_state(struct sim_fixture *f, const char *cloud, const char *id,
                              const char *field)
{
    struct ob_buf json;
    struct ob_value tree;
    struct ob_err err;
    ob_buf_init(&json, OB_BUF_LARGE);
    assert_int_equal(ob_sim_state(f->sim, false, &json, &err), OB_OK);
    assert_int_equal(ob_script_json(ob_buf_str(&json), json.len, &tree, &err), OB_OK);
    const struct ob_value *v = ob_map_get(ob_map_get(&tree, "clouds"), cloud);
    if (id)
        v = ob_map_get(ob_map_get(v, "people"), id);
    v = ob_map_get(v, field);
    char *text = !v                  ? ob_xstrdup("none")
                 : v->type == OB_INT ? ob_xasprintf("%lld", (long long)v->i)
                                     : ob_xstrdup(ob_value_str(v) ? ob_value_str(v) : "?");
    ob_value_fini(&tree);
    ob_buf_fini(&json);
    return text;
}

static inline void sim_assert_state(struct sim_fixture *f, const char *cloud, const char *id,
                                    const char *field, const char *want)
{
    char *got = sim_state(f, cloud, id, field);
    assert_string_equal(got, want);
    free(got);
}
