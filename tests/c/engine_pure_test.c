/* The parts of the engine that are pure: what to do with a call that came back, how long to wait,
 * how many at a time, which way of reading is cheaper, ids to numbers. */
#include "engine_help.h"
#include "engine/chunk.h"
#include "engine/idmap.h"
#include "engine/internal.h"
#include "engine/retry.h"

/* ---- retry ---- */

enum { R, M, ANY }; /* a reading, a mutation */

struct retry_case {
    int kind;
    enum ob_net_error net;
    int sent; /* 0, 1, or ANY */
    enum ob_meaning meaning;
    int attempt, throttled;
    bool again; /* logged in again already */
    enum ob_next next;
    enum ob_status status;
    bool throttle;
};

#define NET(kind, net, sent, attempt, next, status)                                                \
    {                                                                                              \
        kind, net, sent, OB_SAYS_NONSENSE, attempt, 0, false, next, status, false                  \
    }
#define SAYS(kind, meaning, attempt, next, status)                                                 \
    {                                                                                              \
        kind, OB_NET_OK, 1, meaning, attempt, 0, false, next, status, false                        \
    }

static const struct retry_case retries[] = {
    /* never left: again, for both, until it is enough */
    NET(ANY, OB_NET_RESOLVE, 0, 1, OB_NEXT_AGAIN, OB_OK),
    NET(ANY, OB_NET_CONNECT, 0, 4, OB_NEXT_AGAIN, OB_OK),
    NET(ANY, OB_NET_CONNECT, 0, 5, OB_NEXT_STOP, OB_ERR),
    NET(ANY, OB_NET_TIMEOUT, 0, 1, OB_NEXT_AGAIN, OB_OK),
    NET(ANY, OB_NET_BROKEN, 0, 1, OB_NEXT_AGAIN, OB_OK),
    NET(ANY, OB_NET_TLS, 0, 1, OB_NEXT_STOP, OB_ERR),
    NET(ANY, OB_NET_SETUP, 0, 1, OB_NEXT_STOP, OB_ERR),
    NET(ANY, OB_NET_CANCELLED, 0, 1, OB_NEXT_STOP, OB_ERR),
    /* may have arrived: a mutation is in doubt whatever the error is called */
    NET(M, OB_NET_RESOLVE, 1, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_CONNECT, 1, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_TLS, 1, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_SETUP, 1, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_TIMEOUT, 1, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_BROKEN, 1, 5, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_CANCELLED, 1, 1, OB_NEXT_DOUBT, OB_OK),
    /* these say by themselves that it arrived */
    NET(M, OB_NET_TOO_LARGE, ANY, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_CUT, ANY, 1, OB_NEXT_DOUBT, OB_OK),
    NET(M, OB_NET_REDIRECT, ANY, 1, OB_NEXT_DOUBT, OB_OK),
    NET(R, OB_NET_TIMEOUT, 1, 4, OB_NEXT_AGAIN, OB_OK),
    NET(R, OB_NET_TIMEOUT, 1, 5, OB_NEXT_STOP, OB_ERR),
    NET(R, OB_NET_BROKEN, 1, 1, OB_NEXT_AGAIN, OB_OK),
    NET(R, OB_NET_CUT, 1, 1, OB_NEXT_AGAIN, OB_OK),
    NET(R, OB_NET_TOO_LARGE, 1, 1, OB_NEXT_STOP, OB_ERR),
    NET(R, OB_NET_REDIRECT, 1, 1, OB_NEXT_STOP, OB_ERR),
    NET(R, OB_NET_CANCELLED, 1, 1, OB_NEXT_STOP, OB_ERR),
    /* a whole answer */
    SAYS(ANY, OB_SAYS_DONE, 1, OB_NEXT_TAKE, OB_OK),
    SAYS(ANY, OB_SAYS_PERSON, 1, OB_NEXT_TAKE, OB_OK),
    SAYS(ANY, OB_SAYS_SUSPECT, 1, OB_NEXT_TAKE, OB_OK),
    SAYS(M, OB_SAYS_REQUEST, 1, OB_NEXT_TAKE, OB_OK),
    SAYS(R, OB_SAYS_REQUEST, 1, OB_NEXT_STOP, OB_ERR),
    SAYS(M, OB_SAYS_TRANSIENT, 1, OB_NEXT_DOUBT, OB_OK),
    SAYS(M, OB_SAYS_NONSENSE, 5, OB_NEXT_DOUBT, OB_OK),
    SAYS(R, OB_SAYS_TRANSIENT, 4, OB_NEXT_AGAIN, OB_OK),
    SAYS(R, OB_SAYS_TRANSIENT, 5, OB_NEXT_STOP, OB_ERR),
    SAYS(R, OB_SAYS_NONSENSE, 1, OB_NEXT_AGAIN, OB_OK),
    SAYS(R, OB_SAYS_NONSENSE, 5, OB_NEXT_STOP, OB_ERR),
    SAYS(ANY, OB_SAYS_CREDENTIAL, 1, OB_NEXT_STOP, OB_ERR_CREDENTIAL),
    SAYS(ANY, OB_SAYS_PERMISSION, 1, OB_NEXT_STOP, OB_ERR_CREDENTIAL),
    SAYS(ANY, OB_SAYS_TOKEN, 1, OB_NEXT_LOGIN, OB_OK),
    {ANY, OB_NET_OK, 1, OB_SAYS_TOKEN, 2, 0, true, OB_NEXT_STOP, OB_ERR_CREDENTIAL, false},
    {ANY, OB_NET_OK, 1, OB_SAYS_THROTTLED, 1, 0, false, OB_NEXT_AGAIN, OB_OK, true},
    {ANY, OB_NET_OK, 1, OB_SAYS_THROTTLED, 1, 9, false, OB_NEXT_AGAIN, OB_OK, true},
    {ANY, OB_NET_OK, 1, OB_SAYS_THROTTLED, 1, 10, false, OB_NEXT_STOP, OB_ERR_THROTTLED, true},
};

static bool kind_fits(const struct retry_case *c, enum ob_call_kind kind)
{
    bool mutates = kind == OB_CALL_ACT || kind == OB_CALL_RAW;
    if (kind == OB_CALL_LOGIN && c->meaning == OB_SAYS_TOKEN)
        return false;
    return c->kind == ANY || (c->kind == M) == mutates;
}

static void retry_table(void **state)
{
    static const enum ob_call_kind kinds[] = {OB_CALL_ACT,      OB_CALL_RAW,  OB_CALL_LOOKUP,
                                              OB_CALL_SNAPSHOT, OB_CALL_LIST, OB_CALL_LOGIN};
    for (size_t i = 0; i < sizeof retries / sizeof *retries; i++)
        for (size_t k = 0; k < 6; k++)
            for (int sent = 0; sent < 2; sent++) {
                const struct retry_case *c = &retries[i];
                if (!kind_fits(c, kinds[k]) || (c->sent != ANY && c->sent != sent))
                    continue;
                struct ob_retry_in in = {kinds[k], c->attempt, c->throttled, c->again,
                                         c->net,   sent,       c->meaning};
                struct ob_retry_out out = ob_retry_decide(&in);
                if (out.next != c->next || out.status != c->status || out.throttle != c->throttle)
                    fail_msg("case %zu, kind %s, sent %d: next %d status %d", i,
                             ob_call_kind_word(kinds[k]), sent, out.next, out.status);
            }
}

/* Whatever comes: a mutation that may have arrived is never sent again and never counted as not
 * sent, unless the cloud itself said that it refused. */
static void retry_never_repeats_what_may_have_arrived(void **state)
{
    for (int net = OB_NET_OK; net <= OB_NET_SETUP; net++)
        for (int m = OB_SAYS_DONE; m <= OB_SAYS_NONSENSE; m++) {
            struct ob_retry_in in = {OB_CALL_ACT, 1, 0, false, net, true, m};
            enum ob_next next = ob_retry_decide(&in).next;
            bool refused = net == OB_NET_OK && m != OB_SAYS_TRANSIENT && m != OB_SAYS_NONSENSE;
            if (!refused)
                assert_int_equal(next, OB_NEXT_DOUBT);
        }
}

static void backoff_bounds(void **state)
{
    struct ob_random rnd;
    int64_t most[12] = {0};
    ob_random_seed(&rnd, 7);
    for (int attempt = 1; attempt < 12; attempt++)
        for (int i = 0; i < 3000; i++) {
            int64_t cap = (int64_t)OB_BACKOFF_BASE_MS << (attempt - 1);
            int64_t ms = ob_backoff_ms(&rnd, attempt, 0);
            if (cap > OB_BACKOFF_CAP_MS)
                cap = OB_BACKOFF_CAP_MS;
            assert_in_range(ms, 0, cap);
            most[attempt] = ms > most[attempt] ? ms : most[attempt];
            int64_t said = 1 + (int64_t)ob_random_below(&rnd, 900000);
            int64_t least = said < OB_RETRY_AFTER_MAX_MS ? said : OB_RETRY_AFTER_MAX_MS;
            assert_in_range(ob_backoff_ms(&rnd, attempt, said), least, least + least / 10 + 1);
        }
    assert_true(most[1] > 190 && most[8] > 19000); /* full jitter: up to the ceiling */
    assert_in_range(ob_backoff_ms(&rnd, 1000000, INT64_MAX), OB_RETRY_AFTER_MAX_MS,
                    OB_RETRY_AFTER_MAX_MS * 11 / 10 + 1);
    assert_in_range(ob_backoff_ms(&rnd, 0, -5), 0, OB_BACKOFF_BASE_MS);
}

/* ---- chunks and waves ---- */

static void shares(void **state)
{
    static const struct {
        const char *text; /* NULL: the number */
        double n;
        size_t total, want;
    } cases[] = {
        {NULL, 1, 10, 1},         {NULL, 0, 10, 0},  {NULL, -3, 10, 0}, {NULL, 2.5, 10, 0},
        {NULL, 5e9, 10, 0},       {"20%", 0, 10, 2}, {"1%", 0, 10, 1},  {"33%", 0, 10, 4},
        {"100%", 0, 7, 7},        {"101%", 0, 7, 0}, {"0%", 0, 7, 0},   {"-1%", 0, 7, 0},
        {"20", 0, 7, 0},          {"%", 0, 7, 0},    {"nan%", 0, 7, 0}, {"20%x", 0, 7, 0},
        {"0.1%", 0, 100000, 100}, {"50%", 0, 0, 1},  {"30%", 0, 10, 3}, {"inf%", 0, 7, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_value v = {0};
        if (cases[i].text)
            ob_value_set_str(&v, cases[i].text);
        else
            ob_value_set_num(&v, cases[i].n);
        if (ob_share_of(&v, cases[i].total) != cases[i].want)
            fail_msg("case %zu: %zu", i, ob_share_of(&v, cases[i].total));
        ob_value_fini(&v);
    }
    struct ob_value ramp = {0};
    size_t count;
    assert_null(ob_waves(NULL, 10, &count));
    ob_value_set_list(&ramp);
    ob_value_set_int(ob_list_push(&ramp), 1);
    ob_list_push_str(&ramp, "25%");
    size_t *waves = ob_waves(&ramp, 10, &count);
    assert_int_equal(count, 2);
    assert_int_equal(waves[0], 1);
    assert_int_equal(waves[1], 3);
    free(waves);
    ob_value_fini(&ramp);
}

static void the_cheaper_reading(void **state)
{
    static const struct {
        int lookup_max, page;
        bool total;
        size_t count;
        int64_t population;
        int want;
    } cases[] = {
        {10, 0, false, 100000, 5, 0},  /* no list */
        {0, 100, true, 1, 1000000, 1}, /* no lookup */
        {1, 100, true, 4, 10, 0},      /* few are not worth it */
        {1, 100, true, 5, -1, -1},     /* first find out how many there are */
        {1, 100, false, 5000, -1, 0},  /* which nobody would say */
        {1, 100, true, 5, 100, 1},     /* 1 page + 1 against 5 */
        {1, 100, true, 5, 400, 0},     /* 4 pages + 1 against 5 */
        {1, 100, true, 5, 300, 1},       {100, 500, true, 10000, 10000, 1},
        {100, 500, true, 500, 10000, 0}, {1, 100, true, 5, INT64_MAX / 2, 0},
        {100, 500, true, 0, 10000, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ob_provider_info info = {.lookup_max = cases[i].lookup_max,
                                        .list_page = cases[i].page,
                                        .list_total = cases[i].total};
        if (ob_reader_prefers_list(&info, cases[i].count, cases[i].population) != cases[i].want)
            fail_msg("case %zu", i);
    }
}

/* ---- ids ---- */

static void idmap_against_a_plain_list(void **state)
{
    enum { N = 5000 };
    static char ids[N][24];
    struct ob_random rnd;
    struct ob_idmap m;
    ob_random_seed(&rnd, 5);
    ob_idmap_init(&m);
    assert_true(ob_idmap_get(&m, "x") == OB_IDMAP_NONE);
    for (size_t i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "%s%zu", i % 3 ? "a" : "", i);
        assert_true(ob_idmap_add(&m, ids[i], i) == OB_IDMAP_NONE);
        assert_true(ob_idmap_add(&m, ids[i], i + 1) == i); /* the first one stays */
        assert_true(ob_idmap_get(&m, ids[ob_random_below(&rnd, i + 1)]) <= i);
    }
    for (size_t i = 0; i < N; i++)
        assert_true(ob_idmap_get(&m, ids[i]) == i);
    assert_true(ob_idmap_get(&m, "") == OB_IDMAP_NONE);
    assert_true(ob_idmap_get(&m, "A1") == OB_IDMAP_NONE); /* exact bytes */
    assert_int_equal(m.count, N);
    ob_idmap_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_table),
        cmocka_unit_test(retry_never_repeats_what_may_have_arrived),
        cmocka_unit_test(backoff_bounds),
        cmocka_unit_test(shares),
        cmocka_unit_test(the_cheaper_reading),
        cmocka_unit_test(idmap_against_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
