/* The files that travel inside the binary. Written by embed.cmake at build time. */
#pragma once
#include <stddef.h>

struct ob_embedded {
    const char *name; /* path inside the source tree; NULL ends the table */
    const char *bytes;
    size_t len;
};
extern const struct ob_embedded ob_embedded[];
