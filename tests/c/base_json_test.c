/* The JSON scanner: what it takes and refuses, its events; unescaping and the pick. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/random.h"

static void test_accepts(void **state)
{
    static const char *const good[] = {
        "0",
        "-0",
        "1",
        "-1",
        "123456789012345678901234567890",
        "0.5",
        "-0.0",
        "1e5",
        "1E+5",
        "1.25e-7",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\uD83D\\ude00\"",
        "\"\\ud800\"",
        "\"\x7f\"",
        "\"\xc3\xa9\xe4\xb8\x80\xf0\x9f\x98\x80\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}\n",
        "[1,2,3]",
        "[[],{},[{}]]",
        "{\"a\":1}",
        "{\"a\":{\"b\":[1,{\"c\":null}]},\"a\":2}",
        "[\"a\" , 1 ]",
        "{ \"a\" : 1 , \"b\" : [ ] }",
        "\"\xf4\x8f\xbf\xbf\"",
        "\"\xed\x9f\xbf\"",
        "\"\xee\x80\x80\"",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct ob_err err = {0};
        if (ob_json_scan(good[i], strlen(good[i]), NULL, NULL, &err) != OB_OK)
            fail_msg("'%s' is refused: %s", good[i], err.message);
    }
}

struct bad {
    const char *text;
    int byte;
};

static void test_refuses(void **state)
{
    static const struct bad bads[] = {
        {"", 0},
        {" ", 1},
        {"01", 0},
        {"-01", 1},
        {"00", 0},
        {"1.", 2},
        {".5", 0},
        {"-", 1},
        {"+1", 0},
        {"1e", 2},
        {"1e+", 3},
        {"0x10", 1},
        {"NaN", 0},
        {"Infinity", 0},
        {"-x", 1},
        {"tru", 0},
        {"True", 0},
        {"nul", 0},
        {"truex", 4},
        {"1 2", 2},
        {"[] x", 3},
        {"\"", 1},
        {"\"a", 2},
        {"\"\\\"", 3},
        {"\"\\x\"", 2},
        {"\"\\u12\"", 5},
        {"\"\\u12g4\"", 5},
        {"\"\t\"", 1},
        {"\"\n\"", 1},
        {"\"\x01\"", 1},
        {"'a'", 0},
        {"[", 1},
        {"[1", 2},
        {"[1,", 3},
        {"[1,]", 3},
        {"[,1]", 1},
        {"[1 2]", 3},
        {"[1}", 2},
        {"{", 1},
        {"{a:1}", 1},
        {"{\"a\"}", 4},
        {"{\"a\" 1}", 5},
        {"{\"a\":}", 5},
        {"{\"a\":1,}", 7},
        {"{\"a\":1 \"b\":2}", 7},
        {"{1:2}", 1},
        {"{\"a\":1]", 6},
        {"]", 0},
        {"}", 0},
        {"[]]", 2},
        {",", 0},
        {"\xef\xbb\xbf{}", 0},
        {"\"\xc0\x80\"", 1},
        {"\"\xc1\xbf\"", 1},
        {"\"\xe0\x80\x80\"", 1},
        {"\"\xed\xa0\x80\"", 1},
        {"\"\xf0\x80\x80\x80\"", 1},
        {"\"\xf4\x90\x80\x80\"", 1},
        {"\"\xf5\x80\x80\x80\"", 1},
        {"\"\x80\"", 1},
        {"\"\xc3\"", 1},
        {"\"\xe4\xb8\"", 1},
        {"\"a\xff\"", 2},
        {"// c\n1", 0},
        {"[1,\v2]", 3},
    };
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct ob_err err = {0};
        char want[40];
        if (ob_json_scan(bads[i].text, strlen(bads[i].text), NULL, NULL, &err) != OB_ERR)
            fail_msg("'%s' is taken", bads[i].text);
        snprintf(want, sizeof want, "json: byte %d: ", bads[i].byte);
        if (strncmp(err.message, want, strlen(want)) != 0)
            fail_msg("'%s': '%s' is not at %d", bads[i].text, err.message, bads[i].byte);
    }
    assert_int_equal(ob_json_scan("[1\0]", 4, NULL, NULL, NULL), OB_ERR);
    assert_int_equal(ob_json_scan("\"\0\"", 3, NULL, NULL, NULL), OB_ERR);
    assert_int_equal(ob_json_scan("1\0", 2, NULL, NULL, NULL), OB_ERR);
    assert_int_equal(ob_json_scan("\"\\\0\"", 4, NULL, NULL, NULL), OB_ERR);
    assert_int_equal(ob_json_scan("\"\\u\0\0\0\0\"", 8, NULL, NULL, NULL), OB_ERR);
    assert_int_equal(ob_json_scan(NULL, 0, NULL, NULL, NULL), OB_ERR);
}

/* Every proper prefix of a text that begins with a bracket is refused, and read within bounds. */
static void test_prefixes(void **state)
{
    static const char text[] =
        "{\"a\":[1,-2.5e+3,true,false,null,\"\\u00e9\xc3\xa9\"],\"b\":{\"c\":\"\\\\\"}}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *copy = malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
        memcpy(copy, text, n);
        assert_int_equal(ob_json_scan(copy, n, NULL, NULL, NULL), OB_ERR);
        free(copy);
    }
    assert_int_equal(ob_json_scan(text, sizeof text - 1, NULL, NULL, NULL), OB_OK);
}

static void test_depth(void **state)
{
    for (int depth = 1; depth < 1000; depth = depth < 70 ? depth + 1 : depth * 2) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        for (int i = 0; i < depth; i++)
            ob_buf_addc(&b, '[');
        for (int i = 0; i < depth; i++)
            ob_buf_addc(&b, ']');
        assert_int_equal(ob_json_scan(b.p, b.len, NULL, NULL, NULL),
                         depth <= OB_VALUE_DEPTH ? OB_OK : OB_ERR);
        ob_buf_fini(&b);
    }
}

struct trace {
    struct ob_buf text;
    int stop_after;
};

static bool trace_sink(void *ctx, const struct ob_json_event *ev)
{
    static const char *const names[] = {"{",   "}",    "[",    "]",     "key", "str",
                                        "int", "real", "true", "false", "null"};
    struct trace *t = ctx;
    ob_buf_addf(&t->text, "%s@%d", names[ev->kind], ev->depth);
    if (ev->kind >= OB_JSON_KEY && ev->kind <= OB_JSON_REAL)
        ob_buf_addf(&t->text, "(%.*s)", (int)ev->len, ev->raw);
    ob_buf_addc(&t->text, ' ');
    return --t->stop_after != 0;
}

static void test_events(void **state)
{
    static const char text[] = " {\"a\\n\":[1,-0.5],\"b\":{},\"c\":true} ";
    struct trace t = {.stop_after = -1};
    ob_buf_init(&t.text, OB_BUF_SMALL);
    assert_int_equal(ob_json_scan(text, strlen(text), trace_sink, &t, NULL), OB_OK);
    assert_string_equal(ob_buf_str(&t.text),
                        "{@0 key@1(a\\n) [@1 int@2(1) real@2(-0.5) ]@1 key@1(b) {@1 }@1 "
                        "key@1(c) true@1 }@0 ");
    for (int stop = 1; stop < 12; stop++) { /* a stop is no error, wherever it comes */
        ob_buf_clear(&t.text);
        t.stop_after = stop;
        assert_int_equal(ob_json_scan(text, strlen(text), trace_sink, &t, NULL), OB_OK);
        assert_int_equal(t.stop_after, 0);
    }
    ob_buf_clear(&t.text);
    t.stop_after = 1;
    assert_int_equal(ob_json_scan("1 garbage", 9, trace_sink, &t, NULL), OB_OK);
    ob_buf_fini(&t.text);
}

static void test_unescape(void **state)
{
    static const struct {
        const char *raw, *text; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0041", "A"},
        {"\\u00e9", "\xc3\xa9"},
        {"\\u4E00", "\xe4\xb8\x80"},
        {"x\\uD83D\\uDE00y", "x\xf0\x9f\x98\x80y"},
        {"\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf"},
        {"\\uD83D", NULL},
        {"\\uDE00", NULL},
        {"\\uD83Dx", NULL},
        {"\\uD83D\\u0041", NULL},
        {"\\uD83D\\uD83D", NULL},
        {"\\q", NULL},
        {"\\", NULL},
        {"\\u12", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        bool ok = ob_json_unescape(&b, cases[i].raw, strlen(cases[i].raw));
        assert_int_equal(ok, cases[i].text != NULL);
        if (ok)
            assert_string_equal(ob_buf_str(&b), cases[i].text);
        ob_buf_fini(&b);
    }
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    assert_true(ob_json_unescape(&b, "a\\u0000b", 8));
    assert_int_equal(b.len, 3);
    ob_buf_fini(&b);
}

static void test_pick(void **state)
{
    static const char text[] =
        "{\"l\":[{\"a\":\"wrong\"}],\"x\":{\"a\":{\"b\":\"deep\"}},\"a\":\"s\\u00e9\",\"n\":1.50,"
        "\"i\":12345678901234567890,\"t\":true,\"z\":null,\"o\":{\"a\":\"in o\",\"m\":{}},"
        "\"bad\":\"\\ud800\",\"k\\u0065y\":1,\"a\":\"second\"}";
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"a", "s\xc3\xa9"}, {"n", "1.50"},     {"i", "12345678901234567890"},
        {"t", "true"},      {"x.a.b", "deep"}, {"o.a", "in o"},
        {"key", "1"},       {"z", NULL},       {"o", NULL},
        {"l", NULL},        {"l.a", NULL},     {"x.b", NULL},
        {"x.a", NULL},      {"x.a.b.c", NULL}, {"b", NULL},
        {"", NULL},         {"bad", NULL},     {"o.m", NULL},
        {"o.", NULL},       {"absent", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_buf_adds(&b, "=");
        bool found = ob_json_pick(text, strlen(text), cases[i].path, &b);
        if (found != (cases[i].text != NULL))
            fail_msg("pick %s: %d", cases[i].path, found);
        assert_string_equal(ob_buf_str(&b) + 1, found ? cases[i].text : "");
        ob_buf_fini(&b);
    }
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    assert_false(ob_json_pick("{\"a\":\"t\"} x", 11, "a", &b)); /* a broken text gives nothing */
    assert_int_equal(b.len, 0);
    assert_false(ob_json_pick("[{\"a\":1}]", 9, "a", &b));
    assert_false(ob_json_pick("\"a\"", 3, "a", &b));
    ob_buf_fini(&b);
}

/* Damaged texts may be refused or not, but never read out of bounds. */
static void test_damage(void **state)
{
    static const char text[] =
        "{\"a\":[1,-2.5e+3,true,null,\"\\u00e9\\ud83d\\ude00\xc3\xa9\"],\"b\":{\"c\":\"\\\\\"}}";
    struct ob_random r;
    ob_random_seed(&r, 2);
    for (int i = 0; i < 50000; i++) {
        size_t n = sizeof text - 1 - ob_random_below(&r, 4);
        char *copy = malloc(n);
        struct ob_buf b;
        memcpy(copy, text, n);
        for (uint64_t k = ob_random_below(&r, 3) + 1; k > 0; k--)
            copy[ob_random_below(&r, n)] = (char)ob_random_next(&r);
        ob_buf_init(&b, OB_BUF_SMALL);
        bool found = ob_json_pick(copy, n, "b.c", &b);
        if (found)
            assert_int_equal(ob_json_scan(copy, n, NULL, NULL, NULL), OB_OK);
        (void)ob_json_unescape(&b, copy, n);
        ob_buf_fini(&b);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),  cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_prefixes), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_events),   cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_pick),     cmocka_unit_test(test_damage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
