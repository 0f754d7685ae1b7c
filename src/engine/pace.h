/* The pace of calls: one budget for each target, shared by all its calls, that finds a limit which
 * nobody told it. Pure: no I/O and no clock of its own; times are monotonic milliseconds. What it
 * does and why stands in pace.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ob_random;

#define OB_PACE_SEEN 256
#define OB_PACE_TEXT 48

enum ob_pace_aim {
    OB_PACE_OPEN,  /* no limit was met: calls in flight are what is bounded */
    OB_PACE_HOLD,  /* a limit is known: just below it, and seldom a look above */
    OB_PACE_CLIMB, /* looking for it between `lo` and `hi` */
};

struct ob_pace_call { /* what a call has to remember of its leaving */
    int64_t at;
    unsigned storm;
    bool pressed; /* it left because the budget let it, not because nobody wanted to earlier */
};

struct ob_pace_pool {
    double calls, refused;
};

struct ob_pace {
    int parallel;
    double cap_ms; /* the operator's: at least so long between two calls; 0: none */
    /* what is believed */
    enum ob_pace_aim aim;
    double rate;             /* calls a second; 0: no limit was met */
    double lo, hi;           /* passed for a while; refused (0: nothing is known to be refused) */
    double base;             /* where the climb began */
    double good;             /* held for long */
    double gain;             /* of the next step up */
    bool look;               /* this climb began where all was well */
    bool doubted;            /* little is known: the next look comes soon and goes far */
    bool small;              /* the last look above: large and small ones take turns */
    int failures;            /* of large ones in a row */
    int window, grown;       /* OPEN: so many in flight; accepted since it grew */
    int64_t pause, patience; /* calls and milliseconds until the next look above */
    double saved;            /* what the next run would begin with */
    /* when the next call may leave */
    double next_at, cap_at;
    int64_t hold_until; /* our own */
    int64_t said_until; /* the cloud's */
    int64_t last_at;
    /* since this rate began */
    int64_t since, calls;
    /* since the last refusal */
    int64_t passed;
    double busy_ms;
    int64_t fresh_at; /* a run that began after a whole quiet second */
    /* a storm: from a refusal to the next call that is accepted (pace_storm.c) */
    unsigned storm;             /* its number */
    bool scouting, scout_out;   /* one call at a time looks whether it is over */
    int depth;                  /* refused scouts */
    int in_row;                 /* refused calls since one was accepted */
    int64_t storm_at;           /* when the first that was refused had left */
    int64_t blind_ms;           /* the last wait for a scout, doubled each time */
    int64_t run_at, run_passed; /* of the run before it */
    double before;              /* the rate when it began */
    double recount;             /* what was counted, while answers may still add to it */
    bool recent;                /* the rate was counted, and nothing refused since */
    bool spared;                /* it changed no rate */
    bool lucky;                 /* enough passed before the storm for it to be an accident */
    int64_t quiet_ms;           /* from the last storm's beginning to its end */
    bool sure;                  /* the new rate was counted, not guessed */
    /* refusals by lot (pace_lot.c) */
    double top;    /* the rate at which a series of refusals began; 0: there is none */
    double immune; /* so large a share is refused whatever the rate; 0: none */
    struct ob_pace_pool above, below; /* calls at more than half of `top`, and at less */
    /* calls that were accepted */
    int64_t last_ok;            /* when the last call that was accepted had left */
    int64_t seen[OB_PACE_SEEN]; /* the same for those before it, as a ring */
    size_t seen_count;
};

/* `cap_calls` in any `cap_ms`, 0: no cap. */
void ob_pace_init(struct ob_pace *p, int parallel, int cap_calls, int64_t cap_ms);
/* When the next call may leave; INT64_MAX: not before an answer came. */
int64_t ob_pace_next(const struct ob_pace *p, int in_flight);

/* Each call that left is followed by exactly one of the three below. */
void ob_pace_sent(struct ob_pace *p, struct ob_pace_call *call, int64_t now, int in_flight);
void ob_pace_accepted(struct ob_pace *p, const struct ob_pace_call *call, int64_t now);
/* `said_ms`: the cloud's own delay, 0 if it said none. Answers for how long nothing leaves now. */
int64_t ob_pace_refused(struct ob_pace *p, const struct ob_pace_call *call, int64_t now,
                        int64_t said_ms, struct ob_random *rnd);
/* No answer, or one that says nothing about the pace. */
void ob_pace_lost(struct ob_pace *p, const struct ob_pace_call *call);

/* What is worth being kept for the next run, when it is news; false when not. */
bool ob_pace_learned(struct ob_pace *p, int64_t wall_ms, char out[OB_PACE_TEXT]);
/* Goes on from what an earlier run has learned; nonsense is ignored. */
void ob_pace_recall(struct ob_pace *p, const char *text, int64_t wall_ms);
