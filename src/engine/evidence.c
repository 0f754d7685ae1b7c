/* See evidence.h. */
#include "engine/evidence.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "engine/idmap.h"

#define MINUTE_MS ((int64_t)60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

struct proof {               /* of one person */
    int64_t off_ms, off_run; /* disabled by us; off_ms 0: never */
    int64_t later_run;       /* something else was done to them since; 0: nothing was */
    int64_t seen;
    char *present; /* where the input has them; NULL: it has not */
};

struct ob_evidence {
    bool straight, can_disable;
    int64_t disabled_for_ms, seen;
    char *absent_from;
    int64_t absent_rows;
    struct proof *of;
    size_t count;
};

bool ob_evidence_can_disable(const struct ob_target *t)
{
    const struct ob_provider_info *info = t->provider.info;
    for (size_t i = 0; i < info->action_count; i++)
        if (info->actions[i].kind == OB_KIND_DISABLE && !info->actions[i].from_snapshot)
            return true;
    return false;
}

/* ---- what the ledger says ---- */

struct past {
    struct ob_evidence *v;
    const struct ob_idmap *at;
};

/* Did it change anybody, perhaps? A deletion in doubt did not: they are still there. */
static bool may_have_acted(const struct ob_past_row *row, bool deletes)
{
    switch (row->state) {
    case OB_P_SUCCEEDED:
        return true;
    case OB_P_SENT:
    case OB_P_ACCEPTED:
    case OB_P_DOUBT:
    case OB_P_UNKNOWN:
        return !deletes;
    default:
        return false;
    }
}

/* The last one counts: who was switched on in between is disabled since later, or not at all. */
static bool take_past(void *ctx, const struct ob_past_row *row)
{
    struct past *p = ctx;
    size_t i = ob_idmap_get(p->at, row->id);
    if (i == OB_IDMAP_NONE)
        return true;
    struct proof *one = &p->v->of[i];
    if (strcmp(row->kind, ob_kind_word(OB_KIND_DISABLE)) == 0) {
        if (row->state != OB_P_SUCCEEDED)
            return true;
        one->off_ms = row->acted_ms;
        one->off_run = row->run;
        one->later_run = 0;
    } else if (may_have_acted(row, strcmp(row->kind, ob_kind_word(OB_KIND_DELETE)) == 0)) {
        one->later_run = row->run;
    }
    return true;
}

static enum ob_status read_past(struct ob_evidence *v, const struct ob_evidence_ask *ask,
                                struct ob_err *err)
{
    struct ob_idmap at;
    struct past p = {v, &at};
    ob_idmap_init(&at);
    for (size_t i = 0; i < ask->count; i++)
        ob_idmap_add(&at, ask->ids[i], i);
    enum ob_status st = ob_ledger_past_each(ask->ledger, ask->target->name, take_past, &p, err);
    ob_idmap_fini(&at);
    return st;
}

struct counting {
    int64_t n, last_ms;
};

static bool count_sighting(void *ctx, int64_t at_ms)
{
    struct counting *c = ctx;
    if (c->n && at_ms - c->last_ms < OB_SEEN_APART_MS)
        return true;
    c->n++;
    c->last_ms = at_ms;
    return true;
}

static enum ob_status read_sightings(struct ob_evidence *v, const struct ob_evidence_ask *ask,
                                     struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < ask->count && st == OB_OK; i++) {
        struct counting c = {0};
        st = ob_ledger_sighting_each(ask->ledger, ask->keys[i], ask->target->name, count_sighting,
                                     &c, err);
        if (ask->planning_ms)
            count_sighting(&c, ask->planning_ms);
        v->of[i].seen = c.n;
    }
    return st;
}

/* Where nobody looked nobody is absent. */
static char *copy_place(const struct ob_require *r, size_t i)
{
    const char *place = r->present ? r->present[i] : "it was not read";
    return place ? ob_xstrdup(place) : NULL;
}

enum ob_status ob_evidence_new(struct ob_evidence **out, const struct ob_evidence_ask *ask,
                               struct ob_err *err)
{
    const struct ob_require *r = ask->require;
    struct ob_evidence *v = ob_xcalloc(1, sizeof *v);
    enum ob_status st = OB_OK;
    v->straight = r->straight;
    v->can_disable = ob_evidence_can_disable(ask->target);
    v->disabled_for_ms = r->disabled_for_ms;
    v->seen = r->seen;
    v->absent_from = r->absent_from ? ob_xstrdup(r->absent_from) : NULL;
    v->absent_rows = r->absent_rows;
    v->count = ask->count;
    v->of = ob_xcalloc(ask->count ? ask->count : 1, sizeof *v->of);
    for (size_t i = 0; r->absent_from && i < ask->count; i++)
        v->of[i].present = copy_place(r, i);
    if (r->disabled_for_ms)
        st = read_past(v, ask, err);
    if (st == OB_OK && r->seen)
        st = read_sightings(v, ask, err);
    *out = v;
    if (st != OB_OK) {
        ob_evidence_free(v);
        *out = NULL;
    }
    return st;
}

void ob_evidence_free(struct ob_evidence *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        free(v->of[i].present);
    free(v->of);
    free(v->absent_from);
    free(v);
}

/* ---- one person ---- */

/* "30 days", "36 hours", "5 minutes" */
static void add_time(struct ob_buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{DAY_MS, "day"}, {HOUR_MS, "hour"}, {MINUTE_MS, "minute"}};
    size_t u = ms >= 2 * DAY_MS || ms % DAY_MS == 0 ? 0 : ms >= HOUR_MS ? 1 : 2;
    int64_t n = ms / units[u].ms;
    ob_buf_addf(out, "%" PRId64 " %s%s", n, units[u].name, n == 1 ? "" : "s");
}

static bool is_off(const struct ob_evidence_now *now)
{
    return now->state && strcmp(now->state, "disabled") == 0;
}

static bool check_straight(const struct ob_evidence *v, const struct ob_evidence_now *now,
                           struct ob_buf *text)
{
    if (v->straight || !v->can_disable || is_off(now) || now->off_by || !now->state)
        return true;
    ob_buf_adds(text, "not disabled first; the policy may say straight = true");
    return false;
}

static bool check_disabled(const struct ob_evidence *v, const struct proof *p,
                           const struct ob_evidence_now *now, struct ob_buf *text)
{
    char day[OB_TIME_TEXT];
    if (!v->disabled_for_ms)
        return true;
    if (now->off_by) {
        ob_buf_addf(text, "disabled by step %s", now->off_by);
        return true;
    }
    if (now->state && !is_off(now)) {
        ob_buf_addf(text, "%s, and disabled for ", now->state);
        add_time(text, v->disabled_for_ms);
        ob_buf_adds(text, " is required");
        return false;
    }
    if (!p->off_ms) {
        ob_buf_adds(text, "no run here disabled them, so nobody knows since when they are");
        return false;
    }
    if (p->later_run) {
        ob_buf_addf(text, "run %" PRId64 " changed them since run %" PRId64 " disabled them",
                    p->later_run, p->off_run);
        return false;
    }
    ob_date_local(p->off_ms, day);
    ob_buf_addf(text, "disabled since %s (run %" PRId64 ")", day, p->off_run);
    if (now->at_ms - p->off_ms >= v->disabled_for_ms)
        return true;
    ob_buf_adds(text, ", and ");
    add_time(text, v->disabled_for_ms);
    ob_buf_adds(text, " are required");
    return false;
}

static void separate(struct ob_buf *text)
{
    if (text->len)
        ob_buf_adds(text, "; ");
}

static bool check_seen(const struct ob_evidence *v, const struct proof *p, struct ob_buf *text)
{
    if (!v->seen)
        return true;
    bool enough = p->seen >= v->seen;
    if (!enough)
        ob_buf_clear(text);
    separate(text);
    ob_buf_addf(text, "seen %" PRId64 " time%s", p->seen, p->seen == 1 ? "" : "s");
    if (!enough)
        ob_buf_addf(text, " by plans 12 hours apart, and %" PRId64 " are required", v->seen);
    return enough;
}

static bool check_absent(const struct ob_evidence *v, const struct proof *p, struct ob_buf *text)
{
    if (!v->absent_from)
        return true;
    if (p->present) {
        ob_buf_clear(text);
        ob_buf_addf(text, "still on \"%s\" (%s)", v->absent_from, p->present);
        return false;
    }
    separate(text);
    ob_buf_addf(text, "absent from %s (%" PRId64 " row%s)", v->absent_from, v->absent_rows,
                v->absent_rows == 1 ? "" : "s");
    return true;
}

bool ob_evidence_holds(const struct ob_evidence *v, size_t person,
                       const struct ob_evidence_now *now, struct ob_buf *text)
{
    const struct proof *p = &v->of[person];
    return check_straight(v, now, text) && check_disabled(v, p, now, text) &&
           check_seen(v, p, text) && check_absent(v, p, text);
}

/* ---- plans that are stored ---- */

static bool is_loss(const struct ob_value *step)
{
    const char *kind = ob_map_str(step, "kind");
    return kind && (strcmp(kind, ob_kind_word(OB_KIND_DISABLE)) == 0 ||
                    strcmp(kind, ob_kind_word(OB_KIND_DELETE)) == 0);
}

static enum ob_status sight_step(struct ob_ledger *l, const struct ob_value *step,
                                 const struct ob_sight *s, struct ob_err *err)
{
    const struct ob_value *people = ob_map_get(step, "people");
    struct ob_sighting_row row = {.plan = s->plan, .at_ms = s->at_ms};
    enum ob_status st = OB_OK;
    row.target = ob_map_str(step, "target");
    row.action = ob_map_str(step, "action");
    for (size_t i = 0; i < ob_list_count(people) && st == OB_OK; i++) {
        row.person = ob_value_str(ob_list_at(ob_list_at(people, i), 0));
        bool named = row.person && row.target && row.action;
        if (named && (!s->only || ob_idmap_get(s->only, row.person) != OB_IDMAP_NONE))
            st = ob_ledger_sighting_put(l, &row, err);
    }
    return st;
}

enum ob_status ob_evidence_sight(struct ob_ledger *l, const struct ob_sight *s, struct ob_err *err)
{
    const struct ob_value *steps = ob_map_get(s->doc, "steps");
    enum ob_status st = ob_ledger_begin(l, err);
    if (st != OB_OK)
        return st;
    for (size_t i = 0; i < ob_list_count(steps) && st == OB_OK; i++)
        if (is_loss(ob_list_at(steps, i)))
            st = sight_step(l, ob_list_at(steps, i), s, err);
    if (st == OB_OK)
        return ob_ledger_commit(l, err);
    ob_ledger_rollback(l);
    return st;
}
