/* Walks a compiled policy and its functions, twice: first to learn which locals are assigned
 * after their beginning, then to follow values. What is known stays simple, so that it stays
 * true: a local has its first value as long as it lives, if nothing assigns it again, in
 * whatever order the script jumps; a register between locals has a value only up to the next
 * place where ways meet. Called by check.c. */
#include "script/check_flow.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

enum pass { PASS_CHANGES, PASS_VALUES };

enum { MEET = 1, MEET_FROM_ABOVE = 2 };

static void walk(struct ob_checker *c, struct ob_proto *p, struct ob_frame *around, enum pass pass);

/* ---- where ways meet ---- */

/* One byte an instruction; the caller frees. */
static unsigned char *meetings(const struct ob_proto *p)
{
    unsigned char *m = ob_xcalloc((size_t)p->code_count + 1, 1);
    for (int pc = 0; pc < p->code_count; pc++) {
        struct ob_ins i = ob_ins_decode(p->code[pc]);
        int to;
        if (ob_ins_jumps(&i, pc, &to))
            m[to] |= to > pc ? MEET | MEET_FROM_ABOVE : MEET;
    }
    return m;
}

/* ---- locals ---- */

static void end_locals(struct ob_frame *f)
{
    while (f->live && f->local[f->live - 1]->to <= f->pc)
        f->reg[--f->live] = (struct ob_known_value){0};
}

/* A local begins with what the instruction before left in its register, unless there is another
 * way to here than from there. A way back from below does not count: it comes from where the
 * local lives already. */
static void begin_locals(struct ob_frame *f, int *next, bool met)
{
    for (; *next < f->p->local_count && f->p->locals[*next].from <= f->pc; ++*next) {
        struct ob_local *l = &f->p->locals[*next];
        if (l->to <= f->pc || f->live == OB_REGISTERS)
            continue;
        if (met || l->changed)
            f->reg[f->live] = (struct ob_known_value){0};
        if (strcmp(l->name, "_ENV") == 0 && f->reg[f->live].kind != OB_V_ENV)
            f->reg[f->live] = ob_known_as(OB_V_FREE, NULL);
        f->local[f->live++] = l;
    }
}

static void forget(struct ob_frame *f, int from)
{
    for (int r = from < f->live ? f->live : from; r < OB_REGISTERS; r++)
        f->reg[r] = (struct ob_known_value){0};
}

/* ---- the first pass ---- */

/* The local that an upvalue stands for, or NULL. A function can hold itself: then its local
 * begins one instruction later. */
static struct ob_local *upvalue_local(const struct ob_frame *f, int index)
{
    while (f->around && index < f->p->upval_count) {
        struct ob_upval u = f->p->upvals[index];
        f = f->around;
        index = u.index;
        if (!u.in_stack)
            continue;
        if (index < f->live)
            return f->local[index];
        for (int i = 0; i < f->p->local_count; i++)
            if (f->p->locals[i].from == f->pc + 1)
                return &f->p->locals[i];
        return NULL;
    }
    return NULL;
}

static void note_change(struct ob_frame *f, const struct ob_ins *i)
{
    int first, last;
    if (i->op == OB_OP_SETUPVAL) {
        struct ob_local *l = upvalue_local(f, i->b);
        if (l)
            l->changed = true;
        else
            f->c->env_changed = true; /* no local, so it is the chunk's own _ENV */
    }
    if (!ob_ins_writes(i, &first, &last))
        return;
    for (int r = first; r <= last && r < f->live; r++)
        f->local[r]->changed = true;
}

/* ---- walking ---- */

static void step(struct ob_frame *f, const struct ob_ins *i, enum pass pass)
{
    if (pass == PASS_CHANGES)
        note_change(f, i);
    else
        ob_known_step(f, i);
    if (i->op == OB_OP_CLOSURE)
        walk(f->c, &f->p->protos[i->bx], f, pass);
}

static void walk(struct ob_checker *c, struct ob_proto *p, struct ob_frame *around, enum pass pass)
{
    struct ob_frame *f = ob_xcalloc(1, sizeof *f);
    unsigned char *meet = meetings(p);
    int next = 0;
    *f = (struct ob_frame){.c = c, .p = p, .around = around};
    for (f->pc = 0; f->pc < p->code_count && c->status == OB_OK; f->pc++) {
        struct ob_ins i = ob_ins_decode(p->code[f->pc]);
        end_locals(f);
        begin_locals(f, &next, meet[f->pc] & MEET_FROM_ABOVE);
        if (meet[f->pc])
            forget(f, f->live);
        step(f, &i, pass);
        if (ob_ins_ends(&i))
            forget(f, f->live);
    }
    free(meet);
    free(f);
}

void ob_check_flow(struct ob_checker *c)
{
    walk(c, &c->code, NULL, PASS_CHANGES);
    walk(c, &c->code, NULL, PASS_VALUES);
    ob_use_end(c);
}
