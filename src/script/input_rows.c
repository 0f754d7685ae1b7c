/* Builds a table out of members that arrive by path, and ob_table_from_value on top of it.
 * Members that nest become columns "a.b"; a member that a row lacks is the empty text. */
#include "script/input_rows.h"
#include "base/json.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CELLS ((size_t)100 * 1000 * 1000) /* sparse rows could otherwise square an input */
#define MAX_NAME  ((size_t)200)

static const char *column_at(const void *ctx, uint32_t id, size_t *len)
{
    const struct ob_rows *r = ctx;
    *len = strlen(r->columns[id]);
    return r->columns[id];
}

struct ob_rows *ob_rows_new(const char *source, bool by_item, struct ob_err *err)
{
    struct ob_rows *r = ob_xcalloc(1, sizeof *r);
    r->source = source;
    r->by_item = by_item;
    r->err = err;
    r->line = 1;
    r->slots = ob_xcalloc(ob_index_slots(OB_TABLE_COLUMNS), sizeof *r->slots);
    ob_index_init(&r->by_name, r->slots, OB_TABLE_COLUMNS, column_at, r);
    ob_buf_init(&r->text, OB_BUF_LARGE);
    ob_buf_init(&r->path, OB_BUF_SMALL);
    return r;
}

void ob_rows_free(struct ob_rows *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->columns[i]);
    ob_table_unref(r->table);
    ob_buf_fini(&r->text);
    ob_buf_fini(&r->path);
    free(r->slots);
    free(r);
}

enum ob_status ob_rows_fail(const struct ob_rows *r, const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (r->by_item)
        return ob_fail(r->err, OB_ERR_INPUT, "%s: item %zu: %s", r->source, r->row + 1, what);
    return ob_fail(r->err, OB_ERR_INPUT, "%s:%" PRId64 ": %s", r->source, r->line, what);
}

/* ---- paths ---- */

size_t ob_rows_enter(struct ob_rows *r, const char *name, size_t len)
{
    size_t before = r->path.len;
    if (before)
        ob_buf_addc(&r->path, '.');
    ob_buf_add(&r->path, name, len);
    return before;
}

void ob_rows_leave(struct ob_rows *r, size_t length)
{
    if (length < r->path.len) {
        r->path.len = length;
        r->path.p[length] = '\0';
    }
}

char *ob_rows_path(const struct ob_rows *r, char out[OB_SHOW])
{
    return ob_show(ob_buf_str(&r->path), out);
}

/* ---- members ---- */

static enum ob_status check_path(const struct ob_rows *r)
{
    const char *path = ob_buf_str(&r->path);
    char name[OB_SHOW];
    if (r->path.overflowed || r->path.len > MAX_NAME)
        return ob_rows_fail(r, "a name of more than %zu bytes: \"%s\"", MAX_NAME,
                            ob_rows_path(r, name));
    if (!r->path.len || path[r->path.len - 1] == '.' || strlen(path) != r->path.len)
        return ob_rows_fail(r, "a member without a proper name: \"%s\"", ob_rows_path(r, name));
    return OB_OK;
}

static enum ob_status find_column(struct ob_rows *r, uint32_t *column)
{
    *column = ob_index_find(&r->by_name, ob_buf_str(&r->path), r->path.len);
    if (*column != OB_INDEX_NONE)
        return OB_OK;
    enum ob_status st = check_path(r);
    if (st != OB_OK)
        return st;
    if (r->count == OB_TABLE_COLUMNS)
        return ob_rows_fail(r, "more than %d columns", OB_TABLE_COLUMNS);
    *column = (uint32_t)r->count;
    r->columns[r->count++] = ob_xstrdup(ob_buf_str(&r->path));
    ob_index_add(&r->by_name, *column);
    return OB_OK;
}

enum ob_status ob_rows_put(struct ob_rows *r, const char *p, size_t len)
{
    char name[OB_SHOW];
    uint32_t column;
    enum ob_status st = find_column(r, &column);
    if (st != OB_OK || !r->table)
        return st;
    if (r->filled[column] == r->row + 1)
        return ob_rows_fail(r, "\"%s\" is there twice", ob_rows_path(r, name));
    if (len && memchr(p, '\0', len))
        return ob_rows_fail(r, "\"%s\" holds a NUL", ob_rows_path(r, name));
    r->filled[column] = r->row + 1;
    r->at[column] = r->text.len;
    r->len[column] = len;
    if (!ob_buf_add(&r->text, p, len))
        return ob_rows_fail(r, "too large");
    return OB_OK;
}

enum ob_status ob_rows_end(struct ob_rows *r)
{
    r->row++;
    if (!r->table)
        return OB_OK;
    for (size_t i = 0; i < r->count; i++) {
        bool here = r->filled[i] == r->row;
        ob_table_put(r->table, here ? ob_buf_str(&r->text) + r->at[i] : "", here ? r->len[i] : 0);
    }
    ob_table_end_row(r->table, r->by_item ? (int64_t)r->row : r->line);
    ob_buf_clear(&r->text);
    return OB_OK;
}

enum ob_status ob_rows_fill(struct ob_rows *r)
{
    if (r->row && !r->count)
        return ob_fail(r->err, OB_ERR_INPUT, "%s: objects without members", r->source);
    if (r->row > MAX_CELLS / (r->count + 1))
        return ob_fail(r->err, OB_ERR_INPUT, "%s: %zu rows of %zu columns are too many", r->source,
                       r->row, r->count);
    r->table = ob_table_new(r->source, r->columns, r->count);
    if (r->by_item)
        ob_table_by_item(r->table);
    r->row = 0;
    return OB_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void ob_rows_sort(struct ob_rows *r, const char *first)
{
    uint32_t at = ob_index_find(&r->by_name, first, strlen(first));
    if (at == OB_INDEX_NONE && r->count < OB_TABLE_COLUMNS) {
        at = (uint32_t)r->count;
        r->columns[r->count++] = ob_xstrdup(first);
    }
    if (at != OB_INDEX_NONE) {
        char *key = r->columns[at];
        r->columns[at] = r->columns[0];
        r->columns[0] = key;
    }
    if (r->count > 2)
        qsort(r->columns + 1, r->count - 1, sizeof *r->columns, by_bytes);
    ob_index_init(&r->by_name, r->slots, OB_TABLE_COLUMNS, column_at, r);
    for (uint32_t i = 0; i < r->count; i++)
        ob_index_add(&r->by_name, i);
}

/* ---- values ---- */

/* Scalars as people write them; lists as JSON, because a directory must be readable whatever a
 * cloud says of somebody. */
static enum ob_status put_scalar(struct ob_rows *r, const struct ob_value *v)
{
    struct ob_buf text;
    enum ob_status st;
    if (v->type == OB_STR)
        return ob_rows_put(r, v->s.p, v->s.len);
    if (v->type == OB_NULL)
        return ob_rows_put(r, "", 0);
    if (v->type == OB_SECRET)
        return ob_rows_fail(r, "a secret is no text");
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_json_write(&text, v);
    st = ob_rows_put(r, ob_buf_str(&text), text.len);
    ob_buf_fini(&text);
    return st;
}

static enum ob_status put_map(struct ob_rows *r, const struct ob_value *map)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < map->map.count && st == OB_OK; i++) {
        const struct ob_pair *pair = &map->map.pairs[i];
        if (!pair->key.len)
            return ob_rows_fail(r, "a member without a name");
        size_t before = ob_rows_enter(r, pair->key.p, pair->key.len);
        st = pair->value.type == OB_MAP ? put_map(r, &pair->value) : put_scalar(r, &pair->value);
        ob_rows_leave(r, before);
    }
    return st;
}

static enum ob_status walk(struct ob_rows *r, const struct ob_value *rows)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < ob_list_count(rows) && st == OB_OK; i++) {
        const struct ob_value *row = ob_list_at(rows, i);
        st = row->type == OB_MAP ? put_map(r, row) : ob_rows_fail(r, "is no map");
        if (st == OB_OK)
            st = ob_rows_end(r);
    }
    return st;
}

enum ob_status ob_table_from_value(struct ob_table **out, const char *source,
                                   const struct ob_value *rows, const char *key, struct ob_err *err)
{
    struct ob_rows *r = ob_rows_new(source, true, err);
    *out = NULL;
    enum ob_status st = rows->type == OB_LIST
                            ? walk(r, rows)
                            : ob_fail(err, OB_ERR_INPUT, "%s: not a list of people", source);
    if (st == OB_OK) {
        ob_rows_sort(r, key);
        st = ob_rows_fill(r);
    }
    if (st == OB_OK)
        st = walk(r, rows);
    if (st == OB_OK) {
        ob_table_trim(r->table);
        st = ob_table_set_key(r->table, key, err);
    }
    if (st == OB_OK)
        *out = ob_table_ref(r->table);
    ob_rows_free(r);
    return st;
}
