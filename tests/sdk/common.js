// What the SDK tests share: where the simulator is, its demo credentials (the constants of
// lua/sim/init.lua), its state, and a runner that fails loudly and counts.
"use strict";

const assert = require("node:assert");

const url = process.env.OFFBOARD_SIM_URL;
assert.ok(url, "OFFBOARD_SIM_URL is not set: run this through `offboard sim -- node ...`");

const demo = {
  meetingAppId: "demoappid00000000000000000000001",
  meetingAppKey: "demo-app-key-of-the-simulated-meeting",
  meetingSpAppId: "demoappid00000000000000000000002",
  meetingSpAppKey: "demo-app-key-of-a-service-provider",
  meetingPassword: "Demo-Passw0rd",
  domain: "demo-domain",
  iamUser: "demo-operator",
  iamPassword: "Demo-Passw0rd",
  region: "cn-north-4",
  projectId: "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
  instanceId: "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b",
  workspaceId: "2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c",
  huaweiAk: "DEMOHUAWEIAK00000001",
  huaweiSk: "demoHuaweiSecretKey00000000000000000000001",
  huaweiTempAk: "DEMOHUAWEIAK00000002",
  huaweiTempSk: "demoHuaweiSecretKey00000000000000000000002",
  huaweiTempToken: "demo-huawei-security-token",
  aliyunAk: "LTAIdemo0000000000000001",
  aliyunSk: "demoAliyunSecret00000000000001",
  aliyunTempAk: "STS.demo0000000000000002",
  aliyunTempSk: "demoAliyunSecret00000000000002",
  aliyunTempToken: "demo-aliyun-security-token",
};

async function state() {
  const answer = await fetch(`${url}/_sim/state`);
  assert.strictEqual(answer.status, 200);
  return answer.json();
}

/** A person of a cloud with all fields, as the cloud's own API shows them. */
async function fields(cloud, id) {
  const answer = await fetch(`${url}/_sim/state?fields=1`);
  return (await answer.json()).clouds[cloud].people[id].fields;
}

/** One request by hand; the body is parsed when it is JSON. */
async function call(method, path, { headers = {}, body, raw } = {}) {
  const init = { method, headers: { ...headers } };
  if (body !== undefined || raw !== undefined) {
    init.headers["Content-Type"] = init.headers["Content-Type"] || "application/json";
    init.body = raw !== undefined ? raw : JSON.stringify(body);
  }
  const answer = await fetch(url + path, init);
  const text = await answer.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.status, headers: answer.headers, text, json };
}

/** People of a cloud that nothing stands in the way of, and those that are poisoned. */
async function people(cloud) {
  const all = Object.entries((await state()).clouds[cloud].people).sort();
  const ids = (test) => all.filter(([, p]) => test(p)).map(([id]) => id);
  return {
    good: ids((p) => !p.poisoned && p.state === "active"),
    poisoned: ids((p) => p.poisoned),
  };
}

const tests = [];
function test(name, run) {
  tests.push({ name, run });
}

/** Runs the tests in order; the first that fails ends the process. */
async function main() {
  for (const { name, run } of tests) {
    try {
      await run();
    } catch (error) {
      console.error(`FAILED: ${name}\n${error.stack || error}`);
      process.exit(1);
    }
  }
  console.log(`${tests.length} passed`);
  process.exit(0);
}

module.exports = { assert, call, demo, fields, main, people, state, test, url };
