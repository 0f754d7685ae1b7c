/* The words for a failed exchange, out of plain facts. They name the host and the way out, and
 * never a path, a query, a header or a proxy's address: those may hold secrets. */
#include "net/http_private.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PEER_TEXT  300
#define WHERE_TEXT 160

int64_t ob_http_connect_ms(int64_t timeout_ms)
{
    int64_t third = timeout_ms / 3;
    return third > 10000 ? 10000 : third > 0 ? third : 1;
}

/* "[::1]:443", "meeting.example:443" */
static const char *peer(const struct ob_http_facts *f, char out[PEER_TEXT])
{
    const struct ob_endpoint *e = &f->route->endpoint;
    if (strchr(e->host, ':'))
        snprintf(out, PEER_TEXT, "[%s]:%d", e->host, e->port);
    else
        snprintf(out, PEER_TEXT, "%s:%d", e->host, e->port);
    return out;
}

/* "30 s", "0.25 s" */
static const char *seconds(int64_t ms, char out[32])
{
    snprintf(out, 32, "%g s", (double)ms / 1000);
    return out;
}

static void say_resolve(const struct ob_http_facts *f, char *out, size_t cap)
{
    if (f->proxy_fault)
        snprintf(out, cap, "resolve the proxy's host: no such name");
    else
        snprintf(out, cap, "resolve %s: no such name", f->route->endpoint.host);
}

static void say_connect(const struct ob_http_facts *f, char *out, size_t cap)
{
    char who[PEER_TEXT], text[128], reason[128];
    snprintf(reason, sizeof reason, "%s",
             f->os_error ? strerror_r(f->os_error, text, sizeof text) : f->reason);
    reason[0] = (char)tolower((unsigned char)reason[0]);
    if (f->tunnel_status && f->tunnel_status / 100 != 2)
        snprintf(out, cap, "the proxy refused a tunnel to %s (%d)", peer(f, who), f->tunnel_status);
    else
        snprintf(out, cap, "connect to %s%s: %s", peer(f, who),
                 f->route->proxy ? " through the proxy" : "", reason);
}

bool ob_http_tls_is_lost(const char *text)
{
    return strstr(text, "SSL_ERROR_SYSCALL") || strstr(text, "unexpected eof") ||
           strstr(text, "reset by peer");
}

const char *ob_http_tls_reason(const char *text)
{
    static const char prefix[] = "SSL certificate problem: ";
    if (strncmp(text, prefix, strlen(prefix)) == 0)
        return text + strlen(prefix);
    if (strstr(text, "subject name"))
        return "it is for another host name";
    const char *last = strrchr(text, ':');
    text = last ? last + 1 : text;
    return text + strspn(text, " ");
}

static bool is_private_root(const char *reason)
{
    return strstr(reason, "self-signed") || strstr(reason, "self signed") ||
           strstr(reason, "local issuer");
}

static void say_tls(const struct ob_http_facts *f, char *out, size_t cap)
{
    char who[PEER_TEXT];
    const char *host = f->proxy_fault ? "the proxy" : f->route->endpoint.host;
    if (!f->certificate)
        snprintf(out, cap, "TLS with %s: %s", f->proxy_fault ? host : peer(f, who), f->reason);
    else if (is_private_root(f->reason) && !f->proxy_fault)
        snprintf(out, cap, "certificate of %s: %s; set ca_file if the root is private", host,
                 f->reason);
    else
        snprintf(out, cap, "certificate of %s: %s", host, f->reason);
}

static void say_timeout(const struct ob_http_facts *f, char *out, size_t cap)
{
    char who[PEER_TEXT], span[32];
    if (!f->started)
        snprintf(out, cap, "connect to %s: no connection within %s", peer(f, who),
                 seconds(ob_http_connect_ms(f->timeout_ms), span));
    else if (f->answer->head_bytes)
        snprintf(out, cap, "no whole answer within %s (%zu bytes came)",
                 seconds(f->timeout_ms, span), f->answer->body_bytes);
    else
        snprintf(out, cap, "no answer within %s", seconds(f->timeout_ms, span));
}

static void say_cut(const struct ob_http_facts *f, char *out, size_t cap)
{
    size_t came = f->answer->body_bytes;
    if (f->malformed)
        snprintf(out, cap, "the answer is malformed HTTP");
    else if (f->answer->at != OB_ANSWER_AT_BODY)
        snprintf(out, cap, "answer ended early (inside its header)");
    else if (f->expected > 0 && (size_t)f->expected > came)
        snprintf(out, cap, "answer ended early (%zu of %lld bytes)", came, (long long)f->expected);
    else
        snprintf(out, cap, "answer ended early (after %zu bytes)", came);
}

/* "http://other:81/" of "http://user:pass@other:81/path?query"; no Location, or one without a
 * host, is told as such. */
static void say_where(const char *location, char out[WHERE_TEXT])
{
    const char *host = location ? strstr(location, "//") : NULL;
    size_t scheme = host ? (size_t)(host - location) : 0;
    if (!host || memchr(location, '/', scheme) || memchr(location, '?', scheme) || scheme > 8) {
        snprintf(out, WHERE_TEXT, location ? "another path there" : "nowhere");
        return;
    }
    host += 2;
    size_t len = strcspn(host, "/?#\\");
    for (const char *at = memchr(host, '@', len); at; at = memchr(host, '@', len)) {
        len -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    snprintf(out, WHERE_TEXT, "%.*s//%.*s/", (int)scheme, location, len > 100 ? 100 : (int)len,
             host);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            *c = '?';
}

static void say_redirect(const struct ob_http_facts *f, char *out, size_t cap)
{
    char where[WHERE_TEXT];
    say_where(ob_fields_get(&f->answer->headers, "Location"), where);
    snprintf(out, cap, "redirect (%d) to %s refused", f->answer->status, where);
}

static void say_too_large(const struct ob_http_facts *f, char *out, size_t cap)
{
    if (f->large_header)
        snprintf(out, cap, "answer's header larger than %zu KiB", OB_ANSWER_HEADERS_MAX >> 10);
    else
        snprintf(out, cap, "answer larger than %zu MiB", OB_ANSWER_MAX >> 20);
}

void ob_http_explain(const struct ob_http_facts *f, char *out, size_t cap)
{
    static void (*const say[])(const struct ob_http_facts *, char *, size_t) = {
        [OB_NET_RESOLVE] = say_resolve,
        [OB_NET_CONNECT] = say_connect,
        [OB_NET_TLS] = say_tls,
        [OB_NET_TIMEOUT] = say_timeout,
        [OB_NET_TOO_LARGE] = say_too_large,
        [OB_NET_CUT] = say_cut,
        [OB_NET_REDIRECT] = say_redirect,
    };
    size_t i = (size_t)f->error;
    if (i < sizeof say / sizeof say[0] && say[i])
        say[i](f, out, cap);
    else if (f->error == OB_NET_BROKEN)
        snprintf(out, cap,
                 f->malformed ? "the answer is no HTTP" : "connection lost before an answer");
    else if (f->error == OB_NET_SETUP)
        snprintf(out, cap, "%s", f->reason ? f->reason : "the request could not be set up");
    else
        out[0] = '\0';
}
