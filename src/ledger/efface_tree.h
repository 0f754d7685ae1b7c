/* A JSON document as a flat list of its values, in their order, each with where it stands in the
 * text. For efface_json.c, which marks some of them. */
#pragma once
#include <stdint.h>
#include "base/json.h"
#include "ledger/efface.h"

#define OB_NO_NODE UINT32_MAX

enum ob_mark {
    OB_KEPT,
    OB_GONE,
    OB_WORDS, /* some of its words go */
    OB_SEEN,  /* a list whose rows were looked at */
};

struct ob_node {
    const char *raw, *key; /* without quotes; key NULL outside of maps */
    uint32_t len, key_len;
    uint32_t parent, end; /* end: the first node that is not below it */
    unsigned char kind, mark;
    bool key_gone;
    bool fixed; /* part of the frame of a plan: never a person */
};

struct ob_tree {
    const struct ob_efface *e;
    const char *p;
    struct ob_node *v;
    size_t count, cap;
    uint32_t at; /* the container that is open */
    const char *key;
    uint32_t key_len;
    struct ob_buf text; /* the string that is looked at */
};

/* `e` may be NULL. False: this is no JSON, or neither a map nor a list. */
bool ob_tree_read(struct ob_tree *t, const struct ob_efface *e, const char *p, size_t len);
void ob_tree_free(struct ob_tree *t);

bool ob_node_is_text(const struct ob_node *n); /* a string or a number */
bool ob_tree_is_map(const struct ob_tree *t, uint32_t i);
bool ob_tree_is_list(const struct ob_tree *t, uint32_t i);
bool ob_node_key_is(const struct ob_node *n, const char *key);
/* The member of a map; OB_NO_NODE: there is none, or it is no map. */
uint32_t ob_tree_child(const struct ob_tree *t, uint32_t map, const char *key);
/* Strings as they were before they were escaped; good until the next call. */
struct ob_cell ob_tree_plain(struct ob_tree *t, const char *raw, size_t len);
