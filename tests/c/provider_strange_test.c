/* Answers nobody would write: every node of good answers replaced by something odd, every cut of
 * them, and bodies as large as are ever received. A provider must take all of it without an
 * error, must never say of somebody what the answer does not say, and must work afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "script/script.h"
#include "script/target.h"

struct good {
    const char *provider, *op, *args, *body;
    bool success; /* the whole body says that it worked */
};

static const char two[] = "{\"ids\":[\"alice\",\"bob\"]}";
static const char one[] = "{\"ids\":[\"alice\"]}";
static const char first[] = "{\"cursor\":null}";

static const struct good goods[] = {
    {"huawei-meeting", "delete", two, "[{\"account\":\"bob\",\"error_code\":\"U.1\",\"m\":[1]}]",
     0},
    {"huawei-meeting", "disable", two, "{\"error_code\":\"USG.2\",\"error_msg\":\"bob\"}", 0},
    {"huawei-meeting", "lookup", one,
     "{\"userAccount\":\"alice\",\"status\":0,\"adminType\":2,\"vmrList\":[{\"id\":\"v\"}]}", 1},
    {"huawei-meeting", "list", first,
     "{\"count\":9,\"data\":[{\"userAccount\":\"alice\",\"status\":1,\"adminType\":0}]}", 1},
    {"huawei-dataarts", "remove", two, "{\"message\":null,\"is_success\":true}", 1},
    {"huawei-dataarts", "list", first,
     "{\"count\":1,\"data\":[{\"user_id\":\"u\",\"roles\":[{\"role_id\":\"r\"}]}]}", 1},
    {"huawei-dataarts", "roles", "{}", "[{\"role_id\":\"r\"}]", 1},
    {"alibaba-eds", "remove", two,
     "{\"RemoveUsersResult\":{\"RemovedUsers\":[\"alice\"],\"FailedUsers\":[{\"EndUserId\":"
     "\"bob\",\"ErrorCode\":\"E\",\"ErrorMessage\":\"m\"}]}}",
     1},
    {"alibaba-eds", "lookup", two,
     "{\"Users\":[{\"EndUserId\":\"alice\",\"Status\":0}],\"NextToken\":\"\"}", 1},
    {"alibaba-eds", "list", first,
     "{\"Users\":[{\"EndUserId\":\"alice\",\"Status\":0}],\"NextToken\":\"t\"}", 1},
};

static const char *const odds[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e400",
    "123456789012345678901234567890",
    "0.5",
    "\"\"",
    "\"bob\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "{\"a\":{}}",
    "[\"bob\",\"bob\"]",
    "[{\"id\":\"mallory\"}]",
};
#define ODDS (sizeof odds / sizeof *odds)

struct ask {
    struct ob_config config;
    struct ob_target *target;
    const struct good *good;
    struct ob_value args;
};

static void put_secret(struct ask *a, struct ob_value *fields, const char *name)
{
    ob_value_set_secret(ob_map_put(fields, name), ob_secret_literal(a->config.vault, "s", 1));
}

static void fill_fields(struct ask *a, struct ob_value *f)
{
    ob_value_init(f);
    ob_value_set_map(f);
    if (strcmp(a->good->provider, "huawei-meeting") == 0) {
        ob_map_put_str(f, "app_id", "A");
        put_secret(a, f, "app_key");
        return;
    }
    bool eds = strcmp(a->good->provider, "alibaba-eds") == 0;
    ob_map_put_str(f, "region", "cn-shanghai");
    ob_map_put_str(f, eds ? "access_key_id" : "access_key", "A");
    put_secret(a, f, eds ? "access_key_secret" : "secret_key");
    if (!eds) {
        ob_map_put_str(f, "project_id", "P");
        ob_map_put_str(f, "workspace_id", "W");
    }
}

static void ask_open(struct ask *a, const struct good *good)
{
    struct ob_err err;
    *a = (struct ask){.good = good, .config.vault = ob_vault_new()};
    struct ob_target_config t = {.name = (char *)"t", .provider = (char *)good->provider};
    fill_fields(a, &t.fields);
    ob_value_init(&t.protect);
    ob_value_set_list(&t.protect);
    if (ob_target_open(&a->target, &a->config, &t, &err) != OB_OK)
        fail_msg("%s: %s", good->provider, err.message);
    if (ob_script_json(good->args, strlen(good->args), &a->args, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_value_fini(&t.fields);
    ob_value_fini(&t.protect);
}

static void ask_close(struct ask *a)
{
    ob_target_close(a->target);
    ob_vault_free(a->config.vault);
    ob_value_fini(&a->args);
}

static enum ob_status answer(struct ask *a, int status, const char *body, size_t len,
                             struct ob_answer *out, struct ob_err *err)
{
    const struct ob_provider *p = &a->target->provider;
    struct ob_response r = {.status = status};
    ob_buf_init(&r.body, OB_BUF_LARGE);
    assert_true(ob_buf_add(&r.body, body, len));
    enum ob_status st = p->answer(p->self, a->good->op, &a->args, &r, out, err);
    ob_response_fini(&r);
    return st;
}

/* Nobody but those asked for is spoken of, and a lookup speaks of all of them. */
static void check_people(struct ask *a, const struct ob_answer *out, const char *body)
{
    const struct ob_value *ids = ob_map_get(&a->args, "ids");
    size_t named = ob_list_count(&out->people);
    if (!ids)
        return;
    for (size_t i = 0; i < named; i++) {
        const char *id = ob_map_str(ob_list_at(&out->people, i), "id");
        bool asked = false;
        for (size_t k = 0; k < ob_list_count(ids); k++)
            asked = asked || (id && strcmp(id, ob_value_str(ob_list_at(ids, k))) == 0);
        if (!asked)
            fail_msg("%s %s: %s: speaks of %s", a->good->provider, a->good->op, body, id);
    }
    if (out->meaning == OB_SAYS_DONE && strcmp(a->good->op, "lookup") == 0)
        assert_int_equal(named, ob_list_count(ids));
}

static void try_body(struct ask *a, int status, const char *body, size_t len)
{
    struct ob_answer out;
    struct ob_err err;
    if (answer(a, status, body, len, &out, &err) != OB_OK)
        fail_msg("%s %s: %.300s: %s", a->good->provider, a->good->op, body, err.message);
    check_people(a, &out, body);
    ob_answer_fini(&out);
}

/* ---- odd nodes ---- */

/* Replaces node number *at (in order of a walk) and says whether there was one. */
static bool replace(struct ob_value *v, int *at, const struct ob_value *odd)
{
    if ((*at)-- == 0) {
        ob_value_fini(v);
        ob_value_copy(v, odd);
        return true;
    }
    for (size_t i = 0; v->type == OB_LIST && i < v->list.count; i++)
        if (replace(&v->list.items[i], at, odd))
            return true;
    for (size_t i = 0; v->type == OB_MAP && i < v->map.count; i++)
        if (replace(&v->map.pairs[i].value, at, odd))
            return true;
    return false;
}

static bool try_node(struct ask *a, const struct ob_value *good, int node, const char *text)
{
    static const int statuses[] = {200, 400, 500};
    struct ob_value odd, body;
    struct ob_buf out;
    struct ob_err err;
    if (ob_script_json(text, strlen(text), &odd, &err) != OB_OK)
        return true; /* this one is no JSON for anybody */
    ob_value_copy(&body, good);
    bool there = replace(&body, &node, &odd);
    ob_buf_init(&out, OB_BUF_LARGE);
    ob_json_write(&out, &body);
    for (size_t i = 0; there && i < 3; i++)
        try_body(a, statuses[i], ob_buf_str(&out), out.len);
    ob_buf_fini(&out);
    ob_value_fini(&body);
    ob_value_fini(&odd);
    return there;
}

static void test_odd_nodes(void **state)
{
    for (size_t g = 0; g < sizeof goods / sizeof *goods; g++) {
        struct ask a;
        struct ob_value good;
        struct ob_err err;
        ask_open(&a, &goods[g]);
        assert_int_equal(ob_script_json(goods[g].body, strlen(goods[g].body), &good, &err), OB_OK);
        for (size_t o = 0; o < ODDS; o++)
            for (int node = 0; try_node(&a, &good, node, odds[o]) && node < 100; node++)
                ;
        ob_value_fini(&good);
        ask_close(&a);
    }
}

/* ---- cuts, and bytes that are no text ---- */

static void test_cuts(void **state)
{
    for (size_t g = 0; g < sizeof goods / sizeof *goods; g++) {
        struct ask a;
        size_t len = strlen(goods[g].body);
        ask_open(&a, &goods[g]);
        for (size_t n = 1; n < len; n++) {
            struct ob_answer out;
            struct ob_err err;
            assert_int_equal(answer(&a, 200, goods[g].body, n, &out, &err), OB_OK);
            assert_int_equal(out.meaning, OB_SAYS_NONSENSE);
            ob_answer_fini(&out);
        }
        try_body(&a, 200, "\xFF\xFE\0\0", 4);
        try_body(&a, 400, "\0", 1);
        try_body(&a, 200, "\xEF\xBB\xBF{}", 5);
        ask_close(&a);
    }
}

static void test_good_are_good(void **state)
{
    for (size_t g = 0; g < sizeof goods / sizeof *goods; g++) {
        struct ask a;
        struct ob_answer out;
        struct ob_err err;
        ask_open(&a, &goods[g]);
        const char *body = goods[g].body;
        assert_int_equal(answer(&a, 200, body, strlen(body), &out, &err), OB_OK);
        assert_true(!goods[g].success || out.meaning == OB_SAYS_DONE);
        ob_answer_fini(&out);
        ask_close(&a);
    }
}

/* ---- as large as can be received ---- */

static void try_large(struct ask *a, const char *piece, size_t size)
{
    struct ob_answer out;
    struct ob_err err;
    size_t n = strlen(piece), count = size / n;
    char *body = ob_xmalloc(count * n + 4);
    body[0] = '[';
    for (size_t i = 0; i < count; i++)
        memcpy(body + 1 + i * n, piece, n);
    memcpy(body + 1 + count * n - 1, "]", 2); /* over the last comma */
    /* An error names a limit of the provider; the engine reads it as nonsense. */
    if (answer(a, 200, body, strlen(body), &out, &err) == OB_OK)
        assert_true(out.meaning != OB_SAYS_DONE || out.rest_in_doubt);
    ob_answer_fini(&out);
    free(body);
}

static void test_large(void **state)
{
    static const char *const pieces[] = {"[],", "{},", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaa\",", "12,",
                                         "{\"a\":[{\"b\":1}]},"};
    struct ask a;
    ask_open(&a, &goods[0]);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        try_large(&a, pieces[i], (size_t)15 * 1024 * 1024);
        try_body(&a, 200, "[\"bob\"]", 7);
    }
    ask_close(&a);
}

/* ---- page after page ---- */

static const struct good eds_list = {"alibaba-eds", "list", first, NULL, 1};
static const struct good members = {"huawei-dataarts", "list", first, NULL, 1};

/* Asks for the next page; false when the answer was the last or nonsense. */
static bool turn(struct ask *a, const char *body, enum ob_meaning *meaning)
{
    struct ob_answer out;
    struct ob_err err;
    assert_int_equal(answer(a, 200, body, strlen(body), &out, &err), OB_OK);
    bool more = out.meaning == OB_SAYS_DONE && out.next.type != OB_NULL;
    ob_value_move(ob_map_put(&a->args, "cursor"), &out.next);
    *meaning = out.meaning;
    ob_answer_fini(&out);
    return more;
}

/* Tokens that go round in a circle, after a way into it, are found within three rounds. */
static void test_token_circles(void **state)
{
    for (int in = 0; in < 4; in++) {
        for (int round = 1; round < 40; round++) {
            enum ob_meaning meaning = OB_SAYS_DONE;
            struct ask a;
            int pages = 0;
            bool more = true;
            ask_open(&a, &eds_list);
            while (more && pages < 500) {
                char body[64];
                int token = pages < in ? pages : in + (pages - in) % round;
                snprintf(body, sizeof body, "{\"Users\":[],\"NextToken\":\"t%d\"}", token);
                more = turn(&a, body, &meaning);
                pages++;
            }
            assert_int_equal(meaning, OB_SAYS_NONSENSE);
            assert_in_range(pages, 2, 3 * (round + in) + 3);
            ask_close(&a);
        }
    }
}

static char *member_page(int from, int rows, int count)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_LARGE);
    ob_buf_addf(&b, "{\"count\":%d,\"data\":[", count);
    for (int i = 0; i < rows; i++)
        ob_buf_addf(&b, "%s{\"user_id\":\"u%d\"}", i ? "," : "", from + i);
    ob_buf_adds(&b, "]}");
    return ob_buf_take(&b);
}

static int member_pages(int people, int count, bool last_page_again, enum ob_meaning *meaning)
{
    struct ask a;
    int pages = 0;
    bool more = true;
    ask_open(&a, &members);
    while (more && pages < 50) {
        int from = pages * 100;
        if (from >= people && last_page_again)
            from = (people - 1) / 100 * 100;
        int left = people - from;
        char *body = member_page(from, left > 100 ? 100 : left > 0 ? left : 0, count);
        more = turn(&a, body, meaning);
        free(body);
        pages++;
    }
    ask_close(&a);
    return pages;
}

static void test_member_pages(void **state)
{
    enum ob_meaning m;
    assert_int_equal(member_pages(30, 30, false, &m), 1);
    assert_int_equal(member_pages(130, 130, false, &m), 2);
    assert_int_equal(member_pages(100, 100, false, &m), 2); /* a full page may not be all */
    assert_int_equal(member_pages(100, 100, true, &m), 2);
    assert_int_equal(member_pages(150, 100, false, &m), 2); /* a count that is capped */
    assert_int_equal(m, OB_SAYS_DONE);
    assert_int_equal(member_pages(100, 250, false, &m), 2);
    assert_int_equal(m, OB_SAYS_NONSENSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_are_good), cmocka_unit_test(test_odd_nodes),
        cmocka_unit_test(test_cuts),          cmocka_unit_test(test_large),
        cmocka_unit_test(test_token_circles), cmocka_unit_test(test_member_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
