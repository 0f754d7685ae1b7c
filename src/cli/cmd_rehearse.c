/* offboard rehearse: a policy on simulated clouds, in this process and in virtual time. Here: what
 * is rehearsed, the many schedules of --seeds, and the story of the one that broke a rule. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/rehearse.h"
#include "report/events.h"

#define EXPORT_MAX  ((size_t)256 * 1024 * 1024)
#define NINE_MS     ((int64_t)9 * 3600 * 1000)
#define STORY_LINES 9 /* and the command that repeats it */

/* ---- what is rehearsed ---- */

/* The targets of the operator when there are some: their names, limits and protection count. */
static enum ob_status load_config(struct ob_rehearse *h, struct ob_err *err)
{
    const char *named = ob_cli_text(h->cli, "config");
    struct ob_config *none = named ? NULL : ob_config_none();
    if (none) {
        ob_config_free(none);
        return OB_OK;
    }
    return ob_config_load(&h->config, named, err);
}

static enum ob_status read_rows(const char *path, struct ob_value *rows, struct ob_err *err)
{
    struct ob_buf text;
    ob_buf_init(&text, EXPORT_MAX);
    ob_value_set_list(rows);
    enum ob_status st = ob_file_read(path, EXPORT_MAX, &text, OB_ERR_INPUT, err);
    const char *p = ob_buf_str(&text);
    for (int64_t line = 1; *p && st == OB_OK; line++) {
        size_t n = strcspn(p, "\n");
        struct ob_value row;
        ob_value_init(&row);
        if (strspn(p, " \t\r") < n)
            st = ob_script_json(p, n, &row, err);
        if (st != OB_OK || (row.type != OB_NULL && !ob_map_str(&row, "id")))
            st = ob_fail(err, OB_ERR_INPUT,
                         "%s:%" PRId64 ": no person as `offboard call TARGET list --json` prints",
                         path, line);
        else if (row.type != OB_NULL)
            ob_value_move(ob_list_push(rows), &row);
        ob_value_fini(&row);
        p += n + (p[n] == '\n');
    }
    ob_buf_fini(&text);
    return st;
}

/* "TARGET=FILE", or a file that is called as its target is: meeting.json. */
static enum ob_status read_export(struct ob_rehearse *h, const char *pair, struct ob_err *err)
{
    const char *equals = strchr(pair, '='), *slash = strrchr(pair, '/');
    const char *base = slash ? slash + 1 : pair;
    const char *path = equals ? equals + 1 : pair;
    size_t n = equals ? (size_t)(equals - pair) : strcspn(base, ".");
    return read_rows(path, ob_map_putn(&h->exports, equals ? pair : base, n), err);
}

static enum ob_status read_exports(struct ob_rehearse *h, struct ob_err *err)
{
    const struct ob_value *files = ob_map_get(h->cli->args, "from_export");
    enum ob_status st = OB_OK;
    ob_value_set_map(&h->exports);
    for (size_t i = 0; i < ob_list_count(files) && st == OB_OK; i++)
        st = read_export(h, ob_value_str(ob_list_at(files, i)), err);
    return st;
}

/* Nine in the morning of today, or of the day that is named: the same day repeats exactly. */
static enum ob_status choose_day(struct ob_rehearse *h, struct ob_err *err)
{
    const char *day = ob_cli_text(h->cli, "today");
    int64_t begin;
    if (day)
        snprintf(h->today, sizeof h->today, "%s", day);
    else
        ob_date_local(ob_wall_ms(ob_clock_real()), h->today);
    if (!ob_date_begin(h->today, &begin))
        return ob_fail(err, OB_ERR_USAGE, "--today %s: say a date such as 2026-12-31", h->today);
    h->setup.start_ms = begin + NINE_MS;
    return OB_OK;
}

static size_t count_lines(const struct ob_buf *text)
{
    size_t n = 2;
    for (size_t i = 0; i < text->len; i++)
        n += text->p[i] == '\n';
    return n;
}

static void fill_setup(struct ob_rehearse *h)
{
    const struct ob_cli *cli = h->cli;
    struct ob_rehearsal_setup *s = &h->setup;
    const char *faults = ob_cli_text(cli, "faults");
    s->name = h->bound.name;
    s->text = ob_buf_str(&h->bound.text);
    s->len = h->bound.text.len;
    s->inputs = h->bound.inputs;
    s->input_count = h->bound.input_count;
    s->vars = &h->bound.vars;
    s->allow_empty = ob_cli_flag(cli, "allow_empty");
    s->max_delete = ob_cli_text(cli, "max_delete");
    s->limits.memory = (size_t)ob_cli_int(cli, "policy_memory", OB_LIMIT_MEMORY >> 20) << 20;
    s->limits.cpu_ms = ob_cli_int(cli, "policy_cpu", OB_LIMIT_CPU_MS / 1000) * 1000;
    s->config = h->config;
    s->exports = &h->exports;
    s->faults = faults ? faults : "";
    s->people = ob_cli_int(cli, "people", 0);
    s->leavers = ob_cli_int(cli, "leavers", 0);
    s->seed = ob_cli_int(cli, "seed", 1);
    h->line_count = count_lines(&h->bound.text);
    h->lines = ob_xcalloc(h->line_count, 1);
    bool marks = !ob_map_get(cli->args, "seeds") && !ob_cli_text(cli, "schedule");
    s->lines = marks ? h->lines : NULL;
    s->line_count = h->line_count;
}

/* A policy that names one of these is told that there is no such target. */
static void warn_left_out(const struct ob_rehearse *h)
{
    for (size_t i = 0; h->config && i < h->config->count; i++)
        if (ob_rehearsal_number(h->rehearsal, h->config->targets[i].name) < 0)
            ob_cli_warn(h->cli, "target %s is left out: nothing simulates %s",
                        h->config->targets[i].name, h->config->targets[i].provider);
}

static enum ob_status open_all(struct ob_rehearse *h, struct ob_err *err)
{
    enum ob_status st = ob_bound_read(&h->bound, h->cli, ob_cli_text(h->cli, "policy"), err);
    if (st == OB_OK)
        st = load_config(h, err);
    if (st == OB_OK)
        st = read_exports(h, err);
    if (st == OB_OK)
        st = choose_day(h, err);
    if (st != OB_OK)
        return st;
    fill_setup(h);
    st = ob_rehearsal_new(&h->rehearsal, &h->setup, err);
    if (st == OB_OK)
        warn_left_out(h);
    return st;
}

static void close_all(struct ob_rehearse *h)
{
    ob_rehearsal_free(h->rehearsal);
    free(h->lines);
    ob_value_fini(&h->exports);
    ob_config_free(h->config);
    ob_bound_fini(&h->bound);
}

/* ---- a rule was broken ---- */

static void put_word(struct ob_buf *out, const char *word)
{
    bool plain = *word != '\0';
    for (const char *c = word; *c; c++)
        plain = plain && (strchr("_-./=:,%@", *c) || (*c >= '0' && *c <= '9') ||
                          (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
    if (plain) {
        ob_buf_addf(out, " %s", word);
        return;
    }
    ob_buf_adds(out, " '");
    for (const char *c = word; *c; c++)
        ob_buf_adds(out, *c == '\'' ? "'\\''" : (char[]){*c, '\0'});
    ob_buf_addc(out, '\'');
}

static void put_option(const struct ob_rehearse *h, struct ob_buf *out, const char *option,
                       const char *key)
{
    const struct ob_value *v = ob_map_get(h->cli->args, key);
    char number[24];
    size_t n = v && v->type == OB_LIST ? v->list.count : v && v->type != OB_NULL ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const struct ob_value *one = v->type == OB_LIST ? &v->list.items[i] : v;
        snprintf(number, sizeof number, "%" PRId64, one->type == OB_INT ? one->i : 0);
        ob_buf_addf(out, " %s", option);
        if (one->type != OB_BOOL)
            put_word(out, one->type == OB_STR ? one->s.p : number);
    }
}

/* The command that does exactly this again. */
static void put_command(const struct ob_rehearse *h, const struct ob_schedule *s,
                        struct ob_buf *out)
{
    static const char *const options[][2] = {{"--config", "config"},
                                             {"--input", "input"},
                                             {"--var", "var"},
                                             {"--people", "people"},
                                             {"--leavers", "leavers"},
                                             {"--faults", "faults"},
                                             {"--max-delete", "max_delete"},
                                             {"--from-export", "from_export"}};
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_schedule_text(s, &text);
    ob_buf_adds(out, "  again: offboard rehearse");
    put_word(out, ob_cli_text(h->cli, "policy"));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        put_option(h, out, options[i][0], options[i][1]);
    if (ob_cli_flag(h->cli, "allow_empty"))
        ob_buf_adds(out, " --allow-empty");
    if (h->bound.input_count || ob_cli_text(h->cli, "today"))
        ob_buf_addf(out, " --today %s", h->today);
    ob_buf_addf(out, " --seed %" PRId64 " --schedule", h->setup.seed);
    put_word(out, ob_buf_str(&text));
    ob_buf_fini(&text);
}

static void emit_broken(const struct ob_rehearsed *o, const struct ob_schedule *s,
                        const char *story)
{
    struct ob_event ev;
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_schedule_text(s, &text);
    ob_event_init(&ev, "broken");
    ob_map_put_str(&ev.fields, "rule", o->rule);
    ob_map_put_str(&ev.fields, "message", o->broken);
    ob_map_put_str(&ev.fields, "schedule", ob_buf_str(&text));
    ob_map_put_str(&ev.fields, "story", story);
    ob_event_emit(&ev, stdout);
    ob_buf_fini(&text);
}

/* The story of the shortest schedule that breaks the rule; the error says which rule. */
static enum ob_status tell_broken(struct ob_rehearse *h, struct ob_schedule *s,
                                  struct ob_rehearsed *o, bool shrink, struct ob_err *err)
{
    struct ob_buf story;
    int tries = 0;
    ob_buf_init(&story, OB_BUF_LARGE);
    enum ob_status st = shrink ? ob_rehearsal_shrink(h->rehearsal, s, o, &tries, err) : OB_OK;
    if (st == OB_OK)
        st = ob_rehearsal_story(h->rehearsal, s, STORY_LINES, &story, err);
    if (st == OB_OK) {
        put_command(h, s, &story);
        if (h->cli->json)
            emit_broken(o, s, ob_buf_str(&story));
        else
            ob_cli_print(h->cli, "%s", ob_buf_str(&story));
        st = ob_fail(err, OB_ERR_POLICY, "a rule was broken: %s", o->rule);
    }
    ob_buf_fini(&story);
    return st;
}

/* ---- the three ways ---- */

/* The run in which nothing goes wrong but what --faults says; a policy that cannot be planned
 * ends here with its own words. */
static enum ob_status run_calm(struct ob_rehearse *h, struct ob_err *err)
{
    struct ob_schedule none = {0};
    enum ob_status st = ob_rehearsal_run(h->rehearsal, &none, &h->calm, err);
    if (st != OB_OK || h->calm.plan.status == OB_OK)
        return st;
    *err = h->calm.plan;
    return err->status;
}

static enum ob_status check_calm(struct ob_rehearse *h, struct ob_err *err)
{
    struct ob_schedule none = {0};
    enum ob_status st = run_calm(h, err);
    return st == OB_OK && h->calm.rule ? tell_broken(h, &none, &h->calm, false, err) : st;
}

/* What goes wrong is some twenty rehearsals more: for so many people, minutes. */
#define LARGE 500

static bool is_large(const struct ob_rehearse *h)
{
    int64_t people = ob_rehearsal_planned(h->rehearsal);
    if (people <= LARGE)
        return false;
    ob_cli_say(h->cli,
               "what goes wrong is rehearsed for up to %d people, and these are %" PRId64
               ": give an input with fewer, or --seeds N",
               LARGE, people);
    return true;
}

static enum ob_status report(struct ob_rehearse *h, struct ob_err *err)
{
    struct ob_schedule broken = {0};
    struct ob_rehearsed out = {0};
    enum ob_status st = run_calm(h, err);
    if (st == OB_OK)
        st = ob_rehearse_report(h, err);
    if (st == OB_OK && h->calm.rule)
        st = tell_broken(h, &broken, &h->calm, false, err);
    else if (st == OB_OK && !is_large(h))
        st = ob_rehearse_faults(h, &broken, &out, err);
    if (st == OB_OK && out.rule)
        st = tell_broken(h, &broken, &out, true, err);
    ob_schedule_fini(&broken);
    return st;
}

static enum ob_status one_schedule(struct ob_rehearse *h, struct ob_err *err)
{
    struct ob_schedule s;
    struct ob_rehearsed out;
    enum ob_status st = ob_schedule_parse(&s, ob_cli_text(h->cli, "schedule"), err);
    if (st != OB_OK)
        return st;
    st = ob_rehearsal_run(h->rehearsal, &s, &out, err);
    if (st == OB_OK && out.rule)
        st = tell_broken(h, &s, &out, false, err);
    else if (st == OB_OK && out.plan.status != OB_OK)
        st = ob_fail(err, out.plan.status, "%s", out.plan.message);
    else if (st == OB_OK) {
        struct ob_buf story;
        ob_buf_init(&story, OB_BUF_LARGE);
        st = ob_rehearsal_story(h->rehearsal, &s, 40, &story, err);
        ob_cli_print(h->cli, "%s", ob_buf_str(&story));
        ob_buf_fini(&story);
    }
    ob_schedule_fini(&s);
    return st;
}

static void say_seeds(struct ob_rehearse *h, int64_t count, int64_t troubles)
{
    struct ob_event ev;
    if (!h->cli->json) {
        ob_cli_print(
            h->cli, "%" PRId64 " schedules with %" PRId64 " faults and crashes: no rule was broken",
            count, troubles);
        return;
    }
    ob_event_init(&ev, "seeds");
    ob_map_put_int(&ev.fields, "seeds", count);
    ob_map_put_int(&ev.fields, "troubles", troubles);
    ob_event_emit(&ev, stdout);
}

static enum ob_status many_seeds(struct ob_rehearse *h, struct ob_err *err)
{
    int64_t count = ob_cli_int(h->cli, "seeds", 1), troubles = 0;
    struct ob_progress progress;
    enum ob_status st = check_calm(h, err);
    ob_progress_init(&progress, stderr, h->cli->tty_err && !ob_cli_flag(h->cli, "quiet"),
                     h->cli->color);
    for (int64_t i = 0; i < count && st == OB_OK; i++) {
        struct ob_progress_at at = {.what = "schedules", .done = i, .total = count};
        struct ob_schedule s;
        struct ob_rehearsed out;
        ob_progress_show(&progress, ob_mono_ms(ob_clock_real()), &at);
        ob_schedule_draw(&s, (uint64_t)(h->setup.seed + i), h->calm.requests, h->calm.points);
        troubles += (int64_t)s.count;
        st = ob_rehearsal_run(h->rehearsal, &s, &out, err);
        if (st == OB_OK && out.rule) {
            ob_progress_clear(&progress);
            ob_cli_say(h->cli, "schedule %" PRId64 " of %" PRId64 " breaks a rule; shrinking it",
                       i + 1, count);
            st = tell_broken(h, &s, &out, true, err);
        }
        ob_schedule_fini(&s);
    }
    ob_progress_clear(&progress);
    if (st == OB_OK)
        say_seeds(h, count, troubles);
    return st;
}

enum ob_status ob_cmd_rehearse(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_rehearse h = {.cli = cli};
    enum ob_status st = open_all(&h, err);
    if (st == OB_OK && ob_cli_text(cli, "schedule"))
        st = one_schedule(&h, err);
    else if (st == OB_OK && ob_map_get(cli->args, "seeds"))
        st = many_seeds(&h, err);
    else if (st == OB_OK)
        st = report(&h, err);
    close_all(&h);
    return st;
}
