/* The ledger's file before a database sees it. */
#pragma once
#include "base/status.h"

/* Makes the folder (0700) and an empty file (0600) when they are missing, takes the rights of
 * group and others from what is there, and answers the absolute path without symbolic links:
 * two names of one file must mean one ledger and one lock. The caller frees *real. */
OB_MUST_CHECK enum ob_status ob_ledger_file_make(const char *path, char **real, struct ob_err *err);
