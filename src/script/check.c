/* The check of one policy from beginning to end: compile, set up the environment it would get,
 * follow what it uses, put the findings in order. What this deliberately does not do is run any
 * of it. Called by cli/cmd_check.c; see check.h. */
#include "script/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "script/check_parts.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_MAX ((size_t)256 * 1024 * 1024)

/* ---- findings ---- */

static void add(struct ob_check *c, int line, char *message)
{
    if ((c->count & (c->count - 1)) == 0) /* full at each power of two */
        c->findings = ob_xrealloc(c->findings, c->count ? c->count * 2 : 1, sizeof *c->findings);
    c->findings[c->count++] = (struct ob_finding){line, message};
}

void ob_check_add(struct ob_checker *c, int line, const char *near, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (near)
        add(c->out, line, ob_xasprintf("%s; did you mean \"%s\"?", text, near));
    else
        add(c->out, line, ob_xstrdup(text));
}

static int by_line(const void *a, const void *b)
{
    const struct ob_finding *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return strcmp(x->message, y->message);
}

/* In order, and what was found twice in one line once. */
static void arrange(struct ob_check *c)
{
    size_t kept = 0;
    if (c->count)
        qsort(c->findings, c->count, sizeof *c->findings, by_line);
    for (size_t i = 0; i < c->count; i++) {
        if (kept && by_line(&c->findings[kept - 1], &c->findings[i]) == 0)
            free(c->findings[i].message);
        else
            c->findings[kept++] = c->findings[i];
    }
    c->count = kept;
}

void ob_check_fini(struct ob_check *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->findings[i].message);
    free(c->findings);
    *c = (struct ob_check){0};
}

/* ---- syntax ---- */

/* "leavers.lua:12: unexpected symbol" */
static void add_syntax(struct ob_check *out, const char *name, const char *message)
{
    size_t len = strlen(name);
    long line = 0;
    if (strncmp(message, name, len) == 0 && message[len] == ':') {
        char *end;
        message += len + 1;
        line = strtol(message, &end, 10);
        if (line > 0 && *end == ':')
            message = end + 1;
        else
            line = 0;
        message += strspn(message, " ");
    }
    add(out, (int)line, ob_xstrdup(message));
}

/* ---- the compiled policy ---- */

static int add_dump(lua_State *L, const void *p, size_t size, void *buf)
{
    (void)L;
    return !ob_buf_add(buf, p, size);
}

struct compiled {
    struct ob_checker *c;
    const char *text;
    size_t len;
    struct ob_buf bytes;
};

/* [-1, +0, e] */
static int l_compile(lua_State *L)
{
    struct compiled *d = lua_touserdata(L, 1);
    ob_load(L, d->c->policy->opt.name, false, d->text, d->len);
    if (lua_dump(L, add_dump, &d->bytes, 0) != 0)
        return luaL_error(L, "too large to be read");
    d->c->chunk_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static enum ob_status read_names(struct ob_checker *c, const char *text, size_t len,
                                 struct ob_err *err)
{
    struct compiled d = {.c = c, .text = text, .len = len};
    struct ob_script *s = c->policy->script;
    ob_buf_init(&d.bytes, DUMP_MAX);
    lua_pushcfunction(s->L, l_compile);
    lua_pushlightuserdata(s->L, &d);
    enum ob_status st = ob_exec_status(ob_pcall(s, 1, 0, err), err);
    if (st == OB_OK && !ob_code_read(&c->code, ob_buf_str(&d.bytes), d.bytes.len))
        c->out->names_unread = true;
    else if (st == OB_OK)
        st = ob_check_collect(c, err);
    ob_buf_fini(&d.bytes);
    return st;
}

/* ---- the whole ---- */

static void checker_fini(struct ob_checker *c)
{
    ob_policy_free(c->policy);
    ob_code_free(&c->code);
    ob_names_fini(&c->globals);
    ob_names_fini(&c->fields);
    ob_names_fini(&c->roster);
    ob_names_fini(&c->methods);
    ob_names_fini(&c->actions);
    ob_names_fini(&c->defined);
    free(c->weak);
}

static enum ob_status check_names(struct ob_checker *c, const char *name, const char *text,
                                  size_t len, struct ob_err *err)
{
    struct ob_policy_options opt = {
        .mode = OB_MODE_PLAN,
        .name = name,
        .text = text,
        .len = len,
        .limits = {OB_LIMIT_MEMORY * 4, OB_LIMIT_CPU_MS * 6}, /* of the check, not the policy's */
        .ceiling = OB_CEILING_NONE,
        .config = c->config ? c->config : &c->empty,
        .clock = ob_clock_real(),
        .parallel = 1,
    };
    enum ob_status st = ob_policy_new(&c->policy, &opt, err);
    if (st == OB_OK)
        st = read_names(c, text, len, err);
    if (st == OB_OK && !c->out->names_unread)
        ob_check_flow(c);
    if (st == OB_OK && c->status != OB_OK) {
        *err = c->err;
        st = c->status;
    }
    return st;
}

enum ob_status ob_check_policy(struct ob_check *out, const char *name, const char *text, size_t len,
                               const struct ob_config *config, struct ob_err *err)
{
    struct ob_checker c = {.out = out, .config = config, .chunk_ref = LUA_NOREF};
    *out = (struct ob_check){0};
    if (ob_script_compile(name, text, len, err) != OB_OK) {
        add_syntax(out, name, err->message);
        return OB_OK;
    }
    enum ob_status st = check_names(&c, name, text, len, err);
    checker_fini(&c);
    arrange(out);
    return st;
}
