/* The fields of a target: those every target has are checked here and taken out; the rest stays
 * for the provider's schema (script/target.c). A secret written into the file itself is refused,
 * and no message here shows a value. */
#include "script/config_parts.h"
#include "base/file.h"
#include "base/mem.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARALLEL_DEFAULT 4
#define PARALLEL_MAX     64
#define RATE_MAX         1000000
#define TIMEOUT_DEFAULT  30000
#define TIMEOUT_MAX      3600 /* seconds */

struct ob_target_config *ob_config_add(struct ob_config *c, const char *name, int line)
{
    c->targets = ob_xrealloc(c->targets, c->count + 1, sizeof *c->targets);
    struct ob_target_config *t = &c->targets[c->count++];
    *t = (struct ob_target_config){
        .name = ob_xstrdup(name),
        .line = line,
        .parallel = PARALLEL_DEFAULT,
        .timeout_ms = TIMEOUT_DEFAULT,
    };
    ob_limit_init(&t->limit);
    ob_value_set_map(&t->fields);
    ob_value_set_list(&t->protect);
    ob_value_set_list(&t->self);
    return t;
}

/* ---- lines ---- */

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Does the line give `field` a value? A comment ends it. */
static bool assigns(const char *line, size_t len, const char *field)
{
    size_t n = strlen(field);
    for (size_t i = 0; i + n < len && memcmp(line + i, "--", 2) != 0; i++) {
        if (memcmp(line + i, field, n) != 0 || (i && in_name(line[i - 1])) || in_name(line[i + n]))
            continue;
        size_t after = i + n;
        while (after < len && isspace((unsigned char)line[after]))
            after++;
        if (after < len && line[after] == '=')
            return true;
    }
    return false;
}

/* Lua says on which line a table was begun, not where its fields stand: looked up in the text,
 * from the target's line on. */
int ob_config_line(const struct ob_loader *l, int from, int to, const char *field)
{
    const char *at = ob_buf_str(&l->text), *end = at + l->text.len;
    int found = 0;
    for (int line = 1; at < end && (!to || line <= to) && (to || !found); line++) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *stop = nl ? nl : end;
        if (line >= from && assigns(at, (size_t)(stop - at), field))
            found = line;
        at = stop + 1;
    }
    return found ? found : to ? to : from;
}

enum ob_status ob_config_refuse(const struct ob_loader *l, const struct ob_target_config *t,
                                const char *field, struct ob_err *err, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return ob_fail(err, OB_ERR_USAGE, "%s:%d: %s", l->chunk, ob_config_line(l, t->line, 0, field),
                   text);
}

/* ---- common fields ---- */

struct place { /* of one field, for messages */
    struct ob_loader *l;
    struct ob_target_config *t;
    const char *field;
};

static enum ob_status wrong(const struct place *p, const char *wanted, struct ob_err *err)
{
    return ob_config_refuse(p->l, p->t, p->field, err, "%s must be %s", p->field, wanted);
}

static bool is_text(const struct ob_value *v)
{
    return v->type == OB_STR && v->s.len && !memchr(v->s.p, '\0', v->s.len);
}

static bool number(const struct ob_value *v, double *out)
{
    if (v->type != OB_INT && v->type != OB_NUM)
        return false;
    *out = v->type == OB_INT ? (double)v->i : v->n;
    return isfinite(*out);
}

static enum ob_status take_provider(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (!is_text(v))
        return wrong(p, "the name of a provider, in quotes", err);
    p->t->provider = ob_xstrdup(v->s.p);
    return OB_OK;
}

static enum ob_status take_ca_file(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (!is_text(v))
        return wrong(p, "the path of a PEM file, in quotes", err);
    char *path = ob_path_beside(p->l->config->path, v->s.p);
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    p->t->ca_file = here ? ob_xasprintf("%s/%s", here, path) : ob_xstrdup(path);
    free(here);
    free(path);
    return OB_OK;
}

static enum ob_status take_proxy(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (!is_text(v) || !strstr(v->s.p, "://"))
        return wrong(p, "a URL like \"http://proxy:3128\"", err);
    if (strchr(v->s.p, '@'))
        return wrong(p, "a URL without user and password", err);
    p->t->proxy = ob_xstrdup(v->s.p);
    return OB_OK;
}

static enum ob_status take_parallel(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (v->type != OB_INT || v->i < 1 || v->i > PARALLEL_MAX)
        return wrong(p, "a whole number from 1 to 64", err);
    p->t->parallel = (int)v->i;
    return OB_OK;
}

/* "10/s", "300/m", "1000/h": calls in a second, a minute, an hour. */
static bool read_rate(const char *text, int *calls, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"/s", 1000}, {"/m", 60000}, {"/h", 3600000}};
    char *end;
    long n = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;
    if (n < 1 || n > RATE_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *calls = (int)n;
            *ms = units[i].ms;
            return true;
        }
    return false;
}

static enum ob_status take_rate(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (!is_text(v) || !read_rate(v->s.p, &p->t->rate_calls, &p->t->rate_ms))
        return wrong(p, "calls in a time, like \"10/s\", \"300/m\" or \"1000/h\"", err);
    return OB_OK;
}

static enum ob_status take_timeout(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    double seconds;
    if (!number(v, &seconds) || seconds < 0.001 || seconds > TIMEOUT_MAX)
        return wrong(p, "a number of seconds up to 3600", err);
    p->t->timeout_ms = (int64_t)llround(seconds * 1000);
    return OB_OK;
}

static bool are_texts(const struct ob_value *list)
{
    for (size_t i = 0; i < ob_list_count(list); i++)
        if (!is_text(ob_list_at(list, i)))
            return false;
    return list->type == OB_LIST;
}

/* An empty table is a map to the converter. */
static bool is_empty(const struct ob_value *v)
{
    return v->type == OB_MAP && v->map.count == 0;
}

/* Patterns of ids, or patterns by the names of columns. */
static enum ob_status take_protect(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    bool good = are_texts(v) || v->type == OB_MAP;
    for (size_t i = 0; v->type == OB_MAP && i < v->map.count; i++) {
        const struct ob_value *one = &v->map.pairs[i].value;
        good = good && v->map.pairs[i].key.len && (is_text(one) || are_texts(one) || is_empty(one));
    }
    if (!good)
        return wrong(p,
                     "a list of patterns like { \"admin*\" }, or of columns like "
                     "{ title = { \"CEO*\" } }",
                     err);
    if (!is_empty(v))
        ob_value_move(&p->t->protect, v);
    return OB_OK;
}

static enum ob_status take_self(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (is_text(v))
        ob_list_push_str(&p->t->self, v->s.p);
    else if (are_texts(v))
        ob_value_move(&p->t->self, v);
    else if (!is_empty(v))
        return wrong(p, "the id of the account that the credential belongs to, or a list of them",
                     err);
    return OB_OK;
}

static enum ob_status take_limit(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    char why[240];
    if (ob_limit_read(&p->t->limit, v, false, why))
        return OB_OK;
    return ob_config_refuse(p->l, p->t, p->field, err, "limit: %s", why);
}

static enum ob_status take_people(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    if (v->type != OB_INT || v->i < 1)
        return wrong(
            p, "a whole number of 1 or more: how many people a whole directory has at least", err);
    p->t->people = v->i;
    return OB_OK;
}

static enum ob_status take_approvals(const struct place *p, struct ob_value *v, struct ob_err *err)
{
    int line = ob_config_line(p->l, p->t->line, 0, p->field);
    return ob_config_approvals(p->l, line, true, v, &p->t->approvals, err);
}

/* ---- all fields ---- */

static const struct {
    const char *field;
    enum ob_status (*take)(const struct place *p, struct ob_value *v, struct ob_err *err);
} common[] = {
    {"provider", take_provider},   {"ca_file", take_ca_file}, {"proxy", take_proxy},
    {"parallel", take_parallel},   {"timeout", take_timeout}, {"protect", take_protect},
    {"limit", take_limit},         {"rate", take_rate},       {"self", take_self},
    {"approvals", take_approvals}, {"people", take_people},
};

static bool names_secret(const char *field)
{
    static const char *const names[] = {"app_key", "password", "secret_key", "access_key_secret",
                                        "security_token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(field, names[i]) == 0)
            return true;
    return false;
}

enum ob_status ob_config_field(struct ob_loader *l, struct ob_target_config *t, const char *field,
                               struct ob_value *value, struct ob_err *err)
{
    struct place p = {l, t, field};
    if (names_secret(field) && value->type != OB_SECRET)
        return wrong(&p, "secret.env, secret.file or secret.command", err);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp(field, common[i].field) == 0)
            return common[i].take(&p, value, err);
    ob_value_move(ob_map_put(&t->fields, field), value);
    return OB_OK;
}

void ob_config_merge(struct ob_target_config *t, const struct ob_value *credential)
{
    for (size_t i = 0; i < credential->map.count; i++) {
        const struct ob_pair *pair = &credential->map.pairs[i];
        if (!ob_map_get(&t->fields, pair->key.p))
            ob_value_copy(ob_map_put(&t->fields, pair->key.p), &pair->value);
    }
}
