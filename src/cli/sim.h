/* Inside `offboard sim`: what its files share. */
#pragma once
#include "cli/cli.h"
#include "script/sim.h"

/* Runs the command of `exec` to its end with the environment as it is now, and hands signals on
 * that were sent to us alone. *code is what it exited with, 128 + the signal when one ended it. */
OB_MUST_CHECK enum ob_status ob_sim_child(const struct ob_value *exec, int *code,
                                          struct ob_err *err);
/* Waits for SIGINT or SIGTERM. Both expect ob_sim_block_signals to have been called first. */
void ob_sim_wait(void);
/* Before the server's thread exists, so that signals reach nobody else. */
void ob_sim_block_signals(void);

/* The state of a running simulator, over HTTP, to standard output. `ca` may be NULL. */
OB_MUST_CHECK enum ob_status ob_sim_ask_state(const struct ob_cli *cli, const char *url,
                                              const char *ca, struct ob_err *err);
/* The rows of a CSV or JSON file as a list of maps of texts. */
OB_MUST_CHECK enum ob_status ob_sim_read_people(const char *path, struct ob_value *rows,
                                                struct ob_err *err);
