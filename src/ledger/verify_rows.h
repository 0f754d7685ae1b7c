/* What the events say of each row, the last word of each. Used by verify.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ob_recorded {
    int64_t rowid;
    int64_t seq; /* the event that said it last; 0: a free place */
    int32_t table;
    bool deleted;
    bool met; /* the row was there */
    unsigned char hash[32];
};

struct ob_recorded_rows {
    struct ob_recorded *at;
    size_t count, cap; /* cap: a power of two */
};
void ob_recorded_free(struct ob_recorded_rows *r);
/* The place of a row; made, with seq 0, when it is not there. Good until the next one. */
struct ob_recorded *ob_recorded_put(struct ob_recorded_rows *r, int32_t table, int64_t rowid);
/* NULL: no event names it. */
struct ob_recorded *ob_recorded_get(struct ob_recorded_rows *r, int32_t table, int64_t rowid);
