/* offboard key: the key with which this operator approves, and by which a plan says who made it. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/approvals.h"
#include "report/events.h"

/* "key.pub" beside "key.pem" */
static char *public_path(const char *path)
{
    size_t n = strlen(path);
    bool pem = n > 4 && strcmp(path + n - 4, ".pem") == 0;
    return ob_xasprintf("%.*s.pub", (int)(pem ? n - 4 : n), path);
}

static enum ob_status make_folder(const char *path, struct ob_err *err)
{
    char *folder = ob_xstrdup(path), *slash = strrchr(folder, '/');
    enum ob_status st = OB_OK;
    if (slash && slash != folder) {
        *slash = '\0';
        st = ob_dir_make(folder, err);
    }
    free(folder);
    return st;
}

static void tell(const struct ob_cli *cli, const struct ob_key *key, const char *path,
                 const char *public)
{
    char print[OB_SHA256_HEX];
    ob_key_print(key, print);
    if (cli->json) {
        struct ob_event ev;
        struct ob_buf pem;
        ob_event_init(&ev, "key");
        ob_buf_init(&pem, OB_BUF_SMALL);
        ob_key_public_pem(key, &pem);
        ob_map_put_str(&ev.fields, "key", print);
        ob_map_put_str(&ev.fields, "file", path);
        ob_map_put_str(&ev.fields, "pem", ob_buf_str(&pem));
        ob_event_emit(&ev, stdout);
        ob_buf_fini(&pem);
        return;
    }
    ob_cli_print(cli, "key %s", print);
    if (public) {
        ob_cli_print(cli, "%s", path);
        ob_cli_print(cli, "%s", public);
        ob_cli_say(cli, "keep the first file to yourself; the second goes beside targets.lua");
    }
}

static enum ob_status key_new(const struct ob_cli *cli, struct ob_err *err)
{
    const char *given = ob_cli_text(cli, "output");
    char *path = given ? ob_path_expand(given) : ob_xdg_config("key.pem");
    char *public = public_path(path);
    struct ob_key *key = ob_key_new();
    enum ob_status st = make_folder(path, err);
    if (st == OB_OK)
        st = ob_key_write_private(key, path, err);
    if (st == OB_OK) {
        st = ob_key_write_public(key, public, err);
        if (st != OB_OK)
            (void)remove(path); /* half a pair would be in the way of the next one */
    }
    if (st == OB_OK)
        tell(cli, key, path, public);
    ob_key_free(key);
    free(public);
    free(path);
    return st;
}

static enum ob_status key_show(const struct ob_cli *cli, struct ob_err *err)
{
    char *path = ob_key_path(cli);
    struct ob_key *key;
    struct ob_buf pem;
    struct ob_err other;
    enum ob_status st = ob_key_read_private(&key, path, err);
    if (st != OB_OK && ob_key_read_public(&key, path, &other) == OB_OK)
        st = OB_OK; /* a public one has a name, too */
    if (st == OB_OK)
        tell(cli, key, path, NULL);
    if (st == OB_OK && !cli->json) {
        ob_buf_init(&pem, OB_BUF_SMALL);
        ob_key_public_pem(key, &pem);
        fputs(ob_buf_str(&pem), stdout);
        ob_buf_fini(&pem);
    }
    ob_key_free(key);
    free(path);
    return st;
}

enum ob_status ob_cmd_key(struct ob_cli *cli, struct ob_err *err)
{
    const char *what = ob_cli_text(cli, "what");
    return strcmp(what, "new") == 0 ? key_new(cli, err) : key_show(cli, err);
}
