// The README's tour: every `console` block, typed into one terminal of 80 columns, in order; what is
// printed must be what stands there, but for plan ids, times and dates. A line "..." stands for any
// lines. A shell inside of `offboard sim ... -- bash` lasts until `exit`.
//   tour_test.js OFFBOARD            compares
//   tour_test.js OFFBOARD --write    writes into the README what it really printed, where that
//                                    differs; lines "..." are lost there
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { blocks, cleanEnv, inFolder, root } = require("./common.js");

const offboard = path.resolve(process.argv[2]);
const write = process.argv[3] === "--write";

/** [{ typed, shown, line }]: the commands of all blocks, the lines below each and where these stand,
 *  counted from 0. */
function readTour() {
  const steps = [];
  for (const block of blocks("README.md").filter((b) => b.kind === "console")) {
    let open = false;
    block.text.trimEnd().split("\n").forEach((line, i) => {
      const last = steps[steps.length - 1];
      if (line.startsWith("$ ")) {
        steps.push({ typed: line.slice(2), shown: [], line: block.line + i + 1 });
        open = line.endsWith("\\");
      } else if (open && line.startsWith("> ")) {
        last.typed += `\n${line.slice(2)}`;
        last.line++;
        open = line.endsWith("\\");
      } else {
        last.shown.push(line);
      }
    });
  }
  return steps;
}

/** Shell scripts that run the steps: outside, and inside of each simulator. Before each command its
 *  number is printed, and $? is what the command before left. */
function writeScripts(dir, steps) {
  const scripts = [["stty cols 80 rows 24", "s=0"]];
  steps.forEach((step, i) => {
    let script = scripts[scripts.length - 1];
    script.push(`printf '\\n@@%d\\n' ${i}`);
    if (step.typed === "exit") {
      fs.writeFileSync(script.name, `${script.join("\n")}\n`);
      scripts.pop();
      return;
    }
    const nested = /-- bash$/.test(step.typed);
    const name = path.join(dir, `inside-${i}.sh`);
    script.push("(exit $s)", nested ? step.typed.replace(/bash$/, `sh ${name}`) : step.typed, "s=$?");
    if (nested) {
      script = ["s=0"];
      script.name = name;
      scripts.push(script);
    }
  });
  if (scripts.length !== 1) throw new Error("a simulator's shell has no `exit`");
  const outside = path.join(dir, "outside.sh");
  fs.writeFileSync(outside, `${scripts[0].join("\n")}\n`);
  return outside;
}

/** All that the terminal showed. Whoever is asked to type yes does. */
function inTerminal(dir, script) {
  return new Promise((resolve, reject) => {
    const child = spawn("script", ["-qec", `sh ${script}`, "/dev/null"],
      { cwd: dir, env: cleanEnv(dir, offboard), stdio: ["pipe", "pipe", "inherit"] });
    let out = "", asked = 0;
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text) => {
      out += text;
      if (out.endsWith("Type yes to go on: ") && out.length > asked) {
        asked = out.length;
        child.stdin.write("yes\n");
      }
    });
    child.on("error", reject);
    child.on("close", () => resolve(out));
  });
}

/** Lines of each step, in their order. */
function cut(out, count) {
  const shown = Array.from({ length: count }, () => []);
  let at = -1;
  // eslint-disable-next-line no-control-regex
  for (const line of out.replace(/\r/g, "").replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").split("\n")) {
    const mark = line.match(/^@@(\d+)$/);
    if (mark) {
      if (at >= 0 && shown[at][shown[at].length - 1] === "") shown[at].pop();
      at = Number(mark[1]);
    } else if (at >= 0) {
      shown[at].push(line.trimEnd());
    }
  }
  return shown.map((lines) => {
    while (lines.length && lines[lines.length - 1] === "") lines.pop();
    return lines.filter((line) => !killed(line) && line !== "exit");
  });
}

const plain = (line) => line.trimEnd()
  .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")
  .replace(/\d{4}-\d\d-\d\d/g, "DATE")
  .replace(/^head \d+ [0-9a-f]{64}$/gm, "HEAD")
  .replace(/\b[0-9a-f]{16}\b/g, "PLAN")
  .replace(/\b(show|apply|plan) [0-9a-f]{8}\b/g, "$1 PLAN");

function matches(wanted, shown) {
  if (!wanted.length) return !shown.length;
  if (wanted[0] === "...")
    return matches(wanted.slice(1), shown) || (shown.length > 0 && matches(wanted, shown.slice(1)));
  return shown.length > 0 && plain(wanted[0]) === plain(shown[0]) &&
    matches(wanted.slice(1), shown.slice(1));
}

const killed = (line) => /\bKilled\b/.test(line);

function compare(steps, shown) {
  const wrong = steps.map((step, i) => {
    const wanted = step.shown.filter((line) => !killed(line));
    while (wanted.length && wanted[wanted.length - 1] === "") wanted.pop();
    return matches(wanted, shown[i]) ? null : { step, really: shown[i] };
  }).filter(Boolean);
  for (const { step, really } of wrong)
    console.error([`FAILED: README.md:${step.line}: $ ${step.typed}`, "README.md says:",
      ...step.shown, "it prints:", ...really, ""].join("\n"));
  return wrong;
}

function correct(wrong) {
  const file = path.join(root, "README.md");
  const lines = fs.readFileSync(file, "utf8").split("\n");
  for (const { step, really } of wrong.reverse())
    lines.splice(step.line, step.shown.length, ...really);
  fs.writeFileSync(file, lines.join("\n"));
}

async function main() {
  const steps = readTour();
  if (steps.length < 10) throw new Error(`the tour has only ${steps.length} commands`);
  const shown = await inFolder(async (dir) =>
    cut(await inTerminal(dir, writeScripts(dir, steps)), steps.length));
  const wrong = compare(steps, shown);
  console.log(`${steps.length} commands, ${wrong.length} differ`);
  if (write) correct(wrong);
  process.exit(wrong.length && !write ? 1 : 0);
}

main();
