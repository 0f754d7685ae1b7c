/* What is said of a plan's approvals; see approvals.h. */
#include <inttypes.h>
#include <string.h>
#include "cli/approvals.h"
#include "report/events.h"
#include "report/text.h"

/* Names of people and of files came from outside. */
static void print_clean(FILE *out, const char *text)
{
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_text_clean(&line, text);
    fprintf(out, "%s\n", ob_buf_str(&line));
    ob_buf_fini(&line);
}

static void add_terms(const struct ob_approval *one, struct ob_buf *out)
{
    char until[OB_TIME_TEXT];
    const struct ob_value *strikes = ob_map_get(&one->doc, "strikes");
    int64_t ceiling = ob_map_int(&one->doc, "ceiling", -1);
    ob_buf_addf(out, "until %s", ob_time_iso(ob_map_int(&one->doc, "expires_ms", 0), false, until));
    if (ceiling >= 0)
        ob_buf_addf(out, ", at most %" PRId64 " people", ceiling);
    for (size_t i = 0; i < ob_list_count(strikes); i++)
        ob_buf_addf(out, "%s%s", i ? ", " : ", without ", ob_value_str(ob_list_at(strikes, i)));
}

/* Of one that does not count: who is struck all the same. */
static void add_strikes(const struct ob_approval *one, struct ob_buf *out)
{
    const struct ob_value *strikes = ob_map_get(&one->doc, "strikes");
    for (size_t i = 0; i < ob_list_count(strikes); i++)
        ob_buf_addf(out, "%s%s", i ? ", " : "; still without ",
                    ob_value_str(ob_list_at(strikes, i)));
}

static void add_row(struct ob_grid *g, const struct ob_approvals *a, const struct ob_approval *one)
{
    struct ob_buf who, terms;
    ob_buf_init(&who, OB_BUF_SMALL);
    ob_buf_init(&terms, OB_BUF_LARGE);
    ob_buf_addf(&who, "%s%.16s", one->by ? one->by->name : "", one->by ? "" : one->row.key);
    if (one->by)
        ob_buf_addf(&who, " (%.16s)", one->by->print);
    if (!a->config)
        ob_buf_adds(&terms, "unverified: there is no targets.lua to say whose key it is; ");
    else if (!one->counts)
        ob_buf_addf(&terms, "does not count: %s", one->fault);
    if (!a->config || one->counts)
        add_terms(one, &terms);
    else if (one->genuine || one->went_by)
        add_strikes(one, &terms);
    const char *cells[] = {ob_buf_str(&who), ob_map_str(&one->doc, "by"), ob_buf_str(&terms)};
    ob_grid_row(g, cells);
    ob_buf_fini(&terms);
    ob_buf_fini(&who);
}

static void print_missing(const struct ob_approvals *a, FILE *out)
{
    for (size_t i = 0; i < a->need_count; i++) {
        const struct ob_approval_need *n = &a->needs[i];
        struct ob_buf line;
        int64_t got = ob_approval_count(a->all, a->count, n);
        if (n->need <= 0)
            continue;
        ob_buf_init(&line, OB_BUF_LARGE);
        ob_buf_addf(&line, "%s:%s needs %" PRId64 " approval%s and has %" PRId64, n->target,
                    n->action, n->need, n->need == 1 ? "" : "s", got);
        if (got < n->need) {
            ob_buf_adds(&line, "; missing: ");
            ob_approvals_open(a, n, &line);
        }
        print_clean(out, ob_buf_str(&line));
        ob_buf_fini(&line);
    }
}

void ob_approvals_print(const struct ob_approvals *a, const struct ob_cli *cli, FILE *out)
{
    static const char *const names[] = {"approved by", "as", "how"};
    int width = out == stdout && !cli->tty_out ? 0 : ob_text_columns(fileno(out));
    struct ob_grid *g = ob_grid_new(names, 3);
    for (size_t i = 0; i < a->count; i++)
        add_row(g, a, &a->all[i]);
    if (a->count) {
        fputc('\n', out);
        ob_grid_print(g, out, width, cli->color);
    }
    ob_grid_free(g);
    print_missing(a, out);
}

static void emit_one(const struct ob_approvals *a, const struct ob_approval *one)
{
    struct ob_event ev;
    ob_event_init(&ev, "approval");
    ob_map_put_int(&ev.fields, "approval", one->row.id);
    ob_map_put_str(&ev.fields, "key", one->row.key);
    if (one->by)
        ob_map_put_str(&ev.fields, "name", one->by->name);
    if (a->config)
        ob_map_put_bool(&ev.fields, "counts", one->counts);
    if (a->config && one->fault[0])
        ob_map_put_str(&ev.fields, "why_not", one->fault);
    ob_value_copy(ob_map_put(&ev.fields, "document"), &one->doc);
    ob_event_emit(&ev, stdout);
}

void ob_approvals_emit(const struct ob_approvals *a)
{
    for (size_t i = 0; i < a->count; i++)
        emit_one(a, &a->all[i]);
    for (size_t i = 0; i < a->need_count; i++) {
        const struct ob_approval_need *n = &a->needs[i];
        struct ob_event ev;
        struct ob_value *of;
        if (n->need <= 0)
            continue;
        ob_event_init(&ev, "approvals");
        ob_map_put_str(&ev.fields, "target", n->target);
        ob_map_put_str(&ev.fields, "action", n->action);
        ob_map_put_int(&ev.fields, "need", n->need);
        ob_map_put_int(&ev.fields, "have", ob_approval_count(a->all, a->count, n));
        of = ob_map_put(&ev.fields, "of");
        ob_value_set_list(of);
        for (size_t k = 0; k < n->of_count; k++)
            ob_list_push_str(of, n->of[k].name);
        ob_event_emit(&ev, stdout);
    }
}
