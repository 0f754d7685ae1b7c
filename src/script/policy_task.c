/* The tasks of a policy: the script itself, and what together() runs side by side. They are
 * resumed by policy.c alone. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/policy_parts.h"

static void take_time(struct ob_task *to, const struct ob_task *from)
{
    to->woke_ms = from->woke_ms;
    memcpy(to->today, from->today, sizeof to->today);
}

/* Of several branches, those of the one that has waited most often: the same one whenever the
 * policy takes the same way. */
static void take_waits(struct ob_task *to, struct ob_task *from)
{
    if (!from->waits || (to->waits && strlen(to->waits) >= strlen(from->waits)))
        return;
    free(to->waits);
    to->waits = from->waits;
    from->waits = NULL;
}

struct ob_task *ob_task_new(struct ob_policy *p, struct ob_task *parent, lua_State *T, int ref,
                            char *prefix)
{
    struct ob_task *t = ob_xcalloc(1, sizeof *t);
    struct ob_task **at = &p->tasks;
    t->parent = parent;
    t->T = T;
    t->ref = ref;
    t->prefix = prefix;
    if (parent)
        take_time(t, parent);
    if (parent && parent->waits)
        t->waits = ob_xstrdup(parent->waits);
    while (*at)
        at = &(*at)->next;
    *at = t; /* at the end: tasks start in the order of their functions */
    return t;
}

void ob_task_free(struct ob_task *t)
{
    ob_op_free(t->op);
    free(t->prefix);
    free(t->waits);
    free(t);
}

/* [-0, +1, e] after all children are done: combined outcome, then what each returned. */
static int together_k(lua_State *L, int status, lua_KContext base)
{
    int first = (int)base + 1, last = lua_gettop(L);
    (void)status;
    ob_push_combined(L, first, last);
    lua_insert(L, first);
    return lua_gettop(L) - first + 1;
}

/* One child for each function; its result will be pushed onto the parent's stack, in order. */
int ob_policy_together(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_task *parent = p->current;
    int n = lua_gettop(L);
    ob_policy_may_wait(L, "together");
    for (int i = 1; i <= n; i++)
        luaL_checktype(L, i, LUA_TFUNCTION);
    if (!n)
        return luaL_error(L, "together: give it one function or more");
    luaL_checkstack(L, n + 8, "together"); /* the results come back here */
    const char *path = ob_policy_push_path(L);
    for (int i = 1; i <= n; i++) {
        lua_State *T = ob_new_thread(L);
        int ref = luaL_ref(L, LUA_REGISTRYINDEX);
        lua_pushvalue(L, i);
        lua_xmove(L, T, 1);
        ob_task_new(p, parent, T, ref, ob_xasprintf("%s.%d.", path, i));
    }
    parent->children = (size_t)n;
    lua_settop(L, n);
    return lua_yieldk(L, 0, n, together_k);
}

/* When the last child is done, the first result of each goes to the parent, in the order of the
 * functions, and the parent goes on. */
void ob_task_deliver(struct ob_policy *p, struct ob_task *parent)
{
    struct ob_task **at = &p->tasks;
    while (*at) {
        struct ob_task *t = *at;
        if (t->parent != parent) {
            at = &t->next;
            continue;
        }
        if (t->woke_ms > parent->woke_ms)
            take_time(parent, t);
        take_waits(parent, t);
        lua_settop(t->T, 1);
        lua_xmove(t->T, parent->T, 1); /* ob_policy_together made the room */
        parent->args++;
        luaL_unref(p->script->L, LUA_REGISTRYINDEX, t->ref);
        *at = t->next;
        ob_task_free(t);
    }
    parent->state = OB_JOB_READY;
}
