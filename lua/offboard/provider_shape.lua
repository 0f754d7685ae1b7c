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
    lookup = with { max = { type = "integer", min = 1, max = 10000 } },
    snapshot = with { max = { type = "integer", min = 1, max = 10000 } },
    list = with { page = { type = "integer", min = 1, max = 10000 }, total = "boolean" },
    reads = plain("map", with {}),
    errors = plain("map", { type = "string", one_of = meaning.words }),
    error_of = "function?",
    retry_after = "function?",
    is_read = "function?",
  },
}

-- What no shape of a single field can say.
local function check_sense(provider)
  for _, name in ipairs(schema.sorted_keys(provider.actions)) do
    local one = provider.actions[name]
    for _, undo in ipairs(one.undo or {}) do
      if not provider.actions[undo] then
        return ("actions.%s.undo: there is no action %s"):format(name, undo)
      end
    end
    if one.chunk and one.chunk > one.max then
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
