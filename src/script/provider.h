/* A provider file in a state of its own, as the engine's struct ob_provider. Inside src/script
 * only: script/target.c opens it. */
#pragma once
#include "base/secret.h"
#include "engine/provider.h"

/* Loads lua/provider/NAME.lua and checks its shape. OB_ERR_USAGE when there is no such file, and
 * the message names those there are; OB_ERR_POLICY when it is out of shape. */
OB_MUST_CHECK enum ob_status ob_provider_open(struct ob_provider *out, const char *name,
                                              struct ob_err *err);
/* Gives it the target's fields: `plain` with their values, `secrets` as name -> true. *out is
 * { signer, endpoint, login = url or absent, credential = [names], settings, own, id_shape }.
 * OB_ERR_USAGE when they do not fit, with a message that begins with the field. Once, before any
 * request. */
OB_MUST_CHECK enum ob_status ob_provider_configure(struct ob_provider *p,
                                                   const struct ob_value *plain,
                                                   const struct ob_value *secrets,
                                                   struct ob_value *out, struct ob_err *err);
/* Passwords that are made for requests become known to this vault's redactor. */
void ob_provider_use_vault(struct ob_provider *p, struct ob_vault *vault);
/* Why this can be nobody's id in any cloud ("is dots only"); NULL: it can. */
const char *ob_provider_id_wrong(const char *id, size_t len);
void ob_provider_close(struct ob_provider *p);
