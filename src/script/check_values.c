/* What each instruction makes of what is known. The few words of the vocabulary whose results
 * are known stand here (target, together, input, where, ...); what a value has and has not is
 * check_use.c's business. Called by check_flow.c. */
#include "script/check_flow.h"
#include "base/mem.h"
#include <string.h>

static const struct ob_known_value unknown = {0};

/* ---- values ---- */

static struct ob_known_value in_register(const struct ob_frame *f, int r)
{
    return r < OB_REGISTERS ? f->reg[r] : unknown;
}

static struct ob_known_value in_upvalue(const struct ob_frame *f, int index)
{
    for (; f->around && index < f->p->upval_count; f = f->around) {
        struct ob_upval u = f->p->upvals[index];
        if (u.in_stack)
            return u.index < f->around->live ? f->around->reg[u.index] : unknown;
        index = u.index;
    }
    if (f->around || index != 0)
        return unknown;
    return ob_known_as(f->c->env_changed ? OB_V_FREE : OB_V_ENV, NULL);
}

static void set(struct ob_frame *f, int r, struct ob_known_value v)
{
    if (r >= f->live && r < OB_REGISTERS) /* a local that is assigned here is known for nothing */
        f->reg[r] = v;
}

static struct ob_known_value constant(const struct ob_frame *f, int k)
{
    if (k >= f->p->const_count)
        return unknown;
    const struct ob_const *c = &f->p->consts[k];
    return ob_known_as(c->is_text ? OB_V_TEXT : OB_V_PLAIN, c->text);
}

static const char *text_of(struct ob_known_value v)
{
    return v.kind == OB_V_TEXT ? v.name : NULL;
}

/* ---- methods ---- */

static void put_off(struct ob_frame *f, const char *name)
{
    struct ob_checker *c = f->c;
    if (c->weak_count == c->weak_cap) {
        c->weak_cap = c->weak_cap ? c->weak_cap * 2 : 16;
        c->weak = ob_xrealloc(c->weak, c->weak_cap, sizeof *c->weak);
    }
    c->weak[c->weak_count++] = (struct ob_weak){f->p->lines[f->pc], name};
}

static struct ob_known_value self(struct ob_frame *f, const struct ob_ins *i)
{
    struct ob_known_value base = in_register(f, i->b);
    const char *name = text_of(i->k ? constant(f, i->c) : in_register(f, i->c));
    if (name && base.kind == OB_V_UNKNOWN)
        put_off(f, name);
    return ob_use_member(f, base, name, true);
}

/* ---- assigning to tables ---- */

static bool may_be_called(struct ob_known_value v)
{
    return v.kind == OB_V_UNKNOWN || v.kind == OB_V_FREE || v.kind == OB_V_FUNCTION ||
           v.kind == OB_V_BUILTIN || v.kind == OB_V_METHOD;
}

static void assign(struct ob_frame *f, const struct ob_ins *i, struct ob_known_value table,
                   struct ob_known_value key)
{
    const char *name = text_of(key);
    if (name && table.kind == OB_V_ENV)
        ob_use_assign(f, name);
    else if (name)
        ob_names_add(&f->c->defined, name);
    else if (key.kind != OB_V_PLAIN && !i->k && may_be_called(in_register(f, i->c)))
        f->c->computed = true;
}

/* ---- calls ---- */

static bool makes_roster(const char *method)
{
    static const char *const names[] = {"where", "minus", "only",   "union", "sort",
                                        "first", "rest",  "sample", "expect"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], method) == 0)
            return true;
    return false;
}

static struct ob_known_value call_method(struct ob_frame *f, struct ob_known_value m)
{
    struct ob_err err;
    if (m.of == OB_V_ROSTER)
        return ob_known_as(makes_roster(m.name) ? OB_V_ROSTER : OB_V_UNKNOWN, NULL);
    if (m.of != OB_V_TARGET)
        return unknown;
    if (strcmp(m.name, "list") == 0 || strcmp(m.name, "lookup") == 0)
        return ob_known_as(OB_V_ROSTER, NULL);
    const struct ob_provider_info *info =
        f->c->config ? ob_check_target(f->c, m.owner, &err) : NULL;
    return ob_known_as(info && ob_provider_action(info, m.name) ? OB_V_OUTCOME : OB_V_UNKNOWN,
                       NULL);
}

/* The first of what it returns. */
static struct ob_known_value call(struct ob_frame *f, const struct ob_ins *i)
{
    struct ob_known_value called = in_register(f, i->a);
    if (called.kind == OB_V_METHOD)
        return call_method(f, called);
    if (called.kind == OB_V_FREE)
        return called;
    if (called.kind != OB_V_BUILTIN)
        return unknown;
    if (called.owner)
        return ob_known_as(strcmp(called.owner, "input") == 0 ? OB_V_ROSTER : OB_V_UNKNOWN, NULL);
    if (strcmp(called.name, "target") == 0 && i->b != 1)
        return ob_use_target(f, text_of(in_register(f, i->a + 1)));
    return ob_known_as(strcmp(called.name, "together") == 0 ? OB_V_OUTCOME : OB_V_UNKNOWN, NULL);
}

/* ---- instructions ---- */

static struct ob_known_value load(struct ob_frame *f, int k)
{
    struct ob_known_value v = constant(f, k);
    if (text_of(v))
        ob_names_add(&f->c->defined, v.name);
    return v;
}

static int extra(const struct ob_frame *f)
{
    return f->pc + 1 < f->p->code_count ? ob_ins_decode(f->p->code[f->pc + 1]).ax : 0;
}

/* Neither text nor callable, whatever the operands. */
static bool is_plain(enum ob_opcode op)
{
    return (op >= OB_OP_ADDI && op <= OB_OP_LEN) || op == OB_OP_LOADI || op == OB_OP_LOADF ||
           op == OB_OP_LOADTRUE || op == OB_OP_LOADFALSE;
}

/* What the instruction puts into register A. */
static struct ob_known_value result(struct ob_frame *f, const struct ob_ins *i)
{
    switch (i->op) {
    case OB_OP_MOVE:
        return in_register(f, i->b);
    case OB_OP_LOADK:
        return load(f, i->bx);
    case OB_OP_LOADKX:
        return load(f, extra(f));
    case OB_OP_GETUPVAL:
        return in_upvalue(f, i->b);
    case OB_OP_GETTABUP:
        return ob_use_member(f, in_upvalue(f, i->b), text_of(constant(f, i->c)), false);
    case OB_OP_GETFIELD:
        return ob_use_member(f, in_register(f, i->b), text_of(constant(f, i->c)), false);
    case OB_OP_GETTABLE:
        return ob_use_member(f, in_register(f, i->b), text_of(in_register(f, i->c)), false);
    case OB_OP_SELF:
        return self(f, i);
    case OB_OP_CALL:
    case OB_OP_TAILCALL:
        return call(f, i);
    case OB_OP_NEWTABLE:
        return ob_known_as(OB_V_TABLE, NULL);
    case OB_OP_CLOSURE:
        return ob_known_as(OB_V_FUNCTION, NULL);
    case OB_OP_CONCAT:
        return ob_known_as(OB_V_TEXT, NULL);
    default:
        return ob_known_as(is_plain(i->op) ? OB_V_PLAIN : OB_V_UNKNOWN, NULL);
    }
}

static void assignments(struct ob_frame *f, const struct ob_ins *i)
{
    if (i->op == OB_OP_SETTABUP)
        assign(f, i, in_upvalue(f, i->a), constant(f, i->b));
    else if (i->op == OB_OP_SETFIELD)
        assign(f, i, in_register(f, i->a), constant(f, i->b));
    else if (i->op == OB_OP_SETTABLE)
        assign(f, i, in_register(f, i->a), in_register(f, i->b));
}

void ob_known_step(struct ob_frame *f, const struct ob_ins *i)
{
    struct ob_known_value base = in_register(f, i->b), v = result(f, i);
    int first, last;
    assignments(f, i);
    if (!ob_ins_writes(i, &first, &last))
        return;
    for (int r = first; r <= last && r < OB_REGISTERS; r++)
        set(f, r, i->op == OB_OP_LOADNIL ? ob_known_as(OB_V_PLAIN, NULL) : unknown);
    if (i->op == OB_OP_FORPREP)
        set(f, i->a + 3, ob_known_as(OB_V_PLAIN, NULL));
    else if (i->op == OB_OP_SELF)
        set(f, i->a + 1, base);
    if (v.kind != OB_V_UNKNOWN && !(i->op == OB_OP_CALL && i->c == 1))
        set(f, i->a, v);
}
