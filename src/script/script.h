/* The script host as the rest of the program sees it: no lua.h here. A script is one Lua state
 * in the sandbox, with a memory limit, a CPU budget and the bindings of its profile. States
 * share nothing; values cross as struct ob_value. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "base/value.h"

/* Which bindings exist; the sandbox itself is the same for all. */
enum ob_profile {
    OB_PROFILE_POLICY,   /* input, target, ... (policy.c) */
    OB_PROFILE_PROVIDER, /* json, log, url helpers, time helpers: pure */
    OB_PROFILE_SIM,      /* provider's, plus digests and a seeded random: pure */
    OB_PROFILE_CONFIG,   /* target, env, secret, *_profile (config.c) */
    OB_PROFILE_TOOL,     /* our own command line (argparse): trusted text of this binary only */
};

struct ob_limits {
    size_t memory;  /* bytes */
    int64_t cpu_ms; /* of this thread, over the life of a policy; per call elsewhere */
};
#define OB_LIMIT_MEMORY ((size_t)64 * 1024 * 1024)
#define OB_LIMIT_CPU_MS 10000

/* How an entry into Lua ended; causes are kept apart. */
enum ob_exec {
    OB_EXEC_DONE,
    OB_EXEC_WAITING, /* yielded to the host */
    OB_EXEC_ERROR,   /* the script's own error */
    OB_EXEC_BUDGET,  /* CPU or fuel spent */
    OB_EXEC_MEMORY,
    OB_EXEC_HOST, /* a binding refused for good (guard, ledger, input): err has the status */
};

struct ob_script;

OB_MUST_CHECK enum ob_status ob_script_new(struct ob_script **out, enum ob_profile profile,
                                           const char *name, struct ob_limits limits,
                                           struct ob_err *err);
void ob_script_free(struct ob_script *s);

/* Compiles and runs a text chunk. Its first result is kept as the script's module (a table or
 * nil). Errors are OB_ERR_POLICY and name file and line; limits name themselves, the limit and
 * the line: `policy.lua:12: memory limit of 64 MiB reached`. */
OB_MUST_CHECK enum ob_status ob_script_run(struct ob_script *s, const char *chunk_name,
                                           const char *text, size_t len, struct ob_err *err);
/* Only compiles: for `check`. */
OB_MUST_CHECK enum ob_status ob_script_compile(const char *chunk_name, const char *text, size_t len,
                                               struct ob_err *err);
/* Calls module[function](args...) under a fresh CPU budget; results as a list in *out. */
OB_MUST_CHECK enum ob_status ob_script_call(struct ob_script *s, const char *function,
                                            const struct ob_value *args, size_t count,
                                            struct ob_value *out, struct ob_err *err);
/* Peak of the allocator, for `--json` and the bench. */
size_t ob_script_memory_peak(const struct ob_script *s);

/* A file of the Lua tree by its name there ("lua/provider/x.lua"): from OFFBOARD_LUA when that
 * is set, else from inside the binary. The buffer is filled; OB_ERR when there is none. */
struct ob_buf;
OB_MUST_CHECK enum ob_status ob_script_file(const char *name, struct ob_buf *out,
                                            struct ob_err *err);

/* JSON to value and back through lua-cjson behind its guard, for C above this layer. */
OB_MUST_CHECK enum ob_status ob_script_json(const char *text, size_t len, struct ob_value *out,
                                            struct ob_err *err);
