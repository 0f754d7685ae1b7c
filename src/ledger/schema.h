/* The tables, as SQLite keeps them: the comments stay in the file, so that `.schema` in the
 * sqlite3 shell explains it to an administrator. Words are stored as words for the same reader.
 * A change here needs a new OB_SCHEMA_VERSION and a migration in sqlite.c that leads to it.
 * Only sqlite.c includes this. */
#pragma once

#define OB_SCHEMA_APPLICATION 0x6f66626f /* "ofbo": tells our file from any other database */
#define OB_SCHEMA_VERSION     3

/* The tables that a migration makes too. */
#define OB_TABLE_PERSON                                                                            \
    "CREATE TABLE person (\n"                                                                      \
    "  -- The people of a step, in the order of its roster. id: what the cloud knows them by;\n"   \
    "  -- state: pending, ready, sent, accepted, doubt, succeeded, failed, unknown, skipped;\n"    \
    "  -- calls: mutating calls that named them, acted_ms: when the last of them was sent;\n"      \
    "  -- subject: under whose key person, id and detail are held.\n"                              \
    "  step INTEGER NOT NULL REFERENCES step(id),\n"                                               \
    "  position INTEGER NOT NULL,\n"                                                               \
    "  person ANY NOT NULL,\n"                                                                     \
    "  id ANY NOT NULL,\n"                                                                         \
    "  state TEXT NOT NULL,\n"                                                                     \
    "  detail ANY NOT NULL,\n"                                                                     \
    "  calls INTEGER NOT NULL,\n"                                                                  \
    "  acted_ms INTEGER NOT NULL DEFAULT 0,\n"                                                     \
    "  subject INTEGER REFERENCES subject(id),\n"                                                  \
    "  UNIQUE (step, position)\n"                                                                  \
    ") STRICT;\n"                                                                                  \
    "CREATE INDEX person_by_acted ON person(acted_ms) WHERE acted_ms > 0;\n"

#define OB_TABLE_SNAPSHOT                                                                          \
    "CREATE TABLE snapshot (\n"                                                                    \
    "  -- What the cloud said of a person before they were changed, JSON.\n"                       \
    "  step INTEGER NOT NULL,\n"                                                                   \
    "  position INTEGER NOT NULL,\n"                                                               \
    "  document ANY NOT NULL,\n"                                                                   \
    "  UNIQUE (step, position),\n"                                                                 \
    "  FOREIGN KEY (step, position) REFERENCES person(step, position)\n"                           \
    ") STRICT;\n"

#define OB_TABLE_LEARNED                                                                           \
    "CREATE TABLE learned (\n"                                                                     \
    "  -- What runs found out about a target, for the next one.\n"                                 \
    "  target TEXT NOT NULL,\n"                                                                    \
    "  what TEXT NOT NULL,\n"                                                                      \
    "  value TEXT NOT NULL,\n"                                                                     \
    "  UNIQUE (target, what)\n"                                                                    \
    ") STRICT;\n"

#define OB_TABLES_3                                                                                \
    "CREATE TABLE subject (\n"                                                                     \
    "  -- A key for each person, and for each document about many: what is held under it can be\n" \
    "  -- made unreadable by destroying it. tag: finds the key by the name, NULL when erased "     \
    "(and\n"                                                                                       \
    "  -- for documents); key: 32 bytes, empty when erased; proof: SHA-256 of the key.\n"          \
    "  id INTEGER PRIMARY KEY,\n"                                                                  \
    "  tag BLOB UNIQUE,\n"                                                                         \
    "  key BLOB NOT NULL,\n"                                                                       \
    "  proof TEXT NOT NULL\n"                                                                      \
    ") STRICT;\n"                                                                                  \
    "CREATE TABLE approval (\n"                                                                    \
    "  -- What an approver signed: canonical JSON, Ed25519.\n"                                     \
    "  id INTEGER PRIMARY KEY,\n"                                                                  \
    "  plan TEXT NOT NULL,\n"                                                                      \
    "  document ANY NOT NULL,\n"                                                                   \
    "  signature BLOB NOT NULL,\n"                                                                 \
    "  key TEXT NOT NULL\n"                                                                        \
    ") STRICT;\n"                                                                                  \
    "CREATE INDEX approval_by_plan ON approval(plan);\n"                                           \
    "CREATE TABLE sighting (\n"                                                                    \
    "  -- A stored plan named this person (subject) for an action: evidence for a later one.\n"    \
    "  id INTEGER PRIMARY KEY,\n"                                                                  \
    "  subject INTEGER NOT NULL REFERENCES subject(id),\n"                                         \
    "  target TEXT NOT NULL,\n"                                                                    \
    "  action TEXT NOT NULL,\n"                                                                    \
    "  plan TEXT NOT NULL,\n"                                                                      \
    "  at_ms INTEGER NOT NULL\n"                                                                   \
    ") STRICT;\n"                                                                                  \
    "CREATE INDEX sighting_by_subject ON sighting(subject);\n"                                     \
    "CREATE TABLE audit (\n"                                                                       \
    "  -- The chain: each event names the rows that changed and what they are now, by SHA-256.\n"  \
    "  seq INTEGER PRIMARY KEY,\n"                                                                 \
    "  at_ms INTEGER NOT NULL,\n"                                                                  \
    "  body TEXT NOT NULL,\n"                                                                      \
    "  hash TEXT NOT NULL\n"                                                                       \
    ") STRICT;\n"                                                                                  \
    "CREATE TABLE head (\n"                                                                        \
    "  -- The end of the chain, signed by the installation's key at each commit.\n"                \
    "  id INTEGER PRIMARY KEY CHECK (id = 1),\n"                                                   \
    "  seq INTEGER NOT NULL,\n"                                                                    \
    "  hash TEXT NOT NULL,\n"                                                                      \
    "  at_ms INTEGER NOT NULL,\n"                                                                  \
    "  signature BLOB NOT NULL\n"                                                                  \
    ") STRICT;\n"

#define OB_VIEW_OUTCOME                                                                            \
    "CREATE VIEW outcome AS\n"                                                                     \
    "  -- What became of everybody, by position; who they are is held under their keys.\n"         \
    "  SELECT step.run, step.path, step.target, step.action, person.position, person.person,\n"    \
    "         person.id, person.state, person.detail, person.calls\n"                              \
    "  FROM person JOIN step ON step.id = person.step;\n"

/* What leads from each version to the next, in order. */
static const char *const ob_migrations[OB_SCHEMA_VERSION] = {
    NULL, /* there is no version 0 */
    "ALTER TABLE run ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0",
    /* Tables without row ids tell nobody of their changes, and the audit has to hear of all. */
    "ALTER TABLE step ADD COLUMN kind TEXT NOT NULL DEFAULT '';"
    "DROP VIEW outcome;"
    "CREATE TABLE snapshot_new (step INTEGER, position INTEGER, document TEXT);"
    "INSERT INTO snapshot_new SELECT step, position, document FROM snapshot;"
    "DROP TABLE snapshot;"
    "ALTER TABLE person RENAME TO person_old;"
    "ALTER TABLE learned RENAME TO learned_old;" OB_TABLE_PERSON OB_TABLE_SNAPSHOT OB_TABLE_LEARNED
        OB_TABLES_3 "INSERT INTO person (step, position, person, id, state, detail, calls)"
    " SELECT step, position, person, id, state, detail, calls FROM person_old"
    " ORDER BY step, position;"
    "INSERT INTO snapshot (step, position, document)"
    " SELECT step, position, document FROM snapshot_new;"
    "INSERT INTO learned (target, what, value) SELECT target, what, value FROM learned_old;"
    "DROP TABLE snapshot_new; DROP TABLE person_old; DROP TABLE learned_old;" OB_VIEW_OUTCOME,
};

/* Large columns come last: a row's head is then read without its overflow pages. */
static const char ob_schema[] =
    "CREATE TABLE blob (\n"
    "  -- Policy sources and inputs, by their SHA-256: what a plan was made from.\n"
    "  digest TEXT NOT NULL PRIMARY KEY,\n"
    "  body BLOB NOT NULL\n"
    ") STRICT;\n"

    "CREATE TABLE plan (\n"
    "  -- What policies proposed; document is canonical JSON and digest is its SHA-256.\n"
    "  id TEXT NOT NULL PRIMARY KEY,\n"
    "  digest TEXT NOT NULL,\n"
    "  created_ms INTEGER NOT NULL,\n"
    "  policy_name TEXT NOT NULL,\n"
    "  document TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX plan_by_age ON plan(created_ms);\n"

    "CREATE TABLE run (\n"
    "  -- One execution of a plan. state: open (may be resumed) or done; exit: how it ended or\n"
    "  -- stopped, '' while it has not; detail: why; due_ms: it waits until then, 0: it does not.\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  plan TEXT REFERENCES plan(id),\n"
    "  state TEXT NOT NULL DEFAULT 'open',\n"
    "  started_ms INTEGER NOT NULL,\n"
    "  ended_ms INTEGER NOT NULL DEFAULT 0,\n"
    "  exit TEXT NOT NULL DEFAULT '',\n"
    "  detail TEXT NOT NULL DEFAULT '',\n"
    "  due_ms INTEGER NOT NULL DEFAULT 0\n"
    ") STRICT;\n"
    "CREATE INDEX run_by_plan ON run(plan);\n"

    "CREATE TABLE step (\n"
    "  -- One proposal of a run. path: its place in the policy; digest: of what was proposed;\n"
    "  -- options and result are JSON; settled: every person of it has an outcome; kind: what its\n"
    "  -- action does (disable, enable, delete, add), '' for a wait, an undo or a raw request.\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run INTEGER NOT NULL REFERENCES run(id),\n"
    "  path TEXT NOT NULL,\n"
    "  target TEXT NOT NULL,\n"
    "  action TEXT NOT NULL,\n"
    "  digest TEXT NOT NULL,\n"
    "  settled INTEGER NOT NULL,\n"
    "  options TEXT NOT NULL,\n"
    "  result TEXT NOT NULL,\n"
    "  kind TEXT NOT NULL DEFAULT '',\n"
    "  UNIQUE (run, path)\n"
    ") STRICT;\n"

    OB_TABLE_PERSON OB_TABLE_SNAPSHOT

    "CREATE TABLE call (\n"
    "  -- One HTTP exchange, written before it is sent. done_ms 0: its effect is in doubt.\n"
    "  -- kind: act, lookup, list, snapshot, login, raw; step: a path, '' for login and list;\n"
    "  -- people: positions in the step's roster, '0-99,105'.\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run INTEGER NOT NULL REFERENCES run(id),\n"
    "  step TEXT NOT NULL,\n"
    "  target TEXT NOT NULL,\n"
    "  action TEXT NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  attempt INTEGER NOT NULL,\n"
    "  request_id TEXT NOT NULL,\n"
    "  body_digest TEXT NOT NULL,\n"
    "  people TEXT NOT NULL,\n"
    "  people_count INTEGER NOT NULL,\n"
    "  sent_ms INTEGER NOT NULL,\n"
    "  done_ms INTEGER NOT NULL,\n"
    "  http_status INTEGER NOT NULL,\n"
    "  result TEXT NOT NULL,\n"
    "  detail TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX call_by_run ON call(run);\n"
    "CREATE INDEX call_by_step ON call(run, step);\n"

    OB_TABLE_LEARNED OB_TABLES_3 OB_VIEW_OUTCOME;
