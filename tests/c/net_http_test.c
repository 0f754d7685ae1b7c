/* The HTTP client against servers written by hand: what goes to the wire byte by byte, and what
 * becomes of every kind of answer that is not one. */
#include "net_help.h"

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* --- what is sent ----------------------------------------------------------------------- */

static void says(const struct raw *r, const char *expected)
{
    if (!strstr(r->last, expected))
        fail_msg("'%s' is not in:\n%s", expected, r->last);
}

static void says_not(const struct raw *r, const char *text)
{
    if (strcasestr(r->last, text))
        fail_msg("'%s' is in:\n%s", text, r->last);
}

static void test_request_goes_out_as_it_is(void **state)
{
    struct raw s;
    struct client c;
    struct ob_request r;
    raw_start(&s, raw_say, OK_EMPTY);
    client_open(&c, false, "127.0.0.1", s.port);
    free(c.route.endpoint.base);
    c.route.endpoint.base = ob_xstrdup("/base/..");
    ob_request_init(&r, "POST", "/v1/a%2Fb/./x/../%7Eq/a;b=c,d");
    ob_fields_add(&r.query, "next", "a b/c?d&e+f");
    ob_fields_add(&r.query, "", "");
    ob_fields_add(&r.headers, "X-Sdk-Date", "20260101T000000Z");
    ob_fields_add(&r.headers, "X-Twice", "1");
    ob_fields_add(&r.headers, "x-twice", "2");
    ob_fields_add(&r.headers, "X-Empty", "");
    ob_fields_add(&r.headers, "Content-Type", "application/json");
    ob_buf_add(&r.body, "{\"a\":\0}", 7);
    struct ob_completion done = client_do(&c, &r);
    assert_net(done, OB_NET_OK, true);
    ob_request_fini(&r);
    ob_completion_fini(&done);
    client_close(&c);
    raw_stop(&s);
    says(&s,
         "POST /base/../v1/a%2Fb/./x/../%7Eq/a;b=c,d?next=a%20b%2Fc%3Fd%26e%2Bf&= HTTP/1.1\r\n");
    char host[64];
    snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", s.port);
    says(&s, host);
    says(&s, "\r\nX-Sdk-Date: 20260101T000000Z\r\nX-Twice: 1\r\nx-twice: 2\r\nX-Empty:\r\n"
             "Content-Type: application/json\r\n");
    says(&s, "\r\nAccept: */*\r\n");
    says(&s, "\r\nUser-Agent: offboard/" OB_VERSION "\r\n");
    says(&s, "\r\nContent-Length: 7\r\n");
    says_not(&s, "\r\nExpect");
    says_not(&s, "\r\nAccept-Encoding");
    assert_memory_equal(strstr(s.last, "\r\n\r\n") + 4, "{\"a\":\0}", 7);
}

static void test_own_fields_win(void **state)
{
    struct raw s;
    struct client c;
    struct ob_request r;
    raw_start(&s, raw_say, OK_EMPTY);
    client_open(&c, false, "127.0.0.1", s.port);
    ob_request_init(&r, "PUT", "/");
    ob_fields_add(&r.headers, "host", "signed.example");
    ob_fields_add(&r.headers, "accept", "application/json");
    ob_fields_add(&r.headers, "user-agent", "mine");
    ob_fields_add(&r.headers, "content-length", "0");
    struct ob_completion done = client_do(&c, &r);
    assert_net(done, OB_NET_OK, true);
    ob_request_fini(&r);
    ob_completion_fini(&done);
    client_close(&c);
    raw_stop(&s);
    says(&s, "\r\nHost: signed.example\r\n");
    says(&s, "\r\naccept: application/json\r\n");
    says(&s, "\r\nuser-agent: mine\r\n");
    says(&s, "\r\ncontent-length: 0\r\n");
    says_not(&s, "*/*");
    says_not(&s, "offboard");
    says_not(&s, "Content-Type");
    assert_null(strcasestr(strcasestr(s.last, "content-length") + 1, "content-length"));
}

/* Method, body, and whether Content-Length is sent. */
static void test_methods(void **state)
{
    static const struct {
        const char *method, *body, *length;
    } rows[] = {
        {"GET", NULL, NULL},   {"HEAD", NULL, NULL},   {"DELETE", NULL, NULL}, {"POST", NULL, "0"},
        {"PUT", NULL, "0"},    {"PATCH", NULL, "0"},   {"POST", "abc", "3"},   {"PUT", "abc", "3"},
        {"PATCH", "abc", "3"}, {"DELETE", "abc", "3"}, {"GET", "abc", "3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw s;
        struct client c;
        raw_start(&s, raw_say, OK_EMPTY);
        client_open(&c, false, "127.0.0.1", s.port);
        struct ob_completion done = client_call(&c, rows[i].method, "/p", rows[i].body);
        assert_net(done, OB_NET_OK, true);
        ob_completion_fini(&done);
        client_close(&c);
        raw_stop(&s);
        char line[64];
        snprintf(line, sizeof line, "%s /p HTTP/1.1\r\n", rows[i].method);
        assert_memory_equal(s.last, line, strlen(line));
        snprintf(line, sizeof line, "\r\nContent-Length: %s\r\n", rows[i].length);
        if (rows[i].length)
            says(&s, line);
        else
            says_not(&s, "Content-Length");
        says_not(&s, "Transfer-Encoding");
        assert_string_equal(strstr(s.last, "\r\n\r\n") + 4, rows[i].body ? rows[i].body : "");
    }
}

/* --- answers that are whole ------------------------------------------------------------- */

static struct ob_completion ask(const char *method, const char *answer)
{
    struct raw s;
    struct client c;
    raw_start(&s, raw_say, answer);
    client_open(&c, false, "127.0.0.1", s.port);
    struct ob_completion done = client_call(&c, method, "/", NULL);
    client_close(&c);
    raw_stop(&s);
    assert_int_equal(s.requests, 1);
    return done;
}

static void test_answer_fields_keep_order_and_names(void **state)
{
    struct ob_completion done = ask("GET", "HTTP/1.1 200 OK\r\nX-b: 1\r\nSet-Cookie: a=1\r\n"
                                           "x-A:\t two words \r\nSet-Cookie: b=2\r\nEmpty:\r\n"
                                           "Folded: one\r\n  two\r\nContent-Length: 3\r\n\r\nabc");
    assert_net(done, OB_NET_OK, true);
    static const struct ob_field expected[] = {
        {"X-b", "1"},  {"Set-Cookie", "a=1"}, {"x-A", "two words"},    {"Set-Cookie", "b=2"},
        {"Empty", ""}, {"Folded", "one two"}, {"Content-Length", "3"},
    };
    assert_int_equal(done.response.headers.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(done.response.headers.v[i].name, expected[i].name);
        assert_string_equal(done.response.headers.v[i].value, expected[i].value);
    }
    assert_int_equal(done.response.status, 200);
    assert_string_equal(ob_buf_str(&done.response.body), "abc");
    ob_completion_fini(&done);
}

static void test_whole_answers(void **state)
{
    static const struct {
        const char *method, *answer;
        int status;
        const char *body;
    } rows[] = {
        {"POST", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n", 200, ""},
        {"GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", 404, "{}"},
        {"GET", "HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", 503, ""},
        {"GET", "HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"},
        {"GET",
         "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
         502, "<html>"},
        {"GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
         200, "abcde"},
        {"GET",
         "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01",
         200, "\x1f\x8b\x08\x01"},
        {"GET", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, "x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ob_completion done = ask(rows[i].method, rows[i].answer);
        assert_net(done, OB_NET_OK, true);
        assert_int_equal(done.response.status, rows[i].status);
        assert_string_equal(ob_buf_str(&done.response.body), rows[i].body);
        ob_completion_fini(&done);
    }
}

/* Fields of interim answers and trailers belong to neither the header nor the body. */
static void test_interim_answers_and_trailers_are_dropped(void **state)
{
    struct ob_completion done =
        ask("POST", "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 103 Early\r\nX-Interim: "
                    "2\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-Final: "
                    "3\r\n\r\n1\r\na\r\n0\r\nX-Trailer: 4\r\nHTTP/1.1 999: 5\r\n\r\n");
    assert_net(done, OB_NET_OK, true);
    assert_int_equal(done.response.status, 201);
    assert_int_equal(done.response.headers.count, 2);
    assert_string_equal(ob_fields_get(&done.response.headers, "x-final"), "3");
    ob_completion_fini(&done);
}

/* --- answers that are not --------------------------------------------------------------- */

static void test_bad_answers(void **state)
{
    static const struct {
        const char *method, *answer;
        enum ob_net_error error;
        const char *message;
    } rows[] = {
        {"GET", "", OB_NET_BROKEN, "connection lost before an answer"},
        {"GET", "garbage\r\nmore\r\n\r\n", OB_NET_BROKEN, "the answer is no HTTP"},
        {"GET", "HTTP/1.1 abc\r\n\r\n", OB_NET_BROKEN, "the answer is no HTTP"},
        {"GET", "<html>Login</html>", OB_NET_BROKEN, "the answer is no HTTP"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Le", OB_NET_CUT,
         "answer ended early (inside its header)"},
        {"GET", "HTTP/1.1 200 OK\r\nX: y\r\n", OB_NET_CUT,
         "answer ended early (inside its header)"},
        {"GET", "HTTP/1.1 100 Continue\r\n\r\n", OB_NET_CUT,
         "answer ended early (inside its header)"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n0123456789", OB_NET_CUT,
         "answer ended early (10 of 50 bytes)"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", OB_NET_CUT,
         "answer ended early (0 of 50 bytes)"},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", OB_NET_CUT,
         "answer ended early (after 3 bytes)"},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", OB_NET_CUT,
         "answer ended early (after 3 bytes)"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", OB_NET_CUT,
         "the answer is malformed HTTP"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", OB_NET_TOO_LARGE,
         "answer larger than 16 MiB"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
         OB_NET_TOO_LARGE, "answer larger than 16 MiB"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ob_completion done = ask(rows[i].method, rows[i].answer);
        assert_net(done, rows[i].error, true);
        assert_string_equal(done.message, rows[i].message);
        assert_int_equal(done.response.status, 0);
        assert_null(done.response.body.p);
        ob_completion_fini(&done);
    }
}

static void test_redirects_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"http://other/a?token=S3CRET", "redirect (302) to http://other/ refused"},
        {"https://u:S3CRET@other:81?x", "redirect (302) to https://other:81/ refused"},
        {"https://a@S3CRET@other/", "redirect (302) to https://other/ refused"},
        {"//other/S3CRET", "redirect (302) to //other/ refused"},
        {"/login?back=http://x/S3CRET", "redirect (302) to another path there refused"},
        {"S3CRET", "redirect (302) to another path there refused"},
        {"http://a\x1b[31mb/", "redirect (302) to http://a?[31mb/ refused"},
        {"http://\xff/", "redirect (302) to http://?/ refused"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char answer[256];
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", rows[i][0]);
        struct ob_completion done = ask("POST", answer);
        assert_net(done, OB_NET_REDIRECT, true);
        assert_string_equal(done.message, rows[i][1]);
        ob_completion_fini(&done);
    }
    struct ob_completion done = ask("GET", "HTTP/1.1 304 Not Modified\r\n\r\n");
    assert_net(done, OB_NET_REDIRECT, true);
    assert_string_equal(done.message, "redirect (304) to nowhere refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_goes_out_as_it_is),
        cmocka_unit_test(test_own_fields_win),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_answer_fields_keep_order_and_names),
        cmocka_unit_test(test_whole_answers),
        cmocka_unit_test(test_interim_answers_and_trailers_are_dropped),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_redirects_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
