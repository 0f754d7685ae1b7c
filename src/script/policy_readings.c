/* Readings as blobs of the ledger: what a policy was told is kept, so that a replay is told the
 * same. */
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "script/policy_parts.h"

static bool says(const struct ob_value *v, const char *field, const char *text)
{
    const char *s = ob_map_str(v, field);
    return s && strcmp(s, text) == 0;
}

/* In APPLY a reading that the plan does not have (the policy took another way) is kept under the
 * run, as something learned of its target. */
static char *learned_name(const struct ob_policy *p, const struct ob_reading *r)
{
    return ob_xasprintf("reading.%lld.%s.%s.%s", (long long)p->opt.run, r->path, r->op, r->asked);
}

void ob_reading_digest(const struct ob_value *args, char out[65])
{
    struct ob_buf json;
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, args);
    ob_sha256_hex(ob_buf_str(&json), json.len, out);
    ob_buf_fini(&json);
}

static enum ob_status put_answer(struct ob_policy *p, const struct ob_value *answer,
                                 char digest[OB_SHA256_HEX], struct ob_err *err)
{
    struct ob_buf json;
    ob_buf_init(&json, OB_BUF_LARGE);
    ob_json_write(&json, answer);
    enum ob_status st = ob_ledger_blob_put(p->opt.ledger, ob_buf_str(&json), json.len, digest, err);
    ob_buf_fini(&json);
    return st;
}

enum ob_status ob_record_reading(struct ob_policy *p, const struct ob_reading *r,
                                 const struct ob_value *answer, struct ob_err *err)
{
    char digest[OB_SHA256_HEX];
    enum ob_status st = put_answer(p, answer, digest, err);
    if (st != OB_OK)
        return st;
    if (p->opt.mode == OB_MODE_APPLY) {
        char *name = learned_name(p, r);
        st = ob_ledger_learned_put(p->opt.ledger, r->t->name, name, digest, err);
        free(name);
        return st;
    }
    struct ob_value *v = ob_list_push(ob_map_put(&p->doc, "readings"));
    ob_value_set_map(v);
    ob_map_put_str(v, "path", r->path);
    ob_map_put_str(v, "target", r->t->name);
    ob_map_put_str(v, "op", r->op);
    ob_map_put_str(v, "asked", r->asked);
    ob_map_put_str(v, "digest", digest);
    return OB_OK;
}

static const struct ob_value *planned_reading(const struct ob_policy *p, const struct ob_reading *r)
{
    const struct ob_value *all = ob_map_get(p->opt.plan, "readings");
    for (size_t i = 0; i < ob_list_count(all); i++) {
        const struct ob_value *v = ob_list_at(all, i);
        if (says(v, "path", r->path) && says(v, "target", r->t->name) && says(v, "op", r->op) &&
            says(v, "asked", r->asked))
            return v;
    }
    return NULL;
}

static enum ob_status find_digest(struct ob_policy *p, const struct ob_reading *r,
                                  struct ob_buf *digest, struct ob_err *err)
{
    const struct ob_value *planned = planned_reading(p, r);
    if (planned) {
        ob_buf_adds(digest, ob_map_str(planned, "digest"));
        return OB_OK;
    }
    char *name = learned_name(p, r);
    enum ob_status st = ob_ledger_learned_get(p->opt.ledger, r->t->name, name, digest, err);
    free(name);
    return st;
}

enum ob_status ob_replay_reading(struct ob_policy *p, const struct ob_reading *r, bool *found,
                                 struct ob_value *answer, struct ob_err *err)
{
    struct ob_buf digest, json;
    *found = false;
    if (p->opt.mode == OB_MODE_PLAN)
        return OB_OK;
    ob_buf_init(&digest, 256);
    ob_buf_init(&json, OB_BUF_LARGE);
    enum ob_status st = find_digest(p, r, &digest, err);
    if (st == OB_OK && digest.len) {
        st = ob_ledger_blob_get(p->opt.ledger, ob_buf_str(&digest), &json, err);
        if (st == OB_OK)
            st = ob_script_json(ob_buf_str(&json), json.len, answer, err);
        *found = st == OB_OK;
    }
    ob_buf_fini(&digest);
    ob_buf_fini(&json);
    return st;
}
