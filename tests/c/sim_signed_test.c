/* The simulated DataArts Studio and EDS where time matters: locked keys, used nonces, clocks that
 * are off; and their answers about people. */
#include "sim_fixture.h"

static int studio_list(struct sim_fixture *f, const char *secret, const char *code)
{
    struct ob_reply r = sim_studio(f, "GET", SIM_STUDIO "/users", "", secret);
    int status = r.response.status;
    if (code)
        assert_string_equal(sim_pick(&r, "error_code"), code);
    sim_reply_fini(&r);
    return status;
}

static void test_key_locks(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    for (int i = 0; i < 4; i++)
        assert_int_equal(studio_list(&f, "wrong", "APIGW.0301"), 401);
    assert_int_equal(studio_list(&f, NULL, NULL), 200); /* a right one clears the count */
    for (int i = 0; i < 5; i++)
        assert_int_equal(studio_list(&f, "wrong", "APIGW.0301"), 401);
    assert_int_equal(studio_list(&f, NULL, "APIGW.0301"), 401);
    f.now += 5 * SIM_MINUTE - 1000;
    assert_int_equal(studio_list(&f, NULL, "APIGW.0301"), 401);
    f.now += 1000;
    assert_int_equal(studio_list(&f, NULL, NULL), 200);
    sim_close(&f);
}

static void test_one_verdict(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    char *id = sim_id(&f, 3, 0, 3), *other = sim_id(&f, 3, 1, 3);
    char *mixed = ob_xasprintf("{\"user_ids\":[\"%s\",\"nobody\"]}", id);
    char *good = ob_xasprintf("{\"user_ids\":[\"%s\",\"%s\"]}", id, other);
    struct ob_reply r = sim_studio(&f, "POST", SIM_STUDIO "/delete-users", mixed, NULL);
    assert_int_equal(r.response.status, 200);
    assert_string_equal(sim_pick(&r, "is_success"), "false");
    sim_reply_fini(&r);
    sim_assert_state(&f, "studio", id, "state", "active");
    r = sim_studio(&f, "POST", SIM_STUDIO "/delete-users", good, NULL);
    assert_string_equal(sim_pick(&r, "is_success"), "true");
    sim_reply_fini(&r);
    sim_assert_state(&f, "studio", id, "deleted_times", "1");
    sim_assert_state(&f, "studio", NULL, "count", "18");
    free(id);
    free(other);
    free(mixed);
    free(good);
    sim_close(&f);
}

static void eds_is(struct sim_fixture *f, const char *nonce, const char *code)
{
    struct ob_reply r = sim_eds(f, "DescribeUsers", "MaxResults=5", nonce);
    const char *got = sim_pick(&r, "Code");
    assert_string_equal(got ? got : "", code);
    assert_int_equal(r.response.status, *code ? 400 : 200);
    sim_reply_fini(&r);
}

static void test_nonces(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    eds_is(&f, "once", "");
    eds_is(&f, "once", "SignatureNonceUsed");
    eds_is(&f, "twice", "");
    f.now += 10 * SIM_MINUTE;
    eds_is(&f, "once", "SignatureNonceUsed");
    f.now += 31 * SIM_MINUTE;
    eds_is(&f, "three", "");
    f.now += 31 * SIM_MINUTE;
    eds_is(&f, "once", "");
    sim_close(&f);
}

/* The cloud's clock is 20 minutes ahead: every signature of ours is too old for it. */
static void test_skew(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "skew=20m", "all-or-nothing");
    eds_is(&f, NULL, "InvalidTimeStamp.Expired");
    assert_int_equal(studio_list(&f, NULL, "APIGW.0303"), 401);
    sim_close(&f);
    sim_open(&f, 20, "desktops:skew=-14m", "all-or-nothing");
    eds_is(&f, NULL, "");
    assert_int_equal(studio_list(&f, NULL, NULL), 200);
    sim_close(&f);
}

static void test_eds_people(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    char *id = sim_id(&f, 3, 0, 4), *form = ob_xasprintf("Users.1=%s&Users.2=nobody", id);
    struct ob_reply r = sim_eds(&f, "RemoveUsers", form, NULL);
    char *want = ob_xasprintf("\"RemovedUsers\":[\"%s\"]", id);
    assert_int_equal(r.response.status, 200);
    assert_non_null(strstr(ob_buf_str(&r.response.body), want));
    assert_non_null(strstr(ob_buf_str(&r.response.body), "\"ErrorCode\":\"InvalidUsername\""));
    sim_reply_fini(&r);
    sim_assert_state(&f, "desktops", id, "deleted_times", "1");
    r = sim_eds(&f, "RemoveUsers", "", NULL);
    assert_string_equal(sim_pick(&r, "Code"), "MissingUsers");
    sim_reply_fini(&r);
    free(id);
    free(form);
    free(want);
    sim_close(&f);
}

/* CreateUsers: silent with a password, and what a new account is without being told. */
static void test_eds_create(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    struct ob_reply r =
        sim_eds(&f, "CreateUsers", "Users.1.EndUserId=new_1&Users.1.Email=a@x", NULL);
    assert_string_equal(sim_pick(&r, "AllSucceed"), "true");
    sim_reply_fini(&r);
    r = sim_eds(&f, "CreateUsers",
                "Users.1.EndUserId=new_2&Users.1.Email=a@x&Users.1.GroupIdList.1=ug-design&"
                "Users.1.OrgId=org-sim0sales00000&Password=Demo-Passw0rd&IsLocalAdmin=true&"
                "AutoLockTime=2027-01-01&Users.2.EndUserId=new_3&Users.2.Email=b@x&"
                "Users.2.GroupIdList.1=ug-none",
                NULL);
    assert_string_equal(sim_pick(&r, "AllSucceed"), "false");
    assert_non_null(strstr(ob_buf_str(&r.response.body), "InvalidGroupId"));
    sim_reply_fini(&r);
    sim_assert_state(&f, "desktops", "new_1", "notified", "1");
    sim_assert_state(&f, "desktops", "new_2", "notified", "0");
    sim_assert_state(&f, "desktops", NULL, "mails_sent", "1");
    r = sim_eds(&f, "FilterUsers", "IncludeEndUserIds.1=new_2&IncludeOrgInfo=true", NULL);
    const char *row = ob_buf_str(&r.response.body);
    assert_non_null(strstr(row, "\"EnableAdminAccess\":true"));
    assert_non_null(strstr(row, "\"Groups\":[{\"GroupId\":\"ug-design\""));
    assert_non_null(strstr(row, "\"AutoLockTime\":\"2027-01-01\""));
    assert_non_null(strstr(row, "\"OrgId\":\"org-sim0sales00000\""));
    assert_null(strstr(row, "WyId"));
    assert_null(strstr(row, "DesktopCount"));
    sim_reply_fini(&r);
    r = sim_eds(&f, "CreateUsers", "Users.1.EndUserId=new_4&Users.1.Email=a@x&Password=short",
                NULL);
    assert_string_equal(sim_pick(&r, "Code"), "InvalidParameter");
    sim_reply_fini(&r);
    sim_close(&f);
}

/* A removed user is in no group any more, also when the name is used again. */
static void test_eds_groups(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 20, "", "all-or-nothing");
    char *id = sim_id(&f, 20, 11, 4), *form = ob_xasprintf("Users.1=%s", id);
    char *again = ob_xasprintf("Users.1.EndUserId=%s&Users.1.Email=a@x", id);
    struct ob_reply r = sim_eds(&f, "DescribeGroupUser", "GroupId=ug-design", NULL);
    assert_non_null(strstr(ob_buf_str(&r.response.body), id));
    sim_reply_fini(&r);
    r = sim_eds(&f, "RemoveUsers", form, NULL);
    sim_reply_fini(&r);
    r = sim_eds(&f, "CreateUsers", again, NULL);
    sim_reply_fini(&r);
    r = sim_eds(&f, "DescribeGroupUser", "GroupId=ug-design", NULL);
    assert_null(strstr(ob_buf_str(&r.response.body), id));
    sim_reply_fini(&r);
    free(id);
    free(form);
    free(again);
    sim_close(&f);
}

/* A page goes on where it ended also when people before it are gone meanwhile. */
static void test_pages_while_people_leave(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 30, "", "all-or-nothing");
    char *first = sim_id(&f, 30, 0, 4), *ninth = sim_id(&f, 30, 10, 4);
    struct ob_reply r = sim_eds(&f, "DescribeUsers", "MaxResults=10", NULL);
    struct ob_buf form;
    ob_buf_init(&form, OB_BUF_SMALL);
    ob_buf_adds(&form, "MaxResults=1&NextToken=");
    const char *token = sim_pick(&r, "NextToken");
    ob_percent_encode(&form, token, strlen(token));
    sim_reply_fini(&r);
    char *gone = ob_xasprintf("Users.1=%s", first);
    r = sim_eds(&f, "RemoveUsers", gone, NULL);
    sim_reply_fini(&r);
    r = sim_eds(&f, "DescribeUsers", ob_buf_str(&form), NULL);
    char *want = ob_xasprintf("\"EndUserId\":\"%s\"", ninth);
    assert_non_null(strstr(ob_buf_str(&r.response.body), want));
    sim_reply_fini(&r);
    ob_buf_fini(&form);
    free(first);
    free(ninth);
    free(gone);
    free(want);
    sim_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_locks),  cmocka_unit_test(test_one_verdict),
        cmocka_unit_test(test_nonces),     cmocka_unit_test(test_skew),
        cmocka_unit_test(test_eds_create), cmocka_unit_test(test_eds_groups),
        cmocka_unit_test(test_eds_people), cmocka_unit_test(test_pages_while_people_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
