/* offboard receipt: what is proven of one person, for somebody who does not trust this program.
 * scripts/verify-receipt.sh verifies it. Asks no cloud. */
#include <stdio.h>
#include "base/file.h"
#include "cli/session.h"
#include "ledger/receipt.h"

enum ob_status ob_cmd_receipt(struct ob_cli *cli, struct ob_err *err)
{
    struct ob_session s;
    struct ob_buf text;
    const char *file = ob_cli_text(cli, "output");
    ob_buf_init(&text, OB_BUF_LARGE);
    enum ob_status st = ob_session_open(&s, cli, false, err);
    if (st == OB_OK)
        st = ob_ledger_receipt(s.ledger, ob_cli_text(cli, "person"), ob_cli_int(cli, "run", 0),
                               &text, err);
    if (st == OB_OK && file)
        st = ob_file_write(file, ob_buf_str(&text), text.len, 0600, err);
    else if (st == OB_OK)
        fwrite(ob_buf_str(&text), 1, text.len, stdout);
    if (st == OB_OK && file)
        ob_cli_say(cli, "verify it with: verify-receipt.sh LEDGER.pub %s", file);
    ob_session_close(&s);
    ob_buf_fini(&text);
    return st;
}
