/* The server of src/net from the wire's side: raw targets, faults, delays that hold up nobody, and
 * limits. The client is written by hand where a proper one would hide what is to be seen. */
#include "net_help.h"
#include "base/clock.h"
#include "net/server.h"

struct seen { /* the latest request, and what to answer */
    char method[16], target[4096], path[4096], query[4096], twice[64];
    size_t body_len, headers;
    char body[64];
    _Atomic int calls;
    struct ob_field reply_field;
};

static void count_twice(struct seen *s, const struct ob_fields *f)
{
    s->twice[0] = '\0';
    for (size_t i = 0; i < f->count; i++)
        if (strcasecmp(f->v[i].name, "X-Twice") == 0)
            snprintf(s->twice + strlen(s->twice), sizeof s->twice - strlen(s->twice), "%s=%s;",
                     f->v[i].name, f->v[i].value);
}

/* The path says what happens: /drop, /cut, /cut-nothing, /hang, /late, /STATUS, or an echo. */
static void handle(void *ctx, const struct ob_served *in, struct ob_reply *out)
{
    struct seen *s = ctx;
    s->calls++;
    snprintf(s->method, sizeof s->method, "%s", in->method);
    snprintf(s->target, sizeof s->target, "%s", in->target);
    snprintf(s->path, sizeof s->path, "%s", in->path);
    snprintf(s->query, sizeof s->query, "%s", in->query);
    snprintf(s->body, sizeof s->body, "%s", ob_buf_str(&in->body));
    s->body_len = in->body.len;
    s->headers = in->headers.count;
    count_twice(s, &in->headers);
    bool plain = strcmp(in->path, "/cut-nothing") != 0 && strcmp(in->path, "/204") != 0;
    out->response.status =
        in->path[1] >= '0' && in->path[1] <= '9' ? (int)strtol(in->path + 1, NULL, 10) : 200;
    ob_fields_add(&out->response.headers, "Set-Cookie", "a");
    ob_fields_add(&out->response.headers, "Content-Length", "12345");
    ob_fields_add(&out->response.headers, "Set-Cookie", "b");
    if (plain)
        ob_buf_adds(&out->response.body, "0123456789");
    if (strncmp(in->path, "/cut", 4) == 0)
        out->fault = OB_FAULT_CUT;
    else if (strcmp(in->path, "/drop") == 0)
        out->fault = OB_FAULT_DROP;
    else if (strcmp(in->path, "/hang") == 0)
        out->fault = OB_FAULT_HANG;
    else if (strcmp(in->path, "/late") == 0)
        out->delay_ms = 150;
}

struct fixture {
    struct ob_server *server;
    struct seen seen;
    struct client client;
};

static int set_up(void **state)
{
    struct fixture *f = ob_xcalloc(1, sizeof *f);
    const struct ob_server_options opt = {.handler = handle, .ctx = &f->seen};
    if (ob_server_start(&f->server, &opt, NULL) != OB_OK)
        return -1;
    client_open(&f->client, false, "127.0.0.1", ob_server_port(f->server));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    client_close(&f->client);
    ob_server_stop(f->server);
    free(f);
    return 0;
}

static int dial(const struct fixture *f)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons((uint16_t)ob_server_port(f->server));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* All bytes that come back until the server closes. */
static char *talk(const struct fixture *f, const char *request)
{
    static char answer[65536];
    size_t len = 0;
    int fd = dial(f);
    raw_puts(fd, request);
    for (ssize_t n; (n = read(fd, answer + len, sizeof answer - 1 - len)) > 0;)
        len += (size_t)n;
    answer[len] = '\0';
    close(fd);
    return answer;
}

static void test_target_is_raw(void **state)
{
    static const char *const rows[][3] = {
        {"/a%2Fb/../%7e/c%20d?x=%26&y=a+b&&z", "/a%2Fb/../%7e/c%20d", "x=%26&y=a+b&&z"},
        {"/plain", "/plain", ""},
        {"/q?", "/q", ""},
        {"/q??a?b", "/q", "?a?b"},
        {"//double//", "//double//", ""},
        {"/%", "/%", ""},
        {"/%00", "/%00", ""},
        {"http://host/abs?q", "http://host/abs", "q"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[512];
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice: 2\r\nConnection: "
                 "close\r\n\r\n",
                 rows[i][0]);
        assert_memory_equal(talk(f, request), "HTTP/1.1 200 ", 13);
        assert_string_equal(f->seen.target, rows[i][0]);
        assert_string_equal(f->seen.path, rows[i][1]);
        assert_string_equal(f->seen.query, rows[i][2]);
        assert_string_equal(f->seen.twice, "X-Twice=1;x-twice=2;");
        assert_int_equal(f->seen.headers, 4);
    }
}

static void test_answer_on_the_wire(void **state)
{
    struct fixture *f = *state;
    const char *a = talk(f, "DELETE /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_string_equal(f->seen.method, "DELETE");
    assert_non_null(strstr(a, "\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"));
    assert_non_null(strstr(a, "\r\nContent-Length: 10\r\n"));
    assert_null(strstr(a, "12345\r\n"));
    assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\n0123456789");
    a = talk(f, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(a, "\r\nContent-Length: 10\r\n"));
    assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\n");
    a = talk(f, "GET /204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_memory_equal(a, "HTTP/1.1 204 No Content\r\n", 25);
    assert_null(strstr(a, "Content-Length"));
    a = talk(f, "GET /7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_memory_equal(a, "HTTP/1.1 500 ", 13);
}

static void test_drop_sends_no_byte(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(talk(f, "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n"), "");
    assert_string_equal(talk(f, "POST /drop HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"),
                        "");
    assert_string_equal(f->seen.body, "ab");
    assert_string_equal(talk(f, "GET /cut-nothing HTTP/1.1\r\nHost: x\r\n\r\n"), "");
    assert_string_equal(talk(f, "HEAD /cut HTTP/1.1\r\nHost: x\r\n\r\n"), "");
    struct ob_completion done = client_call(&f->client, "POST", "/drop", "x");
    assert_net(done, OB_NET_BROKEN, true);
}

static void test_cut_sends_half(void **state)
{
    struct fixture *f = *state;
    const char *a = talk(f, "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_memory_equal(a, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(a, "\r\nContent-Length: 10\r\n"));
    assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\n01234");
    struct ob_completion done = client_call(&f->client, "POST", "/cut", "x");
    assert_net(done, OB_NET_CUT, true);
    assert_string_equal(done.message, "answer ended early (5 of 10 bytes)");
}

/* Others are answered while one hangs and one is late; the end of the server ends both. */
static void test_hang_and_delay_hold_up_nobody(void **state)
{
    struct fixture *f = *state;
    struct ob_request r;
    struct ob_completion done;
    ob_request_init(&r, "GET", "/hang");
    f->client.t.send(f->client.t.self, 1000, &f->client.route, &r);
    ob_request_fini(&r);
    ob_request_init(&r, "GET", "/late");
    f->client.t.send(f->client.t.self, 1001, &f->client.route, &r);
    ob_request_fini(&r);
    while (f->seen.calls < 2) /* both are at the handler */
        assert_int_equal(f->client.t.poll(f->client.t.self, 1, &done, 1), 0);
    int64_t start = ob_mono_ms(ob_clock_real());
    ob_request_init(&r, "GET", "/quick");
    f->client.t.send(f->client.t.self, 1002, &f->client.route, &r);
    ob_request_fini(&r);
    done = client_wait(&f->client);
    assert_int_equal(done.id, 1002);
    assert_net(done, OB_NET_OK, true);
    ob_completion_fini(&done);
    done = client_wait(&f->client);
    assert_int_equal(done.id, 1001);
    assert_net(done, OB_NET_OK, true);
    assert_true(done.took_ms >= 145);
    ob_completion_fini(&done);
    ob_server_stop(f->server);
    f->server = NULL;
    done = client_wait(&f->client);
    assert_int_equal(done.id, 1000);
    assert_net(done, OB_NET_BROKEN, true);
    assert_true(ob_mono_ms(ob_clock_real()) - start < 15000);
}

static void test_stop_does_not_wait_for_delays(void **state)
{
    struct seen seen = {0};
    struct ob_server *s;
    const struct ob_server_options opt = {.handler = handle, .ctx = &seen};
    for (int i = 0; i < 20; i++) {
        struct client c;
        struct ob_request r;
        struct ob_completion done;
        assert_int_equal(ob_server_start(&s, &opt, NULL), OB_OK);
        client_open(&c, false, "127.0.0.1", ob_server_port(s));
        ob_request_init(&r, "GET", i % 2 ? "/hang" : "/late");
        for (uint64_t id = 0; id < 8; id++)
            c.t.send(c.t.self, id, &c.route, &r);
        c.t.poll(c.t.self, i / 4, &done, 0);
        ob_request_fini(&r);
        ob_server_stop(s);
        client_close(&c);
    }
}

static void test_large_bodies(void **state)
{
    struct fixture *f = *state;
    for (int over = 0; over < 2; over++) {
        struct ob_request r;
        ob_request_init(&r, "POST", "/big");
        size_t len = ((size_t)16 << 20) + (size_t)over;
        char *body = ob_xcalloc(len, 1);
        ob_buf_add(&r.body, body, len);
        free(body);
        f->seen.calls = 0;
        struct ob_completion done = client_do(&f->client, &r);
        assert_net(done, OB_NET_OK, true);
        assert_int_equal(done.response.status, over ? 413 : 200);
        assert_int_equal(f->seen.calls, over ? 0 : 1);
        if (!over)
            assert_int_equal(f->seen.body_len, len);
        ob_completion_fini(&done);
        ob_request_fini(&r);
    }
}

static void test_long_target_and_expect(void **state)
{
    struct fixture *f = *state;
    struct ob_request r;
    char value[50001];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    ob_request_init(&r, "POST", "/long");
    ob_fields_add(&r.query, "q", value);
    ob_fields_add(&r.headers, "Expect", "100-continue");
    ob_buf_adds(&r.body, "body");
    struct ob_completion done = client_do(&f->client, &r);
    assert_net(done, OB_NET_OK, true);
    assert_int_equal(done.response.status, 200);
    assert_string_equal(f->seen.body, "body");
    ob_completion_fini(&done);
    ob_request_fini(&r);
}

static void test_port_in_use(void **state)
{
    struct fixture *f = *state;
    struct ob_server *second;
    struct ob_err err;
    const struct ob_server_options opt = {.port = ob_server_port(f->server), .handler = handle};
    assert_in_range(opt.port, 1, 65535);
    assert_int_equal(ob_server_start(&second, &opt, &err), OB_ERR);
    assert_null(second);
    assert_non_null(strstr(err.message, "cannot listen on 127.0.0.1:"));
    assert_non_null(strstr(err.message, "in use"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_target_is_raw, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answer_on_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drop_sends_no_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_sends_half, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hang_and_delay_hold_up_nobody, set_up, tear_down),
        cmocka_unit_test(test_stop_does_not_wait_for_delays),
        cmocka_unit_test_setup_teardown(test_large_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_target_and_expect, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_port_in_use, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
