/* offboard sim: the simulated clouds on the loopback address, for as long as somebody wants them
 * or while a command runs against them. Here: files that are written, the order of beginning and
 * ending. The clouds are Lua (lua/sim), the socket is net/server.c, the command is sim_child.c. */
#include "cli/sim.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEOPLE_DEFAULT  300
#define LEAVERS_DEFAULT 20

struct sim_run {
    struct ob_cli *cli;
    struct ob_sim *sim;
    struct ob_server *server;
    char *scratch; /* a folder of ours for what nobody gave a name, or NULL */
    char *targets; /* absolute, or NULL */
    char *ca;      /* absolute, or NULL */
    char *url;
    FILE *log;
};

/* ---- names of files ---- */

static char *absolute(const char *path)
{
    char *expanded = ob_path_expand(path);
    char *here = expanded[0] == '/' ? NULL : getcwd(NULL, 0);
    if (!here)
        return expanded;
    char *full = ob_xasprintf("%s/%s", here, expanded);
    free(here);
    free(expanded);
    return full;
}

static enum ob_status make_scratch(struct sim_run *r, struct ob_err *err)
{
    const char *base = getenv("TMPDIR");
    r->scratch = ob_xasprintf("%s/offboard-sim-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(r->scratch))
        return OB_OK;
    enum ob_status status =
        ob_fail(err, OB_ERR, "%s: cannot make the folder: %s", r->scratch, strerror(errno));
    free(r->scratch);
    r->scratch = NULL;
    return status;
}

/* A command needs targets and HTTPS a CA; what was given no name goes into a folder of ours. */
static enum ob_status name_files(struct sim_run *r, struct ob_err *err)
{
    const char *targets = ob_cli_text(r->cli, "targets"), *ca = ob_cli_text(r->cli, "ca_out");
    bool exec = ob_map_get(r->cli->args, "exec"), https = ob_cli_flag(r->cli, "https");
    if (ca && !https)
        return ob_fail(err, OB_ERR_USAGE, "--ca-out: only --https has a CA");
    if ((exec && !targets) || (https && !ca && !targets)) {
        enum ob_status status = make_scratch(r, err);
        if (status != OB_OK)
            return status;
    }
    if (targets)
        r->targets = absolute(targets);
    else if (exec)
        r->targets = ob_xasprintf("%s/targets.lua", r->scratch);
    if (ca)
        r->ca = absolute(ca);
    else if (https)
        r->ca = r->targets ? ob_path_beside(r->targets, "sim-ca.pem")
                           : ob_xasprintf("%s/sim-ca.pem", r->scratch);
    return OB_OK;
}

static void drop_scratch(struct sim_run *r)
{
    static const char *const names[] = {"targets.lua", "sim-ca.pem", "sim-meeting.secret",
                                        "sim-studio.secret", "sim-desktops.secret"};
    for (size_t i = 0; r->scratch && i < sizeof names / sizeof *names; i++) {
        char *path = ob_xasprintf("%s/%s", r->scratch, names[i]);
        unlink(path);
        free(path);
    }
    if (r->scratch)
        rmdir(r->scratch);
}

/* ---- options ---- */

static enum ob_status read_options(const struct ob_cli *cli, struct ob_value *options,
                                   struct ob_err *err)
{
    static const char *const texts[] = {"faults", "contract"};
    const char *from = ob_cli_text(cli, "from");
    ob_value_set_map(options);
    ob_map_put_int(options, "people", ob_cli_int(cli, "people", PEOPLE_DEFAULT));
    ob_map_put_int(options, "seed", ob_cli_int(cli, "seed", 1));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (ob_cli_text(cli, texts[i]))
            ob_map_put_str(options, texts[i], ob_cli_text(cli, texts[i]));
    return from ? ob_sim_read_people(from, ob_map_put(options, "from"), err) : OB_OK;
}

static enum ob_status make_sim(struct sim_run *r, struct ob_err *err)
{
    struct ob_value options;
    ob_value_init(&options);
    enum ob_status status = read_options(r->cli, &options, err);
    if (status == OB_OK)
        status = ob_sim_new(&r->sim, &options, ob_clock_real(), err);
    ob_value_fini(&options);
    return status;
}

/* ---- what is written ---- */

static void write_log(void *ctx, const struct ob_value *event)
{
    FILE *log = ctx;
    struct ob_buf line;
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_json_write(&line, event);
    ob_buf_addc(&line, '\n');
    fwrite(ob_buf_str(&line), 1, line.len, log);
    fflush(log);
    ob_buf_fini(&line);
}

static enum ob_status open_log(struct sim_run *r, struct ob_err *err)
{
    const char *path = ob_cli_text(r->cli, "log");
    if (!path)
        return OB_OK;
    r->log = fopen(path, "we");
    if (!r->log)
        return ob_fail(err, OB_ERR, "%s: cannot open: %s", path, strerror(errno));
    ob_sim_set_log(r->sim, write_log, r->log);
    return OB_OK;
}

static enum ob_status write_secrets(const struct sim_run *r, const struct ob_value *secrets,
                                    struct ob_err *err)
{
    enum ob_status status = OB_OK;
    for (size_t i = 0; i < ob_list_count(secrets) && status == OB_OK; i++) {
        const struct ob_value *pair = ob_list_at(secrets, i);
        const char *bytes = ob_value_str(ob_list_at(pair, 1));
        char *path = ob_path_beside(r->targets, ob_value_str(ob_list_at(pair, 0)));
        status = ob_file_write(path, bytes, strlen(bytes), 0600, err);
        free(path);
    }
    return status;
}

static enum ob_status write_targets(const struct sim_run *r, struct ob_err *err)
{
    struct ob_value made;
    if (!r->targets)
        return OB_OK;
    enum ob_status status = ob_sim_targets(r->sim, r->url, r->ca, &made, err);
    const char *text = ob_map_str(&made, "text");
    if (status == OB_OK)
        status = write_secrets(r, ob_map_get(&made, "secrets"), err);
    if (status == OB_OK)
        status = ob_file_write(r->targets, text, strlen(text), 0600, err);
    ob_value_fini(&made);
    return status;
}

/* Fetches a text of the simulator and writes it where an option says. */
static enum ob_status write_leavers(const struct sim_run *r, struct ob_err *err)
{
    const char *path = ob_cli_text(r->cli, "leavers");
    struct ob_buf csv;
    if (!path)
        return OB_OK;
    ob_buf_init(&csv, OB_BUF_LARGE);
    enum ob_status status =
        ob_sim_leavers(r->sim, ob_cli_int(r->cli, "leavers_count", LEAVERS_DEFAULT), &csv, err);
    if (status == OB_OK)
        status = ob_file_write(path, ob_buf_str(&csv), csv.len, 0600, err);
    ob_buf_fini(&csv);
    return status;
}

static enum ob_status write_state(const struct sim_run *r, struct ob_err *err)
{
    const char *path = ob_cli_text(r->cli, "state_out");
    struct ob_buf json;
    if (!path)
        return OB_OK;
    ob_buf_init(&json, OB_BUF_LARGE);
    enum ob_status status = ob_sim_state(r->sim, false, &json, err);
    ob_buf_addc(&json, '\n');
    if (status == OB_OK)
        status = ob_file_write(path, ob_buf_str(&json), json.len, 0600, err);
    ob_buf_fini(&json);
    return status;
}

/* ---- running ---- */

static enum ob_status start(struct sim_run *r, struct ob_err *err)
{
    struct ob_server_options opt = {.port = (int)ob_cli_int(r->cli, "port", 0),
                                    .https = ob_cli_flag(r->cli, "https"),
                                    .ca_out = r->ca,
                                    .handler = ob_sim_handle,
                                    .ctx = r->sim};
    ob_sim_block_signals();
    enum ob_status status = ob_server_start(&r->server, &opt, err);
    if (status != OB_OK)
        return status;
    r->url =
        ob_xasprintf("%s://127.0.0.1:%d", opt.https ? "https" : "http", ob_server_port(r->server));
    return write_targets(r, err);
}

static void put_text(struct ob_value *event, const char *key, const char *text)
{
    if (text)
        ob_map_put_str(event, key, text);
}

/* Where it serves, on standard output: the only thing another program must read. */
static void announce(const struct sim_run *r)
{
    struct ob_value event;
    struct ob_buf line;
    ob_value_init(&event);
    ob_buf_init(&line, OB_BUF_SMALL);
    ob_value_set_map(&event);
    ob_map_put_str(&event, "event", "serving");
    put_text(&event, "url", r->url);
    put_text(&event, "ca", r->ca);
    put_text(&event, "targets", r->targets);
    ob_json_write(&line, &event);
    ob_cli_print(r->cli, "%s", r->cli->json ? ob_buf_str(&line) : r->url);
    fflush(stdout);
    ob_cli_say(r->cli, "simulated clouds are served until Ctrl-C%s%s",
               r->targets ? "; in another terminal: export OFFBOARD_CONFIG=" : "",
               r->targets ? r->targets : "");
    ob_buf_fini(&line);
    ob_value_fini(&event);
}

static enum ob_status run_command(struct sim_run *r, int *code, struct ob_err *err)
{
    setenv("OFFBOARD_CONFIG", r->targets, 1);
    setenv("OFFBOARD_SIM_URL", r->url, 1);
    setenv("OFFBOARD_SIM_CA", r->ca ? r->ca : "", 1);
    return ob_sim_child(ob_map_get(r->cli->args, "exec"), code, err);
}

static enum ob_status serve(struct sim_run *r, int *code, struct ob_err *err)
{
    if (ob_map_get(r->cli->args, "exec"))
        return run_command(r, code, err);
    announce(r);
    ob_sim_wait();
    return OB_OK;
}

/* From the options to the end of serving; what was begun is ended by finish(). */
static enum ob_status run(struct sim_run *r, int *code, struct ob_err *err)
{
    enum ob_status status = name_files(r, err);
    if (status == OB_OK)
        status = make_sim(r, err);
    if (status == OB_OK)
        status = write_leavers(r, err);
    if (status == OB_OK)
        status = open_log(r, err);
    if (status == OB_OK)
        status = start(r, err);
    if (status == OB_OK)
        status = serve(r, code, err);
    ob_server_stop(r->server);
    if (status == OB_OK)
        status = write_state(r, err);
    return status;
}

static void finish(struct sim_run *r)
{
    if (r->log)
        fclose(r->log);
    ob_sim_free(r->sim);
    drop_scratch(r);
    free(r->scratch);
    free(r->targets);
    free(r->ca);
    free(r->url);
}

/* The command's own code, also when it is none of ours. */
static enum ob_status as_status(int code)
{
    for (int s = OB_OK; s < OB_STATUS_COUNT; s++)
        if (ob_status_exit((enum ob_status)s) == code)
            return (enum ob_status)s;
    fflush(stdout);
    exit(code);
}

enum ob_status ob_cmd_sim(struct ob_cli *cli, struct ob_err *err)
{
    struct sim_run r = {.cli = cli};
    int code = 0;
    if (ob_cli_text(cli, "state"))
        return ob_sim_ask_state(cli, ob_cli_text(cli, "state"), ob_cli_text(cli, "ca"), err);
    enum ob_status status = run(&r, &code, err);
    finish(&r);
    if (status != OB_OK)
        return status;
    err->message[0] = '\0';
    return as_status(code);
}
