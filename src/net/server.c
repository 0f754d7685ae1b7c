/* The simulated clouds' front: libmicrohttpd on 127.0.0.1 with one thread of its own, requests
 * handed to the handler as they came from the wire, and the faults that only a socket can have.
 * A reply that must wait suspends its connection, so that others are answered meanwhile. It is
 * reachable from this machine only and takes no care of hostile neighbours there. SIGPIPE is
 * blocked in the server's thread by libmicrohttpd itself; no signal handler is set here. */
#include "net/server.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/certificate.h"
#include "net/server_park.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define BODY_MAX       ((size_t)16 * 1024 * 1024)
#define CONNECTION_MEM ((size_t)256 * 1024) /* request line and header fields of one connection */
#define HOUR_S         ((int64_t)60 * 60)

struct ob_server {
    struct MHD_Daemon *daemon;
    struct ob_park *park;
    ob_server_handler *handler;
    void *ctx;
    int port;
    struct ob_certificate certificate;
};

struct visit { /* one request, from its first line to its last byte */
    char *target;
    struct ob_buf body;
    bool begun, handled, waited;
    struct ob_reply reply;
};

/* The only place where the target is still as it came: libmicrohttpd decodes it afterwards. */
static void *begin_visit(void *ctx, const char *uri, struct MHD_Connection *c)
{
    struct visit *v = ob_xcalloc(1, sizeof *v);
    v->target = ob_xstrdup(uri);
    ob_buf_init(&v->body, BODY_MAX);
    return v;
}

static void end_visit(void *ctx, struct MHD_Connection *c, void **slot,
                      enum MHD_RequestTerminationCode why)
{
    struct visit *v = *slot;
    *slot = NULL;
    if (!v)
        return;
    free(v->target);
    ob_buf_wipe(&v->body);
    ob_response_fini(&v->reply.response);
    free(v);
}

static enum MHD_Result add_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    ob_fields_add(ctx, name, value ? value : "");
    return MHD_YES;
}

static void call_handler(struct ob_server *s, struct MHD_Connection *c, const char *method,
                         struct visit *v)
{
    char *path = ob_xstrdup(v->target);
    char *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    struct ob_served in = {
        .method = method, .target = v->target, .path = path, .query = query ? query : ""};
    in.body = v->body; /* lent */
    MHD_get_connection_values(c, MHD_HEADER_KIND, add_header, &in.headers);
    ob_buf_init(&v->reply.response.body, OB_BUF_LARGE);
    if (v->body.overflowed)
        v->reply.response.status = MHD_HTTP_CONTENT_TOO_LARGE;
    else
        s->handler(s->ctx, &in, &v->reply);
    ob_fields_fini(&in.headers);
    free(path);
}

/* The body that CUT sends: the first half of what was promised, then the end. */
static ssize_t half_body(void *ctx, uint64_t pos, char *out, size_t max)
{
    const struct ob_buf *body = ctx;
    size_t half = body->len / 2;
    if (pos >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = half - (size_t)pos < max ? half - (size_t)pos : max;
    memcpy(out, body->p + pos, n);
    return (ssize_t)n;
}

static struct MHD_Response *make_response(struct visit *v)
{
    struct ob_buf *body = &v->reply.response.body;
    if (v->reply.fault == OB_FAULT_CUT) /* the visit outlives the response: see end_visit */
        return MHD_create_response_from_callback(body->len, 16384, half_body, body, NULL);
    return MHD_create_response_from_buffer(body->len, body->p ? body->p : (char[]){""},
                                           MHD_RESPMEM_MUST_COPY);
}

/* libmicrohttpd writes the length itself and refuses to be told. */
static void add_fields(struct MHD_Response *r, const struct ob_fields *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcasecmp(f->v[i].name, "Content-Length") != 0)
            MHD_add_response_header(r, f->v[i].name, f->v[i].value);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct visit *v)
{
    struct MHD_Response *r = make_response(v);
    if (!r)
        return MHD_NO;
    int status = v->reply.response.status;
    add_fields(r, &v->reply.response.headers);
    enum MHD_Result done = MHD_queue_response(
        c, status >= 200 && status <= 999 ? (unsigned)status : MHD_HTTP_INTERNAL_SERVER_ERROR, r);
    MHD_destroy_response(r);
    return done;
}

/* Nothing to cut in two means nothing to promise: then CUT is DROP. */
static bool is_dropped(const struct visit *v, const char *method)
{
    if (v->reply.fault == OB_FAULT_CUT)
        return v->reply.response.body.len == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    return v->reply.fault == OB_FAULT_DROP || v->reply.fault == OB_FAULT_HANG;
}

/* Called when the request is whole, and again after each time the connection was parked. A
 * connection that hangs comes back only when the server ends, and is dropped then. MHD_NO closes
 * a connection without a byte. */
static enum MHD_Result reply(struct ob_server *s, struct MHD_Connection *c, const char *method,
                             struct visit *v)
{
    if (!v->handled)
        call_handler(s, c, method, v);
    v->handled = true;
    bool hang = v->reply.fault == OB_FAULT_HANG;
    if (!v->waited && (hang || v->reply.delay_ms > 0)) {
        v->waited = true;
        return ob_park_add(s->park, c, hang ? OB_PARK_FOR_EVER : v->reply.delay_ms) ? MHD_YES
                                                                                    : MHD_NO;
    }
    return is_dropped(v, method) ? MHD_NO : answer(c, v);
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *c, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *len, void **slot)
{
    struct visit *v = *slot;
    if (!v->begun) { /* header only; a 413 now would reset a client that is still sending */
        v->begun = true;
        return MHD_YES;
    }
    if (*len) {
        ob_buf_add(&v->body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return reply(ctx, c, method, v);
}

static enum ob_status make_certificate(struct ob_server *s, const struct ob_server_options *opt,
                                       struct ob_err *err)
{
    enum ob_status status = ob_certificate_make(&s->certificate, -HOUR_S, 30 * 24 * HOUR_S, err);
    if (status != OB_OK || !opt->ca_out)
        return status;
    return ob_file_write(opt->ca_out, s->certificate.ca, strlen(s->certificate.ca), 0644, err);
}

static void start_daemon(struct ob_server *s, const struct ob_server_options *opt)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, s->certificate.key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, s->certificate.server},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_ALLOW_SUSPEND_RESUME |
                     (opt->https ? MHD_USE_TLS : 0);
    s->daemon = MHD_start_daemon(
        flags, (uint16_t)opt->port, NULL, NULL, on_access, s, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK, begin_visit, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_visit, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEM, MHD_OPTION_ARRAY, opt->https ? tls : none, MHD_OPTION_END);
}

static enum ob_status start(struct ob_server *s, const struct ob_server_options *opt,
                            struct ob_err *err)
{
    if (opt->https && make_certificate(s, opt, err) != OB_OK)
        return err->status;
    s->park = ob_park_new();
    if (!s->park)
        return ob_fail(err, OB_ERR, "server: no thread to be had: %s", strerror(errno));
    errno = 0;
    start_daemon(s, opt);
    if (!s->daemon)
        return ob_fail(err, OB_ERR, "server: cannot listen on 127.0.0.1:%d: %s", opt->port,
                       errno ? strerror(errno) : "unknown reason");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    s->port = info ? info->port : opt->port;
    return OB_OK;
}

enum ob_status ob_server_start(struct ob_server **out, const struct ob_server_options *opt,
                               struct ob_err *err)
{
    struct ob_server *s = ob_xcalloc(1, sizeof *s);
    struct ob_err own;
    s->handler = opt->handler;
    s->ctx = opt->ctx;
    enum ob_status status = start(s, opt, err ? err : &own);
    if (status != OB_OK) {
        ob_server_stop(s);
        s = NULL;
    }
    *out = s;
    return status;
}

int ob_server_port(const struct ob_server *s)
{
    return s->port;
}

void ob_server_stop(struct ob_server *s)
{
    if (!s)
        return;
    if (s->park)
        ob_park_close(s->park);
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    ob_park_free(s->park);
    ob_certificate_fini(&s->certificate);
    free(s);
}
