/* Rows of text in three arrays: the bytes of all cells one after the other, each with its NUL;
 * where each row begins in them; where each cell begins in its row. A table is filled once, by a
 * source, and never changed again, so that rosters may share it. It knows nothing of files and
 * formats, and nothing of Lua. */
#include "script/table.h"
#include "script/table_parts.h"
#include "script/index.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ob_table_cells {
    char *bytes;
    size_t len, cap;
    size_t *bases;     /* of each row in bytes */
    uint32_t *lines;   /* 0: none */
    uint32_t *offsets; /* of each cell in its row; an input is below 4 GiB, so a row is too */
    size_t row_cap;
    size_t base; /* of the row that is being filled */
    size_t put;  /* cells of it */
    bool by_item;
};

struct ob_table *ob_table_new(const char *source, char *const *columns, size_t column_count)
{
    struct ob_table *t = ob_xcalloc(1, sizeof *t);
    t->refs = 1;
    t->source = ob_xstrdup(source);
    t->cells = ob_xcalloc(1, sizeof *t->cells);
    t->columns = ob_xcalloc(column_count + 1, sizeof *t->columns);
    t->column_count = column_count;
    for (size_t i = 0; i < column_count; i++)
        t->columns[i] = ob_xstrdup(columns[i]);
    return t;
}

struct ob_table *ob_table_ref(struct ob_table *t)
{
    t->refs++;
    return t;
}

void ob_table_unref(struct ob_table *t)
{
    if (!t || --t->refs > 0)
        return;
    for (size_t i = 0; i < t->column_count; i++)
        free(t->columns[i]);
    free(t->columns);
    free(t->cells->bytes);
    free(t->cells->bases);
    free(t->cells->lines);
    free(t->cells->offsets);
    free(t->cells);
    free(t->source);
    free(t);
}

/* ---- filling ---- */

void ob_table_reserve(struct ob_table *t, size_t bytes)
{
    struct ob_table_cells *c = t->cells;
    if (bytes <= c->cap)
        return;
    c->bytes = ob_xrealloc(c->bytes, bytes, 1);
    c->cap = bytes;
}

static void resize_rows(struct ob_table *t, size_t rows)
{
    struct ob_table_cells *c = t->cells;
    size_t some = rows ? rows : 1; /* so that no array is ever NULL or of size 0 */
    size_t wide = t->column_count ? t->column_count : 1;
    c->bases = ob_xrealloc(c->bases, some, sizeof *c->bases);
    c->lines = ob_xrealloc(c->lines, some, sizeof *c->lines);
    c->offsets = ob_xrealloc(c->offsets, some, wide * sizeof *c->offsets);
    c->row_cap = some;
}

void ob_table_put(struct ob_table *t, const char *p, size_t len)
{
    struct ob_table_cells *c = t->cells;
    if (c->put == t->column_count)
        return;
    if (t->row_count == c->row_cap)
        resize_rows(t, c->row_cap ? c->row_cap * 2 : 16);
    if (c->cap - c->len <= len)
        ob_table_reserve(t, (c->len + len + 1) * 2);
    c->offsets[t->row_count * t->column_count + c->put++] = (uint32_t)(c->len - c->base);
    if (len)
        memcpy(c->bytes + c->len, p, len);
    c->len += len;
    c->bytes[c->len++] = '\0';
}

void ob_table_end_row(struct ob_table *t, int64_t line)
{
    struct ob_table_cells *c = t->cells;
    if (!t->column_count)
        return;
    while (c->put < t->column_count)
        ob_table_put(t, "", 0);
    c->bases[t->row_count] = c->base;
    c->lines[t->row_count] = line > 0 && line < UINT32_MAX ? (uint32_t)line : 0;
    t->row_count++;
    c->base = c->len;
    c->put = 0;
}

void ob_table_add(struct ob_table *t, const char *const *cells, const size_t *lens, int64_t line)
{
    for (size_t i = 0; i < t->column_count; i++)
        ob_table_put(t, cells[i], lens[i]);
    ob_table_end_row(t, line);
}

void ob_table_trim(struct ob_table *t)
{
    struct ob_table_cells *c = t->cells;
    c->cap = c->len ? c->len : 1;
    c->bytes = ob_xrealloc(c->bytes, c->cap, 1);
    resize_rows(t, t->row_count);
}

void ob_table_by_item(struct ob_table *t)
{
    t->cells->by_item = true;
}

/* ---- reading ---- */

const char *ob_table_cell(const struct ob_table *t, size_t row, size_t column, size_t *len)
{
    const struct ob_table_cells *c = t->cells;
    size_t i = row * t->column_count + column;
    const char *p = c->bytes + c->bases[row] + c->offsets[i];
    if (len) {
        size_t next = row + 1 < t->row_count ? c->bases[row + 1] : c->len;
        if (column + 1 < t->column_count)
            next = c->bases[row] + c->offsets[i + 1];
        *len = (size_t)(c->bytes + next - p) - 1;
    }
    return p;
}

int64_t ob_table_line(const struct ob_table *t, size_t row)
{
    return t->cells->lines[row];
}

int ob_table_column(const struct ob_table *t, const char *name)
{
    for (size_t i = 0; i < t->column_count; i++) {
        if (strcmp(t->columns[i], name) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- messages ---- */

char *ob_show(const char *text, char out[OB_SHOW])
{
    size_t n = 0;
    for (; text[n] && n < OB_SHOW - 4; n++) {
        unsigned char c = (unsigned char)text[n];
        out[n] = c < 0x20 || c == 0x7F ? '?' : text[n];
    }
    if (text[n]) {
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--; /* not through the middle of a character */
        memcpy(out + n, "...", 3);
        n += 3;
    }
    out[n] = '\0';
    return out;
}

char *ob_table_names(const struct ob_table *t, char out[OB_NAMES])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < t->column_count; i++) {
        char name[OB_SHOW];
        ob_show(t->columns[i], name);
        if (n + strlen(name) + sizeof ", , ..." > OB_NAMES) {
            snprintf(out + n, OB_NAMES - n, ", ...");
            break;
        }
        n += (size_t)snprintf(out + n, OB_NAMES - n, "%s%s", i ? ", " : "", name);
    }
    return out;
}

char *ob_table_place(const struct ob_table *t, size_t row, char out[OB_PLACE])
{
    int64_t line = ob_table_line(t, row);
    if (t->cells->by_item || !line)
        snprintf(out, OB_PLACE, "%s: item %zu", t->source, row + 1);
    else
        snprintf(out, OB_PLACE, "%s:%" PRId64, t->source, line);
    return out;
}

/* ---- the key ---- */

static const char *key_at(const void *ctx, uint32_t row, size_t *len)
{
    const struct ob_table *t = ctx;
    return ob_table_cell(t, row, t->key, len);
}

static enum ob_status fail_twice(const struct ob_table *t, size_t row, size_t first,
                                 struct ob_err *err)
{
    char place[OB_PLACE], name[OB_SHOW], value[OB_SHOW];
    int64_t line = ob_table_line(t, first);
    bool item = t->cells->by_item || !line;
    return ob_fail(err, OB_ERR_INPUT, "%s: %s \"%s\" is there twice (first in %s %" PRId64 ")",
                   ob_table_place(t, row, place), ob_show(t->columns[t->key], name),
                   ob_show(key_at(t, (uint32_t)row, &(size_t){0}), value), item ? "item" : "line",
                   item ? (int64_t)first + 1 : line);
}

static enum ob_status check_unique(const struct ob_table *t, struct ob_err *err)
{
    uint32_t *slots = ob_xcalloc(ob_index_slots(t->row_count), sizeof *slots);
    struct ob_index ix;
    enum ob_status st = OB_OK;
    ob_index_init(&ix, slots, t->row_count, key_at, t);
    for (uint32_t row = 0; row < t->row_count && st == OB_OK; row++) {
        uint32_t there = ob_index_add(&ix, row);
        if (there != row)
            st = fail_twice(t, row, there, err);
    }
    free(slots);
    return st;
}

enum ob_status ob_table_set_key(struct ob_table *t, const char *column, struct ob_err *err)
{
    char name[OB_SHOW], place[OB_PLACE], names[OB_NAMES];
    int key = ob_table_column(t, column);
    if (key < 0)
        return ob_fail(err, OB_ERR_INPUT, "%s: no column \"%s\"; it has: %s", t->source,
                       ob_show(column, name), ob_table_names(t, names));
    t->key = (size_t)key;
    for (uint32_t row = 0; row < t->row_count; row++) {
        if (!*key_at(t, row, NULL))
            return ob_fail(err, OB_ERR_INPUT, "%s: column \"%s\" is empty",
                           ob_table_place(t, row, place), ob_show(column, name));
    }
    return check_unique(t, err);
}

enum ob_status ob_table_check_key(const struct ob_table *t, struct ob_err *err)
{
    for (uint32_t row = 0; row < t->row_count; row++) {
        for (const char *p = key_at(t, row, NULL); *p; p++) {
            char place[OB_PLACE], value[OB_SHOW], name[OB_SHOW];
            if ((unsigned char)*p >= 0x20 && *p != 0x7F)
                continue;
            return ob_fail(err, OB_ERR_INPUT, "%s: %s \"%s\" holds a control character",
                           ob_table_place(t, row, place), ob_show(t->columns[t->key], name),
                           ob_show(key_at(t, row, NULL), value));
        }
    }
    return OB_OK;
}
