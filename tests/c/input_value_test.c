/* Tables that do not come from bytes: a directory's people as values, and rows one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "script/table.h"
#include <string.h>

static struct ob_value *add_person(struct ob_value *rows, const char *id)
{
    struct ob_value *p = ob_list_push(rows);
    ob_value_set_map(p);
    if (id)
        ob_map_put_str(p, "id", id);
    return p;
}

static void columns_are_a_union(void **state)
{
    struct ob_value rows = {0};
    struct ob_table *t;
    struct ob_err err;
    ob_value_set_list(&rows);
    struct ob_value *bob = add_person(&rows, "bob");
    ob_map_put_int(bob, "n", INT64_C(9007199254740993));
    struct ob_value *fields = ob_map_put(bob, "fields");
    ob_value_set_map(fields);
    ob_map_put_bool(fields, "admin", true);
    struct ob_value *groups = ob_map_put(fields, "groups");
    ob_value_set_list(groups);
    ob_list_push_str(groups, "a");
    ob_value_init(ob_map_put(fields, "nothing"));
    ob_map_put_str(add_person(&rows, "eve"), "aaa", "first by name");

    assert_int_equal(ob_table_from_value(&t, "meeting", &rows, "id", &err), OB_OK);
    static const char *const names[] = {
        "id", "aaa", "fields.admin", "fields.groups", "fields.nothing", "n"};
    assert_int_equal(t->column_count, 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(t->columns[i], names[i]);
    assert_int_equal(t->key, 0);
    assert_string_equal(ob_table_cell(t, 0, 2, NULL), "true");
    assert_string_equal(ob_table_cell(t, 0, 3, NULL), "[\"a\"]");
    assert_string_equal(ob_table_cell(t, 0, 5, NULL), "9007199254740993");
    assert_string_equal(ob_table_cell(t, 1, 1, NULL), "first by name");
    assert_string_equal(ob_table_cell(t, 1, 5, NULL), "");
    ob_table_unref(t);
    ob_value_fini(&rows);
}

static void an_empty_directory_is_a_table(void **state)
{
    struct ob_value rows = {0};
    struct ob_table *t;
    struct ob_err err;
    ob_value_set_list(&rows);
    assert_int_equal(ob_table_from_value(&t, "meeting", &rows, "id", &err), OB_OK);
    assert_int_equal(t->row_count, 0);
    assert_int_equal(ob_table_column(t, "id"), 0);
    assert_int_equal(ob_table_column(t, "mail"), -1);
    ob_table_unref(t);
}

static void expect_error(struct ob_value *rows, const char *message)
{
    struct ob_table *t;
    struct ob_err err;
    assert_int_equal(ob_table_from_value(&t, "meeting", rows, "id", &err), OB_ERR_INPUT);
    assert_string_equal(err.message, message);
    assert_null(t);
    ob_value_fini(rows);
}

static void bad_directories(void **state)
{
    struct ob_value rows = {0};
    expect_error(&rows, "meeting: not a list of people");

    ob_value_set_list(&rows);
    ob_list_push_str(&rows, "bob");
    expect_error(&rows, "meeting: item 1: is no map");

    ob_value_set_list(&rows);
    add_person(&rows, "bob");
    add_person(&rows, NULL);
    expect_error(&rows, "meeting: item 2: column \"id\" is empty");

    ob_value_set_list(&rows);
    add_person(&rows, "bob");
    add_person(&rows, "bob");
    expect_error(&rows, "meeting: item 2: id \"bob\" is there twice (first in item 1)");

    ob_value_set_list(&rows);
    ob_value_set_strn(ob_map_put(add_person(&rows, "bob"), "x"), "a\0b", 3);
    expect_error(&rows, "meeting: item 1: \"x\" holds a NUL");

    ob_value_set_list(&rows);
    ob_value_set_secret(ob_map_put(add_person(&rows, "bob"), "x"), 1);
    expect_error(&rows, "meeting: item 1: a secret is no text");
}

static void rows_one_by_one(void **state)
{
    struct ob_err err;
    struct ob_table *t = ob_table_new("hand", (char *[]){"a", "b"}, 2);
    for (int i = 0; i < 1000; i++) {
        char text[2] = {(char)('a' + i % 26), '\0'};
        ob_table_add(t, (const char *[]){text, ""}, (size_t[]){1, 0}, 0);
    }
    assert_int_equal(t->row_count, 1000);
    assert_string_equal(ob_table_cell(t, 27, 0, NULL), "b");
    size_t len = 7;
    assert_string_equal(ob_table_cell(t, 999, 1, &len), "");
    assert_int_equal(len, 0);
    assert_int_equal(ob_table_set_key(t, "a", &err), OB_ERR_INPUT);
    assert_string_equal(err.message, "hand: item 27: a \"a\" is there twice (first in item 1)");
    assert_ptr_equal(ob_table_ref(t), t);
    ob_table_unref(t);
    ob_table_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_a_union),
        cmocka_unit_test(an_empty_directory_is_a_table),
        cmocka_unit_test(bad_directories),
        cmocka_unit_test(rows_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
