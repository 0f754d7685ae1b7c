/* A request in the forms that curl takes: a URL that names only the host, and header lines.
 * Nothing is decoded, tidied up or added but Host and User-Agent. */
#include "net/http_private.h"
#include <stdio.h>
#include <string.h>

enum ob_status ob_wire_check(const struct ob_request *r, struct ob_err *err)
{
    char len[32];
    snprintf(len, sizeof len, "%zu", r->body.len);
    const char *promised = ob_fields_get(&r->headers, "Content-Length");
    if (ob_fields_get(&r->headers, "Transfer-Encoding"))
        return ob_fail(err, OB_ERR, "request: header 'Transfer-Encoding' is the transport's own");
    if (promised && strcmp(promised, len) != 0)
        return ob_fail(err, OB_ERR, "request: header 'Content-Length' is not the body's length");
    if (r->body.len && strcmp(r->method, "HEAD") == 0)
        return ob_fail(err, OB_ERR, "request: HEAD cannot have a body");
    return ob_request_check(r, err);
}

void ob_wire_url(const struct ob_endpoint *e, struct ob_buf *out)
{
    bool v6 = strchr(e->host, ':') != NULL;
    ob_buf_addf(out, "%s://%s%s%s:%d/", e->https ? "https" : "http", v6 ? "[" : "", e->host,
                v6 ? "]" : "", e->port);
}

static void write_field(struct ob_buf *line, const char *name, const char *value)
{
    bool empty = value[strspn(value, " \t")] == '\0';
    ob_buf_clear(line);
    ob_buf_adds(line, name);
    ob_buf_adds(line, empty ? ";" : ": ");
    ob_buf_adds(line, empty ? "" : value);
}

void ob_wire_fields(const struct ob_request *r, const struct ob_endpoint *e,
                    void (*add)(void *ctx, const char *line), void *ctx)
{
    const struct ob_fields *f = &r->headers;
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_LARGE);
    if (!ob_fields_get(f, "Host")) {
        write_field(&line, "Host", e->authority);
        add(ctx, ob_buf_str(&line));
    }
    for (size_t i = 0; i < f->count; i++) {
        write_field(&line, f->v[i].name, f->v[i].value);
        add(ctx, ob_buf_str(&line));
    }
    ob_buf_wipe(&line);
    if (!ob_fields_get(f, "User-Agent"))
        add(ctx, "User-Agent: offboard/" OB_VERSION);
    if (!ob_fields_get(f, "Content-Type"))
        add(ctx, "Content-Type:");
    if (!ob_fields_get(f, "Expect"))
        add(ctx, "Expect:");
}
