/* A compiled chunk as data: what lua_dump writes for Lua 5.4, read back. Inside check*.c only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of Lua 5.4's own list. */
enum ob_opcode {
    OB_OP_MOVE,
    OB_OP_LOADI,
    OB_OP_LOADF,
    OB_OP_LOADK,
    OB_OP_LOADKX,
    OB_OP_LOADFALSE,
    OB_OP_LFALSESKIP,
    OB_OP_LOADTRUE,
    OB_OP_LOADNIL,
    OB_OP_GETUPVAL,
    OB_OP_SETUPVAL,
    OB_OP_GETTABUP,
    OB_OP_GETTABLE,
    OB_OP_GETI,
    OB_OP_GETFIELD,
    OB_OP_SETTABUP,
    OB_OP_SETTABLE,
    OB_OP_SETI,
    OB_OP_SETFIELD,
    OB_OP_NEWTABLE,
    OB_OP_SELF,
    OB_OP_ADDI,
    OB_OP_ADDK,
    OB_OP_SUBK,
    OB_OP_MULK,
    OB_OP_MODK,
    OB_OP_POWK,
    OB_OP_DIVK,
    OB_OP_IDIVK,
    OB_OP_BANDK,
    OB_OP_BORK,
    OB_OP_BXORK,
    OB_OP_SHRI,
    OB_OP_SHLI,
    OB_OP_ADD,
    OB_OP_SUB,
    OB_OP_MUL,
    OB_OP_MOD,
    OB_OP_POW,
    OB_OP_DIV,
    OB_OP_IDIV,
    OB_OP_BAND,
    OB_OP_BOR,
    OB_OP_BXOR,
    OB_OP_SHL,
    OB_OP_SHR,
    OB_OP_MMBIN,
    OB_OP_MMBINI,
    OB_OP_MMBINK,
    OB_OP_UNM,
    OB_OP_BNOT,
    OB_OP_NOT,
    OB_OP_LEN,
    OB_OP_CONCAT,
    OB_OP_CLOSE,
    OB_OP_TBC,
    OB_OP_JMP,
    OB_OP_EQ,
    OB_OP_LT,
    OB_OP_LE,
    OB_OP_EQK,
    OB_OP_EQI,
    OB_OP_LTI,
    OB_OP_LEI,
    OB_OP_GTI,
    OB_OP_GEI,
    OB_OP_TEST,
    OB_OP_TESTSET,
    OB_OP_CALL,
    OB_OP_TAILCALL,
    OB_OP_RETURN,
    OB_OP_RETURN0,
    OB_OP_RETURN1,
    OB_OP_FORLOOP,
    OB_OP_FORPREP,
    OB_OP_TFORPREP,
    OB_OP_TFORCALL,
    OB_OP_TFORLOOP,
    OB_OP_SETLIST,
    OB_OP_CLOSURE,
    OB_OP_VARARG,
    OB_OP_VARARGPREP,
    OB_OP_EXTRAARG,
    OB_OP_COUNT
};

struct ob_ins {
    enum ob_opcode op;
    int a, b, c, bx, sj, ax;
    bool k;
};
struct ob_ins ob_ins_decode(uint32_t word);
/* Registers first..last that the instruction writes; false: none. `last` may pass the function's
 * registers when a call uses all above. */
bool ob_ins_writes(const struct ob_ins *i, int *first, int *last);
/* Where it may go on, other than at the next one: false when nowhere. */
bool ob_ins_jumps(const struct ob_ins *i, int pc, int *to);
/* Never to the next one. */
bool ob_ins_ends(const struct ob_ins *i);

struct ob_const {
    bool is_text;
    char *text; /* NULL: a number and the like, or a text that has a NUL inside */
};

struct ob_local {
    char *name;
    int from, to; /* instructions in which it lives: from <= pc < to */
    bool changed; /* assigned after its beginning; for check_flow.c */
};

struct ob_upval {
    bool in_stack; /* a register of the function around; else one of its upvalues */
    int index;
};

struct ob_proto {
    uint32_t *code;
    int *lines; /* one an instruction */
    int code_count;
    struct ob_const *consts;
    int const_count;
    struct ob_upval *upvals;
    int upval_count;
    struct ob_local *locals; /* in the order of `from` */
    int local_count;
    struct ob_proto *protos;
    int proto_count;
};

/* False when the bytes are not of the format this was written for; then there is nothing to
 * free. */
bool ob_code_read(struct ob_proto *out, const char *bytes, size_t len);
void ob_code_free(struct ob_proto *p);
