/* Time, calls and crashes of a rehearsal. The clock moves only while the engine waits; a call is
 * carried out by the simulated cloud when it leaves, and its answer is there after the time that
 * such a call takes. At each point (a write or commit of the ledger, a call before and after it
 * leaves, an answer, a pause) the process may end: nothing is written, sent or heard any more. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "script/rehearsal_parts.h"

#define POINTS_MAX 20000000 /* a run that does not end */

void ob_world_tell(struct ob_rehearsal *r, bool trouble, const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    if (!r->tell)
        return;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    if (!text)
        return;
    r->events = ob_xrealloc(r->events, r->event_count + 1, sizeof *r->events);
    r->events[r->event_count++] = (struct ob_event){r->now_ms, trouble, text};
}

/* ---- clock ---- */

static int64_t mono(void *self)
{
    return ((struct ob_rehearsal *)self)->now_ms;
}

static int64_t wall(void *self)
{
    const struct ob_rehearsal *r = self;
    return r->setup.start_ms + r->now_ms;
}

/* ---- points ---- */

static void die(struct ob_rehearsal *r, const char *what)
{
    r->dead = true;
    ob_world_tell(r, true, "the process ends %s (point %" PRId64 ")", what, r->points);
    if (r->policy)
        ob_policy_stop(r->policy, OB_ERR_SIGTERM);
}

bool ob_world_point(struct ob_rehearsal *r, const char *what)
{
    if (r->dead)
        return false;
    if (!r->counting)
        return true;
    r->points++;
    if (r->points > POINTS_MAX || ob_schedule_crashes(r->schedule, r->points))
        die(r, what);
    return !r->dead;
}

static bool may_write(void *ctx, bool commit)
{
    return ob_world_point(ctx, commit ? "before a commit" : "before a write");
}

/* ---- what a cloud did ---- */

static int target_at(const struct ob_rehearsal *r, int rank, const char *cloud)
{
    for (size_t i = 0; cloud && i < r->config->count; i++)
        if (r->places[i].rank == rank && strcmp(r->places[i].cloud, cloud) == 0)
            return (int)i;
    return -1;
}

static void count_call(struct ob_rehearsal *r, int target, const char *op, int64_t people)
{
    for (size_t i = 0; i < r->call_count; i++) {
        struct ob_call_tally *c = &r->calls[i];
        if (c->target != target || strcmp(c->op, op) != 0)
            continue;
        c->calls++;
        c->people += people;
        return;
    }
    r->calls = ob_xrealloc(r->calls, r->call_count + 1, sizeof *r->calls);
    struct ob_call_tally *c = &r->calls[r->call_count++];
    *c = (struct ob_call_tally){.target = target, .calls = 1, .people = people};
    snprintf(c->op, sizeof c->op, "%s", op);
}

static void add_effect(struct ob_rehearsal *r, int target, const char *id, const char *op)
{
    if ((r->effect_count & (r->effect_count + 1)) == 0) /* grows by doubling */
        r->effects = ob_xrealloc(r->effects, 2 * (r->effect_count + 1), sizeof *r->effects);
    struct ob_effect *e = &r->effects[r->effect_count++];
    *e = (struct ob_effect){.target = target, .id = ob_xstrdup(id), .at_ms = r->now_ms};
    snprintf(e->op, sizeof e->op, "%s", op);
}

static const char *fault_story(const char *fault)
{
    static const char *const says[][2] = {
        {"drop-before", "never arrives"},
        {"drop-after", "done, answer lost"},
        {"5xx", "server error, nothing done"},
        {"5xx-after", "done, then server error"},
        {"throttle", "throttled"},
        {"rate", "throttled"},
        {"partial", "half done, then throttled"},
        {"cut", "done, half an answer"},
        {"html", "done, a proxy's page for an answer"},
        {"lost", "done, no answer ever comes"},
        {"nonce-used", "done, answer SignatureNonceUsed"},
        {"lag", "done, readings lag"},
        {"token-gone", "refused: the token is gone"},
    };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (strcmp(says[i][0], fault) == 0)
            return says[i][1];
    return fault;
}

static void who(const struct ob_value *people, char *out, size_t size)
{
    const char *first = ob_value_str(ob_list_at(people, 0));
    size_t n = ob_list_count(people);
    if (n > 1)
        snprintf(out, size, " of %s + %zu", first, n - 1);
    else
        snprintf(out, size, "%s%s", n ? " of " : "", n && first ? first : "");
}

static void tell_call(struct ob_rehearsal *r, int target, const struct ob_value *event)
{
    char people[100];
    const char *fault = ob_map_str(event, "fault"), *op = ob_map_str(event, "op");
    int64_t effects = ob_map_int(event, "effects", 0);
    if (!r->tell || ((!fault || !*fault) && !effects))
        return;
    who(ob_map_get(event, "people"), people, sizeof people);
    if (fault && *fault)
        ob_world_tell(r, true, "call %" PRId64 ", %s %s%s: %s", r->requests,
                      ob_rehearsal_target(r, target), op, people, fault_story(fault));
    else
        ob_world_tell(r, false, "%s: %s%s", ob_rehearsal_target(r, target), op, people);
}

static void logged(void *ctx, const struct ob_value *event)
{
    struct ob_rehearsal *r = ctx;
    const struct ob_value *done = ob_map_get(event, "done");
    int target = target_at(r, r->rank, ob_map_str(event, "cloud"));
    const char *op = ob_map_str(event, "op");
    count_call(r, target, op ? op : "?", (int64_t)ob_list_count(ob_map_get(event, "people")));
    for (size_t i = 0; i + 1 < ob_list_count(done); i += 2)
        add_effect(r, target, ob_value_str(ob_list_at(done, i)),
                   ob_value_str(ob_list_at(done, i + 1)));
    tell_call(r, target, event);
}

/* ---- transport ---- */

struct served { /* what points into the request while it is answered */
    struct ob_served in;
    char *target, *path;
};

static void serve_init(struct served *s, const struct ob_route *route, const struct ob_request *r)
{
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_request_target(r, route->endpoint.base, &line);
    *s = (struct served){.target = ob_buf_take(&line)};
    char *query = strchr(s->target, '?');
    s->path = ob_xmemdup(s->target, query ? (size_t)(query - s->target) : strlen(s->target));
    ob_fields_copy(&s->in.headers, &r->headers);
    if (!ob_fields_get(&r->headers, "host"))
        ob_fields_add(&s->in.headers, "host", route->endpoint.authority);
    ob_buf_init(&s->in.body, OB_BUF_LARGE);
    ob_buf_add(&s->in.body, ob_buf_str(&r->body), r->body.len);
    s->in.method = r->method;
    s->in.path = s->path;
    s->in.target = s->target;
    s->in.query = query ? query + 1 : "";
}

static void serve_fini(struct served *s)
{
    free(s->target);
    free(s->path);
    ob_fields_fini(&s->in.headers);
    ob_buf_fini(&s->in.body);
}

/* A login with somebody's name would create that very person (DESIGN 8.7). */
static void look_at_login(struct ob_rehearsal *r, const struct ob_request *q)
{
    struct ob_buf user;
    size_t n = strlen(q->path);
    if (n < 8 || strcmp(q->path + n - 8, "/appauth") != 0)
        return;
    ob_buf_init(&user, OB_BUF_SMALL);
    if (ob_json_pick(ob_buf_str(&q->body), q->body.len, "userId", &user) && user.len &&
        strcmp(ob_buf_str(&user), "admin") != 0)
        r->login_as_other = true;
    ob_buf_fini(&user);
}

static void lose(struct ob_completion *c, enum ob_net_error error, const char *why)
{
    ob_response_fini(&c->response);
    c->response = (struct ob_response){0};
    c->error = error;
    snprintf(c->message, sizeof c->message, "%s", why);
}

static void carry_out(struct ob_rehearsal *r, struct ob_flight *f, const struct ob_route *route,
                      const struct ob_request *q)
{
    struct served s;
    struct ob_reply reply = {0};
    r->requests++;
    look_at_login(r, q);
    r->rank = route->endpoint.port - 1;
    serve_init(&s, route, q);
    ob_buf_init(&reply.response.body, OB_BUF_LARGE);
    ob_sim_strike(r->sims[r->rank], ob_schedule_strike(r->schedule, r->requests));
    ob_sim_handle(r->sims[r->rank], &s.in, &reply);
    serve_fini(&s);
    f->c.response = reply.response;
    f->due_ms = r->now_ms + (reply.delay_ms > 1 ? reply.delay_ms : 1);
    if (reply.fault == OB_FAULT_HANG || f->due_ms > r->now_ms + route->timeout_ms) {
        f->due_ms = r->now_ms + route->timeout_ms;
        lose(&f->c, OB_NET_TIMEOUT, "no answer in time");
    } else if (reply.fault == OB_FAULT_DROP) {
        lose(&f->c, OB_NET_BROKEN, "connection lost");
    } else if (reply.fault == OB_FAULT_CUT) {
        lose(&f->c, OB_NET_CUT, "the answer ended early");
    }
    f->c.took_ms = f->due_ms - r->now_ms;
}

static void send_call(void *self, uint64_t id, const struct ob_route *route,
                      const struct ob_request *q)
{
    struct ob_rehearsal *r = self;
    r->flights = ob_xrealloc(r->flights, r->flight_count + 1, sizeof *r->flights);
    struct ob_flight *f = &r->flights[r->flight_count++];
    *f = (struct ob_flight){.due_ms = r->now_ms, .c = {.id = id, .sent = true}};
    if (!ob_world_point(r, "before a call leaves"))
        return;
    carry_out(r, f, route, q);
    (void)ob_world_point(r, "after a call left");
}

static size_t first_due(const struct ob_rehearsal *r)
{
    size_t first = 0;
    for (size_t i = 1; i < r->flight_count; i++)
        if (r->flights[i].due_ms < r->flights[first].due_ms)
            first = i;
    return first;
}

/* Whoever is dead hears nothing; the engine is told so that it comes to its end. */
static size_t deliver(struct ob_rehearsal *r, size_t i, struct ob_completion *out)
{
    struct ob_flight f = r->flights[i];
    memmove(&r->flights[i], &r->flights[i + 1], (--r->flight_count - i) * sizeof f);
    if (r->dead)
        lose(&f.c, OB_NET_BROKEN, "nobody hears it");
    *out = f.c;
    return 1;
}

static size_t poll_calls(void *self, int64_t wait_ms, struct ob_completion *out, size_t max)
{
    struct ob_rehearsal *r = self;
    (void)max;
    if (r->flight_count) {
        size_t i = first_due(r);
        int64_t due = r->flights[i].due_ms;
        if (r->dead || due <= r->now_ms + wait_ms) {
            if (!r->dead && due > r->now_ms)
                r->now_ms = due;
            (void)ob_world_point(r, "before it hears an answer");
            return deliver(r, i, out);
        }
    }
    if (wait_ms <= 0)
        return 0;
    r->now_ms += wait_ms;
    (void)ob_world_point(r, "while it waits");
    return 0;
}

static size_t in_flight(void *self)
{
    return ((struct ob_rehearsal *)self)->flight_count;
}

static void wake(void *self)
{
    (void)self;
}

struct ob_transport ob_world_transport(struct ob_rehearsal *r)
{
    return (struct ob_transport){r, send_call, poll_calls, in_flight, wake};
}

void ob_world_land(struct ob_rehearsal *r)
{
    while (r->flight_count)
        ob_completion_fini(&r->flights[--r->flight_count].c);
}

/* ---- beginning ---- */

void ob_world_make(struct ob_rehearsal *r)
{
    r->clock = (struct ob_clock){r, wall, mono};
}

void ob_world_reset(struct ob_rehearsal *r)
{
    ob_world_land(r);
    for (size_t i = 0; i < r->effect_count; i++)
        free(r->effects[i].id);
    for (size_t i = 0; i < r->event_count; i++)
        free(r->events[i].text);
    free(r->effects);
    free(r->events);
    free(r->calls);
    r->effects = NULL;
    r->events = NULL;
    r->calls = NULL;
    r->effect_count = r->event_count = r->call_count = 0;
    r->now_ms = r->requests = r->points = r->waited_ms = 0;
    r->dead = r->unknown_seen = r->login_as_other = false;
    r->counting = true;
    for (int i = 0; r->sims && i < r->sim_count; i++)
        if (r->sims[i])
            ob_sim_set_log(r->sims[i], logged, r);
    if (r->ledger)
        ob_ledger_watch(r->ledger, may_write, r);
}

void ob_world_note(void *ctx, const struct ob_notice *n)
{
    struct ob_rehearsal *r = ctx;
    if (n->kind == OB_NOTICE_PERSON && strcmp(n->what, "unknown") == 0)
        r->unknown_seen = true;
    if (n->kind == OB_NOTICE_NOTE)
        ob_rule_text(r, n->detail);
}
