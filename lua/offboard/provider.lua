-- What C calls (src/script/provider.c, one state a target): loads a provider file, resolves a
-- target's fields, makes requests and reads answers. Providers say what is theirs alone; all
-- that must hold for every cloud is here: who may be in a request, what counts as an answer, and
-- that a strange one is nonsense. Faults of a provider file raise an error that names it.
local meaning = use "offboard.meaning"
local settings = use "offboard.settings"
local shape = use "offboard.provider_shape"
local schema = use "offboard.schema"
local wire = use "offboard.wire"

local M = {}

local provider, target, operations, rules

local function fault(format, ...)
  error(("lua/provider/%s.lua: "):format(provider and provider.name or "?")
    .. format:format(...), 0)
end

-- ---- loading ----

local function add(name, op, facts)
  if operations[name] then
    fault("the operation %s is there twice", name)
  end
  operations[name] = {
    name = name, request = op.request, answer = op.answer, is_action = facts.is_action,
    names_all = facts.names_all, is_list = facts.is_list, asks_one = facts.asks_one,
    has_people = facts.is_action or facts.names_all,
    from_snapshot = op.from_snapshot, holds = op.holds, group = op.group,
  }
end

local function add_all()
  operations = {}
  for name, op in pairs(provider.actions) do
    add(name, op, { is_action = true })
  end
  local lookup, snapshot = provider.lookup, provider.snapshot or provider.lookup
  if lookup then
    add("lookup", lookup, { names_all = true, asks_one = lookup.max == 1 })
  end
  if snapshot then
    add("snapshot", snapshot, { names_all = true, asks_one = snapshot.max == 1 })
  end
  if provider.list then
    add("list", provider.list, { is_list = true })
  end
  for name, op in pairs(provider.reads or {}) do
    add(name, op, {})
  end
end

local function action_facts(name, op)
  return {
    name = name, kind = op.kind, contract = op.contract, max = op.max, chunk = op.chunk or 0,
    wants = op.wants, repeatable = op.repeatable, destroys = op.destroys, undo = op.undo,
    from_snapshot = op.from_snapshot or false, extra = op.extra or false, undo_says = op.undo_says,
  }
end

-- What the engine knows of this cloud.
function M.load(name)
  local file = use("provider." .. name)
  local wrong = shape.check(file, name)
  if wrong then
    error(("lua/provider/%s.lua: %s"):format(name, wrong), 0)
  end
  provider, target = file, nil
  rules = meaning.rules(provider.errors)
  add_all()
  local actions = {}
  for i, key in ipairs(schema.sorted_keys(provider.actions)) do
    actions[i] = action_facts(key, provider.actions[key])
  end
  local list = provider.list
  return {
    name = name, actions = actions,
    lookup_max = provider.lookup and provider.lookup.max or 0,
    lookup_ranks = provider.lookup ~= nil and provider.lookup.ranks == true,
    snapshot_max = provider.snapshot and provider.snapshot.max or 0,
    list_page = list and list.page or 0,
    list_total = list ~= nil and list.total,
    reads = schema.sorted_keys(provider.reads or {}),
    identity = provider.identity or {},
  }
end

-- The target's fields: plain ones with their values, secret ones by name. { message = } when
-- they do not fit.
function M.configure(plain, secrets)
  local resolved, message = settings.resolve(provider, plain, secrets)
  if not resolved then
    return { message = message }
  end
  target = resolved.settings
  resolved.own = provider.own and provider.own(target, resolved.signer)
  resolved.id_shape = provider.id_shape and provider.id_shape(target)
  local wrong = shape.check_own(resolved.own, resolved.id_shape)
  if wrong then
    fault("%s", wrong)
  end
  return resolved
end

local function find(name)
  if not target then
    fault("no target is configured")
  end
  return operations[name] or fault("there is no operation %s", name)
end

-- ---- requests ----

local function as_text(value, where)
  if type(value) == "string" then
    return value
  elseif math.type(value) == "integer" then
    return ("%d"):format(value)
  elseif type(value) == "boolean" then
    return tostring(value)
  end
  return fault("%s: must be a text, a whole number or a boolean", where)
end

-- { new = "password" }: C puts a fresh one there that nobody gets to see. In a body only, since
-- queries and headers are what gateways log.
local function is_new_password(value)
  return type(value) == "table" and value.new == "password"
end

local function as_pairs(list, where, in_body)
  local out = {}
  for i, pair in ipairs(list or {}) do
    if type(pair) ~= "table" then
      fault("%s[%d]: must be a pair of name and value", where, i)
    end
    local name, value = as_text(pair[1], where), pair[2]
    if not (in_body and is_new_password(value)) then
      value = as_text(value, where .. "." .. name)
    end
    out[i] = { name, value }
  end
  return out
end

local request_shape = {
  type = "map",
  fields = {
    method = { type = "string", one_of = { "GET", "POST", "PUT", "DELETE", "PATCH" } },
    path = "string", action = "string?", version = "string?",
    query = "list?",
    headers = "list?",
    form = "list?",
    json = "any?",
    body = "string?",
  },
}

local function check_snapshot(op, snapshot, id)
  if type(snapshot) ~= "table" or type(snapshot.fields) ~= "table"
    or snapshot.id ~= (id or snapshot.id) then
    fault("%s: %s has no snapshot", op.name, id or "somebody")
  end
  return snapshot
end

-- A cursor is nil on the first page, also when C says null. Whoever is put back is put back from
-- the snapshot that is theirs.
local function clean_args(op, args)
  if args.cursor == json.null then
    args.cursor = nil
  end
  if op.from_snapshot then
    local people = type(args.people) == "table" and args.people or {}
    for i, id in ipairs(args.ids) do
      check_snapshot(op, people[i], id)
    end
    if #people ~= #args.ids then
      fault("%s: there are more snapshots than people", op.name)
    end
  end
  return args
end

function M.request(name, args)
  local op = find(name)
  local made = op.request(target, clean_args(op, args))
  local wrong = schema.check(request_shape, made, name)
  if wrong then
    fault("%s", wrong)
  end
  made.query = as_pairs(made.query, name .. ".query")
  made.headers = as_pairs(made.headers, name .. ".headers")
  made.form = made.form and as_pairs(made.form, name .. ".form", true)
  return made
end

-- ---- putting back ----

local function find_restore(name)
  local op = find(name)
  return op.from_snapshot and op or fault("%s puts nothing back", name)
end

-- Is the account, as a row shows it now, as the snapshot was in what the action puts back?
function M.holds(name, snapshot, row)
  local op = find_restore(name)
  check_snapshot(op, snapshot)
  if type(row.fields) ~= "table" then
    row.fields = {}
  end
  local holds = op.holds(target, snapshot, row)
  if type(holds) ~= "boolean" then
    fault("%s: holds() must answer true or false", name)
  end
  return holds
end

-- People with equal texts may share a call.
function M.group(name, snapshot)
  local op = find_restore(name)
  local text = op.group(target, check_snapshot(op, snapshot))
  if type(text) ~= "string" then
    fault("%s: group() must answer a text", name)
  end
  return text
end

-- ---- answers ----

-- Long bodies are no white space, and patterns over them would cost.
local function is_blank(body)
  return #body <= 256 and body:find("^%s*$") ~= nil
end

local function parse(response)
  local answer = {
    status = response.status, headers = response.headers, body = response.body,
    blank = is_blank(response.body),
  }
  if not answer.blank then
    local value, message = json.decode(answer.body)
    answer.json_error = message
    if not message then
      answer.json = value == nil and json.null or value
    end
  end
  return answer
end

local outcomes = { accepted = true, refused = true, absent = true, doubt = true }
local states = { active = true, disabled = true, absent = true, other = true }

local function check_person(op, person, seen)
  if type(person) ~= "table" or type(person.id) ~= "string" or person.id == "" then
    fault("%s: a person without an id", op.name)
  elseif op.is_action and not outcomes[person.outcome] then
    fault("%s: %s has no outcome", op.name, person.id)
  elseif not op.is_action and not states[person.state] then
    fault("%s: %s has no state", op.name, person.id)
  elseif person.admin ~= nil and type(person.admin) ~= "boolean" then
    fault("%s: %s: admin must be true, false or nil", op.name, person.id)
  elseif seen[person.id] then
    fault("%s: %s is named twice", op.name, person.id)
  end
  seen[person.id] = true
end

-- Whoever was asked for must be named by a lookup, and nobody else by anything but a list.
local function check_people(op, args, people)
  local seen, count = {}, 0
  for _, person in ipairs(people) do
    check_person(op, person, seen)
    count = count + 1
  end
  if op.is_list then
    return
  end
  for _, id in ipairs(args.ids or {}) do
    if seen[id] then
      count = count - 1
    elseif op.names_all then
      fault("%s: passes over %s", op.name, id)
    end
  end
  if count > 0 then
    fault("%s: names people who were not asked for", op.name)
  end
end

local function done(op, args, said)
  local people = said.people or {}
  check_people(op, args, people)
  return {
    meaning = "done", people = people, rest_in_doubt = said.rest == "doubt",
    next = said.next, total = said.total or -1, data = said.data,
  }
end

local function refusal(op, args, answer, what, code, message)
  local out = { meaning = what, code = code or "", message = message, people = {} }
  if op.is_action and (what == "person" or what == "suspect") then
    out.people = meaning.culprits(args.ids, answer, code, message)
  end
  return out
end

local function nonsense(why)
  return { meaning = "nonsense", code = "", message = why, people = {} }
end

-- An error in an HTTP 200 that names some of the chunk: those were refused, and what happened to
-- the others nobody said.
local function refused_some(op, args, answer, what, code, message)
  local out = refusal(op, args, answer, what, code, message)
  if #out.people > 0 then
    out.meaning, out.rest_in_doubt = "done", true
  end
  return out
end

local function error_answer(op, args, answer, ok, code, message)
  local what = meaning.of(rules, op, answer.status, code)
  if what == "absent" then
    return done(op, args, { people = { { id = args.ids[1], state = "absent" } } })
  elseif what == "done" then
    what = "suspect"
  end
  if ok and op.is_action then
    return refused_some(op, args, answer, what, code, message)
  end
  return refusal(op, args, answer, what, code, message)
end

local function understood(op, args, answer)
  local said, why = op.answer(target, args, answer)
  if said == nil then
    local detail = answer.json_error and (" (%s)"):format(answer.json_error) or ""
    return nonsense((why or "the answer has a strange shape") .. detail)
  elseif type(said) ~= "table" then
    fault("%s: answer() must give a table, or nil and a reason", op.name)
  elseif said.meaning then
    return refusal(op, args, answer, said.meaning, said.code, said.message or "")
  end
  return done(op, args, said)
end

local function retry_after(headers)
  local ms = provider.retry_after and provider.retry_after(headers)
  return ms and ms > 0 and ms or wire.retry_after(headers) or 0
end

function M.answer(name, args, response)
  local op, answer = find(name), parse(response)
  local ok = answer.status == 200 or answer.status == 201 or answer.status == 204
  local code, message = meaning.error_of(provider, answer, ok)
  local out
  clean_args(op, args)
  if ok and not code then
    out = understood(op, args, answer)
  elseif not ok and answer.status < 400 then
    out = nonsense(("HTTP %d is no answer"):format(answer.status))
  else
    out = error_answer(op, args, answer, ok, code, message)
  end
  out.retry_after = retry_after(answer.headers)
  return out
end

-- ---- raw requests ----

local overrides = { "x-http-method-override", "x-http-method", "x-method-override" }

-- Does a raw request only read? A provider that has its own answer is asked alone: behind an RPC
-- gateway GET deletes as well as POST does.
function M.is_read(request)
  for _, name in ipairs(overrides) do
    if request.headers[name] then
      return false
    end
  end
  if provider.is_read then
    return provider.is_read(request) == true
  end
  return request.method == "GET" or request.method == "HEAD"
end

return M
