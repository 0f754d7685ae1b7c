-- From the fields of a target (targets.lua) to what a provider runs with: its plain settings, the
-- signer that the credential's fields choose, and where requests and logins go. Secrets are not
-- here: their names are, with `true` for a value. Messages name fields; C puts file and line
-- before them.
local schema = use "offboard.schema"

local M = {}

local credential = { type = "any", optional = true }

-- The shape of a target's fields. "credential" is one that only signers read.
local function field_shapes(provider)
  local shapes = {}
  for name, shape in pairs(provider.fields) do
    shapes[name] = shape == "credential" and credential or shape
  end
  return shapes
end

-- Empty is what an unset variable leaves behind: not given.
local function given_of(plain, secrets)
  local given = {}
  for name, value in pairs(plain) do
    if value ~= "" then
      given[name] = value
    end
  end
  for name in pairs(secrets) do
    given[name] = true
  end
  return given
end

local function check_fields(provider, given, secrets)
  for _, name in ipairs(schema.sorted_keys(given)) do
    local is_credential = provider.fields[name] == "credential"
    if secrets[name] and provider.fields[name] and not is_credential then
      return ("%s: must be plain text, not a secret"):format(name)
    elseif is_credential and not secrets[name] and type(given[name]) ~= "string" then
      return ("%s: must be a text or a secret"):format(name)
    end
  end
  return schema.check({ type = "map", fields = field_shapes(provider) }, given)
end

-- ---- credentials ----

local function set_of(...)
  local set = {}
  for _, list in ipairs { ... } do
    for _, name in ipairs(list) do
      set[name] = true
    end
  end
  return set
end

local function and_list(names)
  if #names < 2 then
    return names[1] or ""
  end
  return table.concat(names, ", ", 1, #names - 1) .. " and " .. names[#names]
end

-- Those that the settings allow (signature = "rpc-v1").
local function candidates(provider, settings)
  local out = {}
  for _, option in ipairs(provider.credentials) do
    local fits = true
    for name, value in pairs(option.when or {}) do
      fits = fits and settings[name] == value
    end
    out[#out + 1] = fits and option or nil
  end
  return out
end

-- The field of this credential that no other one has, if it is given: it tells them apart.
local function told_by(option, options, given)
  for _, name in ipairs(option.needs) do
    local shared = false
    for _, other in ipairs(options) do
      shared = shared or other ~= option and set_of(other.needs, other.takes or {})[name]
    end
    if given[name] and not shared then
      return name
    end
  end
  return nil
end

local function ways(options)
  local all = {}
  for i, option in ipairs(options) do
    all[i] = and_list(option.needs)
  end
  return table.concat(all, "; or ")
end

local function missing_of(option, given)
  for _, name in ipairs(option.needs) do
    if not given[name] then
      return ("%s is missing: give %s"):format(name, and_list(option.needs))
    end
  end
  return nil
end

local function choose(provider, settings, given)
  local options = candidates(provider, settings)
  local chosen, by
  for _, option in ipairs(options) do
    local name = told_by(option, options, given)
    if name and chosen then
      return nil, ("both %s and %s are given: give %s"):format(by, name, ways(options))
    elseif name then
      chosen, by = option, name
    end
  end
  chosen = chosen or #options == 1 and options[1] or nil
  if not chosen then
    return nil, "no credential is given: give " .. ways(options)
  end
  return chosen, missing_of(chosen, given)
end

-- A credential's field that the chosen signer would pass over was meant for something.
local function useless_of(provider, chosen, given)
  local used = set_of(chosen.needs, chosen.takes or {})
  for _, name in ipairs(schema.sorted_keys(given)) do
    if provider.fields[name] == "credential" and not used[name] then
      return ("%s is of no use with %s"):format(name, and_list(chosen.needs))
    end
  end
  return nil
end

-- ---- endpoints ----

local function is_one_of(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

-- The url in the field, or the default with the region in it.
local function url_of(place, field, settings)
  if settings[field] then
    return settings[field]
  elseif not place.default:find("{region}", 1, true) then
    return place.default
  elseif not settings.region then
    return nil, ("give %s or region"):format(field)
  elseif not settings.region:find("^%w[%w-]*$") or #settings.region > 60 then
    return nil, "region: must be the name of a region, like cn-north-4"
  elseif place.regions and not is_one_of(place.regions, settings.region) then
    return nil, ("region: this service has only %s (give one of them, or %s)"):format(
      and_list(place.regions), field)
  end
  return (place.default:gsub("{region}", settings.region))
end

local function plain_settings(provider, given, secrets)
  local settings = {}
  for name, shape in pairs(schema.fill(provider.fields, given)) do
    if provider.fields[name] ~= "credential" and not secrets[name] then
      settings[name] = shape
    end
  end
  return settings
end

local function credential_of(chosen, given)
  local names = {}
  for _, list in ipairs { chosen.needs, chosen.takes or {} } do
    for _, name in ipairs(list) do
      names[#names + 1] = given[name] and name or nil
    end
  end
  return names
end

-- { settings, signer, endpoint, login, credential = names }, or nil and a message.
function M.resolve(provider, plain, secrets)
  local given = given_of(plain, secrets)
  local wrong = check_fields(provider, given, secrets)
  if wrong then
    return nil, wrong
  end
  local settings = plain_settings(provider, given, secrets)
  local chosen, missing = choose(provider, settings, given)
  wrong = missing or chosen and useless_of(provider, chosen, given)
  if wrong then
    return nil, wrong
  end
  local endpoint, why = url_of(provider.endpoint, "endpoint", settings)
  local login = nil
  if endpoint and chosen.login then
    login, why = url_of(chosen.login, chosen.login.field, settings)
  end
  if not endpoint or chosen.login and not login then
    return nil, why
  end
  return {
    settings = settings, signer = chosen.signer, endpoint = endpoint, login = login,
    credential = credential_of(chosen, given),
  }
end

return M
