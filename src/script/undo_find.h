/* What of a run is to be undone, and by what: steps in reverse order, for each the actions that its
 * action names as its undo, for each of those the people whom the step changed, with what they
 * were before. Read from the ledger; nothing here is sent. Inside src/script only. */
#pragma once
#include "script/policy_parts.h"

struct ob_undo_step {
    char *path;
    struct ob_target *target;
    const struct ob_action *action; /* which is undone */
};

struct ob_undo_work { /* last step first */
    int64_t run;
    int64_t by;         /* the run that undoes; the same for what a policy undoes itself */
    const char *prefix; /* lent: the path of the undo */
    struct ob_undo_step *steps;
    size_t count, at;
    size_t link; /* of the chain of actions that undo the step */
};
void ob_undo_work_fini(struct ob_undo_work *w);

/* The people of one step of an undo, all arrays by person. */
struct ob_undo_part {
    struct ob_target *target;
    const struct ob_action *action; /* which undoes */
    const struct ob_action *undoes; /* what it undoes */
    char *of;                       /* path of the step that is undone */
    size_t link;
    size_t count, cap;
    char **keys, **ids;
    int64_t *index, *calls;   /* their rows in the step that is undone */
    bool *doubtful;           /* what became of them there is not known */
    struct ob_value document; /* list of the snapshots */
    const struct ob_value **snapshots;
    char **groups;
    char **lost; /* keys of those whom nothing is known of that could be brought back */
    size_t lost_count;
};
void ob_undo_part_fini(struct ob_undo_part *p);

/* Steps of the run that changed somebody; `paths`: only these (a list), NULL: all. */
OB_MUST_CHECK enum ob_status ob_undo_find(struct ob_undo_work *w, struct ob_policy *p, int64_t run,
                                          const char *prefix, const struct ob_value *paths,
                                          struct ob_err *err);
/* "4.u2", "4.u2:2": where the undo at `prefix` takes step `of` back. */
char *ob_undo_path(const char *prefix, const char *of, size_t link);
/* "7:1.u1": run 7 undoes it by its step 1.u1 (engine/marks.h). */
char *ob_undo_mark(const struct ob_undo_work *w, const struct ob_undo_step *s);
/* The next part; *more is false after the last one. `may`: is this person still to be touched? */
OB_MUST_CHECK enum ob_status ob_undo_next(struct ob_undo_work *w, struct ob_ledger *l,
                                          bool (*may)(void *ctx, const char *key), void *ctx,
                                          struct ob_undo_part *part, bool *more,
                                          struct ob_err *err);
/* The ids of those whom an earlier undo of the step at work has brought back, as a map. */
OB_MUST_CHECK enum ob_status ob_undo_earlier(struct ob_undo_work *w, struct ob_ledger *l,
                                             struct ob_value *back, struct ob_err *err);
/* From now on no resume acts on what was in doubt in any of these steps: undoing has begun. */
OB_MUST_CHECK enum ob_status ob_undo_close(struct ob_undo_work *w, struct ob_ledger *l,
                                           struct ob_err *err);
/* True when all of them are closed by this very undo. */
OB_MUST_CHECK enum ob_status ob_undo_is_begun(struct ob_undo_work *w, struct ob_ledger *l,
                                              bool *begun, struct ob_err *err);
/* Somebody was in doubt, and the undo's readings have told: keeps it where the doubt was. */
OB_MUST_CHECK enum ob_status ob_undo_settle(struct ob_ledger *l, int64_t run,
                                            const struct ob_undo_part *part, size_t i,
                                            enum ob_person_state undone, struct ob_err *err);
/* Everybody whom the run names, as a table with the column "person". */
OB_MUST_CHECK enum ob_status ob_undo_people(struct ob_policy *p, int64_t run, struct ob_table **out,
                                            struct ob_err *err);
