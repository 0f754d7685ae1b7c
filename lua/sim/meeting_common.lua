-- What the calls of the simulated Meeting have in common: its two commonest errors, the person a
-- path names, and pages as it cuts them.

local wire = use "sim.wire"
local reply = use "sim.huawei_reply"
local people = use "sim.meeting_people"
local register = use "sim.register"

local M = {}

function M.invalid(ctx, message)
  return reply.error(ctx, 400, "USG.000000001", message)
end

function M.missing(ctx)
  return reply.error(ctx, 400, "USG.201040000", "The user does not exist")
end

function M.account_type(ctx)
  return ctx.query.accountType == "1" and 1 or 0
end

-- offset and limit of the query: nil and a refusal when they are out of bounds.
local function window(ctx, default, most)
  local offset = wire.decimal(ctx.query.offset or "0")
  local limit = wire.decimal(ctx.query.limit or tostring(default))
  if not offset or not limit or limit < 1 or limit > most then
    return nil, nil, M.invalid(ctx, "offset or limit is out of range")
  end
  return offset, limit
end

-- Past the end stands the last page again, never an empty one.
function M.page(ctx, list, make)
  local offset, limit, refusal = window(ctx, 10, 500)
  if refusal then
    return refusal
  end
  local from = offset
  if from >= #list and #list > 0 then
    from = (#list - 1) // limit * limit
  end
  return reply.json(ctx, 200, { offset = offset, limit = limit, count = #list,
    data = wire.items(register.slice(list, from, limit, make)) })
end

-- Somebody gets mail or SMS about the account.
function M.notify(c, account)
  c.mails = c.mails + 1
  c.notified[account] = (c.notified[account] or 0) + 1
end

-- The person in the path, or nil and a refusal.
function M.named(c, ctx)
  local id = ctx.path_args[1]
  ctx.people[1] = id
  local record = people.find(c, id, M.account_type(ctx))
  if not record then
    return nil, M.missing(ctx)
  end
  return record
end

return M
