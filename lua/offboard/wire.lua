-- What provider files need to speak HTTP: paths, numbered parameters, and careful readers of
-- what came back. Pure functions over plain data; nothing here knows a cloud. Readers answer
-- nil for a wrong shape and never raise, because what they read was written by others.
local M = {}

-- All of ASCII that can be seen, for the shape of ids.
M.visible = (function()
  local all = {}
  for byte = 0x21, 0x7E do
    all[#all + 1] = string.char(byte)
  end
  return table.concat(all)
end)()

-- The bytes that letters beyond ASCII are made of, in UTF-8.
M.beyond = (function()
  local all = {}
  for byte = 0x80, 0xF4 do
    all[#all + 1] = string.char(byte)
  end
  return table.concat(all)
end)()

-- Percent-encoding of RFC 3986: all but the unreserved characters.
function M.encode(text)
  return (text:gsub("[^A-Za-z0-9%-_.~]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

-- The template with each {name} replaced by the encoded value: "/v2/{project_id}/users". A value
-- of dots only would climb in the path, an empty one would name the collection.
function M.path(template, values)
  return (template:gsub("{([%w_]+)}", function(name)
    local value = values[name]
    if type(value) ~= "string" or value:find("^%.?%.?$") then
      error(("the path %s needs a usable %s"):format(template, name), 0)
    end
    return M.encode(value)
  end))
end

-- { "a", "b" } as Name.1, Name.2: how RPC style writes a list.
function M.numbered(name, list)
  local out = {}
  for i, value in ipairs(list) do
    out[i] = { ("%s.%d"):format(name, i), value }
  end
  return out
end

function M.is_list(value)
  if type(value) ~= "table" then
    return false
  end
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  return count == #value
end

function M.is_map(value)
  return type(value) == "table" and type(next(value)) == "string"
end

-- Is the empty table under `key` written as [] there? Decoded, [] and {} look the same, and an
-- empty list is an answer ("nobody") where an empty map is nonsense.
local function written_as_list(body, key)
  local _, stop = body:find(('"%s"'):format(key), 1, true)
  return stop ~= nil and body:sub(stop + 1, stop + 40):find("^%s*:%s*%[") ~= nil
end

-- The list map[key] of an answer, or nil when it is none.
function M.list(answer, map, key)
  local value = type(map) == "table" and map[key] or nil
  if not M.is_list(value) then
    return nil
  elseif next(value) == nil and not written_as_list(answer.body, key) then
    return nil
  end
  return value
end

-- The same where the cloud may leave an empty list out.
function M.optional_list(map, key)
  local value = map[key]
  if value == nil or value == json.null then
    return {}
  end
  return M.is_list(value) and value or nil
end

-- A text that may be kept as an id, or nil.
function M.text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- A whole number, or nil. Some of these services' models declare numbers as texts, so one that is
-- written as a text of a few digits counts too.
function M.whole(value)
  if type(value) == "string" and #value <= 15 and value:find("^%d+$") then
    return math.tointeger(tonumber(value))
  end
  return math.type(value) == "integer" and value or nil
end

-- Is something so that a row calls true or false? Nil where the row does not say. Of what is no
-- boolean only the texts and numbers that mean no are a no: a word that nobody knows is a yes.
local no_words = { [0] = true, ["0"] = true, [""] = true, ["false"] = true, no = true, n = true }

function M.flag(value)
  if value == nil or value == json.null then
    return nil
  elseif type(value) == "boolean" then
    return value
  end
  return not no_words[type(value) == "string" and value:lower() or value]
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    if type(key) == "string" then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys)
  return keys
end

-- ---- errors ----

local code_names = { "error_code", "errorCode", "ErrorCode", "Code", "code" }
local message_names = { "error_msg", "errorMsg", "error_message", "ErrorMessage", "Message",
  "message", "msg", "reason" }

local function first_scalar(map, names)
  for _, name in ipairs(names) do
    local value = map[name]
    if type(value) == "string" and value ~= "" then
      return value, name
    elseif math.type(value) == "integer" then
      return ("%d"):format(value), name
    end
  end
  return nil
end

local no_error = { ["0"] = true, ["200"] = true, ok = true, success = true }

-- Code and message of one map, or nil. A plain `code` counts only beside a message: people and
-- departments have codes too.
function M.error_of(map)
  if type(map) ~= "table" then
    return nil
  end
  local code, name = first_scalar(map, code_names)
  local message = first_scalar(map, message_names)
  if not code or no_error[code:lower()] or name == "code" and not message then
    return nil
  end
  return code, message or ""
end

local function find_error(node, depth)
  local code, message = M.error_of(node)
  if code or depth == 0 or type(node) ~= "table" then
    return code, message
  end
  if #node > 0 then
    return find_error(node[1], depth - 1)
  end
  for _, key in ipairs(sorted_keys(node)) do
    code, message = find_error(node[key], depth - 1)
    if code then
      return code, message
    end
  end
  return nil
end

-- The error object of an answer: {error_code, error_msg}, {"errors":[{...}]}, {"error":{...}},
-- and, when `anywhere`, whatever is nested (huawei.md E).
function M.find_error(node, anywhere)
  if not M.is_map(node) then
    return nil
  elseif anywhere then
    return find_error(node, 3)
  end
  local code, message = M.error_of(node)
  if not code then
    code, message = M.error_of(node.error)
  end
  if not code and type(node.errors) == "table" then
    code, message = M.error_of(node.errors[1])
  end
  return code, message
end

local function cut(text, max)
  if #text <= max then
    return text
  end
  while max > 0 and (text:byte(max + 1) or 0) & 0xC0 == 0x80 do
    max = max - 1
  end
  return text:sub(1, max)
end

-- A message for people. Alibaba's signature errors echo all parameters behind a fixed phrase,
-- passwords and tokens among them (alibaba.md B.4): the echo goes.
function M.clean(message)
  local text = cut(message, 4000)
  local echo = text:lower():find("server string to sign is", 1, true)
  text = echo and text:sub(1, echo - 1) or text
  return (cut(text:gsub("%c", " "), 500):gsub(" +$", ""))
end

-- ---- who is named in an answer ----

local function wanted_ids(ids)
  local wanted = {}
  for _, id in ipairs(ids) do
    wanted[id] = true
  end
  return wanted
end

local function as_id(value)
  return math.type(value) == "integer" and ("%d"):format(value) or value
end

-- Lists like {"success": [...]} and {"deletedUsers": [...]} name those for whom it worked.
-- Whatever else a list is called, it names those for whom it did not. Numbers and flags of that
-- kind name nobody and still say that somebody is meant.
local function judge(seen, key, value, good)
  local name = key:lower()
  if name:find("fail", 1, true) then
    good = false
    seen.stranger = seen.stranger or value == true or type(value) == "number" and value ~= 0
  elseif name:find("succ", 1, true) or name:find("^deleted") or name:find("^removed") then
    good = true
    seen.stranger = seen.stranger or value == false
  end
  return good
end

local function note(seen, id, good, from)
  local entry = seen.by_id[id] or {}
  seen.by_id[id] = entry
  if good then
    entry.good = true
  elseif not entry.bad then
    entry.bad = true
    entry.code, entry.message = first_scalar(from, code_names), first_scalar(from, message_names)
  end
  seen.hits = seen.hits + 1
end

local walk

local function walk_list(seen, list, good)
  for _, item in ipairs(list) do
    local before = seen.hits
    walk(seen, item, good, list)
    if seen.hits == before and not good then
      seen.stranger = true
    end
  end
end

-- Visits all of `node`; `from` is the table it stands in, which may say why.
walk = function(seen, node, good, from)
  local id = as_id(node)
  if type(id) == "string" then
    if seen.wanted[id] then
      note(seen, id, good, from)
    end
  elseif type(node) == "table" and #node > 0 then
    walk_list(seen, node, good)
  elseif type(node) == "table" then
    for _, key in ipairs(sorted_keys(node)) do
      local value = node[key]
      local is_good = judge(seen, key, value, good)
      if seen.wanted[key] then
        note(seen, key, is_good, type(value) == "table" and value or {})
      end
      walk(seen, value, is_good, node)
    end
  end
end

-- Who of `ids` an answer of unknown shape names: ids as strings or keys, at any depth. Answers
-- by_id (id -> { good =, bad =, code =, message = }) and whether somebody is named whom we
-- cannot tell.
function M.named(ids, node)
  local seen = { wanted = wanted_ids(ids), by_id = {}, hits = 0, stranger = false }
  walk(seen, node, false, {})
  return seen.by_id, seen.stranger
end

-- The verdicts of M.named as people of an answer, in the order of `ids`.
function M.verdicts(ids, by_id)
  local people = {}
  for _, id in ipairs(ids) do
    local seen = by_id[id]
    if seen then
      local outcome = not seen.bad and "accepted" or seen.good and "doubt" or "refused"
      people[#people + 1] = { id = id, outcome = outcome, code = seen.code or "",
        message = M.clean(seen.message or "") }
    end
  end
  return people
end

-- An id ends where no character of an id follows; a dot that ends a sentence is none.
local function is_edge(text, at, step)
  local c = text:sub(at, at)
  if c == "." and step > 0 then
    return is_edge(text, at + 1, step)
  end
  return c == "" or not c:find("[%w_.@+-]")
end

-- Within scripts without spaces nobody can tell where a name ends.
local function ambiguous(id, text, from, to)
  local function wide(c)
    return (c or 0) >= 0x80
  end
  return wide(id:byte(1)) and wide(text:byte(from - 1))
    or wide(id:byte(-1)) and wide(text:byte(to + 1))
end

local function find_word(text, id, taken)
  local at = 1
  while true do
    local from, to = text:find(id, at, true)
    if not from then
      return nil
    end
    if not taken[from] and is_edge(text, from - 1, -1) and is_edge(text, to + 1, 1)
      and not ambiguous(id, text, from, to) then
      return from, to
    end
    at = from + 1
  end
end

-- Ids that stand in the message as whole words; of two that overlap, the longer.
function M.named_in_text(ids, text)
  local by_length, taken, named = {}, {}, {}
  for i, id in ipairs(ids) do
    by_length[i] = id
  end
  table.sort(by_length, function(a, b)
    return #a > #b or #a == #b and a < b
  end)
  for _, id in ipairs(by_length) do
    local from, to = find_word(text, id, taken)
    if from then
      named[id] = { bad = true }
      for i = from, to do
        taken[i] = true
      end
    end
  end
  return named
end

-- ---- Retry-After ----

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
  Oct = 10, Nov = 11, Dec = 12 }

-- Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT", or nil.
function M.http_date(text)
  if type(text) ~= "string" or #text > 40 then
    return nil
  end
  local d, name, y, h, min, s =
    text:match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local m = months[name]
  if not m then
    return nil
  end
  -- Days since 1970 with the year beginning in March.
  local year = tonumber(y) - (m <= 2 and 1 or 0)
  local days = 365 * year + year // 4 - year // 100 + year // 400
    + (153 * ((m + 9) % 12) + 2) // 5 + tonumber(d) - 719469
  return ((days * 24 + tonumber(h)) * 60 + tonumber(min)) * 60 + tonumber(s)
end

-- Milliseconds of a Retry-After header, or nil. A date is measured against the server's own
-- Date, so that our clock does not matter.
function M.retry_after(headers)
  local text = headers["retry-after"]
  if type(text) ~= "string" then
    return nil
  elseif #text <= 7 and text:find("^%d+$") then
    return tonumber(text) * 1000
  end
  local at, now = M.http_date(text), M.http_date(headers.date)
  return at and now and at > now and (at - now) * 1000 or nil
end

return M
