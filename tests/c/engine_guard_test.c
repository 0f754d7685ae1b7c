/* Guards and plans as pure functions: globs, protections, the seal
 * of a plan, and the ceiling that it sets. */
#include "engine_help.h"
#include "engine/guard.h"
#include "engine/plan.h"

static struct ob_err err;

static void says(const char *part)
{
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

/* ---- globs ---- */

/* '?' was a byte, so that it missed a name in Chinese; and Admin was not admin. */
static void globs(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool want;
    } cases[] = {
        {"admin*", "admin", true},
        {"admin*", "administrator", true},
        {"admin*", "xadmin", false},
        {"admin*", "Admin01", true},
        {"ADMIN", "admin", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"*a*b", "xxaxxbxxab", true},
        {"*a*b", "xxaxxbxxa", false},
        {"**", "x", true},
        {"a*", "b", false},
        {"*.x", "a.b.x", true},
        {"张?", "张三", true},
        {"?三", "张三", true},
        {"张?", "张三丰", false},
        {"*三", "张三", true},
        {"[a-z]", "b", false},
        {"a\\*", "a*", false},
        {"svc-*@x.org", "svc-1@x.org", true},
        {"É*", "é1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (ob_glob(cases[i].pattern, cases[i].text) != cases[i].want)
            fail_msg("%s on %s", cases[i].pattern, cases[i].text);
    char many[2001], text[2001];
    for (size_t i = 0; i < 2000; i++) {
        many[i] = i % 2 ? '*' : 'a';
        text[i] = 'a';
    }
    many[2000] = text[2000] = '\0';
    many[1998] = 'b';
    assert_false(ob_glob(many, text)); /* and in no time */
}

/* ---- guards ---- */

struct fixture {
    struct ob_guard *g;
    struct ob_target a, b;
    struct ob_action disable, delete, enable;
    const char *ids[10];
};

static void fixture_init(struct fixture *f)
{
    static const char *const ids[] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"};
    *f = (struct fixture){.g = ob_guard_new(),
                          .a = {.name = (char *)"a"},
                          .b = {.name = (char *)"b"},
                          .disable = {.name = (char *)"disable", .kind = OB_KIND_DISABLE},
                          .delete = {.name = (char *)"delete", .kind = OB_KIND_DELETE},
                          .enable = {.name = (char *)"enable", .kind = OB_KIND_ENABLE}};
    memcpy(f->ids, ids, sizeof f->ids);
    ob_value_set_list(&f->a.protect);
    ob_value_set_list(&f->b.protect);
}

static void fixture_fini(struct fixture *f)
{
    ob_guard_free(f->g);
    ob_value_fini(&f->a.protect);
    ob_value_fini(&f->b.protect);
}

static const char *cell(void *ctx, size_t person, const char *column)
{
    static const char *const departments[] = {"Sales", "Board"};
    if (ctx && strcmp(column, "account") == 0)
        return person == 2 ? "root" : "x";
    return strcmp(column, "department") == 0 ? departments[person == 3] : NULL;
}

static enum ob_status step(struct fixture *f, const struct ob_target *t, const struct ob_action *a,
                           size_t first, size_t count, void *ctx)
{
    memset(&err, 0, sizeof err);
    struct ob_guard_who who = {f->ids + first, f->ids + first, count, cell, NULL, ctx, false};
    return ob_guard_step(f->g, t, a, &who, &err);
}

static void protect(struct fixture *f, const char *column, const char *pattern)
{
    struct ob_value v = {0};
    ob_value_set_str(&v, pattern);
    assert_int_equal(ob_guard_protect(f->g, column, &v, "p.lua:1", &err), OB_OK);
    ob_value_fini(&v);
}

static void protections(void **state)
{
    struct fixture f;
    fixture_init(&f);
    ob_list_push_str(&f.b.protect, "p9");
    assert_int_equal(step(&f, &f.a, &f.delete, 0, 10, NULL), OB_OK);
    assert_int_equal(step(&f, &f.b, &f.enable, 0, 10, NULL), OB_ERR_GUARD);
    says("b:enable names p9 (p9), who is protected by \"p9\" of targets.lua; nothing was changed");
    protect(&f, "department", "board");
    assert_int_equal(step(&f, &f.a, &f.disable, 4, 2, NULL), OB_OK);
    assert_int_equal(step(&f, &f.a, &f.disable, 0, 10, NULL), OB_ERR_GUARD);
    says("names p3 (Board), who is protected by \"board\" of p.lua:1");
    protect(&f, "manager", "x");
    assert_int_equal(step(&f, &f.a, &f.disable, 4, 1, NULL), OB_ERR_GUARD);
    says("p4 has no column \"manager\", and a shows none, so nobody can tell whether \"x\"");
    fixture_fini(&f);
}

/* A roster with a column "account" beside the ids that are sent: both are meant. */
static void account_is_the_id_and_the_column(void **state)
{
    struct fixture f;
    fixture_init(&f);
    protect(&f, "account", "root");
    assert_int_equal(step(&f, &f.a, &f.delete, 0, 10, NULL), OB_OK);
    assert_int_equal(step(&f, &f.a, &f.delete, 0, 10, &f), OB_ERR_GUARD);
    says("names p2 (root)");
    protect(&f, NULL, "P7");
    assert_int_equal(step(&f, &f.a, &f.delete, 5, 5, &f), OB_ERR_GUARD);
    says("names p7 (p7)");
    fixture_fini(&f);
}

/* ---- plans ---- */

static void plan_doc(struct ob_value *doc)
{
    ob_value_init(doc);
    ob_value_set_map(doc);
    ob_map_put_int(doc, "version", OB_PLAN_VERSION);
    ob_map_put_int(doc, "created_ms", 5);
    struct ob_value *steps = ob_map_put(doc, "steps");
    ob_value_set_list(steps);
    for (int i = 0; i < 3; i++) {
        struct ob_value *s = ob_list_push(steps);
        ob_value_set_map(s);
        ob_map_put_str(s, "target", "a");
        ob_map_put_str(s, "action", i < 2 ? "disable" : "delete");
        struct ob_value *people = ob_map_put(s, "people");
        ob_value_set_list(people);
        for (int k = 0; k < 3; k++) {
            struct ob_value *one = ob_list_push(people);
            ob_value_set_list(one);
            ob_list_push_str(one, k == 0 ? "x" : k == 1 ? "y" : i == 2 ? "z" : "w");
            ob_list_push_str(one, k == 0 ? "x" : k == 1 ? "y" : i == 2 ? "z" : "w");
        }
    }
    struct ob_value *raw = ob_list_push(steps);
    ob_value_set_map(raw);
    ob_map_put_str(raw, "target", "a");
    ob_map_put_str(raw, "action", "request");
    ob_map_put_str(raw, "digest", "d1");
}

static enum ob_status take(struct ob_ceiling *c, const char *target, const char *action,
                           const char *id)
{
    return ob_ceiling_take(c, target, action, &id, &id, 1, NULL, &err);
}

static void ceilings(void **state)
{
    struct ob_value doc;
    plan_doc(&doc);
    assert_int_equal(ob_plan_people(&doc), 9);
    struct ob_ceiling *c = ob_ceiling_new(&doc);
    assert_int_equal(take(c, "a", "disable", "x"), OB_OK);
    assert_int_equal(take(c, "a", "disable", "x"), OB_OK); /* planned twice */
    assert_int_equal(take(c, "a", "disable", "x"), OB_ERR_GUARD);
    says("a:disable for x is not in the plan");
    assert_int_equal(take(c, "a", "delete", "z"), OB_OK);
    assert_int_equal(take(c, "a", "delete", "w"), OB_ERR_GUARD);
    assert_int_equal(take(c, "b", "disable", "y"), OB_ERR_GUARD);
    assert_int_equal(take(c, "a", "enable", "y"), OB_ERR_GUARD);
    assert_int_equal(take(c, "a", "request", "d1"), OB_OK);
    assert_int_equal(take(c, "a", "request", "d1"), OB_ERR_GUARD);
    assert_int_equal(take(c, "a", "request", "d2"), OB_ERR_GUARD);
    assert_int_equal(take(c, "a\ndisable", "", "y"), OB_ERR_GUARD);
    ob_ceiling_free(c);
    ob_value_fini(&doc);
}

static void targets_are_those_of_the_plan(void **state)
{
    struct ob_value doc = {0};
    ob_value_set_map(&doc);
    struct ob_value *targets = ob_map_put(&doc, "targets");
    ob_value_set_list(targets);
    struct ob_value *t = ob_list_push(targets);
    ob_value_set_map(t);
    ob_map_put_str(t, "name", "a");
    ob_map_put_str(t, "provider", "p");
    ob_map_put_str(t, "endpoint", "https://x");
    assert_int_equal(ob_plan_target(&doc, "a", "p", "https://x", &err), OB_OK);
    assert_int_equal(ob_plan_target(&doc, "a", "p", "https://y", &err), OB_ERR_STALE);
    says("target a was p at https://x when this was planned and is p at https://y now");
    assert_int_equal(ob_plan_target(&doc, "a", "q", "https://x", &err), OB_ERR_STALE);
    assert_int_equal(ob_plan_target(&doc, "b", "p", "https://x", &err), OB_ERR_GUARD);
    ob_value_fini(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(protections),
        cmocka_unit_test(account_is_the_id_and_the_column),
        cmocka_unit_test(ceilings),
        cmocka_unit_test(targets_are_those_of_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
