/* `anchor = ...` of targets.lua: where the heads of the ledger go. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/config_parts.h"

static bool is_command(const struct ob_value *list)
{
    if (!list || list->type != OB_LIST || !ob_list_count(list))
        return false;
    for (size_t i = 0; i < ob_list_count(list); i++) {
        const struct ob_value *arg = ob_list_at(list, i);
        if (arg->type != OB_STR || memchr(arg->s.p, '\0', arg->s.len) || (i == 0 && !arg->s.len))
            return false;
    }
    return true;
}

static char **copy_words(const struct ob_value *list)
{
    size_t n = ob_list_count(list);
    char **words = ob_xcalloc(n + 1, sizeof *words);
    for (size_t i = 0; i < n; i++)
        words[i] = ob_xstrdup(ob_value_str(ob_list_at(list, i)));
    return words;
}

enum ob_status ob_config_anchor(struct ob_anchor *a, const struct ob_value *v, struct ob_err *err)
{
    const struct ob_value *command = v->type == OB_MAP ? ob_map_get(v, "command") : NULL;
    if (a->syslog || a->command)
        return ob_fail(err, OB_ERR_USAGE, "anchor is said already");
    if (v->type == OB_STR && strcmp(ob_value_str(v), "syslog") == 0)
        a->syslog = true;
    else if (is_command(command) && v->map.count == 1)
        a->command = copy_words(command);
    else
        return ob_fail(err, OB_ERR_USAGE,
                       "anchor must be \"syslog\" or { command = { \"program\", \"argument\" } }");
    return OB_OK;
}
