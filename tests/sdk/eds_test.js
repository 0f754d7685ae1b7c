// Alibaba's own clients against the simulated EDS: openapi-client with ACS3 and with V1, pop-core
// with GET and POST.
"use strict";

const { default: Client, Config, OpenApiRequest, Params } = require("@alicloud/openapi-client");
const { RuntimeOptions } = require("@alicloud/tea-util");
const { default: OpenApiUtil } = require("@alicloud/openapi-util");
const { RPCClient } = require("@alicloud/pop-core");
const { assert, demo, fields, main, people, state, test, url } = require("./common");

const VERSION = "2021-03-08";
const endpoint = url.replace("http://", "");

function openapi(more = {}) {
  return new Client(new Config({
    accessKeyId: demo.aliyunAk, accessKeySecret: demo.aliyunSk, endpoint, protocol: "http", ...more,
  }));
}

/** As the generated eds-user SDK calls: lists in the form, the rest in the query. */
async function ask(client, action, { query = {}, form = {} } = {}) {
  const params = new Params({ action, version: VERSION, protocol: "HTTP", pathname: "/",
    method: "POST", authType: "AK", style: "RPC", reqBodyType: "formData", bodyType: "json" });
  const request = new OpenApiRequest({
    query: OpenApiUtil.query(query), body: OpenApiUtil.parseToMap(form),
  });
  return (await client.callApi(params, request, new RuntimeOptions({}))).body;
}

function pop(more = {}) {
  return new RPCClient({ accessKeyId: demo.aliyunAk, accessKeySecret: demo.aliyunSk,
    endpoint: url, apiVersion: VERSION, ...more });
}

async function fails(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.strictEqual(error.code, code, `${error.code}: ${error.message}`);
    return true;
  });
}

for (const [name, more] of [["ACS3", {}], ["V1", { signatureAlgorithm: "v2" }]]) {
  test(`openapi-client ${name}: pages of a list`, async () => {
    const seen = new Set();
    let token;
    do {
      const query = token ? { MaxResults: 50, NextToken: token } : { MaxResults: 50 };
      const page = await ask(openapi(more), "DescribeUsers", { query });
      page.Users.forEach((user) => seen.add(user.EndUserId));
      token = page.NextToken;
    } while (token);
    assert.strictEqual(seen.size, (await state()).clouds.desktops.count);
  });

  test(`openapi-client ${name}: lock, unlock, remove, and one that fails`, async () => {
    const { good, poisoned } = await people("desktops");
    const Users = [good[0], poisoned[0], "nobody-of-ours"];
    const locked = (await ask(openapi(more), "LockUsers", { form: { Users } })).LockUsersResult;
    assert.deepStrictEqual(locked.LockedUsers, [good[0]]);
    assert.deepStrictEqual(locked.FailedUsers.map((f) => [f.EndUserId, f.ErrorCode]), [
      [poisoned[0], "OperationDenied.UserInUse"], ["nobody-of-ours", "InvalidUsername"]]);
    const now = await ask(openapi(more), "DescribeUsers", { form: { EndUserIds: [good[0]] } });
    assert.strictEqual(now.Users[0].Status, 9);
    await ask(openapi(more), "UnlockUsers", { form: { Users: [good[0]] } });
    const removed = await ask(openapi(more), "RemoveUsers", { form: { Users: [good[0], good[1]] } });
    assert.deepStrictEqual(removed.RemoveUsersResult.RemovedUsers, [good[0], good[1]]);
    const after = (await state()).clouds.desktops.people[good[0]];
    assert.strictEqual(after.state, "absent");
    assert.deepStrictEqual(after.order.map((o) => o.op), ["lock", "unlock", "remove"]);
  });

  test(`openapi-client ${name}: wrong secret, unknown key, no users, unknown action`, async () => {
    const wrong = { ...more, accessKeySecret: "not-the-secret" };
    await assert.rejects(ask(openapi(wrong), "DescribeUsers"), (error) => {
      assert.match(error.message, /Specified signature|InvalidAccessKeySecret/);
      return true;
    });
    await fails(ask(openapi({ ...more, accessKeyId: "LTAIunknown" }), "DescribeUsers"),
      "InvalidAccessKeyId.NotFound");
    await fails(ask(openapi(more), "RemoveUsers", { form: { Users: [] } }), "MissingUsers");
    await fails(ask(openapi(more), "EatUsers"), "InvalidApi.NotFound");
  });

  test(`openapi-client ${name}: temporary credentials`, async () => {
    const temporary = { ...more, accessKeyId: demo.aliyunTempAk,
      accessKeySecret: demo.aliyunTempSk };
    const good = openapi({ ...temporary, securityToken: demo.aliyunTempToken });
    assert.ok((await ask(good, "DescribeUsers", { query: { MaxResults: 1 } })).Users.length === 1);
    const bad = openapi({ ...temporary, securityToken: "another" });
    await fails(ask(bad, "DescribeUsers"), "InvalidSecurityToken.MismatchWithAccessKey");
  });
}

test("openapi-client: values that need every kind of encoding", async () => {
  const page = await ask(openapi(), "DescribeUsers", {
    query: { MaxResults: 5, Filter: "a b+c*~!'()&=/é漢" }, form: { GroupId: "*~ +'()" } });
  assert.deepStrictEqual(page.Users, []);
});

test("openapi-client: create, then it exists", async () => {
  const form = { Users: [{ EndUserId: "sdk_made_1", Email: "x@corp.example" }] };
  const made = await ask(openapi(), "CreateUsers", { form });
  assert.strictEqual(made.AllSucceed, true);
  const again = await ask(openapi(), "CreateUsers", { form });
  assert.strictEqual(again.AllSucceed, false);
  assert.strictEqual(again.CreateResult.FailedUsers[0].ErrorCode, "ExistedEndUserId");
  assert.strictEqual((await state()).clouds.desktops.mails_sent, 1);
});

test("openapi-client: what is per request, groups and organisation; nobody is written to", async () => {
  const groups = (await ask(openapi(), "DescribeGroups")).Groups.map((g) => g.GroupId);
  const org = (await ask(openapi(), "DescribeOrgs")).Orgs[1].OrgId;
  const before = (await state()).clouds.desktops.mails_sent;
  const made = await ask(openapi(), "CreateUsers", {
    query: { AutoLockTime: "2027-01-01", IsLocalAdmin: true, PasswordExpireDays: "90" },
    form: { Password: "Demo-Passw0rd", Users: [{ EndUserId: "sdk_made_2", Email: "y@corp.example",
      OrgId: org, GroupIdList: groups, RealNickName: "漢 é" }] } });
  assert.strictEqual(made.AllSucceed, true);
  const found = await ask(openapi(), "FilterUsers", {
    query: { IncludeEndUserIds: ["sdk_made_2"], IncludeOrgInfo: true, IncludeDesktopCount: true } });
  assert.strictEqual(found.Users.length, 1);
  const [user] = found.Users;
  assert.deepStrictEqual(user.Groups.map((g) => g.GroupId), groups);
  assert.deepStrictEqual(user.OrgList.map((o) => o.OrgId), [org]);
  assert.deepStrictEqual([user.AutoLockTime, user.EnableAdminAccess, user.PasswordExpireDays],
    ["2027-01-01", true, 90]);
  assert.strictEqual(user.DesktopCount, 0);
  assert.strictEqual((await state()).clouds.desktops.mails_sent, before);
  const row = await fields("desktops", "sdk_made_2");
  assert.strictEqual(row.RealNickName, "漢 é");
  assert.strictEqual(row.AutoLockTime, "2027-01-01");
});

test("openapi-client: a property is set by the number of the account that is there now", async () => {
  const [property] = (await ask(openapi(), "ListProperty")).Properties;
  const value = property.PropertyValues[0];
  const page = await pop().request("DescribeUsers", { EndUserIds: ["sdk_made_2"] },
    { method: "POST" });
  const form = { UserId: String(page.Users[0].Id), UserName: "sdk_made_2",
    PropertyId: property.PropertyId, PropertyValueId: value.PropertyValueId };
  await ask(openapi(), "SetUserPropertyValue", { form });
  assert.deepStrictEqual((await fields("desktops", "sdk_made_2")).Properties,
    [{ Key: property.PropertyKey, Value: value.PropertyValue }]);
  await ask(openapi(), "DeleteUserPropertyValue", { form });
  assert.deepStrictEqual((await fields("desktops", "sdk_made_2")).Properties, []);
  await fails(ask(openapi(), "SetUserPropertyValue", { form: { ...form, UserId: "1" } }),
    "InvalidParameter");
});

test("openapi-client: FilterUsers never gives more than 100", async () => {
  const page = await ask(openapi(), "FilterUsers", { query: { MaxResults: 150 } });
  assert.strictEqual(page.Users.length, 100);
  assert.ok(page.NextToken);
});

for (const method of ["GET", "POST"]) {
  test(`pop-core ${method}: read, remove, wrong secret, used nonce`, async () => {
    const { good } = await people("desktops");
    const page = await pop().request("DescribeUsers",
      { EndUserIds: [good[2]], Filter: "*" }, { method });
    assert.strictEqual(page.Users[0].EndUserId, good[2]);
    assert.ok(String(page.Users[0].Id).length >= 16, "ids pass 2^53");
    const answer = await pop().request("RemoveUsers", { Users: [good[2], "nobody"] }, { method });
    assert.deepStrictEqual(answer.RemoveUsersResult.RemovedUsers, [good[2]]);
    assert.strictEqual(answer.RemoveUsersResult.FailedUsers[0].ErrorCode, "InvalidUsername");
    await fails(pop({ accessKeySecret: "wrong" }).request("DescribeUsers", {}, { method }),
      "SignatureDoesNotMatch");
    const SignatureNonce = `once-${method}`;
    await pop().request("DescribeUsers", { SignatureNonce }, { method });
    await fails(pop().request("DescribeUsers", { SignatureNonce }, { method }),
      "SignatureNonceUsed");
  });
}

test("pop-core: the server's string to sign comes back, and time is checked", async () => {
  await assert.rejects(pop({ accessKeySecret: "wrong" }).request("DescribeUsers", { Filter: "x" }),
    /server string to sign is:GET&%2F&AccessKeyId/);
  await fails(pop().request("DescribeUsers", { Timestamp: "2020-01-01T00:00:00Z" }),
    "InvalidTimeStamp.Expired");
  await fails(pop().request("DescribeUsers", { Timestamp: "yesterday" }),
    "InvalidTimeStamp.Format");
});

test("V1 without Format answers in XML", async () => {
  const answer = await fetch(`${url}/?Action=DescribeUsers&Version=${VERSION}`);
  assert.strictEqual(answer.status, 400);
  assert.match(answer.headers.get("content-type"), /^text\/xml/);
  assert.match(await answer.text(), /<Error>.*<Code>MissingAccessKeyId<\/Code>/);
});

main();
