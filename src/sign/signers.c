/* The table of signers, and the credential fields that they read. A field's text is lent from
 * here or from the vault; no signer keeps it. */
#include "sign/internal.h"
#include "base/mem.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

const struct ob_signer *ob_signer_find(const char *name)
{
    static const struct ob_signer *const all[] = {
#define OB_SIGNER(name) &ob_signer_##name,
#include "sign/signers.def"
#undef OB_SIGNER
    };
    for (size_t i = 0; name && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

static void wipe_text(char *s)
{
    if (s)
        OPENSSL_cleanse(s, strlen(s));
    free(s);
}

void ob_credential_add(struct ob_credential *c, const char *name, const char *text, int secret)
{
    c->v = ob_xrealloc(c->v, c->count + 1, sizeof *c->v);
    c->v[c->count++] = (struct ob_credential_field){
        .name = ob_xstrdup(name), .text = text ? ob_xstrdup(text) : NULL, .secret = secret};
}

void ob_credential_fini(struct ob_credential *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->v[i].name);
        wipe_text(c->v[i].text);
    }
    free(c->v);
    c->v = NULL;
    c->count = 0;
}

static const struct ob_credential_field *find(const struct ob_credential *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->v[i].name, name) == 0)
            return &c->v[i];
    return NULL;
}

/* An empty text is what an unset variable leaves behind, so it counts as absent. */
static bool given(const struct ob_credential_field *f)
{
    return f && (!f->text || *f->text);
}

bool ob_credential_has(const struct ob_credential *c, const char *name)
{
    return given(find(c, name));
}

enum ob_status ob_credential_get(const struct ob_credential *c, const char *name, const char **out,
                                 struct ob_err *err)
{
    const struct ob_credential_field *f = find(c, name);
    *out = NULL;
    if (!given(f))
        return OB_OK;
    if (f->text) {
        *out = f->text;
        return OB_OK;
    }
    enum ob_status status = ob_secret_get(c->vault, f->secret, out, err);
    if (status != OB_OK)
        ob_err_prefix(err, "credential field %s", name);
    return status;
}

enum ob_status ob_credential_need(const struct ob_credential *c, const char *name, const char **out,
                                  struct ob_err *err)
{
    enum ob_status status = ob_credential_get(c, name, out, err);
    if (status == OB_OK && !*out)
        return ob_fail(err, OB_ERR_CREDENTIAL,
                       "credential field %s is missing; set it in the target", name);
    return status;
}

void ob_token_fini(struct ob_token *t)
{
    wipe_text(t->bytes);
    *t = (struct ob_token){0};
}
