/* Faults that a rehearsal names for one very request, and those inside of one: half of a batch and
 * then throttled, an answer that says the request was there before, readings that lag, a token that
 * is gone; the same people on fresh clouds; the people of a real directory. */
#include "sim_fixture.h"

static char *form_of(struct sim_fixture *f, int count)
{
    char *form = ob_xstrdup("");
    for (int i = 0; i < count; i++) {
        char *id = sim_id(f, count, i, 4);
        char *longer = ob_xasprintf("%s&Users.%d=%s", form, i + 1, id);
        free(form);
        free(id);
        form = longer;
    }
    memmove(form, form + 1, strlen(form)); /* the first & */
    return form;
}

static int gone(struct sim_fixture *f, int count)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        char *id = sim_id(f, count, i, 4), *state = sim_state(f, "desktops", id, "state");
        n += strcmp(state, "absent") == 0;
        free(id);
        free(state);
    }
    return n;
}

/* Strikes one RemoveUsers of four, and not the next. */
static int removed_under(const char *fault, const char *code)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    char *form = form_of(&f, 4);
    ob_sim_strike(f.sim, fault);
    struct ob_reply r = sim_eds(&f, "RemoveUsers", form, NULL);
    assert_string_equal(sim_pick(&r, "Code"), code);
    assert_string_equal(ob_map_str(&f.event, "fault"), fault);
    sim_reply_fini(&r);
    int n = gone(&f, 4);
    r = sim_eds(&f, "DescribeUsers", "MaxResults=1", NULL);
    assert_int_equal(r.response.status, 200);
    assert_string_equal(ob_map_str(&f.event, "fault"), "");
    sim_reply_fini(&r);
    free(form);
    sim_close(&f);
    return n;
}

static void test_partly_done(void **state)
{
    (void)state;
    assert_int_equal(removed_under("partial", "Throttling.User"), 2);
    assert_int_equal(removed_under("throttle", "Throttling.User"), 0);
}

static void test_nonce_used(void **state)
{
    (void)state;
    assert_int_equal(removed_under("nonce-used", "SignatureNonceUsed"), 4);
}

/* How many of one person DescribeUsers shows, and whether they are locked. */
static bool shows(struct sim_fixture *f, const char *id, const char *what)
{
    char *form = ob_xasprintf("EndUserIds.1=%s", id);
    struct ob_reply r = sim_eds(f, "DescribeUsers", form, NULL);
    bool yes = strstr(ob_buf_str(&r.response.body), what) != NULL;
    sim_reply_fini(&r);
    free(form);
    return yes;
}

static void change(struct sim_fixture *f, const char *action, const char *id)
{
    char *form = ob_xasprintf("Users.1=%s", id);
    struct ob_reply r = sim_eds(f, action, form, NULL);
    assert_int_equal(r.response.status, 200);
    sim_reply_fini(&r);
    free(form);
}

static void test_lag(void **state)
{
    struct sim_fixture f;
    (void)state;
    sim_open(&f, 20, "desktops:lag=2s", "all-or-nothing");
    char *id = sim_id(&f, 3, 0, 4);
    change(&f, "LockUsers", id);
    sim_assert_state(&f, "desktops", id, "state", "disabled"); /* it is done, whatever is read */
    assert_true(shows(&f, id, "\"Status\":0"));
    f.now += 1999;
    assert_true(shows(&f, id, "\"Status\":0"));
    f.now += 1;
    assert_true(shows(&f, id, "\"Status\":9"));
    change(&f, "RemoveUsers", id);
    assert_true(shows(&f, id, "\"EndUserId\""));
    change(&f, "RemoveUsers", id); /* changes see what is: it is gone */
    f.now += 2000;
    assert_false(shows(&f, id, "\"EndUserId\""));
    free(id);
    sim_close(&f);
}

static void test_token_gone(void **state)
{
    struct sim_fixture f;
    (void)state;
    sim_open(&f, 20, "", "all-or-nothing");
    sim_enter(&f);
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER "?limit=1", ""), 200);
    ob_sim_strike(f.sim, "token-gone");
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER "?limit=1", ""), 401);
    sim_enter(&f);
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER "?limit=1", ""), 200);
    sim_close(&f);
}

static void test_again(void **state)
{
    struct sim_fixture f;
    struct ob_value options = {0};
    struct ob_err err;
    (void)state;
    sim_open(&f, 20, "", "all-or-nothing");
    char *form = form_of(&f, 4), *id = sim_id(&f, 4, 0, 4);
    struct ob_reply r = sim_eds(&f, "RemoveUsers", form, NULL);
    sim_reply_fini(&r);
    assert_int_equal(gone(&f, 4), 4);
    ob_value_set_map(&options);
    assert_int_equal(ob_sim_again(f.sim, &options, &err), OB_OK);
    assert_int_equal(gone(&f, 4), 0);
    char *same = sim_id(&f, 4, 0, 4);
    assert_string_equal(id, same);
    free(form);
    free(id);
    free(same);
    ob_value_fini(&options);
    sim_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partly_done), cmocka_unit_test(test_nonce_used),
        cmocka_unit_test(test_lag),         cmocka_unit_test(test_token_gone),
        cmocka_unit_test(test_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
