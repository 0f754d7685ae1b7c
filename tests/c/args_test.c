/* The command line: what becomes of it for C, and what is said when it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "script/args.h"

static enum ob_status parse(struct ob_args *out, const char *line, struct ob_err *err)
{
    char text[512], *argv[64] = {"offboard"};
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return ob_args_parse(out, argc, argv, err);
}

static void test_maps(void **state)
{
    static const struct {
        const char *line, *json;
    } cases[] = {
        {"new leavers --dir d", "{\"command\":\"new\",\"dir\":\"d\",\"name\":\"leavers\"}"},
        {"check p.lua", "{\"command\":\"check\",\"policy\":\"p.lua\"}"},
        {"plan p.lua --input a=x --input b=- --var k=v=w --max-delete 5% --allow-empty "
         "--detailed-exitcode --policy-memory 16 --policy-cpu 3 --json --quiet",
         "{\"allow_empty\":true,\"command\":\"plan\",\"detailed_exitcode\":true,"
         "\"input\":[\"a=x\",\"b=-\"],\"json\":true,\"max_delete\":\"5%\",\"policy\":\"p.lua\","
         "\"policy_cpu\":3,\"policy_memory\":16,\"quiet\":true,\"var\":[\"k=v=w\"]}"},
        {"plan --config=c --ledger l p.lua",
         "{\"command\":\"plan\",\"config\":\"c\",\"ledger\":\"l\",\"policy\":\"p.lua\"}"},
        {"--json --config c plan p.lua",
         "{\"command\":\"plan\",\"config\":\"c\",\"json\":true,\"policy\":\"p.lua\"}"},
        {"show 9f3c --person a --person b",
         "{\"command\":\"show\",\"person\":[\"a\",\"b\"],\"what\":\"9f3c\"}"},
        {"apply 9f3c --yes --parallel 64 --max-delete 25",
         "{\"command\":\"apply\",\"max_delete\":\"25\",\"parallel\":64,\"what\":\"9f3c\","
         "\"yes\":true}"},
        {"resume", "{\"command\":\"resume\"}"},
        {"resume 12 --parallel 2", "{\"command\":\"resume\",\"parallel\":2,\"run\":12}"},
        {"status 9223372036854775807", "{\"command\":\"status\",\"run\":9223372036854775807}"},
        {"export 3 --json", "{\"command\":\"export\",\"json\":true,\"run\":3}"},
        {"call m list", "{\"action\":\"list\",\"command\":\"call\",\"target\":\"m\"}"},
        {"call m delete a - --yes",
         "{\"action\":\"delete\",\"command\":\"call\",\"person\":[\"a\",\"-\"],\"target\":\"m\","
         "\"yes\":true}"},
        {"sim --port 0 --https --seed 7 --contract per-person --leavers-count 3 -- offboard plan "
         "--help -- x",
         "{\"command\":\"sim\",\"contract\":\"per-person\",\"exec\":[\"offboard\",\"plan\","
         "\"--help\",\"--\",\"x\"],\"https\":true,\"leavers_count\":3,\"port\":0,\"seed\":7}"},
        {"completion bash", "{\"command\":\"completion\",\"shell\":\"bash\"}"},
        {"man plan", "{\"command\":\"man\",\"topic\":\"plan\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_args args;
        struct ob_err err = {0};
        struct ob_buf json;
        ob_buf_init(&json, OB_BUF_SMALL);
        if (parse(&args, cases[i].line, &err) != OB_OK)
            fail_msg("%s: %s", cases[i].line, err.message);
        ob_json_write(&json, &args.map);
        assert_string_equal(ob_buf_str(&json), cases[i].json);
        ob_buf_fini(&json);
        ob_args_fini(&args);
    }
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"plna", "unknown command 'plna' (did you mean 'plan'?); see `offboard --help`"},
        {"plan", "missing argument 'POLICY'; see `offboard plan --help`"},
        {"plan p --jsno",
         "unknown option '--jsno' (did you mean '--json'?); see `offboard plan --help`"},
        {"plan p q", "too many arguments; see `offboard plan --help`"},
        {"plan p --input", "option '--input' requires an argument; see `offboard plan --help`"},
        {"plan p --input x", "--input takes NAME=FILE, not 'x'; see `offboard plan --help`"},
        {"plan p --input =x", "--input takes NAME=FILE"},
        {"plan p --var 1=x", "--var takes NAME=VALUE"},
        {"plan p --max-delete 101%", "--max-delete takes a number of people or a share like 5%"},
        {"plan p --max-delete=-1", "--max-delete takes a number"},
        {"plan p --policy-cpu 0", "--policy-cpu takes a whole number from 1 to 3600, not '0'"},
        {"plan p --policy-memory 1e3", "--policy-memory takes a whole number"},
        {"apply p --parallel 65", "--parallel takes a whole number from 1 to 64"},
        {"resume 99999999999999999999", "RUN takes a whole number of 1 or more"},
        {"resume latest", "RUN takes a whole number"},
        {"export", "missing argument 'RUN'"},
        {"new ../x", "NAME is made of letters"},
        {"new -x", "unknown option '-x'"},
        {"sim offboard plan", "put -- before the command to run: -- offboard plan"},
        {"sim --contract odd", "must be one of 'all-or-nothing', 'per-person', 'changing'"},
        {"completion tcsh", "must be one of 'bash', 'zsh', 'fish'"},
        {"help nothing", "unknown command 'nothing'; see `offboard --help`"},
        {"man nothing", "unknown command 'nothing'"},
        {"--ledger x sim", "--ledger is no option of sim; see `offboard sim --help`"},
        {"--json", "a command is required"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_args args;
        struct ob_err err = {0};
        enum ob_status status = parse(&args, cases[i].line, &err);
        if (status != OB_ERR_USAGE || !strstr(err.message, cases[i].message))
            fail_msg("%s: status %d: %s", cases[i].line, (int)status, err.message);
        assert_null(strchr(err.message, '\n'));
        ob_args_fini(&args);
    }
}

/* Fits a terminal, and has an example for everything. */
static void check_help(const char *line)
{
    struct ob_args args;
    struct ob_err err = {0};
    if (parse(&args, line, &err) != OB_OK || !args.text)
        fail_msg("%s: %s", line, err.message);
    assert_int_equal(args.map.type, OB_NULL);
    if (!strstr(args.text, "Example"))
        fail_msg("%s: has no example", line);
    for (char *at = args.text, *nl; at; at = nl ? nl + 1 : NULL) {
        nl = strchr(at, '\n');
        size_t len = nl ? (size_t)(nl - at) : strlen(at);
        if (len > 80)
            fail_msg("%s: too wide: %.*s", line, (int)len, at);
    }
    ob_args_fini(&args);
}

#define OB_COMMAND(name) #name,
static const char *const commands[] = {
#include "cli/commands.def"
};
#undef OB_COMMAND

static void test_help(void **state)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s --help", commands[i]);
        check_help(line);
        snprintf(line, sizeof line, "help %s", commands[i]);
        check_help(line);
    }
    check_help("plan p.lua --input x=y -h");
}

static void expect_text(const char *line, const char *part)
{
    struct ob_args args;
    struct ob_err err = {0};
    assert_int_equal(parse(&args, line, &err), OB_OK);
    assert_non_null(args.text);
    assert_non_null(strstr(args.text, part));
    ob_args_fini(&args);
}

static void test_root(void **state)
{
    struct ob_args args;
    struct ob_err err;
    expect_text("", "Commands:");
    expect_text("--help", "  130  stopped by Ctrl-C");
    expect_text("help", "Exit codes:");
    assert_int_equal(parse(&args, "--version", &err), OB_OK);
    assert_true(args.version);
    assert_null(args.text);
    ob_args_fini(&args);
}

/* Every exit code of the program is in --help, and in the manual. */
static void test_exit_codes(void **state)
{
    static const int codes[] = {
#define OB_STATUS(name, code, word) code,
#include "base/status.def"
#undef OB_STATUS
    };
    struct ob_args args;
    struct ob_err err;
    assert_int_equal(parse(&args, "--help", &err), OB_OK);
    const char *list = strstr(args.text, "Exit codes:");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char row[16], within[16];
        snprintf(row, sizeof row, " %d ", codes[i]);
        snprintf(within, sizeof within, " %d:", codes[i]);
        if (!strstr(list, row) && !strstr(list, within))
            fail_msg("exit code %d is not in --help", codes[i]);
    }
    ob_args_fini(&args);
}

static void test_texts(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    struct ob_err err;
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    for (size_t i = 0; i < 3; i++) {
        ob_buf_clear(&text);
        assert_int_equal(ob_args_completion(&text, shells[i], &err), OB_OK);
        assert_non_null(strstr(ob_buf_str(&text), "max-delete"));
    }
    ob_buf_clear(&text);
    assert_int_equal(ob_args_man(&text, NULL, &err), OB_OK);
    assert_int_equal(strncmp(ob_buf_str(&text), ".TH \"OFFBOARD\" 1", 16), 0);
    assert_non_null(strstr(ob_buf_str(&text), "\\-\\-max\\-delete"));
    ob_buf_clear(&text);
    assert_int_equal(ob_args_man(&text, "plan", &err), OB_OK);
    assert_non_null(strstr(ob_buf_str(&text), ".TH \"OFFBOARD-PLAN\" 1"));
    ob_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),       cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_help),       cmocka_unit_test(test_root),
        cmocka_unit_test(test_exit_codes), cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
