/* The vocabulary of rosters, as policies use it: chunks of Lua in the real sandbox. A line of
 * `good` must run; a line of `bad` must fail with the message beside it. */
#if !__has_include(<lua.h>)
#include <stdio.h>
int main(void)
{
    puts("skipped: this test needs the headers of Lua on its include path");
    return 77;
}
#else
#include "roster_help.h"

static const char *const good[] = {
    /* a list */
    "is(#leavers, 4) is(leavers[1].name, 'Bob') is(leavers[5], nil) is(leavers[0], nil)",
    "is(leavers[1.0].name, 'Bob') is(leavers[1.5], nil)",
    "local n = 0 for i, p in ipairs(leavers) do n = n + i is(p.account, leavers[i].account) end "
    "is(n, 10)",
    "local s = '' for i, p in pairs(leavers) do s = s .. i .. p.account end is(s, "
    "'1bob2eve3uma4zoe')",
    "local s = '' for p in leavers:each() do s = s .. p.account end is(s, 'bobeveumazoe')",
    "is(tostring(leavers), 'roster of 4 people from leavers.csv')",
    "is(tostring(leavers:first(1)), 'roster of 1 person from leavers.csv')",
    "is(tostring(nobody), 'roster of 0 people')",
    "is(type(leavers), 'userdata')",
    "is(leavers:empty(), false) is(nobody:empty(), true) is(#nobody, 0)",
    "is(table.concat(leavers:columns(), ' '), 'account name mail department last_day')",
    "is(table.concat(meeting:columns(), ' '), 'id level mail')",
    /* persons */
    "is(tostring(leavers[2]), 'eve') is(leavers[3].mail, '') is(leavers[1]['last_day'], "
    "'2026-11-01')",
    "is(leavers[2].line, 3)",
    "is(leavers[1], leavers[1]) is(leavers[1] == leavers[2], false) is(leavers[1] == 'bob', false)",
    "is(leavers[1], leavers:where{ account = 'bob' }[1])",
    "is(leavers[1] == keep[1], false)",
    "local t = leavers[1]:row() is(t.name, 'Bob') t.name = 'x' is(leavers[1].name, 'Bob')",
    "local n = 0 for k, v in pairs(leavers[1]:row()) do n = n + 1 end is(n, 5)",
    /* where */
    "is(names(leavers:where(function(p) return p.last_day <= '2026-11-15' end)), 'bob uma')",
    "is(names(leavers:where(function(p) return true end)), 'bob eve uma zoe')",
    "is(names(leavers:where(function(p) end)), '')",
    "is(names(leavers:where{ department = 'IT' }), 'eve zoe')",
    "is(names(leavers:where{ department = { 'IT', 'Sales' }, account = { 'zoe', 'uma' } }), 'uma "
    "zoe')",
    "is(names(leavers:where{ department = {} }), '')",
    "is(names(meeting:where{ level = { 1, 2 } }), 'kim lee') is(names(meeting:where{ level = 0 }), "
    "'bob')",
    "is(names(leavers:where{ department = true }), '')",
    "is(#nobody:where{ anything = 'x' }, 0) is(#nobody:group('anything'), 0)",
    "is(#leavers:where(tostring), 4)",
    /* map, column */
    "is(table.concat(leavers:map(function(p) return p.name end)), 'BobEveUmaZoe')",
    "is(#leavers:map(function(p) if p.mail ~= '' then return p.mail end end), 3)",
    "is(table.concat(leavers:column('department'), ' '), 'Sales IT Sales IT')",
    /* minus, only, union, has */
    "is(names(leavers:minus(keep)), 'eve uma zoe') is(names(leavers:only(keep)), 'bob')",
    "is(names(leavers:minus(leavers)), '') is(names(leavers:minus(nobody)), 'bob eve uma zoe')",
    "is(names(leavers:only(keep, 'mail')), 'zoe')",
    "is(names(leavers:where{account={'bob','eve','zoe'}}:minus(keep, 'mail')), 'bob eve')",
    "is(names(leavers:only(keep, { mine = 'account', theirs = 'id' })), 'bob')",
    "is(names(keep:only(leavers, { mine = 'mail', theirs = 'mail' })), 'x9')",
    "is(names(leavers:only(meeting, { mine = 'mail', theirs = 'mail' })), '')",
    "is(names(leavers:minus(leavers[2])), 'bob uma zoe')",
    "is(names(leavers:minus{ leavers[2], leavers[4] }), 'bob uma') is(names(leavers:minus{}), 'bob "
    "eve uma zoe')",
    "is(names(leavers:union(meeting)), 'bob eve uma zoe kim lee')",
    "is(leavers:union(meeting)[1].name, 'Bob') is(meeting:union(leavers)[1].level, '0')",
    "is(names(nobody:union(keep)), 'bob x9') is(names(keep:union(nobody)), 'bob x9')",
    "local u = leavers:union(meeting):union(keep) is(#u, 7) is(table.concat(u:columns()), 'mail')",
    "local u = leavers:union(meeting) is(names(u:where{ mail = 'm@x.org' }), 'kim') "
    "is(names(u:sort('mail')), 'uma lee bob eve kim zoe') is(names(u:first(5):rest(3)), 'zoe kim')",
    "is(tostring(leavers:union(meeting)), 'roster of 6 people from leavers.csv and others')",
    "is(leavers:has('bob'), true) is(leavers:has('nob'), false) is(leavers:has(keep[1]), true)",
    "is(leavers:rest(1):has('bob'), false) is(nobody:has('bob'), false)",
    /* group, sort */
    "local g = leavers:group('department') is(#g, 2) is(g[1].value, 'IT') is(names(g[1].people), "
    "'eve zoe') is(g[2].value, 'Sales') is(names(g[2].people), 'bob uma')",
    "is(names(leavers:sort('last_day')), 'uma bob zoe eve')",
    "is(names(leavers:sort('department')), 'eve zoe bob uma')",
    /* first, rest, sample */
    "is(names(leavers:first(2)), 'bob eve') is(names(leavers:rest(2)), 'uma zoe')",
    "is(#leavers:first(0), 0) is(#leavers:first(9), 4) is(#leavers:rest(9), 0)",
    "is(#leavers:first('25%'), 1) is(#leavers:first(0.5), 2) is(#leavers:first('30%'), 2)",
    "is(#leavers:first('100%'), 4) is(#leavers:first('0%'), 0) is(#leavers:sample(0), 0)",
    "is(names(leavers:sample(9)), 'bob eve uma zoe') is(#leavers:sample('20%'), 1)",
    "for n = 1, 4 do is(#leavers:sample(n), n) is(#leavers:sample(n - 1):minus(leavers:sample(n)), "
    "0) end",
    "is(names(leavers:sample(2)), names(leavers:sort('mail'):sample(2):sort('account')))",
    /* the same on every machine and in every run: a resume draws whom the plan drew */
    "is(names(leavers:sample(2)), 'bob uma')",
    /* what becomes a roster */
    "is(names(roster(leavers)), 'bob eve uma zoe') is(names(roster(leavers[3])), 'uma')",
    "is(names(roster{ leavers[3], leavers[1], leavers[3], keep[1], keep[2] }), 'uma bob x9')",
    "is(#roster{}, 0)",
    /* a typo is found also where nobody is left */
    "is(pcall(function() return leavers:first(0):where{ acount = 'x' } end), false)",
};

#define HAS " it has: account, name, mail, department, last_day"
static const struct {
    const char *code, *message;
} bad[] = {
    {"local x = leavers[1].acount", "leavers.csv has no column \"acount\";" HAS},
    {"local x = leavers[1][1]", "a person has columns by name, not by number"},
    {"local x = meeting[1].nmae", "meeting has no column \"nmae\"; it has: id, level, mail"},
    {"leavers[1].name = 'x'", "a person cannot be changed; p:row() is a copy that can"},
    {"leavers[1] = nil", "a roster cannot be changed; its methods make new ones"},
    {"leavers.x = 1", "a roster cannot be changed; its methods make new ones"},
    {"leavers:wher{}", "a roster has no method \"wher\""},
    {"local x = leavers[{}]", "a roster is read by number, not by table"},
    {"leavers:where{ dept = 'IT' }", "leavers.csv has no column \"dept\";" HAS},
    {"leavers:where{ zzz = 'IT', dept = 'IT' }", "leavers.csv has no column \"dept\";" HAS},
    {"leavers:where{}", "bad argument #1 to 'where' (an empty table would mean everybody: name a "
                        "column)"},
    {"leavers:where{ 'IT' }",
     "bad argument #1 to 'where' (columns by name expected: { department = \"Sales\" })"},
    {"leavers:where{ department = 1.5 }",
     "where: \"department\" must be a text, a whole number or a list of them, not a fraction"},
    {"leavers:where{ department = { {} } }",
     "where: \"department\" must be a text, a whole number or a list of them, not table"},
    {"leavers:where{ department = { x = 'IT' } }",
     "where: the values of \"department\" must be a list"},
    {"leavers:where('IT')",
     "bad argument #1 to 'where' (function, or table of columns expected, got string)"},
    {"leavers:where()",
     "bad argument #1 to 'where' (function, or table of columns expected, got nil)"},
    {"leavers.where({}, {})", "bad argument #1 to 'where' (roster expected, got table)"},
    {"leavers:where(function(p) return p.nope end)", "leavers.csv has no column \"nope\";" HAS},
    {"leavers:where(function(p) error('no') end)", "no"},
    {"leavers:map(5)", "bad argument #1 to 'map' (function expected, got number)"},
    {"leavers:minus(5)", "bad argument #1 to 'minus' (roster expected, got number)"},
    {"leavers:minus{ 'bob' }",
     "bad argument #1 to 'minus' (a roster, a person or a list of persons expected)"},
    {"leavers:minus{ [1] = leavers[1], [2] = leavers[2], [4] = leavers[1], [0] = leavers[1] }",
     NULL},
    {"leavers:minus{ leavers[1], nil, leavers[2] }", NULL},
    {"leavers:minus(keep, 'account')", "keep.csv has no column \"account\"; it has: id, mail"},
    {"leavers:minus(keep, 'id')", "leavers.csv has no column \"id\";" HAS},
    {"leavers:minus(keep, { mine = 'mail' })",
     "bad argument #2 to 'minus' (a column, or { mine = COLUMN, theirs = COLUMN } expected)"},
    {"leavers:minus(keep, 'mail')",
     "leavers.csv:4: column \"mail\" is empty, so minus cannot compare this person"},
    {"keep:minus(leavers, 'mail')",
     "leavers.csv:4: column \"mail\" is empty, so minus cannot compare this person"},
    {"keep:minus(meeting, 'mail')",
     "meeting: item 3: column \"mail\" is empty, so minus cannot compare this person"},
    {"leavers:union(meeting):where{ name = 'Bob' }",
     "meeting has no column \"name\"; it has: id, level, mail"},
    {"leavers:group('dept')", "leavers.csv has no column \"dept\";" HAS},
    {"leavers:sort()", "bad argument #1 to 'sort' (string expected, got no value)"},
    {"leavers:column('dept')", "leavers.csv has no column \"dept\";" HAS},
    {"leavers:sample(-1)",
     "bad argument #1 to 'sample' (a number of people, a share such as 0.2, or \"20%\" expected)"},
    {"leavers:sample(1.5)", NULL},
    {"leavers:sample('5')", NULL},
    {"leavers:sample('101%')", NULL},
    {"leavers:sample('nan%')", NULL},
    {"leavers:sample(0/0)", NULL},
    {"leavers:first('%')", NULL},
    {"leavers:has()", "bad argument #1 to 'has' (string expected, got no value)"},
    {"roster('bob')", "bad argument #1 to 'roster' (roster expected, got string)"},
    {"roster()", "bad argument #1 to 'roster' (roster expected, got no value)"},
    {"roster{ leavers }",
     "bad argument #1 to 'roster' (a roster, a person or a list of persons expected)"},
};

static enum ob_status run(struct ob_script *s, const char *code, struct ob_err *err)
{
    char *text = malloc(strlen(PRELUDE) + strlen(code) + 1);
    memcpy(text, PRELUDE, strlen(PRELUDE));
    memcpy(text + strlen(PRELUDE), code, strlen(code) + 1);
    enum ob_status st = ob_script_run(s, "policy.lua", text, strlen(text), err);
    free(text);
    return st;
}

static void good_lines(void **state)
{
    struct ob_script *s = new_script(OB_LIMIT_MEMORY);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct ob_err err;
        if (run(s, good[i], &err) != OB_OK)
            fail_msg("%s\n  %s", good[i], err.message);
    }
    ob_script_free(s);
}

static void bad_lines(void **state)
{
    struct ob_script *s = new_script(OB_LIMIT_MEMORY);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ob_err err;
        static const char prefix[] = "policy.lua:3: ";
        if (run(s, bad[i].code, &err) == OB_OK)
            fail_msg("%s\n  did not fail", bad[i].code);
        assert_int_equal(err.status, OB_ERR_POLICY);
        const char *got = err.message;
        if (strncmp(got, prefix, strlen(prefix)) != 0)
            fail_msg("%s\n  no line before: %s", bad[i].code, got);
        if (bad[i].message && strcmp(got + strlen(prefix), bad[i].message) != 0)
            fail_msg("%s\n  got      %s\n  expected %s", bad[i].code, got, bad[i].message);
    }
    ob_script_free(s);
}

/* Filled from C beyond what was expected, from two tables: it moves to the heap and stays whole. */
static int l_grow(lua_State *L)
{
    struct ob_table *a = directory(), *b = directory();
    struct ob_roster *r = ob_push_roster(L, 2);
    ob_roster_add(r, a, 2);
    for (int i = 0; i < 100; i++)
        ob_roster_add(r, i % 2 ? b : a, (uint32_t)i % 3);
    ob_table_unref(a);
    ob_table_unref(b);
    lua_gc(L, LUA_GCCOLLECT, 0);
    assert_int_equal(r->count, 101);
    for (size_t i = 0; i < r->count; i++) {
        struct ob_member m = ob_roster_at(r, i);
        assert_int_equal(m.row, i ? (i - 1) % 3 : 2);
        assert_ptr_equal(m.table, r->tables->v[i && (i - 1) % 2]);
        assert_string_equal(ob_member_cell(&m, "id"), ob_member_key(&m));
        assert_null(ob_member_cell(&m, "name"));
    }
    return 0;
}

static void filled_from_c(void **state)
{
    struct ob_script *s = new_script(OB_LIMIT_MEMORY);
    struct ob_err err;
    assert_int_equal(ob_script_setup(s, l_grow, &err), OB_OK);
    ob_script_free(s);
}

struct entry {
    lua_State *thread;
    const char *code;
};

static int push_thread(lua_State *L)
{
    struct entry *e = ob_script_of(L)->owner;
    e->thread = ob_new_thread(L);
    ob_push_env(L);
    lua_getfield(L, -1, "leavers");
    lua_xmove(L, e->thread, 1);
    lua_getfield(L, -1, "propose");
    lua_xmove(L, e->thread, 1);
    lua_pop(L, 1);
    luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* A proposal inside a callback suspends the policy there and goes on with the answer. */
static void callbacks_may_propose(void **state)
{
    static const char *const methods[] = {"where", "map"};
    for (int which = 0; which < 2; which++) {
        struct ob_script *s = new_script(OB_LIMIT_MEMORY);
        struct entry e = {0};
        struct ob_err err;
        int n;
        s->owner = &e;
        assert_int_equal(ob_script_setup(s, push_thread, &err), OB_OK);
        lua_State *T = e.thread; /* leavers, propose */
        lua_getfield(T, 1, methods[which]);
        lua_insert(T, 1); /* method leavers propose */
        enum ob_exec got = ob_resume(s, T, 2, &n, &err);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(got, OB_EXEC_WAITING);
            assert_int_equal(n, 1);
            lua_pop(T, 1);
            lua_pushboolean(T, i % 2);
            got = ob_resume(s, T, 1, &n, &err);
        }
        assert_int_equal(got, OB_EXEC_DONE);
        assert_int_equal(n, 1);
        lua_len(T, -1);
        assert_int_equal(lua_tointeger(T, -1), which == 0 ? 2 : 4);
        ob_script_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(filled_from_c),
        cmocka_unit_test(callbacks_may_propose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
