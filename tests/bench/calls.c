/* bench_calls OFFBOARD BARE CALLS FOLDER: CPU seconds of `offboard apply` for so many signed calls,
 * beside a bare curl_multi program that sends the same bytes to the same server. The server is a
 * thread of this process, so that its own CPU is in neither. Median of three rounds each, taken in
 * turn. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cheap_server.h"
#include "used.h"

#define ROUNDS 3

static struct {
    const char *offboard, *bare;
    int people;
    const char *folder; /* for the ledger and all else; the caller's */
    struct cheap_server *server;
} b;

static void write_file(const char *name, const struct ob_buf *text)
{
    struct ob_err err;
    char *path = ob_xasprintf("%s/%s", b.folder, name);
    if (ob_file_write(path, ob_buf_str(text), text->len, 0600, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    free(path);
}

static void write_text(const char *name, const char *text)
{
    struct ob_buf buf;
    ob_buf_init(&buf, OB_BUF_SMALL);
    ob_buf_adds(&buf, text);
    write_file(name, &buf);
    ob_buf_fini(&buf);
}

static void prepare(void)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_adds(&text, "user\n");
    for (int i = 0; i < b.people; i++)
        ob_buf_addf(&text, "user_%06d\n", i);
    write_file("leavers.csv", &text);
    ob_buf_clear(&text);
    ob_buf_addf(&text,
                "target \"desktops\" {\n  provider = \"alibaba-eds\",\n"
                "  endpoint = \"http://127.0.0.1:%d\",\n  access_key_id = \"bench\",\n"
                "  access_key_secret = secret.file \"key\",\n}\n",
                cheap_server_port(b.server));
    write_file("targets.lua", &text);
    write_text("key", "bench-secret");
    write_text("policy.lua",
               "target \"desktops\":lock(input.csv \"leavers\", { id = \"user\", chunk = 1 })\n");
    ob_buf_fini(&text);
}

static struct used offboard(const char *a, const char *c, const char *d, const char *e)
{
    const char *argv[] = {b.offboard, a, c, d, e, "--quiet", NULL};
    struct used u = used_by(argv, 1);
    if (u.code) {
        fprintf(stderr, "offboard %s: exit %d\n", a, u.code);
        exit(1);
    }
    return u;
}

/* A plan and its run; the requests of the run are recorded. */
static struct used ours(const char *parallel, long *calls)
{
    char *record = ob_xasprintf("%s/record", b.folder);
    char *policy = ob_xasprintf("%s/policy.lua", b.folder);
    char *input = ob_xasprintf("--input=leavers=%s/leavers.csv", b.folder);
    char *ledger = ob_xasprintf("%s/ledger", b.folder);
    char *option = ob_xasprintf("--parallel=%s", parallel);
    unlink(ledger);
    FILE *to = fopen(record, "w");
    offboard("plan", policy, input, "--quiet");
    cheap_server_reset(b.server, to);
    cheap_server_calls(b.server);
    struct used u = offboard("apply", "latest", "--yes", option);
    cheap_server_reset(b.server, NULL);
    fclose(to);
    *calls = cheap_server_calls(b.server);
    free(record), free(policy), free(input), free(ledger), free(option);
    return u;
}

static struct used bare(const char *parallel, long *calls)
{
    char port[16];
    char *record = ob_xasprintf("%s/record", b.folder);
    const char *argv[] = {b.bare, port, record, parallel, NULL};
    snprintf(port, sizeof port, "%d", cheap_server_port(b.server));
    struct used u = used_by(argv, 1);
    *calls = cheap_server_calls(b.server);
    free(record);
    return u;
}

static int by_value(const void *a, const void *c)
{
    double x = *(const double *)a, y = *(const double *)c;
    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof *v, by_value);
    return v[ROUNDS / 2];
}

static void compare(const char *parallel)
{
    double mine[ROUNDS], theirs[ROUNDS], wall[ROUNDS], bare_wall[ROUNDS], ratio[ROUNDS];
    long calls = 0, same = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct used o = ours(parallel, &calls), c = bare(parallel, &same);
        if (calls != same)
            fprintf(stderr, "bench: %ld calls of ours, %ld of the bare program\n", calls, same);
        mine[i] = o.user + o.sys;
        theirs[i] = c.user + c.sys;
        wall[i] = o.wall;
        bare_wall[i] = c.wall;
        ratio[i] = mine[i] / theirs[i];
    }
    double k = 10000.0 / (double)calls;
    printf("%-10s %7ld %12.2f %12.2f %7.1f %11.2f %11.2f\n", parallel, calls, median(mine) * k,
           median(theirs) * k, median(ratio), median(wall) * k, median(bare_wall) * k);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 64;
    b.offboard = argv[1];
    b.bare = argv[2];
    b.people = (int)strtol(argv[3], NULL, 10);
    b.folder = argv[4];
    b.server = cheap_server_start(NULL);
    char *config = ob_xasprintf("%s/targets.lua", b.folder);
    char *ledger = ob_xasprintf("%s/ledger", b.folder);
    setenv("OFFBOARD_CONFIG", config, 1);
    setenv("OFFBOARD_LEDGER", ledger, 1);
    prepare();
    printf("for 10,000 calls of about 0.8 kB, seconds:\n");
    printf("%-10s %7s %12s %12s %7s %11s %11s\n", "in flight", "calls", "CPU offboard", "CPU bare",
           "ratio", "offboard", "bare");
    compare("4");
    compare("64");
    free(config);
    free(ledger);
    return 0;
}
