/* offboard completion SHELL: the script on standard output. */
#include "cli/cli.h"
#include "script/args.h"

enum ob_status ob_cmd_completion(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_buf text;
    ob_buf_init(&text, OB_BUF_LARGE);
    enum ob_status status = ob_args_completion(&text, ob_cli_text(cli, "shell"), err);
    if (status == OB_OK)
        fputs(ob_buf_str(&text), stdout);
    ob_buf_fini(&text);
    return status;
}
