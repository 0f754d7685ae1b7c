/* See approval.h. */
#include "engine/approval.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

/* ---- rules ---- */

void ob_approval_rules_free(struct ob_approval_rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        struct ob_approval_rule *one = &r->list[i];
        for (size_t k = 0; k < one->of_count; k++) {
            free(one->of[k].name);
            ob_key_free(one->of[k].key);
        }
        free(one->of);
        free(one->action);
    }
    free(r->list);
    free(r);
}

struct ob_approval_rule *ob_approval_rule_add(struct ob_approval_rules *r, const char *action,
                                              int line)
{
    r->list = ob_xrealloc(r->list, r->count + 1, sizeof *r->list);
    struct ob_approval_rule *one = &r->list[r->count++];
    *one = (struct ob_approval_rule){.line = line, .need = -1, .planner = -1};
    one->action = action ? ob_xstrdup(action) : NULL;
    return one;
}

static const struct ob_approval_rule *rule_for(const struct ob_approval_rules *r,
                                               const char *action)
{
    for (size_t i = 0; r && i < r->count; i++) {
        const char *of = r->list[i].action;
        if (action ? of && strcmp(of, action) == 0 : !of)
            return &r->list[i];
    }
    return NULL;
}

/* Takes from a rule what no narrower one has said. */
static void widen(struct ob_approval_need *n, int *planner, const struct ob_approval_rule *r)
{
    if (!r)
        return;
    if (n->need < 0)
        n->need = r->need;
    if (*planner < 0)
        *planner = r->planner;
    if (!n->of_count) {
        n->of = r->of;
        n->of_count = r->of_count;
    }
}

static void resolve(struct ob_approval_need *out, const struct ob_approval_rules *all,
                    const struct ob_approval_rules *target, const char *action, const char *kind)
{
    int planner = -1;
    *out = (struct ob_approval_need){.need = -1};
    if (action)
        widen(out, &planner, rule_for(target, action));
    if (kind && *kind && (!action || strcmp(kind, action) != 0))
        widen(out, &planner, rule_for(target, kind));
    widen(out, &planner, rule_for(target, NULL));
    widen(out, &planner, rule_for(all, NULL));
    out->planner = planner == 1;
}

/* A request of the policy's own may do what any action does: where no rule is about requests, the
 * strictest of the target holds. */
void ob_approval_resolve(struct ob_approval_need *out, const struct ob_approval_rules *all,
                         const struct ob_approval_rules *target, const char *action,
                         const char *kind)
{
    resolve(out, all, target, action, kind);
    if (!target || !action || strcmp(action, "request") != 0 || rule_for(target, action))
        return;
    for (size_t i = 0; i < target->count; i++) {
        struct ob_approval_need one;
        resolve(&one, all, target, target->list[i].action, NULL);
        if (one.need > out->need)
            *out = one;
    }
}

/* ---- the document ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(ob_value_str(a), ob_value_str(b));
}

/* Sorted, each once: the same approval is the same bytes. */
static void put_strikes(struct ob_value *list, const struct ob_value *strikes)
{
    struct ob_value all;
    ob_value_set_list(list);
    if (!ob_list_count(strikes))
        return;
    ob_value_copy(&all, strikes);
    qsort(all.list.items, all.list.count, sizeof *all.list.items, by_text);
    for (size_t i = 0; i < all.list.count; i++)
        if (!i || by_text(&all.list.items[i - 1], &all.list.items[i]) != 0)
            ob_list_push_str(list, ob_value_str(&all.list.items[i]));
    ob_value_fini(&all);
}

static void write_document(const struct ob_approval_terms *t, const char *print, struct ob_buf *out)
{
    struct ob_value doc;
    ob_value_init(&doc);
    ob_value_set_map(&doc);
    ob_map_put_str(&doc, "what", OB_APPROVAL_WHAT);
    ob_map_put_str(&doc, "plan", t->plan);
    struct ob_value *strikes = ob_map_put(&doc, "strikes");
    put_strikes(strikes, t->strikes);
    ob_map_put(&doc, "ceiling");
    if (t->ceiling >= 0)
        ob_map_put_int(&doc, "ceiling", t->ceiling);
    ob_map_put_int(&doc, "at_ms", t->at_ms);
    ob_map_put_int(&doc, "expires_ms", t->expires_ms);
    ob_map_put_str(&doc, "by", t->by);
    ob_map_put_str(&doc, "key", print);
    ob_json_write(out, &doc);
    ob_value_fini(&doc);
}

enum ob_status ob_approval_sign(const struct ob_approval_terms *t, const struct ob_key *key,
                                struct ob_approval_row *row, struct ob_err *err)
{
    char print[OB_SHA256_HEX];
    *row = (struct ob_approval_row){0};
    ob_key_print(key, print);
    row->key = ob_xstrdup(print);
    snprintf(row->plan, sizeof row->plan, "%s", t->id);
    ob_buf_init(&row->document, OB_BUF_LARGE);
    ob_buf_init(&row->signature, OB_SIGNATURE_LEN);
    write_document(t, print, &row->document);
    unsigned char signature[OB_SIGNATURE_LEN];
    enum ob_status st =
        ob_key_sign(key, ob_buf_str(&row->document), row->document.len, signature, err);
    if (st == OB_OK)
        ob_buf_add(&row->signature, signature, sizeof signature);
    return st;
}

static const char *wrong_strikes(const struct ob_value *list)
{
    if (!list || list->type != OB_LIST)
        return "its strikes are no list";
    for (size_t i = 0; i < list->list.count; i++) {
        if (!ob_value_str(ob_list_at(list, i)))
            return "its strikes are no names";
        if (i && by_text(ob_list_at(list, i - 1), ob_list_at(list, i)) >= 0)
            return "its strikes are not in order";
    }
    return NULL;
}

static bool is_canonical(const struct ob_value *doc, const struct ob_buf *text)
{
    struct ob_buf again;
    ob_buf_init(&again, OB_BUF_LARGE);
    ob_json_write(&again, doc);
    bool same =
        again.len == text->len && memcmp(ob_buf_str(&again), ob_buf_str(text), text->len) == 0;
    ob_buf_fini(&again);
    return same;
}

const char *ob_approval_wrong(const struct ob_value *doc, const struct ob_buf *text)
{
    static const struct {
        const char *name;
        enum ob_type type;
    } fields[] = {{"what", OB_STR},    {"plan", OB_STR},  {"strikes", OB_LIST},
                  {"ceiling", OB_INT}, {"at_ms", OB_INT}, {"expires_ms", OB_INT},
                  {"by", OB_STR},      {"key", OB_STR}};
    size_t count = sizeof fields / sizeof *fields;
    if (doc->type != OB_MAP || doc->map.count != count)
        return "it has not the fields of an approval, all of them and no other";
    for (size_t i = 0; i < count; i++) {
        const struct ob_value *v = ob_map_get(doc, fields[i].name);
        bool open = v && v->type == OB_NULL && strcmp(fields[i].name, "ceiling") == 0;
        if (!v || (v->type != fields[i].type && !open))
            return "it has not the fields of an approval, all of them and no other";
    }
    if (strcmp(ob_map_str(doc, "what"), OB_APPROVAL_WHAT) != 0)
        return "it is no approval";
    if (ob_map_int(doc, "ceiling", 0) < 0)
        return "its ceiling is below 0";
    const char *strikes = wrong_strikes(ob_map_get(doc, "strikes"));
    if (strikes)
        return strikes;
    return is_canonical(doc, text) ? NULL : "it was not written by offboard";
}

/* ---- what it is worth ---- */

void ob_approval_fini(struct ob_approval *a)
{
    ob_approval_row_fini(&a->row);
    ob_value_fini(&a->doc);
}

static const struct ob_approver *find_approver(const struct ob_approval_need *n, const char *print)
{
    for (size_t i = 0; i < n->of_count; i++)
        if (strcmp(n->of[i].print, print) == 0)
            return &n->of[i];
    return NULL;
}

static const struct ob_approver *who(const struct ob_approval_plan *p, const char *print)
{
    const struct ob_approver *by = NULL;
    for (size_t i = 0; i < p->need_count && !by; i++)
        by = find_approver(&p->needs[i], print);
    return by;
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* The first thing that is wrong with it, whatever the action; "" when nothing is. */
static void find_fault(struct ob_approval *a, const struct ob_approval_plan *p)
{
    char until[OB_TIME_TEXT];
    const struct ob_buf *text = &a->row.document, *signature = &a->row.signature;
    const char *wrong = ob_approval_wrong(&a->doc, text);
    const char *key = ob_map_str(&a->doc, "key");
    int64_t expires_ms = ob_map_int(&a->doc, "expires_ms", 0);
    a->fault[0] = '\0';
    a->genuine = false;
    a->by = wrong ? NULL : who(p, key);
    if (wrong)
        snprintf(a->fault, sizeof a->fault, "%s", wrong);
    else if (!same_text(key, a->row.key))
        snprintf(a->fault, sizeof a->fault, "it was kept under another key");
    else if (!same_text(ob_map_str(&a->doc, "plan"), p->digest))
        snprintf(a->fault, sizeof a->fault, "it is of another plan");
    else if (!a->by)
        snprintf(a->fault, sizeof a->fault, "its key is in no `of` of targets.lua");
    else if (a->row.erased)
        snprintf(a->fault, sizeof a->fault, "somebody was erased from it since");
    else if (!ob_key_verify(a->by->key, ob_buf_str(text), text->len,
                            (const unsigned char *)ob_buf_str(signature), signature->len))
        snprintf(a->fault, sizeof a->fault, "its signature is wrong");
    else
        a->genuine = true;
    if (a->genuine && expires_ms <= a->at_ms)
        snprintf(a->fault, sizeof a->fault, "it expired on %s",
                 ob_time_iso(expires_ms, false, until));
}

/* One person is one voice, whatever they call themselves: the same key, or the same account of
 * the system. NULL: somebody else. */
static const char *by_planner(const struct ob_approval *a, const struct ob_value *planned)
{
    if (same_text(ob_map_str(&a->doc, "key"), ob_map_str(planned, "key")))
        return "it is by the one who planned (the same key)";
    if (same_text(ob_map_str(&a->doc, "by"), ob_map_str(planned, "user")))
        return "it is by the one who planned (the same user)";
    return ob_map_str(planned, "user") ? NULL : "the plan does not say who made it";
}

bool ob_approval_is_for(const struct ob_approval *a, const struct ob_approval_need *n)
{
    return a->by && !a->fault[0] && (!a->planner || n->planner) && find_approver(n, a->by->print);
}

void ob_approval_judge(struct ob_approval *a, const struct ob_approval_plan *p)
{
    find_fault(a, p);
    const char *planner = by_planner(a, p->by);
    a->planner = !a->fault[0] && planner;
    a->counts = false;
    for (size_t i = 0; i < p->need_count && !a->counts; i++)
        a->counts = ob_approval_is_for(a, &p->needs[i]);
    if (!a->counts && !a->fault[0])
        snprintf(a->fault, sizeof a->fault, "%s", planner ? planner : "nobody asks for it");
}

int64_t ob_approval_count(const struct ob_approval *all, size_t count,
                          const struct ob_approval_need *n)
{
    int64_t keys = 0;
    for (size_t k = 0; k < n->of_count; k++) {
        bool found = false;
        for (size_t i = 0; i < count && !found; i++)
            found = ob_approval_is_for(&all[i], n) && same_text(all[i].by->print, n->of[k].print);
        keys += found;
    }
    return keys;
}
