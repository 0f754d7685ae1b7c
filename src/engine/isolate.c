/* See isolate.h. All sets are plain index arrays; order of the chunk is kept as far as the
 * halving allows. */
#include "engine/isolate.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct ob_family *ob_family_new(const size_t *members, size_t count)
{
    struct ob_family *f = ob_xcalloc(1, sizeof *f);
    f->bad = ob_xcalloc(count ? count : 1, sizeof *f->bad);
    f->rest = ob_xcalloc(count ? count : 1, sizeof *f->rest);
    memcpy(f->bad, members, count * sizeof *members);
    f->bad_count = count;
    return f;
}

void ob_family_free(struct ob_family *f)
{
    if (!f)
        return;
    free(f->bad);
    free(f->rest);
    free(f);
}

/* What was laid aside becomes the next chunk of its own. */
static void take_rest(struct ob_family *f)
{
    size_t *spare = f->bad;
    f->bad = f->rest;
    f->bad_count = f->rest_count;
    f->rest = spare;
    f->rest_count = 0;
    f->known = false;
    f->first = 0;
}

size_t ob_family_next(struct ob_family *f, const size_t **members)
{
    if (!f->bad_count)
        take_rest(f);
    *members = f->bad;
    if (!f->known || f->bad_count == 1)
        f->sent = f->bad_count;
    else
        f->sent = f->first ? f->first : (f->bad_count + 1) / 2;
    f->first = 0;
    return f->sent;
}

/* The first `n` leave the family's bad set. */
static void drop_front(struct ob_family *f, size_t n)
{
    memmove(f->bad, f->bad + n, (f->bad_count - n) * sizeof *f->bad);
    f->bad_count -= n;
}

static void lay_aside_behind(struct ob_family *f, size_t n)
{
    memcpy(f->rest + f->rest_count, f->bad + n, (f->bad_count - n) * sizeof *f->bad);
    f->rest_count += f->bad_count - n;
    f->bad_count = n;
}

bool ob_family_feed(struct ob_family *f, enum ob_verdict v)
{
    size_t sent = f->sent;
    bool whole = sent == f->bad_count;
    f->sent = 0;
    if (v != OB_VERDICT_REFUSED) {
        drop_front(f, sent);
        /* An accepted half proves that the other one holds the culprit; doubt proves nothing. */
        if (v == OB_VERDICT_OTHER || whole)
            f->known = false;
        return false;
    }
    if (!whole)
        lay_aside_behind(f, sent);
    f->known = true;
    if (sent > 1)
        return false;
    drop_front(f, 1);
    f->known = false;
    return true;
}

void ob_family_hint(struct ob_family *f, bool (*named)(void *ctx, size_t member), void *ctx)
{
    size_t *other = ob_xcalloc(f->sent ? f->sent : 1, sizeof *other);
    size_t front = 0, back = 0;
    for (size_t i = 0; i < f->sent; i++) {
        if (named(ctx, f->bad[i]))
            f->bad[front++] = f->bad[i];
        else
            other[back++] = f->bad[i];
    }
    memcpy(f->bad + front, other, back * sizeof *other);
    free(other);
    f->first = front && back ? front : 0;
}

void ob_family_drain(struct ob_family *f, void (*each)(void *ctx, size_t member), void *ctx)
{
    for (size_t i = 0; i < f->bad_count; i++)
        each(ctx, f->bad[i]);
    for (size_t i = 0; i < f->rest_count; i++)
        each(ctx, f->rest[i]);
    f->bad_count = f->rest_count = f->sent = 0;
}
