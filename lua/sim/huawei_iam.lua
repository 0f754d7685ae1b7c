-- The simulated Huawei Cloud IAM (api/huawei.md C): project tokens for a user's password, and the
-- one read of users that a restore in DataArts Studio needs. Tokens are as long as real ones are,
-- some two thousand bytes. Deliberately not here: agencies, MFA, domains other than the demo one.

local wire = use "sim.wire"
local reply = use "sim.huawei_reply"
local register = use "sim.register"

local M = { name = "iam", throttled = reply.throttled, broken = reply.broken }

local DAY_MS = 24 * 3600 * 1000
local CHUNKS = 32 -- of 64 bytes each in a token

local function unauthorized(ctx, message)
  return reply.keystone(ctx, 401, "Unauthorized", message)
end

local function bad_request(ctx)
  return reply.keystone(ctx, 400, "Bad Request", "The request body is invalid")
end

-- ---- tokens ----

local function token_text(c, ctx)
  c.issued = c.issued + 1
  local parts = { "MIIa" }
  for i = 1, CHUNKS do
    parts[#parts + 1] = digest.sha256_hex(ctx.world.seed .. "/iam/" .. c.issued .. "/" .. i)
  end
  return table.concat(parts)
end

local function child(v, ...)
  for _, key in ipairs({ ... }) do
    v = type(v) == "table" and v[key] or nil
  end
  return v
end

-- The project a scope names, false when it names none that exists, nil when it names none at all.
-- A project wins over a domain.
local function project_of(c, scope)
  local project = child(scope, "project")
  if type(project) ~= "table" then
    return nil
  end
  if project.id == c.demo.project_id or project.name == c.demo.region then
    return { id = c.demo.project_id, name = c.demo.region }
  end
  return false
end

local function token_body(c, ctx, token)
  local domain = { id = c.demo.domain_id, name = c.demo.domain }
  local body = { expires_at = wire.iso_micros(token.expires), issued_at = wire.iso_micros(ctx.now),
    methods = { "password" }, roles = { { id = "0", name = "te_admin" } },
    user = { id = c.demo.iam_user_id, name = c.demo.iam_user, domain = domain,
      password_expires_at = "" } }
  if token.project then
    body.project = { id = token.project.id, name = token.project.name, domain = domain }
  else
    body.domain = domain
  end
  if ctx.query.nocatalog ~= "true" then
    body.catalog = { { id = "dayu", name = "dayu", type = "dayu", endpoints = wire.EMPTY } }
  end
  return { token = body }
end

local function create_token(c, ctx)
  local auth = child(wire.read_json(ctx.req.body), "auth")
  local user = child(auth, "identity", "password", "user")
  if type(user) ~= "table" or not wire.text(user.name) or not wire.text(user.password)
    or not wire.text(child(user, "domain", "name")) then
    return bad_request(ctx)
  end
  local right = user.name == c.demo.iam_user and user.domain.name == c.demo.domain
    and user.password == c.demo.iam_password
  if not right then
    return unauthorized(ctx, "The username or password is wrong.")
  end
  local project = project_of(c, auth.scope)
  if project == false then
    return reply.keystone(ctx, 404, "Not Found", "Could not find project")
  end
  local token = { project = project, expires = ctx.now + DAY_MS, calls = 0 }
  local text = token_text(c, ctx)
  c.tokens[text] = token
  local answer = reply.json(ctx, 201, token_body(c, ctx, token))
  answer.headers[#answer.headers + 1] = { "X-Subject-Token", text }
  answer.headers[#answer.headers + 1] = { "X-IAM-Trace-Id", ctx.request_id }
  return answer
end

-- Whether a token is good now, for whoever asks: the token, or nil and "unknown" or "expired".
function M.check(c, ctx, text)
  local token = c.tokens[text]
  if not token then
    return nil, "unknown"
  end
  token.calls = token.calls + 1
  local lives = ctx.fault_value("token-dies")
  if token.expires <= ctx.now or (lives and token.calls > lives) then
    return nil, "expired"
  end
  return token
end

-- ---- users ----

local function user_detail(c, ctx)
  local user = c.accounts[ctx.path_args[1]]
  ctx.people[1] = ctx.path_args[1]
  if not user then
    return reply.keystone(ctx, 404, "Not Found", "Could not find user")
  end
  return reply.json(ctx, 200, { user = { id = user.iam, name = user.english, enabled = true,
    domain_id = c.demo.domain_id, is_domain_owner = false, email = user.email } })
end

function M.admit(c, ctx)
  if ctx.route.open then
    return nil
  end
  if not M.check(c, ctx, wire.header(ctx.req, "x-auth-token") or "") then
    return unauthorized(ctx, "The request you have made requires authentication.")
  end
  return nil
end

M.routes = {
  { "POST", "/v3/auth/tokens", "token", create_token, open = true },
  { "GET", "/v3.0/OS-USER/users/*", "user", user_detail },
}

function M.new(world, demo)
  local c = { demo = demo, tokens = {}, issued = 0, accounts = {}, users = register.new() }
  for _, p in ipairs(world.people) do
    if p.iam then
      c.accounts[p.iam] = p
    end
  end
  return c
end

function M.id_of()
  return nil -- IAM's users are never acted upon: nothing to poison, nothing to report
end

return M
