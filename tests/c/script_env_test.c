/* What a script can name. The environment is walked from C, through every table that can be
 * reached, and any name that is not in the list below fails: a new name is added here on purpose
 * or not at all. */
#include "script_help.h"

static const char *const names[] = {"assert",
                                    "error",
                                    "ipairs",
                                    "json",
                                    "json.decode",
                                    "json.encode",
                                    "json.list",
                                    "json.null",
                                    "math",
                                    "math.abs",
                                    "math.acos",
                                    "math.asin",
                                    "math.atan",
                                    "math.ceil",
                                    "math.cos",
                                    "math.deg",
                                    "math.exp",
                                    "math.floor",
                                    "math.fmod",
                                    "math.huge",
                                    "math.log",
                                    "math.max",
                                    "math.maxinteger",
                                    "math.min",
                                    "math.mininteger",
                                    "math.modf",
                                    "math.pi",
                                    "math.rad",
                                    "math.sin",
                                    "math.sqrt",
                                    "math.tan",
                                    "math.tointeger",
                                    "math.type",
                                    "math.ult",
                                    "next",
                                    "pairs",
                                    "pcall",
                                    "rawequal",
                                    "rawlen",
                                    "select",
                                    "string",
                                    "string.byte",
                                    "string.char",
                                    "string.find",
                                    "string.format",
                                    "string.gmatch",
                                    "string.gsub",
                                    "string.len",
                                    "string.lower",
                                    "string.match",
                                    "string.rep",
                                    "string.reverse",
                                    "string.sub",
                                    "string.upper",
                                    "table",
                                    "table.concat",
                                    "table.insert",
                                    "table.move",
                                    "table.pack",
                                    "table.remove",
                                    "table.sort",
                                    "table.unpack",
                                    "tonumber",
                                    "tostring",
                                    "type",
                                    "use",
                                    "utf8",
                                    "utf8.char",
                                    "utf8.charpattern",
                                    "utf8.codepoint",
                                    "utf8.codes",
                                    "utf8.len",
                                    "utf8.offset",
                                    NULL};

/* argparse is our own text, and needs classes. */
static const char *const tool_names[] = {"_G",     "getmetatable", "rawget",
                                         "rawset", "setmetatable", NULL};

static bool listed(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

static void check_name(lua_State *L, const char *name)
{
    bool tool = ob_script_of(L)->profile == OB_PROFILE_TOOL;
    if (!listed(names, name) && !(tool && listed(tool_names, name)))
        luaL_error(L, "a name nobody knows: %s", name);
}

static int l_walk(lua_State *L)
{
    size_t *found = ob_script_of(L)->owner;
    ob_push_env(L);
    for (lua_pushnil(L); lua_next(L, 1); lua_settop(L, 2)) {
        const char *name = lua_tostring(L, 2);
        check_name(L, name);
        ++*found;
        if (luaL_getmetafield(L, 3, "__sealed") != LUA_TTABLE)
            continue;
        for (lua_pushnil(L); lua_next(L, 4); lua_pop(L, 2)) {
            check_name(L, lua_pushfstring(L, "%s.%s", name, lua_tostring(L, 5)));
            lua_pushnil(L);
            lua_replace(L, -2);
            ++*found;
        }
    }
    return 0;
}

static size_t count_names(enum ob_profile profile)
{
    size_t found = 0;
    struct ob_err err;
    struct ob_script *s = new_script_limits(profile, OB_LIMIT_MEMORY, 1000);
    s->owner = &found;
    if (ob_script_setup(s, l_walk, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_script_free(s);
    return found;
}

static void test_names(void **state)
{
    size_t all = sizeof names / sizeof *names - 1;
    assert_int_equal(count_names(OB_PROFILE_POLICY), all);
    assert_int_equal(count_names(OB_PROFILE_PROVIDER), all);
    assert_int_equal(count_names(OB_PROFILE_SIM), all);
    assert_int_equal(count_names(OB_PROFILE_CONFIG), all - 5); /* no json */
    assert_int_equal(count_names(OB_PROFILE_TOOL), all + 5);
}

static int l_registry(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushnil(L);
    if (lua_next(L, -2))
        return luaL_error(L, "the real globals still hold %s", lua_tostring(L, -2));
    if (lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE) != LUA_TNIL)
        return luaL_error(L, "the full libraries are still there");
    return 0;
}

static void test_originals_are_gone(void **state)
{
    struct ob_err err;
    struct ob_script *s = new_script();
    if (ob_script_setup(s, l_registry, &err) != OB_OK)
        fail_msg("%s", err.message);
    ob_script_free(s);
}

static void test_unknown_names(void **state)
{
    text_fails("\n\nreturn os.exit()", "policy.lua:3: \"os\" is not available in a policy");
    text_fails("local x = peple", "policy.lua:1: unknown name \"peple\"");
    text_fails("\nx = 1", "policy.lua:2: global \"x\" assigned: write \"local x\"");
    text_fails("string = nil", "\"string\" is built in and cannot be replaced");
    text_fails("string.rep = nil", "cannot be changed");
    text_ok("assert(string.nothing == nil and #string == 0)");
}

/* ---- what differs from Lua, and what does not ---- */

static void test_order(void **state)
{
    text_ok("local t = { 10, 20, x = 1, ab = 2, a = 3, [-5] = 4, [1.5] = 5, [true] = 6, [9] = 7,\n"
            "            [false] = 8 }\n"
            "local keys, by_next = {}, {}\n"
            "for k in pairs(t) do keys[#keys + 1] = tostring(k) end\n"
            "local want = '1 2 9 -5 1.5 a ab x false true'\n"
            "assert(table.concat(keys, ' ') == want, table.concat(keys, ' '))\n"
            "local k = next(t)\n"
            "while k ~= nil do by_next[#by_next + 1] = tostring(k) k = next(t, k) end\n"
            "assert(table.concat(by_next, ' ') == want)\n"
            "assert(next {} == nil and next { 5 } == 1)\n"
            "local n = 0\n"
            "for name in pairs(math) do n = n + 1 assert(math[name]) end\n"
            "assert(n == 25, n)");
}

static void test_sort(void **state)
{
    text_ok("local t = {}\n"
            "for i = 1, 1000 do t[i] = { i % 10, i } end\n"
            "table.sort(t, function(a, b) return a[1] < b[1] end)\n"
            "for i = 2, 1000 do\n"
            "  local a, b = t[i - 1], t[i]\n"
            "  assert(a[1] < b[1] or a[1] == b[1] and a[2] < b[2])\n" /* stable */
            "end\n"
            "local u = { 3, 1, 2 }\n"
            "table.sort(u, function(a, b) return a > b end)\n"
            "assert(table.concat(u, ',') == '3,2,1')\n"
            "local ok = pcall(table.sort, { 1, 'x' })\n"
            "assert(not ok)\n"
            "table.sort {} table.sort { 1 } table.sort { 'b', 'a' }");
}

static void test_plain_lua(void **state)
{
    text_ok(
        "assert('10' + 1 == 11 and ('x'):rep(3, ',') == 'x,x,x')\n"
        "assert(select('#', table.unpack({}, 1, 5)) == 5 and select(2, 'a', 'b') == 'b')\n"
        "assert(tonumber('0x10') == 16 and tonumber('z', 36) == 35 and not tonumber 'x')\n"
        "assert(('%5.1f|%s|%q|%%'):format(1.25, {}, 'a') == '  1.2|table|\"a\"|%')\n"
        "assert(tostring(1.5) == '1.5' and tostring(nil) == 'nil' and tostring({}) == 'table')\n"
        "assert(tostring(json.null) == 'null')\n"
        "local ok, e = pcall(error, { code = 7 })\n"
        "assert(not ok and e.code == 7)\n"
        "assert(select('#', pcall(function() return 1, nil, nil end)) == 4)\n"
        "local t = table.move({ 1, 2, 3 }, 1, 3, 2)\n"
        "assert(table.concat(t, ',') == '1,1,2,3')\n"
        "table.insert(t, 1, 0) assert(table.remove(t, 1) == 0 and #t == 4)\n"
        "assert(utf8.len 'a\\u{20AC}' == 2 and utf8.offset('a\\u{20AC}b', 3) == 5)\n"
        "assert(utf8.codepoint('\\u{20AC}') == 0x20AC and utf8.char(8364) == '\\u{20AC}')\n"
        "assert(math.type(1) == 'integer' and math.maxinteger + 1 == math.mininteger)");
}

static void test_error_positions(void **state)
{
    text_fails("local t = nil\n\nreturn t.x", "policy.lua:3: attempt to index a nil value");
    text_fails("error('told', 0)", "told");
    text_fails("\nerror 'told'", "policy.lua:2: told");
    text_fails("\nerror()", "policy.lua:2: error without a message");
    text_fails("\nerror(12)", "policy.lua:2: error 12");
    text_fails("\nerror {}", "policy.lua:2: an error that is a table");
    text_fails("\nerror { message = 'inside' }", "policy.lua:2: inside");
    text_fails("local x = = 1", "policy.lua:1: unexpected symbol near '='");
    text_fails("string.rep()", "bad argument #1 to 'rep'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_originals_are_gone),
        cmocka_unit_test(test_unknown_names),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_sort),           cmocka_unit_test(test_plain_lua),
        cmocka_unit_test(test_error_positions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
