/* Requests and answers as data. Nothing here sends, signs or retries. Values of fields and the
 * bytes of bodies are overwritten when they go, because any of them may be a token. */
#include "base/message.h"
#include "base/mem.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void wipe_text(char *s)
{
    if (s)
        OPENSSL_cleanse(s, strlen(s));
    free(s);
}

void ob_fields_fini(struct ob_fields *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->v[i].name);
        wipe_text(f->v[i].value);
    }
    free(f->v);
    *f = (struct ob_fields){0};
}

void ob_fields_add(struct ob_fields *f, const char *name, const char *value)
{
    struct ob_field copy = {ob_xstrdup(name), ob_xstrdup(value)};
    if (f->count == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 8;
        f->v = ob_xrealloc(f->v, f->cap, sizeof *f->v);
    }
    f->v[f->count++] = copy;
}

static struct ob_field *find(const struct ob_fields *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcasecmp(f->v[i].name, name) == 0)
            return &f->v[i];
    return NULL;
}

void ob_fields_set(struct ob_fields *f, const char *name, const char *value)
{
    struct ob_field *old = find(f, name);
    if (!old) {
        ob_fields_add(f, name, value);
        return;
    }
    char *copy = ob_xstrdup(value); /* first, because it may be the old one */
    wipe_text(old->value);
    old->value = copy;
}

const char *ob_fields_get(const struct ob_fields *f, const char *name)
{
    const struct ob_field *found = find(f, name);
    return found ? found->value : NULL;
}

void ob_fields_copy(struct ob_fields *to, const struct ob_fields *from)
{
    *to = (struct ob_fields){0};
    for (size_t i = 0; i < from->count; i++)
        ob_fields_add(to, from->v[i].name, from->v[i].value);
}

static int by_name_value(const void *a, const void *b)
{
    const struct ob_field *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

/* What compares equal is equal byte for byte, so any sort is a stable one. */
void ob_fields_sort(struct ob_fields *f)
{
    if (f->count > 1)
        qsort(f->v, f->count, sizeof *f->v, by_name_value);
}

void ob_request_init(struct ob_request *r, const char *method, const char *path)
{
    *r = (struct ob_request){.path = ob_xstrdup(path)};
    snprintf(r->method, sizeof r->method, "%s", method);
    ob_buf_init(&r->body, OB_BUF_LARGE);
}

void ob_request_fini(struct ob_request *r)
{
    free(r->path);
    free(r->rpc_action);
    free(r->rpc_version);
    ob_fields_fini(&r->query);
    ob_fields_fini(&r->headers);
    ob_buf_wipe(&r->body);
    *r = (struct ob_request){0};
}

static char *copy_or_null(const char *s)
{
    return s ? ob_xstrdup(s) : NULL;
}

void ob_request_copy(struct ob_request *to, const struct ob_request *from)
{
    ob_request_init(to, from->method, from->path);
    ob_fields_copy(&to->query, &from->query);
    ob_fields_copy(&to->headers, &from->headers);
    to->body.max = from->body.max;
    if (from->body.len)
        ob_buf_add(&to->body, from->body.p, from->body.len);
    to->rpc_action = copy_or_null(from->rpc_action);
    to->rpc_version = copy_or_null(from->rpc_version);
}

void ob_request_target(const struct ob_request *r, const char *base, struct ob_buf *out)
{
    ob_buf_adds(out, base);
    ob_buf_adds(out, r->path);
    if (r->query.count) {
        ob_buf_addc(out, '?');
        ob_form_encode(&r->query, out);
    }
}

/* token of RFC 9110 section 5.6.2 */
static bool is_token(const char *s)
{
    static const char legal[] = "!#$%&'*+-.^_`|~0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return *s && s[strspn(s, legal)] == '\0';
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7F)
            return true;
    return false;
}

static bool known_method(const char *method)
{
    static const char *const known[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(method, known[i]) == 0)
            return true;
    return false;
}

static bool path_ok(const char *path)
{
    if (!path || path[0] != '/')
        return false;
    for (const char *s = path; *s; s++)
        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7F || *s == '?' || *s == '#')
            return false;
    return true;
}

/* Values are not put into the messages: they may be secret. */
enum ob_status ob_request_check(const struct ob_request *r, struct ob_err *err)
{
    if (!known_method(r->method))
        return ob_fail(err, OB_ERR, "request: unknown method '%s'", r->method);
    if (!path_ok(r->path))
        return ob_fail(err, OB_ERR,
                       "request: the path '%s' must begin with '/' and be percent-encoded",
                       r->path ? r->path : "");
    for (size_t i = 0; i < r->headers.count; i++) {
        const struct ob_field *h = &r->headers.v[i];
        if (!is_token(h->name))
            return ob_fail(err, OB_ERR, "request: header %zu has an illegal name", i + 1);
        if (has_control(h->value))
            return ob_fail(err, OB_ERR, "request: header '%s' has a control character in its value",
                           h->name);
    }
    return OB_OK;
}

void ob_response_fini(struct ob_response *r)
{
    ob_fields_fini(&r->headers);
    ob_buf_wipe(&r->body);
    r->status = 0;
}
