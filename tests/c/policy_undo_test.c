/* Undo: what a run did is taken back and nothing else; what is in doubt is looked at first; gates
 * that stop a step or undo it; and all of it under crashes. */
#include "policy_help.h"

#define CLOUDS                                                                                     \
    "local people = input.csv 'leavers'\n"                                                         \
    "local meeting, desktops, studio = target 'meeting', target 'desktops', target 'studio'\n"
#define SWITCH_OFF                                                                                 \
    "local off = together(\n"                                                                      \
    "  function() return meeting:disable(people, { id = 'meeting_account' }) end,\n"               \
    "  function() return desktops:lock(people, { id = 'desktop_user' }) end)\n"

/* In a run of its own. */
static void before(struct bench *b, const char *text)
{
    good(b, bench_plan(b, text));
    good(b, bench_apply(b, text));
}

static int64_t off(struct bench *b, const char *cloud)
{
    char path[60];
    snprintf(path, sizeof path, "clouds.%s.disabled", cloud);
    return bench_state(b, path);
}

/* ---- in a policy ---- */

static void only_what_the_run_did(void **state)
{
    static const char already[] =
        CLOUDS "meeting:disable(people:first(2), { id = 'meeting_account' })\n"
               "desktops:lock(people:first(1), { id = 'desktop_user' })\n";
    static const char text[] =
        CLOUDS SWITCH_OFF "local u = off:undo 'a drill'\n"
                          "note(tostring(off)) note(tostring(u)) note(off.undone)\n"
                          "note(tostring(off:undo()))\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    before(&b, already);
    before(&b, text);
    assert_string_equal(bench_notes(&b), "0 succeeded, 0 failed, 0 unknown, 6 skipped\n"
                                         "5 succeeded, 0 failed, 0 unknown, 1 skipped\n"
                                         "true\n"
                                         "0 succeeded, 0 failed, 0 unknown, 6 skipped");
    assert_int_equal(off(&b, "meeting"), 2); /* who was off before stays so */
    assert_int_equal(off(&b, "desktops"), 1);
    size_t sent = b.sent;
    good(&b, bench_resume(&b, text));
    assert_int_equal(b.sent, sent);
    bench_fini(&b);
}

static int undone_in_doubt(size_t at, bool *over)
{
    static const char text[] = CLOUDS SWITCH_OFF "off:undo 'a drill'\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    b.stop_at = at;
    enum ob_status st = bench_apply(&b, text);
    *over = b.sent < at;
    b.stop_at = 0;
    for (int i = 0; i < 3 && st != OB_OK; i++)
        st = bench_resume(&b, text);
    good(&b, st);
    int left = (int)(off(&b, "meeting") + off(&b, "desktops"));
    bench_fini(&b);
    return left;
}

/* The process dies at each call in turn, and the answers on their way are lost. */
static void at_every_call(void **state)
{
    bool over = false;
    size_t at = 1;
    for (; !over; at++)
        assert_int_equal(undone_in_doubt(at, &over), 0);
    print_message("%zu points\n", at - 1);
    assert_true(at > 10);
}

/* Calls that are never answered, and whose effect is nowhere to be seen: unknown. The undo looks
 * with patience and finds nothing to undo; that settles the doubt, and no resume sends again. */
static void an_unknown(void **state)
{
    static const char text[] =
        CLOUDS "local off = desktops:lock(people, { id = 'desktop_user', chunk = 3 })\n"
               "note(tostring(off))\n"
               "note(tostring(off:undo()))\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    b.swallow = "LockUsers";
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), "0 succeeded, 0 failed, 6 unknown, 0 skipped\n"
                                         "0 succeeded, 0 failed, 0 unknown, 6 skipped");
    b.swallow = NULL;
    size_t sent = b.sent;
    good(&b, bench_resume(&b, text));
    assert_int_equal(b.sent, sent);
    /* the policy is told what it was told; the ledger knows better */
    assert_string_equal(bench_notes(&b), "0 succeeded, 0 failed, 6 unknown, 0 skipped\n"
                                         "0 succeeded, 0 failed, 0 unknown, 6 skipped");
    assert_int_equal(bench_count(&b, "1", OB_P_FAILED), 6);
    assert_int_equal(off(&b, "desktops"), 0);
    bench_fini(&b);
}

/* The undo's own calls are in doubt: the next resume settles them, and only them. */
static void an_undo_in_doubt(void **state)
{
    static const char text[] = CLOUDS "local off = desktops:lock(people, { id = 'desktop_user' })\n"
                                      "note(tostring(off:undo()))\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    b.swallow = "UnlockUsers";
    good(&b, bench_apply(&b, text));
    assert_string_equal(bench_notes(&b), "0 succeeded, 0 failed, 6 unknown, 0 skipped");
    assert_int_equal(off(&b, "desktops"), 6);
    b.swallow = NULL;
    good(&b, bench_resume(&b, text));
    assert_string_equal(bench_notes(&b), "6 succeeded, 0 failed, 0 unknown, 0 skipped");
    assert_int_equal(off(&b, "desktops"), 0);
    bench_fini(&b);
}

static void from_several_steps(void **state)
{
    static const char text[] =
        CLOUDS "local first = meeting:disable(people:first(3), { id = 'meeting_account' })\n"
               "local all = together(function() return first end,\n"
               "  function() return desktops:lock(people, { id = 'desktop_user' }) end)\n"
               "meeting:disable(people:rest(3), { id = 'meeting_account' })\n"
               "note(tostring(all:undo()))\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    before(&b, text);
    assert_int_equal(off(&b, "meeting"), 3); /* the last step is not part of that outcome */
    assert_int_equal(off(&b, "desktops"), 0);
    bench_fini(&b);
}

/* ---- gates ---- */

/* 10 people, of whom the cloud refuses the 2nd, the 3rd and the 4th. */
static void init_poisoned(struct bench *b)
{
    char poison[300] = "desktops:poison=";
    struct ob_buf csv;
    bench_init(b, 40, 10, "");
    const char *line = ob_buf_str(&b->inputs[0].bytes);
    for (int i = 0; i < 5; i++, line = strchr(line, '\n') + 1) {
        const char *cell = line;
        for (int k = 0; k < 4; k++)
            cell = strchr(cell, ',') + 1;
        size_t n = strlen(poison);
        if (i >= 2)
            snprintf(poison + n, sizeof poison - n, "%s%.*s", i > 2 ? "+" : "",
                     (int)strcspn(cell, ","), cell);
    }
    csv = b->inputs[0].bytes;
    ob_buf_init(&b->inputs[0].bytes, OB_BUF_SMALL);
    bench_fini(b);
    bench_init(b, 40, 10, poison);
    ob_buf_fini(&b->inputs[0].bytes);
    b->inputs[0].bytes = csv;
}

struct gate {
    const char *options, *notes;
    int64_t off; /* people who are off in the end */
};

static void gates(void **state)
{
    static const struct gate rows[] = {
        {"on_failure = function(t) end", "7 succeeded, 3 failed, 0 unknown, 0 skipped", 7},
        {"on_failure = function(t) if t.failed >= 2 then return 'stop' end end",
         "1 succeeded, 3 failed, 0 unknown, 6 skipped", 1},
        {"on_failure = function(t) if t.failed > 2 then return 'undo' end return 'continue' end",
         "0 succeeded, 3 failed, 0 unknown, 7 skipped", 0},
        {"stop_when = { failed = 1 }", "1 succeeded, 1 failed, 0 unknown, 8 skipped", 1},
        {"stop_when = { failed = 4 }", "7 succeeded, 3 failed, 0 unknown, 0 skipped", 7},
        {"stop_when = { failed_share = 0.4 }", "1 succeeded, 1 failed, 0 unknown, 8 skipped", 1},
        {"stop_when = { failed_share = 0.4, after = 8 }",
         "7 succeeded, 3 failed, 0 unknown, 0 skipped", 7},
        {"undo_when = { failed = 3 }", "0 succeeded, 3 failed, 0 unknown, 7 skipped", 0},
        {"undo_when = { failed_share = 0.25, after = 10 }",
         "0 succeeded, 3 failed, 0 unknown, 7 skipped", 0},
        {"undo_when = { failed = 3 }, stop_when = { failed = 1 }",
         "1 succeeded, 1 failed, 0 unknown, 8 skipped", 1},
        {"on_failure = function(t) return 'perhaps' end", "must answer \"continue\"", 1},
        {"on_failure = function(t) wait { days = 1 } end", "wait cannot be used", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        char *text = ob_xasprintf("local people = input.csv 'leavers'\n"
                                  "local o = target('desktops'):lock(people,\n"
                                  "  { id = 'desktop_user', chunk = 2, %s })\n"
                                  "note(tostring(o))\n",
                                  rows[i].options);
        init_poisoned(&b);
        good(&b, bench_plan(&b, text));
        enum ob_status st = bench_apply(&b, text);
        const char *said = st == OB_OK ? bench_notes(&b) : b.err.message;
        if (!strstr(said, rows[i].notes) || off(&b, "desktops") != rows[i].off)
            fail_msg("%s: \"%s\", %lld off", rows[i].options, said, (long long)off(&b, "desktops"));
        size_t sent = b.sent;
        if (st == OB_OK)
            good(&b, bench_resume(&b, text));
        assert_int_equal(b.sent, st == OB_OK ? sent : b.sent);
        bench_fini(&b);
        free(text);
    }
}

/* Killed at every call: the same end. */
static void a_gate_at_every_call(void **state)
{
    static const char text[] =
        CLOUDS "note(tostring(desktops:lock(people, { id = 'desktop_user', chunk = 2,\n"
               "  undo_when = { failed = 3 } })))\n";
    for (size_t at = 1;; at++) {
        struct bench b;
        init_poisoned(&b);
        good(&b, bench_plan(&b, text));
        size_t first = b.sent;
        b.stop_at = first + at;
        enum ob_status st = bench_apply(&b, text);
        bool over = b.sent < b.stop_at;
        b.stop_at = 0;
        if (st != OB_OK)
            good(&b, bench_resume(&b, text));
        if (!strstr(bench_notes(&b), "3 failed, 0 unknown")) /* chunks may be cut otherwise then */
            fail_msg("%zu: %s", at, bench_notes(&b));
        assert_int_equal(off(&b, "desktops"), 0);
        bench_fini(&b);
        if (over)
            break;
    }
}

/* ---- by hand ---- */

static void a_whole_run(void **state)
{
    static const char text[] =
        CLOUDS SWITCH_OFF "meeting:enable(people:first(1), { id = 'meeting_account' })\n"
                          "wait { days = 30 }\n"
                          "meeting:delete(people, { id = 'meeting_account' })\n";
    struct bench b;
    bench_init(&b, 40, 6, "");
    good(&b, bench_plan(&b, text));
    ends(&b, bench_apply(&b, text), OB_ERR_WAITING, "waits until");
    assert_int_equal(off(&b, "meeting"), 5);
    b.undo_of = b.run;
    good(&b, bench_plan(&b, "undo_run()"));
    assert_int_equal(bench_steps(&b), 3);
    good(&b, bench_apply(&b, "undo_run()"));
    assert_int_equal(off(&b, "meeting"), 0);
    assert_int_equal(off(&b, "desktops"), 0);
    b.undo_of = 0;
    ends(&b, bench_plan(&b, "undo_run()"), OB_ERR_POLICY, "undo_run");
    bench_fini(&b);
}

/* ---- what was deleted ---- */

static const char *const clouds[] = {"meeting", "studio", "desktops"};

static void read_state(struct bench *b, struct ob_value *out)
{
    struct ob_buf json;
    ob_buf_init(&json, OB_BUF_LARGE);
    if (ob_sim_state(b->sim, true, &json, &b->err) != OB_OK ||
        ob_script_json(ob_buf_str(&json), json.len, out, &b->err) != OB_OK)
        fail_msg("%s", b->err.message);
    ob_buf_fini(&json);
}

/* Does the plan say that this field of a deleted account is lost? */
static bool announced(const struct bench *b, const char *cloud, const char *field)
{
    const struct ob_value *actions = ob_map_get(&b->plan, "actions");
    for (size_t i = 0; i < ob_list_count(actions); i++) {
        const struct ob_value *a = ob_list_at(actions, i);
        const struct ob_value *loses = ob_map_get(ob_map_get(a, "says"), "loses");
        for (size_t k = 0; k < ob_list_count(loses); k++)
            if (strcmp(ob_map_str(a, "target"), cloud) == 0 &&
                strcmp(ob_map_str(ob_list_at(loses, k), "field"), field) == 0)
                return true;
    }
    return false;
}

/* Fields of one person that differ, and were announced; anything else that differs is a fault. */
static size_t differences(const struct bench *b, const char *cloud, const char *id,
                          const struct ob_value *before, const struct ob_value *after)
{
    size_t n = 0;
    if (!before || !after)
        fail_msg("%s %s: %s", cloud, id, after ? "was not there before" : "is gone");
    for (size_t i = 0; i < before->map.count; i++) {
        const struct ob_pair *f = &before->map.pairs[i];
        const struct ob_value *now = ob_map_get(after, f->key.p);
        if (now && ob_value_equal(&f->value, now))
            continue;
        if (!announced(b, cloud, f->key.p))
            fail_msg("%s %s: %s is not what it was, and the plan did not say so", cloud, id,
                     f->key.p);
        n++;
    }
    return n;
}

static size_t compare(const struct bench *b, const struct ob_value *was, const struct ob_value *is)
{
    size_t n = 0;
    for (size_t c = 0; c < 3; c++) {
        const struct ob_value *old = ob_map_get(ob_map_get(was, "clouds"), clouds[c]);
        const struct ob_value *now = ob_map_get(ob_map_get(is, "clouds"), clouds[c]);
        const struct ob_value *people = ob_map_get(old, "people");
        assert_int_equal(ob_map_int(old, "count", -1), ob_map_int(now, "count", -2));
        assert_int_equal(ob_map_int(old, "disabled", -1), ob_map_int(now, "disabled", -2));
        for (size_t i = 0; i < people->map.count; i++) {
            const char *id = people->map.pairs[i].key.p;
            const struct ob_value *one = ob_map_get(ob_map_get(now, "people"), id);
            n += differences(b, clouds[c], id, ob_map_get(&people->map.pairs[i].value, "fields"),
                             ob_map_get(one, "fields"));
            if (ob_map_int(one, "notified", -1) != 0)
                fail_msg("%s %s was sent a message", clouds[c], id);
        }
    }
    return n;
}

/* Somebody is switched off before, in two clouds; then everything is done to everybody, and undone
 * by hand. The clouds are what they were, but for what the plan had announced. */
static const char all_of_it[] =
    CLOUDS SWITCH_OFF "studio:remove(people, { id = 'iam_user_id' })\n"
                      "desktops:remove(people, { id = 'desktop_user' })\n"
                      "meeting:delete(people, { id = 'meeting_account' })\n";

static void prepare(struct bench *b, struct ob_value *was)
{
    static const char already[] =
        CLOUDS "meeting:disable(people:first(2), { id = 'meeting_account' })\n"
               "desktops:lock(people:rest(3), { id = 'desktop_user' })\n";
    bench_init(b, 24, 5, "");
    before(b, already);
    read_state(b, was);
}

static void three_clouds_field_by_field(void **state)
{
    struct bench b;
    struct ob_value was, is;
    prepare(&b, &was);
    before(&b, all_of_it);
    assert_int_equal(bench_state(&b, "clouds.desktops.count"), 19);
    b.undo_of = b.run;
    good(&b, bench_plan(&b, "undo_run()"));
    good(&b, bench_apply(&b, "undo_run()"));
    read_state(&b, &is);
    size_t n = compare(&b, &was, &is);
    print_message("%zu fields differ, all of them announced\n", n);
    assert_true(n > 0);
    ob_value_fini(&was);
    ob_value_fini(&is);
    bench_fini(&b);
}

/* The same, and the process that undoes dies at each of its calls in turn. */
static void restored_at_every_call(void **state)
{
    bool over = false;
    size_t points = 0;
    for (size_t at = 1; !over; at++, points++) {
        struct bench b;
        struct ob_value was, is;
        prepare(&b, &was);
        before(&b, all_of_it);
        b.undo_of = b.run;
        good(&b, bench_plan(&b, "undo_run()"));
        b.stop_at = b.sent + at;
        enum ob_status st = bench_apply(&b, "undo_run()");
        over = b.sent < b.stop_at;
        b.stop_at = 0;
        if (st != OB_OK)
            good(&b, bench_resume(&b, "undo_run()"));
        read_state(&b, &is);
        compare(&b, &was, &is);
        ob_value_fini(&was);
        ob_value_fini(&is);
        bench_fini(&b);
    }
    print_message("%zu points\n", points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_the_run_did),
                                       cmocka_unit_test(at_every_call),
                                       cmocka_unit_test(an_unknown),
                                       cmocka_unit_test(an_undo_in_doubt),
                                       cmocka_unit_test(from_several_steps),
                                       cmocka_unit_test(gates),
                                       cmocka_unit_test(a_gate_at_every_call),
                                       cmocka_unit_test(a_whole_run),
                                       cmocka_unit_test(three_clouds_field_by_field),
                                       cmocka_unit_test(restored_at_every_call)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
