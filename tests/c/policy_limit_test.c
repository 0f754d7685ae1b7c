/* Limits against policies: none of them catches, delays or dodges one, while planning and while
 * the plan is carried out; what is left when one trips in the middle; ceilings; populations. */
#include "policy_help.h"
#include <unistd.h>
#include "engine/approval.h"
#include "engine/limiter.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define START                                                                                      \
    "local people = input.csv 'leavers'\n"                                                         \
    "local desktops, meeting = target 'desktops', target 'meeting'\n"                              \
    "local o = { id = 'desktop_user' }\n"
#define LOCK START "desktops:lock(people, o)"

/* What desktops allows; everything else is unlimited. */
static struct ob_limit *limit_of(struct bench *b)
{
    return &b->config.targets[1].limit;
}

static void allow(struct bench *b, enum ob_limit_of of, enum ob_limit_what what, double value)
{
    limit_of(b)->at[of][what] = value;
}

/* Eight leavers, and five may be locked. Each of these locks more, somehow. */
static const char *const dodges[] = {
    LOCK,
    START "pcall(desktops.lock, desktops, people, o)",
    START "pcall(function() pcall(function() desktops:lock(people, o) end) error 'x' end)",
    START "together(function() desktops:lock(people:first(4), o) end,\n"
          "  function() desktops:lock(people:minus(people:first(4)), o) end)",
    START "together(function() pcall(function() together(function()\n"
          "  desktops:lock(people, o) end) end) end)",
    /* one by one, by recursion */
    START "local function one(left)\n"
          "  if #left == 0 then return end\n"
          "  desktops:lock(left:first(1), o)\n"
          "  return one(left:minus(left:first(1)))\n"
          "end\n"
          "pcall(one, people)",
    START "local function deep(n) if n == 0 then desktops:lock(people, o) return end\n"
          "  pcall(deep, n - 1) end deep(20)",
    /* late: after the wait there is another day, but it is one plan */
    START "desktops:lock(people:first(4), o) wait { days = 30 }\n"
          "desktops:lock(people:minus(people:first(4)), o)",
    /* what asks before each chunk, and what is told afterwards */
    START "desktops:lock(people, { id = 'desktop_user', chunk = 1,\n"
          "  on_failure = function() return 'continue' end })",
    START "local l = desktops:lock(people, o) if l.failed_share == 0 then l:undo 'so there' end",
    START "local l = desktops:lock(people, o) desktops:unlock(l.succeeded, o)",
    START "limit { users = 8 }\n"
          "desktops:lock(people, o)",
    START
    "pcall(limit, { users = 100, share = 1, day = 100, week = 100 }) desktops:lock(people, o)",
    /* the same people under another name are other people; those under the same are not */
    START "desktops:lock(people:first(5), o) desktops:remove(people, o)",
};

static void no_policy_gets_by_while_planning(void **state)
{
    for (size_t i = 0; i < sizeof dodges / sizeof *dodges; i++) {
        struct bench b;
        bench_init(&b, 40, 8, "");
        allow(&b, OB_OF_BOTH, OB_LIMIT_USERS, 5);
        enum ob_status st = bench_plan(&b, dodges[i]);
        if (st != OB_ERR_GUARD ||
            !strstr(b.err.message, "desktops: 8 people would be touched where "
                                   "targets.lua allows 5"))
            fail_msg("%s\n%s: %s", dodges[i], ob_status_word(st), b.err.message);
        bench_fini(&b);
    }
}

/* The same, where the plan was made when more was allowed: nothing is sent. */
static void nor_when_it_is_carried_out(void **state)
{
    for (size_t i = 0; i < sizeof dodges / sizeof *dodges; i++) {
        struct bench b;
        bench_init(&b, 40, 8, "");
        good(&b, bench_plan(&b, dodges[i]));
        allow(&b, OB_OF_BOTH, OB_LIMIT_USERS, 5);
        size_t sent = b.sent;
        ends(&b, bench_apply(&b, dodges[i]), OB_ERR_GUARD,
             "targets.lua allows 5; nothing more was sent: plan again, without them");
        assert_int_equal(b.sent, sent);
        assert_false(bench_has_step(&b, "1"));
        bench_fini(&b);
    }
}

static void a_policy_that_fails_is_no_way_either(void **state)
{
    struct bench b;
    bench_init(&b, 40, 8, "");
    allow(&b, OB_OF_BOTH, OB_LIMIT_USERS, 5);
    ends(&b, bench_plan(&b, LOCK " fail 'after all'"), OB_ERR_POLICY, "after all");
    ends(&b, bench_plan(&b, LOCK " coroutine.wrap(f)()"), OB_ERR_POLICY, "coroutine");
    bench_fini(&b);
}

/* ---- a trip in the middle ---- */

struct meanwhile {
    char path[64];
    size_t at, seen; /* of our calls, the one and those so far */
    int people;
};
static struct meanwhile other;

/* Another process locks people while one of our calls is on its way; between readings the ledger
 * may be ours alone. */
static void somebody_else(struct bench *b)
{
    const char *action = ob_fields_get(&b->out[b->out_count - 1].in.headers, "x-acs-action");
    struct ob_ledger *l;
    struct ob_err err;
    int64_t run;
    if (!action || strcmp(action, "LockUsers") != 0 || ++other.seen != other.at)
        return;
    if (ob_ledger_open(&l, other.path, &err) != OB_OK ||
        ob_ledger_run_new(l, "", bench_wall(b), &run, &err) != OB_OK)
        fail_msg("%s", err.message);
    struct ob_step_row step = {.path = (char *)"1",
                               .target = (char *)"desktops",
                               .action = (char *)"lock",
                               .kind = (char *)"disable",
                               .digest = (char *)"d"};
    struct ob_person_row rows[8];
    char ids[8][16];
    int64_t all[8];
    ob_buf_init(&step.options, 16);
    ob_buf_adds(&step.options, "{}");
    for (int i = 0; i < other.people; i++) {
        snprintf(ids[i], sizeof ids[i], "else%d", i);
        all[i] = i;
        rows[i] = (struct ob_person_row){
            .index = i, .person = ids[i], .id = ids[i], .detail = (char *)""};
    }
    struct ob_call_row call = {.run = run,
                               .step = (char *)"1",
                               .target = (char *)"desktops",
                               .action = (char *)"lock",
                               .kind = OB_CALL_ACT,
                               .attempt = 1,
                               .request_id = (char *)"r",
                               .body_digest = (char *)"b",
                               .people = all,
                               .people_count = (size_t)other.people,
                               .sent_ms = bench_wall(b)};
    if (ob_ledger_step_put(l, run, &step, rows, (size_t)other.people, &err) != OB_OK ||
        ob_ledger_intent(l, &call, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_buf_fini(&step.options);
    ob_ledger_close(l);
}

static void bench_file(struct bench *b)
{
    snprintf(other.path, sizeof other.path, "/tmp/ob-limit-XXXXXX");
    int fd = mkstemp(other.path);
    assert_true(fd >= 0);
    close(fd);
    unlink(other.path);
    ob_ledger_close(b->ledger);
    if (ob_ledger_open(&b->ledger, other.path, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
}

static void bench_file_fini(struct bench *b)
{
    static const char *const ends_of[] = {"", "-wal", "-shm", ".lock", NULL};
    bench_fini(b);
    for (const char *const *e = ends_of; *e; e++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", other.path, *e);
        unlink(path);
    }
}

static const char in_the_middle[] =
    START "pcall(function()\n"
          "  desktops:lock(people, { id = 'desktop_user', chunk = 1, parallel = 1,\n"
          "    on_failure = function() note 'asked' return 'continue' end })\n"
          "end)\n"
          "note 'went on'\n"
          "meeting:disable(people, { id = 'meeting_account' })\n";

static int64_t locked(struct bench *b)
{
    return bench_count(b, "1", OB_P_SUCCEEDED);
}

static bool has_reason(void *ctx, const struct ob_person_row *row)
{
    if (row->state == OB_P_PENDING && !strstr(row->detail, "targets.lua allows 10"))
        fail_msg("%s is pending because of \"%s\"", row->id, row->detail);
    return true;
}

/* Whatever the moment of the other process: no more than the day allows, nothing after the trip,
 * everybody who was sent is read back, and the run goes on when the day is over. */
static void by_what_others_did(void **state)
{
    size_t tripped = 0;
    for (size_t at = 1; at <= 8; at++) {
        struct bench b;
        bench_init(&b, 40, 8, "");
        bench_file(&b);
        allow(&b, OB_OF_BOTH, OB_LIMIT_DAY, 10);
        good(&b, bench_plan(&b, in_the_middle));
        other.at = at;
        other.seen = 0;
        other.people = 6;
        b.on_send = somebody_else;
        enum ob_status st = bench_apply(&b, in_the_middle);
        if (st == OB_ERR_GUARD) {
            tripped++;
            ends(&b, st, OB_ERR_GUARD, "nothing more was sent: offboard resume ");
            assert_int_equal(locked(&b), at < 4 ? 4 : at);
            assert_int_equal(locked(&b) + bench_count(&b, "1", OB_P_PENDING), 8);
            if (ob_ledger_person_each(b.ledger, b.run, "1", has_reason, NULL, &b.err) != OB_OK)
                fail_msg("%s", b.err.message);
            assert_false(bench_has_step(&b, "2"));
            assert_null(strstr(bench_notes(&b), "went on"));
            ends(&b, bench_resume(&b, in_the_middle), OB_ERR_GUARD,
                 "; nothing more was sent: offboard resume ");
            b.now += DAY_MS + 60000;
            good(&b, bench_resume(&b, in_the_middle));
        } else {
            good(&b, st);
        }
        assert_int_equal(locked(&b), 8);
        assert_int_equal(bench_count(&b, "2", OB_P_SUCCEEDED), 8);
        bench_file_fini(&b);
    }
    assert_int_equal(tripped, 7); /* after the last call there is nothing left to refuse */
}

/* What this run did is taken back without asking a limit. */
static void an_undo_is_never_limited(void **state)
{
    static const char text[] = START "local l = desktops:lock(people, o) l:undo 'no'";
    struct bench b;
    bench_init(&b, 40, 8, "");
    allow(&b, OB_OF_BOTH, OB_LIMIT_DAY, 8);
    good(&b, bench_plan(&b, text));
    good(&b, bench_apply(&b, text));
    assert_int_equal(bench_count(&b, "2.u1", OB_P_SUCCEEDED), 8);
    b.now += 60000;
    /* and whom it brought back was touched all the same: nobody else may be today */
    ends(&b, bench_plan(&b, START "desktops:lock(desktops:list(), {})"), OB_ERR_GUARD, "allows 8");
    bench_fini(&b);
}

/* Three a day, six a week, drop by drop: the third day is refused, and the week after is not. */
static void a_drip_is_stopped_by_the_week(void **state)
{
    static const char text[] = START "local at = tonumber(var 'at') local done = people:first(at)\n"
                                     "desktops:lock(people:first(at + 2):minus(done), o)";
    struct bench b;
    bench_init(&b, 40, 12, "");
    ob_limit_init(limit_of(&b));
    allow(&b, OB_OF_BOTH, OB_LIMIT_DAY, 3);
    for (int day = 0; day < 9; day++) {
        char at[8];
        bool week_full = day >= 3 && day < 7;
        snprintf(at, sizeof at, "%d", 2 * (day < 3 ? day : week_full ? 3 : day - 4));
        ob_map_put_str(&b.vars, "at", at);
        enum ob_status st = bench_plan(&b, text);
        if (week_full)
            ends(&b, st, OB_ERR_GUARD,
                 "desktops: 8 people would be disabled within 7 days where the default allows 6: 2 "
                 "now, 6 in the last 7 days by run ");
        else
            good(&b, st);
        if (st == OB_OK)
            good(&b, bench_apply(&b, text));
        b.now += DAY_MS;
    }
    bench_fini(&b);
}

/* ---- ceilings and populations ---- */

static void a_ceiling_is_for_one_plan(void **state)
{
    struct bench b;
    bench_init(&b, 40, 8, "");
    ob_limit_init(limit_of(&b));
    allow(&b, OB_OF_BOTH, OB_LIMIT_USERS, 5);
    allow(&b, OB_OF_BOTH, OB_LIMIT_DAY, 1);
    b.ceiling = 8;
    good(&b, bench_plan(&b, LOCK));
    assert_int_equal(ob_map_int(&b.plan, "ceiling", 0), 8);
    b.ceiling = 7;
    ends(&b, bench_plan(&b, LOCK), OB_ERR_GUARD,
         "desktops: 8 people would be disabled where --ceiling allows 7");
    b.ceiling = 0;
    ends(&b, bench_plan(&b, LOCK), OB_ERR_GUARD, "targets.lua allows 5");
    b.ceiling = 100;
    ends(&b, bench_plan(&b, "limit { users = 5 }\n" LOCK), OB_ERR_GUARD, "p.lua:1 allows 5");
    good(&b, bench_plan(&b, LOCK));
    struct ob_struck *struck = ob_struck_new();
    const struct ob_value *step = ob_list_at(ob_map_get(&b.plan, "steps"), 0);
    const struct ob_value *one = ob_list_at(ob_map_get(step, "people"), 0);
    ob_struck_add(struck, ob_value_str(ob_list_at(one, 0)), "struck");
    b.struck = struck;
    b.ceiling = 6; /* approvers strike one and lower it: by one too many */
    ends(&b, bench_apply(&b, LOCK), OB_ERR_GUARD,
         "desktops: 7 people would be disabled where the approved ceiling allows 6");
    b.ceiling = 7;
    good(&b, bench_resume(&b, LOCK));
    assert_int_equal(bench_count(&b, "1", OB_P_SUCCEEDED), 7);
    ob_struck_free(struck);
    bench_fini(&b);
}

static void a_written_none_is_lifted_by_no_ceiling(void **state)
{
    struct bench b;
    bench_init(&b, 40, 8, "");
    allow(&b, OB_OF_DISABLE, OB_LIMIT_USERS, 0);
    b.ceiling = 100;
    ends(&b, bench_plan(&b, LOCK), OB_ERR_GUARD,
         "allows 0; nothing was changed: 0 means none, and only targets.lua can say otherwise");
    bench_fini(&b);
}

static void the_default_is_a_share_of_the_largest_population(void **state)
{
    struct bench b;
    bench_init(&b, 20, 11, "");
    ob_limit_init(limit_of(&b));
    ends(&b, bench_plan(&b, LOCK), OB_ERR_GUARD,
         "desktops: 11 of 20 people (55.0 %) would be disabled where the default allows 50 %, "
         "which is 10");
    good(&b, bench_plan(&b, START "desktops:lock(people:first(10), o)"));
    const struct ob_value *limits = ob_list_at(ob_map_get(&b.plan, "limits"), 0);
    assert_string_equal(ob_map_str(limits, "target"), "desktops");
    assert_int_equal(ob_map_int(limits, "population", 0), 20);
    assert_int_equal(ob_list_count(ob_map_get(limits, "rules")), 8);
    /* a month ago there were 101: then 20 in a hundred of them may go */
    int64_t then = WALL_MS - 30 * DAY_MS;
    if (ob_population_keep(b.ledger, "desktops", then, 30, &b.err) != OB_OK)
        fail_msg("%s", b.err.message);
    good(&b, bench_plan(&b, LOCK));
    b.now += 2 * DAY_MS; /* and that is forgotten */
    ends(&b, bench_plan(&b, LOCK), OB_ERR_GUARD, "of 20 people");
    bench_fini(&b);
}

/* Whoever lists hears nothing; who asks for one person is answered. */
static void cut_lists(struct bench *b)
{
    struct call_out *c = &b->out[b->out_count - 1];
    c->cut = c->cut || strstr(c->target, "offset=");
}

/* Written when the plan was made already: then it is counted before anything is sent. */
static void a_share_that_is_written_later(void **state)
{
    struct bench b;
    bench_init(&b, 40, 8, "");
    good(&b, bench_plan(&b, START "desktops:lock(people:first(3), o)"));
    allow(&b, OB_OF_DISABLE, OB_LIMIT_SHARE, 0.05);
    ends(&b, bench_apply(&b, START "desktops:lock(people:first(3), o)"), OB_ERR_GUARD,
         "desktops: 3 of 40 people (7.5 %) would be disabled where targets.lua allows 5 %");
    assert_false(bench_has_step(&b, "1"));
    bench_fini(&b);
}

static void a_population_that_cannot_be_read_is_an_error(void **state)
{
    struct bench b;
    bench_init(&b, 40, 8, "");
    ob_limit_init(limit_of(&b));
    ob_limit_init(&b.config.targets[0].limit);
    b.on_send = cut_lists;
    enum ob_status st =
        bench_plan(&b, START "meeting:disable(people:first(1), { id = 'meeting_account' })");
    if (st == OB_OK || st == OB_ERR_GUARD ||
        !strstr(b.err.message, "how many people meeting has cannot be read"))
        fail_msg("%s: %s", ob_status_word(st), b.err.message);
    bench_fini(&b);
}

/* Nobody sees whom a request touches; where nobody may be touched, none goes. */
static void none_is_none_for_requests_too(void **state)
{
    static const char text[] =
        START "pcall(desktops.request, desktops, { method = 'POST', action = 'ModifyUser',\n"
              "  version = '2021-03-08', path = '/', form = { ['Users.1'] = 'x' } })";
    struct bench b;
    bench_init(&b, 40, 8, "");
    allow(&b, OB_OF_DELETE, OB_LIMIT_USERS, 1);
    good(&b, bench_plan(&b, text));
    allow(&b, OB_OF_DELETE, OB_LIMIT_USERS, 0); /* taken back after the plan was made */
    ends(&b, bench_apply(&b, text), OB_ERR_GUARD,
         "desktops: a request of the policy's own may touch anybody, and targets.lua allows nobody "
         "to be deleted");
    ends(&b, bench_plan(&b, text), OB_ERR_GUARD, "allows nobody to be deleted");
    bench_fini(&b);
}

/* No limit, protection, approval or evidence can see whom a request names: so none of them does
 * what an action is there for, however it is written. */
static void what_an_action_does_no_request_does(void **state)
{
    static const char *const requests[] = {
        "desktops:request { method = 'POST', action = 'RemoveUsers', version = '2021-03-08',\n"
        "  form = { ['Users.1'] = 'x' } }",
        "desktops:request { method = 'POST', action = 'lockusers', version = '2021-03-08',\n"
        "  form = { ['Users.1'] = 'x' } }",
        "meeting:request { method = 'POST', path = '/v1/usg/dcs/corp/member/delete',\n"
        "  json = { 'x' } }",
        "meeting:request { method = 'PUT', path = '/v1/usg/dcs/corp/member/status/1/',\n"
        "  json = { 'x' } }",
        "studio:request { method = 'POST', path = '/v2/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/'\n"
        "  .. '2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c/delete-users', json = { user_ids = { 'x' } } }",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct bench b;
        char text[700];
        snprintf(text, sizeof text,
                 "local meeting, desktops, studio = target 'meeting', target 'desktops',\n"
                 "  target 'studio'\n"
                 "pcall(function() together(function() %s end) end)",
                 requests[i]);
        bench_init(&b, 40, 8, "");
        ends(&b, bench_plan(&b, text), OB_ERR_GUARD, "no guard can see whom it names; use");
        assert_int_equal(b.sent, 0);
        bench_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_policy_gets_by_while_planning),
        cmocka_unit_test(nor_when_it_is_carried_out),
        cmocka_unit_test(a_policy_that_fails_is_no_way_either),
        cmocka_unit_test(by_what_others_did),
        cmocka_unit_test(an_undo_is_never_limited),
        cmocka_unit_test(a_drip_is_stopped_by_the_week),
        cmocka_unit_test(a_ceiling_is_for_one_plan),
        cmocka_unit_test(a_written_none_is_lifted_by_no_ceiling),
        cmocka_unit_test(the_default_is_a_share_of_the_largest_population),
        cmocka_unit_test(a_share_that_is_written_later),
        cmocka_unit_test(a_population_that_cannot_be_read_is_an_error),
        cmocka_unit_test(none_is_none_for_requests_too),
        cmocka_unit_test(what_an_action_does_no_request_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
