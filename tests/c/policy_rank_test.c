/* Who is never touched: the credential's own account, administrators who are not named, the last
 * one in any case, whoever the cloud's own columns protect; and ids that are another cloud's. */
#include "policy_help.h"
#include "script/target.h"

#define ALL                                                                                        \
    "local people = input.csv 'leavers'\n"                                                         \
    "local meeting, desktops, studio = target 'meeting', target 'desktops', target 'studio'\n"
#define CLOUDS ALL "people = people:first(6)\n"
#define TELL                                                                                       \
    "note(('%d %d'):format(#o.succeeded, #o.skipped))\n"                                           \
    "for _, p in ipairs(o.skipped) do note(o:reason(p)) end\n"

/* Everybody is in the input, of whom E00001 is the workspace's administrator; policies take the
 * first six. */
static void all_six(struct bench *b)
{
    bench_init(b, 40, 40, "");
}

/* Other leavers than the simulator's. */
static void instead(struct bench *b, const char *csv)
{
    ob_buf_clear(&b->inputs[0].bytes);
    ob_buf_adds(&b->inputs[0].bytes, csv);
}

/* The simulator changes roles as the cloud's API has it. */
#define ROLE(who, role)                                                                            \
    ALL "local p = people:where { employee = '" who "' }[1]\n"                                     \
        "studio:request { method = 'PUT', path = '/v2/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a/'\n"        \
        "  .. '2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c/users/' .. p.iam_user_id,\n"                       \
        "  json = { type = 0, roles_ids = { { role_id = '" role "' } },\n"                         \
        "    user_ids = { { user_id = p.iam_user_id, user_name = 'x' } } } }\n"

static const char *left(const struct bench *b, size_t step, size_t i, size_t field)
{
    const struct ob_value *s = ob_list_at(ob_map_get(&b->plan, "steps"), step);
    const char *text = ob_value_str(ob_list_at(ob_list_at(ob_map_get(s, "left"), i), field));
    return text ? text : "(nobody)";
}

/* ---- our own account ---- */

static void own_account(void **state)
{
    static const char text[] = CLOUDS "meeting:disable(people, { id = 'meeting_account' })\n";
    struct bench b;
    all_six(&b);
    instead(&b, "name,meeting_account\nroot,admin\n");
    ends(&b, bench_plan(&b, text), OB_ERR_GUARD,
         "meeting:disable names root (admin), the account that the credential of meeting belongs "
         "to");
    instead(&b, "name,meeting_account\nroot,ADMIN\n"); /* the careful side: it may be the same */
    ends(&b, bench_plan(&b, text), OB_ERR_GUARD, "the credential of meeting belongs to");
    ends(&b, bench_plan(&b, CLOUDS "meeting:delete(people, { id = 'meeting_account' })\n"),
         OB_ERR_GUARD, "meeting:delete names root");
    good(&b, bench_plan(&b, CLOUDS "meeting:enable(people, { id = 'meeting_account' })\n"));
    assert_int_equal(bench_state(&b, "effects"), 0);
    bench_fini(&b);
}

static bool is_own(struct bench *b, struct ob_target *t, const char *id, int rank)
{
    struct ob_engine_options o = {.clock = &b->clock, .transport = b->transport};
    struct ob_engine *e = ob_engine_new(&o);
    struct ob_value row = {0};
    ob_value_set_map(&row);
    struct ob_value *fields = ob_map_put(&row, "fields");
    ob_value_set_map(fields);
    ob_map_put_int(fields, "adminType", rank);
    bool own = ob_engine_is_own(e, t, id, &row);
    ob_value_fini(&row);
    ob_engine_free(e);
    return own;
}

/* An App ID logs in as the default administrator, also where the login's answer names nobody. */
static void the_default_administrator(void **state)
{
    struct bench b;
    struct ob_target *t;
    all_six(&b);
    good(&b, ob_target_open(&t, &b.config, &b.config.targets[0], &b.err));
    assert_true(is_own(&b, t, "whoever", 0));
    assert_false(is_own(&b, t, "whoever", 1));
    ob_target_close(t);
    good(&b, ob_target_open(&t, &b.config, &b.config.targets[2], &b.err));
    assert_false(is_own(&b, t, "whoever", 0));
    ob_target_close(t);
    bench_fini(&b);
}

/* A key says nobody's name: the operator does. */
static void own_account_by_word(void **state)
{
    struct bench b;
    all_six(&b);
    struct ob_value *self = &b.config.targets[1].self;
    ob_value_set_list(self);
    ob_list_push_str(self, "ops_robot");
    instead(&b, "desktop_user\nops_robot\n");
    ends(&b, bench_plan(&b, CLOUDS "desktops:lock(people, { id = 'desktop_user' })\n"),
         OB_ERR_GUARD, "the credential of desktops belongs to");
    assert_int_equal(b.sent, 0); /* known without asking anybody */
    ob_value_fini(self);
    bench_fini(&b);
}

/* ---- administrators ---- */

#define REMOVE(extra)                                                                              \
    CLOUDS "local o = studio:remove(people, { id = 'iam_user_id'" extra " })\n" TELL

static void administrators_are_left_out(void **state)
{
    struct bench b;
    all_six(&b);
    good(&b, bench_plan(&b, REMOVE("")));
    assert_string_equal(left(&b, 0, 0, 0), "E00001");
    assert_non_null(strstr(left(&b, 0, 0, 1), "an administrator: name them in admins = { \""));
    assert_string_equal(left(&b, 0, 1, 0), "(nobody)");
    good(&b, bench_apply(&b, REMOVE("")));
    assert_non_null(strstr(bench_notes(&b), "5 1\nan administrator: name them"));
    assert_int_equal(bench_state(&b, "effects"), 5);
    bench_fini(&b);
}

#define NAMED(list) ", admins = { " list " }"
#define ID_OF(who)  "people:where { employee = '" who "' }[1].iam_user_id"

static void administrators_by_name(void **state)
{
    struct bench b;
    all_six(&b);
    bench_aside(&b, ROLE("E00002", "r00001"));
    good(&b, bench_plan(&b, REMOVE(NAMED(ID_OF("E00001")))));
    assert_string_equal(left(&b, 0, 0, 0), "E00002");
    good(&b, bench_apply(&b, REMOVE(NAMED(ID_OF("E00001")))));
    assert_non_null(strstr(bench_notes(&b), "5 1\nan administrator"));
    bench_fini(&b);
}

/* The plan has nobody to leave out; the run does. */
static void promoted_since(void **state)
{
    struct bench b;
    all_six(&b);
    bench_aside(&b, ROLE("E00001", "r00002"));
    good(&b, bench_plan(&b, REMOVE("")));
    assert_string_equal(left(&b, 0, 0, 0), "(nobody)");
    bench_aside(&b, ROLE("E00003", "r00001"));
    good(&b, bench_apply(&b, REMOVE("")));
    assert_non_null(strstr(bench_notes(&b), "5 1\nan administrator"));
    bench_fini(&b);
}

static void the_last_administrator(void **state)
{
    struct bench b;
    all_six(&b);
    ends(&b, bench_plan(&b, REMOVE(NAMED(ID_OF("E00001")))), OB_ERR_GUARD,
         "studio:remove names E00001, and then no administrator of studio would be left");
    bench_aside(&b, ROLE("E00002", "r00001"));
    ends(&b, bench_plan(&b, REMOVE(NAMED(ID_OF("E00001") ", " ID_OF("E00002")))), OB_ERR_GUARD,
         "names E00002, and then no administrator");
    /* nor by two proposals, of which each leaves one */
    ends(&b,
         bench_plan(&b, CLOUDS "for i = 1, 2 do\n"
                               "studio:remove(people:where { employee = 'E0000' .. i },\n"
                               "  { id = 'iam_user_id', admins = { " ID_OF("E00001") ", " ID_OF(
                                   "E00002") " } }) end\n"),
         OB_ERR_GUARD, "names E00002, and then no administrator");
    assert_int_equal(bench_state(&b, "effects"), 1); /* the promotion */
    bench_fini(&b);
}

/* Three when it was planned; the one who was to stay is none any more when it runs. Of the two who
 * are named one goes, whatever the chunks, and also when two steps go side by side. */
static void the_last_one_when_it_runs(void **state)
{
    static const char *const texts[] = {
        REMOVE(NAMED(ID_OF("E00001") ", " ID_OF("E00002"))),
        CLOUDS
        "local function out(i) return studio:remove(people:where { employee = 'E0000' .. i },\n"
        "  { id = 'iam_user_id'" NAMED(
            ID_OF("E00001") ", " ID_OF("E00002")) " }) end\n"
                                                  "local o = together(function() return out(1) "
                                                  "end, function() return out(2) end)\n" TELL,
    };
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        all_six(&b);
        bench_aside(&b, ROLE("E00002", "r00001"));
        bench_aside(&b, ROLE("E00007", "r00001"));
        good(&b, bench_plan(&b, texts[i]));
        bench_aside(&b, ROLE("E00007", "r00002"));
        good(&b, bench_apply(&b, texts[i]));
        if (!strstr(bench_notes(&b), i ? "1 1\n" : "5 1\n") ||
            !strstr(bench_notes(&b), "the last administrator of studio: somebody has to stay"))
            fail_msg("%s", bench_notes(&b));
        bench_fini(&b);
    }
}

/* The directory shows for a minute what was before: the one who went is not counted as one who
 * stays. */
static void a_directory_that_lags(void **state)
{
    static const char text[] = ALL "local both = { " ID_OF("E00001") ", " ID_OF(
        "E00002") " }\n"
                  "for i = 1, 2 do\n"
                  "  local o = studio:remove(people:where { employee = 'E0000' .. i },\n"
                  "    { id = 'iam_user_id', admins = both })\n"
                  "  note(#o.succeeded + #o.unknown)\n"
                  "  for _, p in ipairs(o.skipped) do note(o:reason(p)) end\n"
                  "end\n";
    struct bench b;
    bench_init(&b, 40, 40, "studio:lag=60s");
    bench_aside(&b, ROLE("E00002", "r00001"));
    bench_aside(&b, ROLE("E00007", "r00001"));
    b.now += 120000;
    good(&b, bench_plan(&b, text));
    bench_aside(&b, ROLE("E00007", "r00002"));
    b.now += 120000;
    enum ob_status st = bench_apply(&b, text);
    if (!strstr(bench_notes(&b), "1\n0\nthe last administrator of studio"))
        fail_msg("%d: %s", (int)st, bench_notes(&b));
    bench_fini(&b);
}

static bool seat_is(struct bench *b, const char *wanted)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    enum ob_status st = ob_ledger_learned_get(b->ledger, "studio", "administrator", &text, &b->err);
    bool same = st == OB_OK && strcmp(ob_buf_str(&text), wanted) == 0;
    ob_buf_fini(&text);
    return same;
}

/* Two runs would each find the other one's administrator: one waits for the other, but not for one
 * that was killed a while ago, nor for one of a time that has not come. */
static void another_run_is_at_it(void **state)
{
    static const int64_t until[] = {-1, 60000, 86400000};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench b;
        char seat[64];
        all_six(&b);
        bench_aside(&b, ROLE("E00002", "r00001"));
        good(&b, bench_plan(&b, REMOVE(NAMED(ID_OF("E00001")))));
        int64_t begun = b.now;
        snprintf(seat, sizeof seat, "999 %lld", (long long)(ob_wall_ms(&b.clock) + until[i]));
        good(&b, ob_ledger_learned_put(b.ledger, "studio", "administrator", seat, &b.err));
        good(&b, bench_apply(&b, REMOVE(NAMED(ID_OF("E00001")))));
        assert_non_null(strstr(bench_notes(&b), "5 1\nan administrator"));
        assert_int_equal(b.now - begun >= 60000, i == 1);
        assert_true(seat_is(&b, "0 0"));
        bench_fini(&b);
    }
}

/* An account that logs in with its password is our own by that word already. */
static void the_account_that_logs_in(void **state)
{
    static const char *const fields[] = {"account", "admin", NULL};
    struct bench b;
    all_six(&b);
    config_add(&b, "byname", "huawei-meeting", fields, "password");
    config_secret(&b, "password", "Demo-Passw0rd");
    instead(&b, "name,account\nroot,admin\n");
    ends(&b, bench_plan(&b, "target('byname'):delete(input.csv 'leavers', { id = 'account' })\n"),
         OB_ERR_GUARD, "the credential of byname belongs to");
    bench_fini(&b);
}

/* ---- protected by what the cloud shows ---- */

#define OFF CLOUDS "local o = meeting:disable(people, { id = 'meeting_account' })\n" TELL

/* E00003 and E00006 are engineers, as the cloud has it; the roster has no such column. */
static void protected_by_the_cloud(void **state)
{
    struct bench b;
    all_six(&b);
    ends(&b, bench_plan(&b, "protect { title = 'engin*' }\n" OFF), OB_ERR_GUARD,
         "meeting:disable names 2 people who are protected; nothing was changed: leave them out of "
         "the policy: E00003 (Engineer) by \"engin*\" of p.lua:1; E00006 (Engineer)");
    ends(&b, bench_plan(&b, "protect { titel = 'engin*' }\n" OFF), OB_ERR_GUARD,
         "E00001 has no column \"titel\", and meeting shows none, so nobody can tell");
    struct ob_value *protect = &b.config.targets[0].protect;
    ob_value_set_map(protect);
    ob_map_put_str(protect, "title", "Engineer");
    ends(&b, bench_plan(&b, OFF), OB_ERR_GUARD, "by \"Engineer\" of targets.lua");
    good(&b, bench_plan(&b, CLOUDS "desktops:lock(people, { id = 'desktop_user' })\n"));
    /* and by a column of the roster */
    ob_map_put_str(protect, "title", "nobody");
    ob_map_put_str(protect, "employee", "E00005");
    ends(&b, bench_plan(&b, OFF), OB_ERR_GUARD, "names E00005 (E00005), who is protected by");
    assert_int_equal(bench_state(&b, "effects"), 0);
    bench_fini(&b);
}

#define TITLE(who, title)                                                                          \
    CLOUDS "local p = people:where { employee = '" who "' }[1]\n"                                  \
           "meeting:request { method = 'PUT', path = '/v1/usg/dcs/corp/member/'\n"                 \
           "  .. p.meeting_account, json = { title = '" title "' } }\n"

static void protected_since(void **state)
{
    static const char text[] = "protect { title = 'CEO' }\n" OFF;
    struct bench b;
    all_six(&b);
    good(&b, bench_plan(&b, text));
    bench_aside(&b, TITLE("E00002", "CEO"));
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), "5 1\nprotected by \"CEO\" of p.lua:1: CEO");
    bench_fini(&b);
}

/* ---- ids ---- */

static void the_wrong_column(void **state)
{
    struct bench b;
    all_six(&b);
    ends(&b, bench_plan(&b, CLOUDS "desktops:lock(people, { id = 'meeting_account' })\n"),
         OB_ERR_INPUT, "they are these people: say id = \"desktop_user\"");
    ends(&b, bench_plan(&b, CLOUDS "meeting:disable(people, { id = 'desktop_user' })\n"),
         OB_ERR_INPUT,
         "l.csv: of column \"desktop_user\", 0 of 6 are in meeting; of column "
         "\"meeting_account\", 6 are");
    ends(&b, bench_plan(&b, CLOUDS "studio:remove(people, { id = 'meeting_account' })\n"),
         OB_ERR_INPUT, "l.csv:2: column \"meeting_account\" is \"");
    ends(&b, bench_plan(&b, CLOUDS "meeting:disable(people, { id = 'name' })\n"), OB_ERR_INPUT,
         "and meeting wants a Meeting account");
    assert_int_equal(bench_state(&b, "effects"), 0);
    bench_fini(&b);
}

/* All have gone already, and the column of their managers is full of people who are there. */
static void gone_is_not_wrong(void **state)
{
    struct bench b;
    char csv[2000] = "name,meeting_account,manager\n";
    all_six(&b);
    good(&b, bench_plan(&b, CLOUDS "for _, p in ipairs(people) do note(p.meeting_account) end\n"));
    for (size_t i = 0; i < 6; i++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "gone%zu,gone.%zu,%s\n", i, i,
                 ob_value_str(ob_list_at(&b.notes, i)));
    instead(&b, csv);
    good(&b, bench_plan(&b, CLOUDS "meeting:delete(people, { id = 'meeting_account' })\n"));
    assert_string_equal(left(&b, 0, 0, 0), "(nobody)");
    bench_fini(&b);
}

/* The plan of locking the one whose id this is. */
static void plan_for(struct bench *b, const char *id)
{
    char csv[600];
    snprintf(csv, sizeof csv, "desktop_user,name\n%s,x\n", id);
    instead(b, csv);
    good(b, bench_plan(b, CLOUDS "desktops:lock(people, { id = 'desktop_user' })\n"));
}

/* A name that is nearly somebody's is nobody's: it is said, and nothing is sent. */
static void a_match_is_exact(void **state)
{
    struct bench b;
    char id[200], other[300];
    all_six(&b);
    good(&b, bench_plan(&b, CLOUDS "note(people[2].desktop_user)\n"));
    snprintf(id, sizeof id, "%s", bench_notes(&b));
    snprintf(other, sizeof other, "%s@corp.example", id);
    plan_for(&b, other);
    assert_non_null(strstr(left(&b, 0, 0, 1), "which only begins like it"));
    snprintf(other, sizeof other, "absent; there is \"%s\", which differs in case", id);
    id[0] = (char)(id[0] - 'a' + 'A');
    plan_for(&b, id);
    assert_string_equal(left(&b, 0, 0, 1), other);
    good(&b,
         bench_apply(&b, CLOUDS "local o = desktops:lock(people, { id = 'desktop_user' })\n" TELL));
    assert_string_equal(bench_notes(&b), "0 1\nabsent");
    id[3] = '\0'; /* a prefix */
    plan_for(&b, id);
    assert_string_equal(left(&b, 0, 0, 0), "(nobody)");
    assert_int_equal(bench_state(&b, "effects"), 0);
    bench_fini(&b);
}

/* The call was lost with the process, and meanwhile the account became somebody else's. */
static void asked_again_before_the_next_call(void **state)
{
    static const char text[] =
        ALL "people = people:first(1)\n"
            "local o = desktops:lock(people, { id = 'desktop_user' })\n" TELL;
    struct bench b;
    all_six(&b);
    good(&b, bench_plan(&b, text));
    b.swallow = "LockUsers";
    b.stop_at = b.sent + 2; /* after the reading */
    ends(&b, bench_apply(&b, text), OB_ERR_SIGTERM, "stopped");
    b.swallow = NULL;
    b.stop_at = 0;
    assert_int_equal(bench_count(&b, "1", OB_P_DOUBT) + bench_count(&b, "1", OB_P_SENT), 1);
    bench_aside(&b, ALL "desktops:request { method = 'POST', action = 'ModifyUser', path = '/',\n"
                        "  version = '2021-03-08', form = { EndUserId = people[1].desktop_user,\n"
                        "  Email = 'new@corp.example' } }\n");
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "0 1\nchanged since it was planned: another Email");
    assert_int_equal(bench_state(&b, "effects"), 1); /* the new address */
    bench_fini(&b);
}

/* An administrator whose removal is cut off is settled by reading, and the other one stays. */
static void a_crash_takes_no_second_administrator(void **state)
{
    static const char text[] = REMOVE(NAMED(ID_OF("E00001") ", " ID_OF("E00002")));
    for (size_t at = 1; at < 14; at++) {
        struct bench b;
        all_six(&b);
        bench_aside(&b, ROLE("E00002", "r00001"));
        bench_aside(&b, ROLE("E00007", "r00001"));
        good(&b, bench_plan(&b, text));
        bench_aside(&b, ROLE("E00007", "r00002"));
        b.stop_at = b.sent + at;
        if (bench_apply(&b, text) != OB_OK) {
            b.stop_at = 0;
            good(&b, bench_resume(&b, text));
        }
        if (!strstr(bench_notes(&b), "5 1\nthe last administrator of studio"))
            fail_msg("stopped at %zu: %s", at, bench_notes(&b));
        bench_fini(&b);
    }
}

static void admins_is_a_list_of_ids(void **state)
{
    struct bench b;
    all_six(&b);
    ends(&b, bench_plan(&b, REMOVE(", admins = 'x'")), OB_ERR_POLICY, "option admins is a list");
    ends(&b, bench_plan(&b, REMOVE(", admins = { 5 }")), OB_ERR_POLICY, "option admins is a list");
    good(&b, bench_plan(&b, REMOVE(", admins = {}")));
    good(&b, bench_plan(&b, REMOVE(", admins = { 'E00001' }"))); /* nobody's id: names nobody */
    assert_string_equal(left(&b, 0, 0, 0), "E00001");
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_account),
        cmocka_unit_test(the_default_administrator),
        cmocka_unit_test(own_account_by_word),
        cmocka_unit_test(administrators_are_left_out),
        cmocka_unit_test(administrators_by_name),
        cmocka_unit_test(promoted_since),
        cmocka_unit_test(the_last_administrator),
        cmocka_unit_test(the_last_one_when_it_runs),
        cmocka_unit_test(a_directory_that_lags),
        cmocka_unit_test(another_run_is_at_it),
        cmocka_unit_test(the_account_that_logs_in),
        cmocka_unit_test(protected_by_the_cloud),
        cmocka_unit_test(protected_since),
        cmocka_unit_test(the_wrong_column),
        cmocka_unit_test(gone_is_not_wrong),
        cmocka_unit_test(a_match_is_exact),
        cmocka_unit_test(asked_again_before_the_next_call),
        cmocka_unit_test(a_crash_takes_no_second_administrator),
        cmocka_unit_test(admins_is_a_list_of_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
