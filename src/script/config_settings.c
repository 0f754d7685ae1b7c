/* What targets.lua says outside of its targets, `name = value` at the top: each name is one line of
 * the table at the end of this file. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/config_parts.h"

struct setting {
    const char *name;
    enum ob_status (*take)(struct ob_loader *l, const char *name, struct ob_value *v,
                           struct ob_err *err);
};

static enum ob_status wrong(const struct ob_loader *l, const char *name, const char *wanted,
                            struct ob_err *err)
{
    const struct ob_target_config top = {.line = 1};
    return ob_config_refuse(l, &top, name, err, "%s must be %s", name, wanted);
}

/* ---- anchor ---- */

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

static enum ob_status take_anchor(struct ob_loader *l, const char *name, struct ob_value *v,
                                  struct ob_err *err)
{
    struct ob_anchor *a = &l->config->anchor;
    const struct ob_value *command = v->type == OB_MAP ? ob_map_get(v, "command") : NULL;
    if (v->type == OB_STR && strcmp(ob_value_str(v), "syslog") == 0)
        a->syslog = true;
    else if (is_command(command) && v->map.count == 1)
        a->command = copy_words(command);
    else
        return wrong(l, name, "\"syslog\" or { command = { \"program\", \"argument\" } }", err);
    return OB_OK;
}

/* ---- all of them ---- */

static const struct setting settings[] = {{"anchor", take_anchor}};

const char *const ob_config_setting_names[] = {"anchor", NULL};

enum ob_status ob_config_setting(struct ob_loader *l, const char *name, struct ob_value *value,
                                 struct ob_err *err)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i].name, name) == 0)
            return settings[i].take(l, name, value, err);
    return OB_OK;
}
