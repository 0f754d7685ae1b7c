-- What provider files need to put an account back as its snapshot shows it: which values to send,
-- and whether a row shows them again. Pure functions over rows as the clouds gave them.
local M = {}

-- What is left out, null or an empty text is nothing in all three clouds.
function M.value(row, name)
  local value = row[name]
  if value == json.null or value == "" then
    return nil
  end
  return value
end

-- The same as text or number: some models write numbers as texts.
local function plain(row, name, default)
  local value = M.value(row, name)
  if value == nil then
    value = default
  end
  return math.type(value) == "integer" and ("%d"):format(value) or value
end

-- Do two rows agree in all of `fields`, a list of { name, what the cloud makes of nothing }?
function M.agree(fields, snapshot, row)
  for _, field in ipairs(fields) do
    if plain(snapshot, field[1], field[2]) ~= plain(row, field[1], field[2]) then
      return false
    end
  end
  return true
end

-- The texts under `key` of the maps in the list row[name], sorted, each once; `test` chooses.
function M.ids(row, name, key, test)
  local ids, seen = {}, {}
  for _, item in ipairs(type(row[name]) == "table" and row[name] or {}) do
    local id = type(item) == "table" and item[key]
    if type(id) == "string" and id ~= "" and not seen[id] and (not test or test(item)) then
      seen[id] = true
      ids[#ids + 1] = id
    end
  end
  table.sort(ids)
  return ids
end

-- Is all of one list in another?
function M.within(ids, others)
  local there = {}
  for _, id in ipairs(others) do
    there[id] = true
  end
  for _, id in ipairs(ids) do
    if not there[id] then
      return false
    end
  end
  return true
end

-- { { field, why } } for undo_says, from pairs of a why and the fields it is the reason for.
function M.loses(reasons)
  local list = {}
  for _, reason in ipairs(reasons) do
    for i = 2, #reason do
      list[#list + 1] = { field = reason[i], why = reason[1] }
    end
  end
  return list
end

return M
