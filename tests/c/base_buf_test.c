/* Buffers, allocation and digests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"

static void test_append(void **state)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_SMALL);
    assert_string_equal(ob_buf_str(&b), "");
    assert_true(ob_buf_adds(&b, "ab"));
    assert_true(ob_buf_addc(&b, 'c'));
    assert_true(ob_buf_addf(&b, "-%d-%s", 7, "x"));
    assert_true(ob_buf_add(&b, "\0z", 2));
    assert_int_equal(b.len, 9);
    assert_memory_equal(b.p, "abc-7-x\0z\0", 10);
    ob_buf_clear(&b);
    assert_string_equal(ob_buf_str(&b), "");
    assert_true(ob_buf_add(&b, NULL, 0));
    ob_buf_wipe(&b);
    assert_null(b.p);
    assert_true(ob_buf_adds(&b, "again"));
    ob_buf_fini(&b);
}

/* A chain of appends needs one check: after the first that failed nothing is added. */
static void test_maximum(void **state)
{
    struct ob_buf b;
    ob_buf_init(&b, 5);
    assert_true(ob_buf_adds(&b, "12345"));
    assert_false(b.overflowed);
    assert_true(ob_buf_adds(&b, ""));
    assert_false(ob_buf_addc(&b, '6'));
    assert_true(b.overflowed);
    assert_string_equal(ob_buf_str(&b), "12345");
    ob_buf_clear(&b);
    assert_false(b.overflowed);
    assert_false(ob_buf_addf(&b, "%s", "too long"));
    assert_false(ob_buf_adds(&b, "ok"));
    assert_string_equal(ob_buf_str(&b), "");
    assert_false(ob_buf_add(&b, "x", (size_t)-1));
    ob_buf_fini(&b);
    ob_buf_init(&b, 0);
    assert_false(ob_buf_addc(&b, 'x'));
    assert_string_equal(ob_buf_str(&b), "");
    ob_buf_fini(&b);
}

static void test_take(void **state)
{
    struct ob_buf b;
    ob_buf_init(&b, 100);
    char *p = ob_buf_take(&b);
    assert_string_equal(p, "");
    free(p);
    ob_buf_adds(&b, "mine");
    p = ob_buf_take(&b);
    assert_string_equal(p, "mine");
    free(p);
    assert_int_equal(b.len, 0);
    assert_true(ob_buf_adds(&b, "next"));
    ob_buf_fini(&b);
}

static void test_large(void **state)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_LARGE);
    for (int i = 0; i < 300000; i++)
        ob_buf_addc(&b, (char)('a' + i % 26));
    assert_int_equal(b.len, 300000);
    for (int i = 0; i < 300000; i++)
        if (b.p[i] != 'a' + i % 26)
            fail();
    ob_buf_fini(&b);
}

static void test_mem(void **state)
{
    char *p = ob_xmemdup("a\0b", 3);
    assert_memory_equal(p, "a\0b\0", 4);
    free(p);
    p = ob_xasprintf("%s-%d", "x", 3);
    assert_string_equal(p, "x-3");
    p = ob_xrealloc(p, 0, 8); /* never NULL, never a free in disguise */
    assert_non_null(p);
    free(p);
    p = ob_xcalloc(0, 0);
    assert_non_null(p);
    free(p);
}

static void test_digest(void **state)
{
    char hex[OB_SHA256_HEX];
    unsigned char mac[32];
    struct ob_buf b;
    assert_string_equal(ob_sha256_hex("", 0, hex),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(ob_sha256_hex(NULL, 0, hex),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct ob_sha256 *d = ob_sha256_new();
    ob_sha256_add(d, "a", 1);
    ob_sha256_add(d, NULL, 0);
    ob_sha256_add(d, "bc", 2);
    assert_string_equal(ob_sha256_end(d, hex),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ob_buf_init(&b, OB_BUF_SMALL);
    /* RFC 4231 case 2, RFC 2202 case 2 */
    ob_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    ob_hex(&b, mac, 32);
    assert_string_equal(ob_buf_str(&b),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    ob_buf_clear(&b);
    ob_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, mac);
    ob_hex(&b, mac, 20);
    assert_string_equal(ob_buf_str(&b), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    ob_hmac_sha256("", 0, "", 0, mac); /* an empty key is a key */
    ob_buf_fini(&b);
}

static void test_base64(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct ob_buf b;
        ob_buf_init(&b, OB_BUF_SMALL);
        ob_base64(&b, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(ob_buf_str(&b), pairs[i][1]);
        ob_buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append), cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_take),   cmocka_unit_test(test_large),
        cmocka_unit_test(test_mem),    cmocka_unit_test(test_digest),
        cmocka_unit_test(test_base64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
