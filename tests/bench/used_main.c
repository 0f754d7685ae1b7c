/* bench_used LABEL COMMAND...: runs the command and prints one row of what it used. The command's
 * own output goes nowhere, its errors stay where they are. */
#include <stdio.h>
#include "used.h"

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    struct used u = used_by((const char *const *)argv + 2, 1);
    printf("%-34s exit %3d  %8.2f s  CPU %7.2f s  peak %7.1f MiB\n", argv[1], u.code, u.wall,
           u.user + u.sys, (double)u.peak_kib / 1024);
    return 0;
}
