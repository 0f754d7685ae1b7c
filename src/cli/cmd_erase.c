/* offboard erase: shows whom and what it would make unreadable, asks, and does it. */
#include <inttypes.h>
#include <stdio.h>
#include "cli/session.h"
#include "report/events.h"

static void join(char *const *texts, size_t count, struct ob_buf *out)
{
    for (size_t i = 0; i < count; i++)
        ob_buf_addf(out, "%s%s", i ? ", " : "", texts[i]);
}

static void add_count(struct ob_buf *out, int64_t n, const char *one, const char *many)
{
    if (n)
        ob_buf_addf(out, "%s%" PRId64 " %s", out->len ? ", " : "", n, n == 1 ? one : many);
}

static void tell(const struct ob_cli *cli, const struct ob_erasure *e)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    join(e->names, e->name_count, &text);
    ob_cli_say(cli, "person:      %s", ob_buf_str(&text));
    ob_buf_clear(&text);
    join(e->ids, e->id_count, &text);
    if (text.len)
        ob_cli_say(cli, "accounts:    %s", ob_buf_str(&text));
    ob_buf_clear(&text);
    add_count(&text, e->rows, "outcome", "outcomes");
    if (text.len)
        ob_cli_say(cli, "unreadable:  %s, with what the clouds said before", ob_buf_str(&text));
    ob_buf_clear(&text);
    add_count(&text, e->inputs, "input or reading", "inputs and readings");
    add_count(&text, e->plans, "plan", "plans");
    add_count(&text, e->runs, "run", "runs");
    add_count(&text, e->other, "other record", "other records");
    if (text.len)
        ob_cli_say(cli, "rewritten:   %s", ob_buf_str(&text));
    if (e->spent)
        ob_cli_say(cli, "             (%" PRId64 " of the plans cannot be carried out any more)",
                   e->spent);
    ob_buf_fini(&text);
}

/* Says no name: the log of whoever erases must not keep what the ledger forgets. */
static void report(const struct ob_cli *cli, const struct ob_erasure *e)
{
    struct ob_event ev;
    if (!cli->json) {
        ob_cli_say(cli, "erased; not from input files, backups, exports or logs");
        return;
    }
    ob_event_init(&ev, "erased");
    ob_map_put_int(&ev.fields, "outcomes", e->rows);
    ob_map_put_int(&ev.fields, "inputs", e->inputs);
    ob_map_put_int(&ev.fields, "plans", e->plans);
    ob_map_put_int(&ev.fields, "runs", e->runs);
    ob_map_put_int(&ev.fields, "other", e->other);
    ob_event_emit(&ev, stdout);
}

static enum ob_status erase(struct ob_session *s, const char *person, struct ob_err *err)
{
    struct ob_erasure e;
    enum ob_status st = ob_ledger_erase_look(s->ledger, person, &e, err);
    if (st == OB_ERR_USAGE && ob_ledger_erase_finished(s->ledger, person)) {
        ob_cli_say(s->cli, "erased: an erasure that was interrupted is finished now");
        st = OB_OK;
    } else if (st == OB_OK) {
        tell(s->cli, &e);
        st = ob_cli_confirm(s->cli, "Erase all that? Nothing brings it back.", err);
        ob_erasure_fini(&e);
        if (st == OB_OK)
            st = ob_ledger_erase(s->ledger, person, &e, err);
        if (st == OB_OK)
            report(s->cli, &e);
    }
    ob_erasure_fini(&e);
    return st;
}

enum ob_status ob_cmd_erase(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    enum ob_status st = ob_session_open(&s, cli, false, err);
    if (st == OB_OK)
        st = erase(&s, ob_cli_text(cli, "person"), err);
    ob_session_close(&s);
    return st;
}
