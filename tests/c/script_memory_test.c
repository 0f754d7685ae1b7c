/* The allocator and what depends on it: a state under any limit, every allocation failing once,
 * and a collector that runs at each allocation, which finds what nobody holds on to. */
#include "script_help.h"
#include "base/buf.h"
#include <unistd.h>

/* Uses every part of the sandbox that allocates. */
static const char everything[] =
    "local t = { 1, 'two', { x = 3 }, [10] = 4, k = 5 }\n"
    "local out = {}\n"
    "for k, v in pairs(t) do out[#out + 1] = tostring(k) .. '=' .. tostring(v) end\n"
    "table.sort(out, function(a, b) return a > b end)\n"
    "out[#out + 1] = table.concat({ ('ab'):rep(300, ','), ('x'):upper(), ('%5d|%s'):format(7, t) "
    "})\n"
    "out[#out + 1] = ('hello world'):gsub('(%w+)', '<%1>')\n"
    "out[#out + 1] = ('a b c'):gsub('%w', function(c) return c .. c end)\n"
    "for w, n in ('k=1, l=2'):gmatch '(%w+)=(%w+)' do out[#out + 1] = w .. n end\n"
    "local text = json.encode { a = { 1, 2.5, json.null, json.list {} }, b = 'x/y\\1', c = {} }\n"
    "local v = json.decode(text)\n"
    "assert(json.encode(v) == text)\n"
    "assert(json.decode '{\"a\":1,\"a\":2}' == nil)\n"
    "local ok, m = pcall(error, { 'x' })\n"
    "ok, m = pcall(function() local x = nil return x.y end)\n"
    "assert(not ok and m:find 'index')\n"
    "local u = table.pack(table.unpack(out, 1, 3))\n"
    "table.insert(u, 1, 'first') table.remove(u) table.move(u, 1, 2, 5, {})\n"
    "for p, c in utf8.codes '\\u{20AC}x' do u[#u + 1] = utf8.char(c) end\n"
    "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end\n"
    "assert(f(500) == 500)\n"
    "return { sum = function(a, b) return { a, b, list = { { x = a } } } end,\n"
    "         text = function() return table.concat(out, ';') end }";

static enum ob_status use_everything(struct ob_script *s, struct ob_err *err)
{
    struct ob_value args[2], out;
    ob_value_init(&args[0]);
    ob_value_init(&args[1]);
    ob_map_put_str(&args[0], "key", "value");
    ob_list_push_str(&args[1], "item");
    enum ob_status st = ob_script_run(s, "policy.lua", everything, sizeof everything - 1, err);
    if (st == OB_OK && (st = ob_script_call(s, "text", args, 2, &out, err)) == OB_OK)
        ob_value_fini(&out);
    ob_value_fini(&args[0]);
    ob_value_fini(&args[1]);
    return st;
}

/* ---- small limits ---- */

static void test_small_limits(void **state)
{
    struct ob_err err;
    struct ob_script *s;
    bool made = false, ran = false;
    for (size_t kib8 = 0; kib8 < 2000; kib8++) { /* steps of 128 bytes, to 250 KiB */
        struct ob_limits limits = {kib8 * 128, 1000};
        if (ob_script_new(&s, OB_PROFILE_PROVIDER, "policy.lua", limits, &err) != OB_OK) {
            assert_false(made);
            expect_text(err.message, "policy.lua: ");
            continue;
        }
        made = true;
        enum ob_status st = use_everything(s, &err);
        if (st != OB_OK)
            expect_text(err.message, "memory limit of ");
        ran = ran || st == OB_OK;
        assert_true(ob_script_memory_peak(s) <= limits.memory);
        ob_script_free(s);
    }
    assert_true(made && ran);
}

/* ---- allocations that fail ---- */

struct tamper {
    lua_Alloc real;
    void *ud;
    long countdown; /* the growing allocation that fails, and from `forever` on all later ones */
    bool forever, every_first, refused;
    long seen;
    size_t refused_size;
    void *refused_ptr;
};

static void *tampered(void *ud, void *ptr, size_t osize, size_t nsize)
{
    struct tamper *t = ud;
    /* What the system itself refuses within lua-cjson leaks its buffer; that is its defect. */
    bool grows = nsize > (ptr ? osize : 0) && !((struct ob_script *)t->ud)->box.meter.lifted;
    if (grows)
        t->seen++;
    if (grows && t->countdown &&
        (t->countdown == t->seen || (t->forever && t->seen > t->countdown)))
        return NULL;
    bool asked_again = t->refused && nsize == t->refused_size && ptr == t->refused_ptr;
    if (grows && t->every_first && !t->refused) {
        t->refused = true; /* Lua collects everything and asks again */
        t->refused_size = nsize;
        t->refused_ptr = ptr;
        return NULL;
    }
    if (asked_again)
        t->refused = false;
    return t->real(t->ud, ptr, osize, nsize);
}

static void tamper_with(struct ob_script *s, struct tamper *t)
{
    t->real = lua_getallocf(s->L, &t->ud);
    lua_setallocf(s->L, tampered, t);
}

static void test_failing_allocations(void **state)
{
    struct ob_err err;
    long total = 0, ends = 0;
    for (long n = 0; n == 0 || n <= total; n += n < 300 ? 1 : 7) {
        struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 2000);
        struct tamper t = {.countdown = n, .forever = true};
        tamper_with(s, &t);
        enum ob_status st = use_everything(s, &err);
        if (n == 0)
            total = t.seen;
        else if (st == OB_ERR_POLICY)
            ends++;
        if (st != OB_OK)
            expect_text(err.message, "memory limit of 64 MiB reached");
        t.countdown = 0;
        ob_script_free(s);
    }
    print_message("%ld allocations, %ld ends\n", total, ends);
    assert_true(ends > 300);
}

/* A single failure is repaired by a collection: the answer must not change. */
static void test_one_failure(void **state)
{
    struct ob_err err;
    for (long n = 1; n < 1500; n += 3) {
        struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 2000);
        struct tamper t = {.countdown = n};
        tamper_with(s, &t);
        if (use_everything(s, &err) != OB_OK)
            expect_text(err.message, "memory limit of 64 MiB reached");
        ob_script_free(s);
    }
}

static void test_collecting_at_each_allocation(void **state)
{
    struct ob_err err;
    struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 60000);
    struct tamper t = {.every_first = true};
    tamper_with(s, &t);
    for (int i = 0; i < 3; i++)
        if (use_everything(s, &err) != OB_OK)
            fail_msg("%s", err.message);
    ob_script_free(s);
}

/* ---- accounting ---- */

static void test_accounting(void **state)
{
    struct ob_script *s = new_script_limits(OB_PROFILE_PROVIDER, OB_LIMIT_MEMORY, 5000);
    size_t peak = ob_script_memory_peak(s);
    assert_true(peak > 10 * 1024 && peak < 128 * 1024);
    run_ok(s, "local s = ('x'):rep(10000000) return {}");
    assert_true(ob_script_memory_peak(s) > 10000000);
    lua_gc(s->L, LUA_GCCOLLECT, 0);
    assert_true(s->box.used < 200 * 1024);
    assert_int_equal(s->box.meter.big_count, 0);
    run_ok(s, "local t = {}\n"
              "for i = 1, 20 do t[i] = ('y'):rep(100000) .. i end\n"
              "for i = 1, 100000 do t['k' .. i] = i end return {}");
    lua_gc(s->L, LUA_GCCOLLECT, 0);
    assert_int_equal(s->box.meter.big_count, 0);
    assert_int_equal(s->box.meter.big_string, 0);
    ob_script_free(s);
}

/* ---- files ---- */

static void test_files(void **state)
{
    struct ob_buf b;
    struct ob_err err;
    char folder[] = "/tmp/ob-lua-XXXXXX", path[200];
    ob_buf_init(&b, 1 << 20);
    assert_int_equal(ob_script_file("argparse.lua", &b, &err), OB_OK);
    assert_true(b.len > 10000);
    assert_int_equal(ob_script_file("lua/none.lua", &b, &err), OB_ERR);
    expect_text(err.message, "there is no file lua/none.lua inside this program");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/zz.lua", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("local M = { n = 0 }\nfunction M.up() M.n = M.n + 1 return M.n end\nreturn M", f);
    fclose(f);
    setenv("OFFBOARD_LUA", folder, 1);
    text_ok("local a, b = use 'zz', use 'zz'\n"
            "assert(a == b and a.up() == 1 and b.up() == 2)\n"
            "assert(not pcall(use, 'none'))");
    f = fopen(path, "w");
    fputs("return use 'zz'", f);
    fclose(f);
    text_fails("use 'zz'", "lua/zz.lua: uses itself");
    f = fopen(path, "w");
    fputs("x = 1", f);
    fclose(f);
    text_fails("use 'zz'", "lua/zz.lua:1: global \"x\" assigned");
    unsetenv("OFFBOARD_LUA");
    unlink(path);
    rmdir(folder);
    ob_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_limits), cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_one_failure),  cmocka_unit_test(test_collecting_at_each_allocation),
        cmocka_unit_test(test_accounting),   cmocka_unit_test(test_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
