/* Calls of lua/offboard/cli.lua. A fresh state for each, since a process needs one. */
#include "script/args.h"
#include "script/script.h"
#include "base/mem.h"
#include <stdlib.h>

#define TOOL_LIMITS ((struct ob_limits){.memory = (size_t)32 * 1024 * 1024, .cpu_ms = 5000})
#define TOOL_FILE   "lua/offboard/cli.lua"

/* The module's function over the arguments; its first result goes into *out. */
static enum ob_status call(const char *function, const struct ob_value *args, size_t count,
                           struct ob_value *out, struct ob_err *err)
{
    struct ob_script *s;
    struct ob_value results;
    struct ob_buf text;
    ob_value_init(out);
    enum ob_status status = ob_script_new(&s, OB_PROFILE_TOOL, TOOL_FILE, TOOL_LIMITS, err);
    if (status != OB_OK)
        return status;
    ob_value_init(&results);
    ob_buf_init(&text, OB_BUF_SMALL);
    status = ob_script_file(TOOL_FILE, &text, err);
    if (status == OB_OK)
        status = ob_script_run(s, "cli.lua", ob_buf_str(&text), text.len, err);
    if (status == OB_OK)
        status = ob_script_call(s, function, args, count, &results, err);
    if (status == OB_OK && ob_list_count(&results))
        ob_value_move(out, &results.list.items[0]);
    ob_value_fini(&results);
    ob_buf_fini(&text);
    ob_script_free(s);
    return status;
}

void ob_args_fini(struct ob_args *a)
{
    ob_value_fini(&a->map);
    free(a->text);
    a->text = NULL;
}

static enum ob_status read_result(struct ob_args *out, struct ob_value *result, struct ob_err *err)
{
    const char *problem = ob_map_str(result, "error");
    const char *text = ob_map_str(result, "text");
    if (problem)
        return ob_fail(err, OB_ERR_USAGE, "%s; see `%s`", problem, ob_map_str(result, "see"));
    if (text)
        out->text = ob_xstrdup(text);
    else if (ob_map_bool(result, "version", false))
        out->version = true;
    else
        ob_value_move(&out->map, ob_map_put(result, "args"));
    return OB_OK;
}

enum ob_status ob_args_parse(struct ob_args *out, int argc, char *const *argv, struct ob_err *err)
{
    struct ob_value words, result;
    *out = (struct ob_args){0};
    ob_value_init(&words);
    ob_value_set_list(&words);
    for (int i = 1; i < argc; i++)
        ob_list_push_str(&words, argv[i]);
    enum ob_status status = call("parse", &words, 1, &result, err);
    if (status == OB_OK)
        status = read_result(out, &result, err);
    ob_value_fini(&result);
    ob_value_fini(&words);
    return status;
}

/* A function that answers a text. */
static enum ob_status text_of(struct ob_buf *out, const char *function, const char *first,
                              const char *second, struct ob_err *err)
{
    struct ob_value args[2], result;
    ob_value_init(&args[0]);
    ob_value_init(&args[1]);
    ob_value_set_str(&args[0], first);
    if (second)
        ob_value_set_str(&args[1], second);
    enum ob_status status = call(function, args, 2, &result, err);
    if (status == OB_OK)
        ob_buf_adds(out, ob_value_str(&result) ? ob_value_str(&result) : "");
    ob_value_fini(&args[0]);
    ob_value_fini(&args[1]);
    ob_value_fini(&result);
    return status;
}

enum ob_status ob_args_completion(struct ob_buf *out, const char *shell, struct ob_err *err)
{
    return text_of(out, "completion", shell, NULL, err);
}

enum ob_status ob_args_man(struct ob_buf *out, const char *topic, struct ob_err *err)
{
    return text_of(out, "man", OB_VERSION, topic, err);
}
