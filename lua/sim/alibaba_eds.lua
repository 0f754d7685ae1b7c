-- The simulated Alibaba Cloud EDS user directory, eds-user 2021-03-08 (api/alibaba.md A): users
-- and their locks; groups, organisations, properties and MFA are in sim/eds_belongs.lua. Answers
-- 200 and names each person that failed. Deliberately not here: desktops (ECD).

local wire = use "sim.wire"
local rpc = use "sim.alibaba_rpc"
local people = use "sim.eds_people"
local belongs = use "sim.eds_belongs"
local register = use "sim.register"

local M = { name = "desktops", throttled = rpc.throttled, broken = rpc.broken }

local LOCKED, NORMAL = 9, 0

-- ---- the batch calls ----

local function failure(id, code, message)
  return { EndUserId = id, ErrorCode = code, ErrorMessage = message }
end

-- Runs act(record) for each that can be acted upon; the answer names both kinds.
local function batch(c, ctx, result, done, act)
  local ids, refusal = rpc.users(ctx, "Users", 500)
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
    belongs.leave_all(c, record.id)
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
    return make(c, r, ctx.args)
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

local function create_one(c, ctx, item)
  register.add(c.users, item.EndUserId, people.from_item(c, ctx.args, item))
  belongs.join_all(c, item.EndUserId, people.group_ids(item))
  ctx.effect(c, item.EndUserId, "create")
  -- Without a password the cloud writes to the person.
  if not item.Password and not ctx.args.Password then
    c.mails = c.mails + 1
    c.notified[item.EndUserId] = (c.notified[item.EndUserId] or 0) + 1
  end
end

local function create_users(c, ctx)
  local items = rpc.records(ctx, "Users")
  local wrong = people.create_wrong(ctx.args)
  if #items == 0 then
    return rpc.missing(ctx, "Users")
  elseif #items > 100 or wrong then
    return rpc.invalid(ctx, wrong or "Users")
  end
  local good, bad = {}, {}
  for i, item in ipairs(items) do
    ctx.people[i] = item.EndUserId or ""
    local code, message = people.item_wrong(c, item)
    if code then
      bad[#bad + 1] = { EndUserId = item.EndUserId or "", Email = item.Email, Phone = item.Phone,
        ErrorCode = code, ErrorMessage = message }
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
  CreateUsers = create_users, ModifyUser = modify_user, DescribeGroupUser = group_users,
}
for name, operation in pairs(belongs.operations) do
  OPERATIONS[name] = operation
end

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
  local c = belongs.fill({ users = register.new(), gateway = rpc.new_gateway(demo), mails = 0,
    notified = {} })
  for _, p in ipairs(world.people) do
    if p.desktop then
      register.add(c.users, p.desktop, people.invent(p))
      if p.n % 12 == 0 then
        belongs.join_all(c, p.desktop, { "ug-design" })
      end
    end
  end
  return c
end

-- What DescribeUsers and FilterUsers tell of somebody, in one row.
function M.fields_of(c, id)
  local record = register.get(c.users, id)
  return record and people.whole_row(c, record)
end

function M.promote(record)
  record.manager = true
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
