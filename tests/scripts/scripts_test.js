// The sample policies of scripts/, unchanged: checked, planned and applied on simulated clouds. What
// the run says of each person is compared with what the clouds hold at the end, and nobody else may
// have been touched.   scripts_test.js OFFBOARD [NAME]
"use strict";

const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const offboard = path.resolve(process.argv[2]);
const scripts = path.resolve(__dirname, "../../scripts");
const only = process.argv[3];

// ---- helpers ----

/** Runs shell commands inside of a simulator; exit code, what was printed, rows of the last run's
 *  export, and the clouds' state at the end. */
function inSimulator(options, commands) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "offboard-scripts-"));
  try {
    const env = { ...process.env, OFFBOARD_LEDGER: path.join(dir, "ledger.db") };
    delete env.OFFBOARD_CONFIG;
    env.PATH = `${path.dirname(offboard)}:${env.PATH}`;
    env.SCRIPTS = scripts;
    const argv = ["sim", "--people", "300", "--seed", "3", "--leavers", "leavers.csv",
      "--leavers-count", "25", "--state-out", "state.json", ...options, "--", "sh", "-c", commands];
    const done = spawnSync(offboard, argv, { cwd: dir, env, encoding: "utf8" });
    const read = (name) => fs.readFileSync(path.join(dir, name), "utf8");
    const printed = done.stdout + done.stderr;
    assert.ok(fs.existsSync(path.join(dir, "state.json")), printed);
    const rows = fs.existsSync(path.join(dir, "rows.json"))
      ? read("rows.json").split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
    return { code: done.status, printed, rows, state: JSON.parse(read("state.json")),
      leavers: read("leavers.csv").trim().split("\n").slice(1).map((line) => line.split(",")) };
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

function tally(rows) {
  const counts = { succeeded: 0, failed: 0, unknown: 0, skipped: 0, pending: 0 };
  for (const row of rows) counts[row.outcome]++;
  return counts;
}


/** Each succeeded row is one effect over there, no other row is any, and there are no effects but
 *  these and `before`. */
function accountedFor(rows, state, before = 0) {
  let effects = before;
  for (const row of rows) {
    const person = state.clouds[row.target].people[row.id];
    assert.ok(person, `${row.target} does not know ${row.id}`);
    const times = person.effects[row.action] || 0;
    assert.strictEqual(times, row.outcome === "succeeded" ? 1 : 0,
      `${row.target} ${row.action} ${row.id} is ${row.outcome}: ${JSON.stringify(person)}`);
    effects += times;
  }
  assert.strictEqual(state.effects, effects, "somebody was touched whom no row names");
  for (const name of ["meeting", "studio", "desktops"])
    assert.deepStrictEqual(state.clouds[name].deleted_twice, []);
}

// `run` plans and applies; the rows of the run go where inSimulator finds them.
const shell = `
run() {
  policy=$1; shift
  offboard check "$SCRIPTS/$policy" && offboard plan "$SCRIPTS/$policy" "$@" || return
  offboard apply latest --yes; code=$?
  offboard export "$(offboard status --json | head -n 1 | sed 's/.*"run":\\([0-9]*\\).*/\\1/')" \\
    --json >rows.json
  return $code
}
`;

// ---- one test a policy ----

const tests = {
  "leavers.lua": () => {
    const r = inSimulator(["--https", "--faults", "meeting:poison=1,desktops:poison=1"],
      `${shell} run leavers.lua --input leavers=leavers.csv`);
    assert.strictEqual(r.code, 20, r.printed);
    // 24 + 24 locked, then 23 in each of three clouds
    assert.deepStrictEqual(tally(r.rows),
      { succeeded: 117, failed: 2, unknown: 0, skipped: 0, pending: 0 });
    const failed = r.rows.filter((row) => row.outcome === "failed");
    for (const row of failed) {
      assert.ok(r.state.clouds[row.target].people[row.id].poisoned, row.id);
      assert.match(row.detail, /in use/);
    }
    accountedFor(r.rows, r.state);
    // all three clouds agree on who is gone: 23 of the 25, and no other
    const gone = (name, column) => r.leavers.filter((cells) =>
      r.state.clouds[name].people[cells[column]].state === "absent").map((cells) => cells[0]);
    const stayed = new Set(failed.map((row) => row.person));
    const wanted = r.leavers.map((cells) => cells[0]).filter((person) => !stayed.has(person));
    assert.strictEqual(wanted.length, 23);
    assert.deepStrictEqual(gone("meeting", 2), wanted);
    assert.deepStrictEqual(gone("studio", 3), wanted);
    assert.deepStrictEqual(gone("desktops", 4), wanted);
  },

  "leavers.lua stops": () => {
    const r = inSimulator(["--faults", "meeting:poison=4"],
      `${shell} run leavers.lua --input leavers=leavers.csv`);
    assert.strictEqual(r.code, 20, r.printed);
    assert.match(r.printed, /leavers\.lua:\d+: 4 of 25 could not be locked: nobody is deleted/);
    assert.ok(r.rows.every((row) => ["disable", "lock"].includes(row.action)));
    accountedFor(r.rows, r.state);
  },

  "purge-disabled.lua": () => {
    const r = inSimulator([],
      `${shell} set -- $(tail -n +2 leavers.csv | cut -d, -f3)
       offboard call meeting disable "$@" --yes >/dev/null &&
       echo "$1" >keep.txt && run purge-disabled.lua --input keep=keep.txt`);
    assert.strictEqual(r.code, 0, r.printed);
    assert.deepStrictEqual(tally(r.rows),
      { succeeded: 24, failed: 0, unknown: 0, skipped: 0, pending: 0 });
    accountedFor(r.rows, r.state, 25);
    const kept = r.state.clouds.meeting.people[r.leavers[0][2]];
    assert.deepStrictEqual([kept.state, kept.effects], ["disabled", { disable: 1 }]);
  },

  "purge-disabled.lua with nobody": () => {
    const r = inSimulator([],
      `${shell} : >keep.txt; run purge-disabled.lua --input keep=keep.txt --allow-empty`);
    assert.strictEqual(r.code, 0, r.printed);
    assert.strictEqual(r.state.effects, 0);
  },

  // The simulator writes a file of 285 of its 300 people: the personnel file. 15 are not on it.
  "not-on-roster.lua": () => {
    const r = inSimulator(["--leavers-count", "285"],
      `${shell} run not-on-roster.lua --input staff=leavers.csv --max-delete 0`);
    assert.strictEqual(r.code, 0, r.printed);
    assert.match(r.printed, /15 accounts and 15 desktops belong to nobody on file/);
    assert.deepStrictEqual(tally(r.rows),
      { succeeded: 30, failed: 0, unknown: 0, skipped: 0, pending: 0 });
    accountedFor(r.rows, r.state);
    const onFile = new Set(r.leavers.map((cells) => cells[2]));
    for (const [id, person] of Object.entries(r.state.clouds.meeting.people)) {
      const stranger = id !== "admin" && !onFile.has(id);
      assert.strictEqual(person.state, stranger ? "disabled" : "active", id);
    }
  },

  // A personnel file that was cut makes strangers of most: the limit refuses, nothing is changed.
  "not-on-roster.lua with a cut file": () => {
    const r = inSimulator([],
      `${shell} run not-on-roster.lua --input staff=leavers.csv`);
    assert.strictEqual(r.code, 10, r.printed);
    assert.match(r.printed, /nothing was changed/);
    assert.strictEqual(r.state.effects, 0);
  },

  // The grace period is 86 ms. One of the leavers is off the list when it is over.
  "grace-period.lua": () => {
    const r = inSimulator([],
      `${shell} run grace-period.lua --input leavers=leavers.csv --var days=0.000001
       [ $? = 22 ] || exit 99
       sed -i 2d leavers.csv
       while offboard resume; code=$?; [ $code = 22 ]; do :; done
       offboard export 1 --json >rows.json
       exit $code`);
    assert.strictEqual(r.code, 0, r.printed);
    assert.deepStrictEqual(tally(r.rows),
      { succeeded: 50 + 3 * 24, failed: 0, unknown: 0, skipped: 3, pending: 0 });
    for (const row of r.rows.filter((one) => one.outcome === "skipped"))
      assert.match(row.detail, /no longer on "leavers"/);
    accountedFor(r.rows, r.state);
  },

  // Too many cannot be switched off: those who were are on again.
  "grace-period.lua undoes": () => {
    const r = inSimulator(["--faults", "meeting:poison=4"],
      `${shell} run grace-period.lua --input leavers=leavers.csv`);
    assert.strictEqual(r.code, 20, r.printed);
    assert.match(r.printed, /4 of 25 could not be switched off: all of it is undone/);
    assert.deepStrictEqual(tally(r.rows),
      { succeeded: 2 * (21 + 25), failed: 4, unknown: 0, skipped: 0, pending: 0 });
    accountedFor(r.rows, r.state);
    for (const name of ["meeting", "desktops"])
      assert.strictEqual(r.state.clouds[name].disabled, 0);
  },

  "every sample is tested, short and says what it shows": () => {
    for (const name of fs.readdirSync(scripts).filter((file) => file.endsWith(".lua"))) {
      const lines = fs.readFileSync(path.join(scripts, name), "utf8").trimEnd().split("\n");
      assert.ok(lines.length >= 5 && lines.length <= 40, `${name}: ${lines.length} lines`);
      assert.match(`${lines[0]} ${lines[1]}`, /^-- .*shows /, name);
      assert.ok(tests[name], `${name} has no test here`);
    }
  },
};

let passed = 0;
for (const [name, run] of Object.entries(tests)) {
  if (only && !name.startsWith(only)) continue;
  try {
    run();
    passed++;
  } catch (error) {
    console.error(`FAILED: ${name}\n${error.stack || error}`);
    process.exit(1);
  }
}
console.log(`${passed} passed`);
process.exit(passed ? 0 : 1);
