/* A server that answers badly, for tests/cli: raw sockets on a loopback address, a process a
 * connection. Alone it answers every request in its MODE. With --to PORT it stands between: it
 * passes on to the simulated clouds there, and answers in its mode only requests whose head holds
 * the text of --on; these too are passed on first, so that their effect happens (not with
 * --before). It knows as much HTTP as that needs.
 *
 *   hostile MODE --port-file FILE [--log FILE] [--listen ADDRESS] [--until FILE]
 *           [--keep FILE] [--pad N] [--to PORT [--on TEXT] [--before]]
 *
 * It answers badly until there is the FILE of --until. The port it chose is written to that of
 * --port-file; the first line of each request is appended to the log behind "bad" or "passed", and
 * for endless answers how much of them the other side took. With --keep all requests that it
 * answers badly are kept as they came; --pad moves what is echoed to the right. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 65536
#define BODY_MAX (4 * 1024 * 1024)
#define GIB      (1024L * 1024 * 1024)

static const char *mode, *on, *log_path, *until, *keep_path;
static int own_port, to_port, padding;
static bool before;

struct message {
    char *p; /* head and body, NUL behind */
    size_t head, len;
};

static void append(const char *path, const char *p, size_t len)
{
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (fd >= 0 && write(fd, p, len) < 0)
        perror("hostile: log");
    if (fd >= 0)
        close(fd);
}

static void say(const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    append(log_path, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

static bool put(int fd, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool put_text(int fd, const char *text)
{
    return put(fd, text, strlen(text));
}

/* ---- reading one message ---- */

static long content_length(const struct message *m)
{
    for (const char *line = m->p; line < m->p + m->head; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, "content-length:", 15) == 0)
            return strtol(line + 15, NULL, 10);
    return 0;
}

/* False at the end of the connection, or when it is no HTTP with a length. */
static bool read_message(int fd, struct message *m)
{
    size_t want = 0;
    m->p = malloc(HEAD_MAX + BODY_MAX + 1);
    m->head = m->len = 0;
    while (m->p && (!m->head || m->len < want)) {
        size_t room = (m->head ? want : HEAD_MAX) - m->len;
        ssize_t n = room ? read(fd, m->p + m->len, room) : 0;
        if (n <= 0)
            break;
        m->len += (size_t)n;
        m->p[m->len] = '\0';
        char *end = m->head ? NULL : strstr(m->p, "\r\n\r\n");
        if (end) {
            m->head = (size_t)(end + 4 - m->p);
            long body = content_length(m);
            want = m->head + (size_t)(body > 0 && body <= BODY_MAX ? body : 0);
        }
    }
    return m->p && m->head && m->len >= want;
}

/* ---- the clouds behind ---- */

/* The simulator's answer to these very bytes; false when there is none. */
static bool ask_behind(const struct message *request, struct message *answer)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to_port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
              put(fd, request->p, request->len) && read_message(fd, answer);
    close(fd);
    return ok;
}

/* All bytes both ways, for TLS: the certificate stays the simulator's. */
static void pass_through(int fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to_port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(other, (struct sockaddr *)&a, sizeof a))
        return;
    say("a connection\n");
    bool child = fork() == 0;
    int from = child ? fd : other, to = child ? other : fd;
    char block[65536];
    for (ssize_t n; (n = read(from, block, sizeof block)) > 0;)
        if (!put(to, block, (size_t)n))
            break;
    shutdown(to, SHUT_WR);
}

/* ---- bad answers ---- */

static void answer_text(int fd, const char *status, const char *type, const char *body)
{
    char head[512];
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             status, type, strlen(body));
    if (put_text(fd, head))
        put_text(fd, body);
}

/* A gibibyte in one JSON text, or headers without end. */
static void answer_endless(int fd, const char *head, const char *piece)
{
    char block[65536];
    long sent = 0;
    size_t n = strlen(piece);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = piece[i % n];
    bool ok = put_text(fd, head);
    for (; ok && sent < GIB; sent += (long)sizeof block)
        ok = put(fd, block, sizeof block);
    say("%s\n", sent < GIB / 4 ? "the other side hung up early" : "the other side took it all");
}

/* What was asked, inside the errors of three clouds: as the worst server would echo it. */
static void answer_echo(int fd, const struct message *m, const char *status)
{
    static const char *const before_echo[] = {
        "{\"Code\":\"SignatureDoesNotMatch\",\"Message\":\"Specified signature does not match: ",
        "\",\"error_code\":\"APIGW.0301\",\"error_msg\":\"verify aksk signature fail, "};
    size_t size = 4 * m->len + 1024 + 2 * (size_t)padding;
    char *body = malloc(size), *at = body;
    if (!body)
        return;
    for (int round = 0; round < 2; round++) {
        at += snprintf(at, size - (size_t)(at - body), "%s%*s", before_echo[round], padding, "");
        for (size_t i = 0; i < m->len; i++) {
            char c = m->p[i];
            if (strchr("\"\\", c))
                *at++ = '\\';
            *at++ = c == '\r' || c == '\n' ? ' ' : c;
        }
    }
    snprintf(at, size - (size_t)(at - body), "\"}");
    answer_text(fd, status, "application/json", body);
    free(body);
}

static void answer_redirect(int fd)
{
    char head[256];
    snprintf(head, sizeof head,
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/elsewhere\r\n"
             "Content-Length: 0\r\nConnection: close\r\n\r\n",
             own_port);
    put_text(fd, head);
}

#define OK_JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void answer_badly(int fd, const struct message *m)
{
    if (strcmp(mode, "huge") == 0)
        answer_endless(fd, OK_JSON "Content-Length: 1073741824\r\n\r\n{\"a\":\"", "x");
    else if (strcmp(mode, "endless") == 0)
        answer_endless(fd, OK_JSON "Connection: close\r\n\r\n[", "[],");
    else if (strcmp(mode, "headers") == 0)
        answer_endless(fd, "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n");
    else if (strcmp(mode, "html") == 0)
        answer_text(fd, "200 OK", "text/html", "<html><h1>Please log in to the Wi-Fi</h1></html>");
    else if (strcmp(mode, "cut") == 0)
        put_text(fd, OK_JSON "Content-Length: 1000\r\n\r\n{\"RequestId\":\"1\",\"Us");
    else if (strcmp(mode, "half") == 0)
        answer_text(fd, "200 OK", "application/json", "{\"RequestId\":\"1\",\"Users\":[{\"EndU");
    else if (strcmp(mode, "list") == 0)
        answer_text(fd, "200 OK", "application/json", "[1,2,3]");
    else if (strcmp(mode, "nobody") == 0) /* a page of Meeting's directory */
        answer_text(fd, "200 OK", "application/json",
                    "{\"offset\":100,\"limit\":100,\"count\":301,\"data\":[]}");
    else if (strcmp(mode, "empty") == 0)
        answer_text(fd, "200 OK", "application/json", "");
    else if (strcmp(mode, "noise") == 0)
        put_text(fd, "\x16\x03\x01 this is no HTTP\r\n\r\n");
    else if (strcmp(mode, "redirect") == 0)
        answer_redirect(fd);
    else if (strcmp(mode, "echo") == 0)
        answer_echo(fd, m, "401 Unauthorized");
    else if (strcmp(mode, "token") == 0)
        answer_text(fd, "401 Unauthorized", "application/json",
                    "{\"error_code\":\"USG.000000004\",\"error_msg\":\"The token is invalid\"}");
    else if (strcmp(mode, "mirror") == 0)
        answer_echo(fd, m, "200 OK");
    else if (strcmp(mode, "silent") == 0)
        pause();
    /* "close": nothing at all */
}

/* ---- serving ---- */

static bool serve_one(int fd)
{
    struct message m, answer = {0};
    bool more = false;
    if (!read_message(fd, &m)) {
        free(m.p);
        return false;
    }
    char after = m.p[m.head];
    m.p[m.head] = '\0';
    bool bad = (!until || access(until, F_OK) != 0) && (!to_port || !on || strstr(m.p, on));
    m.p[m.head] = after;
    say("%s %.*s\n", bad ? "bad" : "passed", (int)strcspn(m.p, "\r"), m.p);
    bool behind = to_port && !(bad && before) && ask_behind(&m, &answer);
    if (bad)
        append(keep_path, m.p, m.len);
    if (bad)
        answer_badly(fd, &m);
    else if (behind)
        more = put(fd, answer.p, answer.len);
    free(answer.p);
    free(m.p);
    return more;
}

static void serve(int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (strcmp(mode, "pass") == 0) {
        pass_through(fd);
        _exit(0);
    }
    while (serve_one(fd))
        ;
    /* what was not read would turn our answer into a reset */
    char rest[4096];
    shutdown(fd, SHUT_WR);
    while (read(fd, rest, sizeof rest) > 0)
        ;
    _exit(0);
}

/* Written aside and renamed: who sees the file sees the whole number. */
static bool tell_port(const char *path)
{
    char aside[4096];
    snprintf(aside, sizeof aside, "%s.new", path);
    FILE *f = fopen(aside, "w");
    return f && fprintf(f, "%d\n", own_port) > 0 && fclose(f) == 0 && rename(aside, path) == 0;
}

static int listen_on(const char *address)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, address, &a.sin_addr);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 64) ||
        getsockname(fd, (struct sockaddr *)&a, &len))
        return -1;
    own_port = ntohs(a.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1", *port_file = NULL;
    mode = argc > 1 ? argv[1] : "";
    for (int i = 2; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--before") == 0) {
            before = true;
            continue;
        }
        if (strcmp(argv[i], "--port-file") == 0)
            port_file = value;
        else if (strcmp(argv[i], "--log") == 0)
            log_path = value;
        else if (strcmp(argv[i], "--listen") == 0)
            address = value;
        else if (strcmp(argv[i], "--keep") == 0)
            keep_path = value;
        else if (strcmp(argv[i], "--pad") == 0)
            padding = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--until") == 0)
            until = value;
        else if (strcmp(argv[i], "--to") == 0)
            to_port = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--on") == 0)
            on = value;
        i++;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    int server = listen_on(address);
    if (server < 0 || !port_file || !tell_port(port_file)) {
        perror("hostile");
        return 1;
    }
    for (;;) {
        int fd = accept(server, NULL, NULL);
        if (fd >= 0 && fork() == 0)
            serve(fd);
        if (fd >= 0)
            close(fd);
    }
}
