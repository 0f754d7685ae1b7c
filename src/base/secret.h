/* The vault: the only place where secret bytes live. Everything else holds handles.
 * A secret is read when it is first used, so that a target nobody uses asks nobody.
 * Every secret that was read is also known to the redactor. */
#pragma once
#include "base/buf.h"
#include "base/status.h"

struct ob_vault;

struct ob_vault *ob_vault_new(void);
void ob_vault_free(struct ob_vault *v); /* overwrites all */

/* Handles (>= 0). Nothing is read yet. */
int ob_secret_literal(struct ob_vault *v, const char *bytes, size_t len);
int ob_secret_env(struct ob_vault *v, const char *name);
/* The file's first line. Refused when it is readable or writable by group or others, is no
 * regular file or belongs to somebody else (root excepted): checked on the open descriptor. */
int ob_secret_file(struct ob_vault *v, const char *path);
/* First line of standard output of argv[0..], run without a shell; NULL-terminated. A command
 * that fails, prints nothing or takes longer than 30 s is an error. */
int ob_secret_command(struct ob_vault *v, const char *const *argv);
/* A whole file of credentials under the same checks as ob_secret_file, for those who must parse
 * it (profiles of other tools). Up to the buffer's maximum; the caller wipes the buffer. */
OB_MUST_CHECK enum ob_status ob_secret_read_file(const char *path, struct ob_buf *out,
                                                 struct ob_err *err);
int ob_vault_count(const struct ob_vault *v);

/* Lends the bytes, NUL-terminated. Errors (OB_ERR_CREDENTIAL) name where it should come from. */
OB_MUST_CHECK enum ob_status ob_secret_get(struct ob_vault *v, int handle, const char **bytes,
                                           struct ob_err *err);

/* Text that came from outside, on its way to a log, the ledger or a terminal: every known
 * secret (and its percent-encoded and base64 forms) of 4 bytes or more becomes "***".
 * Lends a result that is good until the next call. */
const char *ob_redact(struct ob_vault *v, const char *text);
/* Makes a value known to the redactor only (tokens that a login gave). */
void ob_redact_also(struct ob_vault *v, const char *bytes, size_t len);
