/* The tables behind enum ob_status and the text that travels with it. It never prints: what
 * reaches a person or a log goes through the redactor first. */
#include "base/status.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    int code;
    const char *word;
};

static const struct row rows[OB_STATUS_COUNT] = {
#define OB_STATUS(name, code, word) [name] = {code, word},
#include "base/status.def"
#undef OB_STATUS
};

static const struct row *row_of(enum ob_status status)
{
    unsigned i = (unsigned)status;
    return &rows[i < OB_STATUS_COUNT ? i : OB_ERR];
}

int ob_status_exit(enum ob_status status)
{
    return row_of(status)->code;
}

const char *ob_status_word(enum ob_status status)
{
    return row_of(status)->word;
}

/* Lower counts more. The four named ones come first, then the order of the list. */
static int rank(enum ob_status status)
{
    switch (status) {
    case OB_ERR_AUDIT:
        return 0;
    case OB_ERR_DOUBT:
        return 1;
    case OB_ERR_GUARD:
        return 2;
    case OB_ERR_PARTIAL:
        return 3;
    case OB_OK:
        return 1000;
    default:
        return 10 + (int)status;
    }
}

enum ob_status ob_status_worst(enum ob_status a, enum ob_status b)
{
    return rank(b) < rank(a) ? b : a;
}

/* Steps back from a cut inside a UTF-8 sequence, so that a log stays valid text. */
static size_t whole_chars(const char *s, size_t len)
{
    while (len && ((unsigned char)s[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static size_t next_char_at(const char *s, size_t at)
{
    while (((unsigned char)s[at] & 0xC0) == 0x80)
        at++;
    return at;
}

/* Puts `text` into out[size]. Too long a text loses its middle: its head says what it is about
 * and its tail what to do about it. */
static void fit(char *out, size_t size, const char *text)
{
    static const char gap[] = " ... ";
    size_t len = strlen(text);
    if (len < size) {
        memcpy(out, text, len + 1);
        return;
    }
    size_t room = size - sizeof gap;
    size_t head = whole_chars(text, room / 2);
    size_t tail = next_char_at(text, len - (room - room / 2));
    memcpy(out, text, head);
    memcpy(out + head, gap, sizeof gap - 1);
    memcpy(out + head + sizeof gap - 1, text + tail, len - tail + 1);
}

/* The whole text, however long; the caller frees. */
static char *format(const char *fmt, va_list ap)
{
    char *text;
    return vasprintf(&text, fmt, ap) < 0 ? ob_xstrdup("(a message that cannot be written)") : text;
}

enum ob_status ob_fail(struct ob_err *err, enum ob_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    va_list ap;
    va_start(ap, fmt);
    char *text = format(fmt, ap); /* apart, because an argument may be err->message itself */
    va_end(ap);
    err->status = status;
    fit(err->message, sizeof err->message, text);
    free(text);
    return status;
}

enum ob_status ob_err_prefix(struct ob_err *err, const char *fmt, ...)
{
    if (!err)
        return OB_ERR;
    char prefix[sizeof err->message / 4], old[sizeof err->message];
    va_list ap;
    va_start(ap, fmt);
    char *text = format(fmt, ap);
    va_end(ap);
    fit(prefix, sizeof prefix, text);
    free(text);
    size_t n = strlen(prefix);
    fit(old, sizeof old - n - 2, err->message);
    memcpy(err->message, prefix, n);
    memcpy(err->message + n, ": ", 2);
    memcpy(err->message + n + 2, old, strlen(old) + 1);
    return err->status;
}
