/* Text for people: what came from outside is made harmless to a terminal, and tables fit its
 * width. Widths are counted in columns (wcwidth), not bytes: names may be Chinese. */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include "base/buf.h"

#define OB_TEXT_COLUMNS 80

/* The width of the terminal behind fd; OB_TEXT_COLUMNS when it is none or does not say. */
int ob_text_columns(int fd);
/* Appends s without what could drive a terminal or reorder its text: control characters,
 * direction overrides and bytes that are no UTF-8 become '?', line breaks and tabs a space. */
void ob_text_clean(struct ob_buf *out, const char *s);
/* Columns that clean text takes. */
int ob_text_width(const char *clean);
/* How many bytes of clean text go into `columns`. */
size_t ob_text_take(const char *clean, int columns);
/* Appends clean text cut to `columns`, with a "…" when something is missing. */
void ob_text_fit(struct ob_buf *out, const char *clean, int columns);

/* A table: rows are collected, then printed with columns as wide as they need to be. When that is
 * wider than allowed the widest columns are cut; the last one is wrapped instead, since reasons
 * stand there. */
struct ob_grid;
struct ob_grid *ob_grid_new(const char *const *names, size_t columns);
void ob_grid_free(struct ob_grid *g);
/* Numbers stand to the right. */
void ob_grid_right(struct ob_grid *g, size_t column);
/* `columns` cells, copied and cleaned; NULL is an empty one. */
void ob_grid_row(struct ob_grid *g, const char *const *cells);
/* `width` 0: no limit (a pipe). `bold` sets the head apart on a terminal. */
void ob_grid_print(const struct ob_grid *g, FILE *out, int width, bool bold);
void ob_grid_write(const struct ob_grid *g, struct ob_buf *out, int width, bool bold);
