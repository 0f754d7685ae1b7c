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
    struct ob_value protect; /* globs over ids, or { column = globs }; guard.h */
    struct ob_value self;    /* list: ids of the account the credential belongs to, as the operator
                                says; compared as protections are, A-Z and a-z the same */
    /* Whose credential it is, by the provider: list of { field, is_id, is, credential, login }:
     * the column of a row (and the id, where is_id) that equals `is`, or the credential's field, or
     * what the login's answer has at this dotted path. */
    struct ob_value own;
    struct ob_value id_shape; /* { what, chars, min, max }; OB_NULL: ids are not looked at */
};
