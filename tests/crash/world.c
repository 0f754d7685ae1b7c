/* See world.h. */
#include "world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/value.h"
#include "script/script.h"

#define DIFFERENCES_SHOWN 10

struct lines {
    char **v;
    size_t count, cap;
};

static void add_line(struct lines *l, char *line)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->v = ob_xrealloc(l->v, l->cap, sizeof *l->v);
    }
    l->v[l->count++] = line;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_into(struct lines *l, struct ob_buf *out)
{
    if (l->count)
        qsort(l->v, l->count, sizeof *l->v, by_bytes);
    for (size_t i = 0; i < l->count; i++) {
        ob_buf_addf(out, "%s\n", l->v[i]);
        free(l->v[i]);
    }
    free(l->v);
}

/* ---- the clouds ---- */

/* As canonical JSON, because a map keeps no order that could be relied upon. */
static char *person_line(struct world *w, const char *cloud, const char *id,
                         const struct ob_value *person)
{
    const struct ob_value *effects = ob_map_get(person, "effects");
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_SMALL);
    ob_buf_addf(&line, "%s %s %s ", cloud, id, ob_map_str(person, "state"));
    if (effects)
        ob_json_write(&line, effects);
    for (size_t i = 0; effects && effects->type == OB_MAP && i < effects->map.count; i++)
        if (effects->map.pairs[i].value.i != 1)
            ob_buf_addf(&w->faults, "%s: acted upon more than once\n", ob_buf_str(&line));
    return ob_buf_take(&line);
}

static void read_cloud(struct world *w, struct lines *l, const char *name,
                       const struct ob_value *cloud)
{
    const struct ob_value *people = ob_map_get(cloud, "people");
    if (ob_list_count(ob_map_get(cloud, "deleted_twice")))
        ob_buf_addf(&w->faults, "%s: somebody was deleted twice\n", name);
    for (size_t i = 0; people && people->type == OB_MAP && i < people->map.count; i++) {
        const struct ob_pair *p = &people->map.pairs[i];
        add_line(l, person_line(w, name, p->key.p, &p->value));
    }
}

/* ---- the ledger ---- */

static void count(struct world *w, const char *outcome)
{
    if (strcmp(outcome, "succeeded") == 0)
        w->succeeded++;
    else if (strcmp(outcome, "failed") == 0)
        w->failed++;
    else if (strcmp(outcome, "skipped") == 0)
        w->skipped++;
    else
        w->other++;
}

/* What the clouds' books call it, where that is another name. */
static const char *effect_of(const char *target, const char *action)
{
    static const char *const names[][3] = {{"desktops", "add", "create"},
                                           {"meeting", "add_rooms", "rooms_give"},
                                           {"meeting", "add_admin", "admin_add"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(target, names[i][0]) == 0 && strcmp(action, names[i][1]) == 0)
            return names[i][2];
    return action;
}

/* "succeeded" is what the cloud did, and once; all else is what it did not do. */
static void hold_against(struct world *w, const struct ob_value *clouds, const struct ob_value *row)
{
    const char *id = ob_map_str(row, "id"), *target = ob_map_str(row, "target");
    const char *action = ob_map_str(row, "action"), *outcome = ob_map_str(row, "outcome");
    const struct ob_value *person =
        ob_map_get(ob_map_get(ob_map_get(clouds, target), "people"), id);
    int64_t times = ob_map_int(ob_map_get(person, "effects"), effect_of(target, action), 0);
    size_t other = w->other;
    count(w, outcome);
    if (w->other != other)
        ob_buf_addf(&w->faults, "%s %s %s: %s\n", target, action, id, outcome);
    else if (times != (strcmp(outcome, "succeeded") == 0))
        ob_buf_addf(&w->faults, "%s %s %s: %s, but the cloud did it %" PRId64 " times\n", target,
                    action, id, outcome, times);
}

static void read_row(struct world *w, struct lines *l, const struct ob_value *clouds,
                     const struct ob_value *row)
{
    if (!ob_map_str(row, "person"))
        return;
    hold_against(w, clouds, row);
    add_line(l, ob_xasprintf("%s %s %s %s", ob_map_str(row, "target"), ob_map_str(row, "action"),
                             ob_map_str(row, "id"), ob_map_str(row, "outcome")));
}

/* Lines of JSON, read in one go as a list. */
static void read_lines(struct world *w, const struct ob_buf *rows, struct ob_value *out)
{
    struct ob_buf list;
    struct ob_err err;
    const char *text = ob_buf_str(rows);
    ob_buf_init(&list, OB_BUF_LARGE);
    ob_buf_addc(&list, '[');
    for (size_t i = 0; i < rows->len; i++)
        ob_buf_addc(&list, text[i] == '\n' && i + 1 < rows->len ? ',' : text[i]);
    ob_buf_addc(&list, ']');
    if (ob_script_json(ob_buf_str(&list), list.len, out, &err) != OB_OK)
        ob_buf_addf(&w->faults, "export: %s\n", err.message);
    ob_buf_fini(&list);
}

static void read_rows(struct world *w, const struct ob_value *clouds, const struct ob_buf *rows)
{
    struct lines l = {0};
    struct ob_value list;
    read_lines(w, rows, &list);
    for (size_t i = 0; i < ob_list_count(&list); i++)
        read_row(w, &l, clouds, ob_list_at(&list, i));
    sort_into(&l, &w->people);
    ob_value_fini(&list);
}

void world_read(struct world *w, const struct ob_buf *state, const struct ob_buf *rows)
{
    static const char *const names[] = {"meeting", "studio", "desktops"};
    struct ob_value root;
    struct ob_err err;
    struct lines l = {0};
    *w = (struct world){0};
    ob_buf_init(&w->clouds, OB_BUF_LARGE);
    ob_buf_init(&w->people, OB_BUF_LARGE);
    ob_buf_init(&w->faults, OB_BUF_LARGE);
    if (ob_script_json(ob_buf_str(state), state->len, &root, &err) != OB_OK)
        ob_buf_addf(&w->faults, "state: %s\n", err.message);
    const struct ob_value *clouds = ob_map_get(&root, "clouds");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        read_cloud(w, &l, names[i], ob_map_get(clouds, names[i]));
    sort_into(&l, &w->clouds);
    read_rows(w, clouds, rows);
    if (ob_map_int(&root, "effects", -1) != (int64_t)w->succeeded)
        ob_buf_addf(&w->faults, "%zu succeeded, but the clouds count %" PRId64 " changes\n",
                    w->succeeded, ob_map_int(&root, "effects", -1));
    ob_value_fini(&root);
}

void world_fini(struct world *w)
{
    ob_buf_fini(&w->clouds);
    ob_buf_fini(&w->people);
    ob_buf_fini(&w->faults);
}

/* ---- two of them ---- */

static const char *next_line(const char *p, int *len)
{
    const char *stop = strchr(p, '\n');
    *len = stop ? (int)(stop - p) : (int)strlen(p);
    return stop ? stop + 1 : p + *len;
}

void world_differences(struct ob_buf *out, const char *what, const char *want, const char *got)
{
    int a, b;
    size_t shown = 0;
    if (strcmp(want, got) == 0)
        return;
    while ((*want || *got) && shown < DIFFERENCES_SHOWN) {
        const char *w = next_line(want, &a), *g = next_line(got, &b);
        if (a != b || memcmp(want, got, (size_t)a) != 0) {
            ob_buf_addf(out, "%s: unbroken \"%.*s\", here \"%.*s\"\n", what, a, want, b, got);
            shown++;
        }
        want = w, got = g;
    }
}
