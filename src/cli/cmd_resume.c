/* offboard resume: goes on with one run, or with every run that is open. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/session.h"

struct open_runs {
    int64_t *ids;
    size_t count;
};

static bool collect(void *ctx, const struct ob_run_row *r)
{
    struct open_runs *o = ctx;
    if (r->state != OB_RUN_OPEN)
        return true;
    o->ids = ob_xrealloc(o->ids, o->count + 1, sizeof *o->ids);
    o->ids[o->count++] = r->id;
    return true;
}

static enum ob_status resume_one(struct ob_session *s, int64_t run, struct ob_err *err)
{
    struct ob_run_row row;
    struct ob_value doc;
    char plan[OB_PLAN_ID];
    enum ob_status st = ob_ledger_run_get(s->ledger, run, &row, err);
    if (st != OB_OK)
        return st;
    if (row.state == OB_RUN_DONE) {
        st = row.exit;
        if (st == OB_OK)
            ob_cli_say(s->cli, "run %" PRId64 " is done; nothing to go on with", run);
        else
            ob_fail(err, st,
                    "run %" PRId64 " is done (%s); nothing to go on with; who and why: "
                    "offboard show %" PRId64,
                    run, ob_status_word(st), run);
        ob_run_row_fini(&row);
        return st;
    }
    st = ob_session_load(s, row.plan, plan, &doc, err);
    if (st == OB_OK)
        st = ob_session_run(s, plan, &doc, &run, err);
    ob_value_fini(&doc);
    ob_run_row_fini(&row);
    return st;
}

/* What kept one of several runs from going on; a message that names its run says it once. */
static void warn(const struct ob_cli *cli, int64_t run, const char *message)
{
    char name[48];
    snprintf(name, sizeof name, "run %" PRId64, run);
    if (strncmp(message, name, strlen(name)) == 0)
        ob_cli_warn(cli, "%s", message);
    else
        ob_cli_warn(cli, "%s: %s", name, message);
}

/* Oldest first. One that is in use or cannot go on does not keep the others from it. */
static enum ob_status resume_all(struct ob_session *s, struct ob_err *err)
{
    struct open_runs open = {0};
    enum ob_status worst = ob_ledger_run_each(s->ledger, collect, &open, err);
    bool several = worst == OB_OK && open.count > 1;
    if (worst == OB_OK && !open.count)
        ob_cli_say(s->cli, "no run is open");
    for (size_t i = open.count; i-- > 0;) {
        struct ob_err one;
        enum ob_status st = resume_one(s, open.ids[i], &one);
        if (st != OB_OK && one.message[0] && several)
            warn(s->cli, open.ids[i], one.message);
        if (st != OB_OK && ob_status_worst(worst, st) == st)
            *err = one;
        worst = ob_status_worst(worst, st);
        if (st == OB_ERR_SIGINT || st == OB_ERR_SIGTERM)
            break;
    }
    if (several && !s->cli->json)
        err->message[0] = '\0'; /* it was said */
    free(open.ids);
    return worst;
}

enum ob_status ob_cmd_resume(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    int64_t run = ob_cli_int(cli, "run", 0);
    enum ob_status st = ob_session_open(&s, cli, true, err);
    if (st == OB_OK)
        st = run ? resume_one(&s, run, err) : resume_all(&s, err);
    ob_session_close(&s);
    return st;
}
