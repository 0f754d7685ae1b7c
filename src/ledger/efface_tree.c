/* See efface_tree.h. */
#include "ledger/efface_tree.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

static bool on_event(void *ctx, const struct ob_json_event *ev)
{
    struct ob_tree *t = ctx;
    if (ev->kind == OB_JSON_KEY) {
        t->key = ev->raw;
        t->key_len = (uint32_t)ev->len;
        return true;
    }
    if (ev->kind == OB_JSON_END_MAP || ev->kind == OB_JSON_END_LIST) {
        t->v[t->at].end = (uint32_t)t->count;
        t->at = t->v[t->at].parent;
        return true;
    }
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1024;
        t->v = ob_xrealloc(t->v, t->cap, sizeof *t->v);
    }
    uint32_t i = (uint32_t)t->count++;
    t->v[i] = (struct ob_node){.raw = ev->raw,
                               .len = (uint32_t)ev->len,
                               .key = t->key,
                               .key_len = t->key_len,
                               .parent = t->at,
                               .end = i + 1,
                               .kind = (unsigned char)ev->kind};
    t->key = NULL;
    if (ev->kind == OB_JSON_BEGIN_MAP || ev->kind == OB_JSON_BEGIN_LIST)
        t->at = i;
    return true;
}

bool ob_tree_read(struct ob_tree *t, const struct ob_efface *e, const char *p, size_t len)
{
    *t = (struct ob_tree){.e = e, .p = p, .at = OB_NO_NODE};
    ob_buf_init(&t->text, OB_BUF_LARGE);
    return ob_json_scan(p, len, on_event, t, NULL) == OB_OK && t->count > 0 &&
           (t->v[0].kind == OB_JSON_BEGIN_MAP || t->v[0].kind == OB_JSON_BEGIN_LIST);
}

void ob_tree_free(struct ob_tree *t)
{
    free(t->v);
    ob_buf_fini(&t->text);
}

bool ob_node_is_text(const struct ob_node *n)
{
    return n->kind == OB_JSON_STRING || n->kind == OB_JSON_INT || n->kind == OB_JSON_REAL;
}

bool ob_tree_is_map(const struct ob_tree *t, uint32_t i)
{
    return i != OB_NO_NODE && t->v[i].kind == OB_JSON_BEGIN_MAP;
}

bool ob_tree_is_list(const struct ob_tree *t, uint32_t i)
{
    return i != OB_NO_NODE && t->v[i].kind == OB_JSON_BEGIN_LIST;
}

bool ob_node_key_is(const struct ob_node *n, const char *key)
{
    return n->key && strlen(key) == n->key_len && memcmp(n->key, key, n->key_len) == 0;
}

struct ob_cell ob_tree_plain(struct ob_tree *t, const char *raw, size_t len)
{
    if (!memchr(raw, '\\', len))
        return (struct ob_cell){raw, len};
    ob_buf_clear(&t->text);
    if (!ob_json_unescape(&t->text, raw, len))
        return (struct ob_cell){raw, len};
    return (struct ob_cell){ob_buf_str(&t->text), t->text.len};
}

uint32_t ob_tree_child(const struct ob_tree *t, uint32_t map, const char *key)
{
    if (!ob_tree_is_map(t, map))
        return OB_NO_NODE;
    for (uint32_t i = map + 1; i < t->v[map].end; i = t->v[i].end)
        if (ob_node_key_is(&t->v[i], key))
            return i;
    return OB_NO_NODE;
}
