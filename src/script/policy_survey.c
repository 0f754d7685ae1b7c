/* See policy_survey.h. */
#include "script/policy_survey.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/idmap.h"

struct seen {
    struct ob_value row;
    bool changed;
};

struct ob_survey {
    struct ob_idmap at; /* id -> place in `all` */
    struct seen **all;  /* one by one: the map lends their ids */
    size_t count, cap;
};

void ob_survey_free(struct ob_survey *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        ob_value_fini(&s->all[i]->row);
        free(s->all[i]);
    }
    free(s->all);
    ob_idmap_fini(&s->at);
    free(s);
}

static struct ob_policy_target *holder(const struct ob_policy *p, const struct ob_target *t)
{
    for (size_t i = 0; i < p->opt.config->count; i++)
        if (p->targets[i].t == t)
            return &p->targets[i];
    return NULL;
}

static struct seen *find(const struct ob_policy *p, const struct ob_target *t, const char *id)
{
    const struct ob_policy_target *pt = holder(p, t);
    if (!pt || !pt->survey)
        return NULL;
    size_t i = ob_idmap_get(&pt->survey->at, id);
    return i == OB_IDMAP_NONE ? NULL : pt->survey->all[i];
}

const struct ob_value *ob_survey_row(const struct ob_policy *p, const struct ob_target *t,
                                     const char *id)
{
    const struct seen *s = find(p, t, id);
    return s ? &s->row : NULL;
}

const char *ob_survey_state(const struct ob_policy *p, const struct ob_target *t, const char *id)
{
    const struct seen *s = find(p, t, id);
    const char *state = s && !s->changed ? ob_map_str(&s->row, "state") : NULL;
    return state ? state : "";
}

void ob_survey_changed(struct ob_policy *p, const struct ob_target *t, const char *id)
{
    struct seen *s = find(p, t, id);
    if (s)
        s->changed = true;
}

bool ob_survey_needs(const struct ob_policy *p, const struct ob_target *t,
                     const struct ob_action *a, const char *id)
{
    const struct ob_value *row = ob_survey_row(p, t, id);
    const char *state = ob_survey_state(p, t, id), *first = row ? ob_map_str(row, "state") : NULL;
    if (first && strcmp(first, "absent") == 0)
        return a->kind == OB_KIND_ADD;
    return !*state || !a->wants || strcmp(state, a->wants) != 0;
}

enum ob_status ob_survey_start(struct ob_policy *p, struct ob_target *t, const char *const *ids,
                               size_t count, struct ob_op **op, struct ob_err *err)
{
    struct ob_value args;
    *op = NULL;
    ob_value_init(&args);
    ob_value_set_map(&args);
    struct ob_value *asked = ob_map_put(&args, "ids");
    ob_value_set_list(asked);
    for (size_t i = 0; i < count; i++)
        if (!find(p, t, ids[i]))
            ob_list_push_str(asked, ids[i]);
    enum ob_status st = OB_OK;
    if (ob_list_count(asked))
        st = ob_engine_read(p->engine, t, "lookup", &args, op, err);
    ob_value_fini(&args);
    return st;
}

static void keep(struct ob_survey *s, struct ob_value *row)
{
    const char *id = ob_map_str(row, "id");
    if (!id || ob_idmap_get(&s->at, id) != OB_IDMAP_NONE)
        return;
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->all = ob_xrealloc(s->all, s->cap, sizeof *s->all);
    }
    struct seen *one = s->all[s->count] = ob_xcalloc(1, sizeof *one);
    ob_value_move(&one->row, row);
    ob_idmap_add(&s->at, ob_map_str(&one->row, "id"), s->count++);
}

enum ob_status ob_survey_take(struct ob_policy *p, struct ob_target *t, const char *const *ids,
                              size_t count, struct ob_value *rows, struct ob_err *err)
{
    struct ob_policy_target *pt = holder(p, t);
    if (!pt->survey) {
        pt->survey = ob_xcalloc(1, sizeof *pt->survey);
        ob_idmap_init(&pt->survey->at);
    }
    for (size_t i = 0; i < ob_list_count(rows); i++)
        keep(pt->survey, &rows->list.items[i]);
    for (size_t i = 0; i < count; i++)
        if (!find(p, t, ids[i]))
            return ob_fail(err, OB_ERR_INPUT,
                           "%s: the cloud did not say what \"%s\" is now; nothing was planned",
                           t->name, ids[i]);
    return OB_OK;
}
