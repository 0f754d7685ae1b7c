/* offboard new NAME: a folder with a policy, a sample of leavers and a targets.lua to fill in.
 * Texts are lua/offboard/templates; only the sample is made here, because its dates lie around
 * today. Nothing that exists is overwritten, also when it appears while we write. */
#include "cli/cli.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/events.h"
#include "script/script.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* The template's text with every @NAME@ replaced. */
static enum ob_status fill_template(struct ob_buf *out, const char *file, const char *name,
                                    struct ob_err *err)
{
    static const char mark[] = "@NAME@";
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_SMALL);
    enum ob_status status = ob_script_file(file, &text, err);
    const char *at = ob_buf_str(&text), *hit;
    for (; (hit = strstr(at, mark)); at = hit + sizeof mark - 1) {
        ob_buf_add(out, at, (size_t)(hit - at));
        ob_buf_adds(out, name);
    }
    ob_buf_adds(out, at);
    ob_buf_fini(&text);
    return status;
}

/* Ids as the simulated clouds and the policy name them; two of the five have days left. */
static void make_sample(struct ob_buf *out, int64_t now_ms)
{
    static const struct {
        const char *employee, *name, *account, *desktop;
        int day; /* from today */
    } rows[] = {
        {"E10001", "Chen Wei", "wei.chen", "chenwei", -3},
        {"E10002", "Garcia, Ana", "ana.garcia", "anagarcia", -1},
        {"E10003", "王芳", "fang.wang", "wangfang", 0},
        {"E10004", "Okafor Chidi", "chidi.okafor", "okaforchidi", 7},
        {"E10005", "Jensen Mette", "mette.jensen", "jensenmette", 14},
    };
    char day[OB_TIME_TEXT];
    ob_buf_adds(out, "employee,name,meeting_account,iam_user_id,desktop_user,last_day\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ob_buf_addf(out, "%s,\"%s\",%s,%032zx,%s,%s\n", rows[i].employee, rows[i].name,
                    rows[i].account, i + 1, rows[i].desktop,
                    ob_date_local(now_ms + rows[i].day * DAY_MS, day));
}

static enum ob_status make_text(struct ob_buf *out, const char *kind, const char *name,
                                struct ob_err *err)
{
    if (strcmp(kind, "policy") == 0)
        return fill_template(out, "lua/offboard/templates/policy.lua", name, err);
    if (strcmp(kind, "targets") == 0)
        return fill_template(out, "lua/offboard/templates/targets.lua", name, err);
    make_sample(out, ob_wall_ms(ob_clock_real()));
    return OB_OK;
}

static enum ob_status write_new(const char *path, const struct ob_buf *text, struct ob_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ob_fail(err, OB_ERR, "%s: cannot write: %s", path, strerror(errno));
    ssize_t n = write(fd, ob_buf_str(text), text->len);
    int why = n < 0 ? errno : ENOSPC;
    if (close(fd) == 0 && n == (ssize_t)text->len)
        return OB_OK;
    unlink(path);
    return ob_fail(err, OB_ERR, "%s: cannot write: %s", path, strerror(why));
}

/* The three files; `path` of each is for the caller to free. */
struct piece {
    const char *kind;
    char *path;
};

static enum ob_status write_all(const struct piece *pieces, size_t count, const char *name,
                                struct ob_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (access(pieces[i].path, F_OK) == 0)
            return ob_fail(err, OB_ERR_USAGE, "%s is there already; nothing was written",
                           pieces[i].path);
    for (size_t i = 0; i < count; i++) {
        struct ob_buf text;
        ob_buf_init(&text, OB_BUF_SMALL);
        enum ob_status status = make_text(&text, pieces[i].kind, name, err);
        if (status == OB_OK)
            status = write_new(pieces[i].path, &text, err);
        ob_buf_fini(&text);
        if (status != OB_OK)
            return status;
    }
    return OB_OK;
}

static void tell(const struct ob_cli *cli, const struct piece *pieces, size_t count,
                 const char *dir, const char *name)
{
    if (cli->json) {
        struct ob_event e;
        ob_event_init(&e, "new");
        ob_map_put_str(&e.fields, "name", name);
        struct ob_value *files = ob_map_put(&e.fields, "files");
        ob_value_set_list(files);
        for (size_t i = 0; i < count; i++)
            ob_list_push_str(files, pieces[i].path);
        ob_event_emit(&e, stdout);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ob_cli_print(cli, "%s", pieces[i].path);
    ob_cli_say(cli,
               "\nTry it on simulated clouds:\n"
               "  cd %s\n"
               "  offboard sim --people 300 --leavers tried.csv -- \\\n"
               "    offboard plan %s.lua --input leavers=tried.csv",
               dir, name);
}

enum ob_status ob_cmd_new(struct ob_cli *cli, struct ob_err *err)
{
    const char *name = ob_cli_text(cli, "name");
    const char *dir = ob_cli_text(cli, "dir") ? ob_cli_text(cli, "dir") : name;
    struct piece pieces[] = {
        {"policy", ob_xasprintf("%s/%s.lua", dir, name)},
        {"leavers", ob_xasprintf("%s/leavers.csv", dir)},
        {"targets", ob_xasprintf("%s/targets.lua", dir)},
    };
    size_t count = sizeof pieces / sizeof *pieces;
    enum ob_status status = ob_dir_make(dir, err);
    if (status == OB_OK)
        status = write_all(pieces, count, name, err);
    if (status == OB_OK)
        tell(cli, pieces, count, dir, name);
    for (size_t i = 0; i < count; i++)
        free(pieces[i].path);
    return status;
}
