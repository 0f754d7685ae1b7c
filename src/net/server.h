/* A small HTTP(S) server on the loopback address, over libmicrohttpd: what the simulated clouds
 * stand behind. One thread of its own calls the handler, one request at a time. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/message.h"
#include "base/status.h"

/* What a handler may do besides answering: the faults that only a socket can have. */
enum ob_server_fault {
    OB_FAULT_NONE,
    OB_FAULT_DROP, /* close without a byte of answer */
    OB_FAULT_CUT,  /* promise the whole length, send half of the body, close */
    OB_FAULT_HANG, /* never answer; the connection is kept until the server stops */
};

struct ob_served { /* one request as it came from the wire */
    const char *method;
    const char *target; /* raw request target: path?query, undecoded, as received */
    const char *path;   /* raw path part */
    const char *query;  /* raw query part or "" */
    struct ob_fields headers;
    struct ob_buf body;
};

struct ob_reply {
    struct ob_response response;
    enum ob_server_fault fault;
    int64_t delay_ms; /* before the answer leaves */
};

/* `in` is lent. `out` comes zeroed, its body ready to be added to; the server frees it. */
typedef void ob_server_handler(void *ctx, const struct ob_served *in, struct ob_reply *out);

struct ob_server_options {
    int port;           /* 0: any free one */
    bool https;         /* with a certificate for 127.0.0.1, ::1 and localhost of a fresh CA */
    const char *ca_out; /* where the CA's certificate is written (PEM), with https */
    ob_server_handler *handler;
    void *ctx;
};

struct ob_server;
OB_MUST_CHECK enum ob_status
ob_server_start(struct ob_server **out, const struct ob_server_options *opt, struct ob_err *err);
int ob_server_port(const struct ob_server *s);
void ob_server_stop(struct ob_server *s); /* waits for the thread */
