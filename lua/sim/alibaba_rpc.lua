-- The gateway in front of the simulated Alibaba Cloud EDS: which operation is meant, whether the
-- caller may (ACS3 or RPC V1, api/alibaba.md B), parameters in query or form, JSON or XML out, and
-- errors in the gateway's words. Knows no operation itself; alibaba_eds.lua has those.

local wire = use "sim.wire"
local sign = use "sim.sign"

local M = {}

local sub = string.sub
local VERSION = "2021-03-08"
-- Nonces are remembered for a quarter of an hour, in two halves that take turns.
local NONCE_MS = 15 * 60 * 1000
local NONCE_MAX = 1000000

-- ---- answers ----

local function answer(ctx, status, root, value)
  local headers = { { "x-acs-request-id", ctx.request_id } }
  if ctx.xml then
    headers[2] = { "Content-Type", "text/xml;charset=utf-8" }
    return { status = status, headers = headers, body = wire.xml(root, value) }
  end
  headers[2] = { "Content-Type", "application/json;charset=utf-8" }
  return { status = status, headers = headers, body = wire.json(value) }
end

function M.ok(ctx, value)
  value.RequestId = ctx.request_id
  return answer(ctx, 200, ctx.op .. "Response", value)
end

function M.error(ctx, status, code, message)
  return answer(ctx, status, "Error", { RequestId = ctx.request_id, HostId = ctx.host,
    Code = code, Message = message, Recommend =
      "https://error-center.aliyun.com/status/search?Keyword=" .. code .. "&source=PopGw" })
end

function M.missing(ctx, name)
  return M.error(ctx, 400, "Missing" .. name, name .. " is mandatory for this action.")
end

function M.invalid(ctx, name)
  return M.error(ctx, 400, "InvalidParameter", "The specified parameter " .. name
    .. " is not valid.")
end

-- 400, never 429; the header says in milliseconds when to come again, if the cloud cares to say.
function M.throttled(ctx, after_ms)
  local out = M.error(ctx, 400, "Throttling.User",
    "Request was denied due to user flow control.")
  if after_ms then
    out.headers[#out.headers + 1] = { "x-acs-retry-after", tostring(after_ms) }
  end
  return out
end

function M.broken(ctx, status)
  if status == 500 then
    return M.error(ctx, 500, "InternalError",
      "The request processing has failed due to some unknown error.")
  end
  return M.error(ctx, 503, "ServiceUnavailable",
    "The request has failed due to a temporary failure of the server.")
end

-- ---- parameters ----

-- Query and form are one: the gateway takes a parameter from either place.
local function read_params(ctx)
  local params = ctx.params
  local kind = wire.header(ctx.req, "content-type") or ""
  if ctx.req.body ~= "" and sub(kind, 1, 33) == "application/x-www-form-urlencoded" then
    params = {}
    for i, pair in ipairs(ctx.params) do
      params[i] = pair
    end
    for _, pair in ipairs(wire.params(ctx.req.body)) do
      params[#params + 1] = pair
    end
  end
  ctx.all = params
  ctx.args = wire.map(params)
end

-- The numbered parameters of a list in order: { number, rest of the name, value }.
local function numbered(ctx, name)
  local found, prefix = {}, name .. "."
  for _, pair in ipairs(ctx.all) do
    if sub(pair[1], 1, #prefix) == prefix and pair[2] ~= "" then
      local rest = sub(pair[1], #prefix + 1)
      local dot = string.find(rest, ".", 1, true)
      local number = wire.decimal(dot and sub(rest, 1, dot - 1) or rest)
      if number then
        found[#found + 1] = { number, dot and sub(rest, dot + 1) or "", pair[2] }
      end
    end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  return found
end

-- Users.1, Users.2, ... as a list; gaps (null items of an SDK) are passed over. nil and the name
-- when there are more than `most`.
function M.list(ctx, name, most)
  local items = {}
  for _, entry in ipairs(numbered(ctx, name)) do
    if entry[2] == "" then
      items[#items + 1] = entry[3]
    end
  end
  if #items > most then
    return nil, name
  end
  return items
end

-- Users.1.EndUserId, Users.1.Email, ... as a list of maps; deeper names stay as they are.
function M.records(ctx, name)
  local items, last = {}, nil
  for _, entry in ipairs(numbered(ctx, name)) do
    if entry[1] ~= last then
      items[#items + 1] = {}
      last = entry[1]
    end
    items[#items][entry[2]] = entry[3]
  end
  return items
end

-- Users.N of a batch call, each once, or nil and a refusal.
function M.users(ctx, name, most)
  local ids, wrong = M.list(ctx, name, most)
  if wrong then
    return nil, M.invalid(ctx, wrong)
  end
  if #ids == 0 then
    return nil, M.missing(ctx, name)
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

-- ---- who is calling ----

local function new_nonces()
  return { young = {}, old = {}, count = 0, turned = 0 }
end

-- Whether the nonce was seen before; remembers it.
local function used(c, ctx, ak, nonce)
  local n = c.nonces
  if n.count >= NONCE_MAX or ctx.now - n.turned > NONCE_MS then
    n.young, n.old, n.count, n.turned = {}, n.young, 0, ctx.now
  end
  local key = ak .. "/" .. nonce
  if n.young[key] or n.old[key] then
    return true
  end
  n.young[key] = true
  n.count = n.count + 1
  return false
end

local TIMES = {
  format = { "InvalidTimeStamp.Format",
    "Specified time stamp or date value is not well formatted." },
  expired = { "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired." },
}

-- Key, security token and time of what the request claims: the key's entry, or nil and a refusal.
local function check_claims(c, ctx, claims)
  local key = c.keys[claims.ak]
  if not key then
    return nil, M.error(ctx, 404, "InvalidAccessKeyId.NotFound",
      "Specified access key is not found.")
  end
  if key.token and not claims.token then
    return nil, M.missing(ctx, "SecurityToken")
  end
  if claims.token and claims.token ~= key.token then
    return nil, M.error(ctx, 400, "InvalidSecurityToken.MismatchWithAccessKey",
      "Specified SecurityToken mismatch with the AccessKey.")
  end
  local fresh = sign.fresh(claims.time, ctx.now)
  if fresh ~= true then
    return nil, M.error(ctx, 400, TIMES[fresh][1], TIMES[fresh][2])
  end
  return key
end

local function mismatch(ctx, code, text)
  if code == "IncompleteSignature" then
    return M.error(ctx, 400, code, "The request signature does not conform to Aliyun standards: "
      .. text)
  end
  return M.error(ctx, 400, code, "Specified signature is not matched with our calculation. "
    .. "server string to sign is:" .. text)
end

local function finish(c, ctx, claims, good, code, text)
  if not good then
    return mismatch(ctx, code, text)
  end
  if used(c, ctx, claims.ak, claims.nonce) then
    return M.error(ctx, 400, "SignatureNonceUsed", "Specified signature nonce was used already.")
  end
  return nil
end

local function by_acs3(c, ctx)
  local claims = sign.acs3_claims(ctx.req)
  if not claims.ak or not claims.list or not claims.given then
    return mismatch(ctx, "IncompleteSignature", "Credential, SignedHeaders, Signature")
  elseif not claims.nonce then
    return M.missing(ctx, "SignatureNonce")
  end
  local key, refusal = check_claims(c, ctx, claims)
  if not key then
    return refusal
  end
  return finish(c, ctx, claims, sign.acs3(ctx.req, claims, key.secret))
end

local COMMON = { "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion",
  "SignatureNonce", "Timestamp" }

local function by_rpc_v1(c, ctx)
  for _, name in ipairs(COMMON) do
    if (ctx.args[name] or "") == "" then
      return M.missing(ctx, name)
    end
  end
  if ctx.args.SignatureMethod ~= "HMAC-SHA1" or ctx.args.SignatureVersion ~= "1.0" then
    return M.invalid(ctx, "SignatureMethod")
  end
  local claims = { ak = ctx.args.AccessKeyId, time = ctx.args.Timestamp,
    nonce = ctx.args.SignatureNonce, token = ctx.args.SecurityToken }
  local key, refusal = check_claims(c, ctx, claims)
  if not key then
    return refusal
  end
  return finish(c, ctx, claims, sign.rpc_v1(ctx.req.method, ctx.all, ctx.args.Signature,
    key.secret))
end

-- XML unless JSON is asked for; with ACS3 JSON unless XML is.
local function wants_xml(ctx, acs3)
  local format = string.upper(ctx.args.Format or "")
  if format ~= "" then
    return format == "XML"
  end
  local accept = wire.header(ctx.req, "accept") or ""
  return not acs3 or string.find(accept, "xml", 1, true) ~= nil
end

-- Sets ctx.op, ctx.args and the form of answers; a refusal, or nil when the caller may.
-- `operations` maps action names to functions.
function M.admit(c, ctx, operations)
  read_params(ctx)
  local acs3 = sign.scheme(ctx.req, "ACS3-HMAC-SHA256") ~= nil
  ctx.xml = wants_xml(ctx, acs3)
  ctx.host = wire.header(ctx.req, "host") or ""
  local action = acs3 and wire.header(ctx.req, "x-acs-action") or ctx.args.Action
  local version = acs3 and wire.header(ctx.req, "x-acs-version") or ctx.args.Version
  if not action or action == "" then
    return M.missing(ctx, "Action")
  end
  ctx.op = action
  local refusal
  if acs3 then
    refusal = by_acs3(c, ctx)
  else
    refusal = by_rpc_v1(c, ctx)
  end
  if refusal then
    return refusal
  end
  if not operations[action] or version ~= VERSION then
    return M.error(ctx, 404, "InvalidApi.NotFound",
      "Specified api is not found, please check your url and method.")
  end
  return nil
end

function M.new_gateway(demo)
  return { nonces = new_nonces(),
    keys = { [demo.aliyun_ak] = { secret = demo.aliyun_sk },
      [demo.aliyun_temp_ak] = { secret = demo.aliyun_temp_sk, token = demo.aliyun_temp_token } } }
end

return M
