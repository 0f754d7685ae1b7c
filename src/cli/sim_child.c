/* The command that `offboard sim ... -- COMMAND` runs, and the signals around it. A signal from the
 * terminal reaches the whole process group, the child included; only one that was sent to us alone
 * is handed on, or the child would think that somebody pressed Ctrl-C twice. */
#include "cli/sim.h"
#include "base/mem.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void signals_of(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGCHLD);
}

void ob_sim_block_signals(void)
{
    sigset_t set;
    signals_of(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void ob_sim_wait(void)
{
    sigset_t set;
    int which;
    signals_of(&set);
    sigdelset(&set, SIGCHLD);
    while (sigwait(&set, &which) != 0)
        ;
}

/* The child begins with nothing blocked and with the signals that we ignore as they
 * ought to be. */
static int spawn(char *const *argv, pid_t *pid)
{
    posix_spawnattr_t attr;
    sigset_t none, defaults;
    sigemptyset(&none);
    signals_of(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    int error = posix_spawnp(pid, argv[0], NULL, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    return error;
}

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The wait is timed, so that a lost SIGCHLD costs a second and not for ever. */
static int wait_child(pid_t pid)
{
    sigset_t set;
    siginfo_t info;
    int status;
    const struct timespec second = {.tv_sec = 1};
    signals_of(&set);
    while (waitpid(pid, &status, WNOHANG) != pid) {
        int got = sigtimedwait(&set, &info, &second);
        if ((got == SIGINT || got == SIGTERM) && info.si_code == SI_USER)
            kill(pid, got);
    }
    return code_of(status);
}

enum ob_status ob_sim_child(const struct ob_value *exec, int *code, struct ob_err *err)
{
    size_t count = ob_list_count(exec);
    char **argv = ob_xcalloc(count + 1, sizeof *argv);
    pid_t pid = -1;
    for (size_t i = 0; i < count; i++)
        argv[i] = ob_xstrdup(ob_value_str(ob_list_at(exec, i)));
    int error = spawn(argv, &pid);
    enum ob_status status = OB_OK;
    if (error)
        status = ob_fail(err, OB_ERR, "%s: cannot be run: %s", argv[0], strerror(error));
    else
        *code = wait_child(pid);
    for (size_t i = 0; i < count; i++)
        free(argv[i]);
    free(argv);
    return status;
}
