/* The plan's document while it is made. */
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/identity.h"
#include "engine/plan.h"
#include "script/policy_survey.h"

static struct ob_value *section(struct ob_policy *p, const char *name)
{
    return ob_map_put(&p->doc, name);
}

static struct ob_value *add_entry(struct ob_policy *p, const char *name)
{
    struct ob_value *v = ob_list_push(section(p, name));
    ob_value_set_map(v);
    return v;
}

void ob_record_begin(struct ob_policy *p)
{
    static const char *const lists[] = {"inputs",  "targets", "readings", "steps",
                                        "actions", "notes",   NULL};
    char digest[OB_SHA256_HEX];
    ob_value_set_map(&p->doc);
    ob_map_put_int(&p->doc, "version", OB_PLAN_VERSION);
    ob_map_put_str(&p->doc, "program", OB_VERSION);
    ob_map_put_int(&p->doc, "created_ms", ob_wall_ms(p->opt.clock));
    ob_map_put_int(&p->doc, "valid_ms", p->opt.valid_ms ? p->opt.valid_ms : OB_PLAN_VALID_MS);
    ob_map_put_int(&p->doc, "again", p->opt.again);
    if (p->opt.by)
        ob_value_copy(section(p, "by"), p->opt.by);
    ob_map_put_int(&p->doc, "now_ms", p->opt.now_ms);
    ob_map_put_str(&p->doc, "today", p->today);
    struct ob_value *policy = section(p, "policy");
    ob_value_set_map(policy);
    ob_map_put_str(policy, "name", p->opt.name);
    if (p->opt.path)
        ob_map_put_str(policy, "path", p->opt.path);
    ob_map_put_str(policy, "digest", ob_sha256_hex(p->opt.text, p->opt.len, digest));
    struct ob_value *vars = section(p, "vars");
    if (p->opt.vars)
        ob_value_copy(vars, p->opt.vars);
    else
        ob_value_set_map(vars);
    if (p->opt.max_delete)
        ob_map_put_str(&p->doc, "max_delete", p->opt.max_delete);
    if (p->opt.ceiling >= 0 && p->opt.mode == OB_MODE_PLAN)
        ob_map_put_int(&p->doc, "ceiling", p->opt.ceiling);
    if (p->opt.undo_of)
        ob_map_put_int(&p->doc, "undo_of", p->opt.undo_of);
    ob_map_put_bool(&p->doc, "allow_empty", p->opt.allow_empty);
    ob_map_put_int(&p->doc, "memory", (int64_t)p->opt.limits.memory);
    ob_map_put_int(&p->doc, "cpu_ms", p->opt.limits.cpu_ms);
    for (const char *const *name = lists; *name; name++)
        ob_value_set_list(section(p, *name));
}

char *ob_endpoint_text(const struct ob_endpoint *e)
{
    return ob_xasprintf("%s://%s%s", e->https ? "https" : "http", e->authority, e->base);
}

void ob_record_target(struct ob_policy *p, struct ob_policy_target *t)
{
    if (t->recorded)
        return;
    t->recorded = true;
    struct ob_value *v = add_entry(p, "targets");
    char *endpoint = ob_endpoint_text(&t->t->route.endpoint);
    ob_map_put_str(v, "name", t->t->name);
    ob_map_put_str(v, "provider", t->t->provider.info->name);
    ob_map_put_str(v, "endpoint", endpoint);
    if (t->config->people)
        ob_map_put_int(v, "people", t->config->people);
    free(endpoint);
}

#define NOTES_MAX       ((size_t)1024 * 1024)
#define NOTE_COST       64 /* of an empty one */
#define STEPS_MAX       100000
#define STEP_PEOPLE_MAX ((size_t)5 * 1000 * 1000)

enum ob_status ob_record_note(struct ob_policy *p, const char *text, struct ob_err *err)
{
    p->note_bytes += strlen(text) + NOTE_COST;
    if (p->note_bytes > NOTES_MAX)
        return ob_fail(err, OB_ERR_POLICY, "%s: the notes are longer than %zu KiB", p->opt.name,
                       NOTES_MAX / 1024);
    text = ob_redact(p->opt.config->vault, text);
    ob_list_push_str(section(p, "notes"), text);
    struct ob_notice n = {.kind = OB_NOTICE_NOTE, .detail = text};
    if (p->opt.mode == OB_MODE_APPLY && p->opt.notify)
        p->opt.notify(p->opt.notify_ctx, &n); /* with the real outcomes; the plan's are assumed */
    return OB_OK;
}

static bool says(const struct ob_value *v, const char *field, const char *text)
{
    const char *s = ob_map_str(v, field);
    return s && strcmp(s, text) == 0;
}

/* Once for each action of a target: how it could be taken back. */
static void record_action(struct ob_policy *p, const struct ob_target *t, const struct ob_action *a)
{
    const struct ob_value *all = section(p, "actions");
    for (size_t i = 0; i < ob_list_count(all); i++)
        if (says(ob_list_at(all, i), "target", t->name) &&
            says(ob_list_at(all, i), "action", a->name))
            return;
    struct ob_value *v = add_entry(p, "actions");
    ob_map_put_str(v, "target", t->name);
    ob_map_put_str(v, "action", a->name);
    ob_map_put_str(v, "undo", ob_undo_class(t->provider.info, a));
    struct ob_value *by = ob_map_put(v, "by");
    ob_value_set_list(by);
    for (size_t i = 0; i < a->undo_count; i++)
        ob_list_push_str(by, a->undo[i]);
    if (a->undo_says.type == OB_MAP)
        ob_value_copy(ob_map_put(v, "says"), &a->undo_says);
}

static enum ob_status count_step(struct ob_policy *p, size_t people, struct ob_err *err)
{
    p->step_people += people;
    if (ob_list_count(section(p, "steps")) >= STEPS_MAX)
        return ob_fail(err, OB_ERR_POLICY, "%s: more than %d proposals", p->opt.name, STEPS_MAX);
    if (p->step_people > STEP_PEOPLE_MAX)
        return ob_fail(err, OB_ERR_POLICY,
                       "%s: its proposals name more than %zu people, counted each time",
                       p->opt.name, STEP_PEOPLE_MAX);
    return OB_OK;
}

/* How its bytes were made into rows: whoever looks at the plan later has to see the same. */
static void record_reader(const struct ob_policy *p, const struct ob_bound_input *in,
                          struct ob_value *v)
{
    static const char *const formats[] = {"csv", "json", "lines"};
    struct ob_input_options o = ob_policy_input_options(p, in);
    ob_map_put_str(v, "format", formats[o.format]);
    if (o.encoding)
        ob_map_put_str(v, "encoding", o.encoding);
    if (o.separator)
        ob_map_put_str(v, "separator", o.separator);
    if (o.key)
        ob_map_put_str(v, "key", o.key);
}

enum ob_status ob_record_input(struct ob_policy *p, const struct ob_bound_input *in,
                               struct ob_err *err)
{
    char digest[OB_SHA256_HEX];
    const struct ob_value *inputs = section(p, "inputs");
    if (p->opt.mode != OB_MODE_PLAN)
        return OB_OK;
    for (size_t i = 0; i < ob_list_count(inputs); i++)
        if (strcmp(ob_map_str(ob_list_at(inputs, i), "name"), in->name) == 0)
            return OB_OK;
    enum ob_status st =
        ob_ledger_blob_put(p->opt.ledger, ob_buf_str(&in->bytes), in->bytes.len, digest, err);
    if (st != OB_OK)
        return st;
    struct ob_value *v = add_entry(p, "inputs");
    ob_map_put_str(v, "name", in->name);
    ob_map_put_str(v, "source", in->source);
    if (in->path)
        ob_map_put_str(v, "path", in->path);
    ob_map_put_str(v, "digest", digest);
    record_reader(p, in, v);
    return OB_OK;
}

/* A new entry of "steps" with what all of them have; NULL when there are too many. */
static struct ob_value *add_step(struct ob_policy *p, const char *path, const char *target,
                                 const char *action, size_t people, struct ob_err *err)
{
    if (count_step(p, people, err) != OB_OK)
        return NULL;
    struct ob_value *v = add_entry(p, "steps");
    ob_map_put_str(v, "path", path);
    if (p->current) {
        char where[200];
        ob_map_put_str(v, "where", ob_policy_where(p->current->T, where, sizeof where));
    }
    ob_map_put_str(v, "target", target);
    ob_map_put_str(v, "action", action);
    if (p->current && p->current->waits)
        ob_map_put_str(v, "waits", p->current->waits);
    return v;
}

/* What this one was, unless it is an undo, which has its own knowledge of that. */
static void record_was(struct ob_policy *p, const struct ob_step_spec *spec, size_t i,
                       struct ob_value *one)
{
    const struct ob_value *row = ob_survey_row(p, spec->target, spec->ids[i]);
    struct ob_buf print;
    if (!row)
        return;
    ob_buf_init(&print, OB_BUF_SMALL);
    ob_identity_print(spec->target->provider.info, row, &print);
    ob_list_push_str(one, ob_map_str(row, "state"));
    ob_list_push_str(one, ob_buf_str(&print));
    ob_buf_fini(&print);
}

static enum ob_status record_step(struct ob_policy *p, const char *path,
                                  const struct ob_step_spec *spec, const struct ob_action *told,
                                  struct ob_err *err)
{
    struct ob_value *v =
        add_step(p, path, spec->target->name, spec->action->name, spec->count, err);
    if (!v)
        return err->status;
    record_action(p, spec->target, told);
    ob_map_put_str(v, "kind", ob_kind_word(spec->action->kind));
    ob_value_copy(ob_map_put(v, "options"), spec->options);
    struct ob_value *people = ob_map_put(v, "people");
    ob_value_set_list(people);
    for (size_t i = 0; i < spec->count; i++) {
        struct ob_value *one = ob_list_push(people);
        ob_value_set_list(one);
        ob_list_push_str(one, spec->keys[i]);
        ob_list_push_str(one, spec->ids[i]);
        record_was(p, spec, i, one);
    }
    return OB_OK;
}

enum ob_status ob_record_step(struct ob_policy *p, const char *path,
                              const struct ob_step_spec *spec, struct ob_err *err)
{
    return record_step(p, path, spec, spec->action, err);
}

enum ob_status ob_record_undoing(struct ob_policy *p, const char *path,
                                 const struct ob_step_spec *spec, const struct ob_action *undoes,
                                 struct ob_err *err)
{
    return record_step(p, path, spec, undoes, err);
}

/* { path, action = "wait", options, due_ms }: due as it is assumed while planning. */
enum ob_status ob_record_wait(struct ob_policy *p, const char *path, const struct ob_value *options,
                              int64_t due_ms, struct ob_err *err)
{
    struct ob_value *v = add_step(p, path, "", "wait", 1, err);
    if (!v)
        return err->status;
    ob_map_put_int(v, "due_ms", due_ms);
    ob_value_copy(ob_map_put(v, "options"), options);
    return OB_OK;
}

/* { path, action = "undo", of = paths, reason } */
enum ob_status ob_record_undo(struct ob_policy *p, const char *path, const struct ob_value *paths,
                              const char *reason, struct ob_err *err)
{
    struct ob_value *v = add_step(p, path, "", "undo", 1, err);
    if (!v)
        return err->status;
    ob_map_put_str(v, "reason", ob_redact(p->opt.config->vault, reason));
    ob_value_copy(ob_map_put(v, "of"), paths);
    return OB_OK;
}

enum ob_status ob_record_raw(struct ob_policy *p, const char *path, const struct ob_target *t,
                             const struct ob_request *r, struct ob_err *err)
{
    struct ob_value *v = add_step(p, path, t->name, "request", 1, err);
    char digest[OB_SHA256_HEX];
    if (!v)
        return err->status;
    char *line = ob_xasprintf("%s %s", r->method, r->rpc_action ? r->rpc_action : r->path);
    ob_raw_digest(t, r, digest);
    ob_map_put_str(v, "request", line);
    ob_map_put_str(v, "digest", digest);
    free(line);
    return OB_OK;
}

/* ---- the end of a plan ---- */

/* Branches of together() propose as their readings come in; a plan has them in the order of the
 * policy, so that the same proposals make the same plan. */
static int by_path(const void *a, const void *b)
{
    const char *x = ob_map_str(a, "path"), *y = ob_map_str(b, "path");
    while (*x && *y) {
        char *past_x, *past_y;
        long m = strtol(x, &past_x, 10), n = strtol(y, &past_y, 10);
        if (m != n)
            return m < n ? -1 : 1;
        if (past_x == x || past_y == y)
            break;
        x = past_x + (*past_x == '.');
        y = past_y + (*past_y == '.');
    }
    return strcmp(x, y);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(ob_map_str(a, "name"), ob_map_str(b, "name"));
}

static void sort_section(struct ob_policy *p, const char *name,
                         int (*order)(const void *a, const void *b))
{
    struct ob_value *list = section(p, name);
    if (list->type == OB_LIST && list->list.count)
        qsort(list->list.items, list->list.count, sizeof *list->list.items, order);
}

/* Where an earlier step changes somebody, what they were is no condition of the next one. */
static void assume_step(struct ob_policy *p, struct ob_value *step)
{
    struct ob_target *t = NULL;
    if (!ob_map_get(step, "kind") || !ob_map_get(step, "people") ||
        ob_policy_open_target(p, ob_map_str(step, "target"), &t, NULL) != OB_OK)
        return;
    struct ob_value *people = ob_map_put(step, "people");
    const struct ob_action *a = ob_provider_action(t->provider.info, ob_map_str(step, "action"));
    for (size_t i = 0; i < ob_list_count(people); i++) {
        struct ob_value *one = &people->list.items[i];
        const char *id = ob_value_str(ob_list_at(one, 1));
        bool needs = ob_survey_needs(p, t, a, id);
        if (ob_list_count(one) > 2)
            ob_value_set_str(&one->list.items[2], ob_survey_state(p, t, id));
        if (needs)
            ob_survey_changed(p, t, id);
    }
}

static bool same_action(const struct ob_value *a, const struct ob_value *step)
{
    const char *target = ob_map_str(step, "target"), *action = ob_map_str(step, "action");
    return target && action && says(a, "target", target) && says(a, "action", action);
}

/* In the order of the steps that first have them. */
static void order_actions(struct ob_policy *p)
{
    struct ob_value *actions = section(p, "actions"), ordered;
    const struct ob_value *steps = section(p, "steps");
    ob_value_init(&ordered);
    ob_value_set_list(&ordered);
    for (size_t i = 0; i < ob_list_count(steps); i++)
        for (size_t k = 0; k < ob_list_count(actions); k++) {
            struct ob_value *v = &actions->list.items[k];
            if (v->type == OB_MAP && same_action(v, ob_list_at(steps, i)))
                ob_value_move(ob_list_push(&ordered), v);
        }
    for (size_t k = 0; k < ob_list_count(actions); k++) /* what an undo takes back has no step */
        if (actions->list.items[k].type == OB_MAP)
            ob_value_move(ob_list_push(&ordered), &actions->list.items[k]);
    ob_value_move(actions, &ordered);
}

static void settle_steps(struct ob_policy *p)
{
    struct ob_value *steps = section(p, "steps");
    sort_section(p, "steps", by_path);
    sort_section(p, "readings", by_path);
    sort_section(p, "targets", by_name);
    sort_section(p, "inputs", by_name); /* a branch may read its own when an answer has come */
    order_actions(p);
    for (size_t i = 0; i < ob_list_count(steps); i++)
        assume_step(p, &steps->list.items[i]);
}

/* Loosened for today is loosened for other plans. */
static void seal_approvals(struct ob_policy *p)
{
    size_t count = 0;
    struct ob_approval_need *needs =
        p->opt.undo_of ? NULL : ob_config_approval_needs(p->opt.config, &p->doc, &count);
    if (needs)
        ob_approval_seal(&p->doc, needs, count);
    free(needs);
}

enum ob_status ob_record_end(struct ob_policy *p, struct ob_err *err)
{
    settle_steps(p);
    ob_map_put_bool(&p->doc, "asked_now", p->asked_now);
    seal_approvals(p);
    return ob_limits_planned(p, err);
}
