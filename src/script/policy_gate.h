/* The gate of a step: after each chunk the policy says whether the next may go. Three options of
 * an action make one: on_failure = function(tally), stop_when = { failed = 3 } and undo_when = {
 * failed_share = 0.1, after = 20 }. Inside src/script only. */
#pragma once
#include "script/policy_parts.h"

/* [-0, +1, e] The function of the option on_failure, nil when there is none; in the table at `at`
 * (or what is no table) a copy without it takes its place, which has `true` for it. */
void ob_gate_take(lua_State *L, int at);
/* [-0, +0, e] Is there a gate at all? Options of the wrong shape raise. */
bool ob_gate_is_on(lua_State *L, int gate, const struct ob_value *options);
/* [-0, +0, e] Answers the op that asks: by the function at `gate`, then by the options. */
void ob_gate_answer(lua_State *L, int gate, const struct ob_value *options, struct ob_op *op);
