-- expect: done
-- Every name that was left out says its name.
local names = { "setmetatable", "getmetatable", "rawset", "rawget", "collectgarbage", "xpcall", "load", "loadstring", "loadfile", "dofile", "require", "print", "warn", "coroutine", "debug", "io", "os", "package" }
for _, name in ipairs(names) do
  local ok, message = pcall(function()
    return _ENV[name]
  end)
  assert(not ok and message:find('"' .. name .. '" is not available in a policy', 1, true), name)
  assert(message:find "^policy.lua:%d+: ")
end
for _, name in ipairs { "dump", "pack", "unpack", "packsize" } do
  assert(string[name] == nil)
end
assert(math.random == nil and math.randomseed == nil)
