/* Programs that help us, run without a shell: given some input, their output read, for a bounded
 * time. They inherit the terminal's standard error, to ask there. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/status.h"

struct ob_command_run {
    char *const *argv; /* NULL-terminated */
    const char *input; /* its standard input, up to 64 KiB; NULL: there is none */
    size_t input_len;
    int64_t most_ms;       /* then it is killed */
    enum ob_status status; /* of errors */
};
/* Its whole output, up to the buffer's maximum, once it has ended with exit code 0. Errors name the
 * command only: its arguments may be somebody's. */
OB_MUST_CHECK enum ob_status ob_command_output(const struct ob_command_run *c, struct ob_buf *out,
                                               struct ob_err *err);

/* ---- shared with what reads secrets from files ---- */

enum ob_got { OB_GOT_MORE, OB_GOT_NOTHING, OB_GOT_END, OB_GOT_TOO_MUCH, OB_GOT_ERROR };
/* One read; nothing of it stays on the stack, since it may be a secret. */
enum ob_got ob_read_some(int fd, struct ob_buf *out);
