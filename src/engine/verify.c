/* What became of everybody. Nobody is `succeeded` without the cloud having been read back, and
 * nobody in doubt is guessed at: readings are repeated with patience, a call is sent again only
 * after reading showed that the last one had no effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/admit.h"
#include "engine/step.h"

#define LOOKS_ACCEPTED 5 /* readings until "accepted, but not there" is believed */
#define LOOKS_DOUBT    2 /* readings until "it did not arrive" is believed */
#define SENDS_MAX      5

/* Patience: 0.5 s, then 1, 2, 4. */
static int64_t pause_after(unsigned looks)
{
    return (int64_t)500 << (looks < 4 ? looks : 3);
}

static const char *seen_word(enum ob_seen seen)
{
    static const char *const words[] = {"not seen", "absent", "active", "disabled",
                                        "in another state"};
    return words[seen];
}

/* Is the account as its snapshot shows it, in what the action puts back? The provider knows. */
static bool holds(struct ob_step *s, size_t i, const struct ob_value *row)
{
    struct ob_provider *p = &s->ts->t->provider;
    struct ob_value absent = {0};
    struct ob_err err;
    bool yes = false;
    if (!row) {
        ob_value_set_map(&absent);
        ob_map_put_str(&absent, "id", s->ids[i]);
        ob_map_put_str(&absent, "state", "absent");
    }
    if (p->holds(p->self, s->action->name, s->snapshots[i], row ? row : &absent, &yes, &err) !=
            OB_OK &&
        s->op.err.status == OB_OK)
        s->op.err = err;
    ob_value_fini(&absent);
    return yes;
}

static bool is_wanted(struct ob_step *s, size_t i, enum ob_seen seen, const struct ob_value *row)
{
    if (s->action->from_snapshot)
        return holds(s, i, row);
    return s->action->wants && seen == ob_seen_read(s->action->wants);
}

/* An account that is gone needs neither disabling nor deleting. */
static bool needs_nothing(struct ob_step *s, size_t i, enum ob_seen seen,
                          const struct ob_value *row)
{
    return is_wanted(s, i, seen, row) || (seen == OB_SEEN_ABSENT && s->action->kind != OB_KIND_ADD);
}

/* ---- before ---- */

static void store_snapshot(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
                           const struct ob_value *fields)
{
    struct ob_err err;
    struct ob_value snapshot;
    if (!e->opt.ledger || !ob_engine_txn(e, false))
        return;
    ob_value_init(&snapshot);
    ob_value_set_map(&snapshot);
    ob_map_put_str(&snapshot, "id", s->ids[i]);
    ob_map_put_str(&snapshot, "state", seen_word(seen));
    if (fields)
        ob_value_copy(ob_map_put(&snapshot, "fields"), fields);
    if (ob_ledger_snapshot_put(e->opt.ledger, e->opt.run, s->path, s->index[i], &snapshot, &err) !=
        OB_OK)
        ob_engine_broken(e, &err);
    ob_value_fini(&snapshot);
}

static void skip_checked(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen)
{
    char why[128];
    if (s->action->from_snapshot)
        snprintf(why, sizeof why, "nothing to put back");
    else if (s->progress[i].doubtful)
        snprintf(why, sizeof why, "nothing to undo: %s", seen_word(seen));
    else
        snprintf(why, sizeof why, seen == ob_seen_read(s->action->wants) ? "already %s" : "%s",
                 seen_word(seen));
    ob_step_person(e, s, i, OB_P_SKIPPED, why);
}

/* What is to be undone may still take effect: one who seems untouched is read again. */
static bool look_again(struct ob_engine *e, struct ob_step *s, size_t i)
{
    struct ob_progress *g = &s->progress[i];
    if (!g->doubtful || ++g->looks >= LOOKS_ACCEPTED)
        return false;
    int64_t at = ob_engine_now(e) + pause_after(g->looks - 1u);
    if (at > s->not_before)
        s->not_before = at;
    g->asked = false;
    return true;
}

/* Found as wanted by a process that comes after a crash, and named in a call of the one before:
 * readings had lagged, and it was about to send again. That call did it. */
static bool was_ours(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen,
                     const struct ob_value *row)
{
    char why[128];
    if (!s->op.people[i].calls || !is_wanted(s, i, seen, row))
        return false;
    snprintf(why, sizeof why, "%s when read back", seen_word(seen));
    ob_step_person(e, s, i, OB_P_SUCCEEDED, why);
    return true;
}

/* Whoever stopped the run has no outcome: the process that takes it up looks again, and stops again
 * while it is so. */
static void turn_away(struct ob_engine *e, struct ob_step *s, size_t i, const char *why)
{
    bool stops = s->stop_on_change && s->op.err.status == OB_ERR_STALE;
    s->progress[i].asked = s->progress[i].asked && !stops;
    ob_step_person(e, s, i, stops ? OB_P_PENDING : OB_P_SKIPPED, why);
}

static void checked(struct ob_engine *e, void *ctx, size_t i, enum ob_seen seen,
                    const struct ob_value *row)
{
    struct ob_step *s = ctx;
    const struct ob_value *fields = ob_map_get(row, "fields");
    char why[OB_WHY_MAX];
    s->progress[i].listed = row && ob_map_bool(row, "listed", true);
    if (was_ours(e, s, i, seen, row))
        return;
    if (needs_nothing(s, i, seen, row)) {
        if (!look_again(e, s, i))
            skip_checked(e, s, i, seen);
        return;
    }
    if (s->action->from_snapshot && !s->action->extra && seen != OB_SEEN_ABSENT) {
        ob_step_person(e, s, i, OB_P_FAILED,
                       "an account of that name is there, and it is not as it was: left alone");
        return;
    }
    if (!ob_admit(e, s, i, seen, row, why)) {
        turn_away(e, s, i, why);
        return;
    }
    s->progress[i].looks = 0;
    if (s->action->destroys && (!fields || fields->type != OB_MAP)) {
        ob_step_person(e, s, i, OB_P_FAILED, "no snapshot could be taken; not touched");
        return;
    }
    store_snapshot(e, s, i, seen, fields);
    ob_step_person(e, s, i, OB_P_READY, NULL);
}

static void check_end(struct ob_engine *e, void *ctx, const struct ob_err *err)
{
    struct ob_step *s = ctx;
    s->reading = false;
    if (err)
        s->op.err = *err;
    for (size_t i = 0; i < s->op.count && !err; i++)
        if (s->op.people[i].state == OB_P_PENDING && s->progress[i].asked)
            ob_step_person(e, s, i, OB_P_FAILED,
                           "the cloud did not say what this person is now; "
                           "not touched");
}

static size_t collect(struct ob_step *s, size_t *set, bool *confirm, bool before)
{
    size_t n = 0;
    for (size_t i = 0; i < s->op.count; i++) {
        enum ob_person_state st = s->op.people[i].state;
        s->progress[i].asked = false;
        if (before ? st != OB_P_PENDING : st != OB_P_ACCEPTED && st != OB_P_DOUBT)
            continue;
        /* A list proves absence only of those whom it would show. */
        confirm[n] = before || st == OB_P_DOUBT || !s->progress[i].listed;
        s->progress[i].asked = true;
        set[n++] = i;
    }
    return n;
}

static bool read_people(struct ob_engine *e, struct ob_step *s, bool before,
                        const struct ob_reader_ops *ops)
{
    size_t room = s->op.count ? s->op.count : 1;
    size_t *set = ob_xcalloc(room, sizeof *set);
    bool *confirm = ob_xcalloc(room, sizeof *confirm);
    size_t n = collect(s, set, confirm, before);
    struct ob_reader_ask ask = {.ids = s->lent_ids,
                                .set = set,
                                .count = n,
                                .snapshot =
                                    (before && s->action->destroys) || s->action->from_snapshot,
                                .confirm = confirm,
                                .step = s->path,
                                .ledger_index = s->index};
    if (n) {
        s->reading = true;
        ob_reader_start(e, s->ts, &ask, ops, s);
    }
    free(set);
    free(confirm);
    return n > 0;
}

bool ob_check_start(struct ob_engine *e, struct ob_step *s)
{
    static const struct ob_reader_ops ops = {checked, check_end};
    return read_people(e, s, true, &ops);
}

/* ---- after ---- */

static void succeed(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen)
{
    char why[1400];
    const struct ob_person *p = &s->op.people[i];
    why[0] = '\0';
    if (s->progress[i].refused)
        snprintf(why, sizeof why, "%s when read back, although the cloud said: %s", seen_word(seen),
                 p->detail);
    else if (p->state == OB_P_DOUBT)
        snprintf(why, sizeof why, "%s when read back", seen_word(seen));
    s->wave_ok++;
    ob_step_person(e, s, i, OB_P_SUCCEEDED, why);
}

/* The readings do not name this person at all: that proves nothing, in either direction. */
static void never_seen(struct ob_engine *e, struct ob_step *s, size_t i)
{
    s->wave_bad++;
    ob_step_person(e, s, i, OB_P_UNKNOWN, "the cloud does not say what this person is now");
}

static void contradict(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen)
{
    char why[256];
    snprintf(why, sizeof why, "the cloud accepted it, but the account is still %s",
             seen_word(seen));
    s->wave_bad++;
    ob_step_person(e, s, i, OB_P_UNKNOWN, why);
}

/* The cloud answered each time, and each time nothing came of it: that is a failure. Where the
 * last answer never came, it may still happen. */
static void give_up(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen)
{
    char why[1400];
    bool answered = s->progress[i].answered;
    snprintf(why, sizeof why, "sent %d times, and the account is still %s; last: %s",
             s->progress[i].sends, seen_word(seen), s->op.people[i].detail);
    s->wave_bad++;
    ob_step_person(e, s, i, answered ? OB_P_FAILED : OB_P_UNKNOWN, why);
}

/* Trouble over there needs time, each time more of it. */
static void send_again(struct ob_engine *e, struct ob_step *s, size_t i)
{
    int64_t at = ob_engine_now(e) + pause_after(s->progress[i].sends);
    if (!s->progress[i].answered && at > s->not_before)
        s->not_before = at;
    ob_step_person(e, s, i, OB_P_READY, NULL);
}

/* How many readings until they are believed. One who was refused is told at once, unless an
 * earlier call may have done it: "no such user" is what a cloud says of somebody it deleted. */
static int patience(const struct ob_step *s, size_t i, enum ob_seen seen)
{
    const struct ob_progress *g = &s->progress[i];
    if (g->refused && !g->doubted && seen != OB_SEEN_NOT)
        return 1;
    bool last = g->sends >= SENDS_MAX; /* nothing comes after this but giving up */
    bool settles =
        last || g->refused || seen == OB_SEEN_NOT || s->op.people[i].state == OB_P_ACCEPTED;
    return settles ? LOOKS_ACCEPTED : LOOKS_DOUBT;
}

/* The policy has gone on, or a wait has spared this one: nothing is made good any more. */
static void leave_unknown(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen)
{
    char why[128];
    snprintf(why, sizeof why, "%s when read again; the policy has gone on, so it is not sent again",
             seen_word(seen));
    s->wave_bad++;
    ob_step_person(e, s, i, OB_P_UNKNOWN, why);
}

/* Reading shows that it has not happened. Wait, send again, or call it by its name. */
static void not_there(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_seen seen)
{
    struct ob_progress *g = &s->progress[i];
    if (++g->looks < patience(s, i, seen)) {
        int64_t at = ob_engine_now(e) + pause_after(g->looks - 1u);
        if (at > s->not_before)
            s->not_before = at;
        return;
    }
    g->looks = 0;
    if (seen == OB_SEEN_NOT) {
        never_seen(e, s, i);
    } else if (g->refused) {
        s->wave_bad++;
        ob_step_person(e, s, i, OB_P_FAILED, NULL);
    } else if (s->op.people[i].state == OB_P_ACCEPTED)
        contradict(e, s, i, seen);
    else if (g->hands_off)
        leave_unknown(e, s, i, seen);
    else if (g->sends >= SENDS_MAX)
        give_up(e, s, i, seen);
    else
        send_again(e, s, i);
}

static void verified(struct ob_engine *e, void *ctx, size_t i, enum ob_seen seen,
                     const struct ob_value *row)
{
    struct ob_step *s = ctx;
    char why[OB_WHY_MAX];
    bool gone = seen == OB_SEEN_ABSENT && s->action->kind != OB_KIND_ADD;
    s->progress[i].asked = false;
    if (is_wanted(s, i, seen, row)) {
        succeed(e, s, i, seen);
    } else if (gone) {
        /* Somebody deleted the account meanwhile: it cannot be disabled, and need not be. */
        s->wave_ok++;
        ob_step_person(e, s, i, OB_P_SKIPPED, "absent when read back");
    } else {
        not_there(e, s, i, seen);
        /* Nothing came of the call, and before the next one the questions are asked again. */
        if (s->op.people[i].state == OB_P_READY && !ob_admit(e, s, i, seen, row, why))
            turn_away(e, s, i, why);
    }
}

static void verify_end(struct ob_engine *e, void *ctx, const struct ob_err *err)
{
    struct ob_step *s = ctx;
    s->reading = false;
    if (err)
        s->op.err = *err;
    for (size_t i = 0; i < s->op.count && !err; i++)
        if (s->progress[i].asked)
            not_there(e, s, i, OB_SEEN_NOT);
}

bool ob_verify_start(struct ob_engine *e, struct ob_step *s)
{
    static const struct ob_reader_ops ops = {verified, verify_end};
    return read_people(e, s, false, &ops);
}
