/* The one implementation of engine/provider.h: a provider file in a sandboxed state, entered
 * through lua/offboard/provider.lua. Values go in and come out; this side guards who may be in
 * a request at all, because a wrong id is the one thing that is never forgiven. */
#include "script/provider.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "script/embed.h"
#include "script/provider_read.h"
#include "script/script.h"
#include "sign/sign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As a module of ours, so that a limit is blamed on the line of the provider's file. */
static const char glue[] = "return use 'offboard.provider'";

/* Of one call. A page of 500 people is under a megabyte and takes some milliseconds; an answer of
 * 16 MiB, the most that is received, takes up to 20 times its size as tables. */
#define LIMITS ((struct ob_limits){.memory = (size_t)384 * 1024 * 1024, .cpu_ms = 4000})

struct provider {
    struct ob_script *script;
    struct ob_provider_info info;
    struct ob_vault *vault; /* whose redactor learns of passwords that are made here; or NULL */
    bool session;           /* the signer logs in */
};

/* Calls the glue; *out is its first result (initialised here). */
static enum ob_status call(struct provider *p, const char *function, const struct ob_value *args,
                           size_t count, struct ob_value *out, struct ob_err *err)
{
    struct ob_value results;
    ob_value_init(out);
    ob_value_init(&results);
    enum ob_status status = ob_script_call(p->script, function, args, count, &results, err);
    if (status == OB_OK && ob_list_count(&results))
        ob_value_move(out, &results.list.items[0]);
    ob_value_fini(&results);
    return status;
}

/* ---- who may be in a request ---- */

/* Nobody is called that, and it would mean something to a path, a header or a form. */
const char *ob_provider_id_wrong(const char *s, size_t len)
{
    if (!len)
        return "is empty";
    if (s[strspn(s, ".")] == '\0')
        return "is dots only";
    for (size_t i = 0; i < len;) {
        size_t n = ob_utf8_seq(s + i, len - i);
        if (!n)
            return "is not UTF-8";
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
            return "has a control character";
        i += n;
    }
    return NULL;
}

static const char *wrong_with(const struct ob_value *id)
{
    return id->type == OB_STR ? ob_provider_id_wrong(id->s.p, id->s.len) : "is no text";
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "the id 'x' is empty"; what a terminal would obey is not shown. */
static enum ob_status refuse_id(const struct provider *p, const char *op, const struct ob_value *id,
                                const char *wrong, struct ob_err *err)
{
    const char *s = ob_value_str(id);
    char *shown = ob_xmemdup(s ? s : "", s ? strnlen(s, 80) : 0);
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    ob_fail(err, OB_ERR_INPUT, "%s: %s: the id '%s' %s", p->info.name, op, shown, wrong);
    free(shown);
    return OB_ERR_INPUT;
}

/* The id that is there twice, or NULL. */
static const char *twice(const struct ob_value *ids)
{
    size_t n = ob_list_count(ids);
    const char **sorted = ob_xcalloc(n, sizeof *sorted), *found = NULL;
    for (size_t i = 0; i < n; i++)
        sorted[i] = ob_value_str(ob_list_at(ids, i));
    qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 1; i < n && !found; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            found = sorted[i];
    free(sorted);
    return found;
}

/* Most ids in one call of this operation; 0: it takes none. */
static int most_ids(const struct ob_provider_info *info, const char *op)
{
    const struct ob_action *action = ob_provider_action(info, op);
    if (action)
        return action->max;
    if (strcmp(op, "snapshot") == 0 && info->snapshot_max)
        return info->snapshot_max;
    return strcmp(op, "lookup") == 0 || strcmp(op, "snapshot") == 0 ? info->lookup_max : 0;
}

static enum ob_status check_ids(const struct provider *p, const char *op,
                                const struct ob_value *args, struct ob_err *err)
{
    const struct ob_value *ids = ob_map_get(args, "ids");
    size_t n = ob_list_count(ids);
    int most = most_ids(&p->info, op);
    if (!most)
        return OB_OK;
    if (!n)
        return ob_fail(err, OB_ERR_POLICY, "%s: %s needs somebody in its call", p->info.name, op);
    if (n > (size_t)most)
        return ob_fail(err, OB_ERR_POLICY, "%s: %s takes at most %d in one call, not %zu",
                       p->info.name, op, most, n);
    for (size_t i = 0; i < n; i++) {
        const char *wrong = wrong_with(ob_list_at(ids, i));
        if (wrong)
            return refuse_id(p, op, ob_list_at(ids, i), wrong, err);
    }
    const char *same = twice(ids);
    if (same)
        return ob_fail(err, OB_ERR_INPUT, "%s: %s: '%.80s' is named twice in one call",
                       p->info.name, op, same);
    return OB_OK;
}

/* ---- the interface ---- */

static enum ob_status make_request(void *self, const char *op, const struct ob_value *args,
                                   struct ob_request *out, struct ob_err *err)
{
    struct provider *p = self;
    struct ob_value in[2], made;
    *out = (struct ob_request){0};
    enum ob_status status = check_ids(p, op, args, err);
    if (status != OB_OK)
        return status;
    ob_value_init(&in[0]);
    ob_value_set_str(&in[0], op);
    in[1] = *args; /* lent */
    status = call(p, "request", in, 2, &made, err);
    if (status == OB_OK)
        ob_provider_read_request(&made, p->vault, out);
    ob_value_fini(&made);
    ob_value_fini(&in[0]);
    return status;
}

static enum ob_status read_answer(void *self, const char *op, const struct ob_value *args,
                                  const struct ob_response *r, struct ob_answer *out,
                                  struct ob_err *err)
{
    struct provider *p = self;
    struct ob_value in[3], said;
    ob_answer_init(out);
    ob_value_init(&in[0]);
    ob_value_init(&in[2]);
    ob_value_set_str(&in[0], op);
    in[1] = *args; /* lent */
    ob_provider_show_response(r, &in[2]);
    enum ob_status status = call(p, "answer", in, 3, &said, err);
    if (status == OB_OK)
        ob_provider_read_answer(&said, out);
    if (out->meaning == OB_SAYS_TOKEN && !p->session)
        out->meaning = OB_SAYS_CREDENTIAL;
    ob_value_fini(&said);
    ob_value_fini(&in[2]);
    ob_value_fini(&in[0]);
    return status;
}

/* Anything unclear counts as a change. */
static bool is_read(void *self, const struct ob_request *r)
{
    struct ob_value in, said;
    struct ob_err err;
    ob_value_init(&in);
    ob_provider_show_request(r, &in);
    enum ob_status status = call(self, "is_read", &in, 1, &said, &err);
    bool yes = status == OB_OK && said.type == OB_BOOL && said.b;
    ob_value_fini(&said);
    ob_value_fini(&in);
    return yes;
}

/* ---- putting back ---- */

static enum ob_status holds(void *self, const char *op, const struct ob_value *snapshot,
                            const struct ob_value *row, bool *out, struct ob_err *err)
{
    struct ob_value in[3], said;
    ob_value_init(&in[0]);
    ob_value_set_str(&in[0], op);
    in[1] = *snapshot, in[2] = *row; /* lent */
    enum ob_status status = call(self, "holds", in, 3, &said, err);
    *out = status == OB_OK && said.type == OB_BOOL && said.b;
    ob_value_fini(&said);
    ob_value_fini(&in[0]);
    return status;
}

static enum ob_status group(void *self, const char *op, const struct ob_value *snapshot,
                            struct ob_buf *text, struct ob_err *err)
{
    struct ob_value in[2], said;
    ob_value_init(&in[0]);
    ob_value_set_str(&in[0], op);
    in[1] = *snapshot; /* lent */
    enum ob_status status = call(self, "group", in, 2, &said, err);
    if (status == OB_OK && said.type == OB_STR)
        ob_buf_add(text, said.s.p, said.s.len);
    ob_value_fini(&said);
    ob_value_fini(&in[0]);
    return status;
}

static bool puts_back(const struct ob_provider_info *info)
{
    for (size_t i = 0; i < info->action_count; i++)
        if (info->actions[i].from_snapshot)
            return true;
    return false;
}

/* ---- opening ---- */

/* "a, b, c" of the provider files in this binary. */
static void known_names(struct ob_buf *out)
{
    static const char folder[] = "lua/provider/";
    for (const struct ob_embedded *f = ob_embedded; f->name; f++) {
        size_t len = strlen(f->name);
        if (strncmp(f->name, folder, sizeof folder - 1) != 0 || len < sizeof folder + 3)
            continue;
        ob_buf_adds(out, out->len ? ", " : "");
        ob_buf_add(out, f->name + sizeof folder - 1, len - (sizeof folder - 1) - 4);
    }
}

static enum ob_status unknown(const char *name, struct ob_err *err)
{
    struct ob_buf names;
    ob_buf_init(&names, OB_BUF_SMALL);
    known_names(&names);
    ob_fail(err, OB_ERR_USAGE, "there is no provider \"%.60s\"; known are %s", name,
            ob_buf_str(&names));
    ob_buf_fini(&names);
    return err ? err->status : OB_ERR_USAGE;
}

static enum ob_status check_name(const char *name, struct ob_err *err)
{
    char file[128];
    struct ob_buf text;
    struct ob_err ignored;
    size_t len = strlen(name);
    if (!len || len > 64 || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return unknown(name, err);
    snprintf(file, sizeof file, "lua/provider/%s.lua", name);
    ob_buf_init(&text, OB_BUF_LARGE);
    bool there = ob_script_file(file, &text, &ignored) == OB_OK;
    ob_buf_fini(&text);
    return there ? OB_OK : unknown(name, err);
}

static enum ob_status load(struct provider *p, const char *name, struct ob_err *err)
{
    struct ob_value in, facts;
    enum ob_status status = ob_script_new(&p->script, OB_PROFILE_PROVIDER, name, LIMITS, err);
    if (status == OB_OK)
        status = ob_script_run(p->script, "provider", glue, sizeof glue - 1, err);
    if (status != OB_OK)
        return status;
    ob_value_init(&in);
    ob_value_set_str(&in, name);
    status = call(p, "load", &in, 1, &facts, err);
    if (status == OB_OK)
        ob_provider_read_info(&facts, &p->info);
    ob_value_fini(&facts);
    ob_value_fini(&in);
    return status;
}

enum ob_status ob_provider_open(struct ob_provider *out, const char *name, struct ob_err *err)
{
    struct provider *p = ob_xcalloc(1, sizeof *p);
    *out = (struct ob_provider){.self = p,
                                .info = &p->info,
                                .request = make_request,
                                .answer = read_answer,
                                .is_read = is_read};
    enum ob_status status = check_name(name, err);
    if (status == OB_OK)
        status = load(p, name, err);
    if (status != OB_OK)
        ob_provider_close(out);
    else if (puts_back(&p->info))
        out->holds = holds, out->group = group;
    return status;
}

void ob_provider_use_vault(struct ob_provider *provider, struct ob_vault *vault)
{
    struct provider *p = provider->self;
    p->vault = vault;
}

enum ob_status ob_provider_configure(struct ob_provider *provider, const struct ob_value *plain,
                                     const struct ob_value *secrets, struct ob_value *out,
                                     struct ob_err *err)
{
    struct provider *p = provider->self;
    struct ob_value in[2] = {*plain, *secrets}; /* lent */
    enum ob_status status = call(p, "configure", in, 2, out, err);
    const char *message = ob_map_str(out, "message"), *name = ob_map_str(out, "signer");
    if (status == OB_OK && message)
        status = ob_fail(err, OB_ERR_USAGE, "%s", message);
    if (status != OB_OK)
        return status;
    const struct ob_signer *signer = ob_signer_find(name);
    if (!signer)
        return ob_fail(err, OB_ERR_POLICY, "lua/provider/%s.lua: there is no signer '%s'",
                       p->info.name, name ? name : "");
    p->info.signer = signer->name;
    p->session = signer->login != NULL;
    return OB_OK;
}

void ob_provider_close(struct ob_provider *provider)
{
    struct provider *p = provider->self;
    if (!p)
        return;
    ob_script_free(p->script);
    ob_provider_info_fini(&p->info);
    free(p);
    provider->self = NULL;
}
