-- What goes wrong on purpose: reads the text of --faults, and decides for each request, from the
-- seed, so that the same requests in the same order meet the same faults. Shares are drawn per
-- cloud, operation and fault, so that adding one fault does not move the others. What a fault looks
-- like in a cloud's own words is the cloud's matter.

local wire = use "sim.wire"

local M = {}

local find, sub, format = string.find, string.sub, string.format

-- How each value is read, in the order in which they are listed and decided.
local KNOWN = {
  { "poison", "people" }, { "throttle", "share" }, { "rate", "rate" }, { "5xx", "share" },
  { "5xx-after", "share" }, { "drop-before", "share" }, { "drop-after", "share" },
  { "cut", "share" }, { "html", "share" }, { "lost", "share" }, { "slow", "duration" },
  { "token-dies", "count" }, { "skew", "duration" }, { "partial", "share" },
  { "nonce-used", "share" }, { "lag", "duration" },
}
local CLOUDS = { meeting = true, studio = true, desktops = true, iam = true }

local UNITS = { ms = 1, s = 1000, m = 60000, h = 3600000, d = 86400000 }
local PER = { s = 1000, m = 60000, h = 3600000 }

local read = {}

function read.share(text)
  local value = tonumber(text)
  if value and value >= 0 and value <= 1 then
    return value
  end
  return nil, "a share from 0 to 1, as in 0.05"
end

function read.count(text)
  local value = wire.decimal(text)
  if value and value > 0 then
    return value
  end
  return nil, "a whole number above 0"
end

function read.duration(text)
  local sign = 1
  if sub(text, 1, 1) == "-" then
    sign, text = -1, sub(text, 2)
  end
  local stop = find(text, "[^0-9]") or #text + 1
  local value, unit = wire.decimal(sub(text, 1, stop - 1)), UNITS[sub(text, stop)]
  if value and unit then
    return sign * value * unit
  end
  return nil, "a time, as in 50ms, 20m or -20m"
end

function read.rate(text)
  local slash = find(text, "/", 1, true) or 0
  local value, per = wire.decimal(sub(text, 1, slash - 1)), PER[sub(text, slash + 1)]
  if slash > 0 and value and value > 0 and per then
    return { calls = value, per_ms = per }
  end
  return nil, "calls in a time, as in 10/s or 300/m"
end

-- A number of people of each cloud, or their ids joined by '+'.
function read.people(text)
  local count = wire.decimal(text)
  if count then
    return { count = count }
  end
  if text == "" then
    return nil, "a number of people, or their ids as in a+b"
  end
  return { ids = wire.split(text, "+") }
end

local function known(name)
  for _, entry in ipairs(KNOWN) do
    if entry[1] == name then
      return entry[2]
    end
  end
  return nil
end

function M.names()
  local names = {}
  for i, entry in ipairs(KNOWN) do
    names[i] = entry[1]
  end
  return table.concat(names, ", ")
end

-- "meeting:throttle" is a fault of that cloud only.
local function parse_one(out, piece)
  local eq = find(piece, "=", 1, true)
  local name = eq and sub(piece, 1, eq - 1) or piece
  local colon = find(name, ":", 1, true)
  local cloud = colon and sub(name, 1, colon - 1) or "all"
  name = colon and sub(name, colon + 1) or name
  local kind = known(name)
  if not kind then
    return format("unknown fault '%s'; known are: %s", name, M.names())
  end
  if cloud ~= "all" and not CLOUDS[cloud] then
    return format("fault '%s': unknown cloud '%s'; known are meeting, studio, desktops, iam",
      name, cloud)
  end
  local value, want = read[kind](eq and sub(piece, eq + 1) or "")
  if not value then
    return format("fault '%s' wants %s", name, want)
  end
  out[cloud] = out[cloud] or {}
  out[cloud][name] = value
  return nil
end

-- The faults in the text by cloud, "all" among them; nil and a message when it is not understood.
function M.parse(text)
  local out = { all = {} }
  for _, piece in ipairs(wire.split(text, ",")) do
    piece = wire.trim(piece)
    local wrong = piece ~= "" and parse_one(out, piece)
    if wrong then
      return nil, wrong
    end
  end
  return out
end

function M.new(parsed, seed)
  return { parsed = parsed, seed = seed, random = {}, windows = {}, counts = {} }
end

-- The value of one fault in a cloud, or nil.
function M.value(f, cloud, name)
  local own = f.parsed[cloud]
  if own and own[name] ~= nil then
    return own[name]
  end
  return f.parsed.all[name]
end

local function generator(f, key)
  local random = f.random[key]
  if not random then
    random = digest.random("fault/" .. f.seed .. "/" .. key)
    f.random[key] = random
  end
  return random
end

-- Whether a share strikes this time.
local function strikes(f, cloud, op, name)
  local share = M.value(f, cloud, name)
  return share and generator(f, cloud .. "/" .. op .. "/" .. name)() < share
end

-- Milliseconds until the limit lets a call pass, 0 when it passes now: as many calls in any window
-- of that time as were allowed, kept as a ring of the times of those that passed.
function M.wait_of(f, cloud, now_ms)
  local rate = M.value(f, cloud, "rate")
  if not rate then
    return 0
  end
  local window = f.windows[cloud]
  if not window then
    window = { at = 0 }
    f.windows[cloud] = window
  end
  local oldest = window[window.at + 1]
  if oldest and now_ms - oldest < rate.per_ms then
    return rate.per_ms - (now_ms - oldest)
  end
  window[window.at + 1] = now_ms
  window.at = (window.at + 1) % rate.calls
  return 0
end

local BEFORE = { "throttle", "5xx", "drop-before" }
local AFTER = { "5xx-after", "drop-after", "cut", "html", "lost", "partial", "nonce-used" }
-- What may be named for one request, besides those.
local NAMED = { "lag", "token-gone" }

local function among(name, names)
  for _, other in ipairs(names) do
    if other == name then
      return true
    end
  end
  return false
end

-- Faults that can be named for one very request.
function M.can_strike(name)
  return among(name, BEFORE) or among(name, AFTER) or among(name, NAMED)
end

local function first(f, cloud, op, names)
  local struck = nil
  for _, name in ipairs(names) do
    if strikes(f, cloud, op, name) and not struck then
      struck = name
    end
  end
  return struck
end

-- What strikes this request: the name of a fault before its effect and of one after it, each or
-- nil; the first of each list wins, and all are drawn, so that they stay independent. `named` is
-- the fault that was ordered for this very request.
function M.draw(f, cloud, op, named)
  local before, after = first(f, cloud, op, BEFORE), first(f, cloud, op, AFTER)
  if named and among(named, BEFORE) then
    before = named
  elseif named and among(named, AFTER) then
    after = named
  end
  return before, after
end

local STATUSES = { 500, 502, 503 }

function M.status(f, cloud)
  return STATUSES[generator(f, cloud .. "/status")(#STATUSES)]
end

function M.count(f, name)
  f.counts[name] = (f.counts[name] or 0) + 1
end

return M
