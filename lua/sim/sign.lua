-- Signatures as the clouds check them: from the raw target, the raw header values and the raw body
-- that arrived. Written from api/huawei.md D and api/alibaba.md B and apart from src/sign, so that
-- a mistake there cannot hide here; only the digest primitives are shared. Knows no accounts: the
-- caller says which secret belongs to a key, and whether what fails here locks anything.

local wire = use "sim.wire"

local M = {}

local find, sub, lower = string.find, string.sub, string.lower
local concat, sort = table.concat, table.sort
local enc, trim = digest.percent_encode, wire.trim

local QUARTER_HOUR_MS = 15 * 60 * 1000

-- "k=v" pieces between `separator`, blanks around them dropped.
local function fields_of(text, separator)
  local fields = {}
  for _, piece in ipairs(wire.split(text, separator)) do
    piece = trim(piece)
    local eq = find(piece, "=", 1, true)
    if eq then
      fields[sub(piece, 1, eq - 1)] = sub(piece, eq + 1)
    end
  end
  return fields
end

-- What follows "SCHEME " in the Authorization header, or nil.
function M.scheme(req, name)
  local auth = wire.header(req, "authorization") or ""
  if sub(auth, 1, #name + 1) == name .. " " then
    return sub(auth, #name + 2)
  end
  return nil
end

-- Decoded pairs, sorted by key and then value bytes, each encoded once.
local function canonical_pairs(params)
  local order = {}
  for i, pair in ipairs(params) do
    order[i] = pair
  end
  sort(order, function(a, b)
    if a[1] ~= b[1] then
      return a[1] < b[1]
    end
    return a[2] < b[2]
  end)
  local out = {}
  for i, pair in ipairs(order) do
    out[i] = enc(pair[1]) .. "=" .. enc(pair[2])
  end
  return concat(out, "&")
end

-- Each segment decoded and encoded once, and a '/' at the end (huawei.md D, canonical URI).
local function huawei_path(path)
  local segments = wire.split(path, "/")
  for i, segment in ipairs(segments) do
    segments[i] = enc(digest.percent_decode(segment, false))
  end
  local text = concat(segments, "/")
  if sub(text, -1) ~= "/" then
    text = text .. "/"
  end
  return text
end

-- The signed names in order, or nil when one of them did not arrive.
local function signed_names(req, list)
  local names = {}
  for _, name in ipairs(wire.split(list, ";")) do
    name = lower(trim(name))
    if not req.index[name] then
      return nil, name
    end
    names[#names + 1] = name
  end
  sort(names)
  return names
end

local function has(names, name)
  for _, other in ipairs(names) do
    if other == name then
      return true
    end
  end
  return false
end

-- Values trimmed and sorted; Huawei writes a line for each, Alibaba joins them.
local function sorted_values(req, name)
  local values = {}
  for i, value in ipairs(req.index[name]) do
    values[i] = trim(value)
  end
  sort(values)
  return values
end

local function huawei_headers(req, names)
  local out = {}
  for _, name in ipairs(names) do
    for _, value in ipairs(sorted_values(req, name)) do
      out[#out + 1] = name .. ":" .. value .. "\n"
    end
  end
  return concat(out)
end

local function refuse(why, message)
  return { ok = false, why = why, message = message }
end

-- SDK-HMAC-SHA256. `secret_of(ak)` gives the secret or nil. Answers { ok, ak, why, message };
-- why is "format", "unknown", "skew" or "signature".
function M.sdk_hmac(req, secret_of, now_ms)
  local fields = fields_of(M.scheme(req, "SDK-HMAC-SHA256") or "", ",")
  local ak, list, given = fields.Access, fields.SignedHeaders, fields.Signature
  if not ak or not list or not given then
    return refuse("format", "the Authorization header has no Access, SignedHeaders, Signature")
  end
  local date = wire.header(req, "x-sdk-date") or ""
  local at = wire.parse_basic(date)
  local names, missing = signed_names(req, list)
  if not at or not names or not has(names, "x-sdk-date") then
    return refuse("format", "signed header missing: " .. (missing or "x-sdk-date"))
  end
  local secret = secret_of(ak)
  if not secret then
    return refuse("unknown", "ak not exist")
  end
  if now_ms - at > QUARTER_HOUR_MS or at - now_ms > QUARTER_HOUR_MS then
    return refuse("skew", date)
  end
  local payload = wire.header(req, "x-sdk-content-sha256") or digest.sha256_hex(req.body)
  local canonical = concat({ req.method, huawei_path(req.path),
    canonical_pairs(wire.params(req.query)), huawei_headers(req, names), list, payload }, "\n")
  local text = "SDK-HMAC-SHA256\n" .. date .. "\n" .. digest.sha256_hex(canonical)
  if digest.hmac_sha256_hex(secret, text) ~= given then
    return refuse("signature", canonical)
  end
  return { ok = true, ak = ak, signed = names }
end

-- Every x-acs-* header, host and content-type that arrived must be signed (alibaba.md B.2).
local function unsigned_header(req, names)
  for _, field in ipairs(req.headers) do
    local name = lower(field[1])
    local must = sub(name, 1, 6) == "x-acs-" or name == "host" or name == "content-type"
    if must and not has(names, name) then
      return name
    end
  end
  return nil
end

local function acs_headers(req, names)
  local out = {}
  for i, name in ipairs(names) do
    out[i] = name .. ":" .. concat(sorted_values(req, name), ",") .. "\n"
  end
  return concat(out)
end

-- Key, time and nonce that an ACS3 request names, before anything is checked.
function M.acs3_claims(req)
  local fields = fields_of(M.scheme(req, "ACS3-HMAC-SHA256") or "", ",")
  return { ak = fields.Credential, list = fields.SignedHeaders, given = fields.Signature,
    time = wire.header(req, "x-acs-date"), nonce = wire.header(req, "x-acs-signature-nonce"),
    token = wire.header(req, "x-acs-security-token") }
end

-- ACS3-HMAC-SHA256: true, or false, the code's last word and what the server would have signed.
function M.acs3(req, claims, secret)
  local names, missing = signed_names(req, claims.list)
  missing = missing or unsigned_header(req, names)
  if missing then
    return false, "IncompleteSignature", "the header " .. missing .. " is not signed"
  end
  local hash = digest.sha256_hex(req.body)
  if (wire.header(req, "x-acs-content-sha256") or hash) ~= hash then
    return false, "SignatureDoesNotMatch", "the body's digest is " .. hash
  end
  local canonical = concat({ req.method, req.path, canonical_pairs(wire.params(req.query)),
    acs_headers(req, names), claims.list, hash }, "\n")
  local text = "ACS3-HMAC-SHA256\n" .. digest.sha256_hex(canonical)
  if digest.hmac_sha256_hex(secret, text) ~= claims.given then
    return false, "SignatureDoesNotMatch", text
  end
  return true
end

-- RPC V1 (HMAC-SHA1) over all parameters, wherever they stood. Answers as acs3 does.
function M.rpc_v1(method, params, given, secret)
  local rest = {}
  for _, pair in ipairs(params) do
    if pair[1] ~= "Signature" then
      rest[#rest + 1] = pair
    end
  end
  local text = method .. "&%2F&" .. enc(canonical_pairs(rest))
  if digest.hmac_sha1_base64(secret .. "&", text) ~= given then
    return false, "SignatureDoesNotMatch", text
  end
  return true
end

-- Huawei Meeting's App ID login: the claim is a hex HMAC in either case.
function M.app_id(req, key, message, app_id)
  local fields = fields_of(M.scheme(req, "HMAC-SHA256") or "", ",")
  if not fields.signature then
    return false
  end
  if fields.access and fields.access ~= digest.base64(app_id) then
    return false
  end
  return lower(fields.signature) == digest.hmac_sha256_hex(key, message)
end

-- "Basic base64(account:password)": both, or nil.
function M.basic(req)
  local text = digest.unbase64(M.scheme(req, "Basic") or "")
  local colon = text and find(text, ":", 1, true)
  if not colon then
    return nil
  end
  return sub(text, 1, colon - 1), sub(text, colon + 1)
end

-- Whether time text is within a quarter of an hour: true, "expired", or "format".
function M.fresh(text, now_ms)
  local at = wire.parse_iso(text or "")
  if not at then
    return "format"
  end
  if now_ms - at > QUARTER_HOUR_MS or at - now_ms > QUARTER_HOUR_MS then
    return "expired"
  end
  return true
end

return M
