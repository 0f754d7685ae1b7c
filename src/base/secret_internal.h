/* What secret.c, secret_read.c and redact.c share; nobody else includes it. */
#pragma once
#include "base/secret.h"

/* All that the command gives, up to the buffer's maximum. */
OB_MUST_CHECK enum ob_status ob_secret_read_command(char *const *argv, struct ob_buf *out,
                                                    struct ob_err *err);

struct ob_redactor;
struct ob_redactor *ob_redactor_new(void);
void ob_redactor_free(struct ob_redactor *r);
void ob_redactor_add(struct ob_redactor *r, const char *bytes, size_t len);
/* Lends a result that is good until the next call; `text` may be the last result. */
const char *ob_redactor_run(struct ob_redactor *r, const char *text);
