-- What the simulator tells about itself: the state of its clouds as JSON, a targets.lua that points
-- at it, and a leavers.csv with some of its people. Reads the world, never changes it.

local wire = use "sim.wire"
local faults = use "sim.faults"
local register = use "sim.register"

local M = {}

-- From this size on the state names only people to whom something happened.
local PEOPLE_MAX = 20000

-- ---- state ----

-- One person: where they stand, what was really done to them, in order, and how often the cloud
-- would have written to them; with `fields` also the whole row that the cloud's API shows.
local function person_state(w, c, id, fields)
  local entry = c.users.book[id]
  local order = {}
  for i, effect in ipairs(entry and entry.order or {}) do
    order[i] = { n = effect.n, op = effect.op }
  end
  local effects = entry and entry.effects or {}
  return { state = w.modules[c.name].state_of(c, id), poisoned = c.poison[id] == true,
    effects = effects, order = wire.items(order), notified = (c.notified or {})[id] or 0,
    fields = fields and w.modules[c.name].fields_of(c, id) or nil,
    deleted_times = (effects.delete or 0) + (effects.remove or 0) }
end

local function ids_of(c)
  local ids = {}
  if c.users.count <= PEOPLE_MAX then
    for _, record in ipairs(register.all(c.users)) do
      ids[#ids + 1] = record.id
    end
  end
  for _, id in ipairs(c.users.touched) do
    ids[#ids + 1] = id
  end
  return ids
end

local function counts(w, c, people, state)
  for id, person in pairs(people) do
    if person.poisoned then
      state.poisoned[#state.poisoned + 1] = id
    end
    if person.deleted_times > 1 then
      state.deleted_twice[#state.deleted_twice + 1] = id
    end
  end
  for _, record in ipairs(register.all(c.users)) do
    local word = w.modules[c.name].state_of(c, record.id)
    state[word] = (state[word] or 0) + 1
  end
end

local function cloud_state(w, c, fields)
  local people = {}
  for _, id in ipairs(ids_of(c)) do
    people[id] = people[id] or person_state(w, c, id, fields)
  end
  local state = { count = c.users.count, active = 0, disabled = 0, poisoned = {},
    deleted_twice = {}, people = people, calls = c.calls, requests = c.requests }
  counts(w, c, people, state)
  state.poisoned = wire.items(state.poisoned)
  state.deleted_twice = wire.items(state.deleted_twice)
  local extra = w.modules[c.name].extra_state
  for key, value in pairs(extra and extra(c) or {}) do
    state[key] = value
  end
  return state
end

-- The whole state as one JSON text, on request with everybody's fields.
function M.state(w, fields)
  local clouds = {}
  for _, name in ipairs({ "meeting", "studio", "desktops" }) do
    clouds[name] = cloud_state(w, w.clouds[name], fields)
  end
  clouds.iam = { requests = w.clouds.iam.requests, calls = w.clouds.iam.calls }
  return wire.json({ seed = w.seed, contract = w.contract, requests = w.requests,
    effects = w.effects, faults = w.faults.counts, fault_names = faults.names(), clouds = clouds })
end

-- GET /_sim/state, with ?fields=1 more of it: for whoever watches, without credentials; it is
-- loopback and invented.
function M.answer(w, req)
  local headers = { { "Content-Type", "application/json;charset=utf-8" } }
  if req.path == "/_sim/state" and req.method == "GET" then
    local query = wire.map(wire.params(req.query))
    return { status = 200, headers = headers, body = M.state(w, query.fields == "1") }
  end
  return { status = 404, headers = headers, body = '{"error":"only GET /_sim/state"}' }
end

-- ---- targets.lua ----

local TARGETS = [[
-- Written by `offboard sim`: its three clouds as targets. The credentials are demo ones, the same
-- in every simulator and of use nowhere else.
target "meeting" {
  provider = "huawei-meeting",
  endpoint = "%s",%s
  app_id = "%s",
  app_key = secret.file "%s",
}

target "studio" {
  provider = "huawei-dataarts",
  endpoint = "%s",%s
  project_id = "%s",
  workspace_id = "%s",
  access_key = "%s",
  secret_key = secret.file "%s",
}

target "desktops" {
  provider = "alibaba-eds",
  endpoint = "%s",%s
  access_key_id = "%s",
  access_key_secret = secret.file "%s",
}
]]

local NAMES = { meeting = "sim-meeting.secret", studio = "sim-studio.secret",
  desktops = "sim-desktops.secret" }

function M.targets(demo, url, ca)
  local ca_line = ""
  if ca and ca ~= "" then
    ca_line = string.format("\n  ca_file = %q,", ca)
  end
  return {
    text = string.format(TARGETS, url, ca_line, demo.meeting_app_id, NAMES.meeting, url, ca_line,
      demo.project_id, demo.workspace_id, demo.huawei_ak, NAMES.studio, url, ca_line,
      demo.aliyun_ak, NAMES.desktops),
    secrets = { { NAMES.meeting, demo.meeting_app_key }, { NAMES.studio, demo.huawei_sk },
      { NAMES.desktops, demo.aliyun_sk } },
  }
end

-- ---- leavers.csv ----

local DAY_MS = 24 * 3600 * 1000

local function is_poisoned(w, p)
  for _, name in ipairs({ "meeting", "studio", "desktops" }) do
    local id = w.modules[name].id_of(p)
    if id and w.clouds[name].poison[id] then
      return true
    end
  end
  return false
end

-- The poisoned first, then others by chance, until there are enough; in the directory's order.
local function choose(w, count)
  local rest, chosen = {}, {}
  for _, p in ipairs(w.people) do
    if is_poisoned(w, p) and #chosen < count then
      chosen[#chosen + 1] = p
    else
      rest[#rest + 1] = p
    end
  end
  local random = digest.random("leavers/" .. w.seed)
  while #chosen < count and #rest > 0 do
    local i = random(#rest)
    chosen[#chosen + 1] = rest[i]
    rest[i] = rest[#rest]
    rest[#rest] = nil
  end
  table.sort(chosen, function(a, b) return a.n < b.n end)
  return chosen
end

local function cell(text)
  text = text or ""
  if string.find(text, '[",\r\n]') then
    return '"' .. string.gsub(text, '"', '""') .. '"'
  end
  return text
end

function M.leavers(w, count, now_ms)
  local lines = { "employee,name,meeting_account,iam_user_id,desktop_user,last_day" }
  for _, p in ipairs(choose(w, count)) do
    lines[#lines + 1] = table.concat({ cell(p.employee), cell(p.name), cell(p.meeting),
      cell(p.iam), cell(p.desktop), wire.date(now_ms - (1 + p.n % 20) * DAY_MS) }, ",")
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
