// Huawei's own core client against the simulated DataArts Studio and IAM: signatures by AK/SK as
// the SDK makes them, tokens by hand.
"use strict";

const { BasicCredentials } = require("@huaweicloud/huaweicloud-sdk-core");
const { ClientBuilder } = require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder");
const { HcClient } = require("@huaweicloud/huaweicloud-sdk-core/HcClient");
const { assert, call, demo, fields, main, people, state, test, url } = require("./common");

function client(more = {}) {
  let credential = new BasicCredentials().withAk(more.ak || demo.huaweiAk)
    .withSk(more.sk || demo.huaweiSk).withProjectId(demo.projectId);
  if (more.token) {
    credential = credential.withSecurityToken(more.token);
  }
  return new ClientBuilder((c) => c, "BasicCredentials")
    .withCredential(credential).withEndpoint(url).build();
}

function request(method, path, { query = {}, data, headers = {} } = {}) {
  return { method, url: path, contentType: "application/json", queryParams: query, headers, data,
    pathParams: { project_id: demo.projectId, workspace_id: demo.workspaceId } };
}

const USERS = "/v2/{project_id}/{workspace_id}/users";
const DELETE = "/v2/{project_id}/{workspace_id}/delete-users";

const list = (c, query) => c.sendRequest(request("GET", USERS, { query }));
const remove = (c, ids) => c.sendRequest(request("POST", DELETE, { data: { user_ids: ids } }));

async function refused(promise, status, code, text) {
  await assert.rejects(promise, (error) => {
    assert.strictEqual(error.httpStatusCode, status, `${error.httpStatusCode} ${error.errorMsg}`);
    assert.strictEqual(error.errorCode, code);
    if (text) {
      assert.match(error.errorMsg, text);
    }
    return true;
  });
}

test("the client is the vendor's", () => {
  assert.ok(client() instanceof HcClient);
});

test("list by record offset, to the end", async () => {
  const seen = new Set();
  let offset = 0;
  for (;;) {
    const page = await list(client(), { limit: 50, offset });
    page.data.forEach((row) => seen.add(row.user_id));
    offset += page.data.length;
    if (page.data.length < 50) {
      assert.strictEqual(seen.size, page.count);
      break;
    }
  }
  assert.strictEqual(seen.size, (await state()).clouds.studio.count);
});

test("roles are a list at the top", async () => {
  const roles = await client().sendRequest(request("GET", "/v2/{project_id}/users/role",
    { query: { workspace_id: demo.workspaceId } }));
  assert.ok(Array.isArray(roles) && roles.some((role) => role.role_id === "r00001"));
});

test("delete some; one in the way fails all and touches nobody", async () => {
  const { good, poisoned } = await people("studio");
  const done = await remove(client(), [good[0], good[1]]);
  assert.strictEqual(done.is_success, true);
  for (const culprit of [poisoned[0], "0123456789abcdef0123456789abcdef", good[0]]) {
    const verdict = await remove(client(), [good[2], culprit]);
    assert.strictEqual(verdict.is_success, false);
    assert.ok(verdict.message.length > 0);
  }
  const after = (await state()).clouds.studio.people;
  assert.strictEqual(after[good[0]].state, "absent");
  assert.strictEqual(after[good[0]].deleted_times, 1);
  assert.strictEqual(after[good[2]].state, "active");
});

test("add again with roles", async () => {
  const gone = Object.entries((await state()).clouds.studio.people)
    .find(([, p]) => p.state === "absent")[0];
  const answer = await client().sendRequest(request("POST", USERS, { data: { type: 0,
    user_ids: [{ user_id: gone, user_name: "Back", domain_id: "d", domain_name: "n",
      is_domain_owner: false }], roles_ids: [{ role_id: "r00002" }] } }));
  assert.strictEqual(answer.is_success, true);
  const page = await list(client(), { limit: 100, offset: 100 });
  const row = page.data.find((r) => r.user_id === gone);
  assert.deepStrictEqual(row.roles.map((r) => r.role_id), ["r00002"]);
});

test("add a group; it is a row of type 1", async () => {
  const answer = await client().sendRequest(request("POST", USERS, { data: { type: 1,
    groups: [{ id: "group-1", name: "A group" }], roles_ids: [{ role_id: "r00004" }] } }));
  assert.strictEqual(answer.is_success, true);
  const row = await fields("studio", "group-1");
  assert.deepStrictEqual([row.type, row.user_name, row.roles[0].role_id], [1, "A group", "r00004"]);
  assert.strictEqual((await remove(client(), ["group-1"])).is_success, true);
});

test("a query that needs encoding is signed as it is sent", async () => {
  // Past the signature, refused for what it says; the SDK finds no code in the wrapped form.
  await refused(list(client(), { limit: "a b+c*~!'()&=/é漢", offset: 0 }), 400, undefined);
});

test("temporary key with its token; with a foreign token", async () => {
  const own = { ak: demo.huaweiTempAk, sk: demo.huaweiTempSk };
  assert.ok((await list(client({ ...own, token: demo.huaweiTempToken }), { limit: 1 })).data);
  await refused(list(client({ ...own, token: "another" }), { limit: 1 }), 401, "APIGW.0301");
  await refused(list(client(own), { limit: 1 }), 401, "APIGW.0301");
});

test("clock skew, unknown key", async () => {
  await refused(client().sendRequest(request("GET", USERS,
    { headers: { "X-Sdk-Date": "20200101T000000Z" } })), 401, "APIGW.0303", /20200101T000000Z/);
  await refused(list(client({ ak: "NOBODYSKEY" }), {}), 401, "APIGW.0301", /Get secretKey failed/);
});

async function token(password) {
  return call("POST", "/v3/auth/tokens?nocatalog=true", { body: { auth: {
    identity: { methods: ["password"], password: { user: { domain: { name: demo.domain },
      name: demo.iamUser, password } } }, scope: { project: { name: demo.region } } } } });
}

test("a token by hand instead of a key", async () => {
  const wrong = await token("nope");
  assert.strictEqual(wrong.status, 401);
  assert.strictEqual(wrong.json.error.message, "The username or password is wrong.");
  const good = await token(demo.iamPassword);
  assert.strictEqual(good.status, 201);
  const text = good.headers.get("x-subject-token");
  assert.ok(text.length > 1500);
  assert.match(good.json.token.expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const path = `/v2/${demo.projectId}/${demo.workspaceId}/users?limit=1`;
  assert.strictEqual((await call("GET", path, { headers: { "X-Auth-Token": text } })).status, 200);
  const bad = await call("GET", path, { headers: { "X-Auth-Token": "MIIabc" } });
  assert.strictEqual(bad.json.error_code, "APIGW.0301");
});

// Last: it locks the key.
test("five wrong signatures in a row lock the key", async () => {
  for (let i = 0; i < 5; i++) {
    await refused(list(client({ sk: "wrong" }), {}), 401, "APIGW.0301", /verify aksk signature/);
  }
  await refused(list(client(), {}), 401, "APIGW.0301", /forbidden/);
});

main();
