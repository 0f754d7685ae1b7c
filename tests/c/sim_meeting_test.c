/* The simulated Meeting where time and faults matter: contracts of the batch calls, poison, the
 * life of tokens, the two side effects of logging in. */
#include "sim_fixture.h"

static char *list_of(const char *a, const char *b)
{
    return ob_xasprintf("[\"%s\",\"%s\"]", a, b);
}

/* Ids of a good person and, with poison=1, of the poisoned one, whichever order they are in. */
struct pair {
    char *good, *bad;
};

static struct pair pick_pair(struct sim_fixture *f)
{
    struct pair p = {0};
    for (int i = 0; i < 12; i++) {
        char *id = sim_id(f, 12, i, 2), *body = ob_xasprintf("[\"%s\"]", id);
        bool bad = sim_meeting_status(f, "PUT", SIM_MEMBER "/status/0", body) == 400;
        char **slot = bad ? &p.bad : &p.good;
        free(*slot);
        *slot = id;
        free(body);
    }
    assert_non_null(p.good);
    assert_non_null(p.bad);
    return p;
}

static void test_all_or_nothing(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 50, "meeting:poison=1", "all-or-nothing");
    sim_enter(&f);
    struct pair p = pick_pair(&f);
    char *body = list_of(p.good, p.bad), *alone = ob_xasprintf("[\"%s\"]", p.good);
    struct ob_reply r = sim_meeting(&f, "POST", SIM_MEMBER "/delete", body);
    assert_int_equal(r.response.status, 400);
    assert_string_equal(sim_pick(&r, "error_code"), "USG.201040003");
    sim_reply_fini(&r);
    sim_assert_state(&f, "meeting", p.good, "state", "active");
    r = sim_meeting(&f, "POST", SIM_MEMBER "/delete", alone);
    assert_int_equal(r.response.status, 200);
    assert_int_equal(r.response.body.len, 0);
    sim_reply_fini(&r);
    sim_assert_state(&f, "meeting", p.good, "state", "absent");
    sim_assert_state(&f, "meeting", p.good, "deleted_times", "1");
    assert_int_equal(sim_meeting_status(&f, "POST", SIM_MEMBER "/delete", alone), 400);
    free(p.good);
    free(p.bad);
    free(body);
    free(alone);
    sim_close(&f);
}

static void test_per_person(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 50, "", "per-person");
    sim_enter(&f);
    char *good = sim_id(&f, 5, 0, 2), *body = list_of(good, "nobody");
    struct ob_reply r = sim_meeting(&f, "POST", SIM_MEMBER "/delete", body);
    assert_int_equal(r.response.status, 200);
    assert_string_equal(ob_buf_str(&r.response.body),
                        "[{\"account\":\"nobody\",\"error_code\":\"USG.201040000\","
                        "\"error_msg\":\"The user does not exist\"}]");
    sim_reply_fini(&r);
    sim_assert_state(&f, "meeting", good, "state", "absent");
    free(good);
    free(body);
    sim_close(&f);
}

static void test_changing(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 50, "", "changing");
    sim_enter(&f);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sim_meeting_status(&f, "POST", SIM_MEMBER "/delete", "[\"nobody\"]"),
                         i < 3 ? 400 : 200);
    sim_close(&f);
}

static void test_batch_bounds(void **state)
{
    struct sim_fixture f;
    struct ob_buf body;
    sim_open(&f, 50, "", "all-or-nothing");
    sim_enter(&f);
    ob_buf_init(&body, OB_BUF_SMALL);
    ob_buf_adds(&body, "[\"a\"");
    for (int i = 1; i < 101; i++)
        ob_buf_adds(&body, ",\"a\"");
    ob_buf_adds(&body, "]");
    const char *bad[] = {ob_buf_str(&body), "[]", "{}", "[1]", "\"a\"", "", "[\"a\"", "[\"\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ob_reply r = sim_meeting(&f, "POST", SIM_MEMBER "/delete", bad[i]);
        assert_int_equal(r.response.status, 400);
        assert_string_equal(sim_pick(&r, "error_code"), "USG.000000001");
        sim_reply_fini(&r);
    }
    ob_buf_fini(&body);
    sim_close(&f);
}

static void test_token_life(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 10, "", "all-or-nothing");
    struct ob_reply r = sim_login(&f, "");
    int64_t valid = strtoll(sim_pick(&r, "validPeriod"), NULL, 10);
    sim_reply_fini(&r);
    assert_in_range(valid, 12 * 3600, 24 * 3600);
    sim_enter(&f);
    f.now += 12 * 60 * SIM_MINUTE;
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER, ""), 200);
    f.now += 12 * 60 * SIM_MINUTE + 1000;
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER, ""), 401);
    sim_close(&f);
}

static void test_token_dies(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 10, "token-dies=3", "all-or-nothing");
    sim_enter(&f);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER, ""), i < 3 ? 200 : 401);
    sim_enter(&f);
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER, ""), 200);
    sim_close(&f);
}

/* A leaver who is logged in as comes back: the reason for rule 7 of DESIGN section 8. */
static void test_login_creates(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 10, "", "all-or-nothing");
    struct ob_reply r = sim_login(&f, "gone");
    assert_int_equal(r.response.status, 200);
    ob_buf_adds(&f.token, sim_pick(&r, "accessToken"));
    sim_reply_fini(&r);
    sim_assert_state(&f, "meeting", "gone", "state", "active");
    assert_int_equal(sim_meeting_status(&f, "GET", SIM_MEMBER, ""), 403);
    sim_enter(&f);
    assert_int_equal(sim_meeting_status(&f, "PUT", SIM_MEMBER "/status/1", "[\"gone\"]"), 200);
    r = sim_login(&f, "gone");
    assert_int_equal(r.response.status, 412);
    sim_reply_fini(&r);
    sim_close(&f);
}

static void test_last_page_again(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 24, "", "all-or-nothing"); /* and the administrator */
    sim_enter(&f);
    struct ob_reply last = sim_meeting(&f, "GET", SIM_MEMBER "?limit=10&offset=20", "");
    struct ob_reply past = sim_meeting(&f, "GET", SIM_MEMBER "?limit=10&offset=70", "");
    assert_string_equal(sim_pick(&past, "count"), "25");
    const char *a = strstr(ob_buf_str(&last.response.body), "\"id\"");
    const char *b = strstr(ob_buf_str(&past.response.body), "\"id\"");
    assert_non_null(a);
    assert_memory_equal(a, b, 40);
    sim_reply_fini(&last);
    sim_reply_fini(&past);
    sim_close(&f);
}

/* An effect is counted when something changed, and only then. */
static void test_effects(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 10, "", "all-or-nothing");
    sim_enter(&f);
    char *id = sim_id(&f, 3, 1, 2), *body = ob_xasprintf("[\"%s\"]", id);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sim_meeting_status(&f, "PUT", SIM_MEMBER "/status/1", body), 200);
        assert_int_equal(ob_map_int(&f.event, "effects", -1), i == 0);
        assert_string_equal(ob_value_str(ob_list_at(ob_map_get(&f.event, "people"), 0)), id);
    }
    sim_assert_state(&f, "meeting", id, "state", "disabled");
    free(id);
    free(body);
    sim_close(&f);
}

static int add_status(struct sim_fixture *f, const char *body, const char *code)
{
    struct ob_reply r = sim_meeting(f, "POST", SIM_MEMBER, body);
    int status = r.response.status;
    if (code)
        assert_string_equal(sim_pick(&r, "error_code"), code);
    sim_reply_fini(&r);
    return status;
}

/* AddUser: what it insists on, what it makes of nothing, and whom it writes to. */
static void test_add(void **state)
{
    static const char *const wrong[] = {
        "{\"name\":\"N\"}",
        "{\"name\":\"N\",\"phone\":\"+8613800000000\"}",
        "{\"name\":\"N\",\"email\":\"a@x\",\"status\":2}",
        "{\"name\":\"N\",\"email\":\"a@x\",\"sortLevel\":0}",
        "{\"name\":\"N\",\"email\":\"a@x\",\"hidePhone\":\"true\"}",
    };
    struct sim_fixture f;
    sim_open(&f, 10, "", "all-or-nothing");
    sim_enter(&f);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(add_status(&f, wrong[i], "USG.000000001"), 400);
    const char *loud = "{\"name\":\"N\",\"account\":\"loud\",\"email\":\"a@x\"}";
    const char *quiet = "{\"name\":\"N\",\"account\":\"quiet\",\"email\":\"a@x\","
                        "\"sendNotify\":\"0\",\"status\":1,\"hidePhone\":true}";
    assert_int_equal(add_status(&f, loud, NULL), 200);
    assert_int_equal(add_status(&f, quiet, NULL), 200);
    assert_int_equal(add_status(&f, quiet, "USG.201040001"), 400);
    sim_assert_state(&f, "meeting", "loud", "notified", "1");
    sim_assert_state(&f, "meeting", "quiet", "notified", "0");
    sim_assert_state(&f, "meeting", "quiet", "state", "disabled");
    sim_assert_state(&f, "meeting", NULL, "mails_sent", "1");
    struct ob_reply r = sim_meeting(&f, "GET", SIM_MEMBER "/loud", "");
    assert_string_equal(sim_pick(&r, "deptCode"), "1");
    assert_string_equal(sim_pick(&r, "sortLevel"), "10000");
    assert_string_equal(sim_pick(&r, "hidePhone"), "false");
    assert_string_equal(sim_pick(&r, "country"), "chinaPR");
    sim_reply_fini(&r);
    sim_close(&f);
}

/* The state shows rows only when asked. */
static void test_fields(void **state)
{
    struct sim_fixture f;
    sim_open(&f, 5, "", "all-or-nothing");
    for (int asked = 0; asked < 2; asked++) {
        struct ob_fields none = {0};
        const char *path = asked ? "/_sim/state?fields=1" : "/_sim/state";
        struct ob_reply r = sim_send(&f, "GET", path, &none, "");
        const char *body = ob_buf_str(&r.response.body);
        assert_int_equal(strstr(body, "\"sipNum\"") != NULL, asked);
        assert_int_equal(strstr(body, "\"domain_owner\"") != NULL, asked);
        assert_int_equal(strstr(body, "\"AutoLockTime\"") != NULL, asked);
        sim_reply_fini(&r);
    }
    sim_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_per_person),
        cmocka_unit_test(test_changing),       cmocka_unit_test(test_batch_bounds),
        cmocka_unit_test(test_token_life),     cmocka_unit_test(test_token_dies),
        cmocka_unit_test(test_login_creates),  cmocka_unit_test(test_last_page_again),
        cmocka_unit_test(test_effects),        cmocka_unit_test(test_add),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
