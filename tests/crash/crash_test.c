/* kill -9 at random moments of a run, each followed by resume, until it ends by itself; then the
 * clouds must stand as after an unbroken run, nobody may have been acted upon twice, and the
 * ledger's counts must be the clouds'. One world is one `offboard sim` with a campaign inside;
 * several run side by side, because most of a run is waiting.
 *
 * usage: crash_test OFFBOARD POLICIES [--kills PERCENT] [--only SCENARIO] [--seed N] [--jobs N]
 * PERCENT of the kills in the table below. The scenario "points" is only run when it is named: one
 * kill before and one after each send and each commit of a small run, one world for each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/mem.h"
#include "campaign.h"
#include "life.h"
#include "sims.h"
#include "world.h"

struct scenario {
    const char *name, *policy;
    const char *people, *leavers, *faults, *contract;
    int kills; /* all worlds together */
    int each;  /* at most in one world; 0: one, at the next point */
    /* found by the unbroken run */
    struct result unbroken;
    struct ob_buf clouds, texts;
    /* so far */
    int killed, lives, worlds, promised, points;
    bool over; /* a world came to its end without meeting its point */
};

#define FAULTS_ONLY                                                                                \
    "throttle=0.03,drop-before=0.02,drop-after=0.03,5xx=0.02,5xx-after=0.03,cut=0.02"
#define FAULTS "poison=2," FAULTS_ONLY

/* Every action of one provider, with a wait and undos. Where one verdict is about all, a person
 * whom the cloud refuses is looked at for seconds: that is the scenario "clouds". */
#define PROVIDER(cloud, what)                                                                      \
    {                                                                                              \
        .name = cloud, .policy = cloud ".lua", .people = "80", .leavers = "30", .faults = what,    \
        .contract = "all-or-nothing", .kills = 100, .each = 5                                      \
    }

static struct scenario scenarios[] = {
    {.name = "clouds",
     .policy = "clouds.lua",
     .people = "300",
     .leavers = "40",
     .faults = FAULTS,
     .contract = "all-or-nothing",
     .kills = 54,
     .each = 5},
    {.name = "delete",
     .policy = "delete.lua",
     .people = "2000",
     .leavers = "2000",
     .faults = "meeting:poison=20",
     .contract = "all-or-nothing",
     .kills = 30,
     .each = 5},
    {.name = "changing",
     .policy = "delete.lua",
     .people = "800",
     .leavers = "800",
     .faults = "meeting:poison=10,drop-after=0.05,5xx-after=0.05",
     .contract = "changing",
     .kills = 20,
     .each = 4},
    {.name = "large",
     .policy = "delete.lua",
     .people = "10000",
     .leavers = "10000",
     .faults = "meeting:poison=20",
     .contract = "all-or-nothing",
     .kills = 2,
     .each = 4},
    PROVIDER("meeting", FAULTS),
    PROVIDER("desktops", FAULTS),
    PROVIDER("studio", FAULTS_ONLY),
    {.name = "points",
     .policy = "clouds.lua",
     .people = "60",
     .leavers = "9",
     .faults = "poison=1",
     .contract = "all-or-nothing",
     .kills = 100000, /* there are fewer points */
     .each = 0},
};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

struct job { /* a world that runs now */
    struct scenario *s;
    pid_t pid; /* 0: free */
    int quota, point;
    int promise; /* kills it may bring */
    uint64_t seed;
    char *folder;
};

static struct {
    const char *offboard, *policies, *only;
    int percent, jobs;
    uint64_t seed;
    char *root;
    bool failed;
} t = {.percent = 100, .jobs = 10};

/* ---- one world ---- */

static void start(struct job *j)
{
    const struct scenario *s = j->s;
    const struct measure *m = &s->unbroken.last;
    struct sim_options o = {t.offboard, s->people, s->leavers, s->faults, s->contract};
    char *policy = ob_xasprintf("%s/%s", t.policies, s->policy);
    char *numbers =
        ob_xasprintf("%" PRIu64 ",%d,%d,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, j->seed,
                     j->quota, j->point, m->us, m->bytes, m->requests, m->effects);
    const char *const words[] = {own_path(), "--inside", t.offboard, policy,
                                 j->folder,  numbers,    NULL};
    j->pid = sim_start(&o, j->folder, words);
    free(policy);
    free(numbers);
}

static int inside(char **argv)
{
    struct campaign c = {.offboard = argv[0],
                         .policy = argv[1],
                         .folder = argv[2],
                         .log_fd = (int)strtol(argv[4], NULL, 10)};
    if (sscanf(argv[3], "%" SCNu64 ",%d,%d,%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64, &c.seed,
               &c.quota, &c.point, &c.whole.us, &c.whole.bytes, &c.whole.requests,
               &c.whole.effects) != 7)
        return 1;
    folder_lift_limits(c.folder);
    campaign_run(&c);
    return 0;
}

/* ---- what it found ---- */

static struct result read_result(const struct job *j)
{
    struct result r = {0};
    struct ob_buf text;
    folder_read(j->folder, "result", &text);
    if (sscanf(ob_buf_str(&text),
               "%d %d %d %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %ld %ld %ld", &r.kills,
               &r.lives, &r.again, &r.last.us, &r.last.bytes, &r.last.requests, &r.last.effects,
               &r.succeeded, &r.failed, &r.skipped) != 10)
        t.failed = true;
    ob_buf_fini(&text);
    return r;
}

static void compare(struct job *j, struct ob_buf *faults)
{
    struct ob_buf clouds, people;
    folder_read(j->folder, "clouds", &clouds);
    folder_read(j->folder, "people", &people);
    if (!j->s->clouds.len) {
        j->s->clouds = clouds;
        j->s->texts = people;
        return;
    }
    world_differences(faults, "clouds", ob_buf_str(&j->s->clouds), ob_buf_str(&clouds));
    world_differences(faults, "ledger", ob_buf_str(&j->s->texts), ob_buf_str(&people));
    ob_buf_fini(&clouds);
    ob_buf_fini(&people);
}

static void finish(struct job *j, int status)
{
    struct ob_buf faults;
    if (status)
        printf("%s: the simulator ended with wait status %d; see %s/said\n", j->s->name, status,
               j->folder);
    struct result r = read_result(j);
    bool first = !j->s->clouds.len;
    folder_read(j->folder, "faults", &faults);
    compare(j, &faults);
    if (status)
        ob_buf_adds(&faults, "the simulator did not end well\n");
    if (first)
        j->s->unbroken = r;
    j->s->killed += r.kills;
    j->s->promised -= j->promise;
    j->s->over = j->s->over || (j->point && !r.kills);
    j->s->lives += r.lives;
    j->s->worlds++;
    if (faults.len) {
        printf("%s: seed %" PRIu64 ", point %d, %d kills, kept in %s\n%s", j->s->name, j->seed,
               j->point, r.kills, j->folder, ob_buf_str(&faults));
        t.failed = true;
    } else {
        folder_drop(j->folder);
    }
    ob_buf_fini(&faults);
    free(j->folder);
    j->pid = 0;
}

/* ---- all worlds ---- */

static int wanted(const struct scenario *s)
{
    bool named = t.only && strcmp(t.only, s->name) == 0;
    if (s->over || (t.only ? !named : !s->each))
        return 0;
    return (s->kills * t.percent + 99) / 100;
}

/* The scenario that has the largest part of its kills before it; an unbroken run comes first. */
static struct scenario *most_to_do(void)
{
    struct scenario *best = NULL;
    double most = 0;
    for (size_t i = 0; i < SCENARIOS; i++) {
        struct scenario *s = &scenarios[i];
        int left = wanted(s) - s->killed - s->promised;
        bool waits = !s->clouds.len && s->promised;
        double part = wanted(s) ? (double)left / wanted(s) : 0;
        if (!waits && part > most)
            best = s, most = part;
    }
    return best;
}

static bool begin(struct job *j)
{
    static unsigned number;
    struct scenario *s = most_to_do();
    if (!s || t.failed)
        return false;
    int left = wanted(s) - s->killed - s->promised;
    *j = (struct job){.s = s, .seed = t.seed + ++number, .promise = 1};
    if (s->clouds.len && s->each)
        j->quota = j->promise = left < s->each ? left : s->each;
    else if (s->clouds.len)
        j->point = ++s->points;
    s->promised += j->promise;
    j->folder = ob_xasprintf("%s/%s-%u", t.root, s->name, number);
    if (mkdir(j->folder, 0700) != 0) {
        perror(j->folder);
        exit(1);
    }
    start(j);
    return true;
}

static void all_worlds(struct job *jobs)
{
    int running = 0, status;
    for (;;) {
        for (int i = 0; i < t.jobs; i++)
            if (!jobs[i].pid && begin(&jobs[i]))
                running++;
        if (!running)
            return;
        pid_t pid = wait(&status);
        for (int i = 0; i < t.jobs; i++)
            if (jobs[i].pid == pid) {
                finish(&jobs[i], status);
                running--;
            }
    }
}

static void tell(int64_t begun)
{
    int kills = 0;
    printf("%-10s %6s %6s %6s %9s  %s\n", "", "worlds", "lives", "kills", "unbroken",
           "of each world");
    for (size_t i = 0; i < SCENARIOS; i++) {
        const struct scenario *s = &scenarios[i];
        if (!s->worlds)
            continue;
        kills += s->killed;
        printf("%-10s %6d %6d %6d %7.1f s  %ld succeeded, %ld failed, %ld skipped, 0 unknown\n",
               s->name, s->worlds, s->lives, s->killed, (double)s->unbroken.last.us / 1e6,
               s->unbroken.succeeded, s->unbroken.failed, s->unbroken.skipped);
    }
    printf(
        "%d kills in %.1f s, seed %" PRIu64 "%s\n", kills, (double)(now_us() - begun) / 1e6, t.seed,
        t.failed ? "" : ": the clouds are as after an unbroken run, nobody was acted upon twice");
}

static void read_options(int argc, char **argv)
{
    t.seed = (uint64_t)now_us();
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kills") == 0)
            t.percent = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            t.only = argv[i + 1];
        else if (strcmp(argv[i], "--seed") == 0)
            t.seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--jobs") == 0)
            t.jobs = (int)strtol(argv[i + 1], NULL, 10);
    }
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "--inside") == 0)
        return inside(argv + 2);
    if (argc < 3) {
        fprintf(stderr, "usage: crash_test OFFBOARD POLICIES [--kills PERCENT] ...\n");
        return 64;
    }
    t.offboard = argv[1];
    t.policies = argv[2];
    read_options(argc, argv);
    t.root = folder_make("crash");
    int64_t begun = now_us();
    struct job *jobs = ob_xcalloc((size_t)t.jobs, sizeof *jobs);
    all_worlds(jobs);
    free(jobs);
    tell(begun);
    if (!t.failed)
        folder_drop(t.root);
    return t.failed;
}
