/* What `offboard sim` reads from elsewhere: the state of a simulator that runs in another process,
 * and the people of a file. */
#include "cli/sim.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/transport.h"
#include "script/table.h"
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 * 1024 * 1024)
#define WAIT_MS  30000

/* ---- state ---- */

static enum ob_status check_answer(const struct ob_completion *c, const char *url,
                                   struct ob_err *err)
{
    if (c->error != OB_NET_OK)
        return ob_fail(err, OB_ERR, "%s: %s", url, c->message);
    if (c->response.status != 200)
        return ob_fail(err, OB_ERR, "%s: answered %d: is it a simulator of ours?", url,
                       c->response.status);
    return OB_OK;
}

static void exchange(const struct ob_route *route, struct ob_completion *done)
{
    struct ob_http *http = ob_http_new();
    struct ob_transport t = ob_http_transport(http);
    struct ob_request r;
    struct ob_buf path;
    ob_buf_init(&path, OB_BUF_SMALL);
    ob_buf_addf(&path, "%s/_sim/state", route->endpoint.base);
    ob_request_init(&r, "GET", ob_buf_str(&path));
    t.send(t.self, 1, route, &r);
    while (t.poll(t.self, WAIT_MS, done, 1) == 0)
        ;
    ob_request_fini(&r);
    ob_buf_fini(&path);
    ob_http_free(http);
}

enum ob_status ob_sim_ask_state(const struct ob_cli *cli, const char *url, const char *ca,
                                struct ob_err *err)
{
    struct ob_route route = {.timeout_ms = WAIT_MS};
    struct ob_completion done = {0};
    enum ob_status status = ob_endpoint_parse(&route.endpoint, url, err);
    if (status != OB_OK) {
        ob_err_prefix(err, "--state");
        return err->status = OB_ERR_USAGE;
    }
    route.ca_file = ca ? ob_xstrdup(ca) : NULL;
    exchange(&route, &done);
    status = check_answer(&done, url, err);
    if (status == OB_OK)
        ob_cli_print(cli, "%s", ob_buf_str(&done.response.body));
    ob_completion_fini(&done);
    ob_endpoint_fini(&route.endpoint);
    free(route.ca_file);
    return status;
}

/* ---- people ---- */

static void put_rows(const struct ob_table *t, struct ob_value *rows)
{
    ob_value_set_list(rows);
    for (size_t i = 0; i < t->row_count; i++) {
        struct ob_value *row = ob_list_push(rows);
        ob_value_set_map(row);
        for (size_t j = 0; j < t->column_count; j++) {
            size_t len;
            const char *cell = ob_table_cell(t, i, j, &len);
            ob_value_set_strn(ob_map_put(row, t->columns[j]), cell, len);
        }
    }
}

enum ob_status ob_sim_read_people(const char *path, struct ob_value *rows, struct ob_err *err)
{
    size_t len = strlen(path);
    bool json = len > 5 && strcmp(path + len - 5, ".json") == 0;
    struct ob_input_options opt = {.format = json ? OB_FORMAT_JSON : OB_FORMAT_CSV};
    struct ob_table *table = NULL;
    struct ob_buf bytes;
    ob_buf_init(&bytes, FILE_MAX);
    enum ob_status status = ob_file_read(path, FILE_MAX, &bytes, OB_ERR_INPUT, err);
    if (status == OB_OK)
        status = ob_table_parse(&table, path, ob_buf_str(&bytes), bytes.len, &opt, err);
    if (status == OB_OK) {
        put_rows(table, rows);
        ob_table_unref(table);
    }
    ob_buf_fini(&bytes);
    return status;
}
