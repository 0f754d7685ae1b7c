/* What an approval is worth: whoever forges, changes, borrows or repeats one gains nothing. The
 * attacks are those of a person who can write into the ledger and has a key of their own. */
#include "ledger_fixture.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/approval.h"
#include "script/script.h"

#define NOW   INT64_C(1795320000000)
#define HOUR  INT64_C(3600000)
#define PLAN  "9f3c61d2a7b04e55"
#define OTHER "aaaaaaaaaaaaaaaa"

static const char digest[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/* ---- a plan of two actions, three keys, and who planned ---- */

struct desk {
    struct ob_key *alice, *bob, *mallory;
    struct ob_approver of[2];
    struct ob_approval_need needs[2];
    struct ob_value by;
    struct ob_approval_plan plan;
};

static void approver(struct ob_approver *a, const char *name, struct ob_key *key)
{
    *a = (struct ob_approver){.name = (char *)(uintptr_t)name, .key = key};
    ob_key_print(key, a->print);
}

static int desk_make(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    d->alice = ob_key_new();
    d->bob = ob_key_new();
    d->mallory = ob_key_new();
    approver(&d->of[0], "alice", d->alice);
    approver(&d->of[1], "bob", d->bob);
    d->needs[0] = (struct ob_approval_need){"meeting", "delete", 2, false, d->of, 2};
    d->needs[1] = (struct ob_approval_need){"studio", "remove", 1, true, d->of, 1};
    ob_value_set_map(&d->by);
    ob_map_put_str(&d->by, "user", "planner");
    d->plan = (struct ob_approval_plan){digest, &d->by, d->needs, 2};
    *state = d;
    return 0;
}

static int desk_free(void **state)
{
    struct desk *d = *state;
    ob_key_free(d->alice);
    ob_key_free(d->bob);
    ob_key_free(d->mallory);
    ob_value_fini(&d->by);
    free(d);
    return 0;
}

static struct ob_approval_terms terms(void)
{
    return (struct ob_approval_terms){.plan = digest,
                                      .id = PLAN,
                                      .ceiling = -1,
                                      .at_ms = NOW,
                                      .expires_ms = NOW + HOUR,
                                      .by = "somebody"};
}

static void parse(struct ob_approval *a)
{
    ob_value_fini(&a->doc);
    ob_value_init(&a->doc);
    if (ob_script_json(ob_buf_str(&a->row.document), a->row.document.len, &a->doc, &err) != OB_OK)
        ob_value_init(&a->doc);
}

static void sign(struct ob_approval *a, const struct ob_approval_terms *t, struct ob_key *key)
{
    memset(a, 0, sizeof *a);
    OK(ob_approval_sign(t, key, &a->row, &err));
    a->at_ms = NOW;
    parse(a);
}

static void judged(struct desk *d, struct ob_approval *a, const char *fault)
{
    ob_approval_judge(a, &d->plan);
    if (a->counts != !*fault || !strstr(a->fault, fault))
        fail_msg("%s: \"%s\" instead of \"%s\"", a->counts ? "counts" : "does not count", a->fault,
                 fault);
}

/* Signed so, it is worth that. */
static void worth(struct desk *d, const struct ob_approval_terms *t, struct ob_key *key,
                  const char *fault)
{
    struct ob_approval a;
    sign(&a, t, key);
    judged(d, &a, fault);
    ob_approval_fini(&a);
}

/* ---- attacks ---- */

static void a_good_one_counts(void **state)
{
    struct desk *d = *state;
    struct ob_approval_terms t = terms();
    worth(d, &t, d->alice, "");
    worth(d, &t, d->bob, "");
}

static void a_stranger_does_not_count(void **state)
{
    struct desk *d = *state;
    struct ob_approval_terms t = terms();
    struct ob_approval a;
    worth(d, &t, d->mallory, "its key is in no `of`");
    /* a stranger who says to be alice */
    sign(&a, &t, d->mallory);
    struct ob_value doc;
    ob_value_copy(&doc, &a.doc);
    ob_map_put_str(&doc, "key", d->of[0].print);
    ob_buf_clear(&a.row.document);
    ob_json_write(&a.row.document, &doc);
    unsigned char signature[OB_SIGNATURE_LEN];
    OK(ob_key_sign(d->mallory, ob_buf_str(&a.row.document), a.row.document.len, signature, &err));
    ob_buf_clear(&a.row.signature);
    ob_buf_add(&a.row.signature, signature, sizeof signature);
    parse(&a);
    judged(d, &a, "it was kept under another key");
    free(a.row.key);
    a.row.key = strdup(d->of[0].print);
    judged(d, &a, "its signature is wrong");
    ob_value_fini(&doc);
    ob_approval_fini(&a);
}

static void of_another_plan_it_does_not_count(void **state)
{
    struct desk *d = *state;
    struct ob_approval_terms t = terms();
    t.plan = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefe";
    worth(d, &t, d->alice, "it is of another plan");
    t.plan = "00112233445566778899aabbccddeeff"; /* the beginning is not enough */
    worth(d, &t, d->alice, "it is of another plan");
}

static void expired_it_does_not_count(void **state)
{
    struct desk *d = *state;
    struct ob_approval_terms t = terms();
    t.expires_ms = NOW;
    worth(d, &t, d->alice, "it expired on 2026-11-22T04:00:00Z");
    t.expires_ms = NOW + 1;
    worth(d, &t, d->alice, "");
}

static void the_planner_does_not_count(void **state)
{
    struct desk *d = *state;
    struct ob_approval_terms t = terms();
    struct ob_approval a;
    /* the same user of the system; only studio allows it, and alice alone may approve that */
    t.by = "planner";
    worth(d, &t, d->bob, "it is by the one who planned (the same user)");
    sign(&a, &t, d->alice);
    judged(d, &a, "");
    assert_false(ob_approval_is_for(&a, &d->needs[0]));
    assert_true(ob_approval_is_for(&a, &d->needs[1]));
    ob_approval_fini(&a);
    /* the same key under another name */
    t.by = "somebody";
    ob_map_put_str(&d->by, "key", d->of[1].print);
    worth(d, &t, d->bob, "it is by the one who planned (the same key)");
    worth(d, &t, d->alice, "");
    /* a plan that was written by hand, and not by offboard */
    ob_value_set_map(&d->by);
    worth(d, &t, d->bob, "the plan does not say who made it");
}

static void twice_the_same_is_one_voice(void **state)
{
    struct desk *d = *state;
    struct ob_approval a[3];
    struct ob_approval_terms t = terms();
    sign(&a[0], &t, d->alice);
    t.at_ms++;
    t.by = "somebody else";
    sign(&a[1], &t, d->alice);
    sign(&a[2], &t, d->bob);
    for (size_t i = 0; i < 3; i++)
        judged(d, &a[i], "");
    assert_int_equal(ob_approval_count(a, 2, &d->needs[0]), 1);
    assert_int_equal(ob_approval_count(a, 3, &d->needs[0]), 2);
    assert_int_equal(ob_approval_count(a, 3, &d->needs[1]), 1);
    assert_int_equal(ob_approval_count(a + 2, 1, &d->needs[1]), 0);
    for (size_t i = 0; i < 3; i++)
        ob_approval_fini(&a[i]);
}

/* One bit anywhere in what is kept of an approval. */
static void every_bit_counts(void **state)
{
    struct desk *d = *state;
    struct ob_approval a;
    struct ob_value strikes;
    struct ob_approval_terms t = terms();
    ob_value_init(&strikes);
    ob_value_set_list(&strikes);
    ob_list_push_str(&strikes, "E00012");
    t.strikes = &strikes;
    t.ceiling = 5;
    sign(&a, &t, d->alice);
    struct ob_buf *const parts[] = {&a.row.document, &a.row.signature};
    for (size_t part = 0; part < 2; part++)
        for (size_t bit = 0; bit < 8 * parts[part]->len; bit++) {
            parts[part]->p[bit / 8] ^= (char)(1 << bit % 8);
            parse(&a);
            ob_approval_judge(&a, &d->plan);
            if (a.counts)
                fail_msg("bit %zu of part %zu does not matter", bit, part);
            parts[part]->p[bit / 8] ^= (char)(1 << bit % 8);
        }
    for (size_t bit = 0; bit < 8 * strlen(a.row.key); bit++) {
        a.row.key[bit / 8] ^= (char)(1 << bit % 8);
        parse(&a);
        ob_approval_judge(&a, &d->plan);
        assert_false(a.counts);
        a.row.key[bit / 8] ^= (char)(1 << bit % 8);
    }
    parse(&a);
    judged(d, &a, "");
    a.row.signature.len--;
    judged(d, &a, "its signature is wrong");
    ob_value_fini(&strikes);
    ob_approval_fini(&a);
}

/* Also when an approver signs it themself: what a document may say is fixed. */
static void an_approval_can_only_make_less(void **state)
{
    static const struct {
        const char *field, *json;
    } changes[] = {{"people", "[\"E99999\"]"},
                   {"add", "{\"meeting\":[\"x\"]}"},
                   {"ceiling", "-1"},
                   {"ceiling", "1.5"},
                   {"ceiling", "\"100\""},
                   {"strikes", "{}"},
                   {"strikes", "[\"b\",\"a\"]"},
                   {"strikes", "[\"a\",\"a\"]"},
                   {"strikes", "[1]"},
                   {"what", "\"offboard head\""},
                   {"expires_ms", "\"never\""},
                   {"expires_ms", "null"},
                   {"plan", "null"},
                   {"by", "7"}};
    struct desk *d = *state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct ob_approval a;
        struct ob_approval_terms t = terms();
        unsigned char signature[OB_SIGNATURE_LEN];
        sign(&a, &t, d->alice);
        struct ob_value *v = ob_map_put(&a.doc, changes[i].field);
        ob_value_fini(v);
        OK(ob_script_json(changes[i].json, strlen(changes[i].json), v, &err));
        ob_buf_clear(&a.row.document);
        ob_json_write(&a.row.document, &a.doc);
        OK(ob_key_sign(d->alice, ob_buf_str(&a.row.document), a.row.document.len, signature, &err));
        ob_buf_clear(&a.row.signature);
        ob_buf_add(&a.row.signature, signature, sizeof signature);
        parse(&a);
        ob_approval_judge(&a, &d->plan);
        if (a.counts)
            fail_msg("%s = %s counts", changes[i].field, changes[i].json);
        ob_approval_fini(&a);
    }
}

/* The same value in another spelling is not what was signed: nothing may hide in white space. */
static void only_the_canonical_spelling_is_read(void **state)
{
    struct desk *d = *state;
    struct ob_approval a;
    struct ob_approval_terms t = terms();
    unsigned char signature[OB_SIGNATURE_LEN];
    sign(&a, &t, d->alice);
    ob_buf_addc(&a.row.document, ' ');
    OK(ob_key_sign(d->alice, ob_buf_str(&a.row.document), a.row.document.len, signature, &err));
    ob_buf_clear(&a.row.signature);
    ob_buf_add(&a.row.signature, signature, sizeof signature);
    parse(&a);
    judged(d, &a, "it was not written by offboard");
    ob_approval_fini(&a);
}

static void strikes_are_sorted_and_each_once(void **state)
{
    struct desk *d = *state;
    struct ob_approval a;
    struct ob_value strikes;
    struct ob_approval_terms t = terms();
    ob_value_init(&strikes);
    ob_value_set_list(&strikes);
    ob_list_push_str(&strikes, "b");
    ob_list_push_str(&strikes, "a");
    ob_list_push_str(&strikes, "b");
    t.strikes = &strikes;
    sign(&a, &t, d->bob);
    assert_non_null(strstr(ob_buf_str(&a.row.document), "\"strikes\":[\"a\",\"b\"]"));
    judged(d, &a, "");
    ob_value_fini(&strikes);
    ob_approval_fini(&a);
}

/* ---- the rules of then ---- */

static void loosened_is_loosened_for_other_plans(void **state)
{
    struct desk *d = *state;
    struct ob_value doc;
    struct ob_approval_need now[2];
    struct ob_approver three[3];
    ob_value_init(&doc);
    ob_value_set_map(&doc);
    ob_approval_seal(&doc, d->needs, 2);
    assert_int_equal(ob_list_count(ob_map_get(&doc, "approvals")), 2);
    memcpy(now, d->needs, sizeof now);
    memcpy(three, d->of, sizeof d->of);
    approver(&three[2], "mallory", d->mallory);
    assert_null(ob_approval_loosened(&doc, now, 2));
    now[0].of_count = 1; /* fewer who may, or more who have to: tighter */
    now[1].planner = false;
    now[1].need = 2;
    assert_null(ob_approval_loosened(&doc, now, 2));
    now[0].need = 1;
    assert_string_equal(ob_map_str(ob_approval_loosened(&doc, now, 2), "action"), "delete");
    now[0].need = 2;
    now[0].planner = true;
    assert_non_null(ob_approval_loosened(&doc, now, 2));
    now[0].planner = false;
    now[0].of = three;
    now[0].of_count = 3;
    assert_non_null(ob_approval_loosened(&doc, now, 2));
    assert_non_null(ob_approval_loosened(&doc, d->needs, 1)); /* the second is gone */
    assert_non_null(ob_approval_loosened(&doc, NULL, 0));
    ob_value_fini(&doc);
    ob_value_init(&doc);
    ob_value_set_map(&doc);
    now[0].need = 0;
    ob_approval_seal(&doc, now, 1);
    assert_null(ob_map_get(&doc, "approvals"));
    ob_value_fini(&doc);
}

/* ---- who is struck ---- */

static void struck_by_one_id_is_struck_everywhere(void **state)
{
    static const char plan[] = "{\"steps\":[{\"people\":[[\"E1\",\"one.meeting\"],"
                               "[\"E2\",\"two.meeting\"]]},{\"action\":\"wait\"},"
                               "{\"people\":[[\"E1\",\"one_desktop\"],[\"E2\",\"two_desktop\"]]}]}";
    struct ob_value doc;
    struct ob_struck *s = ob_struck_new();
    OK(ob_script_json(plan, strlen(plan), &doc, &err));
    assert_null(ob_struck_why(NULL, "E1", "x"));
    assert_null(ob_struck_why(s, "E1", "x"));
    ob_struck_add(s, "one.meeting", "by alice");
    ob_struck_add(s, "one.meeting", "by bob");
    ob_struck_spread(s, &doc);
    assert_string_equal(ob_struck_why(s, "E1", "one_desktop"), "by alice");
    assert_string_equal(ob_struck_why(s, "other", "one.meeting"), "by alice");
    assert_null(ob_struck_why(s, "E2", "two_desktop"));
    assert_null(ob_struck_why(s, "E", "one"));
    ob_value_fini(&doc);
    ob_struck_free(s);
}

/* Steps may be about rosters with other names of the same people, in any order. */
static void struck_by_one_name_is_struck_by_all(void **state)
{
    static const char plan[] = "{\"steps\":[{\"people\":[[\"one_desktop\",\"1\"],"
                               "[\"two.meeting\",\"two.meeting\"]]},"
                               "{\"people\":[[\"one.meeting\",\"one_desktop\"]]},"
                               "{\"people\":[[\"E1\",\"one.meeting\"],[\"E2\",\"two.meeting\"]]}]}";
    struct ob_value doc;
    struct ob_struck *s = ob_struck_new();
    OK(ob_script_json(plan, strlen(plan), &doc, &err));
    ob_struck_add(s, "E1", "by alice");
    ob_struck_spread(s, &doc);
    assert_string_equal(ob_struck_why(s, "one.meeting", "one_desktop"), "by alice");
    assert_string_equal(ob_struck_why(s, "one_desktop", "1"), "by alice");
    assert_null(ob_struck_why(s, "two.meeting", "two.meeting"));
    ob_value_fini(&doc);
    ob_struck_free(s);
}

/* ---- kept ---- */

struct found {
    size_t count;
    struct ob_approval_row rows[4];
};

static bool collect(void *ctx, const struct ob_approval_row *a)
{
    struct found *f = ctx;
    f->rows[f->count].id = a->id;
    f->rows[f->count].key = strdup(a->key);
    ob_buf_init(&f->rows[f->count].document, 10000);
    ob_buf_add(&f->rows[f->count].document, ob_buf_str(&a->document), a->document.len);
    ob_buf_init(&f->rows[f->count].signature, 10000);
    ob_buf_add(&f->rows[f->count].signature, ob_buf_str(&a->signature), a->signature.len);
    return ++f->count < 4;
}

static void what_is_kept_comes_back(void **state)
{
    struct desk *d = *state;
    struct ob_ledger *l;
    struct found f = {0}, none = {0};
    struct ob_approval a, b;
    struct ob_approval_terms t = terms();
    sign(&a, &t, d->alice);
    sign(&b, &t, d->bob);
    OK(ob_ledger_open(&l, ":memory:", &err));
    OK(ob_ledger_approval_put(l, &a.row, &err));
    OK(ob_ledger_approval_put(l, &a.row, &err)); /* brought again */
    OK(ob_ledger_approval_put(l, &b.row, &err));
    OK(ob_ledger_approval_each(l, PLAN, collect, &f, &err));
    OK(ob_ledger_approval_each(l, OTHER, collect, &none, &err));
    assert_int_equal(f.count, 2);
    assert_int_equal(none.count, 0);
    assert_string_equal(f.rows[0].key, d->of[0].print);
    assert_string_equal(f.rows[1].key, d->of[1].print);
    assert_int_equal(f.rows[1].document.len, b.row.document.len);
    assert_memory_equal(ob_buf_str(&f.rows[1].document), ob_buf_str(&b.row.document),
                        b.row.document.len);
    assert_memory_equal(ob_buf_str(&f.rows[0].signature), ob_buf_str(&a.row.signature),
                        OB_SIGNATURE_LEN);
    for (size_t i = 0; i < f.count; i++)
        ob_approval_row_fini(&f.rows[i]);
    ob_approval_fini(&a);
    ob_approval_fini(&b);
    ob_ledger_close(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_make, desk_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_one_counts),
        TEST(a_stranger_does_not_count),
        TEST(of_another_plan_it_does_not_count),
        TEST(expired_it_does_not_count),
        TEST(the_planner_does_not_count),
        TEST(twice_the_same_is_one_voice),
        TEST(every_bit_counts),
        TEST(an_approval_can_only_make_less),
        TEST(only_the_canonical_spelling_is_read),
        TEST(strikes_are_sorted_and_each_once),
        TEST(loosened_is_loosened_for_other_plans),
        TEST(struck_by_one_id_is_struck_everywhere),
        TEST(struck_by_one_name_is_struck_by_all),
        TEST(what_is_kept_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
