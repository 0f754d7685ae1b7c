/* A plan's seal: an id that says what is proposed, a digest that covers every bit of how it is
 * written, and who may be acted upon under which name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/identity.h"
#include "engine/plan.h"
#include "script/script.h"

static struct ob_err err;

static const char plan_text[] =
    "{\"version\":2,\"program\":\"0.1.0\",\"created_ms\":1000,\"valid_ms\":86400000,"
    "\"now_ms\":1000,\"today\":\"2026-11-22\",\"asked_now\":false,\"again\":0,"
    "\"by\":{\"user\":\"ann\",\"host\":\"h\"},"
    "\"policy\":{\"name\":\"p.lua\",\"digest\":\"d\"},\"inputs\":[],\"vars\":{\"n\":\"1\"},"
    "\"targets\":[{\"name\":\"m\",\"provider\":\"p\",\"endpoint\":\"https://e\"}],"
    "\"readings\":[{\"path\":\"1\",\"digest\":\"r\"}],\"steps\":["
    "{\"path\":\"1\",\"target\":\"m\",\"action\":\"disable\",\"kind\":\"disable\",\"options\":{},"
    "\"people\":[[\"Ann\",\"a1\",\"active\",\"1.2\"],[\"Bob\",\"b1\",\"\",\"\"]]},"
    "{\"path\":\"2\",\"target\":\"\",\"action\":\"wait\",\"due_ms\":5000,\"options\":{\"days\":1}},"
    "{\"path\":\"3\",\"target\":\"m\",\"action\":\"delete\",\"kind\":\"delete\",\"options\":{},"
    "\"people\":[[\"Ann\",\"a1\",\"\",\"1.2\"]]}],\"notes\":[]}";

static void read_doc(struct ob_value *doc, const char *text)
{
    ob_value_init(doc);
    if (ob_script_json(text, strlen(text), doc, &err) != OB_OK)
        fail_msg("%s", err.message);
}

/* The id after `from` was replaced by `to` in the text. */
static void id_with(const char *from, const char *to, char id[OB_PLAN_ID])
{
    char text[4096];
    struct ob_value doc;
    struct ob_plan_row row;
    const char *at = strstr(plan_text, from);
    if (!at)
        fail_msg("%s is not in the plan", from);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - plan_text), plan_text, to,
             at + strlen(from));
    read_doc(&doc, text);
    assert_int_equal(ob_plan_seal(&doc, &row, &err), OB_OK);
    assert_int_equal(ob_plan_check(&doc, &row, &err), OB_OK);
    memcpy(id, row.id, OB_PLAN_ID);
    ob_plan_row_fini(&row);
    ob_value_fini(&doc);
}

/* What is of the moment is in the document, and under its digest, but not in the id. */
static void the_same_proposal_has_the_same_id(void **state)
{
    static const char *const moments[][2] = {
        {"\"created_ms\":1000", "\"created_ms\":2000"}, {"\"now_ms\":1000", "\"now_ms\":2000"},
        {"\"user\":\"ann\"", "\"user\":\"bob\""},       {"\"digest\":\"r\"", "\"digest\":\"s\""},
        {"\"due_ms\":5000", "\"due_ms\":6000"},         {"\"again\":0", "\"again\" : 0"},
        {"\"notes\":[]", "\"notes\":[\"x\"]"},
    };
    char first[OB_PLAN_ID], other[OB_PLAN_ID];
    id_with("0.1.0", "0.1.0", first);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        id_with(moments[i][0], moments[i][1], other);
        assert_string_equal(first, other);
    }
}

static void anything_else_is_another_plan(void **state)
{
    static const char *const changes[][2] = {
        {"0.1.0", "0.1.1"},
        {"86400000", "3600000"},
        {"2026-11-22", "2026-11-23"},
        {"\"again\":0", "\"again\":1"},
        {"\"digest\":\"d\"", "\"digest\":\"e\""},
        {"\"n\":\"1\"", "\"n\":\"2\""},
        {"https://e", "https://f"},
        {"\"days\":1", "\"days\":2"},
        {"[\"Ann\",\"a1\",\"active\"", "[\"Ann\",\"a1\",\"disabled\""},
        {"[\"Bob\",\"b1\",\"\",\"\"]", "[\"Bob\",\"a2\",\"\",\"\"]"},
        {",[\"Bob\",\"b1\",\"\",\"\"]", ""},
        {"\"action\":\"delete\"", "\"action\":\"remove\""},
        {"\"inputs\":[]", "\"inputs\":[{\"name\":\"l\",\"digest\":\"i\"}]"},
        {"\"asked_now\":false", "\"asked_now\":true"},
    };
    char seen[sizeof changes / sizeof *changes + 1][OB_PLAN_ID];
    id_with("0.1.0", "0.1.0", seen[0]);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        id_with(changes[i][0], changes[i][1], seen[i + 1]);
        for (size_t k = 0; k <= i; k++)
            assert_string_not_equal(seen[k], seen[i + 1]);
    }
}

/* Every bit of the document, of the digest and of the id. */
static void one_bit_is_enough(void **state)
{
    struct ob_value doc, changed;
    struct ob_plan_row row;
    size_t refused = 0;
    read_doc(&doc, plan_text);
    assert_int_equal(ob_plan_seal(&doc, &row, &err), OB_OK);
    for (size_t bit = 0; bit < row.document.len * 8; bit++) {
        row.document.p[bit / 8] ^= (char)(1 << bit % 8);
        ob_value_init(&changed);
        if (ob_script_json(ob_buf_str(&row.document), row.document.len, &changed, &err) != OB_OK ||
            ob_plan_check(&changed, &row, &err) == OB_ERR_STALE)
            refused++;
        ob_value_fini(&changed);
        row.document.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(refused, row.document.len * 8);
    for (size_t i = 0; i < 16; i++) {
        row.id[i] ^= 1;
        assert_int_equal(ob_plan_check(&doc, &row, &err), OB_ERR_STALE);
        row.id[i] ^= 1;
    }
    for (size_t i = 0; i < 64; i++) {
        row.digest[i] ^= 1;
        assert_int_equal(ob_plan_check(&doc, &row, &err), OB_ERR_STALE);
        row.digest[i] ^= 1;
    }
    assert_int_equal(ob_plan_check(&doc, &row, &err), OB_OK);
    ob_plan_row_fini(&row);
    ob_value_fini(&doc);
}

/* A whole other document, with its right digest, in the place of this one. */
static void another_document(void **state)
{
    struct ob_value doc, other;
    struct ob_plan_row row, changed;
    read_doc(&doc, plan_text);
    read_doc(&other, plan_text);
    ob_map_put_str(&other, "today", "2026-11-29");
    assert_int_equal(ob_plan_seal(&doc, &row, &err), OB_OK);
    assert_int_equal(ob_plan_seal(&other, &changed, &err), OB_OK);
    memcpy(changed.id, row.id, sizeof row.id);
    assert_int_equal(ob_plan_check(&other, &changed, &err), OB_ERR_STALE);
    assert_non_null(strstr(err.message, "was changed after it was made"));
    ob_map_put_int(&other, "version", OB_PLAN_VERSION + 1);
    assert_int_equal(ob_plan_check(&other, &changed, &err), OB_ERR_STALE);
    assert_non_null(strstr(err.message, "another version"));
    ob_plan_row_fini(&row);
    ob_plan_row_fini(&changed);
    ob_value_fini(&doc);
    ob_value_fini(&other);
}

static enum ob_status take(struct ob_ceiling *c, const char *action, const char *key,
                           const char *id)
{
    return ob_ceiling_take(c, "m", action, &key, &id, 1, NULL, &err);
}

/* Both are in the plan, and still neither may be acted upon as the other. */
static void swapped(void **state)
{
    struct ob_value doc;
    read_doc(&doc, plan_text);
    struct ob_ceiling *c = ob_ceiling_new(&doc);
    assert_int_equal(take(c, "disable", "Ann", "b1"), OB_ERR_GUARD);
    assert_int_equal(take(c, "disable", "Bob", "a1"), OB_ERR_GUARD);
    assert_int_equal(take(c, "disable", "Ann", "a1"), OB_OK);
    assert_int_equal(take(c, "disable", "Bob", "b1"), OB_OK);
    assert_string_equal(ob_ceiling_was(c, "m", "disable", "Ann", "a1").state, "active");
    assert_string_equal(ob_ceiling_was(c, "m", "delete", "Ann", "a1").state, "");
    assert_string_equal(ob_ceiling_was(c, "m", "delete", "Ann", "a1").print, "1.2");
    assert_null(ob_ceiling_was(c, "m", "delete", "Bob", "b1").state);
    ob_ceiling_free(c);
    ob_value_fini(&doc);
}

/* ---- prints ---- */

static char *print_of(const struct ob_provider_info *info, const char *fields)
{
    struct ob_value row, f;
    struct ob_buf out;
    ob_value_set_map(&row);
    read_doc(&f, fields);
    ob_value_move(ob_map_put(&row, "fields"), &f);
    ob_buf_init(&out, OB_BUF_SMALL);
    ob_identity_print(info, &row, &out);
    ob_value_fini(&row);
    return ob_buf_take(&out);
}

static void differs(const struct ob_provider_info *info, const char *a, const char *b,
                    const char *field)
{
    char *was = print_of(info, a), *is = print_of(info, b);
    const char *found = ob_identity_differs(info, was, is);
    if ((found == NULL) != (field == NULL) || (field && strcmp(found, field) != 0))
        fail_msg("%s / %s: %s", a, b, found ? found : "no difference");
    free(was);
    free(is);
}

static void prints(void **state)
{
    char *names[] = {(char *)"name", (char *)"mail", (char *)"rank"};
    struct ob_provider_info info = {.identity = names, .identity_count = 3}, none = {0};
    differs(&info, "{\"name\":\"Ann\",\"x\":1}", "{\"x\":2,\"name\":\"Ann\"}", NULL);
    differs(&info, "{\"name\":\"Ann\"}", "{\"name\":\"Anne\"}", "name");
    differs(&info, "{\"name\":\"Ann\",\"mail\":\"a\"}", "{\"name\":\"Ann\",\"mail\":\"b\"}",
            "mail");
    differs(&info, "{\"rank\":0}", "{\"rank\":1}", "rank");
    differs(&info, "{\"name\":\"Ann\",\"mail\":null}", "{\"name\":\"Ann\",\"mail\":\"b\"}", NULL);
    differs(&info, "{\"name\":\"\"}", "{\"name\":\"Ann\"}", NULL);
    differs(&info, "{}", "{\"name\":\"Ann\"}", NULL);
    differs(&none, "{\"name\":\"Ann\"}", "{\"name\":\"Bob\"}", NULL);
    char *p = print_of(&info, "{\"name\":\"Ann\",\"rank\":2}");
    assert_int_equal(strlen(p), 23);
    assert_null(strstr(p, "Ann"));
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_proposal_has_the_same_id),
        cmocka_unit_test(anything_else_is_another_plan),
        cmocka_unit_test(one_bit_is_enough),
        cmocka_unit_test(another_document),
        cmocka_unit_test(swapped),
        cmocka_unit_test(prints),
    };
    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
