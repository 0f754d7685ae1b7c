/* The aliyun-cli configuration and the Huawei SDK's credential file, read without a tree and
 * without Lua, so that no copy of a key stays behind: each buffer here is wiped. Precedence is
 * aliyun-cli's (the file, and the environment only for what it leaves empty), with one step back:
 * key and secret come from the same place, never half from each. */
#include "script/profiles.h"
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1024 * 1024)

static const char *set_env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void put_secret(struct ob_value *out, const char *field, int handle)
{
    ob_value_set_secret(ob_map_put(out, field), handle);
}

static void put_literal(struct ob_vault *vault, struct ob_value *out, const char *field,
                        const struct ob_buf *bytes)
{
    if (bytes->len)
        put_secret(out, field, ob_secret_literal(vault, ob_buf_str(bytes), bytes->len));
}

static void put_text(struct ob_value *out, const char *field, const struct ob_buf *text)
{
    if (text->len)
        ob_value_set_strn(ob_map_put(out, field), ob_buf_str(text), text->len);
}

/* ---- environment ---- */

struct from_env {
    const char *variable, *field;
    bool secret, needed;
};

static enum ob_status read_env(const struct from_env *list, size_t count, struct ob_vault *vault,
                               struct ob_value *out, struct ob_err *err)
{
    ob_value_set_map(out);
    for (size_t i = 0; i < count; i++) {
        const char *value = set_env(list[i].variable);
        if (!value && list[i].needed)
            return ob_fail(err, OB_ERR_CREDENTIAL, "environment variable %s is not set",
                           list[i].variable);
        if (value && list[i].secret)
            put_secret(out, list[i].field, ob_secret_env(vault, list[i].variable));
        else if (value)
            ob_map_put_str(out, list[i].field, value);
    }
    return OB_OK;
}

enum ob_status ob_profile_aliyun_env(struct ob_vault *vault, struct ob_value *out,
                                     struct ob_err *err)
{
    static const struct from_env list[] = {
        {"ALIBABA_CLOUD_ACCESS_KEY_ID", "access_key_id", false, true},
        {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "access_key_secret", true, true},
        {"ALIBABA_CLOUD_SECURITY_TOKEN", "security_token", true, false},
    };
    return read_env(list, sizeof list / sizeof *list, vault, out, err);
}

enum ob_status ob_profile_huaweicloud_env(struct ob_vault *vault, struct ob_value *out,
                                          struct ob_err *err)
{
    static const struct from_env list[] = {
        {"HUAWEICLOUD_SDK_AK", "access_key", false, true},
        {"HUAWEICLOUD_SDK_SK", "secret_key", true, true},
        {"HUAWEICLOUD_SDK_SECURITY_TOKEN", "security_token", true, false},
        {"HUAWEICLOUD_SDK_PROJECT_ID", "project_id", false, false},
    };
    return read_env(list, sizeof list / sizeof *list, vault, out, err);
}

/* ---- aliyun-cli ---- */

enum { NAME, MODE, KEY_ID, KEY_SECRET, STS_TOKEN, REGION, ALIYUN_FIELDS };
static const char *const aliyun_names[ALIYUN_FIELDS] = {
    "name", "mode", "access_key_id", "access_key_secret", "sts_token", "region_id",
};

struct aliyun {
    const char *path, *want;
    struct ob_buf field[ALIYUN_FIELDS]; /* of the profile that is being read */
    int at;                             /* the field whose value comes next, or -1 */
    bool in_profiles, found;
};

static void forget(struct aliyun *a)
{
    for (int i = 0; i < ALIYUN_FIELDS; i++) {
        ob_buf_wipe(&a->field[i]);
        ob_buf_init(&a->field[i], OB_BUF_SMALL);
    }
    a->at = -1;
}

static bool is_key(const struct ob_json_event *ev, const char *name)
{
    return ev->len == strlen(name) && memcmp(ev->raw, name, ev->len) == 0;
}

static int which_field(const struct ob_json_event *ev)
{
    for (int i = 0; i < ALIYUN_FIELDS; i++)
        if (is_key(ev, aliyun_names[i]))
            return i;
    return -1;
}

/* {"profiles": [{"name": ...}]}: its keys are at depth 1 and 3, a profile's braces at 2. */
static bool on_aliyun(void *ctx, const struct ob_json_event *ev)
{
    struct aliyun *a = ctx;
    if (ev->kind == OB_JSON_KEY && ev->depth == 1)
        a->in_profiles = is_key(ev, "profiles");
    if (!a->in_profiles)
        return true;
    if (ev->kind == OB_JSON_BEGIN_MAP && ev->depth == 2)
        forget(a);
    else if (ev->kind == OB_JSON_KEY && ev->depth == 3)
        a->at = which_field(ev);
    else if (ev->kind == OB_JSON_STRING && ev->depth == 3 && a->at >= 0)
        ob_json_unescape(&a->field[a->at], ev->raw, ev->len);
    else if (ev->kind == OB_JSON_END_MAP && ev->depth == 2)
        a->found = strcmp(ob_buf_str(&a->field[NAME]), a->want) == 0;
    return !a->found;
}

static enum ob_status incomplete(const struct aliyun *a, int field, struct ob_err *err)
{
    return ob_fail(err, OB_ERR_CREDENTIAL, "%s: profile %s has no %s", a->path, a->want,
                   aliyun_names[field]);
}

static enum ob_status take_aliyun(struct aliyun *a, struct ob_vault *vault, struct ob_value *out,
                                  struct ob_err *err)
{
    const char *mode = ob_buf_str(&a->field[MODE]);
    bool sts = strcmp(mode, "StsToken") == 0;
    if (!sts && *mode && strcmp(mode, "AK") != 0)
        return ob_fail(err, OB_ERR_CREDENTIAL,
                       "%s: profile %s has mode %.40s; only AK and StsToken can be used (a program "
                       "that prints the key can: secret.command)",
                       a->path, a->want, mode);
    if (!a->field[KEY_ID].len && !a->field[KEY_SECRET].len) {
        enum ob_status status = ob_profile_aliyun_env(vault, out, err);
        if (status != OB_OK)
            return incomplete(a, KEY_ID, err);
    } else {
        int needed[] = {KEY_ID, KEY_SECRET, sts ? STS_TOKEN : KEY_ID};
        for (int i = 0; i < 3; i++)
            if (!a->field[needed[i]].len)
                return incomplete(a, needed[i], err);
        put_text(out, "access_key_id", &a->field[KEY_ID]);
        put_literal(vault, out, "access_key_secret", &a->field[KEY_SECRET]);
        if (sts)
            put_literal(vault, out, "security_token", &a->field[STS_TOKEN]);
    }
    put_text(out, "region", &a->field[REGION]);
    return OB_OK;
}

static const char *chosen_profile(const char *name, const struct ob_buf *file, struct ob_buf *room)
{
    static const char *const variables[] = {"ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE",
                                            "ALICLOUD_PROFILE"};
    for (size_t i = 0; !name && i < sizeof variables / sizeof *variables; i++)
        name = set_env(variables[i]);
    if (!name && ob_json_pick(ob_buf_str(file), file->len, "current", room))
        name = ob_buf_str(room);
    return name ? name : "default";
}

static enum ob_status find_aliyun(struct aliyun *a, const struct ob_buf *file,
                                  struct ob_vault *vault, struct ob_value *out, struct ob_err *err)
{
    forget(a);
    enum ob_status status = ob_json_scan(ob_buf_str(file), file->len, on_aliyun, a, err);
    if (status != OB_OK) {
        ob_err_prefix(err, "%s", a->path);
        err->status = status = OB_ERR_CREDENTIAL;
    } else if (!a->found) {
        status = ob_fail(err, OB_ERR_CREDENTIAL, "%s: there is no profile %s", a->path, a->want);
    } else {
        status = take_aliyun(a, vault, out, err);
    }
    forget(a);
    return status;
}

enum ob_status ob_profile_aliyun(struct ob_vault *vault, const char *name, struct ob_value *out,
                                 struct ob_err *err)
{
    const char *other = set_env("ALIBABA_CLOUD_CONFIG_FILE");
    struct aliyun a = {.path = other ? other : "~/.aliyun/config.json"};
    struct ob_buf file, room;
    ob_buf_init(&file, FILE_MAX);
    ob_buf_init(&room, OB_BUF_SMALL);
    ob_value_set_map(out);
    enum ob_status status = ob_secret_read_file(a.path, &file, err);
    if (status == OB_OK) {
        a.want = chosen_profile(name, &file, &room);
        status = find_aliyun(&a, &file, vault, out, err);
    }
    ob_buf_fini(&room);
    ob_buf_wipe(&file);
    return status;
}

/* ---- Huawei SDK ---- */

struct piece {
    const char *p;
    size_t len;
};

static struct piece trim(const char *p, size_t len)
{
    for (; len && strchr(" \t\r", *p); p++)
        len--;
    while (len && strchr(" \t\r", p[len - 1]))
        len--;
    return (struct piece){p, len};
}

static bool is(struct piece piece, const char *text)
{
    return piece.len == strlen(text) && memcmp(piece.p, text, piece.len) == 0;
}

/* One `key = value` of the section. */
static void take_huaweicloud(struct piece line, struct ob_vault *vault, struct ob_value *out)
{
    static const struct {
        const char *key, *field;
        bool secret;
    } map[] = {
        {"ak", "access_key", false},
        {"sk", "secret_key", true},
        {"security_token", "security_token", true},
        {"project_id", "project_id", false},
    };
    const char *equals = memchr(line.p, '=', line.len);
    if (!equals)
        return;
    struct piece key = trim(line.p, (size_t)(equals - line.p));
    struct piece value = trim(equals + 1, line.len - (size_t)(equals + 1 - line.p));
    for (size_t i = 0; value.len && i < sizeof map / sizeof *map; i++) {
        if (!is(key, map[i].key))
            continue;
        if (map[i].secret)
            put_secret(out, map[i].field, ob_secret_literal(vault, value.p, value.len));
        else
            ob_value_set_strn(ob_map_put(out, map[i].field), value.p, value.len);
    }
}

/* True when the section was there. */
static bool read_ini(const struct ob_buf *file, const char *section, struct ob_vault *vault,
                     struct ob_value *out)
{
    bool inside = false, seen = false;
    const char *at = ob_buf_str(file), *end = at + file->len;
    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *stop = nl ? nl : end;
        struct piece line = trim(at, (size_t)(stop - at));
        if (line.len > 1 && line.p[0] == '[' && line.p[line.len - 1] == ']') {
            inside = is(trim(line.p + 1, line.len - 2), section);
            seen = seen || inside;
        } else if (inside && line.len && !strchr("#;", line.p[0])) {
            take_huaweicloud(line, vault, out);
        }
        at = nl ? nl + 1 : end;
    }
    return seen;
}

enum ob_status ob_profile_huaweicloud(struct ob_vault *vault, const char *section,
                                      struct ob_value *out, struct ob_err *err)
{
    const char *other = set_env("HUAWEICLOUD_SDK_CREDENTIALS_FILE");
    const char *path = other ? other : "~/.huaweicloud/credentials";
    struct ob_buf file;
    section = section ? section : "basic";
    ob_buf_init(&file, FILE_MAX);
    ob_value_set_map(out);
    enum ob_status status = ob_secret_read_file(path, &file, err);
    if (status == OB_OK && !read_ini(&file, section, vault, out))
        status = ob_fail(err, OB_ERR_CREDENTIAL, "%s: there is no section [%s]", path, section);
    const char *missing = !ob_map_get(out, "access_key")   ? "ak"
                          : !ob_map_get(out, "secret_key") ? "sk"
                                                           : NULL;
    if (status == OB_OK && missing)
        status =
            ob_fail(err, OB_ERR_CREDENTIAL, "%s: section [%s] has no %s", path, section, missing);
    ob_buf_wipe(&file);
    return status;
}
