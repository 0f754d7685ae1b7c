-- The simulated Huawei Cloud Meeting (api/huawei.md A): corporate members, their state, their
-- admin roles and cloud rooms. Deliberately not here: conferences, devices, departments. What the
-- documents leave open is decided for the worse: --contract says how a delete that cannot be done
-- for everybody ends, because the documents contradict each other there.

local wire = use "sim.wire"
local reply = use "sim.huawei_reply"
local people = use "sim.meeting_people"
local login = use "sim.meeting_login"
local common = use "sim.meeting_common"
local roles = use "sim.meeting_roles"
local register = use "sim.register"

local M = { name = "meeting", throttled = reply.throttled, broken = reply.broken }

local BATCH_MAX = 100
-- "changing" keeps the first contract for so many batch calls, then takes the second.
local CHANGES_AFTER = 3
local invalid, account_type = common.invalid, common.account_type
local named, page = common.named, common.page

-- Every call but a login wants an administrator.
function M.admit(c, ctx)
  if ctx.route.open then
    return nil
  end
  local user, refusal = login.caller(c, ctx)
  if not user then
    return refusal
  end
  if user.admin == 2 then
    return reply.error(ctx, 403, "USG.201010002", "No permission: enterprise administrators only")
  end
  ctx.caller = user
  return nil
end

-- ---- list, detail ----

local function wants_normal_users(ctx)
  local asked = false
  for _, pair in ipairs(ctx.params) do
    if pair[1] == "userType" then
      asked = true
      if pair[2] == "2" then
        return true
      end
    end
  end
  return not asked
end

-- A test for the filters of the query, or nil when they let everybody pass.
local function filter_of(ctx)
  local q = ctx.query
  local status, admin = wire.decimal(q.status), wire.decimal(q.adminType)
  local dept = q.deptCode ~= "1" and q.deptCode ~= "" and q.deptCode or nil
  local key = q.searchKey and q.searchKey ~= "" and string.lower(q.searchKey)
  if not (status or admin or dept or key) then
    return nil
  end
  return function(r)
    return (not status or r.status == status)
      and (not admin or (admin == 2) == (r.admin == 2))
      and (not dept or r.dept == dept)
      and (not key or people.matches(r, key))
  end
end

local function list(c, ctx)
  local found = {}
  if wants_normal_users(ctx) then
    found = register.select(c.users, filter_of(ctx))
  end
  if ctx.query.sortField then
    found = people.sorted(found, ctx.query.sortField, ctx.query.isAsc ~= "false")
  end
  return page(ctx, found, people.row)
end

local function detail(c, ctx)
  local record, refusal = named(c, ctx)
  return refusal or reply.json(ctx, 200, people.detail(record))
end

local function abs_detail(c, ctx)
  local body = wire.read_json(ctx.req.body)
  if not wire.is_list(body) then
    return invalid(ctx, "the body must be a list of ids")
  end
  local out = {}
  for i, item in ipairs(body) do
    local id = type(item) == "table" and wire.text(item.id)
    if not id then
      return invalid(ctx, "id is missing")
    end
    ctx.people[i] = id
    local record = people.find_abs(c, id, ctx.query.idType)
    out[i] = record and people.brief(record, id) or { id = id, statusCode = 2 }
  end
  return reply.json(ctx, 200, wire.items(out))
end

local function abs_list(c, ctx)
  return page(ctx, register.select(c.users, filter_of(ctx)), people.abs_row)
end

-- ---- add, modify ----

local function add(c, ctx)
  local body = wire.read_json(ctx.req.body)
  local wrong = type(body) ~= "table" and "the body must be a map" or people.add_wrong(body)
  if wrong then
    return invalid(ctx, wrong)
  end
  c.added = c.added + 1
  local account = wire.text(body.account) or string.format("sim%08d@corp.example", c.added)
  ctx.people[1] = account
  local third = wire.text(body.thirdAccount)
  if register.get(c.users, account) or (third and c.by_third[third]) then
    return reply.error(ctx, 400, "USG.201040001", "The account already exists")
  end
  local record = people.insert(c, people.from_dto(body, account))
  ctx.effect(c, account, "add")
  -- Without sendNotify "0" a leaver who is restored gets mail about it.
  if body.sendNotify ~= "0" then
    common.notify(c, account)
  end
  return reply.json(ctx, 200, people.detail(record))
end

local function modify(c, ctx)
  local record, refusal = named(c, ctx)
  if refusal then
    return refusal
  end
  local body = wire.read_json(ctx.req.body)
  local wrong = type(body) ~= "table" and "the body must be a map" or people.modify_wrong(body)
  if wrong then
    return invalid(ctx, wrong)
  end
  people.modify(record, body)
  ctx.effect(c, record.account, "modify")
  return reply.json(ctx, 200, people.detail(record))
end

-- ---- the two batch calls ----

-- Why this one cannot be acted upon: a code and a message, or nil.
local function obstacle(c, ctx, record)
  if not record then
    return "USG.201040000", "The user does not exist"
  end
  if ctx.poisoned(c, record.account) then
    return "USG.201040003", "The account is in use"
  end
  if record.admin ~= 2 then
    return "USG.201040012", "The account is an administrator"
  end
  return nil
end

local function per_person(c, ctx)
  local contract = ctx.world.contract
  if contract ~= "changing" then
    return contract == "per-person"
  end
  c.batches = c.batches + 1
  return c.batches > CHANGES_AFTER
end

-- Those of a list that stand in the way, as the answer of the per-person contract shows them, and
-- the records of the others, each once.
local function sort_out(c, ctx, accounts)
  local failed, good, seen = {}, {}, {}
  for _, id in ipairs(accounts) do
    local record = people.find(c, id, account_type(ctx))
    local code, message = obstacle(c, ctx, record)
    if code then
      failed[#failed + 1] = { account = id, error_code = code, error_msg = message }
    elseif not seen[record] then
      seen[record] = true
      good[#good + 1] = record
    end
  end
  return failed, good
end

-- Runs act(record) for a batch under the contract that holds now.
local function batch(c, ctx, act)
  local accounts = wire.strings(wire.read_json(ctx.req.body), 1, BATCH_MAX)
  if not accounts then
    return invalid(ctx, "the body must be a list of 1 to 100 accounts")
  end
  for i, id in ipairs(accounts) do
    ctx.people[i] = id
  end
  local failed, good = sort_out(c, ctx, accounts)
  local each = per_person(c, ctx)
  if #failed > 0 and not each then
    return reply.error(ctx, 400, failed[1].error_code, failed[1].error_msg)
  end
  for _, record in ipairs(good) do
    act(record)
  end
  if #failed > 0 then
    return reply.json(ctx, 200, failed)
  end
  return reply.empty(ctx)
end

local function delete(c, ctx)
  return batch(c, ctx, function(record)
    people.delete(c, record)
    ctx.effect(c, record.account, "delete")
  end)
end

local function set_status(c, ctx)
  local value = wire.decimal(ctx.path_args[1])
  if value ~= 0 and value ~= 1 then
    return invalid(ctx, "value must be 0 or 1")
  end
  return batch(c, ctx, function(record)
    if record.status ~= value then
      record.status = value
      ctx.effect(c, record.account, value == 1 and "disable" or "enable")
    end
  end)
end

local MEMBER = "/v1/usg/dcs/corp/member"

M.routes = {
  { "POST", "/v2/usg/acs/auth/appauth", "login", login.appauth, open = true },
  { "POST", "/v1/usg/acs/auth/account", "login", login.account, open = true },
  { "PUT", "/v1/usg/acs/token", "token_refresh", login.refresh, open = true },
  { "POST", "/v1/usg/acs/token/validate", "token_validate", login.validate, open = true },
  { "DELETE", "/v1/usg/acs/token", "logout", login.logout, open = true },
  { "GET", MEMBER, "list", list },
  { "POST", MEMBER, "add", add },
  { "POST", MEMBER .. "/delete", "delete", delete },
  { "PUT", MEMBER .. "/status/*", "status", set_status },
  { "GET", MEMBER .. "/*", "detail", detail },
  { "PUT", MEMBER .. "/*", "modify", modify },
  { "GET", "/v1/usg/abs/users", "directory", abs_list },
  { "POST", "/v1/usg/abs/users/list", "lookup", abs_detail },
}
for _, entry in ipairs(roles.routes) do
  M.routes[#M.routes + 1] = entry
end

-- ---- the cloud ----

-- `demo` holds the demo credentials of sim/init.lua.
function M.new(world, demo)
  local c = { users = register.new(), by_third = {}, by_number = {}, rooms = {}, room_order = {},
    tokens = {}, refresh = {}, token_count = 0, batches = 0, added = 0, mails = 0, notified = {},
    random = digest.random("meeting/" .. world.seed),
    apps = { [demo.meeting_app_id] = { key = demo.meeting_app_key },
      [demo.meeting_sp_app_id] = { key = demo.meeting_sp_app_key, provider = true } } }
  c.default_admin = people.insert(c, { account = demo.meeting_account, name = "Administrator",
    english = "Administrator", phone = "+8613900000000", email = "admin@corp.example", dept = "1",
    admin = 0, status = 0, level = 1, pwd = demo.meeting_password })
  for _, p in ipairs(world.people) do
    if p.meeting then
      people.person(c, p)
    end
  end
  return c
end

-- The id under which this cloud knows a person.
function M.promote(record)
  record.admin = 1
end

function M.id_of(person)
  return person.meeting
end

function M.state_of(c, id)
  local record = register.get(c.users, id)
  if not record then
    return "absent"
  end
  return record.status == 1 and "disabled" or "active"
end

function M.fields_of(c, id)
  local record = register.get(c.users, id)
  return record and people.detail(record)
end

function M.extra_state(c)
  return { mails_sent = c.mails, rooms = #c.room_order }
end

return M
