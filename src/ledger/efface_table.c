/* A table of text without one person: CSV with commas, semicolons or tabs, and lines, which are a
 * table of one column. Read leniently: an input that was refused is not here. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "ledger/efface.h"
#include "ledger/seal.h"

struct cell {
    uint32_t from, len; /* of the text itself, without quotes and spaces around it */
    uint32_t row, column;
    bool quoted;
    bool matched, gone;
};

struct table {
    const struct ob_efface *e;
    const char *p;
    size_t len;
    char separator;
    struct cell *cells;
    size_t count, cap;
};

/* ---- reading ---- */

static char find_separator(const char *p, size_t len)
{
    const char *end = memchr(p, '\n', len);
    size_t head = end ? (size_t)(end - p) : len, most = 0;
    char best = ',';
    for (const char *s = ",;\t"; *s; s++) {
        size_t n = 0;
        for (size_t i = 0; i < head; i++)
            n += p[i] == *s;
        if (n > most) {
            most = n;
            best = *s;
        }
    }
    return best;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void add_cell(struct table *t, size_t from, size_t to, size_t row, size_t column,
                     bool quoted)
{
    while (!quoted && from < to && blank(t->p[from]))
        from++;
    while (!quoted && to > from && blank(t->p[to - 1]))
        to--;
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 256;
        t->cells = ob_xrealloc(t->cells, t->cap, sizeof *t->cells);
    }
    t->cells[t->count++] = (struct cell){.from = (uint32_t)from,
                                         .len = (uint32_t)(to - from),
                                         .row = (uint32_t)row,
                                         .column = (uint32_t)column,
                                         .quoted = quoted};
}

/* The end of a quoted text that begins at `at`: its closing quote, or the end of all. */
static size_t close_quote(const struct table *t, size_t at)
{
    for (; at < t->len; at++) {
        if (t->p[at] != '"')
            continue;
        if (at + 1 < t->len && t->p[at + 1] == '"')
            at++;
        else
            return at;
    }
    return t->len;
}

static size_t read_cell(struct table *t, size_t at, size_t row, size_t column)
{
    size_t from = at;
    while (from < t->len && t->p[from] != t->separator && blank(t->p[from]))
        from++;
    if (from < t->len && t->p[from] == '"') {
        size_t end = close_quote(t, from + 1);
        add_cell(t, from + 1, end, row, column, true);
        at = end < t->len ? end + 1 : end;
        while (at < t->len && t->p[at] != t->separator && t->p[at] != '\n')
            at++;
        return at;
    }
    while (at < t->len && t->p[at] != t->separator && t->p[at] != '\n')
        at++;
    add_cell(t, from < at ? from : at, at, row, column, false);
    return at;
}

static void read_all(struct table *t)
{
    size_t at = 0, row = 0, column = 0;
    while (at < t->len) {
        at = read_cell(t, at, row, column);
        if (at >= t->len)
            break;
        bool end = t->p[at++] == '\n';
        row += end;
        column = end ? 0 : column + 1;
    }
}

/* The cell's text, unquoted into `own` when that is needed. */
static struct ob_cell text_of(const struct table *t, const struct cell *c, struct ob_buf *own)
{
    const char *p = t->p + c->from;
    if (!c->quoted || !memmem(p, c->len, "\"\"", 2))
        return (struct ob_cell){p, c->len};
    ob_buf_clear(own);
    for (size_t i = 0; i < c->len; i++) {
        ob_buf_addc(own, p[i]);
        i += p[i] == '"';
    }
    return (struct ob_cell){ob_buf_str(own), own->len};
}

/* ---- whose ---- */

static bool match_all(struct table *t, bool *telling)
{
    struct ob_buf own;
    bool any = false;
    ob_buf_init(&own, OB_BUF_LARGE);
    for (size_t i = 0; i < t->count; i++) {
        struct ob_cell text = text_of(t, &t->cells[i], &own);
        t->cells[i].matched = ob_texts_have(t->e->person, text.p, text.len);
        t->cells[i].gone = t->cells[i].matched && ob_text_telling(text.p, text.len);
        *telling = *telling || t->cells[i].gone;
        any = any || t->cells[i].matched;
    }
    ob_buf_fini(&own);
    return any;
}

static bool is_matched(const struct table *t, uint32_t column)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->cells[i].matched && t->cells[i].column == column)
            return true;
    return false;
}

/* 0: it does not name the rows. */
static size_t variety_of(const struct table *t, uint32_t column, bool telling)
{
    struct ob_cell *cells = ob_xcalloc(t->count, sizeof *cells), name = {"", 0};
    size_t n = 0, all, variety;
    for (size_t i = 0; i < t->count; i++) {
        const struct cell *c = &t->cells[i];
        if (c->column != column)
            continue;
        cells[n] = (struct ob_cell){t->p + c->from, c->len};
        if (!n++)
            name = cells[0];
    }
    variety = ob_column_variety(cells, n, &all);
    free(cells);
    return ob_column_names_rows(name.p, name.len, variety, all, telling) ? variety : 0;
}

/* The column with the most different values, of those that match; the first of several. */
static bool naming_column(const struct table *t, bool telling, uint32_t *column)
{
    uint32_t columns = 0;
    size_t most = 0;
    for (size_t i = 0; i < t->count; i++)
        columns = t->cells[i].column >= columns ? t->cells[i].column + 1 : columns;
    for (uint32_t c = 0; c < columns; c++) {
        size_t variety = is_matched(t, c) ? variety_of(t, c, telling) : 0;
        if (variety > most) {
            most = variety;
            *column = c;
        }
    }
    return most > 0;
}

static void clear_rows(struct table *t, uint32_t column)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!t->cells[i].matched || t->cells[i].column != column)
            continue;
        uint32_t row = t->cells[i].row;
        for (size_t k = i; k < t->count && t->cells[k].row == row; k++)
            t->cells[k].gone = true;
        for (size_t k = i; k-- > 0 && t->cells[k].row == row;)
            t->cells[k].gone = true;
    }
}

/* ---- writing ---- */

static void add_quoted(struct ob_buf *out, const struct ob_buf *text)
{
    for (size_t i = 0; i < text->len; i++) {
        ob_buf_addc(out, text->p[i]);
        if (text->p[i] == '"')
            ob_buf_addc(out, '"');
    }
}

static bool write_cell(const struct table *t, const struct cell *c, struct ob_buf *out,
                       struct ob_buf *own, struct ob_buf *left)
{
    if (c->gone) {
        if (c->len)
            ob_buf_adds(out, OB_ERASED);
        return true;
    }
    struct ob_cell text = text_of(t, c, own);
    ob_buf_clear(left);
    if (!ob_efface_words(t->e->person, text.p, text.len, left)) {
        ob_buf_add(out, t->p + c->from, c->len);
        return false;
    }
    if (c->quoted)
        add_quoted(out, left);
    else
        ob_buf_add(out, ob_buf_str(left), left->len);
    return true;
}

static bool write_all(const struct table *t, struct ob_buf *out)
{
    struct ob_buf own, left;
    size_t at = 0;
    bool changed = false;
    ob_buf_init(&own, OB_BUF_LARGE);
    ob_buf_init(&left, OB_BUF_LARGE);
    for (size_t i = 0; i < t->count; i++) {
        const struct cell *c = &t->cells[i];
        ob_buf_add(out, t->p + at, c->from - at);
        changed = write_cell(t, c, out, &own, &left) || changed;
        at = c->from + c->len;
    }
    if (at < t->len)
        ob_buf_add(out, t->p + at, t->len - at);
    ob_buf_fini(&own);
    ob_buf_fini(&left);
    return changed;
}

bool ob_efface_table(const struct ob_efface *e, const char *p, size_t len, struct ob_buf *out)
{
    struct table t = {.e = e, .p = p, .len = len, .separator = find_separator(p, len)};
    bool telling = false;
    uint32_t column;
    read_all(&t);
    if (match_all(&t, &telling) && naming_column(&t, telling, &column))
        clear_rows(&t, column);
    bool changed = write_all(&t, out);
    free(t.cells);
    return changed;
}
