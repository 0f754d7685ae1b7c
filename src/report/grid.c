/* Tables of text.h. The layout is worked out once all rows are known, so rows are kept; a listing
 * of a hundred thousand people belongs into `offboard export`, not here. */
#include "report/text.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

#define GAP       2  /* between columns */
#define NARROWEST 6  /* no column is cut below this */
#define WRAP_MIN  20 /* the last column keeps at least this */

struct ob_grid {
    size_t columns, count, cap;
    bool *right;
    char **cells; /* count * columns, the head first */
};

static void add_cells(struct ob_grid *g, const char *const *cells)
{
    if (g->count == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 16;
        g->cells = ob_xrealloc(g->cells, g->cap * g->columns, sizeof *g->cells);
    }
    for (size_t c = 0; c < g->columns; c++) {
        struct ob_buf clean;
        ob_buf_init(&clean, OB_BUF_LARGE);
        ob_text_clean(&clean, cells[c] ? cells[c] : "");
        char *text = ob_buf_take(&clean);
        g->cells[g->count * g->columns + c] = text ? text : ob_xstrdup("");
    }
    g->count++;
}

struct ob_grid *ob_grid_new(const char *const *names, size_t columns)
{
    struct ob_grid *g = ob_xcalloc(1, sizeof *g);
    g->columns = columns;
    g->right = ob_xcalloc(columns, sizeof *g->right);
    add_cells(g, names);
    return g;
}

void ob_grid_free(struct ob_grid *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->count * g->columns; i++)
        free(g->cells[i]);
    free(g->cells);
    free(g->right);
    free(g);
}

void ob_grid_right(struct ob_grid *g, size_t column)
{
    g->right[column] = true;
}

void ob_grid_row(struct ob_grid *g, const char *const *cells)
{
    add_cells(g, cells);
}

static void natural_widths(const struct ob_grid *g, int *widths)
{
    for (size_t i = 0; i < g->count * g->columns; i++) {
        int w = ob_text_width(g->cells[i]);
        if (w > widths[i % g->columns])
            widths[i % g->columns] = w;
    }
}

static size_t widest(const int *widths, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (widths[i] > widths[best])
            best = i;
    return best;
}

/* First the last column gives way, since it wraps; then the widest of the others. */
static void shrink(int *widths, size_t columns, int width)
{
    int over = GAP * ((int)columns - 1) - width;
    for (size_t i = 0; i < columns; i++)
        over += widths[i];
    int *last = &widths[columns - 1];
    while (over > 0) {
        size_t c = widest(widths, columns - 1);
        if (*last > WRAP_MIN)
            c = columns - 1;
        if (widths[c] <= NARROWEST)
            return;
        widths[c]--;
        over--;
    }
}

static void pad(struct ob_buf *out, int columns)
{
    for (int i = 0; i < columns; i++)
        ob_buf_addc(out, ' ');
}

static void put_cell(struct ob_buf *out, const char *text, int width, bool right)
{
    int room = width - ob_text_width(text);
    if (right)
        pad(out, room);
    ob_text_fit(out, text, width);
    if (!right)
        pad(out, room);
}

/* How many bytes of `text` go into one line: up to a space where there is one, in the middle of
 * a word where there is none, and always something. */
static size_t line_bytes(const char *text, int width)
{
    size_t n = ob_text_take(text, width), cut = n;
    if (!text[n])
        return n;
    while (cut > 0 && text[cut] != ' ')
        cut--;
    return cut ? cut : n ? n : strlen(text);
}

static void put_wrapped(struct ob_buf *out, const char *text, int width, int indent)
{
    for (bool first = true; *text || first; first = false) {
        size_t n = line_bytes(text, width);
        if (!first) {
            ob_buf_addc(out, '\n');
            pad(out, indent);
        }
        ob_buf_add(out, text, n);
        text += n;
        text += strspn(text, " ");
    }
}

static void put_row(const struct ob_grid *g, struct ob_buf *out, size_t row, const int *widths)
{
    char *const *cells = g->cells + row * g->columns;
    size_t last = g->columns - 1;
    int indent = 0;
    for (size_t c = 0; c < last; c++) {
        put_cell(out, cells[c], widths[c], g->right[c]);
        pad(out, GAP);
        indent += widths[c] + GAP;
    }
    if (g->right[last])
        put_cell(out, cells[last], widths[last], true);
    else
        put_wrapped(out, cells[last], widths[last], indent);
    while (out->len && out->p[out->len - 1] == ' ')
        out->p[--out->len] = '\0';
}

void ob_grid_write(const struct ob_grid *g, struct ob_buf *out, int width, bool bold)
{
    int *widths = ob_xcalloc(g->columns, sizeof *widths);
    natural_widths(g, widths);
    if (width > 0)
        shrink(widths, g->columns, width);
    for (size_t row = 0; row < g->count; row++) {
        if (row == 0 && bold)
            ob_buf_adds(out, "\033[1m");
        put_row(g, out, row, widths);
        ob_buf_adds(out, row == 0 && bold ? "\033[0m\n" : "\n");
    }
    free(widths);
}

void ob_grid_print(const struct ob_grid *g, FILE *out, int width, bool bold)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_grid_write(g, &text, width, bold);
    fwrite(ob_buf_str(&text), 1, text.len, out);
    ob_buf_fini(&text);
}
