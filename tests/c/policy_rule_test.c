/* What a policy may say: options, ids, limits and protections that nothing can catch, dates,
 * variables, notes. Each row is a policy, how it ends, and what is said. */
#include "policy_help.h"

#define START                                                                                      \
    "local people = input.csv 'leavers'\n"                                                         \
    "local desktops = target 'desktops'\n"
#define LOCK(options) START "desktops:lock(people, " options ")"
#define ID            "id = 'desktop_user'"

struct row {
    const char *text;
    enum ob_status status;
    const char *says; /* of the error, or the notes */
};

static void run_rows(const struct row *rows, size_t count)
{
    struct bench b;
    bench_init(&b, 40, 8, "");
    b.max_delete = "6";
    ob_map_put_str(&b.vars, "who", "me");
    for (size_t i = 0; i < count; i++) {
        enum ob_status st = bench_plan(&b, rows[i].text);
        const char *said = rows[i].status == OB_OK ? bench_notes(&b) : b.err.message;
        if (st != rows[i].status || !strstr(said, rows[i].says))
            fail_msg("%s\n%s: \"%s%s\"\ninstead of %s: \"%s\"", rows[i].text, ob_status_word(st),
                     said, b.err.message, ob_status_word(rows[i].status), rows[i].says);
        if (rows[i].status == OB_OK && *rows[i].says && !strchr(rows[i].says, '*'))
            assert_string_equal(said, rows[i].says);
    }
    assert_int_equal(bench_state(&b, "effects"), 0);
    bench_fini(&b);
}
#define RUN(rows) run_rows(rows, sizeof(rows) / sizeof *(rows))

static void options(void **state)
{
    static const struct row rows[] = {
        {LOCK("{ " ID " }"), OB_OK, ""},
        {LOCK("{ " ID ", chunk = 1, parallel = 2, ramp = { 1, '20%' } }"), OB_OK, ""},
        {LOCK("{ " ID ", chunk = 2.0 }"), OB_OK, ""},
        {LOCK("{ " ID ", chunk = 0 }"), OB_ERR_POLICY, "option chunk must be a whole number"},
        {LOCK("{ " ID ", chunk = -1 }"), OB_ERR_POLICY, "option chunk must be a whole number"},
        {LOCK("{ " ID ", chunk = 1.5 }"), OB_ERR_POLICY, "option chunk must be a whole number"},
        {LOCK("{ " ID ", chunk = 1e300 }"), OB_ERR_POLICY, "option chunk must be a whole number"},
        {LOCK("{ " ID ", chunk = 0/0 }"), OB_ERR_POLICY, "option chunk must be a whole number"},
        {LOCK("{ " ID ", chunk = math.mininteger }"), OB_ERR_POLICY, "a whole number"},
        {LOCK("{ " ID ", chunk = '5' }"), OB_ERR_POLICY, "option chunk must be a whole number"},
        {LOCK("{ " ID ", parallel = true }"), OB_ERR_POLICY, "option parallel must be a whole"},
        {LOCK("{ " ID ", chunks = 5 }"), OB_ERR_POLICY, "unknown option \"chunks\""},
        {LOCK("{ " ID ", ramp = 5 }"), OB_ERR_POLICY, "option ramp is a list"},
        {LOCK("{ " ID ", ramp = {} }"), OB_ERR_POLICY, "option ramp is a list"},
        {LOCK("{ " ID ", ramp = { 1, '0%' } }"), OB_ERR_POLICY, "entry 2 is neither"},
        {LOCK("{ id = 5 }"), OB_ERR_POLICY, "option id is the name of a column"},
        {LOCK("{ id = 'desktopuser' }"), OB_ERR_POLICY, "has no column \"desktopuser\" for id"},
        {LOCK("5"), OB_ERR_POLICY, "options must be a table"},
        {LOCK("{ 'desktop_user' }"), OB_ERR_POLICY, "options have names"},
        {START "desktops:lock()", OB_ERR_POLICY, "roster"},
        {START "desktops:lock({ 'a' })", OB_ERR_POLICY, "roster"},
        {START "desktops.lock(people, { " ID " })", OB_ERR_POLICY, "ob.target"},
        {START "desktops:lokc(people)", OB_ERR_POLICY, "has no action \"lokc\"; it has: lock, "},
        {"target 'desktop'", OB_ERR_POLICY,
         "no target \"desktop\" in targets.lua; it has: meeting"},
        {"input.csv 'leaver'", OB_ERR_INPUT, "input \"leaver\" is not bound to a file"},
        {"input.csv('leavers', { keys = 'x' })", OB_ERR_POLICY, "unknown option \"keys\""},
        {"input.csv('leavers', { key = 'nosuch' })", OB_ERR_INPUT, "nosuch"},
        {"key 'desktop_user' note(#input.csv 'leavers')", OB_OK, "8"},
    };
    RUN(rows);
}

/* meeting:lookup("a") asked for nobody and was answered nobody: a failed reading taken for an
 * empty one. */
static void arguments_of_readings(void **state)
{
    static const struct row rows[] = {
        {START "note(#desktops:lookup {})", OB_OK, "0"},
        {START "note(#desktops:lookup { 'x', 'y' })", OB_OK, "2"},
        {START "desktops:lookup 'x'", OB_ERR_POLICY, "list of ids expected, got string"},
        {START "desktops:lookup()", OB_ERR_POLICY, "list of ids expected"},
        {START "desktops:lookup { 1, 2 }", OB_ERR_POLICY, "ids are texts"},
        {START "desktops:lookup { '' }", OB_ERR_POLICY, "ids are texts"},
        {START "desktops:lookup { id = 'x' }", OB_ERR_POLICY, "must be a list of ids"},
        {START "desktops:list(5)", OB_ERR_POLICY, "table expected"},
    };
    RUN(rows);
}

static void raw_requests(void **state)
{
#define ASK(fields) START "desktops:request { " fields " }"
    static const struct row rows[] = {
        {ASK("method = 'POST', path = '/x'"), OB_OK, ""},
        {ASK("methods = 'POST'"), OB_ERR_POLICY, "unknown field \"methods\""},
        {ASK("method = 'PROPFIND'"), OB_ERR_POLICY, "request: "},
        {ASK("path = 5"), OB_ERR_POLICY, "path must be a text"},
        {ASK("headers = { Host = 'x' }"), OB_ERR_POLICY, "header Host is set by the host"},
        {ASK("headers = { authorization = 'x' }"), OB_ERR_POLICY, "is set by the host"},
        {ASK("headers = { A = 'x\\r\\nB: y' }"), OB_ERR_POLICY, "request: "},
        {ASK("query = { a = {} }"), OB_ERR_POLICY, "query must be names with texts"},
        {ASK("query = { a = { b = 1 } }"), OB_ERR_POLICY, "query must be names with texts"},
        {ASK("form = { a = 1, b = { { 2 } } }"), OB_ERR_POLICY, "form must be names with texts"},
        {ASK("query = 5"), OB_ERR_POLICY, "table expected"},
        {START "desktops:request()", OB_ERR_POLICY, "table expected"},
    };
    RUN(rows);
}

/* ---- guards ---- */

static void guards_are_not_to_be_caught(void **state)
{
    static const struct row rows[] = {
        {"protect { account = { '*' } }\n" START "pcall(function() desktops:lock(people, { " ID
         " }) end) note 'went on'",
         OB_ERR_GUARD, "names 8 people who are protected"},
        {"protect { 'nobody', '?*' }\n" LOCK("{ " ID " }"), OB_ERR_GUARD, " by \"?*\" of p.lua:1"},
        {"protect { account = 'nobody' }\n" LOCK("{ " ID " }"), OB_OK, ""},
        {"protect { name = '*' }\n" LOCK("{ " ID " }"), OB_ERR_GUARD, " by \"*\" of p.lua:1"},
        {"protect { nmae = { 'boss' } }\n" LOCK("{ " ID " }"), OB_ERR_GUARD,
         "has no column \"nmae\", and desktops shows none, so nobody can tell"},
        {"protect {}\n" LOCK("{ " ID " }"), OB_OK, ""},
        {"protect { account = 5 }", OB_ERR_POLICY, "must be a list of patterns"},
        {"protect { account = { '' } }", OB_ERR_POLICY, "a pattern is a text"},
        {"protect 'x'", OB_ERR_POLICY, "table expected"},
        {"limit { users = 7 }\n" START "pcall(desktops.lock, desktops, people, { " ID " })",
         OB_ERR_GUARD, "8 people would be touched where p.lua:1 allows 7"},
        {"limit { users = 8 }\n" LOCK("{ " ID " }"), OB_OK, ""},
        {"limit { users = 8 } limit { users = 100 }\n" LOCK("{ " ID " }"), OB_OK, ""},
        {"limit { users = 100 } limit { users = 3 }\n" LOCK("{ " ID " }"), OB_ERR_GUARD,
         "allows 3"},
        {"limit { share = 0.05 }\n" LOCK("{ " ID " }"), OB_ERR_GUARD, "where p.lua:1 allows 5 %"},
        {"limit { share = 0.9 }\n" LOCK("{ " ID " }"), OB_OK, ""},
        {"limit { share = 5 }", OB_ERR_POLICY, "share must be a part of 1"},
        {"limit { users = 1.5 }", OB_ERR_POLICY, "users must be a whole number"},
        {"limit { users = -1 }", OB_ERR_POLICY, "users must be a whole number"},
        {"limit { users = 0/0 }", OB_ERR_POLICY, "users must be a whole number"},
        {"limit { user = 1 }", OB_ERR_POLICY, "unknown name \"user\""},
        {"limit { delete = { day = \"unlimited\" } }", OB_ERR_POLICY, "a policy can only tighten"},
        {"limit { users = 0 }\n" LOCK("{ " ID " }"), OB_ERR_GUARD, "allows 0"},
        {START "desktops:remove(people, { " ID " })", OB_ERR_GUARD,
         "8 people would be deleted where --max-delete allows 6"},
    };
    RUN(rows);
}

/* A protection that stood below the first action protected nobody from it, in silence. */
static void guards_come_first(void **state)
{
    static const struct row rows[] = {
        {LOCK("{ " ID " }") " protect { account = '*' }", OB_ERR_POLICY,
         "protect comes too late: state it before the first action"},
        {LOCK("{ " ID " }") " pcall(limit, { users = 1 })", OB_ERR_POLICY, "limit comes too late"},
        {START "desktops:list() limit { users = 8 } desktops:lock(people, { " ID " })", OB_OK, ""},
        {ASK("method = 'POST', path = '/x'") " protect { account = '*' }", OB_ERR_POLICY,
         "too late"},
    };
    RUN(rows);
}

/* ---- people ---- */

static void ids_of_people(void **state)
{
    static const struct {
        const char *csv;
        enum ob_status status;
        const char *says;
    } rows[] = {
        {"n,u\n1,a\n2,b\n", OB_OK, ""},
        {"n,u\n1,a\n2,\n", OB_ERR_INPUT, "l.csv:3: column \"u\" is empty; fill it, or leave the"},
        {"n,u\n1,a\n2,b\n3,a\n", OB_ERR_INPUT, "l.csv:4: 1 and 3 have the same u \"a\""},
        {"n,u\n1,a\n2,A\n", OB_OK, ""},
        {"n,u\n", OB_ERR_INPUT, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b, 10, 2, "");
        ob_buf_clear(&b.inputs[0].bytes);
        ob_buf_adds(&b.inputs[0].bytes, rows[i].csv);
        enum ob_status st = bench_plan(&b, START "pcall(desktops.lock, desktops, people, "
                                                 "{ id = 'u' })");
        if (st != rows[i].status || (st != OB_OK && !strstr(b.err.message, rows[i].says)))
            fail_msg("%s\n%s: %s", rows[i].csv, ob_status_word(st), b.err.message);
        bench_fini(&b);
    }
}

/* ---- the rest ---- */

static void words(void **state)
{
    static const struct row rows[] = {
        {"note(today())", OB_OK, "2026-11-22"},
        {"note(today(days(-30)))", OB_OK, "2026-10-23"},
        {"note(today(days(10)))", OB_OK, "2026-12-02"},
        {"note(today(days(0.4)))", OB_OK, "2026-11-22"},
        {"note(today(days(365)))", OB_OK, "2027-11-22"},
        {"note(today(days(463)))", OB_OK, "2028-02-28"},
        {"note(today(days(464)))", OB_OK, "2028-02-29"},
        {"note(now())", OB_OK, "2026-11-22T04:00:00Z"},
        {"note(now(days(-1)))", OB_OK, "2026-11-21T04:00:00Z"},
        {"note(today(days(1e9)))", OB_ERR_POLICY, "too far away"},
        {"note(today(0/0))", OB_ERR_POLICY, "too far away"},
        {"note(days(2))", OB_OK, "172800"},
        {"days()", OB_ERR_POLICY, "number expected"},
        {"note(var 'who')", OB_OK, "me"},
        {"note(var('x', 'y'))", OB_OK, "y"},
        {"note(tostring(var('x', nil)))", OB_OK, "nil"},
        {"pcall(var, 'x') note 'on'", OB_ERR_POLICY, "variable \"x\" was not given: --var x=VALUE"},
        {"pcall(fail, 'no more') note 'on'", OB_ERR_POLICY, "p.lua:1: no more"},
        {"fail()", OB_ERR_POLICY, ""},
        {"wait { days = 3 } note(today())", OB_OK, "2026-11-25"},
        {"wait { until_ = '2026-12-31' } note(today())", OB_OK, "2026-12-31"},
        {"wait { until_ = '2026-11-01' } note(today())", OB_OK, "2026-11-22"},
        {"wait { days = 0.5, hours = 1, minutes = 30 } note(now())", OB_OK, "2026-11-22T17:30:00Z"},
        {"wait { until_ = '31.12.2026' }", OB_ERR_POLICY, "is no date such as \"2026-12-31\""},
        {"wait {}", OB_ERR_POLICY, "say either days (hours, minutes) or until_"},
        {"wait { days = 1, until_ = '2026-12-31' }", OB_ERR_POLICY, "say either days"},
        {"wait { weeks = 1 }", OB_ERR_POLICY, "unknown option \"weeks\""},
        {"wait { days = -1 }", OB_ERR_POLICY, "days must be 0 or more"},
        {"wait { days = 1e9 }", OB_ERR_POLICY, "more than a hundred years"},
        {"wait { days = 1, on_change = 'x' }", OB_ERR_POLICY, "invalid option 'x'"},
        {"wait { days = 1, recheck = 'leavers' }", OB_ERR_POLICY, "has read no input of that name"},
        {"wait(3)", OB_ERR_POLICY, "table expected"},
        {"table.sort({ 2, 1 }, function() wait { days = 1 } end)", OB_ERR_POLICY,
         "wait cannot be used in a function that sort"},
        {START "local o = desktops:lock(people, { " ID ", on_failure = 3 })", OB_ERR_POLICY,
         "on_failure is a function"},
        {START "desktops:lock(people, { " ID ", stop_when = { failed = 3 } })", OB_OK, ""},
        {START "desktops:lock(people, { " ID ", stop_when = 3 })", OB_ERR_POLICY,
         "stop_when is a table such as { failed = 3 }"},
        {START "desktops:lock(people, { " ID ", undo_when = { fail = 3 } })", OB_ERR_POLICY,
         "unknown limit \"fail\""},
        {START "desktops:lock(people, { " ID ", undo_when = { failed_share = 10 } })",
         OB_ERR_POLICY, "0.1 is one in ten"},
        {START "desktops:lock(people, { " ID ", stop_when = { after = 10 } })", OB_ERR_POLICY,
         "after what?"},
        {"note(1) note(true) note(nil) note({})", OB_OK, "1\ntrue\nnil\ntable"},
        {START "local o = desktops:lock(people, { " ID " }) note(#o:undo('x').succeeded) "
               "note(o.undone)",
         OB_OK, "8\ntrue"},
        {START "local o = desktops:lock(people, { " ID " }) note(o.succeded)", OB_ERR_POLICY,
         "an outcome has no \"succeded\""},
        {START "local o = desktops:lock(people, { " ID " })\n"
               "note(#o.succeeded + #o.failed + #o.unknown + #o.skipped, o.total) "
               "note(o.failed_share)",
         OB_OK, "8\n0.0"},
    };
    RUN(rows);
}

/* Notes and proposals are kept outside of the script's memory, and could grow without end. */
static void nothing_grows_without_end(void **state)
{
    static const struct row rows[] = {
        {"local s = ('x'):rep(100000) while true do note(s) end", OB_ERR_POLICY,
         "the notes are longer than 1024 KiB"},
        {"while true do note '' end", OB_ERR_POLICY, "the notes are longer than 1024 KiB"},
        {START
         "while true do pcall(desktops.request, desktops, { method = 'POST', path = '/' }) end",
         OB_ERR_POLICY, ""},
        {START "while true do desktops:lock(people, { " ID " }) end", OB_ERR_POLICY, ""},
    };
    RUN(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options),
        cmocka_unit_test(arguments_of_readings),
        cmocka_unit_test(raw_requests),
        cmocka_unit_test(guards_are_not_to_be_caught),
        cmocka_unit_test(guards_come_first),
        cmocka_unit_test(ids_of_people),
        cmocka_unit_test(words),
        cmocka_unit_test(nothing_grows_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
