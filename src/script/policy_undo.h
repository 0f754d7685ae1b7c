/* Undo: what a run did is taken back, in reverse order, for each person whom it changed, from the
 * snapshots. Each action that takes back is a step of its own in the ledger (path "4.u2": step 2,
 * undone by step 4), so that it is checked, paced, read back and resumed like anything else.
 * Inside src/script only. */
#pragma once
#include "script/policy_parts.h"

/* [-0, +1|yield, e] A gated action answered "undo": the outcome on top is undone under the path of
 * its own action (at `path`), and is what the action returns. */
int ob_undo_because(lua_State *L, int path);
/* outcome:undo(reason); [-n, +1|yield, e] */
int ob_policy_undo(lua_State *L);
/* undo_run(), for the policy of `offboard undo` alone: all of the run that the operator named. */
void ob_open_policy_undo(lua_State *L); /* [-0, +0, e] */
