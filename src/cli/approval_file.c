/* An approval as a file, for approvers on another machine; and whose key signs here. */
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/approvals.h"
#include "engine/plan.h"

#define APPROVAL_MAX ((size_t)16 * 1024 * 1024)

char *ob_key_path(const struct ob_cli *cli)
{
    const char *given = ob_cli_text(cli, "key");
    return given ? ob_path_expand(given) : ob_xdg_config("key.pem");
}

enum ob_status ob_approval_write(const struct ob_approval_row *row, const char *path,
                                 struct ob_err *err)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    ob_buf_add(&text, ob_buf_str(&row->document), row->document.len);
    ob_buf_addc(&text, '\n');
    ob_base64(&text, ob_buf_str(&row->signature), row->signature.len);
    ob_buf_addc(&text, '\n');
    enum ob_status st = ob_file_write(path, ob_buf_str(&text), text.len, 0600, err);
    ob_buf_fini(&text);
    return st;
}

static enum ob_status no_approval(const char *path, const char *why, struct ob_err *err)
{
    return ob_fail(err, OB_ERR_APPROVAL,
                   "approval %s: %s; `offboard approve PLAN --output FILE` writes one", path, why);
}

/* The document is the first line, the signature the second, and there is no third. */
static bool split(const char *text, size_t len, struct ob_approval_row *row)
{
    const char *end = memchr(text, '\n', len);
    size_t first = end ? (size_t)(end - text) : len;
    size_t left = end ? len - first - 1 : 0;
    const char *stop = end ? memchr(end + 1, '\n', left) : NULL;
    if (!stop || (size_t)(stop - end) != left)
        return false;
    ob_buf_add(&row->document, text, first);
    return ob_unbase64(&row->signature, end + 1, left - 1);
}

static enum ob_status read_names(struct ob_approval_row *row, const char *path, struct ob_err *err)
{
    struct ob_value doc;
    struct ob_err unused;
    ob_value_init(&doc);
    const struct ob_buf *text = &row->document;
    enum ob_status st = ob_script_json(ob_buf_str(text), text->len, &doc, &unused);
    const char *wrong = st == OB_OK ? ob_approval_wrong(&doc, text) : "its first line is no JSON";
    if (!wrong)
        row->key = ob_xstrdup(ob_map_str(&doc, "key"));
    ob_value_fini(&doc);
    return wrong ? no_approval(path, wrong, err) : OB_OK;
}

enum ob_status ob_approval_load(struct ob_approval_row *row, const char *path, struct ob_err *err)
{
    struct ob_buf text;
    *row = (struct ob_approval_row){0};
    ob_buf_init(&text, APPROVAL_MAX);
    ob_buf_init(&row->document, APPROVAL_MAX);
    ob_buf_init(&row->signature, APPROVAL_MAX);
    enum ob_status st = ob_file_read(path, APPROVAL_MAX, &text, OB_ERR_APPROVAL, err);
    if (st == OB_OK && !split(ob_buf_str(&text), text.len, row))
        st = no_approval(path, "it is not two lines, a document and its signature", err);
    if (st == OB_OK)
        st = read_names(row, path, err);
    ob_buf_fini(&text);
    return st;
}

/* Kept only when it counts: the ledger is no place for what somebody sent. */
static enum ob_status bring(struct ob_session *s, const char *id, const struct ob_value *doc,
                            const char *path, struct ob_err *err)
{
    struct ob_approval_row row;
    struct ob_approvals a = {0};
    enum ob_status st = ob_approval_load(&row, path, err);
    memcpy(row.plan, id, OB_PLAN_ID);
    if (st == OB_OK)
        st = ob_approvals_judge_one(&a, s->config, &row, doc, err);
    if (st == OB_OK && !a.all[0].counts)
        st = ob_fail(err, OB_ERR_APPROVAL, "approval %s does not count for plan %s: %s", path, id,
                     a.all[0].fault);
    if (st == OB_OK)
        st = ob_ledger_approval_put(s->ledger, &row, err);
    ob_approvals_fini(&a);
    ob_approval_row_fini(&row);
    return st;
}

enum ob_status ob_approvals_bring(struct ob_session *s, const char *id, const struct ob_value *doc,
                                  struct ob_err *err)
{
    const struct ob_value *files = ob_map_get(s->cli->args, "approval");
    enum ob_status st = OB_OK;
    for (size_t i = 0; st == OB_OK && i < ob_list_count(files); i++)
        st = bring(s, id, doc, ob_value_str(ob_list_at(files, i)), err);
    return st;
}
