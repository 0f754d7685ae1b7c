/* The vault: where secrets come from, what is refused, and what the redactor hides. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/secret.h"

static char dir[] = "/tmp/ob-secret-XXXXXX";

static int setup(void **state)
{
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    char *cmd = ob_xasprintf("rm -rf '%s'", dir);
    int rc = chdir("/") == 0 ? system(cmd) : -1;
    free(cmd);
    return rc;
}

static void put(const char *path, const char *text, int mode)
{
    assert_int_equal(ob_file_write(path, text, strlen(text), mode, NULL), OB_OK);
}

/* What a get of this handle gives: the secret, or the error's text. */
static void expect(struct ob_vault *v, int handle, const char *secret, const char *says)
{
    const char *got;
    struct ob_err err = {0};
    enum ob_status status = ob_secret_get(v, handle, &got, &err);
    if (secret) {
        if (status != OB_OK)
            fail_msg("%s", err.message);
        assert_string_equal(got, secret);
        return;
    }
    assert_int_equal(status, OB_ERR_CREDENTIAL);
    assert_null(got);
    if (!strstr(err.message, says))
        fail_msg("'%s' does not say '%s'", err.message, says);
}

static void test_sources(void **state)
{
    struct ob_vault *v = ob_vault_new();
    const char *got, *again;
    int literal = ob_secret_literal(v, "l1teral", 7);
    int env = ob_secret_env(v, "OB_TEST_SECRET");
    assert_int_equal(literal, 0);
    assert_int_equal(ob_vault_count(v), 2);
    expect(v, literal, "l1teral", NULL);
    unsetenv("OB_TEST_SECRET");
    expect(v, env, NULL, "OB_TEST_SECRET is not set");
    setenv("OB_TEST_SECRET", "", 1);
    expect(v, env, NULL, "OB_TEST_SECRET is not set");
    setenv("OB_TEST_SECRET", "fr0m env", 1); /* a failure is not remembered */
    expect(v, env, "fr0m env", NULL);
    setenv("OB_TEST_SECRET", "changed", 1); /* a success is */
    expect(v, env, "fr0m env", NULL);
    assert_int_equal(ob_secret_get(v, literal, &got, NULL), OB_OK);
    for (int i = 0; i < 100; i++)
        ob_secret_literal(v, "more", 4);
    assert_int_equal(ob_secret_get(v, literal, &again, NULL), OB_OK);
    assert_ptr_equal(got, again); /* lent bytes stay where they are */
    expect(v, -1, NULL, "not in the vault");
    expect(v, 1000, NULL, "not in the vault");
    ob_vault_free(v);
    ob_vault_free(NULL);
}

static void test_file(void **state)
{
    struct ob_vault *v = ob_vault_new();
    char *absolute = ob_xasprintf("%s/good", dir);
    put("good", "s3cret \r\nsecond line\n", 0600);
    expect(v, ob_secret_file(v, absolute), "s3cret ", NULL);
    put("bare", "no newline", 0400);
    expect(v, ob_secret_file(v, "bare"), "no newline", NULL);
    setenv("HOME", dir, 1);
    expect(v, ob_secret_file(v, "~/good"), "s3cret ", NULL);
    put("empty", "", 0600);
    expect(v, ob_secret_file(v, "empty"), NULL, "empty");
    put("blank", "\nx\n", 0600);
    expect(v, ob_secret_file(v, "blank"), NULL, "first line is empty");
    assert_int_equal(ob_file_write("nul", "a\0b\n", 4, 0600, NULL), OB_OK);
    expect(v, ob_secret_file(v, "nul"), NULL, "NUL");
    expect(v, ob_secret_file(v, "absent"), NULL, "No such file");
    expect(v, ob_secret_file(v, dir), NULL, "no regular file");
    assert_int_equal(symlink("good", "link"), 0);
    expect(v, ob_secret_file(v, "link"), NULL, "symbolic link");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    expect(v, ob_secret_file(v, "fifo"), NULL, "no regular file"); /* and does not hang */
    char *big = malloc(100001);
    memset(big, 'x', 100000);
    big[100000] = '\0';
    put("big", big, 0600);
    expect(v, ob_secret_file(v, "big"), NULL, "too large");
    free(big);
    free(absolute);
    ob_vault_free(v);
}

static void test_file_modes(void **state)
{
    static const struct {
        int mode;
        bool good;
    } cases[] = {{0600, true},  {0400, true},  {0700, true},  {0640, false}, {0604, false},
                 {0620, false}, {0602, false}, {0644, false}, {0666, false}, {0440, false}};
    struct ob_vault *v = ob_vault_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("mode", "s3cret", cases[i].mode);
        expect(v, ob_secret_file(v, "mode"), cases[i].good ? "s3cret" : NULL, "chmod 600 mode");
    }
    if (geteuid() == 0) {
        put("theirs", "s3cret", 0600);
        assert_int_equal(chown("theirs", 12345, -1), 0);
        expect(v, ob_secret_file(v, "theirs"), NULL, "another user");
    }
    ob_vault_free(v);
}

static void expect_command(struct ob_vault *v, const char *script, const char *secret,
                           const char *says)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    expect(v, ob_secret_command(v, argv), secret, says);
}

static void test_command(void **state)
{
    struct ob_vault *v = ob_vault_new();
    expect_command(v, "printf 's3cret\\nmore\\n'", "s3cret", NULL);
    expect_command(v, "printf s3cret; exec >&-; sleep 0.2", "s3cret", NULL);
    expect_command(v, "printf s3cret; sleep 5 2>/dev/null &", "s3cret", NULL); /* holds the pipe */
    expect_command(v, "cat", NULL, "prints nothing"); /* standard input is empty, nobody is asked */
    expect_command(v, "printf s3cret; exit 3", NULL, "command sh: failed with exit code 3");
    expect_command(v, "kill -9 $$", NULL, "signal 9");
    expect_command(v, "true", NULL, "prints nothing");
    expect_command(v, "echo", NULL, "first line is empty");
    expect_command(v, "head -c 200000 /dev/zero", NULL, "too much");
    expect_command(v, "yes", NULL, "too much"); /* is killed */
    const char *const absent[] = {"ob-no-such-command", NULL};
    expect(v, ob_secret_command(v, absent), NULL, "cannot run");
    const char *const nothing[] = {NULL};
    expect(v, ob_secret_command(v, nothing), NULL, "no program");
    const char *const shell[] = {"echo", "$HOME; `id`", NULL}; /* there is no shell */
    expect(v, ob_secret_command(v, shell), "$HOME; `id`", NULL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
    ob_vault_free(v);
}

/* The helper starts with signals as a fresh program expects them, and without our files. */
static void test_command_surroundings(void **state)
{
    struct ob_vault *v = ob_vault_new();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char *script = ob_xasprintf("test -e /proc/self/fd/%d && echo leaked || echo closed", fd);
    expect_command(v, script, "closed", NULL);
    free(script);
    close(fd);
    signal(SIGPIPE, SIG_IGN);
    expect_command(
        v, "grep SigIgn /proc/self/status | grep -q '0*1000$' && echo ignored || echo usual",
        "usual", NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_IGN); /* then the exit code is lost, and nothing is trusted */
    expect_command(v, "printf s3cret", NULL, "exit code 255");
    signal(SIGCHLD, SIG_DFL);
    ob_vault_free(v);
}

static void test_command_timeout(void **state)
{
    if (!getenv("OB_TEST_SLOW"))
        skip();
    struct ob_vault *v = ob_vault_new();
    int64_t began = ob_mono_ms(ob_clock_real());
    expect_command(v, "exec sleep 60", NULL, "takes longer than 30 s");
    assert_in_range(ob_mono_ms(ob_clock_real()) - began, 29000, 33000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    ob_vault_free(v);
}

static void redacted(struct ob_vault *v, const char *text, const char *want)
{
    const char *got = ob_redact(v, text);
    if (strcmp(got, want) != 0)
        fail_msg("'%s' became '%s', not '%s'", text, got, want);
}

static void test_redact(void **state)
{
    struct ob_vault *v = ob_vault_new();
    int env;
    redacted(NULL, "no vault", "no vault");
    redacted(v, "nothing known", "nothing known");
    ob_secret_literal(v, "hunter2", 7);
    ob_secret_literal(v, "abc", 3); /* too short */
    redacted(v, "", "");
    redacted(v, "abc hunter2", "abc ***");
    redacted(v, "hunter2hunter2", "******");
    redacted(v, "hunter", "hunter");
    redacted(v, "xhunter2y hunterhunter2", "x***y hunter***");
    setenv("OB_TEST_SECRET", "later-one", 1);
    env = ob_secret_env(v, "OB_TEST_SECRET");
    redacted(v, "later-one", "later-one"); /* not read yet, so not known */
    expect(v, env, "later-one", NULL);
    redacted(v, "later-one", "***");
    ob_redact_also(v, "t0ken/+=", 8);
    redacted(v, "t=t0ken/+=;", "t=***;");
    redacted(v, "t=t0ken%2F%2B%3D;", "t=***;");
    redacted(v, "t=t0ken%2f%2b%3d;", "t=***;");
    ob_redact_also(v, "quo\"te\\d", 8);
    redacted(v, "{\"p\":\"quo\\\"te\\\\d\"}", "{\"p\":\"***\"}");
    redacted(v, ob_redact(v, "of its own: hunter2"), "of its own: ***"); /* lent text goes in */
    ob_vault_free(v);
}

/* A message is cut to a length before it is redacted: the end may be half a secret. */
static void test_redact_cut(void **state)
{
    struct ob_vault *v = ob_vault_new();
    ob_redact_also(v, "a-long-secret/of-somebody", 25);
    redacted(v, "key: a-long-secret/of", "key: ***");
    redacted(v, "key: a-long-secret%2Fof", "key: ***");
    redacted(v, "key: a-long-s", "key: ***");
    redacted(v, "key: a-long", "key: a-long");
    redacted(v, "key: a-long-secret and more", "key: a-long-secret and more");
    ob_vault_free(v);
}

static void test_redact_overlap(void **state)
{
    struct ob_vault *v = ob_vault_new();
    ob_redact_also(v, "abcdef", 6);
    ob_redact_also(v, "defghi", 6);
    ob_redact_also(v, "cdef", 4);
    redacted(v, "<abcdefghi>", "<***>");
    redacted(v, "<abcdef>", "<***>");
    redacted(v, "<xcdefghi>", "<x***>");
    ob_vault_free(v);
}

/* Base64 hides a secret at three alignments; no run of it may stay readable. */
static void test_redact_base64(void **state)
{
    static const char secret[] = "Tr0ub4dor&3~?~>";
    struct ob_vault *v = ob_vault_new();
    ob_secret_literal(v, secret, sizeof secret - 1);
    for (int before = 0; before < 7; before++)
        for (int after = 0; after < 4; after++) {
            struct ob_buf b;
            char *text = ob_xasprintf("%.*s%s%.*s", before, "user12:", secret, after, "...");
            ob_buf_init(&b, OB_BUF_SMALL);
            ob_base64(&b, text, strlen(text));
            const char *got = ob_redact(v, ob_buf_str(&b));
            assert_non_null(strstr(got, "***"));
            /* what is left: the neighbours, the characters shared with them, and the padding */
            assert_in_range(strlen(got), 3, (size_t)(3 + (before + after + 2) * 4 / 3 + 4));
            ob_buf_fini(&b);
            free(text);
        }
    ob_vault_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sources),
                                       cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_file_modes),
                                       cmocka_unit_test(test_command),
                                       cmocka_unit_test(test_command_surroundings),
                                       cmocka_unit_test(test_command_timeout),
                                       cmocka_unit_test(test_redact),
                                       cmocka_unit_test(test_redact_cut),
                                       cmocka_unit_test(test_redact_overlap),
                                       cmocka_unit_test(test_redact_base64)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
