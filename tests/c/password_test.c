/* Passwords that are made for requests: strong enough for every cloud, never twice the same, known
 * to the redactor, and in the body alone. */
#include "restore_help.h"
#include "script/password.h"

static void test_shape(void **state)
{
    char one[OB_PASSWORD_TEXT], other[OB_PASSWORD_TEXT];
    for (int i = 0; i < 2000; i++) {
        ob_password_new(one);
        assert_int_equal(strlen(one), OB_PASSWORD_TEXT - 1);
        assert_non_null(strpbrk(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        assert_non_null(strpbrk(one, "abcdefghijklmnopqrstuvwxyz"));
        assert_non_null(strpbrk(one, "0123456789"));
        assert_non_null(strpbrk(one, "!@#%^*-_=+?"));
        ob_password_new(other);
        assert_string_not_equal(one, other);
    }
    ob_password_wipe(one);
    assert_int_equal(one[0], 0);
}

/* The form's value, decoded. Caller frees. */
static char *sent_password(const struct ob_request *r)
{
    struct ob_buf text;
    const char *at = strstr(ob_buf_str(&r->body), "Password=");
    assert_non_null(at);
    at += strlen("Password=");
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_percent_decode(&text, at, strcspn(at, "&"));
    char *out = ob_xstrdup(ob_buf_str(&text));
    ob_buf_fini(&text);
    return out;
}

static void make_request(struct world *w, struct ob_request *r)
{
    struct ob_value args;
    struct ob_err err = {.message = ""};
    struct ob_provider *p = &w->target->provider;
    one_id(&args, "u1");
    struct ob_value *people = ob_map_put(&args, "people");
    ob_value_set_list(people);
    struct ob_value *one = ob_list_push(people);
    ob_value_set_map(one);
    ob_map_put_str(one, "id", "u1");
    ob_value_set_map(ob_map_put(one, "fields"));
    ob_map_put_str((struct ob_value *)ob_map_get(one, "fields"), "EndUserId", "u1");
    if (p->request(p->self, "add", &args, r, &err) != OB_OK)
        fail_call("add", &err);
    ob_value_fini(&args);
}

static void test_request(void **state)
{
    static const struct field fields[] = {
        {"access_key_id", "k"}, {"access_key_secret", "@secret"}, {NULL, NULL}};
    struct world w;
    struct ob_request r, again;
    world_open(&w, "alibaba-eds", fields);
    make_request(&w, &r);
    make_request(&w, &again);
    char *one = sent_password(&r), *other = sent_password(&again);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), OB_PASSWORD_TEXT - 1);
    char *said = ob_xasprintf("the password %s is weak", one);
    assert_string_equal(ob_redact(w.config.vault, said), "the password *** is weak");
    assert_int_equal(r.query.count, 0);
    free(said);
    free(one);
    free(other);
    ob_request_fini(&r);
    ob_request_fini(&again);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
