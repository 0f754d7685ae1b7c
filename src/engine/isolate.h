/* Finding the people because of whom an all-or-nothing chunk is refused, with few calls. Pure.
 *
 * A family is one chunk. It is sent whole; when it is refused, the part known to hold a culprit
 * is halved: if its left half is accepted, the right half must hold one and is halved without
 * being sent whole; if the left half is refused, the right half is laid aside. When a culprit
 * stands alone, all that was laid aside is sent as one. This is binary splitting after Hwang
 * ("A method for detecting all defective members in a population by group testing", JASA 1972)
 * for one group: about log2(n) + 2 calls for each culprit where plain halving needs 2 log2(n). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct ob_family {
    size_t *bad; /* holds at least one culprit (or, before the first answer, the chunk) */
    size_t bad_count;
    size_t *rest; /* laid aside */
    size_t rest_count;
    size_t sent;  /* the first `sent` of `bad` are in the call that is out; 0: none */
    bool known;   /* `bad` is known to hold a culprit */
    size_t first; /* a hint: try so many of the front instead of half; 0: no hint */
};

struct ob_family *ob_family_new(const size_t *members, size_t count); /* copies */
void ob_family_free(struct ob_family *f);

/* The next people to send (lent until the next feed); 0 when the family is done. */
size_t ob_family_next(struct ob_family *f, const size_t **members);

enum ob_verdict {
    OB_VERDICT_ACCEPTED, /* whatever became of each: the chunk was carried out */
    OB_VERDICT_REFUSED,  /* because of somebody in it; nothing was done */
    OB_VERDICT_OTHER,    /* in doubt, stopped: these are out of the family's hands */
};
/* Says how the call ended that ob_family_next() gave. True when it was refused and had only one
 * member: that is a culprit, and it leaves the family. */
bool ob_family_feed(struct ob_family *f, enum ob_verdict v);
/* A hint, given before the refusal is fed: the members of the call that is out for which `named`
 * answers true are tried first and alone. Believed no further than the next answer. */
void ob_family_hint(struct ob_family *f, bool (*named)(void *ctx, size_t member), void *ctx);
/* Takes everybody who is left out of the family: calls `each`, then it is done. */
void ob_family_drain(struct ob_family *f, void (*each)(void *ctx, size_t member), void *ctx);
