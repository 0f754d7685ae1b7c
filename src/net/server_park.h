/* Private to net/server*.c: connections that wait, for a moment or until the server ends, without
 * keeping the one thread of the server from others. */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define OB_PARK_FOR_EVER INT64_MAX

struct ob_park;
struct ob_park *ob_park_new(void); /* NULL when there is no thread to be had */
/* Suspends `c` for `ms`; its handler is called again then. False when the park is closed. */
bool ob_park_add(struct ob_park *p, struct MHD_Connection *c, int64_t ms);
/* Resumes all and takes no more: what libmicrohttpd demands before it stops. */
void ob_park_close(struct ob_park *p);
void ob_park_free(struct ob_park *p); /* closes first */
