/* Starting `offboard sim` with a program of ours inside, and what is common to those who do. */
#pragma once
#include <sys/types.h>
#include "base/buf.h"

struct sim_options {
    const char *offboard;
    const char *people, *leavers; /* how many */
    const char *faults, *contract;
};

/* The simulator runs `inside` with one more argument: the file descriptor from which its log can
 * be read. Writes leavers.csv and targets.lua into `folder`, and there into "said" what all of
 * them say on standard error. Ends the process when it cannot. */
pid_t sim_start(const struct sim_options *o, const char *folder, const char *const *inside);

/* A fresh folder under $TMPDIR; the caller frees. */
char *folder_make(const char *name);
void folder_drop(const char *folder);
/* The path of this program. */
const char *own_path(void);
/* FOLDER/NAME, read or written; ends the process when it cannot be. */
void folder_read(const char *folder, const char *name, struct ob_buf *out);
void folder_write(const char *folder, const char *name, const struct ob_buf *text);
/* Writes targets.lua anew, without limits: the runs here take away most of everybody. */
void folder_lift_limits(const char *folder);
