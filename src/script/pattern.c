/* The matcher behind string.find, match, gmatch and gsub. Same language, same messages and same
 * limits as Lua 5.4's; what differs is that every step is counted and charged, so that a pattern
 * that backtracks for ever ends with the budget of the script and all others cost what they do.
 * tests/c/script_pattern_test.c holds it to the original. */
#include "script/pattern.h"
#include <ctype.h>
#include <string.h>

#define DEPTH      200  /* as Lua's MAXCCALLS */
#define STEPS      4096 /* between two charges */
#define UNFINISHED (-1)
#define POSITION   (-2)

static const char *match(struct ob_match *m, const char *s, const char *p);

static void step(struct ob_match *m, size_t n)
{
    m->steps += n < STEPS ? (unsigned)n : STEPS;
    if (m->steps >= STEPS || n >= STEPS) {
        m->steps = 0;
        ob_charge(m->L, n < STEPS ? STEPS : n);
    }
}

static int byte(const char *s)
{
    return (unsigned char)*s;
}

/* ---- single characters ---- */

/* The end of the class at p: where its suffix would stand. */
static const char *class_end(struct ob_match *m, const char *p)
{
    if (*p == '%') {
        if (p + 1 == m->pat_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 2;
    }
    if (*p++ != '[')
        return p;
    const char *from = p;
    if (*p == '^')
        p++;
    do { /* a ']' that comes first stands for itself */
        if (p == m->pat_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == '%' && p < m->pat_end)
            p++;
    } while (*p != ']' || p == m->pat_end);
    step(m, (size_t)(p - from));
    return p + 1;
}

static bool in_class(int c, int class)
{
    bool in;
    switch (tolower(class)) {
    case 'a':
        in = isalpha(c);
        break;
    case 'c':
        in = iscntrl(c);
        break;
    case 'd':
        in = isdigit(c);
        break;
    case 'g':
        in = isgraph(c);
        break;
    case 'l':
        in = islower(c);
        break;
    case 'p':
        in = ispunct(c);
        break;
    case 's':
        in = isspace(c);
        break;
    case 'u':
        in = isupper(c);
        break;
    case 'w':
        in = isalnum(c);
        break;
    case 'x':
        in = isxdigit(c);
        break;
    case 'z': /* of older Lua, still understood */
        in = c == 0;
        break;
    default:
        return class == c;
    }
    return islower(class) ? in : !in;
}

/* p is at '[', last at its ']'. */
static bool in_set(struct ob_match *m, int c, const char *p, const char *last)
{
    bool wanted = p[1] != '^';
    step(m, (size_t)(last - p));
    if (!wanted)
        p++;
    while (++p < last) {
        if (*p == '%') {
            p++;
            if (in_class(c, byte(p)))
                return wanted;
        } else if (p[1] == '-' && p + 2 < last) {
            p += 2;
            if (byte(p - 2) <= c && c <= byte(p))
                return wanted;
        } else if (byte(p) == c) {
            return wanted;
        }
    }
    return !wanted;
}

static bool single(struct ob_match *m, const char *s, const char *p, const char *end)
{
    step(m, 1);
    if (s >= m->src_end)
        return false;
    switch (*p) {
    case '.':
        return true;
    case '%':
        return in_class(byte(s), byte(p + 1));
    case '[':
        return in_set(m, byte(s), p, end - 1);
    default:
        return *p == *s;
    }
}

/* ---- repetition ---- */

static const char *most(struct ob_match *m, const char *s, const char *p, const char *end)
{
    ptrdiff_t n = 0;
    while (single(m, s + n, p, end))
        n++;
    for (; n >= 0; n--) {
        const char *e = match(m, s + n, end + 1);
        if (e)
            return e;
    }
    return NULL;
}

static const char *fewest(struct ob_match *m, const char *s, const char *p, const char *end)
{
    for (;;) {
        const char *e = match(m, s, end + 1);
        if (e || !single(m, s, p, end))
            return e;
        s++;
    }
}

/* ---- captures ---- */

static const char *open_capture(struct ob_match *m, const char *s, const char *p, ptrdiff_t kind)
{
    if (m->level >= OB_CAPTURES)
        luaL_error(m->L, "too many captures");
    m->capture[m->level].at = s;
    m->capture[m->level].len = kind;
    m->level++;
    const char *e = match(m, s, p);
    if (!e)
        m->level--;
    return e;
}

static const char *close_capture(struct ob_match *m, const char *s, const char *p)
{
    int i = m->level - 1;
    while (i >= 0 && m->capture[i].len != UNFINISHED)
        i--;
    if (i < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->capture[i].len = s - m->capture[i].at;
    const char *e = match(m, s, p);
    if (!e)
        m->capture[i].len = UNFINISHED;
    return e;
}

static const char *again(struct ob_match *m, const char *s, int digit)
{
    int i = digit - '1';
    if (i < 0 || i >= m->level || m->capture[i].len == UNFINISHED)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    size_t len = (size_t)m->capture[i].len; /* of a position capture: larger than any text */
    if ((size_t)(m->src_end - s) < len)
        return NULL;
    step(m, len / 8 + 1);
    return memcmp(m->capture[i].at, s, len) == 0 ? s + len : NULL;
}

/* ---- %b and %f ---- */

static const char *balance(struct ob_match *m, const char *s, const char *p)
{
    if (p >= m->pat_end - 1)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->src_end || *s != *p)
        return NULL;
    const char *from = s;
    const char *found = NULL;
    for (int depth = 1; !found && ++s < m->src_end;) {
        if (*s == p[1]) {
            if (--depth == 0)
                found = s + 1;
        } else if (*s == *p) {
            depth++;
        }
    }
    step(m, (size_t)(s - from));
    return found;
}

static const char *frontier(struct ob_match *m, const char *s, const char **p)
{
    const char *set = *p + 2;
    if (set >= m->pat_end || *set != '[')
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    const char *end = class_end(m, set);
    int before = s == m->src ? 0 : byte(s - 1);
    int here = s == m->src_end ? 0 : byte(s);
    if (in_set(m, before, set, end - 1) || !in_set(m, here, set, end - 1))
        return NULL;
    *p = end;
    return s;
}

/* ---- the matcher ---- */

/* A class with its suffix. True: go on at *s and *p; false: *s is the answer. */
static bool item(struct ob_match *m, const char **s, const char **p)
{
    const char *end = class_end(m, *p);
    char suffix = end < m->pat_end ? *end : '\0';
    bool matches = single(m, *s, *p, end);
    if (!matches && (suffix == '*' || suffix == '?' || suffix == '-')) {
        *p = end + 1;
        return true;
    }
    if (!matches) {
        *s = NULL;
        return false;
    }
    const char *e;
    switch (suffix) {
    case '?':
        e = match(m, *s + 1, end + 1);
        *s = e ? e : *s;
        *p = end + 1;
        return !e;
    case '+':
        *s = most(m, *s + 1, *p, end);
        return false;
    case '*':
        *s = most(m, *s, *p, end);
        return false;
    case '-':
        *s = fewest(m, *s, *p, end);
        return false;
    default:
        ++*s;
        *p = end;
        return true;
    }
}

/* What begins with '%' and is no class. Sets *done when it was one of those. */
static bool special(struct ob_match *m, const char **s, const char **p, bool *done)
{
    char c = *p + 1 < m->pat_end ? (*p)[1] : '\0';
    *done = true;
    if (c == 'b') {
        *s = balance(m, *s, *p + 2);
        *p += 4;
    } else if (c == 'f') {
        *s = frontier(m, *s, p);
    } else if (c >= '0' && c <= '9') {
        *s = again(m, *s, c);
        *p += 2;
    } else {
        *done = false;
    }
    return *s != NULL;
}

static bool advance(struct ob_match *m, const char **s, const char **p)
{
    bool done;
    switch (**p) {
    case '(':
        if (*p + 1 < m->pat_end && (*p)[1] == ')')
            *s = open_capture(m, *s, *p + 2, POSITION);
        else
            *s = open_capture(m, *s, *p + 1, UNFINISHED);
        return false;
    case ')':
        *s = close_capture(m, *s, *p + 1);
        return false;
    case '$':
        if (*p + 1 != m->pat_end)
            break;
        *s = *s == m->src_end ? *s : NULL;
        return false;
    case '%': {
        bool on = special(m, s, p, &done);
        if (done)
            return on;
        break;
    }
    default:
        break;
    }
    return item(m, s, p);
}

static const char *match(struct ob_match *m, const char *s, const char *p)
{
    if (m->depth-- == 0)
        luaL_error(m->L, "pattern too complex");
    step(m, 1);
    while (p != m->pat_end && advance(m, &s, &p))
        ;
    m->depth++;
    return s;
}

/* ---- for the string library ---- */

void ob_match_init(struct ob_match *m, lua_State *L, const char *src, size_t src_len,
                   const char *pat, size_t pat_len)
{
    m->L = L;
    m->src = src;
    m->src_end = src + src_len;
    m->pat_end = pat + pat_len;
    m->steps = 0;
}

const char *ob_match_at(struct ob_match *m, const char *s, const char *p)
{
    m->level = 0;
    m->depth = DEPTH;
    return match(m, s, p);
}

void ob_match_push(struct ob_match *m, int i, const char *s, const char *e)
{
    if (i >= m->level) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
    } else if (m->capture[i].len == UNFINISHED) {
        luaL_error(m->L, "unfinished capture");
    } else if (m->capture[i].len == POSITION) {
        lua_pushinteger(m->L, m->capture[i].at - m->src + 1);
    } else {
        lua_pushlstring(m->L, m->capture[i].at, (size_t)m->capture[i].len);
    }
}

int ob_match_push_all(struct ob_match *m, const char *s, const char *e)
{
    int n = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++)
        ob_match_push(m, i, s, e);
    return n;
}
