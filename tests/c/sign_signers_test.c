/* The table of signers and the credential fields. */
#include "../vectors/vectors.h"
#include "sign/sign.h"
#include <unistd.h>

static const char *const names[] = {
#define OB_SIGNER(name) #name,
#include "sign/signers.def"
#undef OB_SIGNER
};

static void test_table(void **state)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct ob_signer *s = ob_signer_find(names[i]);
        assert_non_null(s);
        assert_string_equal(s->name, names[i]);
        assert_non_null(s->sign);
        assert_true((s->login == NULL) == (s->grant == NULL));
    }
    assert_null(ob_signer_find("nobody"));
    assert_null(ob_signer_find(""));
    assert_null(ob_signer_find(NULL));
}

/* A signer without vectors is not believed. */
static void test_vector_files(void **state)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = ob_xasprintf("%s/vectors/%s.txt", OB_TEST_DIR, names[i]);
        if (access(path, R_OK) != 0)
            fail_msg("%s is missing", path);
        free(path);
    }
}

static void test_fields(void **state)
{
    struct ob_credential c = {.vault = ob_vault_new()};
    struct ob_err err;
    const char *out;
    ob_credential_add(&c, "plain", "text", -1);
    ob_credential_add(&c, "empty", "", -1);
    ob_credential_add(&c, "hidden", NULL, ob_secret_literal(c.vault, "s3cret", 6));
    ob_credential_add(&c, "broken", NULL, ob_secret_env(c.vault, "OB_TEST_NO_SUCH_VARIABLE"));

    assert_int_equal(ob_credential_get(&c, "plain", &out, NULL), OB_OK);
    assert_string_equal(out, "text");
    assert_int_equal(ob_credential_get(&c, "hidden", &out, NULL), OB_OK);
    assert_string_equal(out, "s3cret");
    assert_int_equal(ob_credential_get(&c, "absent", &out, NULL), OB_OK);
    assert_null(out);
    assert_int_equal(ob_credential_get(&c, "empty", &out, NULL), OB_OK);
    assert_null(out);

    assert_int_equal(ob_credential_need(&c, "absent", &out, &err), OB_ERR_CREDENTIAL);
    assert_non_null(strstr(err.message, "absent"));
    assert_int_equal(ob_credential_need(&c, "empty", &out, &err), OB_ERR_CREDENTIAL);
    assert_int_equal(ob_credential_get(&c, "broken", &out, &err), OB_ERR_CREDENTIAL);
    assert_non_null(strstr(err.message, "broken"));
    assert_non_null(strstr(err.message, "OB_TEST_NO_SUCH_VARIABLE"));

    assert_true(ob_credential_has(&c, "plain"));
    assert_true(ob_credential_has(&c, "broken"));
    assert_false(ob_credential_has(&c, "empty"));
    assert_false(ob_credential_has(&c, "absent"));
    ob_credential_fini(&c);
    ob_credential_fini(&c);
    ob_vault_free(c.vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_vector_files),
                                       cmocka_unit_test(test_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
