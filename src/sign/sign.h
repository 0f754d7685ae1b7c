/* Signers: pure functions from request + credential + time + nonce to signed request. They
 * never see a socket, a clock or Lua. Called afresh for each attempt, over the bytes sent. */
#pragma once
#include <stdint.h>
#include "base/message.h"
#include "base/secret.h"
#include "base/status.h"

/* Fields of a target that its signer reads, by the names of targets.lua: plain text or secret. */
struct ob_credential {
    struct ob_vault *vault;
    struct ob_credential_field {
        char *name;
        char *text; /* or NULL when secret */
        int secret; /* handle, when text is NULL */
    } * v;
    size_t count;
};
void ob_credential_add(struct ob_credential *c, const char *name, const char *text, int secret);
void ob_credential_fini(struct ob_credential *c);
bool ob_credential_has(const struct ob_credential *c, const char *name);
/* NULL in *out when the field is absent; error only when a secret cannot be read. */
OB_MUST_CHECK enum ob_status ob_credential_get(const struct ob_credential *c, const char *name,
                                               const char **out, struct ob_err *err);
/* As get, but an absent field is OB_ERR_CREDENTIAL and the message names it. */
OB_MUST_CHECK enum ob_status ob_credential_need(const struct ob_credential *c, const char *name,
                                                const char **out, struct ob_err *err);

/* The moment and place of one attempt. */
struct ob_sign_at {
    int64_t now_ms;               /* wall clock */
    const char *nonce;            /* fresh for each attempt: UUID text */
    const struct ob_endpoint *at; /* its authority is the Host header that is sent and signed */
};

/* What a login gave. */
struct ob_token {
    char *bytes;        /* NULL: none */
    int64_t expires_ms; /* wall clock */
};
void ob_token_fini(struct ob_token *t); /* overwrites */

struct ob_signer {
    const char *name;
    /* Signers with a session; both NULL otherwise. `login` makes the request that asks for a
     * token (sent unsigned to the login endpoint); `grant` reads the token from its answer,
     * which was a 2xx. A wrong shape is an error. */
    enum ob_status (*login)(const struct ob_credential *c, const struct ob_sign_at *at,
                            struct ob_request *out, struct ob_err *err);
    enum ob_status (*grant)(const struct ob_credential *c, const struct ob_response *answer,
                            const struct ob_sign_at *at, struct ob_token *out, struct ob_err *err);
    /* Adds what authenticates the request; may be called once on a copy of the unsigned one. */
    enum ob_status (*sign)(const struct ob_credential *c, const struct ob_token *token,
                           const struct ob_sign_at *at, struct ob_request *r, struct ob_err *err);
};

#define OB_SIGNER(name) extern const struct ob_signer ob_signer_##name;
#include "sign/signers.def"
#undef OB_SIGNER
const struct ob_signer *ob_signer_find(const char *name); /* NULL when there is none */
