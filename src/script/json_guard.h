/* The two sides of the guard around lua-cjson; used by json.c only. */
#pragma once
#include "base/json.h"
#include "script/sandbox.h"

/* First bytes of strings that stand for what lua-cjson cannot carry. No text has them raw in
 * JSON; a text that begins with one of them gets OB_TAG_TEXT before it. */
#define OB_TAG_NUMBER '\x01' /* digits follow */
#define OB_TAG_TEXT   '\x02' /* the text follows */
#define OB_TAG_EMPTY  '\x03' /* the empty list */
#define OB_TAG_MAP    '\x04' /* first of a list: keys and values follow in turn */
#define OB_TAG_LAST   OB_TAG_MAP

#define OB_JSON_TEXT_MAX   ((size_t)16 * 1024 * 1024)
#define OB_JSON_STRING_MAX ((size_t)8 * 1024 * 1024)

/* What a text will weigh in Lua, counted before it is read. */
struct ob_json_counts {
    size_t keys, tables, values, bytes;
};

/* Never raises. Checks `text` strictly and writes it with tags for lua-cjson. */
bool ob_json_tag(const char *text, size_t len, struct ob_buf *out, struct ob_json_counts *counts,
                 struct ob_err *err);
/* Never raises. Names the first key that an object has twice. */
void ob_json_find_twice(const char *text, size_t len, struct ob_err *err);
/* [-0, +0, e] Replaces tags below the table on top; counts its text keys. */
void ob_json_untag(lua_State *L, size_t *keys);
/* [-0, +1, e] The same for one value on top, replaced. */
void ob_json_untag_value(lua_State *L, size_t *keys);

/* [-0, +1, e] A copy of the value at index with tags for lua-cjson; answers the most bytes that it
 * takes as text. */
size_t ob_json_push_tagged(lua_State *L, int index);
/* Never raises. What lua-cjson wrote, without tags, canonical. */
bool ob_json_clean(const char *text, size_t len, struct ob_buf *out, struct ob_err *err);
