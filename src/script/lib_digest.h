/* The binding `digest` of the simulated clouds. Inside src/script only. */
#pragma once
#include "script/internal.h"

/* [-0, +0, e] Puts the table `digest` into the environment: sha256_hex, hmac_sha256_hex,
 * hmac_sha1_base64, base64, unbase64, percent_encode, percent_decode, random. */
void ob_open_digest(lua_State *L);
