/* See diff.h: the people of two plans, action by action. */
#include "cli/diff.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/diff_parts.h"
#include "report/events.h"
#include "report/text.h"

/* The people of one plan, by target, action and name; [key, id, state, print] of each. A request of
 * the policy's own names nobody, and may touch anybody: it is one of its own, with `one` NULL. */
struct people {
    struct ob_idmap at;
    struct entry {
        const struct ob_value *step, *one;
        char *name;
    } * list;
    size_t count, cap;
};

static char *name_of(const struct ob_value *step, const char *key)
{
    const char *target = ob_map_str(step, "target"), *action = ob_map_str(step, "action");
    return ob_xasprintf("%s\n%s\n%s", target ? target : "", action ? action : "", key);
}

static const char *key_of(const struct entry *e)
{
    return e->one ? ob_value_str(ob_list_at(e->one, 0)) : ob_map_str(e->step, "request");
}

static const char *id_of(const struct entry *e)
{
    const char *id = e->one ? ob_value_str(ob_list_at(e->one, 1)) : ob_map_str(e->step, "digest");
    return id ? id : "";
}

static void add_person(struct people *p, const struct ob_value *step, const struct ob_value *one)
{
    const char *key = one ? ob_value_str(ob_list_at(one, 0)) : ob_map_str(step, "digest");
    if (!key)
        return;
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->list = ob_xrealloc(p->list, p->cap, sizeof *p->list);
    }
    char *name = name_of(step, key);
    if (ob_idmap_add(&p->at, name, p->count) != OB_IDMAP_NONE) {
        free(name); /* twice the same action: once is enough here */
        return;
    }
    p->list[p->count++] = (struct entry){step, one, name};
}

static void collect(struct people *p, const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    *p = (struct people){0};
    ob_idmap_init(&p->at);
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *step = ob_list_at(steps, i), *people = ob_map_get(step, "people");
        if (ob_map_str(step, "request"))
            add_person(p, step, NULL);
        for (size_t k = 0; k < ob_list_count(people); k++)
            add_person(p, step, ob_list_at(people, k));
    }
}

static void people_fini(struct people *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->list[i].name);
    free(p->list);
    ob_idmap_fini(&p->at);
}

/* ---- telling ---- */

struct telling {
    struct ob_diff *d;
    struct ob_grid *grid;
    size_t came, went, changed, same;
};

static void tell(struct telling *t, const char *change, const char *sign, const struct entry *e,
                 const char *why)
{
    const char *target = ob_map_str(e->step, "target"), *action = ob_map_str(e->step, "action");
    const char *key = key_of(e);
    if (t->d->s->cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "diff");
        ob_map_put_str(&ev.fields, "change", change);
        ob_map_put_str(&ev.fields, "target", target ? target : "");
        ob_map_put_str(&ev.fields, "action", action ? action : "");
        ob_map_put_str(&ev.fields, "person", key);
        ob_map_put_str(&ev.fields, "id", id_of(e));
        ob_map_put_str(&ev.fields, "why", why);
        ob_event_emit(&ev, stdout);
        return;
    }
    char *what = ob_xasprintf("%s:%s", target ? target : "", action ? action : "");
    const char *cells[] = {sign, what, key, why};
    ob_grid_row(t->grid, cells);
    free(what);
}

static void tell_alone(struct telling *t, const char *change, const char *sign,
                       const struct entry *e)
{
    struct ob_buf why;
    ob_buf_init(&why, OB_BUF_SMALL);
    ob_diff_why(t->d, key_of(e), &why);
    tell(t, change, sign, e, ob_buf_str(&why));
    ob_buf_fini(&why);
}

/* Where both plans name them: what each was, by what the cloud said while planning. */
static void compare(struct telling *t, const struct entry *was, const struct entry *is)
{
    static const char *const fields[] = {"id", "state in the cloud"};
    struct ob_buf why;
    ob_buf_init(&why, OB_BUF_SMALL);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *a = ob_value_str(ob_list_at(was->one, i + 1));
        const char *b = ob_value_str(ob_list_at(is->one, i + 1));
        if (a && b && *a && *b && strcmp(a, b) != 0)
            ob_buf_addf(&why, "%s%s: %s -> %s", why.len ? ", " : "", fields[i], a, b);
    }
    const char *a = ob_value_str(ob_list_at(was->one, 3));
    const char *b = ob_value_str(ob_list_at(is->one, 3));
    if (a && b && *a && *b && strcmp(a, b) != 0)
        ob_buf_addf(&why, "%sthe cloud tells another identity", why.len ? ", " : "");
    if (why.len) {
        t->changed++;
        tell(t, "changed", "~", is, ob_buf_str(&why));
    } else {
        t->same++;
    }
    ob_buf_fini(&why);
}

static void compare_people(struct telling *t)
{
    struct people was, is;
    collect(&was, t->d->was.doc);
    collect(&is, t->d->is.doc);
    for (size_t i = 0; i < is.count; i++) {
        size_t at = ob_idmap_get(&was.at, is.list[i].name);
        if (at != OB_IDMAP_NONE) {
            compare(t, &was.list[at], &is.list[i]);
            continue;
        }
        t->came++;
        tell_alone(t, "came", "+", &is.list[i]);
    }
    for (size_t i = 0; i < was.count; i++) {
        if (ob_idmap_get(&is.at, was.list[i].name) != OB_IDMAP_NONE)
            continue;
        t->went++;
        tell_alone(t, "went", "-", &was.list[i]);
    }
    people_fini(&was);
    people_fini(&is);
}

static void conclude(struct telling *t)
{
    const struct ob_cli *cli = t->d->s->cli;
    if (cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "diff_total");
        ob_map_put_int(&ev.fields, "came", (int64_t)t->came);
        ob_map_put_int(&ev.fields, "went", (int64_t)t->went);
        ob_map_put_int(&ev.fields, "changed", (int64_t)t->changed);
        ob_map_put_int(&ev.fields, "same", (int64_t)t->same);
        ob_event_emit(&ev, stdout);
        return;
    }
    if (t->came + t->went + t->changed) {
        ob_cli_print(cli, "%s", "");
        fflush(stdout);
        ob_grid_print(t->grid, stdout, cli->tty_out ? ob_text_columns(1) : OB_TEXT_COLUMNS,
                      cli->color && cli->tty_out);
    }
    ob_cli_print(cli, "%zu came, %zu went, %zu changed, %zu as before", t->came, t->went,
                 t->changed, t->same);
}

enum ob_status ob_diff(struct ob_session *s, const char *id, const struct ob_value *doc,
                       const char *other, struct ob_err *err)
{
    static const char *const names[] = {"", "what", "person", "why"};
    struct ob_diff d = {.s = s, .is.doc = doc};
    struct ob_value before;
    struct ob_err unfit;
    char full[OB_PLAN_ID];
    enum ob_status st = ob_session_read(s, other, full, &before, &unfit, err);
    if (st == OB_OK && before.type != OB_MAP)
        st = ob_fail(err, unfit.status, "%s", unfit.message);
    if (st == OB_OK) {
        struct telling t = {.d = &d, .grid = ob_grid_new(names, 4)};
        d.was.doc = &before;
        ob_buf_init(&d.general, OB_BUF_SMALL);
        ob_plan_rows_read(&d.was.rows, s->ledger, &before);
        ob_plan_rows_read(&d.is.rows, s->ledger, doc);
        if (!s->cli->json)
            ob_cli_print(s->cli, "plan %s, and what is different from plan %s", id, full);
        ob_diff_settings(&d);
        compare_people(&t);
        conclude(&t);
        ob_plan_rows_fini(&d.was.rows);
        ob_plan_rows_fini(&d.is.rows);
        ob_buf_fini(&d.general);
        ob_grid_free(t.grid);
    }
    ob_value_fini(&before);
    return st;
}
