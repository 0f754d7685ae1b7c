/* What the sources and rosters need of tables beyond table.h. Inside src/script only. */
#pragma once
#include "script/table.h"

/* Rows wider than this are no people but a mistake, or an attack on memory. */
#define OB_TABLE_COLUMNS 1000
#define OB_SHOW          80  /* bytes of ob_show, with the NUL */
#define OB_PLACE         256 /* of ob_table_place */
#define OB_NAMES         512 /* of ob_table_names */

/* A row cell by cell: the cells, each copied, then its end. */
void ob_table_put(struct ob_table *t, const char *p, size_t len);
void ob_table_end_row(struct ob_table *t, int64_t line);
/* Makes room for so many bytes of cells, NULs included: only a hint. */
void ob_table_reserve(struct ob_table *t, size_t bytes);
/* Gives back what growing left over; for when the last row is in. */
void ob_table_trim(struct ob_table *t);
/* From now on places are "people.json: item 3" instead of "leavers.csv:3". */
void ob_table_by_item(struct ob_table *t);
/* Where a row comes from, for messages. Returns out. */
char *ob_table_place(const struct ob_table *t, size_t row, char out[OB_PLACE]);
/* The names of the columns, comma-separated, "..." when there are too many. Returns out. */
char *ob_table_names(const struct ob_table *t, char out[OB_NAMES]);
/* Text of an input on its way into a message: cut, control characters become '?'. Returns out. */
char *ob_show(const char *text, char out[OB_SHOW]);
/* OB_ERR_INPUT when the key of a row holds control characters: a stray quote, never a name. */
OB_MUST_CHECK enum ob_status ob_table_check_key(const struct ob_table *t, struct ob_err *err);
