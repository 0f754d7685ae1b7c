/* offboard verify: the ledger against its own chain. Asks no cloud and writes nothing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "cli/cli.h"
#include "ledger/verify.h"
#include "report/events.h"

#define HEAD_MAX 4096

/* --head takes the line itself or a file that holds it. */
static enum ob_status read_head(const char *given, struct ob_head *h, struct ob_err *err)
{
    struct ob_buf text;
    enum ob_status st = OB_OK;
    ob_buf_init(&text, HEAD_MAX);
    if (strcmp(given, "-") == 0 || access(given, F_OK) == 0)
        st = ob_file_read(given, HEAD_MAX, &text, OB_ERR_USAGE, err);
    else
        ob_buf_adds(&text, given);
    if (st == OB_OK && !ob_head_parse(ob_buf_str(&text), h))
        st = ob_fail(err, OB_ERR_USAGE,
                     "--head %s: neither a file nor a head; say \"SEQ HASH\" as a run printed it",
                     given);
    ob_buf_fini(&text);
    return st;
}

static void tell(const struct ob_cli *cli, const struct ob_verify_report *r)
{
    for (size_t i = 0; i < ob_list_count(&r->findings); i++)
        ob_cli_print(cli, "%s", ob_value_str(ob_list_at(&r->findings, i)));
    if (r->count > OB_FINDINGS_MAX)
        ob_cli_print(cli, "and %" PRId64 " more", r->count - OB_FINDINGS_MAX);
    if (r->count)
        return;
    ob_cli_print(cli, "events  %" PRId64, r->head.seq);
    ob_cli_print(cli, "rows    %" PRId64 ", each as it was recorded", r->rows);
    ob_cli_print(cli, "key     %.16s", r->key);
    ob_cli_print(cli, "head %" PRId64 " %s", r->head.seq, r->head.hash);
    if (r->adopted)
        ob_cli_say(cli, "event 1 took in what was there before there were events");
}

static void emit(const struct ob_verify_report *r, enum ob_status st)
{
    struct ob_event ev;
    ob_event_init(&ev, "verify");
    ob_map_put_int(&ev.fields, "code", ob_status_exit(st));
    ob_map_put_str(&ev.fields, "exit", ob_status_word(st));
    ob_map_put_int(&ev.fields, "seq", r->head.seq);
    ob_map_put_str(&ev.fields, "hash", r->head.hash);
    ob_map_put_int(&ev.fields, "at_ms", r->head.at_ms);
    ob_map_put_str(&ev.fields, "key", r->key);
    ob_map_put_int(&ev.fields, "rows", r->rows);
    ob_map_put_int(&ev.fields, "count", r->count);
    ob_value_copy(ob_map_put(&ev.fields, "findings"), &r->findings);
    ob_event_emit(&ev, stdout);
}

enum ob_status ob_cmd_verify(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_verify_options o = {.pub = ob_cli_text(cli, "key")};
    struct ob_verify_report r = {0};
    struct ob_head head;
    const char *given = ob_cli_text(cli, "head");
    char *path = ob_cli_ledger_path(cli);
    enum ob_status st = given ? read_head(given, &head, err) : OB_OK;
    o.head = given ? &head : NULL;
    if (st == OB_OK)
        st = ob_ledger_verify(path, &o, &r, err);
    if (st == OB_OK || st == OB_ERR_AUDIT) {
        if (cli->json)
            emit(&r, st);
        else
            tell(cli, &r);
    }
    ob_verify_report_fini(&r);
    free(path);
    return st;
}
