/* What an undo leaves in the steps that it undoes (engine/marks.h), and what it reads there of the
 * undos before it. See undo_find.h. */
#include "script/undo_find.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/marks.h"

/* The actions of a chain after the first have their number behind the path of the first. */
static char *with_link(const char *path, size_t link)
{
    return link ? ob_xasprintf("%s:%zu", path, link + 1) : ob_xstrdup(path);
}

char *ob_undo_path(const char *prefix, const char *of, size_t link)
{
    char *first = ob_xasprintf("%s.u%s", prefix, of), *path = with_link(first, link);
    free(first);
    return path;
}

char *ob_undo_mark(const struct ob_undo_work *w, const struct ob_undo_step *s)
{
    char *path = ob_undo_path(w->prefix, s->path, 0);
    char *mark = ob_xasprintf("%lld:%s", (long long)w->by, path);
    free(path);
    return mark;
}

/* ---- what was undone before ---- */

static bool is_back(void *ctx, const struct ob_person_row *row)
{
    if (row->state == OB_P_SUCCEEDED || row->state == OB_P_SKIPPED)
        ob_map_put_bool(ctx, row->id, true);
    return true;
}

/* "7:1.u1": of run 7. Those whom it brought back may have been changed by others since. */
static enum ob_status read_earlier(const struct ob_undo_work *w, struct ob_ledger *l,
                                   const char *mark, struct ob_value *back, struct ob_err *err)
{
    char *colon;
    int64_t run = strtoll(mark, &colon, 10);
    if (*colon != ':')
        return OB_OK;
    char *path = with_link(colon + 1, w->link);
    struct ob_step_row row;
    enum ob_status st = ob_ledger_step_get(l, run, path, &row, err);
    if (st == OB_OK && row.path) {
        ob_step_row_fini(&row);
        st = ob_ledger_person_each(l, run, path, is_back, back, err);
    }
    free(path);
    return st;
}

enum ob_status ob_undo_earlier(struct ob_undo_work *w, struct ob_ledger *l, struct ob_value *back,
                               struct ob_err *err)
{
    struct ob_step_row row;
    struct ob_marks m;
    const struct ob_undo_step *s = &w->steps[w->at];
    enum ob_status st = ob_ledger_step_get(l, w->run, s->path, &row, err);
    ob_value_set_map(back);
    if (st != OB_OK || !row.path)
        return st;
    ob_marks_read(&m, &row.result);
    char *own = ob_undo_mark(w, s), *all = ob_xstrdup(ob_buf_str(&m.undone)), *save = NULL;
    for (char *one = strtok_r(all, " ", &save); one && st == OB_OK;
         one = strtok_r(NULL, " ", &save))
        if (strcmp(one, own) != 0)
            st = read_earlier(w, l, one, back, err);
    free(own);
    free(all);
    ob_marks_fini(&m);
    ob_step_row_fini(&row);
    return st;
}

/* ---- what it leaves in the step that is undone ---- */

static bool has_word(const struct ob_buf *words, const char *word)
{
    size_t len = strlen(word);
    const char *at = ob_buf_str(words);
    while ((at = strstr(at, word)) != NULL) {
        bool begins = at == ob_buf_str(words) || at[-1] == ' ';
        if (begins && (at[len] == ' ' || !at[len]))
            return true;
        at += len;
    }
    return false;
}

static enum ob_status close_one(struct ob_ledger *l, int64_t run, const char *path, const char *by,
                                struct ob_err *err)
{
    struct ob_step_row row;
    struct ob_marks m;
    enum ob_status st = ob_ledger_step_get(l, run, path, &row, err);
    if (st != OB_OK || !row.path)
        return st;
    ob_marks_read(&m, &row.result);
    if (!has_word(&m.undone, by)) {
        ob_buf_addf(&m.undone, "%s%s", m.undone.len ? " " : "", by);
        st = ob_marks_write(&m, l, run, path, err);
    }
    ob_marks_fini(&m);
    ob_step_row_fini(&row);
    return st;
}

enum ob_status ob_undo_is_begun(struct ob_undo_work *w, struct ob_ledger *l, bool *begun,
                                struct ob_err *err)
{
    enum ob_status st = OB_OK;
    *begun = true;
    for (size_t i = 0; i < w->count && st == OB_OK && *begun; i++) {
        struct ob_step_row row;
        struct ob_marks m;
        st = ob_ledger_step_get(l, w->run, w->steps[i].path, &row, err);
        if (st != OB_OK || !row.path)
            continue;
        char *by = ob_undo_mark(w, &w->steps[i]);
        ob_marks_read(&m, &row.result);
        *begun = has_word(&m.undone, by);
        ob_marks_fini(&m);
        ob_step_row_fini(&row);
        free(by);
    }
    return st;
}

enum ob_status ob_undo_close(struct ob_undo_work *w, struct ob_ledger *l, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < w->count && st == OB_OK; i++) {
        char *by = ob_undo_mark(w, &w->steps[i]);
        st = close_one(l, w->run, w->steps[i].path, by, err);
        free(by);
    }
    return st;
}

enum ob_status ob_undo_settle(struct ob_ledger *l, int64_t run, const struct ob_undo_part *part,
                              size_t i, enum ob_person_state undone, struct ob_err *err)
{
    bool had_effect = undone == OB_P_SUCCEEDED;
    if (!had_effect && undone != OB_P_SKIPPED)
        return OB_OK; /* a refusal proves nothing: still in doubt */
    return ob_ledger_person_set(l, run, part->of, part->index[i],
                                had_effect ? OB_P_SUCCEEDED : OB_P_FAILED,
                                had_effect ? "was in doubt; it had happened, and is undone"
                                           : "was in doubt; it had no effect when it was undone",
                                part->calls[i], err);
}
