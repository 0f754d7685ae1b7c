/* What goes wrong in a rehearsal, and where: a list that a seed draws, a person can read and type,
 * and shrinking makes shorter. As text: 4:drop-after,c12:crash,refuse=2 (request 4, point 12, and
 * something that holds all the time: the second person of the plan is refused by every cloud). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/status.h"

enum ob_trouble_kind {
    OB_TROUBLE_STRIKE, /* a fault at the request with this number */
    OB_TROUBLE_CRASH,  /* the process ends at the point with this number */
    OB_TROUBLE_WORLD,  /* refuse=2, or an option of the simulated clouds: contract=changing */
};

struct ob_trouble {
    enum ob_trouble_kind kind;
    int64_t at;
    char what[40];
};

struct ob_schedule {
    struct ob_trouble *v;
    size_t count;
};

void ob_schedule_fini(struct ob_schedule *s);
void ob_schedule_add(struct ob_schedule *s, const struct ob_trouble *t);
void ob_schedule_copy(struct ob_schedule *to, const struct ob_schedule *from);
/* OB_ERR_USAGE says which entry is not understood. */
OB_MUST_CHECK enum ob_status ob_schedule_parse(struct ob_schedule *out, const char *text,
                                               struct ob_err *err);
void ob_schedule_text(const struct ob_schedule *s, struct ob_buf *out);
/* One to five troubles among so many requests and points, and a little beyond. */
void ob_schedule_draw(struct ob_schedule *out, uint64_t seed, int64_t requests, int64_t points);
/* The fault of this request, or NULL. */
const char *ob_schedule_strike(const struct ob_schedule *s, int64_t request);
bool ob_schedule_crashes(const struct ob_schedule *s, int64_t point);
/* The names of all faults that can strike a request; NULL ends. */
extern const char *const ob_strikes[];
