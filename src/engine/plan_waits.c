/* What lies between a plan's beginning and a step of it: the waits, one a line. A run may wait more
 * than its plan, and never less. Pure. */
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/mem.h"
#include "engine/plan.h"

/* A moment that the policy has worked out from today's date is another one in the run. */
char *ob_waits_add(const char *waits, const struct ob_value *options)
{
    struct ob_value line;
    struct ob_buf out;
    ob_value_init(&line);
    ob_value_copy(&line, options);
    if (ob_map_get(&line, "until_"))
        ob_map_put_bool(&line, "until_", true);
    ob_buf_init(&out, OB_BUF_LARGE);
    ob_buf_adds(&out, waits ? waits : "");
    ob_json_write(&out, &line);
    ob_buf_addc(&out, '\n');
    ob_value_fini(&line);
    return ob_buf_take(&out);
}

bool ob_waits_hold(const char *planned, const char *waits)
{
    const char *want = planned ? planned : "", *has = waits ? waits : "";
    while (*want && *has) {
        size_t a = strcspn(want, "\n") + 1, b = strcspn(has, "\n") + 1;
        if (a == b && memcmp(want, has, a) == 0)
            want += a;
        has += b;
    }
    return !*want;
}
