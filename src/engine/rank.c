/* Who a person is to this credential: its own account, an administrator, the last one. The first is
 * known from what the operator wrote and what the login's answer says; the others from the cloud's
 * rows, as fresh as they can be. An administrator goes last in a step, alone, and only after the
 * directory was read and shows another one who stays. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/json.h"
#include "engine/admit.h"
#include "engine/guard.h"
#include "engine/step.h"

/* Until another step's administrator is done with. */
#define TURN_MS 200

/* Who may act upon an administrator of a target, of all runs of this ledger: "RUN UNTIL". A run
 * that was killed keeps nobody waiting for longer than this, and itself not at all. */
#define SEAT    "administrator"
#define SEAT_MS 300000

static bool takes_away(const struct ob_action *a)
{
    return a->kind == OB_KIND_DISABLE || a->kind == OB_KIND_DELETE;
}

/* ---- the credential's own account ---- */

static void learn(struct ob_tstate *ts, const struct ob_value *fact, const char *value)
{
    if (!value || !*value)
        return;
    struct ob_value *v = ob_list_push(&ts->own);
    ob_value_set_map(v);
    const char *field = ob_map_str(fact, "field");
    ob_map_put_str(v, "field", field ? field : "");
    ob_map_put_bool(v, "is_id", ob_map_bool(fact, "is_id", false));
    ob_map_put_str(v, "value", value);
}

void ob_own_learn(struct ob_tstate *ts, const struct ob_response *r)
{
    ob_value_set_list(&ts->own);
    for (size_t i = 0; i < ob_list_count(&ts->t->own); i++) {
        const struct ob_value *fact = ob_list_at(&ts->t->own, i);
        const char *path = ob_map_str(fact, "login"), *field = ob_map_str(fact, "credential");
        const char *given = NULL;
        struct ob_buf said;
        struct ob_err ignored;
        ob_buf_init(&said, OB_BUF_SMALL);
        if (path && ob_json_pick(ob_buf_str(&r->body), r->body.len, path, &said))
            learn(ts, fact, ob_buf_str(&said));
        if (field && ob_credential_get(ts->t->credential, field, &given, &ignored) == OB_OK)
            learn(ts, fact, given);
        ob_buf_fini(&said);
    }
}

/* A field as a text; numbers as they are written. */
static const char *text_of(const struct ob_value *fields, const char *name, char room[32])
{
    const struct ob_value *v = name ? ob_map_get(fields, name) : NULL;
    if (!v || v->type != OB_INT)
        return ob_value_str(v);
    snprintf(room, 32, "%" PRId64, v->i);
    return room;
}

/* Clouds do not say whether Admin is admin: for this one both are. */
static bool same(const char *a, const char *b)
{
    return a && b && *a && strcasecmp(a, b) == 0;
}

bool ob_own_is(const struct ob_tstate *ts, const char *id, const struct ob_value *row)
{
    const struct ob_value *fields = ob_map_get(row, "fields");
    char room[32];
    for (size_t i = 0; i < ob_list_count(&ts->t->self); i++)
        if (same(ob_value_str(ob_list_at(&ts->t->self, i)), id))
            return true;
    for (size_t i = 0; i < ob_list_count(&ts->t->own); i++) {
        const struct ob_value *fact = ob_list_at(&ts->t->own, i);
        if (same(ob_map_str(fact, "is"), text_of(fields, ob_map_str(fact, "field"), room)))
            return true;
    }
    for (size_t i = 0; i < ob_list_count(&ts->own); i++) {
        const struct ob_value *fact = ob_list_at(&ts->own, i);
        const char *value = ob_map_str(fact, "value");
        if ((ob_map_bool(fact, "is_id", false) && same(value, id)) ||
            same(value, text_of(fields, ob_map_str(fact, "field"), room)))
            return true;
    }
    return false;
}

bool ob_engine_is_own(struct ob_engine *e, struct ob_target *t, const char *id,
                      const struct ob_value *row)
{
    return ob_own_is(ob_engine_target(e, t), id, row);
}

/* ---- before anybody is acted upon ---- */

static bool is_named(const struct ob_value *list, const char *id)
{
    for (size_t i = 0; i < ob_list_count(list); i++)
        if (strcmp(ob_value_str(ob_list_at(list, i)), id) == 0)
            return true;
    return false;
}

/* What an undo takes back its run has done: it asks no more than whether the account is our own. */
bool ob_rank_admit(struct ob_engine *e, struct ob_step *s, size_t i, const struct ob_value *row,
                   char *why, size_t size)
{
    bool takes = takes_away(s->action), admin = ob_map_bool(row, "admin", false);
    if (takes && ob_own_is(s->ts, s->ids[i], row)) {
        snprintf(why, size, "the account that the credential of %s belongs to", s->ts->t->name);
        return false;
    }
    if (!s->undoes && e->opt.guard &&
        ob_guard_shown(e->opt.guard, s->ts->t, s->ids[i], row, why, size))
        return false;
    if (takes && admin && !s->undoes && !is_named(&s->admins, s->ids[i])) {
        snprintf(why, size, OB_WHY_ADMIN, s->ids[i]);
        return false;
    }
    s->progress[i].admin = takes && admin;
    return true;
}

/* ---- the last administrator ---- */

bool ob_rank_stays(const struct ob_value *row)
{
    const char *state = ob_map_str(row, "state");
    return ob_map_bool(row, "admin", false) && !ob_map_bool(row, "group", false) && state &&
           strcmp(state, "active") == 0;
}

static bool acted_upon(const struct ob_step *s, const char *id)
{
    size_t i = ob_idmap_get(&s->map, id);
    if (i == OB_IDMAP_NONE)
        return false;
    enum ob_person_state st = s->op.people[i].state;
    return i == s->admin_next || st == OB_P_SUCCEEDED || st == OB_P_ACCEPTED || st == OB_P_DOUBT ||
           st == OB_P_UNKNOWN;
}

static void count_row(struct ob_engine *e, void *ctx, const struct ob_value *person)
{
    struct ob_step *s = ctx;
    const char *id = ob_map_str(person, "id");
    (void)e;
    s->others += ob_rank_stays(person) && !acted_upon(s, id) && !is_named(&s->ts->taken, id);
}

static void count_anew(void *ctx)
{
    struct ob_step *s = ctx;
    s->others = 0;
}

static void leave(struct ob_engine *e, struct ob_step *s, enum ob_person_state state,
                  const char *why)
{
    ob_splitter_clear(s->splitter);
    s->wave_bad += state == OB_P_FAILED;
    ob_step_person(e, s, s->admin_next, state, why);
    s->phase = OB_PH_VERIFY; /* of nobody: the next wave follows */
}

static void counted(struct ob_engine *e, void *ctx, const struct ob_err *err)
{
    struct ob_step *s = ctx;
    char why[OB_WHY_MAX];
    s->reading = false;
    if (err && s->ts->stopped.status == OB_OK && !e->stop) {
        snprintf(why, sizeof why, "not touched: the administrators could not be counted: %.200s",
                 err->message);
        leave(e, s, OB_P_FAILED, why);
    } else if (err) {
        s->op.err = *err;
    } else if (!s->others) {
        snprintf(why, sizeof why, "the last administrator of %s: somebody has to stay",
                 s->ts->t->name);
        leave(e, s, OB_P_SKIPPED, why);
    } else {
        s->phase = OB_PH_ACT;
    }
}

/* ---- one at a time, in all runs ---- */

static bool seat_is_free(struct ob_engine *e, const struct ob_step *s, struct ob_err *err)
{
    int64_t run = 0, until_ms = 0, now_ms = ob_wall_ms(e->opt.clock);
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    err->status = ob_ledger_learned_get(e->opt.ledger, s->ts->t->name, SEAT, &text, err);
    if (err->status == OB_OK)
        sscanf(ob_buf_str(&text), "%" SCNd64 " %" SCNd64, &run, &until_ms);
    ob_buf_fini(&text);
    return err->status == OB_OK &&
           (run == e->opt.run || until_ms <= now_ms || until_ms > now_ms + SEAT_MS);
}

static void put_seat(struct ob_engine *e, const struct ob_step *s, int64_t until_ms)
{
    char text[64];
    struct ob_err err;
    snprintf(text, sizeof text, "%" PRId64 " %" PRId64, until_ms ? e->opt.run : 0, until_ms);
    if (ob_ledger_learned_put(e->opt.ledger, s->ts->t->name, SEAT, text, &err) != OB_OK)
        ob_engine_broken(e, &err);
}

/* Looked at twice: whoever waits does so without keeping the others from the ledger. It is on disk
 * before the counting begins, as all is that comes before a call. */
static bool take_seat(struct ob_engine *e, struct ob_step *s)
{
    struct ob_err err = {0};
    if (!e->opt.ledger)
        return true;
    bool mine = seat_is_free(e, s, &err) && ob_engine_txn(e, true) && seat_is_free(e, s, &err);
    if (mine)
        put_seat(e, s, ob_wall_ms(e->opt.clock) + SEAT_MS);
    else if (err.status != OB_OK)
        ob_engine_broken(e, &err);
    return mine;
}

/* Two steps that count at the same time would both find the other one's administrator, and so
 * would two runs. */
bool ob_rank_count(struct ob_engine *e, struct ob_step *s)
{
    static const struct ob_listing_ops ops = {count_row, count_anew, counted, NULL};
    if ((s->ts->counting && s->ts->counting != s) || !take_seat(e, s)) {
        s->not_before = ob_engine_now(e) + TURN_MS;
        return true;
    }
    s->ts->counting = s;
    if (!s->ts->t->provider.info->list_page) {
        leave(e, s, OB_P_FAILED, "not touched: this cloud has no list to count administrators in");
        return true;
    }
    s->others = 0;
    s->reading = true;
    ob_listing_start(e, s->ts, &ops, s);
    return true;
}

/* A directory may lag: who was acted upon is not counted any more, whatever it shows. */
void ob_rank_release(struct ob_engine *e, struct ob_step *s)
{
    if (s->ts->counting != s)
        return;
    const struct ob_person *p = &s->op.people[s->admin_next];
    if (p->state != OB_P_FAILED && p->state != OB_P_SKIPPED)
        ob_list_push_str(&s->ts->taken, p->id);
    s->ts->counting = NULL;
    if (ob_engine_txn(e, true))
        put_seat(e, s, 0);
}
