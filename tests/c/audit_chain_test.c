/* The chain over the ledger: every way in which the file may be changed by hand is found and named,
 * and what the program itself does is not. */
#include "ledger_fixture.h"
#include <sqlite3.h>
#include "base/signature.h"
#include "ledger/verify.h"

static char head_path[160], key_path[160], pub_path[160], copy_path[160];

static void name_files(const struct place *p)
{
    snprintf(head_path, sizeof head_path, "%s.head", p->path);
    snprintf(key_path, sizeof key_path, "%s.key", p->path);
    snprintf(pub_path, sizeof pub_path, "%s.pub", p->path);
    snprintf(copy_path, sizeof copy_path, "%s/copy.db", p->root);
}

/* ---- a ledger with something in every table ---- */

static void by_hand(const char *path, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    /* whoever does this does not heed the rules of the tables either */
    if (sqlite3_exec(db, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON", NULL,
                     NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

/* As the program writes: a row of tables that only other parts of it fill. */
static void put_others(struct ob_ledger *l)
{
    char digest[65];
    struct ob_value v;
    OK(ob_ledger_blob_put(l, "text\0more", 9, digest, &err));
    OK(ob_ledger_learned_put(l, "meeting", "rate", "7", &err));
    ob_value_init(&v);
    ob_value_set_map(&v);
    ob_map_put_str(&v, "name", "M. Chen \xe9\x99\x88");
    OK(ob_ledger_snapshot_put(l, 1, "1", 2, &v, &err));
    OK(ob_ledger_snapshot_put(l, 1, "1", 3, &v, &err));
    ob_value_fini(&v);
}

static void fill(const char *path)
{
    struct ob_ledger *l = open_at(path);
    int64_t run = put_run(l);
    put_step(l, run, "1", 200);
    put_others(l);
    OK(act(l, run, 0, 100, NULL));
    OK(act(l, run, 100, 100, NULL));
    OK(ob_ledger_person_set(l, run, "1", 7, OB_P_SUCCEEDED, "", 1, &err));
    OK(ob_ledger_run_end(l, run, 9, OB_RUN_DONE, OB_OK, "", &err));
    ob_ledger_close(l);
}

/* ---- verifying ---- */

static struct ob_verify_report report;

static enum ob_status verify_with(const char *path, const char *pub, const struct ob_head *head)
{
    struct ob_verify_options o = {.pub = pub, .head = head};
    ob_verify_report_fini(&report);
    memset(&err, 0, sizeof err);
    return ob_ledger_verify(path, &o, &report, &err);
}

static void clean(const char *path)
{
    if (verify_with(path, NULL, NULL) != OB_OK)
        fail_msg("%s: %s", err.message,
                 ob_list_count(&report.findings) ? ob_value_str(ob_list_at(&report.findings, 0))
                                                 : "");
}

static bool told(const char *text)
{
    for (size_t i = 0; i < ob_list_count(&report.findings); i++)
        if (strstr(ob_value_str(ob_list_at(&report.findings, i)), text))
            return true;
    return false;
}

/* Something is found, and `text` is said of it. */
static void found(const char *path, const char *text)
{
    assert_int_equal(verify_with(path, pub_path, NULL), OB_ERR_AUDIT);
    if (!told(text))
        fail_msg("\"%s\" is not told, but \"%s\"", text,
                 ob_value_str(ob_list_at(&report.findings, 0)));
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(out, bytes, (size_t)n), n);
    close(in);
    close(out);
}

/* A copy of the ledger with this done to it. The copy has no head file, and needs none. */
static void spoilt(const struct place *p, const char *sql, const char *text)
{
    copy_file(p->path, copy_path);
    by_hand(copy_path, sql);
    found(copy_path, text);
    by_hand(copy_path, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* ---- every column ---- */

static int for_each(const char *path, const char *sql,
                    void (*each)(void *, const char *, const char *), void *ctx)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    int n = 0;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    char a[200][64], b[200][64];
    for (; sqlite3_step(st) == SQLITE_ROW && n < 200; n++) {
        snprintf(a[n], 64, "%s", sqlite3_column_text(st, 0));
        snprintf(b[n], 64, "%s", sqlite3_column_text(st, 1));
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    for (int i = 0; i < n; i++)
        each(ctx, a[i], b[i]);
    return n;
}

static const char *const fillers[][2] = {
    {"subject", "INSERT INTO subject SELECT 1, x'01', zeroblob(32), 'p'"},
    {"approval", "INSERT INTO approval SELECT 1, 'p', '{}', x'00', 'k'"},
    {"sighting", "INSERT INTO sighting SELECT 1, 1, 'meeting', 'delete', 'p', 5"},
};

struct column {
    const struct place *p;
    int columns;
};

/* One bit of this column in the middle row, of a number or the last byte; a NULL becomes a 1, and
 * what is empty gets a byte. */
static void flip(void *ctx, const char *table, const char *column)
{
    struct column *c = ctx;
    char sql[1024], text[64];
    snprintf(sql, sizeof sql,
             "UPDATE \"%1$s\" SET \"%2$s\" = CASE typeof(\"%2$s\") WHEN 'null' THEN 1"
             " WHEN 'integer' THEN \"%2$s\" + 1099511627776 WHEN 'text' THEN"
             " CASE \"%2$s\" WHEN '' THEN 'x' ELSE substr(\"%2$s\", 1, length(\"%2$s\") - 1) ||"
             " char(unicode(substr(\"%2$s\", -1)) + 1) END ELSE"
             " CAST(substr(\"%2$s\", 1, length(\"%2$s\") - 1) ||"
             " CASE substr(\"%2$s\", -1) WHEN x'7f' THEN x'7e' ELSE x'7f' END AS BLOB) END "
             "WHERE rowid = (SELECT rowid FROM \"%1$s\" ORDER BY rowid"
             " LIMIT 1 OFFSET (SELECT count(*) / 2 FROM \"%1$s\"))",
             table, column);
    bool chain = strcmp(table, "audit") == 0 || strcmp(table, "head") == 0;
    snprintf(text, sizeof text, "%s", strcmp(table, "audit") == 0 ? "event" : table);
    if (!chain)
        strcat(text, " row ");
    c->columns++;
    spoilt(c->p, sql, text);
}

#define COLUMNS                                                                                    \
    "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c"                      \
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"

/* Tables that nothing fills here get their row before the chain begins, so that it takes it in. */
static void fill_all(const char *path)
{
    fill(path);
    by_hand(path, "DELETE FROM audit; DELETE FROM head");
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
        char sql[256];
        snprintf(sql, sizeof sql, "%s WHERE NOT EXISTS (SELECT 1 FROM %s)", fillers[i][1],
                 fillers[i][0]);
        by_hand(path, sql);
    }
    unlink(head_path);
    unlink(key_path);
    unlink(pub_path);
    struct ob_ledger *l = open_at(path);
    OK(ob_ledger_learned_put(l, "meeting", "rate", "8", &err));
    ob_ledger_close(l);
}

static void no_row(void *ctx, const char *table, const char *count)
{
    (void)ctx;
    if (strcmp(count, "0") == 0)
        fail_msg("%s has no row to flip", table);
}

static void every_column(void **state)
{
    struct place *p = *state;
    struct column c = {.p = p};
    name_files(p);
    fill_all(p->path);
    clean(p->path);
    static const char *const tables[] = {"approval", "audit",  "blob",   "call", "head",
                                         "learned",  "person", "plan",   "run",  "sighting",
                                         "snapshot", "step",   "subject"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT '%s', count(*) FROM %s", tables[i], tables[i]);
        assert_int_equal(for_each(p->path, sql, no_row, NULL), 1);
    }
    int columns = for_each(p->path, COLUMNS, flip, &c);
    print_message("[  FLIPS   ] %d columns\n", columns);
    assert_true(columns > 70);
}

/* ---- rows ---- */

static void rows_removed_added_swapped(void **state)
{
    struct place *p = *state;
    name_files(p);
    fill(p->path);
    clean(p->path);
    spoilt(p, "DELETE FROM person WHERE position = 199", "person row 200: missing; event ");
    spoilt(p, "DELETE FROM call WHERE id = 2", "call row 2: missing; event ");
    spoilt(p, "INSERT INTO run (started_ms) VALUES (5)", "run row 2: no event recorded it");
    spoilt(p,
           "UPDATE person SET rowid = -1 WHERE rowid = 5; UPDATE person SET rowid = 5 WHERE"
           " rowid = 6; UPDATE person SET rowid = 6 WHERE rowid = -1",
           "person row 5: holds what event ");
    assert_true(told("recorded of row 6 (swapped)") && told("person row 6: holds what event "));
    assert_int_equal(report.count, 2);
    spoilt(p, "UPDATE person SET state = 'failed' WHERE rowid = 8",
           "person row 8: is not what event ");
    assert_int_equal(report.count, 1);
    spoilt(p, "UPDATE person SET state = 'failed'", "person row 1: is not what event ");
    assert_int_equal(report.count, 200);
    assert_int_equal(ob_list_count(&report.findings), OB_FINDINGS_MAX);
    spoilt(p, "UPDATE person SET detail = CAST(x'ff00fe' AS TEXT) WHERE rowid = 9", "person row 9");
}

/* ---- events ---- */

#define LAST "(SELECT max(seq) FROM audit)"

static void events_changed(void **state)
{
    struct place *p = *state;
    name_files(p);
    fill(p->path);
    spoilt(p, "DELETE FROM audit WHERE seq = 5", "event 5: missing");
    spoilt(p, "DELETE FROM audit WHERE seq BETWEEN 3 AND 5", "events 3 to 5: missing");
    spoilt(p, "DELETE FROM audit WHERE seq = " LAST, "events were cut off");
    assert_true(told("run row 1: is not what event"));
    spoilt(p, "DELETE FROM audit; DELETE FROM head", "head: missing");
    spoilt(p,
           "UPDATE audit SET seq = -5 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6;"
           "UPDATE audit SET seq = 6 WHERE seq = -5",
           "event 5: ");
    spoilt(p, "UPDATE audit SET body = (SELECT body FROM audit WHERE seq = 5) WHERE seq = 6",
           "event 6: ");
    spoilt(p, "UPDATE audit SET body = replace(body, 'at_ms\":1', 'at_ms\":2') WHERE seq = 6",
           "event 6: ");
    spoilt(p, "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 6",
           "event 6: has another time than it was written with");
    spoilt(p, "CREATE TRIGGER t AFTER INSERT ON call BEGIN DELETE FROM person; END",
           "schema: is not what event 1 recorded");
    spoilt(p, "DROP INDEX call_by_step", "schema: is not what event 1 recorded");
    spoilt(p, "CREATE TABLE extra (x); INSERT INTO extra VALUES (1)", "extra row 1: no event");
    clean(p->path);
}

/* The program itself makes the chain anew over a ledger that was changed, with another key. */
static void rebuilt(void **state)
{
    struct place *p = *state;
    char old_pub[170];
    name_files(p);
    fill(p->path);
    snprintf(old_pub, sizeof old_pub, "%s.kept", p->path);
    copy_file(pub_path, old_pub);
    by_hand(p->path, "DELETE FROM audit; DELETE FROM head; UPDATE person SET state = 'failed'");
    struct ob_ledger *l = NULL;
    FAILS(ob_ledger_open(&l, p->path, &err), OB_ERR_AUDIT, "has no chain of events");
    unlink(head_path);
    FAILS(ob_ledger_open(&l, p->path, &err), OB_ERR_AUDIT, "somebody removed the chain");
    unlink(key_path);
    unlink(pub_path);
    ob_ledger_close(open_at(p->path));
    assert_int_equal(verify_with(p->path, old_pub, NULL), OB_ERR_AUDIT);
    assert_true(told("head: is not signed by the key"));
    assert_int_equal(verify_with(p->path, NULL, NULL), OB_OK); /* so keep the key elsewhere */
}

/* ---- heads that were kept ---- */

static void older_copy(void **state)
{
    struct place *p = *state;
    struct ob_head early, late;
    name_files(p);
    fill(p->path);
    copy_file(p->path, copy_path);
    struct ob_ledger *l = open_at(p->path);
    OK(ob_ledger_head(l, &early, &err));
    OK(ob_ledger_learned_put(l, "meeting", "rate", "9", &err));
    OK(ob_ledger_head(l, &late, &err));
    ob_ledger_close(l);
    assert_int_equal(late.seq, early.seq + 1);
    assert_int_equal(verify_with(p->path, NULL, &early), OB_OK);
    assert_int_equal(verify_with(p->path, NULL, &late), OB_OK);
    early.hash[0] ^= 1;
    assert_int_equal(verify_with(p->path, NULL, &early), OB_ERR_AUDIT);
    assert_true(told("--head: knows another event"));
    assert_int_equal(verify_with(copy_path, pub_path, &late), OB_ERR_AUDIT);
    assert_true(told("an older copy was put back"));
    copy_file(copy_path, p->path);
    assert_int_equal(verify_with(p->path, NULL, NULL), OB_ERR_AUDIT);
    assert_true(told("the head file beside it: knows event "));
    FAILS(ob_ledger_open(&l, p->path, &err), OB_ERR_AUDIT, "it is an older copy, or was changed");
    unlink(head_path); /* as the message says */
    ob_ledger_close(open_at(p->path));
    clean(p->path);
}

/* What a power failure may leave of a file that was new: its length, and none of its bytes. */
static void head_of_zeros(void **state)
{
    struct place *p = *state;
    name_files(p);
    fill(p->path);
    int fd = open(head_path, O_WRONLY | O_TRUNC);
    assert_int_equal(ftruncate(fd, 320), 0);
    close(fd);
    clean(p->path);
    struct ob_ledger *l = open_at(p->path);
    OK(ob_ledger_learned_put(l, "meeting", "rate", "9", &err));
    ob_ledger_close(l);
    clean(p->path);
}

static void head_texts(void **state)
{
    struct ob_head h;
    char line[200], hash[65];
    (void)state;
    memset(hash, 'a', 64);
    hash[64] = '\0';
    snprintf(line, sizeof line, "head 42 %s\n", hash);
    assert_true(ob_head_parse(line, &h) && h.seq == 42 && strcmp(h.hash, hash) == 0);
    assert_true(ob_head_parse(line + 5, &h) && h.seq == 42);
    snprintf(line, sizeof line, " {\"seq\":7,\"hash\":\"%s\",\"at_ms\":5}   \n", hash);
    assert_true(ob_head_parse(line, &h) && h.seq == 7 && h.at_ms == 5);
    hash[63] = '\0';
    snprintf(line, sizeof line, "42 %s", hash);
    assert_false(ob_head_parse(line, &h));
    snprintf(line, sizeof line, "42 %s00", hash);
    assert_false(ob_head_parse(line, &h));
    assert_false(ob_head_parse("", &h));
    assert_false(ob_head_parse("latest", &h));
    assert_false(ob_head_parse("{\"seq\":1}", &h));
}

/* ---- the key ---- */

static void key_lost(void **state)
{
    struct place *p = *state;
    struct ob_ledger *l;
    struct stat st;
    name_files(p);
    fill(p->path);
    assert_int_equal(stat(key_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(rename(key_path, copy_path), 0);
    l = open_at(p->path); /* looking is allowed */
    assert_int_equal(people_of(l, 1).rows, 200);
    FAILS(ob_ledger_learned_put(l, "meeting", "rate", "9", &err), OB_ERR_AUDIT, "its key ");
    assert_non_null(strstr(err.message, "put it back from a backup"));
    ob_ledger_close(l);
    assert_int_equal(access(key_path, F_OK), -1);
    struct ob_key *other = ob_key_new();
    OK(ob_key_write_private(other, key_path, &err));
    ob_key_free(other);
    l = open_at(p->path);
    FAILS(ob_ledger_learned_put(l, "meeting", "rate", "9", &err), OB_ERR_AUDIT,
          "is not signed by the key");
    ob_ledger_close(l);
    assert_int_equal(rename(copy_path, key_path), 0);
    l = open_at(p->path);
    OK(ob_ledger_learned_put(l, "meeting", "rate", "9", &err));
    ob_ledger_close(l);
    clean(p->path);
}

/* Nothing is signed on top of a chain that somebody cut. */
static void cut_before_a_write(void **state)
{
    struct place *p = *state;
    name_files(p);
    fill(p->path);
    by_hand(p->path, "DELETE FROM audit WHERE seq = " LAST);
    unlink(head_path);
    struct ob_ledger *l = open_at(p->path);
    FAILS(ob_ledger_learned_put(l, "meeting", "rate", "9", &err), OB_ERR_AUDIT,
          "does not end as its head says");
    ob_ledger_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(every_column),   IN_PLACE(rows_removed_added_swapped),
        IN_PLACE(events_changed), IN_PLACE(rebuilt),
        IN_PLACE(older_copy),     cmocka_unit_test(head_texts),
        IN_PLACE(key_lost),       IN_PLACE(cut_before_a_write),
        IN_PLACE(head_of_zeros),
    };
    int failed = cmocka_run_group_tests_name("audit chain", tests, NULL, NULL);
    ob_verify_report_fini(&report);
    return failed;
}
