/* Inside src/engine only: one proposal on its way, shared by step.c (phases), act.c (chunks and
 * their answers) and verify.c (what became of everybody). */
#pragma once
#include "engine/internal.h"

enum ob_phase {
    OB_PH_RECOVER, /* of an earlier process: what was in doubt is read first */
    OB_PH_CHECK,   /* what each person is now; snapshot of those that will be destroyed */
    OB_PH_COUNT,   /* an administrator is next: are there others? */
    OB_PH_ACT,     /* one wave of chunks */
    OB_PH_VERIFY,  /* the wave is read back */
    OB_PH_ASK,     /* gated: who proposed it says whether the next wave may go */
    OB_PH_OVER,
};

struct ob_progress {     /* of one person, beside what the ledger keeps */
    unsigned char sends; /* mutating calls by this process that were carried out or in doubt */
    unsigned char looks; /* readings that found the wanted state not there yet */
    bool refused;        /* the cloud refused this very person; `detail` has its words */
    bool doubted;        /* one of the calls may have been carried out unseen */
    bool answered;       /* the last call that named this person had an answer */
    bool alone;          /* goes without company from now on */
    bool listed;         /* when it was checked, it was somebody whom the directory's list shows */
    bool known;          /* the ledger has a row */
    bool asked;          /* in the reading that is out, and not seen yet */
    bool hands_off;      /* whatever readings show: nothing is sent for this one any more */
    bool doubtful;       /* what is to be undone here is itself in doubt: look with patience */
    bool admin;          /* an administrator, whom the action takes away: goes last and alone */
    const struct ob_job *job; /* the last call that named this person; only to compare with */
};

struct ob_step {
    struct ob_op op; /* first: the op that the host holds is the step */
    struct ob_step *next;
    struct ob_tstate *ts;
    const struct ob_action *action;
    char *path;
    char **keys, **ids;                /* owned; op.people borrows them */
    const char **lent_ids;             /* the same, for readers */
    const struct ob_value **snapshots; /* lent; NULL: the action needs none */
    size_t *group;                     /* only equal numbers share a call; NULL: all do */
    int64_t *index;                    /* of the ledger */
    struct ob_progress *progress;
    struct ob_idmap map;          /* id -> position */
    struct ob_evidence *evidence; /* NULL: none is required */
    enum ob_phase phase;
    bool reading;
    size_t calls_out;
    int parallel, chunk;
    size_t *waves, wave_count, wave_at; /* sizes; after the last one, all that are left */
    struct ob_splitter *splitter;       /* has those of this wave who are to be sent */
    double met_culprits, met_people;    /* by earlier runs, already faded by one */
    double kept_people;                 /* of this run's, when it was last written down */
    unsigned suspects; /* people refused alone with an unknown code, none accepted since */
    bool hopeless;     /* the refusals are about no person after all */
    char *hopeless_words;
    int64_t not_before;
    size_t wave_ok, wave_bad;
    struct ob_was *was;  /* by person; NULL: nothing is known of how they were */
    bool stop_on_change; /* one who changed since the plan stops the step, and is not left out */
    bool gated, undoes;
    bool frozen; /* the policy has gone on by what it was told: who is in doubt is only read */
    bool undone; /* it is being undone: nothing of it is done any more */
    struct ob_value admins; /* list: ids of administrators who may be acted upon */
    size_t admin_next;      /* the one of this wave, OB_IDMAP_NONE: there is none */
    size_t others;          /* administrators counted beside that one */
};

/* step.c */
void ob_step_person(struct ob_engine *e, struct ob_step *s, size_t i, enum ob_person_state state,
                    const char *detail);
bool ob_step_any_in_doubt(const struct ob_step *s);
/* step_limit.c */
bool ob_step_is_limited(const struct ob_engine *e, const struct ob_step *s);
bool ob_step_tripped(const struct ob_engine *e, const struct ob_step *s);
/* After a trip: whoever was ready is pending, and the step is to end. False: nobody was. */
bool ob_step_halt(struct ob_engine *e, struct ob_step *s);
/* act.c */
bool ob_act_plan_wave(struct ob_step *s); /* false: nobody is left to act upon */
void ob_act_issue(struct ob_engine *e, struct ob_step *s);
/* rank.c */
/* False: this one is not touched, and `why` says why. */
bool ob_rank_admit(struct ob_engine *e, struct ob_step *s, size_t i, const struct ob_value *row,
                   char *why, size_t size);
/* The phase COUNT; false: it is another step's turn. */
bool ob_rank_count(struct ob_engine *e, struct ob_step *s);
/* The wave is over, or the step is. */
void ob_rank_release(struct ob_engine *e, struct ob_step *s);
/* learned.c */
/* Makes the splitter, with what earlier runs met of culprits at this target and action. */
enum ob_status ob_step_recall(struct ob_engine *e, struct ob_step *s, struct ob_err *err);
/* Writes down what this run has met so far. */
void ob_step_learn(struct ob_engine *e, struct ob_step *s);
/* Who was refused alone by the last call that named them, in an earlier process, is so still. */
enum ob_status ob_step_recall_refused(struct ob_engine *e, struct ob_step *s, struct ob_err *err);
/* verify.c */
/* Starts reading everybody of the given states; false when there is nobody. */
bool ob_verify_start(struct ob_engine *e, struct ob_step *s);
bool ob_check_start(struct ob_engine *e, struct ob_step *s);
