/* The inputs of a stored plan as tables again, read as the policy read them; and a person's row. */
#pragma once
#include "cli/session.h"
#include "engine/idmap.h"
#include "script/table.h"

struct ob_plan_input {
    const char *name, *source, *digest; /* lent by the document */
    struct ob_table *table;             /* NULL: it is not there any more, or cannot be read */
    struct ob_idmap rows;               /* by name */
};

struct ob_plan_rows {
    struct ob_plan_input *inputs;
    size_t count;
};

/* An input that was erased, or that this program does not read, is left out with table NULL. */
void ob_plan_rows_read(struct ob_plan_rows *r, struct ob_ledger *l, const struct ob_value *doc);
void ob_plan_rows_fini(struct ob_plan_rows *r);
const struct ob_plan_input *ob_plan_rows_input(const struct ob_plan_rows *r, const char *name);
/* The row of the person of this name; OB_IDMAP_NONE where there is none. */
size_t ob_plan_rows_find(const struct ob_plan_input *in, const char *key);
/* "leavers.csv:17" */
void ob_plan_rows_place(const struct ob_plan_input *in, size_t row, struct ob_buf *out);
