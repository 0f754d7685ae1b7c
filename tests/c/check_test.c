/* `offboard check`. Each tests/data/check/NAME.lua is a policy with what must be found in it:
 *   -- expect 3: unknown name "foo"     with and without a configuration
 *   -- expect+ 3: ...                   only with one, "expect-" only without
 * and nothing else may be found. Most of them are right, since a false finding is the worst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/command.h"
#include "script/check.h"
#include "script/check_code.h"
#include "script/internal.h"

#define DATA OB_TEST_DIR "/data/check/"

static const char targets[] =
    "target 'meeting' { provider = 'huawei-meeting', app_id = 'x', app_key = secret.env 'NO' }\n"
    "target 'desktops' { provider = 'alibaba-eds', region = 'cn-shanghai',\n"
    "  access_key_id = 'x', access_key_secret = secret.env 'NO' }\n"
    "target 'broken' { provider = 'no-such-cloud' }\n" /* line 4: data/check/broken.lua */
    "target 'studio' { provider = 'huawei-dataarts', region = 'cn-north-4',\n"
    "  project_id = '0123456789abcdef0123456789abcdef', workspace_id = 'w',\n"
    "  access_key = 'x', secret_key = secret.env 'NO' }\n";
static char folder[] = "/tmp/check_test_XXXXXX";
static struct ob_config *config;

/* ---- policies in files ---- */

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* The findings as text, one "12: message" a line. */
static void findings(struct ob_buf *out, const char *name, const char *text, size_t len,
                     const struct ob_config *with)
{
    struct ob_check c;
    struct ob_err err = {0};
    if (ob_check_policy(&c, name, text, len, with, &err) != OB_OK)
        fail_msg("%s: %s", name, err.message);
    assert_false(c.names_unread);
    for (size_t i = 0; i < c.count; i++)
        ob_buf_addf(out, "%d: %s\n", c.findings[i].line, c.findings[i].message);
    ob_check_fini(&c);
}

/* What the comments of the policy say; `also` is '+' or '-'. */
static void expected(struct ob_buf *out, const char *text, char also)
{
    static const char mark[] = "-- expect";
    for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
        at += sizeof mark - 1;
        if (*at != ' ' && *at != also)
            continue;
        at += strspn(at, "+- ");
        ob_buf_add(out, at, strcspn(at, "\n"));
        ob_buf_addc(out, '\n');
    }
}

static void compare(const char *name, const struct ob_buf *text, const struct ob_config *with)
{
    struct ob_buf want, got;
    ob_buf_init(&want, OB_BUF_LARGE);
    ob_buf_init(&got, OB_BUF_LARGE);
    expected(&want, ob_buf_str(text), with ? '+' : '-');
    findings(&got, name, ob_buf_str(text), text->len, with);
    if (strcmp(ob_buf_str(&want), ob_buf_str(&got)) != 0)
        fail_msg("%s, %s configuration: expected\n%sfound\n%s", name, with ? "with" : "without",
                 ob_buf_str(&want), ob_buf_str(&got));
    ob_buf_fini(&want);
    ob_buf_fini(&got);
}

static void read_policy(const char *name, struct ob_buf *text)
{
    struct ob_err err;
    char *path = ob_xasprintf("%s%s", DATA, name);
    ob_buf_init(text, OB_BUF_LARGE);
    if (ob_file_read(path, OB_BUF_LARGE, text, OB_ERR, &err) != OB_OK)
        fail_msg("%s", err.message);
    free(path);
}

static void test_policies(void **state)
{
    DIR *dir = opendir(DATA);
    assert_non_null(dir);
    int files = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct ob_buf text;
        if (!strstr(e->d_name, ".lua"))
            continue;
        read_policy(e->d_name, &text);
        compare(e->d_name, &text, NULL);
        compare(e->d_name, &text, config);
        ob_buf_fini(&text);
        files++;
    }
    closedir(dir);
    assert_true(files >= 30);
}

/* What `offboard new` writes is right. */
static void test_template(void **state)
{
    struct ob_buf text;
    struct ob_err err;
    ob_buf_init(&text, OB_BUF_LARGE);
    assert_int_equal(ob_script_file("lua/offboard/templates/policy.lua", &text, &err), OB_OK);
    compare("policy.lua", &text, NULL);
    compare("policy.lua", &text, config);
    ob_buf_fini(&text);
}

/* ---- policies that are made here ---- */

/* More constants than an instruction has room for: names go through registers. */
static void test_many_constants(void **state)
{
    struct ob_buf text, want, got;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_init(&want, OB_BUF_LARGE);
    ob_buf_init(&got, OB_BUF_LARGE);
    ob_buf_adds(&text, "local people, m, f = input.csv 'l', target 'meeting'\n");
    for (int i = 0; i < 400; i++)
        ob_buf_addf(&text, "note('text %d', %d.25)\n", i, i);
    ob_buf_adds(&text, "note(missing1)\nassigned1 = 2\nnote(input.cvs)\nnote(people.wheer)\n"
                       "people:onyl()\nm:disabel()\nf = function() return missing2, m.nothing end\n"
                       "local x = target 'metting'\n");
    ob_buf_adds(&want, "402: unknown name \"missing1\"\n"
                       "403: global \"assigned1\" assigned: write \"local assigned1\"\n"
                       "404: unknown name \"input.cvs\"; did you mean \"input.csv\"?\n"
                       "405: a roster has no method \"wheer\"; did you mean \"where\"?\n"
                       "406: a roster has no method \"onyl\"; did you mean \"only\"?\n"
                       "407: huawei-meeting has no action \"disabel\"; did you mean \"disable\"?\n"
                       "408: huawei-meeting has no action \"nothing\"; it has: delete, disable, "
                       "enable, list, lookup, request\n"
                       "408: unknown name \"missing2\"\n"
                       "409: unknown target \"metting\"; did you mean \"meeting\"?\n");
    findings(&got, "made.lua", ob_buf_str(&text), text.len, config);
    assert_string_equal(ob_buf_str(&got), ob_buf_str(&want));
    ob_buf_fini(&text);
    ob_buf_fini(&want);
    ob_buf_fini(&got);
}

/* Steps of lines that do not fit a byte, and long functions, at every distance. */
static void test_lines(void **state)
{
    for (int gap = 100; gap < 300; gap += 3) {
        struct ob_buf text, got;
        char want[64];
        ob_buf_init(&text, OB_BUF_LARGE);
        ob_buf_init(&got, OB_BUF_LARGE);
        for (int i = 0; i < gap; i++)
            ob_buf_adds(&text, "note(1) ");
        for (int i = 0; i < gap; i++)
            ob_buf_adds(&text, "\n");
        ob_buf_adds(&text, "local function f() return\n\n missing\nend f()");
        snprintf(want, sizeof want, "%d: unknown name \"missing\"\n", gap + 3);
        findings(&got, "made.lua", ob_buf_str(&text), text.len, NULL);
        assert_string_equal(ob_buf_str(&got), want);
        ob_buf_fini(&text);
        ob_buf_fini(&got);
    }
}

/* As deep as the compiler lets functions nest. */
static void test_deep(void **state)
{
    struct ob_buf text, got;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_init(&got, OB_BUF_LARGE);
    ob_buf_adds(&text, "local m = target 'desktops' return ");
    for (int i = 0; i < 60; i++)
        ob_buf_adds(&text, "function() return ");
    ob_buf_adds(&text, "m:lokc(missing)");
    for (int i = 0; i < 60; i++)
        ob_buf_adds(&text, " end");
    findings(&got, "made.lua", ob_buf_str(&text), text.len, config);
    assert_string_equal(ob_buf_str(&got),
                        "1: alibaba-eds has no action \"lokc\"; did you mean \"lock\"?\n"
                        "1: unknown name \"missing\"\n");
    ob_buf_fini(&text);
    ob_buf_fini(&got);
}

static void test_large(void **state)
{
    struct ob_buf text, got;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_init(&got, OB_BUF_LARGE);
    for (int i = 0; i < 20000; i++)
        ob_buf_addf(&text, "do local function f() wrong%d = right end f() end\n", i % 7);
    findings(&got, "made.lua", ob_buf_str(&text), text.len, NULL);
    assert_int_equal(count_lines(ob_buf_str(&got)), 40000);
    ob_buf_fini(&text);
    ob_buf_fini(&got);
}

/* ---- the reader of compiled code ---- */

static int add_dump(lua_State *L, const void *p, size_t size, void *buf)
{
    return !ob_buf_add(buf, p, size);
}

static struct ob_buf dump;

static int l_dump(lua_State *L)
{
    static const char text[] = "local a, b = target 'x', { 1, 2.5, 'text', [true] = nil }\n"
                               "for i = 1, 3 do local f = function(...) b[i] = a:go(...) end end\n"
                               "goto out do return end ::out:: return a and b";
    ob_load(L, "dump.lua", false, text, sizeof text - 1);
    return lua_dump(L, add_dump, &dump, 0);
}

/* Cut or changed bytes are refused or read; never more than that. */
static void test_reader(void **state)
{
    struct ob_limits limits = {OB_LIMIT_MEMORY, OB_LIMIT_CPU_MS};
    struct ob_script *s;
    struct ob_proto p;
    struct ob_err err;
    ob_buf_init(&dump, OB_BUF_LARGE);
    assert_int_equal(ob_script_new(&s, OB_PROFILE_POLICY, "t", limits, &err), OB_OK);
    assert_int_equal(ob_script_setup(s, l_dump, &err), OB_OK);
    ob_script_free(s);
    assert_true(ob_code_read(&p, dump.p, dump.len));
    assert_int_equal(p.proto_count, 1);
    ob_code_free(&p);
    for (size_t n = 0; n < dump.len; n++) {
        char *cut = ob_xmemdup(dump.p, n);
        assert_false(ob_code_read(&p, cut, n));
        free(cut);
    }
    for (size_t i = 0; i < dump.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            dump.p[i] = (char)(dump.p[i] ^ 1 << bit);
            bool read = ob_code_read(&p, dump.p, dump.len);
            assert_false(read && i < 31); /* the header says what this was written for */
            if (read)
                ob_code_free(&p);
            dump.p[i] = (char)(dump.p[i] ^ 1 << bit);
        }
    ob_buf_fini(&dump);
}

/* ---- the command ---- */

/* Runs it with standard output and error in a buffer each. */
static enum ob_status run(const char *policy, const char *with, bool json, struct ob_buf *out,
                          struct ob_buf *said)
{
    struct ob_value args = {0};
    struct ob_err err = {0}, ignored;
    struct ob_cli cli = {.args = &args, .json = json};
    char *paths[2] = {ob_xasprintf("%s/out", folder), ob_xasprintf("%s/err", folder)};
    struct ob_buf *bufs[2] = {out, said};
    int saved[2] = {dup(1), dup(2)};
    ob_value_set_map(&args);
    ob_map_put_str(&args, "policy", policy);
    if (with)
        ob_map_put_str(&args, "config", with);
    fflush(NULL);
    assert_true(freopen(paths[0], "w", stdout) && freopen(paths[1], "w", stderr));
    enum ob_status st = ob_cmd_check(&cli, &err);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
        ob_buf_init(bufs[i], OB_BUF_LARGE);
        assert_int_equal(ob_file_read(paths[i], OB_BUF_LARGE, bufs[i], OB_ERR, &ignored), OB_OK);
        unlink(paths[i]);
        free(paths[i]);
    }
    if (st == OB_ERR_POLICY)
        assert_string_equal(err.message, ""); /* the findings have said it */
    ob_value_fini(&args);
    return st;
}

static void command(const char *policy, const char *with, bool json, enum ob_status status,
                    const char *want_out, const char *want_said)
{
    struct ob_buf out, said;
    assert_int_equal(run(policy, with, json, &out, &said), status);
    assert_string_equal(ob_buf_str(&out), want_out);
    assert_string_equal(ob_buf_str(&said), want_said);
    ob_buf_fini(&out);
    ob_buf_fini(&said);
}

static void test_command(void **state)
{
    char *good = ob_xasprintf("%s/targets.lua", folder);
    char *none = ob_xasprintf("%s/nothing.lua", folder);
    static const char alone[] = "%s: no configuration (--config FILE): targets and their actions "
                                "were not checked against one\n%s";
    char said[300];
    snprintf(said, sizeof said, alone, "texts.lua", "texts.lua: 1 finding\n");
    command(DATA "texts.lua", NULL, false, OB_ERR_POLICY,
            "texts.lua:2: a text has no method \"trim\"\n", said);
    command(DATA "texts.lua", good, true, OB_ERR_POLICY,
            "{\"event\":\"finding\",\"line\":2,\"message\":"
            "\"a text has no method \\\"trim\\\"\"}\n",
            "texts.lua: 1 finding\n");
    snprintf(said, sizeof said, alone, "empty.lua", "empty.lua: no findings\n");
    command(DATA "empty.lua", NULL, false, OB_OK, "", said);
    command(DATA "empty.lua", good, true, OB_OK, "", "empty.lua: no findings\n");
    command(DATA "syntax_goto.lua", good, false, OB_ERR_POLICY,
            "syntax_goto.lua:3: no visible label 'nowhere' for <goto> at line 1\n",
            "syntax_goto.lua: 1 finding\n");
    command(none, NULL, false, OB_ERR_USAGE, "", "");
    /* A configuration that was named and is not there: said, after what can be checked. */
    command(DATA "empty.lua", none, false, OB_ERR_USAGE, "", "empty.lua: no findings\n");
    free(good);
    free(none);
}

static int setup(void **state)
{
    struct ob_err err;
    if (!mkdtemp(folder))
        return -1;
    char *path = ob_xasprintf("%s/targets.lua", folder);
    enum ob_status st = ob_file_write(path, targets, sizeof targets - 1, 0600, &err);
    setenv("XDG_CONFIG_HOME", folder, 1); /* where there is none */
    unsetenv("OFFBOARD_CONFIG");
    if (st == OB_OK)
        st = ob_config_load(&config, path, &err);
    if (st != OB_OK)
        fprintf(stderr, "%s\n", err.message);
    free(path);
    return st == OB_OK ? 0 : -1;
}

static int teardown(void **state)
{
    char *path = ob_xasprintf("%s/targets.lua", folder);
    ob_config_free(config);
    unlink(path);
    rmdir(folder);
    free(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),       cmocka_unit_test(test_template),
        cmocka_unit_test(test_many_constants), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_deep),           cmocka_unit_test(test_large),
        cmocka_unit_test(test_reader),         cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
