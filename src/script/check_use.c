/* What a script does with what is known, and must not: read a name that there is not, assign a
 * global, name a target or an action that does not exist. A value that nobody knows leads to no
 * finding, but for a method that nothing at all has. Called by check_values.c. */
#include "script/check_flow.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

static const struct ob_known_value unknown = {0};
/* After a finding: what follows from it is not said as well. */
static const struct ob_known_value said = {.kind = OB_V_FREE};

struct ob_known_value ob_known_as(enum ob_known kind, const char *name)
{
    return (struct ob_known_value){.kind = kind, .name = name};
}

static int line_of(const struct ob_frame *f)
{
    return f->p->lines[f->pc];
}

/* ---- names ---- */

static void add_locals(struct ob_names *names, const struct ob_frame *f)
{
    for (; f; f = f->around)
        for (int i = f->live; i-- > 0;)
            if (f->local[i]->name[0] != '(')
                ob_names_add(names, f->local[i]->name);
}

static void report_global(struct ob_frame *f, const char *name, bool assigned, const char *message)
{
    struct ob_names names = {0};
    add_locals(&names, f);
    for (size_t i = 0; i < f->c->globals.count && !assigned; i++)
        ob_names_add(&names, f->c->globals.v[i]);
    ob_check_add(f->c, line_of(f), ob_names_near(&names, "", name), "%s", message);
    ob_names_fini(&names);
}

void ob_use_assign(struct ob_frame *f, const char *name)
{
    struct ob_question q = {.about = OB_ABOUT_ASSIGNED, .name = name};
    struct ob_err err;
    if (!ob_check_ask(f->c, &q, &err))
        report_global(f, name, true, err.message);
}

static struct ob_known_value read_global(struct ob_frame *f, const char *name)
{
    struct ob_question q = {.about = OB_ABOUT_GLOBAL, .name = name};
    struct ob_err err;
    if (!ob_check_ask(f->c, &q, &err)) {
        report_global(f, name, false, err.message);
        return said;
    }
    if (strcmp(name, "use") == 0)
        f->c->computed = true; /* a module brings what it likes */
    if (q.is == OB_IS_TABLE)
        return ob_known_as(OB_V_LIBRARY, name);
    return q.is == OB_IS_FUNCTION ? ob_known_as(OB_V_BUILTIN, name) : unknown;
}

/* ---- members ---- */

static void add_readings(struct ob_checker *c, const char *target, struct ob_names *into)
{
    struct ob_err ignored;
    const struct ob_provider_info *info = ob_check_target(c, target, &ignored);
    for (size_t i = 0; info && i < info->read_count; i++)
        ob_names_add(into, info->reads[i]);
    ob_names_add(into, "name");
}

/* What there is instead: from the error, if it lists it ("...; it has: a, b"), and then in place
 * of the list; else from what was collected. */
static const char *near_member(struct ob_checker *c, const struct ob_question *q, char *message,
                               struct ob_names *listed)
{
    static const char it_has[] = "; it has: ";
    char *list = strstr(message, it_has);
    if (list)
        ob_names_split(listed, list + sizeof it_has - 1);
    if (q->about == OB_ABOUT_TARGET)
        add_readings(c, q->owner, listed); /* not in the list, but it has them */
    const char *near = ob_names_near(listed, "", q->name);
    if (list && near)
        *list = '\0';
    if (q->about == OB_ABOUT_FIELD) {
        char *before = ob_xasprintf("%s.", q->owner);
        near = ob_names_near(&c->fields, before, q->name);
        free(before);
    } else if (q->about == OB_ABOUT_ROSTER) {
        near = ob_names_near(&c->roster, "", q->name);
    } else if (q->about == OB_ABOUT_TEXT) {
        near = ob_names_near(&c->fields, "string.", q->name);
        near = near ? near + strlen("string.") : NULL;
    }
    return near;
}

static void report_member(struct ob_frame *f, const struct ob_question *q, char *message)
{
    struct ob_names listed = {0};
    const char *near = near_member(f->c, q, message, &listed);
    ob_check_add(f->c, line_of(f), near, "%s", message);
    ob_names_fini(&listed);
}

static struct ob_known_value ask_member(struct ob_frame *f, enum ob_about about,
                                        struct ob_known_value base, const char *name)
{
    struct ob_question q = {.about = about, .owner = base.name, .name = name};
    struct ob_err err;
    if (!ob_check_ask(f->c, &q, &err)) {
        report_member(f, &q, err.message);
        return said;
    }
    if (q.is == OB_IS_ROSTER)
        return ob_known_as(OB_V_ROSTER, NULL);
    if (q.is != OB_IS_FUNCTION)
        return unknown;
    enum ob_known kind = about == OB_ABOUT_FIELD ? OB_V_BUILTIN : OB_V_METHOD;
    return (struct ob_known_value){kind, base.kind, base.name, name};
}

static struct ob_known_value ask_target(struct ob_frame *f, struct ob_known_value target,
                                        const char *name)
{
    struct ob_checker *c = f->c;
    if (c->config)
        return ask_member(f, OB_ABOUT_TARGET, target, name);
    const struct ob_names *actions = ob_check_actions(c);
    if (ob_names_has(actions, name))
        return (struct ob_known_value){OB_V_METHOD, OB_V_TARGET, target.name, name};
    ob_check_add(c, line_of(f), ob_names_near(actions, "", name),
                 "no provider has an action \"%s\"", name);
    return said;
}

/* base.name, or base:name when it is to be called. */
struct ob_known_value ob_use_member(struct ob_frame *f, struct ob_known_value base,
                                    const char *name, bool method)
{
    if (!name)
        return unknown;
    switch (base.kind) {
    case OB_V_FREE:
        return base;
    case OB_V_ENV:
        return read_global(f, name);
    case OB_V_LIBRARY:
        return ask_member(f, OB_ABOUT_FIELD, base, name);
    case OB_V_TARGET:
        return ask_target(f, base, name);
    case OB_V_ROSTER:
        return ask_member(f, OB_ABOUT_ROSTER, base, name);
    case OB_V_OUTCOME:
        return ask_member(f, OB_ABOUT_OUTCOME, base, name);
    case OB_V_TEXT:
        return method ? ask_member(f, OB_ABOUT_TEXT, base, name) : unknown;
    default:
        return unknown;
    }
}

/* ---- targets ---- */

static void report_target(struct ob_frame *f, const char *name)
{
    const struct ob_config *config = f->c->config;
    const char *slash = strrchr(config->path, '/');
    struct ob_names names = {0};
    struct ob_buf all;
    ob_buf_init(&all, OB_BUF_SMALL);
    for (size_t i = 0; i < config->count; i++) {
        ob_names_add(&names, config->targets[i].name);
        ob_buf_addf(&all, "%s%s", i ? ", " : "", config->targets[i].name);
    }
    const char *near = ob_names_near(&names, "", name);
    if (near)
        ob_check_add(f->c, line_of(f), near, "unknown target \"%s\"", name);
    else
        ob_check_add(f->c, line_of(f), NULL, "unknown target \"%s\"; %s has: %s", name,
                     slash ? slash + 1 : config->path, ob_buf_str(&all));
    ob_buf_fini(&all);
    ob_names_fini(&names);
}

struct ob_known_value ob_use_target(struct ob_frame *f, const char *name)
{
    struct ob_err err;
    if (!name)
        return unknown;
    if (!f->c->config || ob_check_target(f->c, name, &err))
        return ob_known_as(OB_V_TARGET, name);
    if (ob_config_target(f->c->config, name))
        ob_check_add(f->c, line_of(f), NULL, "%s", err.message);
    else
        report_target(f, name);
    return said;
}

/* ---- the end ---- */

static bool known_method(struct ob_checker *c, const char *name)
{
    struct ob_question q = {.about = OB_ABOUT_OUTCOME, .name = name};
    struct ob_err ignored;
    return ob_names_has(&c->methods, name) || ob_names_has(&c->defined, name) ||
           ob_names_has(ob_check_actions(c), name) || ob_check_ask(c, &q, &ignored);
}

void ob_use_end(struct ob_checker *c)
{
    if (c->computed || !c->weak_count || c->status != OB_OK)
        return;
    ob_names_sort(&c->methods);
    ob_names_sort(&c->defined);
    struct ob_names all = {0};
    const struct ob_names *actions = ob_check_actions(c);
    for (size_t i = 0; i < c->methods.count; i++)
        ob_names_add(&all, c->methods.v[i]);
    for (size_t i = 0; i < actions->count; i++)
        ob_names_add(&all, actions->v[i]);
    for (size_t i = 0; i < c->weak_count; i++)
        if (!known_method(c, c->weak[i].name))
            ob_check_add(c, c->weak[i].line, ob_names_near(&all, "", c->weak[i].name),
                         "unknown method \"%s\"", c->weak[i].name);
    ob_names_fini(&all);
}
