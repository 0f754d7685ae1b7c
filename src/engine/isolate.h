/* Who goes into the next call, and because of whom an all-or-nothing call was refused: with as few
 * calls as sizes.h knows how. Pure.
 *
 * All people of a wave stand in one line. A group from its front is sent whole. When it is refused
 * it is a family: its front is sent, and the part that must hold a culprit becomes smaller until
 * one stands alone and is refused alone. Whoever of the family was not accepted by then goes back
 * to the front of the line, and into another group. Several families are at work side by side.
 *
 * An answer may name culprits. The first one named is tried alone; once such a one proved right,
 * those who are named go alone and all others of their call back into the line, in calls as large
 * as may be, since the next answer will say who spoils them. When somebody was named and accepted,
 * names are not believed any more, unless they proved right many times before.
 *
 * What it costs at most, whatever the cloud answers: a group of g is refused once, and the part
 * that holds a culprit shrinks to three quarters or less with each further call, so a culprit
 * takes no more than 3 + log(g) / log(4/3) of them. */
#pragma once
#include "engine/sizes.h"

struct ob_family {
    size_t *bad, count; /* not accepted yet, in the order of the line */
    size_t sent;        /* the first so many of `bad` are in the call that is out, or was */
    bool known;         /* `bad` holds a culprit: it was refused, or all others of it were not */
    bool out;
};

struct ob_splitter {
    struct ob_sizes sizes;
    const size_t *group;  /* only equal numbers share a call; lent; NULL: all do */
    unsigned char *marks; /* by person */
    size_t *line, head, count, room;
    struct ob_family **families; /* those that wait stand behind each other: the last is next */
    size_t family_count, family_room;
    bool telling;        /* the last refusal of several named somebody */
    size_t right, wrong; /* people named by answers who were refused alone, and who were not */
};

/* For people 0 .. people - 1, `cap` in one call. What earlier runs met: see sizes.h. */
struct ob_splitter *ob_splitter_new(size_t people, size_t cap, const size_t *group, double culprits,
                                    double among);
void ob_splitter_free(struct ob_splitter *s);

/* Behind all others; `alone`: in no company. */
void ob_splitter_add(struct ob_splitter *s, size_t person, bool alone);
/* Forgets everybody who is not in a call. */
void ob_splitter_clear(struct ob_splitter *s);

/* The next call, the first f->sent of f->bad. NULL when nobody can be sent now. */
struct ob_family *ob_splitter_next(struct ob_splitter *s);

enum ob_verdict {
    OB_VERDICT_ACCEPTED, /* whatever became of each: the call was carried out */
    OB_VERDICT_REFUSED,  /* because of somebody in it; nothing was done */
    OB_VERDICT_TOGETHER, /* because of somebody in it, and all of it leave the splitter's hands */
    OB_VERDICT_OTHER,    /* in doubt, stopped: all of it leave the splitter's hands */
};
/* Before a refusal is fed: `person`, who is in that call, is named as a culprit. */
void ob_splitter_name(struct ob_splitter *s, size_t person);
/* Says how the call ended; `f` may be gone then. True when one was refused alone: a culprit, who
 * leaves the splitter. */
bool ob_splitter_feed(struct ob_splitter *s, struct ob_family *f, enum ob_verdict v);
