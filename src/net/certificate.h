/* A throw-away certificate authority and one server certificate for the loopback address, for the
 * simulated clouds and for tests. Never for anything that others can reach. */
#pragma once
#include "base/status.h"
#include <stdint.h>

struct ob_certificate { /* PEM texts, owned */
    char *ca;
    char *server;
    char *key;
};

/* Valid from `from_s` until `until_s`, in seconds relative to now. */
OB_MUST_CHECK enum ob_status ob_certificate_make(struct ob_certificate *out, int64_t from_s,
                                                 int64_t until_s, struct ob_err *err);
void ob_certificate_fini(struct ob_certificate *c); /* the key is overwritten */
