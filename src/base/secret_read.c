/* Where secrets come from outside the process: files that only their owner can read, and commands
 * run without a shell. Checks are made on the open descriptor, so that nothing can be swapped
 * between look and read. */
#include "base/secret_internal.h"
#include "base/command.h"
#include "base/file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_MS ((int64_t)30 * 1000)

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
        switch (ob_read_some(fd, out)) {
        case OB_GOT_MORE:
        case OB_GOT_NOTHING:
            continue;
        case OB_GOT_END:
            return OB_OK;
        case OB_GOT_TOO_MUCH:
            return ob_fail(err, OB_ERR_CREDENTIAL, "secret file %s: is too large for a secret",
                           path);
        case OB_GOT_ERROR:
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

enum ob_status ob_secret_read_command(char *const *argv, struct ob_buf *out, struct ob_err *err)
{
    const struct ob_command_run run = {
        .argv = argv, .most_ms = COMMAND_MS, .status = OB_ERR_CREDENTIAL};
    if (!argv[0] || !*argv[0])
        return ob_fail(err, OB_ERR_CREDENTIAL, "secret command: no program is named");
    enum ob_status status = ob_command_output(&run, out, err);
    if (status == OB_OK && !out->len)
        return ob_fail(err, OB_ERR_CREDENTIAL, "command %s: prints nothing", argv[0]);
    return status;
}
