/* Event lines. A reader that went away is no reason to stop a run: write errors are left on the
 * stream, where main() finds them at the end. */
#include "report/events.h"
#include "base/json.h"
#include <string.h>

void ob_event_init(struct ob_event *e, const char *name)
{
    e->name = name;
    ob_value_init(&e->fields);
    ob_value_set_map(&e->fields);
}

void ob_event_emit(struct ob_event *e, FILE *out)
{
    struct ob_buf line, fields;
    ob_buf_init(&line, OB_BUF_LARGE);
    ob_buf_init(&fields, OB_BUF_LARGE);
    ob_json_write(&fields, &e->fields);
    ob_buf_adds(&line, "{\"event\":");
    ob_json_write_str(&line, e->name, strlen(e->name));
    if (fields.len > 2)
        ob_buf_addc(&line, ',');
    ob_buf_adds(&line, ob_buf_str(&fields) + 1);
    ob_buf_addc(&line, '\n');
    fwrite(ob_buf_str(&line), 1, line.len, out);
    fflush(out);
    ob_buf_fini(&fields);
    ob_buf_fini(&line);
    ob_value_fini(&e->fields);
}

void ob_event_error(FILE *out, enum ob_status status, const char *message)
{
    struct ob_event e;
    ob_event_init(&e, "error");
    ob_map_put_int(&e.fields, "code", ob_status_exit(status));
    ob_map_put_str(&e.fields, "exit", ob_status_word(status));
    ob_map_put_str(&e.fields, "message", message);
    ob_event_emit(&e, out);
}
