/* HTTP messages as plain data, shared by signers, transports, the engine and the simulator. */
#pragma once
#include "base/buf.h"

struct ob_field {
    char *name;
    char *value;
};

/* Ordered, repeated names allowed. */
struct ob_fields {
    struct ob_field *v;
    size_t count, cap;
};

void ob_fields_fini(struct ob_fields *f); /* values are overwritten first: they hold tokens */
void ob_fields_add(struct ob_fields *f, const char *name, const char *value);
/* Replaces the first of that name (compared without case) or adds. */
void ob_fields_set(struct ob_fields *f, const char *name, const char *value);
const char *ob_fields_get(const struct ob_fields *f, const char *name); /* without case */
void ob_fields_copy(struct ob_fields *to, const struct ob_fields *from);
/* Stable sort by name bytes, then value bytes. */
void ob_fields_sort(struct ob_fields *f);

struct ob_request {
    char method[8];         /* upper case */
    char *path;             /* as on the wire: each segment percent-encoded, begins with '/' */
    struct ob_fields query; /* decoded; encoded once, in order, by ob_request_target() */
    struct ob_fields headers;
    struct ob_buf body; /* the exact bytes sent */
    char *rpc_action;   /* Alibaba RPC style: operation and version, or NULL; the signer */
    char *rpc_version;  /* puts them into headers (ACS3) or parameters (V1) */
};

void ob_request_init(struct ob_request *r, const char *method, const char *path);
void ob_request_fini(struct ob_request *r);
void ob_request_copy(struct ob_request *to, const struct ob_request *from);
/* Path and query as they stand in the request line: `base` (may be "") + path + ?query. */
void ob_request_target(const struct ob_request *r, const char *base, struct ob_buf *out);
/* CR, LF or NUL in a name or value, an unknown method, a path without '/': an error that names it.
 */
#include "base/status.h"
OB_MUST_CHECK enum ob_status ob_request_check(const struct ob_request *r, struct ob_err *err);

struct ob_response {
    int status;
    struct ob_fields headers;
    struct ob_buf body;
};
void ob_response_fini(struct ob_response *r);

/* application/x-www-form-urlencoded of decoded pairs, in order, percent-encoded as RFC 3986
 * (space is %20), so that form and canonical string agree. */
void ob_form_encode(const struct ob_fields *f, struct ob_buf *out);
/* Percent-encoding: unreserved is A-Z a-z 0-9 - _ . ~, all else %XX in upper case. */
void ob_percent_encode(struct ob_buf *out, const char *s, size_t len);
/* A '%' without two hex digits stays as it is. */
void ob_percent_decode(struct ob_buf *out, const char *s, size_t len);
/* Makes any text safe as a request path: what is no legal path byte is encoded; %XX is kept. */
void ob_path_clean(struct ob_buf *out, const char *s, size_t len);

/* Where requests of a target go. */
struct ob_endpoint {
    bool https;
    char *host; /* name or address, without port; IPv6 without brackets */
    int port;
    char *authority; /* the Host header: with the port unless it is the scheme's default */
    char *base;      /* path prefix without a trailing '/', or "" */
};
/* https://host[:port][/base]; plain http only to 127.0.0.0/8, [::1] or localhost; no user
 * part, query or fragment. */
OB_MUST_CHECK enum ob_status ob_endpoint_parse(struct ob_endpoint *e, const char *url,
                                               struct ob_err *err);
void ob_endpoint_fini(struct ob_endpoint *e);
