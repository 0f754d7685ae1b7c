/* One person a line, the way lists are kept by hand: spaces around are cut, empty lines and lines
 * that begin with '#' say nothing. The only column is "id". */
#include "script/input.h"
#include "script/table_parts.h"
#include <string.h>

static size_t line_length(const char *p, size_t len)
{
    size_t n = 0;
    while (n < len && p[n] != '\n' && p[n] != '\r')
        n++;
    return n;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static void add_line(struct ob_table *t, const char *p, size_t len, int64_t line)
{
    while (len && blank(p[0])) {
        p++;
        len--;
    }
    while (len && blank(p[len - 1]))
        len--;
    if (!len || p[0] == '#')
        return;
    ob_table_put(t, p, len);
    ob_table_end_row(t, line);
}

enum ob_status ob_input_lines(struct ob_table **out, const char *source, const struct ob_text *text,
                              struct ob_err *err)
{
    struct ob_table *t = ob_table_new(source, (char *[]){"id"}, 1);
    int64_t line = 1;
    ob_table_reserve(t, text->len + 1);
    for (size_t at = 0; at < text->len; line++) {
        const char *p = text->p + at;
        size_t n = line_length(p, text->len - at);
        add_line(t, p, n, line);
        at += n;
        if (at < text->len)
            at += at + 1 < text->len && p[n] == '\r' && p[n + 1] == '\n' ? 2 : 1;
    }
    *out = t;
    return OB_OK;
}
