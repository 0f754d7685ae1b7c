/* See command.h. Called for secrets (secret_read.c) and for what is told to other programs. */
#include "base/command.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"

#define TURN_MS 20 /* how soon the end of a helper that keeps its output open is noticed */

extern char **environ;

enum ob_got ob_read_some(int fd, struct ob_buf *out)
{
    char chunk[4096];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? OB_GOT_NOTHING : OB_GOT_ERROR;
    bool fits = ob_buf_add(out, chunk, (size_t)n);
    OPENSSL_cleanse(chunk, sizeof chunk);
    return n == 0 ? OB_GOT_END : fits ? OB_GOT_MORE : OB_GOT_TOO_MUCH;
}

/* Signals as a fresh program expects them, whatever this one blocks or ignores. */
static void clean_signals(posix_spawnattr_t *attr)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGCHLD);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &usual);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

struct helper {
    const struct ob_command_run *run;
    pid_t pid;
    int in;  /* what it reads */
    int fd;  /* its output */
    int how; /* as waitpid says, once it has ended */
    bool ended;
};

/* All of the input lies in the pipe before anybody reads. Returns 0 or an errno. */
static int lay_input(struct helper *h)
{
    int fds[2];
    if (!h->run->input)
        return (h->in = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0 ? errno : 0;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return errno;
    ssize_t n = write(fds[1], h->run->input, h->run->input_len);
    close(fds[1]);
    fcntl(fds[0], F_SETFL, 0);
    h->in = fds[0];
    return n == (ssize_t)h->run->input_len ? 0 : EMSGSIZE;
}

/* Starts it with its output going into h->fd. Returns 0 or an errno. */
static int start(struct helper *h)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&acts);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_adddup2(&acts, h->in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&acts, fds[1], STDOUT_FILENO);
    clean_signals(&attr);
    int why = posix_spawnp(&h->pid, h->run->argv[0], &acts, &attr, h->run->argv, environ);
    posix_spawn_file_actions_destroy(&acts);
    posix_spawnattr_destroy(&attr);
    close(fds[1]);
    if (why) {
        close(fds[0]);
        return why;
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    h->fd = fds[0];
    return 0;
}

static void look_for_end(struct helper *h)
{
    pid_t who = waitpid(h->pid, &h->how, WNOHANG);
    if (who < 0 && errno == ECHILD)
        h->how = W_EXITCODE(255, 0); /* SIGCHLD is ignored: the code is lost, so trust nothing */
    h->ended = who == h->pid || (who < 0 && errno == ECHILD);
}

/* Reads until the command has ended and its output is drained. An end of output alone is not
 * enough, and a grandchild that holds the pipe open must not keep us. */
static enum ob_status collect(struct helper *h, struct ob_buf *out, struct ob_err *err)
{
    const struct ob_clock *clock = ob_clock_real();
    int64_t deadline = ob_mono_ms(clock) + h->run->most_ms;
    bool open = true;
    for (;;) {
        struct pollfd p = {.fd = open ? h->fd : -1, .events = POLLIN};
        poll(&p, 1, h->ended ? 0 : TURN_MS);
        enum ob_got got = open ? ob_read_some(h->fd, out) : OB_GOT_NOTHING;
        if (got == OB_GOT_TOO_MUCH)
            return ob_fail(err, h->run->status, "command %s: prints too much", h->run->argv[0]);
        open = open && got != OB_GOT_END && got != OB_GOT_ERROR;
        if (h->ended && got != OB_GOT_MORE)
            return OB_OK;
        if (!h->ended)
            look_for_end(h);
        if (!h->ended && ob_mono_ms(clock) > deadline)
            return ob_fail(err, h->run->status, "command %s: takes longer than %d s",
                           h->run->argv[0], (int)(h->run->most_ms / 1000));
    }
}

static void reap(struct helper *h)
{
    if (h->ended)
        return;
    kill(h->pid, SIGKILL);
    while (waitpid(h->pid, &h->how, 0) < 0 && errno == EINTR)
        ;
}

static enum ob_status judge(const struct helper *h, struct ob_err *err)
{
    const char *name = h->run->argv[0];
    if (WIFSIGNALED(h->how))
        return ob_fail(err, h->run->status, "command %s: ended by signal %d", name,
                       WTERMSIG(h->how));
    if (!WIFEXITED(h->how) || WEXITSTATUS(h->how) != 0)
        return ob_fail(err, h->run->status, "command %s: failed with exit code %d", name,
                       WEXITSTATUS(h->how));
    return OB_OK;
}

enum ob_status ob_command_output(const struct ob_command_run *c, struct ob_buf *out,
                                 struct ob_err *err)
{
    struct helper h = {.run = c, .in = -1};
    int why = lay_input(&h);
    if (!why)
        why = start(&h);
    if (h.in >= 0)
        close(h.in);
    if (why)
        return ob_fail(err, c->status, "command %s: cannot run: %s", c->argv[0], strerror(why));
    enum ob_status status = collect(&h, out, err);
    close(h.fd);
    reap(&h);
    return status == OB_OK ? judge(&h, err) : status;
}
