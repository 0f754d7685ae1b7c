/* What came of an exchange: curl's result and what is known of the answer become one of the ends
 * that the engine knows. The rule that matters: `sent` is false only when the request never began
 * to leave, whatever the library says went wrong. */
#include "net/http_curl.h"
#include <string.h>

static enum ob_net_error judge_unsent(const struct ob_exchange *x, CURLcode rc)
{
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return OB_NET_RESOLVE;
    case CURLE_OPERATION_TIMEDOUT:
        return OB_NET_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
        return ob_http_tls_is_lost(x->text) ? OB_NET_CONNECT : OB_NET_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return OB_NET_TLS;
    case CURLE_COULDNT_CONNECT: /* without a socket: curl knows no such kind of proxy */
        return x->dialled ? OB_NET_CONNECT : OB_NET_SETUP;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PROXY:
        return OB_NET_CONNECT;
    default: /* options, addresses, files of roots */
        return OB_NET_SETUP;
    }
}

static enum ob_net_error judge_sent(const struct ob_exchange *x, CURLcode rc)
{
    const struct ob_http_answer *a = &x->answer;
    if (ob_http_answer_is_redirect(a))
        return OB_NET_REDIRECT;
    /* curl has a maximum for one header line, and says that memory is out. */
    if (a->too_large || rc == CURLE_FILESIZE_EXCEEDED || rc == CURLE_OUT_OF_MEMORY)
        return OB_NET_TOO_LARGE;
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return OB_NET_TIMEOUT;
    /* curl is content with a header that stops in the middle; we are not. */
    if (rc == CURLE_OK && a->at == OB_ANSWER_AT_BODY)
        return OB_NET_OK;
    return a->status ? OB_NET_CUT : OB_NET_BROKEN;
}

/* curl's long text only where it cannot repeat a proxy's URL with its password. */
static const char *reason(const struct ob_exchange *x, CURLcode rc)
{
    if (rc == CURLE_SSL_CACERT_BADFILE)
        return x->route->ca_file ? "ca_file cannot be read as PEM certificates"
                                 : "the system's root certificates cannot be read";
    if (x->c.error == OB_NET_SETUP && x->route->proxy)
        return "the proxy's address cannot be used";
    if (rc == CURLE_SSL_CONNECT_ERROR && ob_http_tls_is_lost(x->text))
        return "connection lost in the TLS handshake";
    if (rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_PEER_FAILED_VERIFICATION)
        return ob_http_tls_reason(x->text);
    return curl_easy_strerror(rc);
}

static long info_long(const struct ob_exchange *x, CURLINFO what)
{
    long value = 0;
    return curl_easy_getinfo(x->easy, what, &value) == CURLE_OK ? value : 0;
}

static int64_t info_off(const struct ob_exchange *x, CURLINFO what)
{
    curl_off_t value = -1;
    return curl_easy_getinfo(x->easy, what, &value) == CURLE_OK ? (int64_t)value : -1;
}

static void explain(struct ob_exchange *x, CURLcode rc)
{
    struct ob_http_facts f = {
        .error = x->c.error,
        .route = x->route,
        .answer = &x->answer,
        .started = x->started,
        .os_error = rc == CURLE_COULDNT_CONNECT ? (int)info_long(x, CURLINFO_OS_ERRNO) : 0,
        .tunnel_status = (int)info_long(x, CURLINFO_HTTP_CONNECTCODE),
        .proxy_fault =
            rc == CURLE_COULDNT_RESOLVE_PROXY || info_long(x, CURLINFO_PROXY_SSL_VERIFYRESULT) != 0,
        .certificate = rc == CURLE_PEER_FAILED_VERIFICATION,
        .malformed = rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_WEIRD_SERVER_REPLY ||
                     rc == CURLE_WRITE_ERROR,
        .large_header = x->answer.head_bytes > OB_ANSWER_HEADERS_MAX || rc == CURLE_OUT_OF_MEMORY,
        .expected = info_off(x, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T),
        .timeout_ms = x->timeout_ms,
        .reason = reason(x, rc),
    };
    ob_http_explain(&f, x->c.message, sizeof x->c.message);
}

void ob_exchange_judge(struct ob_exchange *x, CURLcode rc)
{
    x->c.sent = x->started;
    x->c.error = x->started ? judge_sent(x, rc) : judge_unsent(x, rc);
    x->c.took_ms = info_off(x, CURLINFO_TOTAL_TIME_T) / 1000;
    if (x->c.error == OB_NET_OK)
        ob_http_answer_take(&x->answer, &x->c.response);
    else
        explain(x, rc);
}
