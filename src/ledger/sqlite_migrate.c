/* From the tables of older programs to those of schema.h. The rows are copied one by one, because
 * what was plain is sealed on the way. All of it is one turn: a program that is killed leaves the
 * ledger as it was. Called by ob_ledger_open(). */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "ledger/ranges.h"
#include "ledger/schema.h"
#include "ledger/sqlite.h"

static const char rename_all[] =
    "DROP VIEW outcome;"
    "DROP INDEX plan_by_age; DROP INDEX run_by_plan; DROP INDEX call_by_run;"
    "DROP INDEX call_by_step;"
    "ALTER TABLE blob RENAME TO old_blob; ALTER TABLE plan RENAME TO old_plan;"
    "ALTER TABLE run RENAME TO old_run; ALTER TABLE step RENAME TO old_step;"
    "ALTER TABLE person RENAME TO old_person; ALTER TABLE snapshot RENAME TO old_snapshot;"
    "ALTER TABLE call RENAME TO old_call; ALTER TABLE learned RENAME TO old_learned";

/* What a step's action does is in the plan, as long as that can be read. */
static const char name_kinds[] =
    "UPDATE step SET kind = ifnull((SELECT json_extract(s.value, '$.kind')"
    " FROM run, old_plan, json_each(old_plan.document, '$.steps') AS s"
    " WHERE run.id = step.run AND old_plan.id = run.plan"
    " AND json_extract(s.value, '$.path') = step.path), '')"
    " WHERE (SELECT json_valid(old_plan.document) FROM run, old_plan"
    " WHERE run.id = step.run AND old_plan.id = run.plan)";

static const char drop_all[] =
    "DROP TABLE old_call; DROP TABLE old_snapshot; DROP TABLE old_person; DROP TABLE old_step;"
    "DROP TABLE old_run; DROP TABLE old_plan; DROP TABLE old_blob; DROP TABLE old_learned";

/* Under whose key the sealed columns of a table are. */
enum whose { NOBODY, ITS_OWN, THE_RUNS, THE_PERSONS, THE_POSITIONS };

struct copy {
    const char *select, *insert;
    const char *columns; /* one letter each: . as it is, s sealed text, b sealed bytes, d digest */
    enum whose whose;
    int at;        /* the column with the run, the name, or the step before its position */
    bool recorded; /* the subject is the last value of the row */
};

static const struct copy copies[] = {
    {"SELECT body, digest FROM old_blob ORDER BY rowid",
     "INSERT INTO blob (body, digest) VALUES (?, ?)", "b.", ITS_OWN, 0, false},
    {"SELECT id, digest, created_ms, policy_name, document FROM old_plan ORDER BY rowid",
     "INSERT INTO plan (id, digest, created_ms, policy_name, document) VALUES (?, ?, ?, ?, ?)",
     "...ss", ITS_OWN, 0, false},
    {"SELECT id, plan, state, started_ms, ended_ms, exit, due_ms, detail FROM old_run",
     "INSERT INTO run (id, plan, state, started_ms, ended_ms, exit, due_ms, detail, subject)"
     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
     ".......s", ITS_OWN, 0, true},
    {"SELECT id, run, path, target, action, settled, digest, options, result FROM old_step",
     "INSERT INTO step (id, run, path, target, action, settled, digest, options, result)"
     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
     "......sss", THE_RUNS, 1, false},
    {"SELECT step, position, person, id, detail, state, calls FROM old_person"
     " ORDER BY step, position",
     "INSERT INTO person (step, position, person, id, detail, state, calls, subject)"
     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
     "..sss..", THE_PERSONS, 2, true},
    {"SELECT step, position, document FROM old_snapshot ORDER BY step, position",
     "INSERT INTO snapshot (step, position, document) VALUES (?, ?, ?)", "..s", THE_POSITIONS, 0,
     false},
    {"SELECT id, run, step, target, action, kind, attempt, request_id, body_digest, people,"
     " people_count, sent_ms, done_ms, http_status, result, detail FROM old_call",
     "INSERT INTO call (id, run, step, target, action, kind, attempt, request_id, body_digest,"
     " people, people_count, sent_ms, done_ms, http_status, result, detail)"
     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
     "........d......s", THE_RUNS, 1, false},
    {"SELECT target, what, value FROM old_learned ORDER BY target, what",
     "INSERT INTO learned (target, what, value) VALUES (?, ?, ?)", "...", NOBODY, 0, false},
};

static enum ob_status whose_key(const struct copy *c, struct ob_query *from, struct ob_subject *s,
                                struct ob_err *err)
{
    struct ob_ledger *l = from->l;
    *s = (struct ob_subject){0};
    switch (c->whose) {
    case ITS_OWN:
        return ob_subject_new(l, s, err);
    case THE_RUNS:
        return ob_subject_of_run(l, ob_query_get_int(from, c->at), s, err);
    case THE_PERSONS:
        return ob_subject_of(l, ob_query_lend_text(from, c->at), true, s, err);
    case THE_POSITIONS:
        return ob_subject_of_position(l, ob_query_get_int(from, c->at),
                                      ob_query_get_int(from, c->at + 1), s, err);
    default:
        return OB_OK;
    }
}

static void bind_value(struct ob_query *to, struct ob_query *from, int column)
{
    if (to->rc == SQLITE_OK)
        to->rc = sqlite3_bind_value(to->st, ++to->bound, sqlite3_column_value(from->st, column));
}

static void bind_digest(struct ob_query *to, struct ob_query *from, int column,
                        const struct ob_subject *s)
{
    char digest[OB_SHA256_HEX];
    ob_subject_digest(from->l, s, ob_query_lend_text(from, column), digest);
    if (to->rc == SQLITE_OK)
        to->rc = sqlite3_bind_text(to->st, ++to->bound, digest, -1, SQLITE_TRANSIENT);
}

static enum ob_status copy_row(const struct copy *c, struct ob_query *from, struct ob_query *to,
                               struct ob_err *err)
{
    struct ob_subject s;
    bool row;
    enum ob_status st = whose_key(c, from, &s, err);
    if (st != OB_OK)
        return st;
    for (int i = 0; c->columns[i]; i++) {
        if (c->columns[i] == '.')
            bind_value(to, from, i);
        else if (c->columns[i] == 's')
            ob_query_seal(to, &s, ob_query_lend_text(from, i));
        else if (c->columns[i] == 'd')
            bind_digest(to, from, i, &s);
        else
            ob_query_seal_bytes(to, &s, sqlite3_column_blob(from->st, i),
                                (size_t)sqlite3_column_bytes(from->st, i));
    }
    if (c->recorded)
        ob_query_int(to, s.id);
    st = ob_query_next(to, &row, err);
    ob_query_again(to);
    return st;
}

static enum ob_status copy_table(struct ob_ledger *l, const struct copy *c, struct ob_err *err)
{
    struct ob_query from, to;
    bool row;
    enum ob_status st;
    ob_query_prepare(&from, l, c->select);
    ob_query_prepare(&to, l, c->insert);
    while ((st = ob_query_next(&from, &row, err)) == OB_OK && row) {
        st = copy_row(c, &from, &to, err);
        if (st != OB_OK)
            break;
    }
    ob_query_close(&from);
    ob_query_close(&to);
    return st;
}

/* ---- when people were last acted upon: older ledgers have it in their calls only ---- */

static enum ob_status date_people(struct ob_query *calls, struct ob_query *people,
                                  struct ob_err *err)
{
    int64_t *at;
    size_t count;
    bool row;
    enum ob_status st = OB_OK;
    if (!ob_ranges_read(ob_query_lend_text(calls, 1), &at, &count))
        return ob_ledger_damaged(calls->l, err, "the people of a call are unreadable");
    for (size_t i = 0, len; st == OB_OK && i < count; i += len) {
        len = ob_ranges_run(at + i, count - i);
        ob_query_int(people, ob_query_get_int(calls, 2));
        ob_query_int(people, ob_query_get_int(calls, 0));
        ob_query_int(people, at[i]);
        ob_query_int(people, at[i] + (int64_t)(len - 1));
        st = ob_query_next(people, &row, err);
        ob_query_again(people);
    }
    free(at);
    return st;
}

static enum ob_status date_all(struct ob_ledger *l, struct ob_err *err)
{
    struct ob_query calls, people;
    bool row;
    enum ob_status st;
    ob_query_prepare(&calls, l,
                     "SELECT step.id, call.people, call.sent_ms FROM call JOIN step"
                     " ON step.run = call.run AND step.path = call.step WHERE call.kind = 'act'");
    ob_query_prepare(&people, l,
                     "UPDATE person SET acted_ms = max(acted_ms, ?)"
                     " WHERE step = ? AND position BETWEEN ? AND ?");
    while ((st = ob_query_next(&calls, &row, err)) == OB_OK && row) {
        st = date_people(&calls, &people, err);
        if (st != OB_OK)
            break;
    }
    ob_query_close(&calls);
    ob_query_close(&people);
    return st;
}

/* ---- all of it ---- */

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

enum ob_status ob_ledger_migrate(struct ob_ledger *l, int64_t version, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    if (version < 2)
        st = ob_ledger_exec(l, "ALTER TABLE run ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0", err);
    if (st == OB_OK)
        st = ob_ledger_exec(l, rename_all, err);
    if (st == OB_OK)
        st = ob_ledger_exec(l, ob_schema, err);
    if (st == OB_OK)
        st = ob_subjects_make(l, err);
    for (size_t i = 0; st == OB_OK && i < sizeof copies / sizeof *copies; i++)
        st = copy_table(l, &copies[i], err);
    if (st == OB_OK)
        st = date_all(l, err);
    if (st == OB_OK)
        st = ob_ledger_exec(l, name_kinds, err);
    if (st == OB_OK)
        st = ob_ledger_exec(l, drop_all, err);
    if (st == OB_OK)
        st = ob_ledger_soil(l, "schema", err);
    return st == OB_OK ? ob_ledger_exec(l, "PRAGMA user_version = " TEXT(OB_SCHEMA_VERSION), err)
                       : st;
}
