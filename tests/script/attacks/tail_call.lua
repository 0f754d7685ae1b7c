-- expect: budget
-- Tail calls never overflow.
local function f()
  return f()
end
f()
