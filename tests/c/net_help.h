/* For the tests of src/net: a client in one call, and servers written by hand for what no proper
 * server does. Sockets are real, on the loopback address, on free ports; nothing sleeps. */
#pragma once
#include "base/mem.h"
#include "net/transport.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

/* --- client ----------------------------------------------------------------------------- */

struct client {
    struct ob_http *http;
    struct ob_transport t;
    struct ob_route route;
    uint64_t next_id;
};

static inline void client_open(struct client *c, bool https, const char *host, int port)
{
    *c = (struct client){.http = ob_http_new()};
    c->t = ob_http_transport(c->http);
    c->route.timeout_ms = 20000;
    c->route.endpoint = (struct ob_endpoint){
        .https = https,
        .host = ob_xstrdup(host),
        .port = port,
        .authority = ob_xasprintf(strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port),
        .base = ob_xstrdup(""),
    };
}

static inline void client_close(struct client *c)
{
    ob_http_free(c->http);
    ob_endpoint_fini(&c->route.endpoint);
    free(c->route.ca_file);
    free(c->route.proxy);
}

/* Waits for one completion, whatever it is. */
static inline struct ob_completion client_wait(struct client *c)
{
    struct ob_completion done;
    for (int i = 0; i < 60; i++)
        if (c->t.poll(c->t.self, 1000, &done, 1))
            return done;
    fail_msg("no completion within a minute");
    abort();
}

static inline struct ob_completion client_do(struct client *c, const struct ob_request *r)
{
    c->t.send(c->t.self, ++c->next_id, &c->route, r);
    struct ob_completion done = client_wait(c);
    assert_int_equal(done.id, c->next_id);
    assert_int_equal(c->t.in_flight(c->t.self), 0);
    return done;
}

static inline struct ob_completion client_call(struct client *c, const char *method,
                                               const char *path, const char *body)
{
    struct ob_request r;
    ob_request_init(&r, method, path);
    if (body)
        ob_buf_adds(&r.body, body);
    struct ob_completion done = client_do(c, &r);
    ob_request_fini(&r);
    return done;
}

#define assert_net(done, expected_error, expected_sent)                                            \
    do {                                                                                           \
        if ((done).error != (expected_error))                                                      \
            fail_msg("%s instead of %s: %s", ob_net_error_word((done).error),                      \
                     ob_net_error_word(expected_error), (done).message);                           \
        assert_int_equal((done).sent, (expected_sent));                                            \
        assert_int_equal((done).message[0] == '\0', (expected_error) == OB_NET_OK);                \
    } while (0)

/* --- servers by hand -------------------------------------------------------------------- */

struct raw;
typedef void raw_script(struct raw *r); /* runs in a thread; ends when accepting fails */

struct raw {
    int listener, port;
    pthread_t thread;
    raw_script *script;
    const char *text;          /* what raw_say answers */
    int connections, requests; /* how many came, whole; read them after raw_stop */
    char last[65536];          /* the latest request as it came */
};

static inline void *raw_run(void *ctx)
{
    struct raw *r = ctx;
    r->script(r);
    return NULL;
}

static inline int raw_listen(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static inline void raw_start(struct raw *r, raw_script *script, const char *text)
{
    memset(r, 0, sizeof *r);
    r->script = script;
    r->text = text;
    r->listener = raw_listen(&r->port);
    assert_int_equal(pthread_create(&r->thread, NULL, raw_run, r), 0);
}

static inline void raw_stop(struct raw *r)
{
    shutdown(r->listener, SHUT_RDWR); /* ends accept() in the thread */
    pthread_join(r->thread, NULL);
    close(r->listener);
}

static inline int raw_accept(struct raw *r)
{
    int fd = accept(r->listener, NULL, NULL);
    r->connections += fd >= 0;
    return fd;
}

static inline size_t raw_body_length(const char *head)
{
    const char *field = strcasestr(head, "\r\nContent-Length:");
    return field ? (size_t)strtoul(field + 17, NULL, 10) : 0;
}

/* One whole request into r->last; false when the other side closed first. */
static inline bool raw_read(struct raw *r, int fd)
{
    size_t len = 0;
    for (;;) {
        r->last[len] = '\0';
        const char *end = strstr(r->last, "\r\n\r\n");
        if (end && len >= (size_t)(end + 4 - r->last) + raw_body_length(r->last))
            break;
        ssize_t n = read(fd, r->last + len, sizeof r->last - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    r->requests++;
    return true;
}

static inline bool raw_write(int fd, const void *p, size_t len)
{
    const char *at = p;
    while (len) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool raw_puts(int fd, const char *s)
{
    return raw_write(fd, s, strlen(s));
}

/* Reads one request, answers r->text, closes; again for the next connection. */
static inline void raw_say(struct raw *r)
{
    for (int fd; (fd = raw_accept(r)) >= 0; close(fd))
        if (raw_read(r, fd))
            raw_puts(fd, r->text);
}

/* Waits until the other side closes. */
static inline void raw_drain(int fd)
{
    char bin[4096];
    while (read(fd, bin, sizeof bin) > 0)
        ;
}
