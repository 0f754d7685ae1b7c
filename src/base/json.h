/* JSON at the edges of C: one canonical writer, and one strict scanner that reads bytes into
 * events without building anything. Trees are built by lua-cjson behind the guard in
 * script/json.c, which uses the scanner; so does what picks a token out of a login answer. */
#pragma once
#include "base/buf.h"
#include "base/status.h"
#include "base/value.h"

/* Canonical: keys sorted by bytes, no spaces, integers exact, shortest round-trip doubles,
 * UTF-8 as it is, only what must be escaped escaped. OB_SECRET writes as null. NaN and
 * infinities, and strings that are no UTF-8 (each bad byte becomes U+FFFD), cannot break it. */
void ob_json_write(struct ob_buf *out, const struct ob_value *v);
void ob_json_write_str(struct ob_buf *out, const char *s, size_t len);

enum ob_json_kind {
    OB_JSON_BEGIN_MAP,
    OB_JSON_END_MAP,
    OB_JSON_BEGIN_LIST,
    OB_JSON_END_LIST,
    OB_JSON_KEY,    /* raw: the literal without quotes, escapes still in it */
    OB_JSON_STRING, /* raw, as KEY */
    OB_JSON_INT,    /* raw digits with sign, no fraction, no exponent: may pass 64 bits */
    OB_JSON_REAL,   /* raw */
    OB_JSON_TRUE,
    OB_JSON_FALSE,
    OB_JSON_NULL,
};

struct ob_json_event {
    enum ob_json_kind kind;
    const char *raw;
    size_t len;
    int depth;
};

/* Called in order; a false answer stops the scan without an error. */
typedef bool ob_json_sink(void *ctx, const struct ob_json_event *ev);

/* RFC 8259, whole input, UTF-8 checked, nesting up to OB_VALUE_DEPTH. Errors name the byte. */
OB_MUST_CHECK enum ob_status ob_json_scan(const char *p, size_t len, ob_json_sink *sink, void *ctx,
                                          struct ob_err *err);
/* Unescapes the raw form of a string or key. False when a surrogate stands alone. */
bool ob_json_unescape(struct ob_buf *out, const char *raw, size_t len);

/* The scalar at a dotted path of map keys ("data.accessToken"), as text: strings unescaped,
 * numbers as written. False when it is absent, null, or no scalar. For C code that must read
 * one field of an answer without a tree (tokens never pass through Lua). */
bool ob_json_pick(const char *p, size_t len, const char *path, struct ob_buf *out);
