-- A small schema checker. A shape is data; a value either has it, or there is one message that
-- names the path and says what is wanted: `actions.remove.max: must be a whole number from 1 to
-- 1000, is "x"`. Used for provider files when they load and for the fields of a target. It
-- checks and never changes a value; defaults are filled in by M.fill.
--
-- A shape is a type name ("string", "integer", "number", "boolean", "function", "list", "map",
-- "any"), with a "?" behind it when the value may be missing, or a table:
--   { type =, optional =, default =, one_of = {...}, min =, max =, of = shape, fields = {...},
--     open = true, empty = true, says = "in words" }
-- "list" and "map" take `of`; a "map" with `fields` is a record, closed unless `open`.
local M = {}

local function full(shape)
  if type(shape) ~= "string" then
    return shape
  end
  local name = shape:match("^(%a+)%?$")
  return { type = name or shape, optional = name ~= nil }
end

-- Names in order, because the order of pairs() differs from one process to the next.
function M.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

-- Edits between two words; a neighbouring pair in the wrong order counts as one.
local function distance(a, b)
  local rows = { [0] = {} }
  for j = 0, #b do
    rows[0][j] = j
  end
  for i = 1, #a do
    local row, above = { [0] = i }, rows[i - 1]
    rows[i] = row
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same and 0 or 1))
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then
        row[j] = math.min(row[j], rows[i - 2][j - 2] + 1)
      end
    end
  end
  return rows[#a][#b]
end

-- The name that was probably meant, or nil.
function M.nearest(word, names)
  local best, best_edits = nil, math.max(1, math.min(3, #word // 3)) + 1
  if #word > 40 then
    return nil
  end
  for _, name in ipairs(names) do
    local edits = distance(word:lower(), name:lower())
    if edits < best_edits then
      best, best_edits = name, edits
    end
  end
  return best
end

function M.unknown(word, names)
  local near = M.nearest(word, names)
  if near then
    return ("is unknown; did you mean %s?"):format(near)
  end
  return "is unknown; known are " .. table.concat(names, ", ")
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

local function show(value)
  if value == nil then
    return "is missing"
  elseif type(value) == "string" then
    return ('is "%s"'):format(#value > 60 and value:sub(1, 60) .. "..." or value)
  elseif type(value) == "number" or type(value) == "boolean" then
    return "is " .. tostring(value)
  elseif type(value) == "table" then
    return M.is_list(value) and next(value) ~= nil and "is a list" or "is a table"
  end
  return "is a " .. type(value)
end

local function is_map(value)
  if type(value) ~= "table" then
    return false
  end
  for key in pairs(value) do
    if type(key) ~= "string" then
      return false
    end
  end
  return true
end

local has_type = {
  any = function() return true end,
  string = function(v, shape) return type(v) == "string" and (v ~= "" or shape.empty == true) end,
  integer = function(v) return math.type(v) == "integer" end,
  number = function(v) return type(v) == "number" end,
  boolean = function(v) return type(v) == "boolean" end,
  ["function"] = function(v) return type(v) == "function" end,
  list = M.is_list,
  map = is_map,
}

local words = {
  any = "a value",
  string = "a text that is not empty",
  integer = "a whole number",
  number = "a number",
  boolean = "true or false",
  ["function"] = "a function",
  list = "a list",
  map = "a table of named fields",
}

-- What is wanted, in words.
local function wanted(shape)
  if shape.says then
    return shape.says
  elseif shape.one_of then
    local all = {}
    for i, choice in ipairs(shape.one_of) do
      all[i] = type(choice) == "string" and ('"%s"'):format(choice) or tostring(choice)
    end
    return table.concat(all, " or ")
  elseif shape.min and shape.max then
    return ("%s from %s to %s"):format(words[shape.type], shape.min, shape.max)
  elseif shape.min then
    return ("%s of at least %s"):format(words[shape.type], shape.min)
  end
  return words[shape.type]
end

local function fits(shape, value)
  if not has_type[shape.type](value, shape) then
    return false
  elseif shape.min and value < shape.min or shape.max and value > shape.max then
    return false
  elseif not shape.one_of then
    return true
  end
  for _, choice in ipairs(shape.one_of) do
    if rawequal(choice, value) then
      return true
    end
  end
  return false
end

local function join(path, key)
  if type(key) == "number" then
    return ("%s[%d]"):format(path, key)
  end
  return path == "" and key or path .. "." .. key
end

local check

local function check_fields(shape, value, path)
  local names = M.sorted_keys(shape.fields)
  for _, key in ipairs(M.sorted_keys(value)) do
    if shape.fields[key] == nil and not shape.open then
      return ("%s: %s"):format(join(path, key), M.unknown(key, names))
    end
  end
  for _, key in ipairs(names) do
    local message = check(shape.fields[key], value[key], join(path, key))
    if message then
      return message
    end
  end
  return nil
end

-- Lists are in order already; maps are put into one, so that always the same fault is named.
local function check_items(shape, value, path)
  local keys = shape.type == "map" and M.sorted_keys(value)
  for i = 1, keys and #keys or #value do
    local key = keys and keys[i] or i
    local message = check(shape.of, value[key], join(path, key))
    if message then
      return message
    end
  end
  return nil
end

check = function(shape, value, path)
  shape = full(shape)
  if value == nil and (shape.optional or shape.default ~= nil) then
    return nil
  elseif not fits(shape, value) then
    local where = path == "" and "" or path .. ": "
    return ("%smust be %s, %s"):format(where, wanted(shape), show(value))
  elseif shape.fields then
    return check_fields(shape, value, path)
  elseif shape.of then
    return check_items(shape, value, path)
  end
  return nil
end

-- nil when `value` has the shape, else one message. `path` is what the value is called.
function M.check(shape, value, path)
  return check(shape, value, path or "")
end

-- A copy of the record with the defaults of missing fields.
function M.fill(fields, value)
  local copy = {}
  for key, field in pairs(value) do
    copy[key] = field
  end
  for key, shape in pairs(fields) do
    if copy[key] == nil then
      copy[key] = full(shape).default
    end
  end
  return copy
end

return M
