-- The simulated clouds as one machine: a request and the time in, an answer out. Builds the
-- directory and the clouds from options, sends each request to the cloud whose route it takes,
-- lets faults strike around it, and keeps count of what was really done to whom. Does no I/O and
-- has no clock; src/script/sim.c calls it, once for each request.
--
-- Options: people (number) or rows given by add_rows with `others` invented besides, seed, faults
-- (text), contract ("all-or-nothing", "per-person", "changing": Meeting's batch calls). For a
-- rehearsal: off_every (one in so many is switched off), pace (calls take their time), tell (the
-- log says who was changed how).

local wire = use "sim.wire"
local people = use "sim.people"
local faults = use "sim.faults"
local route = use "sim.route"
local register = use "sim.register"
local report = use "sim.report"
local huawei = use "sim.huawei_reply"
local strike = use "sim.strike"
local pace = use "sim.pace"

local M = {}

local CLOUDS = {
  { "meeting", use "sim.huawei_meeting" },
  { "iam", use "sim.huawei_iam" },
  { "studio", use "sim.huawei_dataarts" },
  { "desktops", use "sim.alibaba_eds" },
}
local CONTRACTS = { ["all-or-nothing"] = true, ["per-person"] = true, changing = true }

-- Demo credentials: constants, the same in every simulator, of use nowhere else.
M.demo = {
  meeting_app_id = "demoappid00000000000000000000001",
  meeting_app_key = "demo-app-key-of-the-simulated-meeting",
  meeting_sp_app_id = "demoappid00000000000000000000002",
  meeting_sp_app_key = "demo-app-key-of-a-service-provider",
  meeting_account = "admin",
  meeting_password = "Demo-Passw0rd",
  domain = "demo-domain",
  domain_id = "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",
  iam_user = "demo-operator",
  iam_user_id = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
  iam_password = "Demo-Passw0rd",
  region = "cn-north-4",
  project_id = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
  instance_id = "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b",
  workspace_id = "2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c",
  huawei_ak = "DEMOHUAWEIAK00000001",
  huawei_sk = "demoHuaweiSecretKey00000000000000000000001",
  huawei_temp_ak = "DEMOHUAWEIAK00000002",
  huawei_temp_sk = "demoHuaweiSecretKey00000000000000000000002",
  huawei_temp_token = "demo-huawei-security-token",
  aliyun_ak = "LTAIdemo0000000000000001",
  aliyun_sk = "demoAliyunSecret00000000000001",
  aliyun_temp_ak = "STS.demo0000000000000002",
  aliyun_temp_sk = "demoAliyunSecret00000000000002",
  aliyun_temp_token = "demo-aliyun-security-token",
}

-- What this state simulates; one a state.
local world = nil
local given = {}
local exports = {}

-- ---- building ----

-- Rows for `new`, in pieces, because a border lets only so much through at once.
function M.add_rows(rows)
  for _, row in ipairs(rows) do
    given[#given + 1] = row
  end
  return true
end

-- The same of one cloud's directory: rows { id, state, fields }.
function M.add_export(cloud, rows)
  exports[cloud] = exports[cloud] or {}
  table.move(rows, 1, #rows, #exports[cloud] + 1, exports[cloud])
  return true
end

local function directory(options, seed)
  local list, wrong
  if #given == 0 and not options.others then
    list = people.invent(seed, options.people or 300)
  else
    list, wrong = people.from_rows(given, seed, options.others)
  end
  given = {}
  if list and options.off_every then
    people.switch_off(list, options.off_every)
  end
  for _, cloud in ipairs({ "meeting", "studio", "desktops" }) do
    if list and exports[cloud] then
      list, wrong = people.from_export(list, cloud, exports[cloud])
    end
  end
  exports = {}
  return list, wrong
end

local function add_cloud(w, name, module)
  w.names[#w.names + 1] = name
  w.modules[name] = module
  local c = module.new(w, M.demo)
  c.name, c.poison, c.calls, c.requests = name, {}, {}, 0
  w.clouds[name] = c
  for _, entry in ipairs(module.routes) do
    entry.cloud, entry.op, entry.run = name, entry[3], entry[4]
    route.add(w.routes, entry)
  end
end

-- The ids by which a cloud knows people, in the directory's order.
local function ids_in(w, name)
  local ids = {}
  for _, person in ipairs(w.people) do
    local id = w.modules[name].id_of(person)
    if id then
      ids[#ids + 1] = id
    end
  end
  return ids
end

local function poison_some(w, name, count)
  local ids = ids_in(w, name)
  local random = digest.random("poison/" .. w.seed .. "/" .. name)
  for _ = 1, math.min(count, #ids) do
    local i = random(#ids)
    w.clouds[name].poison[ids[i]] = true
    ids[i] = ids[#ids]
    ids[#ids] = nil
  end
end

-- Whether a cloud that is meant knows this id; poisons it there.
local function poison_one(w, name, id)
  local c = w.clouds[name]
  if not register.get(c.users, id) then
    return false
  end
  c.poison[id] = true
  return true
end

local function poison(w)
  for _, name in ipairs(w.names) do
    local value = faults.value(w.faults, name, "poison")
    if value and value.count then
      poison_some(w, name, value.count)
    end
  end
  for scope, set in pairs(w.faults.parsed) do
    for _, id in ipairs(set.poison and set.poison.ids or {}) do
      local found = false
      for _, name in ipairs(w.names) do
        found = (scope == "all" or scope == name) and poison_one(w, name, id) or found
      end
      if not found and not w.tell then
        return "fault 'poison': nobody has the id '" .. id .. "'"
      end
    end
  end
  return nil
end

local OFF = { meeting = 1, desktops = 9 }

-- People who are not as everybody is at the beginning: switched off, or administrators.
local function set_states(w)
  for _, person in ipairs(w.people) do
    for name, as in pairs(person.as or wire.EMPTY) do
      local c, id = w.clouds[name], w.modules[name].id_of(person)
      local record = id and register.get(c.users, id)
      if record and as.state == "disabled" then
        record.status = OFF[name]
      end
      if record and as.admin then
        w.modules[name].promote(record)
      end
    end
  end
end

local function build(options, again)
  local seed = options.seed or 1
  local contract = options.contract or "all-or-nothing"
  if not CONTRACTS[contract] then
    return nil, "contract: unknown '" .. tostring(contract)
      .. "'; known are all-or-nothing, per-person, changing"
  end
  local parsed, wrong = faults.parse(options.faults or "")
  if not parsed then
    return nil, wrong
  end
  local list = again and world.people
  if not list then
    list, wrong = directory(options, seed)
  end
  if not list then
    return nil, wrong
  end
  local w = { seed = tostring(seed), contract = contract, people = list, clouds = {}, modules = {},
    names = {}, routes = route.new(), faults = faults.new(parsed, seed), requests = 0, effects = 0,
    tell = options.tell, pace = options.pace and digest.random("pace/" .. seed) }
  for _, entry in ipairs(CLOUDS) do
    add_cloud(w, entry[1], entry[2])
  end
  set_states(w)
  wrong = poison(w)
  if wrong then
    return nil, wrong
  end
  world = w
  return true
end

-- Builds everything; true, or nil and a message.
function M.new(options)
  return build(options, false)
end

-- The same people on fresh clouds, with other options; the directory stays as it was built.
function M.again(options)
  return build(options, true)
end

-- ---- one request ----

local function request_id(w)
  local hex = digest.sha256_hex(w.seed .. "/request/" .. w.requests)
  local sub = string.sub
  return sub(hex, 1, 8) .. "-" .. sub(hex, 9, 12) .. "-4" .. sub(hex, 14, 16) .. "-a"
    .. sub(hex, 18, 20) .. "-" .. sub(hex, 21, 32)
end

-- All that a cloud may know of one request, and the few things it may do. `now` is the cloud's
-- own clock, which --faults skew sets wrong.
local function context(w, req, found, args)
  local name = found.cloud
  local params = wire.params(req.query)
  local ctx = { world = w, req = req, route = found, path_args = args, op = found.op,
    run = found.run, params = params, query = wire.map(params), people = {}, effects = 0,
    done = w.tell and {},
    now = req.now_ms + (faults.value(w.faults, name, "skew") or 0), request_id = request_id(w) }
  ctx.fault_value = function(fault)
    return faults.value(w.faults, name, fault)
  end
  ctx.poisoned = function(c, id)
    return c.poison[id] == true
  end
  ctx.effect = function(c, id, op)
    w.effects = w.effects + 1
    ctx.effects = ctx.effects + 1
    register.effect(c.users, id, op, w.effects)
    if ctx.done then
      table.move({ id, op }, 1, 2, #ctx.done + 1, ctx.done)
    end
  end
  return ctx
end

-- How the cloud answers when a fault struck before any effect.
local function answer_before(w, c, ctx, fault)
  local module = w.modules[c.name]
  if fault == "throttle" then
    return module.throttled(ctx, 50 + ctx.now % 100)
  elseif fault == "rate" then
    return module.throttled(ctx)
  elseif fault == "5xx" then
    return module.broken(ctx, faults.status(w.faults, c.name))
  end
  return { status = 0, headers = wire.EMPTY, body = "", fault = "drop" }
end

-- The answer, and the name of the fault that struck, if one did. Whoever may not call at all is
-- told so first: faults are for those who may.
local function serve(w, c, ctx)
  local named = ctx.req.strike
  if named == "nonce-used" and c.name ~= "desktops" then
    named = nil
  elseif named == "token-gone" then
    strike.forget_tokens(c)
  end
  local refusal = w.modules[c.name].admit(c, ctx)
  if refusal then
    return refusal, named == "token-gone" and named or nil
  end
  local before, after = faults.draw(w.faults, c.name, ctx.op, named)
  if faults.wait_of(w.faults, c.name, ctx.now) > 0 then
    before = "rate"
  end
  if before then
    return answer_before(w, c, ctx, before), before
  end
  local answer = strike.run(w, c, ctx, named == "lag" and named or after)
  if not after and ctx.effects > 0 then
    after = named
  end
  return after and strike.spoil(w, c, ctx, answer, after) or answer, after
end

local function finish(w, c, ctx, answer, fault)
  local calls = c.calls
  c.requests = c.requests + 1
  calls[ctx.op] = (calls[ctx.op] or 0) + 1
  if fault then
    faults.count(w.faults, fault)
  end
  answer.delay_ms = faults.value(w.faults, c.name, "slow") or 0
  if w.pace then
    answer.delay_ms = answer.delay_ms + pace.delay(w.pace, c.name, ctx.op)
  end
  answer.log = { cloud = c.name, op = ctx.op, status = answer.status, people = ctx.people,
    effects = ctx.effects, fault = fault or "", n = w.requests, done = ctx.done or nil }
  return answer
end

local function nobody(w, req)
  local ctx = { request_id = request_id(w) }
  local answer = huawei.not_found(ctx)
  answer.log = { cloud = "", op = req.path, status = answer.status, people = {}, effects = 0,
    fault = "", n = w.requests }
  return answer
end

-- request: method, path, query, body, now_ms, headers as { { name, value }, ... }; all raw.
-- answer: status, headers, body, delay_ms, fault ("drop", "cut", "hang" or nil), log.
function M.handle(req)
  local w = world
  if string.sub(req.path, 1, 6) == "/_sim/" then
    return report.answer(w, req)
  end
  w.requests = w.requests + 1
  req.index = wire.index_headers(req.headers)
  local found, args = route.find(w.routes, req.method, req.path)
  if not found then
    return nobody(w, req)
  end
  local c = w.clouds[found.cloud]
  local ctx = context(w, req, found, args)
  return finish(w, c, ctx, serve(w, c, ctx))
end

-- ---- what C asks besides ----

function M.state(fields)
  return report.state(world, fields)
end

-- A targets.lua for this simulator, and the secrets it names: text, secrets = {{ name, text }}.
function M.targets(url, ca)
  return report.targets(M.demo, url, ca)
end

function M.leavers(count, now_ms)
  return report.leavers(world, count, now_ms)
end

-- Whatever goes wrong ends; whom the clouds refuse they go on refusing.
function M.calm()
  world.faults.parsed = { all = {} }
  return true
end

-- How these people stand in a cloud: words in the same order.
function M.standing(cloud, ids)
  local words, c = {}, world.clouds[cloud]
  for i, id in ipairs(ids) do
    words[i] = world.modules[cloud].state_of(c, id)
  end
  return words
end

-- How many people each cloud has.
function M.sizes()
  local sizes = {}
  for _, name in ipairs({ "meeting", "studio", "desktops" }) do
    sizes[name] = world.clouds[name].users.count
  end
  return sizes
end

return M
