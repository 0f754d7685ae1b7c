/* The simulated clouds as one value machine: request in, reply out, time given. The server of
 * `offboard sim` and (later) rehearsal stand on it. */
#pragma once
#include "base/clock.h"
#include "net/server.h"
#include "script/script.h"

struct ob_sim;
/* options: { people = N | from = [rows], faults = "text", seed = N, contract = "...", ... } as
 * lua/sim/init.lua documents them. */
OB_MUST_CHECK enum ob_status ob_sim_new(struct ob_sim **out, const struct ob_value *options,
                                        const struct ob_clock *clock, struct ob_err *err);
void ob_sim_free(struct ob_sim *s);
/* An ob_server_handler; ctx is the ob_sim. Never called concurrently. */
void ob_sim_handle(void *ctx, const struct ob_served *in, struct ob_reply *out);

/* Called after each request that was for a cloud, on the server's thread, with what happened:
 * { at, n, cloud, op, status, people = [...], effects, fault }. Lent. */
typedef void ob_sim_log(void *ctx, const struct ob_value *event);
void ob_sim_set_log(struct ob_sim *s, ob_sim_log *log, void *ctx);

/* What the simulator tells besides; never while the server runs. With `fields`, each person comes
 * with the row that the cloud's API shows of them. */
OB_MUST_CHECK enum ob_status ob_sim_state(struct ob_sim *s, bool fields, struct ob_buf *json,
                                          struct ob_err *err);
/* { text, secrets = [[file name, bytes], ...] } for a targets.lua; `ca` may be NULL. */
OB_MUST_CHECK enum ob_status ob_sim_targets(struct ob_sim *s, const char *url, const char *ca,
                                            struct ob_value *out, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_sim_leavers(struct ob_sim *s, int64_t count, struct ob_buf *csv,
                                            struct ob_err *err);
