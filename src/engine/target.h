/* A target as the engine uses it: everything resolved. Made by script/target.c from the
 * configuration and the provider's file; borrowed by the engine for as long as it runs. */
#pragma once
#include "engine/provider.h"
#include "net/transport.h"
#include "sign/sign.h"

struct ob_target {
    char *name;
    struct ob_provider provider;
    struct ob_route route;
    struct ob_route login_route; /* where the signer's login goes; the same unless said */
    const struct ob_signer *signer;
    const struct ob_credential *credential;
    int parallel;            /* calls in flight, all kinds together */
    int rate_calls;          /* the operator's cap: so many calls ... */
    int64_t rate_ms;         /* ... in so many milliseconds; rate_calls 0: none */
    struct ob_value protect; /* list of glob patterns over ids */
};
