/* Private to net/http*.c: a request as it goes to the wire, an answer while it comes in, and the
 * words for what went wrong. None of it knows curl, so all of it can be tested on bytes alone. */
#pragma once
#include "base/status.h"
#include "net/transport.h"

/* --- http_wire.c ------------------------------------------------------------------------ */

/* What ob_request_check says, and fields about the body's length that are not true: what the
 * library sends follows them blindly. */
OB_MUST_CHECK enum ob_status ob_wire_check(const struct ob_request *r, struct ob_err *err);
/* Scheme, host and port only: the target goes as it is, not through a URL parser. */
void ob_wire_url(const struct ob_endpoint *e, struct ob_buf *out);
/* Each field as curl wants it: "Name: value", "Name;" for an empty value, "Name:" to keep curl
 * from adding one of its own. The lines are overwritten after the call. */
void ob_wire_fields(const struct ob_request *r, const struct ob_endpoint *e,
                    void (*add)(void *ctx, const char *line), void *ctx);

/* --- http_answer.c ---------------------------------------------------------------------- */

enum ob_http_answer_at {
    OB_ANSWER_AT_STATUS, /* waits for a status line, also after each 1xx */
    OB_ANSWER_AT_FIELDS,
    OB_ANSWER_AT_BODY, /* the final header is whole; what comes as lines now are trailers */
};

struct ob_http_answer {
    enum ob_http_answer_at at;
    int status; /* of the latest status line, 0 before the first */
    size_t head_bytes, body_bytes;
    bool too_large;
    struct ob_fields headers;
    struct ob_buf body;
};

void ob_http_answer_init(struct ob_http_answer *a);
void ob_http_answer_fini(struct ob_http_answer *a);
/* Both return false when the transfer is to be given up: too large, or no HTTP. */
OB_MUST_CHECK bool ob_http_answer_line(struct ob_http_answer *a, const char *p, size_t len);
OB_MUST_CHECK bool ob_http_answer_body(struct ob_http_answer *a, const char *p, size_t len);
/* Moves status, fields and body out. */
void ob_http_answer_take(struct ob_http_answer *a, struct ob_response *out);
bool ob_http_answer_is_redirect(const struct ob_http_answer *a);

/* --- http_explain.c --------------------------------------------------------------------- */

struct ob_http_facts { /* what is known of a failure; all of it borrowed */
    enum ob_net_error error;
    const struct ob_route *route;
    const struct ob_http_answer *answer;
    bool started;      /* the request began to leave */
    int os_error;      /* errno of the connect, or 0 */
    int tunnel_status; /* what the proxy answered to CONNECT, or 0 */
    bool proxy_fault;  /* the proxy's name or certificate is meant, not the server's */
    bool certificate;  /* of TLS: verification failed, not the handshake as such */
    bool malformed;    /* of BROKEN and CUT: bytes came, but no HTTP */
    bool large_header; /* of TOO_LARGE: the header, not the body */
    int64_t expected;  /* the answer's promised length, or -1 */
    int64_t timeout_ms;
    const char *reason; /* of CONNECT, TLS and SETUP: a short text that names no URL */
};

/* Lower case, no full stop, never a path, a query or a proxy's password. */
void ob_http_explain(const struct ob_http_facts *f, char *out, size_t cap);
/* "unknown CA" of "error:0A000418:SSL routines::unknown CA" and the like; lends. */
const char *ob_http_tls_reason(const char *text);
/* True when the network ended a handshake: no matter of configuration. */
bool ob_http_tls_is_lost(const char *text);
/* At most a third of the whole, and at most ten seconds. */
int64_t ob_http_connect_ms(int64_t timeout_ms);
