/* Raw requests of a policy (target:request). A reading is sent like any other. Anything else is
 * journalled as a step of its own without people: its answer is kept and given again on replay,
 * and one that was in doubt when the process ended is never repeated. */
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

struct raw_op {
    struct ob_op op; /* first */
    char *path;
    bool journalled;
    bool known; /* the ledger has a row */
};

void ob_raw_free(struct ob_op *op)
{
    struct raw_op *r = (struct raw_op *)op;
    ob_value_fini(&r->op.value);
    free(r->path);
    free(r);
}

/* A server may echo what was sent; the answer goes to the policy, into plan and ledger. */
static void add_redacted(struct ob_engine *e, struct ob_buf *out, const char *p, size_t len)
{
    size_t n = strnlen(p, len); /* the redactor knows texts: piece by piece between NULs */
    ob_buf_adds(out, e->opt.vault ? ob_redact(e->opt.vault, p) : p);
    while (n < len) {
        ob_buf_addc(out, '\0');
        p += n + 1;
        len -= n + 1;
        n = strnlen(p, len);
        ob_buf_adds(out, e->opt.vault ? ob_redact(e->opt.vault, p) : p);
    }
}

static void put_redacted(struct ob_engine *e, struct ob_value *to, const char *p, size_t len)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    add_redacted(e, &text, p, len);
    ob_value_set_strn(to, ob_buf_str(&text), text.len);
    ob_buf_fini(&text);
}

/* { status, headers, body } */
static void answer_value(struct ob_engine *e, struct ob_value *v,
                         const struct ob_response *response)
{
    ob_value_set_map(v);
    ob_map_put_int(v, "status", response->status);
    struct ob_value *headers = ob_map_put(v, "headers");
    ob_value_set_map(headers);
    for (size_t i = 0; i < response->headers.count; i++) {
        char *name = ob_xstrdup(response->headers.v[i].name);
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c + 'a' - 'A');
        const char *value = response->headers.v[i].value;
        put_redacted(e, ob_map_put(headers, name), value, strlen(value));
        free(name);
    }
    put_redacted(e, ob_map_put(v, "body"), ob_buf_str(&response->body), response->body.len);
}

static void failure_value(struct ob_value *v, const char *code, const char *message)
{
    ob_value_set_map(v);
    ob_map_put_str(v, "code", code);
    ob_map_put_str(v, "message", message);
}

static void remember(struct ob_engine *e, struct raw_op *r)
{
    struct ob_buf json;
    struct ob_err err;
    if (!r->journalled || !ob_engine_txn(e, true))
        return;
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, &r->op.value);
    if (ob_ledger_step_settle(e->opt.ledger, e->opt.run, r->path, &json, &err) != OB_OK)
        ob_engine_broken(e, &err);
    ob_buf_fini(&json);
}

static void raw_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                     const struct ob_answer *a, const struct ob_response *response,
                     const struct ob_err *err)
{
    struct raw_op *r = job->owner;
    if (how == OB_JOB_DROPPED)
        return;
    if (how == OB_JOB_ANSWERED)
        answer_value(e, &r->op.value, response);
    else if (how == OB_JOB_DOUBT)
        failure_value(&r->op.value, "in_doubt", err->message);
    else if (how == OB_JOB_FAILED)
        failure_value(&r->op.value, ob_net_error_word(job->net), err->message);
    else
        r->op.err = *err;
    if (how != OB_JOB_STOPPED)
        remember(e, r);
    r->op.done = true;
    e->op_ended = true;
}

/* Did the cloud perhaps carry it out? One that was only refused, or never left, may go now. */
static bool may_have_arrived(void *ctx, const struct ob_call_row *c)
{
    bool *arrived = ctx;
    static const char *const harmless[] = {"unsent", "throttled", "error"};
    bool none = false;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        none = none || strcmp(c->result, harmless[i]) == 0;
    *arrived = *arrived || !c->done_ms || !none;
    return true;
}

/* What the ledger knows of an earlier process's request under this path. */
static enum ob_status replay(struct ob_engine *e, struct raw_op *r, const char *digest,
                             bool *settled, bool *begun, struct ob_buf *result, struct ob_err *err)
{
    struct ob_step_row row = {0};
    enum ob_status st = ob_ledger_step_get(e->opt.ledger, e->opt.run, r->path, &row, err);
    if (st != OB_OK || !row.path)
        return st;
    *settled = *begun = row.settled;
    if (strcmp(row.digest, digest) != 0)
        st = ob_fail(err, OB_ERR_POLICY,
                     "step %s was another request when this run began: the policy does not replay "
                     "the same way",
                     r->path);
    ob_buf_add(result, ob_buf_str(&row.result), row.result.len);
    ob_step_row_fini(&row);
    if (st == OB_OK && !*settled)
        st = ob_ledger_call_each(e->opt.ledger, e->opt.run, r->path, may_have_arrived, begun, err);
    r->known = true;
    return st;
}

static void add_text(struct ob_sha256 *d, const char *text)
{
    ob_sha256_add(d, text, strlen(text) + 1);
}

/* All that makes it this request: behind an RPC gateway the path is "/" for all of them. */
void ob_raw_digest(const struct ob_target *t, const struct ob_request *r, char out[65])
{
    struct ob_buf line;
    struct ob_sha256 *d = ob_sha256_new();
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_request_target(r, "", &line);
    add_text(d, t->name);
    add_text(d, r->method);
    add_text(d, ob_buf_str(&line));
    add_text(d, r->rpc_action ? r->rpc_action : "");
    add_text(d, r->rpc_version ? r->rpc_version : "");
    for (size_t i = 0; i < r->headers.count; i++) {
        add_text(d, r->headers.v[i].name);
        add_text(d, r->headers.v[i].value);
    }
    add_text(d, "");
    ob_sha256_add(d, ob_buf_str(&r->body), r->body.len);
    ob_sha256_end(d, out);
    ob_buf_fini(&line);
}

static enum ob_status journal(struct ob_engine *e, struct ob_target *t, struct raw_op *r,
                              const char *digest, struct ob_err *err)
{
    struct ob_step_row step = {
        .path = r->path, .target = t->name, .action = (char *)"request", .digest = (char *)digest};
    ob_buf_init(&step.options, OB_BUF_SMALL);
    ob_buf_adds(&step.options, "{}");
    enum ob_status st = OB_OK;
    if (ob_engine_txn(e, true))
        st = ob_ledger_step_put(e->opt.ledger, e->opt.run, &step, NULL, 0, err);
    else
        *err = e->broken, st = e->broken.status;
    ob_buf_fini(&step.options);
    return st == OB_OK ? ob_engine_flush(e, err) : st;
}

static void send_it(struct ob_engine *e, struct ob_target *t, struct raw_op *r,
                    const struct ob_request *request)
{
    struct ob_job *job =
        ob_job_new(ob_engine_target(e, t), r->journalled ? OB_CALL_RAW : OB_CALL_LOOKUP, "request",
                   raw_done, r);
    job->raw = true;
    job->step = r->path;
    ob_request_copy(&job->request, request);
    ob_job_queue(e, job);
}

/* Settled or begun before: the ledger's answer is the answer. */
static bool answered_before(struct ob_engine *e, struct raw_op *r, bool begun, bool settled,
                            const struct ob_buf *result)
{
    if (!begun)
        return false;
    r->op.done = true;
    if (settled && result->len)
        ob_value_set_strn(&r->op.value, ob_buf_str(result), result->len); /* host decodes */
    else {
        failure_value(&r->op.value, "in_doubt",
                      "sent by an earlier process that did not see the answer; not repeated");
        remember(e, r);
    }
    return true;
}

enum ob_status ob_engine_raw(struct ob_engine *e, struct ob_target *t, const char *path,
                             const struct ob_request *request, struct ob_op **out,
                             struct ob_err *err)
{
    struct raw_op *r = ob_xcalloc(1, sizeof *r);
    struct ob_buf result;
    char digest[OB_SHA256_HEX];
    bool settled = false, begun = false;
    enum ob_status st = OB_OK;
    r->op.kind = OB_OP_RAW;
    r->path = ob_xstrdup(path);
    ob_value_init(&r->op.value);
    ob_buf_init(&result, OB_BUF_LARGE);
    r->journalled = e->opt.ledger && !t->provider.is_read(t->provider.self, request);
    ob_raw_digest(t, request, digest);
    if (r->journalled)
        st = replay(e, r, digest, &settled, &begun, &result, err);
    if (st == OB_OK && !answered_before(e, r, begun, settled, &result)) {
        if (r->journalled && !r->known)
            st = journal(e, t, r, digest, err);
        if (st == OB_OK)
            send_it(e, t, r, request);
    }
    ob_buf_fini(&result);
    if (st != OB_OK)
        ob_raw_free(&r->op);
    else
        *out = &r->op;
    return st;
}
