/* Who is struck from a plan by its approvers; see approval.h. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/approval.h"
#include "engine/idmap.h"

struct ob_struck {
    struct ob_idmap at;
    char **names, **whys;
    size_t count;
};

struct ob_struck *ob_struck_new(void)
{
    struct ob_struck *s = ob_xcalloc(1, sizeof *s);
    ob_idmap_init(&s->at);
    return s;
}

void ob_struck_free(struct ob_struck *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        free(s->names[i]);
        free(s->whys[i]);
    }
    free(s->names);
    free(s->whys);
    ob_idmap_fini(&s->at);
    free(s);
}

void ob_struck_add(struct ob_struck *s, const char *person, const char *why)
{
    if (ob_idmap_get(&s->at, person) != OB_IDMAP_NONE)
        return;
    s->names = ob_xrealloc(s->names, s->count + 1, sizeof *s->names);
    s->whys = ob_xrealloc(s->whys, s->count + 1, sizeof *s->whys);
    s->names[s->count] = ob_xstrdup(person);
    s->whys[s->count] = ob_xstrdup(why);
    ob_idmap_add(&s->at, s->names[s->count], s->count);
    s->count++;
}

const char *ob_struck_why(const struct ob_struck *s, const char *key, const char *id)
{
    if (!s || !s->count)
        return NULL;
    size_t at = key ? ob_idmap_get(&s->at, key) : OB_IDMAP_NONE;
    if (at == OB_IDMAP_NONE && id)
        at = ob_idmap_get(&s->at, id);
    return at == OB_IDMAP_NONE ? NULL : s->whys[at];
}

static void spread_step(struct ob_struck *s, const struct ob_value *people)
{
    for (size_t k = 0; k < ob_list_count(people); k++) {
        const struct ob_value *one = ob_list_at(people, k);
        const char *key = ob_value_str(ob_list_at(one, 0));
        const char *id = ob_value_str(ob_list_at(one, 1));
        const char *why = ob_struck_why(s, key, id);
        if (key && why)
            ob_struck_add(s, key, why);
        if (id && why)
            ob_struck_add(s, id, why);
    }
}

/* Until nobody is found any more: a policy may call one person by several names, one a step. */
void ob_struck_spread(struct ob_struck *s, const struct ob_value *plan)
{
    const struct ob_value *steps = ob_map_get(plan, "steps");
    for (size_t before = 0; before != s->count;) {
        before = s->count;
        for (size_t i = 0; i < ob_list_count(steps); i++)
            spread_step(s, ob_map_get(ob_list_at(steps, i), "people"));
    }
}

size_t ob_struck_count(const struct ob_struck *s)
{
    return s ? s->count : 0;
}
