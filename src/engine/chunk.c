/* See chunk.h. */
#include "engine/chunk.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

static size_t round_up(double share, size_t total)
{
    size_t n = (size_t)ceil(share * (double)total - 1e-9);
    return n ? n : 1;
}

size_t ob_share_of(const struct ob_value *v, size_t total)
{
    if (v->type == OB_INT)
        return v->i > 0 ? (size_t)v->i : 0;
    if (v->type == OB_NUM && v->n >= 1 && v->n == floor(v->n) && v->n < 1e9)
        return (size_t)v->n;
    if (v->type != OB_STR)
        return 0;
    char *end;
    double percent = strtod(v->s.p, &end);
    if (end == v->s.p || strcmp(end, "%") != 0 || !(percent > 0) || percent > 100)
        return 0;
    return round_up(percent / 100, total);
}

size_t *ob_waves(const struct ob_value *ramp, size_t total, size_t *count)
{
    *count = ob_list_count(ramp);
    if (!*count)
        return NULL;
    size_t *waves = ob_xcalloc(*count, sizeof *waves);
    for (size_t i = 0; i < *count; i++)
        waves[i] = ob_share_of(ob_list_at(ramp, i), total);
    return waves;
}
