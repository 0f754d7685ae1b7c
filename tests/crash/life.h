/* One run of a program, watched from outside: what it prints is kept, what it asks of the simulated
 * clouds is counted as it happens, and at a chosen moment it is shot. Nothing sleeps: all waiting
 * is poll(). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"

enum moment { /* what `at` of a shot counts, from the start of the program */
              AT_NEVER,
              AT_TIME,    /* microseconds */
              AT_OUTPUT,  /* bytes on its standard output */
              AT_REQUEST, /* requests that the clouds have answered; the answer may be on its way */
              AT_EFFECT,  /* of these, the ones that changed something */
              MOMENTS,
};

struct shot {
    enum moment moment;
    int64_t at;
    int signal;
    int64_t again_us; /* the same signal once more, so long after it; 0: no */
};

/* The simulator's log, read from a pipe. Its requests are counted wherever they come from. */
struct sim_log {
    int fd;
    struct ob_buf line;
    int64_t requests, effects;
};
void sim_log_init(struct sim_log *log, int fd);
void sim_log_fini(struct sim_log *log);

struct life {
    pid_t pid;
    int out; /* -1: its output was read to the end */
    struct ob_buf text;
    int64_t begun_us, shot_us, ended_us;
    int64_t requests, effects; /* of the log when it began */
    int64_t bytes;
    int shots;
    int code; /* exit code, or minus the signal that ended it */
};

/* Starts argv[0] with its standard output in a pipe. Ends this process when that fails. */
void life_begin(struct life *l, char *const *argv, const struct sim_log *log);
/* Watches until `moment` has come to `at`. False when it ended before. */
bool life_until(struct life *l, struct sim_log *log, enum moment moment, int64_t at);
/* Watches until it ended; `shot` may be NULL. Ends this process after two minutes. */
void life_watch(struct life *l, struct sim_log *log, const struct shot *shot);
/* Both, in one: the code. */
int life_run(struct life *l, char *const *argv, struct sim_log *log, const struct shot *shot);
void life_fini(struct life *l);

int64_t now_us(void);
