/* Private to net/http*.c, and the one file that includes curl: an exchange, which is one send()
 * from the call until its completion is handed out. http.c keeps them, http_options.c tells curl
 * what to do with one, http_end.c judges what came of it. */
#pragma once
#include "net/http_private.h"
#include <curl/curl.h>
#include <sys/queue.h>

struct ob_exchange {
    TAILQ_ENTRY(ob_exchange) link;
    const struct ob_route *route;
    int64_t timeout_ms;
    CURL *easy;
    struct curl_slist *fields;
    struct ob_buf body;
    struct ob_http_answer answer;
    bool alone;                 /* over a connection of its own */
    bool dialled;               /* a socket was asked for */
    bool started;               /* the request began to leave */
    CURLcode setup;             /* the first option that was refused */
    char text[CURL_ERROR_SIZE]; /* curl's, of an error */
    struct ob_completion c;
};

/* Fills x->setup. */
void ob_exchange_setup(struct ob_exchange *x, const struct ob_request *r);
/* Fills x->c but its id; the answer moves there when it is whole. */
void ob_exchange_judge(struct ob_exchange *x, CURLcode rc);
