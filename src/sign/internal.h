/* What the signers share, and the pure cores that the vectors of tests/vectors/ check text by
 * text. Only src/sign/ and its tests include it. */
#pragma once
#include "base/digest.h"
#include "base/value.h"
#include "sign/sign.h"

/* The texts of one signature, in the order in which they come about. */
struct ob_signature {
    struct ob_buf canonical; /* canonical request; for RPC V1 the canonicalised parameters */
    struct ob_buf to_sign;
    struct ob_buf authorization; /* header value; for RPC V1 the Signature parameter */
};
void ob_signature_init(struct ob_signature *s);
void ob_signature_fini(struct ob_signature *s); /* overwrites: parameters may be passwords */

/* canon.c: the canonical request that ACS3 and Huawei's SDK signature have in common. */

/* Decodes and encodes once each segment of base + path; "/" when both are empty. */
void ob_canon_path(struct ob_buf *out, const char *base, const char *path);
/* Appends METHOD, uri, sorted query, headers, their names, payload hash. Which headers are signed
 * is the caller's choice; `names` becomes "a;b;c". */
void ob_canon_request(struct ob_buf *out, struct ob_buf *names, const struct ob_request *r,
                      const char *uri, const struct ob_fields *headers, const char *payload_hash);
/* Lower-case hex of HMAC-SHA256. */
char *ob_canon_hmac(const char *secret, const struct ob_buf *text, char out[OB_SHA256_HEX]);
/* Headers by that name must not repeat, because the clouds differ in what they make of it. */
OB_MUST_CHECK enum ob_status ob_canon_pick(struct ob_fields *to, const struct ob_request *r,
                                           bool (*wanted)(const char *name), struct ob_err *err);

/* The cores. `headers` are those that are signed, nothing is added to them. */
void ob_acs3_signature(struct ob_signature *out, const struct ob_request *r, const char *base,
                       const struct ob_fields *headers, const char *id, const char *secret);
void ob_huawei_sdk_signature(struct ob_signature *out, const struct ob_request *r, const char *base,
                             const struct ob_fields *headers, const char *access_key,
                             const char *secret_key);
/* `params` are all decoded parameters of query and form, without Signature. */
void ob_rpc_v1_signature(struct ob_signature *out, const char *method,
                         const struct ob_fields *params, const char *secret);
/* corp_id NULL: single enterprise; "": the service provider itself. The signer never names a user
 * (a login with an unknown user creates that user); user_id is here for the vectors. */
struct ob_meeting_login {
    const char *app_id, *app_key, *corp_id, *user_id, *nonce;
    int64_t expire_s;
};
void ob_meeting_signature(struct ob_signature *out, const struct ob_meeting_login *login);

/* login.c: what the signers with a session share. */

/* A POST of JSON with the Host header; `out` is safe to fini from here on. */
void ob_login_begin(struct ob_request *out, const struct ob_sign_at *at, const char *path,
                    const char *content_type);
/* Writes the body, then overwrites the value, which holds a password or a nonce. */
void ob_login_body(struct ob_request *out, struct ob_value *body);
/* Takes over a token after a look at it, and makes it known to the redactor. */
OB_MUST_CHECK enum ob_status ob_login_token(const struct ob_credential *c,
                                            const struct ob_sign_at *at, const char *bytes,
                                            int64_t expires_ms, struct ob_token *out,
                                            struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_login_header(const struct ob_token *token, const char *name,
                                             const struct ob_sign_at *at, struct ob_request *r,
                                             struct ob_err *err);
/* grant() and sign() of both Meeting logins. */
OB_MUST_CHECK enum ob_status ob_meeting_grant(const struct ob_credential *c,
                                              const struct ob_response *answer,
                                              const struct ob_sign_at *at, struct ob_token *out,
                                              struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_meeting_sign(const struct ob_credential *c,
                                             const struct ob_token *token,
                                             const struct ob_sign_at *at, struct ob_request *r,
                                             struct ob_err *err);
