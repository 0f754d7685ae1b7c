/* From bytes to a table: the encoding, then the format, then the key. Pure: it opens nothing;
 * `input` of a policy and the tests call ob_table_parse. */
#include "script/input.h"
#include "script/table_parts.h"
#include "base/utf8.h"
#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>

#define BOM "\xEF\xBB\xBF"

size_t ob_text_breaks(const char *p, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += p[i] == '\n' || (p[i] == '\r' && (i + 1 == len || p[i + 1] != '\n'));
    return n;
}

/* iconv also takes "//IGNORE" behind a name, which would drop what it cannot read. */
static bool plain_name(const char *encoding)
{
    for (const char *p = encoding; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-_.:", *p))
            return false;
    }
    return *encoding && strlen(encoding) < 40;
}

static enum ob_status convert(struct ob_text *t, iconv_t cd, const char *source, const char *bytes,
                              size_t len, const char *encoding, struct ob_err *err)
{
    char *in = (char *)bytes; /* iconv's prototype has no const; it does not write */
    bool flush = false;
    while (!flush) {
        char piece[16384], *out = piece;
        size_t room = sizeof piece;
        flush = len == 0;
        size_t rc = iconv(cd, flush ? NULL : &in, flush ? NULL : &len, &out, &room);
        int why = errno;
        if (!ob_buf_add(&t->owned, piece, sizeof piece - room))
            return ob_fail(err, OB_ERR_INPUT, "%s: larger than %zu MiB", source,
                           t->owned.max / (1024 * 1024));
        if (rc == (size_t)-1 && (why != E2BIG || room == sizeof piece))
            return ob_fail(err, OB_ERR_INPUT, "%s:%zu: not %s", source,
                           ob_text_breaks(ob_buf_str(&t->owned), t->owned.len) + 1, encoding);
    }
    return OB_OK;
}

static enum ob_status decode_as(struct ob_text *t, const char *source, const char *bytes,
                                size_t len, const char *encoding, struct ob_err *err)
{
    char name[OB_SHOW];
    iconv_t cd = plain_name(encoding) ? iconv_open("UTF-8", encoding) : (iconv_t)-1;
    if (cd == (iconv_t)-1)
        return ob_fail(err, OB_ERR_INPUT, "%s: encoding \"%s\" is not known (iconv -l lists them)",
                       source, ob_show(encoding, name));
    enum ob_status st = convert(t, cd, source, bytes, len, encoding, err);
    iconv_close(cd);
    t->p = ob_buf_str(&t->owned);
    t->len = t->owned.len;
    return st;
}

static enum ob_status check_utf8(const struct ob_text *t, const char *source, bool named,
                                 struct ob_err *err)
{
    const char *hint = named ? "" : "; is it GB18030? say encoding = \"gb18030\"";
    for (size_t i = 0; i < t->len;) {
        size_t n = (unsigned char)t->p[i] < 0x80 ? 1 : ob_utf8_seq(t->p + i, t->len - i);
        if (!n)
            return ob_fail(err, OB_ERR_INPUT, "%s:%zu: not UTF-8%s", source,
                           ob_text_breaks(t->p, i) + 1, hint);
        i += n;
    }
    const char *nul = t->len ? memchr(t->p, '\0', t->len) : NULL;
    if (nul)
        return ob_fail(err, OB_ERR_INPUT, "%s:%zu: a NUL byte%s", source,
                       ob_text_breaks(t->p, (size_t)(nul - t->p)) + 1,
                       named ? "" : "; is it UTF-16? say encoding = \"utf-16\"");
    return OB_OK;
}

enum ob_status ob_text_decode(struct ob_text *t, const char *source, const char *bytes, size_t len,
                              const char *encoding, struct ob_err *err)
{
    bool utf8 = !encoding || strcasecmp(encoding, "utf-8") == 0 || !strcasecmp(encoding, "utf8");
    *t = (struct ob_text){.p = len ? bytes : "", .len = len};
    ob_buf_init(&t->owned, OB_BUF_LARGE);
    if (!utf8) {
        enum ob_status st = decode_as(t, source, t->p, len, encoding, err);
        if (st != OB_OK)
            return st;
    } else if (len >= 2 && (!memcmp(bytes, "\xFF\xFE", 2) || !memcmp(bytes, "\xFE\xFF", 2))) {
        return ob_fail(err, OB_ERR_INPUT, "%s: UTF-16; say encoding = \"utf-16\"", source);
    }
    if (t->len >= 3 && memcmp(t->p, BOM, 3) == 0) {
        t->p += 3;
        t->len -= 3;
    }
    return check_utf8(t, source, encoding != NULL, err);
}

void ob_text_fini(struct ob_text *t)
{
    ob_buf_fini(&t->owned);
}

static enum ob_status read_rows(struct ob_table **out, const char *source,
                                const struct ob_text *text, const struct ob_input_options *opt,
                                struct ob_err *err)
{
    switch (opt->format) {
    case OB_FORMAT_CSV:
        return ob_input_csv(out, source, text, opt->separator, err);
    case OB_FORMAT_JSON:
        return ob_input_json(out, source, text, err);
    case OB_FORMAT_LINES:
        return ob_input_lines(out, source, text, err);
    }
    return ob_fail(err, OB_ERR_INPUT, "%s: unknown format", source);
}

/* A table without columns ("[]", or no bytes at all, and that was allowed) keeps none: rosters
 * take it as one that no question about columns can be wrong about. */
static enum ob_status finish(struct ob_table *t, const struct ob_input_options *opt,
                             struct ob_err *err)
{
    ob_table_trim(t);
    if (!t->row_count && !opt->allow_empty)
        return ob_fail(err, OB_ERR_INPUT, "%s: no rows; use --allow-empty if that is right",
                       t->source);
    if (!t->column_count)
        return OB_OK;
    enum ob_status st = ob_table_set_key(t, opt->key ? opt->key : t->columns[0], err);
    return st == OB_OK ? ob_table_check_key(t, err) : st;
}

enum ob_status ob_table_parse(struct ob_table **out, const char *source, const char *bytes,
                              size_t len, const struct ob_input_options *opt, struct ob_err *err)
{
    struct ob_text text;
    struct ob_table *t = NULL;
    *out = NULL;
    enum ob_status st = ob_text_decode(&text, source, bytes, len, opt->encoding, err);
    if (st == OB_OK)
        st = read_rows(&t, source, &text, opt, err);
    if (st == OB_OK)
        st = finish(t, opt, err);
    if (st == OB_OK)
        *out = t;
    else
        ob_table_unref(t);
    ob_text_fini(&text);
    return st;
}
