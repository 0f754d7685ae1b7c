/* The transport over libcurl: one multi handle, HTTP/1.1, connections and easy handles reused,
 * completions queued until poll() hands them out. It neither signs nor retries, and it takes no
 * signal handlers: curl 7.88 writes with MSG_NOSIGNAL, but a program does well to ignore SIGPIPE
 * all the same. */
#include "net/http_curl.h"
#include "base/clock.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 30000
#define CONNECTIONS_KEPT   256L

/* A server that closed a kept connection under a request may do so with each of them, and what is
 * sent again after that loss must not run into the same: for a while, each request to it has a
 * connection of its own. */
#define WARY_MS  ((int64_t)60000)
#define WARY_MAX 16

TAILQ_HEAD(exchanges, ob_exchange);

struct wary {
    const struct ob_route *route; /* only to compare with */
    int64_t until;
};

struct ob_http {
    CURLM *multi;
    int wake_fd;
    CURL **idle; /* easy handles for reuse */
    size_t idle_count, idle_cap;
    struct exchanges active, done;
    size_t in_flight;
    struct wary wary[WARY_MAX];
    size_t wary_next;
};

static void be_wary(struct ob_http *h, const struct ob_route *route)
{
    h->wary[h->wary_next++ % WARY_MAX] =
        (struct wary){route, ob_mono_ms(ob_clock_real()) + WARY_MS};
}

static bool is_wary(const struct ob_http *h, const struct ob_route *route)
{
    for (size_t i = 0; i < WARY_MAX; i++)
        if (h->wary[i].route == route && ob_mono_ms(ob_clock_real()) < h->wary[i].until)
            return true;
    return false;
}

static void keep_easy(struct ob_http *h, CURL *easy)
{
    if (!easy)
        return;
    curl_easy_reset(easy);
    if (h->idle_count == h->idle_cap) {
        h->idle_cap = h->idle_cap ? h->idle_cap * 2 : 16;
        h->idle = ob_xrealloc(h->idle, h->idle_cap, sizeof *h->idle);
    }
    h->idle[h->idle_count++] = easy;
}

/* Header lines hold tokens, and curl frees without overwriting. */
static void free_fields(struct curl_slist *fields)
{
    for (struct curl_slist *f = fields; f; f = f->next)
        explicit_bzero(f->data, strlen(f->data));
    curl_slist_free_all(fields);
}

/* All that an exchange holds but its completion. */
static void exchange_close(struct ob_http *h, struct ob_exchange *x)
{
    keep_easy(h, x->easy); /* first: it still refers to the rest */
    x->easy = NULL;
    free_fields(x->fields);
    ob_buf_wipe(&x->body);
    ob_http_answer_fini(&x->answer);
}

static void finish(struct ob_http *h, struct ob_exchange *x, CURLcode rc)
{
    ob_exchange_judge(x, rc);
    if (x->c.error == OB_NET_BROKEN && !x->dialled)
        be_wary(h, x->route);
    exchange_close(h, x);
    TAILQ_INSERT_TAIL(&h->done, x, link);
}

static struct ob_exchange *exchange_open(struct ob_http *h, uint64_t id,
                                         const struct ob_route *route)
{
    struct ob_exchange *x = ob_xcalloc(1, sizeof *x);
    x->route = route;
    x->timeout_ms = route->timeout_ms > 0 ? route->timeout_ms : DEFAULT_TIMEOUT_MS;
    x->c.id = id;
    x->alone = is_wary(h, route);
    x->easy = h->idle_count ? h->idle[--h->idle_count] : curl_easy_init();
    ob_buf_init(&x->body, OB_BUF_LARGE);
    ob_http_answer_init(&x->answer);
    return x;
}

/* A reason may quote a path; what follows a '?' in it is nobody's business. */
static void refuse(struct ob_http *h, struct ob_exchange *x, const char *why)
{
    x->c.error = OB_NET_SETUP;
    size_t len = strcspn(why, "?");
    snprintf(x->c.message, sizeof x->c.message, "%.*s", len > 500 ? 500 : (int)len, why);
    exchange_close(h, x);
    TAILQ_INSERT_TAIL(&h->done, x, link);
}

static void http_send(void *self, uint64_t id, const struct ob_route *route,
                      const struct ob_request *r)
{
    struct ob_http *h = self;
    struct ob_exchange *x = exchange_open(h, id, route);
    struct ob_err err;
    h->in_flight++;
    if (ob_wire_check(r, &err) != OB_OK) {
        refuse(h, x, err.message);
        return;
    }
    ob_exchange_setup(x, r);
    if (x->setup == CURLE_OK && curl_multi_add_handle(h->multi, x->easy) != CURLM_OK)
        x->setup = CURLE_FAILED_INIT;
    if (x->setup == CURLE_OK)
        TAILQ_INSERT_TAIL(&h->active, x, link);
    else
        finish(h, x, x->setup);
}

static void turn(struct ob_http *h)
{
    int running, queued;
    curl_multi_perform(h->multi, &running);
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &queued)) != NULL;) {
        CURLcode rc = m->data.result; /* the message dies with the handle's removal */
        char *private = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        struct ob_exchange *x = (void *)private;
        curl_multi_remove_handle(h->multi, x->easy);
        TAILQ_REMOVE(&h->active, x, link);
        finish(h, x, rc);
    }
}

/* True when the wait is over: somebody called wake, or waiting is impossible. */
static bool wait_for_news(struct ob_http *h, int64_t ms)
{
    struct curl_waitfd wake = {.fd = h->wake_fd, .events = CURL_WAIT_POLLIN};
    int limit = ms > 60000 ? 60000 : (int)ms;
    if (curl_multi_poll(h->multi, &wake, 1, limit, NULL) != CURLM_OK)
        return true;
    eventfd_t count;
    return wake.revents && eventfd_read(h->wake_fd, &count) == 0;
}

static size_t hand_out(struct ob_http *h, struct ob_completion *out, size_t max)
{
    size_t n = 0;
    for (struct ob_exchange *x; n < max && (x = TAILQ_FIRST(&h->done)) != NULL; n++) {
        TAILQ_REMOVE(&h->done, x, link);
        out[n] = x->c;
        free(x);
    }
    h->in_flight -= n;
    return n;
}

static size_t http_poll(void *self, int64_t wait_ms, struct ob_completion *out, size_t max)
{
    struct ob_http *h = self;
    const struct ob_clock *clock = ob_clock_real();
    int64_t start = ob_mono_ms(clock);
    bool over = false;
    turn(h);
    while (TAILQ_EMPTY(&h->done) && !over) {
        int64_t left = wait_ms - (ob_mono_ms(clock) - start);
        if (left <= 0)
            break;
        over = wait_for_news(h, left);
        turn(h);
    }
    return hand_out(h, out, max);
}

static size_t http_in_flight(void *self)
{
    const struct ob_http *h = self;
    return h->in_flight;
}

static void http_wake(void *self)
{
    const struct ob_http *h = self;
    int saved = errno;
    uint64_t one = 1;
    ssize_t ignored = write(h->wake_fd, &one, sizeof one);
    (void)ignored;
    errno = saved;
}

struct ob_http *ob_http_new(void)
{
    unsetenv("SSLKEYLOGFILE"); /* curl would write the keys of all connections into it */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct ob_http *h = ob_xcalloc(1, sizeof *h);
    h->multi = curl_multi_init();
    h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TAILQ_INIT(&h->active);
    TAILQ_INIT(&h->done);
    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    return h;
}

void ob_http_free(struct ob_http *h)
{
    if (!h)
        return;
    for (struct ob_exchange *x; (x = TAILQ_FIRST(&h->active)) != NULL; free(x)) {
        TAILQ_REMOVE(&h->active, x, link);
        curl_multi_remove_handle(h->multi, x->easy);
        exchange_close(h, x);
    }
    for (struct ob_exchange *x; (x = TAILQ_FIRST(&h->done)) != NULL; free(x)) {
        TAILQ_REMOVE(&h->done, x, link);
        ob_completion_fini(&x->c);
    }
    while (h->idle_count)
        curl_easy_cleanup(h->idle[--h->idle_count]);
    curl_multi_cleanup(h->multi);
    close(h->wake_fd);
    free(h->idle);
    free(h);
    curl_global_cleanup();
}

struct ob_transport ob_http_transport(struct ob_http *h)
{
    return (struct ob_transport){
        .self = h,
        .send = http_send,
        .poll = http_poll,
        .in_flight = http_in_flight,
        .wake = http_wake,
    };
}
