/* Personal data is held sealed, and gone when somebody is erased: from the file, its log and freed
 * pages, whenever the program is killed on the way; and the others stay. */
#include "ledger_fixture.h"
#include <sqlite3.h>
#include "base/json.h"

/* Long enough not to stand in ciphertext by chance, where the whole file is searched for them. */
static const char *const who[][2] = {
    {"m.chen", "user77"},          {"m.chen2", "user778"}, {"1", "zz1-id"},
    {"a\"b\\\xc3\xa9", "q\"9-id"}, {"wang", "77"},
};
#define PEOPLE (sizeof who / sizeof *who)

static char csv_digest[OB_SHA256_HEX], read_digest[OB_SHA256_HEX], policy_digest[OB_SHA256_HEX];

/* ---- a ledger with a bit of everything ---- */

static void put_json(struct ob_buf *b, const char *text)
{
    ob_json_write_str(b, text, strlen(text));
}

static void put_inputs(struct ob_ledger *l)
{
    struct ob_buf csv, read;
    ob_buf_init(&csv, OB_BUF_SMALL);
    ob_buf_init(&read, OB_BUF_SMALL);
    ob_buf_adds(&csv, "person,status,phone\n");
    ob_buf_adds(&read, "[");
    for (size_t i = 0; i < PEOPLE; i++) {
        ob_buf_adds(&csv, i == 3 ? "\"a\"\"b\\\xc3\xa9\"" : who[i][0]);
        ob_buf_addf(&csv, ",%d,+86-555-%zu\n", i % 2 ? 1 : 0, i);
        ob_buf_addf(&read, "%s{\"id\":", i ? "," : "");
        put_json(&read, who[i][1]);
        ob_buf_addf(&read, ",\"mail\":\"mail%zu@corp\"}", i);
    }
    ob_buf_adds(&read, "]");
    OK(ob_ledger_blob_put(l, csv.p, csv.len, csv_digest, &err));
    OK(ob_ledger_blob_put(l, read.p, read.len, read_digest, &err));
    OK(ob_ledger_blob_put(l, "-- never m.chen, never 1", 24, policy_digest, &err));
    ob_buf_fini(&csv);
    ob_buf_fini(&read);
}

/* A plan for the people from..to-1. */
static void put_people_plan(struct ob_ledger *l, const char *id, size_t from, size_t to)
{
    struct ob_plan_row p = {.created_ms = 5, .policy_name = "leavers.lua", .digest = (char *)id};
    strcpy(p.id, id);
    ob_buf_init(&p.document, OB_BUF_SMALL);
    ob_buf_addf(&p.document,
                "{\"id\":\"%s\",\"inputs\":[{\"digest\":\"%s\",\"name\":\"leavers\"}],"
                "\"policy\":{\"digest\":\"%s\",\"name\":\"leavers.lua\"},"
                "\"readings\":[{\"asked\":\"a5ked\",\"digest\":\"%s\"}],\"steps\":[{\"path\":\"1\","
                "\"people\":[",
                id, csv_digest, policy_digest, read_digest);
    for (size_t i = from; i < to; i++) {
        ob_buf_adds(&p.document, i > from ? ",[" : "[");
        put_json(&p.document, who[i][0]);
        ob_buf_adds(&p.document, ",");
        put_json(&p.document, who[i][1]);
        ob_buf_adds(&p.document, "]");
    }
    ob_buf_adds(&p.document, "]}]}");
    OK(ob_ledger_plan_put(l, &p, &err));
    ob_buf_fini(&p.document);
}

static void put_people(struct ob_ledger *l, int64_t run, size_t from, size_t to)
{
    struct ob_person_row rows[PEOPLE] = {0};
    struct ob_step_row s = {
        .path = "1", .target = "meeting", .action = "disable", .digest = "5tepdigest"};
    struct ob_value snapshot = {0};
    for (size_t i = from; i < to; i++)
        rows[i - from] = (struct ob_person_row){
            .index = (int64_t)(i - from), .person = (char *)who[i][0], .id = (char *)who[i][1]};
    ob_buf_init(&s.options, OB_BUF_SMALL);
    ob_buf_init(&s.result, OB_BUF_SMALL);
    ob_buf_adds(&s.options, "{\"chunk\":100}");
    ob_buf_adds(&s.result, "{\"go\":\"m.chen stays\"}");
    OK(ob_ledger_step_put(l, run, &s, rows, to - from, &err));
    ob_value_set_map(&snapshot);
    for (size_t i = from; i < to; i++) {
        char phone[32];
        snprintf(phone, sizeof phone, "+86-777-%zu", i);
        ob_map_put_str(&snapshot, "phone", phone);
        OK(ob_ledger_snapshot_put(l, run, "1", (int64_t)(i - from), &snapshot, &err));
        OK(ob_ledger_person_set(l, run, "1", (int64_t)(i - from), OB_P_FAILED, phone, 1, &err));
    }
    ob_value_fini(&snapshot);
    ob_buf_fini(&s.options);
    ob_buf_fini(&s.result);
}

static void put_call(struct ob_ledger *l, int64_t run, int64_t *people, size_t count,
                     const char *detail)
{
    struct ob_call_row c = {.run = run,
                            .step = "1",
                            .target = "meeting",
                            .action = "disable",
                            .kind = OB_CALL_LOOKUP,
                            .request_id = "r",
                            .body_digest = "b0dyd1gest",
                            .people = people,
                            .people_count = count,
                            .result = "refused",
                            .detail = (char *)detail};
    OK(ob_ledger_intent(l, &c, &err));
    c.done_ms = 7;
    OK(ob_ledger_result(l, &c, &err));
}

static void put_run_of(struct ob_ledger *l, const char *plan, size_t from, size_t to, bool done)
{
    int64_t run, first = 0, both[] = {0, 1};
    OK(ob_ledger_run_new(l, plan, 1000, &run, &err));
    put_people(l, run, from, to);
    put_call(l, run, &first, 1, "no such user");
    put_call(l, run, both, 2, "m.chen is busy");
    OK(ob_ledger_run_end(l, run, 9, done ? OB_RUN_DONE : OB_RUN_OPEN, OB_OK, "stopped at m.chen2",
                         &err));
}

/* Run 1 is done, with all but the last; plan 2 was never carried out. */
static void make_world(const char *path)
{
    struct ob_ledger *l = open_at(path);
    put_inputs(l);
    put_people_plan(l, "1111111111111111", 0, 4);
    put_run_of(l, "1111111111111111", 0, 4, true);
    put_people_plan(l, "2222222222222222", 0, 2);
    OK(ob_ledger_learned_put(l, "meeting", "reading.1.1.list.x", read_digest, &err));
    OK(ob_ledger_learned_put(l, "meeting", "population", "5", &err));
    ob_ledger_close(l);
}

/* ---- looking ---- */

static bool file_has(const char *path, const char *suffix, const void *text, size_t len)
{
    char name[256];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        return false;
    assert_int_equal(fstat(fd, &st), 0);
    char *bytes = malloc((size_t)st.st_size + 1);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    bool has = memmem(bytes, (size_t)st.st_size, text, len) != NULL;
    free(bytes);
    close(fd);
    return has;
}

static bool stands(const char *path, const void *text, size_t len)
{
    return file_has(path, "", text, len) || file_has(path, "-wal", text, len);
}

static bool held(struct ob_ledger *l, const char *text)
{
    bool holds;
    OK(ob_ledger_holds(l, text, strlen(text), &holds, &err));
    return holds;
}

struct keys {
    unsigned char key[200][32];
    size_t count;
};

static void read_keys(const char *path, struct keys *k)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT key FROM subject WHERE length(key) = 32", -1, &st, NULL),
        SQLITE_OK);
    for (k->count = 0; sqlite3_step(st) == SQLITE_ROW && k->count < 200; k->count++)
        memcpy(k->key[k->count], sqlite3_column_blob(st, 0), 32);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* How many keys of before are gone; a key that is not in the table stands nowhere. */
static size_t keys_gone(const char *path, const struct keys *before)
{
    struct keys now;
    size_t gone = 0;
    read_keys(path, &now);
    for (size_t i = 0; i < before->count; i++) {
        bool there = false;
        for (size_t k = 0; k < now.count; k++)
            there = there || memcmp(before->key[i], now.key[k], 32) == 0;
        if (!there)
            assert_false(stands(path, before->key[i], 32));
        gone += !there;
    }
    return gone;
}

static void erase(struct ob_ledger *l, const char *person)
{
    struct ob_erasure e;
    OK(ob_ledger_erase(l, person, &e, &err));
    ob_erasure_fini(&e);
}

struct seen {
    const char *person, *id, *detail;
    size_t rows, erased, same;
};

static bool look_person(void *ctx, const struct ob_person_row *p)
{
    struct seen *s = ctx;
    s->rows++;
    if (p->erased) {
        assert_string_equal(p->person, "(erased)");
        assert_string_equal(p->id, "(erased)");
        assert_string_equal(p->detail, "(erased)");
        s->erased++;
    }
    s->same += strcmp(p->person, s->person) == 0 && strcmp(p->id, s->id) == 0 &&
               strcmp(p->detail, s->detail) == 0;
    return true;
}

/* Everybody but these of run 1 is as they were. */
static void others_are_whole(struct ob_ledger *l, size_t a, size_t b)
{
    for (size_t i = 0; i < 4; i++) {
        char phone[32];
        struct ob_buf json;
        snprintf(phone, sizeof phone, "+86-777-%zu", i);
        struct seen s = {.person = who[i][0], .id = who[i][1], .detail = phone};
        OK(ob_ledger_person_each(l, 1, "1", look_person, &s, &err));
        assert_int_equal(s.rows, 4);
        assert_int_equal(s.erased, a == b ? 1 : 2);
        assert_int_equal(s.same, i != a && i != b);
        ob_buf_init(&json, OB_BUF_SMALL);
        OK(ob_ledger_snapshot_get(l, 1, "1", (int64_t)i, &json, &err));
        if (i == a || i == b)
            assert_int_equal(json.len, 0);
        else
            assert_non_null(strstr(ob_buf_str(&json), phone));
        ob_buf_fini(&json);
    }
}

/* ---- sealed ---- */

static void sealed(void **state)
{
    struct place *p = *state;
    static const char *const texts[] = {"m.chen",  "user778",    "wang",         "+86-555",
                                        "+86-777", "mail0@corp", "no such user", "stopped at",
                                        "chunk",   "5tepdigest", "leavers",      "never"};
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(stands(p->path, texts[i], strlen(texts[i])));
        assert_true(held(l, texts[i]));
    }
    assert_false(held(l, "nobody's"));
    assert_false(stands(p->path, "b0dyd1gest", 10)); /* from which a name could be guessed */
    ob_ledger_close(l);
    l = open_at(":memory:"); /* rehearsals: quick, and gone with the process */
    put_inputs(l);
    assert_true(held(l, "m.chen"));
    struct ob_erasure e;
    FAILS(ob_ledger_erase(l, "m.chen", &e, &err), OB_ERR, "in memory");
    ob_ledger_close(l);
}

/* The same text twice is not the same bytes, and a name has one key in all runs. */
static void one_key_each(void **state)
{
    struct place *p = *state;
    sqlite3 *db;
    sqlite3_stmt *st;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    put_step(l, run, "1", 3);
    put_step(l, run, "2", 3);
    ob_ledger_close(l);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT count(DISTINCT subject), count(DISTINCT person),"
                                        " count(DISTINCT id), count(*) FROM person",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 3);
    for (int i = 1; i < 4; i++)
        assert_int_equal(sqlite3_column_int(st, i), 6);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* ---- erased ---- */

static void look(void **state)
{
    struct place *p = *state;
    struct ob_erasure e;
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    OK(ob_ledger_erase_look(l, "user77", &e, &err));
    assert_int_equal(e.name_count, 1);
    assert_string_equal(e.names[0], "m.chen");
    assert_int_equal(e.id_count, 1);
    assert_string_equal(e.ids[0], "user77");
    assert_int_equal(e.rows, 1);
    assert_int_equal(e.plans, 2);
    assert_int_equal(e.spent, 1);
    assert_int_equal(e.inputs, 3); /* the policy names them too */
    assert_int_equal(e.runs, 1);
    assert_int_equal(e.other, 1);
    ob_erasure_fini(&e);
    assert_true(held(l, "m.chen")); /* nothing was done */
    static const char *const strangers[] = {"m.che", "m.chen3", "chen", "user7", "", "M.CHEN"};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        FAILS(ob_ledger_erase_look(l, strangers[i], &e, &err), OB_ERR_USAGE, "");
        ob_erasure_fini(&e);
    }
    ob_ledger_close(l);
}

static void gone(void **state)
{
    struct place *p = *state;
    struct keys before;
    make_world(p->path);
    read_keys(p->path, &before);
    struct ob_ledger *l = open_at(p->path);
    erase(l, "m.chen");
    assert_true(held(l, "m.chen2")); /* whose name hers begins; so they are told apart by more */
    assert_true(held(l, "user778"));
    assert_false(held(l, "m.chen,")); /* the row of the CSV */
    assert_false(held(l, "\"m.chen\""));
    assert_false(held(l, "\"user77\""));
    assert_false(held(l, "+86-555-0"));
    assert_false(held(l, "mail0@corp"));
    assert_false(held(l, "+86-777-0"));
    assert_false(held(l, "no such user")); /* a call for her alone */
    assert_false(held(l, "m.chen is busy"));
    assert_true(held(l, "(erased) is busy"));
    assert_true(held(l, "+86-555-1"));
    assert_true(held(l, "stopped at m.chen2"));
    assert_false(held(l, "5tepdigest"));
    assert_false(held(l, "a5ked"));
    assert_false(held(l, "reading.1.1"));
    assert_true(held(l, "population"));
    others_are_whole(l, 0, 0);
    assert_int_equal(keys_gone(p->path, &before), 1 + 3 + 2 + 1); /* hers, inputs, plans, a run */
    struct ob_erasure e;
    FAILS(ob_ledger_erase(l, "m.chen", &e, &err), OB_ERR_USAGE, "knows nobody");
    ob_erasure_fini(&e);
    FAILS(ob_ledger_erase(l, "(erased)", &e, &err), OB_ERR_USAGE, "were erased already");
    ob_erasure_fini(&e);
    ob_ledger_close(l);
    l = open_at(p->path);
    assert_false(ob_ledger_erase_finished(l, "m.chen")); /* it was not interrupted */
    ob_ledger_close(l);
}

/* One after the other, with every kind of name. */
static void gone_all(void **state)
{
    struct place *p = *state;
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    erase(l, who[2][0]);
    assert_false(held(l, "zz1-id"));
    assert_false(held(l, "+86-555-2"));
    assert_true(held(l, "m.chen2,1,+86-555-1"));
    assert_true(held(l, "never 1")); /* "1" in free text says nothing */
    assert_true(held(l, "\"path\":\"1\""));
    others_are_whole(l, 2, 2);
    erase(l, who[3][0]);
    assert_false(held(l, "a\"b\\\xc3"));
    assert_false(held(l, "a\"\"b"));
    assert_false(held(l, "a\\\"b"));
    assert_false(held(l, "+86-555-3"));
    assert_false(held(l, "mail3@corp"));
    others_are_whole(l, 2, 3);
    erase(l, "wang"); /* never in a run, only in an input */
    assert_false(held(l, "wang"));
    assert_false(held(l, "+86-555-4"));
    assert_true(held(l, "m.chen2,1,+86-555-1"));
    others_are_whole(l, 2, 3);
    erase(l, "user778");
    erase(l, "m.chen");
    for (size_t i = 0; i < PEOPLE; i++) {
        if (i != 2)
            assert_false(held(l, who[i][0]) || (i != 4 && held(l, who[i][1])));
    }
    assert_false(held(l, "+86-"));
    ob_ledger_close(l);
}

static void plans_of_the_erased(void **state)
{
    struct place *p = *state;
    struct ob_plan_row row;
    struct ob_buf b;
    int64_t run;
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    OK(ob_ledger_plan_usable(l, "2222222222222222", &err));
    erase(l, "m.chen");
    OK(ob_ledger_plan_get(l, "2222", &row, &err)); /* it can be shown */
    assert_true(row.erased);
    assert_non_null(strstr(ob_buf_str(&row.document), "[\"(erased)\",\"(erased)\"],[\"m.chen2\""));
    ob_plan_row_fini(&row);
    FAILS(ob_ledger_plan_usable(l, "2222222222222222", &err), OB_ERR_STALE, "plan again");
    FAILS(ob_ledger_run_new(l, "2222222222222222", 1, &run, &err), OB_ERR_STALE, "plan again");
    ob_buf_init(&b, OB_BUF_SMALL);
    FAILS(ob_ledger_blob_get(l, csv_digest, &b, &err), OB_ERR_STALE, "plan again");
    /* who plans again with the file that still has them has them in the ledger again */
    put_inputs(l);
    OK(ob_ledger_blob_get(l, csv_digest, &b, &err));
    assert_non_null(strstr(ob_buf_str(&b), "m.chen,0,+86-555-0"));
    put_people_plan(l, "2222222222222222", 0, 2);
    OK(ob_ledger_plan_usable(l, "2222222222222222", &err));
    OK(ob_ledger_run_new(l, "2222222222222222", 1, &run, &err));
    ob_buf_fini(&b);
    ob_ledger_close(l);
}

/* ---- refused ---- */

static void open_runs(void **state)
{
    struct place *p = *state;
    struct ob_erasure e;
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    put_run_of(l, "2222222222222222", 0, 2, false);
    /* by a row; by an input of its plan only; by nothing but what an input holds */
    static const char *const needed[] = {"m.chen", "user778", who[3][0], "wang"};
    for (size_t i = 0; i < 4; i++) {
        FAILS(ob_ledger_erase(l, needed[i], &e, &err), OB_ERR_LOCKED, "offboard undo 2");
        ob_erasure_fini(&e);
        assert_true(held(l, needed[i]) || i == 2);
    }
    OK(ob_ledger_run_end(l, 2, 9, OB_RUN_DONE, OB_OK, "", &err));
    for (size_t i = 0; i < 4; i++)
        erase(l, needed[i]);
    ob_ledger_close(l);
}

static bool look_approval(void *ctx, const struct ob_approval_row *a)
{
    assert_non_null(strstr(ob_buf_str(&a->document), a->erased ? "(erased)" : "m.chen"));
    assert_int_equal(a->signature.len, a->erased ? 0 : 6);
    *(bool *)ctx = a->erased;
    return true;
}

/* Who approved is not in the plan. The run needs what they signed; later nobody can try names with
 * the signature. */
static void approvers(void **state)
{
    struct place *p = *state;
    struct ob_erasure e;
    int64_t run;
    bool erased = true;
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    put_plan(l, "3333333333333333", 1);
    struct ob_approval_row a = {.plan = "3333333333333333", .key = (char *)"k"};
    ob_buf_init(&a.document, OB_BUF_SMALL);
    ob_buf_init(&a.signature, OB_BUF_SMALL);
    ob_buf_adds(&a.document, "{\"by\":\"m.chen\"}");
    ob_buf_adds(&a.signature, "5igned");
    OK(ob_ledger_approval_put(l, &a, &err));
    OK(ob_ledger_run_new(l, a.plan, 1000, &run, &err));
    FAILS(ob_ledger_erase(l, "m.chen", &e, &err), OB_ERR_LOCKED, "run 2 is open");
    ob_erasure_fini(&e);
    OK(ob_ledger_approval_each(l, a.plan, look_approval, &erased, &err));
    assert_false(erased);
    OK(ob_ledger_run_end(l, run, 9, OB_RUN_DONE, OB_OK, "", &err));
    erase(l, "m.chen");
    OK(ob_ledger_approval_each(l, a.plan, look_approval, &erased, &err));
    assert_true(erased);
    ob_buf_fini(&a.document);
    ob_buf_fini(&a.signature);
    ob_ledger_close(l);
    assert_false(stands(p->path, "5igned", 6));
}

/* A run that knows nothing of them goes on, with its key and all its texts. */
static void other_runs(void **state)
{
    struct place *p = *state;
    make_world(p->path);
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    struct ob_step_row s;
    put_step(l, run, "1", 30);
    erase(l, "m.chen");
    OK(act(l, run, 0, 20, NULL));
    OK(ob_ledger_person_set(l, run, "1", 3, OB_P_FAILED, "by hand", 1, &err));
    assert_int_equal(people_of(l, run).rows, 30);
    OK(ob_ledger_step_get(l, run, "1", &s, &err));
    assert_string_equal(s.digest, "abc");
    assert_string_equal(ob_buf_str(&s.options), "{\"chunk\":100}");
    ob_step_row_fini(&s);
    assert_true(held(l, "by hand"));
    ob_ledger_close(l);
}

static void ambiguous(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    struct ob_erasure e;
    int64_t run = put_run(l);
    struct ob_person_row people[] = {{.index = 0, .person = "ann.lee", .id = "same-id"},
                                     {.index = 1, .person = "bob.lee", .id = "bob-id"}};
    struct ob_person_row by_hand = {.index = 0, .person = "bob-id", .id = "bob-id"};
    struct ob_person_row other = {.index = 0, .person = "cat.lee", .id = "same-id"};
    struct ob_step_row s = {.path = "1", .target = "meeting", .action = "lock", .digest = "d"};
    OK(ob_ledger_step_put(l, run, &s, people, 2, &err));
    s.path = "2";
    OK(ob_ledger_step_put(l, run, &s, &by_hand, 1, &err));
    s.path = "3";
    s.target = "desktops"; /* another cloud, another person */
    OK(ob_ledger_step_put(l, run, &s, &other, 1, &err));
    OK(ob_ledger_run_end(l, run, 9, OB_RUN_DONE, OB_OK, "", &err));
    FAILS(ob_ledger_erase(l, "same-id", &e, &err), OB_ERR_USAGE, "ann.lee, cat.lee");
    ob_erasure_fini(&e);
    /* what was done by hand to the same account is theirs, from either side */
    OK(ob_ledger_erase_look(l, "bob-id", &e, &err));
    assert_int_equal(e.name_count, 2);
    assert_int_equal(e.rows, 2);
    ob_erasure_fini(&e);
    erase(l, "bob.lee");
    assert_false(held(l, "bob.lee") || held(l, "bob-id"));
    assert_true(held(l, "same-id") && held(l, "ann.lee") && held(l, "cat.lee"));
    erase(l, "ann.lee");
    assert_true(held(l, "cat.lee"));
    ob_ledger_close(l);
}

/* Somebody reads the file: what was committed is gone, the rest is done when they have ended. */
static void in_use(void **state)
{
    struct place *p = *state;
    sqlite3 *db;
    struct ob_erasure e;
    make_world(p->path);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM person", NULL, NULL, NULL),
                     SQLITE_OK);
    struct ob_ledger *l = open_at(p->path);
    FAILS(ob_ledger_erase(l, "m.chen", &e, &err), OB_ERR_LOCKED, "another process is reading");
    ob_erasure_fini(&e);
    ob_ledger_close(l);
    sqlite3_close(db);
    l = open_at(p->path);
    assert_true(ob_ledger_erase_finished(l, "m.chen"));
    assert_false(ob_ledger_erase_finished(l, "m.chen2"));
    assert_false(held(l, "m.chen,") || held(l, "+86-777-0"));
    others_are_whole(l, 0, 0);
    ob_ledger_close(l);
}

struct counted {
    char ids[8][32];
    size_t count;
};

static bool count_acted(void *ctx, const struct ob_acted *a)
{
    struct counted *c = ctx;
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->ids[i], a->id) == 0)
            return true;
    snprintf(c->ids[c->count++], sizeof c->ids[0], "%s", a->id);
    return true;
}

/* Limits over time count people by their ids: to erase some makes no room for others. */
static void still_counted(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l = open_at(p->path);
    int64_t run = put_run(l);
    struct counted c = {0};
    struct ob_person_row people[] = {{.index = 0, .person = "ann", .id = "a-1"},
                                     {.index = 1, .person = "bob", .id = "b-1"},
                                     {.index = 2, .person = "cat", .id = "c-1"}};
    struct ob_step_row s = {
        .path = "1", .target = "meeting", .action = "lock", .digest = "d", .kind = "disable"};
    OK(ob_ledger_step_put(l, run, &s, people, 3, &err));
    OK(act(l, run, 0, 3, NULL));
    OK(ob_ledger_run_end(l, run, 9, OB_RUN_DONE, OB_OK, "", &err));
    erase(l, "ann");
    erase(l, "bob");
    OK(ob_ledger_acted_each(l, "meeting", 1, count_acted, &c, &err));
    assert_int_equal(c.count, 3);
    ob_ledger_close(l);
}

/* ---- killed ---- */

static int points;

static bool die_at(void *ctx, bool commit)
{
    if (points-- == 0)
        raise(SIGKILL);
    return true;
}

/* Erases in a child that ends at the nth write or commit, or after so long; *died: it did. */
static void erase_and_die(const char *path, int point, unsigned us, bool *died)
{
    pid_t child = fork();
    if (child == 0) {
        struct ob_ledger *l;
        struct ob_erasure e;
        if (ob_ledger_open(&l, path, &err) != OB_OK)
            _exit(3);
        points = point;
        if (point >= 0)
            ob_ledger_watch(l, die_at, NULL);
        if (ob_ledger_erase(l, "m.chen", &e, &err) != OB_OK &&
            !ob_ledger_erase_finished(l, "m.chen"))
            _exit(4);
        _exit(0);
    }
    if (us) {
        usleep(us);
        kill(child, SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    *died = WIFSIGNALED(status);
    if (!*died && WEXITSTATUS(status) != 0)
        fail_msg("child ended with %d", WEXITSTATUS(status));
}

static void erased_after_all(const char *path, const struct keys *before)
{
    struct ob_erasure e = {0};
    struct ob_ledger *l = open_at(path);
    if (ob_ledger_erase(l, "m.chen", &e, &err) != OB_OK &&
        (err.status != OB_ERR_USAGE || held(l, "m.chen,")))
        fail_msg("%s", err.message);
    ob_erasure_fini(&e);
    assert_false(held(l, "+86-555-0") || held(l, "+86-777-0") || held(l, "\"m.chen\""));
    others_are_whole(l, 0, 0);
    ob_ledger_close(l);
    assert_int_equal(keys_gone(path, before), 7);
}

static void killed(void **state)
{
    struct place *p = *state;
    struct keys before;
    bool died = true;
    int point = 0;
    for (; died; point++) {
        unlink_ledger(p->path);
        make_world(p->path);
        read_keys(p->path, &before);
        erase_and_die(p->path, point, 0, &died);
        erased_after_all(p->path, &before);
    }
    assert_true(point > 20);
    unsigned seed = 11;
    for (int i = 0; i < 40; i++) {
        unlink_ledger(p->path);
        make_world(p->path);
        read_keys(p->path, &before);
        erase_and_die(p->path, -1, 2000 + (unsigned)rand_r(&seed) % 40000, &died);
        erased_after_all(p->path, &before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(sealed),    IN_PLACE(one_key_each), IN_PLACE(look),
        IN_PLACE(gone),      IN_PLACE(gone_all),     IN_PLACE(plans_of_the_erased),
        IN_PLACE(open_runs), IN_PLACE(approvers),    IN_PLACE(other_runs),
        IN_PLACE(ambiguous), IN_PLACE(in_use),       IN_PLACE(still_counted),
        IN_PLACE(killed),
    };
    return cmocka_run_group_tests_name("erasing somebody", tests, NULL, NULL);
}
