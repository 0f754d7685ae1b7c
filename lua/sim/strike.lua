-- What faults do to a request and to its answer: part of a batch is carried out and then no more,
-- readings lag behind, a token is gone, the answer is somebody else's page. init.lua decides when;
-- this is how.

local faults = use "sim.faults"
local register = use "sim.register"
local rpc = use "sim.alibaba_rpc"

local M = {}

-- How long readings lag when a fault was named without a time.
local LAG_MS = 3000
local READS = { list = true, detail = true, directory = true, lookup = true, roles = true,
  instances = true, workspaces = true, user_workspaces = true }

local function reads(op)
  return READS[op] or string.find(op, "^Describe") or string.find(op, "^Filter")
    or string.find(op, "^List")
end

-- All tokens of a cloud are forgotten; those who sign each request do not notice.
function M.forget_tokens(c)
  if c.tokens then
    c.tokens = {}
  end
end

local STOP = { stopped = true }

-- Half of those who are named, at least one, and then the cloud has enough of us.
local function run_partly(w, c, ctx)
  local effect, done = ctx.effect, 0
  ctx.effect = function(cloud, id, op)
    effect(cloud, id, op)
    done = done + 1
    if done >= (#ctx.people + 1) // 2 then
      error(STOP)
    end
  end
  local ok, answer = pcall(ctx.run, c, ctx)
  if not ok and answer ~= STOP then
    error(answer, 0)
  elseif not ok or ctx.effects == 0 then
    return w.modules[c.name].throttled(ctx)
  end
  return answer
end

-- Runs a change of which readings know nothing yet.
local function run_unseen(c, ctx, lag_ms)
  local copies, ids, effect = register.copies(c.users), {}, ctx.effect
  ctx.effect = function(cloud, id, op)
    effect(cloud, id, op)
    ids[#ids + 1] = id
  end
  local answer = ctx.run(c, ctx)
  register.remember(c.users, copies, ids, ctx.now + lag_ms)
  return answer
end

local function run_reading(c, ctx)
  register.look_back(c.users, ctx.now)
  local ok, answer = pcall(ctx.run, c, ctx)
  register.look_up(c.users)
  if not ok then
    error(answer, 0)
  end
  return answer
end

-- The answer of the operation with the faults that are inside of it.
function M.run(w, c, ctx, fault)
  local lag_ms = fault == "lag" and LAG_MS or ctx.fault_value("lag")
  if c.users and c.users.past and reads(ctx.op) then
    return run_reading(c, ctx)
  elseif fault == "partial" then
    return run_partly(w, c, ctx)
  elseif lag_ms and c.users and not reads(ctx.op) and not ctx.route.open then
    return run_unseen(c, ctx, lag_ms)
  end
  return ctx.run(c, ctx)
end

-- Only Alibaba looks at nonces: nil, the fault does not exist elsewhere.
local function nonce_used(c, ctx)
  if c.name ~= "desktops" then
    return nil
  end
  return rpc.error(ctx, 400, "SignatureNonceUsed", "Specified signature nonce was used already.")
end

-- A page of somebody in between, who may have seen to it that the cloud was reached, or not.
local function html(status)
  return { status = status, headers = { { "Content-Type", "text/html" }, { "Server", "proxy" } },
    body = "<!DOCTYPE html><html><head><title>" .. status .. "</title></head>"
      .. "<body><h1>Please come back later</h1></body></html>" }
end

-- What becomes of an answer when a fault struck after the effect.
function M.spoil(w, c, ctx, answer, fault)
  if fault == "5xx-after" then
    return w.modules[c.name].broken(ctx, faults.status(w.faults, c.name))
  elseif fault == "html" then
    return html(ctx.now % 2 == 0 and 200 or 502)
  elseif fault == "drop-after" then
    answer.fault = "drop"
  elseif fault == "lost" then
    answer.fault = "hang"
  elseif fault == "cut" then
    answer.fault = "cut"
  elseif fault == "nonce-used" then
    return nonce_used(c, ctx) or answer
  end
  return answer
end

return M
