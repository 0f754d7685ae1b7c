/* How calls leave and answers come back, as an interface: net/http.c over curl for real,
 * a simulated one in rehearsal. The engine sees only this. One thread, no callbacks: the
 * owner sends, polls, and gets completions. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/message.h"

/* Why there is no whole answer. X-macro: name, what it says to people, may the request have
 * reached the cloud? */
enum ob_net_error {
    OB_NET_OK,        /* a whole answer; `response` is filled */
    OB_NET_RESOLVE,   /* never left */
    OB_NET_CONNECT,   /* never left */
    OB_NET_TLS,       /* certificate or handshake: never left; a matter of configuration */
    OB_NET_TIMEOUT,   /* may have arrived (see `sent`) */
    OB_NET_BROKEN,    /* connection lost: may have arrived (see `sent`) */
    OB_NET_TOO_LARGE, /* arrived; the answer passed the maximum */
    OB_NET_CUT,       /* arrived; the answer ended early */
    OB_NET_REDIRECT,  /* arrived; a 3xx, never followed */
    OB_NET_CANCELLED,
    OB_NET_SETUP, /* bad configuration (ca_file unreadable, proxy): never left */
};

/* "timeout", "too_large", ...: the word for logs, ledger and policies. */
const char *ob_net_error_word(enum ob_net_error error);

struct ob_completion {
    uint64_t id;
    enum ob_net_error error;
    bool sent; /* true when any byte of the request may have reached the other side */
    struct ob_response response; /* owned by the receiver of the completion */
    char message[512];           /* for people; "" when OB_NET_OK */
    int64_t took_ms;
};
void ob_completion_fini(struct ob_completion *c);

/* What a target says of its network; borrowed, lives as long as the transport. */
struct ob_route {
    struct ob_endpoint endpoint;
    char *ca_file;      /* private roots, PEM; NULL: the system's */
    char *proxy;        /* NULL: none (the environment is never asked) */
    int64_t timeout_ms; /* whole exchange; connect takes at most a third of it */
};

#define OB_ANSWER_MAX         ((size_t)16 * 1024 * 1024)
#define OB_ANSWER_HEADERS_MAX ((size_t)128 * 1024)

struct ob_transport {
    void *self;
    /* Takes copies of what it needs; `r` is signed and complete. The id comes back once. */
    void (*send)(void *self, uint64_t id, const struct ob_route *route, const struct ob_request *r);
    /* Waits up to `wait_ms` (0: do not wait) or until something is finished or `wake` was called;
     * fills up to `max` completions and returns how many. */
    size_t (*poll)(void *self, int64_t wait_ms, struct ob_completion *out, size_t max);
    size_t (*in_flight)(void *self);
    /* Ends a wait of poll() early; safe in a signal handler. */
    void (*wake)(void *self);
};

/* The real one. Free only when nothing is in flight, or what is will be cut. */
struct ob_http;
struct ob_http *ob_http_new(void);
void ob_http_free(struct ob_http *h);
struct ob_transport ob_http_transport(struct ob_http *h);
