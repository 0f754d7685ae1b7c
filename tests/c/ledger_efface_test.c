/* One person out of documents about many: what goes, and that all else stays byte by byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "ledger/efface.h"

static struct ob_texts texts(const char *list) /* separated by '|' */
{
    struct ob_texts t = {0};
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, "|");
        ob_texts_add(&t, p, n);
        p += n + (p[n] == '|');
    }
    return t;
}

/* `want` NULL: the document does not name them. The first text is the name. */
static void gone(enum ob_efface_kind kind, const char *person, const char *in, const char *want)
{
    struct ob_texts all = texts(person), digests = texts("d1gest"), names = {0};
    struct ob_efface e = {kind, &all, &names, &digests};
    struct ob_buf out;
    ob_texts_add(&names, all.p[0], strlen(all.p[0]));
    ob_buf_init(&out, OB_BUF_LARGE);
    bool changed = ob_efface(&e, in, strlen(in), &out);
    if (changed != (want != NULL))
        fail_msg("%s: %s: changed: %d, to %s", person, in, changed, ob_buf_str(&out));
    if (want)
        assert_string_equal(ob_buf_str(&out), want);
    ob_buf_fini(&out);
    ob_texts_fini(&all);
    ob_texts_fini(&names);
    ob_texts_fini(&digests);
}

#define WORDS(person, in, want) gone(OB_EFFACE_WORDS, person, in, want)
#define CELLS(person, in, want) gone(OB_EFFACE_CELLS, person, in, want)
#define PLAN(person, in, want)  gone(OB_EFFACE_PLAN, person, in, want)
#define ROWS(person, in, want)  gone(OB_EFFACE_ROWS, person, in, want)

static void words(void **state)
{
    WORDS("m.chen", "could not lock m.chen: busy", "could not lock (erased): busy");
    WORDS("m.chen", "m.chen", "(erased)");
    WORDS("m.chen", "it was m.chen.", "it was (erased).");
    WORDS("m.chen", "(m.chen), \"m.chen\"/m.chen", "((erased)), \"(erased)\"/(erased)");
    WORDS("m.chen|u77", "u77 is m.chen", "(erased) is (erased)");
    WORDS("m.chen|m.chen2", "m.chen2 and m.chen", "(erased) and (erased)");
    /* others */
    WORDS("m.chen", "m.chen2, am.chen, m.chen.x, x.m.chen, m.chen_1, m.chen-b", NULL);
    WORDS("m.chen", "m.chen@corp.example and x@m.chen", NULL);
    WORDS("Jos\xc3\xa9", "Jos\xc3\xa9phine", NULL);
    WORDS("Andr", "Andr\xc3\xa9", NULL);
    /* no spaces between words in Chinese */
    WORDS("\xe7\x8e\x8b\xe8\x8a\xb3",
          "\xe7\x94\xa8\xe6\x88\xb7\xe7\x8e\x8b\xe8\x8a\xb3\xe4\xb8\x8d",
          "\xe7\x94\xa8\xe6\x88\xb7(erased)\xe4\xb8\x8d");
    WORDS("m.chen", "\xe7\x94\xa8\xe6\x88\xb7m.chen\xe4\xb8\x8d",
          "\xe7\x94\xa8\xe6\x88\xb7(erased)\xe4\xb8\x8d");
    /* what says little is left */
    WORDS("1", "1 of 12, step 1", NULL);
    WORDS("it", "it was it", NULL);
    WORDS("1234", "1234", NULL);
    WORDS("12345", "12345 and 123456", "(erased) and 123456");
    WORDS("m.chen", "", NULL);
}

static void tables(void **state)
{
    ROWS("m.chen", "person,phone\r\nm.chen,+86 1\r\nm.chen2,+86 2\r\n",
         "person,phone\r\n(erased),(erased)\r\nm.chen2,+86 2\r\n");
    ROWS("m.chen", "person;phone\n\"m.chen\";\"+86; 1\"\nj.doe;2",
         "person;phone\n\"(erased)\";\"(erased)\"\nj.doe;2");
    ROWS("a \"b\" c", "p,q\n\"a \"\"b\"\" c\",1\nd,2\n", "p,q\n\"(erased)\",(erased)\nd,2\n");
    ROWS("m.chen", "p,note\nj.doe,\"works with \"\"m.chen\"\", still\"\n",
         "p,note\nj.doe,\"works with \"\"(erased)\"\", still\"\n");
    /* the row of another person, of whom they are the manager */
    ROWS("m.chen", "p,manager\nm.chen,boss\nj.doe,m.chen\nk.lee,m.chen\n",
         "p,manager\n(erased),(erased)\nj.doe,(erased)\nk.lee,(erased)\n");
    ROWS("m.chen", "p,team\nj.doe,m.chen\nk.lee,m.chen\n",
         "p,team\nj.doe,(erased)\nk.lee,(erased)\n");
    /* by the id, where the name is not there; an empty cell stays empty */
    ROWS("m.chen|u77", "id,phone,x\nu77,5,\nu778,6,\n",
         "id,phone,x\n(erased),(erased),\nu778,6,\n");
    /* called "1", among ones */
    ROWS("1", "p,status,phone\n1,1,77\n2,1,78\n3,0,79\n",
         "p,status,phone\n(erased),(erased),(erased)\n2,1,78\n3,0,79\n");
    ROWS("1", "p,status\n2,1\n3,1\n4,0\n", NULL);
    /* lines */
    ROWS("m.chen", "# who leaves\nm.chen\n m.chen \nm.chen2\n",
         "# who leaves\n(erased)\n (erased) \nm.chen2\n");
    ROWS("m.chen", "a,b\n\"never closed, m.chen", "a,b\n\"never closed, (erased)");
    ROWS("m.chen", "nobody\nhere\n", NULL);
}

static void lists(void **state)
{
    ROWS("m.chen",
         "[{\"id\":\"m.chen\",\"n\":1,\"x\":{\"phone\":\"5\"},\"on\":true},{\"id\":\"m.chen2\","
         "\"n\":2}]",
         "[{\"id\":\"(erased)\",\"n\":\"(erased)\",\"x\":{\"phone\":\"(erased)\"},\"on\":true},{"
         "\"id\":\"m.chen2\",\"n\":2}]");
    ROWS("m.chen", "{\"id\":\"m.chen\",\"phone\":5}",
         "{\"id\":\"(erased)\",\"phone\":\"(erased)\"}");
    ROWS(
        "m.chen", "[{\"id\":\"a\",\"manager\":\"m.chen\"},{\"id\":\"m.chen\",\"manager\":\"z\"}]",
        "[{\"id\":\"a\",\"manager\":\"(erased)\"},{\"id\":\"(erased)\",\"manager\":\"(erased)\"}]");
    /* a group keeps its other members, in whatever order the rows are */
    ROWS("m.chen", "[{\"id\":\"g1\",\"members\":[\"m.chen\",\"j.doe\"]}]",
         "[{\"id\":\"g1\",\"members\":[\"(erased)\",\"j.doe\"]}]");
    ROWS("m.chen", "{\"m.chen\":{\"role\":\"x\"},\"j.doe\":{\"role\":\"y\"}}",
         "{\"(erased)\":{\"role\":\"(erased)\"},\"j.doe\":{\"role\":\"y\"}}");
    ROWS("m.chen", "{\"(erased)\":{},\"m.chen\":[]}", "{\"(erased)\":{},\"(erased 2)\":[]}");
    ROWS("1",
         "[{\"id\":\"1\",\"status\":1},{\"id\":\"2\",\"status\":1},{\"id\":\"3\",\"status\":1}]",
         "[{\"id\":\"(erased)\",\"status\":\"(erased)\"},{\"id\":\"2\",\"status\":1},{\"id\":\"3\","
         "\"status\":1}]");
    ROWS("10023441", "[{\"id\":10023441},{\"id\":100234412}]",
         "[{\"id\":\"(erased)\"},{\"id\":100234412}]");
    /* escapes */
    ROWS("a\"\\\xc3\xa9", "[ {\"id\": \"a\\\"\\\\\\u00e9\" , \"p\":\"5\"}, {\"id\":\"b\"} ]",
         "[ {\"id\": \"(erased)\" , \"p\":\"(erased)\"}, {\"id\":\"b\"} ]");
    CELLS("m.chen", "{\"why\":\"m.chen \\u0026 \\\"co\\\"\",\"chunk\":10}",
          "{\"why\":\"(erased) & \\\"co\\\"\",\"chunk\":10}");
    CELLS("m.chen", "{\"spared\":[\"m.chen\",\"j.doe\"],\"input\":\"m.chen2\"}",
          "{\"spared\":[\"(erased)\",\"j.doe\"],\"input\":\"m.chen2\"}");
    CELLS("m.chen", "not JSON, about m.chen", "not JSON, about (erased)");
}

static void plans(void **state)
{
    PLAN("m.chen|u77",
         "{\"notes\":[\"m.chen "
         "leaves\"],\"readings\":[{\"asked\":\"aaa\",\"digest\":\"d1gest\",\"path\":\"1\"},"
         "{\"asked\":\"bbb\",\"digest\":\"other\"}],\"steps\":[{\"action\":\"lock\",\"path\":\"1\","
         "\"people\":"
         "[[\"m.chen\",\"u77\",\"on\",\"f00\"],[\"m.chen2\",\"u778\",\"on\",\"f11\"]]}],"
         "\"version\":2}",
         "{\"notes\":[\"(erased) "
         "leaves\"],\"readings\":[{\"asked\":\"(erased)\",\"digest\":\"d1gest\",\"path\":\"1\"},"
         "{\"asked\":\"bbb\",\"digest\":\"other\"}],\"steps\":[{\"action\":\"lock\",\"path\":\"1\","
         "\"people\":"
         "[[\"(erased)\",\"(erased)\",\"(erased)\",\"(erased)\"],[\"m.chen2\",\"u778\",\"on\","
         "\"f11\"]]}],\"version\":2}");
    /* called as parts of the frame are, and as an id of another */
    PLAN("1|c1",
         "{\"steps\":[{\"path\":\"1\",\"target\":\"1\",\"people\":[[\"1\",\"c1\"],[\"b\",\"1\"]]}],"
         "\"version\":1}",
         "{\"steps\":[{\"path\":\"1\",\"target\":\"1\",\"people\":[[\"(erased)\",\"(erased)\"],["
         "\"b\",\"1\"]]}],\"version\":1}");
    PLAN("meeting",
         "{\"steps\":[{\"path\":\"1\",\"target\":\"meeting\",\"people\":[[\"a\",\"b\"]]}]}", NULL);
    PLAN("10023441", "{\"created_ms\":10023441,\"steps\":[]}", NULL);
}

struct named {
    char text[200];
};

static void name_one(void *ctx, const char *name, const char *id)
{
    struct named *n = ctx;
    snprintf(n->text + strlen(n->text), sizeof n->text - strlen(n->text), "%s=%s ", name, id);
}

static void names(void **state)
{
    static const char doc[] = "{\"steps\":[{\"people\":[[\"a\\\"b\",\"1\",\"x\"],[\"c\",\"2\"]]},"
                              "{\"action\":\"wait\"},{\"people\":[[\"d\",\"3\"]]}]}";
    struct named n = {""};
    ob_plan_names(doc, strlen(doc), name_one, &n);
    assert_string_equal(n.text, "a\"b=1 c=2 d=3 ");
    ob_plan_names("{", 1, name_one, &n);
    ob_plan_names("[1]", 3, name_one, &n);
    assert_string_equal(n.text, "a\"b=1 c=2 d=3 ");
}

/* Whatever it is: JSON that was JSON is JSON, and what was gone once is gone. */
static void any_bytes(void **state)
{
    static const char parts[] = "{}[]\",:\\\n;#1 am.chen(\xc3\xa9";
    struct ob_texts all = texts("m.chen|1|12345"), none = {0};
    unsigned seed = 5;
    for (int round = 0; round < 40000; round++) {
        char in[64];
        size_t n = 0, want = (size_t)(rand_r(&seed) % 40);
        struct ob_buf out, again;
        bool json;
        while (n < want) {
            if (rand_r(&seed) % 5 == 0) {
                memcpy(in + n, "m.chen", 6);
                n += 6;
            } else {
                in[n++] = parts[(size_t)rand_r(&seed) % (sizeof parts - 1)];
            }
        }
        struct ob_efface e = {(enum ob_efface_kind)(round % 4), &all, &all, &none};
        ob_buf_init(&out, OB_BUF_LARGE);
        ob_buf_init(&again, OB_BUF_LARGE);
        if (ob_efface(&e, in, n, &out)) {
            assert_false(ob_efface_words(&all, ob_buf_str(&out), out.len, &again) &&
                         e.kind == OB_EFFACE_WORDS);
            ob_buf_clear(&again);
            if (e.kind != OB_EFFACE_WORDS && ob_efface_json(&e, in, n, &again, &json) && json) {
                ob_buf_clear(&again);
                (void)ob_efface_json(&e, ob_buf_str(&out), out.len, &again, &json);
                assert_true(json);
            }
        }
        ob_buf_fini(&out);
        ob_buf_fini(&again);
    }
    ob_texts_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words), cmocka_unit_test(tables), cmocka_unit_test(lists),
        cmocka_unit_test(plans), cmocka_unit_test(names),  cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests_name("one person out of a document", tests, NULL, NULL);
}
