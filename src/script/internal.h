/* Inside src/script only: the Lua side of the host. Everything here may be called with the Lua
 * stack; functions marked [e] raise a Lua error and must run under a protected call. */
#pragma once
#include <lua.h>
#include <lauxlib.h>
#include "base/status.h"
#include "base/value.h"
#include "script/script.h"

/* ---- one box a state: what is left, and who used it up ---- */
enum ob_spent { OB_SPENT_NO, OB_SPENT_CPU, OB_SPENT_FUEL, OB_SPENT_MEMORY, OB_SPENT_HOST };

/* What alloc.c, budget.c and exec.c keep for themselves. */
struct ob_meter {
    lua_State *running;  /* the thread whose code runs now, NULL between entries */
    int entries;         /* nested entries into Lua */
    int64_t seen_ns;     /* CLOCK_MONOTONIC when the CPU clock was last read */
    int64_t seen_cpu_ns; /* what it said */
    uint64_t steps;      /* charged since then */
    size_t churn;        /* bytes allocated and not yet charged */
    bool lifted;         /* the memory limit is off: lua-cjson must not be interrupted */
    char where[96];      /* "policy.lua:12: ", where a limit was met */
    const char *why;     /* what a limit is called, when it is none of the plain ones */
    struct ob_big *big;  /* live blocks that one instruction may work through */
    size_t big_count, big_cap;
    size_t big_string;        /* the longest of them that is a string */
    struct ob_parked *parked; /* pcall depth of waiting threads */
    size_t parked_count;
};

struct ob_box {
    struct ob_limits limits;
    size_t used, peak;   /* allocator */
    int64_t fuel;        /* VM instructions and charged C work left */
    int64_t cpu_end_ns;  /* CLOCK_THREAD_CPUTIME_ID at which the budget ends */
    int64_t cpu_left_ns; /* between bursts */
    enum ob_spent spent; /* once set, every entry and pcall ends */
    int pcall_depth;
    struct ob_err host_err; /* with OB_SPENT_HOST */
    struct ob_meter meter;
};

struct ob_script {
    lua_State *L;
    struct ob_box box;
    enum ob_profile profile;
    char *name;
    int env_ref;    /* the allow-listed environment table */
    int module_ref; /* what the chunk returned */
    void *owner;    /* the C object behind the bindings (policy, config, sim, ...) */
    /* [-0, +0, e] NAME = value (at 2 and 3) in the script: false when it is no setting. NULL: there
     * are none, and globals cannot be assigned. */
    bool (*assign)(lua_State *L);
    unsigned char *lines; /* of the script `name`: those that were run get a mark; or NULL */
    size_t line_count;
};

/* lua_getextraspace of every thread holds the script. */
struct ob_script *ob_script_of(lua_State *L);

/* [-0, +0, e] Charges `units` of fuel (1 is about one VM instruction, or 8 bytes of C work);
 * when it is spent the script ends, also inside pcall. */
void ob_charge(lua_State *L, uint64_t units);

/* [-0, +1, e] A thread for ob_resume, with the hook armed; on top of L's stack. */
lua_State *ob_new_thread(lua_State *L);
/* The only caller of lua_resume. T's function and `nargs` arguments are on T's stack. On
 * WAITING, *nresults values are on T's stack. On failure err is filled with file:line and cause.
 * The CPU budget counts over all resumes of a policy. */
enum ob_exec ob_resume(struct ob_script *s, lua_State *T, int nargs, int *nresults,
                       struct ob_err *err);
/* Protected call of the function and arguments on L's stack (from outside Lua). */
enum ob_exec ob_pcall(struct ob_script *s, int nargs, int nresults, struct ob_err *err);
enum ob_status ob_exec_status(enum ob_exec e, const struct ob_err *err);
/* Gives the budget of one call back (providers, sims: per call, not per life). */
void ob_budget_reset(struct ob_script *s);

/* [-0, +0, e] Ends the script with the host's own status, which no pcall can catch:
 * guards, unreadable input, ledger errors. */
int ob_raise_host(lua_State *L, const struct ob_err *err);

/* ---- values ---- */
/* [-0, +1, e] Depth and size bounded; charged. A list becomes a sequence, NULL inside lists and
 * maps becomes the lightuserdata NULL (cjson.null), at the top nil. */
void ob_push_value(lua_State *L, const struct ob_value *v);
/* [-0, +0, e] Fills *out (initialised by it). Tables: a sequence 1..n is a list, string keys a
 * map, an empty table a map unless `empty_list`; mixed keys, cycles, functions, too deep, too
 * large: an error naming the path. Integers keep 64 bits; float with integral value stays
 * OB_NUM. On a raise nothing leaks. Options: bound on total nodes. */
void ob_check_value(lua_State *L, int index, struct ob_value *out);
/* The same without raising: false and a message. */
bool ob_to_value(lua_State *L, int index, struct ob_value *out, struct ob_err *err);

/* [-0, +0, e] Marks the table on top as a list, so that it is one also when it is empty. */
void ob_mark_list(lua_State *L);

/* [-n, +k, e] pcall of the sandbox, as a function to be called: a spent budget goes through it. */
int ob_lua_pcall(lua_State *L);

/* ---- environment ---- */
/* [-0, +1, e] Pushes the environment table, to add a profile's bindings while setting up. */
void ob_push_env(lua_State *L);
/* [-1, +1, e] Wraps the table on top so that scripts read and walk it but cannot change it. */
void ob_seal(lua_State *L);
/* [-0, +1, e] tostring() of the sandbox: never an address, so the same in every run. */
const char *ob_tostring(lua_State *L, int index, size_t *len);
/* [-0, +0, e] A class: metatable "ob.NAME" with __metatable=false, the methods as __index. */
void ob_class(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods);
/* Runs `setup` (a lua_CFunction with the script's owner reachable through ob_script_of) under a
 * protected call: the only way to add bindings, since under a limit any push may raise. */
enum ob_status ob_script_setup(struct ob_script *s, lua_CFunction setup, struct ob_err *err);
/* [-0, +1, e] Compiles a chunk, under the budget, into a function that runs in the environment.
 * Every chunk goes through here. `embedded` ones are ours: limits are not blamed on their lines. */
void ob_load(lua_State *L, const char *chunk_name, bool embedded, const char *text, size_t len);
/* [-0, +1, e] The module of an embedded file ("lua/offboard/schema.lua"), run once in this state
 * in the same sandbox; what `use "offboard.schema"` answers for our own files. */
void ob_push_module(lua_State *L, const char *file);

/* json.decode / json.encode for all profiles (lua-cjson behind its guard). */
void ob_open_json(lua_State *L);
/* [-0, +1|0, e] The value of a JSON text; false with nothing pushed when it is none. */
bool ob_json_decode(lua_State *L, const char *text, size_t len);
/* [-0, +1, e] The value at index as JSON text, canonical. */
void ob_json_encode(lua_State *L, int index);
