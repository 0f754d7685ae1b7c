-- The simulated DataArts Studio (api/huawei.md B): one instance with one workspace, its members and
-- their roles. Gives one verdict for a whole call, as the document says: 200 with is_success false
-- when any of the people stands in the way, and then nobody is touched. Accepts AK/SK signatures
-- (and locks a key after five wrong ones in a row) and tokens of the simulated IAM.

local wire = use "sim.wire"
local sign = use "sim.sign"
local reply = use "sim.huawei_reply"
local register = use "sim.register"
local iam = use "sim.huawei_iam"

local M = { name = "studio", throttled = reply.throttled, broken = reply.broken }

local LOCK_MS = 5 * 60 * 1000
local LOCK_AFTER = 5
local CREATED_MS = 1700000000000

local ROLES = {
  { role_id = "r00001", role_code = "admin", role_name = "Admin", description = "" },
  { role_id = "r00002", role_code = "developer", role_name = "Developer", description = "" },
  { role_id = "r00003", role_code = "operator", role_name = "Operator", description = "" },
  { role_id = "r00004", role_code = "visitor", role_name = "Viewer", description = "" },
  { role_id = "0a1b2c3d4e5f", role_code = "auditor", role_name = "Auditor",
    description = "a custom role" },
}

-- ---- who is calling ----

local function denied(ctx, code, message)
  return reply.error(ctx, 401, code, message)
end

-- Five wrong signatures in a row lock the key for five minutes; a right one clears the count.
local function key_locked(c, ctx, ak)
  local entry = c.wrong[ak]
  return entry and entry.until_ms and ctx.now < entry.until_ms
end

local function note_wrong(c, ctx, ak)
  local entry = c.wrong[ak]
  if not entry or (entry.until_ms and ctx.now >= entry.until_ms) then
    entry = { count = 0 }
    c.wrong[ak] = entry
  end
  entry.count = entry.count + 1
  if entry.count >= LOCK_AFTER then
    entry.until_ms = ctx.now + LOCK_MS
  end
end

local REFUSALS = {
  format = { "APIGW.0301", "Incorrect IAM authentication information: " },
  unknown = { "APIGW.0301", "Incorrect IAM authentication information: Get secretKey failed: " },
  skew = { "APIGW.0303", "Incorrect app authentication information: request expired,time:" },
}

local function refused(c, ctx, verdict, ak)
  if verdict.why == "signature" then
    note_wrong(c, ctx, ak)
    return denied(ctx, "APIGW.0301",
      "Incorrect IAM authentication information: verify aksk signature fail")
  end
  local words = REFUSALS[verdict.why]
  return denied(ctx, words[1], words[2] .. verdict.message)
end

-- A temporary key carries its token, which is signed like every other header.
local function token_wrong(ctx, key, verdict)
  local given = wire.header(ctx.req, "x-security-token")
  local signed = false
  for _, name in ipairs(verdict.signed) do
    signed = signed or name == "x-security-token"
  end
  return given ~= key.token or (given ~= nil and not signed)
end

local function by_signature(c, ctx)
  local ak = string.match(wire.header(ctx.req, "authorization"), "Access=(%w+)") or ""
  if key_locked(c, ctx, ak) then
    return denied(ctx, "APIGW.0301", "AK access failed to reach the limit,forbidden")
  end
  local verdict = sign.sdk_hmac(ctx.req, function(name)
    return c.keys[name] and c.keys[name].secret
  end, ctx.now)
  if not verdict.ok then
    return refused(c, ctx, verdict, ak)
  end
  c.wrong[ak] = nil
  if token_wrong(ctx, c.keys[ak], verdict) then
    return denied(ctx, "APIGW.0301", "Incorrect IAM authentication information: security token")
  end
  -- Without the header the service looks in a project of its own choice and finds nothing there.
  if wire.header(ctx.req, "x-project-id") ~= c.demo.project_id then
    return reply.error(ctx, 400, "DAYU.3601", "Workspace does not exists")
  end
  return nil
end

local function by_token(c, ctx, text)
  local token, why = iam.check(c.iam, ctx, text)
  if why == "expired" then
    return denied(ctx, "APIGW.0307", "The token must be updated")
  elseif not token then
    return denied(ctx, "APIGW.0301",
      "Incorrect IAM authentication information: decrypt token fail")
  elseif not token.project then
    return reply.error(ctx, 403, "APIGW.0302", "The token has no project scope")
  end
  return nil
end

function M.admit(c, ctx)
  local token = wire.header(ctx.req, "x-auth-token")
  local refusal
  if sign.scheme(ctx.req, "SDK-HMAC-SHA256") then
    refusal = by_signature(c, ctx)
  elseif token then
    refusal = by_token(c, ctx, token)
  else
    refusal = denied(ctx, "APIGW.0301",
      "Incorrect IAM authentication information: AuthorizationInfo is empty")
  end
  if not refusal and ctx.path_args[1] ~= c.demo.project_id then
    refusal = reply.error(ctx, 403, "APIGW.0310", "The project is unavailable")
  end
  return refusal
end

-- ---- answers ----

local function done(ctx)
  return reply.json(ctx, 200, { message = wire.NULL, is_success = true })
end

local function failed(ctx, message)
  return reply.json(ctx, 200, { message = message, is_success = false })
end

-- Some of these endpoints wrap their errors, some do not.
local function wrapped(ctx, status, code, message)
  return reply.json(ctx, status, { errors = { { error_code = code, error_msg = message } } })
end

local function foreign_workspace(c, ctx)
  if ctx.path_args[2] ~= c.demo.workspace_id then
    return reply.error(ctx, 400, "DAYU.3601", "You have no permission in asset.")
  end
  return nil
end

local function window(ctx, default)
  local offset = wire.decimal(ctx.query.offset or "0")
  local limit = wire.decimal(ctx.query.limit or tostring(default))
  if not offset or not limit or limit < 1 or limit > 100 then
    return nil, nil, wrapped(ctx, 400, "DAYU.4402",
      "The operation failed, detail msg limit or offset is invalid.")
  end
  return offset, limit
end

local function page(ctx, list, make)
  local offset, limit, refusal = window(ctx, 10)
  if refusal then
    return refusal
  end
  return reply.json(ctx, 200, { count = #list, total_page = (#list + limit - 1) // limit,
    data = wire.items(register.slice(list, offset, limit, make)) })
end

-- ---- members ----

local function roles_of(record)
  local out = {}
  for _, role in ipairs(ROLES) do
    if record.roles[role.role_id] then
      out[#out + 1] = role
    end
  end
  return wire.items(out)
end

local ROW = wire.shape({ "id", "user_id", "user_name", "domain_id", "domain_name",
  "display_user_name", "domain_owner", "description", "workspace_id", "roles", "create_time",
  "create_user", "update_time", "update_user", "type" })

local function row(c, r)
  return { [true] = ROW, id = string.sub(digest.sha256_hex("row/" .. r.seq), 1, 32), user_id = r.id,
    user_name = r.name, domain_id = c.demo.domain_id, domain_name = c.demo.domain,
    display_user_name = r.name, domain_owner = r.owner or false,
    description = r.description or wire.NULL,
    workspace_id = c.demo.workspace_id, roles = roles_of(r), create_time = CREATED_MS + r.seq,
    create_user = c.demo.iam_user, update_time = CREATED_MS + r.seq,
    update_user = c.demo.iam_user, type = r.kind }
end

local function list(c, ctx)
  return foreign_workspace(c, ctx) or page(ctx, register.all(c.users), function(r)
    return row(c, r)
  end)
end

-- `user_ids` is called an object in the models; it is a list of texts on the wire.
local function delete(c, ctx)
  local refusal = foreign_workspace(c, ctx)
  if refusal then
    return refusal
  end
  local body = wire.read_json(ctx.req.body)
  local ids = type(body) == "table" and wire.strings(body.user_ids, 1, 1000)
  if not ids then
    return reply.error(ctx, 400, "DAYU.4402",
      "The operation failed, detail msg user_ids is invalid.")
  end
  for i, id in ipairs(ids) do
    ctx.people[i] = id
  end
  for _, id in ipairs(ids) do
    if not register.get(c.users, id) then
      return failed(ctx, "The user " .. id .. " is not in the workspace.")
    elseif ctx.poisoned(c, id) then
      return failed(ctx, "A user still owns running jobs.")
    end
  end
  for _, id in ipairs(ids) do
    if register.get(c.users, id) then
      register.remove(c.users, id)
      ctx.effect(c, id, "remove")
    end
  end
  return done(ctx)
end

local function role_set(body)
  local roles = {}
  if not wire.is_list(body.roles_ids) then
    return nil
  end
  for _, item in ipairs(body.roles_ids) do
    local id = type(item) == "table" and wire.text(item.role_id)
    local exists = false
    for _, role in ipairs(ROLES) do
      exists = exists or role.role_id == id
    end
    if not exists then
      return nil
    end
    roles[id] = true
  end
  return next(roles) and roles
end

-- The newcomers of an add body as { id, name, kind }, or nil.
local function newcomers(body)
  local kind = wire.int(body.type)
  local group = kind == 1
  if kind ~= 0 and kind ~= 1 then
    return nil
  end
  local items = group and body.groups or body.user_ids
  if not wire.is_list(items) or #items == 0 then
    return nil
  end
  local out = {}
  for i, item in ipairs(items) do
    local id = type(item) == "table" and wire.text(group and item.id or item.user_id)
    local name = type(item) == "table" and wire.text(group and item.name or item.user_name)
    if not id or not name then
      return nil
    end
    out[i] = { id = id, name = name, kind = group and 1 or 0,
      owner = not group and item.is_domain_owner == true }
  end
  return out
end

-- The body of add and edit: { newcomers, roles }, or a refusal.
local function member_body(ctx)
  local body = wire.read_json(ctx.req.body)
  local roles = type(body) == "table" and role_set(body)
  local people = roles and newcomers(body)
  if not people then
    return nil, nil, wrapped(ctx, 400, "DAYU.4402",
      "The operation failed, detail msg user_ids or roles_ids is invalid.")
  end
  for i, one in ipairs(people) do
    ctx.people[i] = one.id
  end
  return people, roles
end

local function add(c, ctx)
  local refusal = foreign_workspace(c, ctx)
  if refusal then
    return refusal
  end
  local people, roles, wrong = member_body(ctx)
  if wrong then
    return wrong
  end
  for _, one in ipairs(people) do
    if register.get(c.users, one.id) then
      return failed(ctx, "The user " .. one.id .. " is in the workspace already.")
    elseif one.kind == 0 and not c.iam.accounts[one.id] then
      return failed(ctx, "The user " .. one.id .. " does not exist in IAM.")
    end
  end
  for _, one in ipairs(people) do
    register.add(c.users, one.id, { name = one.name, kind = one.kind, roles = roles,
      owner = one.owner })
    ctx.effect(c, one.id, "add")
  end
  return done(ctx)
end

local function edit(c, ctx)
  local refusal = foreign_workspace(c, ctx)
  if refusal then
    return refusal
  end
  local _, roles, wrong = member_body(ctx)
  local record = register.get(c.users, ctx.path_args[3])
  if wrong or not record then
    return wrong or failed(ctx, "The user is not in the workspace.")
  end
  record.roles = roles
  ctx.effect(c, record.id, "edit")
  return done(ctx)
end

-- ---- around them ----

local function roles(_, ctx)
  return reply.json(ctx, 200, ROLES)
end

local function instances(c, ctx)
  return reply.json(ctx, 200, { billing_check = false, count = 1, commodity_order_lists = {
    { resource_id = c.demo.instance_id, resource_name = "demo", status = 1 } } })
end

local function workspace(c)
  return { id = c.demo.workspace_id, name = "demo", instance_id = c.demo.instance_id,
    project_id = c.demo.project_id, domain_id = c.demo.domain_id, is_default = 1,
    create_time = CREATED_MS, member_num = c.users.count }
end

local function workspaces(c, ctx)
  return page(ctx, ctx.path_args[2] == c.demo.instance_id and { workspace(c) } or {},
    function(w) return w end)
end

local function workspaces_of_user(c, ctx)
  ctx.people[1] = ctx.path_args[3]
  return page(ctx, register.get(c.users, ctx.path_args[3]) and { workspace(c) } or {},
    function(w) return w end)
end

M.routes = {
  { "POST", "/v2/*/*/delete-users", "remove", delete },
  { "GET", "/v2/*/*/users", "list", list },
  { "POST", "/v2/*/*/users", "add", add },
  { "PUT", "/v2/*/*/users/*", "edit", edit },
  { "GET", "/v2/*/users/role", "roles", roles },
  { "GET", "/v1/*/instances", "instances", instances },
  { "GET", "/v1/*/workspaces/*", "workspaces", workspaces },
  { "GET", "/v1/*/*/workspaces/*", "user_workspaces", workspaces_of_user },
}

-- The first person administers the workspace, and nobody else to begin with.
function M.new(world, demo)
  local c = { demo = demo, users = register.new(), wrong = {}, iam = world.clouds.iam,
    keys = { [demo.huawei_ak] = { secret = demo.huawei_sk },
      [demo.huawei_temp_ak] = { secret = demo.huawei_temp_sk, token = demo.huawei_temp_token } } }
  for _, p in ipairs(world.people) do
    if p.iam then
      local own = { [ROLES[p.n == 1 and 1 or 2 + p.n % 3].role_id] = true }
      if p.n % 5 == 0 then
        own[ROLES[5].role_id] = true
      end
      register.add(c.users, p.iam, { name = p.english, kind = 0, roles = own,
        description = p.n % 3 == 0 and "joined by hand" or nil })
    end
  end
  return c
end

function M.id_of(person)
  return person.iam
end

function M.promote(record)
  record.roles[ROLES[1].role_id] = true
end

function M.fields_of(c, id)
  local record = register.get(c.users, id)
  return record and row(c, record)
end

function M.state_of(c, id)
  return register.get(c.users, id) and "active" or "absent"
end

return M
