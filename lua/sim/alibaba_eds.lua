-- The simulated Alibaba Cloud EDS user directory, eds-user 2021-03-08 (api/alibaba.md A): users,
-- their locks, and the little of groups, properties and MFA that a snapshot asks for. Answers 200
-- and names each person that failed. Deliberately not here: desktops (ECD), organisations beyond
-- the root.

local wire = use "sim.wire"
local rpc = use "sim.alibaba_rpc"
local people = use "sim.eds_people"
local register = use "sim.register"

local M = { name = "desktops", throttled = rpc.throttled, broken = rpc.broken }

local LOCKED, NORMAL = 9, 0
local ROOT_ORG = people.ROOT_ORG

-- ---- the batch calls ----

local function failure(id, code, message)
  return { EndUserId = id, ErrorCode = code, ErrorMessage = message }
end

-- Users.N of a batch call, each once, or nil and a refusal.
local function users_of(ctx, name, most)
  local ids, wrong = rpc.list(ctx, name, most)
  if wrong then
    return nil, rpc.invalid(ctx, wrong)
  end
  if #ids == 0 then
    return nil, rpc.missing(ctx, name)
  end
  local once, seen = {}, {}
  for _, id in ipairs(ids) do
    if not seen[id] then
      seen[id] = true
      once[#once + 1] = id
    end
  end
  for i, id in ipairs(once) do
    ctx.people[i] = id
  end
  return once
end

-- Runs act(record) for each that can be acted upon; the answer names both kinds.
local function batch(c, ctx, result, done, act)
  local ids, refusal = users_of(ctx, "Users", 500)
  if not ids then
    return refusal
  end
  local good, bad = {}, {}
  for _, id in ipairs(ids) do
    local record = register.get(c.users, id)
    if not record then
      bad[#bad + 1] = failure(id, "InvalidUsername", id .. " is an invalid username.")
    elseif ctx.poisoned(c, id) then
      bad[#bad + 1] = failure(id, "OperationDenied.UserInUse", "The user " .. id .. " is in use.")
    else
      act(record)
      good[#good + 1] = id
    end
  end
  return rpc.ok(ctx, { [result] = { [done] = wire.items(good), FailedUsers = wire.items(bad) } })
end

local function remove_users(c, ctx)
  return batch(c, ctx, "RemoveUsersResult", "RemovedUsers", function(record)
    register.remove(c.users, record.id)
    ctx.effect(c, record.id, "remove")
  end)
end

local function set_status(c, ctx, record, status)
  if record.status ~= status then
    record.status = status
    ctx.effect(c, record.id, status == LOCKED and "lock" or "unlock")
  end
end

local function lock_users(c, ctx)
  return batch(c, ctx, "LockUsersResult", "LockedUsers", function(record)
    set_status(c, ctx, record, LOCKED)
  end)
end

local function unlock_users(c, ctx)
  return batch(c, ctx, "UnlockUsersResult", "UnlockedUsers", function(record)
    set_status(c, ctx, record, NORMAL)
    record.auto_lock = ctx.args.AutoLockTime or record.auto_lock
  end)
end

-- ---- reading ----

local function exact(c, ids, test)
  local found, seen = {}, {}
  for _, id in ipairs(ids) do
    local record = register.get(c.users, id)
    if record and not seen[id] and (not test or test(record)) then
      seen[id] = true
      found[#found + 1] = record
    end
  end
  table.sort(found, function(a, b) return a.seq < b.seq end)
  return found
end

-- Where a token of ours continues, or nil when it is none of ours.
local function seq_of(token)
  if not token or token == "" then
    return 0
  end
  local text = digest.unbase64(token) or ""
  return string.sub(text, 1, 4) == "seq:" and wire.decimal(string.sub(text, 5)) or nil
end

-- One page of the people that are asked for; NextToken only when there is more.
local function page(c, ctx, names, limit, make)
  local ids, wrong = rpc.list(ctx, names.exact, names.most)
  local excluded, wrong_too = rpc.list(ctx, names.exclude, names.most)
  local after = seq_of(ctx.args.NextToken)
  if wrong or wrong_too or not after then
    return rpc.invalid(ctx, wrong or wrong_too or "NextToken")
  end
  for i, id in ipairs(ids) do
    ctx.people[i] = id
  end
  local test = people.filter_of(c, ctx, excluded)
  local list = #ids > 0 and exact(c, ids, test) or register.select(c.users, test)
  local from = register.position(list, after)
  local out = { Users = wire.items(register.slice(list, from, limit, function(r)
    return make(c, r)
  end)) }
  if from + limit < #list then
    out.NextToken = digest.base64("seq:" .. list[from + limit].seq)
  end
  return rpc.ok(ctx, out)
end

local function max_results(ctx, default, most)
  local limit = wire.decimal(ctx.args.MaxResults or tostring(default))
  if not limit or limit < 1 or limit > most then
    return nil
  end
  return limit
end

local function describe_users(c, ctx)
  local limit = max_results(ctx, 200, 500)
  if not limit then
    return rpc.invalid(ctx, "MaxResults")
  end
  return page(c, ctx, { exact = "EndUserIds", exclude = "ExcludeEndUserIds", most = 500 }, limit,
    people.user_row)
end

-- More than 100 are asked for in vain: the number is silently set back.
local function filter_users(c, ctx)
  local limit = max_results(ctx, 100, 200)
  if not limit then
    return rpc.invalid(ctx, "MaxResults")
  end
  return page(c, ctx, { exact = "IncludeEndUserIds", exclude = "ExcludeEndUserIds", most = 2000 },
    math.min(limit, 100), people.filter_row)
end

local function describe_user(c, ctx)
  local id = ctx.args.EndUserId
  if not id then
    return rpc.missing(ctx, "EndUserId")
  end
  ctx.people[1] = id
  local r = register.get(c.users, id)
  if not r then
    return rpc.error(ctx, 400, "InvalidUsername", id .. " is an invalid username.")
  end
  return rpc.ok(ctx, { User = people.detail(r) })
end

-- ---- writing ----

local function create_failure(c, item)
  local id = item.EndUserId or ""
  if #id < 3 or #id > 24 or string.find(id, "[^a-z0-9_-]") then
    return failure(id, "InvalidUsername", id .. " is an invalid username.")
  elseif not item.Email and not item.Phone then
    return failure(id, "MissingEmailOrPhone", "Email or Phone is mandatory.")
  elseif register.get(c.users, id) then
    return failure(id, "ExistedEndUserId", "The username " .. id .. " is used by another user.")
  end
  return nil
end

local function create_one(c, ctx, item)
  register.add(c.users, item.EndUserId, { email = item.Email, phone = item.Phone,
    status = NORMAL, owner = item.OwnerType or "Normal", remark = item.Remark,
    nick = item.RealNickName, auto_lock = ctx.args.AutoLockTime })
  ctx.effect(c, item.EndUserId, "create")
  -- Without a password the cloud writes to the person.
  if not item.Password and not ctx.args.Password then
    c.mails = c.mails + 1
  end
end

local function create_users(c, ctx)
  local items = rpc.records(ctx, "Users")
  if #items == 0 then
    return rpc.missing(ctx, "Users")
  elseif #items > 100 then
    return rpc.invalid(ctx, "Users")
  end
  local good, bad = {}, {}
  for i, item in ipairs(items) do
    ctx.people[i] = item.EndUserId or ""
    local wrong = create_failure(c, item)
    if wrong then
      wrong.Email, wrong.Phone = item.Email, item.Phone
      bad[#bad + 1] = wrong
    else
      create_one(c, ctx, item)
      good[#good + 1] = { EndUserId = item.EndUserId, Email = item.Email, Phone = item.Phone,
        Remark = item.Remark, RealNickName = item.RealNickName }
    end
  end
  return rpc.ok(ctx, { AllSucceed = #bad == 0,
    CreateResult = { CreatedUsers = wire.items(good), FailedUsers = wire.items(bad) } })
end

local function modify_user(c, ctx)
  local r = register.get(c.users, ctx.args.EndUserId or "")
  ctx.people[1] = ctx.args.EndUserId
  if not r then
    return rpc.error(ctx, 400, "InvalidUsername", "The username is invalid.")
  end
  r.email = ctx.args.Email or r.email
  r.phone = ctx.args.Phone or r.phone
  ctx.effect(c, r.id, "modify")
  return rpc.ok(ctx, {})
end

-- ---- groups, properties, MFA ----

local function move_group(c, ctx, join)
  local group = c.groups[ctx.args.GroupId or ""]
  local ids, refusal = users_of(ctx, "EndUserIds", 100)
  if not ids or not group then
    return refusal or rpc.invalid(ctx, "GroupId")
  end
  for _, id in ipairs(ids) do
    if not register.get(c.users, id) then
      return rpc.error(ctx, 400, "InvalidUsername", id .. " is an invalid username.")
    end
  end
  for _, id in ipairs(ids) do
    group.members[id] = join or nil
    ctx.effect(c, id, join and "group_join" or "group_quit")
  end
  return rpc.ok(ctx, {})
end

local function describe_groups(c, ctx)
  local rows = {}
  for i, id in ipairs(c.group_order) do
    rows[i] = { GroupId = id, GroupName = c.groups[id].name }
  end
  return rpc.ok(ctx, { Groups = rows, Count = #rows })
end

local function group_users(c, ctx)
  local limit = max_results(ctx, 100, 500)
  if not limit or not c.groups[ctx.args.GroupId or ""] then
    return rpc.invalid(ctx, limit and "GroupId" or "MaxResults")
  end
  return page(c, ctx, { exact = "EndUserIds", exclude = "ExcludeEndUserIds", most = 500 }, limit,
    people.user_row)
end

local OPERATIONS = {
  RemoveUsers = remove_users, LockUsers = lock_users, UnlockUsers = unlock_users,
  DescribeUsers = describe_users, FilterUsers = filter_users, DescribeUser = describe_user,
  CreateUsers = create_users, ModifyUser = modify_user, DescribeGroups = describe_groups,
  DescribeGroupUser = group_users,
  UserBatchJoinGroup = function(c, ctx) return move_group(c, ctx, true) end,
  UserBatchQuitGroup = function(c, ctx) return move_group(c, ctx, false) end,
  ListProperty = function(_, ctx) return rpc.ok(ctx, { Properties = wire.EMPTY }) end,
  DescribeMfaDevices = function(_, ctx) return rpc.ok(ctx, { MfaDevices = wire.EMPTY }) end,
  DescribeOrgs = function(_, ctx)
    return rpc.ok(ctx, { Orgs = { { OrgId = ROOT_ORG, OrgName = "root", OrgNamePath = "root" } } })
  end,
}

function M.admit(c, ctx)
  return rpc.admit(c.gateway, ctx, OPERATIONS)
end

local function run(c, ctx)
  return OPERATIONS[ctx.op](c, ctx)
end

M.routes = {
  { "POST", "/", "rpc", run },
  { "GET", "/", "rpc", run },
}

-- ---- the cloud ----

function M.new(world, demo)
  local c = { users = register.new(), gateway = rpc.new_gateway(demo), mails = 0,
    groups = { ["ug-staff"] = { name = "staff", members = {} },
      ["ug-design"] = { name = "design", members = {} } },
    group_order = { "ug-staff", "ug-design" } }
  for _, p in ipairs(world.people) do
    if p.desktop then
      register.add(c.users, p.desktop, { email = p.email, nick = p.english, job = p.employee,
        phone = p.n % 3 == 0 and p.phone or nil, status = NORMAL,
        owner = p.n % 4 == 0 and "CreateFromManager" or "Normal" })
      if p.n % 12 == 0 then
        c.groups["ug-design"].members[p.desktop] = true
      end
    end
  end
  return c
end

function M.id_of(person)
  return person.desktop
end

function M.state_of(c, id)
  local record = register.get(c.users, id)
  if not record then
    return "absent"
  end
  return record.status == LOCKED and "disabled" or "active"
end

function M.extra_state(c)
  return { mails_sent = c.mails }
end

return M
