/* Values across the border: what goes in comes out, what cannot go says where it is. */
#include "script_help.h"
#include "base/buf.h"
#include "base/json.h"

static const char echo[] = "return {\n"
                           "  echo = function(...) return ... end,\n"
                           "  types = function(a) return math.type(a) or type(a) end,\n"
                           "}";

static struct ob_script *echo_script(void)
{
    struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 2000);
    run_ok(s, echo);
    return s;
}

static void same(struct ob_script *s, const struct ob_value *v)
{
    struct ob_value out;
    struct ob_err err;
    if (ob_script_call(s, "echo", v, 1, &out, &err) != OB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(ob_list_count(&out), 1);
    assert_true(ob_value_equal(ob_list_at(&out, 0), v));
    ob_value_fini(&out);
}

static void test_scalars(void **state)
{
    struct ob_script *s = echo_script();
    struct ob_value v;
    ob_value_init(&v);
    same(s, &v);
    static const int64_t integers[] = {0, 1, -1, INT64_MAX, INT64_MIN, 9007199254740993};
    for (size_t i = 0; i < 6; i++) {
        ob_value_set_int(&v, integers[i]);
        same(s, &v);
    }
    static const double numbers[] = {0.0, -0.0, 1.0, 0.1, 1e300, 5e-324};
    for (size_t i = 0; i < 6; i++) {
        ob_value_set_num(&v, numbers[i]);
        same(s, &v);
    }
    ob_value_set_bool(&v, true);
    same(s, &v);
    ob_value_set_strn(&v, "a\0b\xff", 4);
    same(s, &v);
    ob_value_set_secret(&v, 7);
    same(s, &v);
    ob_value_fini(&v);
    ob_script_free(s);
}

static void test_trees(void **state)
{
    struct ob_script *s = echo_script();
    struct ob_value v;
    ob_value_init(&v);
    ob_value_set_list(&v);
    same(s, &v); /* the empty list stays one */
    ob_list_push(&v);
    ob_value_set_list(ob_list_push(&v));
    ob_value_set_map(ob_list_push(&v));
    ob_map_put_int(ob_list_push(&v), "id", INT64_MAX);
    ob_map_put_str(&v.list.items[3], "", "the empty key");
    ob_map_put(&v.list.items[3], "null");
    same(s, &v);
    ob_value_set_map(&v);
    same(s, &v);
    for (int i = 0; i < 500; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        ob_map_put_int(&v, key, i);
    }
    same(s, &v);
    ob_value_fini(&v);
    ob_script_free(s);
}

static void test_results(void **state)
{
    struct ob_script *s = echo_script();
    struct ob_value args[3] = {
        {.type = OB_INT, .i = 1}, {.type = OB_NULL}, {.type = OB_NUM, .n = 1}};
    struct ob_value out;
    struct ob_err err;
    assert_int_equal(ob_script_call(s, "echo", args, 3, &out, &err), OB_OK);
    assert_int_equal(ob_list_count(&out), 3);
    assert_int_equal(out.list.items[0].type, OB_INT);
    assert_int_equal(out.list.items[1].type, OB_NULL);
    assert_int_equal(out.list.items[2].type, OB_NUM); /* 1.0 is not 1 */
    ob_value_fini(&out);
    assert_int_equal(ob_script_call(s, "echo", NULL, 0, &out, &err), OB_OK);
    assert_int_equal(ob_list_count(&out), 0);
    ob_value_fini(&out);
    assert_int_equal(ob_script_call(s, "nothing", NULL, 0, &out, &err), OB_ERR_POLICY);
    expect_text(err.message, "has no function \"nothing\"");
    ob_script_free(s);
}

static void test_depth(void **state)
{
    struct ob_script *s = echo_script();
    struct ob_value v, *inner = &v, out;
    struct ob_err err;
    ob_value_init(&v);
    for (int i = 0; i < OB_VALUE_DEPTH; i++)
        inner = ob_list_push(inner);
    ob_value_set_int(inner, 1);
    same(s, &v);
    ob_value_set_int(ob_list_push(inner), 1);
    assert_int_equal(ob_script_call(s, "echo", &v, 1, &out, &err), OB_ERR_POLICY);
    expect_text(err.message, "nested more than 64 deep");
    ob_value_fini(&v);
    ob_script_free(s);
}

/* ---- what cannot cross ---- */

static void refused(const char *expression, const char *part)
{
    char text[1024];
    struct ob_value out;
    struct ob_err err = {.message = ""};
    struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 1000);
    snprintf(text, sizeof text, "return { f = function() %s end }", expression);
    run_ok(s, text);
    assert_int_equal(ob_script_call(s, "f", NULL, 0, &out, &err), OB_ERR_POLICY);
    assert_int_equal(out.type, OB_NULL);
    expect_text(err.message, part);
    ob_script_free(s);
}

static void test_refused(void **state)
{
    refused("return tostring", "result 1 of \"f\": the value: a function, not plain data");
    refused("return 1, { users = { { }, { name = error } } }",
            "the value.users[2].name: a function");
    refused("return { 1, 2, x = 3 }", "the value: neither a list nor a table with text keys only");
    refused("return { a = { [5] = 1 } }", "the value.a: neither a list");
    refused("return { [1.5] = 1 }", "neither a list");
    refused("return { [true] = 1 }", "neither a list");
    refused("local t = {} t.a = { t } return t", "the value.a[1]: a table that contains itself");
    refused("local t = 1 for i = 1, 65 do t = { t } end return t", "nested too deeply");
    refused("local t = 1 for i = 1, 60 do t = { t, t } end return t", "too many values");
    refused("local s, t = ('x'):rep(1000000), {} for i = 1, 100 do t[i] = s end return t",
            "too large");
}

/* Half a tree is built when the refusal comes: the sanitizer sees whether it is freed. */
static int l_check(lua_State *L)
{
    struct ob_value v;
    ob_check_value(L, 1, &v);
    ob_value_fini(&v);
    return 0;
}

static int l_add_check(lua_State *L)
{
    ob_push_env(L);
    lua_pushcfunction(L, l_check);
    lua_setfield(L, -2, "check");
    return 0;
}

static void test_raising(void **state)
{
    struct ob_script *s = new_script();
    struct ob_err err;
    assert_int_equal(ob_script_setup(s, l_add_check, &err), OB_OK);
    run_ok(s,
           "for i = 1, 100 do\n"
           "  local ok, m = pcall(check, { a = { 'text', { 'more' } }, z = { { b = error } } })\n"
           "  assert(not ok and m:find 'the value.z%[1%].b: a function', m)\n"
           "end\n"
           "check { a = { 1, 'x' } } check(json.null) check(nil)");
    run_fails(s, "local t = {} for i = 1, 200000 do t[i] = i end while true do check(t) end",
              "policy.lua:1: budget of 50 million steps spent");
    ob_script_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars), cmocka_unit_test(test_trees),
        cmocka_unit_test(test_results), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_raising)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
