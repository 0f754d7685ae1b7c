/* Limits and ends: which cause, which message, which line, and that the host goes on. The attacks
 * of tests/script hold the same from the script's side. */
#include "script_help.h"
#include "base/buf.h"
#include "base/mem.h"
#include <time.h>

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_messages(void **state)
{
    static const char spin[] = "local n = 0\nwhile true do\n  n = n + 1\nend";
    static const char grow[] = "\nlocal s = 'x'\nwhile true do s = s .. s end";
    struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 150);
    run_fails(s, spin, "policy.lua:3: CPU budget of 150 ms spent");
    run_fails(s, grow, "policy.lua:3: memory limit of 64 MiB reached");
    run_ok(s, "return {}"); /* a budget a call: the state lives on */
    ob_script_free(s);
    s = new_script_limits(OB_PROFILE_POLICY, 500 * 1024, 1000);
    run_fails(s, grow, "policy.lua:3: memory limit of 500 KiB reached");
    run_fails(s, "return {}", "memory limit of 500 KiB reached"); /* once for a life */
    ob_script_free(s);
}

/* The clock must come before the 50 million steps also where a step takes 1 ns: with 200 ms it was
 * the steps, on a quick machine. */
static void test_cpu_over_a_life(void **state)
{
    struct ob_script *s = new_script_limits(OB_PROFILE_POLICY, OB_LIMIT_MEMORY, 20);
    struct ob_err err;
    double begun = cpu_now();
    static const char some[] = "for i = 1, 200000 do end";
    enum ob_status st = OB_OK;
    for (int i = 0; i < 1000 && st == OB_OK; i++)
        st = ob_script_run(s, "policy.lua", some, sizeof some - 1, &err);
    assert_int_equal(st, OB_ERR_POLICY);
    expect_text(err.message, "CPU budget of 20 ms spent");
    assert_true(cpu_now() - begun < 2);
    ob_script_free(s);
}

/* ---- the host's own refusal ---- */

static int l_refuse(lua_State *L)
{
    struct ob_err err;
    ob_fail(&err, OB_ERR_GUARD, "more than 200 people");
    return ob_raise_host(L, &err);
}

static int l_add_refuse(lua_State *L)
{
    ob_push_env(L);
    lua_pushcfunction(L, l_refuse);
    lua_setfield(L, -2, "refuse");
    return 0;
}

static void test_host(void **state)
{
    static const char text[] = "local ok = pcall(pcall, function()\n"
                               "  local s = ('x'):gsub('.', refuse)\n"
                               "end)\n"
                               "while true do pcall(refuse) end";
    struct ob_script *s = new_script();
    struct ob_err err;
    assert_int_equal(ob_script_setup(s, l_add_refuse, &err), OB_OK);
    assert_int_equal(ob_script_run(s, "policy.lua", text, sizeof text - 1, &err), OB_ERR_GUARD);
    assert_string_equal(err.message, "more than 200 people");
    ob_script_free(s);
}

/* ---- threads that wait ---- */

static int l_wait_k(lua_State *L, int status, lua_KContext ctx)
{
    return lua_gettop(L);
}

static int l_wait(lua_State *L)
{
    return lua_yieldk(L, lua_gettop(L), 0, l_wait_k);
}

static int l_add_wait(lua_State *L)
{
    ob_push_env(L);
    lua_pushcfunction(L, l_wait);
    lua_setfield(L, -2, "wait");
    return 0;
}

struct job {
    const char *text;
    lua_State *T;
};

static int l_job(lua_State *L)
{
    struct job *job = ob_script_of(L)->owner;
    job->T = ob_new_thread(L);
    luaL_ref(L, LUA_REGISTRYINDEX);
    ob_load(L, "policy.lua", false, job->text, strlen(job->text));
    lua_xmove(L, job->T, 1);
    return 0;
}

static lua_State *new_job(struct ob_script *s, const char *text)
{
    struct job job = {text, NULL};
    struct ob_err err;
    s->owner = &job;
    if (ob_script_setup(s, l_add_wait, &err) != OB_OK || ob_script_setup(s, l_job, &err) != OB_OK)
        fail_msg("%s", err.message);
    return job.T;
}

static void test_wait(void **state)
{
    struct ob_script *s = new_script();
    struct ob_err err;
    int n;
    lua_State *T = new_job(s, "local ok, answer = pcall(function() return wait(7) end)\n"
                              "assert(ok and answer == 'here')\n"
                              "for _, v in ipairs { 1, 2 } do wait(v) end\n"
                              "error('at the end', 0)");
    assert_int_equal(ob_resume(s, T, 0, &n, &err), OB_EXEC_WAITING);
    assert_int_equal(n, 1);
    assert_int_equal(lua_tointeger(T, -1), 7);
    lua_settop(T, 0);
    lua_pushliteral(T, "here");
    assert_int_equal(ob_resume(s, T, 1, &n, &err), OB_EXEC_WAITING);
    assert_int_equal(ob_resume(s, T, 0, &n, &err), OB_EXEC_WAITING);
    assert_int_equal(ob_resume(s, T, 0, &n, &err), OB_EXEC_ERROR);
    assert_string_equal(err.message, "at the end");
    assert_int_equal(ob_resume(s, T, 0, &n, &err), OB_EXEC_ERROR); /* dead */
    ob_script_free(s);
}

/* Each resume is over before the clock is looked at: with the budget gone, it is looked at at once.
 */
static void test_two_threads_share_a_budget(void **state)
{
    static const char text[] = "while true do\n  for i = 1, 100000 do end\n  wait()\nend";
    struct ob_script *s = new_script_limits(OB_PROFILE_POLICY, OB_LIMIT_MEMORY, 20);
    struct ob_err err;
    lua_State *T[2] = {new_job(s, text), new_job(s, text)};
    enum ob_exec e = OB_EXEC_WAITING;
    int n, turns = 0;
    for (; e == OB_EXEC_WAITING && turns < 10000; turns++)
        e = ob_resume(s, T[turns % 2], 0, &n, &err);
    assert_int_equal(e, OB_EXEC_BUDGET);
    expect_text(err.message, "policy.lua:2: CPU budget of 20 ms spent");
    assert_int_equal(ob_resume(s, T[turns % 2], 0, &n, &err),
                     OB_EXEC_BUDGET); /* the other one too */
    ob_script_free(s);
}

/* The depth of pcall belongs to the thread: waiting inside must not give a fresh one. */
static void test_depth_over_waiting(void **state)
{
    struct ob_script *s = new_script();
    struct ob_err err;
    int n, turns = 0;
    lua_State *T = new_job(s, "local function down(n)\n  wait()\n"
                              "  local ok, m = pcall(down, n + 1)\n"
                              "  if not ok then error(m, 0) end\nend\ndown(1)");
    lua_State *other = new_job(s, "for i = 1, 100 do wait() end\npcall(error)");
    enum ob_exec e = OB_EXEC_WAITING;
    for (; e == OB_EXEC_WAITING && turns < 1000; turns++) {
        e = ob_resume(s, T, 0, &n, &err);
        if (turns < 50 && e == OB_EXEC_WAITING)
            assert_int_equal(ob_resume(s, other, 0, &n, &err), OB_EXEC_WAITING);
    }
    assert_int_equal(e, OB_EXEC_ERROR);
    expect_text(err.message, "pcall nested more than 32 deep");
    ob_script_free(s);
}

/* ---- the parser ---- */

static void compile_within(const char *what, const struct ob_buf *b)
{
    struct ob_limits limits = {OB_LIMIT_MEMORY, 500};
    struct ob_script *s;
    struct ob_err err = {.message = "compiled"};
    double begun = cpu_now();
    assert_int_equal(ob_script_new(&s, OB_PROFILE_POLICY, "policy.lua", limits, &err), OB_OK);
    enum ob_status st = ob_script_run(s, "policy.lua", ob_buf_str(b), b->len, &err);
    ob_script_free(s);
    double took = cpu_now() - begun;
    print_message("%s: %zu bytes, %.2f s, %s\n", what, b->len, took, st ? err.message : "ran");
    assert_true(st == OB_OK || st == OB_ERR_POLICY);
    assert_true(took < 8);
}

#define BOMB 1000000

static void test_parser(void **state)
{
    struct ob_buf b;
    ob_buf_init(&b, 2 * BOMB);
    ob_buf_adds(&b, "local t = {");
    for (long k = 1; b.len < BOMB; k++)
        ob_buf_addf(&b, "%ld,", k * 131071);
    ob_buf_adds(&b, "}");
    compile_within("constants that collide", &b);
    ob_buf_clear(&b);
    for (int i = 0; b.len < BOMB; i++)
        ob_buf_addf(&b, "::l%d::z=z ", i % 32000);
    compile_within("labels", &b);
    ob_buf_clear(&b);
    for (int i = 0; b.len < BOMB; i++)
        ob_buf_addf(&b, "goto l%d ", i);
    compile_within("gotos", &b);
    ob_buf_clear(&b);
    for (int level = 0; level < 90; level++) {
        ob_buf_adds(&b, "local function f() ");
        for (int i = 0; i < 190; i++)
            ob_buf_addf(&b, "local v%d_%d ", level, i);
    }
    while (b.len < BOMB)
        ob_buf_adds(&b, "z=z ");
    compile_within("names looked up through many functions", &b);
    ob_buf_clear(&b);
    while (b.len < BOMB)
        ob_buf_adds(&b, "(");
    compile_within("parentheses", &b);
    ob_buf_clear(&b);
    ob_buf_adds(&b, "local s = \"");
    while (b.len < BOMB)
        ob_buf_adds(&b, "\\z ");
    compile_within("an endless text", &b);
    ob_buf_clear(&b);
    while (b.len < BOMB)
        ob_buf_adds(&b, "a..");
    compile_within("a chain of ..", &b);
    ob_buf_clear(&b);
    ob_buf_adds(&b, "local ");
    while (b.len < BOMB)
        ob_buf_addc(&b, 'n');
    compile_within("a long name", &b);
    ob_buf_clear(&b);
    for (int i = 0; b.len < BOMB; i++)
        ob_buf_adds(&b, "do local a <const> = 1 end ");
    compile_within("constants", &b);
    ob_buf_fini(&b);
}

static void test_texts_that_are_none(void **state)
{
    struct ob_err err;
    char *large = ob_xcalloc(1, 1024 * 1024 + 2);
    memset(large, ' ', 1024 * 1024 + 1);
    assert_int_equal(ob_script_compile("p.lua", large, 1024 * 1024 + 1, &err), OB_ERR_POLICY);
    expect_text(err.message, "p.lua: larger than 1024 KiB");
    free(large);
    assert_int_equal(ob_script_compile("p.lua", "\x1bLua\x54\0\x19\x93", 8, &err), OB_ERR_POLICY);
    expect_text(err.message, "attempt to load a binary chunk");
    assert_int_equal(ob_script_compile("p.lua", "x = \0", 5, &err), OB_ERR_POLICY);
    static const char head[] = "\xEF\xBB\xBF#!/usr/bin/env offboard\n\nerror 'x' .. ";
    assert_int_equal(ob_script_compile("p.lua", head, sizeof head - 1, &err), OB_ERR_POLICY);
    expect_text(err.message, "p.lua:3: ");
    assert_int_equal(ob_script_compile("p.lua", "", 0, &err), OB_OK);
    assert_int_equal(ob_script_compile("p.lua", "#", 1, &err), OB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages),
                                       cmocka_unit_test(test_cpu_over_a_life),
                                       cmocka_unit_test(test_host),
                                       cmocka_unit_test(test_wait),
                                       cmocka_unit_test(test_two_threads_share_a_budget),
                                       cmocka_unit_test(test_depth_over_waiting),
                                       cmocka_unit_test(test_parser),
                                       cmocka_unit_test(test_texts_that_are_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
