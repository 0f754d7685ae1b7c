/* A cloud in memory, a provider in C that speaks to it, a transport without sockets and a clock
 * that only moves when the engine waits. All of it repeats exactly from one seed. The world keeps
 * its own count of what was done to whom and notes the first rule that was broken in `wrong`. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "engine/engine.h"
#include "script/script.h"

enum shape { GONE, ACTIVE, DISABLED };

struct being {
    char id[32];
    enum shape state, before; /* `before` is shown while `lag` readings are left */
    int lag;
    bool hidden;  /* lists do not show this one, and say so */
    bool poison;  /* the cloud will never act on this one */
    bool planned; /* may be named at all */
    int effects;  /* how often an act changed the state */
    int named;    /* acts sent that named this one, whatever became of them */
};

enum fault {
    F_NONE,
    F_CONNECT,      /* never left */
    F_TLS,          /* never left; configuration */
    F_LOST_BEFORE,  /* timeout, no effect */
    F_LOST_AFTER,   /* timeout, carried out */
    F_BROKEN_AFTER, /* connection lost, carried out */
    F_CUT_AFTER,
    F_LARGE_AFTER,
    F_REDIRECT,
    F_500_BEFORE,
    F_500_AFTER,
    F_NONSENSE_AFTER,
    F_THROTTLE,
    F_THROTTLE_SAID, /* with a delay of w->retry_ms */
    F_TOKEN,
    F_CREDENTIAL,
    F_PERMISSION,
    F_REQUEST,
    F_SUSPECT,
    F_SAID_ONLY, /* accepted, and nothing is done */
    F_COUNT,
};

struct exchange {
    uint64_t id;
    int epoch; /* which engine sent it */
    char op[32];
    struct ob_value args;
    enum fault fault;
    int64_t arrives, returns;
    bool served, returned;
    bool bad_token;
    struct ob_answer answer;
};

struct world {
    int64_t now;
    struct ob_random rnd;
    struct being *beings;
    size_t count;
    /* how the cloud is */
    enum ob_contract contract, later; /* `later` from act number `change_after` on */
    size_t change_after;              /* 0: never */
    int hints;       /* PERSON names: 0 nobody, 1 the culprits, 2 others, 3 one of them */
    bool suspect;    /* refusals come with a code nobody knows */
    bool half;       /* a refused chunk is carried out for some all the same */
    bool absent_bad; /* acting on somebody absent is refused */
    bool forgetful;  /* lookups leave out every seventh person */
    bool lies;       /* the answer to an act speaks of people of other calls as well */
    int lag;         /* readings that show the state before */
    int latency;     /* 1..latency ms there, and back */
    int64_t retry_ms;
    bool sessions;
    int64_t token_life;
    int tokens;       /* given so far */
    int bad_until;    /* tokens up to this number are refused */
    int64_t list_odd; /* added to the total that lists say */
    int list_loop;    /* 1: the cursor repeats, 2: it goes in circles, 3: it never ends */
    bool list_grows;  /* the count changes at each page */
    enum fault (*fault)(struct world *w, const char *op, size_t nth);
    void (*on_send)(struct world *w, const struct ob_request *r, const struct exchange *x);
    void *ctx;
    struct ob_value last_args;
    /* what was seen */
    struct exchange **log;
    size_t open; /* all before this one are over */
    size_t sends, cap, acts, logins, lookups, lists;
    int epoch, in_flight, most;
    int64_t closed_until;
    bool refused_us; /* a wrong key was answered: nothing may come after it */
    size_t after_refusal;
    char wrong[300];
    /* what the engine is given */
    struct ob_clock clock;
    struct ob_transport transport;
    struct ob_provider_info info;
    struct ob_action actions[2];
    struct ob_target target;
    struct ob_signer signer;
    struct ob_credential credential;
};

static inline void wrong(struct world *w, const char *fmt, ...)
{
    if (w->wrong[0])
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(w->wrong, sizeof w->wrong, fmt, ap);
    va_end(ap);
}

static inline size_t chance(struct world *w, size_t n)
{
    return (size_t)ob_random_below(&w->rnd, n);
}

static inline struct being *being_of(struct world *w, const char *id)
{
    size_t i = id && id[0] == 'u' ? strtoul(id + 1, NULL, 10) : w->count;
    return i < w->count && strcmp(w->beings[i].id, id) == 0 ? &w->beings[i] : NULL;
}

/* ---- what the cloud does ---- */

static inline enum shape wanted_by(const char *op)
{
    return strcmp(op, "delete") == 0 ? GONE : DISABLED;
}

static inline void change(struct world *w, struct being *b, enum shape to)
{
    if (b->state == to || (b->state == GONE && to != GONE))
        return;
    b->before = b->state;
    b->state = to;
    b->lag = w->lag;
    b->effects++;
    if (b->effects > 1)
        wrong(w, "%s was changed twice", b->id);
}

static inline bool is_bad(const struct world *w, const struct being *b)
{
    return !b || b->poison || (b->state == GONE && w->absent_bad);
}

static inline void say_person(struct ob_answer *a, const char *id, const char *outcome)
{
    struct ob_value *v = ob_list_push(&a->people);
    ob_value_set_map(v);
    ob_map_put_str(v, "id", id);
    ob_map_put_str(v, "outcome", outcome);
    ob_map_put_str(v, "code", "POISON");
    ob_map_put_str(v, "message", "no");
}

static inline void refuse_chunk(struct world *w, struct exchange *x, const struct ob_value *ids)
{
    struct ob_answer *a = &x->answer;
    bool one = false;
    a->meaning = w->suspect ? OB_SAYS_SUSPECT : OB_SAYS_PERSON;
    a->code = ob_xstrdup("POISON");
    a->message = ob_xstrdup("somebody in it");
    for (size_t i = 0; i < ob_list_count(ids) && w->hints; i++) {
        const char *id = ob_value_str(ob_list_at(ids, i));
        bool bad = is_bad(w, being_of(w, id));
        if (w->hints == 2 ? !bad && chance(w, 3) == 0 : bad && !(w->hints == 3 && one)) {
            say_person(a, id, "refused");
            one = true;
        }
    }
}

static inline bool in_list(const struct ob_value *ids, const char *id)
{
    for (size_t i = 0; i < ob_list_count(ids); i++)
        if (strcmp(ob_value_str(ob_list_at(ids, i)), id) == 0)
            return true;
    return false;
}

/* About everybody; about those of the call only where readings can tell at once. */
static inline void lie(struct world *w, struct ob_answer *a, const struct ob_value *ids)
{
    for (size_t i = 0; i < w->count; i++)
        if (!w->lag || !in_list(ids, w->beings[i].id))
            say_person(a, w->beings[i].id, i % 2 ? "accepted" : "refused");
}

static inline void serve_act(struct world *w, struct exchange *x)
{
    const struct ob_value *ids = ob_map_get(&x->args, "ids");
    enum ob_contract c = w->change_after && w->acts > w->change_after ? w->later : w->contract;
    struct ob_answer *a = &x->answer;
    bool any = false;
    for (size_t i = 0; i < ob_list_count(ids); i++)
        any = any || is_bad(w, being_of(w, ob_value_str(ob_list_at(ids, i))));
    if (any && c != OB_PER_PERSON) {
        refuse_chunk(w, x, ids);
        for (size_t i = 0; i < ob_list_count(ids) && w->half; i++) {
            struct being *b = being_of(w, ob_value_str(ob_list_at(ids, i)));
            if (!is_bad(w, b) && chance(w, 2))
                change(w, b, wanted_by(x->op));
        }
        return;
    }
    a->meaning = OB_SAYS_DONE;
    for (size_t i = 0; i < ob_list_count(ids) && x->fault != F_SAID_ONLY; i++) {
        const char *id = ob_value_str(ob_list_at(ids, i));
        struct being *b = being_of(w, id);
        if (is_bad(w, b))
            say_person(a, id, b && b->state == GONE && !b->poison ? "absent" : "refused");
        else
            change(w, b, wanted_by(x->op));
    }
    if (w->lies)
        lie(w, a, ids);
}

static inline const char *state_seen(struct being *b)
{
    static const char *const words[] = {"absent", "active", "disabled"};
    if (!b)
        return words[GONE];
    if (b->lag > 0) {
        b->lag--;
        return words[b->before];
    }
    return words[b->state];
}

static inline void say_row(struct ob_answer *a, const char *id, const char *state)
{
    struct ob_value *v = ob_list_push(&a->people);
    ob_value_set_map(v);
    ob_map_put_str(v, "id", id);
    ob_map_put_str(v, "state", state);
    ob_value_set_map(ob_map_put(v, "fields"));
    ob_map_put_str(ob_map_put(v, "fields"), "name", id);
}

static inline void serve_lookup(struct world *w, struct exchange *x)
{
    const struct ob_value *ids = ob_map_get(&x->args, "ids");
    x->answer.meaning = OB_SAYS_DONE;
    for (size_t i = 0; i < ob_list_count(ids); i++) {
        const char *id = ob_value_str(ob_list_at(ids, i));
        struct being *b = being_of(w, id);
        if (w->forgetful && b && (b - w->beings) % 7 == 3)
            continue;
        say_row(&x->answer, id, state_seen(b));
        if (b && b->hidden)
            ob_map_put_bool(&x->answer.people.list.items[x->answer.people.list.count - 1], "listed",
                            false);
    }
}

/* The cursor is an offset into the directory as it was when the listing began. */
static inline void serve_list(struct world *w, struct exchange *x)
{
    struct ob_answer *a = &x->answer;
    int64_t from = ob_map_int(&x->args, "cursor", 0), total = 0;
    size_t page = (size_t)w->info.list_page, given = 0, i = (size_t)from;
    a->meaning = OB_SAYS_DONE;
    for (size_t k = 0; k < w->count; k++) {
        const struct being *b = &w->beings[k];
        total += (b->lag > 0 ? b->before : b->state) != GONE && !b->hidden;
    }
    for (; i < w->count && given < page; i++) {
        struct being *b = &w->beings[i];
        if (b->hidden)
            continue;
        const char *state = state_seen(b);
        if (strcmp(state, "absent") == 0)
            continue;
        say_row(a, b->id, state);
        given++;
    }
    if (w->info.list_total)
        a->total = total + w->list_odd + (w->list_grows ? from : 0);
    if (i < w->count)
        ob_value_set_int(&a->next, (int64_t)i);
    else if (w->list_loop)
        ob_value_set_int(&a->next, w->list_loop == 3   ? (int64_t)(w->count + w->sends)
                                   : w->list_loop == 2 ? (int64_t)page
                                                       : (int64_t)w->count);
}

static inline bool is_act(const char *op)
{
    return strcmp(op, "delete") == 0 || strcmp(op, "disable") == 0;
}

static inline void say(struct exchange *x, enum ob_meaning m, const char *code)
{
    x->answer.meaning = m;
    x->answer.code = ob_xstrdup(code);
    x->answer.message = ob_xstrdup("said the cloud");
}

/* True when the fault is an answer by itself and nothing is carried out. */
static inline bool refusal(struct world *w, struct exchange *x)
{
    switch (x->fault) {
    case F_500_BEFORE:
        say(x, OB_SAYS_TRANSIENT, "500");
        return true;
    case F_THROTTLE_SAID:
        x->answer.retry_after_ms = w->retry_ms;
        say(x, OB_SAYS_THROTTLED, "SLOW");
        return true;
    case F_THROTTLE:
        say(x, OB_SAYS_THROTTLED, "SLOW");
        return true;
    case F_TOKEN:
        say(x, OB_SAYS_TOKEN, "EXPIRED");
        return true;
    case F_CREDENTIAL:
        say(x, OB_SAYS_CREDENTIAL, "SIGNATURE");
        return true;
    case F_PERMISSION:
        say(x, OB_SAYS_PERMISSION, "FORBIDDEN");
        return true;
    case F_REQUEST:
        say(x, OB_SAYS_REQUEST, "PARAMETER");
        return true;
    case F_SUSPECT:
        say(x, OB_SAYS_SUSPECT, "E77");
        return true;
    case F_CONNECT:
    case F_TLS:
    case F_LOST_BEFORE:
    case F_REDIRECT:
        return true;
    default:
        return false;
    }
}

static inline void serve(struct world *w, struct exchange *x)
{
    x->served = true;
    if (x->bad_token)
        x->fault = F_TOKEN;
    if (strcmp(x->op, "login") == 0 || refusal(w, x))
        return;
    if (is_act(x->op))
        serve_act(w, x);
    else if (strcmp(x->op, "list") == 0)
        serve_list(w, x);
    else
        serve_lookup(w, x);
    if (x->fault == F_500_AFTER)
        x->answer.meaning = OB_SAYS_TRANSIENT;
    if (x->fault == F_NONSENSE_AFTER)
        x->answer.meaning = OB_SAYS_NONSENSE;
}

/* Everything that arrives until then, in the order of its arrival. */
static inline void world_until(struct world *w, int64_t t)
{
    for (;;) {
        struct exchange *first = NULL;
        for (size_t i = w->sends; i-- > w->open;) {
            struct exchange *x = w->log[i];
            if (!x->served && x->arrives <= t && (!first || x->arrives <= first->arrives))
                first = x;
        }
        if (!first)
            return;
        serve(w, first);
    }
}

/* ---- transport ---- */

static inline void note_send(struct world *w, struct exchange *x, const struct ob_request *r)
{
    const struct ob_value *ids = ob_map_get(&x->args, "ids");
    if (w->now < w->closed_until)
        wrong(w, "%s was sent %lld ms too early after throttling", x->op,
              (long long)(w->closed_until - w->now));
    if (w->refused_us)
        w->after_refusal++;
    if (strcmp(x->op, "login") == 0) {
        w->logins++;
        for (size_t i = w->open; i < w->sends; i++)
            if (strcmp(w->log[i]->op, "login") == 0 && !w->log[i]->returned &&
                w->log[i]->epoch == w->epoch)
                wrong(w, "two logins at once");
    }
    w->acts += is_act(x->op);
    w->lists += strcmp(x->op, "list") == 0;
    w->lookups += strcmp(x->op, "lookup") == 0 || strcmp(x->op, "snapshot") == 0;
    if (is_act(x->op) && !ob_list_count(ids))
        wrong(w, "an act without people");
    for (size_t i = 0; i < ob_list_count(ids) && is_act(x->op); i++) {
        struct being *b = being_of(w, ob_value_str(ob_list_at(ids, i)));
        if (!b || !b->planned)
            wrong(w, "%s names %s, who is not in the plan", x->op,
                  ob_value_str(ob_list_at(ids, i)));
        else
            b->named++;
    }
}

static inline void world_send(void *self, uint64_t id, const struct ob_route *route,
                              const struct ob_request *r)
{
    struct world *w = self;
    struct exchange *x = ob_xcalloc(1, sizeof *x);
    struct ob_err err;
    x->id = id;
    x->epoch = w->epoch;
    snprintf(x->op, sizeof x->op, "%s", r->path + 1);
    ob_value_init(&x->args);
    if (r->body.len && ob_script_json(ob_buf_str(&r->body), r->body.len, &x->args, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_answer_init(&x->answer);
    const char *token = ob_fields_get(&r->headers, "X-Token");
    if (w->sessions && strcmp(x->op, "login") != 0)
        x->bad_token = !token || atoi(token) <= w->bad_until;
    note_send(w, x, r);
    w->last_args = x->args; /* lent to fault() */
    x->fault = w->fault ? w->fault(w, x->op, w->sends) : F_NONE;
    x->arrives = w->now + (w->latency ? (int64_t)chance(w, (size_t)w->latency) : 0);
    x->returns = x->arrives + 1 + (w->latency ? (int64_t)chance(w, (size_t)w->latency) : 0);
    if (w->sends == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 64;
        w->log = ob_xrealloc(w->log, w->cap, sizeof *w->log);
    }
    w->log[w->sends++] = x;
    if (++w->in_flight > w->target.parallel)
        wrong(w, "%d calls in flight", w->in_flight);
    if (w->in_flight > w->most)
        w->most = w->in_flight;
    if (w->on_send)
        w->on_send(w, r, x);
}

static inline void set_error(struct ob_completion *c, enum ob_net_error error, bool sent)
{
    c->error = error;
    c->sent = sent;
    snprintf(c->message, sizeof c->message, "network: %s", ob_net_error_word(error));
}

static inline void fill(struct world *w, struct exchange *x, struct ob_completion *c)
{
    *c = (struct ob_completion){.id = x->id, .sent = true};
    switch (x->fault) {
    case F_CONNECT:
        set_error(c, OB_NET_CONNECT, false);
        return;
    case F_TLS:
        set_error(c, OB_NET_TLS, false);
        return;
    case F_LOST_BEFORE:
    case F_LOST_AFTER:
        set_error(c, OB_NET_TIMEOUT, true);
        return;
    case F_BROKEN_AFTER:
        set_error(c, OB_NET_BROKEN, true);
        return;
    case F_CUT_AFTER:
        set_error(c, OB_NET_CUT, true);
        return;
    case F_LARGE_AFTER:
        set_error(c, OB_NET_TOO_LARGE, true);
        return;
    case F_REDIRECT:
        set_error(c, OB_NET_REDIRECT, true);
        return;
    default:
        break;
    }
    bool login = strcmp(x->op, "login") == 0, plain = login || strcmp(x->op, "raw") == 0;
    c->response.status = x->fault == F_THROTTLE && plain     ? 429
                         : x->fault == F_500_BEFORE && plain ? 503
                         : x->fault == F_CREDENTIAL && plain ? 401
                                                             : 200;
    ob_buf_init(&c->response.body, OB_BUF_SMALL);
    for (size_t i = w->sends; i-- > w->open;)
        if (w->log[i] == x)
            ob_buf_addf(&c->response.body, "%zu", i);
    if (x->fault == F_THROTTLE_SAID && !login)
        w->closed_until = w->now + w->retry_ms;
    if (x->fault == F_CREDENTIAL || (x->fault == F_PERMISSION && !login))
        w->refused_us = true;
}

static inline struct exchange *next_back(struct world *w)
{
    struct exchange *first = NULL;
    while (w->open < w->sends && w->log[w->open]->served && w->log[w->open]->returned)
        w->open++;
    for (size_t i = w->sends; i-- > w->open;) {
        struct exchange *x = w->log[i];
        if (!x->returned && x->epoch == w->epoch && (!first || x->returns <= first->returns))
            first = x;
    }
    return first;
}

static inline size_t world_poll(void *self, int64_t wait_ms, struct ob_completion *out, size_t max)
{
    struct world *w = self;
    size_t n = 0;
    struct exchange *x = next_back(w);
    if (x && x->returns <= w->now + wait_ms)
        w->now = x->returns > w->now ? x->returns : w->now;
    else
        w->now += wait_ms;
    world_until(w, w->now);
    while (n < max && (x = next_back(w)) && x->returns <= w->now) {
        x->returned = true;
        w->in_flight--;
        fill(w, x, &out[n++]);
    }
    return n;
}

static inline size_t world_in_flight(void *self)
{
    return (size_t)((struct world *)self)->in_flight;
}

static inline void world_wake(void *self) {}

/* The process died: what is on its way arrives, or does not, and nobody sees the answer. */
static inline void world_crash(struct world *w)
{
    for (size_t i = 0; i < w->sends; i++) {
        struct exchange *x = w->log[i];
        if (!x->served && chance(w, 2))
            serve(w, x);
        x->served = x->returned = true;
    }
    w->in_flight = 0;
    w->epoch++;
    w->refused_us = false;
    w->closed_until = 0;
}

/* ---- clock, signer, provider ---- */

static inline int64_t world_mono(void *self)
{
    return ((struct world *)self)->now;
}

static inline int64_t world_wall(void *self)
{
    return ((struct world *)self)->now + 1795320000000;
}

static inline enum ob_status fake_request(void *self, const char *op, const struct ob_value *args,
                                          struct ob_request *out, struct ob_err *err)
{
    char path[40];
    snprintf(path, sizeof path, "/%s", op);
    ob_request_init(out, "POST", path);
    ob_json_write(&out->body, args);
    return OB_OK;
}

static inline enum ob_status fake_answer(void *self, const char *op, const struct ob_value *args,
                                         const struct ob_response *r, struct ob_answer *out,
                                         struct ob_err *err)
{
    struct world *w = self;
    size_t i = strtoul(ob_buf_str(&r->body), NULL, 10);
    assert_true(i < w->sends);
    ob_answer_fini(out);
    *out = w->log[i]->answer;
    ob_answer_init(&w->log[i]->answer);
    return OB_OK;
}

static inline bool fake_is_read(void *self, const struct ob_request *r)
{
    return strcmp(r->method, "GET") == 0;
}

static struct world *the_world; /* signers get no context */

static inline enum ob_status fake_login(const struct ob_credential *c, const struct ob_sign_at *at,
                                        struct ob_request *out, struct ob_err *err)
{
    ob_request_init(out, "POST", "/login");
    return OB_OK;
}

static inline enum ob_status fake_grant(const struct ob_credential *c,
                                        const struct ob_response *answer,
                                        const struct ob_sign_at *at, struct ob_token *out,
                                        struct ob_err *err)
{
    *out = (struct ob_token){ob_xasprintf("%d", ++the_world->tokens),
                             at->now_ms + the_world->token_life};
    return OB_OK;
}

static inline enum ob_status fake_sign(const struct ob_credential *c, const struct ob_token *token,
                                       const struct ob_sign_at *at, struct ob_request *r,
                                       struct ob_err *err)
{
    if (token->bytes)
        ob_fields_set(&r->headers, "X-Token", token->bytes);
    return OB_OK;
}

static inline void world_init(struct world *w, size_t count, uint64_t seed)
{
    *w = (struct world){.count = count, .contract = OB_ALL_OR_NOTHING, .latency = 40};
    ob_random_seed(&w->rnd, seed);
    w->beings = ob_xcalloc(count ? count : 1, sizeof *w->beings);
    for (size_t i = 0; i < count; i++) {
        snprintf(w->beings[i].id, sizeof w->beings[i].id, "u%04zu", i);
        w->beings[i].state = w->beings[i].before = ACTIVE;
    }
    w->clock = (struct ob_clock){w, world_wall, world_mono};
    w->transport = (struct ob_transport){w, world_send, world_poll, world_in_flight, world_wake};
    w->actions[0] = (struct ob_action){.name = (char *)"delete",
                                       .kind = OB_KIND_DELETE,
                                       .contract = OB_DETECT,
                                       .max = 100,
                                       .destroys = true,
                                       .wants = (char *)"absent"};
    w->actions[1] = (struct ob_action){.name = (char *)"disable",
                                       .kind = OB_KIND_DISABLE,
                                       .contract = OB_DETECT,
                                       .max = 100,
                                       .repeatable = true,
                                       .wants = (char *)"disabled"};
    w->info = (struct ob_provider_info){.name = (char *)"fake",
                                        .signer = "fake",
                                        .actions = w->actions,
                                        .action_count = 2,
                                        .lookup_max = 10,
                                        .list_page = 50,
                                        .list_total = true};
    w->signer = (struct ob_signer){.name = "fake", .sign = fake_sign};
    w->target = (struct ob_target){
        .name = (char *)"fake",
        .provider = {w, &w->info, fake_request, fake_answer, fake_is_read},
        .signer = &w->signer,
        .credential = &w->credential,
        .parallel = 4,
    };
    ob_value_set_list(&w->target.protect);
    the_world = w;
}

/* From now on nothing can be done without a token. */
static inline void world_sessions(struct world *w, int64_t life_ms)
{
    w->sessions = true;
    w->token_life = life_ms;
    w->signer.login = fake_login;
    w->signer.grant = fake_grant;
}

static inline void world_fini(struct world *w)
{
    for (size_t i = 0; i < w->sends; i++) {
        ob_value_fini(&w->log[i]->args);
        ob_answer_fini(&w->log[i]->answer);
        free(w->log[i]);
    }
    free(w->log);
    free(w->beings);
    ob_value_fini(&w->target.protect);
}

/* ---- an engine over it ---- */

struct rig {
    struct world w;
    struct ob_ledger *ledger; /* NULL: none */
    struct ob_engine *e;
    struct ob_op *op;
    int64_t run;
    size_t first, count; /* people u[first] .. of the step */
    const char **ids;
    int action, chunk, parallel;
    struct ob_value ramp;
    const char *path;
    uint64_t seed;
};

static inline void rig_ledger(struct rig *g, const char *path)
{
    struct ob_err err;
    if (ob_ledger_open(&g->ledger, path, &err) != OB_OK ||
        ob_ledger_run_new(g->ledger, "", 1, &g->run, &err) != OB_OK)
        fail_msg("%s", err.message);
}

/* `count` people of the world are in the step, from number `first` on. */
static inline void rig_init(struct rig *g, size_t population, size_t first, size_t count,
                            uint64_t seed)
{
    memset(g, 0, sizeof *g);
    world_init(&g->w, population, seed);
    g->first = first;
    g->count = count;
    g->path = "1";
    g->seed = seed + 1;
    g->ids = ob_xcalloc(count ? count : 1, sizeof *g->ids);
    for (size_t i = 0; i < count; i++) {
        g->ids[i] = g->w.beings[first + i].id;
        g->w.beings[first + i].planned = true;
    }
    rig_ledger(g, ":memory:");
}

static inline void rig_engine(struct rig *g)
{
    struct ob_engine_options o = {.clock = &g->w.clock,
                                  .transport = g->w.transport,
                                  .ledger = g->ledger,
                                  .run = g->run,
                                  .seed = g->seed++};
    g->e = ob_engine_new(&o);
}

static inline enum ob_status rig_propose(struct rig *g, struct ob_err *err)
{
    char digest[65];
    struct ob_value options = {0};
    struct ob_step_spec spec = {.target = &g->w.target,
                                .action = &g->w.actions[g->action],
                                .path = g->path,
                                .digest = digest,
                                .options = &options,
                                .keys = g->ids,
                                .ids = g->ids,
                                .count = g->count,
                                .chunk = g->chunk,
                                .parallel = g->parallel,
                                .ramp = g->ramp.type == OB_LIST ? &g->ramp : NULL};
    ob_step_digest("fake", spec.action->name, g->ids, g->count, digest);
    return ob_engine_step(g->e, &spec, &g->op, err);
}

static inline void rig_begin(struct rig *g)
{
    struct ob_err err;
    rig_engine(g);
    if (rig_propose(g, &err) != OB_OK)
        fail_msg("%s", err.message);
}

/* To the end of `op`; a turn that fails is for the test to judge. */
static inline enum ob_status rig_finish(struct rig *g, struct ob_op *op, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t turns = 0; st == OB_OK && !op->done; turns++) {
        if (turns > 100000)
            fail_msg("100000 turns and no end: seed %llu", (unsigned long long)g->seed);
        st = ob_engine_turn(g->e, 1000, err);
    }
    return st == OB_OK ? ob_engine_flush(g->e, err) : st;
}

static inline void rig_run(struct rig *g)
{
    struct ob_err err;
    rig_begin(g);
    if (rig_finish(g, g->op, &err) != OB_OK)
        fail_msg("%s", err.message);
}

static inline void rig_drop(struct rig *g)
{
    ob_op_free(g->op);
    g->op = NULL;
    ob_engine_free(g->e);
    g->e = NULL;
    world_crash(&g->w);
}

static inline void rig_fini(struct rig *g)
{
    rig_drop(g);
    ob_ledger_close(g->ledger);
    world_fini(&g->w);
    ob_value_fini(&g->ramp);
    free(g->ids);
    assert_string_equal(g->w.wrong, "");
}

static inline size_t how_many(const struct ob_op *op, enum ob_person_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < op->count; i++)
        n += op->people[i].state == state;
    return n;
}

/* What the engine says against what the cloud shows. */
static inline void rig_judge(struct rig *g)
{
    enum shape want = wanted_by(g->w.actions[g->action].name);
    for (size_t i = 0; i < g->op->count; i++) {
        const struct ob_person *p = &g->op->people[i];
        const struct being *b = being_of(&g->w, p->id);
        bool there = b->state == want || b->state == GONE;
        if (p->state == OB_P_SUCCEEDED && b->state != want)
            wrong(&g->w, "%s succeeded, and is not so", p->id);
        if (p->state == OB_P_FAILED && there)
            wrong(&g->w, "%s failed (%s), and is done", p->id, p->detail);
        if (p->state == OB_P_SKIPPED && !there && !strstr(p->detail, "ramp"))
            wrong(&g->w, "%s was skipped (%s), and is not done", p->id, p->detail);
    }
    for (size_t i = 0; i < g->w.count; i++)
        if (!g->w.beings[i].planned && (g->w.beings[i].effects || g->w.beings[i].named))
            wrong(&g->w, "%s was touched", g->w.beings[i].id);
}

struct rig_tally {
    struct rig *g;
    size_t rows;
};

static inline bool same_calls(void *ctx, const struct ob_person_row *row)
{
    struct rig_tally *t = ctx;
    const struct being *b = being_of(&t->g->w, row->id);
    t->rows++;
    if (row->calls != b->named)
        wrong(&t->g->w, "%s: %lld calls in the ledger, %d seen", row->id, (long long)row->calls,
              b->named);
    return true;
}

static inline void rig_judge_ledger(struct rig *g)
{
    struct rig_tally t = {g, 0};
    struct ob_err err;
    if (ob_ledger_person_each(g->ledger, g->run, g->path, same_calls, &t, &err) != OB_OK)
        fail_msg("%s", err.message);
    if (t.rows != g->count)
        wrong(&g->w, "%zu people in the ledger", t.rows);
}

/* Faults by number of the call, as a list that ends with { 0 }. */
struct plan_entry {
    const char *op;  /* NULL: any */
    size_t from, to; /* among the calls of that op, 1 is the first */
    enum fault fault;
};

static inline enum fault by_plan(struct world *w, const char *op, size_t nth)
{
    size_t of_op = 1, of_all = nth + 1;
    for (size_t i = 0; i < w->sends; i++)
        of_op += strcmp(w->log[i]->op, op) == 0;
    for (const struct plan_entry *p = w->ctx; p->from; p++) {
        size_t n = p->op ? of_op : of_all;
        if ((!p->op || strcmp(p->op, op) == 0) && n >= p->from && n <= p->to)
            return p->fault;
    }
    return F_NONE;
}
