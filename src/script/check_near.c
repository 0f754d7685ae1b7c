/* Lists of names, and which of them somebody may have meant. Called by the other files of the
 * check. */
#include "script/check_parts.h"
#include "base/mem.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 40 /* a longer name is no slip of the pen */

static void take(struct ob_names *n, char *name)
{
    if (n->count == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 32;
        n->v = ob_xrealloc(n->v, n->cap, sizeof *n->v);
    }
    n->v[n->count++] = name;
}

void ob_names_add(struct ob_names *n, const char *name)
{
    take(n, ob_xstrdup(name));
}

void ob_names_addf(struct ob_names *n, const char *owner, const char *name)
{
    take(n, ob_xasprintf("%s.%s", owner, name));
}

void ob_names_split(struct ob_names *n, const char *list)
{
    while (*list) {
        size_t len = strcspn(list, ", ");
        if (len)
            take(n, ob_xmemdup(list, len));
        list += len;
        list += strspn(list, ", ");
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void ob_names_sort(struct ob_names *n)
{
    size_t kept = 0;
    if (n->count)
        qsort(n->v, n->count, sizeof *n->v, by_name);
    for (size_t i = 0; i < n->count; i++) {
        if (kept && strcmp(n->v[kept - 1], n->v[i]) == 0)
            free(n->v[i]);
        else
            n->v[kept++] = n->v[i];
    }
    n->count = kept;
}

bool ob_names_has(const struct ob_names *n, const char *name)
{
    return n->count && bsearch(&name, n->v, n->count, sizeof *n->v, by_name);
}

void ob_names_fini(struct ob_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->v[i]);
    free(n->v);
    *n = (struct ob_names){0};
}

/* ---- nearness ---- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters to add, drop, change or swap with their neighbour; case is none. */
static int distance(const char *a, const char *b)
{
    int la = (int)strlen(a), lb = (int)strlen(b);
    int rows[3][LONGEST + 1];
    for (int j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (int i = 1; i <= la; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= lb; j++) {
            row[j] =
                least(above[j - 1] + !same(a[i - 1], b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[la % 3][lb];
}

/* Short names are near to too many others. */
static int most_slips(size_t len)
{
    return len < 3 ? 0 : len < 5 ? 1 : len < 10 ? 2 : 3;
}

const char *ob_names_near(const struct ob_names *n, const char *before, const char *name)
{
    size_t skip = strlen(before), len = strlen(name);
    const char *nearest = NULL;
    int best = most_slips(len) + 1;
    for (size_t i = 0; i < n->count && len <= LONGEST; i++) {
        const char *other = n->v[i] + skip;
        if (strncmp(n->v[i], before, skip) != 0 || strlen(other) > LONGEST)
            continue;
        int d = distance(name, other);
        if (d < best && strcmp(name, other) != 0) {
            best = d;
            nearest = n->v[i];
        }
    }
    return nearest;
}
