/* Whom a run would leave out, as far as it is known while planning: administrators nobody named,
 * ids that are nearly somebody's. */
#include <stdio.h>
#include "cli/session.h"
#include "report/text.h"

#define SHOWN 20 /* unless everybody is asked for */

static size_t add_left(struct ob_grid *g, const struct ob_value *step, size_t shown, bool all)
{
    const struct ob_value *left = ob_map_get(step, "left");
    char of[200];
    snprintf(of, sizeof of, "%s %s %s", ob_map_str(step, "path"), ob_map_str(step, "target"),
             ob_map_str(step, "action"));
    for (size_t i = 0; i < ob_list_count(left); i++) {
        const struct ob_value *one = ob_list_at(left, i);
        const char *cells[] = {ob_value_str(ob_list_at(one, 0)), of,
                               ob_value_str(ob_list_at(one, 1))};
        if (all || shown + i < SHOWN)
            ob_grid_row(g, cells);
    }
    return ob_list_count(left);
}

void ob_show_left(const struct ob_cli *cli, const struct ob_value *doc, bool all, int width,
                  FILE *out)
{
    static const char *const names[] = {"left out", "of", "why"};
    const struct ob_value *steps = ob_map_get(doc, "steps");
    struct ob_grid *g = ob_grid_new(names, 3);
    size_t n = 0;
    for (size_t i = 0; i < ob_list_count(steps); i++)
        n += add_left(g, ob_list_at(steps, i), n, all);
    if (n) {
        fputc('\n', out);
        ob_grid_print(g, out, width, cli->color);
    }
    if (n > SHOWN && !all)
        fprintf(out, "and %zu more\n", n - SHOWN);
    ob_grid_free(g);
}
