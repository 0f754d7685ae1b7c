-- What the users of the simulated EDS belong to and have: groups, organisations, custom
-- properties, MFA devices (api/alibaba.md A.3). As much of it as a snapshot tells and a restore
-- puts back or loses.

local wire = use "sim.wire"
local rpc = use "sim.alibaba_rpc"
local people = use "sim.eds_people"
local register = use "sim.register"

local M = {}

function M.fill(c)
  c.groups = { ["ug-staff"] = { name = "staff", members = {} },
    ["ug-design"] = { name = "design", members = {} } }
  c.group_order = { "ug-staff", "ug-design" }
  return c
end

function M.join_all(c, id, groups)
  for _, group in ipairs(groups) do
    c.groups[group].members[id] = true
  end
end

function M.leave_all(c, id)
  for _, group in pairs(c.groups) do
    group.members[id] = nil
  end
end

-- ---- groups ----

local function move_group(c, ctx, join)
  local group = c.groups[ctx.args.GroupId or ""]
  local ids, refusal = rpc.users(ctx, "EndUserIds", 100)
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

-- ---- properties ----

local function list_property(_, ctx)
  return rpc.ok(ctx, { Properties = people.property_rows() })
end

-- UserId must be the number of the account that UserName names now: one that was made again has
-- another.
local function set_property(c, ctx, value_of)
  local property = people.property(wire.decimal(ctx.args.PropertyId))
  local value = property and people.property_value(property, wire.decimal(ctx.args.PropertyValueId))
  local record = people.by_number(c, ctx.args.UserId)
  ctx.people[1] = ctx.args.UserName
  if not property or not value then
    return rpc.invalid(ctx, property and "PropertyValueId" or "PropertyId")
  elseif not record or ctx.args.UserName and ctx.args.UserName ~= record.id then
    return rpc.invalid(ctx, "UserId")
  end
  record.properties[property.id] = value_of(value)
  ctx.effect(c, record.id, "property")
  return rpc.ok(ctx, {})
end

M.operations = {
  DescribeGroups = describe_groups, ListProperty = list_property,
  UserBatchJoinGroup = function(c, ctx) return move_group(c, ctx, true) end,
  UserBatchQuitGroup = function(c, ctx) return move_group(c, ctx, false) end,
  SetUserPropertyValue = function(c, ctx)
    if not ctx.args.UserName then
      return rpc.missing(ctx, "UserName")
    end
    return set_property(c, ctx, function(value) return value.id end)
  end,
  DeleteUserPropertyValue = function(c, ctx)
    return set_property(c, ctx, function() return nil end)
  end,
  DescribeMfaDevices = function(_, ctx) return rpc.ok(ctx, { MfaDevices = wire.EMPTY }) end,
  DescribeOrgs = function(_, ctx) return rpc.ok(ctx, { Orgs = people.orgs() }) end,
}

return M
