/* Who may read the ledger: it holds names of people, so the file, its folder when we make it,
 * and the files that SQLite puts beside it belong to one user. Knows no SQL. An existing file is
 * never opened here: closing any descriptor of it would drop the POSIX locks that SQLite holds
 * on it in this process. Called by ob_ledger_open(). */
#include "ledger/file.h"
#include "base/file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ob_xstrdup(".");
    return slash == path ? ob_xstrdup("/") : ob_xmemdup(path, (size_t)(slash - path));
}

static enum ob_status fail(const char *path, const char *what, struct ob_err *err)
{
    return ob_fail(err, OB_ERR, "ledger %s: %s: %s", path, what, strerror(errno));
}

/* The name itself must survive a power cut too. Some file systems cannot sync a folder. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static enum ob_status make_file(const char *path, const char *folder, struct ob_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? OB_OK : fail(path, "cannot make the file", err);
    int failed = fchmod(fd, 0600); /* whatever the umask says */
    close(fd);
    if (failed)
        return fail(path, "cannot set its rights", err);
    sync_folder(folder);
    return OB_OK;
}

/* A file of somebody else keeps its rights: they are not ours to set, and opening will tell. */
static void tighten(const char *real, const char *suffix)
{
    struct stat st;
    char *path = ob_xasprintf("%s%s", real, suffix);
    if (stat(path, &st) == 0 && (st.st_mode & 077))
        (void)!chmod(path, st.st_mode & 0700);
    free(path);
}

static enum ob_status find_file(const char *path, char **real, struct ob_err *err)
{
    struct stat st;
    *real = realpath(path, NULL);
    if (!*real || stat(*real, &st) != 0)
        return fail(path, "cannot open", err);
    if (!S_ISREG(st.st_mode))
        return ob_fail(err, OB_ERR, "ledger %s: not a regular file", path);
    tighten(*real, "");
    tighten(*real, "-wal");
    tighten(*real, "-shm");
    return OB_OK;
}

enum ob_status ob_ledger_file_make(const char *path, char **real, struct ob_err *err)
{
    *real = NULL;
    char *folder = folder_of(path);
    enum ob_status st = ob_dir_make(folder, err);
    if (st != OB_OK)
        ob_err_prefix(err, "ledger %s", path);
    else
        st = make_file(path, folder, err);
    if (st == OB_OK)
        st = find_file(path, real, err);
    if (st != OB_OK) {
        free(*real);
        *real = NULL;
    }
    free(folder);
    return st;
}
