/* CSV through libcsv in strict mode. libcsv finds the fields, with quotes and quoted line breaks,
 * and cuts spaces and tabs around a field but none inside quotes. What it is lenient about is
 * watched here: empty and ragged rows, quotes that are never closed, names that are missing or
 * twice in the header; and it counts no lines, so they are counted here, in its callbacks. */
#include "script/input.h"
#include "script/table_parts.h"
#include "base/mem.h"
#include <csv.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)64 * 1024) /* fed at once; after a failed row no further block is read */

struct reader {
    const char *source;
    size_t size; /* of the text: no table's cells are larger */
    char separator;
    struct ob_table *table; /* NULL while in the header */
    char *names[OB_TABLE_COLUMNS];
    size_t fields;  /* of the row being read */
    int64_t line;   /* where that row begins */
    int64_t breaks; /* in its quoted fields so far */
    int64_t blank;  /* the first empty line of those that may yet be the end; 0: none */
    bool after_cr;
    enum ob_status status;
    struct ob_err *err;
};

static void *grow(void *p, size_t size)
{
    return ob_xrealloc(p, size, 1);
}

/* ---- the header ---- */

static void header_field(struct reader *r, const char *p, size_t len)
{
    if (r->fields > OB_TABLE_COLUMNS)
        r->status = ob_fail(r->err, OB_ERR_INPUT, "%s:%" PRId64 ": more than %d columns", r->source,
                            r->line, OB_TABLE_COLUMNS);
    else if (!len)
        r->status = ob_fail(r->err, OB_ERR_INPUT, "%s:%" PRId64 ": column %zu has no name",
                            r->source, r->line, r->fields);
    else
        r->names[r->fields - 1] = ob_xmemdup(p, len);
}

/* One column whose name holds another separator: the file is right and the option is wrong. */
static enum ob_status check_separator(struct reader *r)
{
    static const char others[] = ",;\t";
    for (const char *p = others; *p && r->fields == 1; p++) {
        if (*p != r->separator && strchr(r->names[0], *p))
            return ob_fail(r->err, OB_ERR_INPUT,
                           "%s:%" PRId64 ": one column only; say separator = \"%s\"", r->source,
                           r->line, *p == '\t' ? "\\t" : (char[]){*p, '\0'});
    }
    return OB_OK;
}

static enum ob_status check_names(struct reader *r)
{
    char name[OB_SHOW];
    for (size_t i = 1; i < r->fields; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(r->names[i], r->names[j]) == 0)
                return ob_fail(r->err, OB_ERR_INPUT, "%s:%" PRId64 ": column \"%s\" is there twice",
                               r->source, r->line, ob_show(r->names[i], name));
        }
    }
    return OB_OK;
}

static void end_header(struct reader *r)
{
    r->status = check_names(r);
    if (r->status == OB_OK)
        r->status = check_separator(r);
    if (r->status != OB_OK)
        return;
    r->table = ob_table_new(r->source, r->names, r->fields);
    ob_table_reserve(r->table, r->size + 1);
}

/* ---- libcsv's callbacks ---- */

static void on_field(void *p, size_t len, void *ctx)
{
    struct reader *r = ctx;
    if (r->status != OB_OK)
        return;
    if (r->blank) {
        r->status = ob_fail(r->err, OB_ERR_INPUT, "%s:%" PRId64 ": empty row", r->source, r->blank);
        return;
    }
    r->fields++;
    r->after_cr = false;
    r->breaks += (int64_t)ob_text_breaks(p, len);
    if (r->table)
        ob_table_put(r->table, p, len);
    else
        header_field(r, p, len);
}

static void end_row(struct reader *r, bool cut)
{
    if (!r->table)
        end_header(r);
    else if (r->fields != r->table->column_count)
        r->status = ob_fail(r->err, OB_ERR_INPUT,
                            "%s:%" PRId64 ": %zu field%s where the header has %zu%s", r->source,
                            r->line, r->fields, r->fields == 1 ? "" : "s", r->table->column_count,
                            cut && r->fields < r->table->column_count
                                ? ", and the file ends here: it may be cut off"
                                : "");
    else
        ob_table_end_row(r->table, r->line);
}

/* `c` is what ended the row: CR, LF, or -1 at the end of the text. */
static void on_row(int c, void *ctx)
{
    struct reader *r = ctx;
    if (r->status != OB_OK)
        return;
    if (c == '\n' && r->after_cr && !r->fields) { /* the second half of CR LF */
        r->after_cr = false;
        return;
    }
    if (r->fields)
        end_row(r, c == -1);
    else if (!r->blank)
        r->blank = r->line;
    r->after_cr = c == '\r';
    r->line += 1 + r->breaks;
    r->breaks = 0;
    r->fields = 0;
}

/* ---- the run ---- */

static enum ob_status fail_quote(struct reader *r, const struct ob_text *text, size_t at)
{
    return ob_fail(r->err, OB_ERR_INPUT,
                   "%s:%zu: a stray quote, in a field that begins in line %" PRId64
                   " (a quote inside quotes is written twice)",
                   r->source, ob_text_breaks(text->p, at) + 1, r->line + r->breaks);
}

static enum ob_status feed(struct reader *r, struct csv_parser *csv, const struct ob_text *text)
{
    for (size_t at = 0; at < text->len && r->status == OB_OK;) {
        size_t n = text->len - at < BLOCK ? text->len - at : BLOCK;
        size_t done = csv_parse(csv, text->p + at, n, on_field, on_row, r);
        at += done;
        if (done < n && r->status == OB_OK)
            r->status = fail_quote(r, text, at);
    }
    if (r->status == OB_OK && csv_fini(csv, on_field, on_row, r) != 0)
        r->status =
            ob_fail(r->err, OB_ERR_INPUT, "%s:%" PRId64 ": a quote is opened here and never closed",
                    r->source, r->line + r->breaks);
    return r->status;
}

static enum ob_status read_text(struct reader *r, const struct ob_text *text)
{
    struct csv_parser csv;
    if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return ob_fail(r->err, OB_ERR, "%s: libcsv does not start", r->source);
    csv_set_delim(&csv, (unsigned char)r->separator);
    csv_set_realloc_func(&csv, grow);
    csv_set_blk_size(&csv, 4096);
    enum ob_status st = feed(r, &csv, text);
    csv_free(&csv);
    return st;
}

enum ob_status ob_input_csv(struct ob_table **out, const char *source, const struct ob_text *text,
                            const char *separator, struct ob_err *err)
{
    if (separator && (strlen(separator) != 1 || !strchr(",;\t", *separator)))
        return ob_fail(err, OB_ERR_INPUT, "%s: separator must be \",\", \";\" or a tab", source);
    struct reader *r = ob_xcalloc(1, sizeof *r);
    *r = (struct reader){.source = source, .line = 1, .err = err};
    r->size = text->len;
    r->separator = separator ? *separator : ',';
    enum ob_status st = read_text(r, text);
    if (st == OB_OK && !r->table)
        r->table = ob_table_new(source, NULL, 0);
    if (st == OB_OK)
        *out = r->table;
    else
        ob_table_unref(r->table);
    for (size_t i = 0; i < OB_TABLE_COLUMNS; i++)
        free(r->names[i]);
    free(r);
    return st;
}
