/* `approvals` of targets.lua: which rule holds for a proposal, and what is refused, with the line
 * and the field. Each test has a folder with three keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "script/config.h"
#include "script/target.h"

static char dir[64];
static struct ob_err err;

static char *in_dir(const char *name)
{
    static char path[4][160];
    static int turn;
    char *p = path[turn++ & 3];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static int make_dir(void **state)
{
    static const char *const names[] = {"alice.pub", "bob.pub", "carol.pub"};
    strcpy(dir, "/tmp/ob-approvals-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ob_key *k = ob_key_new();
        if (ob_key_write_public(k, in_dir(names[i]), &err) != OB_OK)
            return -1;
        if (!i && ob_key_write_public(k, in_dir("again.pub"), &err) != OB_OK)
            return -1;
        ob_key_free(k);
    }
    return 0;
}

static int remove_dir(void **state)
{
    char *command = ob_xasprintf("rm -rf '%s'", dir);
    int code = system(command);
    free(command);
    return code;
}

static enum ob_status load(struct ob_config **c, const char *text)
{
    memset(&err, 0, sizeof err);
    assert_int_equal(ob_file_write(in_dir("targets.lua"), text, strlen(text), 0600, &err), OB_OK);
    return ob_config_load(c, in_dir("targets.lua"), &err);
}

#define ALL "approvals = { need = 2, of = { \"alice.pub\", \"bob.pub\", \"carol.pub\" } }\n"

/* need, number of keys, planner: what holds for an action of the target. */
static void holds(const char *text, const char *target, const char *action, const char *kind,
                  int need, size_t keys, bool planner)
{
    struct ob_config *c;
    struct ob_approval_need n;
    if (load(&c, text) != OB_OK)
        fail_msg("%s: %s", text, err.message);
    ob_config_approval_need(c, target, action, kind, &n);
    if (n.need != need || n.of_count != keys || n.planner != planner)
        fail_msg("%s\n%s:%s: need %d of %d, planner %d", text, target, action, (int)n.need,
                 (int)n.of_count, n.planner);
    assert_string_equal(n.target, target);
    assert_string_equal(n.action, action);
    ob_config_free(c);
}

#define MEETING "target \"meeting\" { provider = \"p\""
#define STUDIO  "target \"studio\" { provider = \"p\" }\n"

static void the_narrowest_rule_holds(void **state)
{
    const char *t = ALL STUDIO MEETING ",\n"
                                       "  approvals = { need = 1, planner = true,\n"
                                       "    delete = { need = 3, planner = false },\n"
                                       "    disable = { need = 0 },\n"
                                       "    remove = { need = 1, of = { \"bob.pub\" } } } }\n";
    holds(t, "studio", "remove", "delete", 2, 3, false);
    holds(t, "meeting", "enable", "enable", 1, 3, true);
    holds(t, "meeting", "delete", "delete", 3, 3, false);
    holds(t, "meeting", "disable", "disable", 0, 3, true);
    holds(t, "meeting", "lock", "disable", 0, 3, true);
    /* its name before what it does */
    holds(t, "meeting", "remove", "delete", 1, 1, false);
    holds(t, "meeting", "drop", "delete", 3, 3, false);
    /* a request may do what any of them does, unless a rule is about requests */
    holds(t, "meeting", "request", NULL, 3, 3, false);
    holds(MEETING ", approvals = { delete = { need = 2 }, request = { need = 1 } } }\n" ALL,
          "meeting", "request", NULL, 1, 3, false);
    holds(t, "unknown", "delete", "delete", 2, 3, false);
}

static void no_rule_is_no_need(void **state)
{
    holds(STUDIO, "studio", "delete", "delete", -1, 0, false);
    holds(STUDIO "approvals = { need = 0 }\n", "studio", "delete", "delete", 0, 0, false);
    /* the order of the file does not matter */
    holds(MEETING ", approvals = { delete = { need = 1 } } }\n" ALL, "meeting", "delete", "delete",
          1, 3, false);
    holds("approvals = {\n  need = 1,\n  of = { \"alice.pub\" },\n  planner = true,\n}\n" STUDIO,
          "studio", "x", "delete", 1, 1, true);
}

static void names_and_prints(void **state)
{
    struct ob_config *c;
    struct ob_key *k;
    char print[OB_SHA256_HEX];
    assert_int_equal(load(&c, ALL STUDIO), OB_OK);
    const struct ob_approval_rule *r = &c->approvals->list[0];
    assert_int_equal(r->line, 1);
    assert_string_equal(r->of[1].name, "bob");
    assert_int_equal(ob_key_read_public(&k, in_dir("bob.pub"), &err), OB_OK);
    assert_string_equal(r->of[1].print, ob_key_print(k, print));
    ob_key_free(k);
    ob_config_free(c);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"approvals = 2\n" STUDIO, "targets.lua:1: approvals: must be a table like { need = 2"},
        {"approvals = { need = 1 }\n" STUDIO, "targets.lua:1: approvals: say who may approve"},
        {"approvals = { of = { \"bob.pub\" } }\n" STUDIO,
         "targets.lua:1: approvals: say how many have to approve: need = 1"},
        {"approvals = { need = 3, of = { \"alice.pub\", \"bob.pub\" } }\n" STUDIO,
         "targets.lua:1: approvals: need = 3 is more than the 2 keys of `of`"},
        {"\n\napprovals = { need = 1,\n of = {\n \"dave.pub\" } }\n" STUDIO,
         "targets.lua:3: approvals: of: key "},
        {"approvals = { need = 1, of = { \"dave.pub\" } }\n" STUDIO,
         "dave.pub: No such file or directory"},
        {"approvals = { need = 1, of = { \"alice.pub\", \"again.pub\" } }\n" STUDIO,
         "targets.lua:1: approvals: of: alice and again are the same key"},
        {"approvals = { need = 1, of = { \"targets.lua\" } }\n" STUDIO, "not a public Ed25519 key"},
        {"approvals = { need = 1, of = \"alice.pub\" }\n" STUDIO,
         "of must be a list of public keys"},
        {"approvals = { need = 1, of = {} }\n" STUDIO, "of must be a list of public keys"},
        {"approvals = { need = 1, of = { 7 } }\n" STUDIO, "of: every key is the path of a file"},
        {"approvals = { need = 1.5, of = { \"bob.pub\" } }\n" STUDIO,
         "need must be a whole number"},
        {"approvals = { need = -1, of = { \"bob.pub\" } }\n" STUDIO, "need must be a whole number"},
        {"approvals = { need = \"1\", of = { \"bob.pub\" } }\n" STUDIO,
         "need must be a whole number"},
        {"approvals = { need = 1, of = { \"bob.pub\" }, planner = 1 }\n" STUDIO,
         "planner must be true or false"},
        {"approvals = { need = 1, off = { \"bob.pub\" } }\n" STUDIO, "unknown field off"},
        {"approvals = { need = 1, of = { \"bob.pub\" }, delete = { need = 1 } }\n" STUDIO,
         "unknown field delete"},
        {ALL ALL STUDIO, "targets.lua:2: approvals is said already"},
        {MEETING ",\n\n approvals = { need = 1 } }", "targets.lua:3: approvals: say who"},
        {ALL MEETING ",\n approvals = { delete = { need = 9 } } }",
         "targets.lua:3: approvals.delete: need = 9 is more than the 3 keys"},
        {MEETING ",\n approvals = { delete = { need = 1, deep = {} } } }",
         "targets.lua:2: approvals.delete: unknown field deep"},
        {"approvels = 2\n" STUDIO, "global \"approvels\" assigned"},
        {"approvals = { need = 1, of = { \"bob.pub\" }, planner = print }\n" STUDIO,
         "unknown name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_config *c;
        enum ob_status st = load(&c, cases[i].text);
        if (st != OB_ERR_USAGE || !strstr(err.message, cases[i].says))
            fail_msg("%s\n%s: \"%s\" does not say \"%s\"", cases[i].text, ob_status_word(st),
                     err.message, cases[i].says);
    }
}

/* A rule that is misspelt would hold for nothing: told when the target is opened. */
static void an_unknown_action_is_refused(void **state)
{
    static const char text[] =
        ALL "target \"meeting\" { provider = \"huawei-meeting\", app_id = \"a\",\n"
            "  app_key = secret.env \"KEY\", approvals = { %s = { need = 1 } } }\n";
    static const struct {
        const char *action;
        bool known;
    } cases[] = {{"delete", true}, {"disable", true}, {"request", true},
                 {"add", true},    {"delte", false},  {"Delete", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_config *c;
        struct ob_target *t;
        char *whole = ob_xasprintf(text, cases[i].action);
        assert_int_equal(load(&c, whole), OB_OK);
        enum ob_status st = ob_target_open(&t, c, &c->targets[0], &err);
        if (cases[i].known && st != OB_OK)
            fail_msg("%s: %s", cases[i].action, err.message);
        if (!cases[i].known) {
            assert_int_equal(st, OB_ERR_USAGE);
            assert_non_null(strstr(err.message, "approvals: huawei-meeting has no action"));
        }
        ob_target_close(t);
        ob_config_free(c);
        free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_narrowest_rule_holds),
        cmocka_unit_test(no_rule_is_no_need),
        cmocka_unit_test(names_and_prints),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(an_unknown_action_is_refused),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
