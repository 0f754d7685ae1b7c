/* The rules that a plan was made under, in its document: whoever loosens one afterwards loosens
 * nothing for this plan. See approval.h. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/approval.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_keys(struct ob_value *of, const struct ob_approval_need *n)
{
    const char **prints = ob_xcalloc(n->of_count + 1, sizeof *prints);
    ob_value_set_list(of);
    for (size_t i = 0; i < n->of_count; i++)
        prints[i] = n->of[i].print;
    qsort(prints, n->of_count, sizeof *prints, by_text);
    for (size_t i = 0; i < n->of_count; i++)
        ob_list_push_str(of, prints[i]);
    free(prints);
}

void ob_approval_seal(struct ob_value *doc, const struct ob_approval_need *needs, size_t count)
{
    struct ob_value list;
    ob_value_init(&list);
    ob_value_set_list(&list);
    for (size_t i = 0; i < count; i++) {
        if (needs[i].need <= 0)
            continue;
        struct ob_value *v = ob_list_push(&list);
        ob_value_set_map(v);
        ob_map_put_str(v, "target", needs[i].target);
        ob_map_put_str(v, "action", needs[i].action);
        ob_map_put_int(v, "need", needs[i].need);
        ob_map_put_bool(v, "planner", needs[i].planner);
        put_keys(ob_map_put(v, "of"), &needs[i]);
    }
    if (ob_list_count(&list))
        ob_value_move(ob_map_put(doc, "approvals"), &list);
    ob_value_fini(&list);
}

static bool is_sealed_key(const struct ob_value *of, const char *print)
{
    for (size_t i = 0; i < ob_list_count(of); i++) {
        const char *one = ob_value_str(ob_list_at(of, i));
        if (one && strcmp(one, print) == 0)
            return true;
    }
    return false;
}

/* Less is needed, or somebody may approve who could not then. */
static bool is_looser(const struct ob_approval_need *n, const struct ob_value *sealed)
{
    if (n->need < ob_map_int(sealed, "need", 0))
        return true;
    if (n->planner && !ob_map_bool(sealed, "planner", false))
        return true;
    for (size_t i = 0; i < n->of_count; i++)
        if (!is_sealed_key(ob_map_get(sealed, "of"), n->of[i].print))
            return true;
    return false;
}

static const struct ob_approval_need *need_of(const struct ob_approval_need *needs, size_t count,
                                              const struct ob_value *sealed)
{
    const char *target = ob_map_str(sealed, "target"), *action = ob_map_str(sealed, "action");
    for (size_t i = 0; target && action && i < count; i++)
        if (strcmp(needs[i].target, target) == 0 && strcmp(needs[i].action, action) == 0)
            return &needs[i];
    return NULL;
}

const struct ob_value *ob_approval_loosened(const struct ob_value *doc,
                                            const struct ob_approval_need *needs, size_t count)
{
    const struct ob_value *list = ob_map_get(doc, "approvals");
    for (size_t i = 0; i < ob_list_count(list); i++) {
        const struct ob_value *sealed = ob_list_at(list, i);
        const struct ob_approval_need *n = need_of(needs, count, sealed);
        if (!n || is_looser(n, sealed))
            return sealed;
    }
    return NULL;
}
