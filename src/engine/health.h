/* Is what was read whole? A failed read is not an empty one, and neither is half a read: a source
 * is held against what is expected of it, against its last good read, and a directory against the
 * largest that it was lately. Pure but for the two that speak to the ledger; knows no formats. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "ledger/ledger.h"

#define OB_SHRINK_ABSENCE 0.5 /* of a source that proves absence, unless the policy says */

struct ob_source { /* an input as it was read; texts are lent */
    const char *policy, *input;
    const char *file; /* for messages */
    int64_t rows, bytes;
    int64_t mtime_ms;   /* 0: nobody knows */
    const char *digest; /* SHA-256, hex */
};

struct ob_demands {             /* of an input */
    int64_t rows_min, rows_max; /* -1: any */
    int64_t newer_than_ms;      /* -1: any */
    double shrink;              /* so large a share of the rows may be gone; negative: any */
};
/* Nothing is demanded. */
void ob_demands_init(struct ob_demands *d);

struct ob_good_read { /* the last one; at_ms 0: there was none */
    int64_t rows, bytes, mtime_ms, at_ms;
    char digest[65];
};

/* OB_ERR_INPUT names the file, the number, what was expected and the way out. */
OB_MUST_CHECK enum ob_status ob_health_check(const struct ob_source *s, const struct ob_demands *d,
                                             const struct ob_good_read *last, int64_t now_ms,
                                             struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_health_recall(struct ob_ledger *l, const struct ob_source *s,
                                              struct ob_good_read *out, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_health_remember(struct ob_ledger *l, const struct ob_source *s,
                                                int64_t now_ms, struct ob_err *err);

#define OB_POPULATION_SMALL 20 /* of so few half may leave on one day */

/* A directory that is complete by the cloud's own count may still be half of itself, when the
 * count is halved with it: fewer than half of `largest`, the most people it had in the last 30
 * days (less than OB_POPULATION_SMALL: nothing is concluded), is OB_ERR_INPUT. Where the operator
 * says how many there are at least (`least`; 0: does not), that is what counts. */
OB_MUST_CHECK enum ob_status ob_health_population(const char *target, int64_t count,
                                                  int64_t largest, int64_t least,
                                                  struct ob_err *err);
