/* Providers against recorded text: tests/providers/NAME.txt holds targets, requests and answers
 * with what they must become. The format is in tests/providers/README.txt. Every case of a file
 * runs, so that one run shows all that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "script/script.h"
#include "script/target.h"

struct suite {
    struct ob_config config;
    struct ob_target *target;
    char *label;
    int cases, failed;
};

/* One case, cut out of the file. */
struct sample {
    char *name, *line, *answer, *expect;
    int at;
};

static const char *const meanings[] = {"done",      "person",  "suspect",    "request",
                                       "throttled", "token",   "credential", "permission",
                                       "transient", "nonsense"};

/* ---- targets ---- */

static void put_field(struct suite *s, struct ob_value *fields, char *word)
{
    char *value = strchr(word, '=');
    assert_non_null(value);
    *value++ = '\0';
    struct ob_value *v = ob_map_put(fields, word);
    if (*value == '@')
        ob_value_set_secret(v, ob_secret_literal(s->config.vault, value + 1, strlen(value + 1)));
    else if (*value && value[strspn(value, "0123456789")] == '\0')
        ob_value_set_int(v, strtoll(value, NULL, 10));
    else if (strcmp(value, "[]") == 0)
        ob_value_set_list(v);
    else
        ob_value_set_str(v, value);
}

/* "huawei-meeting app_id=x app_key=@secret" */
static enum ob_status open_target(struct suite *s, char *words, struct ob_target **out,
                                  struct ob_err *err)
{
    struct ob_target_config t = {.name = (char *)"t", .line = 7, .parallel = 4, .timeout_ms = 1000};
    char *state = NULL;
    ob_value_init(&t.fields);
    ob_value_init(&t.protect);
    ob_value_set_map(&t.fields);
    ob_value_set_list(&t.protect);
    t.provider = strtok_r(words, " ", &state);
    for (char *w; (w = strtok_r(NULL, " ", &state));)
        put_field(s, &t.fields, w);
    enum ob_status status = ob_target_open(out, &s->config, &t, err);
    ob_value_fini(&t.fields);
    ob_value_fini(&t.protect);
    return status;
}

static void show_endpoint(struct ob_buf *out, const char *name, const struct ob_endpoint *e)
{
    ob_buf_addf(out, "%s http%s://%s%s\n", name, e->https ? "s" : "", e->authority, e->base);
}

static void show_target(struct suite *s, char *words, struct ob_buf *out)
{
    struct ob_target *t;
    struct ob_err err;
    enum ob_status status = open_target(s, words, &t, &err);
    if (status != OB_OK) {
        ob_buf_addf(out, "%s: %s\n", ob_status_word(status), err.message);
        return;
    }
    ob_buf_addf(out, "signer %s\n", t->signer->name);
    show_endpoint(out, "calls", &t->route.endpoint);
    show_endpoint(out, "login", &t->login_route.endpoint);
    ob_buf_adds(out, "credential");
    for (size_t i = 0; i < t->credential->count; i++)
        ob_buf_addf(out, " %s%s", t->credential->v[i].name,
                    t->credential->v[i].text ? "" : "(secret)");
    ob_buf_adds(out, "\n");
    ob_target_close(t);
}

/* ---- requests ---- */

static void read_args(struct ob_value *args, const char *text)
{
    struct ob_err err;
    ob_value_init(args);
    if (*text == '{') {
        if (ob_script_json(text, strlen(text), args, &err) != OB_OK)
            fail_msg("%s: %s", text, err.message);
        return;
    }
    ob_value_set_map(args);
    struct ob_value *ids = ob_map_put(args, "ids");
    ob_value_set_list(ids);
    while (*text) {
        size_t n = strcspn(text, " ");
        ob_value_set_strn(ob_list_push(ids), text, n);
        text += n + strspn(text + n, " ");
    }
}

static void show_request(const struct ob_request *r, struct ob_buf *out)
{
    ob_buf_addf(out, "%s ", r->method);
    ob_request_target(r, "", out);
    ob_buf_adds(out, "\n");
    if (r->rpc_action)
        ob_buf_addf(out, "%s %s\n", r->rpc_action, r->rpc_version);
    for (size_t i = 0; i < r->headers.count; i++)
        ob_buf_addf(out, "%s: %s\n", r->headers.v[i].name, r->headers.v[i].value);
    const char *body = ob_buf_str(&r->body), *password = strstr(body, "Password=");
    size_t shown = password ? (size_t)(password - body) + 9 : r->body.len;
    ob_buf_add(out, body, shown);
    if (password) { /* a fresh one each time */
        assert_true(strcspn(body + shown, "&") >= 16);
        ob_buf_addf(out, "***%s", body + shown + strcspn(body + shown, "&"));
    }
    ob_buf_adds(out, r->body.len ? "\n" : "");
}

static void run_request(struct suite *s, const char *op, const char *text, struct ob_buf *out)
{
    struct ob_provider *p = &s->target->provider;
    struct ob_value args;
    struct ob_request r;
    struct ob_err err;
    read_args(&args, text);
    enum ob_status status = p->request(p->self, op, &args, &r, &err);
    if (status == OB_OK)
        status = ob_request_check(&r, &err);
    if (status == OB_OK)
        show_request(&r, out);
    else
        ob_buf_addf(out, "%s: %s\n", ob_status_word(status), err.message);
    ob_request_fini(&r);
    ob_value_fini(&args);
}

/* Two JSON values in one line: the first, and where the second begins. */
static const char *read_first(struct ob_value *out, const char *text)
{
    int depth = 0;
    size_t n = 0;
    do
        depth += (text[n] == '{') - (text[n] == '}');
    while (text[n++] && depth);
    struct ob_err err;
    if (ob_script_json(text, n, out, &err) != OB_OK)
        fail_msg("%s: %s", text, err.message);
    return text + n + strspn(text + n, " ");
}

/* "holds ACTION {snapshot} {row}", "group ACTION {snapshot}" */
static void run_back(struct suite *s, const char *what, char *text, struct ob_buf *out)
{
    struct ob_provider *p = &s->target->provider;
    struct ob_value snapshot, row;
    struct ob_err err;
    bool yes = false;
    char *rest = NULL, *op = strtok_r(text, " ", &rest);
    const char *second = read_first(&snapshot, rest);
    enum ob_status status;
    if (strcmp(what, "group") == 0) {
        struct ob_buf shared;
        ob_buf_init(&shared, OB_BUF_SMALL);
        status = p->group(p->self, op, &snapshot, &shared, &err);
        if (status == OB_OK)
            ob_buf_addf(out, "\"%s\"\n", ob_buf_str(&shared));
        ob_buf_fini(&shared);
    } else {
        read_first(&row, second);
        status = p->holds(p->self, op, &snapshot, &row, &yes, &err);
        ob_buf_adds(out, status != OB_OK ? "" : yes ? "yes\n" : "no\n");
        ob_value_fini(&row);
    }
    if (status != OB_OK)
        ob_buf_addf(out, "%s: %s\n", ob_status_word(status), err.message);
    ob_value_fini(&snapshot);
}

/* "undo ACTION": by what, and what is said of it. */
static void run_undo(struct suite *s, const char *action, struct ob_buf *out)
{
    const struct ob_action *a = ob_provider_action(s->target->provider.info, action);
    const struct ob_value *keeps = ob_map_get(&a->undo_says, "keeps");
    const struct ob_value *loses = ob_map_get(&a->undo_says, "loses");
    for (size_t i = 0; i < a->undo_count; i++)
        ob_buf_addf(out, "%s%s", i ? " " : "", a->undo[i]);
    ob_buf_adds(out, "\nkeeps");
    for (size_t i = 0; i < ob_list_count(keeps); i++)
        ob_buf_addf(out, " %s", ob_value_str(ob_list_at(keeps, i)));
    ob_buf_adds(out, "\n");
    for (size_t i = 0; i < ob_list_count(loses); i++)
        ob_buf_addf(out, "loses %s: %s\n", ob_map_str(ob_list_at(loses, i), "field"),
                    ob_map_str(ob_list_at(loses, i), "why"));
}

/* "POST /path action=X Name=value ... body=a=b": is it only a reading? */
static void run_is_read(struct suite *s, char *text, struct ob_buf *out)
{
    struct ob_provider *p = &s->target->provider;
    struct ob_request r;
    char *state = NULL, *method = strtok_r(text, " ", &state);
    ob_request_init(&r, method, strtok_r(NULL, " ", &state));
    for (char *w; (w = strtok_r(NULL, " ", &state));) {
        char *value = strchr(w, '=');
        assert_non_null(value);
        *value++ = '\0';
        if (strcmp(w, "action") == 0)
            r.rpc_action = ob_xstrdup(value);
        else if (strcmp(w, "form") == 0)
            ob_fields_add(&r.headers, "Content-Type", "application/x-www-form-urlencoded");
        if (strcmp(w, "form") == 0 || strcmp(w, "body") == 0)
            ob_buf_adds(&r.body, value);
        else if (strncmp(w, "x-", 2) == 0)
            ob_fields_add(&r.headers, w, value);
        else if (strcmp(w, "action") != 0)
            ob_fields_add(&r.query, w, value);
    }
    ob_buf_adds(out, p->is_read(p->self, &r) ? "reads\n" : "changes\n");
    ob_request_fini(&r);
}

/* ---- answers ---- */

static void show_value(struct ob_buf *out, const char *name, const struct ob_value *v)
{
    if (v->type == OB_NULL)
        return;
    ob_buf_addf(out, " %s=", name);
    ob_json_write(out, v);
}

static void show_person(struct ob_buf *out, const struct ob_value *p, bool fields)
{
    const char *outcome = ob_map_str(p, "outcome"), *state = ob_map_str(p, "state");
    const char *code = ob_map_str(p, "code"), *message = ob_map_str(p, "message");
    ob_buf_addf(out, "%s %s", ob_map_str(p, "id"), outcome ? outcome : state ? state : "?");
    if (code && *code)
        ob_buf_addf(out, " %s", code);
    if (message && *message)
        ob_buf_addf(out, ": %s", message);
    if (ob_map_bool(p, "admin", false))
        ob_buf_adds(out, " administrator");
    if (ob_map_bool(p, "group", false))
        ob_buf_adds(out, " group");
    if (fields && ob_map_get(p, "fields"))
        show_value(out, "fields", ob_map_get(p, "fields"));
    ob_buf_adds(out, "\n");
}

static void show_answer(const struct ob_answer *a, struct ob_buf *out, bool fields)
{
    ob_buf_adds(out, meanings[a->meaning]);
    if (a->code && *a->code)
        ob_buf_addf(out, " %s", a->code);
    if (a->message && *a->message)
        ob_buf_addf(out, ": %s", a->message);
    if (a->rest_in_doubt)
        ob_buf_adds(out, " rest=doubt");
    if (a->retry_after_ms)
        ob_buf_addf(out, " retry=%lld", (long long)a->retry_after_ms);
    if (a->total >= 0)
        ob_buf_addf(out, " total=%lld", (long long)a->total);
    show_value(out, "next", &a->next);
    show_value(out, "data", &a->data);
    ob_buf_adds(out, "\n");
    for (size_t i = 0; i < ob_list_count(&a->people); i++)
        show_person(out, ob_list_at(&a->people, i), fields);
}

/* "200 Retry-After: 3 | Date: ..." in the first line, then the body. */
static void read_response(struct ob_response *r, char *text)
{
    char *body = strchr(text, '\n'), *state = NULL;
    *r = (struct ob_response){.status = (int)strtol(text, &text, 10)};
    if (body)
        *body++ = '\0';
    for (char *h = strtok_r(text, "|", &state); h; h = strtok_r(NULL, "|", &state)) {
        char *value = strchr(h, ':');
        if (!value)
            continue;
        *value++ = '\0';
        ob_fields_add(&r->headers, h + strspn(h, " "), value + strspn(value, " "));
        char *last = r->headers.v[r->headers.count - 1].value;
        for (size_t n = strlen(last); n && last[n - 1] == ' '; n--)
            last[n - 1] = '\0';
    }
    ob_buf_init(&r->body, OB_BUF_LARGE);
    ob_buf_adds(&r->body, body ? body : "");
}

static void run_answer(struct suite *s, const char *op, const char *text, char *answer,
                       struct ob_buf *out)
{
    struct ob_provider *p = &s->target->provider;
    bool fields = *text == '+';
    struct ob_value args;
    struct ob_response r;
    struct ob_answer a;
    struct ob_err err;
    read_args(&args, text + fields);
    read_response(&r, answer);
    if (p->answer(p->self, op, &args, &r, &a, &err) == OB_OK)
        show_answer(&a, out, fields);
    else
        ob_buf_addf(out, "%s: %s\n", ob_status_word(err.status), err.message);
    ob_answer_fini(&a);
    ob_response_fini(&r);
    ob_value_fini(&args);
}

/* ---- the files ---- */

static void run_sample(struct suite *s, struct sample *c)
{
    struct ob_buf out;
    char *rest = strchr(c->line, ' ');
    ob_buf_init(&out, OB_BUF_LARGE);
    rest = rest ? rest : c->line + strlen(c->line);
    if (*rest)
        *rest++ = '\0';
    if (strcmp(c->line, "open") == 0)
        show_target(s, rest, &out);
    else if (strcmp(c->line, "is_read") == 0)
        run_is_read(s, rest, &out);
    else if (strcmp(c->line, "holds") == 0 || strcmp(c->line, "group") == 0)
        run_back(s, c->line, rest, &out);
    else if (strcmp(c->line, "undo") == 0)
        run_undo(s, rest, &out);
    else if (c->answer)
        run_answer(s, c->line, rest, c->answer, &out);
    else
        run_request(s, c->line, rest, &out);
    s->cases++;
    if (strcmp(ob_buf_str(&out), c->expect) != 0) {
        s->failed++;
        print_message("%s:%d: %s\n--- wanted\n%s--- got\n%s", s->label, c->at, c->name, c->expect,
                      ob_buf_str(&out));
    }
    ob_buf_fini(&out);
}

static char *line_at(char **at, int *number)
{
    char *line = *at, *end = strchr(line, '\n');
    if (!*line)
        return NULL;
    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    (*number)++;
    return line;
}

/* Does a block end before this line? A comment ends what is expected, and stands in a body. */
static bool at_mark(const char *line, bool expected)
{
    return strncmp(line, "== ", 3) == 0 || strncmp(line, ">>", 2) == 0 ||
           strncmp(line, "target ", 7) == 0 || (expected && *line == '#');
}

/* The lines up to the next mark: expected ones without empty ones and each with its end, those
 * of a body as they are and without the last end. */
static char *block(char **at, int *number, bool expected)
{
    struct ob_buf text;
    bool first = true;
    ob_buf_init(&text, OB_BUF_LARGE);
    while (**at && !at_mark(*at, expected)) {
        char *line = line_at(at, number);
        if (expected && !*line)
            continue;
        ob_buf_addf(&text, "%s%s%s", expected || first ? "" : "\n", line, expected ? "\n" : "");
        first = false;
    }
    char *out = ob_xstrdup(ob_buf_str(&text));
    ob_buf_fini(&text);
    return out;
}

static void read_sample(struct suite *s, char *name, char **at, int *number)
{
    struct sample c = {.name = name, .at = *number};
    c.line = line_at(at, number);
    if (strncmp(*at, "<< ", 3) == 0) {
        *at += 3;
        c.answer = block(at, number, false);
    }
    if (strncmp(*at, ">>", 2) != 0)
        fail_msg("%s:%d: no >> after the case", s->label, *number);
    line_at(at, number);
    c.expect = block(at, number, true);
    run_sample(s, &c);
    free(c.answer);
    free(c.expect);
}

static void use_target(struct suite *s, char *words, int number)
{
    struct ob_err err;
    ob_target_close(s->target);
    if (open_target(s, words, &s->target, &err) != OB_OK)
        fail_msg("%s:%d: %s", s->label, number, err.message);
}

static void run_file(void **state)
{
    struct suite s = {.config = {.path = (char *)"/etc/targets.lua"}, .label = *state};
    char *path = ob_xasprintf("%s/providers/%s", OB_TEST_DIR, s.label);
    struct ob_buf text;
    struct ob_err err;
    int number = 0;
    ob_buf_init(&text, OB_BUF_LARGE);
    if (ob_file_read(path, OB_BUF_LARGE, &text, OB_ERR, &err) != OB_OK)
        fail_msg("%s", err.message);
    s.config.vault = ob_vault_new();
    char *at = text.p;
    for (char *line; (line = line_at(&at, &number));) {
        if (strncmp(line, "target ", 7) == 0)
            use_target(&s, line + 7, number);
        else if (strncmp(line, "== ", 3) == 0)
            read_sample(&s, line + 3, &at, &number);
        else if (*line && *line != '#')
            fail_msg("%s:%d: not understood: %s", s.label, number, line);
    }
    ob_target_close(s.target);
    ob_vault_free(s.config.vault);
    ob_buf_fini(&text);
    free(path);
    print_message("%s: %d cases, %d failed\n", s.label, s.cases, s.failed);
    assert_true(s.cases > 0);
    assert_int_equal(s.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(run_file, (void *)"targets.txt"),
        cmocka_unit_test_prestate(run_file, (void *)"huawei-meeting.txt"),
        cmocka_unit_test_prestate(run_file, (void *)"huawei-dataarts.txt"),
        cmocka_unit_test_prestate(run_file, (void *)"alibaba-eds.txt"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
