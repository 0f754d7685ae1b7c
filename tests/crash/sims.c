/* See sims.h. */
#include "sims.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"

#define WORDS_MAX 40

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- folders ---- */

char *folder_make(const char *name)
{
    const char *base = getenv("TMPDIR");
    char *path = ob_xasprintf("%s/offboard-%s-XXXXXX", base && *base ? base : "/tmp", name);
    if (!mkdtemp(path))
        die(path);
    return path;
}

static int drop_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void folder_drop(const char *folder)
{
    nftw(folder, drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

void folder_read(const char *folder, const char *name, struct ob_buf *out)
{
    struct ob_err err;
    char *path = ob_xasprintf("%s/%s", folder, name);
    ob_buf_init(out, OB_BUF_LARGE);
    if (ob_file_read(path, OB_BUF_LARGE, out, OB_ERR, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    free(path);
}

void folder_write(const char *folder, const char *name, const struct ob_buf *text)
{
    struct ob_err err;
    char *path = ob_xasprintf("%s/%s", folder, name);
    if (ob_file_write(path, ob_buf_str(text), text->len, 0600, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    free(path);
}

void folder_lift_limits(const char *folder)
{
    static const char lifted[] = "  limit = { users = \"unlimited\", share = \"unlimited\", "
                                 "day = \"unlimited\", week = \"unlimited\" },\n";
    struct ob_buf was, now;
    folder_read(folder, "targets.lua", &was);
    ob_buf_init(&now, OB_BUF_LARGE);
    for (const char *at = ob_buf_str(&was); *at;) {
        size_t n = strcspn(at, "\n");
        bool begins = strncmp(at, "target ", 7) == 0;
        ob_buf_add(&now, at, n += at[n] == '\n');
        if (begins)
            ob_buf_adds(&now, lifted);
        at += n;
    }
    folder_write(folder, "targets.lua", &now);
    ob_buf_fini(&was);
    ob_buf_fini(&now);
}

const char *own_path(void)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        die("/proc/self/exe");
    path[n] = '\0';
    return path;
}

/* ---- a simulator ---- */

static pid_t spawn(const char *const *argv, const char *folder)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    char *said = ob_xasprintf("%s/said", folder);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
                                     0600);
    errno = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    if (errno)
        die(argv[0]);
    posix_spawn_file_actions_destroy(&actions);
    free(said);
    return pid;
}

static size_t add_words(const char **argv, size_t n, const char *const *more)
{
    while (*more && n < WORDS_MAX - 2)
        argv[n++] = *more++;
    return n;
}

pid_t sim_start(const struct sim_options *o, const char *folder, const char *const *inside)
{
    int fds[2];
    char reader[16];
    if (pipe(fds) != 0)
        die("pipe");
    char *log = ob_xasprintf("/proc/self/fd/%d", fds[1]);
    char *leavers = ob_xasprintf("%s/leavers.csv", folder);
    char *targets = ob_xasprintf("%s/targets.lua", folder);
    const char *const sim[] = {o->offboard,       "sim",       "--people",  o->people,
                               "--seed",          "7",         "--leavers", leavers,
                               "--leavers-count", o->leavers,  "--faults",  o->faults,
                               "--contract",      o->contract, "--targets", targets,
                               "--log",           log,         "--",        NULL};
    const char *argv[WORDS_MAX];
    size_t n = add_words(argv, add_words(argv, 0, sim), inside);
    snprintf(reader, sizeof reader, "%d", fds[0]);
    argv[n++] = reader;
    argv[n] = NULL;
    pid_t pid = spawn(argv, folder);
    close(fds[0]);
    close(fds[1]);
    free(log);
    free(leavers);
    free(targets);
    return pid;
}
