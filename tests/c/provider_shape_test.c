/* Provider files that are wrong: each fault ends in an error that names the file and the place,
 * whether it is met when the file loads, when it is asked, or when it reads an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "script/script.h"
#include "script/target.h"

struct fault {
    const char *change; /* Lua, run over the good provider `p` before it is returned */
    const char *says;
};

/* A whole provider, as small as can be. */
static const char good[] =
    "local act = { kind = 'delete', contract = 'per_person', max = 2, wants = 'absent',\n"
    "  repeatable = false, destroys = true,\n"
    "  request = function(_, args) return { method = 'POST', path = '/x', json = args.ids } end,\n"
    "  answer = function() return {} end }\n"
    "local p = { name = 'mine', fields = { key = 'credential' },\n"
    "  endpoint = { default = 'https://example.com' },\n"
    "  credentials = { { signer = 'huawei_sdk_hmac', needs = { 'key' } } },\n"
    "  actions = { remove = act },\n"
    "  lookup = { max = 2, request = act.request,\n"
    "    answer = function() return { people = { { id = 'a', state = 'absent' } } } end } }\n"
    "local function back() return { kind = 'add', contract = 'per_person', max = 2,\n"
    "  wants = 'active', repeatable = false, destroys = false, from_snapshot = true,\n"
    "  request = act.request, answer = act.answer,\n"
    "  holds = function() return true end, group = function() return '' end } end\n"
    "local _ = back\n";

static const struct fault on_load[] = {
    {"p = 5", "lua/provider/mine.lua: must be a table of named fields, is 5"},
    {"p = {} p = p.x.y", "lua/provider/mine.lua:16: attempt to index a nil value (field 'x')"},
    {"p = = 5", "lua/provider/mine.lua:16: unexpected symbol near '='"},
    {"p.name = 'other'",
     "lua/provider/mine.lua: name: must be \"mine\", like the file, is \"other\""},
    {"p.acions = {}", "lua/provider/mine.lua: acions: is unknown; did you mean actions?"},
    {"act.max = 'x'",
     "lua/provider/mine.lua: actions.remove.max: must be a whole number from 1 to 10000, is \"x\""},
    {"act.max = 0",
     "lua/provider/mine.lua: actions.remove.max: must be a whole number from 1 to 10000, is 0"},
    {"act.destroys = nil",
     "lua/provider/mine.lua: actions.remove.destroys: must be true or false, is missing"},
    {"act.undo = { 'add' }", "lua/provider/mine.lua: actions.remove.undo: there is no action add"},
    {"act.chunk = 3", "lua/provider/mine.lua: actions.remove.chunk: is more than max"},
    {"p.lookup = nil",
     "lua/provider/mine.lua: there is neither lookup nor list: nobody could be read back"},
    {"p.errors = { X = 'ignore' }", "lua/provider/mine.lua: errors.X: must be \"done\" or "
                                    "\"person\" or \"suspect\" or \"request\" or "
                                    "\"throttled\" or \"token\" or \"credential\" or "
                                    "\"permission\" or \"transient\" or \"nonsense\" "
                                    "or \"absent\", is \"ignore\""},
    {"p.credentials[1].needs = { 'kee' }",
     "lua/provider/mine.lua: credentials[1]: there is no field kee"},
    {"p.credentials[1].signer = 'rot13'", "lua/provider/mine.lua: there is no signer 'rot13'"},
    {"p.reads = { remove = { request = act.request, answer = act.answer } }",
     "lua/provider/mine.lua: the operation remove is there twice"},
    {"p.actions.back = back() p.actions.back.holds = nil",
     "lua/provider/mine.lua: actions.back.from_snapshot: needs the functions holds and group"},
    {"act.group = function() return '' end",
     "lua/provider/mine.lua: actions.remove.holds, group: are for actions with from_snapshot"},
    {"p.actions.back = back() p.actions.back.destroys = true",
     "lua/provider/mine.lua: actions.back.from_snapshot: puts back, so it neither destroys nor has "
     "an undo"},
    {"p.actions.back = back() act.undo = { 'back' }",
     "lua/provider/mine.lua: actions.remove.undo_says: is for actions that are undone from a "
     "snapshot, and must be there"},
    {"act.undo_says = { keeps = {}, loses = {} }",
     "lua/provider/mine.lua: actions.remove.undo_says: is for actions"},
    {"p.actions.back = back() act.undo = { 'back' } act.undo_says = { loses = { 'x' } }",
     "lua/provider/mine.lua: actions.remove.undo_says."},
    {"p.actions.back = back() act.undo = { 'back' } act.destroys = false",
     "lua/provider/mine.lua: actions.remove.undo: without destroys there is no snapshot to put "
     "back"},
    {"while true do end", "lua/provider/mine.lua:16: "},
    {"p.own = 'me'", "lua/provider/mine.lua: own: must be a function, is \"me\""},
    {"p.own = function() return 5 end", "lua/provider/mine.lua: own(): must be a list"},
    {"p.own = function() return { { login = 'user.id' } } end",
     "lua/provider/mine.lua: own()[1].field: must be a text"},
    {"p.id_shape = function() return { what = 'x', chars = 'ab', min = 0, max = 1 } end",
     "lua/provider/mine.lua: id_shape().min: must be a whole number of at least 1, is 0"},
    {"p.id_shape = function() return { what = 'x' } end",
     "lua/provider/mine.lua: id_shape().chars: must be"},
};

/* Of an action that puts back: what its two functions answer. */
static const struct fault on_back[] = {
    {"p.actions.back = back() p.actions.back.holds = function() return 1 end",
     "lua/provider/mine.lua: back: holds() must answer true or false"},
    {"p.actions.back = back() p.actions.back.holds = function(_, s) return s.x.y end",
     "lua/provider/mine.lua:"},
    {"p.actions.back = back() p.actions.back.group = function() return nil end",
     "lua/provider/mine.lua: back: group() must answer a text"},
};

static const struct fault on_request[] = {
    {"act.request = function() end",
     "lua/provider/mine.lua: remove: must be a table of named fields, is missing"},
    {"act.request = function() return { method = 'HACK', path = '/' } end",
     "lua/provider/mine.lua: remove.method: must be \"GET\" or \"POST\" or \"PUT\" or \"DELETE\" "
     "or "
     "\"PATCH\", is \"HACK\""},
    {"act.request = function() return { method = 'GET', path = '/', query = { { 'a', {} } } } end",
     "lua/provider/mine.lua: remove.query.a: must be a text, a whole number or a boolean"},
    {"act.request = function() return { method = 'GET', path = '/', query = { { 'a', "
     "{ new = 'password' } } } } end",
     "lua/provider/mine.lua: remove.query.a: must be a text, a whole number or a boolean"},
    {"act.request = function() return { method = 'GET', path = '/', headers = { { 'a', "
     "{ new = 'password' } } } } end",
     "lua/provider/mine.lua: remove.headers.a: must be a text, a whole number or a boolean"},
    {"act.request = function() return x.y end", "lua/provider/mine.lua:16: "},
};

static const struct fault on_answer[] = {
    {"act.answer = function() return 5 end",
     "lua/provider/mine.lua: remove: answer() must give a table, or nil and a reason"},
    {"act.answer = function() return { people = { { id = 'a' } } } end",
     "lua/provider/mine.lua: remove: a has no outcome"},
    {"act.answer = function() return { people = { { id = 'z', outcome = 'accepted' } } } end",
     "lua/provider/mine.lua: remove: names people who were not asked for"},
    {"act.answer = function() local p = { id = 'a', outcome = 'accepted' } "
     "return { people = { p, p } } end",
     "lua/provider/mine.lua: remove: a is named twice"},
    {"act.answer = function() return { people = { { id = 'a', outcome = 'accepted', admin = 1 } } "
     "} "
     "end",
     "lua/provider/mine.lua: remove: a: admin must be true, false or nil"},
    {"act.answer = p.lookup.answer", "lua/provider/mine.lua: remove: a has no outcome"},
    {"act.answer = function() error 'no' end", "lua/provider/mine.lua:16: no"},
};

static char folder[] = "/tmp/offboard-shape-XXXXXX";

static void write_provider(const char *change)
{
    struct ob_err err;
    char *path = ob_xasprintf("%s/lua/provider/mine.lua", folder);
    char *text = ob_xasprintf("%s%s\nreturn p\n", good, change);
    assert_int_equal(ob_file_write(path, text, strlen(text), 0600, &err), OB_OK);
    free(text);
    free(path);
}

static enum ob_status open_mine(struct ob_target **out, struct ob_err *err)
{
    struct ob_config config = {0};
    struct ob_target_config t = {.name = (char *)"t", .provider = (char *)"mine"};
    ob_value_init(&t.fields);
    ob_value_init(&t.protect);
    ob_value_set_map(&t.fields);
    ob_value_set_list(&t.protect);
    ob_map_put_str(&t.fields, "key", "k");
    enum ob_status status = ob_target_open(out, &config, &t, err);
    ob_value_fini(&t.fields);
    ob_value_fini(&t.protect);
    return status;
}

static void check(const struct fault *f, enum ob_status status, const struct ob_err *err)
{
    if (status != OB_ERR_POLICY || strncmp(err->message, f->says, strlen(f->says)) != 0)
        fail_msg("%s\nwanted: %s\n   got: %d %s", f->change, f->says, (int)status, err->message);
}

static void test_load(void **state)
{
    for (size_t i = 0; i < sizeof on_load / sizeof *on_load; i++) {
        struct ob_target *t;
        struct ob_err err = {.message = ""};
        write_provider(on_load[i].change);
        enum ob_status status = open_mine(&t, &err);
        check(&on_load[i], status, &err);
        assert_null(t);
    }
}

/* Asks the action about one person; with `answered`, reads an empty 200 too. */
static void ask(const struct fault *f, bool answered)
{
    struct ob_target *t;
    struct ob_value args;
    struct ob_request r;
    struct ob_answer a;
    struct ob_err err = {.message = ""};
    struct ob_response ok = {.status = 200};
    write_provider(f->change);
    if (open_mine(&t, &err) != OB_OK)
        fail_msg("%s: %s", f->change, err.message);
    ob_value_init(&args);
    ob_value_set_map(&args);
    ob_list_push_str(ob_map_put(&args, "ids"), "a");
    struct ob_provider *p = &t->provider;
    enum ob_status status = p->request(p->self, "remove", &args, &r, &err);
    ob_request_fini(&r);
    if (answered) {
        assert_int_equal(status, OB_OK);
        status = p->answer(p->self, "remove", &args, &ok, &a, &err);
        ob_answer_fini(&a);
    }
    check(f, status, &err);
    ob_value_fini(&args);
    ob_target_close(t);
}

static void snapshot_of(struct ob_value *out)
{
    ob_value_init(out);
    ob_value_set_map(out);
    ob_map_put_str(out, "id", "a");
    ob_value_set_map(ob_map_put(out, "fields"));
}

static void test_back(void **state)
{
    for (size_t i = 0; i < sizeof on_back / sizeof *on_back; i++) {
        struct ob_target *t;
        struct ob_value snapshot;
        struct ob_buf text;
        struct ob_err err = {.message = ""};
        bool yes = true, grouped = strstr(on_back[i].change, ".group") != NULL;
        write_provider(on_back[i].change);
        assert_int_equal(open_mine(&t, &err), OB_OK);
        snapshot_of(&snapshot);
        ob_buf_init(&text, OB_BUF_SMALL);
        struct ob_provider *p = &t->provider;
        enum ob_status status = grouped
                                    ? p->group(p->self, "back", &snapshot, &text, &err)
                                    : p->holds(p->self, "back", &snapshot, &snapshot, &yes, &err);
        check(&on_back[i], status, &err);
        assert_true(grouped || !yes);
        ob_buf_fini(&text);
        ob_value_fini(&snapshot);
        ob_target_close(t);
    }
}

/* In JSON a password may stand anywhere. */
static void test_password(void **state)
{
    struct ob_target *t;
    struct ob_value args;
    struct ob_request r;
    struct ob_err err = {.message = ""};
    write_provider("act.request = function() return { method = 'POST', path = '/', json = { "
                   "{ pwd = { new = 'password' }, other = { new = 'thing' } } } } end");
    assert_int_equal(open_mine(&t, &err), OB_OK);
    ob_value_init(&args);
    ob_value_set_map(&args);
    ob_list_push_str(ob_map_put(&args, "ids"), "a");
    assert_int_equal(t->provider.request(t->provider.self, "remove", &args, &r, &err), OB_OK);
    const char *body = ob_buf_str(&r.body), *start = "[{\"other\":{\"new\":\"thing\"},\"pwd\":\"";
    assert_int_equal(strncmp(body, start, strlen(start)), 0);
    assert_int_equal(strcspn(body + strlen(start), "\""), 24);
    ob_request_fini(&r);
    ob_value_fini(&args);
    ob_target_close(t);
}

/* Nothing to put back: the engine is not offered what is not there. */
static void test_no_back(void **state)
{
    struct ob_target *t;
    struct ob_err err = {.message = ""};
    write_provider("");
    assert_int_equal(open_mine(&t, &err), OB_OK);
    assert_null(t->provider.holds);
    assert_null(t->provider.group);
    ob_target_close(t);
}

static void test_request(void **state)
{
    for (size_t i = 0; i < sizeof on_request / sizeof *on_request; i++)
        ask(&on_request[i], false);
}

static void test_answer(void **state)
{
    for (size_t i = 0; i < sizeof on_answer / sizeof *on_answer; i++)
        ask(&on_answer[i], true);
}

static int make_folder(void **state)
{
    struct ob_err err;
    if (!mkdtemp(folder))
        return -1;
    char *path = ob_xasprintf("%s/lua/provider", folder);
    int bad = ob_dir_make(path, &err) != OB_OK || setenv("OFFBOARD_LUA", folder, 1) != 0;
    free(path);
    return bad ? -1 : 0;
}

static int drop_folder(void **state)
{
    static const char *const parts[] = {"/lua/provider/mine.lua", "/lua/provider", "/lua", ""};
    for (size_t i = 0; i < 4; i++) {
        char *path = ob_xasprintf("%s%s", folder, parts[i]);
        remove(path);
        free(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),    cmocka_unit_test(test_request),
        cmocka_unit_test(test_answer),  cmocka_unit_test(test_back),
        cmocka_unit_test(test_no_back), cmocka_unit_test(test_password),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
