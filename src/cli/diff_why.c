/* What two plans were made from, and what of it makes a person come or go. */
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "cli/diff_parts.h"
#include "report/events.h"

/* ---- what is different for all ---- */

static void tell(struct ob_diff *d, const char *what, const char *name, const char *was,
                 const char *is)
{
    d->settings++;
    if (d->s->cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "diff_setting");
        ob_map_put_str(&ev.fields, "what", what);
        ob_map_put_str(&ev.fields, "name", name);
        ob_map_put_str(&ev.fields, "was", was);
        ob_map_put_str(&ev.fields, "is", is);
        ob_event_emit(&ev, stdout);
        return;
    }
    ob_cli_print(d->s->cli, "%s%s%s: %s -> %s", what, *name ? " " : "", name, was, is);
}

static void add_reason(struct ob_diff *d, const char *what, const char *name)
{
    ob_buf_addf(&d->general, "%s%s%s%s changed", d->general.len ? ", " : "", what, *name ? " " : "",
                name);
}

/* A value as people read it: a text without quotes, "none" where there is none. */
static char *text_of(const struct ob_value *v)
{
    struct ob_buf out;
    if (!v || v->type == OB_NULL)
        return ob_xstrdup("none");
    if (ob_value_str(v))
        return ob_xstrdup(ob_value_str(v));
    ob_buf_init(&out, OB_BUF_SMALL);
    ob_json_write(&out, v);
    return ob_buf_take(&out);
}

static void compare(struct ob_diff *d, const char *what, const char *name,
                    const struct ob_value *was, const struct ob_value *is)
{
    char *a = text_of(was), *b = text_of(is);
    if (strcmp(a, b) != 0) {
        tell(d, what, name, a, b);
        add_reason(d, what, name);
    }
    free(a);
    free(b);
}

static void compare_policies(struct ob_diff *d)
{
    const struct ob_value *was = ob_map_get(d->was.doc, "policy");
    const struct ob_value *is = ob_map_get(d->is.doc, "policy");
    char a[13], b[13];
    const char *x = ob_map_str(was, "digest"), *y = ob_map_str(is, "digest");
    const char *name = ob_map_str(is, "name");
    if (!x || !y || strcmp(x, y) == 0)
        return;
    snprintf(a, sizeof a, "%s", x);
    snprintf(b, sizeof b, "%s", y);
    tell(d, "policy", name ? name : "", a, b);
    add_reason(d, "the policy", "");
}

static void compare_maps(struct ob_diff *d, const char *what, const struct ob_value *was,
                         const struct ob_value *is)
{
    for (size_t i = 0; was && was->type == OB_MAP && i < was->map.count; i++) {
        const char *name = was->map.pairs[i].key.p;
        compare(d, what, name, &was->map.pairs[i].value, ob_map_get(is, name));
    }
    for (size_t i = 0; is && is->type == OB_MAP && i < is->map.count; i++)
        if (!ob_map_get(was, is->map.pairs[i].key.p))
            compare(d, what, is->map.pairs[i].key.p, NULL, &is->map.pairs[i].value);
}

static const struct ob_value *named(const struct ob_value *list, const char *name)
{
    for (size_t i = 0; i < ob_list_count(list); i++) {
        const char *n = ob_map_str(ob_list_at(list, i), "name");
        if (n && strcmp(n, name) == 0)
            return ob_list_at(list, i);
    }
    return NULL;
}

/* Only of those that both plans name: a target that one of them does not use is no change. */
static void compare_targets(struct ob_diff *d)
{
    static const char *const fields[] = {"provider", "endpoint"};
    const struct ob_value *all = ob_map_get(d->is.doc, "targets");
    for (size_t i = 0; i < ob_list_count(all); i++) {
        const struct ob_value *is = ob_list_at(all, i);
        const char *name = ob_map_str(is, "name");
        const struct ob_value *was = name ? named(ob_map_get(d->was.doc, "targets"), name) : NULL;
        for (size_t k = 0; was && k < sizeof fields / sizeof *fields; k++)
            compare(d, "target", name, ob_map_get(was, fields[k]), ob_map_get(is, fields[k]));
    }
}

/* An input is a reason only for those whose row is different. */
static void compare_inputs(struct ob_diff *d)
{
    for (size_t i = 0; i < d->is.rows.count; i++) {
        const struct ob_plan_input *is = &d->is.rows.inputs[i];
        const struct ob_plan_input *was = ob_plan_rows_input(&d->was.rows, is->name);
        char a[300] = "none", b[300] = "?";
        if (was && was->digest && is->digest && strcmp(was->digest, is->digest) == 0)
            continue;
        if (was && was->table)
            snprintf(a, sizeof a, "%s, %zu rows", was->source, was->table->row_count);
        if (is->table)
            snprintf(b, sizeof b, "%s, %zu rows", is->source, is->table->row_count);
        tell(d, "input", is->name ? is->name : "", a, b);
        if (!was || !was->table || !is->table)
            add_reason(d, "input", is->name ? is->name : "");
    }
}

static const char *reading_of(const struct ob_value *doc, const struct ob_value *like)
{
    static const char *const fields[] = {"target", "op", "asked"};
    const struct ob_value *all = ob_map_get(doc, "readings");
    for (size_t i = 0; i < ob_list_count(all); i++) {
        bool same = true;
        for (size_t k = 0; k < sizeof fields / sizeof *fields && same; k++) {
            const char *a = ob_map_str(ob_list_at(all, i), fields[k]);
            const char *b = ob_map_str(like, fields[k]);
            same = a && b && strcmp(a, b) == 0;
        }
        if (same)
            return ob_map_str(ob_list_at(all, i), "digest");
    }
    return NULL;
}

static void compare_readings(struct ob_diff *d)
{
    const struct ob_value *all = ob_map_get(d->is.doc, "readings");
    for (size_t i = 0; i < ob_list_count(all); i++) {
        const struct ob_value *r = ob_list_at(all, i);
        const char *was = reading_of(d->was.doc, r), *is = ob_map_str(r, "digest");
        const char *target = ob_map_str(r, "target");
        if (!was || !is || !target || strcmp(was, is) == 0)
            continue;
        ob_buf_addf(&d->general, "%swhat %s answered (%s) changed", d->general.len ? ", " : "",
                    target, ob_map_str(r, "op"));
    }
}

/* "meeting delete users 9, ..." */
static char *limits_text(const struct ob_value *doc)
{
    const struct ob_value *all = ob_map_get(doc, "limits");
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_SMALL);
    for (size_t i = 0; i < ob_list_count(all); i++) {
        const struct ob_value *rules = ob_map_get(ob_list_at(all, i), "rules");
        const char *target = ob_map_str(ob_list_at(all, i), "target");
        for (size_t k = 0; k < ob_list_count(rules); k++) {
            const struct ob_value *r = ob_list_at(rules, k);
            const char *of = ob_map_str(r, "of"), *what = ob_map_str(r, "what");
            ob_buf_addf(&out, "%s%s %s %s %lld", out.len ? ", " : "", target ? target : "?",
                        of ? of : "?", what ? what : "?", (long long)ob_map_int(r, "people", 0));
        }
    }
    char *text = ob_xstrdup(out.len ? ob_buf_str(&out) : "none");
    ob_buf_fini(&out);
    return text;
}

/* "meeting:delete 2 of 6d1a6a38 4fb5a2f4, ..."; by their keys, since one may take another's place.
 */
static char *approvals_text(const struct ob_value *doc)
{
    const struct ob_value *all = ob_map_get(doc, "approvals");
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_SMALL);
    for (size_t i = 0; i < ob_list_count(all); i++) {
        const struct ob_value *v = ob_list_at(all, i);
        const char *target = ob_map_str(v, "target"), *action = ob_map_str(v, "action");
        const struct ob_value *of = ob_map_get(v, "of");
        ob_buf_addf(&out, "%s%s:%s %lld of", out.len ? ", " : "", target ? target : "?",
                    action ? action : "?", (long long)ob_map_int(v, "need", 0));
        for (size_t k = 0; k < ob_list_count(of); k++)
            ob_buf_addf(&out, " %.8s", ob_value_str(ob_list_at(of, k)));
        ob_buf_adds(&out, ob_map_bool(v, "planner", false) ? " (the planner too)" : "");
    }
    char *text = ob_xstrdup(out.len ? ob_buf_str(&out) : "none");
    ob_buf_fini(&out);
    return text;
}

/* Told; and is it different? */
static bool compare_texts(struct ob_diff *d, const char *what,
                          char *text_of_plan(const struct ob_value *doc))
{
    char *was = text_of_plan(d->was.doc), *is = text_of_plan(d->is.doc);
    bool differs = strcmp(was, is) != 0;
    if (differs)
        tell(d, what, "", was, is);
    free(was);
    free(is);
    return differs;
}

void ob_diff_settings(struct ob_diff *d)
{
    static const char *const fields[][2] = {{"max_delete", "--max-delete"},
                                            {"ceiling", "--ceiling"},
                                            {"allow_empty", "--allow-empty"},
                                            {"today", "the day"},
                                            {"program", "offboard"}};
    compare_policies(d);
    compare_inputs(d);
    compare_maps(d, "variable", ob_map_get(d->was.doc, "vars"), ob_map_get(d->is.doc, "vars"));
    compare_targets(d);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        compare(d, fields[i][1], "", ob_map_get(d->was.doc, fields[i][0]),
                ob_map_get(d->is.doc, fields[i][0]));
    if (compare_texts(d, "limits", limits_text))
        add_reason(d, "limits", "");
    (void)compare_texts(d, "approvals", approvals_text);
    compare_readings(d);
}

/* ---- what is different for one ---- */

static void add_columns(const struct ob_plan_input *was, size_t old, const struct ob_plan_input *is,
                        size_t now, struct ob_buf *out)
{
    const struct ob_table *t = is->table;
    for (size_t c = 0; c < t->column_count; c++) {
        int before = ob_table_column(was->table, t->columns[c]);
        const char *b = ob_table_cell(t, now, c, NULL);
        const char *a = before < 0 ? "" : ob_table_cell(was->table, old, (size_t)before, NULL);
        if (strcmp(a, b) != 0)
            ob_buf_addf(out, "%s%s: %s -> %s", out->len ? ", " : "", t->columns[c], a, b);
    }
}

static void add_row(const struct ob_plan_input *was, const struct ob_plan_input *is,
                    const char *key, struct ob_buf *out)
{
    size_t old = ob_plan_rows_find(was, key), now = ob_plan_rows_find(is, key);
    if (old == OB_IDMAP_NONE && now == OB_IDMAP_NONE)
        return;
    if (now == OB_IDMAP_NONE) {
        ob_buf_addf(out, "%sgone from %s", out->len ? ", " : "", is->name);
    } else if (old == OB_IDMAP_NONE) {
        ob_buf_addf(out, "%snew in %s (", out->len ? ", " : "", is->name);
        ob_plan_rows_place(is, now, out);
        ob_buf_addc(out, ')');
    } else {
        add_columns(was, old, is, now, out);
    }
}

void ob_diff_why(const struct ob_diff *d, const char *key, struct ob_buf *out)
{
    for (size_t i = 0; i < d->is.rows.count; i++) {
        const struct ob_plan_input *is = &d->is.rows.inputs[i];
        const struct ob_plan_input *was = ob_plan_rows_input(&d->was.rows, is->name);
        bool same = was && was->digest && is->digest && strcmp(was->digest, is->digest) == 0;
        if (was && was->table && is->table && !same)
            add_row(was, is, key, out);
    }
    if (!out->len)
        ob_buf_adds(out,
                    d->general.len ? ob_buf_str(&d->general) : "nothing that is known changed");
}
