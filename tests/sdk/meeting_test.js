// The simulated Meeting, spoken to as Huawei's Java and Python SDKs speak to it: no core SDK of
// npm has its credentials, so the App ID formula is here by hand, hex in lower and in upper case.
"use strict";

const { createHmac, randomBytes } = require("node:crypto");
const { assert, call, demo, fields, main, people, state, test } = require("./common");

const MEMBER = "/v1/usg/dcs/corp/member";

function login({ appId = demo.meetingAppId, key = demo.meetingAppKey, userId, corpId, sp = false,
  expireTime = Math.floor(Date.now() / 1000) + 600, upper = false, access = true,
  nonce = randomBytes(16).toString("hex") } = {}) {
  const parts = sp ? [appId, corpId || "", userId || ""] : [appId, userId || ""];
  const text = [...parts, expireTime, nonce].join(":");
  let signature = createHmac("sha256", key).update(text).digest("hex");
  signature = upper ? signature.toUpperCase() : signature;
  const tail = access ? `,access=${Buffer.from(appId).toString("base64")}` : "";
  return call("POST", "/v2/usg/acs/auth/appauth", {
    headers: { Authorization: `HMAC-SHA256 signature=${signature}${tail}` },
    body: { appId, clientType: 72, expireTime, nonce, userId, corpId } });
}

async function admin() {
  const answer = await login();
  assert.strictEqual(answer.status, 200, answer.text);
  return { "X-Access-Token": answer.json.accessToken };
}

function error(answer, status, code) {
  assert.strictEqual(answer.status, status, answer.text);
  assert.strictEqual(answer.json.error_code, code);
  assert.strictEqual(answer.json.request_id, answer.headers.get("x-request-id"));
}

test("App ID login: lower and upper case, without access, never expiring, as a provider", async () => {
  for (const form of [{}, { upper: true }, { access: false }, { expireTime: 0 },
    { sp: true, appId: demo.meetingSpAppId, key: demo.meetingSpAppKey },
    { sp: true, appId: demo.meetingSpAppId, key: demo.meetingSpAppKey, corpId: "c1" }]) {
    const answer = await login(form);
    assert.strictEqual(answer.status, 200, JSON.stringify(form) + answer.text);
    const { validPeriod, expireTime, createTime, user } = answer.json;
    assert.ok(validPeriod >= 43200 && validPeriod <= 86400);
    assert.strictEqual(expireTime, Math.floor((createTime + validPeriod * 1000) / 1000));
    assert.strictEqual(user.adminType, 0);
  }
});

test("App ID login that must fail", async () => {
  error(await login({ key: "wrong" }), 401, "USG.206010025");
  error(await login({ corpId: "c1" }), 401, "USG.206010025");
  error(await login({ expireTime: 1000 }), 401, "USG.206010057");
  error(await login({ nonce: "short" }), 400, "USG.000000001");
});

test("account login", async () => {
  const basic = (password) => call("POST", "/v1/usg/acs/auth/account", {
    headers: { Authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
    body: { account: "admin", clientType: 72 } });
  assert.strictEqual((await basic(demo.meetingPassword)).json.tokenType, 0);
  error(await basic("wrong"), 401, "USG.206010000");
});

test("logging in as somebody unknown creates them, without rights", async () => {
  const answer = await login({ userId: "ghost" });
  assert.strictEqual(answer.status, 200);
  assert.strictEqual((await state()).clouds.meeting.people.ghost.effects.created_by_login, 1);
  error(await call("GET", MEMBER, { headers: { "X-Access-Token": answer.json.accessToken } }),
    403, "USG.201010002");
});

test("tokens: none, validate, refresh, logout, and the 65th ends the first", async () => {
  error(await call("GET", MEMBER), 401, "USG.000000004");
  const first = (await login()).json;
  const check = (token) => call("POST", "/v1/usg/acs/token/validate",
    { body: { token, needGenNewToken: false, needAccountInfo: true } });
  assert.strictEqual((await check(first.accessToken)).status, 200);
  const fresh = await call("PUT", "/v1/usg/acs/token",
    { headers: { "X-Access-Token": first.refreshToken } });
  assert.strictEqual((await check(fresh.json.accessToken)).status, 200);
  await call("DELETE", "/v1/usg/acs/token", { headers: { "X-Access-Token": fresh.json.accessToken } });
  error(await check(fresh.json.accessToken), 401, "USG.000000004");
  for (let i = 0; i < 64; i++) {
    await login();
  }
  error(await check(first.accessToken), 401, "USG.000000004");
});

test("list: the last page comes again past the end; search is fuzzy", async () => {
  const headers = await admin();
  const count = (await state()).clouds.meeting.count;
  const page = async (query) => (await call("GET", `${MEMBER}?${query}`, { headers })).json;
  const all = await page("limit=500");
  assert.strictEqual(all.count, count);
  assert.strictEqual(all.data.length, count);
  const past = await page("limit=50&offset=5000");
  assert.deepStrictEqual(past.data.map((u) => u.id),
    all.data.slice(Math.floor((count - 1) / 50) * 50).map((u) => u.id));
  assert.strictEqual((await page("userType=13")).count, 0);
  assert.strictEqual((await page("adminType=1")).count, 1);
  const someone = all.data[5];
  const found = await page(`searchKey=${encodeURIComponent(someone.name)}`);
  assert.ok(found.data.some((u) => u.id === someone.id));
  error(await call("GET", `${MEMBER}?limit=501`, { headers }), 400, "USG.000000001");
});

test("detail by account and by third-party id; missing is a 400", async () => {
  const headers = await admin();
  const mail = (await people("meeting")).good.find((id) => id.includes("@"));
  const one = await call("GET", `${MEMBER}/${encodeURIComponent(mail)}`, { headers });
  assert.strictEqual(one.json.userAccount, mail);
  assert.ok(one.json.vmrList.length >= 1);
  const other = await call("GET", `${MEMBER}/${one.json.thirdAccount}?accountType=1`, { headers });
  assert.strictEqual(other.json.id, one.json.id);
  error(await call("GET", `${MEMBER}/${one.json.thirdAccount}`, { headers }), 400,
    "USG.201040000");
  const batch = await call("POST", "/v1/usg/abs/users/list?idType=USER_ID",
    { headers, body: [{ id: mail }, { id: "nobody" }] });
  assert.deepStrictEqual(batch.json.map((u) => u.statusCode), [0, 2]);
});

test("status and delete: all or nothing, no body when done", async () => {
  const headers = await admin();
  const { good, poisoned } = await people("meeting");
  const [a, b] = good.filter((id) => id !== "admin" && id !== "ghost");
  const put = (value, body) => call("PUT", `${MEMBER}/status/${value}`, { headers, body });
  const remove = (body) => call("POST", `${MEMBER}/delete`, { headers, body });
  const done = await put(1, [a, b]);
  assert.strictEqual(done.status, 200);
  assert.strictEqual(done.text, "");
  const one = await call("GET", `${MEMBER}/${encodeURIComponent(a)}`, { headers });
  assert.strictEqual(one.json.status, 1);
  error(await remove([a, poisoned[0]]), 400, "USG.201040003");
  error(await remove([a, "nobody"]), 400, "USG.201040000");
  error(await remove([a, "admin"]), 400, "USG.201040012");
  error(await remove(Array.from({ length: 101 }, (_, i) => `x${i}`)), 400, "USG.000000001");
  assert.strictEqual((await remove([a, b])).status, 200);
  error(await remove([a]), 400, "USG.201040000");
  const after = (await state()).clouds.meeting;
  assert.deepStrictEqual(after.people[a].order.map((o) => o.op), ["disable", "delete"]);
  assert.deepStrictEqual(after.deleted_twice, []);
});

test("add, exists, modify resets what is left out", async () => {
  const headers = await admin();
  const user = { account: "made.by@sdk", name: "Made", email: "m@corp.example", deptCode: "3",
    sendNotify: "0" };
  assert.strictEqual((await call("POST", MEMBER, { headers, body: user })).json.deptCode, "3");
  error(await call("POST", MEMBER, { headers, body: user }), 400, "USG.201040001");
  error(await call("POST", MEMBER, { headers, body: { name: "No way" } }), 400, "USG.000000001");
  const path = `${MEMBER}/${encodeURIComponent(user.account)}`;
  const changed = await call("PUT", path, { headers, body: { name: "Other" } });
  assert.strictEqual(changed.json.deptCode, "1");
  assert.strictEqual((await state()).clouds.meeting.mails_sent, 0);
});

test("delete, add, rooms and role: back but for what is new", async () => {
  const headers = await admin();
  const post = (path, body) => call("POST", `/v1/usg/dcs/corp/${path}`, { headers, body });
  const { good } = await people("meeting");
  const rows = await Promise.all(good.map((one) => fields("meeting", one)));
  const before = rows.find((row) => row.vmrList.length > 1);
  const id = before.userAccount;
  const mails = (await state()).clouds.meeting.mails_sent;
  assert.strictEqual((await post("member/delete", [id])).status, 200);
  const body = { account: id, thirdAccount: before.thirdAccount, name: before.name,
    englishName: before.englishName, phone: before.phone, country: before.country,
    email: before.email, deptCode: before.deptCode, signature: before.signature,
    title: before.title, desc: before.desc, status: before.status, sortLevel: before.sortLevel,
    hidePhone: before.hidePhone, sendNotify: "0" };
  assert.strictEqual((await post("member", body)).status, 200);
  const rooms = before.vmrList.filter((room) => room.vmrMode === 1).map((room) => room.id);
  const path = `vmr/assign-to-member/${encodeURIComponent(id)}`;
  assert.strictEqual((await post(path, rooms)).status, 200);
  error(await post(path, rooms), 400, "USG.201050001");
  assert.strictEqual((await post("admin", { account: id })).status, 200);
  const after = await fields("meeting", id);
  const differ = Object.keys(before).filter((key) =>
    JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  assert.deepStrictEqual(differ.sort(),
    ["activeTime", "adminType", "id", "sipNum", "vmrId", "vmrList"]);
  assert.deepStrictEqual(after.vmrList.slice(1), before.vmrList.slice(1));
  assert.strictEqual((await state()).clouds.meeting.mails_sent, mails);
});

test("nothing there", async () => {
  error(await call("GET", "/v1/usg/nothing"), 404, "APIGW.0101");
});

main();
