/* See isolate.h. A family is in `families` from its first call to its last. */
#include "engine/isolate.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

enum mark { ALONE = 1, NAMED = 2 };

/* So many right names make up for one wrong one. */
#define NAMES_FOR_ONE 8

struct ob_splitter *ob_splitter_new(size_t people, size_t cap, const size_t *group, double culprits,
                                    double among)
{
    struct ob_splitter *s = ob_xcalloc(1, sizeof *s);
    ob_sizes_init(&s->sizes, cap, culprits, among);
    s->group = group;
    s->marks = ob_xcalloc(people ? people : 1, sizeof *s->marks);
    return s;
}

static void family_free(struct ob_family *f)
{
    free(f->bad);
    free(f);
}

void ob_splitter_free(struct ob_splitter *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->family_count; i++)
        family_free(s->families[i]);
    ob_sizes_fini(&s->sizes);
    free(s->families);
    free(s->marks);
    free(s->line);
    free(s);
}

/* ---- the line ---- */

void ob_splitter_add(struct ob_splitter *s, size_t person, bool alone)
{
    if (!s->count && !s->family_count)
        s->head = 0;
    if (s->head + s->count == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->line = ob_xrealloc(s->line, s->room, sizeof *s->line);
    }
    s->marks[person] = alone ? ALONE : 0;
    s->line[s->head + s->count++] = person;
}

/* They came from the line, so there is room before its head. */
static void put_back(struct ob_splitter *s, const size_t *people, size_t n)
{
    s->head -= n;
    s->count += n;
    memcpy(s->line + s->head, people, n * sizeof *people);
}

static bool believed(const struct ob_splitter *s)
{
    return s->right > 0 && s->wrong * NAMES_FOR_ONE <= s->right;
}

/* Also as long as nothing is known of the names. */
static bool worth_trying(const struct ob_splitter *s)
{
    return s->wrong == 0 || believed(s);
}

static bool goes_alone(const struct ob_splitter *s, size_t person)
{
    unsigned char m = s->marks[person];
    return m & ALONE || (m & NAMED && worth_trying(s));
}

static bool may_join(const struct ob_splitter *s, size_t first, size_t person)
{
    return !goes_alone(s, first) && !goes_alone(s, person) &&
           (!s->group || s->group[first] == s->group[person]);
}

static size_t take_group(struct ob_splitter *s, size_t most)
{
    const size_t *line = s->line + s->head;
    size_t n = 1;
    while (n < most && n < s->count && may_join(s, line[0], line[n]))
        n++;
    s->head += n;
    s->count -= n;
    return n;
}

/* ---- families ---- */

static struct ob_family *family_new(struct ob_splitter *s, const size_t *people, size_t count)
{
    struct ob_family *f = ob_xcalloc(1, sizeof *f);
    f->bad = ob_xcalloc(count, sizeof *f->bad);
    f->count = f->sent = count;
    memcpy(f->bad, people, count * sizeof *people);
    if (s->family_count == s->family_room) {
        s->family_room = s->family_room ? s->family_room * 2 : 16;
        s->families = ob_xrealloc(s->families, s->family_room, sizeof *s->families);
    }
    return s->families[s->family_count++] = f;
}

static void family_end(struct ob_splitter *s, struct ob_family *f)
{
    size_t i = 0;
    while (s->families[i] != f)
        i++;
    s->family_count--;
    memmove(s->families + i, s->families + i + 1, (s->family_count - i) * sizeof *s->families);
    family_free(f);
}

/* All that is left of it is as good as new. */
static void dissolve(struct ob_splitter *s, struct ob_family *f)
{
    put_back(s, f->bad, f->count);
    family_end(s, f);
}

static double share(const struct ob_splitter *s)
{
    size_t open = 0, people = 0;
    for (size_t i = 0; i < s->family_count; i++) {
        open += s->families[i]->known;
        people += s->families[i]->known ? s->families[i]->count : 0;
    }
    return ob_sizes_share(&s->sizes, open, people);
}

static struct ob_family *waiting(const struct ob_splitter *s)
{
    for (size_t i = s->family_count; i-- > 0;)
        if (!s->families[i]->out)
            return s->families[i];
    return NULL;
}

static struct ob_family *from_the_line(struct ob_splitter *s)
{
    if (!s->count)
        return NULL;
    /* Where answers name the culprits, a large call costs no more than a small one. */
    bool large = s->telling && believed(s);
    size_t most = large ? s->sizes.cap : ob_sizes_group(&s->sizes, share(s));
    const size_t *first = s->line + s->head;
    return family_new(s, first, take_group(s, most));
}

struct ob_family *ob_splitter_next(struct ob_splitter *s)
{
    struct ob_family *f = waiting(s);
    if (!f)
        f = from_the_line(s);
    else if (f->count == 1 || goes_alone(s, f->bad[0]))
        f->sent = 1;
    else
        f->sent = ob_sizes_front(&s->sizes, share(s), f->count);
    if (f)
        f->out = true;
    return f;
}

void ob_splitter_clear(struct ob_splitter *s)
{
    s->count = 0;
    for (size_t i = s->family_count; i-- > 0;) {
        struct ob_family *f = s->families[i];
        if (f->out)
            f->count = f->sent;
        else
            family_end(s, f);
    }
}

/* ---- answers ---- */

static void drop_front(struct ob_family *f)
{
    f->count -= f->sent;
    memmove(f->bad, f->bad + f->sent, f->count * sizeof *f->bad);
}

static void accepted(struct ob_splitter *s, struct ob_family *f)
{
    unsigned char marks = s->marks[f->bad[0]];
    s->wrong += f->sent == 1 && marks & NAMED;
    if (!(marks & ALONE)) /* what is alone from the start is no fair sample */
        ob_sizes_accepted(&s->sizes, f->sent);
    drop_front(f);
    if (!f->count)
        dissolve(s, f);
}

static void found(struct ob_splitter *s, struct ob_family *f)
{
    unsigned char marks = s->marks[f->bad[0]];
    s->right += (marks & NAMED) != 0;
    if (!(marks & ALONE))
        ob_sizes_culprit(&s->sizes, 1);
    drop_front(f);
    dissolve(s, f);
}

void ob_splitter_name(struct ob_splitter *s, size_t person)
{
    if (worth_trying(s))
        s->marks[person] |= NAMED;
}

/* Those who are named come first. When they are most of the call, that says nothing. */
static bool named_first(struct ob_splitter *s, struct ob_family *f)
{
    size_t *others = ob_xcalloc(f->count, sizeof *others), named = 0, other = 0;
    for (size_t i = 0; i < f->count; i++)
        if (s->marks[f->bad[i]] & NAMED)
            f->bad[named++] = f->bad[i];
        else
            others[other++] = f->bad[i];
    memcpy(f->bad + named, others, other * sizeof *others);
    free(others);
    if (named <= other)
        return named > 0;
    for (size_t i = 0; i < named; i++)
        s->marks[f->bad[i]] &= (unsigned char)~NAMED;
    return false;
}

/* Nothing more is known of those who were not in the call. */
static void refused(struct ob_splitter *s, struct ob_family *f)
{
    put_back(s, f->bad + f->sent, f->count - f->sent);
    f->count = f->sent;
    f->known = true;
    s->telling = named_first(s, f);
    if (s->telling && believed(s))
        dissolve(s, f);
}

bool ob_splitter_feed(struct ob_splitter *s, struct ob_family *f, enum ob_verdict v)
{
    f->out = false;
    if (v == OB_VERDICT_ACCEPTED) {
        accepted(s, f);
    } else if (v == OB_VERDICT_REFUSED && f->sent == 1) {
        found(s, f);
        return true;
    } else if (v == OB_VERDICT_REFUSED) {
        refused(s, f);
    } else {
        if (v == OB_VERDICT_TOGETHER)
            ob_sizes_culprit(&s->sizes, f->sent);
        drop_front(f);
        dissolve(s, f);
    }
    return false;
}
