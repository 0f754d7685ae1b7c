/* lua-cjson behind its guard: exact integers, canonical bytes, strict reading. Values made from a
 * seed go round and must come back. */
#include "script_help.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/random.h"

static void test_numbers(void **state)
{
    text_ok("local d, e = json.decode, json.encode\n"
            "assert(e(d '9007199254740993') == '9007199254740993')\n"
            "assert(e(d '-9223372036854775808') == '-9223372036854775808')\n"
            "assert(d '9223372036854775808' == '9223372036854775808')\n" /* as text */
            "assert(math.type(d '1') == 'integer' and math.type(d '1.0') == 'float')\n"
            "assert(e(1.0) == '1.0' and e(0.1) == '0.1' and e(1e300) == '1e+300')\n"
            "assert(e(123456789.123456789) == '123456789.12345679')\n"
            "assert(e(5e-324) == '4.94065645841247e-324', e(5e-324))\n"
            "assert(d '-0' == 0 and d '1e5' == 100000.0 and e(d '1e5') == '100000.0')\n"
            "assert('id-' .. d '123456789012345' == 'id-123456789012345')");
}

static void test_texts(void **state)
{
    text_ok("local d, e = json.decode, json.encode\n"
            "assert(e 'a/b' == '\"a/b\"' and d '\"a\\\\/b\"' == 'a/b')\n"
            "assert(e 'q\"\\\\\\n\\t\\0\\127' == '\"q\\\\\"\\\\\\\\\\\\n\\\\t\\\\u0000\\127\"')\n"
            "assert(d '\"\\\\ud83d\\\\ude00\"' == '\\u{1F600}' and d '\"\\\\u0000\"' == '\\0')\n"
            "assert(e '\\u{20AC}' == '\"\\u{20AC}\"')\n"
            "local v, m = d '\"\\\\ud83d\"'\n"
            "assert(v == nil and m:find 'stands alone')");
}

static void test_containers(void **state)
{
    text_ok(
        "local d, e = json.decode, json.encode\n"
        "assert(e { b = 1, a = { 1, 2 }, ['c/d'] = {} } == '{\"a\":[1,2],\"b\":1,\"c/d\":{}}')\n"
        "assert(e(d '{\"a\":[],\"b\":{},\"c\":[[]],\"d\":[{}]}') ==\n"
        "       '{\"a\":[],\"b\":{},\"c\":[[]],\"d\":[{}]}')\n"
        "assert(d 'null' == json.null and e(json.null) == 'null' and e(nil) == 'null')\n"
        "assert(e { json.null } == '[null]' and d '[null,1]'[2] == 1)\n"
        "assert(e(true) == 'true' and d ' [ true , false ] '[2] == false)\n"
        "local t = d '[]' t[1] = 'x' assert(e(t) == '[\"x\"]')");
}

static void test_refused(void **state)
{
    text_ok("local v, m = json.decode '{\"a\":{\"x\":1,\"\\\\u0078\":2}}'\n"
            "assert(v == nil and m == 'json: the key \"x\" appears twice in one object', m)\n"
            "v, m = json.decode '[1,2'\n"
            "assert(v == nil and m:find '^json: byte 4')\n"
            "v, m = json.decode(('x'):rep(17000000))\n"
            "assert(v == nil and m:find 'larger than 16 MiB')");
    text_fails("json.encode { a = { 1, { b = 0/0 } } }", "json: the value.a[2].b: a number");
    text_fails("json.encode { a = { 1, { b = error } } }", "json: the value.a[2].b: a function");
    text_fails("json.decode(nil)", "bad argument #1 to 'decode'");
}

/* ---- from a seed ---- */

static struct ob_random dice;

static void random_text(struct ob_value *v)
{
    static const char *const parts[] = {"\x01",
                                        "\x02",
                                        "\x03",
                                        "\x04",
                                        "/",
                                        "\\",
                                        "\"",
                                        "a",
                                        "\xC3\xA9",
                                        "\x7f",
                                        "\x1f",
                                        "\n",
                                        "\xF0\x9F\x98\x80",
                                        "1",
                                        "u0001",
                                        " "};
    struct ob_buf b;
    ob_buf_init(&b, 1000);
    for (uint64_t n = ob_random_below(&dice, 6); n > 0; n--)
        ob_buf_adds(&b, parts[ob_random_below(&dice, 16)]);
    if (ob_random_below(&dice, 20) == 0)
        ob_buf_addc(&b, '\0');
    ob_value_set_strn(v, ob_buf_str(&b), b.len);
    ob_buf_fini(&b);
}

static void random_value(struct ob_value *v, int depth)
{
    struct ob_value key;
    switch (ob_random_below(&dice, depth > 4 ? 5 : 8)) {
    case 0:
        ob_value_set_int(v, (int64_t)ob_random_next(&dice) >> ob_random_below(&dice, 64));
        break;
    case 1:
        ob_value_set_num(v, (double)(int64_t)ob_random_next(&dice) / 3e9);
        break;
    case 2:
        ob_value_set_bool(v, ob_random_below(&dice, 2));
        break;
    case 3:
        random_text(v);
        break;
    case 4:
        break;
    case 5:
    case 6:
        ob_value_set_list(v);
        for (uint64_t n = ob_random_below(&dice, 5); n > 0; n--)
            random_value(ob_list_push(v), depth + 1);
        break;
    default:
        ob_value_set_map(v);
        for (uint64_t n = ob_random_below(&dice, 5); n > 0; n--) {
            ob_value_init(&key);
            random_text(&key);
            random_value(ob_map_putn(v, key.s.p, key.s.len), depth + 1);
            ob_value_fini(&key);
        }
    }
}

/* C value -> Lua -> json.encode -> the bytes of base/json_write.c -> ob_script_json -> the value.
 */
static void test_round_trips(void **state)
{
    struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 2000);
    struct ob_value v, out, back;
    struct ob_buf canonical;
    struct ob_err err;
    ob_random_seed(&dice, 20261122);
    ob_buf_init(&canonical, 1 << 20);
    run_ok(s, "return { f = function(v)\n  local text = json.encode(v)\n"
              "  assert(json.encode(json.decode(text)) == text)\n  return text\nend }");
    for (int i = 0; i < 3000; i++) {
        ob_value_init(&v);
        random_value(&v, 0);
        ob_buf_clear(&canonical);
        ob_json_write(&canonical, &v);
        if (ob_script_call(s, "f", &v, 1, &out, &err) != OB_OK)
            fail_msg("%s: %s", err.message, ob_buf_str(&canonical));
        const struct ob_str *text = &out.list.items[0].s;
        assert_string_equal(text->p, ob_buf_str(&canonical));
        if (ob_script_json(text->p, text->len, &back, &err) != OB_OK)
            fail_msg("%s: %s", err.message, text->p);
        if (!ob_value_equal(&v, &back))
            fail_msg("came back otherwise: %s", text->p);
        ob_value_fini(&out);
        ob_value_fini(&back);
        ob_value_fini(&v);
    }
    ob_buf_fini(&canonical);
    ob_script_free(s);
}

static void test_for_c(void **state)
{
    struct ob_value v;
    struct ob_err err;
    struct ob_buf b;
    assert_int_equal(ob_script_json("{\"a\":[1,2.5,null]}", 18, &v, &err), OB_OK);
    assert_int_equal(ob_map_get(&v, "a")->list.items[0].type, OB_INT);
    ob_value_fini(&v);
    assert_int_equal(ob_script_json("{\"a\":1,\"a\":1}", 13, &v, &err), OB_ERR);
    expect_text(err.message, "\"a\" appears twice");
    assert_int_equal(ob_script_json("", 0, &v, &err), OB_ERR);
    /* A directory of 100,000 people. */
    ob_buf_init(&b, OB_BUF_LARGE);
    ob_buf_addc(&b, '[');
    for (int i = 0; i < 100000; i++)
        ob_buf_addf(&b,
                    "%s{\"id\":%d,\"name\":\"n%d\",\"mail\":\"m%d@x.org\",\"dept\":null,\"a\":[1]}",
                    i ? "," : "", i, i, i);
    ob_buf_addc(&b, ']');
    if (ob_script_json(ob_buf_str(&b), b.len, &v, &err) != OB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(ob_list_count(&v), 100000);
    ob_value_fini(&v);
    ob_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_texts),
        cmocka_unit_test(test_containers),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_for_c)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
