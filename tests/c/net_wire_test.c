/* The HTTP client over time: servers that are slow, large, silent or not there, and the interface
 * itself (ids, queue, wake, freeing while requests are under way). */
#include "net_help.h"
#include "base/clock.h"
#include <errno.h>

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* --- slow and large --------------------------------------------------------------------- */

static void say_and_stay(struct raw *r)
{
    for (int fd; (fd = raw_accept(r)) >= 0; close(fd)) {
        raw_read(r, fd);
        raw_puts(fd, r->text);
        raw_drain(fd);
    }
}

static struct ob_completion ask_within(raw_script *script, const char *text, int64_t ms)
{
    struct raw s;
    struct client c;
    raw_start(&s, script, text);
    client_open(&c, false, "127.0.0.1", s.port);
    c.route.timeout_ms = ms;
    struct ob_request r;
    ob_request_init(&r, "POST", "/");
    ob_fields_add(&r.query, "secret", "S3CRET");
    ob_buf_adds(&r.body, "x");
    struct ob_completion done = client_do(&c, &r);
    ob_request_fini(&r);
    client_close(&c);
    raw_stop(&s);
    assert_null(strstr(done.message, "S3CRET"));
    return done;
}

static void test_timeouts(void **state)
{
    struct ob_completion done = ask_within(say_and_stay, "", 600);
    assert_net(done, OB_NET_TIMEOUT, true);
    assert_string_equal(done.message, "no answer within 0.6 s");
    assert_true(done.took_ms >= 590);
    done = ask_within(say_and_stay, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 600);
    assert_net(done, OB_NET_TIMEOUT, true);
    assert_string_equal(done.message, "no whole answer within 0.6 s (3 bytes came)");
}

/* A byte now and then keeps no exchange alive. */
static void drip(struct raw *r)
{
    int fd = raw_accept(r);
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    raw_read(r, fd);
    raw_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (poll(&p, 1, 5) == 0 && raw_puts(fd, "x"))
        ;
    close(fd);
}

static void test_slow_drip_times_out(void **state)
{
    struct ob_completion done = ask_within(drip, NULL, 600);
    assert_net(done, OB_NET_TIMEOUT, true);
    assert_non_null(strstr(done.message, "no whole answer within 0.6 s ("));
}

static size_t flooded;

/* Says r->text once, then `more` until nobody listens. */
static void flood(struct raw *r, const char *more)
{
    int fd = raw_accept(r);
    raw_read(r, fd);
    raw_puts(fd, r->text);
    flooded = 0;
    for (size_t len = strlen(more); flooded < (size_t)1 << 30 && raw_write(fd, more, len);)
        flooded += len;
    close(fd);
}

static void flood_body(struct raw *r)
{
    char *more = ob_xcalloc(65537, 1);
    memset(more, 'x', 65536);
    flood(r, more);
    free(more);
}

static void flood_fields(struct raw *r)
{
    flood(r, "X-Header: of many\r\n");
}

static void flood_chunks(struct raw *r)
{
    flood(r, "10\r\n0123456789abcdef\r\n");
}

static void flood_interim(struct raw *r)
{
    flood(r, "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n");
}

static void test_floods_are_cut_off(void **state)
{
    static const struct {
        raw_script *script;
        const char *text, *message;
    } rows[] = {
        {flood_body, "HTTP/1.1 200 OK\r\n\r\n", "answer larger than 16 MiB"},
        {flood_body, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
         "answer larger than 16 MiB"},
        {flood_chunks, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         "answer larger than 16 MiB"},
        {flood_fields, "HTTP/1.1 200 OK\r\n", "answer's header larger than 128 KiB"},
        {flood_body, "HTTP/1.1 200 OK\r\nX-Long: ", "answer's header larger than 128 KiB"},
        {flood_interim, "", "answer's header larger than 128 KiB"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ob_completion done = ask_within(rows[i].script, rows[i].text, 60000);
        assert_net(done, OB_NET_TOO_LARGE, true);
        assert_string_equal(done.message, rows[i].message);
        assert_true(flooded < (size_t)64 << 20);
    }
}

static void test_just_not_too_large(void **state)
{
    char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n";
    size_t len = strlen(head) + OB_ANSWER_MAX;
    char *text = ob_xcalloc(len + 1, 1);
    memset(text, 'y', len);
    memcpy(text, head, strlen(head));
    struct ob_completion done = ask_within(raw_say, text, 60000);
    assert_net(done, OB_NET_OK, true);
    assert_int_equal(done.response.body.len, OB_ANSWER_MAX);
    ob_completion_fini(&done);
    free(text);
}

/* --- what never left -------------------------------------------------------------------- */

static void test_connection_refused(void **state)
{
    struct client c;
    int port, fd = raw_listen(&port);
    char expected[100];
    close(fd);
    client_open(&c, false, "127.0.0.1", port);
    struct ob_completion done = client_call(&c, "POST", "/", "x");
    assert_net(done, OB_NET_CONNECT, false);
    snprintf(expected, sizeof expected, "connect to 127.0.0.1:%d: connection refused", port);
    assert_string_equal(done.message, expected);
    client_close(&c);
    client_open(&c, true, "::1", port);
    done = client_call(&c, "POST", "/", NULL);
    assert_net(done, OB_NET_CONNECT, false);
    snprintf(expected, sizeof expected, "connect to [::1]:%d: ", port);
    assert_memory_equal(done.message, expected, strlen(expected));
    client_close(&c);
}

/* A label of 64 characters has no address anywhere: no server is asked for it. */
static void test_unknown_name(void **state)
{
    struct client c;
    const char *name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example";
    char expected[200];
    client_open(&c, false, name, 80);
    struct ob_completion done = client_call(&c, "POST", "/", NULL);
    assert_net(done, OB_NET_RESOLVE, false);
    snprintf(expected, sizeof expected, "resolve %s: no such name", name);
    assert_string_equal(done.message, expected);
    client_close(&c);
}

static void test_connect_times_out_unsent(void **state)
{
    struct client c;
    int port, fd = raw_listen(&port), full[8];
    assert_int_equal(listen(fd, 0), 0); /* a queue of one: then the kernel is silent */
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons((uint16_t)port);
    for (int i = 0; i < 8; i++) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        int rc = connect(full[i], (struct sockaddr *)&a, sizeof a);
        assert_true(rc == 0 || errno == EINPROGRESS);
    }
    client_open(&c, false, "127.0.0.1", port);
    c.route.timeout_ms = 300;
    struct ob_completion done = client_call(&c, "POST", "/", NULL);
    assert_net(done, OB_NET_TIMEOUT, false);
    assert_non_null(strstr(done.message, ": no connection within 0.1 s"));
    client_close(&c);
    for (int i = 0; i < 8; i++)
        close(full[i]);
    close(fd);
}

static void test_bad_requests_never_leave(void **state)
{
    static const struct {
        const char *method, *path, *name, *value, *body;
    } rows[] = {
        {"GET", "/", "X", "a\r\nInjected: 1", NULL},
        {"GET", "/a b", NULL, NULL, NULL},
        {"GET", "/\r\nX: y", NULL, NULL, NULL},
        {"TRACE", "/", NULL, NULL, NULL},
        {"GET", "no-slash", NULL, NULL, NULL},
        {"GET", "/?a=S3CRET", NULL, NULL, NULL},
        {"HEAD", "/", NULL, NULL, "body"},
        {"POST", "/", "Content-Length", "5", "abc"},
        {"POST", "/", "transfer-encoding", "x", "abc"},
    };
    struct client c;
    client_open(&c, false, "127.0.0.1", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ob_request r;
        ob_request_init(&r, rows[i].method, rows[i].path);
        if (rows[i].name)
            ob_fields_add(&r.headers, rows[i].name, rows[i].value);
        if (rows[i].body)
            ob_buf_adds(&r.body, rows[i].body);
        struct ob_completion done = client_do(&c, &r);
        assert_net(done, OB_NET_SETUP, false);
        assert_null(strstr(done.message, "S3CRET"));
        ob_request_fini(&r);
    }
    client_close(&c);
}

/* --- the interface ---------------------------------------------------------------------- */

static void *wake_later(void *ctx)
{
    const struct client *c = ctx;
    c->t.wake(c->t.self);
    return NULL;
}

static void test_wake_ends_a_wait(void **state)
{
    struct client c;
    struct ob_completion done;
    pthread_t thread;
    client_open(&c, false, "127.0.0.1", 1);
    int64_t start = ob_mono_ms(ob_clock_real());
    c.t.wake(c.t.self); /* before the wait: not lost */
    assert_int_equal(c.t.poll(c.t.self, 60000, &done, 1), 0);
    pthread_create(&thread, NULL, wake_later, &c);
    assert_int_equal(c.t.poll(c.t.self, 60000, &done, 1), 0);
    pthread_join(thread, NULL);
    assert_int_equal(c.t.poll(c.t.self, 0, &done, 1), 0);
    assert_int_equal(c.t.poll(c.t.self, 30, &done, 1), 0);
    assert_true(ob_mono_ms(ob_clock_real()) - start < 30000);
    client_close(&c);
}

/* Sixty-four at once; handed out in small portions; each id once. */
static void answer_many(struct raw *r)
{
    int fds[64];
    for (int i = 0; i < 64; i++)
        fds[i] = raw_accept(r);
    for (int i = 63; i >= 0; i--)
        if (raw_read(r, fds[i]))
            raw_puts(fds[i], OK_EMPTY);
    for (int i = 0; i < 64; i++)
        close(fds[i]);
}

static void test_many_at_once(void **state)
{
    struct raw s;
    struct client c;
    struct ob_request r;
    struct ob_completion done[7];
    uint64_t seen = 0, all = UINT64_MAX;
    raw_start(&s, answer_many, NULL);
    client_open(&c, false, "127.0.0.1", s.port);
    ob_request_init(&r, "POST", "/");
    for (uint64_t id = 0; id < 64; id++)
        c.t.send(c.t.self, (UINT64_C(1) << 63) + id, &c.route, &r);
    assert_int_equal(c.t.in_flight(c.t.self), 64);
    for (size_t got = 0, n; got < 64; got += n) {
        n = c.t.poll(c.t.self, 20000, done, 7);
        assert_in_range(n, 1, 7);
        for (size_t i = 0; i < n; i++) {
            assert_net(done[i], OB_NET_OK, true);
            seen |= UINT64_C(1) << (done[i].id - (UINT64_C(1) << 63));
            ob_completion_fini(&done[i]);
        }
        assert_int_equal(c.t.in_flight(c.t.self), 64 - got - n);
    }
    assert_true(seen == all);
    ob_request_fini(&r);
    client_close(&c);
    raw_stop(&s);
}

/* Cut are: one that waits for its answer, one that is answered but not handed out, one that never
 * began. The sanitizers say whether anything is left. */
static void test_free_cuts_what_is_in_flight(void **state)
{
    struct raw s;
    struct client c;
    struct ob_request r;
    struct ob_completion none;
    raw_start(&s, say_and_stay, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 9\r\n\r\nabc");
    client_open(&c, false, "127.0.0.1", s.port);
    ob_request_init(&r, "POST", "/");
    ob_buf_adds(&r.body, "secret");
    for (uint64_t i = 0; i < 3; i++)
        c.t.send(c.t.self, i, &c.route, &r);
    snprintf(r.method, sizeof r.method, "WRONG");
    c.t.send(c.t.self, 3, &c.route, &r);
    assert_int_equal(c.t.poll(c.t.self, 0, &none, 0), 0);
    assert_int_equal(c.t.in_flight(c.t.self), 4);
    ob_request_fini(&r);
    client_close(&c);
    raw_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_slow_drip_times_out),
        cmocka_unit_test(test_floods_are_cut_off),
        cmocka_unit_test(test_just_not_too_large),
        cmocka_unit_test(test_connection_refused),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_connect_times_out_unsent),
        cmocka_unit_test(test_bad_requests_never_leave),
        cmocka_unit_test(test_wake_ends_a_wait),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_free_cuts_what_is_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
