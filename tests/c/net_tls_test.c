/* TLS between the client and the server of src/net: whom the client trusts, what it says when it
 * does not, and that an encrypted request is not repeated either. */
#include "net_help.h"
#include "base/file.h"
#include "net/certificate.h"
#include "net/server.h"
#include <microhttpd.h>
#include <sys/stat.h>

static char dir[] = "/tmp/net_tls_XXXXXX";
static char ca_path[64], other_path[64], junk_path[64];
static _Atomic int calls;

static void handle(void *ctx, const struct ob_served *in, struct ob_reply *out)
{
    calls++;
    out->response.status = 200;
    out->fault = strcmp(in->path, "/drop") == 0 ? OB_FAULT_DROP : OB_FAULT_NONE;
    ob_buf_adds(&out->response.body, "secret and whole");
}

static struct ob_server *serve(void)
{
    struct ob_server *s;
    struct ob_err err;
    const struct ob_server_options opt = {.https = true, .ca_out = ca_path, .handler = handle};
    if (ob_server_start(&s, &opt, &err) != OB_OK)
        fail_msg("%s", err.message);
    return s;
}

static void connect_to(struct client *c, int port, const char *host, const char *ca)
{
    client_open(c, true, host, port);
    c->route.ca_file = ca ? ob_xstrdup(ca) : NULL;
}

static struct ob_completion ask(int port, const char *host, const char *ca)
{
    struct client c;
    connect_to(&c, port, host, ca);
    struct ob_completion done = client_call(&c, "POST", "/", "x");
    client_close(&c);
    return done;
}

static void test_our_ca_is_trusted_when_named(void **state)
{
    struct ob_server *s = serve();
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < 2; i++) {
        struct ob_completion done = ask(ob_server_port(s), hosts[i], ca_path);
        assert_net(done, OB_NET_OK, true);
        assert_string_equal(ob_buf_str(&done.response.body), "secret and whole");
        ob_completion_fini(&done);
    }
    ob_server_stop(s);
}

static void test_others_are_not(void **state)
{
    struct ob_server *s = serve();
    int port = ob_server_port(s);
    calls = 0;
    struct ob_completion done = ask(port, "127.0.0.1", NULL);
    assert_net(done, OB_NET_TLS, false);
    assert_string_equal(done.message, "certificate of 127.0.0.1: unable to get local issuer "
                                      "certificate; set ca_file if the root is private");
    done = ask(port, "127.0.0.1", other_path);
    assert_net(done, OB_NET_TLS, false);
    done = ask(port, "wrong.localhost", ca_path);
    assert_net(done, OB_NET_TLS, false);
    assert_string_equal(done.message,
                        "certificate of wrong.localhost: it is for another host name");
    assert_int_equal(calls, 0);
    ob_server_stop(s);
}

static void test_bad_ca_file(void **state)
{
    static const char *const files[] = {"/nonexistent/ca.pem", junk_path, dir};
    struct ob_server *s = serve();
    for (size_t i = 0; i < 3; i++) {
        struct ob_completion done = ask(ob_server_port(s), "127.0.0.1", files[i]);
        assert_net(done, OB_NET_SETUP, false);
        assert_string_equal(done.message, "ca_file cannot be read as PEM certificates");
    }
    ob_server_stop(s);
}

/* --- a server with a certificate or a version of its own -------------------------------- */

static enum MHD_Result no_access(void *ctx, struct MHD_Connection *c, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *len, void **slot)
{
    calls++;
    return MHD_NO;
}

static struct ob_completion ask_old(int64_t from_s, int64_t until_s, const char *versions)
{
    struct ob_certificate cert;
    assert_int_equal(ob_certificate_make(&cert, from_s, until_s, NULL), OB_OK);
    assert_int_equal(ob_file_write(ca_path, cert.ca, strlen(cert.ca), 0644, NULL), OB_OK);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *d =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, no_access,
                         NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&a,
                         MHD_OPTION_HTTPS_MEM_KEY, cert.key, MHD_OPTION_HTTPS_MEM_CERT, cert.server,
                         MHD_OPTION_HTTPS_PRIORITIES, versions, MHD_OPTION_END);
    assert_non_null(d);
    calls = 0;
    struct ob_completion done =
        ask(MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port, "127.0.0.1", ca_path);
    assert_int_equal(calls, 0);
    MHD_stop_daemon(d);
    ob_certificate_fini(&cert);
    return done;
}

static void test_expired_and_early_certificates(void **state)
{
    struct ob_completion done = ask_old(-7200, -3600, "NORMAL");
    assert_net(done, OB_NET_TLS, false);
    assert_string_equal(done.message, "certificate of 127.0.0.1: certificate has expired");
    done = ask_old(3600, 7200, "NORMAL");
    assert_net(done, OB_NET_TLS, false);
    assert_string_equal(done.message, "certificate of 127.0.0.1: certificate is not yet valid");
}

static void test_old_versions_are_refused(void **state)
{
    struct ob_completion done = ask_old(-7200, 7200, "NORMAL:-VERS-ALL:+VERS-TLS1.1");
    assert_net(done, OB_NET_TLS, false);
    assert_non_null(strstr(done.message, "TLS with 127.0.0.1:"));
}

static void answer_plainly(struct raw *r)
{
    char bin[2048];
    for (int fd; (fd = raw_accept(r)) >= 0; close(fd))
        if (read(fd, bin, sizeof bin) > 0 && raw_puts(fd, "HTTP/1.1 400 Bad Request\r\n\r\n"))
            shutdown(fd, SHUT_WR), raw_drain(fd);
}

static void test_not_tls_at_all(void **state)
{
    struct raw s;
    raw_start(&s, answer_plainly, NULL);
    struct ob_completion done = ask(s.port, "127.0.0.1", ca_path);
    assert_net(done, OB_NET_TLS, false);
    assert_non_null(strstr(done.message, ": wrong version number"));
    raw_stop(&s);
}

static void hang_up(struct raw *r)
{
    char bin[2048];
    for (int fd; (fd = raw_accept(r)) >= 0; close(fd))
        if (read(fd, bin, sizeof bin) > 0)
            shutdown(fd, SHUT_WR);
}

/* A network that breaks in the handshake is no matter of configuration. */
static void test_lost_handshake(void **state)
{
    struct raw s;
    raw_start(&s, hang_up, NULL);
    struct ob_completion done = ask(s.port, "127.0.0.1", ca_path);
    assert_net(done, OB_NET_CONNECT, false);
    assert_non_null(strstr(done.message, "connection lost in the TLS handshake"));
    raw_stop(&s);
}

/* See net_once_test.c: the same trap behind TLS. */
static void test_lost_request_is_not_repeated(void **state)
{
    struct client c;
    struct ob_server *s = serve();
    connect_to(&c, ob_server_port(s), "127.0.0.1", ca_path);
    calls = 0;
    struct ob_completion done = client_call(&c, "POST", "/", "x");
    assert_net(done, OB_NET_OK, true);
    ob_completion_fini(&done);
    done = client_call(&c, "POST", "/drop", "x");
    assert_net(done, OB_NET_BROKEN, true);
    client_close(&c);
    ob_server_stop(s);
    assert_int_equal(calls, 2);
}

/* The certificate file is for others to read, and holds no key. */
static void test_ca_out_holds_one_certificate_only(void **state)
{
    struct ob_server *s = serve();
    struct ob_buf text;
    struct stat st;
    ob_buf_init(&text, OB_BUF_SMALL);
    assert_int_equal(ob_file_read(ca_path, OB_BUF_SMALL, &text, OB_ERR, NULL), OB_OK);
    assert_memory_equal(ob_buf_str(&text), "-----BEGIN CERTIFICATE-----", 27);
    assert_null(strstr(ob_buf_str(&text) + 1, "-----BEGIN"));
    assert_int_equal(stat(ca_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    ob_buf_fini(&text);
    ob_server_stop(s);
}

static int set_up(void **state)
{
    struct ob_certificate other;
    if (!mkdtemp(dir))
        return -1;
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
    snprintf(other_path, sizeof other_path, "%s/other.pem", dir);
    snprintf(junk_path, sizeof junk_path, "%s/junk.pem", dir);
    if (ob_certificate_make(&other, -3600, 3600, NULL) != OB_OK ||
        ob_file_write(other_path, other.ca, strlen(other.ca), 0644, NULL) != OB_OK ||
        ob_file_write(junk_path, "junk", 4, 0644, NULL) != OB_OK)
        return -1;
    ob_certificate_fini(&other);
    return 0;
}

static int tear_down(void **state)
{
    unlink(ca_path);
    unlink(other_path);
    unlink(junk_path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_ca_is_trusted_when_named),
        cmocka_unit_test(test_others_are_not),
        cmocka_unit_test(test_bad_ca_file),
        cmocka_unit_test(test_expired_and_early_certificates),
        cmocka_unit_test(test_old_versions_are_refused),
        cmocka_unit_test(test_not_tls_at_all),
        cmocka_unit_test(test_lost_handshake),
        cmocka_unit_test(test_lost_request_is_not_repeated),
        cmocka_unit_test(test_ca_out_holds_one_certificate_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
