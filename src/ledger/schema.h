/* The tables, as SQLite keeps them: the comments stay in the file, so that `.schema` in the
 * sqlite3 shell explains it to an administrator. Words are stored as words for the same reader.
 * A change here needs a new OB_SCHEMA_VERSION and a migration in sqlite.c that leads to it.
 * Only sqlite.c includes this. */
#pragma once

#define OB_SCHEMA_APPLICATION 0x6f66626f /* "ofbo": tells our file from any other database */
#define OB_SCHEMA_VERSION     2

/* What leads from each version to the next, in order. */
static const char *const ob_migrations[OB_SCHEMA_VERSION] = {
    NULL, /* there is no version 0 */
    "ALTER TABLE run ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0",
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
    "  -- options and result are JSON; settled: every person of it has an outcome.\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run INTEGER NOT NULL REFERENCES run(id),\n"
    "  path TEXT NOT NULL,\n"
    "  target TEXT NOT NULL,\n"
    "  action TEXT NOT NULL,\n"
    "  digest TEXT NOT NULL,\n"
    "  settled INTEGER NOT NULL,\n"
    "  options TEXT NOT NULL,\n"
    "  result TEXT NOT NULL,\n"
    "  UNIQUE (run, path)\n"
    ") STRICT;\n"

    "CREATE TABLE person (\n"
    "  -- The people of a step, in the order of its roster. id: what the cloud knows them by;\n"
    "  -- state: pending, ready, sent, accepted, doubt, succeeded, failed, unknown, skipped;\n"
    "  -- calls: mutating calls that named them.\n"
    "  step INTEGER NOT NULL REFERENCES step(id),\n"
    "  position INTEGER NOT NULL,\n"
    "  person TEXT NOT NULL,\n"
    "  id TEXT NOT NULL,\n"
    "  state TEXT NOT NULL,\n"
    "  detail TEXT NOT NULL,\n"
    "  calls INTEGER NOT NULL,\n"
    "  PRIMARY KEY (step, position)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE snapshot (\n"
    "  -- What the cloud said of a person before they were changed, JSON.\n"
    "  step INTEGER NOT NULL,\n"
    "  position INTEGER NOT NULL,\n"
    "  document TEXT NOT NULL,\n"
    "  UNIQUE (step, position),\n"
    "  FOREIGN KEY (step, position) REFERENCES person(step, position)\n"
    ") STRICT;\n"

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

    "CREATE TABLE learned (\n"
    "  -- What runs found out about a target, for the next one.\n"
    "  target TEXT NOT NULL,\n"
    "  what TEXT NOT NULL,\n"
    "  value TEXT NOT NULL,\n"
    "  PRIMARY KEY (target, what)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE VIEW outcome AS\n"
    "  -- For people: who, where, and what became of it.\n"
    "  SELECT step.run, step.path, step.target, step.action, person.position, person.person,\n"
    "         person.id, person.state, person.detail, person.calls\n"
    "  FROM person JOIN step ON step.id = person.step;\n";
