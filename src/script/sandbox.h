/* Shared between the files that make the sandbox (state, exec, alloc, budget, lib_*, order,
 * pattern, convert, json, load); nobody else includes it. */
#pragma once
#include "base/buf.h"
#include "script/internal.h"

/* ---- alloc.c ---- */
/* A live block of OB_BIG_FROM bytes or more that is a string or the hash part of a table. */
struct ob_big {
    void *p;
    size_t size;
    bool string;
};
#define OB_BIG_FROM ((size_t)64 * 1024)

/* The lua_Alloc; `ud` is the script. */
void *ob_alloc(void *ud, void *ptr, size_t osize, size_t nsize);
/* True when a table's hash part of `nodes` slots would be filled by keys that an attacker chose
 * to collide: one instruction would run for minutes. nodes.c. */
bool ob_nodes_collide(const struct ob_meter *m, size_t nodes);
#define OB_NODE_SIZE  ((size_t)24)
#define OB_NODES_FROM ((size_t)8192)

/* ---- budget.c ---- */
#define OB_HOOK_PERIOD 1000
#define OB_FUEL_PER_MS 1000000 /* some ten times what a machine does: the clock comes first */
#define OB_FUEL_POLICY ((int64_t)50 * 1000 * 1000)
#define OB_PCALL_DEPTH 32

int64_t ob_fuel_limit(const struct ob_script *s);
void ob_arm(lua_State *L, int period);
int ob_period(const struct ob_box *box);
void ob_spend(struct ob_box *box, lua_State *L, enum ob_spent why);
void ob_budget_enter(struct ob_box *box);
void ob_budget_leave(struct ob_box *box);
/* As ob_charge without raising: false when the budget is spent. */
bool ob_charge_quiet(lua_State *L, uint64_t units);
/* [-0, +0, e] Raises what no pcall of ours catches. */
int ob_raise_spent(lua_State *L);
/* "policy.lua:12: " of the nearest line of a script, else "". */
void ob_where(lua_State *L, char *out, size_t size);

/* ---- state.c ---- */
/* A script with nothing but `setup` in it; what ob_script_new is made of. */
enum ob_status ob_script_make(struct ob_script **out, enum ob_profile profile, const char *name,
                              struct ob_limits limits, lua_CFunction setup, struct ob_err *err);

/* ---- exec.c ---- */
/* [-(n+1), +(r|1), -] A protected call from within a C function of ours, for C functions only. */
bool ob_try(lua_State *L, int nargs, int nresults);
/* Runs a C function with one light userdata under ob_pcall, no results. */
enum ob_exec ob_protect(struct ob_script *s, lua_CFunction f, void *arg, struct ob_err *err);

/* ---- sandbox.c and lib_*.c: [-0, +0, e], each fills the environment ---- */
void ob_open_sandbox(lua_State *L);
void ob_open_base(lua_State *L, int env);
void ob_open_string(lua_State *L, int env);
void ob_open_table(lua_State *L, int env);
void ob_open_utf8(lua_State *L, int env);
/* [-0, +1, e] What chunks get as _ENV: the environment, sealed. */
void ob_push_scope(lua_State *L);
/* [-0, +1, e] The library that `open` makes, in a table of its own. */
void ob_push_library(lua_State *L, const char *name, lua_CFunction open);
/* [-0, +1, e] The table behind a sealed one, or the table itself. */
void ob_push_unsealed(lua_State *L, int index);

/* ---- order.c: the one order in which keys are walked ---- */
/* [-0, +1, e] The keys of the table at index as a sequence: positive integers, other integers,
 * floats, strings by bytes, booleans. Charged. */
void ob_push_keys(lua_State *L, int index, size_t *count);
/* [-0, +2, e] The key after the one at `key` (0: the first) and its value; false: nothing pushed.
 */
bool ob_next_key(lua_State *L, int index, int key);

/* ---- convert.c ---- */
enum ob_shape { OB_SHAPE_LIST, OB_SHAPE_MAP, OB_SHAPE_MIXED };
/* Never raises. *count: pairs. */
enum ob_shape ob_table_shape(lua_State *L, int index, size_t *count);
/* [-0, +1, e] A C buffer and a C value that Lua owns: empty, filled afterwards. */
struct ob_buf *ob_push_buf(lua_State *L);
void ob_open_convert(lua_State *L);

/* ---- load.c ---- */
#define OB_SOURCE_MAX ((size_t)1024 * 1024)
int ob_use(lua_State *L); /* use "offboard.schema" */
