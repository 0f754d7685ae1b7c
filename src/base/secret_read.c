/* Where secrets come from outside the process: files that only their owner can read, and commands
 * run without a shell. Checks are made on the open descriptor, so that nothing can be swapped
 * between look and read. The helper inherits the terminal's standard error, to ask there. */
#include "base/secret_internal.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_MS ((int64_t)30 * 1000)
#define TURN_MS    20 /* how soon the end of a helper that keeps its output open is noticed */

extern char **environ;

enum got { GOT_MORE, GOT_NOTHING, GOT_END, GOT_TOO_MUCH, GOT_ERROR };

static enum got read_some(int fd, struct ob_buf *out)
{
    char chunk[4096];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? GOT_NOTHING : GOT_ERROR;
    bool fits = ob_buf_add(out, chunk, (size_t)n);
    OPENSSL_cleanse(chunk, sizeof chunk);
    return n == 0 ? GOT_END : fits ? GOT_MORE : GOT_TOO_MUCH;
}

static enum ob_status check_file(int fd, const char *path, struct ob_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ob_fail(err, OB_ERR_CREDENTIAL, "secret file %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return ob_fail(err, OB_ERR_CREDENTIAL, "secret file %s: is no regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return ob_fail(err, OB_ERR_CREDENTIAL,
                       "secret file %s: belongs to another user (uid %u); make it your own", path,
                       (unsigned)st.st_uid);
    if (st.st_mode & 066)
        return ob_fail(err, OB_ERR_CREDENTIAL,
                       "secret file %s: others can read or write it (mode %04o); run: chmod 600 %s",
                       path, (unsigned)(st.st_mode & 07777), path);
    return OB_OK;
}

static enum ob_status read_fd(int fd, const char *path, struct ob_buf *out, struct ob_err *err)
{
    enum ob_status status = check_file(fd, path, err);
    if (status != OB_OK)
        return status;
    for (;;) {
        switch (read_some(fd, out)) {
        case GOT_MORE:
        case GOT_NOTHING:
            continue;
        case GOT_END:
            return OB_OK;
        case GOT_TOO_MUCH:
            return ob_fail(err, OB_ERR_CREDENTIAL, "secret file %s: is too large for a secret",
                           path);
        case GOT_ERROR:
            return ob_fail(err, OB_ERR_CREDENTIAL, "secret file %s: %s", path, strerror(errno));
        }
    }
}

enum ob_status ob_secret_read_file(const char *path, struct ob_buf *out, struct ob_err *err)
{
    char *real = ob_path_expand(path);
    enum ob_status status;
    /* O_NONBLOCK: opening a FIFO must not hang before fstat can refuse it */
    int fd = open(real, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) {
        status = read_fd(fd, real, out, err);
        close(fd);
    } else if (errno == ELOOP) {
        status = ob_fail(err, OB_ERR_CREDENTIAL,
                         "secret file %s: is a symbolic link; name the file itself", real);
    } else {
        status = ob_fail(err, OB_ERR_CREDENTIAL, "secret file %s: %s", real, strerror(errno));
    }
    free(real);
    return status;
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
    const char *name;
    pid_t pid;
    int fd;  /* its output */
    int how; /* as waitpid says, once it has ended */
    bool ended;
};

/* Starts argv with its output going into h->fd. Returns 0 or an errno. */
static int start(struct helper *h, char *const *argv)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&acts);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&acts, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&acts, fds[1], STDOUT_FILENO);
    clean_signals(&attr);
    int why = posix_spawnp(&h->pid, argv[0], &acts, &attr, argv, environ);
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
    int64_t deadline = ob_mono_ms(clock) + COMMAND_MS;
    bool open = true;
    for (;;) {
        struct pollfd p = {.fd = open ? h->fd : -1, .events = POLLIN};
        poll(&p, 1, h->ended ? 0 : TURN_MS);
        enum got got = open ? read_some(h->fd, out) : GOT_NOTHING;
        if (got == GOT_TOO_MUCH)
            return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: prints too much for a secret",
                           h->name);
        open = open && got != GOT_END && got != GOT_ERROR;
        if (h->ended && got != GOT_MORE)
            return OB_OK;
        if (!h->ended)
            look_for_end(h);
        if (!h->ended && ob_mono_ms(clock) > deadline)
            return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: takes longer than 30 s", h->name);
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

static enum ob_status judge(int how, const struct ob_buf *out, const char *name, struct ob_err *err)
{
    if (WIFSIGNALED(how))
        return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: ended by signal %d", name,
                       WTERMSIG(how));
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: failed with exit code %d", name,
                       WEXITSTATUS(how));
    if (!out->len)
        return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: prints nothing", name);
    return OB_OK;
}

/* Messages name the command only: its arguments may be somebody's. */
enum ob_status ob_secret_read_command(char *const *argv, struct ob_buf *out, struct ob_err *err)
{
    if (!argv[0] || !*argv[0])
        return ob_fail(err, OB_ERR_CREDENTIAL, "secret command: no program is named");
    struct helper h = {.name = argv[0]};
    int why = start(&h, argv);
    if (why)
        return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: cannot run: %s", argv[0],
                       strerror(why));
    enum ob_status status = collect(&h, out, err);
    close(h.fd);
    reap(&h);
    return status == OB_OK ? judge(h.how, out, h.name, err) : status;
}
