/* Lua's patterns, matched by a matcher that counts its steps and charges them: the cost of a
 * pattern is not known before it ran, and Lua's own cannot be stopped. */
#pragma once
#include "script/internal.h"

#define OB_CAPTURES 32

struct ob_match {
    lua_State *L;
    const char *src, *src_end, *pat_end;
    int depth; /* recursion left */
    int level; /* captures so far */
    unsigned steps;
    struct {
        const char *at;
        ptrdiff_t len;
    } capture[OB_CAPTURES];
};

void ob_match_init(struct ob_match *m, lua_State *L, const char *src, size_t src_len,
                   const char *pat, size_t pat_len);
/* [-0, +0, e] The end of the match of `p` at exactly `s`, or NULL. Captures are fresh. */
const char *ob_match_at(struct ob_match *m, const char *s, const char *p);
/* [-0, +1, e] Capture i, or the whole match s..e when i is 0 and there are none. */
void ob_match_push(struct ob_match *m, int i, const char *s, const char *e);
/* [-0, +n, e] All captures; the whole match when there are none and s is not NULL. */
int ob_match_push_all(struct ob_match *m, const char *s, const char *e);
