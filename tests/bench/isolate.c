/* bench_isolate LOG LEAVERS STATE CHUNK: how many calls it took to find the poisoned among the
 * people of LEAVERS, from the simulator's log, beside what plain halving of the same chunks takes
 * and what any method must. STATE (the simulator's --state-out) knows who is poisoned. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/value.h"
#include "script/script.h"

#define COLUMN 2 /* meeting_account in leavers.csv */

static struct ob_buf slurp(const char *path)
{
    struct ob_buf text;
    struct ob_err err;
    ob_buf_init(&text, OB_BUF_LARGE);
    if (ob_file_read(path, OB_BUF_LARGE, &text, OB_ERR, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return text;
}

static bool is_poisoned(const struct ob_value *poisoned, const char *id, size_t len)
{
    for (size_t i = 0; i < ob_list_count(poisoned); i++) {
        const char *p = ob_value_str(ob_list_at(poisoned, i));
        if (strlen(p) == len && memcmp(p, id, len) == 0)
            return true;
    }
    return false;
}

/* One entry a row: is this person poisoned? */
static bool *read_people(const char *path, const struct ob_value *poisoned, size_t *count)
{
    struct ob_buf csv = slurp(path);
    bool *bad = NULL;
    size_t n = 0;
    char *line = strchr(csv.p, '\n') + 1;
    while (*line) {
        char *cell = line;
        for (int i = 0; i < COLUMN; i++)
            cell = strchr(cell, ',') + 1;
        bad = ob_xrealloc(bad, n + 1, sizeof *bad);
        bad[n++] = is_poisoned(poisoned, cell, strcspn(cell, ",\r\n"));
        line = strchr(line, '\n') + 1;
    }
    ob_buf_fini(&csv);
    *count = n;
    return bad;
}

static size_t any(const bool *bad, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += bad[i];
    return n;
}

/* Sends the whole; when it is refused, sends each half. */
static size_t halving(const bool *bad, size_t count)
{
    if (count <= 1 || !any(bad, count))
        return 1;
    return 1 + halving(bad, count / 2) + halving(bad + count / 2, count - count / 2);
}

static double log2_choose(double n, double k)
{
    return (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / log(2);
}

static size_t count_calls(const char *path)
{
    struct ob_buf log = slurp(path);
    size_t n = 0;
    for (const char *at = log.p; at && (at = strstr(at, "\"op\":\"delete\"")); at++)
        n++;
    ob_buf_fini(&log);
    return n;
}

int main(int argc, char **argv)
{
    struct ob_value state;
    struct ob_err err;
    size_t count, plain = 0, chunks = 0;
    if (argc != 5)
        return 64;
    size_t chunk = strtoul(argv[4], NULL, 10);
    struct ob_buf text = slurp(argv[3]);
    if (ob_script_json(ob_buf_str(&text), text.len, &state, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct ob_value *meeting = ob_map_get(ob_map_get(&state, "clouds"), "meeting");
    bool *bad = read_people(argv[2], ob_map_get(meeting, "poisoned"), &count);
    size_t culprits = any(bad, count), ours = count_calls(argv[1]);
    for (size_t i = 0; i < count; i += chunk, chunks++)
        plain += halving(bad + i, i + chunk < count ? chunk : count - i);
    double bound = log2_choose((double)count, (double)culprits);
    printf("%zu poisoned among %zu, chunks of %zu\n", culprits, count, chunk);
    printf("%-34s %6s %12s %12s\n", "delete calls", "all", "over chunks", "per culprit");
    printf("%-34s %6zu %12zu %12.1f\n", "offboard", ours, ours - chunks,
           (double)(ours - chunks) / (double)culprits);
    printf("%-34s %6zu %12zu %12.1f\n", "plain halving", plain, plain - chunks,
           (double)(plain - chunks) / (double)culprits);
    printf("%-34s %6.0f\n", "log2 C(people, poisoned)", ceil(bound));
    free(bad);
    ob_value_fini(&state);
    ob_buf_fini(&text);
    return 0;
}
