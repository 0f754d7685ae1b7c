/* Text for people and events for programs: what reaches a terminal is harmless and fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "report/events.h"
#include "report/progress.h"
#include "report/text.h"

static void expect_clean(const char *in, const char *out)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_text_clean(&b, in);
    assert_string_equal(ob_buf_str(&b), out);
    ob_buf_fini(&b);
}

static void test_clean(void **state)
{
    expect_clean("plain", "plain");
    expect_clean("", "");
    expect_clean("王芳 Zoë", "王芳 Zoë");
    expect_clean("\033[31mred\033[0m", "?[31mred?[0m");
    expect_clean("a\nb\tc\rd", "a b c d");
    expect_clean("a\x7f"
                 "b\xc2\x9b"
                 "c", /* DEL; CSI as one C1 character */
                 "a?b?c");
    expect_clean("abc\u202Ecba\u2069\u200F\u2028", "abc?cba???");
    expect_clean("bad \xff\xc3 utf", "bad ?? utf");
    expect_clean("\xf0\x9f\x98", "???");
}

static void test_width(void **state)
{
    assert_int_equal(ob_text_width(""), 0);
    assert_int_equal(ob_text_width("abc"), 3);
    assert_int_equal(ob_text_width("王芳"), 4);
    assert_int_equal(ob_text_width("Zoë"), 3);
    assert_int_equal(ob_text_width("Zoe\u0308"), 3); /* a combining mark takes no column */
}

static void expect_fit(const char *in, int columns, const char *out)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_text_fit(&b, in, columns);
    assert_string_equal(ob_buf_str(&b), out);
    assert_true(ob_text_width(ob_buf_str(&b)) <= columns);
    ob_buf_fini(&b);
}

static void test_fit(void **state)
{
    expect_fit("abc", 3, "abc");
    expect_fit("abcd", 3, "ab…");
    expect_fit("王芳王芳", 6, "王芳…");
    expect_fit("王芳王芳", 5, "王芳…");
    expect_fit("王芳王芳", 4, "王…");
    expect_fit("abcd", 1, "…");
    expect_fit("abcd", 0, "");
}

static void expect_grid(const struct ob_grid *g, int width, const char *out)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_grid_write(g, &b, width, false);
    assert_string_equal(ob_buf_str(&b), out);
    ob_buf_fini(&b);
}

static void test_grid(void **state)
{
    struct ob_grid *g = ob_grid_new((const char *[]){"person", "count", "why"}, 3);
    ob_grid_right(g, 1);
    ob_grid_row(g, (const char *[]){"m.chen", "7", "done"});
    ob_grid_row(g, (const char *[]){"王芳", "1200", NULL});
    ob_grid_row(g, (const char *[]){"x\033[2J", "", "gone before"});
    expect_grid(g, 80,
                "person  count  why\n"
                "m.chen      7  done\n"
                "王芳     1200\n"
                "x?[2J          gone before\n");
    ob_grid_free(g);
}

static void test_grid_narrow(void **state)
{
    struct ob_grid *g = ob_grid_new((const char *[]){"person", "why"}, 2);
    ob_grid_row(g, (const char *[]){"somebody.with.a.long.name",
                                    "the cloud said that this one must not be touched today"});
    ob_grid_row(g, (const char *[]){"b", "0123456789012345678901234567"});
    expect_grid(g, 40,
                "person              why\n"
                "somebody.with.a.l…  the cloud said that\n"
                "                    this one must not be\n"
                "                    touched today\n"
                "b                   01234567890123456789\n"
                "                    01234567\n");
    ob_grid_free(g);
}

/* No width is so small that a line is lost or the loop does not end. */
static void test_grid_any_width(void **state)
{
    struct ob_grid *g = ob_grid_new((const char *[]){"一二三四五六七八", "b", "c"}, 3);
    ob_grid_row(g, (const char *[]){"王芳王芳王芳王芳", "zzzzzzzzzzzzzzzz", "王芳 王芳王芳王芳 x"});
    for (int width = 1; width < 90; width++) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_grid_write(g, &b, width, false);
        char *line = b.p;
        for (char *nl; width >= 36 && (nl = strchr(line, '\n')); line = nl + 1) {
            *nl = '\0';
            assert_true(ob_text_width(line) <= width);
        }
        ob_buf_fini(&b);
    }
    ob_grid_free(g);
}

static void expect_progress(const struct ob_progress_at *at, int64_t ms, int64_t fresh, int columns,
                            const char *out)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    ob_progress_line(&b, at, ms, fresh, columns);
    assert_string_equal(ob_buf_str(&b), out);
    ob_buf_fini(&b);
}

static void test_progress_line(void **state)
{
    struct ob_progress_at at = {.what = "meeting disable", .done = 1200, .total = 3000};
    expect_progress(&at, 0, 0, 80, "meeting disable  [######..........] 1200/3000  40 %");
    at.failed = 3;
    expect_progress(&at, 100000, 1200, 100,
                    "meeting disable  [######..........] 1200/3000  40 %  3 failed  12/s  "
                    "2 min left");
    expect_progress(&at, 100000, 1200, 30, "meeting disable  [######.....…");
    at = (struct ob_progress_at){.what = "list", .done = 20, .note = "held for \033 3 s"};
    expect_progress(&at, 0, 0, 80, "list  20  held for ? 3 s");
}

/* A pipe, --quiet or a dumb terminal see nothing at all. */
static void test_progress_off(void **state)
{
    static const char *const terms[] = {"", "dumb", "xterm"};
    char *text = NULL;
    size_t len = 0;
    for (int i = 0; i < 3; i++) {
        FILE *out = open_memstream(&text, &len);
        struct ob_progress p;
        setenv("TERM", terms[i], 1);
        ob_progress_init(&p, out, i == 2 ? false : true, true);
        ob_progress_show(&p, 1000, &(struct ob_progress_at){.what = "x", .total = 3});
        ob_progress_clear(&p);
        fclose(out);
        assert_int_equal(len, 0);
        free(text);
    }
}

static void test_progress_pace(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct ob_progress p;
    setenv("TERM", "xterm", 1);
    ob_progress_init(&p, out, true, false);
    struct ob_progress_at at = {.what = "x", .total = 300};
    for (at.done = 0; at.done < 300; at.done++)
        ob_progress_show(&p, 1000 + at.done, &at);
    ob_progress_clear(&p);
    fclose(out);
    size_t drawn = 0;
    for (char *c = text; (c = strchr(c, '\r')); c++)
        drawn++;
    assert_int_equal(drawn, 4); /* at 0, 100 and 200 ms, and the clearing */
    assert_null(strstr(text, "\033[33m"));
    free(text);
}

static void test_event(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct ob_event e;
    ob_event_init(&e, "call");
    ob_map_put_int(&e.fields, "people", 9007199254740993);
    ob_map_put_str(&e.fields, "action", "delete\n\"x\"");
    ob_event_emit(&e, out);
    ob_event_init(&e, "done");
    ob_event_emit(&e, out);
    ob_event_error(out, OB_ERR_GUARD, "too many");
    fclose(out);
    assert_string_equal(text, "{\"event\":\"call\",\"action\":\"delete\\n\\\"x\\\"\","
                              "\"people\":9007199254740993}\n"
                              "{\"event\":\"done\"}\n"
                              "{\"event\":\"error\",\"code\":10,\"exit\":\"guard\","
                              "\"message\":\"too many\"}\n");
    free(text);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),         cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit),           cmocka_unit_test(test_grid),
        cmocka_unit_test(test_grid_narrow),   cmocka_unit_test(test_grid_any_width),
        cmocka_unit_test(test_progress_line), cmocka_unit_test(test_progress_off),
        cmocka_unit_test(test_progress_pace), cmocka_unit_test(test_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
