/* targets.lua: what it may say, what is refused and with which words, and that no message ever
 * shows a secret. Each test has a HOME of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "script/config.h"

static char home[64];

static char *in_home(const char *name)
{
    return ob_xasprintf("%s/%s", home, name);
}

static void put_file(const char *name, const char *text, int mode)
{
    struct ob_err err;
    char *path = in_home(name), *folder = ob_xstrdup(path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(ob_dir_make(folder, &err), OB_OK);
    assert_int_equal(ob_file_write(path, text, strlen(text), mode, &err), OB_OK);
    free(folder);
    free(path);
}

static int setup(void **state)
{
    static const char *const unset[] = {
        "OFFBOARD_CONFIG",
        "XDG_CONFIG_HOME",
        "OFFBOARD_LUA",
        "ALIBABA_CLOUD_PROFILE",
        "ALIBABACLOUD_PROFILE",
        "ALICLOUD_PROFILE",
        "ALIBABA_CLOUD_CONFIG_FILE",
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "HUAWEICLOUD_SDK_CREDENTIALS_FILE",
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        "HUAWEICLOUD_SDK_PROJECT_ID",
    };
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++)
        unsetenv(unset[i]);
    strcpy(home, "/tmp/offboard-config-XXXXXX");
    assert_non_null(mkdtemp(home));
    setenv("HOME", home, 1);
    setenv("OB_TEST_PLAIN", "plain", 1);
    setenv("OB_TEST_SECRET", "from-env", 1);
    unsetenv("OB_TEST_NONE");
    return 0;
}

static int teardown(void **state)
{
    char *command = ob_xasprintf("rm -rf '%s'", home);
    int result = system(command);
    free(command);
    return result;
}

static enum ob_status load(struct ob_config **c, const char *text, struct ob_err *err)
{
    char *path = in_home("targets.lua");
    put_file("targets.lua", text, 0600);
    err->message[0] = '\0';
    enum ob_status status = ob_config_load(c, path, err);
    free(path);
    return status;
}

static struct ob_config *good(const char *text)
{
    struct ob_config *c;
    struct ob_err err;
    if (load(&c, text, &err) != OB_OK)
        fail_msg("%s", err.message);
    return c;
}

static void expect_field(const struct ob_config *c, const char *target, const char *field,
                         const char *text)
{
    const struct ob_target_config *t = ob_config_target(c, target);
    assert_non_null(t);
    const char *is = ob_map_str(&t->fields, field);
    if (!is)
        fail_msg("%s has no %s", target, field);
    assert_string_equal(is, text);
}

static void expect_secret(const struct ob_config *c, const char *target, const char *field,
                          const char *bytes)
{
    struct ob_err err;
    const char *is;
    const struct ob_target_config *t = ob_config_target(c, target);
    const struct ob_value *v = ob_map_get(&t->fields, field);
    assert_non_null(v);
    assert_int_equal(v->type, OB_SECRET);
    if (ob_secret_get(c->vault, v->secret, &is, &err) != OB_OK)
        fail_msg("%s", err.message);
    assert_string_equal(is, bytes);
}

static void test_whole(void **state)
{
    struct ob_config *c = good("-- a comment\n"
                               "local common = { 'admin*', 'svc-*' }\n"
                               "target \"meeting\" {\n"
                               "  provider = 'huawei-meeting', app_id = env 'OB_TEST_PLAIN',\n"
                               "  app_key = secret.env 'OB_TEST_SECRET',\n"
                               "  ca_file = 'certs/ca.pem', proxy = 'http://proxy:3128',\n"
                               "  parallel = 8, timeout = 2.5, rate = '300/m', protect = common,\n"
                               "  limit = { users = 200, share = 0.05 },\n"
                               "  account_type = 1, flags = { a = true },\n"
                               "}\n"
                               "target('plain', { provider = 'x' })\n");
    const struct ob_target_config *t = ob_config_target(c, "meeting");
    char *ca = in_home("certs/ca.pem");
    assert_int_equal(c->count, 2);
    assert_int_equal(t->line, 3);
    assert_string_equal(t->provider, "huawei-meeting");
    assert_string_equal(t->ca_file, ca);
    assert_string_equal(t->proxy, "http://proxy:3128");
    assert_int_equal(t->parallel, 8);
    assert_int_equal(t->rate_calls, 300);
    assert_int_equal(t->rate_ms, 60000);
    assert_int_equal(t->timeout_ms, 2500);
    assert_int_equal(ob_list_count(&t->protect), 2);
    assert_string_equal(ob_value_str(ob_list_at(&t->protect, 1)), "svc-*");
    assert_true(t->limit.at[OB_OF_BOTH][OB_LIMIT_USERS] == 200);
    assert_true(t->limit.at[OB_OF_BOTH][OB_LIMIT_SHARE] == 0.05);
    assert_int_equal(t->fields.map.count, 4);
    expect_field(c, "meeting", "app_id", "plain");
    expect_secret(c, "meeting", "app_key", "from-env");
    free(ca);
    t = ob_config_target(c, "plain");
    assert_int_equal(t->parallel, 4);
    assert_int_equal(t->rate_calls, 0);
    assert_int_equal(t->timeout_ms, 30000);
    assert_true(t->limit.at[OB_OF_BOTH][OB_LIMIT_USERS] == OB_LIMIT_ABSENT);
    assert_true(t->limit.at[OB_OF_DELETE][OB_LIMIT_SHARE] == OB_LIMIT_ABSENT);
    assert_null(t->ca_file);
    assert_null(t->proxy);
    assert_int_equal(t->protect.type, OB_LIST);
    assert_null(ob_config_target(c, "other"));
    ob_config_free(c);
}

/* Relative to the file, from home, by a program; nothing is read before it is needed. */
static void test_secrets(void **state)
{
    put_file("keys/a.key", "from-file\nsecond line\n", 0600);
    struct ob_config *c =
        good("target 'x' { provider = 'p',\n"
             "  password = secret.file 'keys/a.key',\n"
             "  app_key = secret.file '~/keys/a.key',\n"
             "  secret_key = secret.command '  printf from-%s\\n  command ',\n"
             "  token = secret.command { 'printf', '%s', 'a b' },\n"
             "  absent = secret.file 'keys/none', gone = secret.env 'OB_TEST_NONE',\n"
             "  name = tostring(secret.env 'OB_TEST_SECRET') }\n");
    expect_secret(c, "x", "password", "from-file");
    expect_secret(c, "x", "app_key", "from-file");
    expect_secret(c, "x", "secret_key", "from-command");
    expect_secret(c, "x", "token", "a b");
    expect_field(c, "x", "name", "secret");
    ob_config_free(c);
}

static void test_env_default(void **state)
{
    struct ob_config *c = good("target 'x' { provider = 'p', a = env('OB_TEST_NONE', 'default'),\n"
                               "  b = env('OB_TEST_PLAIN', 'default') }");
    expect_field(c, "x", "a", "default");
    expect_field(c, "x", "b", "plain");
    ob_config_free(c);
}

/* Every refusal has its line; none shows a value. */
static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"target 'x' { provider = 'p',\n -- app_key = 1\n app_key = 'hunter2' }",
         "targets.lua:3: app_key must be secret.env, secret.file or secret.command"},
        {"target 'x' { provider = 'p', password = env 'OB_TEST_SECRET' }",
         "targets.lua:1: password must be secret.env, secret.file or secret.command"},
        {"target 'x' { provider = 'p', secret_key = { 'hunter2' } }",
         "targets.lua:1: secret_key must be secret.env, secret.file or secret.command"},
        {"target 'x' {\n\n a = env 'OB_TEST_NONE' }",
         "targets.lua:3: environment variable OB_TEST_NONE is not set"},
        {"target 'x' { provider = 'p' }\ntarget 'x' { provider = 'p' }",
         "targets.lua:2: target \"x\" is there already, in line 1"},
        {"\ntarget 'x' { provider = hunter2 }", "targets.lua:2: unknown name; there are target, "},
        {"\nparallel = 4", "targets.lua:2: global \"parallel\" assigned"},
        {"target 'x'\n", "targets.lua:1: target \"x\" has no { ... }"},
        {"local a = target 'x'\ntarget 'y' { provider = 'p' }",
         "targets.lua:2: target \"x\" in line 1 has no { ... }"},
        {"target 'x' { a = 1 }\ntarget 'y' { provider = 'p' }",
         "targets.lua:1: target \"x\" needs provider"},
        {"target 'x' { provider = 'p', 'hunter2' }",
         "targets.lua:1: target \"x\": every field has a name"},
        {"target 'x' { provider = 1 }", "targets.lua:1: provider must be"},
        {"target 'x y' { provider = 'p' }", "targets.lua:1: a target's name is made of"},
        {"target '' { provider = 'p' }", "targets.lua:1: a target's name is made of"},
        {"target 'x' { provider = 'p',\n\n parallel = 65 }",
         "targets.lua:3: parallel must be a whole number from 1 to 64"},
        {"target 'x' { provider = 'p', parallel = 1.5 }", "targets.lua:1: parallel must be"},
        {"target 'x' { provider = 'p',\n rate = '10' }",
         "targets.lua:2: rate must be calls in a time, like \"10/s\", \"300/m\" or \"1000/h\""},
        {"target 'x' { provider = 'p', rate = 10 }", "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', rate = '0/s' }", "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', rate = '-1/s' }", "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', rate = ' 1/s' }", "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', rate = '1.5/s' }", "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', rate = '10/sec' }", "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', rate = '99999999999999999999/s' }",
         "targets.lua:1: rate must be"},
        {"target 'x' { provider = 'p', timeout = 0 }", "targets.lua:1: timeout must be"},
        {"target 'x' { provider = 'p', timeout = 1/0 }", "targets.lua:1: timeout must be"},
        {"target 'x' { provider = 'p', protect = 'admin*' }", "targets.lua:1: protect must be"},
        {"target 'x' { provider = 'p', protect = { 1 } }", "targets.lua:1: protect must be"},
        {"target 'x' { provider = 'p', limit = { user = 1 } }",
         "targets.lua:1: limit: unknown name \"user\""},
        {"target 'x' { provider = 'p', limit = { users = -1 } }",
         "targets.lua:1: limit: users must be a whole number of people, or \"unlimited\""},
        {"target 'x' { provider = 'p', limit = { share = 5 } }",
         "targets.lua:1: limit: share must be a part of 1"},
        {"target 'x' { provider = 'p', limit = { delete = { days = 5 } } }",
         "targets.lua:1: limit: unknown name \"days\""},
        {"target 'x' { provider = 'p', ca_file = '' }", "targets.lua:1: ca_file must be"},
        {"target 'x' { provider = 'p', proxy = 'proxy:3128' }", "targets.lua:1: proxy must be"},
        {"target 'x' { provider = 'p', proxy = 'http://u:hunter2@p' }",
         "targets.lua:1: proxy must be a URL without user and password"},
        {"target 'x' { provider = 'p',\n odd = function() end }", "targets.lua:2: odd: "},
        {"target 'x' { provider = 'p', credential = 'default' }",
         "targets.lua:1: credential must be aliyun_profile"},
        {"local s = secret.env 'A'\nlocal t = s .. 'x'", "targets.lua:2: attempt to concatenate"},
        {"local s = secret.env 'A'\ns.x = 1", "targets.lua:2: attempt to index"},
        {"local s = secret.env 'A'\nlocal t = s.bytes", "targets.lua:2: attempt to index"},
        {"local s = secret.env 'A'\nlocal t = #s", "targets.lua:2: attempt to get length"},
        {"local s = aliyun_env", "names no target"},
        {"secret.command ''", "targets.lua:1: bad argument #1 to 'command' (no program is named)"},
        {"secret.command { 'a', {} }", "targets.lua:1: bad argument #1 to 'command'"},
        {"target 'x' { provider = 'p' password = 'hunter2' }", "targets.lua:1: '}' expected"},
        {"target 'x' { password = 'x'hunter2' }", "targets.lua:1: "},
        {"local a = 'hunter2' | 1", "targets.lua:1: attempt to"},
        {"pcall(target 'x', { provider = 'p', password = 'hunter2' })",
         "targets.lua:1: password must be"},
        {"os.getenv 'A'", "targets.lua:1: unknown name"},
        {"", "names no target"},
        {"while true do end", "budget"},
        {"local t = {} for i = 1, 1e9 do t[i] = 'x' .. i end", "limit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_config *c;
        struct ob_err err = {0};
        enum ob_status status = load(&c, cases[i].text, &err);
        if (status != OB_ERR_USAGE || !strstr(err.message, cases[i].message))
            fail_msg("%s\n  status %d: %s", cases[i].text, (int)status, err.message);
        if (strstr(err.message, "hunter2"))
            fail_msg("%s\n  shows a value: %s", cases[i].text, err.message);
        assert_null(c);
    }
}

static void expect_load(const char *path, enum ob_status status, const char *message)
{
    struct ob_config *c;
    struct ob_err err = {0};
    assert_int_equal(ob_config_load(&c, path, &err), status);
    if (status != OB_OK && !strstr(err.message, message))
        fail_msg("%s", err.message);
    ob_config_free(c);
}

static void test_where(void **state)
{
    char *path = in_home("elsewhere.lua");
    expect_load(NULL, OB_ERR_USAGE, "offboard new NAME");
    expect_load("/nowhere/targets.lua", OB_ERR_USAGE, "/nowhere/targets.lua: cannot open");
    expect_load(home, OB_ERR_USAGE, "is a folder");
    put_file(".config/offboard/targets.lua", "target 'x' { provider = 'p' }", 0600);
    expect_load(NULL, OB_OK, "");
    setenv("OFFBOARD_CONFIG", path, 1);
    expect_load(NULL, OB_ERR_USAGE, "elsewhere.lua: cannot open");
    put_file("elsewhere.lua", "target 'x' { provider = 'p' }", 0644);
    expect_load(NULL, OB_OK, "");
    free(path);
}

/* Who can write it can run commands as us. */
static void test_trust(void **state)
{
    char *path = in_home("t.lua");
    put_file("t.lua", "target 'x' { provider = 'p' }", 0644);
    chmod(path, 0664);
    expect_load(path, OB_ERR_USAGE, "others can write it (mode 0664); run: chmod go-w");
    chmod(path, 0602);
    expect_load(path, OB_ERR_USAGE, "others can write it");
    if (geteuid() == 0) {
        chmod(path, 0600);
        assert_int_equal(chown(path, 12345, 12345), 0);
        expect_load(path, OB_ERR_USAGE, "belongs to another user");
    }
    free(path);
}

/* ---- profiles ---- */

#define ALIYUN                                                                                     \
    "{\"current\":\"work\",\"profiles\":["                                                         \
    "{\"name\":\"default\",\"mode\":\"AK\",\"access_key_id\":\"id-1\","                            \
    "\"access_key_secret\":\"s\\u0065cret-1\",\"region_id\":\"cn-shanghai\",\"x\":{\"name\":"      \
    "\"n\"}},"                                                                                     \
    "{\"name\":\"work\",\"mode\":\"StsToken\",\"access_key_id\":\"id-2\","                         \
    "\"access_key_secret\":\"secret-2\",\"sts_token\":\"token-2\"},"                               \
    "{\"name\":\"role\",\"mode\":\"RamRoleArn\",\"access_key_id\":\"id-3\"},"                      \
    "{\"name\":\"half\",\"mode\":\"AK\",\"access_key_id\":\"id-4\"},"                              \
    "{\"name\":\"empty\",\"mode\":\"AK\",\"region_id\":\"ap-southeast-1\"}],"                      \
    "\"meta_path\":\"\"}"

static void test_aliyun(void **state)
{
    put_file(".aliyun/config.json", ALIYUN, 0600);
    struct ob_config *c =
        good("target 'a' { provider = 'p', credential = aliyun_profile 'default' }\n"
             "target 'b' { provider = 'p', region = 'eu', credential = aliyun_profile() }\n"
             "target 'c' { provider = 'p', access_key_id = 'mine', region = 'eu',\n"
             "  credential = aliyun_profile 'default' }\n");
    expect_field(c, "a", "access_key_id", "id-1");
    expect_secret(c, "a", "access_key_secret", "secret-1");
    expect_field(c, "a", "region", "cn-shanghai");
    assert_null(ob_map_get(&ob_config_target(c, "a")->fields, "security_token"));
    assert_null(ob_map_get(&ob_config_target(c, "a")->fields, "credential"));
    expect_field(c, "b", "access_key_id", "id-2");
    expect_secret(c, "b", "security_token", "token-2");
    expect_field(c, "c", "access_key_id", "mine");
    expect_field(c, "c", "region", "eu");
    /* known to the redactor though nobody asked for it yet */
    assert_string_equal(ob_redact(c->vault, "is secret-2 here"), "is *** here");
    ob_config_free(c);
}

static void test_aliyun_env(void **state)
{
    put_file("other.json", ALIYUN, 0600);
    char *path = in_home("other.json");
    setenv("ALIBABA_CLOUD_CONFIG_FILE", path, 1);
    setenv("ALIBABA_CLOUD_PROFILE", "default", 1);
    setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id", 1);
    setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret", 1);
    struct ob_config *c =
        good("target 'a' { provider = 'p', credential = aliyun_profile() }\n"
             "target 'b' { provider = 'p', credential = aliyun_profile 'empty' }\n"
             "target 'c' { provider = 'p', credential = aliyun_env() }\n");
    expect_field(c, "a", "access_key_id", "id-1");
    expect_field(c, "b", "access_key_id", "env-id");
    expect_secret(c, "b", "access_key_secret", "env-secret");
    expect_field(c, "b", "region", "ap-southeast-1");
    expect_secret(c, "c", "access_key_secret", "env-secret");
    assert_null(ob_map_get(&ob_config_target(c, "c")->fields, "security_token"));
    ob_config_free(c);
    free(path);
}

static void expect_credential_error(const char *source, const char *message)
{
    struct ob_config *c;
    struct ob_err err;
    char *text = ob_xasprintf("\ntarget 'x' { provider = 'p', credential = %s }", source);
    assert_int_equal(load(&c, text, &err), OB_ERR_CREDENTIAL);
    if (strncmp(err.message, "targets.lua:2: ", 15) != 0 || !strstr(err.message, message))
        fail_msg("%s", err.message);
    if (strstr(err.message, "hunter2"))
        fail_msg("shows a value: %s", err.message);
    free(text);
}

static void test_profiles_refused(void **state)
{
    expect_credential_error("aliyun_profile 'x'", ".aliyun/config.json: No such file");
    put_file(".aliyun/config.json", ALIYUN, 0600);
    expect_credential_error("aliyun_profile 'x'", "there is no profile x");
    expect_credential_error("aliyun_profile 'role'", "mode RamRoleArn; only AK and StsToken");
    expect_credential_error("aliyun_profile 'half'", "profile half has no access_key_secret");
    expect_credential_error("aliyun_profile 'empty'", "profile empty has no access_key_id");
    expect_credential_error("aliyun_env()", "ALIBABA_CLOUD_ACCESS_KEY_ID is not set");
    expect_credential_error("huaweicloud_env()", "HUAWEICLOUD_SDK_AK is not set");
    put_file(".aliyun/config.json", ALIYUN, 0644);
    expect_credential_error("aliyun_profile 'default'", "others can read or write it");
    put_file(".aliyun/config.json", "{\"profiles\":[{\"name\":\"x\",\"sts_token\":\"hunter2\"",
             0600);
    expect_credential_error("aliyun_profile 'x'", "config.json: json: byte");
    put_file(".huaweicloud/credentials", "[basic]\nak = a\n[other]\nsk = hunter2\n", 0600);
    expect_credential_error("huaweicloud_profile()", "section [basic] has no sk");
    expect_credential_error("huaweicloud_profile 'other'", "section [other] has no ak");
    expect_credential_error("huaweicloud_profile 'global'", "there is no section [global]");
    expect_credential_error("pcall(aliyun_profile, 'x') and 1", "config.json: json: byte");
}

static void test_huaweicloud(void **state)
{
    put_file(".huaweicloud/credentials",
             "; a comment\n[global]\nak=g\nsk=gs\n\n[basic]\r\nak = id-5 \r\n# sk = no\n"
             "sk = se=cret-5\r\nproject_id = p5\nsecurity_token =\niam_endpoint = x",
             0600);
    setenv("HUAWEICLOUD_SDK_AK", "env-ak", 1);
    setenv("HUAWEICLOUD_SDK_SK", "env-sk", 1);
    setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "env-token", 1);
    struct ob_config *c =
        good("target 'a' { provider = 'p', credential = huaweicloud_profile 'basic' }\n"
             "target 'b' { provider = 'p', credential = huaweicloud_profile 'global',\n"
             "  secret_key = secret.env 'OB_TEST_SECRET' }\n"
             "target 'c' { provider = 'p', credential = huaweicloud_env() }\n");
    expect_field(c, "a", "access_key", "id-5");
    expect_secret(c, "a", "secret_key", "se=cret-5");
    expect_field(c, "a", "project_id", "p5");
    assert_int_equal(ob_config_target(c, "a")->fields.map.count, 3);
    expect_field(c, "b", "access_key", "g");
    expect_secret(c, "b", "secret_key", "from-env");
    expect_field(c, "c", "access_key", "env-ak");
    expect_secret(c, "c", "security_token", "env-token");
    ob_config_free(c);
}

/* What `offboard new` writes is a configuration, once the comments are taken away. */
static void test_template(void **state)
{
    struct ob_buf text, live;
    struct ob_err err;
    put_file(".aliyun/config.json", ALIYUN, 0600);
    put_file(".huaweicloud/credentials", "[basic]\nak = a\nsk = b\n", 0600);
    setenv("MEETING_APP_ID", "id", 1);
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_buf_init(&live, OB_BUF_SMALL);
    assert_int_equal(ob_file_read(OB_TEST_DIR "/../lua/offboard/templates/targets.lua",
                                  OB_BUF_SMALL, &text, OB_ERR, &err),
                     OB_OK);
    bool inside = false;
    for (char *line = strtok(text.p, "\n"); line; line = strtok(NULL, "\n")) {
        inside = inside || strncmp(line, "-- target", 9) == 0;
        ob_buf_addf(&live, "%s\n", inside && strncmp(line, "-- ", 3) == 0 ? line + 3 : line);
        inside = inside && strcmp(line, "-- }") != 0;
    }
    struct ob_config *c = good(ob_buf_str(&live));
    assert_int_equal(c->count, 3);
    assert_non_null(ob_config_target(c, "meeting"));
    assert_non_null(ob_config_target(c, "desktops"));
    assert_non_null(ob_config_target(c, "studio"));
    ob_config_free(c);
    ob_buf_fini(&text);
    ob_buf_fini(&live);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),       TEST(test_secrets),    TEST(test_env_default),
        TEST(test_refused),     TEST(test_where),      TEST(test_trust),
        TEST(test_aliyun),      TEST(test_aliyun_env), TEST(test_profiles_refused),
        TEST(test_huaweicloud), TEST(test_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
