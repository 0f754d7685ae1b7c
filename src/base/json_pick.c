/* Reading single strings out of JSON: unescaping, and the pick of one scalar by its path. Both
 * serve code that must not build a tree, because what it reads is a token. */
#include "base/json.h"
#include "base/utf8.h"
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits after a \u; false when they are not there. */
static bool read_unit(const char *raw, size_t len, uint32_t *unit)
{
    *unit = 0;
    if (len < 6 || raw[0] != '\\' || raw[1] != 'u')
        return false;
    for (int i = 2; i < 6; i++) {
        int d = hex_digit(raw[i]);
        if (d < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)d;
    }
    return true;
}

/* Returns how much of raw the escape took, 0 when it is wrong. */
static size_t unescape_unicode(struct ob_buf *out, const char *raw, size_t len)
{
    uint32_t cp, low;
    size_t used = 6;
    char text[4];
    if (!read_unit(raw, len, &cp) || (cp >= 0xDC00 && cp <= 0xDFFF))
        return 0;
    if (cp >= 0xD800 && cp <= 0xDBFF) {
        if (!read_unit(raw + 6, len - 6, &low) || low < 0xDC00 || low > 0xDFFF)
            return 0;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
        used = 12;
    }
    return ob_buf_add(out, text, ob_utf8_put(cp, text)) ? used : 0;
}

static size_t unescape_one(struct ob_buf *out, const char *raw, size_t len)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (len < 2)
        return 0;
    if (raw[1] == 'u')
        return unescape_unicode(out, raw, len);
    const char *at = memchr(from, raw[1], sizeof from - 1);
    return at && ob_buf_addc(out, to[at - from]) ? 2 : 0;
}

bool ob_json_unescape(struct ob_buf *out, const char *raw, size_t len)
{
    size_t i = 0;
    while (i < len) {
        const char *esc = memchr(raw + i, '\\', len - i);
        size_t plain = esc ? (size_t)(esc - raw) - i : len - i;
        if (!ob_buf_add(out, raw + i, plain))
            return false;
        i += plain;
        if (i == len)
            break;
        size_t used = unescape_one(out, raw + i, len - i);
        if (!used)
            return false;
        i += used;
    }
    return true;
}

struct pick {
    const char *step[OB_VALUE_DEPTH];
    int level; /* steps whose maps are open around us */
    bool here; /* the last key was the next step */
    bool found;
    struct ob_buf *out;
};

static size_t step_len(const char *step)
{
    return strcspn(step, ".");
}

static bool is_step(const struct ob_json_event *ev, const char *step)
{
    struct ob_buf key;
    ob_buf_init(&key, OB_BUF_SMALL);
    bool same = ob_json_unescape(&key, ev->raw, ev->len) && key.len == step_len(step) &&
                memcmp(ob_buf_str(&key), step, key.len) == 0;
    ob_buf_fini(&key);
    return same;
}

static bool take(struct pick *k, const struct ob_json_event *ev)
{
    size_t before = k->out->len;
    bool ok = ev->kind == OB_JSON_STRING ? ob_json_unescape(k->out, ev->raw, ev->len)
                                         : ob_buf_add(k->out, ev->raw, ev->len);
    if (!ok && k->out->p) {
        k->out->len = before;
        k->out->p[before] = '\0';
    }
    return ok;
}

/* A value under the key that matched. */
static void on_match(struct pick *k, const struct ob_json_event *ev)
{
    const char *step = k->step[k->level];
    const char *rest = step + step_len(step);
    k->here = false;
    if (*rest == '\0') {
        k->found = ev->kind >= OB_JSON_STRING && ev->kind != OB_JSON_NULL && take(k, ev);
    } else if (ev->kind == OB_JSON_BEGIN_MAP && k->level + 1 < OB_VALUE_DEPTH) {
        k->step[++k->level] = rest + 1;
    }
}

/* Goes on to the end after the find, so that a broken text gives nothing. */
static bool on_event(void *ctx, const struct ob_json_event *ev)
{
    struct pick *k = ctx;
    if (k->found)
        return true;
    if (ev->kind == OB_JSON_END_MAP) {
        if (k->level > 0 && ev->depth == k->level)
            k->level--;
        k->here = false;
    } else if (ev->depth == k->level + 1) {
        if (ev->kind == OB_JSON_KEY)
            k->here = is_step(ev, k->step[k->level]);
        else if (k->here)
            on_match(k, ev);
    }
    return true;
}

bool ob_json_pick(const char *p, size_t len, const char *path, struct ob_buf *out)
{
    struct pick k = {.step = {path}, .out = out};
    size_t before = out->len;
    if (ob_json_scan(p, len, on_event, &k, NULL) == OB_OK)
        return k.found;
    if (out->len > before) {
        out->len = before;
        out->p[before] = '\0';
    }
    return false;
}
