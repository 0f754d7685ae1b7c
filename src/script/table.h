/* People as rows: an immutable table with named columns, shared by all rosters cut from it.
 * Lives outside Lua's heap, so that 100,000 people weigh what their bytes weigh. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/status.h"
#include "base/value.h"

struct ob_table {
    int refs;
    char *source; /* "leavers.csv": for messages */
    char **columns;
    size_t column_count;
    size_t key; /* index of the key column */
    size_t row_count;
    size_t input;     /* which of the policy's inputs it is, from 1 on; 0: none of them */
    bool *told_apart; /* lent: set when people are told apart by not being in it; or NULL */
    /* cells are owned by the table; private to table.c */
    struct ob_table_cells *cells;
};

struct ob_table *ob_table_new(const char *source, char *const *columns, size_t column_count);
struct ob_table *ob_table_ref(struct ob_table *t);
void ob_table_unref(struct ob_table *t);
/* Appends a row; `line` is where it begins in the source (0: no lines). Cells are copied. */
void ob_table_add(struct ob_table *t, const char *const *cells, const size_t *lens, int64_t line);
/* Lends a cell, NUL-terminated; never NULL for row < row_count, column < column_count. */
const char *ob_table_cell(const struct ob_table *t, size_t row, size_t column, size_t *len);
int64_t ob_table_line(const struct ob_table *t, size_t row);
/* -1 when there is no such column. */
int ob_table_column(const struct ob_table *t, const char *name);
/* Names the key column; OB_ERR_INPUT when it is missing, or a row's key is empty or appears
 * twice (both lines are named). */
OB_MUST_CHECK enum ob_status ob_table_set_key(struct ob_table *t, const char *column,
                                              struct ob_err *err);

/* ---- sources ---- */
enum ob_format { OB_FORMAT_CSV, OB_FORMAT_JSON, OB_FORMAT_LINES };

struct ob_input_options {
    enum ob_format format;
    const char *encoding;  /* NULL: UTF-8; "gb18030", "gbk", "utf-16" ...: what iconv knows */
    const char *separator; /* CSV: NULL is ",", or ";" or tab */
    const char *key;       /* NULL: the first column */
    bool allow_empty;
};

/* Pure: bytes in, table out. Errors are OB_ERR_INPUT and name the source and line:
 * `leavers.csv:17: 3 fields where the header has 4`. */
OB_MUST_CHECK enum ob_status ob_table_parse(struct ob_table **out, const char *source,
                                            const char *bytes, size_t len,
                                            const struct ob_input_options *opt, struct ob_err *err);
/* From a list of maps (a directory's people: fields by name, nested ones by "a.b"; numbers,
 * booleans as text); columns are the union of names, sorted, `key` first. */
OB_MUST_CHECK enum ob_status ob_table_from_value(struct ob_table **out, const char *source,
                                                 const struct ob_value *rows, const char *key,
                                                 struct ob_err *err);
