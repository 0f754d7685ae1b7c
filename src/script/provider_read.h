/* What Lua says of requests and answers, as structs: pure conversions for provider.c. */
#pragma once
#include "base/secret.h"
#include "engine/provider.h"

/* { method, path, query, headers, json | form | body, action, version } of lua/offboard/
 * provider.lua, which has checked its shape. Where json or form say { new = "password" }, a fresh
 * one is filled in, told to the redactor of `vault` (may be NULL) and wiped from `v`. */
void ob_provider_read_request(struct ob_value *v, struct ob_vault *vault, struct ob_request *out);
/* { meaning, code, message, retry_after, people, rest_in_doubt, next, total, data }; takes what
 * it needs out of `v`. */
void ob_provider_read_answer(struct ob_value *v, struct ob_answer *out);
/* { name, actions, lookup_max, ... } of M.load. */
void ob_provider_read_info(const struct ob_value *v, struct ob_provider_info *out);
void ob_provider_info_fini(struct ob_provider_info *info);

/* A received answer for Lua: { status, headers with lower-case names, body }. */
void ob_provider_show_response(const struct ob_response *r, struct ob_value *out);
/* A raw request for Lua: { method, path, query, headers, form, opaque, action }. */
void ob_provider_show_request(const struct ob_request *r, struct ob_value *out);
