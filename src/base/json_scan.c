/* The strict JSON scanner: RFC 8259 and nothing beyond it, without recursion and without building
 * anything. Raw text is lent to the sink as it stands in the input. Duplicate keys and lone
 * \uD800 escapes are grammatical, so whoever builds a tree decides about them. The depth of an
 * event is the number of containers around it: 0 for the outermost value, and the same for the
 * two ends of one container. */
#include "base/json.h"
#include "base/utf8.h"
#include <string.h>

struct scan {
    const char *p;
    size_t len, at;
    ob_json_sink *sink;
    void *ctx;
    struct ob_err *err;
    int depth;
    bool stopped;
    char open[OB_VALUE_DEPTH]; /* '{' or '[' of each open container */
};

static bool bad(struct scan *s, const char *what)
{
    if (s->at >= s->len)
        what = "the text ends too early";
    ob_fail(s->err, OB_ERR, "json: byte %zu: %s", s->at, what);
    return false;
}

/* The byte at the cursor; 0 at the end, which no caller takes for a byte of the grammar. */
static char peek(const struct scan *s)
{
    return s->at < s->len ? s->p[s->at] : '\0';
}

static void skip_space(struct scan *s)
{
    while (s->at < s->len && memchr(" \t\n\r", s->p[s->at], 4))
        s->at++;
}

static bool digit(const struct scan *s)
{
    char c = peek(s);
    return c >= '0' && c <= '9';
}

static bool emit(struct scan *s, enum ob_json_kind kind, size_t from, size_t to)
{
    struct ob_json_event ev = {kind, s->p + from, to - from, s->depth};
    if (s->sink && !s->sink(s->ctx, &ev))
        s->stopped = true;
    return !s->stopped;
}

static bool scan_escape(struct scan *s)
{
    s->at++;
    char c = peek(s);
    if (c == 'u') {
        for (int i = 0; i < 4; i++) {
            s->at++;
            if (!peek(s) || !strchr("0123456789abcdefABCDEF", peek(s)))
                return bad(s, "\\u needs four hex digits");
        }
    } else if (!c || !strchr("\"\\/bfnrt", c)) {
        return bad(s, "unknown escape in a string");
    }
    s->at++;
    return true;
}

static bool scan_string(struct scan *s, enum ob_json_kind kind)
{
    size_t from = ++s->at;
    while (s->at < s->len && s->p[s->at] != '"') {
        unsigned char c = (unsigned char)s->p[s->at];
        size_t seq = ob_utf8_seq(s->p + s->at, s->len - s->at);
        if (!seq)
            return bad(s, "not UTF-8");
        if (c < 0x20)
            return bad(s, "a control character in a string must be escaped");
        if (c != '\\')
            s->at += seq;
        else if (!scan_escape(s))
            return false;
    }
    if (s->at >= s->len)
        return bad(s, "");
    s->at++;
    return emit(s, kind, from, s->at - 1);
}

static bool scan_digits(struct scan *s)
{
    if (!digit(s))
        return bad(s, "a digit is missing in a number");
    while (digit(s))
        s->at++;
    return true;
}

static bool scan_number(struct scan *s)
{
    size_t from = s->at;
    enum ob_json_kind kind = OB_JSON_INT;
    if (peek(s) == '-')
        s->at++;
    bool zero = peek(s) == '0';
    size_t first = s->at;
    if (!scan_digits(s))
        return false;
    if (zero && s->at > first + 1) {
        s->at = first;
        return bad(s, "a number with a leading zero");
    }
    if (peek(s) == '.') {
        kind = OB_JSON_REAL;
        s->at++;
        if (!scan_digits(s))
            return false;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        kind = OB_JSON_REAL;
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!scan_digits(s))
            return false;
    }
    return emit(s, kind, from, s->at);
}

static bool scan_word(struct scan *s, const char *word, enum ob_json_kind kind)
{
    size_t n = strlen(word), from = s->at;
    if (s->len - s->at < n || memcmp(s->p + s->at, word, n) != 0)
        return bad(s, "a value is expected");
    s->at += n;
    return emit(s, kind, from, s->at);
}

static bool scan_open(struct scan *s)
{
    bool map = peek(s) == '{';
    if (s->depth == OB_VALUE_DEPTH)
        return bad(s, "nested too deeply");
    if (!emit(s, map ? OB_JSON_BEGIN_MAP : OB_JSON_BEGIN_LIST, s->at, s->at + 1))
        return false;
    s->open[s->depth++] = peek(s);
    s->at++;
    return true;
}

static bool scan_close(struct scan *s)
{
    bool map = s->open[--s->depth] == '{';
    s->at++;
    return emit(s, map ? OB_JSON_END_MAP : OB_JSON_END_LIST, s->at - 1, s->at);
}

/* A scalar, or the beginning of a container. */
static bool scan_value(struct scan *s)
{
    switch (peek(s)) {
    case '{':
    case '[':
        return scan_open(s);
    case '"':
        return scan_string(s, OB_JSON_STRING);
    case 't':
        return scan_word(s, "true", OB_JSON_TRUE);
    case 'f':
        return scan_word(s, "false", OB_JSON_FALSE);
    case 'n':
        return scan_word(s, "null", OB_JSON_NULL);
    default:
        if (peek(s) == '-' || digit(s))
            return scan_number(s);
        return bad(s, "a value is expected");
    }
}

static bool scan_key(struct scan *s)
{
    if (peek(s) != '"')
        return bad(s, "a key in quotes is expected");
    if (!scan_string(s, OB_JSON_KEY))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return bad(s, "':' is expected after a key");
    s->at++;
    skip_space(s);
    return true;
}

/* Within a container: its end, or what comes before the next value. `first` says that nothing
 * was in it yet. Answers false at an error or at a stop; *value says whether a value follows. */
static bool scan_between(struct scan *s, bool first, bool *value)
{
    bool map = s->open[s->depth - 1] == '{';
    *value = false;
    if (peek(s) == (map ? '}' : ']'))
        return scan_close(s);
    if (!first) {
        if (peek(s) != ',')
            return bad(s, map ? "',' or '}' is expected" : "',' or ']' is expected");
        s->at++;
        skip_space(s);
    }
    *value = true;
    return !map || scan_key(s);
}

static bool scan_all(struct scan *s)
{
    skip_space(s);
    if (s->at == s->len)
        return bad(s, "");
    if (!scan_value(s))
        return false;
    bool first = true; /* true right after a container began */
    while (s->depth > 0) {
        int depth = s->depth;
        bool value;
        skip_space(s);
        if (!scan_between(s, first, &value))
            return false;
        if (value && !scan_value(s))
            return false;
        first = s->depth > depth;
    }
    skip_space(s);
    return s->at == s->len || bad(s, "something follows the value");
}

enum ob_status ob_json_scan(const char *p, size_t len, ob_json_sink *sink, void *ctx,
                            struct ob_err *err)
{
    struct scan s = {.p = len ? p : "", .len = len, .sink = sink, .ctx = ctx, .err = err};
    return scan_all(&s) || s.stopped ? OB_OK : OB_ERR;
}
