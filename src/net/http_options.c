/* A request as curl's options. One send() is at most one request on the wire: curl by itself would
 * repeat a request whose reused connection closed without an answer, and a cloud may have acted
 * on the first (may_start, open_socket). Redirects, cookies, .netrc, the environment's proxies and
 * the decoding of contents are off; certificates are always checked. */
#include "net/http_curl.h"
#include <string.h>
#include <sys/socket.h>

/* Load balancers drop idle connections after 15 s and more; a mutation that runs into that is in
 * doubt, so ours end earlier. */
#define IDLE_MAX_S 10L

/* Called before each start of the request. A second start is curl's silent repetition. */
static int may_start(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
    struct ob_exchange *x = ctx;
    if (x->started)
        return CURL_PREREQFUNC_ABORT;
    x->started = true;
    return CURL_PREREQFUNC_OK;
}

/* Not even a connection for the repetition; and no socket for the children of this process. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct ob_exchange *x = ctx;
    if (x->started)
        return CURL_SOCKET_BAD;
    x->dialled = true;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_line(char *p, size_t size, size_t count, void *ctx)
{
    struct ob_exchange *x = ctx;
    return ob_http_answer_line(&x->answer, p, size * count) ? size * count : 0;
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx)
{
    struct ob_exchange *x = ctx;
    return ob_http_answer_body(&x->answer, p, size * count) ? size * count : 0;
}

static void note(struct ob_exchange *x, CURLcode rc)
{
    if (rc != CURLE_OK && x->setup == CURLE_OK)
        x->setup = rc;
}

static void set_long(struct ob_exchange *x, CURLoption option, long value)
{
    note(x, curl_easy_setopt(x->easy, option, value));
}

static void set_text(struct ob_exchange *x, CURLoption option, const char *value)
{
    note(x, curl_easy_setopt(x->easy, option, value));
}

static void set_callbacks(struct ob_exchange *x)
{
    note(x, curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x));
    note(x, curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->text));
    note(x, curl_easy_setopt(x->easy, CURLOPT_PREREQFUNCTION, may_start));
    note(x, curl_easy_setopt(x->easy, CURLOPT_PREREQDATA, x));
    note(x, curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket));
    note(x, curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETDATA, x));
    note(x, curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_line));
    note(x, curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x));
    note(x, curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body));
    note(x, curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x));
}

static void set_limits(struct ob_exchange *x)
{
    const char *scheme = x->route->endpoint.https ? "https" : "http";
    set_text(x, CURLOPT_PROTOCOLS_STR, scheme);
    set_text(x, CURLOPT_REDIR_PROTOCOLS_STR, scheme);
    set_long(x, CURLOPT_FOLLOWLOCATION, 0L);
    set_long(x, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1); /* PERF.md section 0, finding 3 */
    set_long(x, CURLOPT_HTTP09_ALLOWED, 0L);
    set_long(x, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    set_long(x, CURLOPT_NOSIGNAL, 1L);
    set_long(x, CURLOPT_QUICK_EXIT, 1L); /* a slow resolver must not hold up the others */
    set_long(x, CURLOPT_TIMEOUT_MS, (long)x->timeout_ms);
    set_long(x, CURLOPT_CONNECTTIMEOUT_MS, (long)ob_http_connect_ms(x->timeout_ms));
    set_long(x, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
    set_long(x, CURLOPT_FRESH_CONNECT, x->alone ? 1L : 0L);
    set_long(x, CURLOPT_FORBID_REUSE, x->alone ? 1L : 0L);
}

static void set_tls(struct ob_exchange *x)
{
    set_long(x, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_long(x, CURLOPT_SSL_VERIFYPEER, 1L);
    set_long(x, CURLOPT_SSL_VERIFYHOST, 2L);
    if (x->route->ca_file) { /* these roots instead of the system's, not besides */
        set_text(x, CURLOPT_CAINFO, x->route->ca_file);
        set_text(x, CURLOPT_CAPATH, NULL);
    }
}

/* A proxy is always asked for a tunnel, for http as well, so that the request line, the host and
 * the credentials reach the cloud as they were signed and the proxy cannot read them. */
static void set_proxy(struct ob_exchange *x)
{
    set_text(x, CURLOPT_PROXY, x->route->proxy ? x->route->proxy : "");
    set_text(x, CURLOPT_NOPROXY, "");
    set_long(x, CURLOPT_HTTPPROXYTUNNEL, x->route->proxy ? 1L : 0L);
    set_long(x, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_long(x, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
}

/* Path and query go as the request line's target, which curl neither decodes nor tidies up. */
static void set_target(struct ob_exchange *x, const struct ob_request *r)
{
    const struct ob_endpoint *e = &x->route->endpoint;
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_wire_url(e, &text);
    set_text(x, CURLOPT_URL, ob_buf_str(&text));
    ob_buf_clear(&text);
    ob_request_target(r, e->base ? e->base : "", &text);
    set_text(x, CURLOPT_REQUEST_TARGET, ob_buf_str(&text));
    ob_buf_wipe(&text); /* the query may hold a signature */
}

static void set_method(struct ob_exchange *x, const struct ob_request *r)
{
    if (strcmp(r->method, "HEAD") == 0) {
        set_long(x, CURLOPT_NOBODY, 1L); /* whatever length it tells, nothing will come */
        return;
    }
    note(x, curl_easy_setopt(x->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)OB_ANSWER_MAX));
    bool body = r->body.len > 0 || r->method[0] == 'P'; /* POST, PUT, PATCH: also an empty one */
    set_long(x, body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    if (body) {
        ob_buf_add(&x->body, ob_buf_str(&r->body), r->body.len);
        curl_off_t len = (curl_off_t)x->body.len;
        note(x, curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, len));
        set_text(x, CURLOPT_POSTFIELDS, ob_buf_str(&x->body));
    }
    set_text(x, CURLOPT_CUSTOMREQUEST, r->method);
}

static void add_line(void *ctx, const char *line)
{
    struct ob_exchange *x = ctx;
    struct curl_slist *longer = curl_slist_append(x->fields, line);
    if (longer)
        x->fields = longer;
    else
        note(x, CURLE_OUT_OF_MEMORY);
}

static void set_request(struct ob_exchange *x, const struct ob_request *r)
{
    set_target(x, r);
    set_method(x, r);
    ob_wire_fields(r, &x->route->endpoint, add_line, x);
    note(x, curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->fields));
}

void ob_exchange_setup(struct ob_exchange *x, const struct ob_request *r)
{
    set_callbacks(x);
    set_limits(x);
    set_tls(x);
    set_proxy(x);
    set_request(x, r);
}
