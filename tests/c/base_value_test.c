/* Values: ownership, maps small and large, comparison. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/value.h"

static void test_scalars(void **state)
{
    struct ob_value v;
    ob_value_init(&v);
    ob_value_set_str(&v, "text");
    assert_string_equal(ob_value_str(&v), "text");
    ob_value_set_strn(&v, v.s.p + 1, 2); /* its own bytes */
    assert_string_equal(ob_value_str(&v), "ex");
    ob_value_set_int(&v, INT64_MIN);
    assert_true(v.type == OB_INT && v.i == INT64_MIN);
    assert_null(ob_value_str(&v));
    ob_value_set_num(&v, 0.5);
    ob_value_set_bool(&v, true);
    ob_value_set_secret(&v, 3);
    assert_int_equal(v.secret, 3);
    ob_value_fini(&v);
    assert_int_equal(v.type, OB_NULL);
    assert_string_equal(ob_type_name(OB_SECRET), "secret");
    assert_string_equal(ob_type_name((enum ob_type)99), "unknown");
}

static void test_readers_accept_anything(void **state)
{
    struct ob_value v;
    ob_value_init(&v);
    for (int i = 0; i < 2; i++) {
        const struct ob_value *p = i ? &v : NULL;
        assert_null(ob_map_get(p, "k"));
        assert_null(ob_list_at(p, 0));
        assert_int_equal(ob_list_count(p), 0);
        assert_null(ob_value_str(p));
        assert_null(ob_map_str(p, "k"));
        assert_int_equal(ob_map_int(p, "k", 7), 7);
        assert_true(ob_map_bool(p, "k", true));
    }
    ob_map_put_str(&v, "k", "1");
    assert_int_equal(ob_map_int(&v, "k", 7), 7); /* of another type */
    assert_null(ob_list_at(&v, 0));
    ob_value_fini(&v);
}

static void test_map(void **state)
{
    struct ob_value v;
    ob_value_init(&v);
    ob_map_put_int(&v, "b", 1);
    ob_map_put_str(&v, "a", "x");
    ob_map_put_bool(&v, "c", true);
    ob_map_put_int(&v, "b", 2);
    ob_value_set_int(ob_map_putn(&v, "a\0z", 3), 9);
    assert_int_equal(v.map.count, 4);
    assert_string_equal(v.map.pairs[0].key.p, "b"); /* insertion order */
    assert_int_equal(ob_map_int(&v, "b", 0), 2);
    assert_string_equal(ob_map_str(&v, "a"), "x");
    assert_true(ob_map_bool(&v, "c", false));
    assert_null(ob_map_get(&v, "d"));
    ob_value_fini(&v);
}

/* Past a few keys the index takes over; the same answers must come from both. */
static void test_map_large(void **state)
{
    struct ob_value v, copy;
    char key[32];
    ob_value_init(&v);
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof key, "user-%d", i * 7);
        ob_map_put_int(&v, key, i);
        if (i < 40) /* at every size around the border, all that is in it and nothing else */
            for (int k = 0; k <= i + 1; k++) {
                snprintf(key, sizeof key, "user-%d", k * 7);
                assert_int_equal(ob_map_int(&v, key, -1), k <= i ? k : -1);
            }
    }
    assert_int_equal(v.map.count, 100000);
    ob_map_put_int(&v, "user-700", 5);
    assert_int_equal(v.map.count, 100000);
    assert_int_equal(ob_map_int(&v, "user-700", -1), 5);
    assert_int_equal(ob_map_int(&v, "user-699993", -1), 99999);
    assert_int_equal(ob_map_int(&v, "user-1", -1), -1);
    assert_string_equal(v.map.pairs[2].key.p, "user-14");
    ob_value_copy(&copy, &v);
    assert_true(ob_value_equal(&copy, &v));
    ob_map_put_int(&copy, "user-700", 6);
    assert_false(ob_value_equal(&copy, &v));
    ob_value_fini(&v);
    ob_value_fini(&copy);
}

static void fill(struct ob_value *v, bool backwards)
{
    ob_value_init(v);
    for (int i = 0; i < 3; i++) {
        char key[2] = {(char)('a' + (backwards ? 2 - i : i)), '\0'};
        struct ob_value *list = ob_map_put(v, key);
        ob_value_set_list(list);
        ob_list_push_str(list, key);
        ob_value_set_num(ob_list_push(list), 1.5);
    }
}

static void test_equal(void **state)
{
    struct ob_value a, b;
    fill(&a, false);
    fill(&b, true);
    assert_true(ob_value_equal(&a, &b)); /* order of keys does not count */
    ob_list_push(ob_map_put(&b, "a"));
    assert_false(ob_value_equal(&a, &b));
    ob_value_fini(&a);
    ob_value_fini(&b);
    ob_value_set_int(&a, 1);
    ob_value_set_num(&b, 1.0);
    assert_false(ob_value_equal(&a, &b)); /* type does */
    ob_value_fini(&a);
    ob_value_fini(&b);
}

static void test_move(void **state)
{
    struct ob_value a, b, copy;
    fill(&a, false);
    ob_value_copy(&copy, &a);
    ob_value_init(&b);
    ob_value_set_str(&b, "freed by the move");
    ob_value_move(&b, &a);
    assert_int_equal(a.type, OB_NULL);
    assert_true(ob_value_equal(&b, &copy));
    ob_value_move(&b, &b);
    assert_true(ob_value_equal(&b, &copy));
    ob_value_move(&b, ob_map_put(&b, "c")); /* a part replaces the whole */
    assert_int_equal(ob_list_count(&b), 2);
    assert_string_equal(ob_value_str(ob_list_at(&b, 0)), "c");
    ob_value_fini(&b);
    ob_value_fini(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars), cmocka_unit_test(test_readers_accept_anything),
        cmocka_unit_test(test_map),     cmocka_unit_test(test_map_large),
        cmocka_unit_test(test_equal),   cmocka_unit_test(test_move)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
