/* How a trip is told: which limit, its value, whose it is, what was counted, and the way out. */
#include <inttypes.h>
#include <string.h>
#include "engine/limiter_parts.h"

static const char *verb(enum ob_limit_of of)
{
    static const char *const verbs[] = {"touched", "disabled", "deleted"};
    return verbs[of];
}

static const char *people(int64_t n)
{
    return n == 1 ? "person" : "people";
}

static void tell_runs(const struct ob_trip *t, struct ob_buf *out)
{
    size_t told = t->run_count < OB_RUNS_TOLD ? t->run_count : OB_RUNS_TOLD;
    for (size_t i = 0; i < told; i++)
        ob_buf_addf(out, "%s%" PRId64,
                    !i                     ? " by run "
                    : i + 1 < t->run_count ? ", "
                                           : " and ",
                    t->runs[i]);
    if (told < t->run_count)
        ob_buf_adds(out, " and others");
}

static void tell_window(const struct ob_trip *t, struct ob_buf *out)
{
    bool day = t->rule.what == OB_LIMIT_DAY;
    ob_buf_addf(out,
                "%s: %" PRId64 " %s would be %s within %s where %s allows %" PRId64 ": %" PRId64
                " now, %" PRId64 " in the last %s",
                t->target, t->counted, people(t->counted), verb(t->rule.of),
                day ? "24 hours" : "7 days", t->rule.by, t->rule.people, t->planned,
                t->counted - t->planned, day ? "24 hours" : "7 days");
    tell_runs(t, out);
}

void ob_trip_text(const struct ob_trip *t, struct ob_buf *out)
{
    if (t->rule.what == OB_LIMIT_DAY || t->rule.what == OB_LIMIT_WEEK)
        tell_window(t, out);
    else if (t->rule.what == OB_LIMIT_USERS)
        ob_buf_addf(out, "%s: %" PRId64 " %s would be %s where %s allows %" PRId64, t->target,
                    t->counted, people(t->counted), verb(t->rule.of), t->rule.by, t->rule.people);
    else
        ob_buf_addf(out,
                    "%s: %" PRId64 " of %" PRId64 " people (%.1f %%) would be %s where %s allows "
                    "%.4g %%, which is %" PRId64,
                    t->target, t->counted, t->population,
                    100.0 * (double)t->counted / (double)(t->population > 0 ? t->population : 1),
                    verb(t->rule.of), t->rule.by, t->rule.value * 100, t->rule.people);
}

static bool is_by(const struct ob_trip *t, const char *whose)
{
    return strcmp(t->rule.by, whose) == 0;
}

void ob_trip_way_out(const struct ob_trip *t, struct ob_buf *out)
{
    bool operators = is_by(t, "targets.lua") || is_by(t, "the default");
    if (t->run && t->rule.what >= OB_LIMIT_DAY)
        ob_buf_addf(out, "offboard resume %" PRId64 " goes on when the window has passed", t->run);
    else if (t->rule.people == 0 && operators)
        ob_buf_addf(out, "0 means none, and only targets.lua can say otherwise");
    else if (t->run)
        ob_buf_addf(out, "plan again, without them");
    else if (operators)
        ob_buf_addf(out,
                    "leave people out%s, or let this one plan pass with --ceiling %" PRId64
                    " and have that approved",
                    t->rule.what >= OB_LIMIT_DAY ? " or wait" : "", t->planned);
    else if (is_by(t, "--ceiling"))
        ob_buf_addf(out, "leave people out, or plan with --ceiling %" PRId64, t->planned);
    else
        ob_buf_addf(out, "leave people out%s", t->rule.what >= OB_LIMIT_DAY ? " or wait" : "");
}

void ob_trip_value(const struct ob_trip *t, struct ob_value *out)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_trip_text(t, &text);
    ob_value_set_map(out);
    ob_map_put_str(out, "target", t->target);
    ob_map_put_str(out, "of", ob_limit_of_word(t->rule.of));
    ob_map_put_str(out, "what", ob_limit_word(t->rule.what));
    ob_map_put_str(out, "by", t->rule.by);
    ob_map_put_int(out, "allowed", t->rule.people);
    ob_map_put_int(out, "counted", t->counted);
    ob_map_put_int(out, "planned", t->planned);
    ob_map_put_int(out, "recent", t->counted - t->planned);
    if (t->population >= 0)
        ob_map_put_int(out, "population", t->population);
    struct ob_value *runs = ob_map_put(out, "runs");
    ob_value_set_list(runs);
    for (size_t i = 0; i < t->run_count && i < OB_RUNS_TOLD; i++)
        ob_value_set_int(ob_list_push(runs), t->runs[i]);
    ob_map_put_str(out, "message", ob_buf_str(&text));
    ob_buf_fini(&text);
}
