/* The simulated clouds' host: one sandboxed Lua state with lua/sim/init.lua in it, fed with raw
 * requests and the time, asked for answers. Knows nothing of any cloud. The state is entered by
 * one thread at a time: the server's while it serves, the owner's before and after. */
#include "script/sim.h"
#include "base/mem.h"
#include "script/lib_digest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((size_t)1024 * 1024 * 1024)
/* Of one request, and of building 100,000 people. */
#define CPU_MS 120000
/* Rows that cross into Lua at once: a border bounds the nodes of one value. */
#define ROWS_AT_ONCE 5000

struct ob_sim {
    struct ob_script *script;
    const struct ob_clock *clock;
    ob_sim_log *log;
    void *log_ctx;
    const char *strike; /* lent, for the next request only */
};

/* ---- calls ---- */

/* Calls a function of sim/init.lua; a `nil, message` answer becomes an error. The first result
 * stands in *out (initialised here). */
static enum ob_status ask(struct ob_sim *s, const char *function, const struct ob_value *args,
                          size_t count, struct ob_value *out, struct ob_err *err)
{
    struct ob_value results;
    ob_value_init(out);
    enum ob_status status = ob_script_call(s->script, function, args, count, &results, err);
    if (status != OB_OK) {
        ob_err_prefix(err, "simulator");
        return err->status = OB_ERR;
    }
    const struct ob_value *first = ob_list_at(&results, 0);
    const char *message = ob_value_str(ob_list_at(&results, 1));
    if ((!first || first->type == OB_NULL) && message)
        status = ob_fail(err, OB_ERR_USAGE, "%s", message);
    else if (first)
        ob_value_move(out, &results.list.items[0]);
    ob_value_fini(&results);
    return status;
}

static int l_setup(lua_State *L)
{
    ob_open_digest(L);
    return 0;
}

static enum ob_status load(struct ob_sim *s, struct ob_err *err)
{
    static const char chunk[] = "return use \"sim.init\"";
    struct ob_limits limits = {MEMORY_MAX, CPU_MS};
    enum ob_status status = ob_script_new(&s->script, OB_PROFILE_SIM, "sim", limits, err);
    if (status == OB_OK)
        status = ob_script_setup(s->script, l_setup, err);
    if (status == OB_OK)
        status = ob_script_run(s->script, "sim", chunk, sizeof chunk - 1, err);
    return status;
}

/* The rows of --from, or of one cloud's directory, in pieces. */
static enum ob_status add_rows(struct ob_sim *s, const char *cloud, const struct ob_value *rows,
                               struct ob_err *err)
{
    enum ob_status status = OB_OK;
    struct ob_value args[2] = {{0}}, ignored;
    if (cloud)
        ob_value_set_str(&args[0], cloud);
    for (size_t i = 0; i < ob_list_count(rows) && status == OB_OK; i += ROWS_AT_ONCE) {
        size_t left = ob_list_count(rows) - i;
        struct ob_value *piece = &args[cloud ? 1 : 0]; /* lent items: never freed here */
        piece->type = OB_LIST;
        piece->list.items = rows->list.items + i;
        piece->list.count = piece->list.cap = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        status = ask(s, cloud ? "add_export" : "add_rows", args, cloud ? 2 : 1, &ignored, err);
        ob_value_fini(&ignored);
    }
    if (cloud)
        ob_value_fini(&args[0]);
    return status;
}

static enum ob_status add_exports(struct ob_sim *s, const struct ob_value *exports,
                                  struct ob_err *err)
{
    enum ob_status status = OB_OK;
    for (size_t i = 0; exports && exports->type == OB_MAP && i < exports->map.count; i++)
        if (status == OB_OK)
            status = add_rows(s, exports->map.pairs[i].key.p, &exports->map.pairs[i].value, err);
    return status;
}

/* The options but for the rows, which have crossed by then. */
static enum ob_status build(struct ob_sim *s, const char *function, const struct ob_value *options,
                            struct ob_err *err)
{
    struct ob_value rest, ignored;
    ob_value_init(&rest);
    ob_value_set_map(&rest);
    for (size_t i = 0; options && options->type == OB_MAP && i < options->map.count; i++) {
        const struct ob_pair *pair = &options->map.pairs[i];
        if (strcmp(pair->key.p, "from") != 0 && strcmp(pair->key.p, "exports") != 0)
            ob_value_copy(ob_map_put(&rest, pair->key.p), &pair->value);
    }
    enum ob_status status = ask(s, function, &rest, 1, &ignored, err);
    ob_value_fini(&ignored);
    ob_value_fini(&rest);
    return status;
}

enum ob_status ob_sim_new(struct ob_sim **out, const struct ob_value *options,
                          const struct ob_clock *clock, struct ob_err *err)
{
    struct ob_sim *s = ob_xcalloc(1, sizeof *s);
    s->clock = clock;
    *out = NULL;
    enum ob_status status = load(s, err);
    if (status == OB_OK)
        status = add_rows(s, NULL, ob_map_get(options, "from"), err);
    if (status == OB_OK)
        status = add_exports(s, ob_map_get(options, "exports"), err);
    if (status == OB_OK)
        status = build(s, "new", options, err);
    if (status == OB_OK)
        *out = s;
    else
        ob_sim_free(s);
    return status;
}

enum ob_status ob_sim_again(struct ob_sim *s, const struct ob_value *options, struct ob_err *err)
{
    return build(s, "again", options, err);
}

void ob_sim_strike(struct ob_sim *s, const char *fault)
{
    s->strike = fault;
}

enum ob_status ob_sim_ask(struct ob_sim *s, const char *function, const struct ob_value *args,
                          size_t count, struct ob_value *out, struct ob_err *err)
{
    return ask(s, function, args, count, out, err);
}

void ob_sim_free(struct ob_sim *s)
{
    if (!s)
        return;
    ob_script_free(s->script);
    free(s);
}

void ob_sim_set_log(struct ob_sim *s, ob_sim_log *log, void *ctx)
{
    s->log = log;
    s->log_ctx = ctx;
}

/* ---- one request ---- */

static void put_headers(struct ob_value *list, const struct ob_fields *headers)
{
    ob_value_set_list(list);
    for (size_t i = 0; i < headers->count; i++) {
        struct ob_value *field = ob_list_push(list);
        ob_value_set_list(field);
        ob_list_push_str(field, headers->v[i].name);
        ob_list_push_str(field, headers->v[i].value);
    }
}

static void put_request(struct ob_value *v, const struct ob_served *in, int64_t now_ms)
{
    ob_value_init(v);
    ob_value_set_map(v);
    ob_map_put_str(v, "method", in->method);
    ob_map_put_str(v, "path", in->path);
    ob_map_put_str(v, "query", in->query);
    ob_value_set_strn(ob_map_put(v, "body"), ob_buf_str(&in->body), in->body.len);
    ob_map_put_int(v, "now_ms", now_ms);
    put_headers(ob_map_put(v, "headers"), &in->headers);
}

static enum ob_server_fault fault_of(const char *name)
{
    static const struct {
        const char *name;
        enum ob_server_fault fault;
    } names[] = {{"drop", OB_FAULT_DROP}, {"cut", OB_FAULT_CUT}, {"hang", OB_FAULT_HANG}};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].fault;
    return OB_FAULT_NONE;
}

static void take_reply(const struct ob_value *v, struct ob_reply *out)
{
    const struct ob_value *headers = ob_map_get(v, "headers");
    const struct ob_value *body = ob_map_get(v, "body");
    out->response.status = (int)ob_map_int(v, "status", 500);
    out->delay_ms = ob_map_int(v, "delay_ms", 0);
    out->fault = fault_of(ob_map_str(v, "fault"));
    for (size_t i = 0; i < ob_list_count(headers); i++) {
        const struct ob_value *field = ob_list_at(headers, i);
        const char *name = ob_value_str(ob_list_at(field, 0));
        const char *value = ob_value_str(ob_list_at(field, 1));
        if (name && value)
            ob_fields_add(&out->response.headers, name, value);
    }
    if (body && body->type == OB_STR)
        ob_buf_add(&out->response.body, body->s.p, body->s.len);
}

/* A fault of ours, not of a cloud: said so, loudly. */
static void take_failure(const struct ob_err *err, struct ob_reply *out)
{
    fprintf(stderr, "offboard: %s\n", err->message);
    out->response.status = 500;
    ob_fields_add(&out->response.headers, "Content-Type", "text/plain");
    ob_buf_adds(&out->response.body, err->message);
}

static void tell(struct ob_sim *s, struct ob_value *answer, int64_t now_ms)
{
    char at[OB_TIME_TEXT];
    if (!s->log || !ob_map_get(answer, "log"))
        return;
    struct ob_value *event = ob_map_put(answer, "log");
    struct ob_value *people = ob_map_put(event, "people");
    if (people->type != OB_LIST) /* Lua's empty table says nothing of what it might have held */
        ob_value_set_list(people);
    ob_map_put_str(event, "at", ob_time_iso(now_ms, true, at));
    s->log(s->log_ctx, event);
}

void ob_sim_handle(void *ctx, const struct ob_served *in, struct ob_reply *out)
{
    struct ob_sim *s = ctx;
    struct ob_value request, answer;
    struct ob_err err;
    int64_t now_ms = ob_wall_ms(s->clock);
    put_request(&request, in, now_ms);
    if (s->strike)
        ob_map_put_str(&request, "strike", s->strike);
    s->strike = NULL;
    if (ask(s, "handle", &request, 1, &answer, &err) != OB_OK) {
        take_failure(&err, out);
    } else {
        take_reply(&answer, out);
        tell(s, &answer, now_ms);
    }
    ob_value_fini(&answer);
    ob_value_fini(&request);
}

/* ---- what it tells besides ---- */

/* A text that a function answers. */
static enum ob_status ask_text(struct ob_sim *s, const char *function, const struct ob_value *args,
                               size_t count, struct ob_buf *out, struct ob_err *err)
{
    struct ob_value text;
    enum ob_status status = ask(s, function, args, count, &text, err);
    if (status == OB_OK && text.type == OB_STR && !ob_buf_add(out, text.s.p, text.s.len))
        status = ob_fail(err, OB_ERR, "simulator: %s: larger than the buffer", function);
    ob_value_fini(&text);
    return status;
}

enum ob_status ob_sim_state(struct ob_sim *s, bool fields, struct ob_buf *json, struct ob_err *err)
{
    struct ob_value arg;
    ob_value_init(&arg);
    ob_value_set_bool(&arg, fields);
    return ask_text(s, "state", &arg, 1, json, err);
}

enum ob_status ob_sim_targets(struct ob_sim *s, const char *url, const char *ca,
                              struct ob_value *out, struct ob_err *err)
{
    struct ob_value args[2];
    ob_value_init(&args[0]);
    ob_value_init(&args[1]);
    ob_value_set_str(&args[0], url);
    ob_value_set_str(&args[1], ca ? ca : "");
    enum ob_status status = ask(s, "targets", args, 2, out, err);
    ob_value_fini(&args[0]);
    ob_value_fini(&args[1]);
    return status;
}

enum ob_status ob_sim_leavers(struct ob_sim *s, int64_t count, struct ob_buf *csv,
                              struct ob_err *err)
{
    struct ob_value args[2];
    ob_value_init(&args[0]);
    ob_value_init(&args[1]);
    ob_value_set_int(&args[0], count);
    ob_value_set_int(&args[1], ob_wall_ms(s->clock));
    return ask_text(s, "leavers", args, 2, csv, err);
}
