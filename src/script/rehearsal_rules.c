/* What must be true of every rehearsed run, whatever went wrong (DESIGN section 8), and what the
 * policy itself expects. Reads the books; changes nothing. Only the first rule that is broken is
 * kept: the others often follow from it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/rehearsal_parts.h"

#define KINDS 4

void ob_rule_broken(struct ob_rehearsal *r, const char *rule, int64_t culprit, const char *fmt, ...)
{
    va_list args;
    if (r->out->rule)
        return;
    r->out->rule = rule;
    r->culprit = culprit;
    va_start(args, fmt);
    vsnprintf(r->out->broken, sizeof r->out->broken, fmt, args);
    va_end(args);
}

static const char *name_of(const struct ob_subject *s)
{
    return s->key ? s->key : s->id;
}

/* ---- secrets ---- */

/* The demo credentials: a real one would stand where these do. */
static const char *const secrets[] = {"demo-app-key-of-the-simulated-meeting",
                                      "demoAliyunSecret00000000000001",
                                      "demoHuaweiSecretKey00000000000000000000001"};
#define SECRETS (sizeof secrets / sizeof *secrets)
static const char no_secret[] = "no secret is written down";

void ob_rule_text(struct ob_rehearsal *r, const char *text)
{
    for (size_t i = 0; text && i < SECRETS; i++)
        if (strstr(text, secrets[i]))
            ob_rule_broken(r, no_secret, -1, "a note or an error holds a credential");
}

static enum ob_status search_ledger(struct ob_rehearsal *r, struct ob_err *err)
{
    for (size_t i = 0; i < SECRETS; i++) {
        bool holds;
        enum ob_status st = ob_ledger_holds(r->ledger, secrets[i], strlen(secrets[i]), &holds, err);
        if (st != OB_OK)
            return st;
        if (holds)
            ob_rule_broken(r, no_secret, -1, "the ledger holds a credential");
    }
    return OB_OK;
}

/* ---- nothing is undone blindly ---- */

static bool opposite(enum ob_kind a, enum ob_kind b)
{
    return (a == OB_KIND_DISABLE && b == OB_KIND_ENABLE) ||
           (a == OB_KIND_ENABLE && b == OB_KIND_DISABLE) ||
           (a == OB_KIND_DELETE && b == OB_KIND_ADD) || (a == OB_KIND_ADD && b == OB_KIND_DELETE);
}

/* An undo of the host's own reads with patience before it acts; a proposal does not. */
static bool is_undo(const struct ob_deed_step *s)
{
    return strstr(s->path, ".u") != NULL;
}

static void look_for_opposite(struct ob_rehearsal *r, size_t from)
{
    const struct ob_books *b = &r->books;
    const struct ob_deed *first = &b->deeds[from];
    const struct ob_subject *s = &b->subjects[first->subject];
    for (size_t i = from + 1; i < b->deed_count; i++) {
        const struct ob_deed *d = &b->deeds[i];
        const struct ob_deed_step *step = &b->steps[d->step];
        if (d->subject != first->subject || is_undo(step) || step->raw ||
            !opposite(b->steps[first->step].kind, step->kind))
            continue;
        ob_rule_broken(r, "nobody unknown is undone blindly", first->subject,
                       "%s: %s of %s was unknown when the policy proposed %s",
                       ob_rehearsal_target(r, s->target), b->steps[first->step].action, name_of(s),
                       step->action);
    }
}

/* Only at the end of the very life it stands there: a resume settles what is unknown. */
void ob_rules_after_life(struct ob_rehearsal *r)
{
    struct ob_err ignored;
    if (!r->unknown_seen || ob_books_read(r, &ignored) != OB_OK)
        return;
    for (size_t i = 0; i < r->books.deed_count; i++)
        if (r->books.deeds[i].state == OB_P_UNKNOWN && !r->books.steps[r->books.deeds[i].step].raw)
            look_for_opposite(r, i);
}

/* ---- each person ---- */

struct account { /* of one person in one target */
    int proposed[KINDS], succeeded[KINDS], unknown[KINDS], effects[KINDS];
    const char *stands; /* as the ledger has it, or NULL: it does not know */
    bool was_off;       /* some time before they were deleted */
    bool gone_straight; /* they never were */
    bool may_straight;  /* and a step that names them says so, or it was an undo */
};

static const char *state_after(int kind)
{
    /* Somebody who was brought back is as they were: on or off. */
    static const char *const states[] = {"disabled", "active", "absent", NULL};
    return states[kind];
}

/* "already disabled", "absent when read back": what somebody was found to be who needed nothing. */
static const char *claim_of(const char *detail)
{
    static const char *const words[] = {"absent", "disabled", "active"};
    const char *at = strncmp(detail, "already ", 8) == 0 ? detail + 8 : detail;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0 && (at != detail || i == 0))
            return words[i];
    return NULL;
}

/* Were they ever so? When they were asked about cannot be said: a resume asks again. */
static bool was_ever(const struct ob_subject *s, const struct account *a, const char *state)
{
    if (strcmp(s->before, state) == 0 || strcmp(s->before, "other") == 0)
        return true;
    for (int k = 0; k < KINDS; k++)
        if (a->effects[k] && (!state_after(k) || strcmp(state_after(k), state) == 0))
            return true;
    return false;
}

/* A reading that failed must not have been taken for one that shows nobody. */
static void check_skipped(struct ob_rehearsal *r, const struct ob_deed *d, const struct account *a)
{
    const struct ob_subject *s = &r->books.subjects[d->subject];
    const char *claim = claim_of(d->detail);
    if (claim && !was_ever(s, a, claim))
        ob_rule_broken(r, "a failed reading is not taken for an empty one", d->subject,
                       "%s: %s of %s was skipped as \"%s\", and the account never was that",
                       ob_rehearsal_target(r, s->target), r->books.steps[d->step].action,
                       name_of(s), d->detail);
}

static void take_deed(struct ob_rehearsal *r, const struct ob_deed *d, struct account *a)
{
    const struct ob_deed_step *step = &r->books.steps[d->step];
    if (step->raw)
        return;
    a->proposed[step->kind]++;
    a->may_straight = a->may_straight || step->straight || is_undo(step);
    if (d->state == OB_P_SUCCEEDED) {
        a->succeeded[step->kind]++;
        a->stands = state_after(step->kind);
    } else if (d->state == OB_P_SKIPPED && strcmp(d->detail, "absent when read back") == 0) {
        a->unknown[step->kind]++; /* whoever is gone meanwhile: what a call did before shows no more
                                   */
    } else if (d->state == OB_P_SKIPPED) {
        check_skipped(r, d, a);
    } else if (d->state != OB_P_FAILED) {
        a->unknown[step->kind]++;
        a->stands = NULL;
    }
}

static void check_settled(struct ob_rehearsal *r, const struct ob_deed *d)
{
    const struct ob_subject *s = &r->books.subjects[d->subject];
    if (ob_person_state_final(d->state) && d->state != OB_P_UNKNOWN)
        return;
    if (r->out->end.status != OB_OK && (d->state == OB_P_PENDING || d->state == OB_P_READY))
        return; /* the policy itself ended it there */
    ob_rule_broken(r, "nothing stays unknown once the faults are over", d->subject,
                   "%s: %s of %s is still %s after the last resume",
                   ob_rehearsal_target(r, s->target), r->books.steps[d->step].action, name_of(s),
                   ob_person_state_word(d->state));
}

static const char *kind_verb(int kind)
{
    static const char *const verbs[] = {"switched off", "switched on", "deleted", "added"};
    return verbs[kind];
}

static void check_kind(struct ob_rehearsal *r, int64_t subject, const struct account *a, int kind)
{
    const struct ob_subject *s = &r->books.subjects[subject];
    const char *target = ob_rehearsal_target(r, s->target);
    if (a->effects[kind] > a->proposed[kind] && a->proposed[kind])
        ob_rule_broken(r, "nothing is done twice", subject, "%s: %s was %s %d times, proposed %d",
                       target, name_of(s), kind_verb(kind), a->effects[kind], a->proposed[kind]);
    else if (a->effects[kind] > a->proposed[kind])
        ob_rule_broken(r, "nobody outside of the plan is touched", subject,
                       "%s: %s was %s, which no step names", target, name_of(s), kind_verb(kind));
    else if (a->effects[kind] > a->succeeded[kind] + a->unknown[kind])
        ob_rule_broken(r, "who failed or was skipped was not touched", subject,
                       "%s: %s was %s, and the ledger says otherwise", target, name_of(s),
                       kind_verb(kind));
}

static void check_subject(struct ob_rehearsal *r, int64_t i, const struct account *a)
{
    const struct ob_subject *s = &r->books.subjects[i];
    if (s->effects && !s->planned)
        ob_rule_broken(r, "nobody outside of the plan is touched", i,
                       "%s: %s was changed and is not in the plan",
                       ob_rehearsal_target(r, s->target), name_of(s));
    for (int k = 0; k < KINDS; k++)
        check_kind(r, i, a, k);
    if (a->gone_straight && !a->may_straight && ob_evidence_can_disable(r->opened[s->target]))
        ob_rule_broken(r, "nobody is deleted straight unless the policy says so", i,
                       "%s: %s was deleted, and was never switched off before",
                       ob_rehearsal_target(r, s->target), name_of(s));
    if (a->stands && strcmp(a->stands, s->after) != 0 && strcmp(a->stands, "other") != 0)
        ob_rule_broken(r, "who succeeded is as the ledger says", i,
                       "%s: %s is %s in the ledger and %s in the cloud",
                       ob_rehearsal_target(r, s->target), name_of(s), a->stands, s->after);
}

/* Effects carry ids; the map of the books finds whose they are. */
static void count_effects(struct ob_rehearsal *r, struct account *all)
{
    for (size_t i = 0; i < r->effect_count; i++) {
        const struct ob_effect *e = &r->effects[i];
        char *mark = ob_xasprintf("%d\n%s", e->target, e->id);
        size_t at = ob_idmap_get(&r->books.map, mark);
        int kind = ob_effect_kind(e->op);
        free(mark);
        if (at == OB_IDMAP_NONE || kind < 0)
            continue;
        all[at].effects[kind]++;
        all[at].was_off = all[at].was_off || kind == OB_KIND_DISABLE;
        all[at].gone_straight =
            all[at].gone_straight || (kind == OB_KIND_DELETE && !all[at].was_off);
    }
}

static bool any_raw(const struct ob_books *b)
{
    for (size_t i = 0; i < b->step_count; i++)
        if (b->steps[i].raw)
            return true;
    return false;
}

static void check_people(struct ob_rehearsal *r)
{
    const struct ob_books *b = &r->books;
    struct account *all = ob_xcalloc(b->count + 1, sizeof *all);
    for (size_t i = 0; i < b->count; i++) {
        all[i].stands = b->subjects[i].before;
        all[i].was_off = strcmp(b->subjects[i].before, "disabled") == 0;
    }
    count_effects(r, all);
    for (size_t i = 0; i < b->deed_count; i++) {
        take_deed(r, &b->deeds[i], &all[b->deeds[i].subject]);
        check_settled(r, &b->deeds[i]);
    }
    /* A raw request touches whom it likes: guards cannot see it, and neither can we. */
    for (size_t i = 0; i < b->count && !any_raw(b); i++)
        check_subject(r, (int64_t)i, &all[i]);
    free(all);
}

/* ---- all at once ---- */

/* Each directory that the plan read was read as a whole: nothing had been changed by then. */
static enum ob_status check_lists(struct ob_rehearsal *r, struct ob_err *err)
{
    const struct ob_value *all = ob_map_get(&r->plan, "readings");
    for (size_t i = 0; i < ob_list_count(all); i++) {
        const struct ob_value *reading = ob_list_at(all, i);
        struct ob_buf json;
        struct ob_value rows;
        const char *op = ob_map_str(reading, "op"), *name = ob_map_str(reading, "target");
        if (strcmp(op ? op : "", "list") != 0)
            continue;
        ob_buf_init(&json, OB_BUF_LARGE);
        ob_value_init(&rows);
        enum ob_status st =
            ob_ledger_blob_get(r->ledger, ob_map_str(reading, "digest"), &json, err);
        if (st == OB_OK)
            st = ob_script_json(ob_buf_str(&json), json.len, &rows, err);
        for (size_t t = 0; t < r->config->count && st == OB_OK; t++)
            if (strcmp(r->config->targets[t].name, name) == 0 &&
                r->sizes[t] != (int64_t)ob_list_count(&rows))
                ob_rule_broken(r, "a failed reading is not taken for an empty one", -1,
                               "%s has %lld people, and its list has %zu", name,
                               (long long)r->sizes[t], ob_list_count(&rows));
        ob_buf_fini(&json);
        ob_value_fini(&rows);
        if (st != OB_OK)
            return st;
    }
    return OB_OK;
}

/* Is the step with this path behind the wait, in its line of proposals? */
static bool is_behind(const char *wait, const char *path)
{
    const char *last = strrchr(wait, '.');
    size_t prefix = last ? (size_t)(last - wait) + 1 : 0;
    if (strncmp(wait, path, prefix) != 0)
        return false;
    return strtoll(path + prefix, NULL, 10) > strtoll(wait + prefix, NULL, 10);
}

static bool check_call(void *ctx, const struct ob_call_row *c)
{
    struct ob_rehearsal *r = ctx;
    for (size_t i = 0; i < r->books.step_count; i++) {
        const struct ob_deed_step *s = &r->books.steps[i];
        if (s->due_ms && c->sent_ms < s->due_ms && c->kind == OB_CALL_ACT &&
            is_behind(s->path, c->step))
            ob_rule_broken(r, "nothing is done before its wait is over", -1,
                           "%s: a call of %s left before the wait (step %s) was over", c->target,
                           c->action, s->path);
    }
    return true;
}

static enum ob_status check_waits(struct ob_rehearsal *r, struct ob_err *err)
{
    return ob_ledger_call_each(r->ledger, r->run, NULL, check_call, r, err);
}

static void check_expects(struct ob_rehearsal *r)
{
    struct ob_err why;
    if (!r->policy || r->out->rule || !ob_policy_expect_count(r->policy))
        return;
    if (ob_policy_expects(r->policy, ob_rehearsal_world(r), &why) != OB_OK)
        ob_rule_broken(r, "what the policy expects", -1, "%s", why.message);
}

enum ob_status ob_rules_at_end(struct ob_rehearsal *r, struct ob_err *err)
{
    check_people(r);
    if (r->login_as_other)
        ob_rule_broken(r, "nobody's login but the administrator's", -1,
                       "somebody else was logged in");
    enum ob_status st = check_lists(r, err);
    if (st == OB_OK)
        st = check_waits(r, err);
    if (st == OB_OK)
        st = search_ledger(r, err);
    check_expects(r);
    return st;
}
