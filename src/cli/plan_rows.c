/* See plan_rows.h. */
#include "cli/plan_rows.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

static enum ob_format format_of(const struct ob_value *v)
{
    const char *word = ob_map_str(v, "format");
    if (word && strcmp(word, "json") == 0)
        return OB_FORMAT_JSON;
    return word && strcmp(word, "lines") == 0 ? OB_FORMAT_LINES : OB_FORMAT_CSV;
}

static struct ob_table *read_table(struct ob_ledger *l, const struct ob_value *v)
{
    struct ob_buf bytes;
    struct ob_table *t = NULL;
    struct ob_err unused;
    const char *digest = ob_map_str(v, "digest"), *source = ob_map_str(v, "source");
    struct ob_input_options o = {format_of(v), ob_map_str(v, "encoding"),
                                 ob_map_str(v, "separator"), ob_map_str(v, "key"), true};
    ob_buf_init(&bytes, OB_BUF_LARGE);
    if (digest && ob_ledger_blob_get(l, digest, &bytes, &unused) == OB_OK &&
        ob_table_parse(&t, source ? source : "?", ob_buf_str(&bytes), bytes.len, &o, &unused) !=
            OB_OK)
        t = NULL;
    ob_buf_fini(&bytes);
    return t;
}

void ob_plan_rows_read(struct ob_plan_rows *r, struct ob_ledger *l, const struct ob_value *doc)
{
    const struct ob_value *inputs = ob_map_get(doc, "inputs");
    r->count = ob_list_count(inputs);
    r->inputs = ob_xcalloc(r->count + 1, sizeof *r->inputs);
    for (size_t i = 0; i < r->count; i++) {
        const struct ob_value *v = ob_list_at(inputs, i);
        struct ob_plan_input *in = &r->inputs[i];
        in->name = ob_map_str(v, "name");
        in->source = ob_map_str(v, "source");
        in->digest = ob_map_str(v, "digest");
        in->table = read_table(l, v);
        ob_idmap_init(&in->rows);
        for (size_t row = 0; in->table && row < in->table->row_count; row++)
            ob_idmap_add(&in->rows, ob_table_cell(in->table, row, in->table->key, NULL), row);
    }
}

void ob_plan_rows_fini(struct ob_plan_rows *r)
{
    for (size_t i = 0; i < r->count; i++) {
        ob_idmap_fini(&r->inputs[i].rows);
        if (r->inputs[i].table)
            ob_table_unref(r->inputs[i].table);
    }
    free(r->inputs);
    *r = (struct ob_plan_rows){0};
}

const struct ob_plan_input *ob_plan_rows_input(const struct ob_plan_rows *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->inputs[i].name && name && strcmp(r->inputs[i].name, name) == 0)
            return &r->inputs[i];
    return NULL;
}

size_t ob_plan_rows_find(const struct ob_plan_input *in, const char *key)
{
    return in && in->table ? ob_idmap_get(&in->rows, key) : OB_IDMAP_NONE;
}

void ob_plan_rows_place(const struct ob_plan_input *in, size_t row, struct ob_buf *out)
{
    int64_t line = ob_table_line(in->table, row);
    ob_buf_adds(out, in->table->source);
    if (line > 0)
        ob_buf_addf(out, ":%" PRId64, line);
}
