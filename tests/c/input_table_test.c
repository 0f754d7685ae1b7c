/* Inputs as data: each case is a file of tests/data, how it is read, and what comes out: the
 * table as text, or the error's message without the name of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/mem.h"
#include "script/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input_case {
    const char *file;
    struct ob_input_options opt;
    const char *expect; /* "!" begins an error; rows: "columns;line:cell|cell;..." */
};

#define NO_ROWS   "!: no rows; use --allow-empty if that is right"
#define STRAY     " (a quote inside quotes is written twice)"
#define GB18030   "; is it GB18030? say encoding = \"gb18030\""
#define NO_OBJECT "an object is expected: a list of objects, or one object a line"
#define BOB       "account|name;2:bob|Bob;"
#define BOB_EVE   "account|name;2:bob|Bob;3:eve|Eve;"
#define CHINESE   "账号|姓名;2:zhang|张三;3:li|李四;"
#define CSV(...)                                                                                   \
    {                                                                                              \
        .format = OB_FORMAT_CSV, __VA_ARGS__                                                       \
    }
#define JSON(...)                                                                                  \
    {                                                                                              \
        .format = OB_FORMAT_JSON, __VA_ARGS__                                                      \
    }
#define LINES(...)                                                                                 \
    {                                                                                              \
        .format = OB_FORMAT_LINES, __VA_ARGS__                                                     \
    }

static const struct input_case cases[] = {
    {"csv/plain.csv", CSV(), "account|name|mail;2:bob|Bob|bob@x.org;3:eve|Eve|eve@x.org;"},
    {"csv/no_final_newline.csv", CSV(), BOB_EVE},
    {"csv/crlf.csv", CSV(), BOB},
    {"csv/cr_only.csv", CSV(), BOB_EVE},
    {"csv/bom.csv", CSV(), BOB},
    {"csv/bom_quoted.csv", CSV(), BOB},
    {"csv/quoted.csv", CSV(), "account|name;2:bob|Doe, \"Bob\";3:eve|two\nlines;5:uma|Uma;"},
    {"csv/quoted_crlf.csv", CSV(), "!:4: 1 field where the header has 2"},
    {"csv/spaces.csv", CSV(), "account|name;2:bob|Bob Doe;3:eve| Eve ;"},
    {"csv/empty_cells.csv", CSV(), "account|name|mail;2:bob||;3:eve||x;"},
    {"csv/empty_row.csv", CSV(), "!:3: empty row"},
    {"csv/empty_row_crlf.csv", CSV(), "!:3: empty row"},
    {"csv/empty_row_spaces.csv", CSV(), "!:3: empty row"},
    {"csv/empty_first.csv", CSV(), "!:1: empty row"},
    {"csv/empty_end.csv", CSV(), BOB},
    {"csv/ragged_short.csv", CSV(), "!:3: 2 fields where the header has 3"},
    {"csv/ragged_long.csv", CSV(), "!:5: 3 fields where the header has 2"},
    {"csv/ragged_one.csv", CSV(), "!:2: 1 field where the header has 2"},
    {"csv/unclosed.csv", CSV(), "!:3: a quote is opened here and never closed"},
    {"csv/unclosed_after_break.csv", CSV(), "!:4: a quote is opened here and never closed"},
    {"csv/stray.csv", CSV(), "!:2: a stray quote, in a field that begins in line 2" STRAY},
    {"csv/stray_after.csv", CSV(), "!:2: a stray quote, in a field that begins in line 2" STRAY},
    {"csv/stray_swallowed.csv", CSV(),
     "!:3: a stray quote, in a field that begins in line 2" STRAY},
    {"csv/nul.csv", CSV(), "!:2: a NUL byte; is it UTF-16? say encoding = \"utf-16\""},
    {"csv/no_key.csv", CSV(), "name|mail;2:Bob|b@x.org;"},
    {"csv/no_key.csv", CSV(.key = "account"), "!: no column \"account\"; it has: name, mail"},
    {"csv/plain.csv", CSV(.key = "mail"),
     "account|name|mail;2:bob|Bob|bob@x.org;3:eve|Eve|eve@x.org;"},
    {"csv/key_empty.csv", CSV(), "!:3: column \"account\" is empty"},
    {"csv/key_blank_quoted.csv", CSV(), "!:3: column \"account\" is empty"},
    {"csv/key_twice.csv", CSV(), "!:5: account \"bob\" is there twice (first in line 2)"},
    {"csv/key_control.csv", CSV(), "!:2: account \"bo?b\" holds a control character"},
    {"csv/control_in_name.csv", CSV(), "!:3: acc?[31m \"bob\" is there twice (first in line 2)"},
    {"csv/header_twice.csv", CSV(), "!:1: column \"account\" is there twice"},
    {"csv/header_unnamed.csv", CSV(), "!:1: column 2 has no name"},
    {"csv/header_trailing.csv", CSV(), "!:1: column 3 has no name"},
    {"csv/wide.csv", CSV(), "!:1: more than 1000 columns"},
    {"csv/header_only.csv", CSV(), NO_ROWS},
    {"csv/header_only.csv", CSV(.allow_empty = true), "account|name;"},
    {"csv/header_only.csv", CSV(.allow_empty = true, .key = "mail"),
     "!: no column \"mail\"; it has: account, name"},
    {"csv/empty.csv", CSV(), NO_ROWS},
    {"csv/empty.csv", CSV(.allow_empty = true, .key = "account"), ";"},
    {"csv/only_newlines.csv", CSV(), NO_ROWS},
    {"csv/only_newlines.csv", CSV(.allow_empty = true), ";"},
    {"csv/semicolon.csv", CSV(), "!:1: one column only; say separator = \";\""},
    {"csv/semicolon.csv", CSV(.separator = ";"), "account|name;2:bob|Doe, Bob;"},
    {"csv/tab.csv", CSV(), "!:1: one column only; say separator = \"\\t\""},
    {"csv/tab.csv", CSV(.separator = "\t"), "account|name|mail;2:bob||b@x.org;"},
    {"csv/plain.csv", CSV(.separator = "||"), "!: separator must be \",\", \";\" or a tab"},
    {"csv/plain.csv", CSV(.separator = "\""), "!: separator must be \",\", \";\" or a tab"},
    {"csv/plain.csv", CSV(.separator = ""), "!: separator must be \",\", \";\" or a tab"},
    {"csv/one_column.csv", CSV(), "account;2:bob;3:eve;"},
    {"csv/one_column_quoted_empty.csv", CSV(), "!:3: column \"account\" is empty"},

    {"csv/utf8.csv", CSV(), CHINESE},
    {"csv/utf8.csv", CSV(.encoding = "UTF-8"), CHINESE},
    {"csv/gb18030.csv", CSV(.encoding = "gb18030"), CHINESE},
    {"csv/gb18030.csv", CSV(.encoding = "GBK"), CHINESE},
    {"csv/gb18030.csv", CSV(), "!:1: not UTF-8" GB18030},
    {"csv/gb18030.csv", CSV(.encoding = "utf-8"), "!:1: not UTF-8"},
    {"csv/gbk_bad.csv", CSV(.encoding = "gbk"), "!:3: not gbk"},
    {"csv/gbk_cut.csv", CSV(.encoding = "gbk"), "!:2: not gbk"},
    {"csv/utf8_bad.csv", CSV(), "!:3: not UTF-8" GB18030},
    {"csv/utf8_surrogate.csv", CSV(), "!:2: not UTF-8" GB18030},
    {"csv/utf16le.csv", CSV(), "!:1: a NUL byte; is it UTF-16? say encoding = \"utf-16\""},
    {"csv/utf16le.csv", CSV(.encoding = "utf-16le"), "account|name;2:bob|张三;"},
    {"csv/utf16le_bom.csv", CSV(), "!: UTF-16; say encoding = \"utf-16\""},
    {"csv/utf16le_bom.csv", CSV(.encoding = "utf-16"), "account|name;2:bob|张三;"},
    {"csv/utf16le_bom.csv", CSV(.encoding = "utf-16le"), "account|name;2:bob|张三;"},
    {"csv/utf16be_bom.csv", CSV(.encoding = "utf-16"), "account|name;2:bob|张三;"},
    {"csv/plain.csv", CSV(.encoding = "klingon"),
     "!: encoding \"klingon\" is not known (iconv -l lists them)"},
    {"csv/plain.csv", CSV(.encoding = "ascii//IGNORE"),
     "!: encoding \"ascii//IGNORE\" is not known (iconv -l lists them)"},
    {"csv/plain.csv", CSV(.encoding = ""), "!: encoding \"\" is not known (iconv -l lists them)"},

    {"json/list.json", JSON(),
     "id|n|ok|x|real;1:bob|12345678901234567890|true||;2:eve||false||1.50;"},
    {"json/nested.json", JSON(),
     "id|manager.mail|manager.deep.er|tags;1:bob|m@x|1|a,b,3;2:eve|||;"},
    {"json/lines.json", JSON(), "id|x;1:bob|1;3:eve|2;"},
    {"json/lines.json", JSON(.key = "x"), "id|x;1:bob|1;3:eve|2;"},
    {"json/escapes.json", JSON(), "!: item 1: id \"böb \"?😀\" holds a control character"},
    {"json/one_object.json", JSON(),
     "!:1: json: byte 1: the text ends too early; a list of objects, or one object a line, is "
     "expected"},
    {"json/scalar.json", JSON(), "!:1: " NO_OBJECT},
    {"json/list_of_text.json", JSON(), "!: item 1: " NO_OBJECT},
    {"json/list_in_list.json", JSON(), "!: item 1: \"g\" is a list of lists"},
    {"json/map_in_list.json", JSON(), "!: item 2: \"g\" is a list of objects"},
    {"json/twice.json", JSON(), "!: item 1: \"a.b\" is there twice"},
    {"json/key_twice.json", JSON(), "!: item 3: id \"bob\" is there twice (first in item 1)"},
    {"json/key_missing.json", JSON(), "!: item 2: column \"id\" is empty"},
    {"json/nul.json", JSON(), "!: item 1: \"id\" holds a NUL"},
    {"json/nul_name.json", JSON(), "!: item 1: a member without a proper name: \"a\""},
    {"json/no_name.json", JSON(), "!: item 1: a member without a name"},
    {"json/surrogate.json", JSON(), "!: item 1: \"x\" has half a surrogate pair"},
    {"json/cut.json", JSON(), "!: json: byte 23: the text ends too early"},
    {"json/trailing.json", JSON(), "!: json: byte 15: something follows the value"},
    {"json/deep.json", JSON(), "!: json: byte 316: nested too deeply"},
    {"json/wide.json", JSON(), "!: item 1: more than 1000 columns"},
    {"json/empty_objects.json", JSON(), "!: objects without members"},
    {"json/empty_list.json", JSON(), NO_ROWS},
    {"json/empty_list.json", JSON(.allow_empty = true, .key = "id"), ";"},
    {"csv/empty.csv", JSON(), NO_ROWS},

    {"lines/plain.txt", LINES(), "id;1:bob;2:eve;6:uma;"},
    {"lines/plain.txt", LINES(.key = "account"), "!: no column \"account\"; it has: id"},
    {"lines/crlf.txt", LINES(), "id;1:bob;3:eve;"},
    {"lines/inside.txt", LINES(), "id;1:bob # not a comment;"},
    {"lines/twice.txt", LINES(), "!:4: id \"bob\" is there twice (first in line 2)"},
    {"lines/comments_only.txt", LINES(), NO_ROWS},
    {"lines/comments_only.txt", LINES(.allow_empty = true), "id;"},
};

static void load(const char *file, struct ob_buf *out)
{
    struct ob_err err;
    char *path = ob_xasprintf("%s/data/%s", OB_TEST_DIR, file);
    ob_buf_init(out, OB_BUF_LARGE);
    if (ob_file_read(path, OB_BUF_LARGE, out, OB_ERR, &err) != OB_OK)
        fail_msg("%s", err.message);
    free(path);
}

static void dump(const struct ob_table *t, struct ob_buf *out)
{
    for (size_t i = 0; i < t->column_count; i++)
        ob_buf_addf(out, "%s%s", i ? "|" : "", t->columns[i]);
    ob_buf_addc(out, ';');
    for (size_t row = 0; row < t->row_count; row++) {
        ob_buf_addf(out, "%lld:", (long long)ob_table_line(t, row));
        for (size_t i = 0; i < t->column_count; i++) {
            size_t len;
            const char *cell = ob_table_cell(t, row, i, &len);
            assert_int_equal(strlen(cell), len);
            ob_buf_addf(out, "%s%s", i ? "|" : "", cell);
        }
        ob_buf_addc(out, ';');
    }
}

static void run_case(const struct input_case *c)
{
    struct ob_buf bytes, got;
    struct ob_table *t;
    struct ob_err err = {0};
    load(c->file, &bytes);
    ob_buf_init(&got, OB_BUF_LARGE);
    enum ob_status st = ob_table_parse(&t, "SOURCE", ob_buf_str(&bytes), bytes.len, &c->opt, &err);
    if (st == OB_OK) {
        dump(t, &got);
        ob_table_unref(t);
    } else {
        assert_int_equal(st, OB_ERR_INPUT);
        assert_null(t);
        assert_memory_equal(err.message, "SOURCE", strlen("SOURCE"));
        ob_buf_addf(&got, "!%s", err.message + strlen("SOURCE"));
    }
    if (strcmp(ob_buf_str(&got), c->expect) != 0)
        fail_msg("%s:\n  expected %s\n  got      %s", c->file, c->expect, ob_buf_str(&got));
    ob_buf_fini(&got);
    ob_buf_fini(&bytes);
}

static void every_case(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&cases[i]);
}

/* A file that was cut anywhere is refused or read, in whatever format, and never crashes. The
 * bytes are copied each time, so that the sanitizer sees a read behind them. */
static void every_prefix(void **state)
{
    static const char *const encodings[] = {NULL, "gb18030", "utf-16"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_buf bytes;
        load(cases[i].file, &bytes);
        size_t step = bytes.len > 512 ? bytes.len / 64 : 1;
        for (size_t n = 0; n <= bytes.len; n += step) {
            for (int mode = 0; mode < 9; mode++) {
                struct ob_input_options opt = {.format = (enum ob_format)(mode / 3),
                                               .encoding = encodings[mode % 3],
                                               .allow_empty = true};
                char *copy = malloc(n ? n : 1);
                struct ob_table *t;
                struct ob_err err;
                memcpy(copy, ob_buf_str(&bytes), n);
                if (ob_table_parse(&t, "x", copy, n, &opt, &err) == OB_OK)
                    ob_table_unref(t);
                free(copy);
            }
        }
        ob_buf_fini(&bytes);
    }
}

/* 100,000 people: nothing quadratic in keys, rows or lines. */
static void many_rows(void **state)
{
    struct ob_input_options opt = {.format = OB_FORMAT_CSV};
    struct ob_buf bytes;
    struct ob_table *t;
    struct ob_err err;
    ob_buf_init(&bytes, OB_BUF_LARGE);
    ob_buf_adds(&bytes, "account,name,note\n");
    for (int i = 0; i < 100000; i++)
        ob_buf_addf(&bytes, "user%d,\"Name, %d\",\"two\nlines\"\n", i, i);
    assert_int_equal(ob_table_parse(&t, "x", bytes.p, bytes.len, &opt, &err), OB_OK);
    assert_int_equal(t->row_count, 100000);
    assert_string_equal(ob_table_cell(t, 99999, 1, NULL), "Name, 99999");
    assert_int_equal(ob_table_line(t, 99999), 2 + 99999 * 2);
    ob_table_unref(t);
    ob_buf_adds(&bytes, "user5,again,\n");
    assert_int_equal(ob_table_parse(&t, "x", bytes.p, bytes.len, &opt, &err), OB_ERR_INPUT);
    assert_string_equal(err.message,
                        "x:200002: account \"user5\" is there twice (first in line 12)");
    ob_buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
