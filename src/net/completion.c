/* What every transport shares: the end of a completion, and the words for its errors. It knows
 * no curl and no socket, so the simulated transport links it as well. */
#include "net/transport.h"

void ob_completion_fini(struct ob_completion *c)
{
    ob_response_fini(&c->response);
    c->message[0] = '\0';
}

const char *ob_net_error_word(enum ob_net_error error)
{
    static const char *const words[] = {
        [OB_NET_OK] = "ok",
        [OB_NET_RESOLVE] = "resolve",
        [OB_NET_CONNECT] = "connect",
        [OB_NET_TLS] = "tls",
        [OB_NET_TIMEOUT] = "timeout",
        [OB_NET_BROKEN] = "broken",
        [OB_NET_TOO_LARGE] = "too_large",
        [OB_NET_CUT] = "cut",
        [OB_NET_REDIRECT] = "redirect",
        [OB_NET_CANCELLED] = "cancelled",
        [OB_NET_SETUP] = "setup",
    };
    size_t i = (size_t)error;
    return i < sizeof words / sizeof words[0] ? words[i] : "unknown";
}
