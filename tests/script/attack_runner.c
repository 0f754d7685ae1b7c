/* Runs one attack of tests/script/attacks and holds its end to what the file's first line says:
 *   -- expect: WHAT|WHAT   where WHAT is done, budget, memory, or "error" and a part of its text
 * Each attack runs as a chunk in the main thread and again in a coroutine, with one second of CPU
 * and the memory of a policy, must end within two, must not make the process larger than its
 * limit allows, and must leave a process in which the next script runs. */
#include "base/file.h"
#include "base/mem.h"
#include "script/internal.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#define SLOWER     4
#define RSS_SPARED 1
#else
#define SLOWER     1
#define RSS_SPARED 0
#endif

#define CPU_MS    1000
#define MOST_S    (2.0 * SLOWER) /* of CPU time: the machine may be busy with something else */
#define SLACK_KIB (80 * 1024)    /* values in C, lua-cjson's buffers, what malloc keeps */

static int failures;

static void fail(const char *mode, const char *what, const char *detail)
{
    printf("FAILED (%s): %s: %s\n", mode, what, detail);
    failures++;
}

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "VmRSS" or "VmHWM", in KiB. */
static long rss(const char *field)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtol(line + strlen(field) + 1, NULL, 10);
    if (f)
        fclose(f);
    return kib;
}

static void reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f)
        return;
    fputs("5", f);
    fclose(f);
}

/* ---- running ---- */

static const char *text;
static size_t text_len;

static int l_prepare(lua_State *L)
{
    lua_State **T = ob_script_of(L)->owner;
    *T = ob_new_thread(L);
    luaL_ref(L, LUA_REGISTRYINDEX);
    ob_load(L, "policy.lua", false, text, text_len);
    lua_xmove(L, *T, 1);
    return 0;
}

static enum ob_status run(struct ob_script *s, bool coroutine, struct ob_err *err)
{
    lua_State *T = NULL;
    int n;
    if (!coroutine)
        return ob_script_run(s, "policy.lua", text, text_len, err);
    s->owner = &T;
    enum ob_status st = ob_script_setup(s, l_prepare, err);
    if (st)
        return st;
    enum ob_exec e = ob_resume(s, T, 0, &n, err);
    if (e == OB_EXEC_WAITING)
        return ob_fail(err, OB_ERR, "the script waits");
    return ob_exec_status(e, err);
}

/* ---- what is expected ---- */

static bool has_line(const char *message)
{
    return strncmp(message, "policy.lua:", 11) == 0 && message[11] >= '1' && message[11] <= '9';
}

static bool matches(const char *what, enum ob_status st, const char *message)
{
    if (strcmp(what, "done") == 0)
        return st == OB_OK;
    if (st != OB_ERR_POLICY)
        return false;
    if (strcmp(what, "budget") == 0)
        return has_line(message) &&
               (strstr(message, ": CPU budget of 1 s spent") || strstr(message, ": budget of ") ||
                strstr(message, ": a table whose number keys all collide"));
    if (strcmp(what, "memory") == 0)
        return has_line(message) && strstr(message, ": memory limit of 64 MiB reached");
    if (strcmp(what, "error") == 0)
        return true;
    return strncmp(what, "error ", 6) == 0 && strstr(message, what + 6);
}

static bool expected(enum ob_status st, const char *message)
{
    static const char head[] = "-- expect: ";
    const char *end = memchr(text, '\n', text_len);
    if (!end || strncmp(text, head, sizeof head - 1) != 0)
        return false;
    char *line = ob_xmemdup(text + sizeof head - 1, (size_t)(end - text) - (sizeof head - 1));
    char *save = NULL;
    bool found = false;
    for (char *w = strtok_r(line, "|", &save); w && !found; w = strtok_r(NULL, "|", &save))
        found = matches(w, st, message);
    free(line);
    return found;
}

/* ---- one attack ---- */

static struct ob_script *new_script(void)
{
    struct ob_limits limits = {OB_LIMIT_MEMORY, CPU_MS};
    struct ob_err err;
    struct ob_script *s;
    if (ob_script_new(&s, OB_PROFILE_POLICY, "policy.lua", limits, &err) == OB_OK)
        return s;
    printf("no script: %s\n", err.message);
    exit(1);
}

static void attack(bool coroutine)
{
    const char *mode = coroutine ? "coroutine" : "main";
    struct ob_err err = {.message = ""};
    reset_peak();
    long before = rss("VmRSS:");
    double begun = cpu_now();
    struct ob_script *s = new_script();
    enum ob_status st = run(s, coroutine, &err);
    size_t peak = ob_script_memory_peak(s);
    ob_script_free(s);
    double took = cpu_now() - begun;
    long grown = rss("VmHWM:") - before;
    printf("%-9s %5.2f s %6zu KiB %6ld KiB  %.150s\n", mode, took, peak / 1024, grown,
           st ? err.message : "done");
    if (!expected(st, st ? err.message : ""))
        fail(mode, "ended otherwise", st ? err.message : "done");
    if (took >= MOST_S)
        fail(mode, "took too long", "");
    if (peak > OB_LIMIT_MEMORY)
        fail(mode, "passed the memory limit", "");
    if (!RSS_SPARED && grown > (long)(OB_LIMIT_MEMORY / 1024) + SLACK_KIB)
        fail(mode, "the process grew", "");
}

/* The next script of the same process, and what is left behind. */
static void go_on(void)
{
    static const char fine[] = "local t = {}\nfor i = 1, 1000 do t[i] = tostring(i) end\n"
                               "return { sum = function(a) return a + #t end }";
    struct ob_value arg = {.type = OB_INT, .i = 1}, out;
    struct ob_err err;
    struct ob_script *s = new_script();
    if (ob_script_run(s, "fine.lua", fine, sizeof fine - 1, &err) ||
        ob_script_call(s, "sum", &arg, 1, &out, &err)) {
        fail("after", "the next script", err.message);
    } else {
        if (out.list.items[0].i != 1001)
            fail("after", "the next script", "wrong answer");
        ob_value_fini(&out);
    }
    ob_script_free(s);
}

int main(int argc, char **argv)
{
    struct ob_buf buf;
    struct ob_err err;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        ob_buf_init(&buf, 1 << 20);
        if (ob_file_read(argv[i], 1 << 20, &buf, OB_ERR, &err)) {
            puts(err.message);
            return 1;
        }
        text = ob_buf_str(&buf);
        text_len = buf.len;
        const char *name = strrchr(argv[i], '/');
        printf("%s\n", name ? name + 1 : argv[i]);
        attack(false);
        attack(true);
        go_on();
        ob_buf_fini(&buf);
        malloc_trim(0);
    }
    return failures > 0;
}
