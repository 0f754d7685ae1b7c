/* Two processes on one run, and signals: what must happen when an administrator is impatient, or
 * a timer starts while somebody works. Everything against a slow simulator, so that "meanwhile"
 * is long enough; nothing sleeps, all waiting is for something to happen.
 *
 * usage: twice_test OFFBOARD */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "base/mem.h"
#include "life.h"
#include "sims.h"
#include "world.h"

#define SLICE  4 /* people of one plan */
#define SLICES 16

static struct {
    const char *offboard, *folder;
    struct sim_log log;
    struct ob_buf leavers, rows; /* the whole CSV; what was exported */
    size_t slice;
    int runs, failures;
} t;

static void hold(bool good, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void hold(bool good, const char *what, const char *format, ...)
{
    va_list ap;
    printf("%s  %s", good ? "ok  " : "FAIL", what);
    if (!good) {
        printf(": ");
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        t.failures++;
    }
    printf("\n");
    fflush(stdout);
}

/* ---- commands ---- */

static void begin(struct life *l, const char *command, const char *a, const char *b)
{
    const char *argv[] = {t.offboard, command, a, a ? b : NULL, NULL};
    life_begin(l, (char *const *)argv, &t.log);
}

static int run(const char *command, const char *a, const char *b)
{
    struct life l;
    begin(&l, command, a, b);
    life_watch(&l, &t.log, NULL);
    life_fini(&l);
    return l.code;
}

static const char *line_after(const char *p, size_t lines)
{
    while (lines-- && p)
        p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL;
    return p;
}

/* A plan for the next few people of the list, so that every test has people of its own. */
static void make_plan(void)
{
    struct ob_buf csv, policy;
    const char *text = ob_buf_str(&t.leavers);
    const char *first = line_after(text, 1), *from = line_after(text, 1 + t.slice * SLICE);
    const char *to = line_after(text, 1 + ++t.slice * SLICE);
    char *path = ob_xasprintf("%s/policy.lua", t.folder);
    char *input = ob_xasprintf("--input=leavers=%s/slice.csv", t.folder);
    ob_buf_init(&csv, OB_BUF_LARGE);
    ob_buf_init(&policy, OB_BUF_LARGE);
    ob_buf_add(&csv, text, (size_t)(first - text));
    ob_buf_add(&csv, from, (size_t)(to - from));
    ob_buf_adds(&policy,
                "target \"meeting\":delete(input.csv \"leavers\", "
                "{ id = \"meeting_account\", chunk = 2, parallel = 1, straight = true })\n");
    folder_write(t.folder, "slice.csv", &csv);
    folder_write(t.folder, "policy.lua", &policy);
    int code = run("plan", path, input);
    if (code)
        hold(false, "plan", "exit %d", code);
    ob_buf_fini(&csv);
    ob_buf_fini(&policy);
    free(path);
    free(input);
}

/* ---- two at once ---- */

/* The rows of the latest run are kept for the count at the end. */
static void keep_rows(void)
{
    struct life l;
    char number[16];
    const char *argv[] = {t.offboard, "export", number, "--json", NULL};
    snprintf(number, sizeof number, "%d", ++t.runs);
    if (life_run(&l, (char *const *)argv, &t.log, NULL))
        hold(false, "export", "run %s: exit %d", number, l.code);
    ob_buf_add(&t.rows, ob_buf_str(&l.text), l.text.len);
    life_fini(&l);
}

static void apply_and_resume(void)
{
    struct life first;
    make_plan();
    begin(&first, "apply", "latest", "--yes");
    bool runs = life_until(&first, &t.log, AT_REQUEST, 2);
    hold(runs, "apply is at work", "it ended with %d", first.code);
    int code = run("resume", NULL, NULL);
    hold(code == 31, "resume of a run that is at work is refused", "exit %d", code);
    code = run("apply", "latest", "--yes");
    hold(code == 31, "apply of its plan is refused", "exit %d", code);
    life_watch(&first, &t.log, NULL);
    hold(first.code == 0, "the first one was not disturbed", "exit %d", first.code);
    code = run("apply", "latest", "--yes");
    hold(code == 12, "apply of a plan that was carried out is refused", "exit %d", code);
    life_fini(&first);
    keep_rows();
}

static void two_applies(void)
{
    int good = 0, refused = 0;
    for (int round = 0; round < 3; round++) {
        struct life a, b;
        make_plan();
        begin(&a, "apply", "latest", "--yes");
        begin(&b, "apply", "latest", "--yes");
        life_watch(&a, &t.log, NULL);
        life_watch(&b, &t.log, NULL);
        good += (a.code == 0) + (b.code == 0);
        refused += (a.code == 12 || a.code == 31) + (b.code == 12 || b.code == 31);
        life_fini(&a);
        life_fini(&b);
        keep_rows();
    }
    hold(good == 3 && refused == 3, "of two applies of a plan one runs, 3 times",
         "%d ran, %d were refused", good, refused);
}

static void two_resumes(void)
{
    int good = 0, other = 0;
    for (int round = 0; round < 2; round++) {
        struct life first, a, b;
        struct shot shot = {AT_EFFECT, 1, SIGKILL, 0};
        make_plan();
        begin(&first, "apply", "latest", "--yes");
        life_watch(&first, &t.log, &shot);
        begin(&a, "resume", NULL, NULL);
        begin(&b, "resume", NULL, NULL);
        life_watch(&a, &t.log, NULL);
        life_watch(&b, &t.log, NULL);
        good += (a.code == 0) + (b.code == 0);
        other += (a.code == 31) + (b.code == 31);
        life_fini(&first);
        life_fini(&a);
        life_fini(&b);
        keep_rows();
    }
    hold(good == 2 && other == 2, "of two resumes of a run one runs, twice",
         "%d ran, %d were refused", good, other);
}

/* ---- signals ---- */

static bool is_open(void)
{
    struct life l;
    char number[16];
    const char *argv[] = {t.offboard, "status", number, "--json", NULL};
    snprintf(number, sizeof number, "%d", t.runs + 1);
    life_run(&l, (char *const *)argv, &t.log, NULL);
    bool open = strstr(ob_buf_str(&l.text), "\"open\"") != NULL;
    life_fini(&l);
    return open;
}

/* Once: what is in flight is waited for, so it ends only after the slow answer; and it can be
 * resumed, with nothing in doubt. */
static void once(int signal, int code, const char *name)
{
    struct life l;
    char what[80];
    struct shot shot = {AT_EFFECT, 1, signal, 0};
    make_plan();
    begin(&l, "apply", "latest", "--yes");
    life_watch(&l, &t.log, &shot);
    snprintf(what, sizeof what, "%s: exit %d", name, code);
    hold(l.code == code, what, "exit %d", l.code);
    snprintf(what, sizeof what, "%s: what is in flight is waited for", name);
    hold(l.ended_us - l.shot_us > 150000, what, "it ended after %d ms",
         (int)((l.ended_us - l.shot_us) / 1000));
    snprintf(what, sizeof what, "%s: the run stays open", name);
    hold(is_open(), what, "status says otherwise");
    int again = run("resume", NULL, NULL);
    snprintf(what, sizeof what, "%s: resume brings it to its end", name);
    hold(again == 0, what, "exit %d", again);
    life_fini(&l);
    keep_rows();
}

/* Twice: at once, also when the cloud has not answered yet. */
static void twice(int signal, int code, const char *name)
{
    struct life l;
    char what[80];
    struct shot shot = {AT_EFFECT, 1, signal, 20000};
    make_plan();
    begin(&l, "apply", "latest", "--yes");
    life_watch(&l, &t.log, &shot);
    snprintf(what, sizeof what, "%s twice: exit %d", name, code);
    hold(l.code == code, what, "exit %d", l.code);
    snprintf(what, sizeof what, "%s twice: at once", name);
    hold(l.shots == 2 && l.ended_us - l.shot_us < 300000, what, "%d shots, then %d ms", l.shots,
         (int)((l.ended_us - l.shot_us) / 1000));
    int again = run("resume", NULL, NULL);
    snprintf(what, sizeof what, "%s twice: resume brings it to its end", name);
    hold(again == 0, what, "exit %d", again);
    life_fini(&l);
    keep_rows();
}

static void count_up(void)
{
    struct life state;
    struct world w;
    const char *argv[] = {t.offboard, "sim", "--state", getenv("OFFBOARD_SIM_URL"), NULL};
    life_run(&state, (char *const *)argv, &t.log, NULL);
    world_read(&w, &state.text, &t.rows);
    hold(w.faults.len == 0, "the ledger says of everybody what the clouds did, and did once", "%s",
         ob_buf_str(&w.faults));
    hold(w.succeeded == t.slice * SLICE, "everybody is gone", "%zu of %zu", w.succeeded,
         t.slice * SLICE);
    world_fini(&w);
    life_fini(&state);
}

static int inside(const char *offboard, const char *folder, int log_fd)
{
    char *ledger = ob_xasprintf("%s/ledger", folder);
    t.offboard = offboard;
    t.folder = folder;
    setenv("OFFBOARD_LEDGER", ledger, 1);
    fcntl(log_fd, F_SETFD, FD_CLOEXEC);
    sim_log_init(&t.log, log_fd);
    ob_buf_init(&t.rows, OB_BUF_LARGE);
    folder_lift_limits(folder);
    folder_read(folder, "leavers.csv", &t.leavers);
    apply_and_resume();
    two_applies();
    two_resumes();
    once(SIGINT, 130, "SIGINT");
    once(SIGTERM, 143, "SIGTERM");
    twice(SIGINT, 130, "SIGINT");
    twice(SIGTERM, 143, "SIGTERM");
    count_up();
    free(ledger);
    return t.failures != 0;
}

int main(int argc, char **argv)
{
    int status = 1;
    char leavers[16];
    if (argc == 5 && strcmp(argv[1], "--inside") == 0)
        return inside(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
    if (argc != 2) {
        fprintf(stderr, "usage: twice_test OFFBOARD\n");
        return 64;
    }
    snprintf(leavers, sizeof leavers, "%d", SLICE * SLICES);
    struct sim_options o = {argv[1], "300", leavers, "slow=400ms", "all-or-nothing"};
    char *folder = folder_make("twice");
    const char *const words[] = {own_path(), "--inside", argv[1], folder, NULL};
    waitpid(sim_start(&o, folder, words), &status, 0);
    if (status == 0)
        folder_drop(folder);
    else
        printf("kept in %s\n", folder);
    free(folder);
    return status != 0;
}
