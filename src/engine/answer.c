/* The plain-data side of provider.h: answers begin and end here, and actions are found by name.
 * What answers mean is the provider's to say and the rest of the engine's to act on. */
#include "engine/provider.h"
#include <stdlib.h>
#include <string.h>

void ob_answer_init(struct ob_answer *a)
{
    *a = (struct ob_answer){.meaning = OB_SAYS_NONSENSE, .total = -1};
    ob_value_init(&a->people);
    ob_value_set_list(&a->people);
    ob_value_init(&a->next);
    ob_value_init(&a->data);
}

void ob_answer_fini(struct ob_answer *a)
{
    free(a->code);
    free(a->message);
    ob_value_fini(&a->people);
    ob_value_fini(&a->next);
    ob_value_fini(&a->data);
    a->code = a->message = NULL;
}

const struct ob_action *ob_provider_action(const struct ob_provider_info *info, const char *name)
{
    for (size_t i = 0; i < info->action_count; i++)
        if (strcmp(info->actions[i].name, name) == 0)
            return &info->actions[i];
    return NULL;
}

const char *ob_undo_class(const struct ob_provider_info *info, const struct ob_action *a)
{
    if (!a->undo_count)
        return "final";
    for (size_t i = 0; i < a->undo_count; i++) {
        const struct ob_action *back = ob_provider_action(info, a->undo[i]);
        if (!back || back->from_snapshot)
            return "restorable";
    }
    return "reversible";
}

const char *ob_kind_word(enum ob_kind k)
{
    switch (k) {
    case OB_KIND_DISABLE:
        return "disable";
    case OB_KIND_ENABLE:
        return "enable";
    case OB_KIND_DELETE:
        return "delete";
    case OB_KIND_ADD:
        return "add";
    }
    return "?";
}

bool ob_provider_reads(const struct ob_provider_info *info, const char *name)
{
    if (strcmp(name, "list") == 0)
        return info->list_page > 0;
    if (strcmp(name, "lookup") == 0)
        return info->lookup_max > 0 || info->list_page > 0;
    for (size_t i = 0; i < info->read_count; i++)
        if (strcmp(info->reads[i], name) == 0)
            return true;
    return false;
}
