/* Locks of runs: byte N of the file PATH-lock is locked while run N is carried out. Open file
 * description locks, because the older kind belongs to the process and would let two ledgers
 * opened in one process share a run. The holder leaves its process id in the file for the
 * message; the lock alone decides. Called by the ledger. */
#include "ledger/lock.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_TEXT 16 /* bytes of the file that belong to one run */

void ob_lock_init(struct ob_lock *k, const char *beside)
{
    k->path = beside ? ob_xasprintf("%s-lock", beside) : NULL;
    k->fd = -1;
}

void ob_lock_fini(struct ob_lock *k)
{
    if (k->fd >= 0)
        close(k->fd);
    free(k->path);
    ob_lock_init(k, NULL);
}

static enum ob_status open_file(struct ob_lock *k, struct ob_err *err)
{
    if (k->fd >= 0)
        return OB_OK;
    k->fd = open(k->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (k->fd < 0)
        return ob_fail(err, OB_ERR, "lock file %s: %s", k->path, strerror(errno));
    (void)fchmod(k->fd, 0600); /* fails only for a file of somebody else, which is theirs to set */
    return OB_OK;
}

static int set(int fd, int64_t run, short type)
{
    struct flock f = {.l_type = type, .l_whence = SEEK_SET, .l_start = run, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &f) == 0 ? 0 : errno;
}

static void note_pid(int fd, int64_t run, pid_t pid)
{
    char text[PID_TEXT] = "";
    if (pid)
        snprintf(text, sizeof text, "%ld", (long)pid);
    /* Only the message of another process misses it. */
    if (pwrite(fd, text, sizeof text, run * PID_TEXT) < 0)
        return;
}

static long read_pid(int fd, int64_t run)
{
    char text[PID_TEXT + 1] = "";
    if (pread(fd, text, PID_TEXT, run * PID_TEXT) <= 0)
        return 0;
    return strtol(text, NULL, 10);
}

static enum ob_status in_use(const struct ob_lock *k, int64_t run, struct ob_err *err)
{
    long pid = read_pid(k->fd, run);
    if (pid == (long)getpid())
        return ob_fail(err, OB_ERR_LOCKED, "run %" PRId64 " is in use by this process", run);
    if (pid > 0)
        return ob_fail(err, OB_ERR_LOCKED, "run %" PRId64 " is in use by another process (pid %ld)",
                       run, pid);
    return ob_fail(err, OB_ERR_LOCKED, "run %" PRId64 " is in use by another process", run);
}

enum ob_status ob_lock_take(struct ob_lock *k, int64_t run, struct ob_err *err)
{
    if (!k->path)
        return OB_OK;
    enum ob_status st = open_file(k, err);
    if (st != OB_OK)
        return st;
    int failure = set(k->fd, run, F_WRLCK);
    if (failure == EAGAIN || failure == EACCES)
        return in_use(k, run, err);
    if (failure)
        return ob_fail(err, OB_ERR, "lock file %s: run %" PRId64 ": %s", k->path, run,
                       strerror(failure));
    note_pid(k->fd, run, getpid());
    return OB_OK;
}

void ob_lock_drop(struct ob_lock *k, int64_t run)
{
    if (k->fd < 0)
        return;
    note_pid(k->fd, run, 0);
    (void)set(k->fd, run, F_UNLCK);
}
