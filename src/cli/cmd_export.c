/* offboard export: one line a person and proposal, as CSV (RFC 4180) or JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "cli/people.h"

static void json_line(void *ctx, const struct ob_step_row *step, const struct ob_person_row *p)
{
    struct ob_value v;
    struct ob_buf line;
    (void)ctx;
    ob_value_init(&v);
    ob_value_set_map(&v);
    ob_map_put_str(&v, "person", p->person);
    ob_map_put_str(&v, "id", p->id);
    ob_map_put_str(&v, "step", step->path);
    ob_map_put_str(&v, "target", step->target);
    ob_map_put_str(&v, "action", step->action);
    ob_map_put_str(&v, "outcome", ob_outcome_word(p->state));
    ob_map_put_str(&v, "detail", p->detail ? p->detail : "");
    ob_map_put_int(&v, "calls", p->calls);
    ob_buf_init(&line, OB_BUF_SMALL);
    ob_json_write(&line, &v);
    puts(ob_buf_str(&line));
    ob_buf_fini(&line);
    ob_value_fini(&v);
}

static void csv_cell(const char *text, char after)
{
    if (!strpbrk(text, ",\"\r\n")) {
        printf("%s%c", text, after);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    printf("\"%c", after);
}

static void csv_line(void *ctx, const struct ob_step_row *step, const struct ob_person_row *p)
{
    (void)ctx;
    csv_cell(p->person, ',');
    csv_cell(p->id, ',');
    csv_cell(step->target, ',');
    csv_cell(step->action, ',');
    csv_cell(ob_outcome_word(p->state), ',');
    csv_cell(p->detail ? p->detail : "", ',');
    printf("%" PRId64 "\n", p->calls);
}

enum ob_status ob_cmd_export(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    struct ob_run_row row = {0};
    int64_t run = ob_cli_int(cli, "run", 0);
    struct ob_each_person to = {cli->json ? json_line : csv_line, NULL};
    enum ob_status st = ob_session_open(&s, cli, false, err);
    if (st == OB_OK)
        st = ob_ledger_run_get(s.ledger, run, &row, err);
    if (st == OB_OK) {
        ob_run_row_fini(&row);
        if (!cli->json)
            puts("person,id,target,action,outcome,detail,calls");
        st = ob_people_each(s.ledger, run, &to, err);
    }
    ob_session_close(&s);
    return st;
}
