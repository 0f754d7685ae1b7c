/* Loading targets.lua: where the file is, whether it may be trusted, running it, and what is left
 * of it afterwards. What the script sees is in config_lua.c, the fields of a target in
 * config_fields.c, other tools' credential files in profiles.c. */
#include "script/config_parts.h"
#include "base/file.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_LIMITS ((struct ob_limits){.memory = (size_t)16 * 1024 * 1024, .cpu_ms = 2000})
#define CONFIG_MAX    ((size_t)1024 * 1024)

static void target_fini(struct ob_target_config *t)
{
    free(t->name);
    free(t->provider);
    free(t->ca_file);
    free(t->proxy);
    ob_value_fini(&t->fields);
    ob_value_fini(&t->protect);
    ob_value_fini(&t->self);
    ob_approval_rules_free(t->approvals);
}

void ob_config_free(struct ob_config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++)
        target_fini(&c->targets[i]);
    free(c->targets);
    for (char **arg = c->anchor.command; arg && *arg; arg++)
        free(*arg);
    free(c->anchor.command);
    ob_approval_rules_free(c->approvals);
    free(c->path);
    ob_vault_free(c->vault);
    free(c);
}

const struct ob_target_config *ob_config_target(const struct ob_config *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->targets[i].name, name) == 0)
            return &c->targets[i];
    return NULL;
}

/* Whoever can write this file can run commands as us (secret.command). */
static enum ob_status check_trust(int fd, const char *path, struct ob_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ob_fail(err, OB_ERR_USAGE, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return ob_fail(err, OB_ERR_USAGE, "%s: is a folder; name the file in it", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return ob_fail(err, OB_ERR_USAGE,
                       "%s: belongs to another user (uid %u); make it your own, or root's", path,
                       (unsigned)st.st_uid);
    if (st.st_mode & 022)
        return ob_fail(err, OB_ERR_USAGE, "%s: others can write it (mode %04o); run: chmod go-w %s",
                       path, (unsigned)(st.st_mode & 07777), path);
    return OB_OK;
}

static enum ob_status read_fd(int fd, const char *path, struct ob_buf *out, struct ob_err *err)
{
    char chunk[4096];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ob_fail(err, OB_ERR_USAGE, "%s: %s", path, strerror(errno));
        if (n == 0)
            return OB_OK;
        if (!ob_buf_add(out, chunk, (size_t)n))
            return ob_fail(err, OB_ERR_USAGE, "%s: larger than 1 MiB", path);
    }
}

static enum ob_status absent(const char *path, bool named, struct ob_err *err)
{
    if (named || errno != ENOENT)
        return ob_fail(err, OB_ERR_USAGE, "%s: cannot open: %s", path, strerror(errno));
    return ob_fail(err, OB_ERR_USAGE,
                   "no targets: %s does not exist; `offboard new NAME` writes one to fill in, "
                   "and `offboard sim -- offboard ...` needs none",
                   path);
}

static enum ob_status read_config(const char *path, bool named, struct ob_buf *out,
                                  struct ob_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return absent(path, named, err);
    enum ob_status status = check_trust(fd, path, err);
    if (status == OB_OK)
        status = read_fd(fd, path, out, err);
    close(fd);
    return status;
}

/* The compiler quotes what it stumbles over, and that may be a password without its quotes. */
static void hide_quotes(struct ob_err *err)
{
    static const char *const before[] = {" near '", " (constant '"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        char *at = strstr(err->message, before[i]);
        if (at)
            *at = '\0';
    }
}

static enum ob_status run_config(struct ob_loader *l, struct ob_err *err)
{
    struct ob_script *s;
    enum ob_status status = ob_script_new(&s, OB_PROFILE_CONFIG, l->chunk, CONFIG_LIMITS, err);
    if (status != OB_OK)
        return status;
    s->owner = l;
    status = ob_config_bind(s, err);
    if (status == OB_OK)
        status = ob_script_run(s, l->chunk, l->text.p ? l->text.p : "", l->text.len, err);
    if (status == OB_ERR_POLICY) {
        hide_quotes(err);
        err->status = status = OB_ERR_USAGE;
    }
    ob_script_free(s);
    if (status == OB_OK && l->open_name)
        status = ob_fail(err, OB_ERR_USAGE, "%s:%d: target \"%s\" has no { ... }", l->chunk,
                         l->open_line, l->open_name);
    return status;
}

/* What errors call the file: its name without the folders. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum ob_status load(struct ob_config *c, bool named, struct ob_err *err)
{
    struct ob_loader l = {.config = c, .chunk = base_name(c->path)};
    ob_buf_init(&l.text, CONFIG_MAX);
    enum ob_status status = read_config(c->path, named, &l.text, err);
    if (status == OB_OK)
        status = run_config(&l, err);
    if (status == OB_OK && !c->count)
        status = ob_fail(err, OB_ERR_USAGE, "%s: names no target", c->path);
    if (status == OB_OK)
        status = ob_config_approvals_check(&l, err);
    ob_buf_fini(&l.text);
    free(l.open_name);
    return status;
}

enum ob_status ob_config_load(struct ob_config **out, const char *path, struct ob_err *err)
{
    const char *env = getenv("OFFBOARD_CONFIG");
    if (!path && env && *env)
        path = env;
    struct ob_config *c = ob_xcalloc(1, sizeof *c);
    c->path = path ? ob_path_expand(path) : ob_xdg_config("targets.lua");
    c->vault = ob_vault_new();
    enum ob_status status = load(c, path != NULL, err);
    if (status != OB_OK) {
        ob_config_free(c);
        c = NULL;
    }
    *out = c;
    return status;
}

struct ob_config *ob_config_none(void)
{
    const char *env = getenv("OFFBOARD_CONFIG");
    if (env && *env)
        return NULL;
    char *path = ob_xdg_config("targets.lua");
    if (access(path, F_OK) == 0) {
        free(path);
        return NULL;
    }
    struct ob_config *c = ob_xcalloc(1, sizeof *c);
    c->path = path;
    c->vault = ob_vault_new();
    return c;
}
