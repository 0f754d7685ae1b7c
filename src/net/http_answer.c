/* An answer while it comes in: status lines, header fields and body bytes in the order in which
 * the library hands them over, each kind with its maximum. Interim answers (1xx) are forgotten
 * when the next status line comes; trailers count against the maximum and are dropped, so that
 * nothing after the body can pass for a header. Nothing here decodes or interprets a body. */
#include "net/http_private.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void ob_http_answer_init(struct ob_http_answer *a)
{
    *a = (struct ob_http_answer){.at = OB_ANSWER_AT_STATUS};
    ob_buf_init(&a->body, OB_ANSWER_MAX);
}

void ob_http_answer_fini(struct ob_http_answer *a)
{
    ob_fields_fini(&a->headers);
    ob_buf_wipe(&a->body); /* what was never handed out may hold a token */
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK", "HTTP/1.0 200" */
static bool take_status(struct ob_http_answer *a, const char *p, size_t len)
{
    const char *s = len > 5 && memcmp(p, "HTTP/", 5) == 0 ? memchr(p, ' ', len) : NULL;
    if (!s || (size_t)(p + len - s) < 4)
        return false;
    if (!is_digit(s[1]) || !is_digit(s[2]) || !is_digit(s[3]))
        return false;
    if (p + len - s > 4 && s[4] != ' ')
        return false;
    a->status = (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
    ob_fields_fini(&a->headers);
    a->headers = (struct ob_fields){0};
    a->at = OB_ANSWER_AT_FIELDS;
    return a->status >= 100;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Leaves a value without the white space around it. */
static char *trim(char *s)
{
    while (is_space(*s))
        s++;
    size_t len = strlen(s);
    while (len && is_space(s[len - 1]))
        s[--len] = '\0';
    return s;
}

/* A line that begins with white space goes on with the value above (RFC 9112, 5.2). */
static void continue_field(struct ob_http_answer *a, char *line)
{
    if (a->headers.count == 0)
        return;
    struct ob_field *last = &a->headers.v[a->headers.count - 1];
    char *joined = ob_xasprintf("%s %s", last->value, trim(line));
    explicit_bzero(last->value, strlen(last->value));
    free(last->value);
    last->value = joined;
}

static void take_field(struct ob_http_answer *a, const char *p, size_t len)
{
    struct ob_buf line;
    ob_buf_init(&line, OB_ANSWER_HEADERS_MAX);
    ob_buf_add(&line, p, len);
    char *colon = strchr(line.p, ':');
    if (is_space(line.p[0])) {
        continue_field(a, line.p);
    } else if (colon && colon != line.p) {
        *colon = '\0';
        ob_fields_add(&a->headers, trim(line.p), trim(colon + 1));
    }
    ob_buf_wipe(&line); /* it may have been a token */
}

static void end_head(struct ob_http_answer *a)
{
    a->at = a->status < 200 ? OB_ANSWER_AT_STATUS : OB_ANSWER_AT_BODY;
}

bool ob_http_answer_line(struct ob_http_answer *a, const char *p, size_t len)
{
    a->head_bytes += len;
    if (a->head_bytes > OB_ANSWER_HEADERS_MAX) {
        a->too_large = true;
        return false;
    }
    while (len && (p[len - 1] == '\n' || p[len - 1] == '\r'))
        len--;
    if (a->at == OB_ANSWER_AT_STATUS)
        return take_status(a, p, len);
    if (a->at == OB_ANSWER_AT_FIELDS && len)
        take_field(a, p, len);
    else if (a->at == OB_ANSWER_AT_FIELDS)
        end_head(a);
    return true;
}

bool ob_http_answer_body(struct ob_http_answer *a, const char *p, size_t len)
{
    if (!ob_buf_add(&a->body, p, len))
        a->too_large = true;
    a->body_bytes += len;
    return !a->too_large;
}

void ob_http_answer_take(struct ob_http_answer *a, struct ob_response *out)
{
    *out = (struct ob_response){.status = a->status, .headers = a->headers, .body = a->body};
    a->headers = (struct ob_fields){0};
    ob_buf_init(&a->body, OB_ANSWER_MAX);
}

bool ob_http_answer_is_redirect(const struct ob_http_answer *a)
{
    return a->at == OB_ANSWER_AT_BODY && a->status >= 300 && a->status <= 399;
}
