/* Suspended connections and the thread that resumes them when their time has come. Adding,
 * resuming and closing exclude each other, so that no connection is suspended after the last
 * resume: libmicrohttpd aborts the process when it stops with one asleep. */
#include "net/server_park.h"
#include "base/mem.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct place {
    struct place *next;
    struct MHD_Connection *connection;
    int64_t due_ms; /* monotonic */
};

struct ob_park {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct place *places;
    bool closed;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Resumes what is due, all when closed; returns when the next one will be. */
static int64_t resume_due(struct ob_park *p)
{
    int64_t now = now_ms(), next = OB_PARK_FOR_EVER;
    for (struct place **at = &p->places; *at;) {
        struct place *here = *at;
        if (p->closed || here->due_ms <= now) {
            *at = here->next;
            MHD_resume_connection(here->connection);
            free(here);
            continue;
        }
        next = here->due_ms < next ? here->due_ms : next;
        at = &here->next;
    }
    return next;
}

static void *attend(void *ctx)
{
    struct ob_park *p = ctx;
    pthread_mutex_lock(&p->lock);
    while (!p->closed) {
        int64_t next = resume_due(p);
        if (next == OB_PARK_FOR_EVER) {
            pthread_cond_wait(&p->changed, &p->lock);
        } else {
            struct timespec t = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
            pthread_cond_timedwait(&p->changed, &p->lock, &t);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct ob_park *ob_park_new(void)
{
    struct ob_park *p = ob_xcalloc(1, sizeof *p);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&p->lock, NULL);
    if (pthread_create(&p->thread, NULL, attend, p) == 0)
        return p;
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p);
    return NULL;
}

bool ob_park_add(struct ob_park *p, struct MHD_Connection *c, int64_t ms)
{
    pthread_mutex_lock(&p->lock);
    bool open = !p->closed;
    if (open) {
        struct place *here = ob_xmalloc(sizeof *here);
        int64_t now = now_ms();
        int64_t due = ms > OB_PARK_FOR_EVER - now ? OB_PARK_FOR_EVER : now + ms;
        *here = (struct place){.next = p->places, .connection = c, .due_ms = due};
        p->places = here;
        MHD_suspend_connection(c);
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return open;
}

void ob_park_close(struct ob_park *p)
{
    pthread_mutex_lock(&p->lock);
    bool first = !p->closed;
    p->closed = true;
    resume_due(p);
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (first)
        pthread_join(p->thread, NULL);
}

void ob_park_free(struct ob_park *p)
{
    if (!p)
        return;
    ob_park_close(p);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p);
}
