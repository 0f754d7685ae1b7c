/* Who is in the clouds of a rehearsal: the people whom the inputs name, those of exports, and
 * others whom nobody names; and inputs that are invented because nobody bound them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/rehearsal_parts.h"
#include "script/table.h"

#define LEAVERS_DEFAULT 6
#define PEOPLE_LEAST    24 /* a rehearsal is run thousands of times */
#define OFF_EVERY       11 /* of the invented people one in so many is switched off already */

/* ---- people ---- */

static void add_row(struct ob_value *rows, const struct ob_table *t, size_t i)
{
    struct ob_value *row = ob_list_push(rows);
    ob_value_set_map(row);
    for (size_t j = 0; j < t->column_count; j++) {
        size_t len;
        const char *cell = ob_table_cell(t, i, j, &len);
        ob_value_set_strn(ob_map_put(row, t->columns[j]), cell, len);
    }
}

/* A file of plain lines names people by an id that may be any cloud's. */
static void add_line(struct ob_value *rows, const struct ob_table *t, size_t i)
{
    static const char *const columns[] = {"meeting_account", "iam_user_id", "desktop_user"};
    struct ob_value *row = ob_list_push(rows);
    size_t len;
    ob_value_set_map(row);
    for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
        ob_map_put_str(row, columns[j], ob_table_cell(t, i, 0, &len));
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum ob_format format_of(const struct ob_bound_input *in)
{
    const char *first = ob_buf_str(&in->bytes);
    size_t line = strcspn(first, "\r\n");
    if (ends_with(in->source, ".json") || *first == '{' || *first == '[')
        return OB_FORMAT_JSON;
    bool columns =
        memchr(first, ',', line) || memchr(first, ';', line) || memchr(first, '\t', line);
    return columns || ends_with(in->source, ".csv") ? OB_FORMAT_CSV : OB_FORMAT_LINES;
}

/* What cannot be read here names nobody: the policy will say what is wrong with it. */
static void add_input(const struct ob_bound_input *in, struct ob_value *rows, bool *leave)
{
    struct ob_input_options o = {.format = format_of(in), .allow_empty = true};
    struct ob_table *t = NULL;
    struct ob_err ignored;
    if (ob_table_parse(&t, in->source, ob_buf_str(&in->bytes), in->bytes.len, &o, &ignored) !=
        OB_OK)
        return;
    *leave = *leave || ob_table_column(t, "last_day") >= 0 || o.format == OB_FORMAT_LINES;
    for (size_t i = 0; i < t->row_count; i++) {
        if (o.format == OB_FORMAT_LINES)
            add_line(rows, t, i);
        else
            add_row(rows, t, i);
    }
    ob_table_unref(t);
}

/* Leavers are a fifth of everybody, as a share; a file of all who stay is nearly everybody. */
static int64_t others_for(const struct ob_rehearsal *r, int64_t rows, bool leave)
{
    if (r->setup.people)
        return r->setup.people > rows ? r->setup.people - rows : 0;
    if (rows == 0)
        return PEOPLE_LEAST;
    int64_t others = leave ? rows * 4 : rows / 20 + 1;
    return leave && rows + others < PEOPLE_LEAST ? PEOPLE_LEAST - rows : others;
}

static const char *cloud_of(const struct ob_rehearsal *r, const char *target, int *rank)
{
    for (size_t i = 0; i < r->config->count; i++)
        if (strcmp(r->config->targets[i].name, target) == 0) {
            *rank = r->places[i].rank;
            return r->places[i].cloud;
        }
    return NULL;
}

static enum ob_status add_exports(const struct ob_rehearsal *r, struct ob_value *options, int rank,
                                  struct ob_err *err)
{
    const struct ob_value *all = r->setup.exports;
    struct ob_value *exports = NULL;
    for (size_t i = 0; all && all->type == OB_MAP && i < all->map.count; i++) {
        int at = 0;
        const char *cloud = cloud_of(r, all->map.pairs[i].key.p, &at);
        if (!cloud)
            return ob_fail(err, OB_ERR_USAGE, "--from-export: no target \"%s\" in %s",
                           all->map.pairs[i].key.p, r->config->path);
        if (at != rank)
            continue;
        if (!exports) {
            exports = ob_map_put(options, "exports");
            ob_value_set_map(exports);
        }
        ob_value_copy(ob_map_put(exports, cloud), &all->map.pairs[i].value);
    }
    return OB_OK;
}

static enum ob_status make_sim(struct ob_rehearsal *r, int rank, const struct ob_value *rows,
                               int64_t others, struct ob_err *err)
{
    struct ob_value options = {0};
    ob_clouds_options(r, &options);
    ob_value_copy(ob_map_put(&options, "from"), rows);
    ob_map_put_int(&options, "others", others);
    ob_map_put_int(&options, "off_every", OFF_EVERY);
    enum ob_status st = add_exports(r, &options, rank, err);
    if (st == OB_OK)
        st = ob_sim_new(&r->sims[rank], &options, &r->clock, err);
    ob_value_fini(&options);
    return st;
}

static enum ob_status build(struct ob_rehearsal *r, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    r->people = (int64_t)ob_list_count(&r->rows) + r->others;
    for (int i = 0; i < r->sim_count && st == OB_OK; i++) {
        ob_sim_free(r->sims[i]);
        r->sims[i] = NULL;
        st = make_sim(r, i, &r->rows, r->others, err);
    }
    return st;
}

enum ob_status ob_people_make(struct ob_rehearsal *r, struct ob_err *err)
{
    bool leave = false;
    ob_value_set_list(&r->rows);
    for (size_t i = 0; i < r->lent_inputs; i++)
        add_input(&r->inputs[i], &r->rows, &leave);
    r->others = others_for(r, (int64_t)ob_list_count(&r->rows), leave);
    r->sims = ob_xcalloc((size_t)r->sim_count + 1, sizeof(struct ob_sim *));
    return build(r, err);
}

/* ---- ids of columns that are not known here ---- */

static void add_stranger(struct ob_rehearsal *r, const char *cloud, const char *key, const char *id)
{
    static const char *const columns[][2] = {
        {"meeting", "meeting_account"}, {"studio", "iam_user_id"}, {"desktops", "desktop_user"}};
    struct ob_value *row = ob_list_push(&r->rows);
    char *employee = ob_xasprintf("%s in %s", key, cloud);
    ob_value_set_map(row);
    ob_map_put_str(row, "employee", employee);
    ob_map_put_str(row, "name", key);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        ob_map_put_str(row, columns[i][1], strcmp(columns[i][0], cloud) == 0 ? id : "");
    free(employee);
}

static enum ob_status complete_step(struct ob_rehearsal *r, const struct ob_value *step,
                                    struct ob_err *err)
{
    const struct ob_value *people = ob_map_get(step, "people");
    struct ob_value ids = {0}, words = {0};
    int target = ob_rehearsal_number(r, ob_map_str(step, "target"));
    if (target < 0 || ob_map_get(r->setup.exports, ob_map_str(step, "target")))
        return OB_OK;
    ob_value_set_list(&ids);
    for (size_t i = 0; i < ob_list_count(people); i++)
        ob_list_push_str(&ids, ob_value_str(ob_list_at(ob_list_at(people, i), 1)));
    enum ob_status st = ob_clouds_standing(r, target, &ids, &words, err);
    for (size_t i = 0; i < ob_list_count(&words) && st == OB_OK; i++)
        if (strcmp(ob_value_str(ob_list_at(&words, i)), "absent") == 0)
            add_stranger(r, r->places[target].cloud,
                         ob_value_str(ob_list_at(ob_list_at(people, i), 0)),
                         ob_value_str(ob_list_at(&ids, i)));
    ob_value_fini(&ids);
    ob_value_fini(&words);
    return st;
}

enum ob_status ob_people_complete(struct ob_rehearsal *r, bool *added, struct ob_err *err)
{
    const struct ob_value *steps = ob_map_get(&r->plan, "steps");
    size_t before = ob_list_count(&r->rows);
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < ob_list_count(steps) && st == OB_OK; i++)
        st = complete_step(r, ob_list_at(steps, i), err);
    *added = ob_list_count(&r->rows) > before;
    return st == OB_OK && *added ? build(r, err) : st;
}

/* ---- inputs that nobody bound ---- */

/* The Meeting accounts of a file of leavers, one a line. */
static void only_accounts(struct ob_buf *csv)
{
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    const char *p = strchr(ob_buf_str(csv), '\n');
    while (p && p[1]) {
        const char *cell = p + 1;
        for (int skip = 2; skip > 0 && cell; skip--)
            cell = strchr(cell, ',') ? strchr(cell, ',') + 1 : NULL;
        if (cell)
            ob_buf_addf(&out, "%.*s\n", (int)strcspn(cell, ",\r\n"), cell);
        p = strchr(p + 1, '\n');
    }
    ob_buf_fini(csv);
    *csv = out;
}

void ob_clouds_missing(void *ctx, const char *name, int format)
{
    struct ob_rehearsal *r = ctx;
    free(r->wanted);
    r->wanted = ob_xstrdup(name);
    r->wanted_format = format;
}

bool ob_clouds_invented(struct ob_rehearsal *r)
{
    bool lines = r->wanted_format == OB_FORMAT_LINES;
    struct ob_err ignored;
    if (!r->wanted || r->wanted_format == OB_FORMAT_JSON)
        return false;
    int64_t count = r->setup.leavers ? r->setup.leavers : LEAVERS_DEFAULT;
    struct ob_bound_input in = {
        .name = r->wanted, .source = ob_xasprintf("%s.csv", r->wanted), .invented = true};
    r->wanted = NULL;
    ob_buf_init(&in.bytes, OB_BUF_LARGE);
    if (ob_sim_leavers(r->sims[0], lines ? 1 : count, &in.bytes, &ignored) != OB_OK)
        ob_buf_clear(&in.bytes);
    if (lines)
        only_accounts(&in.bytes);
    else
        r->invented = count;
    r->inputs = ob_xrealloc(r->inputs, r->input_count + 1, sizeof *r->inputs);
    r->inputs[r->input_count++] = in;
    return true;
}
