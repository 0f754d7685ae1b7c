/* See approvals.h: reading, judging, demanding. */
#include "cli/approvals.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "engine/plan.h"

/* ---- which actions of which targets ---- */

/* Taking back what a run did is always allowed: whoever sees that something is wrong must not wait
 * for anybody. Only the program's own policy does that and nothing else. */
static bool is_undo(const struct ob_value *doc)
{
    char digest[OB_SHA256_HEX];
    const char *policy = ob_map_str(ob_map_get(doc, "policy"), "digest");
    ob_sha256_hex(OB_UNDO_POLICY, strlen(OB_UNDO_POLICY), digest);
    return ob_map_int(doc, "undo_of", 0) && policy && strcmp(policy, digest) == 0;
}

static void collect_needs(struct ob_approvals *a, const struct ob_value *doc)
{
    if (a->config && !is_undo(doc))
        a->needs = ob_config_approval_needs(a->config, doc, &a->need_count);
}

/* ---- what there is ---- */

static void parse(struct ob_approval *one)
{
    ob_value_init(&one->doc);
    struct ob_err unused;
    const struct ob_buf *text = &one->row.document;
    if (ob_script_json(ob_buf_str(text), text->len, &one->doc, &unused) != OB_OK) {
        ob_value_fini(&one->doc);
        ob_value_init(&one->doc);
    }
}

static void copy_buf(struct ob_buf *to, const struct ob_buf *from)
{
    ob_buf_init(to, OB_BUF_LARGE);
    ob_buf_add(to, ob_buf_str(from), from->len);
}

static bool add_approval(void *ctx, const struct ob_approval_row *row)
{
    struct ob_approvals *a = ctx;
    a->all = ob_xrealloc(a->all, a->count + 1, sizeof *a->all);
    struct ob_approval *one = &a->all[a->count++];
    *one = (struct ob_approval){
        .row = {.id = row->id, .key = ob_xstrdup(row->key), .erased = row->erased}};
    memcpy(one->row.plan, row->plan, sizeof row->plan);
    copy_buf(&one->row.document, &row->document);
    copy_buf(&one->row.signature, &row->signature);
    parse(one);
    return true;
}

/* ---- by which of them a run goes: { "ID" = the moment as of which it was judged } ---- */

static void kept_name(int64_t run, char *out, size_t size)
{
    snprintf(out, size, "run.%" PRId64 ".approvals", run);
}

static enum ob_status read_kept(struct ob_ledger *l, int64_t run, struct ob_value *kept,
                                struct ob_err *err)
{
    char name[64];
    struct ob_buf text;
    ob_value_init(kept);
    if (!run)
        return OB_OK;
    kept_name(run, name, sizeof name);
    ob_buf_init(&text, OB_BUF_LARGE);
    enum ob_status st = ob_ledger_learned_get(l, "", name, &text, err);
    if (st == OB_OK && text.len)
        st = ob_script_json(ob_buf_str(&text), text.len, kept, err);
    ob_buf_fini(&text);
    return st;
}

enum ob_status ob_approvals_keep(const struct ob_approvals *a, struct ob_ledger *l, int64_t run,
                                 struct ob_err *err)
{
    char name[64];
    struct ob_value kept;
    struct ob_buf text;
    ob_value_init(&kept);
    ob_value_set_map(&kept);
    for (size_t i = 0; i < a->count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%" PRId64, a->all[i].row.id);
        if (a->all[i].counts || a->all[i].went_by)
            ob_map_put_int(&kept, id, a->all[i].at_ms);
    }
    enum ob_status st = OB_OK;
    if (kept.map.count) {
        kept_name(run, name, sizeof name);
        ob_buf_init(&text, OB_BUF_LARGE);
        ob_json_write(&text, &kept);
        st = ob_ledger_learned_put(l, "", name, ob_buf_str(&text), err);
        ob_buf_fini(&text);
    }
    ob_value_fini(&kept);
    return st;
}

/* ---- what they are worth together ---- */

static void lower(int64_t *ceiling, int64_t to)
{
    if (to >= 0 && (*ceiling < 0 || to < *ceiling))
        *ceiling = to;
}

static void take_strikes(struct ob_approvals *a, const struct ob_approval *one)
{
    char why[160];
    const struct ob_value *strikes = ob_map_get(&one->doc, "strikes");
    snprintf(why, sizeof why, "struck by %s%.80s%s%.16s%s", one->by ? "" : "key ",
             one->by ? one->by->name : "", one->by ? " (" : "", one->row.key, one->by ? ")" : "");
    for (size_t i = 0; i < ob_list_count(strikes); i++)
        ob_struck_add(a->struck, ob_value_str(ob_list_at(strikes, i)), why);
}

static void lower_ceiling(struct ob_approvals *a, const struct ob_approval *one)
{
    lower(&a->lowered, ob_map_int(&one->doc, "ceiling", -1));
    lower(&a->ceiling, a->lowered);
}

/* A strike makes less, so it holds for longer than the voice: also when the approval has expired
 * while the run waited, was by the planner, or when its approver is none any more. */
static void judge(struct ob_approvals *a, const struct ob_value *doc, const struct ob_value *kept,
                  int64_t now_ms)
{
    struct ob_approval_plan p = {a->digest, ob_map_get(doc, "by"), a->needs, a->need_count};
    for (size_t i = 0; i < a->count; i++) {
        char id[24];
        snprintf(id, sizeof id, "%" PRId64, a->all[i].row.id);
        struct ob_approval *one = &a->all[i];
        one->at_ms = ob_map_int(kept, id, now_ms);
        ob_approval_judge(one, &p);
        one->went_by = ob_map_get(kept, id) && !ob_approval_wrong(&one->doc, &one->row.document);
        if (one->counts || one->went_by)
            lower_ceiling(a, one);
        if (one->genuine || one->went_by)
            take_strikes(a, one);
    }
    ob_struck_spread(a->struck, doc);
}

/* Of the very document that is to be run, not of a name that stands beside it. */
static enum ob_status digest_of(const struct ob_value *doc, char out[OB_SHA256_HEX],
                                struct ob_err *err)
{
    struct ob_plan_row row;
    enum ob_status st = ob_plan_seal(doc, &row, err);
    if (st == OB_OK)
        memcpy(out, row.digest, OB_SHA256_HEX);
    ob_plan_row_fini(&row);
    return st;
}

/* Nobody runs a plan that somebody was erased from; what was said of it was of what it was. */
static enum ob_status digest_before(struct ob_ledger *l, const char *id, char out[OB_SHA256_HEX],
                                    struct ob_err *err)
{
    struct ob_plan_row row;
    enum ob_status st = ob_ledger_plan_get(l, id, &row, err);
    if (st != OB_OK)
        return st;
    if (row.erased && row.digest)
        snprintf(out, OB_SHA256_HEX, "%s", row.digest);
    ob_plan_row_fini(&row);
    return OB_OK;
}

enum ob_status ob_approvals_read(struct ob_approvals *a, struct ob_ledger *l,
                                 const struct ob_config *config, const char *id,
                                 const struct ob_value *doc, int64_t run, int64_t now_ms,
                                 struct ob_err *err)
{
    struct ob_value kept;
    *a = (struct ob_approvals){.config = config, .struck = ob_struck_new(), .lowered = -1};
    a->ceiling = ob_map_int(doc, "ceiling", -1);
    a->run = run;
    enum ob_status st = read_kept(l, run, &kept, err);
    if (st == OB_OK)
        st = digest_of(doc, a->digest, err);
    if (st == OB_OK)
        st = digest_before(l, id, a->digest, err);
    collect_needs(a, doc);
    if (st == OB_OK)
        st = ob_ledger_approval_each(l, id, add_approval, a, err);
    if (st == OB_OK)
        judge(a, doc, &kept, now_ms);
    ob_value_fini(&kept);
    return st;
}

enum ob_status ob_approvals_judge_one(struct ob_approvals *a, const struct ob_config *config,
                                      const struct ob_approval_row *row, const struct ob_value *doc,
                                      struct ob_err *err)
{
    *a = (struct ob_approvals){.config = config, .struck = ob_struck_new(), .lowered = -1};
    a->ceiling = ob_map_int(doc, "ceiling", -1);
    enum ob_status st = digest_of(doc, a->digest, err);
    collect_needs(a, doc);
    add_approval(a, row);
    judge(a, doc, NULL, ob_wall_ms(ob_clock_real()));
    return st;
}

void ob_approvals_fini(struct ob_approvals *a)
{
    for (size_t i = 0; i < a->count; i++)
        ob_approval_fini(&a->all[i]);
    free(a->all);
    free(a->needs);
    ob_struck_free(a->struck);
    *a = (struct ob_approvals){0};
}

/* ---- demanding ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int64_t ob_approvals_heads(const struct ob_approvals *a, const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    size_t count = 0;
    int64_t heads = 0;
    const char **keys = ob_xcalloc((size_t)ob_plan_people(doc) + 1, sizeof *keys);
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *people = ob_map_get(ob_list_at(steps, i), "people");
        for (size_t k = 0; k < ob_list_count(people); k++) {
            const struct ob_value *one = ob_list_at(people, k);
            const char *key = ob_value_str(ob_list_at(one, 0));
            const char *id = ob_value_str(ob_list_at(one, 1));
            if (key && !ob_struck_why(a->struck, key, id))
                keys[count++] = key;
        }
    }
    qsort(keys, count, sizeof *keys, by_text);
    for (size_t i = 0; i < count; i++)
        heads += !i || strcmp(keys[i - 1], keys[i]) != 0;
    free(keys);
    return heads;
}

static bool is_met(const struct ob_approvals *a, const struct ob_approval_need *n)
{
    return n->need <= 0 || ob_approval_count(a->all, a->count, n) >= n->need;
}

void ob_approvals_open(const struct ob_approvals *a, const struct ob_approval_need *n,
                       struct ob_buf *out)
{
    const char *comma = "";
    for (size_t k = 0; k < n->of_count; k++) {
        bool has = false;
        for (size_t i = 0; i < a->count && !has; i++)
            has = ob_approval_is_for(&a->all[i], n) &&
                  strcmp(a->all[i].by->print, n->of[k].print) == 0;
        if (has)
            continue;
        ob_buf_addf(out, "%s%s", comma, n->of[k].name);
        comma = ", ";
    }
}

static void add_missing(const struct ob_approvals *a, const struct ob_approval_need *n,
                        struct ob_buf *out)
{
    struct ob_buf open;
    ob_buf_init(&open, 400);
    int64_t got = ob_approval_count(a->all, a->count, n);
    ob_approvals_open(a, n, &open);
    ob_buf_addf(out, "%s%s:%s has %" PRId64 " of %" PRId64 " approvals, %" PRId64 " more of: %s",
                out->len ? "; " : "", n->target, n->action, got, n->need, n->need - got,
                ob_buf_str(&open));
    ob_buf_fini(&open);
}

static void add_faults(const struct ob_approvals *a, struct ob_buf *out)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct ob_approval *one = &a->all[i];
        if (!one->counts)
            ob_buf_addf(out, "; approval %" PRId64 " (%s%s%.16s) does not count: %s", one->row.id,
                        one->by ? one->by->name : "", one->by ? ", " : "", one->row.key,
                        one->fault);
    }
}

enum ob_status ob_approvals_demand(const struct ob_approvals *a, const char *id,
                                   const struct ob_value *doc, struct ob_err *err)
{
    struct ob_buf missing, faults;
    const struct ob_value *loose =
        is_undo(doc) ? NULL : ob_approval_loosened(doc, a->needs, a->need_count);
    enum ob_status st = OB_OK;
    if (loose && !a->run)
        return ob_fail(err, OB_ERR_STALE,
                       "plan %s: who has to approve %s:%s was loosened since it was made; plan "
                       "again",
                       id, ob_map_str(loose, "target"), ob_map_str(loose, "action"));
    ob_buf_init(&missing, 1000);
    ob_buf_init(&faults, 700);
    for (size_t i = 0; i < a->need_count; i++)
        if (!is_met(a, &a->needs[i]))
            add_missing(a, &a->needs[i], &missing);
    add_faults(a, &faults);
    if (missing.len)
        st = ob_fail(err, OB_ERR_APPROVAL,
                     "plan %s is not approved: %s%s; whoever approves runs: offboard approve %.8s",
                     id, ob_buf_str(&missing), ob_buf_str(&faults), id);
    ob_buf_fini(&missing);
    ob_buf_fini(&faults);
    int64_t heads = st == OB_OK && a->lowered >= 0 ? ob_approvals_heads(a, doc) : 0;
    if (st == OB_OK && heads > a->lowered && a->lowered >= 0)
        st = ob_fail(err, OB_ERR_GUARD,
                     "plan %s names %" PRId64 " people, and its approvals allow %" PRId64
                     "; strike some (offboard approve --strike), or plan again",
                     id, heads, a->lowered);
    return st;
}

enum ob_status ob_approvals_pass(struct ob_approvals *a, struct ob_session *s, const char *id,
                                 const struct ob_value *doc, int64_t run, struct ob_err *err)
{
    enum ob_status st =
        ob_approvals_read(a, s->ledger, s->config, id, doc, run, ob_wall_ms(ob_clock_real()), err);
    return st == OB_OK ? ob_approvals_demand(a, id, doc, err) : st;
}
