/* Reads what lua_dump writes. The format is Lua's private affair, so its header is compared byte
 * by byte with that of 5.4 on this machine, every count with the bytes that are left, and every
 * index with what it points into; anything else is "not known". Called by check.c. */
#include "script/check_code.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

/* Tags of constants. */
enum {
    TAG_NIL = 0x00,
    TAG_FALSE = 0x01,
    TAG_TRUE = 0x11,
    TAG_INT = 0x03,
    TAG_FLOAT = 0x13,
    TAG_SHORT = 0x04,
    TAG_LONG = 0x14
};

#define ABSOLUTE  (-128) /* the line stands in the second table */
#define DEPTH_MAX 250    /* the compiler nests functions to 200 */

struct reader {
    const unsigned char *at, *end;
    bool bad;
};

/* ---- pieces ---- */

static size_t left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

static void skip(struct reader *r, size_t n)
{
    if (n > left(r))
        r->bad = true;
    else
        r->at += n;
}

static int byte(struct reader *r)
{
    if (r->at == r->end) {
        r->bad = true;
        return 0;
    }
    return *r->at++;
}

/* Seven bits a byte, the highest first; the last has the top bit set. */
static size_t size(struct reader *r)
{
    size_t n = 0;
    int b;
    do {
        b = byte(r);
        if (n >> (sizeof n * 8 - 8))
            r->bad = true;
        n = n << 7 | (size_t)(b & 0x7F);
    } while (!(b & 0x80) && !r->bad);
    return n;
}

static int number(struct reader *r)
{
    size_t n = size(r);
    if (n > INT32_MAX)
        r->bad = true;
    return r->bad ? 0 : (int)n;
}

/* How many items follow, each of at least `least` bytes. */
static int count(struct reader *r, size_t least)
{
    int n = number(r);
    if (least && (size_t)n > left(r) / least)
        r->bad = true;
    return r->bad ? 0 : n;
}

/* NULL for none, and for one with a NUL inside: no name is written so. */
static char *text(struct reader *r)
{
    size_t n = size(r);
    if (n == 0 || r->bad)
        return NULL;
    const unsigned char *from = r->at;
    skip(r, n - 1);
    if (r->bad || memchr(from, '\0', n - 1))
        return NULL;
    return ob_xmemdup(from, n - 1);
}

/* ---- a function ---- */

static void read_code(struct reader *r, struct ob_proto *p)
{
    int n = count(r, sizeof *p->code);
    p->code = ob_xcalloc((size_t)n + 1, sizeof *p->code);
    memcpy(p->code, r->at, (size_t)n * sizeof *p->code);
    skip(r, (size_t)n * sizeof *p->code);
    p->code_count = n;
}

static void read_consts(struct reader *r, struct ob_proto *p)
{
    int n = count(r, 1);
    p->consts = ob_xcalloc((size_t)n + 1, sizeof *p->consts);
    p->const_count = n;
    for (int i = 0; i < n && !r->bad; i++) {
        int tag = byte(r);
        if (tag == TAG_INT || tag == TAG_FLOAT)
            skip(r, 8);
        else if (tag == TAG_SHORT || tag == TAG_LONG)
            p->consts[i] = (struct ob_const){true, text(r)};
        else if (tag != TAG_NIL && tag != TAG_FALSE && tag != TAG_TRUE)
            r->bad = true;
    }
}

static void read_upvals(struct reader *r, struct ob_proto *p)
{
    int n = count(r, 3);
    p->upvals = ob_xcalloc((size_t)n + 1, sizeof *p->upvals);
    p->upval_count = n;
    for (int i = 0; i < n; i++) {
        p->upvals[i].in_stack = byte(r) != 0;
        p->upvals[i].index = byte(r);
        byte(r);
    }
}

/* Lines are steps from one instruction to the next; a step too large for a byte is looked up. */
static void read_lines(struct reader *r, struct ob_proto *p, int line)
{
    int n = count(r, 1);
    const signed char *step = (const signed char *)r->at;
    skip(r, (size_t)n);
    int far_count = count(r, 2), next_pc = -1, next_line = 0;
    if (n != p->code_count)
        r->bad = true;
    p->lines = ob_xcalloc((size_t)p->code_count + 1, sizeof *p->lines);
    for (int pc = 0; pc < p->code_count && !r->bad; pc++) {
        if (step[pc] != ABSOLUTE) {
            line += step[pc];
        } else if (far_count-- > 0) {
            next_pc = number(r);
            next_line = number(r);
            r->bad |= next_pc != pc;
            line = next_line;
        } else {
            r->bad = true;
        }
        p->lines[pc] = line;
    }
    r->bad |= far_count != 0;
}

static void read_debug(struct reader *r, struct ob_proto *p, int line)
{
    read_lines(r, p, line);
    int n = count(r, 3);
    p->locals = ob_xcalloc((size_t)n + 1, sizeof *p->locals);
    p->local_count = n;
    for (int i = 0; i < n && !r->bad; i++) {
        p->locals[i].name = text(r);
        p->locals[i].from = number(r);
        p->locals[i].to = number(r);
        r->bad |= !p->locals[i].name || (i && p->locals[i].from < p->locals[i - 1].from);
    }
    n = count(r, 1);
    for (int i = 0; i < n && !r->bad; i++)
        free(text(r)); /* names of upvalues: known from the functions around */
}

static void read_function(struct reader *r, struct ob_proto *p, int depth)
{
    free(text(r)); /* source */
    int line = number(r);
    number(r);  /* last line */
    skip(r, 3); /* parameters, vararg, registers */
    read_code(r, p);
    read_consts(r, p);
    read_upvals(r, p);
    int n = count(r, 8);
    r->bad |= depth > DEPTH_MAX;
    p->protos = ob_xcalloc((size_t)n + 1, sizeof *p->protos);
    p->proto_count = n;
    for (int i = 0; i < n && !r->bad; i++)
        read_function(r, &p->protos[i], depth + 1);
    if (!r->bad)
        read_debug(r, p, line);
}

/* ---- the whole ---- */

/* Version 5.4, official format, marks that line ends and encodings would break, then the sizes
 * and the writing of instructions, integers and floats. */
static bool read_header(struct reader *r)
{
    static const unsigned char head[] = {0x1B, 'L',  'u',  'a',  0x54, 0, 0x19, 0x93,
                                         '\r', '\n', 0x1A, '\n', 4,    8, 8};
    const int64_t integer = 0x5678;
    const double real = 370.5;
    unsigned char want[sizeof head + sizeof integer + sizeof real];
    memcpy(want, head, sizeof head);
    memcpy(want + sizeof head, &integer, sizeof integer);
    memcpy(want + sizeof head + sizeof integer, &real, sizeof real);
    if (left(r) < sizeof want || memcmp(r->at, want, sizeof want) != 0)
        return false;
    r->at += sizeof want;
    return true;
}

static int const_of(const struct ob_ins *i)
{
    switch (i->op) {
    case OB_OP_LOADK:
        return i->bx;
    case OB_OP_GETTABUP:
    case OB_OP_GETFIELD:
        return i->c;
    case OB_OP_SETTABUP:
    case OB_OP_SETFIELD:
        return i->b;
    case OB_OP_SELF:
        return i->k ? i->c : -1;
    default:
        return -1;
    }
}

static int upval_of(const struct ob_ins *i)
{
    if (i->op == OB_OP_GETUPVAL || i->op == OB_OP_SETUPVAL || i->op == OB_OP_GETTABUP)
        return i->b;
    return i->op == OB_OP_SETTABUP ? i->a : -1;
}

/* Every index within what it points into, so that no reader has to look again. */
static bool sound(const struct ob_proto *p)
{
    for (int pc = 0; pc < p->code_count; pc++) {
        struct ob_ins i = ob_ins_decode(p->code[pc]);
        int to = 0;
        if (i.op >= OB_OP_COUNT || const_of(&i) >= p->const_count || upval_of(&i) >= p->upval_count)
            return false;
        if (i.op == OB_OP_CLOSURE && i.bx >= p->proto_count)
            return false;
        if (ob_ins_jumps(&i, pc, &to) && (to < 0 || to > p->code_count))
            return false;
    }
    for (int i = 0; i < p->proto_count; i++)
        if (!sound(&p->protos[i]))
            return false;
    return true;
}

bool ob_code_read(struct ob_proto *out, const char *bytes, size_t len)
{
    struct reader r = {(const unsigned char *)bytes, (const unsigned char *)bytes + len, false};
    *out = (struct ob_proto){0};
    if (!read_header(&r))
        return false;
    byte(&r); /* upvalues of the main function */
    read_function(&r, out, 0);
    if (!r.bad && left(&r) == 0 && sound(out))
        return true;
    ob_code_free(out);
    return false;
}

void ob_code_free(struct ob_proto *p)
{
    for (int i = 0; i < p->const_count; i++)
        free(p->consts[i].text);
    for (int i = 0; i < p->local_count; i++)
        free(p->locals[i].name);
    for (int i = 0; i < p->proto_count; i++)
        ob_code_free(&p->protos[i]);
    free(p->code);
    free(p->lines);
    free(p->consts);
    free(p->upvals);
    free(p->locals);
    free(p->protos);
    *p = (struct ob_proto){0};
}
