/* Tokens: one login at a time for each target, kept until shortly before its expiry, made anew
 * once when the cloud says it is no longer good (retry.c). The token never leaves C. */
#include <string.h>
#include "base/mem.h"
#include "engine/internal.h"

/* How long before its expiry a token is no longer used: five minutes, or a tenth of its life
 * when that is shorter. */
#define MARGIN_MS ((int64_t)5 * 60 * 1000)

static bool still_good(const struct ob_engine *e, const struct ob_tstate *ts)
{
    if (!ts->token.bytes)
        return false;
    if (!ts->token_used)
        return true; /* or a clock that is off would have us log in for ever */
    int64_t life = ts->token.expires_ms - ts->token_from_ms;
    int64_t margin = life / 10 < MARGIN_MS ? life / 10 : MARGIN_MS;
    return ob_wall_ms(e->opt.clock) < ts->token.expires_ms - margin;
}

static void login_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end end,
                       const struct ob_answer *answer, const struct ob_response *response,
                       const struct ob_err *err)
{
    if (end != OB_JOB_DROPPED)
        job->ts->logging_in = false;
}

bool ob_login_ready(struct ob_engine *e, struct ob_tstate *ts)
{
    if (!ts->t->signer->login || still_good(e, ts))
        return true;
    struct ob_job *job = ob_job_new(ts, OB_CALL_LOGIN, "login", login_done, ts);
    ts->logging_in = true;
    job->next = ts->head;
    ts->head = job;
    return false;
}

void ob_login_forget(struct ob_tstate *ts)
{
    ob_token_fini(&ts->token);
}

static enum ob_meaning login_meaning(int status)
{
    if (status >= 200 && status < 300)
        return OB_SAYS_DONE;
    if (status == 429 || status == 408)
        return OB_SAYS_THROTTLED;
    if (status >= 500)
        return OB_SAYS_TRANSIENT;
    return OB_SAYS_CREDENTIAL;
}

static void pick_first(const struct ob_response *r, const char *const *paths, struct ob_buf *out)
{
    for (; *paths && !out->len; paths++)
        if (!ob_json_pick(ob_buf_str(&r->body), r->body.len, *paths, out))
            ob_buf_clear(out);
}

/* Code and reason in the answer's own words; never the whole body, which may echo what was sent. */
static void login_words(const struct ob_response *r, struct ob_answer *a)
{
    static const char *const codes[] = {"error_code", "error.title", "code", NULL};
    static const char *const texts[] = {"error_msg", "error.message", "message", NULL};
    struct ob_buf code, text;
    ob_buf_init(&code, 128);
    ob_buf_init(&text, 512);
    pick_first(r, codes, &code);
    pick_first(r, texts, &text);
    a->message = ob_xasprintf("login refused%s%s%s%s", code.len ? ": " : "", ob_buf_str(&code),
                              text.len ? ": " : "", ob_buf_str(&text));
    ob_buf_fini(&code);
    ob_buf_fini(&text);
}

void ob_login_read(struct ob_engine *e, struct ob_tstate *ts, const struct ob_completion *c,
                   struct ob_answer *a)
{
    char nonce[OB_UUID_TEXT];
    struct ob_err err;
    if (c->error != OB_NET_OK)
        return;
    a->meaning = login_meaning(c->response.status);
    if (a->meaning != OB_SAYS_DONE) {
        login_words(&c->response, a);
        return;
    }
    struct ob_sign_at at = {.now_ms = ob_wall_ms(e->opt.clock),
                            .nonce = ob_uuid4(nonce),
                            .at = &ts->t->login_route.endpoint};
    ob_token_fini(&ts->token);
    if (ts->t->signer->grant(ts->t->credential, &c->response, &at, &ts->token, &err) != OB_OK) {
        a->meaning = OB_SAYS_NONSENSE; /* a 2xx without a token: a page of a proxy, perhaps */
        a->message = ob_xstrdup(err.message);
        return;
    }
    ob_own_learn(ts, &c->response);
    ts->token_from_ms = at.now_ms;
    ts->token_used = false;
    ts->token_number++;
    if (e->opt.vault)
        ob_redact_also(e->opt.vault, ts->token.bytes, strlen(ts->token.bytes));
}
