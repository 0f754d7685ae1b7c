/* Harmless text and its width. wcwidth() needs a UTF-8 LC_CTYPE, which main() sets; where that
 * failed every character counts as one column. Grids are in grid.c. */
#include "report/text.h"
#include "base/utf8.h"
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

int ob_text_columns(int fd)
{
    struct winsize size;
    if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return OB_TEXT_COLUMNS;
}

static uint32_t decode(const char *p, size_t seq)
{
    static const unsigned char mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t cp = (unsigned char)p[0] & mask[seq];
    for (size_t i = 1; i < seq; i++)
        cp = cp << 6 | ((unsigned char)p[i] & 0x3F);
    return cp;
}

/* C0, DEL and C1 controls; marks, embeddings, overrides and isolates of direction; line and
 * paragraph separators; the byte order mark. */
static bool harmful(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x61C || cp == 0x200E || cp == 0x200F ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

void ob_text_clean(struct ob_buf *out, const char *s)
{
    for (size_t left = strlen(s); left;) {
        size_t seq = ob_utf8_seq(s, left);
        uint32_t cp = seq ? decode(s, seq) : 0;
        if (seq == 1 && strchr("\t\n\r", *s))
            ob_buf_addc(out, ' ');
        else if (!seq || harmful(cp))
            ob_buf_addc(out, '?');
        else
            ob_buf_add(out, s, seq);
        s += seq ? seq : 1;
        left -= seq ? seq : 1;
    }
}

/* Width of the first character at s, and its length in bytes. */
static int char_width(const char *s, size_t left, size_t *seq)
{
    *seq = ob_utf8_seq(s, left);
    if (!*seq) {
        *seq = 1;
        return 1;
    }
    int w = wcwidth((wchar_t)decode(s, *seq));
    return w < 0 ? 1 : w;
}

int ob_text_width(const char *clean)
{
    int width = 0;
    size_t seq;
    for (size_t left = strlen(clean); left; left -= seq, clean += seq)
        width += char_width(clean, left, &seq);
    return width;
}

size_t ob_text_take(const char *clean, int columns)
{
    size_t at = 0, seq, len = strlen(clean);
    for (; at < len; at += seq) {
        int w = char_width(clean + at, len - at, &seq);
        if (w > columns)
            break;
        columns -= w;
    }
    return at;
}

void ob_text_fit(struct ob_buf *out, const char *clean, int columns)
{
    if (ob_text_width(clean) <= columns) {
        ob_buf_adds(out, clean);
        return;
    }
    ob_buf_add(out, clean, ob_text_take(clean, columns - 1));
    if (columns > 0)
        ob_buf_adds(out, "…");
}
