/* Limits that are exceeded: which, whose, what was counted, and everybody who would be touched. */
#include <string.h>
#include "cli/session.h"
#include "report/events.h"
#include "report/text.h"

static bool takes_away(const struct ob_value *step)
{
    const char *kind = ob_map_str(step, "kind");
    return kind && (strcmp(kind, "disable") == 0 || strcmp(kind, "delete") == 0);
}

static void emit(const char *name, const struct ob_value *fields)
{
    struct ob_event ev;
    ob_event_init(&ev, name);
    ob_value_fini(&ev.fields);
    ob_value_copy(&ev.fields, fields);
    ob_event_emit(&ev, stdout);
}

static void emit_all(const struct ob_value *trips, const struct ob_value *steps)
{
    for (size_t i = 0; i < ob_list_count(steps); i++)
        if (takes_away(ob_list_at(steps, i)))
            emit("step", ob_list_at(steps, i));
    for (size_t i = 0; i < ob_list_count(trips); i++)
        emit("trip", ob_list_at(trips, i));
}

static void print_step(const struct ob_cli *cli, const struct ob_value *step)
{
    static const char *const names[] = {"person", "account"};
    const struct ob_value *people = ob_map_get(step, "people");
    struct ob_grid *g = ob_grid_new(names, 2);
    for (size_t i = 0; i < ob_list_count(people); i++) {
        const struct ob_value *one = ob_list_at(people, i);
        const char *cells[] = {ob_value_str(ob_list_at(one, 0)), ob_value_str(ob_list_at(one, 1))};
        ob_grid_row(g, cells);
    }
    if (ob_list_count(people)) {
        fprintf(stderr, "%s %s %s:\n", ob_map_str(step, "path"), ob_map_str(step, "target"),
                ob_map_str(step, "action"));
        ob_grid_print(g, stderr, cli->tty_err ? ob_text_columns(fileno(stderr)) : 0, cli->color);
    }
    ob_grid_free(g);
}

void ob_show_trips(const struct ob_cli *cli, const struct ob_value *trips,
                   const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    if (!ob_list_count(trips))
        return;
    if (cli->json) {
        emit_all(trips, steps);
        return;
    }
    for (size_t i = 0; i < ob_list_count(steps); i++)
        if (takes_away(ob_list_at(steps, i)))
            print_step(cli, ob_list_at(steps, i));
    size_t told = ob_list_count(trips) > 1 ? ob_list_count(trips) : 0; /* one is the error itself */
    for (size_t i = 0; i < told; i++)
        ob_cli_say_always(cli, "limit: %s", ob_map_str(ob_list_at(trips, i), "message"));
}
