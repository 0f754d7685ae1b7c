// Every Lua block of README.md and lua/types.lua says after its language what it is: "lua policy" is
// checked and planned on simulated clouds, each by itself; "lua targets" is loaded and its targets
// are opened; "lua provider" is loaded beside the others, and asked for somebody over the network.
//   examples_test.js OFFBOARD
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { blocks, cleanEnv, inFolder, root } = require("./common.js");

const offboard = path.resolve(process.argv[2]);

/** Credentials that the examples name, in the forms of the vendors' own tools; none is real. */
function fillHome(dir) {
  const put = (name, text) => {
    const file = path.join(dir, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o600 });
  };
  put(".aliyun/config.json", JSON.stringify({ current: "default", profiles: [{ name: "default",
    mode: "AK", access_key_id: "LTAIexample", access_key_secret: "example",
    region_id: "cn-shanghai" }] }));
  put(".huaweicloud/credentials", "[basic]\nak = EXAMPLE\nsk = example\n");
}

const variables = { MEETING_APP_ID: "0123456789abcdef0123456789abcdef", MEETING_APP_KEY: "example",
  ALIBABA_CLOUD_ACCESS_KEY_ID: "LTAIexample", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "example",
  HUAWEICLOUD_SDK_AK: "EXAMPLE", HUAWEICLOUD_SDK_SK: "example" };

function run(dir, argv, more = {}) {
  const env = { ...cleanEnv(dir, offboard), ...variables, ...more };
  const done = spawnSync(offboard, argv, { cwd: dir, env, encoding: "utf8" });
  return done.status === 0 ? null : `exit ${done.status}\n${done.stdout}${done.stderr}`;
}

const checks = {
  "lua policy": (dir, text) => {
    fs.writeFileSync(path.join(dir, "example.lua"), text);
    // the same people each time: 20 who leave, and a personnel file that lacks 15
    return run(dir, ["sim", "--leavers", "staff.csv", "--leavers-count", "285", "--", "true"]) ||
      run(dir, ["sim", "--leavers", "leavers.csv", "--", "sh", "-c",
        `offboard check example.lua && offboard plan example.lua \
           --input leavers=leavers.csv --input staff=staff.csv`]);
  },

  // A policy that opens each target makes its fields be checked, and what they name be found.
  "lua targets": (dir, text) => {
    fs.writeFileSync(path.join(dir, "targets.lua"), text, { mode: 0o600 });
    const names = [...text.matchAll(/^target "([^"]+)"/gm)].map((found) => found[1]);
    if (!names.length) return "it names no target";
    fs.writeFileSync(path.join(dir, "example.lua"),
      names.map((name) => `note(target("${name}").name)\n`).join(""));
    return run(dir, ["check", "example.lua", "--config", "targets.lua"]) ||
      run(dir, ["plan", "example.lua", "--config", "targets.lua"]);
  },

  "lua provider": (dir, text) => {
    const name = (text.match(/^ *name = "([^"]+)"/m) || [])[1];
    fs.cpSync(path.join(root, "lua"), path.join(dir, "lua"), { recursive: true });
    fs.writeFileSync(path.join(dir, "lua/provider", `${name}.lua`), text);
    fs.writeFileSync(path.join(dir, "targets.lua"), `target "one" { provider = "${name}",
      access_key = "EXAMPLE", secret_key = secret.env "HUAWEICLOUD_SDK_SK" }\n`);
    fs.writeFileSync(path.join(dir, "people.txt"), "somebody\n");
    fs.writeFileSync(path.join(dir, "example.lua"),
      'target("one"):remove(input.lines "people")\n');
    const more = { OFFBOARD_LUA: dir, OFFBOARD_CONFIG: path.join(dir, "targets.lua") };
    // its requests are made as for any other: only the name in the example is nobody's
    const planned = run(dir, ["plan", "example.lua", "--input", "people=people.txt"], more);
    return run(dir, ["check", "example.lua"], more) ||
      (/resolve id\.acme\.\S+: no such name/.test(planned) ? null : planned || "it was planned");
  },
};

/** Lines of the README that a terminal of 80 columns would wrap; Chinese letters take two. */
function tooWide() {
  const columns = (line) => [...line].reduce((sum, c) => sum + (c >= "\u1100" ? 2 : 1), 0);
  return fs.readFileSync(path.join(root, "README.md"), "utf8").split("\n")
    .map((line, i) => (columns(line) > 80 ? `README.md:${i + 1}: ${columns(line)} columns` : null))
    .filter(Boolean);
}

async function main() {
  const counts = {};
  let failed = 0;
  for (const place of tooWide()) {
    console.error(`FAILED: ${place}`);
    failed++;
  }
  for (const file of ["README.md", "lua/types.lua", "lua/types_provider.lua"]) {
    for (const block of blocks(file)) {
      if (!block.kind.startsWith("lua")) continue;
      const check = checks[block.kind];
      const wrong = check ? await inFolder((dir) => {
        fillHome(dir);
        return check(dir, block.text);
      }) : `"${block.kind}" is none of ${Object.keys(checks).join(", ")}`;
      if (wrong) {
        console.error(`FAILED: ${block.place}: ${wrong}`);
        failed++;
      }
      counts[block.kind] = (counts[block.kind] || 0) + 1;
    }
  }
  if (!counts["lua policy"] || !counts["lua targets"]) {
    console.error(`FAILED: examples were not found in ${root}`);
    failed++;
  }
  console.log(`${JSON.stringify(counts)}, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

main();
