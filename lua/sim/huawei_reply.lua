-- Answers in the words of Huawei Cloud's gateway: error bodies, request ids, throttling. Shared by
-- its three simulated services; the codes that belong to one service stand there.

local wire = use "sim.wire"

local M = {}

local function headers(ctx, kind)
  return { { "Server", "api-gateway" }, { "X-Request-Id", ctx.request_id },
    { "Content-Type", kind or "application/json;charset=utf-8" } }
end

function M.json(ctx, status, value)
  return { status = status, headers = headers(ctx), body = wire.json(value) }
end

-- 200 without a byte: what Meeting's batch calls answer.
function M.empty(ctx)
  return { status = 200, headers = headers(ctx), body = "" }
end

function M.error(ctx, status, code, message)
  return M.json(ctx, status,
    { error_code = code, error_msg = message, request_id = ctx.request_id })
end

-- Keystone's own form, which only IAM speaks.
function M.keystone(ctx, status, title, message)
  return M.json(ctx, status, { error = { code = status, message = message, title = title } })
end

function M.not_found(ctx)
  return M.error(ctx, 404, "APIGW.0101", "The API does not exist or has not been published")
end

-- The gateway names no time to wait (huawei.md E); the message is not fixed, so it says little.
function M.throttled(ctx)
  return M.error(ctx, 429, "APIGW.0308", "The throttling threshold has been reached: "
    .. "policy user over ratelimit,limit:XX,time:1 second")
end

local BROKEN = { [500] = "APIGW.0601", [502] = "APIGW.0201", [503] = "APIGW.0613" }

function M.broken(ctx, status)
  return M.error(ctx, status, BROKEN[status], "Internal error, please try again later")
end

return M
