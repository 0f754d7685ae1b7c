/* Values that cross borders (Lua, JSON, ledger): a tree that keeps 64-bit integers.
 * A value owns all below it. Maps keep insertion order; writers sort. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ob_type { OB_NULL, OB_BOOL, OB_INT, OB_NUM, OB_STR, OB_LIST, OB_MAP, OB_SECRET };

/* Deepest nesting that any border accepts. */
#define OB_VALUE_DEPTH 64

struct ob_str {
    char *p; /* NUL-terminated; may hold NULs inside */
    size_t len;
};

struct ob_value {
    enum ob_type type;
    union {
        bool b;
        int64_t i;
        double n;
        struct ob_str s;
        struct {
            struct ob_value *items;
            size_t count, cap;
        } list;
        struct {
            struct ob_pair *pairs;
            size_t count, cap;
        } map;
        int secret; /* a handle of base/secret.h: never its bytes */
    };
};

struct ob_pair {
    struct ob_str key;
    struct ob_value value;
};

void ob_value_init(struct ob_value *v); /* OB_NULL */
void ob_value_fini(struct ob_value *v); /* frees all below; the value is OB_NULL again */
void ob_value_copy(struct ob_value *to, const struct ob_value *from); /* `to` is uninitialised */
void ob_value_move(struct ob_value *to, struct ob_value *from);       /* frees what `to` held */
bool ob_value_equal(const struct ob_value *a, const struct ob_value *b);

/* Setters free what the value held before. */
void ob_value_set_bool(struct ob_value *v, bool b);
void ob_value_set_int(struct ob_value *v, int64_t i);
void ob_value_set_num(struct ob_value *v, double n);
void ob_value_set_str(struct ob_value *v, const char *s);
void ob_value_set_strn(struct ob_value *v, const char *s, size_t len);
void ob_value_set_list(struct ob_value *v);
void ob_value_set_map(struct ob_value *v);
void ob_value_set_secret(struct ob_value *v, int handle);

/* A fresh OB_NULL item at the end; the pointer is good until the next push. */
struct ob_value *ob_list_push(struct ob_value *list);
void ob_list_push_str(struct ob_value *list, const char *s);
/* The value under `key`, made (OB_NULL) when absent; good until the next put. */
struct ob_value *ob_map_put(struct ob_value *map, const char *key);
struct ob_value *ob_map_putn(struct ob_value *map, const char *key, size_t len);
void ob_map_put_str(struct ob_value *map, const char *key, const char *s);
void ob_map_put_int(struct ob_value *map, const char *key, int64_t i);
void ob_map_put_bool(struct ob_value *map, const char *key, bool b);

/* Readers lend; all accept NULL and values of another type, and then answer NULL or `dflt`. */
const struct ob_value *ob_map_get(const struct ob_value *map, const char *key);
const struct ob_value *ob_list_at(const struct ob_value *list, size_t i);
size_t ob_list_count(const struct ob_value *list);
const char *ob_value_str(const struct ob_value *v);
const char *ob_map_str(const struct ob_value *map, const char *key);
int64_t ob_map_int(const struct ob_value *map, const char *key, int64_t dflt);
bool ob_map_bool(const struct ob_value *map, const char *key, bool dflt);
const char *ob_type_name(enum ob_type type);
