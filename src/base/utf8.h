/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The length of the valid sequence at p (1..4), or 0 when there is none within len. */
size_t ob_utf8_seq(const char *p, size_t len);
/* Writes the code point, which must be a Unicode scalar value; returns its length. */
size_t ob_utf8_put(uint32_t cp, char out[4]);
