/* See plan_fresh.h. The run itself works with what the plan keeps; these files are looked at so
 * that nobody approves one thing while another one lies in its place. */
#include "cli/plan_fresh.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/signature.h"
#include "engine/plan.h"

#define FILE_MAX ((size_t)256 * 1024 * 1024)

int64_t ob_plan_expires(const struct ob_value *doc)
{
    return ob_map_int(doc, "created_ms", 0) + ob_map_int(doc, "valid_ms", OB_PLAN_VALID_MS);
}

/* A file that is gone proves nothing: the plan has what it needs. One that is another one now is
 * what somebody may believe to have approved. */
static enum ob_status same_file(const char *id, const struct ob_value *of, struct ob_err *err)
{
    const char *path = ob_map_str(of, "path"), *digest = ob_map_str(of, "digest");
    char now[OB_SHA256_HEX];
    struct ob_buf bytes;
    if (!path || !digest || access(path, F_OK) != 0)
        return OB_OK;
    ob_buf_init(&bytes, FILE_MAX);
    enum ob_status st = ob_file_read(path, FILE_MAX, &bytes, OB_ERR_STALE, err);
    if (st == OB_OK && strcmp(ob_sha256_hex(ob_buf_str(&bytes), bytes.len, now), digest) != 0)
        st = ob_fail(err, OB_ERR_STALE, "plan %s: %s has changed since it was planned; plan again",
                     id, path);
    ob_buf_fini(&bytes);
    return st;
}

enum ob_status ob_plan_fresh(const char *id, const struct ob_value *doc, int64_t now_ms,
                             struct ob_err *err)
{
    char until[OB_TIME_TEXT];
    const char *program = ob_map_str(doc, "program");
    const struct ob_value *inputs = ob_map_get(doc, "inputs");
    if (now_ms >= ob_plan_expires(doc))
        return ob_fail(err, OB_ERR_STALE, "plan %s: expired on %s; plan again", id,
                       ob_time_iso(ob_plan_expires(doc), false, until));
    if (!program || strcmp(program, OB_VERSION) != 0)
        return ob_fail(err, OB_ERR_STALE,
                       "plan %s: made by offboard %s, and this is %s; plan again", id,
                       program ? program : "?", OB_VERSION);
    enum ob_status st = same_file(id, ob_map_get(doc, "policy"), err);
    for (size_t i = 0; st == OB_OK && i < ob_list_count(inputs); i++)
        st = same_file(id, ob_list_at(inputs, i), err);
    return st;
}

void ob_plan_by(struct ob_value *by)
{
    const struct passwd *pw = getpwuid(geteuid());
    char number[24], host[256] = "", print[OB_SHA256_HEX];
    struct ob_key *key;
    snprintf(number, sizeof number, "%lld", (long long)geteuid());
    gethostname(host, sizeof host - 1);
    ob_value_set_map(by);
    ob_map_put_str(by, "user", pw ? pw->pw_name : number);
    ob_map_put_str(by, "host", host);
    char *path = ob_xdg_config("key.pub");
    if (ob_key_read_public(&key, path, NULL) == OB_OK)
        ob_map_put_str(by, "key", ob_key_print(key, print));
    ob_key_free(key);
    free(path);
}
