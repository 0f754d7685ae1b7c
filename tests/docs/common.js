// What the tests of documents share: fenced blocks with their places, and a folder to work in.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const root = path.resolve(__dirname, "../..");

/** The fenced blocks of a file of the tree: { kind, text, place, line }, lines counted from 0. In
 *  Lua they stand in comments. */
function blocks(file) {
  const comment = file.endsWith(".lua") ? /^ *---/ : /^/;
  const found = [];
  let open = null;
  fs.readFileSync(path.join(root, file), "utf8").split("\n").forEach((line, i) => {
    const inside = comment.test(line) ? line.replace(comment, "") : null;
    const fence = inside !== null && inside.match(/^```(.*)$/);
    if (fence && open) {
      found.push(open);
      open = null;
    } else if (fence) {
      open = { kind: fence[1].trim(), text: "", place: `${file}:${i + 2}`, line: i + 1 };
    } else if (open && inside !== null) {
      open.text += `${inside}\n`;
    }
  });
  if (open) throw new Error(`${open.place}: a fence is not closed`);
  return found;
}

/** Runs `work(dir)` in a folder of its own, which is gone afterwards. */
async function inFolder(work) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "offboard-docs-"));
  try {
    return await work(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** The environment of somebody who has nothing but offboard. */
function cleanEnv(dir, offboard) {
  return {
    PATH: `${path.dirname(offboard)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: dir, LANG: "C.UTF-8", TERM: "dumb", NO_COLOR: "1",
    OFFBOARD_LEDGER: path.join(dir, "ledger.db"),
  };
}

module.exports = { blocks, cleanEnv, inFolder, root };
