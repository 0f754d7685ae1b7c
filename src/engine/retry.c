/* Retry rules, as one pure function over a table's worth of cases. A mutation is repeated only
 * when the cloud cannot have carried it out: it never left, or it was refused outright. All else
 * is doubt, which is settled by reading and never by sending again. */
#include "engine/retry.h"
#include "base/random.h"

static struct ob_retry_out take(enum ob_next next)
{
    return (struct ob_retry_out){.next = next, .status = OB_OK};
}

static struct ob_retry_out stop(enum ob_status status)
{
    return (struct ob_retry_out){.next = OB_NEXT_STOP, .status = status};
}

static bool mutates(enum ob_call_kind kind)
{
    return kind == OB_CALL_ACT || kind == OB_CALL_RAW;
}

static struct ob_retry_out again_or_stop(const struct ob_retry_in *in)
{
    return in->attempt < OB_RETRY_ATTEMPTS ? take(OB_NEXT_AGAIN) : stop(OB_ERR);
}

/* May the cloud have it? Some errors can only come from the other side. */
static bool arrived(const struct ob_retry_in *in)
{
    return in->sent || in->net == OB_NET_TOO_LARGE || in->net == OB_NET_CUT ||
           in->net == OB_NET_REDIRECT;
}

/* No whole answer came. */
static struct ob_retry_out decide_net(const struct ob_retry_in *in)
{
    /* Whatever the error is called. A redirected mutation was not carried out where we asked, but
     * who knows what stands there. */
    if (mutates(in->kind) && arrived(in))
        return take(OB_NEXT_DOUBT);
    switch (in->net) {
    case OB_NET_TLS:
    case OB_NET_SETUP:
    case OB_NET_REDIRECT:
    case OB_NET_TOO_LARGE:
    case OB_NET_CANCELLED:
        return stop(OB_ERR); /* a matter of configuration, not of luck */
    default:
        return again_or_stop(in);
    }
}

static struct ob_retry_out decide_throttled(const struct ob_retry_in *in)
{
    struct ob_retry_out out =
        in->throttled < OB_RETRY_THROTTLED ? take(OB_NEXT_AGAIN) : stop(OB_ERR_THROTTLED);
    out.throttle = true;
    return out;
}

struct ob_retry_out ob_retry_decide(const struct ob_retry_in *in)
{
    if (in->net != OB_NET_OK)
        return decide_net(in);
    switch (in->meaning) {
    case OB_SAYS_THROTTLED:
        return decide_throttled(in);
    case OB_SAYS_TOKEN:
        return in->logged_in_again || in->kind == OB_CALL_LOGIN ? stop(OB_ERR_CREDENTIAL)
                                                                : take(OB_NEXT_LOGIN);
    case OB_SAYS_CREDENTIAL:
    case OB_SAYS_PERMISSION:
        return stop(OB_ERR_CREDENTIAL);
    case OB_SAYS_TRANSIENT:
    case OB_SAYS_NONSENSE:
        return mutates(in->kind) ? take(OB_NEXT_DOUBT) : again_or_stop(in);
    case OB_SAYS_REQUEST:
        /* A reading refused for a reason that is about no person will be refused for all. */
        return mutates(in->kind) ? take(OB_NEXT_TAKE) : stop(OB_ERR);
    case OB_SAYS_DONE:
    case OB_SAYS_PERSON:
    case OB_SAYS_SUSPECT:
        break;
    }
    return take(OB_NEXT_TAKE);
}

int64_t ob_backoff_ms(struct ob_random *rnd, int attempt, int64_t retry_after_ms)
{
    int64_t ceiling = OB_BACKOFF_BASE_MS;
    for (int i = 1; i < attempt && ceiling < OB_BACKOFF_CAP_MS; i++)
        ceiling *= 2;
    if (ceiling > OB_BACKOFF_CAP_MS)
        ceiling = OB_BACKOFF_CAP_MS;
    if (retry_after_ms <= 0)
        return (int64_t)ob_random_below(rnd, (uint64_t)ceiling + 1);
    if (retry_after_ms > OB_RETRY_AFTER_MAX_MS)
        retry_after_ms = OB_RETRY_AFTER_MAX_MS;
    return retry_after_ms + (int64_t)ob_random_below(rnd, (uint64_t)retry_after_ms / 10 + 2);
}
