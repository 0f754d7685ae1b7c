/* What lies beside the ledger for its chain: LEDGER.key, the installation's key, 0600; LEDGER.pub,
 * its public half, for auditors; LEDGER.head, the latest head, so that an older copy of the ledger
 * that was put back is noticed. Called by audit.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "ledger/audit.h"

#define HEAD_FILE 320 /* always as long, so that it is overwritten in one piece */

/* ---- the key ---- */

static bool is_missing(const char *path)
{
    return access(path, F_OK) != 0 && errno == ENOENT;
}

bool ob_audit_key_there(const struct ob_audit *a)
{
    return !is_missing(a->key_path);
}

static enum ob_status key_gone(struct ob_ledger *l, struct ob_err *err)
{
    return ob_audit_refuse(l, err,
                           "its key %s is gone, and without it nothing can be added to its chain;"
                           " put it back from a backup, or keep this ledger for the auditors and"
                           " begin another one (--ledger)",
                           l->audit->key_path);
}

static enum ob_status read_or_make(struct ob_ledger *l, bool chained, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    if (!is_missing(a->key_path))
        return ob_key_read_private(&a->key, a->key_path, err);
    if (chained)
        return key_gone(l, err);
    a->key = ob_key_new();
    return ob_key_write_private(a->key, a->key_path, err);
}

enum ob_status ob_audit_key_need(struct ob_ledger *l, bool chained, struct ob_err *err)
{
    struct ob_audit *a = l->audit;
    struct ob_err why = {0};
    if (a->key)
        return OB_OK;
    enum ob_status st = read_or_make(l, chained, &why);
    if (st == OB_OK && is_missing(a->pub_path))
        st = ob_key_write_public(a->key, a->pub_path, &why);
    if (st == OB_OK)
        return OB_OK;
    ob_key_free(a->key);
    a->key = NULL;
    if (st == OB_ERR_AUDIT) { /* it was told whole */
        if (err)
            *err = why;
        return st;
    }
    return ob_ledger_refuse(l, err, "%s", why.message);
}

/* ---- the latest head ---- */

static enum ob_status parse_file(const char *path, const char *text, struct ob_head *h,
                                 struct ob_err *err)
{
    if (ob_head_parse(text, h))
        return OB_OK;
    return ob_fail(err, OB_ERR_AUDIT,
                   "%s: is not the head of a ledger; move it away after offboard verify", path);
}

enum ob_status ob_head_file_read(const char *path, struct ob_head *h, bool *there,
                                 struct ob_err *err)
{
    char text[HEAD_FILE + 1] = "";
    *there = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return OB_OK;
    if (fd < 0)
        return ob_fail(err, OB_ERR, "%s: cannot open: %s", path, strerror(errno));
    ssize_t n = pread(fd, text, HEAD_FILE, 0);
    int why = errno;
    close(fd);
    if (n < 0)
        return ob_fail(err, OB_ERR, "%s: cannot read: %s", path, strerror(why));
    if (!*text) /* a crash between making it and writing it; of the machine, it may be all zeros */
        return OB_OK;
    *there = true;
    return parse_file(path, text, h, err);
}

static void fill(char text[HEAD_FILE], const struct ob_head *h, const struct ob_key *key)
{
    char print[OB_SHA256_HEX];
    struct ob_buf json;
    ob_buf_init(&json, OB_BUF_SMALL);
    ob_head_json(h, ob_key_print(key, print), &json);
    memset(text, ' ', HEAD_FILE);
    memcpy(text, ob_buf_str(&json), json.len < HEAD_FILE ? json.len : HEAD_FILE - 1);
    text[HEAD_FILE - 1] = '\n';
    ob_buf_fini(&json);
}

/* Another process may have written a later one meanwhile. The file helps to notice; the chain does
 * not depend on it, so a disk that is full is no failure of the commit, which is done. */
void ob_head_file_write(const char *path, const struct ob_head *h, const struct ob_key *key)
{
    char text[HEAD_FILE + 1] = "";
    struct ob_head known;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    (void)fcntl(fd, F_OFD_SETLKW, &whole);
    bool later =
        pread(fd, text, HEAD_FILE, 0) > 0 && ob_head_parse(text, &known) && known.seq > h->seq;
    fill(text, h, key);
    if (!later)
        (void)!pwrite(fd, text, HEAD_FILE, 0);
    close(fd);
}

char *ob_ledger_pub_path(const char *path)
{
    char *real = realpath(path, NULL);
    char *out = ob_xasprintf("%s.pub", real ? real : path);
    free(real);
    return out;
}

enum ob_status ob_ledger_key_print(struct ob_ledger *l, char out[OB_SHA256_HEX], struct ob_err *err)
{
    struct ob_key *key = NULL;
    if (l->audit && l->audit->key) {
        ob_key_print(l->audit->key, out);
        return OB_OK;
    }
    char *path = ob_ledger_pub_path(l->path);
    enum ob_status st = ob_key_read_public(&key, path, err);
    if (st == OB_OK)
        ob_key_print(key, out);
    free(path);
    ob_key_free(key);
    return st;
}
