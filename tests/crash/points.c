/* A library to be preloaded: counts the moments at which it matters whether a process dies, before
 * and after each send to a cloud and each commit that reaches the disk, and kills it at the one
 * that CRASH_POINT names. So a sweep over 1, 2, 3, ... dies everywhere once. */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_long passed;
static long fatal;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("CRASH_POINT");
    fatal = text ? strtol(text, NULL, 10) : 0;
}

static void point(void)
{
    if (atomic_fetch_add(&passed, 1) + 1 == fatal)
        kill(getpid(), SIGKILL);
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    point();
    int result = real(fd);
    point();
    return result;
}

ssize_t send(int fd, const void *p, size_t len, int flags)
{
    typedef ssize_t send_type(int, const void *, size_t, int);
    send_type *real = (send_type *)dlsym(RTLD_NEXT, "send");
    point();
    ssize_t sent = real(fd, p, len, flags);
    point();
    return sent;
}
