/* Between the values that lua/offboard/provider.lua speaks and the structs of engine/provider.h.
 * Shapes were checked over there; what is missing here anyway gets the careful default. */
#include "script/provider_read.h"
#include "base/json.h"
#include "base/mem.h"
#include "script/password.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- requests ---- */

/* { new = "password" } becomes one that nobody knows: made here, sent, and not kept. */
static bool is_new_password(const struct ob_value *v)
{
    const char *what = v && v->type == OB_MAP ? ob_map_str(v, "new") : NULL;
    return what && strcmp(what, "password") == 0;
}

static void put_password(struct ob_value *v, struct ob_vault *vault)
{
    char password[OB_PASSWORD_TEXT];
    ob_password_new(password);
    ob_redact_also(vault, password, strlen(password));
    ob_value_set_str(v, password);
    ob_password_wipe(password);
}

/* How many there were. */
static size_t put_passwords(struct ob_value *v, struct ob_vault *vault)
{
    size_t n = 0;
    if (is_new_password(v)) {
        put_password(v, vault);
        return 1;
    }
    for (size_t i = 0; v && v->type == OB_LIST && i < v->list.count; i++)
        n += put_passwords(&v->list.items[i], vault);
    for (size_t i = 0; v && v->type == OB_MAP && i < v->map.count; i++)
        n += put_passwords(&v->map.pairs[i].value, vault);
    return n;
}

static void wipe_texts(struct ob_value *v)
{
    if (v && v->type == OB_STR)
        explicit_bzero(v->s.p, v->s.len);
    for (size_t i = 0; v && v->type == OB_LIST && i < v->list.count; i++)
        wipe_texts(&v->list.items[i]);
    for (size_t i = 0; v && v->type == OB_MAP && i < v->map.count; i++)
        wipe_texts(&v->map.pairs[i].value);
}

static void read_pairs(const struct ob_value *list, struct ob_fields *out)
{
    for (size_t i = 0; i < ob_list_count(list); i++) {
        const struct ob_value *pair = ob_list_at(list, i);
        const char *name = ob_value_str(ob_list_at(pair, 0));
        const char *value = ob_value_str(ob_list_at(pair, 1));
        if (name && value)
            ob_fields_add(out, name, value);
    }
}

static void set_type(struct ob_request *r, const char *type)
{
    if (!ob_fields_get(&r->headers, "content-type"))
        ob_fields_add(&r->headers, "Content-Type", type);
}

/* Serialised once, here: the signature is over these bytes and they are what is sent. */
static void read_body(const struct ob_value *v, struct ob_request *out)
{
    const struct ob_value *tree = ob_map_get(v, "json"), *form = ob_map_get(v, "form");
    const struct ob_value *body = ob_map_get(v, "body");
    if (tree && tree->type != OB_NULL) {
        ob_json_write(&out->body, tree);
        set_type(out, "application/json");
    } else if (ob_list_count(form)) {
        struct ob_fields f = {0};
        read_pairs(form, &f);
        ob_form_encode(&f, &out->body);
        ob_fields_fini(&f);
        set_type(out, "application/x-www-form-urlencoded");
    } else if (body && body->type == OB_STR) {
        ob_buf_add(&out->body, body->s.p, body->s.len);
    }
}

static char *copy_or_null(const char *s)
{
    return s ? ob_xstrdup(s) : NULL;
}

static const char *text_or(const char *s, const char *dflt)
{
    return s ? s : dflt;
}

void ob_provider_read_request(struct ob_value *v, struct ob_vault *vault, struct ob_request *out)
{
    struct ob_value *tree = (struct ob_value *)ob_map_get(v, "json");
    struct ob_value *form = (struct ob_value *)ob_map_get(v, "form");
    size_t passwords = put_passwords(tree, vault) + put_passwords(form, vault);
    ob_request_init(out, text_or(ob_map_str(v, "method"), ""), text_or(ob_map_str(v, "path"), ""));
    read_pairs(ob_map_get(v, "query"), &out->query);
    read_pairs(ob_map_get(v, "headers"), &out->headers);
    read_body(v, out);
    out->rpc_action = copy_or_null(ob_map_str(v, "action"));
    out->rpc_version = copy_or_null(ob_map_str(v, "version"));
    if (passwords) {
        wipe_texts(tree);
        wipe_texts(form);
    }
}

static void show_pairs(const struct ob_fields *f, struct ob_value *out)
{
    ob_value_set_list(out);
    for (size_t i = 0; i < f->count; i++) {
        struct ob_value *pair = ob_list_push(out);
        ob_value_set_list(pair);
        ob_list_push_str(pair, f->v[i].name);
        ob_list_push_str(pair, f->v[i].value);
    }
}

/* Of repeated names the first counts. */
static void show_headers(const struct ob_fields *f, struct ob_value *out)
{
    ob_value_set_map(out);
    for (size_t i = 0; i < f->count; i++) {
        char *name = ob_xstrdup(f->v[i].name);
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        if (!ob_map_get(out, name))
            ob_map_put_str(out, name, f->v[i].value);
        free(name);
    }
}

static void add_decoded(struct ob_value *pair, const char *s, size_t len)
{
    struct ob_buf text;
    char *spaced = ob_xmemdup(s, len);
    ob_buf_init(&text, OB_BUF_LARGE);
    for (char *c = spaced; *c; c++)
        if (*c == '+')
            *c = ' ';
    ob_percent_decode(&text, spaced, strlen(spaced));
    ob_value_set_strn(ob_list_push(pair), ob_buf_str(&text), text.len);
    ob_buf_fini(&text);
    free(spaced);
}

static void show_form(const char *p, struct ob_value *out)
{
    ob_value_set_list(out);
    while (*p) {
        size_t len = strcspn(p, "&");
        const char *eq = memchr(p, '=', len);
        size_t name = eq ? (size_t)(eq - p) : len;
        struct ob_value *pair = ob_list_push(out);
        ob_value_set_list(pair);
        add_decoded(pair, p, name);
        add_decoded(pair, p + name + (eq != NULL), len - name - (eq != NULL));
        p += len + (p[len] == '&');
    }
}

static bool is_form(const struct ob_request *r)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = ob_fields_get(&r->headers, "content-type");
    return type && strncasecmp(type, form, sizeof form - 1) == 0;
}

void ob_provider_show_request(const struct ob_request *r, struct ob_value *out)
{
    const char *body = ob_buf_str(&r->body);
    bool form = is_form(r) && strlen(body) == r->body.len;
    ob_value_set_map(out);
    ob_map_put_str(out, "method", r->method);
    ob_map_put_str(out, "path", text_or(r->path, ""));
    show_pairs(&r->query, ob_map_put(out, "query"));
    show_headers(&r->headers, ob_map_put(out, "headers"));
    show_form(form ? body : "", ob_map_put(out, "form"));
    ob_map_put_bool(out, "opaque", r->body.len && !form);
    if (r->rpc_action)
        ob_map_put_str(out, "action", r->rpc_action);
}

/* ---- answers ---- */

void ob_provider_show_response(const struct ob_response *r, struct ob_value *out)
{
    ob_value_set_map(out);
    ob_map_put_int(out, "status", r->status);
    show_headers(&r->headers, ob_map_put(out, "headers"));
    ob_value_set_strn(ob_map_put(out, "body"), ob_buf_str(&r->body), r->body.len);
}

static enum ob_meaning meaning_of(const char *word)
{
    static const struct {
        const char *word;
        enum ob_meaning meaning;
    } all[] = {
        {"done", OB_SAYS_DONE},
        {"person", OB_SAYS_PERSON},
        {"suspect", OB_SAYS_SUSPECT},
        {"request", OB_SAYS_REQUEST},
        {"throttled", OB_SAYS_THROTTLED},
        {"token", OB_SAYS_TOKEN},
        {"credential", OB_SAYS_CREDENTIAL},
        {"permission", OB_SAYS_PERMISSION},
        {"transient", OB_SAYS_TRANSIENT},
    };
    for (size_t i = 0; word && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].word, word) == 0)
            return all[i].meaning;
    return OB_SAYS_NONSENSE;
}

static void take(struct ob_value *to, const struct ob_value *map, const char *key)
{
    const struct ob_value *from = ob_map_get(map, key);
    if (from)
        ob_value_move(to, (struct ob_value *)from);
}

void ob_provider_read_answer(struct ob_value *v, struct ob_answer *out)
{
    ob_answer_init(out);
    out->meaning = meaning_of(ob_map_str(v, "meaning"));
    out->code = ob_xstrdup(text_or(ob_map_str(v, "code"), ""));
    out->message = ob_xstrdup(text_or(ob_map_str(v, "message"), ""));
    out->retry_after_ms = ob_map_int(v, "retry_after", 0);
    out->rest_in_doubt = ob_map_bool(v, "rest_in_doubt", false);
    out->total = ob_map_int(v, "total", -1);
    take(&out->people, v, "people");
    take(&out->next, v, "next");
    take(&out->data, v, "data");
    if (out->people.type != OB_LIST) /* an empty table crosses as a map */
        ob_value_set_list(&out->people);
}

/* ---- what the engine knows of the cloud ---- */

static size_t index_of(const char *const *words, size_t count, const char *word, size_t dflt)
{
    for (size_t i = 0; word && i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return dflt;
}

static char **read_names(const struct ob_value *list, size_t *count)
{
    *count = ob_list_count(list);
    char **names = ob_xcalloc(*count + 1, sizeof *names);
    for (size_t i = 0; i < *count; i++)
        names[i] = ob_xstrdup(text_or(ob_value_str(ob_list_at(list, i)), ""));
    return names;
}

static void read_action(const struct ob_value *v, struct ob_action *out)
{
    static const char *const kinds[] = {"disable", "enable", "delete", "add"};
    static const char *const contracts[] = {"all_or_nothing", "per_person", "one_verdict",
                                            "detect"};
    *out = (struct ob_action){
        .name = ob_xstrdup(text_or(ob_map_str(v, "name"), "")),
        .kind = (enum ob_kind)index_of(kinds, 4, ob_map_str(v, "kind"), OB_KIND_DELETE),
        .contract = (enum ob_contract)index_of(contracts, 4, ob_map_str(v, "contract"), OB_DETECT),
        .max = (int)ob_map_int(v, "max", 1),
        .repeatable = ob_map_bool(v, "repeatable", false),
        .destroys = ob_map_bool(v, "destroys", true),
        .wants = ob_xstrdup(text_or(ob_map_str(v, "wants"), "")),
        .chunk = (int)ob_map_int(v, "chunk", 0),
        .from_snapshot = ob_map_bool(v, "from_snapshot", false),
        .extra = ob_map_bool(v, "extra", false),
    };
    out->undo = read_names(ob_map_get(v, "undo"), &out->undo_count);
    ob_value_init(&out->undo_says);
    if (ob_map_get(v, "undo_says"))
        ob_value_copy(&out->undo_says, ob_map_get(v, "undo_says"));
}

void ob_provider_read_info(const struct ob_value *v, struct ob_provider_info *out)
{
    const struct ob_value *actions = ob_map_get(v, "actions");
    *out = (struct ob_provider_info){
        .name = ob_xstrdup(text_or(ob_map_str(v, "name"), "")),
        .lookup_max = (int)ob_map_int(v, "lookup_max", 0),
        .lookup_ranks = ob_map_bool(v, "lookup_ranks", false),
        .snapshot_max = (int)ob_map_int(v, "snapshot_max", 0),
        .list_page = (int)ob_map_int(v, "list_page", 0),
        .list_total = ob_map_bool(v, "list_total", false),
        .action_count = ob_list_count(actions),
    };
    out->actions = ob_xcalloc(out->action_count + 1, sizeof *out->actions);
    for (size_t i = 0; i < out->action_count; i++)
        read_action(ob_list_at(actions, i), &out->actions[i]);
    out->reads = read_names(ob_map_get(v, "reads"), &out->read_count);
    out->identity = read_names(ob_map_get(v, "identity"), &out->identity_count);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

void ob_provider_info_fini(struct ob_provider_info *info)
{
    for (size_t i = 0; i < info->action_count; i++) {
        free(info->actions[i].name);
        free(info->actions[i].wants);
        free_names(info->actions[i].undo, info->actions[i].undo_count);
        ob_value_fini(&info->actions[i].undo_says);
    }
    free_names(info->reads, info->read_count);
    free_names(info->identity, info->identity_count);
    free(info->actions);
    free(info->name);
}
