-- Around the people of the simulated Meeting: admin roles, cloud rooms and passwords, as much as a
-- snapshot and a restore ask for (api/huawei.md A.4, helpers for restore).

local wire = use "sim.wire"
local reply = use "sim.huawei_reply"
local people = use "sim.meeting_people"
local common = use "sim.meeting_common"
local register = use "sim.register"

local M = {}

local BATCH_MAX = 100
local invalid, missing, account_type = common.invalid, common.missing, common.account_type
local named, page = common.named, common.page

local function admin_detail(c, ctx)
  local record, refusal = named(c, ctx)
  if refusal or record.admin == 2 then
    return refusal or missing(ctx)
  end
  return reply.json(ctx, 200, people.detail(record))
end

local function admin_list(c, ctx)
  local admins = register.select(c.users, function(r) return r.admin ~= 2 end)
  return page(ctx, admins, people.row)
end

local function admin_add(c, ctx)
  local body = wire.read_json(ctx.req.body)
  local id = type(body) == "table" and wire.text(body.account) or ""
  ctx.people[1] = id
  local record = people.find(c, id, account_type(ctx))
  if ctx.caller.admin ~= 0 then
    return reply.error(ctx, 403, "USG.201010002", "Only the default administrator may do this")
  end
  if not record then
    return missing(ctx)
  end
  if record.admin == 2 then
    record.admin = 1
    ctx.effect(c, record.account, "admin_add")
  end
  return reply.empty(ctx)
end

local function admin_delete(c, ctx)
  local accounts = wire.strings(wire.read_json(ctx.req.body), 1, BATCH_MAX)
  if not accounts then
    return invalid(ctx, "the body must be a list of 1 to 100 accounts")
  end
  for i, id in ipairs(accounts) do
    ctx.people[i] = id
    local record = people.find(c, id, account_type(ctx))
    if not record or record.admin == 0 then
      return missing(ctx)
    end
  end
  for _, id in ipairs(accounts) do
    local record = people.find(c, id, account_type(ctx))
    record.admin = 2
    ctx.effect(c, record.account, "admin_delete")
  end
  return reply.empty(ctx)
end

local function rooms(c, ctx)
  return page(ctx, c.room_order, people.room)
end

-- Gives rooms to, or takes them from, the person in the path; all or nothing.
local function move_rooms(c, ctx, take)
  local record, refusal = named(c, ctx)
  local ids = wire.strings(wire.read_json(ctx.req.body), 1, take and 100 or 32)
  if refusal or not ids then
    return refusal or invalid(ctx, "the body must be a list of room ids")
  end
  for _, id in ipairs(ids) do
    local room = c.rooms[id]
    if not room or (take and room.owner ~= record) or (not take and room.owner) then
      return reply.error(ctx, 400, "USG.201050001", "The room does not exist or is not free")
    end
  end
  for _, id in ipairs(ids) do
    c.rooms[id].owner = not take and record or nil
  end
  record.rooms = register.select({ order = c.room_order }, function(room)
    return room.owner == record
  end)
  ctx.effect(c, record.account, take and "rooms_take" or "rooms_give")
  return reply.empty(ctx)
end

local function password_reset(c, ctx)
  local body = wire.read_json(ctx.req.body)
  local id = type(body) == "table" and wire.text(body.account) or ""
  ctx.people[1] = id
  if not register.get(c.users, id) then
    return missing(ctx)
  end
  common.notify(c, id)
  return reply.empty(ctx)
end

local ADMIN = "/v1/usg/dcs/corp/admin"
local VMR = "/v1/usg/dcs/corp/vmr"

M.routes = {
  { "PUT", "/v1/usg/acs/password/admin/reset", "password_reset", password_reset },
  { "GET", ADMIN, "admin_list", admin_list },
  { "POST", ADMIN, "admin_add", admin_add },
  { "POST", ADMIN .. "/delete", "admin_delete", admin_delete },
  { "GET", ADMIN .. "/*", "admin_detail", admin_detail },
  { "GET", VMR, "rooms", rooms },
  { "POST", VMR .. "/assign-to-member/*", "rooms_give",
    function(c, ctx) return move_rooms(c, ctx, false) end },
  { "POST", VMR .. "/recycle-from-member/*", "rooms_take",
    function(c, ctx) return move_rooms(c, ctx, true) end },
}

return M
