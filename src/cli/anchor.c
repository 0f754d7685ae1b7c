/* The end of the chain, at the end of a run: shown, told to programs, and given to the anchor that
 * targets.lua names, so that it is known where whoever can change the ledger cannot change it. An
 * anchor that fails is a warning: the run is what it is. */
#include <inttypes.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "base/command.h"
#include "cli/session.h"

#define ANCHOR_MS  10000
#define ANCHOR_OUT ((size_t)64 * 1024)

static enum ob_status to_syslog(const char *json, struct ob_err *err)
{
    if (access("/dev/log", W_OK) != 0)
        return ob_fail(err, OB_ERR, "there is no syslog here (/dev/log)");
    openlog("offboard", LOG_PID, LOG_AUTH);
    syslog(LOG_NOTICE, "ledger head %s", json);
    closelog();
    return OB_OK;
}

static enum ob_status to_command(char *const *argv, const char *json, struct ob_err *err)
{
    struct ob_buf out;
    const struct ob_command_run run = {.argv = argv,
                                       .input = json,
                                       .input_len = strlen(json),
                                       .most_ms = ANCHOR_MS,
                                       .status = OB_ERR};
    ob_buf_init(&out, ANCHOR_OUT);
    enum ob_status st = ob_command_output(&run, &out, err);
    ob_buf_fini(&out);
    return st;
}

static void anchor(struct ob_session *s, const char *json)
{
    const struct ob_anchor *a = s->config ? &s->config->anchor : NULL;
    struct ob_err err = {0};
    enum ob_status st = OB_OK;
    if (a && a->syslog)
        st = to_syslog(json, &err);
    else if (a && a->command)
        st = to_command(a->command, json, &err);
    if (st != OB_OK)
        ob_cli_warn(s->cli, "anchor: %s; the head was not put there", err.message);
}

void ob_session_head(struct ob_session *s, struct ob_value *fields)
{
    struct ob_head h;
    struct ob_err err = {0};
    char key[OB_SHA256_HEX];
    enum ob_status st = ob_ledger_head(s->ledger, &h, &err);
    if (st == OB_OK && !h.seq)
        return;
    if (st == OB_OK)
        st = ob_ledger_key_print(s->ledger, key, &err);
    if (st != OB_OK) {
        ob_cli_warn(s->cli, "%s", err.message);
        return;
    }
    struct ob_buf json;
    ob_buf_init(&json, OB_BUF_SMALL);
    ob_head_json(&h, key, &json);
    ob_buf_addc(&json, '\n');
    ob_cli_say(s->cli, "head %" PRId64 " %s", h.seq, h.hash);
    ob_head_value(&h, key, ob_map_put(fields, "head"));
    anchor(s, ob_buf_str(&json));
    ob_buf_fini(&json);
}
