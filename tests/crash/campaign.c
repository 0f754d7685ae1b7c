/* See campaign.h. */
#include "campaign.h"
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/random.h"
#include "life.h"
#include "sims.h"
#include "world.h"

#define AGAIN_MAX                                                                                  \
    10 /* lives that may end by themselves too early: the clouds are full of faults                \
        */

struct war {
    const struct campaign *c;
    struct ob_random random;
    struct sim_log log;
    struct ob_buf faults;
    struct result r;
};

static int run(struct war *w, struct life *l, const struct shot *shot, const char *command, ...)
{
    const char *argv[12] = {w->c->offboard, command};
    va_list ap;
    va_start(ap, command);
    for (size_t i = 2; i < 11 && (argv[i] = va_arg(ap, const char *)); i++)
        ;
    va_end(ap);
    return life_run(l, (char *const *)argv, &w->log, shot);
}

/* For commands of which only the code is wanted. */
static int code_of(struct war *w, const char *command, const char *a, const char *b)
{
    struct life l;
    int code = run(w, &l, NULL, command, a, b, NULL);
    life_fini(&l);
    return code;
}

static void expect(struct war *w, const char *what, int code, int want)
{
    if (code != want)
        ob_buf_addf(&w->faults, "%s: exit %d instead of %d\n", what, code, want);
}

/* ---- when to shoot ---- */

static int64_t extent(const struct measure *m, enum moment moment)
{
    switch (moment) {
    case AT_TIME:
        return m->us;
    case AT_OUTPUT:
        return m->bytes;
    case AT_REQUEST:
        return m->requests;
    default:
        return m->effects;
    }
}

/* Half of them anywhere in what an unbroken run takes, half of them soon: a resumed run has less
 * before it, and its beginning is where doubt is settled. */
static struct shot draw(struct war *w)
{
    enum moment m = AT_TIME + (enum moment)ob_random_below(&w->random, MOMENTS - AT_TIME);
    int64_t most = extent(&w->c->whole, m);
    if (ob_random_below(&w->random, 2))
        most /= w->c->quota + 1;
    return (struct shot){m, 1 + (int64_t)ob_random_below(&w->random, (uint64_t)most + 1), SIGKILL,
                         0};
}

/* ---- lives ---- */

/* Before the run is in the ledger there is nothing to resume: then it is applied again. */
static int one_life(struct war *w, struct life *l, const struct shot *shot)
{
    bool begun = w->r.lives && code_of(w, "status", "1", "--json") == 0;
    w->r.lives++;
    if (!begun)
        return run(w, l, shot, "apply", "latest", "--yes", "--json", NULL);
    if (ob_random_below(&w->random, 4) == 0)
        expect(w, "apply of a plan that was begun", code_of(w, "apply", "latest", "--yes"), 12);
    return run(w, l, shot, "resume", "--json", NULL);
}

static void measure(struct war *w, const struct life *l)
{
    w->r.last = (struct measure){l->ended_us - l->begun_us, l->bytes, w->log.requests - l->requests,
                                 w->log.effects - l->effects};
}

/* Somebody failed: that outranks waiting, so the code alone does not tell. */
static bool is_done(struct war *w)
{
    struct life l;
    run(w, &l, NULL, "status", "1", "--json", NULL);
    bool done = strstr(ob_buf_str(&l.text), "\"state\":\"done\"") != NULL;
    life_fini(&l);
    return done;
}

/* True when it is over. Only 0 and 20 are an end; a fault may have stopped a target. */
static bool judge(struct war *w, struct life *l)
{
    if (l->code == -SIGKILL) {
        w->r.kills++;
        return false;
    }
    measure(w, l);
    if (l->code == 0 || (l->code == 20 && is_done(w)))
        return true;
    if (l->code == 22 || l->code == 20) /* it waits, for some milliseconds */
        return false;
    if (++w->r.again > AGAIN_MAX || l->code < 0 || (l->code != 1 && l->code != 21)) {
        ob_buf_addf(&w->faults, "life %d: exit %d: %.*s\n", w->r.lives, l->code,
                    (int)(l->text.len < 2000 ? l->text.len : 2000), ob_buf_str(&l->text));
        return true;
    }
    return false;
}

/* While the library is in the environment, commands die at its point. */
static void arm(int point)
{
    const char *self = own_path();
    char *library = ob_xasprintf("%.*s/libcrash_points.so", (int)(strrchr(self, '/') - self), self);
    char *number = ob_xasprintf("%d", point);
    setenv("LD_PRELOAD", library, 1);
    setenv("CRASH_POINT", number, 1);
    free(library);
    free(number);
}

static void fight(struct war *w)
{
    bool over = false;
    while (!over) {
        struct life l;
        struct shot shot = draw(w);
        if (w->c->point && !w->r.lives)
            arm(w->c->point);
        one_life(w, &l, w->r.kills < w->c->quota ? &shot : NULL);
        unsetenv("LD_PRELOAD");
        over = judge(w, &l);
        life_fini(&l);
    }
    int64_t effects = w->log.effects;
    expect(w, "resume of a finished run", code_of(w, "resume", "--json", NULL), 0);
    if (w->log.effects != effects)
        ob_buf_adds(&w->faults, "resume of a finished run changed something\n");
}

/* ---- what is left ---- */

static void leave_result(const struct campaign *c, const struct result *r)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    ob_buf_addf(&text, "%d %d %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %ld %ld %ld\n",
                r->kills, r->lives, r->again, r->last.us, r->last.bytes, r->last.requests,
                r->last.effects, r->succeeded, r->failed, r->skipped);
    folder_write(c->folder, "result", &text);
    ob_buf_fini(&text);
}

static void look_around(struct war *w)
{
    struct life state, rows;
    struct world world;
    expect(w, "sim --state",
           run(w, &state, NULL, "sim", "--state", getenv("OFFBOARD_SIM_URL"), NULL), 0);
    expect(w, "export", run(w, &rows, NULL, "export", "1", "--json", NULL), 0);
    world_read(&world, &state.text, &rows.text);
    ob_buf_adds(&w->faults, ob_buf_str(&world.faults));
    w->r.succeeded = (long)world.succeeded;
    w->r.failed = (long)world.failed;
    w->r.skipped = (long)world.skipped;
    folder_write(w->c->folder, "clouds", &world.clouds);
    folder_write(w->c->folder, "people", &world.people);
    world_fini(&world);
    life_fini(&state);
    life_fini(&rows);
}

void campaign_run(const struct campaign *c)
{
    struct war w = {.c = c};
    struct life l;
    char *ledger = ob_xasprintf("%s/ledger", c->folder);
    char *input = ob_xasprintf("leavers=%s/leavers.csv", c->folder);
    setenv("OFFBOARD_LEDGER", ledger, 1);
    ob_random_seed(&w.random, c->seed);
    ob_buf_init(&w.faults, OB_BUF_LARGE);
    sim_log_init(&w.log, c->log_fd);
    fcntl(c->log_fd, F_SETFD, FD_CLOEXEC);
    expect(&w, "plan", run(&w, &l, NULL, "plan", c->policy, "--input", input, "--json", NULL), 0);
    life_fini(&l);
    fight(&w);
    expect(&w, "verify", run(&w, &l, NULL, "verify", NULL), 0);
    life_fini(&l);
    look_around(&w);
    folder_write(c->folder, "faults", &w.faults);
    leave_result(c, &w.r);
    sim_log_fini(&w.log);
    ob_buf_fini(&w.faults);
    free(ledger);
    free(input);
}
