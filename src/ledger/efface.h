/* Taking one person out of a document about many, so that what is left is still the document:
 * JSON stays JSON, a table keeps its rows and columns, free text its other words. Pure; knows
 * neither the ledger nor SQL. Called by sqlite_erase.c.
 *
 * A match is exact: a whole string of JSON, a whole cell, a whole word of free text; never a part
 * of one, and an address that contains a name is another text. Where a table (CSV, or a list of
 * objects) has a row of the person's own, all of that row goes. The row is theirs when the match
 * is in a column that names rows: its values differ from row to row. In any other column (the
 * manager's) only the cell goes. A text that says little (shorter than three characters, a number
 * of less than five digits) is looked for only where people are named: rows of their own, and the
 * people of a plan. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct ob_texts { /* a set; small */
    char **p;
    size_t count;
};
void ob_texts_add(struct ob_texts *t, const char *text, size_t len);
bool ob_texts_have(const struct ob_texts *t, const char *text, size_t len);
void ob_texts_fini(struct ob_texts *t);
/* Long enough to mean this person wherever it stands alone. */
bool ob_text_telling(const char *text, size_t len);

enum ob_efface_kind {
    OB_EFFACE_WORDS, /* free text */
    OB_EFFACE_CELLS, /* JSON without rows of people: options, results */
    OB_EFFACE_PLAN,  /* a plan's document (engine/plan.h) */
    OB_EFFACE_ROWS,  /* an input or a reading: JSON if it is that, else CSV or lines */
};

struct ob_efface {
    enum ob_efface_kind kind;
    const struct ob_texts *person;  /* all that they are known by */
    const struct ob_texts *names;   /* of these, the names: an id of theirs may be another's name */
    const struct ob_texts *digests; /* of readings that named them: what was asked goes as well */
};
/* Appends the document without the person to `out`. False: it does not name them (and `out` is
 * not to be used). */
bool ob_efface(const struct ob_efface *e, const char *p, size_t len, struct ob_buf *out);
/* For a document that is a table of text, and for JSON (efface_json.c); *is_json may be false. */
bool ob_efface_table(const struct ob_efface *e, const char *p, size_t len, struct ob_buf *out);
bool ob_efface_json(const struct ob_efface *e, const char *p, size_t len, struct ob_buf *out,
                    bool *is_json);
bool ob_efface_words(const struct ob_texts *person, const char *p, size_t len, struct ob_buf *out);

/* Called with the name and id of everybody whom a plan names; NULL where one is no text. */
typedef void ob_plan_name(void *ctx, const char *name, const char *id);
void ob_plan_names(const char *p, size_t len, ob_plan_name *each, void *ctx);

/* ---- which rows are theirs (shared by tables of text and lists of objects) ---- */

struct ob_cell { /* one value of a column */
    const char *p;
    size_t len;
};
/* How many different values a column has; `all`: how many that say something. Sorts them. */
size_t ob_column_variety(struct ob_cell *cells, size_t count, size_t *all);
/* Does a column of this name, with that variety, name the rows? `telling`: of what it matched. */
bool ob_column_names_rows(const char *name, size_t len, size_t variety, size_t all, bool telling);
