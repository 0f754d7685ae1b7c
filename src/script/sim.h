/* The simulated clouds as one value machine: request in, reply out, time given. The server of
 * `offboard sim` and (later) rehearsal stand on it. */
#pragma once
#include "base/clock.h"
#include "net/server.h"
#include "script/script.h"

struct ob_sim;
/* options: { people = N | from = [rows], exports = { cloud = [rows] }, faults = "text", seed = N,
 * contract = "...", ... } as lua/sim/init.lua documents them. */
OB_MUST_CHECK enum ob_status ob_sim_new(struct ob_sim **out, const struct ob_value *options,
                                        const struct ob_clock *clock, struct ob_err *err);
void ob_sim_free(struct ob_sim *s);
/* The same people on fresh clouds with these options; as new, but much quicker. */
OB_MUST_CHECK enum ob_status ob_sim_again(struct ob_sim *s, const struct ob_value *options,
                                          struct ob_err *err);
/* The fault that the next request meets ("drop-after"); NULL: none. Lent until then. */
void ob_sim_strike(struct ob_sim *s, const char *fault);
/* Calls one of the functions of lua/sim/init.lua; *out is its first result. */
OB_MUST_CHECK enum ob_status ob_sim_ask(struct ob_sim *s, const char *function,
                                        const struct ob_value *args, size_t count,
                                        struct ob_value *out, struct ob_err *err);
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
