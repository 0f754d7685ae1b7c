/* Rosters of 100,000 people under the limits of a script: fast enough to be used freely, counted
 * by the memory limit, and their loops in C by the fuel. */
#if !__has_include(<lua.h>)
#include <stdio.h>
int main(void)
{
    puts("skipped: this test needs the headers of Lua on its include path");
    return 77;
}
#else
#include "roster_help.h"
#include <time.h>

#define PEOPLE 100000

static struct ob_table *big;

static int make_big(void **state)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_adds(&text, "account,name,mail,department,last_day\n");
    for (int i = 0; i < PEOPLE; i++)
        ob_buf_addf(&text, "user%d,Name %d,u%d@x.org,d%d,2026-%02d-%02d\n", i, i, i % 50000, i % 50,
                    i % 12 + 1, i % 28 + 1);
    big = parse_csv("big.csv", text.p, text.len);
    ob_buf_fini(&text);
    return 0;
}

static int free_big(void **state)
{
    ob_table_unref(big);
    return 0;
}

static int setup_big(lua_State *L)
{
    ob_push_env(L);
    set_table(L, "big", ob_table_ref(big));
    lua_pop(L, 1);
    return 0;
}

static struct ob_script *big_script(struct ob_limits limits)
{
    struct ob_script *s;
    struct ob_err err;
    if (ob_script_new(&s, OB_PROFILE_PROVIDER, "test", limits, &err) != OB_OK ||
        ob_script_setup(s, setup_rosters, &err) != OB_OK ||
        ob_script_setup(s, setup_big, &err) != OB_OK)
        fail_msg("%s", err.message);
    return s;
}

/* What each method costs; printed, and bounded loosely because of sanitizers and busy machines. */
static void every_method_is_quick(void **state)
{
    static const char *const codes[] = {
        "big:where(function(p) return p.last_day <= '2026-06-15' end)",
        "big:where(function(p) return p.department == 'd7' and p.name:find('9', 1, true) and "
        "p.last_day > '2026-02' and p.account ~= '' end)",
        "big:where{ department = { 'd1', 'd2' } }",
        "big:sort('mail')",
        "big:group('department')",
        "big:group('account')",
        "big:sample('10%')",
        "big:minus(big:first(50000))",
        "big:only(big:first(50000), 'mail')",
        "big:union(leavers)",
        "big:map(tostring)",
        "big:column('mail')",
        "local n = 0 for p in big:each() do n = n + #p.mail end",
        "local n = 0 for i = 1, 100000 do if big:has('user' .. i) then n = n + 1 end end",
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct ob_limits limits = {OB_LIMIT_MEMORY, OB_LIMIT_CPU_MS};
        struct ob_script *s = big_script(limits);
        struct ob_err err;
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        if (ob_script_run(s, "x.lua", codes[i], strlen(codes[i]), &err) != OB_OK)
            fail_msg("%s\n  %s", codes[i], err.message);
        clock_gettime(CLOCK_MONOTONIC, &b);
        double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
        print_message("%7.1f ms %6.1f MiB  %.70s\n", ms,
                      (double)ob_script_memory_peak(s) / 1048576.0, codes[i]);
        assert_true(ms < 5000);
        ob_script_free(s);
    }
}

static void expect_end(struct ob_limits limits, const char *code, const char *message)
{
    struct ob_script *s = big_script(limits);
    struct ob_err err;
    assert_int_equal(ob_script_run(s, "x.lua", code, strlen(code), &err), OB_ERR_POLICY);
    if (!strstr(err.message, message))
        fail_msg("%s\n  %s", code, err.message);
    ob_script_free(s);
}

static void memory_is_counted(void **state)
{
    struct ob_limits limits = {(size_t)8 * 1024 * 1024, OB_LIMIT_CPU_MS};
    expect_end(limits, "local t = {} for i = 1, 1e6 do t[i] = big:first(90000) end",
               "memory limit of 8 MiB");
    expect_end(limits, "local t = {} for i = 1, 1e7 do t[i] = big[1] end", "memory limit of 8 MiB");
    expect_end(limits,
               "pcall(function() local t = {} while true do t[#t+1] = big:sort('name') end "
               "end)",
               "memory limit of 8 MiB");
    expect_end(limits, "local r = big:first(1) local t = {} while true do t[#t+1] = r:first(1) end",
               "memory limit of 8 MiB");
}

/* Nothing of it is kept: garbage must not end a script. */
static void garbage_is_collected(void **state)
{
    static const char code[] = "for i = 1, 300 do local r = big:first(90000) end";
    struct ob_script *s = big_script((struct ob_limits){(size_t)8 * 1024 * 1024, OB_LIMIT_CPU_MS});
    struct ob_err err;
    if (ob_script_run(s, "x.lua", code, strlen(code), &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_script_free(s);
}

static void loops_in_c_are_charged(void **state)
{
    static const char *const codes[] = {
        "while true do big:where{ department = 'x' } end",
        "while true do pcall(function() big:sort('mail') end) end",
        "while true do big:sample(5) end",
        "while true do big:minus(big) end",
        "while true do big:rest(1) end",
        "while true do big:group('department') end",
        "while true do big:column('mail') end",
        "while true do big:where(tostring) end",
        "while true do big:union(leavers) end",
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        expect_end((struct ob_limits){OB_LIMIT_MEMORY, 200}, codes[i], "spent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_quick),
        cmocka_unit_test(memory_is_counted),
        cmocka_unit_test(garbage_is_collected),
        cmocka_unit_test(loops_in_c_are_charged),
    };
    return cmocka_run_group_tests(tests, make_big, free_big);
}
#endif
