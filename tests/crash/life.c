/* See life.h. */
#include "life.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOO_LONG_US ((int64_t)120 * 1000 * 1000)

int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- the clouds' log ---- */

void sim_log_init(struct sim_log *log, int fd)
{
    *log = (struct sim_log){.fd = fd};
    ob_buf_init(&log->line, OB_BUF_LARGE);
}

void sim_log_fini(struct sim_log *log)
{
    ob_buf_fini(&log->line);
}

static void take_line(struct sim_log *log)
{
    const char *effects = strstr(ob_buf_str(&log->line), "\"effects\":");
    log->requests++;
    if (effects && strtol(effects + strlen("\"effects\":"), NULL, 10) > 0)
        log->effects++;
    ob_buf_clear(&log->line);
}

static void read_log(struct sim_log *log)
{
    char bytes[65536];
    ssize_t n = read(log->fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] == '\n')
            take_line(log);
        else
            ob_buf_addc(&log->line, bytes[i]);
}

/* ---- a life ---- */

void life_begin(struct life *l, char *const *argv, const struct sim_log *log)
{
    posix_spawn_file_actions_t actions;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        die("pipe");
    *l = (struct life){.out = fds[0], .requests = log->requests, .effects = log->effects};
    ob_buf_init(&l->text, OB_BUF_LARGE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    l->begun_us = now_us();
    errno = posix_spawn(&l->pid, argv[0], &actions, NULL, argv, environ);
    if (errno)
        die(argv[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
}

static void read_output(struct life *l)
{
    char bytes[65536];
    ssize_t n = read(l->out, bytes, sizeof bytes);
    if (n > 0) {
        ob_buf_add(&l->text, bytes, (size_t)n);
        l->bytes += n;
    } else {
        close(l->out);
        l->out = -1;
    }
}

static int64_t progress(const struct life *l, const struct sim_log *log, enum moment m)
{
    switch (m) {
    case AT_TIME:
        return now_us() - l->begun_us;
    case AT_OUTPUT:
        return l->bytes;
    case AT_REQUEST:
        return log->requests - l->requests;
    case AT_EFFECT:
        return log->effects - l->effects;
    default:
        return -1;
    }
}

static void shoot(struct life *l, const struct shot *shot)
{
    kill(l->pid, shot->signal);
    l->shot_us = now_us();
    l->shots++;
}

static void consider(struct life *l, const struct sim_log *log, const struct shot *shot)
{
    if (!shot || shot->moment == AT_NEVER)
        return;
    if (l->shots == 0 && progress(l, log, shot->moment) >= shot->at)
        shoot(l, shot);
    else if (l->shots == 1 && shot->again_us && now_us() - l->shot_us >= shot->again_us)
        shoot(l, shot);
}

/* Until the next moment that no file descriptor tells of. */
static struct timespec patience(const struct life *l, const struct shot *shot)
{
    int64_t us = 1000000;
    if (shot && shot->moment == AT_TIME && l->shots == 0)
        us = l->begun_us + shot->at - now_us();
    if (shot && shot->again_us && l->shots == 1)
        us = l->shot_us + shot->again_us - now_us();
    if (us < 0)
        us = 0;
    return (struct timespec){us / 1000000, us % 1000000 * 1000};
}

/* One look at all that can be heard. */
static void listen_to(struct life *l, struct sim_log *log, struct timespec wait)
{
    struct pollfd fds[2] = {{.fd = l->out, .events = POLLIN}, {.fd = log->fd, .events = POLLIN}};
    if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
        die("poll");
    if (fds[1].revents & POLLIN)
        read_log(log);
    if (fds[0].revents)
        read_output(l);
    if (now_us() - l->begun_us > TOO_LONG_US) {
        kill(l->pid, SIGABRT);
        fprintf(stderr, "a process hung for two minutes\n");
        exit(1);
    }
}

bool life_until(struct life *l, struct sim_log *log, enum moment moment, int64_t at)
{
    struct shot look = {.moment = moment, .at = at};
    while (l->out >= 0 && progress(l, log, moment) < at)
        listen_to(l, log, patience(l, &look));
    return l->out >= 0;
}

void life_watch(struct life *l, struct sim_log *log, const struct shot *shot)
{
    int status;
    while (l->out >= 0) {
        listen_to(l, log, patience(l, shot));
        consider(l, log, shot);
    }
    if (waitpid(l->pid, &status, 0) != l->pid)
        die("waitpid");
    l->ended_us = now_us();
    l->code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int life_run(struct life *l, char *const *argv, struct sim_log *log, const struct shot *shot)
{
    life_begin(l, argv, log);
    life_watch(l, log, shot);
    return l->code;
}

void life_fini(struct life *l)
{
    if (l->out >= 0)
        close(l->out);
    ob_buf_fini(&l->text);
}
