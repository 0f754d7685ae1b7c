/* The canonical JSON writer: the same value gives the same bytes, whatever order its maps were
 * filled in, because the bytes are hashed, signed and compared. It never fails: what JSON cannot
 * say (NaN, infinities, secrets) is null, and what is no UTF-8 becomes U+FFFD. */
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_escape(struct ob_buf *out, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = memchr(from, c, sizeof from - 1);
    if (at)
        ob_buf_addf(out, "\\%c", to[at - from]);
    else
        ob_buf_addf(out, "\\u%04x", c);
}

void ob_json_write_str(struct ob_buf *out, const char *s, size_t len)
{
    size_t done = 0, i = 0;
    ob_buf_addc(out, '"');
    while (i < len) {
        unsigned char c = (unsigned char)s[i];
        size_t seq = ob_utf8_seq(s + i, len - i);
        if (seq && c >= 0x20 && c != '"' && c != '\\') {
            i += seq;
            continue;
        }
        ob_buf_add(out, s + done, i - done);
        if (seq)
            write_escape(out, c);
        else
            ob_buf_adds(out, "\xEF\xBF\xBD");
        done = ++i;
    }
    ob_buf_add(out, s + done, len - done);
    ob_buf_addc(out, '"');
}

static void write_num(struct ob_buf *out, double n)
{
    if (!isfinite(n)) {
        ob_buf_adds(out, "null");
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (strtod(text, NULL) == n)
            break;
    }
    char *comma = strchr(text, ','); /* a locale somebody set */
    if (comma)
        *comma = '.';
    ob_buf_adds(out, text);
    if (!strpbrk(text, ".e"))
        ob_buf_adds(out, ".0");
}

static int by_key(const void *a, const void *b)
{
    const struct ob_str *x = &(*(const struct ob_pair *const *)a)->key;
    const struct ob_str *y = &(*(const struct ob_pair *const *)b)->key;
    int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void write_map(struct ob_buf *out, const struct ob_value *v)
{
    size_t n = v->map.count;
    const struct ob_pair **sorted = ob_xcalloc(n, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &v->map.pairs[i];
    qsort(sorted, n, sizeof *sorted, by_key);
    ob_buf_addc(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            ob_buf_addc(out, ',');
        ob_json_write_str(out, sorted[i]->key.p, sorted[i]->key.len);
        ob_buf_addc(out, ':');
        ob_json_write(out, &sorted[i]->value);
    }
    ob_buf_addc(out, '}');
    free(sorted);
}

static void write_list(struct ob_buf *out, const struct ob_value *v)
{
    ob_buf_addc(out, '[');
    for (size_t i = 0; i < v->list.count; i++) {
        if (i)
            ob_buf_addc(out, ',');
        ob_json_write(out, &v->list.items[i]);
    }
    ob_buf_addc(out, ']');
}

void ob_json_write(struct ob_buf *out, const struct ob_value *v)
{
    switch (v->type) {
    case OB_NULL:
    case OB_SECRET:
        ob_buf_adds(out, "null");
        break;
    case OB_BOOL:
        ob_buf_adds(out, v->b ? "true" : "false");
        break;
    case OB_INT:
        ob_buf_addf(out, "%" PRId64, v->i);
        break;
    case OB_NUM:
        write_num(out, v->n);
        break;
    case OB_STR:
        ob_json_write_str(out, v->s.p, v->s.len);
        break;
    case OB_LIST:
        write_list(out, v);
        break;
    case OB_MAP:
        write_map(out, v);
        break;
    }
}
