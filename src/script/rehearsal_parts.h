/* What the files of the rehearsal share: rehearsal_clouds.c (configuration and simulated
 * clouds), rehearsal_people.c (who is in them), rehearsal_world.c (time, calls, crashes),
 * rehearsal.c (a run from plan to end), rehearsal_books.c (who is where, by ledger and clouds),
 * rehearsal_rules.c, rehearsal_shrink.c, rehearsal_story.c. Inside src/script only. */
#pragma once
#include "engine/idmap.h"
#include "script/rehearsal.h"
#include "script/sim.h"

struct ob_place { /* where a target is simulated */
    int rank;     /* which of the simulators */
    const char *cloud;
};

struct ob_flight { /* a call on its way */
    int64_t due_ms;
    struct ob_completion c;
};

struct ob_effect { /* what a cloud really did to somebody */
    int target;
    char *id;
    char op[24];
    int64_t at_ms;
};

struct ob_event { /* for a story */
    int64_t at_ms;
    bool trouble; /* a fault or a crash, else an ordinary thing */
    char *text;
};

struct ob_deed { /* a person in a step, by the ledger */
    int64_t subject;
    size_t step;
    enum ob_person_state state;
    char *detail;
};

struct ob_deed_step {
    char *path, *target, *action;
    int at; /* target's number */
    enum ob_kind kind;
    bool raw;       /* a request of the policy's own */
    bool straight;  /* the policy says that who is active may be deleted */
    int64_t due_ms; /* of a wait, on the wall clock; 0: it is none */
};

struct ob_subject { /* a person in a target */
    int target;
    char *id, *key; /* key: the name, or NULL when no step names them */
    char *mark;     /* for the map */
    bool planned;
    const char *before, *after; /* active, disabled, absent */
    size_t first_effect;        /* unused when effects == 0 */
    size_t effects;
};

struct ob_books {
    struct ob_idmap map; /* "target\nid" -> subject */
    struct ob_subject *subjects;
    size_t count;
    struct ob_deed_step *steps;
    size_t step_count;
    struct ob_deed *deeds;
    size_t deed_count;
};

struct ob_rehearsal {
    struct ob_rehearsal_setup setup;
    struct ob_config *config;
    struct ob_place *places; /* by target */
    struct ob_target **opened;
    struct ob_sim **sims;
    int sim_count;
    struct ob_bound_input *inputs; /* lent ones first, then invented ones, which are ours */
    size_t input_count, lent_inputs;
    int64_t people, invented;
    char *wanted; /* an input that nobody bound */
    int wanted_format;
    struct ob_value planned; /* of a run without troubles: { name, id, id, ... } for each person */
    struct ob_idmap planned_at;
    struct ob_value rows; /* of which the people of the clouds are made */
    int64_t others;
    struct ob_value vars;
    struct ob_clock clock;
    struct ob_rehearsing rehearsing;

    /* of one run */
    const struct ob_schedule *schedule;
    struct ob_ledger *ledger;
    struct ob_policy *policy;
    struct ob_value plan, world;
    int64_t run;
    int64_t now_ms;
    int64_t *sizes; /* of the targets' clouds before anything is changed */
    struct ob_flight *flights;
    size_t flight_count;
    bool dead;     /* the process "ended": nothing is written, sent or heard any more */
    bool counting; /* points are */
    int64_t requests, points, waited_ms;
    int rank; /* of the simulator that is asked now */
    struct ob_effect *effects;
    size_t effect_count;
    struct ob_call_tally *calls;
    size_t call_count;
    bool unknown_seen; /* in this life */
    bool login_as_other;
    bool tell;
    struct ob_event *events;
    size_t event_count;
    struct ob_books books;
    struct ob_rehearsed *out;
    int64_t culprit; /* subject, or -1 */
};

/* ---- rehearsal_clouds.c ---- */
OB_MUST_CHECK enum ob_status ob_clouds_make(struct ob_rehearsal *r, struct ob_err *err);
void ob_clouds_free(struct ob_rehearsal *r);
/* Fresh clouds with what the schedule says of them. */
OB_MUST_CHECK enum ob_status ob_clouds_again(struct ob_rehearsal *r, struct ob_err *err);
/* No fault from now on, but people whom the clouds refuse. */
OB_MUST_CHECK enum ob_status ob_clouds_calm(struct ob_rehearsal *r, struct ob_err *err);
/* How these people stand now; words in *out, in the same order. */
OB_MUST_CHECK enum ob_status ob_clouds_standing(struct ob_rehearsal *r, int target,
                                                const struct ob_value *ids, struct ob_value *out,
                                                struct ob_err *err);
/* How many people a target's cloud has; -1 when it cannot be said. */
int64_t ob_clouds_size(struct ob_rehearsal *r, int target);
/* The options that all simulators have. */
void ob_clouds_options(const struct ob_rehearsal *r, struct ob_value *options);

/* ---- rehearsal_people.c ---- */
/* The simulators, with the people. */
OB_MUST_CHECK enum ob_status ob_people_make(struct ob_rehearsal *r, struct ob_err *err);
/* Ids that the plan names and no cloud has (a column that is not known here) are added, where no
 * export says who there is; *added: the clouds were built again. */
OB_MUST_CHECK enum ob_status ob_people_complete(struct ob_rehearsal *r, bool *added,
                                                struct ob_err *err);
/* Notes that this input is wanted; ob_clouds_invented() makes it: false when there is none to make.
 */
void ob_clouds_missing(void *ctx, const char *name, int format);
bool ob_clouds_invented(struct ob_rehearsal *r);

/* ---- rehearsal_world.c ---- */
void ob_world_make(struct ob_rehearsal *r);
struct ob_transport ob_world_transport(struct ob_rehearsal *r);
/* Forgets what was on its way. */
void ob_world_land(struct ob_rehearsal *r);
/* A place where the process may end; false: it did, now or before. */
bool ob_world_point(struct ob_rehearsal *r, const char *what);
void ob_world_reset(struct ob_rehearsal *r);
void ob_world_note(void *ctx, const struct ob_notice *n);
void ob_world_tell(struct ob_rehearsal *r, bool trouble, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- rehearsal_books.c ---- */
OB_MUST_CHECK enum ob_status ob_books_begin(struct ob_rehearsal *r, struct ob_err *err);
/* The ledger as it is now: steps and deeds; what was there before is forgotten. */
OB_MUST_CHECK enum ob_status ob_books_read(struct ob_rehearsal *r, struct ob_err *err);
/* The clouds as they are now. */
OB_MUST_CHECK enum ob_status ob_books_end(struct ob_rehearsal *r, struct ob_err *err);
void ob_books_fini(struct ob_books *b);
/* The kind of change that a cloud calls so; -1: none that steps make. */
int ob_effect_kind(const char *op);

/* ---- rehearsal_ask.c ---- */
void ob_counts_add(struct ob_counts *c, enum ob_person_state state);
/* All people of the run into r->out->counts. */
OB_MUST_CHECK enum ob_status ob_counts_read(struct ob_rehearsal *r, struct ob_err *err);

/* ---- rehearsal_rules.c ---- */
/* The first rule that is broken goes into r->out. */
void ob_rules_after_life(struct ob_rehearsal *r);
OB_MUST_CHECK enum ob_status ob_rules_at_end(struct ob_rehearsal *r, struct ob_err *err);
void ob_rule_broken(struct ob_rehearsal *r, const char *rule, int64_t subject, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void ob_rule_text(struct ob_rehearsal *r, const char *text); /* no secret in it */
