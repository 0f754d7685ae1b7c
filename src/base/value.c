/* The value tree. Recursion is bounded because every border that builds a tree refuses more than
 * OB_VALUE_DEPTH levels. Maps of more than a few keys carry a hash index behind their pairs, in
 * the same allocation, so that a map of a million people is built in one pass. Pairs must
 * therefore be reordered by nobody. */
#include "base/value.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

#define INDEXED_FROM ((size_t)16) /* pairs; below, a walk is faster than a hash */

void ob_value_init(struct ob_value *v)
{
    *v = (struct ob_value){.type = OB_NULL};
}

void ob_value_fini(struct ob_value *v)
{
    if (v->type == OB_STR) {
        free(v->s.p);
    } else if (v->type == OB_LIST) {
        for (size_t i = 0; i < v->list.count; i++)
            ob_value_fini(&v->list.items[i]);
        free(v->list.items);
    } else if (v->type == OB_MAP) {
        for (size_t i = 0; i < v->map.count; i++) {
            free(v->map.pairs[i].key.p);
            ob_value_fini(&v->map.pairs[i].value);
        }
        free(v->map.pairs);
    }
    ob_value_init(v);
}

void ob_value_copy(struct ob_value *to, const struct ob_value *from)
{
    ob_value_init(to);
    if (from->type == OB_STR) {
        ob_value_set_strn(to, from->s.p, from->s.len);
    } else if (from->type == OB_LIST) {
        ob_value_set_list(to);
        for (size_t i = 0; i < from->list.count; i++)
            ob_value_copy(ob_list_push(to), &from->list.items[i]);
    } else if (from->type == OB_MAP) {
        ob_value_set_map(to);
        for (size_t i = 0; i < from->map.count; i++) {
            const struct ob_pair *p = &from->map.pairs[i];
            ob_value_copy(ob_map_putn(to, p->key.p, p->key.len), &p->value);
        }
    } else {
        *to = *from;
    }
}

void ob_value_move(struct ob_value *to, struct ob_value *from)
{
    if (to == from)
        return;
    struct ob_value taken = *from; /* first, because `from` may be a part of `to` */
    ob_value_init(from);
    ob_value_fini(to);
    *to = taken;
}

static bool str_equal(const struct ob_str *a, const char *p, size_t len)
{
    return a->len == len && (len == 0 || memcmp(a->p, p, len) == 0);
}

/* FNV-1a: the keys are an administrator's own, nobody gains from collisions. */
static size_t hash(const char *key, size_t len)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)key[i]) * 1099511628211u;
    return (size_t)(h ^ (h >> 32));
}

/* The index: 2 * cap slots (cap is a power of two), each a pair's number plus one, 0 is free. */
static size_t *slots_of(const struct ob_value *map)
{
    return map->map.cap > INDEXED_FROM ? (size_t *)(void *)(map->map.pairs + map->map.cap) : NULL;
}

static size_t *slot_for(const struct ob_value *map, size_t *slots, const char *key, size_t len)
{
    size_t mask = 2 * map->map.cap - 1;
    size_t at = hash(key, len) & mask;
    while (slots[at] && !str_equal(&map->map.pairs[slots[at] - 1].key, key, len))
        at = (at + 1) & mask;
    return &slots[at];
}

static struct ob_value *find(const struct ob_value *map, const char *key, size_t len)
{
    size_t *slots = slots_of(map);
    if (slots) {
        size_t n = *slot_for(map, slots, key, len);
        return n ? &map->map.pairs[n - 1].value : NULL;
    }
    for (size_t i = 0; i < map->map.count; i++)
        if (str_equal(&map->map.pairs[i].key, key, len))
            return &map->map.pairs[i].value;
    return NULL;
}

static bool map_equal(const struct ob_value *a, const struct ob_value *b)
{
    if (a->map.count != b->map.count)
        return false;
    for (size_t i = 0; i < a->map.count; i++) {
        const struct ob_pair *p = &a->map.pairs[i];
        const struct ob_value *other = find(b, p->key.p, p->key.len);
        if (!other || !ob_value_equal(&p->value, other))
            return false;
    }
    return true;
}

static bool list_equal(const struct ob_value *a, const struct ob_value *b)
{
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++)
        if (!ob_value_equal(&a->list.items[i], &b->list.items[i]))
            return false;
    return true;
}

bool ob_value_equal(const struct ob_value *a, const struct ob_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case OB_NULL:
        return true;
    case OB_BOOL:
        return a->b == b->b;
    case OB_INT:
        return a->i == b->i;
    case OB_NUM:
        return a->n == b->n;
    case OB_STR:
        return str_equal(&a->s, b->s.p, b->s.len);
    case OB_LIST:
        return list_equal(a, b);
    case OB_MAP:
        return map_equal(a, b);
    case OB_SECRET:
        return a->secret == b->secret;
    }
    return false;
}

void ob_value_set_bool(struct ob_value *v, bool b)
{
    ob_value_fini(v);
    v->type = OB_BOOL;
    v->b = b;
}

void ob_value_set_int(struct ob_value *v, int64_t i)
{
    ob_value_fini(v);
    v->type = OB_INT;
    v->i = i;
}

void ob_value_set_num(struct ob_value *v, double n)
{
    ob_value_fini(v);
    v->type = OB_NUM;
    v->n = n;
}

void ob_value_set_str(struct ob_value *v, const char *s)
{
    ob_value_set_strn(v, s, strlen(s));
}

void ob_value_set_strn(struct ob_value *v, const char *s, size_t len)
{
    char *copy = ob_xmemdup(s, len); /* first, because `s` may be the value's own */
    ob_value_fini(v);
    v->type = OB_STR;
    v->s = (struct ob_str){copy, len};
}

void ob_value_set_list(struct ob_value *v)
{
    ob_value_fini(v);
    v->type = OB_LIST;
    v->list.items = NULL;
    v->list.count = v->list.cap = 0;
}

void ob_value_set_map(struct ob_value *v)
{
    ob_value_fini(v);
    v->type = OB_MAP;
    v->map.pairs = NULL;
    v->map.count = v->map.cap = 0;
}

void ob_value_set_secret(struct ob_value *v, int handle)
{
    ob_value_fini(v);
    v->type = OB_SECRET;
    v->secret = handle;
}

struct ob_value *ob_list_push(struct ob_value *list)
{
    if (list->type != OB_LIST)
        ob_value_set_list(list);
    if (list->list.count == list->list.cap) {
        list->list.cap = list->list.cap ? list->list.cap * 2 : 4;
        list->list.items = ob_xrealloc(list->list.items, list->list.cap, sizeof *list->list.items);
    }
    struct ob_value *v = &list->list.items[list->list.count++];
    ob_value_init(v);
    return v;
}

void ob_list_push_str(struct ob_value *list, const char *s)
{
    ob_value_set_str(ob_list_push(list), s);
}

static void map_grow(struct ob_value *map)
{
    size_t cap = map->map.cap ? map->map.cap * 2 : 4;
    size_t item = sizeof *map->map.pairs + (cap > INDEXED_FROM ? 2 * sizeof(size_t) : 0);
    map->map.pairs = ob_xrealloc(map->map.pairs, cap, item);
    map->map.cap = cap;
    size_t *slots = slots_of(map);
    if (!slots)
        return;
    memset(slots, 0, 2 * cap * sizeof *slots);
    for (size_t i = 0; i < map->map.count; i++) {
        const struct ob_str *key = &map->map.pairs[i].key;
        *slot_for(map, slots, key->p, key->len) = i + 1;
    }
}

struct ob_value *ob_map_putn(struct ob_value *map, const char *key, size_t len)
{
    if (map->type != OB_MAP)
        ob_value_set_map(map);
    struct ob_value *found = find(map, key, len);
    if (found)
        return found;
    if (map->map.count == map->map.cap)
        map_grow(map);
    size_t *slots = slots_of(map);
    if (slots)
        *slot_for(map, slots, key, len) = map->map.count + 1;
    struct ob_pair *p = &map->map.pairs[map->map.count++];
    p->key = (struct ob_str){ob_xmemdup(key, len), len};
    ob_value_init(&p->value);
    return &p->value;
}

struct ob_value *ob_map_put(struct ob_value *map, const char *key)
{
    return ob_map_putn(map, key, strlen(key));
}

void ob_map_put_str(struct ob_value *map, const char *key, const char *s)
{
    ob_value_set_str(ob_map_put(map, key), s);
}

void ob_map_put_int(struct ob_value *map, const char *key, int64_t i)
{
    ob_value_set_int(ob_map_put(map, key), i);
}

void ob_map_put_bool(struct ob_value *map, const char *key, bool b)
{
    ob_value_set_bool(ob_map_put(map, key), b);
}

const struct ob_value *ob_map_get(const struct ob_value *map, const char *key)
{
    return map && map->type == OB_MAP ? find(map, key, strlen(key)) : NULL;
}

const struct ob_value *ob_list_at(const struct ob_value *list, size_t i)
{
    return i < ob_list_count(list) ? &list->list.items[i] : NULL;
}

size_t ob_list_count(const struct ob_value *list)
{
    return list && list->type == OB_LIST ? list->list.count : 0;
}

const char *ob_value_str(const struct ob_value *v)
{
    return v && v->type == OB_STR ? v->s.p : NULL;
}

const char *ob_map_str(const struct ob_value *map, const char *key)
{
    return ob_value_str(ob_map_get(map, key));
}

int64_t ob_map_int(const struct ob_value *map, const char *key, int64_t dflt)
{
    const struct ob_value *v = ob_map_get(map, key);
    return v && v->type == OB_INT ? v->i : dflt;
}

bool ob_map_bool(const struct ob_value *map, const char *key, bool dflt)
{
    const struct ob_value *v = ob_map_get(map, key);
    return v && v->type == OB_BOOL ? v->b : dflt;
}

const char *ob_type_name(enum ob_type type)
{
    static const char *const names[] = {"null",   "boolean", "integer", "number",
                                        "string", "list",    "map",     "secret"};
    unsigned i = (unsigned)type;
    return i < sizeof names / sizeof *names ? names[i] : "unknown";
}
