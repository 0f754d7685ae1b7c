/* Waves, calls and what the cloud answers to them. Who goes into which call is the splitter's
 * (isolate.h): it has the people of the wave that is at work, and is told how each call ended. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/step.h"

/* So many people refused alone, with codes nobody knows and nobody accepted in between, and it
 * is not about people: the rest is spared the calls. */
#define SUSPECTS_MAX 8
/* But trying so few costs less than being wrong about one of them. */
#define FEW 64

struct place { /* of one person in the line for a wave */
    bool admin;
    size_t group, person;
};

static int by_group(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->admin != y->admin)
        return x->admin ? 1 : -1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->person > y->person) - (x->person < y->person);
}

/* Those who are ready, in order; where not all may share a call, those who may stand together.
 * Administrators stand at the end; the others are `ordinary`. */
static struct place *line_up(const struct ob_step *s, size_t *count, size_t *ordinary)
{
    struct place *line = ob_xcalloc(s->op.count ? s->op.count : 1, sizeof *line);
    *count = *ordinary = 0;
    for (size_t i = 0; i < s->op.count; i++) {
        if (s->op.people[i].state != OB_P_READY)
            continue;
        bool admin = s->progress[i].admin;
        *ordinary += !admin;
        line[(*count)++] = (struct place){admin, s->group ? s->group[i] : 0, i};
    }
    if (s->group || *ordinary < *count)
        qsort(line, *count, sizeof *line, by_group);
    return line;
}

static size_t wave_size(const struct ob_step *s)
{
    size_t size = s->wave_at < s->wave_count ? s->waves[s->wave_at] : s->op.count;
    return s->gated && size > (size_t)s->chunk ? (size_t)s->chunk : size;
}

bool ob_act_plan_wave(struct ob_step *s)
{
    size_t left, ordinary, size = wave_size(s);
    struct place *line = line_up(s, &left, &ordinary);
    bool admin = left && !ordinary; /* one at a time, and not before they were counted */
    if (size > ordinary)
        size = admin ? 1 : ordinary;
    s->admin_next = admin ? line[0].person : OB_IDMAP_NONE;
    ob_splitter_clear(s->splitter);
    for (size_t k = 0; k < left && k < size; k++)
        ob_splitter_add(s->splitter, line[k].person, s->progress[line[k].person].alone);
    free(line);
    s->wave_at++;
    return left > 0;
}

/* ---- reading the answer ---- */

static void set_all(struct ob_engine *e, struct ob_step *s, const struct ob_job *job,
                    enum ob_person_state state, const char *detail)
{
    for (size_t i = 0; i < job->count; i++)
        ob_step_person(e, s, job->members[i], state, detail);
}

static char *words_of(const struct ob_value *entry, const struct ob_answer *a)
{
    const char *code = ob_map_str(entry, "code"), *message = ob_map_str(entry, "message");
    if (!code || !*code)
        code = a->code;
    if (!message || !*message)
        message = a->message;
    bool both = code && *code && message && *message;
    return ob_xasprintf("%s%s%s", code ? code : "", both ? ": " : "", message ? message : "");
}

static void refused_alone(struct ob_engine *e, struct ob_step *s, size_t i, const char *words)
{
    s->progress[i].refused = true;
    ob_step_person(e, s, i, OB_P_DOUBT, *words ? words : "refused without a reason");
}

/* Refused, and not because of this one, whom an earlier call may have served: then read first. */
static void fail(struct ob_engine *e, struct ob_step *s, size_t i, const char *why)
{
    if (s->progress[i].doubted) {
        refused_alone(e, s, i, why);
        return;
    }
    s->wave_bad++;
    ob_step_person(e, s, i, OB_P_FAILED, why);
}

/* One person of whom the answer speaks. */
static void one_person(struct ob_engine *e, struct ob_step *s, const struct ob_job *job,
                       const struct ob_value *entry, const struct ob_answer *a)
{
    const char *id = ob_map_str(entry, "id"), *outcome = ob_map_str(entry, "outcome");
    size_t i = id ? ob_idmap_get(&s->map, id) : OB_IDMAP_NONE;
    if (i == OB_IDMAP_NONE || !outcome || s->progress[i].job != job ||
        s->op.people[i].state != OB_P_SENT)
        return; /* not one of those in this call: another one's answer must not speak for them */
    char *words = words_of(entry, a);
    if (strcmp(outcome, "accepted") == 0)
        ob_step_person(e, s, i, OB_P_ACCEPTED, NULL);
    else if (strcmp(outcome, "doubt") == 0)
        ob_step_person(e, s, i, OB_P_DOUBT, words);
    else
        refused_alone(e, s, i, words);
    free(words);
}

static void carried_out(struct ob_engine *e, struct ob_step *s, const struct ob_job *job,
                        const struct ob_answer *a)
{
    for (size_t i = 0; i < ob_list_count(&a->people); i++)
        one_person(e, s, job, ob_list_at(&a->people, i), a);
    for (size_t i = 0; i < job->count; i++) {
        if (s->op.people[job->members[i]].state != OB_P_SENT)
            continue;
        ob_step_person(e, s, job->members[i], a->rest_in_doubt ? OB_P_DOUBT : OB_P_ACCEPTED,
                       a->rest_in_doubt ? "the answer does not say what became of this person"
                                        : NULL);
    }
    s->suspects = 0;
}

static void count_sent(struct ob_step *s, const struct ob_job *job, bool doubt, bool answered)
{
    for (size_t i = 0; i < job->count; i++) {
        struct ob_progress *g = &s->progress[job->members[i]];
        g->sends++;
        g->answered = answered;
        g->doubted = g->doubted || doubt;
    }
}

/* An attempt of this very call that was throttled may have been carried out in part. */
static void doubt_throttled(struct ob_step *s, const struct ob_job *job)
{
    for (size_t i = 0; i < job->count && job->throttled; i++)
        s->progress[job->members[i]].doubted = true;
}

/* One verdict for all, and it was no: perhaps nothing was done, perhaps all but one are gone. So
 * the cloud is read before anything is sent again, and who is still there goes alone: then the
 * verdict is about that person. */
static void refused_together(struct ob_engine *e, struct ob_step *s, const struct ob_job *job,
                             const struct ob_answer *a)
{
    struct ob_value none = {0};
    char *words = words_of(&none, a);
    count_sent(s, job, true, true);
    for (size_t i = 0; i < job->count; i++)
        s->progress[job->members[i]].alone = true;
    set_all(e, s, job, OB_P_DOUBT, *words ? words : "refused without a reason");
    free(words);
    ob_splitter_feed(s->splitter, job->tag, OB_VERDICT_TOGETHER);
}

/* Everybody who has not been tried yet fails with the words that all the others got. */
static void leave_hopeless(struct ob_engine *e, struct ob_step *s)
{
    ob_splitter_clear(s->splitter);
    char *why = ob_xasprintf("not tried: %d people were refused one by one with %s", SUSPECTS_MAX,
                             s->hopeless_words);
    for (size_t i = 0; i < s->op.count; i++)
        if (s->op.people[i].state == OB_P_READY)
            fail(e, s, i, why);
    free(why);
}

/* Somebody of this step was accepted, perhaps by an earlier process: then refusals are about
 * people. After a crash mostly those are left who will be refused. */
static bool is_hopeless(const struct ob_step *s)
{
    size_t left = 0;
    for (size_t i = 0; i < s->op.count; i++) {
        enum ob_person_state st = s->op.people[i].state;
        if (st == OB_P_SUCCEEDED || st == OB_P_ACCEPTED)
            return false;
        left += st == OB_P_READY;
    }
    return left > FEW;
}

/* Hints: an answer that speaks of people of other calls names nobody. */
static void name_culprits(struct ob_step *s, const struct ob_job *job, const struct ob_answer *a)
{
    for (size_t k = 0; k < ob_list_count(&a->people); k++) {
        const char *id = ob_map_str(ob_list_at(&a->people, k), "id");
        size_t i = id ? ob_idmap_get(&s->map, id) : OB_IDMAP_NONE;
        if (i != OB_IDMAP_NONE && s->progress[i].job == job)
            ob_splitter_name(s->splitter, i);
    }
}

static void refused(struct ob_engine *e, struct ob_step *s, const struct ob_job *job,
                    const struct ob_answer *a)
{
    struct ob_value none = {0};
    name_culprits(s, job, a);
    if (!ob_splitter_feed(s->splitter, job->tag, OB_VERDICT_REFUSED)) {
        set_all(e, s, job, OB_P_READY, NULL);
        return;
    }
    char *words = words_of(&none, a);
    refused_alone(e, s, job->members[0], words);
    free(words);
    if (a->meaning == OB_SAYS_SUSPECT && s->chunk > 1 && ++s->suspects >= SUSPECTS_MAX)
        s->hopeless = s->hopeless || is_hopeless(s);
    if (s->hopeless && !s->hopeless_words)
        s->hopeless_words = words_of(&none, a);
}

static void answered(struct ob_engine *e, struct ob_step *s, struct ob_job *job,
                     const struct ob_answer *a, const struct ob_err *err)
{
    doubt_throttled(s, job);
    if (a->meaning == OB_SAYS_DONE) {
        count_sent(s, job, false, true);
        carried_out(e, s, job, a);
        ob_splitter_feed(s->splitter, job->tag, OB_VERDICT_ACCEPTED);
    } else if (a->meaning == OB_SAYS_REQUEST) {
        for (size_t i = 0; i < job->count; i++)
            fail(e, s, job->members[i], err->message);
        ob_splitter_feed(s->splitter, job->tag, OB_VERDICT_OTHER);
    } else if (s->action->contract == OB_ONE_VERDICT && job->count > 1) {
        refused_together(e, s, job, a);
    } else {
        refused(e, s, job, a);
    }
}

static void act_done(struct ob_engine *e, struct ob_job *job, enum ob_job_end how,
                     const struct ob_answer *a, const struct ob_response *response,
                     const struct ob_err *err)
{
    struct ob_step *s = job->owner;
    if (how == OB_JOB_DROPPED)
        return;
    s->calls_out--;
    if (how == OB_JOB_ANSWERED) {
        answered(e, s, job, a, err);
    } else {
        bool doubt = how == OB_JOB_DOUBT;
        if (doubt)
            count_sent(s, job, true, false);
        set_all(e, s, job, doubt ? OB_P_DOUBT : OB_P_READY, doubt ? err->message : NULL);
        ob_splitter_feed(s->splitter, job->tag, OB_VERDICT_OTHER);
    }
    if (s->hopeless && how != OB_JOB_STOPPED)
        leave_hopeless(e, s);
}

/* ---- sending ---- */

/* The ledger counts the same at the intent. */
static void act_launched(struct ob_job *job)
{
    struct ob_step *s = job->owner;
    for (size_t i = 0; i < job->count; i++)
        s->op.people[job->members[i]].calls++;
}

/* What an action that puts back is told of each, in the order of the ids. */
static void add_snapshots(const struct ob_step *s, struct ob_job *job)
{
    struct ob_value *list = ob_map_put(&job->args, "people");
    ob_value_set_list(list);
    for (size_t i = 0; i < job->count; i++)
        ob_value_copy(ob_list_push(list), s->snapshots[job->members[i]]);
}

static void act_job(struct ob_engine *e, struct ob_step *s, struct ob_family *f)
{
    size_t n = f->sent;
    struct ob_job *job = ob_job_new(s->ts, OB_CALL_ACT, s->action->name, act_done, s);
    const char **ids = ob_xcalloc(n, sizeof *ids);
    job->tag = f;
    job->launched = act_launched;
    job->step = s->path;
    job->count = n;
    job->members = ob_xcalloc(n, sizeof *job->members);
    job->people = ob_xcalloc(n, sizeof *job->people);
    for (size_t i = 0; i < n; i++) {
        size_t member = job->members[i] = f->bad[i];
        job->people[i] = s->index[member];
        s->op.people[member].state = OB_P_SENT;
        s->progress[member].job = job;
        ids[i] = s->ids[member];
    }
    ob_job_ids(job, ids, n);
    if (s->snapshots)
        add_snapshots(s, job);
    free(ids);
    s->calls_out++;
    ob_job_queue(e, job);
}

void ob_act_issue(struct ob_engine *e, struct ob_step *s)
{
    struct ob_family *f;
    while (s->calls_out < (size_t)s->parallel && !ob_step_tripped(e, s) &&
           (f = ob_splitter_next(s->splitter)))
        act_job(e, s, f);
    if (!s->calls_out && !s->hopeless)
        ob_step_learn(e, s);
}
