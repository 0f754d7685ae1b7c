/* The allocator of every script: counts bytes against the limit, counts what is allocated so that
 * it can be charged, and remembers the blocks through which a single VM instruction may work for
 * long. It never raises: a refusal makes Lua collect and ask again, and the second refusal is the
 * end of the script. */
#include "script/sandbox.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

/* Bytes allocated between two looks at the clock: a few instructions may otherwise copy
 * gigabytes (s = s .. x) before the thousandth of them is counted. */
#define CHURN_MAX ((size_t)256 * 1024)

static bool is_nodes(size_t size)
{
    size_t n = size / OB_NODE_SIZE;
    return size % OB_NODE_SIZE == 0 && n >= OB_NODES_FROM && (n & (n - 1)) == 0;
}

static void longest_string(struct ob_meter *m)
{
    m->big_string = 0;
    for (size_t i = 0; i < m->big_count; i++)
        if (m->big[i].string && m->big[i].size > m->big_string)
            m->big_string = m->big[i].size;
}

static void remember(struct ob_meter *m, void *p, size_t size, bool string)
{
    if (m->big_count == m->big_cap) {
        m->big_cap = m->big_cap ? m->big_cap * 2 : 16;
        m->big = ob_xrealloc(m->big, m->big_cap, sizeof *m->big);
    }
    m->big[m->big_count++] = (struct ob_big){p, size, string};
    if (string && size > m->big_string)
        m->big_string = size;
}

static void forget(struct ob_meter *m, const void *p)
{
    for (size_t i = 0; i < m->big_count; i++) {
        if (m->big[i].p != p)
            continue;
        bool string = m->big[i].string;
        m->big[i] = m->big[--m->big_count];
        if (string)
            longest_string(m);
        return;
    }
}

/* Unwinding allocates too, and is nowhere. */
static void note_where(struct ob_meter *m)
{
    char where[sizeof m->where];
    ob_where(m->running, where, sizeof where);
    if (where[0])
        memcpy(m->where, where, sizeof where);
}

/* May the block grow? The line is taken down now: by the time the error is seen the stack may
 * have been unwound. */
static bool may_grow(struct ob_box *box, size_t osize, size_t nsize)
{
    struct ob_meter *m = &box->meter;
    size_t more = nsize - osize;
    if (m->lifted || (more <= box->limits.memory && box->used <= box->limits.memory - more))
        return true;
    if (m->running) {
        note_where(m);
        ob_arm(m->running, 1); /* each refusal costs a full collection */
    }
    return false;
}

static void count_churn(struct ob_box *box, size_t nsize)
{
    struct ob_meter *m = &box->meter;
    bool before = m->churn >= CHURN_MAX;
    m->churn += nsize;
    if (!before && m->churn >= CHURN_MAX && m->running)
        ob_arm(m->running, 1);
}

static void *grow(struct ob_box *box, void *ptr, size_t osize, size_t nsize)
{
    if (!may_grow(box, osize, nsize))
        return NULL;
    if (ptr && osize >= OB_BIG_FROM)
        forget(&box->meter, ptr);
    void *p = realloc(ptr, nsize);
    if (!p)
        return NULL;
    box->used += nsize - osize;
    if (box->used > box->peak)
        box->peak = box->used;
    count_churn(box, nsize);
    return p;
}

/* Called for a fresh block, where Lua says in `tag` what kind of object it is (0: none). */
static void *fresh(struct ob_box *box, size_t tag, size_t nsize)
{
    struct ob_meter *m = &box->meter;
    bool nodes = tag == 0 && is_nodes(nsize);
    if (nodes && m->running && ob_nodes_collide(m, nsize / OB_NODE_SIZE)) {
        m->why = "a table whose number keys all collide";
        ob_spend(box, m->running, OB_SPENT_FUEL);
        return NULL;
    }
    void *p = grow(box, NULL, 0, nsize);
    if (p && nsize >= OB_BIG_FROM && (nodes || tag == LUA_TSTRING))
        remember(m, p, nsize, !nodes);
    return p;
}

void *ob_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
    struct ob_box *box = &((struct ob_script *)ud)->box;
    if (!ptr)
        return nsize ? fresh(box, osize, nsize) : NULL;
    if (nsize > osize)
        return grow(box, ptr, osize, nsize);
    if (osize >= OB_BIG_FROM)
        forget(&box->meter, ptr);
    box->used -= osize - nsize;
    if (nsize == 0) {
        free(ptr);
        return NULL;
    }
    void *p = realloc(ptr, nsize); /* a shrink is never refused */
    return p ? p : ptr;
}
