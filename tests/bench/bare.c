/* bench_bare PORT FILE PARALLEL: sends the requests recorded in FILE, byte for byte but for what
 * curl writes itself, with curl_multi and nothing around it: no signing, no ledger, no reading of
 * answers. What a client over libcurl cannot do without. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

struct slot {
    CURL *easy;
    struct curl_slist *headers;
};

static struct {
    char *at, *end;
    const char *port;
    long good, bad;
} b;

static size_t sink(char *p, size_t size, size_t n, void *ctx)
{
    (void)p, (void)ctx;
    return size * n;
}

/* The header lines, but those that curl makes; answers the length of the body. */
static size_t read_headers(struct slot *s, char *line, const char *stop)
{
    size_t length = 0;
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    while (line < stop) {
        char *end = strstr(line, "\r\n");
        *end = '\0';
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
        else if (*line && strncasecmp(line, "Host:", 5) != 0)
            s->headers = curl_slist_append(s->headers, line);
        line = end + 2;
    }
    return length;
}

/* The next request of the file into the slot; false when there is none. */
static bool next(struct slot *s)
{
    char url[4096];
    if (b.at >= b.end)
        return false;
    char *blank = strstr(b.at, "\r\n\r\n"), *line = strstr(b.at, "\r\n");
    char *path = strchr(b.at, ' ') + 1, *after = strchr(path, ' ');
    snprintf(url, sizeof url, "http://127.0.0.1:%s%.*s", b.port, (int)(after - path), path);
    size_t length = read_headers(s, line + 2, blank + 2);
    char *body = blank + 4;
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)length);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body);
    b.at = body + length;
    return true;
}

static void slot_init(struct slot *s)
{
    s->easy = curl_easy_init();
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, sink);
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
}

static void done(CURLM *multi, const CURLMsg *m)
{
    struct slot *s;
    long status = 0;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
    curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    b.good += status == 200;
    b.bad += status != 200;
    curl_multi_remove_handle(multi, s->easy);
    if (next(s))
        curl_multi_add_handle(multi, s->easy);
}

static void send_all(int parallel)
{
    CURLM *multi = curl_multi_init();
    struct slot *slots = ob_xcalloc((size_t)parallel, sizeof *slots);
    int running = 0, left;
    for (int i = 0; i < parallel; i++) {
        slot_init(&slots[i]);
        if (next(&slots[i]))
            curl_multi_add_handle(multi, slots[i].easy);
    }
    do {
        CURLMsg *m;
        curl_multi_perform(multi, &running);
        while ((m = curl_multi_info_read(multi, &left)))
            if (m->msg == CURLMSG_DONE)
                done(multi, m), running = 1;
        if (running)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    } while (running);
}

int main(int argc, char **argv)
{
    struct ob_buf text;
    struct ob_err err;
    if (argc != 4)
        return 64;
    ob_buf_init(&text, OB_BUF_LARGE);
    if (ob_file_read(argv[2], OB_BUF_LARGE, &text, OB_ERR, &err) != OB_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    b.at = text.p;
    b.end = text.p + text.len;
    b.port = argv[1];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    send_all((int)strtol(argv[3], NULL, 10));
    if (b.bad)
        fprintf(stderr, "%ld of %ld requests failed\n", b.bad, b.bad + b.good);
    return b.bad != 0;
}
