/* A plan for people: what would be done, to whom, where. Fits the terminal. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/plan_fresh.h"
#include "cli/session.h"
#include "engine/plan.h"
#include "report/text.h"

#define WHO_COLUMNS 32 /* of names, so that a line with "and 1234 more" fits 80 columns */

static const char *key_at(const struct ob_value *people, size_t i)
{
    const char *key = ob_value_str(ob_list_at(ob_list_at(people, i), 0));
    return key ? key : "";
}

/* A plan that was damaged or made by another version is shown, too. */
static const char *text_of(const struct ob_value *map, const char *field)
{
    const char *text = ob_map_str(map, field);
    return text ? text : "";
}

static void join_names(const struct ob_value *people, struct ob_buf *out)
{
    size_t n = ob_list_count(people), i = 0;
    for (; i < n; i++) {
        const char *key = key_at(people, i);
        if (i && out->len + strlen(key) > WHO_COLUMNS)
            break;
        ob_buf_addf(out, "%s%s", i ? ", " : "", key);
    }
    if (i < n)
        ob_buf_addf(out, " and %zu more", n - i);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t ob_plan_heads(const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    size_t count = 0, heads = 0;
    const char **keys = ob_xcalloc((size_t)ob_plan_people(doc) + 1, sizeof *keys);
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *people = ob_map_get(ob_list_at(steps, i), "people");
        for (size_t k = 0; k < ob_list_count(people); k++)
            keys[count++] = key_at(people, k);
    }
    qsort(keys, count, sizeof *keys, by_text);
    for (size_t i = 0; i < count; i++)
        heads += !i || strcmp(keys[i - 1], keys[i]) != 0;
    free(keys);
    return heads;
}

bool ob_plan_is_idle(const struct ob_value *doc)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *step = ob_list_at(steps, i);
        if (ob_map_str(step, "request") || ob_list_count(ob_map_get(step, "people")))
            return false;
    }
    return true;
}

/* "30 days, then leavers is read again" */
static void tell_wait(const struct ob_value *step, struct ob_buf *out)
{
    static const char *const units[] = {"days", "hours", "minutes"};
    const struct ob_value *o = ob_map_get(step, "options");
    const char *until = ob_map_str(o, "until_"), *recheck = ob_map_str(o, "recheck");
    if (until)
        ob_buf_addf(out, "until %s", until);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const struct ob_value *n = ob_map_get(o, units[i]);
        if (!n)
            continue;
        ob_buf_adds(out, out->len ? " " : "");
        ob_json_write(out, n);
        bool one = n->type == OB_INT && n->i == 1;
        ob_buf_addf(out, " %.*s", (int)(strlen(units[i]) - one), units[i]);
    }
    if (recheck)
        ob_buf_addf(out, ", then %s is read again", recheck);
}

static void tell_undo(const struct ob_value *step, struct ob_buf *out)
{
    const struct ob_value *of = ob_map_get(step, "of");
    ob_buf_adds(out, "of step ");
    for (size_t i = 0; i < ob_list_count(of); i++)
        ob_buf_addf(out, "%s%s", i ? ", " : "", ob_value_str(ob_list_at(of, i)));
}

static void add_step(struct ob_grid *g, const struct ob_value *step)
{
    struct ob_buf who;
    char count[32];
    const char *request = ob_map_str(step, "request");
    const struct ob_value *people = ob_map_get(step, "people");
    bool waits = ob_map_get(step, "due_ms"), undoes = ob_map_get(step, "of");
    ob_buf_init(&who, OB_BUF_SMALL);
    if (waits)
        tell_wait(step, &who);
    else if (undoes)
        tell_undo(step, &who);
    else if (request)
        ob_buf_addf(&who, "%s (guards cannot see whom it touches)", request);
    else
        join_names(people, &who);
    snprintf(count, sizeof count, "%zu", ob_list_count(people));
    const char *cells[] = {ob_map_str(step, "path"), ob_map_str(step, "target"),
                           ob_map_str(step, "action"), people ? count : "-", ob_buf_str(&who)};
    ob_grid_row(g, cells);
    ob_buf_fini(&who);
}

/* "" where there is nothing to tell. */
static const char *evidence_of(const struct ob_value *step, const char *id)
{
    const char *text = id ? ob_map_str(ob_map_get(step, "evidence"), id) : NULL;
    return text ? text : "";
}

/* Whom the host would leave alone as things stand: it may be another day before it is carried out.
 */
static void print_unproven(const struct ob_value *step, FILE *out)
{
    static const char skipped[] = "skipped: ";
    const struct ob_value *people = ob_map_get(step, "people");
    const char *first = NULL;
    size_t n = 0;
    for (size_t i = 0; ob_map_get(step, "evidence") && i < ob_list_count(people); i++) {
        const char *text = evidence_of(step, ob_value_str(ob_list_at(ob_list_at(people, i), 1)));
        if (strncmp(text, skipped, sizeof skipped - 1) != 0)
            continue;
        first = first ? first : text + sizeof skipped - 1;
        n++;
    }
    if (n)
        fprintf(out, "step %s: as it is now, %zu of %zu would be skipped:\n  %s\n",
                ob_map_str(step, "path"), n, ob_list_count(people), first);
}

static void print_everybody(const struct ob_value *step, int width, bool bold, FILE *out)
{
    static const char *const names[] = {"person", "account", "evidence"};
    const struct ob_value *people = ob_map_get(step, "people");
    const struct ob_value *evidence = ob_map_get(step, "evidence");
    struct ob_grid *g = ob_grid_new(names, evidence ? 3 : 2);
    for (size_t i = 0; i < ob_list_count(people); i++) {
        const struct ob_value *one = ob_list_at(people, i);
        const char *id = ob_value_str(ob_list_at(one, 1));
        const char *cells[] = {ob_value_str(ob_list_at(one, 0)), id, evidence_of(step, id)};
        ob_grid_row(g, cells);
    }
    if (ob_list_count(people)) {
        fprintf(out, "\n%s %s %s:\n", ob_map_str(step, "path"), ob_map_str(step, "target"),
                ob_map_str(step, "action"));
        ob_grid_print(g, out, width, bold);
    }
    ob_grid_free(g);
}

static void print_notes(const struct ob_value *doc, FILE *out)
{
    const struct ob_value *notes = ob_map_get(doc, "notes");
    for (size_t i = 0; i < ob_list_count(notes); i++) {
        struct ob_buf line;
        ob_buf_init(&line, OB_BUF_SMALL);
        ob_text_clean(&line, ob_value_str(ob_list_at(notes, i)));
        fprintf(out, "note: %s\n", ob_buf_str(&line));
        ob_buf_fini(&line);
    }
}

/* ---- what could be taken back ---- */

static void add_words(const struct ob_value *list, const char *field, struct ob_buf *out)
{
    for (size_t i = 0; i < ob_list_count(list); i++) {
        const struct ob_value *one = ob_list_at(list, i);
        const char *word = field ? ob_map_str(one, field) : ob_value_str(one);
        ob_buf_addf(out, "%s%s", i ? ", " : "", word ? word : "");
    }
}

/* The fields that are lost for the reason of entry `i`; none when an earlier entry has told them.
 */
static void add_lost(const struct ob_value *loses, size_t i, struct ob_buf *out)
{
    const char *why = text_of(ob_list_at(loses, i), "why");
    for (size_t k = 0; k < ob_list_count(loses); k++) {
        const struct ob_value *one = ob_list_at(loses, k);
        if (strcmp(text_of(one, "why"), why) != 0)
            continue;
        if (k < i)
            return;
        ob_buf_addf(out, "%s%s", out->len ? ", " : "", text_of(one, "field"));
    }
    ob_buf_addf(out, ": %s", why);
}

static void add_action(struct ob_grid *g, const struct ob_value *a)
{
    struct ob_buf by, name;
    const struct ob_value *says = ob_map_get(a, "says");
    ob_buf_init(&name, OB_BUF_SMALL);
    ob_buf_init(&by, OB_BUF_LARGE);
    ob_buf_addf(&name, "%s %s", text_of(a, "target"), text_of(a, "action"));
    if (ob_list_count(ob_map_get(a, "by")))
        ob_buf_adds(&by, "by ");
    add_words(ob_map_get(a, "by"), NULL, &by);
    const char *cells[] = {ob_buf_str(&name), ob_map_str(a, "undo"), ob_buf_str(&by)};
    ob_grid_row(g, cells);
    ob_buf_clear(&by);
    add_words(ob_map_get(says, "keeps"), NULL, &by);
    const char *keeps[] = {"", "comes back", ob_buf_str(&by)};
    if (by.len)
        ob_grid_row(g, keeps);
    const struct ob_value *loses = ob_map_get(says, "loses");
    for (size_t i = 0; i < ob_list_count(loses); i++) {
        ob_buf_clear(&by);
        add_lost(loses, i, &by);
        const char *lost[] = {"", i ? "" : "is lost", ob_buf_str(&by)};
        if (by.len)
            ob_grid_row(g, lost);
    }
    ob_buf_fini(&by);
    ob_buf_fini(&name);
}

/* Before anybody approves: what an undo would bring back of it, field by field. */
static void print_undo(const struct ob_value *doc, int width, bool bold, FILE *out)
{
    static const char *const names[] = {"action", "undo", "how"};
    const struct ob_value *actions = ob_map_get(doc, "actions");
    struct ob_grid *g = ob_grid_new(names, 3);
    for (size_t i = 0; i < ob_list_count(actions); i++)
        add_action(g, ob_list_at(actions, i));
    if (ob_list_count(actions)) {
        fputc('\n', out);
        ob_grid_print(g, out, width, bold);
    }
    ob_grid_free(g);
}

static void print_ceiling(const struct ob_value *doc, FILE *out)
{
    int64_t ceiling = ob_map_int(doc, "ceiling", -1);
    if (ceiling >= 0)
        fprintf(out,
                "ceiling: %" PRId64 " %s of each target and kind, in place of the limits of\n"
                "targets.lua and the defaults (--ceiling)\n",
                ceiling, ceiling == 1 ? "person" : "people");
}

/* Who made it, and until when it may be begun. */
static void print_seal(const struct ob_value *doc, FILE *out)
{
    char until[OB_TIME_TEXT];
    const struct ob_value *by = ob_map_get(doc, "by");
    const char *user = ob_map_str(by, "user"), *host = ob_map_str(by, "host");
    if (user)
        fprintf(out, "by %s on %s, ", user, host ? host : "?");
    fprintf(out, "to be begun before %s\n", ob_time_iso(ob_plan_expires(doc), false, until));
}

void ob_show_plan(const struct ob_cli *cli, const char *id, const struct ob_value *doc, bool all,
                  FILE *out)
{
    static const char *const names[] = {"step", "target", "action", "people", "who"};
    char made[OB_TIME_TEXT];
    const struct ob_value *steps = ob_map_get(doc, "steps");
    int width = out == stdout && !cli->tty_out ? 0 : ob_text_columns(fileno(out));
    struct ob_grid *g = ob_grid_new(names, 5);
    ob_grid_right(g, 3);
    for (size_t i = 0; i < ob_list_count(steps); i++)
        add_step(g, ob_list_at(steps, i));
    fprintf(out, "plan %s of %s, made %s\n", id, text_of(ob_map_get(doc, "policy"), "name"),
            ob_time_iso(ob_map_int(doc, "created_ms", 0), false, made));
    print_ceiling(doc, out);
    if (all)
        print_seal(doc, out);
    print_notes(doc, out);
    if (ob_list_count(steps))
        ob_grid_print(g, out, width, cli->color);
    for (size_t i = 0; i < ob_list_count(steps); i++)
        print_unproven(ob_list_at(steps, i), out);
    if (ob_plan_is_idle(doc))
        fputs("nothing to do\n", out);
    else
        print_undo(doc, width, cli->color, out);
    ob_show_left(cli, doc, all, width, out);
    ob_grid_free(g);
    for (size_t i = 0; all && i < ob_list_count(steps); i++)
        print_everybody(ob_list_at(steps, i), width, cli->color, out);
}
