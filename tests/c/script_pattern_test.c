/* The sandbox's find, match, gmatch and gsub against Lua's own: the same calls from a seed in both,
 * and the same answers or the same errors. Patterns are built from the pieces of the pattern
 * language, so that most are well formed and some are not. */
#include "script_help.h"
#include "base/random.h"
#include <lualib.h>

#define ROUNDS 60000

static struct ob_random dice;

static const char *const pieces[] = {
    "a",     "b",     ".",    "%a",     "%d",     "%s",   "%w", "%u",  "[ab]", "[^a]",
    "[%a_]", "[a-c]", "*",    "+",      "-",      "?",    "(",  ")",   "()",   "(a)",
    "^",     "$",     "%b()", "%f[%w]", "%1",     "%2",   "%.", "%%",  "[]]",  "x",
    " ",     "(.-)",  "[^]]", "%x",     "%f[%z]", "[a-]", "%p", "%l*", "[%]]", "(%w+)"};
static const char *const words[] = {"a", "b",  "ab",  "(", ")", " ", "1", "]",
                                    "x", "aa", "(a)", ".", "_", "A", "c", "%"};

static void random_text(char *out, size_t size, const char *const *from, size_t n, size_t most)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint64_t i = ob_random_below(&dice, most); i > 0; i--)
        len += (size_t)snprintf(out + len, size - len, "%s", from[ob_random_below(&dice, n)]);
}

static const char harness[] =
    "local s, p, r, n = ...\n"
    "local out = {}\n"
    "local function note(ok, ...)\n"
    "  out[#out + 1] = tostring(ok)\n"
    "  for i = 1, select('#', ...) do\n"
    "    out[#out + 1] = tostring((select(i, ...)))\n"
    "  end\n"
    "end\n"
    "note(pcall(string.find, s, p, n))\n"
    "note(pcall(string.find, s, p, n, true))\n"
    "note(pcall(string.match, s, p, n))\n"
    "note(pcall(string.gsub, s, p, r))\n"
    "note(pcall(string.gsub, s, p, r, 2))\n"
    "note(pcall(string.gsub, s, p, function(a, b) return b or a ~= '' and a end))\n"
    "note(pcall(string.gsub, s, p, { a = 'T', b = false, ab = 7 }))\n"
    "note(pcall(function()\n"
    "  local all = {}\n"
    "  for a, b in string.gmatch(s, p) do\n"
    "    all[#all + 1] = tostring(a) .. '/' .. tostring(b)\n"
    "    if #all > 20 then break end\n"
    "  end\n"
    "  return table.concat(all, ',')\n"
    "end))\n"
    "return table.concat(out, '|')";

struct question {
    char text[64], pattern[64], replacement[64];
    int64_t init;
};

static const char *ask(lua_State *L, const struct question *q)
{
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushstring(L, q->text);
    lua_pushstring(L, q->pattern);
    lua_pushstring(L, q->replacement);
    lua_pushinteger(L, q->init);
    if (lua_pcall(L, 4, 1, 0) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    return lua_tostring(L, -1);
}

static int l_load(lua_State *L)
{
    ob_load(L, "t", false, harness, sizeof harness - 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, harness);
    return 0;
}

static lua_State *plain_lua(void)
{
    lua_State *L = luaL_newstate();
    luaL_requiref(L, "_G", luaopen_base, 1);
    luaL_requiref(L, "string", luaopen_string, 1);
    luaL_requiref(L, "table", luaopen_table, 1);
    lua_settop(L, 0);
    assert_int_equal(luaL_loadbufferx(L, harness, sizeof harness - 1, "=t", "t"), LUA_OK);
    return L;
}

static void make_question(struct question *q)
{
    static const char *const replacements[] = {"%0", "%1", "<%0>", "%%", "x", "", "%2", "%", "%x"};
    size_t all = sizeof pieces / sizeof *pieces;
    random_text(q->text, sizeof q->text, words, sizeof words / sizeof *words, 10);
    random_text(q->pattern, sizeof q->pattern, pieces, all, 6);
    snprintf(q->replacement, sizeof q->replacement, "%s", replacements[ob_random_below(&dice, 9)]);
    q->init = (int64_t)ob_random_below(&dice, 8) - 3;
}

static void test_same_as_lua(void **state)
{
    lua_State *plain = plain_lua();
    struct ob_script *s = new_script_limits(OB_PROFILE_POLICY, OB_LIMIT_MEMORY, 100000);
    struct ob_err err;
    struct question q;
    assert_int_equal(ob_script_setup(s, l_load, &err), OB_OK);
    lua_rawgetp(s->L, LUA_REGISTRYINDEX, harness);
    ob_random_seed(&dice, 5);
    for (int i = 0; i < ROUNDS; i++) {
        make_question(&q);
        const char *a = ask(plain, &q), *b = ask(s->L, &q);
        if (strcmp(a, b) != 0)
            fail_msg("text \"%s\" pattern \"%s\" replacement \"%s\" init %lld:\n%s\n%s", q.text,
                     q.pattern, q.replacement, (long long)q.init, a, b);
    }
    lua_close(plain);
    ob_script_free(s);
}

static void test_bytes(void **state)
{
    text_ok("local s = 'a\\0b\\0c'\n"
            "assert(s:find('\\0', 1, true) == 2 and s:find('%z') == 2 and s:find('\\0b') == 2)\n"
            "assert(s:gsub('\\0', '-') == 'a-b-c' and s:match('[\\0]b') == '\\0b')\n"
            "assert(('\\xff\\xfe'):match('[\\xf0-\\xff]+') == '\\xff\\xfe')\n"
            "assert(('  trim me '):match '^%s*(.-)%s*$' == 'trim me')\n"
            "assert(('k = v'):match '^(%w+)%s*=%s*(%w+)$' == 'k')\n"
            "assert(('x'):rep(300):match(('x?'):rep(150)) == ('x'):rep(150))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_lua),
                                       cmocka_unit_test(test_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
