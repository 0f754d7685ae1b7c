/* Positions of people as text. A call names up to thousands of people that mostly stand next to
 * each other, so a range says it in a few bytes and an administrator can still read it. Called
 * by sqlite_call.c. */
#include "ledger/ranges.h"
#include "base/mem.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

size_t ob_ranges_run(const int64_t *v, size_t n)
{
    if (n == 0)
        return 0;
    size_t len = 1;
    while (len < n && v[len - 1] < INT64_MAX && v[len] == v[len - 1] + 1)
        len++;
    return len;
}

static bool write_run(struct ob_buf *out, int64_t first, size_t len)
{
    if (first < 0)
        return false;
    if (len == 1)
        return ob_buf_addf(out, "%" PRId64, first);
    return ob_buf_addf(out, "%" PRId64 "-%" PRId64, first, first + (int64_t)(len - 1));
}

bool ob_ranges_write(struct ob_buf *out, const int64_t *v, size_t n)
{
    for (size_t i = 0, len; i < n; i += len) {
        len = ob_ranges_run(v + i, n - i);
        if ((i && !ob_buf_addc(out, ',')) || !write_run(out, v[i], len))
            return false;
    }
    return true;
}

/* strtoll alone would take signs and spaces. */
static bool read_number(const char **s, int64_t *n)
{
    if (**s < '0' || **s > '9')
        return false;
    char *end;
    errno = 0;
    *n = strtoll(*s, &end, 10);
    *s = end;
    return errno == 0;
}

static bool read_run(const char **s, int64_t *first, int64_t *last)
{
    if (!read_number(s, first))
        return false;
    *last = *first;
    if (**s == '-') {
        ++*s;
        if (!read_number(s, last) || *last <= *first)
            return false;
    }
    if (**s == ',')
        return *++*s != '\0';
    return **s == '\0';
}

bool ob_ranges_read(const char *text, int64_t **v, size_t *n)
{
    *v = NULL;
    *n = 0;
    while (*text) {
        int64_t first, last;
        if (!read_run(&text, &first, &last) || last - first >= (int64_t)(OB_RANGES_MAX - *n)) {
            free(*v);
            *v = NULL;
            *n = 0;
            return false;
        }
        *v = ob_xrealloc(*v, *n + (size_t)(last - first) + 1, sizeof **v);
        for (int64_t i = first;; i++) { /* `i <= last` would overflow at the very end */
            (*v)[(*n)++] = i;
            if (i == last)
                break;
        }
    }
    return true;
}
