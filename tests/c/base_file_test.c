/* Files, folders and where they belong, in a folder of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"

static char dir[] = "/tmp/ob-file-XXXXXX";

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

static void test_write_read(void **state)
{
    struct ob_buf b;
    struct ob_err err;
    struct stat st;
    ob_buf_init(&b, OB_BUF_LARGE);
    umask(0077);
    assert_int_equal(ob_file_write("f", "one\0two", 7, 0644, &err), OB_OK);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644); /* as given, whatever the umask */
    assert_int_equal(ob_file_read("f", 7, &b, OB_ERR_INPUT, &err), OB_OK);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.p, "one\0two", 7);
    ob_buf_clear(&b);
    assert_int_equal(ob_file_write("f", "", 0, 0600, &err), OB_OK);
    assert_int_equal(ob_file_read("f", 7, &b, OB_ERR_INPUT, &err), OB_OK);
    assert_int_equal(b.len, 0);
    assert_int_equal(system("test \"$(ls -A)\" = f"), 0); /* nothing left beside it */
    ob_buf_fini(&b);
}

static void test_errors(void **state)
{
    struct ob_buf b;
    struct ob_err err;
    ob_buf_init(&b, OB_BUF_LARGE);
    assert_int_equal(ob_file_read("absent", 10, &b, OB_ERR_INPUT, &err), OB_ERR_INPUT);
    assert_string_equal(err.message, "absent: cannot open: No such file or directory");
    assert_int_equal(ob_file_write("f", "12345", 5, 0600, &err), OB_OK);
    assert_int_equal(ob_file_read("f", 4, &b, OB_ERR_POLICY, &err), OB_ERR_POLICY);
    assert_non_null(strstr(err.message, "f: larger than 4 bytes"));
    assert_int_equal(ob_file_read(".", 4, &b, OB_ERR, &err), OB_ERR);
    assert_int_equal(ob_file_write("no/such/f", "x", 1, 0600, &err), OB_ERR);
    assert_non_null(strstr(err.message, "no/such/f: cannot write"));
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(ob_file_write("d", "x", 1, 0600, &err), OB_ERR); /* rename fails */
    assert_int_equal(system("test -z \"$(ls -A | grep 'd\\.')\""), 0);
    ob_buf_fini(&b);
    ob_buf_init(&b, 2); /* the buffer's own maximum counts too */
    assert_int_equal(ob_file_read("f", 100, &b, OB_ERR, &err), OB_ERR);
    ob_buf_fini(&b);
}

static void test_standard_input(void **state)
{
    struct ob_buf b;
    struct ob_err err;
    int keep = dup(STDIN_FILENO), fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "piped", 5), 5);
    close(fds[1]);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    ob_buf_init(&b, OB_BUF_SMALL);
    assert_int_equal(ob_file_read("-", 100, &b, OB_ERR, &err), OB_OK);
    assert_string_equal(ob_buf_str(&b), "piped");
    dup2(keep, STDIN_FILENO);
    close(keep);
    ob_buf_fini(&b);
}

static void test_dir_make(void **state)
{
    struct ob_err err;
    struct stat st;
    char *absolute = ob_xasprintf("%s/abs/x", dir);
    assert_int_equal(ob_dir_make("p/q//r/", &err), OB_OK);
    assert_int_equal(stat("p/q/r", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(ob_dir_make("p/q/r", &err), OB_OK);
    assert_int_equal(ob_dir_make(absolute, &err), OB_OK);
    assert_int_equal(ob_dir_make("/", &err), OB_OK);
    assert_int_equal(ob_file_write("plain", "", 0, 0600, &err), OB_OK);
    assert_int_equal(ob_dir_make("plain/x", &err), OB_ERR);
    assert_non_null(strstr(err.message, "plain: cannot make the folder: Not a directory"));
    free(absolute);
}

static void expect(char *got, const char *want)
{
    assert_string_equal(got, want);
    free(got);
}

static void test_paths(void **state)
{
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_STATE_HOME");
    expect(ob_xdg_config("targets.lua"), "/home/me/.config/offboard/targets.lua");
    expect(ob_xdg_state("ledger.db"), "/home/me/.local/state/offboard/ledger.db");
    expect(ob_xdg_state(NULL), "/home/me/.local/state/offboard");
    setenv("XDG_CONFIG_HOME", "/etc/x", 1);
    setenv("XDG_STATE_HOME", "relative is ignored", 1);
    expect(ob_xdg_config("t"), "/etc/x/offboard/t");
    expect(ob_xdg_state("t"), "/home/me/.local/state/offboard/t");
    expect(ob_path_expand("~/x"), "/home/me/x");
    expect(ob_path_expand("~"), "/home/me");
    expect(ob_path_expand("~other/x"), "~other/x");
    expect(ob_path_expand("a/~/x"), "a/~/x");
    expect(ob_path_beside("/etc/ob/policy.lua", "leavers.csv"), "/etc/ob/leavers.csv");
    expect(ob_path_beside("dir/policy.lua", "../l.csv"), "dir/../l.csv");
    expect(ob_path_beside("policy.lua", "l.csv"), "l.csv");
    expect(ob_path_beside("/policy.lua", "l.csv"), "/l.csv");
    expect(ob_path_beside("dir/policy.lua", "/abs"), "/abs");
    expect(ob_path_beside("dir/policy.lua", "~/l.csv"), "/home/me/l.csv");
    unsetenv("HOME");
    char *p = ob_path_expand("~/x"); /* from the password file */
    assert_true(p[0] == '/' && strlen(p) > 2);
    free(p);
}

/* A source that is written while it is read is two halves of two files. */
static void test_whole(void **state)
{
    struct ob_buf b;
    struct ob_err err;
    int64_t at = 1;
    struct timespec times[2] = {{1000, 0}, {1234567890, 500000000}};
    (void)state;
    ob_buf_init(&b, OB_BUF_LARGE);
    assert_int_equal(ob_file_write("w", "12345", 5, 0600, &err), OB_OK);
    assert_int_equal(utimensat(AT_FDCWD, "w", times, 0), 0);
    assert_int_equal(ob_file_read_whole("w", 10, &b, &at, OB_ERR_INPUT, &err), OB_OK);
    assert_int_equal(at, 1234567890500);
    assert_string_equal(ob_buf_str(&b), "12345");
    assert_int_equal(ob_file_read_whole("absent", 10, &b, &at, OB_ERR_INPUT, &err), OB_ERR_INPUT);
    assert_string_equal(err.message, "absent: cannot open: No such file or directory");
    assert_int_equal(ob_file_read_whole("w", 4, &b, &at, OB_ERR_INPUT, &err), OB_ERR_INPUT);
    ob_buf_fini(&b);
    /* of a pipe nobody knows how old it is */
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("pipe", O_WRONLY);
        _exit(write(fd, "piped", 5) == 5 ? 0 : 1);
    }
    ob_buf_init(&b, OB_BUF_LARGE);
    assert_int_equal(ob_file_read_whole("pipe", 10, &b, &at, OB_ERR_INPUT, &err), OB_OK);
    assert_int_equal(at, 0);
    assert_string_equal(ob_buf_str(&b), "piped");
    waitpid(pid, NULL, 0);
    ob_buf_fini(&b);
}

/* The writer is at work all the time: what is read is one of its files, or an error. */
static void test_changes_while_read(void **state)
{
    const size_t size = (size_t)4 * 1024 * 1024;
    char *text = ob_xcalloc(size, 1);
    struct ob_err err;
    int refused = 0;
    (void)state;
    memset(text, 'a', size);
    assert_int_equal(ob_file_write("busy", text, size, 0600, &err), OB_OK);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("busy", O_WRONLY);
        for (long i = 0; fd >= 0; i++)
            if (pwrite(fd, i % 2 ? "b" : "c", 1, (off_t)(i % (long)size)) != 1)
                break;
        _exit(1);
    }
    for (int i = 0; i < 200 && !refused; i++) {
        struct ob_buf b;
        int64_t at;
        ob_buf_init(&b, OB_BUF_LARGE);
        refused += ob_file_read_whole("busy", size, &b, &at, OB_ERR_INPUT, &err) == OB_ERR_INPUT;
        ob_buf_fini(&b);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(refused, 1);
    assert_string_equal(err.message,
                        "busy: it was changed while it was read; wait until it is written");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write_read),
                                       cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_standard_input),
                                       cmocka_unit_test(test_dir_make),
                                       cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_whole),
                                       cmocka_unit_test(test_changes_while_read)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
