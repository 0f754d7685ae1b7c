/* JSON: a list of objects, or one object a line (what `export --json` writes). The events of the
 * strict scanner go straight into rows, without a tree, so that numbers keep every digit and
 * 100,000 people weigh what their text weighs. Objects inside become columns "a.b", lists of
 * scalars are joined with commas, null is the empty text; any other list is refused. */
#include "script/input.h"
#include "script/input_rows.h"
#include "base/json.h"
#include <string.h>

struct walk {
    struct ob_rows *rows;
    bool one;                           /* the text is one object, not a list of them */
    int maps;                           /* open objects of this row */
    size_t lengths[OB_VALUE_DEPTH + 1]; /* of the path outside of each */
    bool listing;                       /* inside a list of scalars */
    size_t items;
    struct ob_buf value;
    enum ob_status status;
};

static enum ob_status put(struct walk *w)
{
    return ob_rows_put(w->rows, ob_buf_str(&w->value), w->value.len);
}

static enum ob_status no_object(struct walk *w)
{
    return ob_rows_fail(w->rows, "an object is expected: a list of objects, or one object a line");
}

static enum ob_status begin_map(struct walk *w)
{
    char name[OB_SHOW];
    if (w->listing)
        return ob_rows_fail(w->rows, "\"%s\" is a list of objects", ob_rows_path(w->rows, name));
    w->lengths[w->maps++] = w->rows->path.len;
    return OB_OK;
}

static enum ob_status end_map(struct walk *w)
{
    w->maps--;
    ob_rows_leave(w->rows, w->maps ? w->lengths[w->maps - 1] : 0);
    return w->maps ? OB_OK : ob_rows_end(w->rows);
}

static enum ob_status begin_list(struct walk *w, const struct ob_json_event *ev)
{
    char name[OB_SHOW];
    if (!w->maps)
        return ev->depth || w->one ? no_object(w) : OB_OK;
    if (w->listing)
        return ob_rows_fail(w->rows, "\"%s\" is a list of lists", ob_rows_path(w->rows, name));
    w->listing = true;
    w->items = 0;
    ob_buf_clear(&w->value);
    return OB_OK;
}

static enum ob_status end_list(struct walk *w)
{
    if (!w->listing)
        return OB_OK;
    w->listing = false;
    return put(w);
}

static enum ob_status key(struct walk *w, const struct ob_json_event *ev)
{
    ob_rows_leave(w->rows, w->lengths[w->maps - 1]);
    ob_buf_clear(&w->value);
    if (!ob_json_unescape(&w->value, ev->raw, ev->len))
        return ob_rows_fail(w->rows, "a name with half a surrogate pair");
    if (!w->value.len)
        return ob_rows_fail(w->rows, "a member without a name");
    ob_rows_enter(w->rows, ob_buf_str(&w->value), w->value.len);
    return OB_OK;
}

static enum ob_status scalar(struct walk *w, const struct ob_json_event *ev)
{
    char name[OB_SHOW];
    bool ok = true;
    if (!w->maps)
        return no_object(w);
    if (!w->listing)
        ob_buf_clear(&w->value);
    else if (w->items++)
        ok = ob_buf_addc(&w->value, ',');
    if (ev->kind == OB_JSON_STRING)
        ok = ok && ob_json_unescape(&w->value, ev->raw, ev->len);
    else if (ev->kind != OB_JSON_NULL)
        ok = ok && ob_buf_add(&w->value, ev->raw, ev->len);
    if (!ok)
        return ob_rows_fail(w->rows, "\"%s\" has half a surrogate pair",
                            ob_rows_path(w->rows, name));
    return w->listing ? OB_OK : put(w);
}

static bool on_event(void *ctx, const struct ob_json_event *ev)
{
    struct walk *w = ctx;
    switch (ev->kind) {
    case OB_JSON_BEGIN_MAP:
        w->status = begin_map(w);
        break;
    case OB_JSON_END_MAP:
        w->status = end_map(w);
        break;
    case OB_JSON_BEGIN_LIST:
        w->status = begin_list(w, ev);
        break;
    case OB_JSON_END_LIST:
        w->status = end_list(w);
        break;
    case OB_JSON_KEY:
        w->status = key(w, ev);
        break;
    default:
        w->status = scalar(w, ev);
    }
    return w->status == OB_OK;
}

static enum ob_status scan(struct walk *w, const char *p, size_t len)
{
    struct ob_err *err = w->rows->err, why = {0};
    w->maps = 0;
    w->listing = false;
    w->status = OB_OK;
    ob_rows_leave(w->rows, 0);
    if (ob_json_scan(p, len, on_event, w, &why) == OB_OK)
        return w->status;
    if (w->one)
        return ob_rows_fail(w->rows, "%s; a list of objects, or one object a line, is expected",
                            why.message);
    return ob_fail(err, OB_ERR_INPUT, "%s: %s", w->rows->source, why.message);
}

static bool only_spaces(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!memchr(" \t\r\n", p[i], 4))
            return false;
    }
    return true;
}

static enum ob_status scan_lines(struct walk *w, const struct ob_text *text)
{
    enum ob_status st = OB_OK;
    w->rows->line = 1;
    for (size_t at = 0; at < text->len && st == OB_OK; w->rows->line++) {
        const char *p = text->p + at, *end = memchr(p, '\n', text->len - at);
        size_t n = end ? (size_t)(end - p) : text->len - at;
        if (!only_spaces(p, n))
            st = scan(w, p, n);
        at += n + 1;
    }
    return st;
}

static enum ob_status pass(struct walk *w, const struct ob_text *text)
{
    if (only_spaces(text->p, text->len))
        return OB_OK;
    return w->one ? scan_lines(w, text) : scan(w, text->p, text->len);
}

enum ob_status ob_input_json(struct ob_table **out, const char *source, const struct ob_text *text,
                             struct ob_err *err)
{
    size_t first = 0;
    while (first < text->len && only_spaces(text->p + first, 1))
        first++;
    struct walk w = {.one = first == text->len || text->p[first] != '['};
    w.rows = ob_rows_new(source, !w.one, err);
    ob_buf_init(&w.value, OB_BUF_LARGE);
    enum ob_status st = pass(&w, text);
    if (st == OB_OK)
        st = ob_rows_fill(w.rows);
    if (st == OB_OK)
        st = pass(&w, text);
    if (st == OB_OK)
        *out = ob_table_ref(w.rows->table);
    ob_buf_fini(&w.value);
    ob_rows_free(w.rows);
    return st;
}
