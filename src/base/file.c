/* Whole files, and where they belong. Writing goes beside and renames, so that a reader sees the
 * old bytes or the new ones, and a crash leaves one of the two. No locks: those are the ledger's.
 */
#include "base/file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum ob_status read_all(int fd, const char *path, size_t max, struct ob_buf *out,
                               enum ob_status status, struct ob_err *err)
{
    char chunk[16384];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ob_fail(err, status, "%s: cannot read: %s", path, strerror(errno));
        if (n == 0)
            return OB_OK;
        total += (size_t)n;
        if (total > max || !ob_buf_add(out, chunk, (size_t)n))
            return ob_fail(err, status, "%s: larger than %zu bytes", path, max);
    }
}

enum ob_status ob_file_read(const char *path, size_t max, struct ob_buf *out, enum ob_status status,
                            struct ob_err *err)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", max, out, status, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ob_fail(err, status, "%s: cannot open: %s", path, strerror(errno));
    enum ob_status result = read_all(fd, path, max, out, status, err);
    close(fd);
    return result;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Somebody writes it at this moment: what was read is half of it, or of two. */
static bool has_changed(const struct stat *before, const struct stat *after, size_t len)
{
    return before->st_size != after->st_size || (uint64_t)after->st_size != len ||
           !same_time(&before->st_mtim, &after->st_mtim);
}

enum ob_status ob_file_read_whole(const char *path, size_t max, struct ob_buf *out,
                                  int64_t *mtime_ms, enum ob_status status, struct ob_err *err)
{
    struct stat before, after;
    size_t had = out->len;
    *mtime_ms = 0;
    if (strcmp(path, "-") == 0)
        return ob_file_read(path, max, out, status, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &before) != 0) {
        enum ob_status st = ob_fail(err, status, "%s: cannot open: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    enum ob_status st = read_all(fd, path, max, out, status, err);
    if (st == OB_OK && S_ISREG(before.st_mode)) {
        *mtime_ms = (int64_t)before.st_mtim.tv_sec * 1000 + before.st_mtim.tv_nsec / 1000000;
        if (fstat(fd, &after) != 0 || has_changed(&before, &after, out->len - had))
            st = ob_fail(err, status,
                         "%s: it was changed while it was read; wait until it is written", path);
    }
    close(fd);
    return st;
}

static bool write_all(int fd, const void *p, size_t len)
{
    const char *at = p;
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* The length of the folder part of a path, without its '/'; 0 when there is none. */
static size_t folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

/* Makes the rename itself durable. Some file systems refuse to sync a folder; that is no error. */
static void sync_folder(const char *path)
{
    size_t n = folder_len(path);
    char *folder = n ? ob_xmemdup(path, n) : ob_xstrdup(path[0] == '/' ? "/" : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

/* Fills and names the new file; errno says what went wrong. */
static bool write_beside(const char *path, char *beside, const void *p, size_t len, int mode)
{
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, p, len) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(beside, path) != 0) {
        ok = false;
        why = errno;
    }
    if (!ok)
        unlink(beside);
    errno = why;
    return ok;
}

enum ob_status ob_file_write(const char *path, const void *p, size_t len, int mode,
                             struct ob_err *err)
{
    enum ob_status status = OB_OK;
    char *beside = ob_xasprintf("%s.XXXXXX", path);
    if (write_beside(path, beside, p, len, mode))
        sync_folder(path);
    else
        status = ob_fail(err, OB_ERR, "%s: cannot write: %s", path, strerror(errno));
    free(beside);
    return status;
}

static bool make_one(const char *path)
{
    struct stat st;
    if (mkdir(path, 0700) == 0)
        return true;
    if (errno != EEXIST)
        return false;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    errno = ENOTDIR;
    return false;
}

enum ob_status ob_dir_make(const char *path, struct ob_err *err)
{
    enum ob_status status = OB_OK;
    char *part = ob_xstrdup(path);
    for (char *at = part; status == OB_OK && *at;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char end = *at;
        *at = '\0';
        if (*part && !make_one(part))
            status = ob_fail(err, OB_ERR, "%s: cannot make the folder: %s", part, strerror(errno));
        *at = end;
    }
    free(part);
    return status;
}

/* HOME, or what the password file says: cron and systemd may leave HOME out. */
static const char *home(void)
{
    const char *h = getenv("HOME");
    if (h && h[0] == '/')
        return h;
    const struct passwd *pw = getpwuid(getuid());
    return pw && pw->pw_dir ? pw->pw_dir : "/";
}

/* The specification has relative values ignored. */
static char *xdg(const char *variable, const char *dflt, const char *name)
{
    const char *root = getenv(variable);
    const char *slash = name && *name ? "/" : "";
    if (!name)
        name = "";
    if (root && root[0] == '/')
        return ob_xasprintf("%s/offboard%s%s", root, slash, name);
    return ob_xasprintf("%s/%s/offboard%s%s", home(), dflt, slash, name);
}

char *ob_xdg_config(const char *name)
{
    return xdg("XDG_CONFIG_HOME", ".config", name);
}

char *ob_xdg_state(const char *name)
{
    return xdg("XDG_STATE_HOME", ".local/state", name);
}

char *ob_path_expand(const char *path)
{
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0'))
        return ob_xasprintf("%s%s", home(), path + 1);
    return ob_xstrdup(path);
}

char *ob_path_beside(const char *beside, const char *file)
{
    if (file[0] == '/' || (file[0] == '~' && file[1] == '/'))
        return ob_path_expand(file);
    size_t n = folder_len(beside);
    if (!n && beside[0] != '/')
        return ob_xstrdup(file);
    return ob_xasprintf("%.*s/%s", (int)n, beside, file);
}
