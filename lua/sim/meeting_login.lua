-- How one gets into the simulated Huawei Cloud Meeting: App ID login, account login, and the life
-- of tokens (api/huawei.md A.1). Quirks kept on purpose: logging in as somebody who does not exist
-- creates that person, and the 65th token of a person silently ends the first.

local wire = use "sim.wire"
local sign = use "sim.sign"
local reply = use "sim.huawei_reply"
local people = use "sim.meeting_people"
local register = use "sim.register"

local M = {}

local HALF_DAY_S = 12 * 3600
local MONTH_S = 30 * 24 * 3600
local TOKENS_OF_ONE = 64

local function denied(ctx, code, message)
  return reply.error(ctx, 401, code, message)
end

local function invalid(ctx, message)
  return reply.error(ctx, 400, "USG.000000001", message)
end

-- ---- tokens ----

local function fresh_text(c, ctx)
  c.token_count = c.token_count + 1
  return "cnr1" .. digest.sha256_hex(ctx.world.seed .. "/token/" .. c.token_count)
end

-- Keeps at most 64 tokens of one person; the oldest dies first.
local function keep(c, token)
  local own = token.user.tokens or { first = 1, last = 0 }
  token.user.tokens = own
  own.last = own.last + 1
  own[own.last] = token.text
  if own.last - own.first >= TOKENS_OF_ONE then
    c.tokens[own[own.first]] = nil
    own[own.first] = nil
    own.first = own.first + 1
  end
  c.tokens[token.text] = token
end

-- 12 to 24 hours, different each time, so that nobody builds on a constant.
local function issue(c, ctx, user)
  local valid = HALF_DAY_S + c.random(HALF_DAY_S)
  local token = { text = fresh_text(c, ctx), user = user, created = ctx.now, calls = 0,
    valid = valid, expires = ctx.now + valid * 1000 }
  keep(c, token)
  token.refresh = fresh_text(c, ctx)
  c.refresh[token.refresh] = { user = user, expires = ctx.now + MONTH_S * 1000 }
  return token
end

local function user_dto(user)
  return { userId = people.row(user).id, ucloginAccount = user.account, serviceAccount = "",
    numberHA1 = "", alias1 = "", companyId = "corp-demo", spId = "sp-demo",
    companyDomain = "corp.example", realm = "corp.example", userType = 2, adminType = user.admin,
    name = user.name, nameEn = user.english, isBindPhone = wire.NULL, freeUser = false,
    thirdAccount = user.third or "", status = user.status, appId = "", corpType = 0,
    cloudUserId = "", grayUser = false }
end

local function token_dto(token, ctx)
  return { accessToken = token.text, tokenIp = "127.0.0.1", validPeriod = token.valid,
    expireTime = token.expires // 1000, createTime = token.created, user = user_dto(token.user),
    clientType = 72, forceLoginInd = wire.NULL, firstLogin = false, pwdExpired = false,
    daysPwdAvailable = -1, proxyToken = wire.NULL, delayDelete = false, tokenType = 0,
    refreshToken = token.refresh, refreshValidPeriod = MONTH_S,
    refreshExpireTime = ctx.now // 1000 + MONTH_S, refreshCreateTime = token.created }
end

-- A token that is good now, or nil; `spend` counts it as a call towards --faults token-dies.
local function lookup(c, ctx, text, spend)
  local token = text and c.tokens[text]
  if not token or token.expires <= ctx.now or token.user.gone then
    return nil
  end
  local lives = ctx.fault_value("token-dies")
  if spend then
    token.calls = token.calls + 1
  end
  if lives and token.calls > lives then
    c.tokens[text] = nil
    return nil
  end
  return token
end

-- Who is calling, for all calls but logins: nil and a refusal when nobody we know.
function M.caller(c, ctx)
  local token = lookup(c, ctx, wire.header(ctx.req, "x-access-token"), true)
  if not token then
    return nil, denied(ctx, "USG.000000004", "The token is invalid or has expired")
  end
  return token.user
end

-- ---- logins ----

-- 412 and 423 are the documented answers to people who may not log in.
local function enter(c, ctx, user)
  if user.status == 1 then
    return reply.error(ctx, 412, "USG.206010001", "The account is disabled")
  end
  return reply.json(ctx, 200, token_dto(issue(c, ctx, user), ctx))
end

local function appauth_wrong(body)
  if type(body) ~= "table" or not wire.text(body.appId) or #body.appId > 64 then
    return "appId is missing"
  end
  if not wire.int(body.clientType) or not wire.int(body.expireTime) then
    return "clientType and expireTime must be numbers"
  end
  local nonce = wire.text(body.nonce) or ""
  if #nonce < 32 or #nonce > 64 then
    return "nonce must have 32 to 64 characters"
  end
  if #(wire.text(body.userId) or "") > 64 then
    return "userId is too long"
  end
  return nil
end

-- appId:userId:expireTime:nonce; a service provider's has corpId after the appId.
local function signed_text(app, body)
  local parts = { body.appId }
  if app.provider then
    parts[2] = wire.text(body.corpId) or ""
  end
  parts[#parts + 1] = wire.text(body.userId) or ""
  parts[#parts + 1] = string.format("%d", wire.int(body.expireTime))
  parts[#parts + 1] = body.nonce
  return table.concat(parts, ":")
end

-- The documented side effect: whoever is named and unknown is registered.
local function user_named(c, ctx, body)
  local id = wire.text(body.userId) or ""
  if id == "" then
    return c.default_admin
  end
  local user = people.find(c, id, 1) or people.find(c, id, 0)
  if user then
    return user
  end
  user = people.insert(c, people.from_dto({ name = wire.text(body.userName) or id,
    thirdAccount = id, phone = wire.text(body.userPhone), email = wire.text(body.userEmail),
    deptCode = wire.text(body.deptCode) }, id))
  ctx.effect(c, id, "created_by_login")
  return user
end

function M.appauth(c, ctx)
  local body = wire.read_json(ctx.req.body)
  local wrong = appauth_wrong(body)
  if wrong then
    return invalid(ctx, wrong)
  end
  local app = c.apps[body.appId]
  local corp = wire.text(body.corpId) or ""
  if not app or (corp ~= "" and not app.provider) then
    return denied(ctx, "USG.206010025", "APPID verification failed")
  end
  if not sign.app_id(ctx.req, app.key, signed_text(app, body), body.appId) then
    return denied(ctx, "USG.206010025", "APPID verification failed")
  end
  local expires = wire.int(body.expireTime)
  if expires ~= 0 and ctx.now // 1000 > expires then
    return denied(ctx, "USG.206010057", "APPID authentication expired")
  end
  return enter(c, ctx, user_named(c, ctx, body))
end

function M.account(c, ctx)
  local body = wire.read_json(ctx.req.body)
  if type(body) ~= "table" or not wire.text(body.account) or not wire.int(body.clientType) then
    return invalid(ctx, "account and clientType are mandatory")
  end
  local account, password = sign.basic(ctx.req)
  local user = account and register.get(c.users, account)
  if not user or account ~= body.account or not user.pwd or user.pwd ~= password then
    return denied(ctx, "USG.206010000", "The user name or password is incorrect")
  end
  if wire.int(body.createTokenType) == 1 then
    return reply.json(ctx, 200, { user = user_dto(user), clientType = 72 })
  end
  return enter(c, ctx, user)
end

-- ---- afterwards ----

-- Wants the refresh token in X-Access-Token, as the current page says.
function M.refresh(c, ctx)
  local entry = c.refresh[wire.header(ctx.req, "x-access-token") or ""]
  if not entry or entry.expires <= ctx.now or entry.user.gone then
    return denied(ctx, "USG.000000004", "The token is invalid or has expired")
  end
  return reply.json(ctx, 200, token_dto(issue(c, ctx, entry.user), ctx))
end

function M.validate(c, ctx)
  local body = wire.read_json(ctx.req.body)
  if type(body) ~= "table" or not wire.text(body.token)
    or type(body.needGenNewToken) ~= "boolean" then
    return invalid(ctx, "token and needGenNewToken are mandatory")
  end
  local token = lookup(c, ctx, body.token, false)
  if not token then
    return denied(ctx, "USG.000000004", "The token is invalid or has expired")
  end
  if body.needGenNewToken then
    token = issue(c, ctx, token.user)
  end
  return reply.json(ctx, 200, token_dto(token, ctx))
end

function M.logout(c, ctx)
  local text = wire.header(ctx.req, "x-access-token")
  if not lookup(c, ctx, text, false) then
    return denied(ctx, "USG.000000004", "The token is invalid or has expired")
  end
  c.tokens[text] = nil
  return reply.empty(ctx)
end

return M
