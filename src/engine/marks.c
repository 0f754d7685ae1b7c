/* See marks.h. */
#include "engine/marks.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"

const char *ob_go_word(enum ob_go go)
{
    static const char *const words[] = {"continue", "stop", "undo"};
    return words[go];
}

static void pick(const struct ob_buf *result, const char *name, struct ob_buf *out)
{
    ob_buf_init(out, OB_BUF_LARGE);
    if (!result->len || !ob_json_pick(ob_buf_str(result), result->len, name, out))
        ob_buf_clear(out);
}

void ob_marks_read(struct ob_marks *m, const struct ob_buf *result)
{
    pick(result, "go", &m->go);
    pick(result, "undone", &m->undone);
    pick(result, "told", &m->told);
}

void ob_marks_fini(struct ob_marks *m)
{
    ob_buf_fini(&m->go);
    ob_buf_fini(&m->undone);
    ob_buf_fini(&m->told);
}

enum ob_status ob_marks_write(const struct ob_marks *m, struct ob_ledger *l, int64_t run,
                              const char *path, struct ob_err *err)
{
    struct ob_value v = {0};
    struct ob_buf json;
    ob_value_set_map(&v);
    if (m->go.len)
        ob_map_put_str(&v, "go", ob_buf_str(&m->go));
    if (m->undone.len)
        ob_map_put_str(&v, "undone", ob_buf_str(&m->undone));
    if (m->told.len)
        ob_map_put_str(&v, "told", ob_buf_str(&m->told));
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, &v);
    enum ob_status st = ob_ledger_step_result(l, run, path, &json, err);
    ob_buf_fini(&json);
    ob_value_fini(&v);
    return st;
}

/* ---- what the policy was told ---- */

struct told { /* one step that is to be frozen */
    char *path;
    struct ob_marks marks;
};

struct freezing {
    struct ob_ledger *l;
    int64_t run;
    struct told *v;
    size_t count;
    bool all_final;
    struct ob_buf *unknown; /* of the step that is looked at */
    enum ob_status st;
    struct ob_err *err;
};

static bool look_person(void *ctx, const struct ob_person_row *row)
{
    struct freezing *f = ctx;
    f->all_final = f->all_final && ob_person_state_final(row->state);
    if (row->state == OB_P_UNKNOWN)
        ob_buf_addf(f->unknown, "%s%" PRId64, f->unknown->len ? "," : "", row->index);
    return f->all_final;
}

/* Those at work in another branch were not told yet. */
static bool look_step(void *ctx, const struct ob_step_row *row)
{
    struct freezing *f = ctx;
    if (row->settled || !*row->target)
        return true;
    f->v = ob_xrealloc(f->v, f->count + 1, sizeof *f->v);
    struct told *t = &f->v[f->count++];
    t->path = ob_xstrdup(row->path);
    ob_marks_read(&t->marks, &row->result);
    if (t->marks.told.len)
        return true;
    f->unknown = &t->marks.told;
    f->all_final = true;
    f->st = ob_ledger_person_each(f->l, f->run, row->path, look_person, f, f->err);
    if (!f->all_final)
        ob_buf_clear(&t->marks.told);
    return f->st == OB_OK;
}

enum ob_status ob_marks_freeze(struct ob_ledger *l, int64_t run, struct ob_err *err)
{
    struct freezing f = {.l = l, .run = run, .err = err};
    enum ob_status st = ob_ledger_step_each(l, run, look_step, &f, err);
    if (st == OB_OK)
        st = f.st;
    for (size_t i = 0; i < f.count; i++) {
        if (st == OB_OK && f.v[i].marks.told.len)
            st = ob_marks_write(&f.v[i].marks, l, run, f.v[i].path, err);
        ob_marks_fini(&f.v[i].marks);
        free(f.v[i].path);
    }
    free(f.v);
    return st;
}
