/* Percent-encoding and endpoints. One encoder (RFC 3986 unreserved) serves query, form and
 * signature, so that what is signed and what is sent agree. Relative references, dot segments and
 * internationalised names are not dealt with: a target names its host as DNS knows it. */
#include "base/message.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char unreserved[] = "-_.~0123456789"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char path_extra[] = "!$&'()*+,;=:@/"; /* sub-delims, ':', '@' and '/' */

/* `set` without its NUL, which is a byte like any other here. */
static bool within(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static void encode_byte(struct ob_buf *out, char c)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char u = (unsigned char)c;
    char text[3] = {'%', hex[u >> 4], hex[u & 15]};
    ob_buf_add(out, text, 3);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that %XX at s means, or -1. */
static int escaped(const char *s, size_t len)
{
    if (len < 3 || s[0] != '%' || hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
        return -1;
    return hex_digit(s[1]) * 16 + hex_digit(s[2]);
}

void ob_percent_encode(struct ob_buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (within(unreserved, s[i]))
            ob_buf_addc(out, s[i]);
        else
            encode_byte(out, s[i]);
    }
}

void ob_percent_decode(struct ob_buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int byte = escaped(s + i, len - i);
        ob_buf_addc(out, byte < 0 ? s[i] : (char)byte);
        if (byte >= 0)
            i += 2;
    }
}

void ob_path_clean(struct ob_buf *out, const char *s, size_t len)
{
    if (!len || s[0] != '/')
        ob_buf_addc(out, '/');
    for (size_t i = 0; i < len; i++) {
        if (within(unreserved, s[i]) || within(path_extra, s[i]) || escaped(s + i, len - i) >= 0)
            ob_buf_addc(out, s[i]);
        else
            encode_byte(out, s[i]);
    }
}

void ob_form_encode(const struct ob_fields *f, struct ob_buf *out)
{
    for (size_t i = 0; i < f->count; i++) {
        if (i)
            ob_buf_addc(out, '&');
        ob_percent_encode(out, f->v[i].name, strlen(f->v[i].name));
        ob_buf_addc(out, '=');
        ob_percent_encode(out, f->v[i].value, strlen(f->v[i].value));
    }
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

/* Takes the scheme; returns what follows "://", or NULL. */
static const char *parse_scheme(struct ob_endpoint *e, const char *url)
{
    if (strncasecmp(url, "https://", 8) == 0) {
        e->https = true;
        return url + 8;
    }
    return strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

static char *lower_copy(const char *s, size_t len)
{
    char *copy = ob_xmemdup(s, len);
    for (char *c = copy; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return copy;
}

/* Labels of letters, digits, '-' and '_' (which real private names contain), none of them empty;
 * one dot at the end is DNS's own. */
static bool name_ok(const char *s, size_t len)
{
    if (!len || len > 253 || s[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '~' || !within(unreserved, s[i]))
            return false;
        if (s[i] == '.' && (i == 0 || s[i - 1] == '.'))
            return false;
    }
    return true;
}

/* Takes the host; returns what follows it, or NULL. */
static const char *parse_host(struct ob_endpoint *e, const char *s)
{
    struct in6_addr v6;
    if (*s == '[') {
        size_t n = strcspn(s + 1, "]");
        e->host = lower_copy(s + 1, n);
        return s[1 + n] == ']' && inet_pton(AF_INET6, e->host, &v6) == 1 ? s + n + 2 : NULL;
    }
    size_t n = strcspn(s, ":/");
    e->host = lower_copy(s, n);
    return name_ok(s, n) ? s + n : NULL;
}

/* Takes ":port" when it is there; returns what follows, or NULL. */
static const char *parse_port(struct ob_endpoint *e, const char *s)
{
    e->port = e->https ? 443 : 80;
    if (*s != ':')
        return s;
    size_t n = strspn(s + 1, "0123456789");
    if (n < 1 || n > 5 || s[1] == '0')
        return NULL;
    e->port = (int)strtol(s + 1, NULL, 10);
    return e->port <= 65535 ? s + 1 + n : NULL;
}

static bool parse_base(struct ob_endpoint *e, const char *s)
{
    size_t len = strlen(s);
    if (len && s[0] != '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!within(unreserved, s[i]) && !within(path_extra, s[i]) && escaped(s + i, len - i) < 0)
            return false;
    while (len && s[len - 1] == '/')
        len--;
    e->base = ob_xmemdup(s, len);
    return true;
}

static char *authority_of(const struct ob_endpoint *e)
{
    bool v6 = strchr(e->host, ':') != NULL;
    bool dflt = e->port == (e->https ? 443 : 80);
    const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
    if (dflt)
        return ob_xasprintf("%s%s%s", open, e->host, close);
    return ob_xasprintf("%s%s%s:%d", open, e->host, close, e->port);
}

/* What is wrong with the url, or NULL. */
static const char *parse(struct ob_endpoint *e, const char *url)
{
    const char *s = parse_scheme(e, url);
    if (!s)
        return "must begin with https://";
    s = parse_host(e, s);
    if (!s)
        return "has no valid host name or [IPv6 address]";
    s = parse_port(e, s);
    if (!s)
        return "has a port that is not 1..65535";
    if (!parse_base(e, s))
        return "has an illegal character in its path";
    if (!e->https && !is_loopback(e->host))
        return "plain http is only for the loopback address; use https";
    e->authority = authority_of(e);
    return NULL;
}

enum ob_status ob_endpoint_parse(struct ob_endpoint *e, const char *url, struct ob_err *err)
{
    *e = (struct ob_endpoint){0};
    if (strchr(url, '@')) /* first, and not repeated: a password may stand before it */
        return ob_fail(err, OB_ERR,
                       "endpoint: a user part ('@') does not belong into the url; "
                       "name the credential's fields in the target");
    const char *query = strpbrk(url, "?#");
    if (query)
        return ob_fail(err, OB_ERR,
                       "endpoint: '%c' is not allowed; give https://host[:port][/base]", *query);
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7F)
            return ob_fail(err, OB_ERR, "endpoint: byte %d is a space or control character",
                           (int)(c - url));
    const char *wrong = parse(e, url);
    if (!wrong)
        return OB_OK;
    ob_endpoint_fini(e);
    return ob_fail(err, OB_ERR, "endpoint '%.200s': %s", url, wrong);
}

void ob_endpoint_fini(struct ob_endpoint *e)
{
    free(e->host);
    free(e->authority);
    free(e->base);
    *e = (struct ob_endpoint){0};
}
