/* The canonical request: method, path, query, headers, names, payload hash, a line each. ACS3 and
 * Huawei's SDK signature agree on it but for the end of the path, which is theirs. */
#include "sign/internal.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void ob_signature_init(struct ob_signature *s)
{
    ob_buf_init(&s->canonical, OB_BUF_LARGE);
    ob_buf_init(&s->to_sign, OB_BUF_LARGE);
    ob_buf_init(&s->authorization, OB_BUF_LARGE);
}

void ob_signature_fini(struct ob_signature *s)
{
    ob_buf_wipe(&s->canonical);
    ob_buf_wipe(&s->to_sign);
    ob_buf_wipe(&s->authorization);
}

static void recode_segment(struct ob_buf *out, const char *s, size_t len)
{
    struct ob_buf plain;
    ob_buf_init(&plain, OB_BUF_LARGE);
    ob_percent_decode(&plain, s, len);
    ob_percent_encode(out, ob_buf_str(&plain), plain.len);
    ob_buf_fini(&plain);
}

static void recode(struct ob_buf *out, const char *path)
{
    for (;;) {
        size_t n = strcspn(path, "/");
        recode_segment(out, path, n);
        if (!path[n])
            return;
        ob_buf_addc(out, '/');
        path += n + 1;
    }
}

void ob_canon_path(struct ob_buf *out, const char *base, const char *path)
{
    recode(out, base);
    recode(out, path);
    if (!out->len)
        ob_buf_addc(out, '/');
}

/* Lower-case name, and the value without white space around it, as every receiver reads it. */
static void add_signed(struct ob_fields *to, const struct ob_field *h)
{
    char *name = ob_xstrdup(h->name);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    const char *from = h->value + strspn(h->value, " \t");
    size_t len = strlen(from);
    while (len && strchr(" \t", from[len - 1]))
        len--;
    char *value = ob_xmemdup(from, len);
    ob_fields_add(to, name, value);
    free(name);
    free(value);
}

static void add_headers(struct ob_buf *out, struct ob_buf *names, const struct ob_fields *headers)
{
    struct ob_fields sorted = {0};
    for (size_t i = 0; i < headers->count; i++)
        add_signed(&sorted, &headers->v[i]);
    ob_fields_sort(&sorted);
    for (size_t i = 0; i < sorted.count; i++) {
        ob_buf_addf(out, "%s:%s\n", sorted.v[i].name, sorted.v[i].value);
        ob_buf_addf(names, "%s%s", i ? ";" : "", sorted.v[i].name);
    }
    ob_fields_fini(&sorted);
}

void ob_canon_request(struct ob_buf *out, struct ob_buf *names, const struct ob_request *r,
                      const char *uri, const struct ob_fields *headers, const char *payload_hash)
{
    struct ob_fields query;
    ob_fields_copy(&query, &r->query);
    ob_fields_sort(&query);
    ob_buf_addf(out, "%s\n%s\n", r->method, uri);
    ob_form_encode(&query, out);
    ob_buf_addc(out, '\n');
    add_headers(out, names, headers);
    ob_buf_addf(out, "\n%s\n%s", ob_buf_str(names), payload_hash);
    ob_fields_fini(&query);
}

char *ob_canon_hmac(const char *secret, const struct ob_buf *text, char out[OB_SHA256_HEX])
{
    unsigned char mac[32];
    struct ob_buf hex;
    ob_hmac_sha256(secret, strlen(secret), ob_buf_str(text), text->len, mac);
    ob_buf_init(&hex, OB_BUF_SMALL);
    ob_hex(&hex, mac, sizeof mac);
    memcpy(out, ob_buf_str(&hex), OB_SHA256_HEX);
    ob_buf_fini(&hex);
    return out;
}

enum ob_status ob_canon_pick(struct ob_fields *to, const struct ob_request *r,
                             bool (*wanted)(const char *name), struct ob_err *err)
{
    for (size_t i = 0; i < r->headers.count; i++) {
        const struct ob_field *h = &r->headers.v[i];
        if (!wanted(h->name))
            continue;
        if (ob_fields_get(to, h->name))
            return ob_fail(err, OB_ERR, "request: header '%s' is there twice and cannot be signed",
                           h->name);
        ob_fields_add(to, h->name, h->value);
    }
    return OB_OK;
}
