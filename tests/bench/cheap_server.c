/* See cheap_server.h. */
#include "cheap_server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/mem.h"

#define EVENTS 64

struct connection {
    int fd;
    struct ob_buf in, out;
};

struct cheap_server {
    int listener, epoll, port;
    pthread_t thread;
    atomic_long calls;
    atomic_bool locked;
    _Atomic(FILE *) record;
};

static void die(const char *what)
{
    fprintf(stderr, "cheap_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- answers ---- */

/* Calls `each` for the value of every form field NAME.1, NAME.2, ... */
static void each_id(const char *body, size_t len, const char *name,
                    void (*each)(struct ob_buf *, const char *, size_t), struct ob_buf *out)
{
    const char *at = body, *end = body + len;
    size_t n = strlen(name);
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        if (equals && (size_t)(equals - at) > n && memcmp(at, name, n) == 0 && at[n] == '.')
            each(out, equals + 1, (size_t)(stop - equals - 1));
        at = stop + 1;
    }
}

static void comma(struct ob_buf *out)
{
    if (out->p[out->len - 1] != '[')
        ob_buf_addc(out, ',');
}

static void add_locked(struct ob_buf *out, const char *id, size_t len)
{
    comma(out);
    ob_buf_addf(out, "\"%.*s\"", (int)len, id);
}

static void add_person(struct ob_buf *out, const char *id, size_t len, int status)
{
    comma(out);
    ob_buf_addf(out,
                "{\"EndUserId\":\"%.*s\",\"Email\":\"%.*s@corp.example\",\"Phone\":\"\","
                "\"Status\":%d,\"OwnerType\":\"Normal\",\"IsTenantManager\":false}",
                (int)len, id, (int)len, id, status);
}

static void add_active(struct ob_buf *out, const char *id, size_t len)
{
    add_person(out, id, len, 0);
}

static void add_disabled(struct ob_buf *out, const char *id, size_t len)
{
    add_person(out, id, len, 9);
}

static void answer(struct cheap_server *s, const char *head, const char *body, size_t len,
                   struct ob_buf *out)
{
    struct ob_buf json;
    bool lock = strstr(head, "LockUsers") != NULL;
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_buf_adds(&json, "{\"RequestId\":\"4F1D2C3B-0000-4000-8000-0123456789AB\",");
    if (lock) {
        atomic_store(&s->locked, true);
        ob_buf_adds(&json, "\"LockUsersResult\":{\"LockedUsers\":[");
        each_id(body, len, "Users", add_locked, &json);
        ob_buf_adds(&json, "],\"FailedUsers\":[]}}");
    } else {
        ob_buf_adds(&json, "\"Users\":[");
        each_id(body, len, "EndUserIds", atomic_load(&s->locked) ? add_disabled : add_active,
                &json);
        ob_buf_adds(&json, "]}");
    }
    ob_buf_addf(out,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n"
                "x-acs-request-id: 4F1D2C3B-0000-4000-8000-0123456789AB\r\n"
                "Content-Length: %zu\r\n\r\n",
                json.len);
    ob_buf_add(out, ob_buf_str(&json), json.len);
    ob_buf_fini(&json);
}

/* ---- connections ---- */

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");
    return at ? strtoul(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

/* Answers one whole request from the front; false when there is none yet. */
static bool take_request(struct cheap_server *s, struct connection *c)
{
    char *text = c->in.p;
    char *blank = text ? memmem(text, c->in.len, "\r\n\r\n", 4) : NULL;
    if (!blank)
        return false;
    size_t head = (size_t)(blank - text) + 4, whole = head + content_length(text);
    FILE *record = atomic_load(&s->record);
    if (c->in.len < whole)
        return false;
    if (record)
        fwrite(text, 1, whole, record);
    text[head - 1] = '\0';
    answer(s, text, text + head, whole - head, &c->out);
    memmove(text, text + whole, c->in.len - whole + 1);
    c->in.len -= whole;
    atomic_fetch_add(&s->calls, 1);
    return true;
}

static void drop(struct connection *c)
{
    close(c->fd);
    ob_buf_fini(&c->in);
    ob_buf_fini(&c->out);
    free(c);
}

/* Answers fit into a socket's buffer, so that a blocking write does not block. */
static void serve(struct cheap_server *s, struct connection *c)
{
    char bytes[65536];
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    if (n <= 0) {
        drop(c);
        return;
    }
    ob_buf_add(&c->in, bytes, (size_t)n);
    while (take_request(s, c))
        ;
    if (c->out.len && write(c->fd, c->out.p, c->out.len) != (ssize_t)c->out.len)
        die("write");
    ob_buf_clear(&c->out);
}

static void take_connection(struct cheap_server *s)
{
    int one = 1;
    struct connection *c = ob_xcalloc(1, sizeof *c);
    c->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (c->fd < 0)
        die("accept");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ob_buf_init(&c->in, OB_BUF_LARGE);
    ob_buf_init(&c->out, OB_BUF_LARGE);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0)
        die("epoll_ctl");
}

static void *loop(void *arg)
{
    struct cheap_server *s = arg;
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(s->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.ptr)
                serve(s, events[i].data.ptr);
            else
                take_connection(s);
    }
    return NULL;
}

/* ---- the interface ---- */

struct cheap_server *cheap_server_start(FILE *record)
{
    struct cheap_server *s = ob_xcalloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    atomic_store(&s->record, record);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(s->listener, 128) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
        die("socket");
    s->port = ntohs(at.sin_port);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN};
    if (s->epoll < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &ev) != 0)
        die("epoll");
    if (pthread_create(&s->thread, NULL, loop, s) != 0)
        die("thread");
    return s;
}

int cheap_server_port(const struct cheap_server *s)
{
    return s->port;
}

long cheap_server_calls(struct cheap_server *s)
{
    return atomic_exchange(&s->calls, 0);
}

void cheap_server_reset(struct cheap_server *s, FILE *record)
{
    atomic_store(&s->locked, false);
    atomic_store(&s->record, record);
}
