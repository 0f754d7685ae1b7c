/* The redactor: a list of needles, which are the secrets and the forms in which they travel
 * (percent-encoded, base64 at any alignment, JSON-escaped). Matches may overlap; all that any of
 * them covers becomes one "***", and so does a beginning of one at the very end, where a message
 * was cut. It looks for exact bytes: a secret that was hashed, split or otherwise changed is not
 * recognised. */
#include "base/secret_internal.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/message.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST ((size_t)4) /* shorter needles would blot out ordinary text */
#define CUT      ((size_t)8) /* so much of a secret at the end of a text that was cut is one too */

struct needle {
    char *p;
    size_t len;
};

struct ob_redactor {
    struct needle *v; /* longest first, so that the first match at a place is the longest */
    size_t count, cap;
    bool begins[256]; /* bytes that some needle begins with */
    char *last;       /* what was lent */
};

struct ob_redactor *ob_redactor_new(void)
{
    return ob_xcalloc(1, sizeof(struct ob_redactor));
}

void ob_redactor_free(struct ob_redactor *r)
{
    for (size_t i = 0; i < r->count; i++) {
        OPENSSL_cleanse(r->v[i].p, r->v[i].len);
        free(r->v[i].p);
    }
    free(r->v);
    free(r->last);
    free(r);
}

static void add_needle(struct ob_redactor *r, const char *p, size_t len)
{
    size_t at = 0;
    if (len < SHORTEST)
        return;
    while (at < r->count && r->v[at].len >= len) {
        if (r->v[at].len == len && memcmp(r->v[at].p, p, len) == 0)
            return;
        at++;
    }
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        r->v = ob_xrealloc(r->v, r->cap, sizeof *r->v);
    }
    memmove(&r->v[at + 1], &r->v[at], (r->count - at) * sizeof *r->v);
    r->v[at] = (struct needle){ob_xmemdup(p, len), len};
    r->count++;
    r->begins[(unsigned char)p[0]] = true;
}

/* "%2F" and "%2f" are both written by somebody, and '+' for a space. */
static void add_percent(struct ob_redactor *r, const char *bytes, size_t len)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_LARGE);
    ob_percent_encode(&b, bytes, len);
    add_needle(r, ob_buf_str(&b), b.len);
    for (size_t i = 0; i + 2 < b.len; i++)
        for (size_t k = 1; b.p[i] == '%' && k < 3; k++)
            if (b.p[i + k] >= 'A' && b.p[i + k] <= 'F')
                b.p[i + k] = (char)(b.p[i + k] + 32);
    add_needle(r, ob_buf_str(&b), b.len);
    ob_buf_wipe(&b);
}

/* Both alphabets, with and without the padding's share. */
static void add_base64_text(struct ob_redactor *r, char *p, size_t len)
{
    add_needle(r, p, len);
    for (size_t i = 0; i < len; i++)
        p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
    add_needle(r, p, len);
}

/* Inside a longer base64 text (Basic's "user:password") the secret begins at one of three
 * alignments; the characters that depend on its neighbours are left out of the needle. */
static void add_base64(struct ob_redactor *r, const char *bytes, size_t len)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_LARGE);
    ob_base64(&b, bytes, len);
    add_base64_text(r, b.p, b.len);
    for (size_t shift = 0; shift < 3; shift++) {
        char *padded = ob_xcalloc(1, shift + len + 1);
        memcpy(padded + shift, bytes, len);
        ob_buf_clear(&b);
        ob_base64(&b, padded, shift + len);
        size_t first = (shift * 8 + 5) / 6, end = (shift + len) * 8 / 6;
        add_base64_text(r, b.p + first, end - first);
        OPENSSL_cleanse(padded, shift + len);
        free(padded);
    }
    ob_buf_wipe(&b);
}

static void add_json(struct ob_redactor *r, const char *bytes, size_t len)
{
    struct ob_buf b;
    ob_buf_init(&b, OB_BUF_LARGE);
    ob_json_write_str(&b, bytes, len);
    add_needle(r, b.p + 1, b.len - 2);
    ob_buf_wipe(&b);
}

void ob_redactor_add(struct ob_redactor *r, const char *bytes, size_t len)
{
    if (len < SHORTEST)
        return;
    add_needle(r, bytes, len);
    add_percent(r, bytes, len);
    add_base64(r, bytes, len);
    add_json(r, bytes, len);
}

static size_t longest_at(const struct ob_redactor *r, const char *p, size_t len)
{
    if (!r->begins[(unsigned char)*p])
        return 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t n = r->v[i].len > len && len >= CUT ? len : r->v[i].len;
        if (n <= len && memcmp(r->v[i].p, p, n) == 0)
            return n;
    }
    return 0;
}

const char *ob_redactor_run(struct ob_redactor *r, const char *text)
{
    size_t len = strlen(text), hidden = 0; /* all before `hidden` is covered by a match */
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    for (size_t i = 0; i < len; i++) {
        size_t n = longest_at(r, text + i, len - i);
        if (n && i >= hidden)
            ob_buf_adds(&out, "***");
        if (i + n > hidden && n)
            hidden = i + n;
        if (i >= hidden)
            ob_buf_addc(&out, text[i]);
    }
    char *done = ob_buf_take(&out);
    free(r->last);
    r->last = done;
    return done;
}
