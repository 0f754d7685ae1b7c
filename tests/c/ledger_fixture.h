/* A ledger in a folder of its own, and what most ledger tests put into it. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/digest.h"
#include "ledger/ledger.h"

struct place {
    char root[64];
    char path[128]; /* of the ledger: root/state/ledger.db; the folder is the ledger's to make */
};

static struct ob_err err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        err.message[0] = '\0';                                                                     \
        if ((call) != OB_OK)                                                                       \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)

/* The call fails with `want`, and says all of `text`. */
#define FAILS(call, want, text)                                                                    \
    do {                                                                                           \
        memset(&err, 0, sizeof err);                                                               \
        assert_int_equal((call), (want));                                                          \
        assert_int_equal(err.status, (want));                                                      \
        if (!strstr(err.message, (text)))                                                          \
            fail_msg("\"%s\" does not say \"%s\"", err.message, (text));                           \
    } while (0)

static inline int place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->root, "/tmp/ob-ledger-XXXXXX");
    if (!p || !mkdtemp(p->root))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/state/ledger.db", p->root);
    *state = p;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

static inline int place_remove(void **state)
{
    struct place *p = *state;
    nftw(p->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(p);
    return 0;
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

/* Without the head beside it, which would tell that its ledger is another one now. */
static inline void unlink_ledger(const char *path)
{
    char head[256];
    snprintf(head, sizeof head, "%s.head", path);
    unlink(path);
    unlink(head);
}

static inline struct ob_ledger *open_at(const char *path)
{
    struct ob_ledger *l = NULL;
    OK(ob_ledger_open(&l, path, &err));
    return l;
}

static inline void put_plan(struct ob_ledger *l, const char *id, int64_t created_ms)
{
    struct ob_plan_row p = {.created_ms = created_ms, .digest = "d", .policy_name = "leavers.lua"};
    snprintf(p.id, sizeof p.id, "%s", id);
    ob_buf_init(&p.document, OB_BUF_SMALL);
    ob_buf_addf(&p.document, "{\"id\":\"%s\"}", id);
    OK(ob_ledger_plan_put(l, &p, &err));
    ob_buf_fini(&p.document);
}

/* A step whose people are "p0", "p1", ... with cloud ids "c0", "c1", ... */
static inline void put_step(struct ob_ledger *l, int64_t run, const char *path, size_t count)
{
    struct ob_step_row s = {
        .path = (char *)path, .target = "meeting", .action = "disable", .digest = "abc"};
    struct ob_person_row *people = calloc(count + 1, sizeof *people);
    char(*names)[2][24] = calloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i][0], sizeof names[i][0], "p%zu", i);
        snprintf(names[i][1], sizeof names[i][1], "c%zu", i);
        people[i] =
            (struct ob_person_row){.index = (int64_t)i, .person = names[i][0], .id = names[i][1]};
    }
    ob_buf_init(&s.options, OB_BUF_SMALL);
    ob_buf_adds(&s.options, "{\"chunk\":100}");
    OK(ob_ledger_step_put(l, run, &s, people, count, &err));
    ob_buf_fini(&s.options);
    free(people);
    free(names);
}

static inline int64_t put_run(struct ob_ledger *l)
{
    int64_t run;
    put_plan(l, "00112233445566aa", 1);
    OK(ob_ledger_run_new(l, "00112233445566aa", 1000, &run, &err));
    return run;
}

/* An act on the people first..first+count-1 of step "1". */
static inline enum ob_status act(struct ob_ledger *l, int64_t run, int64_t first, size_t count,
                                 int64_t *id)
{
    int64_t people[1000];
    for (size_t i = 0; i < count; i++)
        people[i] = first + (int64_t)i;
    struct ob_call_row c = {.run = run,
                            .step = "1",
                            .target = "meeting",
                            .action = "disable",
                            .kind = OB_CALL_ACT,
                            .attempt = 1,
                            .request_id = "r",
                            .body_digest = "b",
                            .people = people,
                            .people_count = count,
                            .sent_ms = 5};
    enum ob_status st = ob_ledger_intent(l, &c, &err);
    if (id)
        *id = c.id;
    return st;
}

struct tally {
    size_t rows, sent, calls;
};

static inline bool tally_person(void *ctx, const struct ob_person_row *p)
{
    struct tally *t = ctx;
    t->rows++;
    t->sent += p->state == OB_P_SENT;
    t->calls += (size_t)p->calls;
    return true;
}

static inline bool tally_call(void *ctx, const struct ob_call_row *c)
{
    struct tally *t = ctx;
    t->rows++;
    t->calls += c->people_count;
    return true;
}

static inline struct tally people_of(struct ob_ledger *l, int64_t run)
{
    struct tally t = {0};
    OK(ob_ledger_person_each(l, run, "1", tally_person, &t, &err));
    return t;
}

static inline struct tally calls_of(struct ob_ledger *l, int64_t run)
{
    struct tally t = {0};
    OK(ob_ledger_call_each(l, run, NULL, tally_call, &t, &err));
    return t;
}

static inline double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
