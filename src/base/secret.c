/* The vault. Where a secret comes from is noted when its handle is made, and looked at when its
 * bytes are first wanted. It does not cache failures, so that a locked key ring can be unlocked
 * and the run resumed. Reading files and commands is in secret_read.c, redaction in redact.c. */
#include "base/secret_internal.h"
#include "base/mem.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum source { LITERAL, ENV, FILE_LINE, COMMAND };

struct secret {
    enum source source;
    char *name;  /* of the variable, the file or the command */
    char **argv; /* NULL-terminated, or NULL */
    char *bytes; /* NULL until read */
    size_t len;
};

struct ob_vault {
    struct secret *v;
    size_t count, cap;
    struct ob_redactor *redactor;
};

struct ob_vault *ob_vault_new(void)
{
    struct ob_vault *v = ob_xcalloc(1, sizeof *v);
    v->redactor = ob_redactor_new();
    return v;
}

static void secret_fini(struct secret *s)
{
    if (s->bytes)
        OPENSSL_cleanse(s->bytes, s->len);
    free(s->bytes);
    free(s->name);
    for (char **arg = s->argv; arg && *arg; arg++)
        free(*arg);
    free(s->argv);
}

void ob_vault_free(struct ob_vault *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        secret_fini(&v->v[i]);
    free(v->v);
    ob_redactor_free(v->redactor);
    free(v);
}

static struct secret *push(struct ob_vault *v, enum source source, const char *name)
{
    if (v->count == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 8;
        v->v = ob_xrealloc(v->v, v->cap, sizeof *v->v);
    }
    struct secret *s = &v->v[v->count++];
    *s = (struct secret){.source = source, .name = name ? ob_xstrdup(name) : NULL};
    return s;
}

static int last_handle(const struct ob_vault *v)
{
    return (int)v->count - 1;
}

int ob_secret_literal(struct ob_vault *v, const char *bytes, size_t len)
{
    struct secret *s = push(v, LITERAL, NULL);
    s->bytes = ob_xmemdup(bytes, len);
    s->len = len;
    ob_redactor_add(v->redactor, bytes, len);
    return last_handle(v);
}

int ob_secret_env(struct ob_vault *v, const char *name)
{
    push(v, ENV, name);
    return last_handle(v);
}

int ob_secret_file(struct ob_vault *v, const char *path)
{
    push(v, FILE_LINE, path);
    return last_handle(v);
}

int ob_secret_command(struct ob_vault *v, const char *const *argv)
{
    size_t n = 0;
    while (argv[n])
        n++;
    struct secret *s = push(v, COMMAND, n ? argv[0] : "");
    s->argv = ob_xcalloc(n + 1, sizeof *s->argv);
    for (size_t i = 0; i < n; i++)
        s->argv[i] = ob_xstrdup(argv[i]);
    return last_handle(v);
}

int ob_vault_count(const struct ob_vault *v)
{
    return (int)v->count;
}

static enum ob_status read_env(const char *name, struct ob_buf *out, struct ob_err *err)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return ob_fail(err, OB_ERR_CREDENTIAL, "environment variable %s is not set", name);
    ob_buf_adds(out, value);
    return OB_OK;
}

static enum ob_status read_source(const struct secret *s, struct ob_buf *out, struct ob_err *err)
{
    switch (s->source) {
    case LITERAL:
        break;
    case ENV:
        return read_env(s->name, out, err);
    case FILE_LINE:
        return ob_secret_read_file(s->name, out, err);
    case COMMAND:
        return ob_secret_read_command(s->argv, out, err);
    }
    return ob_fail(err, OB_ERR_CREDENTIAL, "a literal secret has no bytes");
}

/* Keeps the first line of what was read. A NUL would cut the secret short where C reads it. */
static enum ob_status keep_line(struct secret *s, struct ob_buf *read, struct ob_err *err)
{
    const char *p = ob_buf_str(read);
    size_t len = read->len;
    if (s->source != ENV) {
        const char *end = memchr(p, '\n', len);
        len = end ? (size_t)(end - p) : len;
        if (len && p[len - 1] == '\r')
            len--;
    }
    const char *what = s->source == COMMAND ? "command" : "file";
    if (!len)
        return ob_fail(err, OB_ERR_CREDENTIAL,
                       "%s %s: its first line is empty; the secret belongs "
                       "there",
                       what, s->name);
    if (memchr(p, '\0', len))
        return ob_fail(err, OB_ERR_CREDENTIAL, "%s %s: its first line has a NUL byte", what,
                       s->name);
    s->bytes = ob_xmemdup(p, len);
    s->len = len;
    return OB_OK;
}

enum ob_status ob_secret_get(struct ob_vault *v, int handle, const char **bytes, struct ob_err *err)
{
    *bytes = NULL;
    if (!v || handle < 0 || (size_t)handle >= v->count)
        return ob_fail(err, OB_ERR_CREDENTIAL, "secret %d is not in the vault", handle);
    struct secret *s = &v->v[handle];
    if (!s->bytes) {
        struct ob_buf read;
        ob_buf_init(&read, OB_BUF_SMALL);
        enum ob_status status = read_source(s, &read, err);
        if (status == OB_OK)
            status = keep_line(s, &read, err);
        ob_buf_wipe(&read);
        if (status != OB_OK)
            return status;
        ob_redactor_add(v->redactor, s->bytes, s->len);
    }
    *bytes = s->bytes;
    return OB_OK;
}

const char *ob_redact(struct ob_vault *v, const char *text)
{
    return v ? ob_redactor_run(v->redactor, text) : text;
}

void ob_redact_also(struct ob_vault *v, const char *bytes, size_t len)
{
    if (v)
        ob_redactor_add(v->redactor, bytes, len);
}
