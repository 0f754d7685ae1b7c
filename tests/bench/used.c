/* See used.h. As a program (bench_used LABEL COMMAND...) it runs the command and prints one row of
 * what that used. */
#include "used.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

struct used used_by(const char *const *argv, int quiet)
{
    posix_spawn_file_actions_t actions;
    struct rusage r;
    pid_t pid;
    int status;
    double begun = now();
    posix_spawn_file_actions_init(&actions);
    if (quiet)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    errno = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    if (errno || wait4(pid, &status, 0, &r) != pid) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        exit(1);
    }
    posix_spawn_file_actions_destroy(&actions);
    return (struct used){seconds(r.ru_utime), seconds(r.ru_stime), now() - begun, r.ru_maxrss,
                         WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status)};
}
