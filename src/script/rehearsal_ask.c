/* What a rehearsal answers to those who report on it. */
#include "script/rehearsal_parts.h"

void ob_rehearsal_faults(struct ob_rehearsal *r, const char *faults)
{
    r->setup.faults = faults;
}

const struct ob_value *ob_rehearsal_plan(const struct ob_rehearsal *r)
{
    return &r->plan;
}

int64_t ob_rehearsal_people(const struct ob_rehearsal *r)
{
    return r->people;
}

int64_t ob_rehearsal_planned(const struct ob_rehearsal *r)
{
    return (int64_t)r->planned.map.count;
}

int64_t ob_rehearsal_place(const struct ob_rehearsal *r, const char *name)
{
    const struct ob_value *ids = ob_map_get(&r->planned, name);
    const char *at = (const char *)ids, *first = (const char *)&r->planned.map.pairs[0].value;
    return ids ? (int64_t)((size_t)(at - first) / sizeof(struct ob_pair)) + 1 : 0;
}

int64_t ob_rehearsal_invented(const struct ob_rehearsal *r)
{
    return r->invented;
}

const struct ob_call_tally *ob_rehearsal_calls(const struct ob_rehearsal *r, size_t *count)
{
    *count = r->call_count;
    return r->calls;
}

const char *ob_rehearsal_target(const struct ob_rehearsal *r, int target)
{
    return target >= 0 && (size_t)target < r->config->count ? r->config->targets[target].name
                                                            : "login";
}
