/* Requests through a proxy: always by a tunnel, nothing of the cloud's for the proxy, nothing of
 * the proxy's in the answer, and no password of it in a message. */
#include "net_help.h"

static char connect_request[4096];

/* A proxy and the cloud behind it in one: answers CONNECT with r->text and then one request. */
static void tunnel(struct raw *r)
{
    for (int fd; (fd = raw_accept(r)) >= 0; close(fd)) {
        if (!raw_read(r, fd))
            continue;
        snprintf(connect_request, sizeof connect_request, "%.4000s", r->last);
        raw_puts(fd, r->text);
        if (raw_read(r, fd))
            raw_puts(fd, "HTTP/1.1 200 OK\r\nX-Cloud: 1\r\nContent-Length: 2\r\n\r\nok");
    }
}

static struct ob_completion ask(const char *proxy, bool https, int *requests)
{
    struct raw s;
    struct client c;
    struct ob_request r;
    raw_start(&s, tunnel,
              strcmp(proxy, "http") == 0
                  ? "HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n"
                  : "HTTP/1.1 407 Password\r\nX-Proxy: 1\r\nContent-Length: 0\r\n\r\n");
    client_open(&c, https, "127.0.0.1", 1);
    const char *scheme = strcmp(proxy, "refusing") == 0 ? "http" : proxy;
    c.route.proxy = ob_xasprintf("%s://me:S3CRET@127.0.0.1:%d", scheme, s.port);
    ob_request_init(&r, "POST", "/a/../b%2F");
    ob_fields_add(&r.headers, "X-Access-Token", "T0KEN");
    struct ob_completion done = client_do(&c, &r);
    ob_request_fini(&r);
    client_close(&c);
    raw_stop(&s);
    *requests = s.requests;
    if (s.requests == 2) {
        assert_memory_equal(s.last, "POST /a/../b%2F HTTP/1.1\r\n", 26);
        assert_null(strcasestr(s.last, "Proxy"));
    }
    assert_null(strstr(done.message, "S3CRET"));
    return done;
}

static void test_tunnel(void **state)
{
    int requests;
    struct ob_completion done = ask("http", false, &requests);
    assert_net(done, OB_NET_OK, true);
    assert_int_equal(requests, 2);
    assert_memory_equal(connect_request, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n", 30);
    assert_non_null(strstr(connect_request, "\r\nProxy-Authorization: Basic "));
    assert_null(strstr(connect_request, "T0KEN"));
    assert_null(ob_fields_get(&done.response.headers, "X-Proxy"));
    assert_int_equal(done.response.headers.count, 2);
    ob_completion_fini(&done);
}

static void test_refused_tunnel(void **state)
{
    int requests;
    struct ob_completion done = ask("refusing", true, &requests);
    assert_net(done, OB_NET_CONNECT, false);
    assert_string_equal(done.message, "the proxy refused a tunnel to 127.0.0.1:1 (407)");
    assert_int_equal(requests, 1);
}

static void test_unusable_proxies(void **state)
{
    int requests;
    struct ob_completion done = ask("foo", true, &requests);
    assert_net(done, OB_NET_SETUP, false);
    assert_string_equal(done.message, "the proxy's address cannot be used");
    assert_int_equal(requests, 0);
    struct client c;
    int port, fd = raw_listen(&port);
    close(fd);
    client_open(&c, false, "127.0.0.1", 1);
    c.route.proxy = ob_xasprintf("http://me:S3CRET@127.0.0.1:%d", port);
    done = client_call(&c, "POST", "/", NULL);
    assert_net(done, OB_NET_CONNECT, false);
    assert_string_equal(done.message,
                        "connect to 127.0.0.1:1 through the proxy: connection refused");
    client_close(&c);
}

/* The environment's proxy is not asked; here it would refuse. */
static void test_environment_is_not_asked(void **state)
{
    struct raw s;
    struct client c;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    raw_start(&s, raw_say, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    client_open(&c, false, "127.0.0.1", s.port);
    struct ob_completion done = client_call(&c, "GET", "/", NULL);
    assert_net(done, OB_NET_OK, true);
    ob_completion_fini(&done);
    client_close(&c);
    raw_stop(&s);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_refused_tunnel),
        cmocka_unit_test(test_unusable_proxies),
        cmocka_unit_test(test_environment_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
