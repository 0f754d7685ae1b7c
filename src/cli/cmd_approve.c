/* offboard approve: shows the whole plan, asks, and signs it. An approval can only make less: it
 * strikes people and lowers the ceiling. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/approvals.h"
#include "cli/plan_fresh.h"
#include "engine/plan.h"
#include "report/events.h"

#define PLAN_FILE_MAX ((size_t)1024 * 1024 * 1024)
#define VALID_MS      ((int64_t)24 * 60 * 60 * 1000)

struct approving {
    struct ob_session s;
    struct ob_value doc;
    char id[OB_PLAN_ID];
    char digest[OB_SHA256_HEX];
    bool from_file; /* the plan is another machine's: it is in no ledger here */
    struct ob_value strikes;
    struct ob_approval_terms terms;
};

/* ---- the plan ---- */

/* What `offboard show PLAN --json` printed over there: its first line. */
static enum ob_status read_plan_file(struct approving *a, const char *path, struct ob_err *err)
{
    struct ob_buf text;
    struct ob_value event;
    struct ob_plan_row row = {0};
    ob_value_init(&event);
    ob_buf_init(&text, PLAN_FILE_MAX);
    enum ob_status st = ob_file_read(path, PLAN_FILE_MAX, &text, OB_ERR_USAGE, err);
    const char *p = ob_buf_str(&text), *nl = memchr(p, '\n', text.len);
    size_t len = nl ? (size_t)(nl - p) : text.len;
    struct ob_err json;
    if (st == OB_OK && ob_script_json(p, len, &event, &json) != OB_OK)
        st = ob_fail(err, OB_ERR_STALE,
                     "%s: no plan, or one that was changed on its way (%s); `offboard show PLAN "
                     "--json` prints one",
                     path, json.message);
    const struct ob_value *doc = ob_map_get(&event, "document");
    const char *id = ob_map_str(&event, "plan");
    if (st == OB_OK && (!doc || doc->type != OB_MAP || !id))
        st =
            ob_fail(err, OB_ERR_USAGE, "%s: no plan; `offboard show PLAN --json` prints one", path);
    if (st == OB_OK)
        st = ob_plan_seal(doc, &row, err);
    if (st == OB_OK && strcmp(row.id, id) != 0)
        st = ob_fail(err, OB_ERR_STALE, "%s: plan %s was changed after it was made", path, id);
    if (st == OB_OK)
        st = ob_plan_check(doc, &row, err);
    if (st == OB_OK) {
        memcpy(a->id, row.id, OB_PLAN_ID);
        ob_value_copy(&a->doc, doc);
    }
    ob_plan_row_fini(&row);
    ob_value_fini(&event);
    ob_buf_fini(&text);
    return st;
}

struct run_of {
    const char *plan;
    int64_t run;
    enum ob_run_state state;
};

static bool find_run(void *ctx, const struct ob_run_row *r)
{
    struct run_of *f = ctx;
    if (strcmp(r->plan, f->plan) != 0)
        return true;
    f->run = r->id;
    f->state = r->state;
    return false;
}

/* A process that is at work has read its approvals. */
static void warn_at_work(struct approving *a, int64_t run)
{
    struct ob_err busy;
    if (ob_ledger_run_lock(a->s.ledger, run, &busy) == OB_OK)
        ob_ledger_run_unlock(a->s.ledger, run);
    else
        ob_cli_warn(a->s.cli,
                    "run %" PRId64 " is at work now and hears of this when it is resumed: to spare "
                    "somebody at once, stop it first",
                    run);
}

/* What cannot be begun any more is not approved; but while a run of it waits, whoever approves may
 * still strike somebody. */
static enum ob_status refuse_late(struct approving *a, struct ob_err *err)
{
    struct run_of f = {.plan = a->id};
    enum ob_status st = ob_ledger_run_each(a->s.ledger, find_run, &f, err);
    if (st != OB_OK)
        return st;
    if (!f.run)
        return ob_plan_fresh(a->id, &a->doc, ob_wall_ms(ob_clock_real()), err);
    if (f.state == OB_RUN_DONE)
        return ob_fail(err, OB_ERR_STALE,
                       "plan %s was carried out already as run %" PRId64
                       "; there is nothing left to approve",
                       a->id, f.run);
    warn_at_work(a, f.run);
    return OB_OK;
}

/* The files that it was made from are on the other machine. */
static enum ob_status refuse_expired(struct approving *a, struct ob_err *err)
{
    char until[OB_TIME_TEXT];
    int64_t expires_ms = ob_plan_expires(&a->doc);
    if (ob_wall_ms(ob_clock_real()) < expires_ms)
        return OB_OK;
    return ob_fail(err, OB_ERR_STALE, "plan %s: expired on %s; plan again", a->id,
                   ob_time_iso(expires_ms, false, until));
}

static enum ob_status find_plan(struct approving *a, struct ob_err *err)
{
    const char *what = ob_cli_text(a->s.cli, "plan");
    a->from_file = strchr(what, '/') || access(what, F_OK) == 0;
    if (a->from_file && !ob_cli_text(a->s.cli, "output"))
        return ob_fail(err, OB_ERR_USAGE,
                       "%s is a file: say --output FILE, and bring that back with "
                       "offboard apply PLAN --approval FILE",
                       what);
    enum ob_status st = a->from_file ? read_plan_file(a, what, err)
                                     : ob_session_load(&a->s, what, a->id, &a->doc, err);
    if (st != OB_OK)
        return st;
    return a->from_file ? refuse_expired(a, err) : refuse_late(a, err);
}

/* ---- what is left out of it ---- */

static bool is_named(const struct ob_value *doc, const char *who)
{
    const struct ob_value *steps = ob_map_get(doc, "steps");
    for (size_t i = 0; i < ob_list_count(steps); i++) {
        const struct ob_value *people = ob_map_get(ob_list_at(steps, i), "people");
        for (size_t k = 0; k < ob_list_count(people); k++) {
            const char *key = ob_value_str(ob_list_at(ob_list_at(people, k), 0));
            const char *id = ob_value_str(ob_list_at(ob_list_at(people, k), 1));
            if ((key && strcmp(key, who) == 0) || (id && strcmp(id, who) == 0))
                return true;
        }
    }
    return false;
}

static enum ob_status add_strike(struct approving *a, const char *who, struct ob_err *err)
{
    if (!is_named(&a->doc, who))
        return ob_fail(err, OB_ERR_USAGE,
                       "--strike %s: plan %s names nobody so; give a name or an id as "
                       "`offboard show %.8s` has it; nothing was signed",
                       who, a->id, a->id);
    ob_list_push_str(&a->strikes, who);
    return OB_OK;
}

/* A comma may be in a name: what is in the plan as it stands is one person. */
static enum ob_status add_strikes(struct approving *a, const char *given, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    if (is_named(&a->doc, given))
        return add_strike(a, given, err);
    for (const char *at = given; st == OB_OK;) {
        size_t n = strcspn(at, ",");
        char *who = ob_xmemdup(at, n);
        st = add_strike(a, who, err);
        free(who);
        if (!at[n])
            break;
        at += n + 1;
    }
    return st;
}

static enum ob_status read_ceiling(struct approving *a, struct ob_err *err)
{
    int64_t heads = (int64_t)ob_plan_heads(&a->doc);
    int64_t most = ob_map_int(&a->doc, "ceiling", heads);
    if (most < heads)
        most = heads;
    a->terms.ceiling = ob_cli_int(a->s.cli, "ceiling", -1);
    if (a->terms.ceiling > most)
        return ob_fail(err, OB_ERR_USAGE,
                       "--ceiling %" PRId64 ": the plan allows %" PRId64
                       ", and an approval can only make less; nothing was signed",
                       a->terms.ceiling, most);
    return OB_OK;
}

static enum ob_status read_terms(struct approving *a, struct ob_err *err)
{
    const struct ob_value *given = ob_map_get(a->s.cli->args, "strike");
    const char *valid = ob_cli_text(a->s.cli, "valid_for");
    int64_t ms = VALID_MS;
    enum ob_status st = OB_OK;
    if (valid && !ob_duration_parse(valid, &ms))
        return ob_fail(err, OB_ERR_USAGE, "--valid-for %s: give a time such as 8h or 2d", valid);
    for (size_t i = 0; st == OB_OK && i < ob_list_count(given); i++)
        st = add_strikes(a, ob_value_str(ob_list_at(given, i)), err);
    if (st == OB_OK)
        st = read_ceiling(a, err);
    a->terms.plan = a->digest;
    a->terms.id = a->id;
    a->terms.strikes = &a->strikes;
    a->terms.at_ms = ob_wall_ms(ob_clock_real());
    a->terms.expires_ms = a->terms.at_ms + ms;
    return st;
}

/* ---- signing ---- */

static bool is_approver(const struct ob_approvals *all, const char *print)
{
    for (size_t i = 0; i < all->need_count; i++)
        for (size_t k = 0; k < all->needs[i].of_count; k++)
            if (strcmp(all->needs[i].of[k].print, print) == 0)
                return true;
    return false;
}

/* Where this machine has targets.lua: is the key one of those that count, and what is missing? */
static void tell_rest(struct approving *a, const char *print)
{
    struct ob_approvals all;
    struct ob_config *config = NULL;
    struct ob_err err;
    if (ob_config_load(&config, ob_cli_text(a->s.cli, "config"), &err) != OB_OK)
        return;
    if (ob_approvals_read(&all, a->s.ledger, config, a->id, &a->doc, 0, ob_wall_ms(ob_clock_real()),
                          &err) == OB_OK) {
        if (!is_approver(&all, print))
            ob_cli_warn(a->s.cli, "key %.16s is in no `of` of targets.lua: this does not count",
                        print);
        if (!a->from_file && !a->s.cli->json && !ob_cli_flag(a->s.cli, "quiet"))
            ob_approvals_print(&all, a->s.cli, stderr);
    }
    ob_approvals_fini(&all);
    ob_config_free(config);
}

static void tell(struct approving *a, const struct ob_approval_row *row)
{
    char until[OB_TIME_TEXT];
    ob_time_iso(a->terms.expires_ms, false, until);
    if (a->s.cli->json) {
        struct ob_event ev;
        ob_event_init(&ev, "approved");
        ob_map_put_str(&ev.fields, "plan", a->id);
        ob_map_put_str(&ev.fields, "key", row->key);
        ob_map_put_str(&ev.fields, "until", until);
        ob_event_emit(&ev, stdout);
    } else {
        ob_cli_print(a->s.cli, "plan %s is approved by %.16s until %s", a->id, row->key, until);
    }
    tell_rest(a, row->key);
}

static enum ob_status ask(struct approving *a, struct ob_err *err)
{
    char question[200], most[64] = "";
    size_t heads = ob_plan_heads(&a->doc), struck = ob_list_count(&a->strikes);
    bool silent = ob_cli_flag(a->s.cli, "quiet") && ob_cli_flag(a->s.cli, "yes");
    if (!a->s.cli->json && !silent)
        ob_show_plan(a->s.cli, a->id, &a->doc, true, stderr);
    if (a->terms.ceiling >= 0)
        snprintf(most, sizeof most, ", at most %" PRId64, a->terms.ceiling);
    snprintf(question, sizeof question, "Approve plan %.8s: %zu %s, %zu struck%s?", a->id, heads,
             heads == 1 ? "person" : "people", struck, most);
    return ob_cli_confirm(a->s.cli, question, err);
}

static enum ob_status keep(struct approving *a, const struct ob_approval_row *row,
                           struct ob_err *err)
{
    const char *output = ob_cli_text(a->s.cli, "output");
    return output ? ob_approval_write(row, output, err)
                  : ob_ledger_approval_put(a->s.ledger, row, err);
}

static enum ob_status sign(struct approving *a, struct ob_err *err)
{
    struct ob_key *key = NULL;
    struct ob_plan_row sealed = {0};
    struct ob_approval_row row = {0};
    struct ob_value me;
    char *path = ob_key_path(a->s.cli);
    ob_plan_by(&me);
    a->terms.by = ob_map_str(&me, "user");
    enum ob_status st = ob_key_read_private(&key, path, err);
    if (st != OB_OK && access(path, F_OK) != 0)
        ob_fail(err, st, "key %s: is not there; make one with: offboard key new", path);
    if (st == OB_OK)
        st = ask(a, err);
    if (st == OB_OK)
        st = ob_plan_seal(&a->doc, &sealed, err);
    if (st == OB_OK) {
        memcpy(a->digest, sealed.digest, OB_SHA256_HEX);
        st = ob_approval_sign(&a->terms, key, &row, err);
    }
    if (st == OB_OK)
        st = keep(a, &row, err);
    if (st == OB_OK)
        tell(a, &row);
    ob_approval_row_fini(&row);
    ob_plan_row_fini(&sealed);
    ob_key_free(key);
    free(path);
    ob_value_fini(&me);
    return st;
}

enum ob_status ob_cmd_approve(struct ob_cli *cli, struct ob_err *err)
{
    struct approving a = {0};
    ob_value_init(&a.doc);
    ob_value_init(&a.strikes);
    ob_value_set_list(&a.strikes);
    enum ob_status st = ob_session_open(&a.s, cli, false, err);
    if (st == OB_OK)
        st = find_plan(&a, err);
    if (st == OB_OK)
        st = read_terms(&a, err);
    if (st == OB_OK)
        st = sign(&a, err);
    ob_value_fini(&a.strikes);
    ob_value_fini(&a.doc);
    ob_session_close(&a.s);
    return st;
}
