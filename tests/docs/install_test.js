// `cmake --install` puts everything where a shell, man and an editor look for it, and the installed
// program needs nothing of the source tree.   install_test.js OFFBOARD, with $CMAKE and $BUILD
"use strict";

const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { cleanEnv, inFolder } = require("./common.js");

function run(argv, options) {
  const done = spawnSync(argv[0], argv.slice(1), { encoding: "utf8", ...options });
  assert.strictEqual(done.status, 0, `${argv.join(" ")}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

inFolder((dir) => {
  const prefix = path.join(dir, "usr");
  run([process.env.CMAKE, "--install", process.env.BUILD, "--prefix", prefix]);
  const read = (name) => fs.readFileSync(path.join(prefix, name), "utf8");
  const commands = ["new", "check", "plan", "show", "apply", "resume", "undo", "status", "export",
    "call", "rehearse", "sim"];

  const manual = read("share/man/man1/offboard.1");
  assert.match(manual, /^\.TH "OFFBOARD" 1/);
  for (const shell of ["bash-completion/completions/offboard", "zsh/site-functions/_offboard",
    "fish/vendor_completions.d/offboard.fish"]) {
    const text = read(path.join("share", shell));
    for (const command of commands) assert.ok(text.includes(command), `${shell}: ${command}`);
  }
  for (const command of commands) assert.ok(manual.includes(`.SS ${command}\n`), command);
  assert.match(read("share/doc/offboard/LICENSE"), /MIT/);
  for (const name of ["types.lua", "types_provider.lua"])
    assert.match(read(path.join("share/offboard", name)), /^---@meta/);
  for (const unit of ["service", "timer"])
    assert.match(read(`share/offboard/scripts/offboard-resume.${unit}`), /^\[Unit\]$/m);

  const binary = path.join(prefix, "bin/offboard");
  const env = cleanEnv(dir, binary);
  const policy = path.join(prefix, "share/offboard/scripts/leavers.lua");
  const plan = run([binary, "sim", "--leavers", "l.csv", "--", "offboard", "plan", policy, "--input",
    "leavers=l.csv"], { cwd: dir, env });
  assert.match(plan, /^plan [0-9a-f]{16} of leavers\.lua/);
  console.log("installed, and it runs");
}).catch((error) => {
  console.error(error.stack || error);
  process.exit(1);
});
