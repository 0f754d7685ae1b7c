-- expect: budget
-- Each call copies half a million arguments.
local function f(...)
  return select("#", ...)
end
local function g(...)
  while true do
    f(...)
  end
end
g(table.unpack({}, 1, 300000))
