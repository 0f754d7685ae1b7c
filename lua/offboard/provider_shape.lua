-- The shape of a provider file (lua/provider/NAME.lua), checked when it loads. What the fields
-- mean is told in lua/types_provider.lua.
local schema = use "offboard.schema"
local meaning = use "offboard.meaning"

local M = {}

local call = { request = "function", answer = "function" }

local function with(fields)
  for name, shape in pairs(call) do
    fields[name] = shape
  end
  return { type = "map", fields = fields, optional = true }
end

local function plain(name, shape)
  return { type = name, optional = true, of = shape }
end

local action = with {
  kind = { type = "string", one_of = { "disable", "enable", "delete", "add" } },
  contract = {
    type = "string", one_of = { "all_or_nothing", "per_person", "one_verdict", "detect" },
  },
  max = { type = "integer", min = 1, max = 10000 },
  chunk = { type = "integer", min = 1, max = 10000, optional = true },
  wants = { type = "string", one_of = { "absent", "disabled", "active" } },
  repeatable = "boolean",
  destroys = "boolean",
  undo = plain("list", "string"),
  from_snapshot = "boolean?",
  extra = "boolean?",
  holds = "function?",
  group = "function?",
  undo_says = {
    type = "map", optional = true,
    fields = {
      keeps = { type = "list", of = "string", empty = true },
      loses = {
        type = "list", empty = true,
        of = { type = "map", fields = { field = "string", why = "string" } },
      },
    },
  },
}

local place = {
  type = "map",
  fields = { field = "string?", default = "string", regions = plain("list", "string") },
}

local option = {
  type = "map",
  fields = {
    signer = "string",
    needs = { type = "list", of = "string" },
    takes = plain("list", "string"),
    when = plain("map", "any"),
    login = {
      type = "map", optional = true, fields = { field = "string", default = "string" },
    },
  },
}

local shape = {
  type = "map",
  fields = {
    name = "string",
    fields = { type = "map", of = "any" },
    endpoint = place,
    credentials = { type = "list", of = option },
    actions = { type = "map", of = action },
    lookup = with { max = { type = "integer", min = 1, max = 10000 }, ranks = "boolean?" },
    snapshot = with { max = { type = "integer", min = 1, max = 10000 } },
    list = with { page = { type = "integer", min = 1, max = 10000 }, total = "boolean" },
    reads = plain("map", with {}),
    identity = plain("list", "string"),
    errors = plain("map", { type = "string", one_of = meaning.words }),
    error_of = "function?",
    retry_after = "function?",
    is_read = "function?",
    own = "function?",
    id_shape = "function?",
  },
}

-- What own() and id_shape() say of a target.
local own_shape = {
  type = "list", empty = true,
  of = {
    type = "map",
    fields = {
      field = "string", is_id = "boolean?", is = "string?", credential = "string?",
      login = "string?",
    },
  },
}
local id_shape = {
  type = "map",
  fields = {
    what = "string", chars = "string",
    min = { type = "integer", min = 1 }, max = { type = "integer", min = 1 },
  },
}

-- What puts back needs to know when it is done, and what it puts back from: an action that
-- destroys nothing leaves no snapshot behind.
local function restore_wrong(actions, one)
  local back = false
  for _, undo in ipairs(one.undo or {}) do
    if not actions[undo] then
      return ("undo: there is no action %s"):format(undo)
    end
    back = back or actions[undo].from_snapshot
  end
  if one.from_snapshot and not (one.holds and one.group) then
    return "from_snapshot: needs the functions holds and group"
  elseif not one.from_snapshot and (one.holds or one.group) then
    return "holds, group: are for actions with from_snapshot"
  elseif one.from_snapshot and (one.destroys or one.undo) then
    return "from_snapshot: puts back, so it neither destroys nor has an undo"
  elseif back and not one.destroys then
    return "undo: without destroys there is no snapshot to put back"
  elseif (back or false) ~= (one.undo_says ~= nil) then
    return "undo_says: is for actions that are undone from a snapshot, and must be there"
  end
  return nil
end

-- What no shape of a single field can say.
local function check_sense(provider)
  for _, name in ipairs(schema.sorted_keys(provider.actions)) do
    local one = provider.actions[name]
    local wrong = restore_wrong(provider.actions, one)
    if wrong then
      return ("actions.%s.%s"):format(name, wrong)
    elseif one.chunk and one.chunk > one.max then
      return ("actions.%s.chunk: is more than max"):format(name)
    end
  end
  for i, one in ipairs(provider.credentials) do
    for _, names in ipairs { one.needs, one.takes or {} } do
      for _, name in ipairs(names) do
        if not provider.fields[name] then
          return ("credentials[%d]: there is no field %s"):format(i, name)
        end
      end
    end
  end
  if not provider.lookup and not provider.list then
    return "there is neither lookup nor list: nobody could be read back"
  end
  return nil
end

-- nil, or what is wrong with what the provider says of ids and of its own account.
function M.check_own(own, ids)
  return own and schema.check(own_shape, own, "own()")
    or ids and schema.check(id_shape, ids, "id_shape()") or nil
end

-- nil, or what is wrong with the provider.
function M.check(provider, name)
  local wrong = schema.check(shape, provider)
  if wrong then
    return wrong
  elseif provider.name ~= name then
    return ('name: must be "%s", like the file, is "%s"'):format(name, provider.name)
  end
  return check_sense(provider)
end

return M
