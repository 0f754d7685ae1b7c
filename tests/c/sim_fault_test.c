/* --faults: what is understood, what each does, that a seed repeats it; and a directory of 100,000
 * people. */
#include "sim_fixture.h"

static void test_refused(void **state)
{
    static const struct {
        const char *faults, *message;
    } cases[] = {
        {"throtle=0.1", "unknown fault 'throtle'; known are: poison, throttle, rate, 5xx"},
        {"throttle", "fault 'throttle' wants a share from 0 to 1"},
        {"throttle=2", "fault 'throttle' wants a share from 0 to 1"},
        {"rate=10", "fault 'rate' wants calls in a time"},
        {"slow=50", "fault 'slow' wants a time"},
        {"token-dies=0", "fault 'token-dies' wants a whole number"},
        {"poison=nobody", "fault 'poison': nobody has the id 'nobody'"},
        {"cloud9:cut=0.1", "unknown cloud 'cloud9'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_fixture f;
        struct ob_err err = {0};
        assert_int_equal(sim_try_open(&f, 10, cases[i].faults, "all-or-nothing", 1, &err),
                         OB_ERR_USAGE);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s: %s", cases[i].faults, err.message);
        sim_close(&f);
    }
}

static void test_contract_refused(void **state)
{
    struct sim_fixture f;
    struct ob_err err = {0};
    assert_int_equal(sim_try_open(&f, 10, "", "maybe", 1, &err), OB_ERR_USAGE);
    assert_non_null(strstr(err.message, "all-or-nothing, per-person, changing"));
    sim_close(&f);
}

/* The names of what struck 60 calls, one letter each. */
static void strikes(char out[61], int64_t seed, const char *faults)
{
    struct sim_fixture f;
    struct ob_err err = {0};
    assert_int_equal(sim_try_open(&f, 10, faults, "all-or-nothing", seed, &err), OB_OK);
    for (int i = 0; i < 60; i++) {
        struct ob_reply r = sim_eds(&f, "DescribeUsers", "MaxResults=1", NULL);
        const char *fault = ob_map_str(&f.event, "fault");
        out[i] = *fault ? *fault : '.';
        sim_reply_fini(&r);
    }
    out[60] = '\0';
    sim_close(&f);
}

static void test_repeats(void **state)
{
    char a[61], b[61], c[61], more[61];
    strikes(a, 7, "throttle=0.3,cut=0.2");
    strikes(b, 7, "throttle=0.3,cut=0.2");
    strikes(c, 8, "throttle=0.3,cut=0.2");
    strikes(more, 7, "throttle=0.3,cut=0.2,html=0");
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_equal(a, more);
    assert_non_null(strchr(a, 't'));
    assert_non_null(strchr(a, 'c'));
    assert_non_null(strchr(a, '.'));
}

struct strike {
    const char *faults;
    int status; /* 0: none is sent */
    enum ob_server_fault fault;
    bool effect;
};

static void check_strike(const struct strike *s)
{
    struct sim_fixture f;
    sim_open(&f, 20, s->faults, "all-or-nothing");
    char *id = sim_id(&f, 3, 0, 4), *form = ob_xasprintf("Users.1=%s", id);
    struct ob_reply r = sim_eds(&f, "RemoveUsers", form, NULL);
    assert_int_equal(r.fault, s->fault);
    if (s->status)
        assert_int_equal(r.response.status, s->status);
    sim_reply_fini(&r);
    sim_assert_state(&f, "desktops", id, "state", s->effect ? "absent" : "active");
    free(id);
    free(form);
    sim_close(&f);
}

static void test_before_and_after(void **state)
{
    static const struct strike strikes_of[] = {
        {"throttle=1", 400, OB_FAULT_NONE, false},   {"drop-before=1", 0, OB_FAULT_DROP, false},
        {"drop-after=1", 0, OB_FAULT_DROP, true},    {"cut=1", 200, OB_FAULT_CUT, true},
        {"lost=1", 0, OB_FAULT_HANG, true},          {"studio:cut=1", 200, OB_FAULT_NONE, true},
        {"desktops:lost=1", 0, OB_FAULT_HANG, true}, {"html=1", 0, OB_FAULT_NONE, true},
        {"5xx=1", 0, OB_FAULT_NONE, false},          {"5xx-after=1", 0, OB_FAULT_NONE, true},
    };
    for (size_t i = 0; i < sizeof strikes_of / sizeof *strikes_of; i++)
        check_strike(&strikes_of[i]);
}

static void test_words(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "desktops:throttle=1,meeting:html=1,studio:throttle=1,slow=70ms",
             "all-or-nothing");
    struct ob_reply r = sim_eds(&f, "DescribeUsers", "", NULL);
    assert_string_equal(sim_pick(&r, "Code"), "Throttling.User");
    assert_in_range(strtol(ob_fields_get(&r.response.headers, "x-acs-retry-after"), NULL, 10), 1,
                    1000);
    assert_int_equal(r.delay_ms, 70);
    sim_reply_fini(&r);
    r = sim_studio(&f, "GET", SIM_STUDIO "/users", "", NULL);
    assert_int_equal(r.response.status, 429);
    assert_string_equal(sim_pick(&r, "error_code"), "APIGW.0308");
    assert_null(ob_fields_get(&r.response.headers, "Retry-After"));
    sim_reply_fini(&r);
    r = sim_login(&f, "");
    assert_non_null(strstr(ob_buf_str(&r.response.body), "<html>"));
    sim_reply_fini(&r);
    sim_close(&f);
}

/* Ten calls pass in any second, and the cloud does not say when the next will. */
static void test_rate(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "rate=10/s", "all-or-nothing");
    for (int second = 0; second < 3; second++) {
        for (int i = 0; i < 15; i++) {
            struct ob_reply r = sim_eds(&f, "DescribeUsers", "MaxResults=1", NULL);
            assert_int_equal(r.response.status, i < 10 ? 200 : 400);
            assert_null(ob_fields_get(&r.response.headers, "x-acs-retry-after"));
            sim_reply_fini(&r);
        }
        f.now += 1000;
    }
    sim_close(&f);
}

static void test_poison_by_name(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    char *id = sim_id(&f, 3, 0, 4), *faults = ob_xasprintf("poison=%s", id);
    sim_close(&f);
    sim_open(&f, 20, faults, "all-or-nothing");
    char *form = ob_xasprintf("Users.1=%s", id), *first = sim_id(&f, 1, 0, 4);
    struct ob_reply r = sim_eds(&f, "LockUsers", form, NULL);
    assert_non_null(strstr(ob_buf_str(&r.response.body), "OperationDenied.UserInUse"));
    sim_reply_fini(&r);
    assert_string_equal(first, id); /* leavers begin with the poisoned */
    free(id);
    free(faults);
    free(form);
    free(first);
    sim_close(&f);
}

static void test_large(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 100000, "poison=5", "all-or-nothing");
    sim_enter(&f);
    struct ob_reply r = sim_meeting(&f, "GET", SIM_MEMBER "?limit=500&offset=99500", "");
    assert_string_equal(sim_pick(&r, "count"), "100001");
    sim_reply_fini(&r);
    char *id = sim_id(&f, 100, 50, 2), *body = ob_xasprintf("[\"%s\"]", id);
    assert_int_equal(sim_meeting_status(&f, "POST", SIM_MEMBER "/delete", body), 200);
    r = sim_meeting(&f, "GET", SIM_MEMBER "?limit=1", "");
    assert_string_equal(sim_pick(&r, "count"), "100000");
    sim_reply_fini(&r);
    sim_assert_state(&f, "meeting", id, "deleted_times", "1");
    free(id);
    free(body);
    sim_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_contract_refused),
        cmocka_unit_test(test_repeats),        cmocka_unit_test(test_before_and_after),
        cmocka_unit_test(test_words),          cmocka_unit_test(test_rate),
        cmocka_unit_test(test_poison_by_name), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
