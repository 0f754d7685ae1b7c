/* Rows whose columns are known only at the end: JSON objects and the maps of a directory. They
 * are walked twice, first to learn the columns, then to fill the table. Inside src/script only. */
#pragma once
#include "script/index.h"
#include "script/table_parts.h"

struct ob_rows {
    const char *source;
    bool by_item; /* places in messages are items, not lines */
    char *columns[OB_TABLE_COLUMNS];
    size_t count; /* of columns */
    struct ob_index by_name;
    uint32_t *slots;
    struct ob_table *table; /* NULL in the first walk */
    size_t row;             /* of this walk, from 0 */
    int64_t line;           /* of the row being read */
    /* the row being read, in the second walk */
    struct ob_buf text;
    struct ob_buf path;          /* of the member being read: "manager.mail" */
    size_t at[OB_TABLE_COLUMNS]; /* of the column's text in `text` */
    size_t len[OB_TABLE_COLUMNS];
    size_t filled[OB_TABLE_COLUMNS]; /* the row (from 1) that filled the column last */
    struct ob_err *err;
};

/* On the heap, because of its arrays. */
struct ob_rows *ob_rows_new(const char *source, bool by_item, struct ob_err *err);
void ob_rows_free(struct ob_rows *r);
/* Begins the second walk. */
OB_MUST_CHECK enum ob_status ob_rows_fill(struct ob_rows *r);
/* Adds to the path and answers its length before, for ob_rows_leave. */
size_t ob_rows_enter(struct ob_rows *r, const char *name, size_t len);
void ob_rows_leave(struct ob_rows *r, size_t length);
/* The value of the member at the path. */
OB_MUST_CHECK enum ob_status ob_rows_put(struct ob_rows *r, const char *p, size_t len);
OB_MUST_CHECK enum ob_status ob_rows_end(struct ob_rows *r);
/* OB_ERR_INPUT with the place of the row before the message. */
enum ob_status ob_rows_fail(const struct ob_rows *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Lends the path, fit for a message. */
char *ob_rows_path(const struct ob_rows *r, char out[OB_SHOW]);
/* By name, `first` first and made when nobody has it. Between the walks. */
void ob_rows_sort(struct ob_rows *r, const char *first);
