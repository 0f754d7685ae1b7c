/* What to do with a call that came back without a plain answer. Pure: no I/O, no state. */
#pragma once
#include "engine/provider.h"
#include "ledger/ledger.h"
#include "net/transport.h"

enum ob_next {
    OB_NEXT_TAKE,  /* hand the answer to whoever asked */
    OB_NEXT_AGAIN, /* the same call again after a delay */
    OB_NEXT_LOGIN, /* get a new token, then again */
    OB_NEXT_DOUBT, /* a mutation whose effect nobody knows */
    OB_NEXT_STOP,  /* stop the target, with `status` */
};

struct ob_retry_in {
    enum ob_call_kind kind;
    int attempt;          /* of this call, 1 is the first */
    int throttled;        /* how many of them were throttled */
    bool logged_in_again; /* a new token was already tried for this call */
    enum ob_net_error net;
    bool sent;
    enum ob_meaning meaning; /* when net is OB_NET_OK */
};

struct ob_retry_out {
    enum ob_next next;
    enum ob_status status; /* with STOP */
    bool throttle;         /* hold back the whole target */
};

#define OB_RETRY_ATTEMPTS  5  /* for readings, and for mutations that never left */
#define OB_RETRY_THROTTLED 10 /* refusals in a row before "throttled out" */
#define OB_RETRY_STARVED   50 /* of one call, while others get through */

struct ob_retry_out ob_retry_decide(const struct ob_retry_in *in);

/* For failures; how long throttling holds us is the pace's matter, but for what the cloud says.
 * Full jitter: 0..min(cap, base * 2^(attempt-1)); never less than what the cloud asked for, to
 * which up to a tenth is added so that workers do not return in step. */
#define OB_BACKOFF_BASE_MS    200
#define OB_BACKOFF_CAP_MS     20000
#define OB_RETRY_AFTER_MAX_MS ((int64_t)600 * 1000)
struct ob_random;
int64_t ob_backoff_ms(struct ob_random *rnd, int attempt, int64_t retry_after_ms);
