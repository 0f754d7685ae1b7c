/* Files as whole bytes, and the folders of the XDG base directory specification. */
#pragma once
#include "base/buf.h"
#include <stdint.h>
#include "base/status.h"

/* "-" is standard input. Over `max` bytes is an error. Errors name path and reason; `status` is
 * the status they carry. */
OB_MUST_CHECK enum ob_status ob_file_read(const char *path, size_t max, struct ob_buf *out,
                                          enum ob_status status, struct ob_err *err);
/* The same for a source that decides about people: a file that changes while it is read is an error
 * too. *mtime_ms is when it was last changed (wall clock); 0 where nobody knows, as of a pipe. */
OB_MUST_CHECK enum ob_status ob_file_read_whole(const char *path, size_t max, struct ob_buf *out,
                                                int64_t *mtime_ms, enum ob_status status,
                                                struct ob_err *err);
/* Writes beside, syncs, renames. Mode as given (0600 for what may hold people). */
OB_MUST_CHECK enum ob_status ob_file_write(const char *path, const void *p, size_t len, int mode,
                                           struct ob_err *err);
/* mkdir -p, mode 0700. */
OB_MUST_CHECK enum ob_status ob_dir_make(const char *path, struct ob_err *err);
/* $XDG_CONFIG_HOME/offboard/NAME or ~/.config/offboard/NAME; the same for state. Caller frees. */
char *ob_xdg_config(const char *name);
char *ob_xdg_state(const char *name);
/* "~/x" to $HOME/x; a copy of anything else. Caller frees. */
char *ob_path_expand(const char *path);
/* FILE beside the file `beside`, unless it is absolute or "~/". Caller frees. */
char *ob_path_beside(const char *beside, const char *file);
