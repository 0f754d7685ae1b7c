/* One status enum for the whole program, and the error text that travels with it.
 * A function that can fail returns enum ob_status and takes `struct ob_err *err` last. */
#pragma once

enum ob_status {
#define OB_STATUS(name, code, word) name,
#include "base/status.def"
#undef OB_STATUS
    OB_STATUS_COUNT
};

#define OB_MUST_CHECK __attribute__((warn_unused_result))

/* Messages: lower case, no full stop, name the thing and the way out. Never a secret. */
struct ob_err {
    enum ob_status status;
    char message[2048];
};

int ob_status_exit(enum ob_status status);
const char *ob_status_word(enum ob_status status);
/* The one that counts when several hold: 32, 21, 10, 20, then the rest in order of the list,
 * and OB_OK only when both are (DESIGN section 5). */
enum ob_status ob_status_worst(enum ob_status a, enum ob_status b);

/* Fills err (when not NULL) and returns `status`, so that a caller writes `return ob_fail(...)`. */
enum ob_status ob_fail(struct ob_err *err, enum ob_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "prefix: " before the message that is there; returns err->status. */
enum ob_status ob_err_prefix(struct ob_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
