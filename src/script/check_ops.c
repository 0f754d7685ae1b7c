/* What single instructions of Lua 5.4 do to registers and to the flow: the facts of lopcodes.h
 * that check_flow.c needs. Called by check_code.c and check_flow.c. */
#include "script/check_code.h"
#include <limits.h>

struct ob_ins ob_ins_decode(uint32_t word)
{
    return (struct ob_ins){
        .op = (enum ob_opcode)(word & 0x7F),
        .a = (int)(word >> 7 & 0xFF),
        .k = word >> 15 & 1,
        .b = (int)(word >> 16 & 0xFF),
        .c = (int)(word >> 24),
        .bx = (int)(word >> 15),
        .ax = (int)(word >> 7),
        .sj = (int)(word >> 7) - 0xFFFFFF,
    };
}

bool ob_ins_writes(const struct ob_ins *i, int *first, int *last)
{
    *first = *last = i->a;
    switch (i->op) {
    case OB_OP_LOADNIL:
        *last = i->a + i->b;
        return true;
    case OB_OP_SELF:
        *last = i->a + 1;
        return true;
    case OB_OP_CALL:
    case OB_OP_TAILCALL:
    case OB_OP_CONCAT:
    case OB_OP_VARARG:
        *last = INT_MAX; /* what stands above is used up */
        return true;
    case OB_OP_FORLOOP:
    case OB_OP_FORPREP:
        *last = i->a + 3;
        return true;
    case OB_OP_TFORCALL:
        *first = i->a + 4;
        *last = INT_MAX;
        return true;
    case OB_OP_TFORLOOP:
        *first = *last = i->a + 2;
        return true;
    case OB_OP_SETUPVAL:
    case OB_OP_SETTABUP:
    case OB_OP_SETTABLE:
    case OB_OP_SETI:
    case OB_OP_SETFIELD:
    case OB_OP_SETLIST:
    case OB_OP_MMBIN:
    case OB_OP_MMBINI:
    case OB_OP_MMBINK:
    case OB_OP_CLOSE:
    case OB_OP_TBC:
    case OB_OP_JMP:
    case OB_OP_EQ:
    case OB_OP_LT:
    case OB_OP_LE:
    case OB_OP_EQK:
    case OB_OP_EQI:
    case OB_OP_LTI:
    case OB_OP_LEI:
    case OB_OP_GTI:
    case OB_OP_GEI:
    case OB_OP_TEST:
    case OB_OP_RETURN:
    case OB_OP_RETURN0:
    case OB_OP_RETURN1:
    case OB_OP_TFORPREP:
    case OB_OP_VARARGPREP:
    case OB_OP_EXTRAARG:
        return false;
    default:
        return true;
    }
}

bool ob_ins_jumps(const struct ob_ins *i, int pc, int *to)
{
    switch (i->op) {
    case OB_OP_JMP:
        *to = pc + 1 + i->sj;
        return true;
    case OB_OP_FORLOOP:
    case OB_OP_TFORLOOP:
        *to = pc + 1 - i->bx;
        return true;
    case OB_OP_FORPREP:
        *to = pc + 2 + i->bx;
        return true;
    case OB_OP_TFORPREP:
        *to = pc + 1 + i->bx;
        return true;
    case OB_OP_LFALSESKIP:
    case OB_OP_EQ:
    case OB_OP_LT:
    case OB_OP_LE:
    case OB_OP_EQK:
    case OB_OP_EQI:
    case OB_OP_LTI:
    case OB_OP_LEI:
    case OB_OP_GTI:
    case OB_OP_GEI:
    case OB_OP_TEST:
    case OB_OP_TESTSET:
        *to = pc + 2;
        return true;
    default:
        return false;
    }
}

bool ob_ins_ends(const struct ob_ins *i)
{
    return i->op == OB_OP_JMP || i->op == OB_OP_TFORPREP || i->op == OB_OP_RETURN ||
           i->op == OB_OP_RETURN0 || i->op == OB_OP_RETURN1 || i->op == OB_OP_LFALSESKIP;
}
