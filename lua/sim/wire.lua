-- What goes over the wire, both ways: queries and forms in, JSON and XML out, and times as the
-- clouds write them. JSON is written here and not by lua-cjson, because answers need what that
-- cannot write: empty lists, null, and integers of 64 bits. Called by every simulated cloud.

local M = {}

local find, sub, byte, format = string.find, string.sub, string.byte, string.format
local concat = table.concat

-- Marks for what a Lua table cannot say by itself; compared by identity.
M.NULL = {}
M.EMPTY = {}
local NULL, EMPTY = M.NULL, M.EMPTY

-- A list that is written as a list also when there is nothing in it.
function M.items(t)
  if t[1] == nil then
    return EMPTY
  end
  return t
end

-- ---- in ----

function M.trim(s)
  local from, to = 1, #s
  while from <= to and (byte(s, from) == 32 or byte(s, from) == 9) do
    from = from + 1
  end
  while to >= from and (byte(s, to) == 32 or byte(s, to) == 9) do
    to = to - 1
  end
  return sub(s, from, to)
end

function M.split(s, separator)
  local list, at = {}, 1
  while true do
    local stop = find(s, separator, at, true)
    if not stop then
      list[#list + 1] = sub(s, at)
      return list
    end
    list[#list + 1] = sub(s, at, stop - 1)
    at = stop + #separator
  end
end

local function decode(s)
  if find(s, "%", 1, true) or find(s, "+", 1, true) then
    return digest.percent_decode(s, true)
  end
  return s
end

-- Query or form text as a list of { key, value }, decoded, in the order they came.
function M.params(text)
  local list = {}
  if text == "" then
    return list
  end
  for _, piece in ipairs(M.split(text, "&")) do
    if piece ~= "" then
      local eq = find(piece, "=", 1, true)
      if eq then
        list[#list + 1] = { decode(sub(piece, 1, eq - 1)), decode(sub(piece, eq + 1)) }
      else
        list[#list + 1] = { decode(piece), "" }
      end
    end
  end
  return list
end

-- The last of equal keys counts, as in most gateways.
function M.map(params)
  local map = {}
  for _, pair in ipairs(params) do
    map[pair[1]] = pair[2]
  end
  return map
end

-- The values of one lower-case header name, as they came.
function M.header_values(req, name)
  return req.index[name] or EMPTY
end

function M.header(req, name)
  local values = req.index[name]
  return values and values[1]
end

function M.index_headers(headers)
  local index = {}
  for _, field in ipairs(headers) do
    local name = string.lower(field[1])
    local values = index[name]
    if values then
      values[#values + 1] = field[2]
    else
      index[name] = { field[2] }
    end
  end
  return index
end

-- A JSON body; nil when it is none.
function M.read_json(text)
  if text == "" then
    return nil
  end
  local ok, value = pcall(json.decode, text)
  if ok then
    return value
  end
  return nil
end

function M.is_list(v)
  return type(v) == "table" and (v[1] ~= nil or next(v) == nil)
end

function M.text(v)
  if type(v) == "string" then
    return v
  end
  return nil
end

function M.int(v)
  if type(v) == "number" then
    return math.tointeger(v)
  end
  return nil
end

-- A decimal number of a query; nil when it is none.
function M.decimal(s)
  if type(s) == "string" and #s >= 1 and #s <= 15 and not find(s, "[^0-9]") then
    return math.tointeger(tonumber(s))
  end
  return nil
end

-- A list of strings of `min` to `max` items, or nil.
function M.strings(v, min, max)
  if not M.is_list(v) or #v < min or #v > max then
    return nil
  end
  for _, item in ipairs(v) do
    if type(item) ~= "string" or item == "" then
      return nil
    end
  end
  return v
end

-- ---- out ----

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }
for i = 0, 31 do
  local c = string.char(i)
  escapes[c] = escapes[c] or format("\\u%04x", i)
end

local function quote(s)
  if find(s, '[%c"\\]') then
    s = string.gsub(s, '[%c"\\]', escapes)
  end
  return '"' .. s .. '"'
end

local put

local function put_list(out, v)
  out[#out + 1] = "["
  for i = 1, #v do
    if i > 1 then
      out[#out + 1] = ","
    end
    put(out, v[i])
  end
  out[#out + 1] = "]"
end

-- A map of many like it: its names in order, written once and not for each. A map that has a
-- shape (under the key `true`, which no API has) shows the names of its shape, and only those.
function M.shape(names)
  local heads = {}
  for i, name in ipairs(names) do
    heads[i] = '"' .. name .. '":'
  end
  return { names = names, heads = heads }
end

local function put_shaped(out, v, shape)
  local mark, heads = "{", shape.heads
  for i, name in ipairs(shape.names) do
    local item = v[name]
    if type(item) == "string" and not find(item, '[%c"\\]') then
      out[#out + 1] = mark .. heads[i] .. '"' .. item .. '"'
      mark = ","
    elseif item ~= nil then
      out[#out + 1] = mark .. heads[i]
      put(out, item)
      mark = ","
    end
  end
  out[#out + 1] = mark == "{" and "{}" or "}"
end

local function put_map(out, v)
  if v[true] then
    return put_shaped(out, v, v[true])
  end
  local mark = "{"
  for key, item in pairs(v) do
    out[#out + 1] = mark .. quote(key) .. ":"
    put(out, item)
    mark = ","
  end
  out[#out + 1] = mark == "{" and "{}" or "}"
end

put = function(out, v)
  local kind = type(v)
  if kind == "string" then
    out[#out + 1] = quote(v)
  elseif kind == "number" then
    out[#out + 1] = math.type(v) == "integer" and tostring(v) or format("%.14g", v)
  elseif kind == "boolean" then
    out[#out + 1] = v and "true" or "false"
  elseif v == NULL then
    out[#out + 1] = "null"
  elseif v == EMPTY then
    out[#out + 1] = "[]"
  elseif v[1] ~= nil then
    put_list(out, v)
  else
    put_map(out, v)
  end
end

function M.json(v)
  local out = {}
  put(out, v)
  return concat(out)
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function xml_text(v)
  if type(v) == "string" then
    return (string.gsub(v, '[&<>"]', entities))
  end
  return tostring(v)
end

function M.names(v)
  local names = {}
  for name in pairs(v) do
    names[#names + 1] = name
  end
  return names
end

-- A list is the element repeated, and nothing when it is empty (alibaba.md A.5).
local function put_xml(out, name, v)
  if v == nil or v == NULL or v == EMPTY then
    return
  end
  if type(v) ~= "table" then
    out[#out + 1] = "<" .. name .. ">" .. xml_text(v) .. "</" .. name .. ">"
  elseif v[1] ~= nil then
    for _, item in ipairs(v) do
      put_xml(out, name, item)
    end
  else
    out[#out + 1] = "<" .. name .. ">"
    for _, key in ipairs(v[true] and v[true].names or M.names(v)) do
      put_xml(out, key, v[key])
    end
    out[#out + 1] = "</" .. name .. ">"
  end
end

function M.xml(root, v)
  local out = { "<?xml version='1.0' encoding='UTF-8'?>" }
  put_xml(out, root, v)
  return concat(out)
end

-- ---- time ----

-- Year, month, day, hour, minute, second of milliseconds since 1970 (days to civil date, after
-- Howard Hinnant: years begin in March, so that the leap day comes last).
function M.civil(ms)
  local seconds = ms // 1000
  local days, rest = seconds // 86400 + 719468, seconds % 86400
  local era = days // 146097
  local doe = days - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local day, month = doy - (153 * mp + 2) // 5 + 1, mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return year, month, day, rest // 3600, rest // 60 % 60, rest % 60
end

function M.iso(ms)
  return format("%04d-%02d-%02dT%02d:%02d:%02dZ", M.civil(ms))
end

function M.iso_micros(ms)
  return format("%s.%03d000Z", sub(M.iso(ms), 1, 19), ms % 1000)
end

function M.date(ms)
  return sub(M.iso(ms), 1, 10)
end

local function days_of(year, month, day)
  if month <= 2 then
    year = year - 1
  end
  local era = year // 400
  local yoe = year - era * 400
  local mp = month > 2 and month - 3 or month + 9
  local doy = (153 * mp + 2) // 5 + day - 1
  return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
end

local function moment(y, mo, d, h, mi, s)
  y, mo, d = tonumber(y), tonumber(mo), tonumber(d)
  h, mi, s = tonumber(h), tonumber(mi), tonumber(s)
  if mo < 1 or mo > 12 or d < 1 or d > 31 or h > 23 or mi > 59 or s > 60 then
    return nil
  end
  return (days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s) * 1000
end

-- "2026-11-22T04:03:00Z" to milliseconds, or nil.
function M.parse_iso(s)
  if #s ~= 20 then
    return nil
  end
  local y, mo, d, h, mi, sec =
    string.match(s, "^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d)Z$")
  return y and moment(y, mo, d, h, mi, sec)
end

-- "20261122T040300Z" to milliseconds, or nil.
function M.parse_basic(s)
  if #s ~= 16 then
    return nil
  end
  local y, mo, d, h, mi, sec = string.match(s, "^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$")
  return y and moment(y, mo, d, h, mi, sec)
end

return M
