-- expect: done|memory|error stack overflow|error C stack overflow
-- Two hundred thousand functions, each calling the next.
local f = function()
  return 1
end
for _ = 1, 250000 do
  local g = f
  f = function()
    return 1 + g()
  end
end
f()
