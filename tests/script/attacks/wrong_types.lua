-- expect: done
-- Every function with every type of argument.
local values = { nil, true, 0, -1, 1.5, 0 / 0, 1 / 0, math.mininteger, "", "x", "10", {}, json.null, tostring, n = 14 }
local tried = 0
for _, lib in ipairs { string, table, math, utf8, json, _ENV } do
  local names = lib == _ENV and { "assert", "error", "ipairs", "next", "pairs", "pcall", "select", "tonumber", "tostring", "type", "rawequal", "rawlen", "use" } or {}
  for name in pairs(lib) do
    names[#names + 1] = name
  end
  for _, name in ipairs(names) do
    local f = lib[name]
    for a = 1, type(f) == "function" and values.n or 0 do
      for b = 1, values.n do
        tried = tried + 1
        pcall(f, values[a], values[b])
        pcall(f, values[a], values[b], values[(a + b) % values.n + 1], values[b])
      end
    end
  end
end
assert(tried > 9000, tried)
