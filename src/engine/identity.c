/* See identity.h. */
#include "engine/identity.h"
#include <string.h>
#include "base/digest.h"
#include "base/json.h"

#define DIGITS 10 /* of each field's digest: enough to tell two values of one person apart */

static bool is_missing(const struct ob_value *v)
{
    return !v || v->type == OB_NULL || (v->type == OB_STR && !v->s.len);
}

static void add_field(struct ob_buf *out, const struct ob_value *v)
{
    char digest[OB_SHA256_HEX];
    struct ob_buf json;
    if (is_missing(v)) {
        ob_buf_addc(out, '-');
        return;
    }
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, v);
    ob_buf_add(out, ob_sha256_hex(ob_buf_str(&json), json.len, digest), DIGITS);
    ob_buf_fini(&json);
}

void ob_identity_print(const struct ob_provider_info *info, const struct ob_value *row,
                       struct ob_buf *out)
{
    const struct ob_value *fields = ob_map_get(row, "fields");
    if (!fields || fields->type != OB_MAP || !fields->map.count)
        return;
    for (size_t i = 0; i < info->identity_count; i++) {
        if (i)
            ob_buf_addc(out, '.');
        add_field(out, ob_map_get(fields, info->identity[i]));
    }
}

const char *ob_identity_differs(const struct ob_provider_info *info, const char *was,
                                const char *is)
{
    for (size_t i = 0; i < info->identity_count && *was && *is; i++) {
        size_t a = strcspn(was, "."), b = strcspn(is, ".");
        bool both = *was != '-' && *is != '-';
        if (both && (a != b || memcmp(was, is, a) != 0))
            return info->identity[i];
        was += a + (was[a] == '.');
        is += b + (is[b] == '.');
    }
    return NULL;
}
